/** Who has started this process, as its environment says. */
import { fstatSync } from "node:fs";
import { fail } from "../core/errors.ts";

/** Variables by which launchers number the processes of a job, with the library they belong to. */
const launchers = [
  { size: "OMPI_COMM_WORLD_SIZE", rank: "OMPI_COMM_WORLD_RANK", library: "Open MPI" },
  { size: "PMI_SIZE", rank: "PMI_RANK", library: "MPICH" },
  // srun says a number for jobs of one process, too.
  { size: "SLURM_STEP_NUM_TASKS", rank: "SLURM_PROCID", library: undefined },
] as const;

/** How many processes were started together, this one's number, and by which library if that is known. */
export interface Launch {
  readonly size: number;
  readonly rank: number;
  readonly library: "Open MPI" | "MPICH" | undefined;
}

/**
 * MPICH's launcher hands a connection over as an open file. Programs between, such as npx, do not pass it on,
 * and MPI would end the process with messages of its own.
 */
export function checkConnection(env: Readonly<Record<string, string | undefined>>): void {
  if (!env.PMI_FD || isSocket(Number(env.PMI_FD))) return;
  fail("unsupported", {
    message: "MPICH's launcher is not reached through the program that it has started.",
    expected: "Node, started by the launcher itself",
    found: "a program between, such as npx, that does not pass the connection on",
    fix: "Leave npx out: mpirun -n 4 node_modules/.bin/chainrule train FILE --mpi.",
  });
}

function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket();
  } catch {
    return false;
  }
}

/** Undefined where it was started by itself. */
export function launchOf(env: Readonly<Record<string, string | undefined>>): Launch | undefined {
  for (const { size, rank, library } of launchers) {
    const [n, r] = [Number(env[size] ?? ""), Number(env[rank] ?? "")];
    if (env[size] && Number.isSafeInteger(n) && n > 0) return { size: n, rank: r, library };
  }
  // Without a number of processes of its own: PMIx launchers that are none of these.
  return env.PMIX_RANK === undefined ? undefined : { size: 1, rank: 0, library: undefined };
}
