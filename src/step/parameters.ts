/** What a model's values are in a step: their placeholders, and the optimizer's memory of each. */

import { type ByName, entryOf, mapEntries } from "../core/by-name.ts";
import type { DType } from "../core/dtype.ts";
import type { Shape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import type { BufferSpec, ParameterSpec } from "../nn/layer.ts";
import { input } from "../ops/leaf.ts";
import type { Optimizer } from "../optim/optimizer.ts";

/** A model, or anything else that has parameters, and perhaps buffers. */
export interface Parametric {
  readonly parameters: ByName<ParameterSpec>;
  readonly buffers?: ByName<BufferSpec>;
}

/** The names of those that are trained. */
export const trainable = ({ parameters }: Parametric): string[] =>
  Object.entries(parameters).flatMap(([name, spec]) => (spec.frozen ? [] : [name]));

/** The parameters as graph inputs. */
export const parameterInputs = ({ parameters }: Parametric, dtype: DType): ByName<Tensor> =>
  mapEntries(parameters, (spec, name) => input(name, spec.shape, dtype));

/** The buffers as graph inputs. */
export const bufferInputs = ({ buffers = {} }: Parametric, dtype: DType): ByName<Tensor> =>
  mapEntries(buffers, (spec, name) => input(name, spec.shape, dtype));

/** All that a model is applied with, as graph inputs. */
export const valueInputs = (model: Parametric, dtype: DType): ByName<Tensor> => ({
  ...parameterInputs(model, dtype),
  ...bufferInputs(model, dtype),
});

/** A tensor of the optimizer's memory. */
interface SlotSpec {
  readonly parameter: string;
  /** Its name in the optimizer: "velocity". */
  readonly slot: string;
  readonly shape: Shape;
  /** The value of its elements before the first step. */
  readonly first: number;
}

/**
 * The optimizer whose rule each trained parameter follows: the given one, or that of its group. A
 * parameter that a group leaves as it is has none.
 */
export function rulesOf(subject: Parametric, optimizer: Optimizer): ByName<Optimizer> {
  const names = trainable(subject);
  if (optimizer.rules === undefined) {
    return Object.fromEntries(names.map((name) => [name, optimizer]));
  }
  const named = names.map((name) => ({ name, shape: entryOf(subject.parameters, name).shape }));
  const rules = optimizer.rules(named);
  return Object.fromEntries(
    names.flatMap((name, i) => {
      const rule = rules[i];
      return rule === undefined ? [] : [[name, rule]];
    }),
  );
}

/** The optimizer's slots by name: "0.weight/velocity". Frozen parameters have none. */
export function slotSpecs(subject: Parametric, optimizer: Optimizer): ByName<SlotSpec> {
  const specs = Object.entries(rulesOf(subject, optimizer)).flatMap(([parameter, { slots }]) => {
    const { shape } = entryOf(subject.parameters, parameter);
    return Object.entries(slots).map(([slot, first]): [string, SlotSpec] => [
      `${parameter}/${slot}`,
      { parameter, slot, shape, first },
    ]);
  });
  return Object.fromEntries(specs);
}
