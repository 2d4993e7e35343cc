/** What is counted beside the loss. */
import { type ByName, mapEntries } from "../core/by-name.ts";
import { isFloat } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { formatShape } from "../core/shape.ts";
import { asTensor, type Tensor } from "../core/tensor.ts";
import type { Loss } from "../nn/losses.ts";
import { sum } from "../ops/broadcast.ts";
import { cast } from "../ops/cast.ts";
import { equal, greater } from "../ops/compare.ts";
import { reshape } from "../ops/move.ts";
import { argmax } from "../ops/reduce.ts";

/** Predicted and true class of each row, if outputs and loss are about classes. */
export function decisions(
  loss: Loss,
  output: Tensor,
  target: Tensor,
): { predicted: Tensor; actual: Tensor } | undefined {
  const width = output.shape[output.rank - 1] ?? 1;
  if (width > 1 && !isFloat(target.dtype)) return { predicted: argmax(output), actual: target };
  if (width > 1 && loss.classes) return { predicted: argmax(output), actual: argmax(target) };
  if (width !== 1 || loss.threshold === undefined) return undefined;
  const flat = (t: Tensor) => reshape(t, [t.size]);
  return {
    predicted: cast(flat(greater(output, loss.threshold)), "i32"),
    // Targets are 0 and 1 (or shares in between), or −1 and 1.
    actual: cast(flat(greater(cast(target, output.dtype), 0.5)), "i32"),
  };
}

/** Counts as tensors of shape [], which can be added up. */
export const scalarCounts = (counts: ByName<Tensor>): ByName<Tensor> =>
  mapEntries<Tensor, Tensor>(counts, (count, name) => {
    const { size, shape, dtype, rank } = asTensor(`The count "${name}"`, count);
    if (size !== 1) {
      fail("shape-mismatch", {
        message: `The count "${name}" is one number for a batch.`,
        expected: "a tensor of size 1",
        found: `shape ${formatShape(shape)}`,
        where: count.site.toString() || undefined,
        fix: "Add it up over the examples: .sum().",
      });
    }
    const number = dtype === "bool" ? cast(count, "i32") : count;
    return rank === 0 ? number : reshape(number, []);
  });

/** The number of rows whose class was predicted right. */
export function correctPredictions(loss: Loss, output: Tensor, target: Tensor): Tensor | undefined {
  const classes = decisions(loss, output, target);
  return classes && sum(cast(equal(classes.predicted, classes.actual), "i32"));
}
