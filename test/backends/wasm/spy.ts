/** The worker threads that training starts, for tests that look at them or end them. */
import type { Worker } from "node:worker_threads";
import { mostThreads, shared } from "../../../src/backends/wasm/emit/threads.ts";

export interface Watched {
  readonly worker: Worker;
  readonly memory: WebAssembly.Memory;
  /** Resolved when the thread has ended. */
  readonly ended: Promise<void>;
}

type WorkerThreads = typeof import("node:worker_threads");
// The object that the library asks for, too, and not the copy that an import gives.
const threads = process.getBuiltinModule("node:worker_threads") as WorkerThreads;
const Original = threads.Worker;

/** Runs `work`, which gets a list of the workers started meanwhile. */
export async function watching<T>(work: (started: readonly Watched[]) => Promise<T>): Promise<T> {
  const started: Watched[] = [];
  Object.assign(threads, {
    Worker: class extends Original {
      constructor(...[source, options]: ConstructorParameters<typeof Original>) {
        super(source, options);
        const { memory } = (options as { workerData: { memory: WebAssembly.Memory } }).workerData;
        const ended = new Promise<void>((resolve) => this.once("exit", () => resolve()));
        started.push({ worker: this, memory, ended });
      }
    },
  });
  try {
    return await work(started);
  } finally {
    Object.assign(threads, { Worker: Original });
  }
}

const word = ({ memory }: Watched, at: number): number =>
  Atomics.load(new Int32Array(memory.buffer), at / 4);

/** Workers that wait for commands. */
export const ready = (w: Watched): number => word(w, shared.ready);
/** How many threads the present command was given to. */
export const team = (w: Watched): number => word(w, shared.command) & mostThreads;
