/** train --mpi: the processes that mpirun has started, of which the first speaks and writes. */
import { fail } from "../core/errors.ts";
import type { Parallel } from "../parallel/parallel.ts";
import { timeToRead, timeToSpeak } from "../parallel/waits.ts";

/** The first process has said what happens to all of them, and ended the job, before another one speaks. */
const patience = timeToSpeak + timeToRead;

/** Options that one process alone can follow. */
const single = ["run", "findRate", "traceSteps", "threads"] as const;
/** What is written, which the first process does. */
const written = ["report", "plot", "csv", "tensorboard"] as const;

type Options = Readonly<
  Partial<Record<(typeof single)[number] | (typeof written)[number] | "mpi" | "shard", unknown>>
>;

/** The job, where one is asked for; refuses what does not go together with it. */
export async function processesFor(options: Options): Promise<Parallel | undefined> {
  if (!options.mpi) {
    if (!options.shard) return undefined;
    fail("usage", {
      message: "The optimizer's memory is shared out among processes, and there is one.",
      expected: "--shard together with --mpi",
      found: "--shard alone",
      where: "the command line",
      fix: "Leave --shard out, or train by mpirun -n 4 … --mpi --shard.",
    });
  }
  if (options.shard && options.report !== undefined) {
    fail("usage", {
      message: "A report looks at the optimizer's memory, which no process has as a whole.",
      expected: "--shard or --report",
      found: "both",
      where: "the command line",
      fix: "Leave --report out, or --shard.",
    });
  }
  const taken = single.find((name) => options[name] !== undefined);
  if (taken !== undefined) {
    const name = taken.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    fail("usage", {
      message: "Several processes do not do this together.",
      expected: `--mpi or --${name}`,
      found: "both",
      where: "the command line",
      fix: `Leave --${name} out, or --mpi.`,
    });
  }
  return (await import("../mpi/index.ts")).mpi();
}

/** Whether this is a process that another one speaks for. */
export const isFollower = (parallel: Parallel | undefined): boolean => (parallel?.rank ?? 0) > 0;

/** The options of a process that prints and writes nothing. */
export function quietly<T extends Options>(options: T): T {
  const left = { ...options, quiet: true, json: false };
  for (const name of written) delete left[name];
  return left;
}

/** The work of a process; what happens to all of them the first one says. */
export async function inCompany<T>(
  parallel: Parallel | undefined,
  work: () => Promise<T>,
): Promise<T> {
  try {
    const result = await work();
    parallel?.close();
    return result;
  } catch (error) {
    // Its end is everybody's.
    if (isFollower(parallel)) await new Promise((resolve) => setTimeout(resolve, patience));
    throw error;
  }
}
