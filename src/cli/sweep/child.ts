/** A run of a sweep: `train` as a process of its own, which ends with the one that started it. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { at } from "../../core/at.ts";

/** How a process ended. */
interface ChildEnd {
  /** Undefined where a signal killed it. */
  readonly code: number | undefined;
  /** The last object that it printed. */
  readonly last: Record<string, unknown>;
  readonly errors: string;
}

/** What is kept of what a process has to say about its end. */
const mostErrors = 4000;

/** Children that run, to be ended together. */
export class Children {
  readonly #running = new Set<ChildProcess>();

  /** Runs `train` with these words; `onEpoch` is called for each epoch. */
  train(words: readonly string[], onEpoch: () => void): Promise<ChildEnd> {
    const all = [...process.execArgv, at(process.argv, 1), "train", ...words];
    // A group of its own: Ctrl-C reaches only us, and we end it in order.
    const child = spawn(process.execPath, [...all, "--json", "--with-parent"], {
      stdio: ["pipe", "pipe", "pipe"],
      detached: process.platform !== "win32",
      windowsHide: true,
    });
    this.#running.add(child);
    let last: Record<string, unknown> = {};
    let errors = "";
    child.stdin.on("error", () => {});
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors = (errors + text).slice(-mostErrors);
    });
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.startsWith('{"event":"epoch"')) onEpoch();
      else last = objectOf(line) ?? last;
    });
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => {
        this.#running.delete(child);
        resolve({ code: code ?? undefined, last, errors: errors.trim() });
      });
    });
  }

  /** Asks all of them to save and to stop. */
  end(): void {
    for (const child of this.#running) child.stdin?.end();
  }
}

function objectOf(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** Does the work on each item, so many at a time, in their order; no more once it is stopped. */
export async function inTurn<T>(
  items: readonly T[],
  atOnce: number,
  signal: AbortSignal,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < items.length && !signal.aborted) await work(at(items, next++));
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
}
