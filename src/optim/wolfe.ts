/** A step length that satisfies the strong Wolfe conditions (Nocedal and Wright 2006, chapter 3). */

/** The loss along a direction: at t, with its gradient and slope. */
export interface Trial {
  readonly t: number;
  readonly f: number;
  readonly g: Float64Array;
  readonly slope: number;
}

/** f ≤ f₀ + c₁·t·slope₀ and |slope| ≤ c₂·|slope₀|. */
const [c1, c2] = [1e-4, 0.9];

/** Where the cubic through two points with their slopes has its minimum, within bounds. */
function cubic(a: Trial, b: Trial, bounds?: readonly [number, number]): number {
  const [left, right] = a.t <= b.t ? [a, b] : [b, a];
  const [least, most] = bounds ?? [left.t, right.t];
  const d1 = a.slope + b.slope - (3 * (a.f - b.f)) / (a.t - b.t);
  const square = d1 * d1 - a.slope * b.slope;
  if (!(square >= 0)) return (least + most) / 2;
  const d2 = Math.sqrt(square);
  const share = (right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2);
  return Math.min(Math.max(right.t - (right.t - left.t) * share, least), most);
}

/** A bracket is found by going on, then made smaller, in at most so many evaluations. */
export function wolfePoint(
  along: (t: number) => Trial,
  origin: Trial,
  first: number,
  { tolerance, most }: { readonly tolerance: number; readonly most: number },
): { readonly point: Trial; readonly count: number } {
  const tooHigh = ({ t, f }: Trial) => f > origin.f + c1 * t * origin.slope;
  const flat = ({ slope }: Trial) => Math.abs(slope) <= -c2 * origin.slope;
  let [before, now] = [origin, along(first)];
  let turns = 0;
  let bracket: [Trial, Trial] | undefined;
  while (turns < most && bracket === undefined) {
    const high = tooHigh(now) || (turns > 1 && now.f >= before.f);
    if (!high && flat(now)) return { point: now, count: turns + 1 };
    if (high || now.slope >= 0) bracket = [before, now];
    else {
      const next = cubic(before, now, [now.t + 0.01 * (now.t - before.t), now.t * 10]);
      [before, now] = [now, along(next)];
      turns++;
    }
  }
  let [low, high] = lowFirst(...(bracket ?? [origin, now]));
  let slow = false;
  while (turns < most && Math.abs(high.t - low.t) >= tolerance) {
    const [left, right] = [Math.min(low.t, high.t), Math.max(low.t, high.t)];
    let t = cubic(low, high);
    const margin = 0.1 * (right - left);
    const near = Math.min(right - t, t - left) < margin;
    // Twice close to a bound, or on it: a tenth away from it.
    const pushed: boolean = near && (slow || t >= right || t <= left);
    if (pushed) t = Math.abs(t - right) < Math.abs(t - left) ? right - margin : left + margin;
    slow = near && !pushed;
    const tried = along(t);
    turns++;
    if (tooHigh(tried) || tried.f >= low.f) high = tried;
    else {
      if (flat(tried)) return { point: tried, count: turns + 1 };
      if (tried.slope * (high.t - low.t) >= 0) high = low;
      low = tried;
    }
  }
  return { point: low, count: turns + 1 };
}

const lowFirst = (a: Trial, b: Trial): [Trial, Trial] => (a.f <= b.f ? [a, b] : [b, a]);
