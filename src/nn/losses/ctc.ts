/** Connectionist temporal classification: labels of sequences, without the steps at which they stand. */

import { scan } from "../../autodiff/loops/scan.ts";
import { isFloat } from "../../core/dtype.ts";
import { fail } from "../../core/errors.ts";
import { formatShape } from "../../core/shape.ts";
import type { Tensor } from "../../core/tensor.ts";
import { add, div, maximum, mul, neg } from "../../ops/arithmetic.ts";
import { broadcastTo, sum } from "../../ops/broadcast.ts";
import { cast } from "../../ops/cast.ts";
import { equal, less, logicalAnd, notEqual, where } from "../../ops/compare.ts";
import { concatenate } from "../../ops/concatenate.ts";
import { gather } from "../../ops/indexing.ts";
import { full, range } from "../../ops/leaf.ts";
import { logAddExp } from "../../ops/logarithms.ts";
import { expandDims, reshape, sliceAt, stretch } from "../../ops/move.ts";
import { cumsum } from "../../ops/reduce.ts";
import { checkLengths, exchanged, type Lengths } from "../lengths.ts";
import { checkFlag } from "../normalization.ts";
import { type LossOptions, loss, setting } from "./definition.ts";

/** Options of connectionist temporal classification. */
interface CtcOptions extends LossOptions {
  /** The class that stands for no label. Default 0. */
  readonly blank?: number;
  /** How many steps of each sequence count. Default all. */
  readonly inputLengths?: Lengths;
  /** How many labels each sequence has. Default: up to its first negative one, or all. */
  readonly targetLengths?: Lengths;
  /** Whether a sequence too short for its labels costs 0 in the place of ∞. Default false. */
  readonly zeroInfinity?: boolean;
  /** Whether outputs are [batch, steps, classes], not [steps, batch, classes]. Default true. */
  readonly batchFirst?: boolean;
}

/** The logarithm of what cannot be: it takes part in sums without making a NaN of their slopes. */
const never = -1e30;

/**
 * E = mean over sequences of −ln p(labels)/labels, where p adds up all ways to write the labels with
 * blanks and repetitions over the steps (Graves et al. 2006). Outputs are log-probabilities [batch,
 * steps, classes], as logSoftmax makes them; targets whole numbers [batch, labels], where a negative
 * one ends the list. `reduction` "mean" (the default) divides the loss of each sequence by the number
 * of its labels (at least 1) first, as PyTorch does; `blank` is 0 by default. The slope is that of E
 * by the log-probabilities; PyTorch's own, e^o larger, is the same after logSoftmax.
 *
 * @throws ChainruleError "shape-mismatch" for outputs and targets that do not go together,
 *   "bad-dtype" for targets that are no whole numbers, "bad-argument" for a blank that is no class.
 */
export const ctc = /* @__PURE__ */ loss<CtcOptions>(
  { name: "ctc", takes: "logarithms", alignment: "none" },
  ["blank", "inputLengths", "targetLengths", "zeroInfinity", "batchFirst"],
  (given, target, options) => {
    const { blank = 0, zeroInfinity, batchFirst = true, reduction = "mean" } = options;
    checkFlag("ctc", "zeroInfinity", zeroInfinity);
    checkFlag("ctc", "batchFirst", batchFirst);
    checkParts(given, target, batchFirst);
    const output = batchFirst ? exchanged(given) : given;
    const [steps, batch, classes] = output.shape as readonly [number, number, number];
    const isClass = (n: number) => Number.isInteger(n) && n >= 0 && n < classes;
    setting("ctc", "blank", blank, [`a class from 0 to ${classes - 1}`, isClass]);
    const labels = cast(target, "i32");
    const most = labels.shape[1] ?? 0;
    const length =
      options.targetLengths === undefined
        ? sum(cast(unended(labels), "i32"), { axis: 1 })
        : checkLengths("ctc", options.targetLengths, { batch, steps: most });
    const inputs =
      options.inputLengths === undefined
        ? undefined
        : checkLengths("ctc", options.inputLengths, { batch, steps });
    const costs = neg(logLikelihood(output, labels, { length, inputs, blank }));
    const infinite = less(-never / 2, costs);
    const losses = where(infinite, zeroInfinity ? 0 : Number.POSITIVE_INFINITY, costs);
    return reduction === "mean" ? div(losses, cast(maximum(length, 1), losses.dtype)) : losses;
  },
);

/** Which labels come before the first negative one. */
const unended = (labels: Tensor): Tensor =>
  equal(cumsum(cast(less(labels, 0), "i32"), { axis: 1 }), 0);

interface Sizes {
  readonly length: Tensor;
  readonly inputs: Tensor | undefined;
  readonly blank: number;
}

/** ln p(labels) of each sequence, [batch], of log-probabilities [steps, batch, classes]. */
function logLikelihood(output: Tensor, labels: Tensor, { length, inputs, blank }: Sizes): Tensor {
  const [steps, batch] = output.shape as readonly [number, number, number];
  const most = labels.shape[1] ?? 0;
  // Blank, label, blank, label, … blank: the path is at one of these places at each step.
  const places = 2 * most + 1;
  const counted = less(expandDims(range(most), 0), expandDims(length, 1));
  const own = where(counted, labels, blank);
  const blanks = full([batch, most, 1], blank, "i32");
  const pairs = reshape(concatenate([blanks, expandDims(own, -1)], 2), [batch, 2 * most]);
  const path = concatenate([pairs, full([batch, 1], blank, "i32")], 1);
  const twoBefore = moved(path, 2, blank);
  // From a label straight to the next, unless both are the same.
  const leaps = logicalAnd(notEqual(path, blank), notEqual(path, twoBefore));
  const index = broadcastTo(expandDims(path, 0), [steps, batch, places]);
  const emitted = gather(output, index, { axis: 2 });
  const first = where(less(range(places), 2), sliceAt(emitted, 0, 0), never);
  const step = (before: Tensor, now: Tensor): Tensor => {
    const one = moved(before, 1, never);
    const two = where(leaps, moved(before, 2, never), never);
    return add(logAddExp(logAddExp(before, one), two), now);
  };
  const later = stretch(emitted, 0, 1, steps);
  const [last] =
    steps === 1
      ? [first]
      : inputs === undefined
        ? scan((c: Tensor, now: Tensor) => [step(c, now), undefined], first, later)
        : scan(
            (c: Tensor, x: { now: Tensor; real: Tensor }) => [
              where(x.real, step(c, x.now), c),
              undefined,
            ],
            first,
            { now: later, real: realSteps(inputs, steps) },
          );
  // It ends in the last label, or in the blank after it.
  const end = expandDims(mul(length, 2), 1);
  const at = (place: Tensor) => reshape(gather(last, place, { axis: 1 }), [batch]);
  const inLabel = where(equal(length, 0), never, at(maximum(add(end, -1), 0)));
  const found = logAddExp(at(end), inLabel);
  return inputs === undefined ? found : where(equal(inputs, 0), noStep(length, found), found);
}

/** Of no step, only no label can be made. */
const noStep = (length: Tensor, like: Tensor): Tensor =>
  where(equal(length, 0), mul(like, 0), never);

/** Rows moved to the right by some places. */
function moved(x: Tensor, by: number, filler: number): Tensor {
  const [batch = 0, places = 0] = x.shape;
  const before = full([batch, Math.min(by, places)], filler, x.dtype);
  return places <= by ? before : concatenate([before, stretch(x, 1, 0, places - by)], 1);
}

/** Which of the steps from the second on count: [steps − 1, batch, 1]. */
const realSteps = (lengths: Tensor, steps: number): Tensor =>
  less(
    reshape(add(range(steps - 1), 1), [steps - 1, 1, 1]),
    reshape(lengths, [1, lengths.size, 1]),
  );

function checkParts(output: Tensor, target: Tensor, batchFirst: boolean): void {
  const [batch, steps] = batchFirst ? output.shape : [output.shape[1], output.shape[0]];
  if (output.rank !== 3 || target.rank !== 2 || target.shape[0] !== batch || steps === 0) {
    fail("shape-mismatch", {
      message: "ctc takes log-probabilities for each step, and a list of labels for each sequence.",
      expected: batchFirst
        ? "outputs [batch, steps, classes] and targets [batch, labels]"
        : "outputs [steps, batch, classes] and targets [batch, labels]",
      found: `${formatShape(output.shape)} and ${formatShape(target.shape)}`,
    });
  }
  if (!isFloat(target.dtype)) return;
  fail("bad-dtype", {
    message: "ctc takes whole numbers as labels.",
    expected: "i32",
    found: target.dtype,
    fix: 'Convert them with .cast("i32").',
  });
}
