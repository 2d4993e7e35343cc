/** Normalization of channels by the batch or by each example, with running statistics. */
import { callSite } from "../core/call-site.ts";
import { fail } from "../core/errors.ts";
import { isNumber } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { formatShape, sizeOf } from "../core/shape.ts";
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
  type BufferSpec,
  type Layer,
  type LayerContext,
  layer,
  type Same,
  type Size,
} from "./layer.ts";
import { atPath, roomForChannels } from "./layer-checks.ts";
import {
  affineOf,
  alongChannels,
  checkEpsilon,
  checkFlag,
  type Normalization,
  type ScaleAndShift,
  scaled,
} from "./normalization.ts";
import { checkCounts } from "./weighted.ts";

/** How a batch norm normalizes. */
export interface BatchNormOptions extends Normalization {
  /**
   * How much of each batch goes into the running mean and variance; null: the mean over all batches
   * so far. Default 0.1.
   */
  readonly momentum?: number | null;
  /** Whether running statistics are kept, and used outside of training. Default true. */
  readonly trackRunningStats?: boolean;
  /**
   * Which variance of a batch is kept: Σ/(n − 1) as in PyTorch, or Σ/n as in Keras and ONNX. Default
   * "unbiased".
   */
  readonly runningVariance?: "unbiased" | "biased";
}

/** What the statistics of a channel are taken over: batch and positions, or those of each example. */
type Over = "batch" | "instance";

/** All axes but that of the channels. */
const others = (x: Tensor): number[] => x.shape.map((_, axis) => axis).filter((a) => a !== 1);

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
  kept: BatchNormOptions["runningVariance"],
): void {
  if (!context.renew || !running_mean || !running_var || !num_batches_tracked) return;
  const count = add(num_batches_tracked, 1);
  const share = momentum === null ? div(1, count) : scalar(momentum, running_mean.dtype);
  const towards = (old: Tensor, found: Tensor) =>
    add(old, mul(sub(reshape(found, old.shape), old), share));
  if (counts) context.renew("num_batches_tracked", count);
  context.renew("running_mean", towards(running_mean, center));
  // What is kept is the estimate for all data, without bias where nothing else is said.
  const factor = kept === "biased" ? 1 : n / (n - 1);
  context.renew(
    "running_var",
    towards(running_var, factor === 1 ? variance : mul(variance, factor)),
  );
}

const optionNames = ["epsilon", "affine", "momentum", "trackRunningStats", "runningVariance"];

function checkBatchOptions(name: string, options: BatchNormOptions, over: Over) {
  checkNames(name, options, [...optionNames]);
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
  const { runningVariance = "unbiased" } = options;
  if (runningVariance !== "unbiased" && runningVariance !== "biased") {
    fail("bad-argument", {
      message: `${name} cannot use this runningVariance.`,
      expected: '"unbiased" or "biased"',
      found: shown(runningVariance),
    });
  }
  return { momentum, epsilon: checkEpsilon(name, options.epsilon ?? 1e-5) };
}

/** What stands behind [batch, channels: of features, and along 1, 2 or 3 axes. */
const behind = ["", ", length", ", height, width", ", depth, height, width"] as const;

/** Whether x has the channels and the axes that the layer was made for. */
function checkFits(
  x: Tensor,
  [over, where]: readonly [Over, string],
  channels: number,
  ranks: readonly number[],
): void {
  const isRank = ranks.includes(x.rank);
  if (isRank && x.shape[1] === channels) return;
  const other = behind[x.rank - 2] === undefined ? "" : `, or take ${over}Norm${x.rank - 2}d`;
  fail("shape-mismatch", {
    message: `${where} got an input of another size.`,
    expected: ranks.map((rank) => `[batch, ${channels}${behind[rank - 2]}]`).join(" or "),
    found: formatShape(x.shape),
    fix: isRank
      ? "Make the layer's number of channels equal to that of what comes before it."
      : x.rank === 3 || x.rank < 2
        ? roomForChannels
        : `Put in a flatten() or a reshape before it${other}.`,
  });
}

/** Both kinds, along 1, 2 or 3 axes. */
function channelwise<In extends Size>(
  over: Over,
  axes: 1 | 2 | 3,
  channels: number,
  options: BatchNormOptions,
  inputSize: In,
): Layer<In, In> {
  const name = `${over}Norm${axes}d`;
  const { momentum, epsilon } = checkBatchOptions(name, options, over);
  checkCounts(name, { channels });
  const affine = options.affine ?? over === "batch";
  const tracks = options.trackRunningStats ?? over === "batch";
  // Features of a batch have no positions.
  const ranks = over === "batch" && axes === 1 ? [2, 3] : [axes + 2];
  return layer({
    name,
    kind: "normalization",
    inputSize,
    outputSize: inputSize,
    ...(inputSize === "same" ? {} : { inputAxis: -1 - axes }),
    parameters: affineOf([channels], { affine }),
    buffers: tracks ? buffersOf(channels) : {},
    settings: { channels, ...options },
    site: callSite(),
    apply(x, values, context) {
      const where = atPath(name, context.path);
      checkFits(x, [over, where], channels, ranks);
      const shape = alongChannels(x, channels);
      const running: Running & ScaleAndShift = values;
      if (tracks && !context.training && running.running_mean && running.running_var) {
        const center = reshape(running.running_mean, shape);
        const factor = rsqrt(add(reshape(running.running_var, shape), epsilon));
        return scaled(mul(sub(x, center), factor), running, shape);
      }
      const axis = over === "batch" ? others(x) : others(x).slice(1);
      const n = sizeOf(axis.map((a) => x.shape[a] ?? 1));
      if (n < 2) {
        fail("shape-mismatch", {
          message: `${where} cannot take a variance of one number for each channel.`,
          expected: "at least 2 numbers for each channel",
          found: formatShape(x.shape),
          fix:
            over === "batch"
              ? "Train on batches of at least 2 examples, the last one included."
              : "Give each example more than one position, or leave the layer out.",
        });
      }
      const center = mean(x, { axis, keepDims: true });
      context.observeInner?.(context.path, "mean", center);
      const deviation = sub(x, broadcastTo(center, x.shape));
      const variance = mean(square(deviation), { axis, keepDims: true });
      context.observeInner?.(context.path, "variance", variance);
      const factor = rsqrt(add(variance, epsilon));
      if (tracks) {
        // Of several examples the statistics are the means.
        const joined = (t: Tensor) => (over === "batch" ? t : mean(t, { axis: 0, keepDims: true }));
        const found = { center: joined(center), variance: joined(variance), n };
        renew(context, running, found, momentum, over === "batch", options.runningVariance);
      }
      return scaled(mul(deviation, factor), running, shape);
    },
  });
}

/**
 * y = γ (x − μ)/√(σ² + ε) + β for each channel, with the mean μ and the variance σ² (÷ n) of the batch
 * while training, and with the running ones otherwise. x has the shape [batch, channels] or [batch,
 * channels, length], γ ("weight"), β ("bias"), "running_mean" and "running_var" [channels];
 * "num_batches_tracked" counts batches. After each batch, running ← running + momentum·(found −
 * running), σ² counting with n − 1, or with n as `runningVariance` says. One number for each channel has no variance: an error while
 * training. (Ioffe and Szegedy 2015; names and defaults as in PyTorch.)
 */
export const batchNorm1d = (channels: number, options: BatchNormOptions = {}): Layer<Same, Same> =>
  channelwise("batch", 1, channels, options, "same");

/** As `batchNorm1d`, for x [batch, channels, height, width]. */
export const batchNorm2d = <const C extends number>(
  channels: C,
  options: BatchNormOptions = {},
): Layer<C, C> => channelwise("batch", 2, channels, options, channels);

/** As `batchNorm1d`, for x [batch, channels, depth, height, width]. */
export const batchNorm3d = <const C extends number>(
  channels: C,
  options: BatchNormOptions = {},
): Layer<C, C> => channelwise("batch", 3, channels, options, channels);

/**
 * y = (x − μ)/√(σ² + ε) for each channel of each example: `batchNorm1d` with statistics over the
 * positions of an example alone. Without scale and shift and without running statistics by default
 * (`affine`, `trackRunningStats`); batches are not counted, as in PyTorch, so that momentum is a
 * number. x has the shape [batch, channels, length]. (Ulyanov et al. 2016.)
 */
export const instanceNorm1d = <const C extends number>(
  channels: C,
  options: BatchNormOptions = {},
): Layer<C, C> => channelwise("instance", 1, channels, options, channels);

/** As `instanceNorm1d`, for x [batch, channels, height, width]. */
export const instanceNorm2d = <const C extends number>(
  channels: C,
  options: BatchNormOptions = {},
): Layer<C, C> => channelwise("instance", 2, channels, options, channels);

/** As `instanceNorm1d`, for x [batch, channels, depth, height, width]. */
export const instanceNorm3d = <const C extends number>(
  channels: C,
  options: BatchNormOptions = {},
): Layer<C, C> => channelwise("instance", 3, channels, options, channels);
