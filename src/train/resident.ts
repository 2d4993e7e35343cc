/**
 * Training by a backend that has the loop inside: data, parameters and the optimizer's memory stay
 * with the machine, and JavaScript is crossed once per report. The trainer fetches the state when
 * it is read ("settles"), at the end of each epoch, and now and then in long ones.
 */
import type { Later, Session, Sums } from "../backends/backend.ts";
import { fail } from "../core/errors.ts";
import { Pace } from "./pace.ts";
import type { Progress } from "./progress.ts";
import type { Trainer } from "./trainer.ts";

/** Time for which the loop may run before the event loop gets its turn, in ms. */
const budget = 20;
/** Time after which the state is fetched, so that little has to be repeated after a NaN. */
const settling = 2000;

/** What the loop needs to know of an epoch. */
export interface EpochPlan {
  /** Its number, which decides the order; undefined leaves the examples as they are. */
  readonly order: number | undefined;
  /** The sums of the epoch up to here. */
  readonly sums: () => Sums;
  /** As many steps were taken as batches are given, with which the epoch's sums are these. */
  readonly count: (sums: Sums, batches: number) => void;
  /** Trains on the next batch by itself and counts it; its loss. */
  readonly single: () => number;
  /** The same by an asynchronous backend. */
  readonly singleLater: () => Promise<number>;
}

const none = (): never =>
  fail("invalid-graph", {
    message: "A training loop runs before an epoch has begun: a fault of chainrule itself.",
  });

/** Before an epoch has begun. */
export const noPlan: EpochPlan = {
  order: undefined,
  sums: none,
  count: none,
  single: none,
  singleLater: none,
};

/** Training inside a backend, as `fit` sees it. */
export interface Loop {
  /** An epoch begins or goes on. */
  begin(plan: EpochPlan): Later<void>;
  /** Trains on at most `batches` of the next whole batches; the loss of the last. */
  steps(batches: number): Later<number>;
  /**
   * Trains on as many of the next `count` whole epochs as fit into the time for which nobody hears
   * of it; [] if not even one is known to (epochs by steps find out), or if it fails.
   */
  epochs(first: number, count: number, batches: number, shuffle: boolean): Later<Sums[]>;
  /** Gives the trainer the state that the machine has reached. */
  settle(): void;
  /** The trainer's state is changed by other means. */
  forget(): void;
  close(): Later<void>;
}

/** How far training had come. */
type Point = Pick<Progress, "steps" | "position" | "loss" | "weight" | "counts">;

const pointOf = ({ steps, position, loss, weight, counts }: Progress): Point => ({
  steps,
  position,
  loss,
  weight,
  counts,
});

export class Resident implements Loop {
  readonly #trainer: Trainer;
  readonly #session: Session;
  readonly #batchSize: number;
  readonly #pace = new Pace(budget);
  /** Whether the machine has the trainer's state, or a newer one. */
  #loaded = false;
  #newer = false;
  /** How far training had come, and when, in the trainer's own state: where a repetition begins. */
  #since: Point;
  #sinceTime = 0;
  #plan = noPlan;
  #rate = Number.NaN;

  constructor(trainer: Trainer, session: Session, batchSize: number) {
    this.#trainer = trainer;
    this.#session = session;
    this.#batchSize = batchSize;
    this.#since = pointOf(trainer.progress);
  }

  begin(plan: EpochPlan): void {
    this.settle();
    this.#session.arrange(plan.order);
    this.#plan = plan;
  }

  steps(batches: number): number {
    const { progress } = this.#trainer;
    const count = this.#pace.steps(batches);
    const first = progress.position / this.#batchSize;
    this.#load();
    if (!this.#newer) {
      this.#since = pointOf(progress);
      this.#sinceTime = performance.now();
    }
    const began = performance.now();
    const repeat = () => this.#repeat(progress.steps - this.#since.steps + count);
    let sums: Sums | undefined;
    try {
      sums = this.#session.steps(first, first + count, this.#plan.sums());
    } catch (error) {
      // If it is the data's fault, this throws at the step in question.
      repeat();
      throw error;
    }
    const now = performance.now();
    this.#pace.learn(now - began, count);
    this.#newer = true;
    if (sums === undefined) return repeat();
    this.#plan.count(sums, count);
    if (now - this.#sinceTime > settling) this.settle();
    return this.#session.lastLoss();
  }

  epochs(first: number, count: number, batches: number, shuffle: boolean): Sums[] {
    const fitting = this.#pace.epochs(count, batches);
    if (fitting === 0) return [];
    this.settle();
    this.#load();
    const began = performance.now();
    let done: Sums[] = [];
    try {
      done = this.#session.epochs(first, fitting, shuffle);
    } catch {
      // Step by step it will throw again, with the trainer as it was before that step.
    }
    this.#pace.learn(performance.now() - began, Math.max(1, done.length) * batches);
    if (done.length < fitting || !this.#session.isFinite()) {
      this.forget();
      return [];
    }
    this.#trainer.progress.steps += fitting * batches;
    this.#session.save(this.#trainer.ownState());
    return done;
  }

  settle(): void {
    if (!this.#newer) return;
    if (!this.#session.isFinite()) {
      this.#repeat(this.#trainer.progress.steps - this.#since.steps);
      return;
    }
    this.#newer = false;
    this.#session.save(this.#trainer.ownState());
  }

  forget(): void {
    this.#loaded = false;
    this.#newer = false;
  }

  close(): void {
    this.#session.close();
  }

  #load(): void {
    const { progress, learningRate } = this.#trainer;
    this.#trainer.attach(this);
    if (this.#loaded && learningRate === this.#rate) return;
    this.settle();
    this.#rate = learningRate;
    this.#session.load(this.#trainer.ownState(), progress.steps, learningRate);
    this.#loaded = true;
  }

  /**
   * Something went wrong: all steps since the trainer's own state once more, one by one with every
   * new parameter looked at. This ends in an error that says where the first bad number came
   * from, the trainer being as it was before that step; if not (rounding decided), it has trained
   * as it should. The loss of the last step.
   */
  #repeat(steps: number): number {
    this.forget();
    Object.assign(this.#trainer.progress, this.#since);
    let loss = Number.NaN;
    for (let i = 0; i < steps; i++) loss = this.#plan.single();
    return loss;
  }
}
