/** The epoch that a training is in: its next batch, its order, and its sums. */
import type { Later, Sums } from "../backends/backend.ts";
import { shuffledOrder } from "../data/split.ts";
import type { Batches } from "./batches.ts";
import { added } from "./counts.ts";
import type { StepResult } from "./single-step.ts";
import type { Trainer } from "./trainer.ts";

/** What does not change from epoch to epoch. */
interface CoursePlan {
  readonly examples: number;
  readonly batchSize: number;
  /** In an epoch; the last may be a smaller one. */
  readonly batches: number;
  readonly shuffle: boolean;
  /** Whether the loss of a batch is the sum of its examples'. */
  readonly adds: boolean;
  /** Closes epochs that were gone through as a whole, with these sums. */
  readonly complete: (epochs: readonly Sums[], lastLoss: number) => void;
}

/** What of a training its backend's loop needs to know. */
export class Course {
  readonly #trainer: Trainer;
  #batches: Batches;
  /** Of the epoch's examples the one with which the data at hand begin. */
  #offset = 0;
  readonly plan: CoursePlan;
  /** Of the epoch of that number. */
  #order: { readonly epoch: number; readonly rows: Int32Array } | undefined;

  constructor(trainer: Trainer, batches: Batches, plan: CoursePlan) {
    this.#trainer = trainer;
    this.#batches = batches;
    this.plan = plan;
  }

  /** The data at hand are others, which begin with this example of the epoch. */
  move(offset: number, batches: Batches): void {
    this.#offset = offset;
    this.#batches = batches;
  }

  /** The number of the next batch among those of the data at hand. */
  get batch(): number {
    return (this.#trainer.progress.position - this.#offset) / this.plan.batchSize;
  }

  /** The sums of the epoch up to here. */
  sums(): Sums {
    const { loss, position, weight = position, counts } = this.#trainer.progress;
    return { loss, weight, counts };
  }

  /** As many steps were taken as batches are given, with which the epoch's sums are these. */
  count(sums: Sums, batches: number): void {
    const { progress } = this.#trainer;
    const { batchSize, examples } = this.plan;
    progress.steps += batches;
    this.reach(sums, Math.min(batches * batchSize, examples - progress.position));
  }

  /** Whole epochs were trained on, with these sums; `lastLoss` is that of the very last batch. */
  pass(epochs: readonly Sums[], lastLoss: number): void {
    const { batches, complete } = this.plan;
    this.#trainer.progress.steps += epochs.length * batches;
    complete(epochs, lastLoss);
  }

  /** Trains on the next batch by itself and counts it; its loss. */
  single(): number {
    const { size, inputs, targets } = this.#next();
    return this.#counted(size, this.#trainer.stepOn(inputs, targets));
  }

  /** The same, but that others get their turn where it takes long. */
  singleInTurns(): Later<number> {
    const { size, inputs, targets } = this.#next();
    return this.#trainer.stepInTurns(inputs, targets, (result) => this.#counted(size, result));
  }

  /** The same by an asynchronous backend. */
  singleLater(): Promise<number> {
    const { size, inputs, targets } = this.#next();
    return this.#trainer.stepLater(inputs, targets, (result) => this.#counted(size, result));
  }

  #next() {
    const { epoch, position } = this.#trainer.progress;
    const { examples, batchSize } = this.plan;
    const size = Math.min(batchSize, examples - position);
    return { size, ...this.#batches.take(this.#orderOf(epoch), position - this.#offset, size) };
  }

  /** A backend with the loop inside draws its own: here it takes long where data are many. */
  #orderOf(epoch: number): Int32Array | undefined {
    if (!this.plan.shuffle) return undefined;
    if (this.#order?.epoch !== epoch) {
      this.#order = { epoch, rows: shuffledOrder(this.plan.examples, this.#trainer.seed, epoch) };
    }
    return this.#order.rows;
  }

  #counted(size: number, { loss, weight, counts }: StepResult): number {
    const { adds } = this.plan;
    const before = this.sums();
    const sums = {
      loss: before.loss + loss * (adds ? 1 : weight),
      weight: before.weight + (adds ? 1 : weight),
      counts: added(before.counts, counts),
    };
    this.reach(sums, size);
    return loss;
  }

  /** So many examples more were trained on, with which the epoch's sums are these. */
  reach({ loss, weight, counts }: Sums, examples: number): void {
    const { progress } = this.#trainer;
    progress.position += examples;
    progress.loss = loss;
    progress.weight = this.plan.adds || weight === progress.position ? undefined : weight;
    progress.counts = counts;
  }
}
