/** Worker threads in Node and in pages, and when they are worth their while. */
import type { Program } from "../../compile/program.ts";
import { engine } from "../../core/engine.ts";
import { fail } from "../../core/errors.ts";
import { noteOnce } from "../../core/note.ts";
import { missingFlag } from "../../core/permission.ts";
import { threadsThatPay, usualThreads } from "../threads.ts";
import { features } from "./assembler/index.ts";
import { mostThreads, shared } from "./emit/threads.ts";
import { isTiny } from "./emit/unrolled.ts";

/** Workers that wait for commands in shared memory. */
interface Workers {
  /** Whether one of them is known to be dead. */
  readonly dead: boolean;
  close(): void;
}

export const lost = (): never =>
  fail("unsupported", {
    message: "A worker thread has died, or has not answered for a long time.",
    fix: "Train with threads: 1.",
  });

/** How many threads to train with: those asked for, or as many as the work can feed. */
export function threadsFor(program: Program, wanted?: number): number {
  if (loneReason() !== undefined) {
    if (wanted !== undefined && wanted > 1) noteOnce(alone);
    return 1;
  }
  if (isTiny(program.kernels)) return 1;
  if (wanted !== undefined) return Math.min(mostThreads, wanted);
  return threadsThatPay(program, processors());
}

/**
 * How many threads a large network is trained with here, where nothing else is said, and the reason
 * if only one can, as a sentence without its full stop. Where permission may be missing, a worker is
 * started to find out.
 */
export function threadsHere(): { readonly count: number; readonly why?: string } {
  const why = loneReason() ?? refusal();
  return why === undefined ? { count: usualThreads(processors()) } : { count: 1, why };
}

/** Why one thread has to do, whatever is permitted. */
function loneReason(): string | undefined {
  if (!features().threads) return "This engine has no memory that WebAssembly could share";
  return canBlock() ? undefined : "Several threads need Node 20.16 or newer, Deno or Bun";
}

/** The reason if workers are not permitted. */
function refusal(): string | undefined {
  try {
    if (hasModules(node)) nodeWorker(node, "", undefined);
    return undefined;
  } catch (error) {
    const flag = missingFlag(error);
    if (flag === undefined) throw error;
    return `${engine().name} permits no more: it was started without ${flag}`;
  }
}

const alone =
  "one thread trains: several need Node 20.16 or newer, Deno, Bun, or a worker of a page that is " +
  "cross-origin isolated.";

interface NodeModules {
  getBuiltinModule(name: string): unknown;
}
const node = (globalThis as { process?: Partial<NodeModules> }).process;
const hasModules = (process: Partial<NodeModules> | undefined): process is NodeModules =>
  process?.getBuiltinModule !== undefined;

/** A page's main thread may not wait, and pages share memory only if they are isolated. */
const canBlock = (): boolean =>
  hasModules(node) ||
  (typeof document === "undefined" &&
    (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated === true);

function processors(): number {
  const os = node?.getBuiltinModule?.("node:os") as { availableParallelism(): number } | undefined;
  return os?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
}

interface NodeWorker {
  on(event: "error" | "exit", then: () => void): void;
  unref(): void;
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
  const { worker } = new WebAssembly.Instance(module, imports).exports;
  try {
    worker();
  } catch (error) {
    // Who is sent home from the midst of a step leaves by a trap, which is nobody's concern.
    if (Atomics.load(new Int32Array(memory.buffer), ${shared.quit / 4}) === 0) throw error;
  }
}`;

export function startWorkers(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  count: number,
): Workers {
  const start = hasModules(node) ? startInNode(node) : startInPage;
  let dead = false;
  const died = () => {
    dead = true;
  };
  const ends: (() => void)[] = [];
  try {
    while (ends.length < count) ends.push(start({ module, memory }, died));
  } catch (error) {
    const flag = missingFlag(error);
    if (flag === undefined) throw error;
    const { name } = engine();
    noteOnce(`one thread trains: ${name} permits no more. With ${flag} there are several.`);
  }
  const words = new Int32Array(memory.buffer);
  return {
    get dead() {
      return dead;
    },
    close() {
      Atomics.store(words, shared.quit / 4, 1);
      Atomics.add(words, shared.command / 4, 1);
      // Those who wait at a barrier of a step that was given up are to look around, too.
      for (const at of [shared.command, shared.opened]) Atomics.notify(words, at / 4);
      for (const end of ends) end();
    },
  };
}

interface Start {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
}

/** Such a worker goes home by itself: Bun's terminate() would wait for it, and never end. */
const startInNode = (node: NodeModules) => (start: Start, died: () => void) => {
  nodeWorker(node, `(${life})(require("node:worker_threads").workerData)`, start, died);
  return () => {};
};

function nodeWorker(node: NodeModules, source: string, data: unknown, died = () => {}): void {
  const { Worker } = node.getBuiltinModule("node:worker_threads") as WorkerThreads;
  const worker = new Worker(source, { eval: true, workerData: data });
  // Errors that nobody listens to would end the program.
  worker.on("error", died);
  worker.on("exit", died);
  // A program that is done need not send its workers home.
  worker.unref();
}

function startInPage(start: Start, died: () => void): () => void {
  const source = `onmessage = ({ data }) => (${life})(data)`;
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url);
  worker.onerror = died;
  worker.postMessage(start);
  return () => {
    worker.terminate();
    URL.revokeObjectURL(url);
  };
}
