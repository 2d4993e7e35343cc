/** The values that a trainer holds: what one step hands to the next. */

import { at } from "../core/at.ts";
import { type ByName, entryOf, mapEntries } from "../core/by-name.ts";
import { allocate, type DType, type TypedArray } from "../core/dtype.ts";
import { sizeOf } from "../core/shape.ts";
import { firstValuesOf } from "../nn/first-values.ts";
import type { Layer } from "../nn/layer.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { slotSpecs } from "../step/parameters.ts";
import type { StepState } from "../step/ports.ts";
import type { Progress } from "./progress.ts";

/** The state in arrays of the trainer's own. */
export type State = Record<keyof StepState, Record<string, TypedArray>>;

/** What training begins with: buffers draw after the parameters, from streams of their own. */
export function firstState(model: Layer, optimizer: Optimizer, dtype: DType, seed: number): State {
  return {
    ...firstValuesOf(model, dtype, seed),
    slots: firstSlots({ model, optimizer, dtype }),
  };
}

interface Remembering {
  readonly model: Layer;
  readonly optimizer: Optimizer;
  readonly dtype: DType;
}

/** The optimizer's memory before the first step. */
export const firstSlots = ({ model, optimizer, dtype }: Remembering): Record<string, TypedArray> =>
  mapEntries(slotSpecs(model, optimizer), ({ shape, first }) =>
    allocate(dtype, sizeOf(shape)).fill(first),
  );

/** All that the model is applied with, by name. */
export const modelValues = <P, B>(of: {
  readonly parameters: ByName<P>;
  readonly buffers: ByName<B>;
}): ByName<P | B> => ({ ...of.parameters, ...of.buffers });

/** Sets values of parameters and buffers by name, in the place of the arrays that there were. */
export function setValues(state: State, values: Iterable<readonly [string, TypedArray]>): void {
  for (const [name, data] of values) {
    const part = Object.hasOwn(state.buffers, name) ? state.buffers : state.parameters;
    part[name] = data;
  }
}

/** A part of the state, and the place of its next value among a step's results. */
export interface Renewed {
  readonly part: keyof StepState;
  readonly name: string;
  readonly place: number;
}

/** Where the results stand that the state is renewed from. */
export const renewals = (places: StepState<number>): Renewed[] =>
  (["parameters", "buffers", "slots"] as const).flatMap((part) =>
    Object.entries(places[part]).map(([name, place]) => ({ part, name, place })),
  );

/** The state becomes that of a step's results, in its own arrays. */
export function adopt(
  state: StepState<TypedArray>,
  parts: readonly Renewed[],
  results: readonly TypedArray[],
): void {
  const own = parts.map(({ part, name }) => entryOf(state[part], name));
  const old = new Set(own);
  const next = parts.map(({ place }, i) => {
    const result = at(results, place);
    // A step may pass one array of the state on as another: those are saved from the update.
    return result !== own[i] && old.has(result) ? result.slice() : result;
  });
  for (const [i, values] of own.entries()) values.set(at(next, i));
}

/** The state becomes that of other arrays, in its own. */
export function refill(state: StepState<TypedArray>, from: StepState<TypedArray>): void {
  for (const part of ["parameters", "buffers", "slots"] as const) {
    for (const [name, own] of Object.entries(state[part])) own.set(entryOf(from[part], name));
  }
}

/** Everything that changes while a model is trained. */
export interface TrainerState {
  readonly values: ReadonlyMap<string, TypedArray>;
  readonly slots: ReadonlyMap<string, TypedArray>;
  readonly best: ReadonlyMap<string, TypedArray> | undefined;
  readonly progress: Progress;
  readonly learningRate: number;
  /** The learning rate in the checkpoint; this trainer may have been made with another. */
  readonly formerRate: number;
  readonly classes: readonly string[] | undefined;
  /** The version of the arithmetic that has made it, and the backend, where that is known. */
  readonly numerics: number;
  readonly trainedOn: { readonly name: string; readonly deterministic: boolean } | undefined;
}
