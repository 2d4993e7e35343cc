/** What a model and its loss say of the outputs and targets, found by looking at one example. */
import { type DType, isFloat } from "../core/dtype.ts";
import type { TensorType } from "../core/op.ts";
import type { Tensor } from "../core/tensor.ts";
import { type LossCall, lossCalls, type Maker, makerOf } from "../nn/calls.ts";
import { inference, type Layer } from "../nn/layer.ts";
import type { Loss } from "../nn/losses.ts";
import { input } from "../ops/leaf.ts";
import { valueInputs } from "../step/parameters.ts";

export interface Task {
  /** The model's output for one example, as a graph. */
  readonly output: Tensor;
  /** The placeholder for its target. */
  readonly target: Tensor;
  /** The losses of the library that the loss is or calls. */
  readonly calls: readonly LossCall[];
  /** What made a tensor, as it may be called: an activation, an operator, a layer. */
  readonly makersOf: (y: Tensor) => Maker[];
  /** Whether the loss says of itself that outputs stand for classes. */
  readonly classes: boolean;
}

/** Types of a batch, of whatever size. */
export interface ExampleTypes {
  readonly inputs: TensorType;
  readonly targets: TensorType;
}

const layerAt = (model: Layer, path: string): Layer =>
  path === "" ? model : path.split(".").reduce((l, i) => l.layers[Number(i)] ?? l, model);

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
      // Inner layers come before those that they are in.
      if (!layers.has(y)) layers.set(y, { name: layerAt(model, path).name, options: {} });
    };
    const output = model.apply(x, valueInputs(model, dtype), { ...inference, observe });
    const { calls } = lossCalls(() => loss(output, target));
    const makersOf = (y: Tensor): Maker[] =>
      [makerOf(y), { name: y.op.name, options: y.attributes }, layers.get(y)].flatMap(
        (maker) => maker ?? [],
      );
    return { output, target, calls, makersOf, classes: loss.classes ?? false };
  } catch {
    return undefined;
  }
}
