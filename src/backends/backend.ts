import type { ArrayTensor } from "../core/array-tensor.ts";
import type { ByName } from "../core/by-name.ts";
import type { TypedArray } from "../core/dtype.ts";
import type { Graph } from "../core/graph.ts";
import type { StepGraph, StepState } from "../step/ports.ts";

/** A machine that graphs can be compiled for; it answers at once, or with promises. */
export type Backend = SynchronousBackend | AsynchronousBackend;

/** A backend in reach of a call: nothing has to be waited for. */
export interface SynchronousBackend {
  readonly name: string;
  readonly asynchronous?: false;
  compile(graph: Graph): Executable;
  /** A training step with the loop around it, where the backend has one. */
  session?(step: StepGraph, data: SessionData, options?: { readonly threads?: number }): Session;
  /** What may go on in a session's place, where there is something quicker that takes time to make. */
  successor?(
    step: StepGraph,
    data: SessionData,
    options?: { readonly threads?: number },
  ): Successor | undefined;
  /** A state is loaded that was trained on this backend: where there is a choice, it is kept to. */
  goesOn?(name: string): void;
}

/**
 * A backend that answers later: a graphics card, other machines. Its programs and sessions get one
 * task at a time, the next when the last is done, and nobody changes what they were given before
 * that.
 */
export interface AsynchronousBackend {
  readonly name: string;
  readonly asynchronous: true;
  compile(graph: Graph): Later<Promised<Executable>>;
  /** As above. */
  session?(
    step: StepGraph,
    data: SessionData,
    options?: { readonly threads?: number },
  ): Later<Promised<Session>>;
}

/** What is there, or a promise of it. */
export type Later<T> = T | Promise<T>;

/** The same methods, whose answers may come later. */
export type Promised<T> = {
  readonly [Name in keyof T]: T[Name] extends (...args: infer Args) => infer Answer
    ? (...args: Args) => Later<Answer>
    : T[Name];
};

/** What a session trains on. */
export interface SessionData {
  /**
   * The step's batch parts of all examples: row i of each belongs to example i. Real numbers may be
   * of another element type than the step's, to which they are rounded. Rows by which the elements
   * are fewer than the shape says come later, by `feed`.
   */
  readonly examples: ByName<ArrayTensor>;
  readonly batchSize: number;
  /** What the loss of a batch counts for in the sums, where the step does not say it. */
  readonly weight: number;
  readonly seed: number;
  /**
   * For the smaller last batch of an epoch, where the examples leave one: its step, which is traced
   * when it is asked for, and what its loss counts for.
   */
  readonly rest?: { readonly step: () => StepGraph; readonly weight: number };
}

/** Sums over batches: of their losses, weighted, and of what the step counts. */
export interface Sums {
  readonly loss: number;
  /** Of the weights. */
  readonly weight: number;
  /** By name, as the step's `counts`; what has not been counted yet may be absent. */
  readonly counts: ByName<number>;
}

/** A training loop over data that stay where the machine has them. */
export interface Session {
  /** Takes over the state, the step number and the learning rate. */
  load(state: StepState<TypedArray>, step: number, learningRate: number): void;
  /** Goes on with another learning rate. */
  setRate(learningRate: number): void;
  /** Copies the state back. */
  save(state: StepState<TypedArray>): void;
  /** Sets the order of the examples: the epoch's permutation, or as they stand. */
  arrange(epoch: number | undefined): void;
  /** Whether the smaller last batch of an epoch is one of its batches. */
  readonly takesRest?: boolean;
  /**
   * Trains on whole batches [from, to) of the present order and adds them to the sums one by one,
   * so that these do not depend on where a run was divided; undefined if a loss is not finite.
   */
  steps(from: number, to: number, sums: Sums): Sums | undefined;
  /**
   * Present where a step may take so long that others wait: into how many portions it is cut. `portion`
   * runs the i-th of a step on a batch, each in its turn; `finish` ends the step as `steps` does.
   */
  readonly portions?: number;
  portion?(batch: number, i: number): void;
  finish?(sums: Sums): Sums | undefined;
  /** The loss of the last batch. */
  lastLoss(): number;
  /** Trains on whole epochs, shuffled or not; fewer than asked for if a loss is not finite. */
  epochs(first: number, count: number, shuffle: boolean): Sums[];
  /** Whether the whole state is finite. */
  isFinite(): boolean;
  /** Takes over other examples, of the same shapes and kinds: all, or some from this row on. */
  feed(examples: ByName<ArrayTensor>, first?: number): void;
  /**
   * For batches with fewer rows, whose step is this one: `take` has the following steps be such. The rows
   * of a batch that are missing are those behind its last, and hold any numbers that a batch may hold.
   * Undefined where the session cannot do that. `take` of the session's own step goes back.
   */
  fewer?(step: StepGraph): { take(): void } | undefined;
  /** Sends worker threads home. */
  close(): void;
  /** Bytes of memory that it holds on to. */
  readonly bytes?: number;
}

/** A quicker session that is being made while another one runs. */
export interface Successor {
  /** Training has lasted for so many ms: the work begins once that is worth it. */
  lasts(time: number): void;
  /** Whether it is there, and to be taken. */
  readonly isReady: boolean;
  /**
   * The session, which has been seen to do what the running one does on a few of the batches that come
   * next; it has the data, but no state yet. Neither has the running one what it had. Undefined where
   * they do not agree.
   */
  take(running: Session, from: Standing): Session | undefined;
  /** Nobody wants it any more. */
  close(): void;
}

/** Where a training stands. */
export interface Standing {
  readonly state: StepState<TypedArray>;
  readonly step: number;
  readonly learningRate: number;
  /** The epoch that decides the order of the examples; undefined: they stay as they are. */
  readonly order: number | undefined;
  readonly examples: SessionData["examples"];
  /** Whole batches in an epoch. */
  readonly batches: number;
}

/** A run that is done bit by bit. */
export interface PortionedRun {
  /** Does the next portion; whether there is one behind it. */
  advance(): boolean;
  /** The outputs' values once the last is done: the caller's own. */
  results(): TypedArray[];
}

/** A compiled graph. */
export interface Executable {
  /**
   * Values of the graph's outputs for the given values of its inputs, both in the graph's order.
   * The arrays that come back are overwritten by the next run.
   */
  run(values: readonly TypedArray[]): TypedArray[];
  /**
   * Present where a run may take so long that others wait: the same in portions. Another run, or
   * another in portions, has the rest of it done first.
   */
  inPortions?(values: readonly TypedArray[]): PortionedRun;
  /**
   * Present where its memory is at hand: what a run reads, in the graph's order, and a run on what
   * stands there, which gives what `run` does.
   */
  readonly memory?: {
    readonly inputs: readonly TypedArray[];
    readonly run: () => readonly TypedArray[];
  };
  /**
   * The same program for another graph, which differs in nothing but that its batches have fewer rows:
   * its results have the bits of a program of its own. It does the work of all rows. Undefined where
   * that is not known. They share memory: the arrays that a run gave are overwritten by the other's.
   */
  fewer?(graph: Graph): Executable | undefined;
  /** Bytes of memory that it holds on to. */
  readonly bytes?: number;
}
