/** A loop of one step: a part of a graph that runs as a whole, or not at all. */
import type { Tensor } from "../../core/tensor.ts";
import { reshape } from "../../ops/move.ts";
import { leaves, rebuild, type Tree } from "../tree.ts";
import { looped, rowIndex, tracedStep } from "./trace.ts";

/** What the function gives; zeros where `when` is false. */
export function once<Y extends Tree>(
  what: string,
  f: () => Y,
  { when, recompute }: { readonly when?: Tensor; readonly recompute: boolean },
): Y {
  const index = rowIndex();
  const result = tracedStep(what, f);
  const outputs = leaves(result, `A function of ${what} returns tensors.`);
  const parts = { carries: [], slices: [], index, next: [], outputs, hoists: false };
  const rows = looped({
    ...parts,
    what: { length: 1, reverse: false, recompute },
    ...(when ? { when } : {}),
  })([], []);
  return rebuild(
    result,
    rows.map((row) => reshape(row, row.shape.slice(1))),
  );
}
