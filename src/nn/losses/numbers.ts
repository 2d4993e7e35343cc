/** Losses of outputs that are numbers: how far they are from the targets. */

import { log as ln } from "../../core/elementary/scalar.ts";
import { fail } from "../../core/errors.ts";
import { isNumber } from "../../core/kinds.ts";
import { formatShape, sameShape } from "../../core/shape.ts";
import { Tensor } from "../../core/tensor.ts";
import { shown } from "../../core/wording.ts";
import { abs, add, div, mul, neg, square, sub } from "../../ops/arithmetic.ts";
import { cast } from "../../ops/cast.ts";
import { greater, less, lessEqual, where } from "../../ops/compare.ts";
import { stopGradient } from "../../ops/custom.ts";
import { full as constant } from "../../ops/leaf.ts";
import { expandDims, stretch } from "../../ops/move.ts";
import { exp, log } from "../../ops/transcendental.ts";
import { checkFlag } from "../normalization.ts";
import { aboveZero, fromZero, type LossOptions, like, loss, setting } from "./definition.ts";

/**
 * E = Σ ½(t − o)²: the loss of the textbook example. Default `reduction`: "sum" over everything.
 */
export const halfSquaredError = /* @__PURE__ */ loss(
  { name: "halfSquaredError", distance: true },
  [],
  (output, target) => mul(square(sub(like(output, target, "halfSquaredError"), output)), 0.5),
  { adds: true },
);

/** E = mean (o − t)² */
export const meanSquaredError = /* @__PURE__ */ loss(
  { name: "meanSquaredError", distance: true },
  [],
  (output, target) => square(sub(output, like(output, target, "meanSquaredError"))),
);

/** E = mean |o − t| */
export const meanAbsoluteError = /* @__PURE__ */ loss(
  { name: "meanAbsoluteError", distance: true },
  [],
  (output, target) => abs(sub(output, like(output, target, "meanAbsoluteError"))),
);

/**
 * ½d² for |d| ≤ δ, else δ(|d| − ½δ). Errors that are not near are kept out of the square, whose
 * slope would be 0·∞ at ∞.
 */
function rounded(d: Tensor, delta: number): Tensor {
  const near = lessEqual(abs(d), delta);
  const curved = mul(square(where(near, d, 0)), 0.5);
  return where(near, curved, mul(sub(abs(d), delta / 2), delta));
}

/**
 * E = mean of ½d² for |d| ≤ δ, else δ(|d| − ½δ), with d = o − t (Huber 1964). `delta` δ is 1 by
 * default; 0 or less is an error.
 */
export const huber = /* @__PURE__ */ loss<LossOptions & { readonly delta?: number }>(
  { name: "huber", distance: true },
  ["delta"],
  (output, target, { delta = 1 }) => {
    if (!isNumber(delta, (n) => n > 0)) {
      fail("bad-argument", {
        message: "huber needs the size δ of the error up to which it counts squared.",
        expected: "a number > 0",
        found: shown(delta),
      });
    }
    return rounded(sub(output, like(output, target, "huber")), delta);
  },
  { byNumber: true },
);

/**
 * E = mean of ½d²/β for |d| < β, else |d| − ½β, with d = o − t: Huber's loss over β (Girshick 2015).
 * `beta` β is 1 by default; 0 makes it |d|; a negative one is an error.
 *
 * @example smoothL1(output, target, { beta: 0.5 }) with output = [1, 2]; target = [1.25, 4]
 */
export const smoothL1 = /* @__PURE__ */ loss<LossOptions & { readonly beta?: number }>(
  { name: "smoothL1", distance: true },
  ["beta"],
  (output, target, { beta = 1 }) => {
    setting("smoothL1", "beta", beta, fromZero);
    const d = sub(output, like(output, target, "smoothL1"));
    return beta === 0 ? abs(d) : div(rounded(d, beta), beta);
  },
);

/** Options of the loss of counts. */
interface PoissonOptions extends LossOptions {
  /** Whether outputs are ln λ, not λ itself. Default true. */
  readonly logInput?: boolean;
  /** Whether ln t! is added, by Stirling's formula for t > 1, which no weight changes. Default false. */
  readonly full?: boolean;
  /** Added to λ under the logarithm, without `logInput`. Default 1e-8. */
  readonly epsilon?: number;
}

/**
 * E = mean of λ − t·ln λ (+ ln t!), the negative logarithm of a Poisson distribution's likelihood
 * with the mean λ = e^o, or λ = o with `logInput: false`. Targets are counts, or rates from 0 up.
 *
 * @example poissonNegativeLogLikelihood(output, target) with output = [0.5, 1]; target = [1, 3]
 */
export const poissonNegativeLogLikelihood = /* @__PURE__ */ loss<PoissonOptions>(
  { name: "poissonNegativeLogLikelihood", targets: "counts" },
  ["logInput", "full", "epsilon"],
  (output, target, { logInput, full, epsilon = 1e-8 }) => {
    const name = "poissonNegativeLogLikelihood";
    checkFlag(name, "logInput", logInput);
    checkFlag(name, "full", full);
    setting(name, "epsilon", epsilon, fromZero);
    const t = like(output, target, name);
    const rate = logInput === false ? output : exp(output);
    const logs = logInput === false ? log(add(output, epsilon)) : output;
    const losses = sub(rate, mul(t, logs));
    return full ? add(losses, stirling(t)) : losses;
  },
);

/** ln t! ≈ t·ln t − t + ½·ln 2πt for t > 1, else 0. */
function stirling(t: Tensor): Tensor {
  const large = greater(t, 1);
  const n = where(large, t, 2);
  const sum = add(sub(mul(n, log(n)), n), mul(log(mul(n, 2 * Math.PI)), 0.5));
  return where(large, sum, 0);
}

/** Options of the loss of normally distributed numbers. */
interface GaussianOptions extends LossOptions {
  /**
   * σ² of each target: a number, or a tensor of the output's shape, of one feature, or without the
   * last axis. Default: the second half of the outputs, as ln σ².
   */
  readonly variance?: Tensor | number;
  /** Whether ½·ln 2π is added, which no weight changes. Default false. */
  readonly full?: boolean;
  /** σ² is this at least; its slope is not cut. Default 1e-6. */
  readonly epsilon?: number;
}

/**
 * E = mean of ½(ln σ² + (o − t)²/σ²) (+ ½·ln 2π), the negative logarithm of a normal distribution's
 * likelihood (Nix and Weigend 1994). With `variance`, outputs are the means, as in PyTorch. Without
 * it there are twice as many outputs as targets, the means and then all ln σ², so that a model
 * learns both (Kendall and Gal 2017).
 *
 * @example gaussianNegativeLogLikelihood(output, target, { variance: 0.25 }) with output = [0.5, 1]; target = [1, 3]
 */
export const gaussianNegativeLogLikelihood = /* @__PURE__ */ loss<GaussianOptions>(
  { name: "gaussianNegativeLogLikelihood" },
  ["variance", "full", "epsilon"],
  (output, target, { variance, full, epsilon = 1e-6 }) => {
    const name = "gaussianNegativeLogLikelihood";
    checkFlag(name, "full", full);
    setting(name, "epsilon", epsilon, aboveZero);
    const [mean, spread] = variance === undefined ? halves(output) : [output, undefined];
    const squares = square(sub(mean, like(mean, target, name)));
    let losses: Tensor;
    if (spread !== undefined) {
      const logs = notBelow(spread, ln(epsilon));
      losses = mul(add(logs, mul(squares, exp(neg(logs)))), 0.5);
    } else {
      const known = notBelow(varianceLike(mean, variance as Tensor | number), epsilon);
      losses = mul(add(log(known), div(squares, known)), 0.5);
    }
    return full ? add(losses, ln(2 * Math.PI) / 2) : losses;
  },
);

/** max(x, least) with the slope of x, as in PyTorch: a variance that is too small still learns. */
const notBelow = (x: Tensor, least: number): Tensor =>
  add(x, stopGradient(where(less(x, least), sub(least, x), 0)));

function halves(output: Tensor): [mean: Tensor, spread: Tensor] {
  const axis = output.rank - 1;
  const width = output.shape[axis] ?? 1;
  if (output.rank === 0 || width % 2 !== 0) {
    fail("shape-mismatch", {
      message: "gaussianNegativeLogLikelihood takes a mean and ln σ² for each target.",
      expected: "an even number of outputs, or a variance among the options",
      found: formatShape(output.shape),
      fix: "Make it two outputs for each target, the means first, or pass { variance }.",
    });
  }
  return [stretch(output, axis, 0, width / 2), stretch(output, axis, width / 2, width)];
}

/** The variance in a shape that stretches to that of the means. */
function varianceLike(mean: Tensor, given: Tensor | number): Tensor {
  const name = "gaussianNegativeLogLikelihood";
  if (!(given instanceof Tensor)) {
    return constant(mean.shape, setting(name, "variance", given, fromZero), mean.dtype);
  }
  const variance = cast(given, mean.dtype);
  const each = mean.shape.slice(0, -1);
  if (sameShape(variance.shape, mean.shape)) return variance;
  if (sameShape(variance.shape, each)) return expandDims(variance, -1);
  if (mean.rank > 0 && sameShape(variance.shape, [...each, 1])) return variance;
  return fail("shape-mismatch", {
    message: "The variance is one number for each output, or one for each example.",
    expected: `${formatShape(mean.shape)} or ${formatShape([...each, 1])}`,
    found: formatShape(variance.shape),
  });
}
