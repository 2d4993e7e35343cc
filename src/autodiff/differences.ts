/** Difference quotients of a function of one number, and how far rounding can put them off. */
import { at } from "../core/at.ts";

/** The quotients with steps of length h from 0. */
export interface Quotient {
  readonly h: number;
  /** f(0) */
  readonly middle: number;
  /** (f(0) − f(−h)) / h */
  readonly left: number;
  /** (f(h) − f(0)) / h */
  readonly right: number;
  /** (f(h) − f(−h)) / 2h */
  readonly central: number;
  /**
   * How far the rounding of f alone can put the central quotient off: u/h, with
   * u = 8·2⁻⁵²·max(|f(h)|, |f(−h)|), or what f's own rounding is known to be if that is more. Of
   * f = 10¹¹ only the digits above 10⁻⁴ are known, of its quotient with h = 10⁻⁵ those above 10.
   */
  readonly rounding: number;
}

/** A value of f is taken to be right to eight units in its last place. */
const uncertainty = 8 * 2 ** -52;

/** `own` is how far rounding on the way to f(0) can put it off. */
export const quotients = (
  f: (at: number) => number,
  steps: readonly number[],
  own = 0,
): Quotient[] => {
  const middle = f(0);
  return steps.map((h) => {
    const [above, below] = [f(h), f(-h)];
    return {
      h,
      middle,
      left: (middle - below) / h,
      right: (above - middle) / h,
      central: (above - below) / (2 * h),
      rounding: Math.max(uncertainty * Math.max(Math.abs(above), Math.abs(below)), own) / h,
    };
  });
};

/** A difference quotient with what it can be off. */
export interface Plateau extends Quotient {
  /** Its change from the step before, which bounds what its length does, and its rounding. */
  readonly off: number;
}

/**
 * The central quotient to believe. As h falls, its truncation error falls as h², which the jump
 * from one step to the next shows, and its rounding error grows as 1/h: where both together are
 * least. (The jump alone does not do: where rounding rules, neighbours are often equal by chance.)
 */
export function plateau(tried: readonly Quotient[]): Plateau {
  // Beyond the edge of a domain there is nothing to believe.
  const all = tried.filter((q) => Number.isFinite(q.central));
  const last = all.at(-1) ?? at(tried, tried.length - 1);
  let best: Plateau = { ...last, off: all.length === 0 ? Number.NaN : last.rounding };
  let least = Number.POSITIVE_INFINITY;
  // Where a function levels off, long steps give little and are off by little: beside what they
  // give, it is much. Only where none is known to half of itself, the size of `off` alone decides.
  const plateaus = all.map((q, i) => {
    const before = all[i - 1];
    const change = before ? Math.abs(q.central - before.central) : Number.POSITIVE_INFINITY;
    return { ...q, off: change + q.rounding };
  });
  const known = plateaus.some(({ off, central }) => off < 0.5 * Math.abs(central));
  for (const one of plateaus) {
    const by = known ? one.off / Math.abs(one.central) : one.off;
    if (by < least) [best, least] = [one, by];
  }
  return best;
}

/** More steps, for functions that change on another scale or much less than they are large. */
interface Wider {
  readonly coarser: readonly number[];
  readonly finer: readonly number[];
}
export const wider: Wider = { coarser: [1e-1, 1e-2], finer: [1e-7, 1e-8, 1e-9, 1e-10] };

/**
 * The quotients, with more steps where these do not tell the derivative well enough: longer ones
 * where rounding rules, shorter ones where the length does. (Of a function that is fast beside its
 * steps, long ones tell nothing, and are often equal by chance.)
 */
export function withMore(
  all: readonly Quotient[],
  more: (steps: readonly number[]) => readonly Quotient[],
  enough: number,
  { coarser, finer }: Wider = wider,
): readonly Quotient[] {
  const { off, rounding, central } = plateau(all);
  if (off <= enough * Math.abs(central)) return all;
  return rounding > 0.5 * off ? [...more(coarser), ...all] : [...all, ...more(finer)];
}

/** Every step leads out of where f is finite: to the edge of its domain it is less than any. */
const isLost = (n: Plateau): boolean => Number.isNaN(n.off) && Number.isFinite(n.middle);

/** What a difference says of a derivative. */
export type Verdict = "agrees" | "disagrees" | "coarse";

/**
 * |a − n| ≤ tolerance + what the difference n can be off. Where that is more than half of a (of a
 * derivative of 0: where rounding is more than half of n), it would agree with much else: too
 * coarse to tell. So it is where there is no difference, though there is a derivative.
 */
export function compared(a: number, n: Plateau, tolerance: number): Verdict {
  if (isLost(n) && Number.isFinite(a)) return "coarse";
  if (!(Math.abs(a - n.central) <= tolerance + n.off)) return "disagrees";
  if (n.central === a || n.off <= tolerance) return "agrees";
  const coarse = a === 0 ? n.rounding > 0.5 * Math.abs(n.central) : n.off > 0.5 * Math.abs(a);
  return coarse ? "coarse" : "agrees";
}
