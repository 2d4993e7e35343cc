/** One training step as one graph: forward pass, loss, backward pass, clipping and update. */
import { type ByName, mapEntries } from "../core/by-name.ts";
import type { DType } from "../core/dtype.ts";
import type { TensorType } from "../core/op.ts";
import type { Tensor } from "../core/tensor.ts";
import type { Layer } from "../nn/layer.ts";
import type { Loss } from "../nn/losses.ts";
import { identity } from "../ops/custom.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { checkTiming, checkUpdate, objectiveOf } from "./checks.ts";
import { normCounts } from "./gradient-norm.ts";
import type { Objective } from "./objective.ts";
import { bufferInputs } from "./parameters.ts";
import { batchInputs, evaluated, healthOf, measures } from "./parts.ts";
import { portGraph, type StepGraph } from "./ports.ts";
import { renewalOf } from "./renewal.ts";
import { beforeUpdate, type UpdateTiming, updateInTurn, updateTogether } from "./update.ts";

/** The settings of an update. */
export interface UpdateOptions {
  readonly optimizer: Optimizer;
  readonly dtype: DType;
  /** Whether the step looks at every new parameter for NaN and infinities. Default true. */
  readonly health?: boolean;
}

/** How a step trains an objective. */
interface ObjectiveOptions extends UpdateOptions {
  readonly update: UpdateTiming;
  /** Whether the gradients are among the outputs, by parameter. Default false. */
  readonly gradients?: boolean;
  /** Whether their norm is among the counts, with the number of steps, 1. Default false. */
  readonly gradientNorm?: boolean;
}

/** How a step trains a model. */
interface StepOptions extends ObjectiveOptions {
  readonly loss: Loss;
}

/** The types of one batch. */
export interface BatchType {
  readonly inputs: TensorType;
  readonly targets: TensorType;
}

/** The rows that all parts of a batch have, if they do. */
function rowsOf(parts: ByName<Tensor>): number | undefined {
  const [first, ...others] = Object.values(parts).map(({ shape }) => shape[0]);
  return others.every((rows) => rows === first) ? first : undefined;
}

/**
 * θ′ = update(θ, ∂E/∂θ) with E = loss(model(inputs; θ), targets), or E = objective.loss(batch, θ):
 * one training step as one graph, for a batch of these types. `ports` has its inputs and outputs by
 * name. It runs on any backend; `Trainer.stepGraph` gives a trainer's own.
 *
 * @param model a layer, or in general an objective: `parameters`, and `loss` as a function of the
 *   batch's parts by name and of the parameters' values
 * @throws ChainruleError "shape-mismatch" where model, loss and batch do not fit together.
 */
export function trainingStep(model: Layer, batch: BatchType, options: StepOptions): StepGraph;
export function trainingStep(
  model: Objective,
  batch: ByName<TensorType>,
  options: ObjectiveOptions,
): StepGraph;
export function trainingStep(
  model: Layer | Objective,
  batch: ByName<TensorType> | BatchType,
  options: ObjectiveOptions | StepOptions,
): StepGraph {
  const objective = objectiveOf("trainingStep", model, { ...batch }, options);
  checkUpdate("trainingStep", objective, options);
  checkTiming("trainingStep", options);
  const { dtype, update, health = true } = options;
  const before = beforeUpdate(objective, options);
  const { parameters, slots, controls } = before;
  const renewal = renewalOf(bufferInputs(objective, dtype));
  const parts = batchInputs({ ...batch });
  const { key } = controls;
  const here = evaluated(objective, parts, parameters, renewal.old, {
    key,
    renew: renewal.renew,
  });
  const { loss } = here.losses;
  const after =
    update === "sequential"
      ? updateInTurn(before, here.gradients, here.minimized)
      : updateTogether(before, here.gradients, {
          loss,
          evaluate(values) {
            // Nodes of their own: a value may stand in two places, or be another's input.
            const there = { ...parameters, ...mapEntries(values, identity) };
            // What is tried elsewhere renews no buffers.
            const { losses, gradients } = evaluated(objective, parts, there, renewal.old, { key });
            return { loss: losses.loss, gradients };
          },
        });
  const { counts, weight } = measures(here.losses, parts);
  const ruled = Object.entries(after.gradients).filter(([n]) => Object.hasOwn(before.rules, n));
  const buffers = renewal.renewed();
  return portGraph(
    { parameters, buffers: renewal.old, slots, controls, batch: parts },
    {
      parameters: after.parameters,
      buffers,
      slots: after.slots,
      loss,
      ...(health
        ? { health: healthOf(before, after.parameters, [loss, ...Object.values(buffers)]) }
        : {}),
      counts: options.gradientNorm
        ? { ...counts, ...normCounts(Object.fromEntries(ruled)) }
        : counts,
      ...(weight === undefined ? {} : { weight }),
      ...(options.gradients ? { gradients: after.gradients } : {}),
    },
    rowsOf(parts),
  );
}
