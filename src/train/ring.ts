/**
 * Steps on batches of one kind that somebody gives one by one. The state stays with the machine until
 * it is read, and so do the last few batches: one that is given again is there already.
 */

import type { Session, Sums } from "../backends/backend.ts";
import { type Divided, isDivided, LongStep, portionwise } from "../backends/long-step.ts";
import type { ArrayTensor } from "../core/array-tensor.ts";
import { at } from "../core/at.ts";
import { allocate, bytesOf } from "../core/dtype.ts";
import type { TensorType } from "../core/op.ts";
import { sizeOf } from "../core/shape.ts";
import type { StepGraph } from "../step/ports.ts";
import type { Examples } from "./batches.ts";
import { isWorn, type Shared, use } from "./programs.ts";
import type { Live } from "./resident.ts";
import type { Trainer } from "./trainer.ts";

/** So many batches stay, if they take no more bytes; a larger one does by itself, up to a limit. */
const places = 16;
const mostBytes = 2 ** 24;
const largest = 2 ** 26;
/** The state is fetched after so many steps or ms, so that little has to be repeated after a NaN. */
const mostSteps = 1024;
const settling = 2000;

/** What a batch was given as: while these are the same objects, it is the same batch. */
export interface GivenBatch {
  readonly inputs: unknown;
  readonly targets: unknown;
  readonly size: unknown;
  readonly classes: unknown;
  /** The trainer's classes, which its labels were held to. */
  readonly trained: Trainer["classes"];
}

type BatchTypes = Readonly<Record<"inputs" | "targets", TensorType>>;

const none: Sums = { loss: 0, weight: 0, counts: {} };

/** How a batch with fewer rows is taken. */
type FewerRows = NonNullable<ReturnType<NonNullable<Session["fewer"]>>>;

/** A ring, and how batches are taken that are put into it. */
export interface RingFor extends Shared {
  readonly ring: Ring | undefined;
  readonly size?: FewerRows;
}

export class Ring implements Live, Shared {
  readonly #trainer: Trainer;
  readonly #session: Session;
  readonly #batches: Examples[] = [];
  /** How the batch of each place is taken, and how the last one was. */
  readonly #sizes: (RingFor | undefined)[] = [];
  #taken: FewerRows | undefined;
  readonly #whole: FewerRows | undefined;
  /** So many rows each place has. */
  readonly #rows: number;
  lately: object | undefined;
  spare = 0;
  readonly #known: (GivenBatch | undefined)[] = [];
  readonly #size: number;
  #next = 0;
  /** Whether the machine has the trainer's state, or a newer one, and which step is its next. */
  #loaded = false;
  #step = 0;
  #rate = Number.NaN;
  /** The steps since the state was fetched: on which batches, at which rates. */
  readonly #steps: number[] = [];
  readonly #rates: number[] = [];
  #since = 0;
  /** Time of the last step, in ms. */
  #each = Number.POSITIVE_INFINITY;
  #open: LongStep<number> | undefined;

  /** For batches of these types; undefined if they are too large, or the backend has no loop inside. */
  static for(trainer: Trainer, graph: StepGraph, types: BatchTypes, threads: number | undefined) {
    const { backend, seed } = trainer;
    if (backend.asynchronous || backend.session === undefined) return undefined;
    const { inputs, targets } = types;
    const rows = at(inputs.shape, 0);
    const bytesIn = (t: TensorType) => sizeOf(t.shape) * bytesOf(t.dtype);
    const bytes = bytesIn(inputs) + bytesIn(targets);
    if (bytes > largest) return undefined;
    const size = Math.max(1, Math.min(places, Math.floor(mostBytes / Math.max(1, bytes))));
    // The numbers come when they are given.
    const several = (t: TensorType) => ({
      ...t,
      shape: [size * rows, ...t.shape.slice(1)],
      data: allocate(t.dtype, 0),
    });
    const examples = { inputs: several(inputs), targets: several(targets) };
    const given = { examples, batchSize: rows, weight: 1, seed };
    const options = threads === undefined ? {} : { threads };
    const session = backend.session(graph, given, options);
    return new Ring(trainer, session, { size, rows, whole: session.fewer?.(graph) });
  }

  private constructor(
    trainer: Trainer,
    session: Session,
    of: { readonly size: number; readonly rows: number; readonly whole: FewerRows | undefined },
  ) {
    this.#trainer = trainer;
    this.#session = session;
    this.#size = of.size;
    this.#rows = of.rows;
    this.#whole = of.whole;
    this.#taken = of.whole;
  }

  get ring(): Ring {
    return this;
  }

  /** How batches with fewer rows, whose step this is, are put into it; undefined if they cannot be. */
  fewer(graph: StepGraph): FewerRows | undefined {
    return this.#whole && this.#session.fewer?.(graph);
  }

  /** The place of the batch that was given so, if it is still there. */
  find(is: (given: GivenBatch) => boolean): number | undefined {
    const place = this.#known.findIndex((given) => given !== undefined && is(given));
    if (place < 0) return undefined;
    const size = this.#sizes[place];
    // What is used for fewer rows for long is asked for once more.
    if (size && isWorn(this, size)) return undefined;
    use(this, size);
    return place;
  }

  /** Says what a batch was given as, if no other one has come into its place meanwhile. */
  know(place: number, batch: Examples, given: GivenBatch): void {
    if (this.#batches[place] === batch) this.#known[place] = given;
  }

  /** Keeps a batch, in the place of the one that has been there longest: the number of its place. */
  put(batch: Examples, made: RingFor): number {
    this.#open?.complete();
    const place = this.#next;
    this.#next = (place + 1) % this.#size;
    // A step that may have to be repeated needs its batch.
    if (this.#steps.includes(place)) this.settle();
    const size = made.size && made;
    const whole = size
      ? { inputs: this.#filled(batch.inputs), targets: this.#filled(batch.targets) }
      : batch;
    this.#session.feed({ ...whole }, place * this.#rows);
    this.#batches[place] = batch;
    this.#sizes[place] = size;
    this.#known[place] = undefined;
    return place;
  }

  /** With rows of zeros behind its own. */
  #filled({ dtype, shape, data }: ArrayTensor): ArrayTensor {
    const all = allocate(dtype, (data.length / at(shape, 0)) * this.#rows);
    all.set(data);
    return { dtype, shape: shape.with(0, this.#rows), data: all };
  }

  /** The session is made ready for a batch of that size. */
  #take(place: number): void {
    const size = this.#sizes[place]?.size ?? this.#whole;
    if (size !== this.#taken) size?.take();
    this.#taken = size;
  }

  /** A step on the batch of this place; its loss. */
  step(place: number): number {
    this.#load();
    this.#take(place);
    const began = performance.now();
    const loss = this.#counted(place, () => this.#session.steps(place, place + 1, none));
    const now = performance.now();
    this.#each = now - began;
    if (now - this.#since > settling) this.settle();
    return loss;
  }

  /** The same, but that others get their turn where it takes long. */
  async stepInTurns(place: number): Promise<number> {
    const session = this.#session;
    return isDivided(session, this.#each) ? this.#inPortions(session, place) : this.step(place);
  }

  #inPortions(session: Divided, place: number): Promise<number> {
    this.#load();
    this.#take(place);
    const step = new LongStep(portionwise(session, place), (time, failure) => {
      this.#open = undefined;
      this.#each = time;
      return this.#counted(place, () => {
        if (failure !== undefined) throw failure.error;
        return session.finish(none);
      });
    });
    this.#open = step;
    return step.inTurns();
  }

  settle(): void {
    this.#open?.complete();
    if (this.#steps.length === 0) return;
    this.#session.save(this.#trainer.ownState());
    this.#fetched();
  }

  forget(): void {
    // It belongs to the state that is given up, not to the one that comes.
    this.#open?.complete();
    this.#loaded = false;
    this.#fetched();
  }

  #fetched(): void {
    this.#steps.length = 0;
    this.#rates.length = 0;
  }

  /** The machine is made ready for a step. */
  #load(): void {
    this.#open?.complete();
    const trainer = this.#trainer;
    const { learningRate } = trainer;
    trainer.attach(this);
    if (this.#steps.length === mostSteps) this.settle();
    const { steps } = trainer.progress;
    if (!this.#loaded || steps !== this.#step) {
      this.settle();
      this.#session.load(trainer.ownState(), steps, learningRate);
      this.#loaded = true;
      this.#step = steps;
    } else if (!Object.is(learningRate, this.#rate)) this.#session.setRate(learningRate);
    this.#rate = learningRate;
    if (this.#steps.length === 0) this.#since = performance.now();
  }

  /** Counts a step that `take` takes, or repeats it with those before it where it has failed. */
  #counted(place: number, take: () => Sums | undefined): number {
    const trainer = this.#trainer;
    this.#steps.push(place);
    this.#rates.push(this.#rate);
    let sums: Sums | undefined;
    try {
      sums = take();
    } catch (error) {
      // If it is the data's fault, this throws at the step in question.
      this.#repeat();
      throw error;
    }
    if (sums === undefined) return this.#repeat();
    this.#step++;
    trainer.progress.steps++;
    return this.#session.lastLoss();
  }

  /**
   * Something went wrong: all steps since the trainer's own state once more, one by one. This ends in
   * an error that says where the first bad number came from, the trainer being as it was before that
   * step; if not (rounding decided), it has trained as it should. The loss of the last step.
   */
  #repeat(): number {
    const trainer = this.#trainer;
    const { learningRate } = trainer;
    const again = this.#steps.map((place, i) => ({
      batch: at(this.#batches, place),
      rate: at(this.#rates, i),
    }));
    this.forget();
    trainer.progress.steps -= again.length - 1;
    let loss = Number.NaN;
    try {
      for (const { batch, rate } of again) {
        trainer.learningRate = rate;
        ({ loss } = trainer.stepOn(batch.inputs, batch.targets));
      }
    } finally {
      trainer.learningRate = learningRate;
    }
    return loss;
  }
}
