/** Schedules made of others. */

import { fail } from "../core/errors.ts";
import { checkNames } from "../core/options.ts";
import type { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { add, div, minimum, mul, sub } from "../ops/arithmetic.ts";
import { floor, less, where } from "../ops/compare.ts";
import { checkRising, positive, type Schedule, settingAt, toSchedule } from "./schedules.ts";

/** η_k = min((k + 1)/steps, 1) times the schedule (or constant rate) that follows. */
export function warmup(after: number | Schedule, options: { readonly steps: number }): Schedule {
  checkNames("warmup", options, ["steps"]);
  const { steps } = options;
  positive("a number of steps", steps);
  const next = toSchedule(after);
  const factor = (step: Tensor) => mul(minimum(div(add(step, 1), steps), 1), next.factor(step));
  return { name: "warmup", initial: next.initial, factor };
}

/** Schedules, or constant rates, in an array that is not empty. */
function partsOf(what: string, parts: unknown): readonly [Schedule, ...Schedule[]] {
  const [first, ...others] = Array.isArray(parts) ? Array.from(parts) : [];
  if (first !== undefined) return [toSchedule(first), ...others.map(toSchedule)];
  return fail("bad-argument", {
    message: `${what} is made of schedules.`,
    expected: "schedules or rates in one array, such as [0.01, cosineDecay(0.1, { steps: 90 })]",
    found: shown(parts),
  });
}

/** A schedule whose rates these are, as factors of the first one's start. */
function madeOf(
  name: string,
  { initial }: Schedule,
  rate: (step: Tensor) => Tensor | number,
): Schedule {
  positive("a first rate", initial);
  return { name, initial, factor: (step) => div(rate(step), initial) };
}

/**
 * One schedule after another: the first before `at[0]`, the second, whose steps begin with 0 there,
 * before `at[1]`, and so on. The first one's `initial` must be above 0: what is set by hand counts
 * in proportion to it.
 */
export function sequentialSchedule(
  parts: readonly (number | Schedule)[],
  options: { readonly at: readonly number[] },
): Schedule {
  checkNames("sequentialSchedule", options, ["at"]);
  const { at } = options;
  const all = partsOf("sequentialSchedule", parts);
  checkRising("sequentialSchedule", "steps in at", at);
  if (at.length !== all.length - 1) {
    fail("bad-argument", {
      message: "sequentialSchedule needs to know where each schedule but the first begins.",
      expected: `${all.length - 1} steps in at, for ${all.length} schedules`,
      found: `${at.length} steps`,
    });
  }
  return madeOf(
    "sequentialSchedule",
    all[0],
    (step) =>
      // From the last to the first: each stands before the step at which the next begins.
      all.reduceRight<Tensor | undefined>((later, part, i) => {
        const begun = i === 0 ? step : sub(step, at[i - 1] ?? 0);
        const own = mul(part.factor(begun), part.initial);
        return later === undefined ? own : where(less(step, at[i] ?? 0), own, later);
      }, undefined) ?? 0,
  );
}

/** The product of several schedules' rates at the same step; the first one's must begin above 0. */
export function chainedSchedule(parts: readonly (number | Schedule)[]): Schedule {
  const all = partsOf("chainedSchedule", parts);
  return madeOf("chainedSchedule", all[0], (step) => {
    const rates = all.map((part) => settingAt(part, step));
    return rates.reduce((a, b) => mul(a as Tensor, b));
  });
}

/** A schedule that counts epochs: step k of one is its step ⌊k/steps⌋, `steps` being those of an epoch. */
export function perEpoch(schedule: Schedule, options: { readonly steps: number }): Schedule {
  checkNames("perEpoch", options, ["steps"]);
  const { steps } = options;
  positive("a number of steps", steps);
  const { initial, factor } = toSchedule(schedule);
  return { name: "perEpoch", initial, factor: (step) => factor(floor(div(step, steps))) };
}
