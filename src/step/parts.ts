/** What steps are put together from: placeholders, the objective at a point, and what is measured. */

import { type ByName, entryOf, mapEntries } from "../core/by-name.ts";
import type { DType } from "../core/dtype.ts";
import type { TensorType } from "../core/op.ts";
import type { Tensor } from "../core/tensor.ts";
import type { LayerContext } from "../nn/layer.ts";
import { add, sub } from "../ops/arithmetic.ts";
import { sum } from "../ops/broadcast.ts";
import { cast } from "../ops/cast.ts";
import { input, scalar } from "../ops/leaf.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { divisorOf } from "./divisor.ts";
import { scalarCounts } from "./metrics.ts";
import {
  type LossAndGradients,
  type Losses,
  lossAndGradients,
  type Objective,
} from "./objective.ts";
import { type Parametric, slotSpecs, trainable } from "./parameters.ts";
import type { StepControls } from "./ports.ts";

/** What is measured beside the loss. */
export const measures = ({ loss, counts = {}, weight }: Losses, batch: ByName<Tensor>) => ({
  counts: scalarCounts(counts),
  weight: weight ?? divisorOf(loss, Object.values(batch)),
});

/** The objective's loss and gradients, as this step's training sees them. */
export const evaluated = (
  objective: Objective,
  batch: ByName<Tensor>,
  parameters: ByName<Tensor>,
  buffers: ByName<Tensor>,
  context: Pick<LayerContext, "key" | "renew">,
): LossAndGradients => {
  const variables = trained(objective, parameters);
  const values = { ...parameters, ...buffers };
  return lossAndGradients(objective, batch, values, variables, {
    training: true,
    path: "",
    ...context,
  });
};

/** Of the parameters' values those that are trained. */
export const trained = (objective: Parametric, values: ByName<Tensor>): ByName<Tensor> =>
  Object.fromEntries(trainable(objective).map((name) => [name, entryOf(values, name)]));

export const controlInputs = (): StepControls => ({
  learningRate: input("learning rate", [], "f64"),
  step: input("step", [], "f64"),
  key: input("key", [2], "i32"),
});

export const batchInputs = (batch: ByName<TensorType>): ByName<Tensor> =>
  mapEntries<TensorType, Tensor>({ ...batch }, ({ shape, dtype }, name) =>
    input(name, shape, dtype),
  );

export const slotInputs = (
  objective: Parametric,
  optimizer: Optimizer,
  dtype: DType,
): ByName<Tensor> =>
  mapEntries(slotSpecs(objective, optimizer), ({ shape }, name) => input(name, shape, dtype));

/** 0, or NaN where one of these or a trained parameter's new value is not finite. */
export function healthOf(
  { subject, dtype }: { readonly subject: Parametric; readonly dtype: DType },
  parameters: ByName<Tensor>,
  others: readonly Tensor[],
): Tensor {
  const values = [...others, ...trainable(subject).map((name) => entryOf(parameters, name))];
  const zeros = values.map((value) => {
    const zero = sub(value, value);
    return cast(zero.rank === 0 ? zero : sum(zero), dtype);
  });
  const [first, ...rest] = zeros;
  return first === undefined ? scalar(0, dtype) : rest.reduce((a, b) => add(a, b), first);
}
