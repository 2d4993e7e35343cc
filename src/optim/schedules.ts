/** Learning rates that change with the step: a start value times a factor computed in the graph. */

import { fail } from "../core/errors.ts";
import { aFlag, checkKind, isFunction, isNumber, isRecord, isText } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import type { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { add, div, minimum, mul, sub } from "../ops/arithmetic.ts";
import { cast } from "../ops/cast.ts";
import { floor, greaterEqual, less, where } from "../ops/compare.ts";
import { onesLike, scalar } from "../ops/leaf.ts";
import { pow } from "../ops/power.ts";
import { cos } from "../ops/transcendental.ts";

/**
 * η_k = initial · factor(k): a learning rate that changes with the step k = 0, 1 … One of your own is
 * such a record: `{ name: "mine", initial: 0.1, factor: (k) => k.add(1).rsqrt() }`.
 */
export interface Schedule {
  readonly name: string;
  /** The rate that the factor multiplies. */
  readonly initial: number;
  /** The factor at a step, which counts from 0 (an f64 scalar). */
  readonly factor: (step: Tensor) => Tensor;
}

export const positive = (what: string, value: number): number =>
  isNumber(value, (n) => n > 0 && Number.isFinite(n))
    ? value
    : fail("bad-argument", {
        message: `A schedule needs ${what}.`,
        expected: "a finite number above 0",
        found: shown(value),
      });

const finite = (n: number): boolean => Number.isFinite(n) && n >= 0;

/** A share of the rate, which may be above 1. */
const checkShare = (what: string, value: number): void => {
  if (isNumber(value, finite)) return;
  fail("bad-argument", {
    message: `A schedule cannot use ${what}.`,
    expected: "a finite number ≥ 0",
    found: shown(value),
  });
};

/** The minimum of a schedule, as the share of the rate that is left. */
export function checkMinimum(minimum: number): void {
  if (isNumber(minimum, (n) => n >= 0 && n <= 1)) return;
  fail("bad-argument", {
    message: "A schedule's minimum is the share of the learning rate that is left at its end.",
    expected: "a number from 0 to 1",
    found: shown(minimum),
  });
}

/** η_k = η·rate^(k/steps), k counted from 0; `steps` defaults to 1. */
export function exponentialDecay(
  initial: number,
  options: { readonly rate: number; readonly steps?: number },
): Schedule {
  checkNames("exponentialDecay", options, ["rate", "steps"]);
  const { rate, steps = 1 } = options;
  positive("a rate", rate);
  positive("a number of steps", steps);
  const factor = (step: Tensor) => pow(rate, div(step, steps));
  return { name: "exponentialDecay", initial, factor };
}

/** η_k = η·rate^⌊k/steps⌋, k counted from 0; `rate` defaults to 0.1. */
export function stepDecay(
  initial: number,
  options: { readonly rate?: number; readonly steps: number },
): Schedule {
  checkNames("stepDecay", options, ["rate", "steps"]);
  const { rate = 0.1, steps } = options;
  positive("a rate", rate);
  positive("a number of steps", steps);
  return { name: "stepDecay", initial, factor: (step) => pow(rate, floor(div(step, steps))) };
}

/** η_k = η·rate^(number of `steps` ≤ k): a drop at each of them; `rate` defaults to 0.1. */
export function multiStepDecay(
  initial: number,
  options: { readonly steps: readonly number[]; readonly rate?: number },
): Schedule {
  checkNames("multiStepDecay", options, ["steps", "rate"]);
  const { rate = 0.1, steps } = options;
  positive("a rate", rate);
  checkRising("multiStepDecay", "steps", steps);
  const factor = (step: Tensor) => {
    const reached = steps.map((at) => cast(greaterEqual(step, at), "f64"));
    const [first, ...others] = reached;
    if (first === undefined) return onesLike(step);
    return pow(
      rate,
      others.reduce((a, b) => add(a, b), first),
    );
  };
  return { name: "multiStepDecay", initial, factor };
}

/** Refuses steps that are no finite numbers ≥ 0, or do not rise. */
export function checkRising(what: string, name: string, steps: unknown): void {
  const rising = (all: readonly unknown[]): boolean =>
    all.every((s, i) => isNumber(s, (n) => finite(n) && (i === 0 || n > (all[i - 1] as number))));
  if (Array.isArray(steps) && rising(Array.from(steps))) return;
  fail("bad-argument", {
    message: `${what} cannot use these ${name}.`,
    expected: "numbers ≥ 0 in one array, each larger than the one before",
    found: shown(steps),
  });
}

/**
 * η_k = η·(from + (to − from)·min(k/steps, 1)): evenly from one share of η to another. `from`
 * defaults to 1/3, `to` to 1.
 */
export function linearRamp(
  initial: number,
  options: { readonly steps: number; readonly from?: number; readonly to?: number },
): Schedule {
  checkNames("linearRamp", options, ["steps", "from", "to"]);
  const { steps, from = 1 / 3, to = 1 } = options;
  positive("a number of steps", steps);
  checkShare("the share that it begins from", from);
  checkShare("the share that it goes to", to);
  const factor = (step: Tensor) => add(mul(minimum(div(step, steps), 1), to - from), from);
  return { name: "linearRamp", initial, factor };
}

/** η_k = η·share before `steps`, and η from there on; `share` defaults to 1/3. */
export function constantStart(
  initial: number,
  options: { readonly steps: number; readonly share?: number },
): Schedule {
  checkNames("constantStart", options, ["steps", "share"]);
  const { steps, share = 1 / 3 } = options;
  positive("a number of steps", steps);
  checkShare("this share", share);
  const [held, whole] = [share, 1].map((n) => scalar(n, "f64")) as [Tensor, Tensor];
  return {
    name: "constantStart",
    initial,
    factor: (step) => where(less(step, steps), held, whole),
  };
}

/**
 * η_k = η·(m + (1 − m)(1 − min(k/steps, 1))^power); `power` defaults to 1 (a straight line), m is
 * `minimum`, default 0.
 */
export function polynomialDecay(
  initial: number,
  options: { readonly steps: number; readonly power?: number; readonly minimum?: number },
): Schedule {
  checkNames("polynomialDecay", options, ["steps", "power", "minimum"]);
  const { steps, power = 1, minimum: m = 0 } = options;
  positive("a number of steps", steps);
  positive("a power", power);
  checkMinimum(m);
  const factor = (step: Tensor) => {
    const left = sub(1, minimum(div(step, steps), 1));
    return add(mul(power === 1 ? left : pow(left, power), 1 - m), m);
  };
  return { name: "polynomialDecay", initial, factor };
}

/**
 * η_k = η·(m + (1 − m)(1 + cos(πk/steps))/2), and η·m after `steps`; m is `minimum`, default 0
 * (Loshchilov, Hutter 2017). With `periodic` it rises again after `steps`, and so on, as PyTorch's
 * CosineAnnealingLR does.
 */
export function cosineDecay(
  initial: number,
  options: { readonly steps: number; readonly minimum?: number; readonly periodic?: boolean },
): Schedule {
  checkNames("cosineDecay", options, ["steps", "minimum", "periodic"]);
  const { steps, minimum: m = 0, periodic = false } = options;
  checkKind("periodic of cosineDecay", periodic, aFlag);
  positive("a number of steps", steps);
  checkMinimum(m);
  const factor = (step: Tensor) => {
    const share = div(step, steps);
    const wave = cos(mul(periodic ? share : minimum(share, 1), Math.PI));
    return add(mul(add(wave, 1), (1 - m) / 2), m);
  };
  return { name: "cosineDecay", initial, factor };
}

/** Whether a value can be used as a schedule; its first rate is looked at where it is used. */
export const isSchedule = (value: unknown): value is Schedule =>
  isRecord(value) && isFunction(value.factor) && isText(value.name) && "initial" in value;

/** A number as the schedule that never changes. A rate below 0 or not finite is an error. */
export function toSchedule(rate: number | Schedule): Schedule {
  const initial = isSchedule(rate) ? rate.initial : rate;
  if (!isNumber(initial, (n) => Number.isFinite(n) && n >= 0)) {
    fail("bad-argument", {
      message: "This is not a learning rate.",
      expected: "a finite number ≥ 0, or a schedule of it",
      found: shown(initial),
    });
  }
  return typeof rate === "number" ? { name: "constant", initial: rate, factor: onesLike } : rate;
}

/** A setting at a step: the number itself, or what its schedule says (f64). */
export const settingAt = (setting: number | Schedule, step: Tensor): number | Tensor =>
  typeof setting === "number" ? setting : mul(setting.factor(step), setting.initial);
