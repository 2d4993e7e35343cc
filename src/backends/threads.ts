/** How many threads are worth their while. */
import type { Program } from "../compile/program.ts";
import { sizeOf } from "../core/shape.ts";

/** Steps of less work than this many multiplications are done sooner than a barrier opens. */
const worthSharing = 2e6;

/** More threads than these are taken where they are asked for. */
export const usualThreads = (processors: number): number => Math.min(8, processors);

/** As many as the work can feed. */
export function threadsThatPay(program: Program, processors: number): number {
  const work = program.kernels.reduce(
    (sum, k) => sum + (k.loop === "reduce" ? sizeOf(k.extents) * sizeOf(k.over) : 0),
    0,
  );
  return work < worthSharing ? 1 : usualThreads(processors);
}
