/**
 * A training step of several processes: each takes the gradients of its shares of the batch, the
 * sums of all go into one array, and the update reads that.
 */
import { type ByName, entryOf, mapEntries } from "../core/by-name.ts";
import type { DType } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { nodesOf } from "../core/graph.ts";
import type { TensorType } from "../core/op.ts";
import type { Tensor } from "../core/tensor.ts";
import { div, mul } from "../ops/arithmetic.ts";
import { broadcastTo } from "../ops/broadcast.ts";
import { cast } from "../ops/cast.ts";
import { greater, where } from "../ops/compare.ts";
import { input, scalar } from "../ops/leaf.ts";
import { reshape, slice } from "../ops/move.ts";
import type { Objective } from "./objective.ts";
import { bufferInputs, type Parametric, parameterInputs, slotSpecs } from "./parameters.ts";
import { batchInputs, controlInputs, evaluated, healthOf, measures, trained } from "./parts.ts";
import { type PortGraph, portGraph, type StepControls } from "./ports.ts";
import { renewalOf } from "./renewal.ts";
import type { UpdateOptions } from "./step.ts";
import { beforeUpdate, updateTogether } from "./update.ts";

/** What a share of a batch adds to the sums. */
export type ShareGraph = PortGraph<
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

/** What stands where, for a graph of shares; gradients in the order of these names, or as they come. */
export function sumsPlan(
  { ports }: ShareGraph,
  order: readonly string[] = Object.keys(ports.outputs.gradients),
): SumsPlan {
  let length = 0;
  const take = (size: number): number => {
    length += size;
    return length - size;
  };
  const gradients = Object.fromEntries(
    order.map((name) => {
      const { size } = entryOf(ports.outputs.gradients, name);
      return [name, { start: take(size), size }];
    }),
  );
  const [loss, weight] = [take(1), take(1)];
  const counts = mapEntries(ports.outputs.counts, () => take(1));
  const stop = take(1);
  return { length, gradients, loss, weight, counts, stop };
}

/** The plan of what one process updates: the gradients of these parameters, then the single numbers. */
export function ownPlan(plan: SumsPlan, names: readonly string[]): SumsPlan {
  const first = Math.min(...names.map((name) => entryOf(plan.gradients, name).start));
  const sizes = names.map((name) => entryOf(plan.gradients, name).size);
  const length = sizes.reduce((sum, size) => sum + size, 0);
  const shift = plan.loss - length;
  return {
    length: plan.length - shift,
    gradients: Object.fromEntries(
      names.map((name) => {
        const { start, size } = entryOf(plan.gradients, name);
        return [name, { start: start - first, size }];
      }),
    ),
    loss: plan.loss - shift,
    weight: plan.weight - shift,
    counts: mapEntries(plan.counts, (place) => place - shift),
    stop: plan.stop - shift,
  };
}

/** Whether the update of a parameter reads what belongs to another, as clipping by a norm does. */
export function updatesMeet(objective: Parametric, options: UpdateOptions): boolean {
  const before = beforeUpdate(objective, options);
  const gradients = mapEntries(trained(objective, before.parameters), ({ shape, dtype }, name) =>
    input(`the gradient of ${name}`, shape, dtype),
  );
  const after = updateTogether(before, gradients);
  const isOf = (slot: string, name: string): boolean => slot.startsWith(`${name}/`);
  return Object.keys(gradients).some((name) => {
    const results = [
      entryOf(after.parameters, name),
      ...Object.keys(after.slots).flatMap((slot) =>
        isOf(slot, name) ? [entryOf(after.slots, slot)] : [],
      ),
    ];
    const read = new Set(nodesOf(results));
    return Object.entries(gradients).some(
      ([other, gradient]) =>
        other !== name && (read.has(gradient) || read.has(entryOf(before.parameters, other))),
    );
  });
}

/**
 * θ′ = update(θ, Σ w·∂E/∂θ / Σ w); of all trained parameters, or of those that are named.
 *
 * @throws ChainruleError "unsupported" for an optimizer that looks at the loss.
 */
export function joinedStep(
  objective: Parametric,
  options: UpdateOptions & {
    readonly adds: boolean;
    readonly plan: SumsPlan;
    readonly own?: readonly string[];
  },
): JoinedGraph {
  const { dtype, adds, plan, own } = options;
  const before = beforeUpdate(objective, options);
  const { parameters, slots } = before;
  const { learningRate, step } = before.controls;
  const sums = input("sums", [plan.length], dtype);
  const part = (start: number, size: number): Tensor =>
    slice(sums, { start: [start], end: [start + size] });
  const total = reshape(part(plan.weight, 1), []);
  const gradients = mapEntries(trained(objective, parameters), ({ shape }, name) => {
    const place = plan.gradients[name];
    // What others update is not read.
    if (place === undefined) return broadcastTo(scalar(0, dtype), shape);
    const { start, size } = place;
    const sum = reshape(part(start, size), shape);
    return adds ? sum : div(sum, total);
  });
  const after = updateTogether(before, gradients);
  const specs = slotSpecs(objective, options.optimizer);
  const ofOwn = <T>(all: ByName<T>, parameterOf: (name: string) => string): ByName<T> =>
    own === undefined
      ? all
      : Object.fromEntries(Object.entries(all).filter(([name]) => own.includes(parameterOf(name))));
  const itself = (name: string): string => name;
  const ofSlot = (name: string): string => entryOf(specs, name).parameter;
  const subject = { parameters: ofOwn(objective.parameters, itself) };
  return portGraph(
    {
      parameters: ofOwn(parameters, itself),
      slots: ofOwn(slots, ofSlot),
      controls: { learningRate, step },
      sums,
    },
    {
      parameters: ofOwn(after.parameters, itself),
      slots: ofOwn(after.slots, ofSlot),
      health: healthOf({ subject, dtype }, after.parameters, []),
    },
  );
}
