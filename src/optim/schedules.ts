/** Learning rates that change with the step: a start value times a factor computed in the graph. */

import { fail } from "../core/errors.ts";
import { isFunction, isNumber, isRecord, isText } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import type { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { add, div, minimum, mul } from "../ops/arithmetic.ts";
import { floor } from "../ops/compare.ts";
import { onesLike } from "../ops/leaf.ts";
import { pow } from "../ops/power.ts";
import { cos } from "../ops/transcendental.ts";

/** η_k = initial · factor(k): a learning rate that changes with the step k = 0, 1 … */
export interface Schedule {
  readonly name: string;
  /** The rate that the factor multiplies. */
  readonly initial: number;
  /** The factor at a step, which counts from 0 (an f64 scalar). */
  readonly factor: (step: Tensor) => Tensor;
}

const positive = (what: string, value: number): number =>
  isNumber(value, (n) => n > 0 && Number.isFinite(n))
    ? value
    : fail("bad-argument", {
        message: `A schedule needs ${what}.`,
        expected: "a finite number above 0",
        found: shown(value),
      });

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

/**
 * η_k = η·(m + (1 − m)(1 + cos(πk/steps))/2), and η·m after `steps`; m is `minimum`, default 0
 * (Loshchilov, Hutter 2017).
 */
export function cosineDecay(
  initial: number,
  options: { readonly steps: number; readonly minimum?: number },
): Schedule {
  checkNames("cosineDecay", options, ["steps", "minimum"]);
  const { steps, minimum: m = 0 } = options;
  positive("a number of steps", steps);
  if (!isNumber(m, (n) => n >= 0 && n <= 1)) {
    fail("bad-argument", {
      message: "A schedule's minimum is the share of the learning rate that is left at its end.",
      expected: "a number from 0 to 1",
      found: shown(m),
    });
  }
  const factor = (step: Tensor) => {
    const wave = cos(mul(minimum(div(step, steps), 1), Math.PI));
    return add(mul(add(wave, 1), (1 - m) / 2), m);
  };
  return { name: "cosineDecay", initial, factor };
}

/** η_k = min((k + 1)/steps, 1) times the schedule (or constant rate) that follows. */
export function warmup(after: number | Schedule, options: { readonly steps: number }): Schedule {
  checkNames("warmup", options, ["steps"]);
  const { steps } = options;
  positive("a number of steps", steps);
  const next = toSchedule(after);
  const factor = (step: Tensor) => mul(minimum(div(add(step, 1), steps), 1), next.factor(step));
  return { name: "warmup", initial: next.initial, factor };
}

/** A number as the schedule that never changes. A rate below 0 or not finite is an error. */
export function toSchedule(rate: number | Schedule): Schedule {
  const schedule = isRecord(rate) && isFunction(rate.factor) && isText(rate.name);
  const initial = schedule ? rate.initial : rate;
  if (!isNumber(initial, (n) => Number.isFinite(n) && n >= 0)) {
    fail("bad-argument", {
      message: "This is not a learning rate.",
      expected: "a finite number ≥ 0, or a schedule of it",
      found: shown(initial),
    });
  }
  return typeof rate === "number" ? { name: "constant", initial: rate, factor: onesLike } : rate;
}
