/** A scan as a loop of the program: a node for each step. */
import { leaves, rebuild, type Tree } from "../../../src/autodiff/tree.ts";
import type { Tensor } from "../../../src/core/tensor.ts";
import { stack } from "../../../src/ops/concatenate.ts";
import { scalar, zeros } from "../../../src/ops/leaf.ts";
import { sliceAt } from "../../../src/ops/move.ts";

/** What one step gives. */
export type Step<C extends Tree, X extends Tree, Y extends Tree> = (
  carry: C,
  slice: X,
  index: Tensor,
) => readonly [C, Y];

export function byHand<C extends Tree, X extends Tree, Y extends Tree>(
  step: Step<C, X, Y>,
  first: C,
  sequences: X,
  { reverse = false, length = leaves(sequences)[0]?.shape[0] ?? 0 } = {},
): [last: C, stacked: Y] {
  let carry = first;
  const rows: Y[] = [];
  for (let i = 0; i < length; i++) {
    const t = reverse ? length - 1 - i : i;
    const slice = rebuild(
      sequences,
      leaves(sequences).map((x) => sliceAt(x, 0, t)),
    );
    const [next, output] = step(carry, slice, scalar(t, "i32"));
    carry = next;
    rows[t] = output;
  }
  const [form] = rows;
  if (form === undefined) throw new Error("There is no step.");
  const all = rows.map((row) => leaves(row));
  const stacked = leaves(form).map((_, k) => stack(all.map((row) => row[k] ?? zeros([]))));
  return [carry, rebuild(form, stacked)];
}
