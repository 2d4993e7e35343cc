/** A training step in two halves, cut at the gradients. */
import { type ByName, mapEntries } from "../core/by-name.ts";
import type { DType } from "../core/dtype.ts";
import type { TensorType } from "../core/op.ts";
import type { Tensor } from "../core/tensor.ts";
import type { Layer } from "../nn/layer.ts";
import type { Loss } from "../nn/losses.ts";
import { input } from "../ops/leaf.ts";
import { checkUpdate, objectiveOf } from "./checks.ts";
import type { Objective } from "./objective.ts";
import { bufferInputs, type Parametric, parameterInputs } from "./parameters.ts";
import { batchInputs, controlInputs, evaluated, healthOf, measures, trained } from "./parts.ts";
import { type PortGraph, portGraph, type StepControls } from "./ports.ts";
import { renewalOf } from "./renewal.ts";
import type { BatchType, UpdateOptions } from "./step.ts";
import { beforeUpdate, updateTogether } from "./update.ts";

/** The first half of a step: loss and gradients of a batch. */
type GradientGraph = PortGraph<
  {
    readonly parameters: ByName<Tensor>;
    readonly buffers: ByName<Tensor>;
    readonly controls: Pick<StepControls, "key">;
    readonly batch: ByName<Tensor>;
  },
  {
    readonly buffers: ByName<Tensor>;
    readonly loss: Tensor;
    readonly counts: ByName<Tensor>;
    readonly weight?: Tensor;
    readonly gradients: ByName<Tensor>;
  }
>;

/** The second half: new parameters from gradients, whatever has been made of them in between. */
type OptimizerGraph = PortGraph<
  {
    readonly parameters: ByName<Tensor>;
    readonly slots: ByName<Tensor>;
    readonly controls: Pick<StepControls, "learningRate" | "step">;
    readonly gradients: ByName<Tensor>;
  },
  {
    readonly parameters: ByName<Tensor>;
    readonly slots: ByName<Tensor>;
    readonly health?: Tensor;
  }
>;

/**
 * E and ∂E/∂θ of a batch, and no update: with `optimizerStep` after it a training step cut in two, so
 * that the gradients of several batches, or of several machines, can be added up in between.
 *
 * @param model a layer, with its loss in the options, or an objective, as `trainingStep` takes them
 * @throws ChainruleError "shape-mismatch" where model, loss and batch do not fit together.
 */
export function gradientStep(
  model: Layer,
  batch: BatchType,
  options: { readonly dtype: DType; readonly loss: Loss },
): GradientGraph;
export function gradientStep(
  model: Objective,
  batch: ByName<TensorType>,
  options: { readonly dtype: DType },
): GradientGraph;
export function gradientStep(
  model: Layer | Objective,
  batch: ByName<TensorType> | BatchType,
  options: { readonly dtype: DType; readonly loss?: Loss },
): GradientGraph {
  const objective = objectiveOf("gradientStep", model, { ...batch }, options);
  const { dtype } = options;
  const parameters = parameterInputs(objective, dtype);
  const { old, renew, renewed } = renewalOf(bufferInputs(objective, dtype));
  const { key } = controlInputs();
  const parts = batchInputs({ ...batch });
  const { losses, gradients } = evaluated(objective, parts, parameters, old, { key, renew });
  const { loss } = losses;
  const { counts, weight } = measures(losses, parts);
  return portGraph(
    { parameters, buffers: old, controls: { key }, batch: parts },
    { buffers: renewed(), loss, counts, ...(weight === undefined ? {} : { weight }), gradients },
  );
}

/**
 * θ′ = update(θ, g) for gradients that are inputs.
 *
 * @param objective what `gradientStep` has taken, or anything else with these `parameters`
 * @throws ChainruleError "unsupported" for an optimizer that looks at the loss.
 */
export function optimizerStep(objective: Parametric, options: UpdateOptions): OptimizerGraph {
  checkUpdate("optimizerStep", objective, options);
  const { dtype, health = true } = options;
  const before = beforeUpdate(objective, options);
  const { parameters, slots } = before;
  const { learningRate, step } = before.controls;
  const gradients = mapEntries(trained(objective, parameters), (parameter, name) =>
    input(`∂${name}`, parameter.shape, dtype),
  );
  const controls = { learningRate, step };
  const after = updateTogether(before, gradients);
  return portGraph(
    { parameters, slots, controls, gradients },
    {
      parameters: after.parameters,
      slots: after.slots,
      ...(health ? { health: healthOf(before, after.parameters, []) } : {}),
    },
  );
}
