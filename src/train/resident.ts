/**
 * Training by a backend that has the loop inside: data, parameters and the optimizer's memory stay
 * with the machine, and JavaScript is crossed once per report. The trainer fetches the state when
 * somebody looks at it ("settles"), at the end of each epoch, and now and then in long ones.
 */
import type { Session, Sums } from "../backends/backend.ts";
import type { ArrayTensor } from "../core/array-tensor.ts";
import type { Trainer } from "./trainer.ts";

/** Time for which the loop may run before the event loop gets its turn, in ms. */
const budget = 20;
/** Time after which the state is fetched, so that little has to be repeated after a NaN. */
const settling = 2000;

/** A batch's worth of rows at some place in the present order. */
export type TakeBatch = (
  position: number,
  size: number,
) => { readonly inputs: ArrayTensor; readonly targets: ArrayTensor };

export class Resident {
  readonly #trainer: Trainer;
  readonly #session: Session;
  readonly #batchSize: number;
  /** Steps that fit into the budget, as far as is known. */
  #chunk = 1;
  /** Whether the machine has the trainer's state, or a newer one. */
  #loaded = false;
  #newer = false;
  /** Where in the epoch, and when, the trainer's state was the present one. */
  #since = { position: 0, steps: 0, time: 0 };
  #take: TakeBatch | undefined;
  #rate = Number.NaN;

  constructor(trainer: Trainer, session: Session, batchSize: number) {
    this.#trainer = trainer;
    this.#session = session;
    this.#batchSize = batchSize;
  }

  /** An epoch begins or goes on; its number decides the order, undefined leaves them as they are. */
  begin(epoch: number | undefined, take: TakeBatch): void {
    this.#session.arrange(epoch);
    this.#take = take;
  }

  /** Trains on at most `batches` whole batches from `position` on. */
  steps(position: number, batches: number): { readonly sums: Sums; readonly batches: number } {
    const count = Math.min(batches, this.#chunk);
    const first = position / this.#batchSize;
    this.#load(position);
    const began = performance.now();
    const sums = this.#session.steps(first, first + count);
    const now = performance.now();
    this.#learn(now - began, count);
    this.#newer = true;
    if (sums === undefined) return { sums: this.#repeat(count), batches: count };
    this.#trainer.progress.steps += count;
    if (now - this.#since.time > settling) this.settle();
    return { sums, batches: count };
  }

  /** Trains on as many of the next `count` whole epochs as fit into the budget; [] on NaN. */
  epochs(first: number, count: number, batches: number, shuffle: boolean): Sums[] {
    const fitting = Math.max(1, Math.min(count, Math.floor(this.#chunk / batches)));
    this.#load(0);
    const began = performance.now();
    const done = this.#session.epochs(first, fitting, shuffle);
    this.#learn(performance.now() - began, done.length * batches);
    if (done.length < fitting || !this.#session.isFinite()) {
      this.forget();
      return [];
    }
    this.#trainer.progress.steps += fitting * batches;
    this.#session.save(this.#trainer.ownState());
    return done;
  }

  /** Gives the trainer the state that the machine has reached. */
  settle(): void {
    if (!this.#newer) return;
    const { steps } = this.#trainer.progress;
    if (!this.#session.isFinite()) {
      this.#trainer.progress.steps = this.#since.steps;
      this.#repeatSteps(steps - this.#since.steps);
      return;
    }
    this.#newer = false;
    this.#session.save(this.#trainer.ownState());
    const done = (steps - this.#since.steps) * this.#batchSize;
    this.#since = { position: this.#since.position + done, steps, time: performance.now() };
  }

  /** The trainer's state is changed by other means. */
  forget(): void {
    this.#loaded = false;
    this.#newer = false;
  }

  close(): void {
    this.#session.close();
  }

  #load(position: number): void {
    const { progress, learningRate } = this.#trainer;
    if (this.#loaded && learningRate === this.#rate) return;
    this.settle();
    this.#rate = learningRate;
    this.#session.load(this.#trainer.ownState(), progress.steps, learningRate);
    this.#loaded = true;
    this.#since = { position, steps: progress.steps, time: performance.now() };
  }

  /** A chunk grows until it fills the budget, at most fourfold at a time. */
  #learn(time: number, steps: number): void {
    const fitting = Math.floor((budget * steps) / Math.max(time, 1e-3));
    this.#chunk = Math.max(1, Math.min(fitting, 4 * this.#chunk));
  }

  /**
   * A loss was not finite among the last `count` steps: all steps since the trainer's state once
   * more, one by one with every new parameter looked at. This ends in an error that says where the
   * first bad number came from; if not (rounding decided), it has trained as it should.
   */
  #repeat(count: number): Sums {
    const before = this.#trainer.progress.steps - this.#since.steps;
    this.#trainer.progress.steps = this.#since.steps;
    const results = this.#repeatSteps(before + count).slice(before);
    return results.reduce((a, b) => ({ loss: a.loss + b.loss, correct: a.correct + b.correct }));
  }

  #repeatSteps(count: number): Sums[] {
    const { position } = this.#since;
    this.forget();
    return Array.from({ length: count }, (_, i) => {
      const { inputs, targets } = this.#take!(position + i * this.#batchSize, this.#batchSize);
      const { loss, correct } = this.#trainer.stepOn(inputs, targets);
      return { loss, correct: correct ?? Number.NaN };
    });
  }
}
