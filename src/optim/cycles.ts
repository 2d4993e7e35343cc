/** Schedules that go up as well as down. */

import { fail } from "../core/errors.ts";
import { aFlag, checkKind, isNumber } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import type { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { add, div, maximum, minimum, mul, sub } from "../ops/arithmetic.ts";
import { floor, greaterEqual, less, lessEqual, round, where } from "../ops/compare.ts";
import { scalar } from "../ops/leaf.ts";
import { pow } from "../ops/power.ts";
import { cos, log } from "../ops/transcendental.ts";
import { checkMinimum, positive, type Schedule, toSchedule } from "./schedules.ts";

/**
 * The cosine wave of `cosineDecay`, again and again: η·(m + (1 − m)(1 + cos(πt/T))/2), t steps after
 * a restart, in periods of T = steps, steps·growth, steps·growth² … (SGDR; Loshchilov, Hutter 2017).
 * `growth`, a whole number, defaults to 1, `minimum` m to 0.
 */
export function cosineRestarts(
  initial: number,
  options: { readonly steps: number; readonly growth?: number; readonly minimum?: number },
): Schedule {
  checkNames("cosineRestarts", options, ["steps", "growth", "minimum"]);
  const { steps, growth = 1, minimum: m = 0 } = options;
  positive("a number of steps", steps);
  checkMinimum(m);
  if (!Number.isSafeInteger(growth) || growth < 1) {
    fail("bad-argument", {
      message: "cosineRestarts cannot use this growth.",
      expected: "a whole number ≥ 1",
      found: shown(growth),
    });
  }
  /** The share of its period that has passed at a step. */
  const passed = (step: Tensor): Tensor => {
    if (growth === 1) return sub(div(step, steps), floor(div(step, steps)));
    // Powers of whole numbers are whole, whatever their last digits say.
    const power = (n: Tensor) => round(pow(growth, n));
    const start = (n: Tensor) => mul(sub(power(n), 1), steps / (growth - 1));
    const raw = div(log(add(div(mul(step, growth - 1), steps), 1)), log(scalar(growth, "f64")));
    const near = maximum(floor(raw), 0);
    // The logarithm may be off at a restart, by one period.
    const up = where(greaterEqual(step, start(add(near, 1))), add(near, 1), near);
    const period = where(less(step, start(up)), sub(up, 1), up);
    return div(sub(step, start(period)), mul(power(period), steps));
  };
  const factor = (step: Tensor) =>
    add(mul(add(cos(mul(passed(step), Math.PI)), 1), (1 - m) / 2), m);
  return { name: "cosineRestarts", initial, factor };
}

/** What `cyclic` takes. */
interface CyclicOptions {
  /** The value at the top of a cycle, above or below the first. */
  readonly peak: number;
  /** Steps from the first value to the peak. */
  readonly rise: number;
  /** Steps back. Default: as many. */
  readonly fall?: number;
  /**
   * "triangular": every cycle reaches the peak. "triangular2": each is half as high as the one
   * before. "exponential": the height is multiplied by `rate` at every step. Default "triangular".
   */
  readonly shape?: "triangular" | "triangular2" | "exponential";
  /** γ of "exponential". Default 1. */
  readonly rate?: number;
}

/**
 * Up and down in straight lines between η and `peak`: η + (peak − η)·h·s, where h goes from 0 to 1 in
 * `rise` steps and back in `fall`, and s is 1, ½^cycle or γᵏ by `shape` (Smith 2017). With a peak
 * below it is the momentum that belongs to such rates: `cyclic(0.9, { peak: 0.8, rise: 2000 })`.
 *
 * @throws ChainruleError "bad-argument" for a shape that there is not, and a `rate` with another shape
 *   than "exponential".
 */
export function cyclic(initial: number, options: CyclicOptions): Schedule {
  checkNames("cyclic", options, ["peak", "rise", "fall", "shape", "rate"]);
  const { peak, rise, fall = rise, shape = "triangular", rate = 1 } = options;
  positive("a first rate", initial);
  positive("a peak", peak);
  positive("a number of steps to rise", rise);
  positive("a number of steps to fall", fall);
  positive("a rate", rate);
  if (!["triangular", "triangular2", "exponential"].includes(shape)) {
    fail("bad-argument", {
      message: "cyclic does not know this shape.",
      expected: '"triangular", "triangular2" or "exponential"',
      found: shown(shape),
    });
  }
  if (rate !== 1 && shape !== "exponential") {
    fail("bad-argument", {
      message: "A rate of cyclic belongs to one shape alone.",
      expected: 'shape: "exponential"',
      found: `rate ${shown(rate)}, shape ${shown(shape)}`,
    });
  }
  const whole = rise + fall;
  const turn = rise / whole;
  const factor = (step: Tensor) => {
    const cycles = div(step, whole);
    const cycle = floor(cycles);
    const x = sub(cycles, cycle);
    const height = where(lessEqual(x, turn), div(x, turn), div(sub(x, 1), turn - 1));
    const scaled =
      shape === "triangular"
        ? height
        : mul(height, shape === "triangular2" ? pow(0.5, cycle) : pow(rate, step));
    return add(mul(scaled, (peak - initial) / initial), 1);
  };
  return { name: "cyclic", initial, factor };
}

/** What `oneCycle` and `oneCycleMomentum` take. */
interface OneCycleOptions {
  /** Steps in all; after them the last value stays. */
  readonly steps: number;
  /** The share of the steps in which the rate rises. Default 0.3. */
  readonly riseShare?: number;
  /** Half cosine waves, or straight lines. Default "cosine". */
  readonly shape?: "cosine" | "linear";
  /** The way down is as long as the way up, and a third phase ends it. Default false. */
  readonly threePhases?: boolean;
}
/** What `oneCycle` takes besides. */
interface OneCycleRates extends OneCycleOptions {
  /** The first rate is peak/divisor. Default 25. */
  readonly divisor?: number;
  /** The last is peak/(divisor·finalDivisor). Default 1e4. */
  readonly finalDivisor?: number;
}
/** What `oneCycleMomentum` takes besides. */
interface OneCycleMomenta extends OneCycleOptions {
  /** The momentum at both ends. Default 0.95. */
  readonly high?: number;
  /** The momentum where the rate is highest. Default 0.85. */
  readonly low?: number;
}
const shared = ["steps", "riseShare", "shape", "threePhases"];

/** From value to value: `values` has the phases' ends. */
function phases(
  name: string,
  { steps, riseShare = 0.3, shape = "cosine", threePhases = false }: OneCycleOptions,
  values: readonly [number, number, number, number],
): (step: Tensor) => Tensor {
  positive("a number of steps", steps);
  checkKind(`threePhases of ${name}`, threePhases, aFlag);
  const most = threePhases ? 0.5 : 1;
  if (!isNumber(riseShare, (n) => n > 0 && n < most && n * steps > 1)) {
    fail("bad-argument", {
      message: `${name} needs room for each of its phases.`,
      expected: `riseShare between 0 and ${most}, and more than 1 step of rise`,
      found: `riseShare ${shown(riseShare)} of ${shown(steps)} steps`,
    });
  }
  if (shape !== "cosine" && shape !== "linear") {
    fail("bad-argument", {
      message: `${name} does not know this shape.`,
      expected: '"cosine" or "linear"',
      found: shown(shape),
    });
  }
  const up = riseShare * steps;
  const ends = threePhases ? [up - 1, 2 * up - 2, steps - 1] : [up - 1, steps - 1];
  const [first, peak, foot, last] = values;
  const way = threePhases ? [first, peak, foot, last] : [first, peak, last];
  return (step) =>
    ends.reduceRight<Tensor | undefined>((later, end, i) => {
      const [from = 0, to = 0, begin = 0] = [way[i], way[i + 1], i === 0 ? 0 : ends[i - 1]];
      const share = minimum(div(sub(step, begin), end - begin), 1);
      const moved =
        shape === "linear"
          ? add(mul(share, to - from), from)
          : add(mul(add(cos(mul(share, Math.PI)), 1), (from - to) / 2), to);
      return later === undefined ? moved : where(lessEqual(step, end), moved, later);
    }, undefined) ?? step;
}

/**
 * From peak/divisor up to `peak` and down to peak/(divisor·finalDivisor) in `steps` (Smith 2018), with
 * the bends of PyTorch's OneCycleLR. `oneCycleMomentum` is the momentum that belongs to it.
 */
export function oneCycle(peak: number, options: OneCycleRates): Schedule {
  checkNames("oneCycle", options, [...shared, "divisor", "finalDivisor"]);
  const { divisor = 25, finalDivisor = 1e4 } = options;
  positive("a divisor", divisor);
  positive("a final divisor", finalDivisor);
  const { initial } = toSchedule(peak);
  const low = 1 / divisor;
  const factor = phases("oneCycle", options, [low, 1, low, low / finalDivisor]);
  return { name: "oneCycle", initial, factor };
}

/**
 * A momentum that falls from `high` to `low` while `oneCycle` with the same `steps` rises, and comes
 * back: `sgd({ learningRate: oneCycle(0.1, { steps: 900 }), momentum: oneCycleMomentum({ steps: 900 }) })`.
 */
export function oneCycleMomentum(options: OneCycleMomenta): Schedule {
  checkNames("oneCycleMomentum", options, [...shared, "high", "low"]);
  const { high = 0.95, low = 0.85 } = options;
  positive("a high momentum", high);
  positive("a low momentum", low);
  const factor = phases("oneCycleMomentum", options, [1, low / high, 1, 1]);
  return { name: "oneCycleMomentum", initial: high, factor };
}
