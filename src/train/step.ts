/** One training step as one graph: forward pass, loss, backward pass, clipping and update. */

import { gradient } from "../autodiff/gradient.ts";
import { type DType, dtypes } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import type { Graph } from "../core/graph.ts";
import { checkKind, isFunction, isRecord, type Kind, object } from "../core/kinds.ts";
import type { TensorType } from "../core/op.ts";
import { Tensor } from "../core/tensor.ts";
import type { Layer } from "../nn/layer.ts";
import { isLayer } from "../nn/layer-checks.ts";
import type { Loss } from "../nn/losses.ts";
import { add, div, mul, sub } from "../ops/arithmetic.ts";
import { sum } from "../ops/broadcast.ts";
import { cast } from "../ops/cast.ts";
import { input } from "../ops/leaf.ts";
import { clip, isOptimizer, type Optimizer } from "../optim/optimizer.ts";
import { correctPredictions } from "./metrics.ts";
import { updateSequentially } from "./sequential-update.ts";
import { divisorOf } from "./totals.ts";

/** When the layers change: all at once, or one after another from the last (see there). */
export type UpdateTiming = "simultaneous" | "sequential";

/** What a training step is made of. */
export interface StepOptions {
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  readonly dtype: DType;
  readonly update: UpdateTiming;
  /** Whether the step looks at every new parameter for NaN and infinities. Default true. */
  readonly health?: boolean;
}

/** The types of one batch. */
export interface BatchType {
  readonly inputs: TensorType;
  readonly targets: TensorType;
}

/**
 * Everything that changes from step to step is an input. Order of inputs: parameters, slots,
 * learning rate, step number, key, batch inputs, batch targets. Order of outputs: parameters,
 * slots, loss, health (0, or NaN if loss or a new parameter is not finite), correct predictions
 * (if the task has any), and what the loss is divided by (f64, if it is a weighted mean).
 */
export interface StepGraph extends Graph {
  readonly parameters: readonly Tensor[];
  readonly slots: readonly Tensor[];
  readonly counts: boolean;
  readonly weighs: boolean;
}

/** Names of the optimizer's slots: "0.weight/velocity". Frozen parameters have none. */
export function slotNames(model: Layer, optimizer: Optimizer): string[] {
  return trainable(model).flatMap((name) =>
    Object.keys(optimizer.slots).map((slot) => `${name}/${slot}`),
  );
}

export const trainable = (model: Layer): string[] =>
  Object.entries(model.parameters).flatMap(([name, spec]) => (spec.frozen ? [] : [name]));

/** The model's parameters as graph inputs. */
export function parameterInputs(model: Layer, dtype: DType): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(model.parameters).map(([name, spec]) => [name, input(name, spec.shape, dtype)]),
  );
}

/**
 * θ′ = update(θ, ∂E/∂θ), E = loss(model(inputs; θ), targets): one training step as one graph, for a
 * batch of these types. It runs on any backend; `Trainer.stepGraph` gives a trainer's own.
 *
 * @throws ChainruleError "shape-mismatch" where model, loss and batch do not fit together.
 */
export function trainingStep(model: Layer, batch: BatchType, options: StepOptions): StepGraph {
  checkStep(model, batch, options);
  const { loss, optimizer, dtype, update } = options;
  const parameters = parameterInputs(model, dtype);
  const names = trainable(model);
  const slots: Record<string, Tensor> = Object.fromEntries(
    slotNames(model, optimizer).map((name) => {
      const owner = parameters[name.slice(0, name.lastIndexOf("/"))]!;
      return [name, input(name, owner.shape, dtype)];
    }),
  );
  const learningRate = input("learning rate", [], "f64");
  const step = input("step", [], "f64");
  const key = input("key", [2], "i32");
  const x = input("inputs", batch.inputs.shape, batch.inputs.dtype);
  const y = input("targets", batch.targets.shape, batch.targets.dtype);

  const output = model.apply(x, parameters, { training: true, key, path: "" });
  const error = scalarLoss(loss(output, y));
  const { initial, factor } = optimizer.learningRate;
  const present = factor(step);
  // A layer's own rate changes as the optimizer's does, by schedule and by hand.
  const rateOf = (own: number | undefined) =>
    own === undefined
      ? mul(learningRate, present)
      : mul(initial === 0 ? own : mul(div(learningRate, initial), own), present);
  const renewed: Record<string, Tensor> = { ...parameters };
  const renewedSlots: Record<string, Tensor> = { ...slots };
  const apply = (name: string, g: Tensor): Tensor => {
    const state = Object.fromEntries(
      Object.keys(optimizer.slots).map((slot) => [slot, slots[`${name}/${slot}`]!]),
    );
    const result = optimizer.update({
      parameter: parameters[name]!,
      gradient: g,
      state,
      learningRate: cast(rateOf(model.parameters[name]!.learningRate), dtype),
      step,
      clipped: true,
    });
    checkKind(`The update of ${optimizer.name}`, result, updatedParts);
    for (const [slot, t] of Object.entries(result.state)) renewedSlots[`${name}/${slot}`] = t;
    renewed[name] = result.parameter;
    return result.parameter;
  };
  const inputs = names.map((name) => parameters[name]!);
  const gradients = gradient(error, inputs);
  if (update === "simultaneous") {
    clip(gradients, optimizer).forEach((g, i) => {
      apply(names[i]!, g);
    });
  } else {
    if (optimizer.clipNorm !== undefined) {
      fail("bad-argument", {
        message: "Clipping by the global norm needs all gradients at once.",
        expected: 'update: "simultaneous" with clipNorm',
        found: 'update: "sequential"',
      });
    }
    const nameOf = new Map(inputs.map((t, i) => [t, names[i]!]));
    updateSequentially(error, layerGroups(names, inputs, gradients), (p, g) =>
      apply(nameOf.get(p)!, clip([g], optimizer)[0]!),
    );
  }
  const correct = correctPredictions(loss, output, y);
  const divisor = divisorOf(error, [x, y]);
  const health =
    options.health === false
      ? undefined
      : names
          .map((name) => sum(sub(renewed[name]!, renewed[name]!)))
          .reduce((a, b) => add(a, b), cast(sub(error, error), dtype));
  return {
    inputs: [...Object.values(parameters), ...Object.values(slots), learningRate, step, key, x, y],
    outputs: [
      ...Object.values(renewed),
      ...Object.values(renewedSlots),
      error,
      ...(health ? [health] : []),
      ...(correct ? [correct] : []),
      ...(divisor ? [divisor] : []),
    ],
    parameters: Object.values(parameters),
    slots: Object.values(slots),
    counts: correct !== undefined,
    weighs: divisor !== undefined,
  };
}

/** What a program without types may give. */
function checkStep(model: Layer, batch: BatchType, options: StepOptions): void {
  checkKind("trainingStep", model, aModel);
  checkKind("trainingStep", batch, batchTypes);
  checkKind("trainingStep", options, stepParts);
}

const lossValue: Kind = {
  name: "a loss that returns a tensor",
  example: "a function such as (output, target) => output.sub(target).square().mean()",
  fits: (error) => error instanceof Tensor,
};
const updatedParts = object(
  "the new parameter and state for what it returns",
  "{ parameter, state }",
  ({ parameter, state }) => parameter instanceof Tensor && isRecord(state),
);
const aModel: Kind = { name: "a model", example: "a layer", fits: isLayer };
const isType = (type: unknown): boolean =>
  isRecord(type) && dtypes.includes(type.dtype as DType) && Array.isArray(type.shape);
const batchTypes = object(
  "the types of a batch",
  "{ inputs: { dtype, shape }, targets: { dtype, shape } }",
  ({ inputs, targets }) => isType(inputs) && isType(targets),
);
const stepParts = object(
  "the settings of a step",
  '{ loss, optimizer, dtype: "f32" or "f64", update: "simultaneous" or "sequential" }',
  ({ loss, optimizer, dtype, update }) =>
    isFunction(loss) &&
    isOptimizer(optimizer) &&
    ["f32", "f64"].includes(dtype as string) &&
    ["simultaneous", "sequential"].includes(update as string),
);

/** The loss as a tensor of shape []. */
export function scalarLoss(error: Tensor): Tensor {
  checkKind("A trainer", error, lossValue);
  if (error.size === 1) return error.rank === 0 ? error : error.reshape([]);
  return fail("shape-mismatch", {
    message: "A loss is one number.",
    expected: "a tensor of size 1",
    found: `shape [${error.shape.join(", ")}]`,
    where: error.site.toString() || undefined,
    fix: 'Reduce it: .mean() or .sum(), or a reduction other than "none".',
  });
}

/** Parameters whose names share the part before the last dot belong to one layer. */
function layerGroups(
  names: readonly string[],
  parameters: readonly Tensor[],
  gradients: readonly Tensor[],
) {
  const groups = new Map<string, { parameters: Tensor[]; gradients: Tensor[] }>();
  names.forEach((name, i) => {
    const layer = name.slice(0, Math.max(0, name.lastIndexOf(".")));
    const group = groups.get(layer) ?? { parameters: [], gradients: [] };
    group.parameters.push(parameters[i]!);
    group.gradients.push(gradients[i]!);
    groups.set(layer, group);
  });
  return [...groups.values()];
}
