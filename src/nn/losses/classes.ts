/** Losses of outputs of which each example's largest names its class. */

import { isFloat } from "../../core/dtype.ts";
import { exp as power } from "../../core/elementary/scalar.ts";
import { fail } from "../../core/errors.ts";
import { isNumber } from "../../core/kinds.ts";
import { formatShape, sameShape, sizeOf } from "../../core/shape.ts";
import { asTensor, axisOf, type Tensor } from "../../core/tensor.ts";
import { shown } from "../../core/wording.ts";
import { add, div, mul, neg, square, sub } from "../../ops/arithmetic.ts";
import { sum } from "../../ops/broadcast.ts";
import { cast } from "../../ops/cast.ts";
import { equal, greater, where } from "../../ops/compare.ts";
import { gather, oneHot, take } from "../../ops/indexing.ts";
import { expandDims, squeeze, transpose } from "../../ops/move.ts";
import { exp, log, relu } from "../../ops/transcendental.ts";
import { logSoftmax } from "../activations.ts";
import type { AppliedActivation, LossFacts } from "../facts.ts";
import { checkFlag } from "../normalization.ts";
import {
  type Counted,
  classesOf,
  fromZero,
  type LossOptions,
  like,
  loss,
  setting,
  weightsOfClasses,
} from "./definition.ts";

/** softmax, of whose outputs differences decide. */
const softmaxInside: AppliedActivation = {
  name: "softmax",
  normalizes: true,
  probabilities: ([low, high], classes) => {
    const ofBest = (ahead: number) => 1 / (1 + (classes - 1) * power(-ahead));
    return [ofBest(low - high), ofBest(high - low)];
  },
};

/** x with its classes on the last axis. */
function classesLast(what: string, x: Tensor, axis = -1): Tensor {
  const from = axisOf(what, x, axis);
  if (from === x.rank - 1) return x;
  const others = x.shape.flatMap((_, k) => (k === from ? [] : [k]));
  return transpose(x, [...others, from]);
}

function checkLabels(output: Tensor, target: Tensor, what: string): void {
  for (const t of [output, target]) asTensor(what, t);
  if (sameShape(target.shape, output.shape.slice(0, -1)) && output.rank > 0) return;
  const { shape, rank } = output;
  const second = rank > 2 && sameShape(target.shape, [...shape.slice(0, 1), ...shape.slice(2)]);
  fail("shape-mismatch", {
    message: `${what} takes one class label for each row of outputs.`,
    expected: `labels of shape ${formatShape(output.shape.slice(0, -1))}`,
    found: formatShape(target.shape),
    ...(second &&
      what !== "multiMargin" && {
        fix: "If the classes are on axis 1 of the outputs, pass { axis: 1 }.",
      }),
  });
}

/** Options of losses over classes. */
interface ClassOptions extends LossOptions {
  /**
   * The weight of each class. "mean" divides by the weights of the labels that occur, so that in a
   * batch of one example (or of one class) they cancel and change nothing; "batchMean" divides by
   * the number of examples, and each example counts as much as its class weighs.
   */
  readonly classWeights?: readonly number[] | Tensor;
  /** The axis of the classes: outputs of PyTorch's shape [batch, classes, …] need 1. Default −1. */
  readonly axis?: number;
  /**
   * Places with this label have no part in the loss, nor in its mean, nor in the accuracy; if all
   * have it, a mean is NaN. PyTorch's default is −100. Default none.
   */
  readonly ignoreIndex?: number;
}
const classOptions = ["classWeights", "axis", "ignoreIndex"] as const;

/** The facts of a loss with these options. */
const told = (facts: LossFacts, { axis, ignoreIndex }: ClassOptions): LossFacts => ({
  ...facts,
  ...(axis === undefined ? {} : { axis }),
  ...(ignoreIndex === undefined ? {} : { ignoreIndex }),
});

/** E = Σ −w_y·log p_y/Σ w_y over the rows, log p being the outputs, y the label, w its weight. */
export const negativeLogLikelihood = /* @__PURE__ */ loss<ClassOptions>(
  {
    name: "negativeLogLikelihood",
    takes: "logarithms",
    forms: { logits: "crossEntropy" },
    places: true,
  },
  classOptions,
  (output, target, options) => {
    const logs = classesLast("negativeLogLikelihood", output, options.axis);
    return picked("negativeLogLikelihood", logs, target, options);
  },
  { classes: true, told },
);

/** −w_y·o_y of each row o, and w_y where it is not 1 everywhere. */
function picked(
  what: string,
  output: Tensor,
  target: Tensor,
  { classWeights, ignoreIndex }: ClassOptions,
): Counted {
  checkLabels(output, target, what);
  const { labels, ignored } = placesOf(what, target, ignoreIndex);
  const all = neg(squeeze(gather(output, expandDims(labels, -1), { axis: -1 }), -1));
  const costs = ignored === undefined ? all : where(ignored, 0, all);
  const weight =
    classWeights === undefined ? undefined : take(weightsOfClasses(classWeights, output), labels);
  const counts =
    ignored === undefined ? weight : where(ignored, 0, weight ?? where(ignored, costs, 1));
  const losses = weight === undefined ? costs : mul(costs, weight);
  return counts === undefined ? { losses } : { losses, counts };
}

/** Labels of which each is a place of the outputs, and which of them are to be ignored. */
function placesOf(
  what: string,
  target: Tensor,
  ignoreIndex: number | undefined,
): { readonly labels: Tensor; readonly ignored?: Tensor } {
  const labels = cast(target, "i32");
  if (ignoreIndex === undefined) return { labels };
  setting(what, "ignoreIndex", ignoreIndex, ["a whole number", Number.isSafeInteger]);
  const ignored = equal(labels, ignoreIndex);
  return { labels: where(ignored, 0, labels), ignored };
}

/** Options of the cross-entropy. */
interface CrossEntropyOptions extends ClassOptions {
  /** ε: the target becomes (1 − ε)·target + ε/classes (Szegedy et al. 2016). Default 0. */
  readonly labelSmoothing?: number;
}

/**
 * E = mean of −Σ_c w_c t_c log softmax(o)_c, o being logits with classes on the last axis, or on
 * `axis`. Targets are labels (whole numbers, one per row) or probabilities of the output's shape.
 * With labels and class weights, "mean" divides by the sum of the labels' weights, with
 * probabilities by the number of rows (both are PyTorch's conventions; Keras always divides by the
 * number of rows). Default `reduction`: "mean".
 *
 * @throws ChainruleError "bad-argument" for a `labelSmoothing` outside of 0 … 1, or an `ignoreIndex`
 *   with probabilities, "shape-mismatch" for targets that are neither.
 */
export const crossEntropy = /* @__PURE__ */ loss<CrossEntropyOptions>(
  {
    name: "crossEntropy",
    takes: "logits",
    applies: softmaxInside,
    forms: { logarithms: "negativeLogLikelihood" },
    targets: "distributions",
    places: true,
  },
  [...classOptions, "labelSmoothing"],
  (given, target, options) => {
    const { classWeights, ignoreIndex, axis, labelSmoothing = 0 } = options;
    if (!isNumber(labelSmoothing, (n) => n >= 0 && n <= 1)) {
      fail("bad-argument", {
        message: "labelSmoothing is the share of the target that is spread over all classes.",
        expected: "a number from 0 to 1",
        found: shown(labelSmoothing),
      });
    }
    const output = classesLast("crossEntropy", given, axis);
    const logs = logSoftmax(output);
    const share = labelSmoothing / classesOf(output);
    const weights = classWeights === undefined ? undefined : weightsOfClasses(classWeights, output);
    const overClasses = (t: Tensor) =>
      neg(sum(weights === undefined ? t : mul(t, weights), { axis: -1 }));
    if (isFloat(target.dtype)) {
      if (ignoreIndex !== undefined) noLabels(ignoreIndex);
      checkShares(given, output, target);
      const shares = classesLast("crossEntropy", like(given, target, "crossEntropy"), axis);
      return overClasses(mul(add(mul(shares, 1 - labelSmoothing), share), logs));
    }
    const own = weights === undefined ? options : { ...options, classWeights: weights };
    // Reading at the label, also with smoothing, finds labels that are outside.
    const { losses: hard, ...counts } = picked("crossEntropy", logs, target, own);
    if (labelSmoothing === 0) return { losses: hard, ...counts };
    const all = add(mul(hard, 1 - labelSmoothing), mul(overClasses(logs), share));
    const { ignored } = placesOf("crossEntropy", target, ignoreIndex);
    return { losses: ignored === undefined ? all : where(ignored, 0, all), ...counts };
  },
  { classes: true, told },
);

/**
 * One real number for each row of outputs was meant as a label. A trainer's data may have had them as
 * i32: of several axes these are labels together with `classes` alone.
 */
function checkShares(given: Tensor, output: Tensor, target: Tensor): void {
  const rows = output.shape.slice(0, -1);
  const shares = classesOf(output) < 2 || target.size !== sizeOf(rows);
  if (shares || sameShape(target.shape, given.shape)) return;
  fail("shape-mismatch", {
    message: "crossEntropy takes whole numbers for labels, and real numbers for probabilities.",
    expected: `labels, i32 of shape ${formatShape(rows)}, or probabilities of shape ${formatShape(given.shape)}`,
    found: `${target.dtype} of shape ${formatShape(target.shape)}`,
    fix:
      target.rank < 2
        ? "Say that the targets are labels: name the `classes` of the data, or cast them to i32."
        : rows.length === 1
          ? "Give labels as a list, with their `classes`, not as rows of one number: targets.squeeze(-1)."
          : "Give labels of places as an i32 tensor, to a trainer together with `classes`: without them they are real numbers.",
  });
}

function noLabels(ignoreIndex: number): never {
  return fail("bad-argument", {
    message: "Targets that are probabilities have no label that could be ignored.",
    expected: "labels, or no ignoreIndex",
    found: `probabilities and ignoreIndex ${shown(ignoreIndex)}`,
    fix: "Leave out ignoreIndex; weights of 0 leave out single rows. Labels of places are an i32 tensor, with `classes`.",
  });
}

/**
 * E = mean over all elements of t(ln t − o) for log-probabilities o; 0·ln 0 counts as 0. With
 * `logTarget` (default false) targets are logarithms, too: e^t(t − o). The mean over rows, which is
 * the divergence, is `reduction: "batchMean"`.
 */
export const klDivergence = /* @__PURE__ */ loss<LossOptions & { readonly logTarget?: boolean }>(
  { name: "klDivergence", takes: "logarithms", targets: "distributions" },
  ["logTarget"],
  (output, target, { logTarget }) => {
    checkFlag("klDivergence", "logTarget", logTarget);
    const t = like(output, target, "klDivergence");
    if (logTarget) return mul(exp(t), sub(t, output));
    const logs = log(where(greater(t, 0), t, 1));
    return mul(t, sub(logs, output));
  },
  {
    classes: true,
    told: ({ targets, ...facts }, { logTarget }) =>
      logTarget || !targets ? facts : { ...facts, targets },
  },
);

/** Options of the margin between classes. */
interface MultiMarginOptions extends LossOptions {
  /** How far the right output is to be ahead, ≥ 0. Default 1. */
  readonly margin?: number;
  /** The power of what is missing, 1 or 2. Default 1. */
  readonly p?: number;
  /** The weight of each class; "mean" divides by the number of rows, as PyTorch does. */
  readonly classWeights?: readonly number[] | Tensor;
}

/**
 * E = mean over rows of w_y·Σ_{c≠y} max(0, margin − o_y + o_c)^p/classes for the label y; default
 * `margin` and `p` 1.
 */
export const multiMargin = /* @__PURE__ */ loss<MultiMarginOptions>(
  { name: "multiMargin", places: true },
  ["margin", "p", "classWeights"],
  (output, target, { margin = 1, p = 1, classWeights }) => {
    checkLabels(output, target, "multiMargin");
    setting("multiMargin", "margin", margin, fromZero);
    setting("multiMargin", "p", p, ["1 or 2", (n) => n === 1 || n === 2]);
    const labels = cast(target, "i32");
    const own = gather(output, expandDims(labels, -1), { axis: -1 });
    const classes = classesOf(output);
    const itself = oneHot(labels, classes, "bool");
    const missing = where(itself, 0, relu(add(sub(output, own), margin)));
    const costs = div(sum(p === 2 ? square(missing) : missing, { axis: -1 }), classes);
    if (classWeights === undefined) return costs;
    return mul(costs, take(weightsOfClasses(classWeights, output), labels));
  },
  { classes: true },
);
