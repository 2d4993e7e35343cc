/** Difference quotients of a function of one number, and how far rounding can put them off. */

/** The quotients with steps of length h from 0. */
export interface Quotient {
  readonly h: number;
  /** (f(0) − f(−h)) / h */
  readonly left: number;
  /** (f(h) − f(0)) / h */
  readonly right: number;
  /** (f(h) − f(−h)) / 2h */
  readonly central: number;
  /**
   * How far the rounding of f alone can put the central quotient off: u·max(|f(h)|, |f(−h)|)/h,
   * with u = 8·2⁻⁵². Of f = 10¹¹ only the digits above 10⁻⁴ are known, of its quotient with
   * h = 10⁻⁵ those above 10.
   */
  readonly rounding: number;
}

/** A value of f is taken to be right to eight units in its last place. */
const uncertainty = 8 * 2 ** -52;

export const quotients = (f: (at: number) => number, steps: readonly number[]): Quotient[] => {
  const middle = f(0);
  return steps.map((h) => {
    const [above, below] = [f(h), f(-h)];
    return {
      h,
      left: (middle - below) / h,
      right: (above - middle) / h,
      central: (above - below) / (2 * h),
      rounding: (uncertainty * Math.max(Math.abs(above), Math.abs(below))) / h,
    };
  });
};

/**
 * The central quotient to believe. As h falls, its truncation error falls as h², which the jump
 * from one step to the next shows, and its rounding error grows as 1/h: where both together are
 * least. (The jump alone does not do: where rounding rules, neighbours are often equal by chance.)
 */
export function plateau(all: readonly Quotient[]): Quotient {
  let best = all[all.length - 1]!;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 1; i < all.length; i++) {
    const error = Math.abs(all[i]!.central - all[i - 1]!.central) + all[i]!.rounding;
    if (error < least) [best, least] = [all[i]!, error];
  }
  return best;
}
