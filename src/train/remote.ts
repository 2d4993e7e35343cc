/**
 * Training by an asynchronous backend that has the loop inside. The trainer's own state is fetched
 * after each piece of work and changed at one moment, together with its progress: whatever happens
 * in between, the trainer is as it was before that piece.
 */
import { answer } from "../backends/asynchronous.ts";
import type { AsynchronousBackend, Promised, Session } from "../backends/backend.ts";
import { type ByName, mapEntries } from "../core/by-name.ts";
import type { TypedArray } from "../core/dtype.ts";
import type { StepState } from "../step/ports.ts";
import type { Examples } from "./batches.ts";
import type { Course } from "./course.ts";
import { Pace } from "./pace.ts";
import { type Loop, under } from "./resident.ts";
import { refill } from "./state.ts";
import type { Trainer } from "./trainer.ts";

/** Time that a piece of work may take, in ms: it decides how soon a signal is heard. */
const budget = 100;

/** The loop of an asynchronous session. */
export class Remote implements Loop {
  readonly #trainer: Trainer;
  readonly #backend: AsynchronousBackend;
  readonly #session: Promised<Session>;
  readonly #pace = new Pace(budget);
  /** Whether the machine has the trainer's state. */
  #loaded = false;
  #rate = Number.NaN;
  readonly kind: string;
  readonly takesRest = false;
  #course: Course | undefined;

  constructor(
    trainer: Trainer,
    backend: AsynchronousBackend,
    {
      session,
      kind,
      course,
    }: { readonly session: Promised<Session>; readonly kind: string; readonly course: Course },
  ) {
    this.#trainer = trainer;
    this.#backend = backend;
    this.#session = session;
    this.kind = kind;
    this.#course = course;
  }

  get bytes(): number {
    return this.#session.bytes ?? 0;
  }

  async enter(course: Course, examples: Examples): Promise<void> {
    this.forget();
    this.#course = course;
    await answer(this.#backend, () => this.#session.feed({ ...examples }));
  }

  leave(): void {
    this.#course = undefined;
  }

  async begin(order: number | undefined): Promise<void> {
    await answer(this.#backend, () => this.#session.arrange(order));
  }

  async steps(batches: number): Promise<number> {
    const course = under(this.#course);
    const count = this.#pace.steps(batches);
    const first = course.batch;
    const loss = await this.#piece(count, async (session) => {
      const sums = await session.steps(first, first + count, course.sums());
      if (sums === undefined) return undefined;
      const last = await session.lastLoss();
      return () => {
        course.count(sums, count);
        return last;
      };
    });
    if (loss !== undefined) return loss;
    // One by one, with every new parameter looked at: this says where the first bad number came from.
    let last = Number.NaN;
    for (let i = 0; i < count; i++) last = await course.singleLater();
    return last;
  }

  async epochs(first: number, most: number): Promise<number> {
    const course = under(this.#course);
    const { batches, shuffle } = course.plan;
    const fitting = this.#pace.epochs(most, batches);
    if (fitting === 0) return 0;
    const passed = await this.#piece(fitting * batches, async (session) => {
      const sums = await session.epochs(first, fitting, shuffle);
      if (sums.length < fitting) return undefined;
      const last = await session.lastLoss();
      return () => {
        course.pass(sums, last);
        return fitting;
      };
    });
    // Where something was not finite, steps find out where it came from.
    return passed ?? 0;
  }

  /** The trainer has had the state since the last piece ended. */
  settle(): void {}

  forget(): void {
    this.#loaded = false;
  }

  async close(): Promise<void> {
    await answer(this.#backend, () => this.#session.close());
  }

  /**
   * So many steps; `work` gives what ends them once the state is the trainer's, or undefined if
   * something was not finite: nothing has changed then.
   */
  #piece<T>(
    steps: number,
    work: (session: Promised<Session>) => Promise<(() => T) | undefined>,
  ): Promise<T | undefined> {
    const trainer = this.#trainer;
    const session = this.#session;
    trainer.attach(this);
    return trainer.renewing(async () => {
      const own = trainer.ownState();
      try {
        return await answer(this.#backend, async () => {
          await this.#load();
          const began = performance.now();
          const end = await work(session);
          this.#pace.learn(performance.now() - began, steps);
          if (end === undefined || !(await session.isFinite())) {
            this.forget();
            return undefined;
          }
          const fetched = copyOf(own);
          await session.save(fetched);
          refill(own, fetched);
          return end();
        });
      } catch (error) {
        this.forget();
        throw error;
      }
    });
  }

  async #load(): Promise<void> {
    const { progress, learningRate } = this.#trainer;
    if (this.#loaded && learningRate === this.#rate) return;
    await this.#session.load(this.#trainer.ownState(), progress.steps, learningRate);
    this.#rate = learningRate;
    this.#loaded = true;
  }
}

const copyOf = ({ parameters, buffers, slots }: StepState<TypedArray>): StepState<TypedArray> => {
  const copies = (part: ByName<TypedArray>) => mapEntries(part, (data) => data.slice());
  return { parameters: copies(parameters), buffers: copies(buffers), slots: copies(slots) };
};
