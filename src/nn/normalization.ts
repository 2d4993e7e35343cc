/** Normalization: mean 0 and deviation 1 over some axes, then a scale and a shift that are trained. */
import { callSite } from "../core/call-site.ts";
import { fail } from "../core/errors.ts";
import { isNumber } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { formatShape, type Shape, sizeOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { add, mul, square, sub } from "../ops/arithmetic.ts";
import { reshape } from "../ops/move.ts";
import { mean } from "../ops/reduce.ts";
import { rsqrt } from "../ops/transcendental.ts";
import { constantValue } from "./initializers.ts";
import {
  type Any,
  type Layer,
  type LayerContext,
  layer,
  type ParameterSpec,
  type Same,
} from "./layer.ts";
import { checkCounts } from "./weighted.ts";

/** What all normalizations share. */
export interface Normalization {
  /** Added to the variance, so that nothing is divided by 0. Default 1e-5. */
  readonly epsilon?: number;
  /** Whether there are a scale and a shift that are trained. Default true. */
  readonly affine?: boolean;
}

/** How a layer norm begins. */
export interface LayerNormOptions extends Normalization {
  /** Whether the scale has a shift beside it. Default true. */
  readonly bias?: boolean;
}

/** The values of a normalization's parameters, where it has them. */
export interface ScaleAndShift {
  readonly weight?: Tensor;
  readonly bias?: Tensor;
}

export function checkFlag(what: string, name: string, given: unknown): void {
  if (given === undefined || typeof given === "boolean") return;
  fail("bad-argument", {
    message: `${what} cannot use this ${name}.`,
    expected: "true or false",
    found: shown(given),
  });
}

export function checkEpsilon(what: string, epsilon: unknown): number {
  if (isNumber(epsilon, (e) => Number.isFinite(e) && e >= 0)) return epsilon as number;
  return fail("bad-argument", {
    message: `${what} cannot use this epsilon.`,
    expected: "a finite number ≥ 0",
    found: shown(epsilon),
  });
}

/** A scale that begins with 1, and a shift that begins with 0. */
export function affineOf(shape: Shape, { affine = true, bias = true }: LayerNormOptions) {
  const parameter = (role: "scale" | "shift", value: number): ParameterSpec => ({
    shape,
    initial: constantValue(value),
    role,
    frozen: false,
  });
  const parameters: { readonly weight?: ParameterSpec; readonly bias?: ParameterSpec } = {
    ...(affine ? { weight: parameter("scale", 1) } : {}),
    ...(affine && bias ? { bias: parameter("shift", 0) } : {}),
  };
  return parameters;
}

/** γ x + β, both of a shape that broadcasts. */
export function scaled(x: Tensor, { weight, bias }: ScaleAndShift, shape: Shape): Tensor {
  const y = weight === undefined ? x : mul(x, reshape(weight, shape));
  return bias === undefined ? y : add(y, reshape(bias, shape));
}

/** (x − μ)/√(σ² + ε), with the deviation from the mean squared: right for large means, too. */
function standardized(
  x: Tensor,
  axis: readonly number[],
  epsilon: number,
  { observeInner, path }: LayerContext,
): Tensor {
  const center = mean(x, { axis, keepDims: true });
  observeInner?.(path, "mean", center);
  const deviation = sub(x, center);
  const variance = mean(square(deviation), { axis, keepDims: true });
  observeInner?.(path, "variance", variance);
  return mul(deviation, rsqrt(add(variance, epsilon)));
}

/** The sizes of the last axes over which layer and RMS norms run. */
function lastSizes(what: string, given: number | readonly number[]): readonly number[] {
  const sizes = typeof given === "number" ? [given] : given;
  const fits = Array.isArray(sizes) && sizes.length > 0;
  if (fits && sizes.every((n) => Number.isInteger(n) && n >= 1)) return [...sizes];
  return fail("bad-argument", {
    message: `${what} needs the sizes of the last axes, over which it runs.`,
    expected: "a whole number ≥ 1, or a list of them",
    found: shown(given),
  });
}

/** The last axes, whose sizes must be those that the layer was made for. */
function lastAxes(what: string, x: Tensor, sizes: readonly number[]): number[] {
  const first = x.rank - sizes.length;
  if (sizes.some((n, k) => x.shape[first + k] !== n)) {
    fail("shape-mismatch", {
      message: `${what} got an input of another size.`,
      expected: `a shape that ends in ${formatShape(sizes)}`,
      found: formatShape(x.shape),
      fix: "Make the layer's first argument equal to the size of what comes before it.",
    });
  }
  return sizes.map((_, k) => first + k);
}

/**
 * y = γ (x − μ)/√(σ² + ε) + β, with the mean μ and the variance σ² of each example over its last
 * axes, whose sizes are `sizes` (a number for the last axis alone). γ ("weight") and β ("bias") have
 * that shape. (Ba et al. 2016.)
 */
export function layerNorm(
  sizes: number | readonly number[],
  options: LayerNormOptions = {},
): Layer<Same, Same> {
  const name = "layerNorm";
  checkNames(name, options, ["epsilon", "affine", "bias"]);
  const shape = lastSizes(name, sizes);
  const epsilon = checkEpsilon(name, options.epsilon ?? 1e-5);
  for (const flag of ["affine", "bias"] as const) checkFlag(name, flag, options[flag]);
  return layer({
    name,
    kind: "normalization",
    inputSize: "same",
    outputSize: "same",
    parameters: affineOf(shape, options),
    settings: { sizes, ...options },
    site: callSite(),
    apply: (x, values, context) =>
      scaled(standardized(x, lastAxes(name, x, shape), epsilon, context), values, shape),
  });
}

/** How an RMS norm begins. */
export interface RmsNormOptions {
  /** Added to the mean square. Default: the distance from 1 to the next number of x's type. */
  readonly epsilon?: number;
  /** Whether there is a scale that is trained. Default true. */
  readonly affine?: boolean;
}

/**
 * y = γ x/√(mean x² + ε) over the last axes, whose sizes are `sizes`; γ ("weight") has that shape.
 * (Zhang and Sennrich 2019.)
 */
export function rmsNorm(
  sizes: number | readonly number[],
  options: RmsNormOptions = {},
): Layer<Same, Same> {
  const name = "rmsNorm";
  checkNames(name, options, ["epsilon", "affine"]);
  const shape = lastSizes(name, sizes);
  const given = options.epsilon === undefined ? undefined : checkEpsilon(name, options.epsilon);
  checkFlag(name, "affine", options.affine);
  return layer({
    name,
    kind: "normalization",
    inputSize: "same",
    outputSize: "same",
    parameters: affineOf(shape, { ...options, bias: false }),
    settings: { sizes, ...options },
    site: callSite(),
    apply(x, values, { observeInner, path }) {
      const axis = lastAxes(name, x, shape);
      const epsilon = given ?? (x.dtype === "f64" ? 2 ** -52 : 2 ** -23);
      const meanSquare = mean(square(x), { axis, keepDims: true });
      observeInner?.(path, "meanSquare", meanSquare);
      return scaled(mul(x, rsqrt(add(meanSquare, epsilon))), values, shape);
    },
  });
}

/** The channels of x [batch, channels, …], which must be so many. */
function checkChannels(what: string, x: Tensor, channels: number): void {
  if (x.rank >= 2 && x.shape[1] === channels) return;
  fail("shape-mismatch", {
    message: `${what} got an input of another size.`,
    expected: `[batch, ${channels}, …sizes]`,
    found: formatShape(x.shape),
    fix: "Make the layer's number of channels equal to that of what comes before it.",
  });
}

/** [1, channels, 1, …]: what stands beside x [batch, channels, …sizes]. */
export const alongChannels = (x: Tensor, channels: number): number[] =>
  x.shape.map((_, axis) => (axis === 1 ? channels : 1));

/**
 * y = γ (x − μ)/√(σ² + ε) + β over the channels of each of `groups` groups, example by example; x
 * has the shape [batch, channels, …sizes], γ and β [channels]. (Wu and He 2018.)
 */
export function groupNorm(
  groups: number,
  channels: number,
  options: Normalization = {},
): Layer<Any, Any> {
  const name = "groupNorm";
  checkNames(name, options, ["epsilon", "affine"]);
  checkCounts(name, { groups, channels });
  if (channels % groups !== 0) {
    fail("bad-argument", {
      message: "groupNorm cannot put its channels into groups.",
      expected: `a number of groups that divides ${channels}`,
      found: shown(groups),
    });
  }
  const epsilon = checkEpsilon(name, options.epsilon ?? 1e-5);
  checkFlag(name, "affine", options.affine);
  return layer({
    name,
    kind: "normalization",
    inputSize: "any",
    outputSize: "any",
    parameters: affineOf([channels], options),
    settings: { groups, channels, ...options },
    site: callSite(),
    apply(x, values, context) {
      checkChannels(name, x, channels);
      const [batch = 0] = x.shape;
      const apart = reshape(x, [batch, groups, sizeOf(x.shape.slice(1)) / groups]);
      const y = reshape(standardized(apart, [2], epsilon, context), x.shape);
      return scaled(y, values, alongChannels(x, channels));
    },
  });
}
