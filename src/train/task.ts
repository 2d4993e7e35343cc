/** What a model and its loss say of the outputs and targets, found by looking at one example. */
import { type DType, isFloat } from "../core/dtype.ts";
import type { TensorType } from "../core/op.ts";
import type { Tensor } from "../core/tensor.ts";
import type { Dataset } from "../data/dataset.ts";
import { type LossCall, lossCalls } from "../nn/calls.ts";
import { inference, type Layer } from "../nn/layer.ts";
import type { Loss } from "../nn/losses.ts";
import { input } from "../ops/leaf.ts";
import { parameterInputs } from "./step.ts";
import { addsUp } from "./totals.ts";

export interface Task {
  /** The model's output for one example, as a graph. */
  readonly output: Tensor;
  /** The placeholder for its target. */
  readonly target: Tensor;
  /** The losses of the library that the loss is or calls. */
  readonly calls: readonly LossCall[];
}

/** Types of a batch, of whatever size. */
export interface ExampleTypes {
  readonly inputs: TensorType;
  readonly targets: TensorType;
}

/** Undefined where model or loss cannot take such examples, which whoever runs them will say. */
export function taskOf(
  { model, loss, dtype }: { readonly model: Layer; readonly loss: Loss; readonly dtype: DType },
  { inputs, targets }: ExampleTypes,
): Task | undefined {
  const one = (name: string, type: TensorType) =>
    input(name, [1, ...type.shape.slice(1)], isFloat(type.dtype) ? dtype : type.dtype);
  try {
    const x = one("inputs", inputs);
    const target = one("targets", targets);
    const output = model.apply(x, parameterInputs(model, dtype), inference);
    const { calls } = lossCalls(() => loss(output, target));
    return { output, target, calls };
  } catch {
    return undefined;
  }
}

/** Whether the loss of a batch of such data is a sum over its examples. */
export function lossAdds(
  task: Task | undefined,
  loss: Loss,
  data: Pick<Dataset, "targets">,
): boolean {
  if (task === undefined) return loss.adds ?? false;
  const { shape, dtype } = task.output;
  return addsUp(loss, shape.slice(1), dtype, data);
}
