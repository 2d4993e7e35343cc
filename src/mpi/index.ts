/** The entry "chainrule/mpi": training on many processes. */
// Many processes.

export type { MpiOptions } from "../parallel/node-mpi.ts";
export type { Parallel } from "../parallel/parallel.ts";
export { mpi } from "./mpi.ts";
