/** Normalization: mean 0 and deviation 1 over some axes, then a scale and a shift that are trained. */
import { callSite } from "../core/call-site.ts";
import { fail } from "../core/errors.ts";
import { isNumber } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { formatShape, type Shape, sizeOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { add, div, mul, square, sub } from "../ops/arithmetic.ts";
import { broadcastTo } from "../ops/broadcast.ts";
import { scalar } from "../ops/leaf.ts";
import { reshape } from "../ops/move.ts";
import { mean } from "../ops/reduce.ts";
import { rsqrt } from "../ops/transcendental.ts";
import { constantValue } from "./initializers.ts";
import {
  type Any,
  type BufferSpec,
  type Layer,
  type LayerContext,
  layer,
  type ParameterSpec,
  type Same,
} from "./layer.ts";
import { checkCounts } from "./weighted.ts";

/** What all normalizations share. */
interface Normalization {
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

/** How a batch norm normalizes. */
export interface BatchNormOptions extends Normalization {
  /**
   * How much of each batch goes into the running mean and variance; null: the mean over all batches
   * so far. Default 0.1.
   */
  readonly momentum?: number | null;
  /** Whether running statistics are kept, and used outside of training. Default true. */
  readonly trackRunningStats?: boolean;
}

/** The values of a normalization's parameters, where it has them. */
interface Affine {
  readonly weight?: Tensor;
  readonly bias?: Tensor;
}

function checkFlag(what: string, name: string, given: unknown): void {
  if (given === undefined || typeof given === "boolean") return;
  fail("bad-argument", {
    message: `${what} cannot use this ${name}.`,
    expected: "true or false",
    found: shown(given),
  });
}

function checkEpsilon(what: string, epsilon: unknown): number {
  if (isNumber(epsilon, (e) => Number.isFinite(e) && e >= 0)) return epsilon as number;
  return fail("bad-argument", {
    message: `${what} cannot use this epsilon.`,
    expected: "a finite number ≥ 0",
    found: shown(epsilon),
  });
}

/** A scale that begins with 1, and a shift that begins with 0. */
function affineOf(shape: Shape, { affine = true, bias = true }: LayerNormOptions) {
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
function scaled(x: Tensor, { weight, bias }: Affine, shape: Shape): Tensor {
  const y = weight === undefined ? x : mul(x, reshape(weight, shape));
  return bias === undefined ? y : add(y, reshape(bias, shape));
}

/** (x − μ)/√(σ² + ε), with the deviation from the mean squared: right for large means, too. */
function standardized(x: Tensor, axis: readonly number[], epsilon: number): Tensor {
  const deviation = sub(x, mean(x, { axis, keepDims: true }));
  return mul(deviation, rsqrt(add(mean(square(deviation), { axis, keepDims: true }), epsilon)));
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
    apply: (x, values) => scaled(standardized(x, lastAxes(name, x, shape), epsilon), values, shape),
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
    apply(x, values) {
      const axis = lastAxes(name, x, shape);
      const epsilon = given ?? (x.dtype === "f64" ? 2 ** -52 : 2 ** -23);
      const size = rsqrt(add(mean(square(x), { axis, keepDims: true }), epsilon));
      return scaled(mul(x, size), values, shape);
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
const besides = (x: Tensor, channels: number): number[] =>
  x.shape.map((_, axis) => (axis === 1 ? channels : 1));

/** All axes but that of the channels. */
const others = (x: Tensor): number[] => x.shape.map((_, axis) => axis).filter((a) => a !== 1);

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
    apply(x, values) {
      checkChannels(name, x, channels);
      const [batch = 0] = x.shape;
      const apart = reshape(x, [batch, groups, sizeOf(x.shape.slice(1)) / groups]);
      const y = reshape(standardized(apart, [2], epsilon), x.shape);
      return scaled(y, values, besides(x, channels));
    },
  });
}

const statistics = ["running_mean", "running_var", "num_batches_tracked"] as const;
type Running = Partial<Record<(typeof statistics)[number], Tensor>>;

/** Running statistics: mean 0 and variance 1 before the first batch. */
const buffersOf = (channels: number): Readonly<Record<string, BufferSpec>> => ({
  running_mean: { shape: [channels], initial: constantValue(0) },
  running_var: { shape: [channels], initial: constantValue(1) },
  num_batches_tracked: { shape: [], initial: constantValue(0) },
});

/** The running statistics after a batch of this mean and variance, which were taken over n numbers. */
function renew(
  context: LayerContext,
  { running_mean, running_var, num_batches_tracked }: Running,
  { center, variance, n }: { center: Tensor; variance: Tensor; n: number },
  momentum: number | null,
  /** As in PyTorch, instance norms leave the number of batches at 0. */
  counts: boolean,
): void {
  if (!context.renew || !running_mean || !running_var || !num_batches_tracked) return;
  const count = add(num_batches_tracked, 1);
  const share = momentum === null ? div(1, count) : scalar(momentum, running_mean.dtype);
  const towards = (old: Tensor, found: Tensor) =>
    add(old, mul(sub(reshape(found, old.shape), old), share));
  if (counts) context.renew("num_batches_tracked", count);
  context.renew("running_mean", towards(running_mean, center));
  // What is kept is the estimate for all data, without bias.
  context.renew("running_var", towards(running_var, mul(variance, n / (n - 1))));
}

function checkBatchOptions(name: string, options: BatchNormOptions, over: "batch" | "instance") {
  checkNames(name, options, ["epsilon", "affine", "momentum", "trackRunningStats"]);
  const { momentum = 0.1 } = options;
  const isMean = momentum === null && over === "batch";
  if (!isMean && !isNumber(momentum, (m) => m >= 0 && m <= 1)) {
    fail("bad-argument", {
      message: `${name} cannot use this momentum.`,
      expected: over === "batch" ? "0 … 1, or null for the mean over all batches" : "0 … 1",
      found: shown(momentum),
    });
  }
  for (const flag of ["affine", "trackRunningStats"] as const) {
    checkFlag(name, flag, options[flag]);
  }
  return { momentum, epsilon: checkEpsilon(name, options.epsilon ?? 1e-5) };
}

/** Both kinds: over batch and positions, or over the positions of each example. */
function channelwise(
  name: string,
  channels: number,
  options: BatchNormOptions,
  over: "batch" | "instance",
): Pick<Layer, "parameters" | "buffers" | "apply"> {
  const { momentum, epsilon } = checkBatchOptions(name, options, over);
  checkCounts(name, { channels });
  const tracks = options.trackRunningStats ?? over === "batch";
  return {
    parameters: affineOf([channels], { affine: options.affine ?? over === "batch" }) as Readonly<
      Record<string, ParameterSpec>
    >,
    buffers: tracks ? buffersOf(channels) : {},
    apply(x, values, context = { training: false, path: "" }) {
      checkChannels(name, x, channels);
      const shape = besides(x, channels);
      const running = values as Running & Affine;
      if (tracks && !context.training && running.running_mean && running.running_var) {
        const center = reshape(running.running_mean, shape);
        const factor = rsqrt(add(reshape(running.running_var, shape), epsilon));
        return scaled(mul(sub(x, center), factor), running, shape);
      }
      const axis = over === "batch" ? others(x) : others(x).slice(1);
      const n = sizeOf(axis.map((a) => x.shape[a] ?? 1));
      if (n < 2) {
        fail("shape-mismatch", {
          message: `${name} cannot take a variance of one number for each channel.`,
          expected: "at least 2 numbers for each channel",
          found: formatShape(x.shape),
          fix:
            over === "batch"
              ? "Choose a batch size that leaves no single example, for the last batch either."
              : "Give each example more than one position, or leave the layer out.",
        });
      }
      const center = mean(x, { axis, keepDims: true });
      const deviation = sub(x, broadcastTo(center, x.shape));
      const variance = mean(square(deviation), { axis, keepDims: true });
      const factor = rsqrt(add(variance, epsilon));
      if (tracks) {
        // Of several examples the statistics are the means.
        const joined = (t: Tensor) => (over === "batch" ? t : mean(t, { axis: 0, keepDims: true }));
        const found = { center: joined(center), variance: joined(variance), n };
        renew(context, running, found, momentum, over === "batch");
      }
      return scaled(mul(deviation, factor), running, shape);
    },
  };
}

function batchNorm<const C extends number>(
  axes: 2 | 3,
  channels: C,
  options: BatchNormOptions,
  over: "batch" | "instance",
): Layer<C, C> {
  const name = `${over}Norm${axes}d`;
  return layer({
    name,
    kind: "normalization",
    inputSize: channels,
    outputSize: channels,
    inputAxis: -1 - axes,
    ...channelwise(name, channels, options, over),
    settings: { channels, ...options },
    site: callSite(),
  });
}

/**
 * y = γ (x − μ)/√(σ² + ε) + β for each channel, with the mean μ and the variance σ² (÷ n) of the batch
 * while training, and with the running ones otherwise. x has the shape [batch, channels] or [batch,
 * channels, length], γ ("weight"), β ("bias"), "running_mean" and "running_var" [channels];
 * "num_batches_tracked" counts batches. After each batch, running ← running + momentum·(found −
 * running), σ² counting with n − 1. One number for each channel has no variance: an error while
 * training. (Ioffe and Szegedy 2015; names and defaults as in PyTorch.)
 */
export function batchNorm1d(channels: number, options: BatchNormOptions = {}): Layer<Same, Same> {
  const name = "batchNorm1d";
  return layer({
    name,
    kind: "normalization",
    inputSize: "same",
    outputSize: "same",
    ...channelwise(name, channels, options, "batch"),
    settings: { channels, ...options },
    site: callSite(),
  });
}

/** As `batchNorm1d`, for x [batch, channels, height, width]. */
export const batchNorm2d = <const C extends number>(
  channels: C,
  options: BatchNormOptions = {},
): Layer<C, C> => batchNorm(2, channels, options, "batch");

/** As `batchNorm1d`, for x [batch, channels, depth, height, width]. */
export const batchNorm3d = <const C extends number>(
  channels: C,
  options: BatchNormOptions = {},
): Layer<C, C> => batchNorm(3, channels, options, "batch");

/**
 * y = (x − μ)/√(σ² + ε) for each channel of each example: `batchNorm1d` with statistics over the
 * positions of an example alone. Without scale and shift and without running statistics by default
 * (`affine`, `trackRunningStats`); batches are not counted, as in PyTorch, so that momentum is a
 * number. x has the shape [batch, channels, length]. (Ulyanov et al. 2016.)
 */
export function instanceNorm1d(
  channels: number,
  options: BatchNormOptions = {},
): Layer<Same, Same> {
  const name = "instanceNorm1d";
  return layer({
    name,
    kind: "normalization",
    inputSize: "same",
    outputSize: "same",
    ...channelwise(name, channels, options, "instance"),
    settings: { channels, ...options },
    site: callSite(),
  });
}

/** As `instanceNorm1d`, for x [batch, channels, height, width]. */
export const instanceNorm2d = <const C extends number>(
  channels: C,
  options: BatchNormOptions = {},
): Layer<C, C> => batchNorm(2, channels, options, "instance");

/** As `instanceNorm1d`, for x [batch, channels, depth, height, width]. */
export const instanceNorm3d = <const C extends number>(
  channels: C,
  options: BatchNormOptions = {},
): Layer<C, C> => batchNorm(3, channels, options, "instance");
