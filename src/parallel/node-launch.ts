/** Who has started this process, as its environment says. */

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

/** Undefined where it was started by itself. */
export function launchOf(env: Readonly<Record<string, string | undefined>>): Launch | undefined {
  for (const { size, rank, library } of launchers) {
    const [n, r] = [Number(env[size] ?? ""), Number(env[rank] ?? "")];
    if (env[size] && Number.isSafeInteger(n) && n > 0) return { size: n, rank: r, library };
  }
  // Without a number of processes of its own: PMIx launchers that are none of these.
  return env.PMIX_RANK === undefined ? undefined : { size: 1, rank: 0, library: undefined };
}
