/** What a session keeps between steps, seen through views of a program's memory. */
import { at as element } from "../core/at.ts";
import { entryOf } from "../core/by-name.ts";
import type { TypedArray } from "../core/dtype.ts";
import { seedKey } from "../core/random.ts";
import type { Filled, StepGraph } from "../step/ports.ts";
import type { Session } from "./backend.ts";

/** Parameters, buffers and the optimizer's slots, with the step's controls; `at` gives a view. */
export function sessionState<Place>(
  inputs: Filled<StepGraph["ports"]["inputs"], Place>,
  at: (place: Place) => TypedArray,
  seed: number,
): Pick<Session, "load" | "setRate" | "save" | "isFinite"> {
  const { controls } = inputs;
  const state = stateParts.flatMap((part) =>
    Object.entries(inputs[part]).map(([name, place]) => ({ part, name, values: at(place) })),
  );
  const [rateAt, stepAt, keyAt] = [at(controls.learningRate), at(controls.step), at(controls.key)];
  return {
    load(from, stepNumber, learningRate) {
      for (const { part, name, values } of state) values.set(entryOf(from[part], name));
      rateAt[0] = learningRate;
      stepAt[0] = stepNumber;
      keyAt.set([seedKey(seed)[0], stepNumber | 0]);
    },
    setRate(learningRate) {
      rateAt[0] = learningRate;
    },
    save(to) {
      for (const { part, name, values } of state) copy(entryOf(to[part], name), values);
    },
    isFinite: () => state.every(({ values }) => allFinite(values)),
  };
}

const stateParts = ["parameters", "buffers", "slots"] as const;

/** Elements are few or many: a call of the engine's costs as much as some tens of them. */
function copy(to: TypedArray, from: TypedArray): void {
  if (from.length > 32) to.set(from);
  else for (let i = 0; i < from.length; i++) to[i] = element(from, i);
}

/**
 * x − x is 0 for finite x alone, and two sums of zeros are taken faster than one: all weights, each
 * epoch; what stands below the length is there (!).
 */
function allFinite(data: TypedArray): boolean {
  let even = 0;
  let odd = 0;
  const paired = data.length - (data.length % 2);
  for (let i = 0; i < paired; i += 2) {
    const x = data[i]!;
    const y = data[i + 1]!;
    even += x - x;
    odd += y - y;
  }
  if (paired < data.length) odd += 0 * element(data, paired);
  return even + odd === 0;
}
