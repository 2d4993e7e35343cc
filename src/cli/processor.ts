/** What computes here. */
import { availableParallelism, cpus } from "node:os";
import { missingFlag } from "../core/permission.ts";

/** Its model; "unknown" where Deno does not permit to ask, which the name is not worth. */
export function processor(): string {
  try {
    return cpus()[0]?.model ?? "unknown";
  } catch (error) {
    if (missingFlag(error) === undefined) throw error;
    return "unknown";
  }
}

/** How many of its cores may be used. */
export const cores = (): number => availableParallelism();
