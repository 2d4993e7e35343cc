/** Losses of outputs that each say yes or no. */

import { isFloat } from "../../core/dtype.ts";
import { exp } from "../../core/elementary/scalar.ts";
import type { Tensor } from "../../core/tensor.ts";
import { add, div, mul, neg, sub } from "../../ops/arithmetic.ts";
import { sum } from "../../ops/broadcast.ts";
import { cast } from "../../ops/cast.ts";
import { clamp, equal, greater, logicalAnd, where } from "../../ops/compare.ts";
import { crossEntropyOfBits } from "../../ops/entropy.ts";
import { range } from "../../ops/leaf.ts";
import { expandDims } from "../../ops/move.ts";
import { pow } from "../../ops/power.ts";
import { cumsum } from "../../ops/reduce.ts";
import { relu, sigmoid, softplus } from "../../ops/transcendental.ts";
import type { AppliedActivation } from "../facts.ts";
import {
  classesOf,
  fromZero,
  type LossOptions,
  like,
  loss,
  setting,
  signsLike,
  type Weights,
  weightFactors,
  weightsOfClasses,
} from "./definition.ts";

const sigmoidInside: AppliedActivation = {
  name: "sigmoid",
  probabilities: ([low, high]) => [1 / (1 + exp(-low)), 1 / (1 + exp(-high))],
};

/**
 * E = mean of −t ln p − (1 − t) ln(1 − p) for probabilities p; logarithms are cut at −100. Default
 * `reduction`: "mean".
 *
 * @example binaryCrossEntropy(output, target) with output = [[0.2], [0.9]]; target = [[0], [1]]
 */
export const binaryCrossEntropy = /* @__PURE__ */ loss(
  {
    name: "binaryCrossEntropy",
    takes: "probabilities",
    forms: { logits: "binaryCrossEntropyWithLogits" },
    targets: "shares",
  },
  [],
  (output, target) => crossEntropyOfBits(output, like(output, target, "binaryCrossEntropy")),
  { threshold: 0.5, byNumber: true },
);

/** (1 − t)z + w·ln(1 + e^−z), w being 1 where there is none. */
function ofLogits(z: Tensor, t: Tensor, positive: Weights = 1): Tensor {
  const cost = softplus(neg(z));
  const weighted =
    positive === 1
      ? cost
      : mul(cost, add(mul(sub(weightFactors("positiveWeight", positive, z), 1), t), 1));
  return add(mul(sub(1, t), z), weighted);
}

/**
 * The same for logits z, p = σ(z), computed without overflow as (1 − t)z + w·ln(1 + e^−z), where
 * w = 1 + (positiveWeight − 1)t makes missing a positive cost more; `positiveWeight` is 1 by default, `reduction` "mean".
 */
export const binaryCrossEntropyWithLogits = /* @__PURE__ */ loss<
  LossOptions & { readonly positiveWeight?: Weights }
>(
  {
    name: "binaryCrossEntropyWithLogits",
    takes: "logits",
    applies: sigmoidInside,
    forms: { probabilities: "binaryCrossEntropy" },
    targets: "shares",
  },
  ["positiveWeight"],
  (output, target, { positiveWeight }) =>
    ofLogits(output, like(output, target, "binaryCrossEntropyWithLogits"), positiveWeight),
  { threshold: 0, byNumber: true },
);

/** Options of the focal loss. */
interface FocalOptions extends LossOptions {
  /** γ: how much less sure and right outputs count; 0 is the cross-entropy. Default 2. */
  readonly gamma?: number;
  /** α: the weight of a yes, 1 − α being that of a no; false: none. Default 0.25. */
  readonly alpha?: number | false;
}

/**
 * E = mean of −α_t(1 − p_t)^γ ln p_t for logits z, where p_t is σ(z) for yes and 1 − σ(z) for no, and
 * α_t likewise α and 1 − α: what is right already counts little (Lin et al. 2017). A `gamma` below 0
 * or an `alpha` outside of 0 … 1 is an error.
 *
 * @example focal(output, target, { gamma: 1 }) with output = [2, -1]; target = [1, 1]
 */
export const focal = /* @__PURE__ */ loss<FocalOptions>(
  { name: "focal", takes: "logits", applies: sigmoidInside, targets: "shares" },
  ["gamma", "alpha"],
  (output, target, { gamma = 2, alpha = 0.25 }) => {
    setting("focal", "gamma", gamma, fromZero);
    if (alpha !== false) setting("focal", "alpha", alpha, share);
    const t = like(output, target, "focal");
    const shares = (yes: Tensor | number, no: Tensor | number) =>
      add(mul(t, yes), mul(sub(1, t), no));
    const missed = shares(sigmoid(neg(output)), sigmoid(output));
    const entropy = ofLogits(output, t);
    const costs = gamma === 0 ? entropy : mul(entropy, pow(missed, gamma));
    return alpha === false ? costs : mul(costs, shares(alpha, 1 - alpha));
  },
  { threshold: 0 },
);

const share = ["a number from 0 to 1, or false", (n: number) => n >= 0 && n <= 1] as const;

/** E = mean of max(0, 1 − t·o) for targets −1 and 1, or labels, of which 0 stands for −1. */
export const hinge = /* @__PURE__ */ loss(
  { name: "hinge", takes: "scores", targets: "signs" },
  [],
  (output, target) => relu(sub(1, mul(signsLike(output, target, "hinge"), output))),
  { threshold: 0 },
);

/**
 * E = mean of ln(1 + e^(−t·o)) for targets −1 and 1, or labels, of which 0 stands for −1: the
 * logistic loss, computed without overflow.
 *
 * @example softMargin(output, target) with output = [2, -1]; target = [1, 1]
 */
export const softMargin = /* @__PURE__ */ loss(
  { name: "softMargin", targets: "signs" },
  [],
  (output, target) => softplus(neg(mul(signsLike(output, target, "softMargin"), output))),
  { threshold: 0 },
);

/**
 * E = mean of o where t is 1, and of max(0, margin − o) where it is −1, for outputs that are
 * distances; labels 0 and 1 stand for −1 and 1. A `margin` (default 1) below 0 is an error.
 *
 * @example hingeEmbedding(output, target) with output = [0.25, 0.25]; target = [1, -1]
 */
export const hingeEmbedding = /* @__PURE__ */ loss<LossOptions & { readonly margin?: number }>(
  { name: "hingeEmbedding", targets: "signs" },
  ["margin"],
  (output, target, { margin = 1 }) => {
    setting("hingeEmbedding", "margin", margin, fromZero);
    const t = signsLike(output, target, "hingeEmbedding");
    const apart = clamp(sub(margin, output), { min: 0 });
    return add(where(equal(t, 1), 0, apart), where(equal(t, -1), 0, output));
  },
);

/** Options of losses of several questions to each example. */
interface LabelsOptions extends LossOptions {
  /** The weight of each class within an example. Default all 1. */
  readonly classWeights?: readonly number[] | Tensor;
}

/**
 * E = mean over rows of Σ_c w_c·(−t_c ln σ(o_c) − (1 − t_c) ln(1 − σ(o_c)))/classes, for targets 0
 * and 1, one for each class: several classes may be right at once.
 *
 * @example multiLabelSoftMargin(output, target) with output = [[2, -1, 0.5]]; target = [[1, 0, 1]]
 */
export const multiLabelSoftMargin = /* @__PURE__ */ loss<LabelsOptions>(
  {
    name: "multiLabelSoftMargin",
    takes: "logits",
    applies: sigmoidInside,
    targets: "shares",
  },
  ["classWeights"],
  (output, target, { classWeights }) => {
    const t = like(output, target, "multiLabelSoftMargin");
    const losses = ofLogits(output, t);
    const weighted =
      classWeights === undefined ? losses : mul(losses, weightsOfClasses(classWeights, output));
    return div(sum(weighted, { axis: -1 }), classesOf(output));
  },
  { threshold: 0 },
);

/**
 * E = mean over rows of Σ_y Σ_c max(0, 1 − o_y + o_c)/classes over the right classes y and the others
 * c. Targets are 1 for right classes and 0 for others, or whole numbers as in PyTorch: a row as long
 * as the outputs lists the right classes, and a −1 ends the list.
 *
 * @example multiLabelMargin(output, target) with output = [[2, -1, 0.5]]; target = [[1, 0, 1]]
 */
export const multiLabelMargin = /* @__PURE__ */ loss(
  { name: "multiLabelMargin", targets: "shares" },
  [],
  (output, target) => {
    const t = like(output, target, "multiLabelMargin");
    const right = isFloat(target.dtype) ? t : listed(target, output);
    const isPair = logicalAnd(expandDims(greater(right, 0), -1), expandDims(equal(right, 0), -2));
    const behind = relu(add(sub(1, expandDims(output, -1)), expandDims(output, -2)));
    const pairs = mul(where(isPair, behind, 0), expandDims(right, -1));
    return div(sum(pairs, { axis: [-2, -1] }), classesOf(output));
  },
);

/** How often each class is in a list that ends with −1. */
function listed(target: Tensor, output: Tensor): Tensor {
  const ended = cumsum(cast(equal(target, -1), "i32"), { axis: -1 });
  const places = where(greater(ended, 0), -1, target);
  const each = equal(expandDims(places, -1), range(classesOf(output)));
  return sum(cast(each, output.dtype), { axis: -2 });
}
