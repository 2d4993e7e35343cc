/** Lengths of vectors, and what is measured with them. */
import { fail } from "../core/errors.ts";
import { isNumber } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { normalizeAxis } from "../core/shape.ts";
import { asTensor, axisOf, type Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { abs, div, mul, square, sub } from "./arithmetic.ts";
import { sum } from "./broadcast.ts";
import { cast, toFloat } from "./cast.ts";
import { clamp, equal, logicalNot, where } from "./compare.ts";
import { expandDims } from "./move.ts";
import { pow } from "./power.ts";
import { max, min, variance } from "./reduce.ts";
import type { ReduceOptions } from "./reduction.ts";
import { sqrt } from "./transcendental.ts";

/** f(x), but 0 with slope 0 where x is 0, as PyTorch has it for roots. */
function awayFromZero(x: Tensor, f: (x: Tensor) => Tensor): Tensor {
  const isZero = equal(x, 0);
  return where(isZero, 0, f(where(isZero, 1, x)));
}

/** Which norm. */
export interface NormOptions extends Omit<ReduceOptions, "axes"> {
  /** The power: 2 (default), 1, any other above 0, 0 (how many are not 0), ∞ or −∞. */
  readonly p?: number;
}

/**
 * y = (Σ |x|^p)^(1/p) over the axes (default all); for p = ∞ the largest |x|, for −∞ the smallest,
 * for 0 the number of elements that are not 0. Where y is 0, its slope is 0 (PyTorch's
 * convention); ties of ∞ share it. A power below 0, −∞ excepted, is an error.
 *
 * @example norm(x) with x = [3, 4]
 */
export function norm(x: Tensor, options: NormOptions = {}): Tensor {
  checkNames("norm", options, ["p", "axis", "keepDims"]);
  const { p = 2, ...over } = options;
  const infinite = Number.POSITIVE_INFINITY;
  if (!isNumber(p, (n) => n >= 0 || n === -infinite)) {
    fail("bad-argument", {
      message: "norm has no such power.",
      expected: "p ≥ 0, Infinity or -Infinity",
      found: shown(p),
    });
  }
  const real = toFloat(asTensor("norm", x));
  const size = abs(real);
  if (p === 0) return sum(cast(logicalNot(equal(real, 0)), real.dtype), over);
  if (p === 1) return sum(size, over);
  if (p === infinite) return max(size, over);
  if (p === -infinite) return min(size, over);
  if (p === 2) return awayFromZero(sum(square(real), over), sqrt);
  const powers = awayFromZero(size, (a) => pow(a, p));
  return awayFromZero(sum(powers, over), (s) => pow(s, 1 / p));
}

/**
 * y = √variance over the axes; `correction` 0 (default) is biased, 1 is Bessel's. Where all elements
 * are equal its slope is 0 (PyTorch's convention).
 *
 * @example std(x) with x = [1, 2, 3, 6]
 */
export function std(
  x: Tensor,
  options: Omit<ReduceOptions, "axes"> & { readonly correction?: number } = {},
): Tensor {
  checkNames("std", options, ["axis", "keepDims", "correction"]);
  return awayFromZero(variance(asTensor("std", x), options), sqrt);
}

/** Along which axis, by which norm. */
export interface NormalizeOptions {
  /** The norm's power. Default 2. */
  readonly p?: number;
  /** Default 1. */
  readonly axis?: number;
  /** No norm below this divides. Default 1e-12. */
  readonly epsilon?: number;
}

function checkEpsilon(what: string, epsilon: number): void {
  if (isNumber(epsilon, (e) => e >= 0)) return;
  fail("bad-argument", {
    message: `${what} cannot use this epsilon.`,
    expected: "a number ≥ 0",
    found: shown(epsilon),
  });
}

/**
 * y = x / max(‖x‖, ε) along an axis (default 1).
 *
 * @example normalize(x, { axis: 0 }) with x = [3, 4]
 */
export function normalize(x: Tensor, options: NormalizeOptions = {}): Tensor {
  checkNames("normalize", options, ["p", "axis", "epsilon"]);
  const { p = 2, axis = 1, epsilon = 1e-12 } = options;
  checkEpsilon("normalize", epsilon);
  const along = axisOf("normalize", x, axis);
  return div(x, clamp(norm(x, { p, axis: along, keepDims: true }), { min: epsilon }));
}

/** Along which axis vectors lie. */
export interface CosineOptions {
  /** The axis. Default 1. */
  readonly axis?: number;
  /** No length below this divides. Default 1e-8. */
  readonly epsilon?: number;
}

/**
 * y = Σ a·b / (max(‖a‖, ε)·max(‖b‖, ε)) along an axis (default 1; ε 1e-8); with broadcasting.
 *
 * @example cosineSimilarity(a, b, { axis: 0 }) with a = [1, 0]; b = [1, 1]
 */
export function cosineSimilarity(a: Tensor, b: Tensor, options: CosineOptions = {}): Tensor {
  checkNames("cosineSimilarity", options, ["axis", "epsilon"]);
  const { axis = 1, epsilon = 1e-8 } = options;
  const rank = Math.max(asTensor("cosineSimilarity", a).rank, asTensor("cosineSimilarity", b).rank);
  const along = normalizeAxis(axis, rank, "cosineSimilarity") - rank;
  const unit = (x: Tensor): Tensor => normalize(x, { axis: along, epsilon });
  return sum(mul(unit(a), unit(b)), { axis: along });
}

/** By which norm distances are measured. */
export interface DistanceOptions {
  /** The norm's power. Default 2. */
  readonly p?: number;
}

/**
 * y[…, i, j] = ‖a[…, i] − b[…, j]‖, by the norm of power p (default 2): of rows […, m, k] and
 * […, n, k] the distances […, m, n]. Of equal rows the slope is 0.
 *
 * @example cdist(a, b) with a = [[0, 0], [3, 4]]; b = [[0, 0]]
 */
export function cdist(a: Tensor, b: Tensor, options: DistanceOptions = {}): Tensor {
  checkNames("cdist", options, ["p"]);
  for (const x of [a, b]) axisOf("cdist", x, -2);
  return norm(sub(expandDims(a, -2), expandDims(b, -3)), { ...options, axis: -1 });
}
