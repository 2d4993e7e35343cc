/** Processes that train together, where there is one alone. */
import type { Parallel } from "../../src/parallel/parallel.ts";
import { joinTraining } from "../../src/train/joint.ts";

/** The only process of a job. */
export const alone = (): Parallel => ({
  rank: 0,
  size: 1,
  library: "none",
  allReduce() {},
  exchange() {},
  broadcast() {},
  barrier() {},
  close() {},
  abort() {},
  join: joinTraining,
});

/** The first of two processes, the other of which has this number where it has another. */
export const besideOther = (other: (own: number) => number): Parallel => ({
  ...alone(),
  size: 2,
  allReduce(data) {
    data[1] = other(data[0]!);
  },
});
