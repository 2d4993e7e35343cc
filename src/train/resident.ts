/**
 * Training by a backend that has the loop inside: data, parameters and the optimizer's memory stay
 * with the machine, and JavaScript is crossed once per report. The trainer fetches the state when
 * it is read ("settles"), at the end of each epoch, and now and then in long ones.
 */
import type { Later, Session, SessionData, Successor, Sums } from "../backends/backend.ts";
import { type Divided, isDivided, LongStep, portionwise } from "../backends/long-step.ts";
import { fail } from "../core/errors.ts";
import type { Examples } from "./batches.ts";
import type { Course } from "./course.ts";
import { Pace } from "./pace.ts";
import type { Progress } from "./progress.ts";
import type { Trainer } from "./trainer.ts";

/** Time for which the loop may run before the event loop gets its turn, in ms. */
const budget = 20;
/** Time after which the state is fetched, so that little has to be repeated after a NaN. */
const settling = 2000;

/** What has the trainer's state while it is trained. */
export interface Live {
  /** Gives the trainer the state that the machine has reached. */
  settle(): void;
  /** The trainer's state is changed by other means. */
  forget(): void;
}

/** Training inside a backend, as `fit` sees it. */
export interface Loop extends Live {
  /** What it was made for, in words: the number of examples, and the types of a batch. */
  readonly kind: string;
  /** Of memory that it holds on to. */
  readonly bytes: number;
  /** Whether the smaller last batch of an epoch is one of its own. */
  readonly takesRest: boolean;
  /** Another training begins, perhaps on other data. */
  enter(course: Course, examples: Examples): Promise<void> | undefined;
  /** It is over. */
  leave(): void;
  /** An epoch begins or goes on: its number decides the order; without, examples stay as they are. */
  begin(order: number | undefined): Later<void>;
  /** Trains on at most `batches` of the next batches; the loss of the last. */
  steps(batches: number): Later<number>;
  /**
   * Trains on as many of the next `most` whole epochs as fit into the time for which nobody hears of
   * it: how many. 0 if not even one is known to (epochs by steps find out), or if it fails.
   */
  epochs(first: number, most: number): Later<number>;
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

/** The training that is under way. */
export function under(course: Course | undefined): Course {
  if (course !== undefined) return course;
  return fail("invalid-graph", {
    message: "A training loop runs when its training is over: a fault of chainrule itself.",
  });
}

interface ResidentOptions {
  readonly kind: string;
  readonly course: Course;
  readonly successor?: Successor;
  /** The data, where there is a successor to be given them. */
  readonly examples?: SessionData["examples"];
}

export class Resident implements Loop {
  readonly #trainer: Trainer;
  #session: Session;
  readonly kind: string;
  #pace = new Pace(budget);
  /** Whether the machine has the trainer's state, or a newer one. */
  #loaded = false;
  #newer = false;
  /** How far training had come, and when, in the trainer's own state: where a repetition begins. */
  #since: Point;
  #sinceTime = 0;
  #course: Course | undefined;
  #rate = Number.NaN;
  /** When the last step was taken. */
  #now = 0;
  /** Time of a step, of which nothing is known before the first. */
  #each = Number.POSITIVE_INFINITY;
  /** The step that is under way in portions. */
  #open: LongStep<number> | undefined;

  /** What may go on in the session's place. */
  #successor: Successor | undefined;
  /** The data of the training that is under way, as long as there is somebody to succeed. */
  #examples: SessionData["examples"] | undefined;
  /** When that has begun. */
  #entered = performance.now();

  constructor(trainer: Trainer, session: Session, { kind, course, ...after }: ResidentOptions) {
    this.#trainer = trainer;
    this.#session = session;
    this.kind = kind;
    this.#course = course;
    this.#successor = after.successor;
    this.#examples = after.examples;
    this.#since = pointOf(trainer.progress);
  }

  get bytes(): number {
    return this.#session.bytes ?? 0;
  }

  get takesRest(): boolean {
    return this.#session.takesRest === true;
  }

  enter(course: Course, examples: Examples): undefined {
    this.forget();
    this.#course = course;
    this.#session.feed(examples);
    if (this.#successor) this.#examples = examples;
    this.#entered = performance.now();
  }

  leave(): void {
    this.#course = undefined;
    this.#examples = undefined;
  }

  begin(order: number | undefined): void {
    this.settle();
    this.#succeed(order);
    this.#session.arrange(order);
  }

  steps(batches: number): Later<number> {
    const session = this.#session;
    if (isDivided(session, this.#each)) return this.#inPortions(session);
    const course = under(this.#course);
    const count = this.#pace.steps(batches);
    const first = this.#begun();
    const began = performance.now();
    return this.#counted(count, () => {
      const sums = session.steps(first, first + count, course.sums());
      this.#learn(performance.now(), began, count);
      return sums;
    });
  }

  /** So many steps were taken from a moment to another, which is now. */
  #learn(now: number, began: number, count: number): void {
    this.#now = now;
    this.#successor?.lasts(now - this.#entered);
    this.#each = (now - began) / count;
    this.#pace.learn(now - began, count);
  }

  /** The machine is made ready for a step: the number of its batch. */
  #begun(): number {
    const { progress } = this.#trainer;
    this.#load();
    if (!this.#newer) {
      this.#since = pointOf(progress);
      this.#sinceTime = performance.now();
    }
    return under(this.#course).batch;
  }

  /** Counts steps that `take` takes, or repeats them if they have failed; the last one's loss. */
  #counted(count: number, take: () => Sums | undefined): number {
    const { progress } = this.#trainer;
    const repeat = () => this.#repeat(progress.steps - this.#since.steps + count);
    let sums: Sums | undefined;
    try {
      sums = take();
    } catch (error) {
      // If it is the data's fault, this throws at the step in question.
      repeat();
      throw error;
    }
    this.#newer = true;
    if (sums === undefined) return repeat();
    under(this.#course).count(sums, count);
    if (this.#now - this.#sinceTime > settling) this.settle();
    return this.#session.lastLoss();
  }

  /** One step, in which others get their turn. Should one of them want its result, it is ended at once. */
  #inPortions(session: Divided): Promise<number> {
    const step = new LongStep(portionwise(session, this.#begun()), (time, failure) => {
      this.#open = undefined;
      const now = performance.now();
      this.#learn(now, now - time, 1);
      return this.#counted(1, () => {
        if (failure !== undefined) throw failure.error;
        return session.finish(under(this.#course).sums());
      });
    });
    this.#open = step;
    return step.inTurns();
  }

  epochs(first: number, most: number): number {
    const course = under(this.#course);
    const { batches, shuffle } = course.plan;
    const fitting = isDivided(this.#session, this.#each) ? 0 : this.#pace.epochs(most, batches);
    if (fitting === 0) return 0;
    this.settle();
    // The smaller last batch may be no matter of what goes on: then an epoch takes another way.
    if (this.#succeed(shuffle ? first : undefined)) return 0;
    this.#load();
    const timed = this.#pace.asksFor(fitting * batches);
    const began = timed ? performance.now() : 0;
    let done: readonly Sums[] = [];
    try {
      done = this.#session.epochs(first, fitting, shuffle);
    } catch {
      // Step by step it will throw again, with the trainer as it was before that step.
    }
    if (timed) {
      const now = performance.now();
      this.#pace.learn(now - began, Math.max(1, done.length) * batches);
      this.#successor?.lasts(now - this.#entered);
    }
    if (done.length < fitting || !this.#session.isFinite()) {
      this.forget();
      return 0;
    }
    this.#session.save(this.#trainer.ownState());
    course.pass(done, this.#session.lastLoss());
    return fitting;
  }

  settle(): void {
    this.#open?.complete();
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

  /** What was made meanwhile goes on from the trainer's own state, if it is there by now: whether it does. */
  #succeed(order: number | undefined): boolean {
    const examples = this.#examples;
    if (!this.#successor?.isReady || examples === undefined) return false;
    const { progress, learningRate } = this.#trainer;
    const own = this.#successor.take(this.#session, {
      ...{ state: this.#trainer.ownState(), step: progress.steps, learningRate, order, examples },
      batches: under(this.#course).plan.batches,
    });
    // Both have tried some steps.
    this.forget();
    if (own === undefined) return false;
    this.#session.close();
    this.#session = own;
    this.#successor = undefined;
    this.#pace = new Pace(budget);
    this.#each = Number.POSITIVE_INFINITY;
    return true;
  }

  close(): void {
    this.#successor?.close();
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
    const course = under(this.#course);
    this.forget();
    Object.assign(this.#trainer.progress, this.#since);
    let loss = Number.NaN;
    for (let i = 0; i < steps; i++) loss = course.single();
    return loss;
  }
}
