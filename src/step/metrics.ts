/** What is counted beside the loss. */
import { type ByName, mapEntries } from "../core/by-name.ts";
import { isFloat } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { formatShape, sameShape } from "../core/shape.ts";
import { asTensor, type Tensor } from "../core/tensor.ts";
import { softmax } from "../nn/activations.ts";
import type { LossCall } from "../nn/calls.ts";
import type { Loss } from "../nn/losses.ts";
import { sub } from "../ops/arithmetic.ts";
import { sum } from "../ops/broadcast.ts";
import { cast } from "../ops/cast.ts";
import { equal, greater, logicalAnd, notEqual } from "../ops/compare.ts";
import { tensor } from "../ops/leaf.ts";
import { reshape, transpose } from "../ops/move.ts";
import { argmax } from "../ops/reduce.ts";

/** What was decided of each place that has a label: of each example, or step of a sequence. */
interface Decisions {
  readonly predicted: Tensor;
  readonly actual: Tensor;
  /** How many classes outputs tell apart. */
  readonly classes: number;
  /** The label of places that do not count. */
  readonly ignored?: number;
}

/** Whether whole numbers are one label for each place, not a list of them, or what a loss of its own makes of them. */
const areLabels = (output: Tensor, target: Tensor, axis: number): boolean =>
  sameShape(target.shape, output.shape.toSpliced(axis, 1));

/**
 * Predicted and true class of each row, if outputs and loss are about classes.
 *
 * @param calls the losses of the library that the loss called: what they said of these two counts
 */
export function decisions(
  loss: Loss,
  output: Tensor,
  target: Tensor,
  calls: readonly LossCall[] = [],
): Decisions | undefined {
  const call = calls.find((each) => each.output === output && each.target === target);
  const { axis = -1, ignoreIndex, alignment } = call?.facts ?? {};
  const classes = output.shape.at(axis) ?? 1;
  // Of labels without places nothing can be counted place by place.
  if (alignment === "none") return undefined;
  if (classes > 1 && !isFloat(target.dtype)) {
    if (!areLabels(output, target, axis)) return undefined;
    const ignored = ignoreIndex === undefined ? {} : { ignored: ignoreIndex };
    return { predicted: argmax(output, { axis }), actual: target, classes, ...ignored };
  }
  if (classes > 1 && loss.classes) {
    const [predicted, actual] = [output, target].map((t) => argmax(t, { axis })) as [
      Tensor,
      Tensor,
    ];
    return { predicted, actual, classes };
  }
  if (classes !== 1 || loss.threshold === undefined) return undefined;
  const flat = (t: Tensor) => reshape(t, [t.size]);
  return {
    predicted: cast(flat(greater(output, loss.threshold)), "i32"),
    // Targets are 0 and 1 (or shares in between), or −1 and 1.
    actual: cast(flat(greater(cast(target, output.dtype), 0.5)), "i32"),
    classes: 2,
  };
}

/**
 * Scores that rank places, [places, classes] or [places, 1]: what softmax makes of logits, which
 * places are compared by; of one output for each question, how far it is above the threshold. Of
 * `several` questions for each example the targets are 0 and 1 of the same shape.
 */
export function scoresOf(
  loss: Loss,
  output: Tensor,
  target: Tensor,
  calls: readonly LossCall[] = [],
): { readonly scores: Tensor; readonly several: boolean } | undefined {
  if (output.rank < 1) return undefined;
  const call = calls.find((each) => each.output === output && each.target === target);
  const { axis = -1, takes, applies } = call?.facts ?? {};
  const width = output.shape.at(axis) ?? 1;
  const isLabelled = isFloat(target.dtype)
    ? loss.classes === true
    : areLabels(output, target, axis);
  const byClass = width > 1 && isLabelled;
  if (byClass) {
    const from = axis < 0 ? output.rank + axis : axis;
    const others = output.shape.flatMap((_, k) => (k === from ? [] : [k]));
    const last = from === output.rank - 1 ? output : transpose(output, [...others, from]);
    const rows = reshape(last, [output.size / width, width]);
    const shares = takes === "logits" && applies?.normalizes === true;
    return { scores: shares ? softmax(rows) : rows, several: false };
  }
  if (loss.threshold === undefined) return undefined;
  const above = sub(output, loss.threshold);
  if (width === 1) return { scores: reshape(above, [output.size, 1]), several: false };
  const alike = isFloat(target.dtype) && sameShape(output.shape, target.shape);
  return alike
    ? { scores: reshape(above, [output.size / width, width]), several: true }
    : undefined;
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

/**
 * The number of rows whose class was predicted right, and where rows are not what has labels, how
 * many places have one.
 */
export function correctPredictions(
  loss: Loss,
  output: Tensor,
  target: Tensor,
  calls: readonly LossCall[],
): ByName<Tensor> {
  const decided = decisions(loss, output, target, calls);
  if (decided === undefined) return {};
  const { predicted, actual, ignored } = decided;
  const right = equal(predicted, actual);
  const number = (yes: Tensor) => sum(cast(yes, "i32"));
  if (ignored !== undefined) {
    const counted = notEqual(actual, ignored);
    return { correct: number(logicalAnd(right, counted)), labelled: number(counted) };
  }
  const correct = { correct: number(right) };
  if (actual.size === output.shape[0]) return correct;
  return { ...correct, labelled: tensor(actual.size, { dtype: "i32" }) };
}
