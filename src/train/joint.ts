/**
 * Training on several processes: every batch is cut into pieces, each process takes the gradients of
 * its own, and all make the same update of the same sums. The state stays in the update's program.
 */
import type { Executable } from "../backends/backend.ts";
import type { ArrayTensor } from "../core/array-tensor.ts";
import { at, only } from "../core/at.ts";
import { type ByName, entryOf, mapEntries } from "../core/by-name.ts";
import type { TypedArray } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { seedKey } from "../core/random.ts";
import type { Dataset } from "../data/dataset.ts";
import { byRank, type Parallel, type Summed } from "../parallel/parallel.ts";
import { addTo } from "../parallel/tree.ts";
import { type Objective, supervised } from "../step/objective.ts";
import { inputsByName, outputsByName } from "../step/ports.ts";
import { shareStep, sumsPlan } from "../step/share.ts";
import { examplesOf } from "./batches.ts";
import { checkJoint, checkSharing, fixedPieces, rowRange } from "./joint-check.ts";
import { Shards } from "./joint-shards.ts";
import { arraysForRuns, type JointUpdate, Update } from "./joint-update.ts";
import type { Live } from "./resident.ts";
import type { StepResult } from "./single-step.ts";
import type { Trainer } from "./trainer.ts";
import type { TrainerOptions } from "./trainer-options.ts";

/** After so many steps the processes compare their states. */
const compareEvery = 100;

/** Inputs and targets of a batch, or of a piece of it. */
interface Rows {
  readonly inputs: ArrayTensor;
  readonly targets: ArrayTensor;
}

export class JointTraining implements Live {
  readonly parallel: Parallel;
  readonly #trainer: Trainer;
  readonly #objective: Objective;
  /** Whether sums are our own, in an order that no number of processes changes. */
  readonly #ordered: boolean;
  readonly #pieces: number;
  /** Who keeps the optimizer's memory of which parameters, where it is shared out. */
  readonly #shards: Shards | undefined;
  #adds = false;
  #update: JointUpdate | undefined;
  /** Sums of pieces that wait for those beside them. */
  readonly #waiting: Summed[] = [];
  /** Programs that have this step's parameters. */
  readonly #current = new Set<object>();
  #loaded = false;
  #newer = false;
  #signal: { readonly aborted: boolean } | undefined;
  #stopped = false;

  constructor(trainer: Trainer, parallel: Parallel, options: TrainerOptions) {
    checkJoint(parallel, options);
    const { deterministic: ordered = false, shard = false } = options;
    this.parallel = parallel;
    this.#trainer = trainer;
    this.#objective = supervised(trainer.model, trainer.loss);
    this.#ordered = ordered;
    this.#pieces = ordered ? fixedPieces : parallel.size;
    this.#shards = shard ? new Shards(trainer, parallel, ordered) : undefined;
  }

  /** Leaves of the optimizer's memory what this process keeps. */
  keepOwn(slots: Record<string, TypedArray>): void {
    this.#shards?.keepOwn(slots);
  }

  /** All of the optimizer's memory; where it is shared out, all processes ask for it together. */
  wholeSlots(slots: ByName<TypedArray>): ByName<TypedArray> {
    return this.#shards?.gathered(slots) ?? slots;
  }

  /** Whether another process writes and speaks for this one. */
  get follows(): boolean {
    return this.parallel.rank > 0;
  }

  /**
   * One update by all processes, each of which has the whole batch. Undefined where something was not
   * finite: nothing has changed then.
   */
  step(inputs: ArrayTensor, targets: ArrayTensor): StepResult | undefined {
    const trainer = this.#trainer;
    const batch = { inputs, targets };
    const update = (this.#update ??= this.#prepare(batch));
    this.#load(update);
    const { plan, sums } = update;
    this.#current.clear();
    const each = this.#pieces / this.parallel.size;
    const first = this.parallel.rank * each;
    this.#sum(batch, { from: first, to: first + each, into: sums, depth: 0 });
    sums[plan.stop] = this.#signal?.aborted ? 1 : 0;
    update.join(this.parallel, this.#ordered);
    this.#stopped ||= at(sums, plan.stop) > 0;
    const total = at(sums, plan.weight);
    const loss = at(sums, plan.loss) / (this.#adds ? 1 : total);
    update.control(trainer.learningRate, trainer.progress.steps);
    if (!update.run() || !Number.isFinite(loss)) {
      // The step is then repeated as one process does it, with all that belongs to it.
      this.settle();
      const { slots } = trainer.ownState();
      if (this.#shards) Object.assign(slots, this.#shards.gathered(slots));
      return undefined;
    }
    this.#newer = true;
    trainer.progress.steps++;
    if (trainer.progress.steps % compareEvery === 0) this.#compareStates(update);
    return {
      loss,
      weight: this.#adds ? at(inputs.shape, 0) : total,
      counts: mapEntries(plan.counts, (place) => at(sums, place)),
    };
  }

  /** The sum over some of the pieces, as a tree over all of them. */
  #sum(batch: Rows, { from, to, into, depth }: Stretch): void {
    if (to - from === 1) {
      this.#share(batch, from, into);
      return;
    }
    const middle = (from + to) / 2;
    this.#sum(batch, { from, to: middle, into, depth });
    const other = (this.#waiting[depth] ??= into.slice());
    this.#sum(batch, { from: middle, to, into: other, depth: depth + 1 });
    addTo(into, other);
  }

  /** What one piece of a batch adds. */
  #share(batch: Rows, piece: number, into: Summed): void {
    const rows = at(batch.inputs.shape, 0);
    const [from, to] = [piece, piece + 1].map((k) => Math.floor((k * rows) / this.#pieces));
    if (from === undefined || to === undefined || from === to) {
      into.fill(0);
      return;
    }
    const part = {
      inputs: rowRange(batch.inputs, from, to),
      targets: rowRange(batch.targets, from, to),
    };
    const share = this.#shareFor(part);
    const { plan } = this.#update ?? { plan: sumsPlan(share.graph) };
    const { places, memory } = share;
    if (!this.#current.has(share)) {
      this.#current.add(share);
      const { parameters, buffers } = this.#trainer.ownState();
      const now = this.#update?.parameters ?? parameters;
      for (const [name, k] of Object.entries(places.in.parameters)) {
        at(memory.inputs, k).set(entryOf(now, name));
      }
      for (const [name, k] of Object.entries(places.in.buffers)) {
        at(memory.inputs, k).set(entryOf(buffers, name));
      }
    }
    at(memory.inputs, entryOf(places.in.batch, "inputs")).set(part.inputs.data);
    at(memory.inputs, entryOf(places.in.batch, "targets")).set(part.targets.data);
    const key = at(memory.inputs, places.in.controls.key);
    // Each piece draws its own random numbers: what a process has to do with it does not count.
    key[0] = seedKey(this.#trainer.seed)[0];
    key[1] = (this.#trainer.progress.steps * this.#pieces + piece) | 0;
    const results = memory.run();
    for (const [name, k] of Object.entries(places.out.gradients)) {
      into.set(at(results, k), entryOf(plan.gradients, name).start);
    }
    into[plan.loss] = only(at(results, places.out.loss));
    into[plan.weight] = only(at(results, places.out.weight));
    for (const [name, k] of Object.entries(places.out.counts)) {
      into[entryOf(plan.counts, name)] = only(at(results, k));
    }
    into[plan.stop] = 0;
  }

  /** The program for pieces of so many rows. */
  #shareFor(part: Rows) {
    const { programs, dtype, backend } = this.#trainer;
    const types = { inputs: part.inputs, targets: part.targets };
    const make = () => {
      programs.compiling("step", types);
      const rows = at(part.inputs.shape, 0);
      const graph = shareStep(this.#objective, types, { dtype, adds: this.#adds, rows });
      return {
        graph,
        memory: arraysForRuns(backend.compile(graph) as Executable, graph),
        places: {
          in: inputsByName(graph, [...graph.inputs.keys()]),
          out: outputsByName(graph, [...graph.outputs.keys()]),
        },
      };
    };
    return programs.of("share", types, make, { holdsBuffers: true });
  }

  /** Before the first step: what can be shared out, and the update's program. */
  #prepare(batch: Rows): JointUpdate {
    const trainer = this.#trainer;
    this.#adds = trainer.tasks.adds(batch);
    const rows = Math.max(1, Math.floor(at(batch.inputs.shape, 0) / this.#pieces));
    const part = {
      inputs: rowRange(batch.inputs, 0, rows),
      targets: rowRange(batch.targets, 0, rows),
    };
    const plan = sumsPlan(this.#shareFor(part).graph);
    checkSharing(trainer, this.#objective, { ...batch, adds: this.#adds });
    const settings = { adds: this.#adds, plan };
    return this.#shards
      ? this.#shards.update(trainer, this.#objective, this.#shareFor(part).graph, settings)
      : new Update(trainer, this.#objective, settings);
  }

  #load(update: JointUpdate): void {
    this.#trainer.attach(this);
    if (this.#loaded) return;
    const state = this.#trainer.ownState();
    this.#shards?.keepOwn(state.slots);
    update.load(state);
    this.#loaded = true;
  }

  settle(): void {
    if (!this.#newer) return;
    this.#update?.save(this.#trainer.ownState());
    this.#newer = false;
  }

  forget(): void {
    this.#loaded = false;
    this.#newer = false;
  }

  /**
   * The signal as all processes see it: it comes with a step, or at the beginning of an epoch, to all
   * of them at the same time.
   */
  agreed(signal: { readonly aborted: boolean } | undefined): { readonly aborted: boolean } {
    this.#signal = signal;
    this.#stopped = false;
    const stopped = () => this.#stopped;
    return {
      get aborted() {
        return stopped();
      },
    };
  }

  /** Asks all processes whether one of them is to stop. */
  agree(): void {
    this.#stopped ||= byRank(this.parallel, this.#signal?.aborted ? 1 : 0).some((flag) => flag > 0);
  }

  /** Refuses to begin where the processes have not the same before them. */
  begin(data: Dataset, plan: readonly number[]): void {
    const { inputs, targets } = examplesOf(data);
    this.settle();
    const { parameters, slots } = this.#trainer.ownState();
    const { steps, epoch, position } = this.#trainer.progress;
    this.#compare("data", [hashOf([inputs.data, targets.data]), data.size]);
    this.#compare("plan", [...plan, epoch, position, steps]);
    this.#compareStates({ parameters, slots });
  }

  #compareStates({ parameters, slots }: Pick<JointUpdate, "parameters" | "slots">): void {
    // Of the optimizer's memory each has another part where it is shared out.
    const memory = this.#shards ? [] : Object.values(slots);
    this.#compare("state", [hashOf([...Object.values(parameters), ...memory])]);
  }

  #compare(what: string, numbers: readonly number[]): void {
    for (const number of numbers) {
      const all = byRank(this.parallel, number);
      const others = oddOnes([...all]);
      if (others.length === 0) continue;
      const { steps } = this.#trainer.progress;
      fail("process-lost", {
        message: `Process ${others.join(", ")} has another ${what} than the others.`,
        expected: `the same ${what} in all ${this.parallel.size} processes`,
        found: `a difference at step ${steps}`,
        fix: "Give every process the same program, file and data, and the same kind of machine.",
      });
    }
  }
}

/** @internal What `Parallel.join` is. */
export const joinTraining = (
  trainer: Trainer,
  parallel: Parallel,
  options: TrainerOptions,
): JointTraining => new JointTraining(trainer, parallel, options);

/** Some pieces, and where their sum goes. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly into: Summed;
  readonly depth: number;
}

/** Whose number is not that of most of them. */
function oddOnes(numbers: readonly number[]): number[] {
  const counts = new Map<number, number>();
  for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
  const [usual] = [...counts].reduce((most, one) => (one[1] > most[1] ? one : most));
  return numbers.flatMap((number, rank) => (number === usual ? [] : [rank]));
}

/** The bits of arrays as one number (FNV-1a over words of 32 bits). */
function hashOf(arrays: readonly TypedArray[]): number {
  let h = 0x811c9dc5;
  for (const data of arrays) {
    const { buffer, byteOffset, byteLength, BYTES_PER_ELEMENT: each } = data;
    const words = each === 1 ? data : new Uint32Array(buffer, byteOffset, byteLength >> 2);
    for (const word of words) h = Math.imul(h ^ word, 0x01000193);
  }
  return h >>> 0;
}
