/** What a model and its loss say of the outputs and targets, found by looking at one example. */
import { type DType, isFloat } from "../core/dtype.ts";
import type { TensorType } from "../core/op.ts";
import type { Tensor } from "../core/tensor.ts";
import { type LossCall, lossCalls, type Maker, makerOf } from "../nn/calls.ts";
import { layerAt } from "../nn/inside.ts";
import { inference, type Layer } from "../nn/layer.ts";
import type { Loss } from "../nn/losses.ts";
import { input } from "../ops/leaf.ts";
import { valueInputs } from "../step/parameters.ts";

export interface Task {
  /** The model's output for one example, as a graph. */
  readonly output: Tensor;
  /** The placeholder for its target. */
  readonly target: Tensor;
  /** The loss, if it says what it is, or else the losses of the library that it calls. */
  readonly calls: readonly LossCall[];
  /** What made a tensor, if it says what it gives: a layer, an activation, an operator. */
  readonly makerOf: (y: Tensor) => Maker | undefined;
  /** Whether the loss says of itself that outputs stand for classes. */
  readonly classes: boolean;
}

/** Types of a batch, of whatever size. */
export interface ExampleTypes {
  readonly inputs: TensorType;
  readonly targets: TensorType;
}

function operator({ op: { name, range } }: Tensor): Maker | undefined {
  return range && { name, facts: { range } };
}

/** Undefined where model or loss cannot take such examples, which running them will say. */
export function taskOf(
  { model, loss, dtype }: { readonly model: Layer; readonly loss: Loss; readonly dtype: DType },
  { inputs, targets }: ExampleTypes,
): Task | undefined {
  const one = (name: string, type: TensorType) =>
    input(name, [1, ...type.shape.slice(1)], isFloat(type.dtype) ? dtype : type.dtype);
  try {
    const x = one("inputs", inputs);
    const target = one("targets", targets);
    const layers = new Map<Tensor, Maker>();
    const observe = (path: string, y: Tensor): void => {
      const { name, facts } = layerAt(model, path);
      // Inner layers come before those that they are in, which were asked for.
      if (facts !== undefined) layers.set(y, { name, facts });
    };
    const output = model.apply(x, valueInputs(model, dtype), { ...inference, observe });
    const { calls } = lossCalls(() => loss(output, target));
    const { facts, classes = false } = loss;
    return {
      output,
      target,
      // One of the library's has called itself, perhaps on what was made of these two.
      calls:
        facts === undefined || calls.some((call) => call.facts.name === facts.name)
          ? calls
          : [{ facts, output, target }],
      makerOf: (y) => layers.get(y) ?? makerOf(y) ?? operator(y),
      classes,
    };
  } catch {
    return undefined;
  }
}
