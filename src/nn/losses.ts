/** Losses E(output, target): one number. Rows are examples; the last axis is classes or outputs. */

import { at } from "../core/at.ts";
import { isFloat } from "../core/dtype.ts";
import { exp } from "../core/elementary/scalar.ts";
import { fail } from "../core/errors.ts";
import { isNumber } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { formatShape, sameShape } from "../core/shape.ts";
import { asTensor, Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { abs, add, div, mul, neg, square, sub } from "../ops/arithmetic.ts";
import { sum } from "../ops/broadcast.ts";
import { cast } from "../ops/cast.ts";
import { greater, lessEqual, where } from "../ops/compare.ts";
import { crossEntropyOfBits } from "../ops/entropy.ts";
import { gather, oneHot, take } from "../ops/indexing.ts";
import { tensor } from "../ops/leaf.ts";
import { expandDims, squeeze } from "../ops/move.ts";
import { mean } from "../ops/reduce.ts";
import { log, relu, softplus } from "../ops/transcendental.ts";
import { logSoftmax } from "./activations.ts";
import { recordLoss } from "./calls.ts";
import type { AppliedActivation, LossFacts } from "./facts.ts";

/**
 * How the losses of all elements become one number: their mean, their sum, their sum per example
 * averaged over the examples, or not at all.
 */
export type Reduction = "mean" | "sum" | "batchMean" | "none";

/** What every loss takes. `reduction` defaults to the usual one of the loss, given there. */
export interface LossOptions {
  /** How the losses of a batch become one number. Default "mean". */
  readonly reduction?: Reduction;
}

/** What a trainer minimizes, and what an output then means. */
export interface Loss {
  (output: Tensor, target: Tensor): Tensor;
  /** Outputs above it count as "yes" in a yes-no question. */
  readonly threshold?: number;
  /** The largest output names the class. */
  readonly classes?: boolean;
  /** The loss of a batch is the sum of its examples' losses, not their mean. */
  readonly adds?: boolean;
  /**
   * What is counted beside the loss, by name: of a batch one number each, such as how many outputs
   * are near their target. Reports of `fit` and `evaluate` have the sums over all examples under
   * `counts`.
   */
  counts?(output: Tensor, target: Tensor): Readonly<Record<string, Tensor>>;
  /**
   * What outputs and targets are to be, for remarks and errors before training. Where a loss does
   * not say it, the losses of the library that it calls do.
   */
  readonly facts?: LossFacts;
}

function reduce(losses: Tensor, reduction: Reduction): Tensor {
  switch (reduction) {
    case "mean":
      return mean(losses);
    case "sum":
      return sum(losses);
    case "batchMean":
      return div(sum(losses), losses.shape[0] ?? 1);
    case "none":
      return losses;
    default:
      return fail("bad-argument", {
        message: "There is no such reduction.",
        expected: "mean, sum, batchMean or none",
        found: shown(reduction),
      });
  }
}

/** A loss of the library: it computes, and says what its outputs and targets are to be. */
interface LossFunction<Options extends LossOptions = LossOptions> extends Marks {
  (output: Tensor, target: Tensor, options?: Options): Tensor;
  readonly facts: LossFacts;
}

/** What a loss may say of itself beside its facts. */
type Marks = Pick<Loss, "threshold" | "classes" | "adds">;

/**
 * A loss of these facts. Called at the top of the module, and pure: a bundler drops what is not
 * imported.
 *
 * @param own the names of its options beside `reduction`; a misspelt one would silently do nothing
 */
function loss<Options extends LossOptions = LossOptions>(
  facts: LossFacts,
  own: readonly (keyof Options & string)[],
  f: (output: Tensor, target: Tensor, options: Options) => Tensor,
  marks: Marks = {},
): LossFunction<Options> {
  const call = (output: Tensor, target: Tensor, options = {} as Options): Tensor => {
    checkNames(facts.name, options, [...own, "reduction"]);
    for (const t of [output, target]) asTensor(facts.name, t);
    recordLoss({ facts, output, target });
    return f(output, target, options);
  };
  Object.defineProperty(call, "name", { value: facts.name });
  return Object.assign(call, { facts, ...marks });
}

/** softmax, of whose outputs differences decide. */
const softmaxInside: AppliedActivation = {
  name: "softmax",
  normalizes: true,
  probabilities: ([low, high], classes) => {
    const ofBest = (ahead: number) => 1 / (1 + (classes - 1) * exp(-ahead));
    return [ofBest(low - high), ofBest(high - low)];
  },
};
const sigmoidInside: AppliedActivation = {
  name: "sigmoid",
  probabilities: ([low, high]) => [1 / (1 + exp(-low)), 1 / (1 + exp(-high))],
};

/** Target as numbers of the output's type and shape; [n] is taken for [n, 1]. */
function like(output: Tensor, target: Tensor, what: string): Tensor {
  const t = cast(asTensor(what, target), asTensor(what, output).dtype);
  if (sameShape(t.shape, output.shape)) return t;
  const column = t.rank === output.rank - 1 && output.shape[output.rank - 1] === 1;
  if (column && sameShape(t.shape, output.shape.slice(0, -1))) return expandDims(t, -1);
  return fail("shape-mismatch", {
    message: `${what} compares output and target element by element.`,
    expected: `a target of shape ${formatShape(output.shape)}, like the output`,
    found: formatShape(t.shape),
    fix: adviceFor(output, target, what),
  });
}

/** How many classes an output tells apart: those of its last axis. */
const classesOf = (output: Tensor): number => at(output.shape, output.rank - 1);

function adviceFor(output: Tensor, target: Tensor, what: string): string {
  const labelled =
    what === "crossEntropy" && output.rank > 0 && target.size * classesOf(output) === output.size;
  if (labelled && target.rank === output.rank)
    return "Give labels as a list, with their `classes`, not as rows of one number: targets.squeeze(-1).";
  if (!isFloat(target.dtype)) return "Class labels need crossEntropy.";
  return labelled
    ? "Say that the targets are labels: name the `classes` of the data, or cast them to i32."
    : "Give each example as many targets as the model has outputs.";
}

/**
 * E = Σ ½(t − o)²: the loss of the textbook example. Default `reduction`: "sum" over everything.
 */
export const halfSquaredError = /* @__PURE__ */ loss(
  { name: "halfSquaredError", distance: true },
  [],
  (output, target, { reduction = "sum" }) => {
    const t = like(output, target, "halfSquaredError");
    return reduce(mul(square(sub(t, output)), 0.5), reduction);
  },
  { adds: true },
);

/** E = mean (o − t)² */
export const meanSquaredError = /* @__PURE__ */ loss(
  { name: "meanSquaredError", distance: true },
  [],
  (output, target, { reduction = "mean" }) =>
    reduce(square(sub(output, like(output, target, "meanSquaredError"))), reduction),
);

/** E = mean |o − t| */
export const meanAbsoluteError = /* @__PURE__ */ loss(
  { name: "meanAbsoluteError", distance: true },
  [],
  (output, target, { reduction = "mean" }) =>
    reduce(abs(sub(output, like(output, target, "meanAbsoluteError"))), reduction),
);

/**
 * E = mean of ½d² for |d| ≤ δ, else δ(|d| − ½δ), with d = o − t (Huber 1964). `delta` δ is 1 by
 * default; 0 or less is an error.
 */
export const huber = /* @__PURE__ */ loss<LossOptions & { readonly delta?: number }>(
  { name: "huber", distance: true },
  ["delta"],
  (output, target, { reduction = "mean", delta = 1 }) => {
    if (!isNumber(delta, (n) => n > 0)) {
      fail("bad-argument", {
        message: "huber needs the size δ of the error up to which it counts squared.",
        expected: "a number > 0",
        found: shown(delta),
      });
    }
    const d = sub(output, like(output, target, "huber"));
    const near = lessEqual(abs(d), delta);
    // Errors that are not near are kept out of the square, whose slope would be 0·∞ at ∞.
    const curved = mul(square(where(near, d, 0)), 0.5);
    return reduce(where(near, curved, mul(sub(abs(d), delta / 2), delta)), reduction);
  },
);

/** Factors for all elements (a number), per output (a list), or a tensor that stretches to them. */
type Weights = Tensor | number | readonly number[];

/** Numbers and lists are known here; what a tensor holds may be a placeholder. */
function asFactor(name: string, weights: Weights, like: Tensor): Tensor | number {
  if (weights instanceof Tensor) return weights;
  const given: readonly unknown[] = Array.isArray(weights) ? weights.flat(9) : [weights];
  const wrong = given.findIndex((w) => !(Number.isFinite(w) && (w as number) >= 0));
  if (wrong >= 0) {
    const one = name === "classWeights" ? "class" : "output";
    fail("bad-argument", {
      message: `${name} cannot be this.`,
      expected: "finite numbers ≥ 0",
      found: shown(given[wrong]),
      fix: `Give a list such as [1, 5], one number for each ${one}.`,
    });
  }
  return Array.isArray(weights) ? tensor(weights, { dtype: like.dtype }) : (weights as number);
}

/** A list of another length would be stretched over the outputs, or stretch these, unnoticed. */
function factors(name: string, weights: Weights, output: Tensor): Tensor | number {
  const factor = asFactor(name, weights, output);
  if (typeof factor === "number") return factor;
  const { shape } = factor;
  const outputs = output.shape.at(-1) ?? 1;
  const fits =
    factor.rank === 1
      ? shape[0] === outputs
      : factor.rank <= output.rank &&
        shape.every((n, i) => n === 1 || n === output.shape[output.rank - factor.rank + i]);
  if (fits) return factor;
  return fail("shape-mismatch", {
    message: `${name} takes one factor for all outputs, or one for each.`,
    expected: outputs === 1 ? "1 number" : `a number, or a list of ${outputs}`,
    found: factor.rank === 1 ? `a list of ${factor.size}` : `shape ${formatShape(shape)}`,
    fix:
      factor === weights && shape[0] === output.shape[0]
        ? "Give each output its factor; factors of examples need the shape [examples, 1]."
        : `Give ${outputs === 1 ? "one number" : `one number, or ${outputs} numbers`}.`,
  });
}

/**
 * Options of losses of each output by itself; `weights` (default 1) count single outputs
 * more or less.
 */
interface BinaryOptions extends LossOptions {
  readonly weights?: Weights;
}

/**
 * E = mean of −t ln p − (1 − t) ln(1 − p) for probabilities p; logarithms are cut at −100. Default
 * `reduction`: "mean".
 *
 * @example binaryCrossEntropy(output, target) with output = [[0.2], [0.9]]; target = [[0], [1]]
 */
export const binaryCrossEntropy = /* @__PURE__ */ loss<BinaryOptions>(
  {
    name: "binaryCrossEntropy",
    takes: "probabilities",
    forms: { logits: "binaryCrossEntropyWithLogits" },
    targets: "shares",
  },
  ["weights"],
  (output, target, { reduction = "mean", weights = 1 }) => {
    const losses = crossEntropyOfBits(output, like(output, target, "binaryCrossEntropy"));
    return reduce(
      weights === 1 ? losses : mul(losses, factors("weights", weights, output)),
      reduction,
    );
  },
  { threshold: 0.5 },
);

/**
 * The same for logits z, p = σ(z), computed without overflow as (1 − t)z + w·ln(1 + e^−z), where
 * w = 1 + (positiveWeight − 1)t makes missing a positive cost more; `positiveWeight` is 1 by default, `reduction` "mean".
 */
export const binaryCrossEntropyWithLogits = /* @__PURE__ */ loss<
  BinaryOptions & { readonly positiveWeight?: Weights }
>(
  {
    name: "binaryCrossEntropyWithLogits",
    takes: "logits",
    applies: sigmoidInside,
    forms: { probabilities: "binaryCrossEntropy" },
    targets: "shares",
  },
  ["weights", "positiveWeight"],
  (output, target, { reduction = "mean", weights = 1, positiveWeight = 1 }) => {
    const t = like(output, target, "binaryCrossEntropyWithLogits");
    const cost = softplus(neg(output));
    const weighted =
      positiveWeight === 1
        ? cost
        : mul(cost, add(mul(sub(factors("positiveWeight", positiveWeight, output), 1), t), 1));
    const losses = add(mul(sub(1, t), output), weighted);
    return reduce(
      weights === 1 ? losses : mul(losses, factors("weights", weights, output)),
      reduction,
    );
  },
  { threshold: 0 },
);

function checkLabels(output: Tensor, target: Tensor, what: string): void {
  for (const t of [output, target]) asTensor(what, t);
  if (sameShape(target.shape, output.shape.slice(0, -1)) && output.rank > 0) return;
  fail("shape-mismatch", {
    message: `${what} takes one class label for each row of outputs.`,
    expected: `labels of shape ${formatShape(output.shape.slice(0, -1))}`,
    found: formatShape(target.shape),
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
}

/** One weight for each class: with fewer or more, some would be repeated or ignored without a word. */
function weightsOfClasses(given: readonly number[] | Tensor, output: Tensor): Tensor {
  const weights = asFactor("classWeights", given, output);
  const classes = classesOf(output);
  const shape = typeof weights === "number" ? undefined : weights.shape;
  if (shape && sameShape(shape, [classes])) return weights as Tensor;
  return fail("shape-mismatch", {
    message: "classWeights are one number for each class.",
    expected: `a list of ${classes}, as many as the model has outputs`,
    found:
      shape === undefined
        ? `the number ${weights}`
        : shape.length === 1
          ? `a list of ${shape[0]}`
          : `shape ${formatShape(shape)}`,
    fix: `Give ${classes} numbers, in the order of the classes.`,
  });
}

/** E = Σ −w_y·log p_y/Σ w_y over the rows, log p being the outputs, y the label, w its weight. */
export const negativeLogLikelihood = /* @__PURE__ */ loss<ClassOptions>(
  {
    name: "negativeLogLikelihood",
    takes: "logarithms",
    forms: { logits: "crossEntropy" },
    places: true,
  },
  ["classWeights"],
  picked,
  { classes: true },
);

function picked(
  output: Tensor,
  target: Tensor,
  { reduction = "mean", classWeights }: ClassOptions,
): Tensor {
  checkLabels(output, target, "negativeLogLikelihood");
  const labels = cast(target, "i32");
  const costs = neg(squeeze(gather(output, expandDims(labels, -1), { axis: -1 }), -1));
  if (classWeights === undefined) return reduce(costs, reduction);
  const weight = take(weightsOfClasses(classWeights, output), labels);
  const losses = mul(costs, weight);
  return reduction === "mean" ? div(sum(losses), sum(weight)) : reduce(losses, reduction);
}

/** Options of the cross-entropy. */
interface CrossEntropyOptions extends ClassOptions {
  /** ε: the target becomes (1 − ε)·target + ε/classes (Szegedy et al. 2016). Default 0. */
  readonly labelSmoothing?: number;
}

/**
 * E = mean of −Σ_c w_c t_c log softmax(o)_c, o being logits with classes on the last axis. Targets
 * are labels (whole numbers, one per row) or probabilities of the output's shape. With labels and
 * class weights, "mean" divides by the sum of the labels' weights, with probabilities by the number
 * of rows (both are PyTorch's conventions; Keras always divides by the number of rows). Default
 * `reduction`: "mean".
 *
 * @throws ChainruleError "bad-argument" for a `labelSmoothing` outside of 0 … 1, "shape-mismatch"
 *   for targets that are neither.
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
  ["classWeights", "labelSmoothing"],
  (output, target, { reduction = "mean", classWeights, labelSmoothing = 0 }) => {
    if (!isNumber(labelSmoothing, (n) => n >= 0 && n <= 1)) {
      fail("bad-argument", {
        message: "labelSmoothing is the share of the target that is spread over all classes.",
        expected: "a number from 0 to 1",
        found: shown(labelSmoothing),
      });
    }
    const logs = logSoftmax(asTensor("crossEntropy", output));
    const share = labelSmoothing / classesOf(output);
    const weights = classWeights === undefined ? undefined : weightsOfClasses(classWeights, output);
    const overClasses = (t: Tensor) =>
      neg(sum(weights === undefined ? t : mul(t, weights), { axis: -1 }));
    if (isFloat(asTensor("crossEntropy", target).dtype)) {
      const soft = add(mul(like(output, target, "crossEntropy"), 1 - labelSmoothing), share);
      return reduce(overClasses(mul(soft, logs)), reduction);
    }
    checkLabels(output, target, "crossEntropy");
    const own = { reduction, ...(weights === undefined ? {} : { classWeights: weights }) };
    if (labelSmoothing === 0) return picked(logs, target, own);
    // Reading at the label, as without smoothing, finds labels that are outside.
    const hard = picked(logs, target, { ...own, reduction: "none" });
    const losses = add(mul(hard, 1 - labelSmoothing), mul(overClasses(logs), share));
    if (reduction !== "mean" || weights === undefined) return reduce(losses, reduction);
    return div(sum(losses), sum(take(weights, cast(target, "i32"))));
  },
  { classes: true },
);

/** E = mean over all elements of t(ln t − o) for log-probabilities o; 0·ln 0 counts as 0. */
export const klDivergence = /* @__PURE__ */ loss(
  { name: "klDivergence", takes: "logarithms", targets: "distributions" },
  [],
  (output, target, { reduction = "mean" }) => {
    const t = like(output, target, "klDivergence");
    const logs = log(where(greater(t, 0), t, 1));
    return reduce(mul(t, sub(logs, output)), reduction);
  },
  { classes: true },
);

/** E = mean of max(0, 1 − t·o) for targets −1 and 1, or labels, of which 0 stands for −1. */
export const hinge = /* @__PURE__ */ loss(
  { name: "hinge", takes: "scores", targets: "signs" },
  [],
  (output, target, { reduction = "mean" }) => {
    const t = like(output, target, "hinge");
    const signed = isFloat(target.dtype) ? t : where(greater(t, 0), t, -1);
    return reduce(relu(sub(1, mul(signed, output))), reduction);
  },
  { threshold: 0 },
);

/** E = mean over rows of Σ_{c≠y} max(0, margin − o_y + o_c)/classes; default `margin` 1. */
export const multiMargin = /* @__PURE__ */ loss<LossOptions & { readonly margin?: number }>(
  { name: "multiMargin", places: true },
  ["margin"],
  (output, target, { reduction = "mean", margin = 1 }) => {
    checkLabels(output, target, "multiMargin");
    const labels = cast(target, "i32");
    const own = gather(output, expandDims(labels, -1), { axis: -1 });
    const classes = classesOf(output);
    const itself = oneHot(labels, classes, "bool");
    const costs = where(itself, 0, relu(add(sub(output, own), margin)));
    return reduce(div(sum(costs, { axis: -1 }), classes), reduction);
  },
  { classes: true },
);
