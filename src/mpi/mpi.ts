/** Many processes over MPI, with what trains on them. */
import { jobOf, type MpiOptions } from "../parallel/node-mpi.ts";
import type { Parallel } from "../parallel/parallel.ts";
import { joinTraining } from "../train/joint.ts";

/**
 * The processes that `mpirun` has started with this one, for `trainer(model, { …, parallel })`. The
 * library (Open MPI, MPICH or one with MPICH's or the standard binary interface) is called through the
 * package koffi. A process has one such job; asked again, it is the same.
 *
 * When the process ends, the job does: in order where its exit code is 0, and for all processes at
 * once where it is not.
 *
 * @throws ChainruleError "unsupported" where the process was not started by a launcher of MPI, or
 *   library or koffi are missing.
 */
export async function mpi(options: MpiOptions = {}): Promise<Parallel> {
  return jobOf(options, joinTraining);
}
