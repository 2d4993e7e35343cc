/** Worker threads in Node and in pages, and when they are worth their while. */
import type { Program } from "../../compile/program.ts";
import { fail } from "../../core/errors.ts";
import { sizeOf } from "../../core/shape.ts";
import { features } from "./assembler/index.ts";
import { mostThreads, shared } from "./emit/threads.ts";
import { isTiny } from "./emit/unrolled.ts";

/** Workers that wait for commands in shared memory. */
export interface Workers {
  /** Whether one of them is known to be dead. */
  readonly dead: boolean;
  close(): void;
}

export const lost = (): never =>
  fail("unsupported", {
    message: "A worker thread has died, or has not answered for a long time.",
    fix: "Train with threads: 1, and look for what ended the worker (memory, the system).",
  });

/** Steps of less work than this many multiplications are done sooner than a barrier opens. */
const worthSharing = 2e6;

/** How many threads to train with: those asked for, or as many as the work can feed. */
export function threadsFor(program: Program, wanted?: number): number {
  if (!features().threads || !canBlock() || isTiny(program.kernels)) return 1;
  if (wanted !== undefined) return Math.min(mostThreads, wanted);
  const work = program.kernels.reduce(
    (sum, k) => sum + (k.loop === "reduce" ? sizeOf(k.extents) * sizeOf(k.over) : 0),
    0,
  );
  return work < worthSharing ? 1 : Math.min(8, processors());
}

interface NodeModules {
  readonly getBuiltinModule?: (name: string) => unknown;
}
const node = (globalThis as { process?: NodeModules }).process;

/** A page's main thread may not wait, and pages share memory only if they are isolated. */
const canBlock = (): boolean =>
  node?.getBuiltinModule !== undefined ||
  (typeof document === "undefined" &&
    (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated === true);

function processors(): number {
  const os = node?.getBuiltinModule?.("node:os") as { availableParallelism(): number } | undefined;
  return os?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
}

interface NodeWorker {
  on(event: "error" | "exit", then: () => void): void;
  unref(): void;
  terminate(): unknown;
}
type WorkerThreads = {
  Worker: new (source: string, options: { eval: boolean; workerData: unknown }) => NodeWorker;
};

/** A worker has none of the library's code; what would call into it is left to the first thread. */
const life = `({ module, memory }) => {
  const imports = { env: { memory } };
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    if (kind === "function") (imports[from] ??= {})[name] = () => {};
  }
  new WebAssembly.Instance(module, imports).exports.worker();
}`;

export function startWorkers(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  count: number,
): Workers {
  const start = node?.getBuiltinModule ? startInNode : startInPage;
  let dead = false;
  const died = () => {
    dead = true;
  };
  const workers = Array.from({ length: count }, () => start({ module, memory }, died));
  const words = new Int32Array(memory.buffer);
  return {
    get dead() {
      return dead;
    },
    close() {
      Atomics.store(words, shared.quit / 4, 1);
      Atomics.add(words, shared.command / 4, 1);
      Atomics.notify(words, shared.command / 4);
      for (const worker of workers) worker.terminate();
    },
  };
}

interface Start {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
}

function startInNode(workerData: Start, died: () => void): { terminate(): unknown } {
  const { Worker } = node!.getBuiltinModule!("node:worker_threads") as WorkerThreads;
  const source = `(${life})(require("node:worker_threads").workerData)`;
  const worker = new Worker(source, { eval: true, workerData });
  // Errors that nobody listens to would end the program.
  worker.on("error", died);
  worker.on("exit", died);
  // A program that is done need not send its workers home.
  worker.unref();
  return worker;
}

function startInPage(start: Start, died: () => void): { terminate(): unknown } {
  const source = `onmessage = ({ data }) => (${life})(data)`;
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url);
  worker.onerror = died;
  worker.postMessage(start);
  return {
    terminate() {
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
}
