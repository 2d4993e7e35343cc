/** Further noise: whole channels that are dropped, and what keeps mean and variance for selu. */
import type { Shape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { greaterEqual, where } from "../ops/compare.ts";
import { randomUniform } from "../ops/random.ts";
import { checkRate, dropped, noise, streamOf } from "./dropout.ts";
import type { Layer, NoRanks, Same } from "./layer.ts";
import { batched } from "./weighted.ts";

/** What is drawn alike, and what becomes of it. */
interface Masked {
  /** The shape of the mask for an input, each of whose elements is drawn by itself. */
  readonly shape: (x: Tensor) => Shape;
  readonly apply: typeof dropped;
}

function masked(name: string, rate: number, { shape, apply }: Masked): Layer<Same, Same, NoRanks> {
  checkRate(name, rate, true);
  return noise({
    name,
    settings: { rate },
    check: (x) => void shape(x),
    changed: (x, key, path) => (rate === 0 ? x : apply(x, rate, key, streamOf(path), shape(x))),
  });
}

/** −λα of selu: where it goes for large negative x. */
const seluFloor = -1.7580993408473766;
/** Values that are not kept become selu's floor; then mean 0 and variance 1 are restored. */
function toFloor(
  x: Tensor,
  rate: number,
  key: Tensor,
  stream: number,
  shape: Shape = x.shape,
): Tensor {
  if (rate === 1) return dropped(x, rate, key, stream, shape);
  const isKept = greaterEqual(randomUniform(key, shape, { dtype: x.dtype, stream }), rate);
  const scale = 1 / Math.sqrt((1 - rate) * (1 + rate * seluFloor * seluFloor));
  return add(mul(where(isKept, x, seluFloor), scale), -scale * rate * seluFloor);
}

const each = (x: Tensor): Shape => x.shape;
/** Of x [batch, channels, …], one for each channel of each example. */
const channels = (x: Tensor): Shape => x.shape.map((n, axis) => (axis < 2 ? n : 1));

const wholeChannels = (axes: 1 | 2 | 3, rate: number): Layer<Same, Same, NoRanks> => {
  const name = `dropout${axes}d`;
  const shape = (x: Tensor) => channels(batched(name, x, axes));
  return masked(name, rate, { shape, apply: dropped });
};

/**
 * As `dropout`, with one m for each channel of each example: neighbours, which say much the same,
 * are kept or dropped together. `rate` is 0.5 by default. x has the shape [batch, channels, length].
 * (Tompson et al. 2015.)
 */
export const dropout1d = (rate = 0.5): Layer<Same, Same, NoRanks> => wholeChannels(1, rate);
/** As `dropout1d` (`rate` 0.5 by default), for x [batch, channels, height, width]. */
export const dropout2d = (rate = 0.5): Layer<Same, Same, NoRanks> => wholeChannels(2, rate);
/** As `dropout1d` (`rate` 0.5 by default), for x [batch, channels, depth, height, width]. */
export const dropout3d = (rate = 0.5): Layer<Same, Same, NoRanks> => wholeChannels(3, rate);

/**
 * y = a (m x + (1 − m) α′) + b while training, with selu's floor α′ ≈ −1.7581 in the place of what is
 * dropped; a and b keep mean 0 and variance 1. y = x otherwise. For networks of `selu`; a rate outside
 * 0 ≤ rate ≤ 1 (default 0.5) is an error, and of 1 everything is 0. (Klambauer et al. 2017.)
 */
export const alphaDropout = (rate = 0.5): Layer<Same, Same, NoRanks> =>
  masked("alphaDropout", rate, { shape: each, apply: toFloor });

/** As `alphaDropout` (`rate` 0.5 by default), one m for each channel: x [batch, channels, …]. */
export const featureAlphaDropout = (rate = 0.5): Layer<Same, Same, NoRanks> =>
  masked("featureAlphaDropout", rate, { shape: channels, apply: toFloor });
