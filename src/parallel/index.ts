/** The entry "chainrule/mpi": training on many processes. */
// Many processes.
export { type MpiOptions, mpi } from "./node-mpi.ts";
export type { Parallel } from "./parallel.ts";
