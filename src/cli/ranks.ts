/** summary --ranks N: the memory of each of several processes that train together. */
import { compileProgram } from "../compile/index.ts";
import { bytesOf, type DType } from "../core/dtype.ts";
import type { Graph } from "../core/graph.ts";
import type { TensorType } from "../core/op.ts";
import { sizeOf } from "../core/shape.ts";
import type { Layer } from "../nn/layer.ts";
import type { Loss } from "../nn/losses.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { supervised } from "../step/objective.ts";
import { slotSpecs } from "../step/parameters.ts";
import { joinedStep, ownPlan, shareStep, sumsPlan, updatesMeet } from "../step/share.ts";
import { shardNames } from "../train/joint-shards.ts";

interface Trained {
  readonly model: Layer;
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  readonly dtype: DType;
}

/** Bytes of the process that needs most. */
interface RankMemory {
  /** Its program for the gradients of its examples: parameters, activations, gradients. */
  readonly gradients: number;
  /** The update's: parameters, sums of gradients, the optimizer's memory, and what becomes of them. */
  readonly update: number;
  /** The trainer's own copy of parameters and optimizer's memory. */
  readonly state: number;
  readonly total: number;
}

/** … where each has everything, and where the optimizer's memory is shared out. */
export interface MemoryOfRanks {
  readonly ranks: number;
  /** Examples of a batch that one takes. */
  readonly examples: number;
  readonly whole: RankMemory;
  readonly sharded: RankMemory;
  /** How many have an example of a batch at all. */
  readonly busy: number;
  /** How many have a parameter in their share: parameters are not divided. */
  readonly keeping: number;
}

const arena = (graph: Graph): number => compileProgram(graph).arena;

/** @throws ChainruleError "unsupported" for what cannot be shared out. */
export function memoryOfRanks(
  { model, loss, optimizer, dtype }: Trained,
  batch: { readonly inputs: TensorType; readonly targets: TensorType },
  ranks: number,
): MemoryOfRanks {
  const rows = Math.ceil((batch.inputs.shape[0] ?? 1) / ranks);
  const part = (t: TensorType): TensorType => ({ ...t, shape: [rows, ...t.shape.slice(1)] });
  const objective = supervised(model, loss);
  const types = { inputs: part(batch.inputs), targets: part(batch.targets) };
  const adds = loss.adds === true;
  const share = shareStep(objective, types, { dtype, adds, rows });
  const each = bytesOf(dtype);
  const parameters = Object.values(model.parameters).reduce((n, { shape }) => n + sizeOf(shape), 0);
  const slots = Object.values(slotSpecs(model, optimizer));
  const slotsOf = (own?: readonly string[]): number =>
    slots
      .filter(({ parameter }) => own === undefined || own.includes(parameter))
      .reduce((n, { shape }) => n + sizeOf(shape), 0);
  const of = (update: number, state: number): RankMemory => {
    const gradients = arena(share);
    return { gradients, update, state, total: gradients + update + state };
  };
  const settings = { optimizer, dtype, adds };
  const whole = of(
    arena(joinedStep(objective, { ...settings, plan: sumsPlan(share) })),
    each * (parameters + slotsOf()),
  );
  const names = shardNames({ model, optimizer, dtype }, ranks);
  const plan = sumsPlan(share, names.flat());
  const meet = updatesMeet(objective, settings);
  const sharded = names
    .filter((own) => own.length > 0)
    .map((own) => {
      const update = joinedStep(objective, {
        ...{ ...settings, own },
        plan: meet ? plan : ownPlan(plan, own),
      });
      // Beside its program each has the sums of all.
      return of(arena(update) + each * plan.length, each * (parameters + slotsOf(own)));
    })
    .reduce((most, one) => (one.total > most.total ? one : most), { ...whole, total: 0 });
  const busy = Math.min(batch.inputs.shape[0] ?? 1, ranks);
  const keeping = names.filter((own) => own.length > 0).length;
  return { ranks, examples: rows, whole, sharded, busy, keeping };
}
