/**
 * A training step of several processes: each takes the gradients of its shares of the batch, the
 * sums of all go into one array, and the update reads that.
 */
import { type ByName, entryOf, mapEntries } from "../core/by-name.ts";
import type { DType } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import type { TensorType } from "../core/op.ts";
import type { Tensor } from "../core/tensor.ts";
import { div, mul } from "../ops/arithmetic.ts";
import { cast } from "../ops/cast.ts";
import { greater, where } from "../ops/compare.ts";
import { input, scalar } from "../ops/leaf.ts";
import { reshape, slice } from "../ops/move.ts";
import type { Objective } from "./objective.ts";
import { bufferInputs, type Parametric, parameterInputs } from "./parameters.ts";
import { batchInputs, controlInputs, evaluated, healthOf, measures, trained } from "./parts.ts";
import { type PortGraph, portGraph, type StepControls } from "./ports.ts";
import { renewalOf } from "./renewal.ts";
import type { UpdateOptions } from "./step.ts";
import { beforeUpdate, updateTogether } from "./update.ts";

/** What a share of a batch adds to the sums. */
type ShareGraph = PortGraph<
  {
    readonly parameters: ByName<Tensor>;
    readonly buffers: ByName<Tensor>;
    readonly controls: Pick<StepControls, "key">;
    readonly batch: ByName<Tensor>;
  },
  {
    /** w·∂E/∂θ, by parameter. */
    readonly gradients: ByName<Tensor>;
    /** w·E and w. */
    readonly loss: Tensor;
    readonly weight: Tensor;
    readonly counts: ByName<Tensor>;
  }
>;

/** From the sums of all shares to new parameters. */
type JoinedGraph = PortGraph<
  {
    readonly parameters: ByName<Tensor>;
    readonly slots: ByName<Tensor>;
    readonly controls: Pick<StepControls, "learningRate" | "step">;
    /** As `SumsPlan` says. */
    readonly sums: Tensor;
  },
  {
    readonly parameters: ByName<Tensor>;
    readonly slots: ByName<Tensor>;
    readonly health: Tensor;
  }
>;

/** Where what stands in the array of sums: gradients one behind another, then single numbers. */
export interface SumsPlan {
  readonly length: number;
  readonly gradients: ByName<{ readonly start: number; readonly size: number }>;
  readonly loss: number;
  readonly weight: number;
  readonly counts: ByName<number>;
  /** The place of the word by which a process says that it is to stop. */
  readonly stop: number;
}

/**
 * The loss of a batch is Σ w·E/Σ w over its shares: w is a share's number of rows for a mean, its
 * divisor for a weighted mean, and for a sum it is 1 and nothing is divided.
 */
export function shareStep(
  objective: Objective,
  batch: ByName<TensorType>,
  { dtype, adds, rows }: { readonly dtype: DType; readonly adds: boolean; readonly rows: number },
): ShareGraph {
  const parameters = parameterInputs(objective, dtype);
  const { old, renew, renewed } = renewalOf(bufferInputs(objective, dtype));
  const { key } = controlInputs();
  const parts = batchInputs(batch);
  const { losses, gradients } = evaluated(objective, parts, parameters, old, { key, renew });
  refuseRenewal(old, renewed());
  const { counts, weight } = measures(losses, parts);
  refusePenalties(losses.own !== undefined, adds, weight !== undefined);
  const w = adds || weight === undefined ? scalar(adds ? 1 : rows, dtype) : cast(weight, dtype);
  // A share without a weight is 0/0, and counts for nothing.
  const weighted = (x: Tensor): Tensor => {
    if (adds) return x;
    const times = mul(x, w);
    return weight === undefined ? times : where(greater(w, 0), times, scalar(0, dtype));
  };
  return portGraph(
    { parameters, buffers: old, controls: { key }, batch: parts },
    {
      gradients: mapEntries(gradients, weighted),
      loss: weighted(losses.loss),
      weight: w,
      counts: mapEntries(counts, (count) => cast(count, dtype)),
    },
  );
}

/** Running statistics follow from all examples of a batch, and so do the outputs. */
function refuseRenewal(old: ByName<Tensor>, next: ByName<Tensor>): void {
  const renewed = Object.keys(old).filter((name) => next[name] !== old[name]);
  if (renewed.length === 0) return;
  fail("unsupported", {
    message: "A batch cannot be shared out: a layer takes statistics of all its examples.",
    expected: "layers whose outputs follow from one example each",
    found: `${renewed.join(", ")}, which training renews`,
    fix: "Use layerNorm or groupNorm in the place of batch normalization, or train in one process.",
  });
}

function refusePenalties(penalized: boolean, adds: boolean, weighted: boolean): void {
  if (!penalized || !(adds || weighted)) return;
  fail("unsupported", {
    message:
      "A batch cannot be shared out: penalties count once a batch, and so does not this loss.",
    expected: "a loss that is a mean over the examples",
    found: `penalized layers, and a loss that is a ${adds ? "sum" : "weighted mean"}`,
    fix: "Use the optimizer's weightDecay in the place of penalties, or train in one process.",
  });
}

/** What stands where, for a graph of shares. */
export function sumsPlan({ ports }: ShareGraph): SumsPlan {
  let length = 0;
  const take = (size: number): number => {
    length += size;
    return length - size;
  };
  const gradients = mapEntries(ports.outputs.gradients, ({ size }) => ({
    start: take(size),
    size,
  }));
  const [loss, weight] = [take(1), take(1)];
  const counts = mapEntries(ports.outputs.counts, () => take(1));
  const stop = take(1);
  return { length, gradients, loss, weight, counts, stop };
}

/**
 * θ′ = update(θ, Σ w·∂E/∂θ / Σ w).
 *
 * @throws ChainruleError "unsupported" for an optimizer that looks at the loss.
 */
export function joinedStep(
  objective: Parametric,
  options: UpdateOptions & { readonly adds: boolean; readonly plan: SumsPlan },
): JoinedGraph {
  const { dtype, adds, plan } = options;
  const before = beforeUpdate(objective, options);
  const { parameters, slots } = before;
  const { learningRate, step } = before.controls;
  const sums = input("sums", [plan.length], dtype);
  const part = (start: number, size: number): Tensor =>
    slice(sums, { start: [start], end: [start + size] });
  const total = reshape(part(plan.weight, 1), []);
  const gradients = mapEntries(trained(objective, parameters), ({ shape }, name) => {
    const { start, size } = entryOf(plan.gradients, name);
    const sum = reshape(part(start, size), shape);
    return adds ? sum : div(sum, total);
  });
  const after = updateTogether(before, gradients);
  return portGraph(
    { parameters, slots, controls: { learningRate, step }, sums },
    {
      parameters: after.parameters,
      slots: after.slots,
      health: healthOf(before, after.parameters, []),
    },
  );
}
