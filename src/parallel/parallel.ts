/** Processes that work together, as training sees them: numbers, and what passes between them. */

/** What can be added up over all processes. */
export type Summed = Float32Array | Float64Array;

/** What is sent as it is. */
export type Sent = Float32Array | Float64Array | Int32Array;

/**
 * The processes of one job. Every method but `abort` is called by all of them, in the same order: one
 * that is not there is waited for, up to a limit.
 */
export interface Parallel {
  /** This process's number, from 0. */
  readonly rank: number;
  /** How many there are. */
  readonly size: number;
  /** What carries the messages: "Open MPI v4.1.4". */
  readonly library: string;
  /** Σ over all processes, element by element, in place; the order of the sum is the library's. */
  allReduce(data: Summed): void;
  /** Sends to a partner and receives from it as many elements as the arrays have. */
  exchange(partner: number, sent: Sent, received: Sent): void;
  /** The first process's numbers, or those of `root`, for all. */
  broadcast(data: Sent, root?: number): void;
  /** Waits until all have come here. */
  barrier(): void;
  /** The end, for all at the same time; nothing can be sent after it. */
  close(): void;
  /** Ends all processes at once, with this exit code. */
  abort(code: number): void;
  /** @internal What trains a trainer with them: programs of one process do not carry it. */
  readonly join: (trainer: never, parallel: Parallel, options: never) => unknown;
}

/** One number of each process. */
export function byRank(parallel: Parallel, value: number): Float64Array {
  const all = new Float64Array(parallel.size);
  all[parallel.rank] = value;
  parallel.allReduce(all);
  return all;
}
