/**
 * The optimizer's memory shared out: each process keeps that of some parameters, gets the sums of their
 * gradients alone, updates them, and all get the new values. Whole parameters are shared out, so that every rule
 * does for each what it does in one process.
 */
import type { Executable } from "../backends/backend.ts";
import { at, only } from "../core/at.ts";
import { type ByName, entryOf } from "../core/by-name.ts";
import { allocate, type DType, type TypedArray } from "../core/dtype.ts";
import { sizeOf } from "../core/shape.ts";
import type { Layer } from "../nn/layer.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { byRank, type Parallel, type Summed } from "../parallel/parallel.ts";
import { treeOrder, treeReduce, treeScatter } from "../parallel/tree.ts";
import type { Objective } from "../step/objective.ts";
import { slotSpecs, trainable } from "../step/parameters.ts";
import { inputsByName, outputsByName } from "../step/ports.ts";
import {
  joinedStep,
  ownPlan,
  type ShareGraph,
  type SumsPlan,
  sumsPlan,
  updatesMeet,
} from "../step/share.ts";
import { arraysForRuns, type JointUpdate } from "./joint-update.ts";
import type { Trainer } from "./trainer.ts";

/** What is shared out. */
interface Subject {
  readonly model: Layer;
  readonly optimizer: Optimizer;
  readonly dtype: DType;
}

/**
 * The names of the trained parameters that each of so many processes updates: the largest first, each goes to
 * the one that has the least so far. The same everywhere, since nothing but the model decides it.
 */
export function shardNames({ model, optimizer }: Subject, size: number): string[][] {
  const cost = new Map(
    trainable(model).map((name) => [name, sizeOf(entryOf(model.parameters, name).shape)]),
  );
  for (const { parameter, shape } of Object.values(slotSpecs(model, optimizer))) {
    cost.set(parameter, (cost.get(parameter) ?? 0) + sizeOf(shape));
  }
  const shards = Array.from({ length: size }, () => ({ names: [] as string[], total: 0 }));
  for (const [name, elements] of [...cost].sort(([, a], [, b]) => b - a)) {
    const least = shards.reduce((a, b) => (b.total < a.total ? b : a));
    least.names.push(name);
    least.total += elements;
  }
  return shards.map(({ names }) => names);
}

export class Shards {
  readonly #parallel: Parallel;
  readonly #ordered: boolean;
  readonly #names: readonly (readonly string[])[];
  /** Of each slot: whose it is, and how many elements it has. */
  readonly #slots: ByName<{ readonly rank: number; readonly size: number }>;
  readonly #dtype: DType;

  constructor(subject: Subject, parallel: Parallel, ordered: boolean) {
    this.#parallel = parallel;
    this.#ordered = ordered;
    this.#names = shardNames(subject, parallel.size);
    this.#dtype = subject.dtype;
    const { model, optimizer } = subject;
    this.#slots = Object.fromEntries(
      Object.entries(slotSpecs(model, optimizer)).map(([name, { parameter, shape }]) => [
        name,
        {
          rank: this.#names.findIndex((own) => own.includes(parameter)),
          size: sizeOf(shape),
        },
      ]),
    );
  }

  keepOwn(slots: Record<string, TypedArray>): void {
    for (const [name, { rank }] of Object.entries(this.#slots)) {
      if (rank !== this.#parallel.rank) slots[name] = allocate(this.#dtype, 0);
    }
  }

  /** All of it, from all: each process sends what is its own. */
  gathered(slots: ByName<TypedArray>): ByName<TypedArray> {
    return Object.fromEntries(
      Object.entries(this.#slots).map(([name, { rank, size }]) => {
        const own = rank === this.#parallel.rank;
        const data = own ? entryOf(slots, name) : allocate(this.#dtype, size);
        this.#parallel.broadcast(data as Summed, rank);
        return [name, data];
      }),
    );
  }

  update(
    trainer: Trainer,
    objective: Objective,
    share: ShareGraph,
    { adds }: { readonly adds: boolean },
  ): JointUpdate {
    const { size, rank } = this.#parallel;
    const order = this.#ordered ? treeOrder(size) : Array.from({ length: size }, (_, r) => r);
    const names = order.map((r) => at(this.#names, r));
    const plan = sumsPlan(share, names.flat());
    let end = 0;
    const ends = names.map((own) => {
      for (const name of own) end += entryOf(plan.gradients, name).size;
      return end;
    });
    return new ShardedUpdate(trainer, objective, {
      ...{ adds, plan, ends, parallel: this.#parallel, shards: this.#names },
      own: at(this.#names, rank),
      place: order.indexOf(rank),
    });
  }
}

interface ShardSettings {
  readonly adds: boolean;
  readonly plan: SumsPlan;
  readonly parallel: Parallel;
  /** The parameters that are updated here. */
  readonly own: readonly string[];
  /** Those that each process updates. */
  readonly shards: readonly (readonly string[])[];
  /** In the order of their parts, where these end in the sums, and one's own place there. */
  readonly ends: readonly number[];
  readonly place: number;
}

class ShardedUpdate implements JointUpdate {
  readonly plan: SumsPlan;
  readonly sums: Summed;
  /** The trainer's own, which are renewed at once: there is no other copy of all of them. */
  parameters: ByName<TypedArray>;
  readonly slots: ByName<TypedArray>;
  readonly #settings: ShardSettings;
  /** Whether each update reads the gradients of all. */
  readonly #meet: boolean;
  readonly #program: ReturnType<typeof programFor>;

  constructor(trainer: Trainer, objective: Objective, settings: ShardSettings) {
    const { plan, own } = settings;
    const { dtype, optimizer } = trainer;
    this.plan = plan;
    this.#settings = settings;
    this.sums = allocate(dtype, plan.length) as Summed;
    this.#meet = updatesMeet(objective, { optimizer, dtype });
    const part = this.#meet || own.length === 0 ? plan : ownPlan(plan, own);
    this.#program = programFor(trainer, objective, { ...settings, plan: part });
    this.slots = this.#program.inputs.slots;
    ({ parameters: this.parameters } = trainer.ownState());
  }

  join(parallel: Parallel, ordered: boolean): void {
    const { ends, plan } = this.#settings;
    if (!ordered) parallel.allReduce(this.sums);
    else if (this.#meet) treeReduce(parallel, this.sums);
    else {
      treeScatter(parallel, this.sums.subarray(0, plan.loss), ends);
      treeReduce(parallel, this.sums.subarray(plan.loss));
    }
  }

  control(learningRate: number, step: number): void {
    const { controls } = this.#program.inputs;
    controls.learningRate[0] = learningRate;
    controls.step[0] = step;
  }

  run(): boolean {
    const { parallel, shards, own, plan } = this.#settings;
    const { inputs, renewed, health, run } = this.#program;
    const [from, to] = this.#range(this.#settings.place);
    const sums = inputs.sums as Summed;
    if (sums.length === this.sums.length) sums.set(this.sums);
    else {
      sums.set(this.sums.subarray(from, to));
      sums.set(this.sums.subarray(plan.loss), to - from);
    }
    const results = run();
    // What is not finite in one of them ends the step in all.
    const bad = own.length > 0 && Number.isNaN(only(at(results, health)));
    if (byRank(parallel, bad ? 1 : 0).some((flag) => flag > 0)) return false;
    for (const [into, place] of renewed) into.set(at(results, place));
    for (const name of own) entryOf(this.parameters, name).set(entryOf(inputs.parameters, name));
    for (const [rank, names] of shards.entries()) {
      for (const name of names) {
        parallel.broadcast(entryOf(this.parameters, name) as Summed, rank);
      }
    }
    return true;
  }

  /** Where the part at a place stands in the sums. */
  #range(place: number): [number, number] {
    const { ends } = this.#settings;
    return [place === 0 ? 0 : at(ends, place - 1), at(ends, place)];
  }

  load(from: {
    readonly parameters: ByName<TypedArray>;
    readonly slots: ByName<TypedArray>;
  }): void {
    const { inputs } = this.#program;
    this.parameters = from.parameters;
    for (const [name, into] of Object.entries(inputs.parameters)) {
      into.set(entryOf(from.parameters, name));
    }
    for (const [name, into] of Object.entries(this.slots)) into.set(entryOf(from.slots, name));
  }

  save(to: { readonly slots: ByName<TypedArray> }): void {
    for (const [name, from] of Object.entries(this.slots)) entryOf(to.slots, name).set(from);
  }
}

/** The program that updates some of the parameters. */
function programFor(
  { optimizer, dtype, backend }: Trainer,
  objective: Objective,
  { adds, plan, own }: Pick<ShardSettings, "adds" | "plan" | "own">,
) {
  const graph = joinedStep(objective, { optimizer, dtype, adds, plan, own });
  const memory = arraysForRuns(backend.compile(graph) as Executable, graph);
  const inputs = inputsByName(graph, memory.inputs);
  const places = outputsByName(graph, [...graph.outputs.keys()]);
  const renewed = (["parameters", "slots"] as const).flatMap((part) =>
    Object.entries(places[part]).map(
      ([name, place]) => [entryOf(inputs[part], name), place] as const,
    ),
  );
  return { inputs, renewed, health: places.health, run: memory.run };
}
