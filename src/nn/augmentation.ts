/** Images changed at random while training, each by itself: in the graph, so that seeds decide it. */
import { fail } from "../core/errors.ts";
import { isNumber } from "../core/kinds.ts";
import type { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { broadcastTo } from "../ops/broadcast.ts";
import { cast } from "../ops/cast.ts";
import { less, where } from "../ops/compare.ts";
import { gather } from "../ops/indexing.ts";
import { range } from "../ops/leaf.ts";
import { flip, reshape } from "../ops/move.ts";
import { pad } from "../ops/padding.ts";
import { randomUniform } from "../ops/random.ts";
import { checkRate, noise, streamOf } from "./dropout.ts";
import type { Layer, NoRanks, Same } from "./layer.ts";
import { batched } from "./weighted.ts";

/**
 * While training y is x mirrored along its last axis, from left to right, for each example with the
 * probability `rate` (default 0.5); y = x otherwise. x has the shape [batch, channels, height, width].
 * Which are mirrored follows from the step's key and the layer's place. A rate outside 0 ≤ rate ≤ 1 is
 * an error. It is torchvision's RandomHorizontalFlip of every single image.
 */
export function randomFlip2d(rate = 0.5): Layer<Same, Same, NoRanks> {
  checkRate("randomFlip2d", rate, true);
  return noise({
    name: "randomFlip2d",
    settings: { rate },
    check: (x) => void batched("randomFlip2d", x, 2),
    changed(x, key, path) {
      if (rate === 0) return x;
      const each = [x.shape[0] ?? 0, 1, 1, 1];
      const u = randomUniform(key, each, { dtype: x.dtype, stream: streamOf(path) });
      return where(less(u, rate), flip(x, -1), x);
    },
  });
}

/**
 * While training y[b, c, i, j] = x[b, c, i + δᵢ, j + δⱼ], where δᵢ and δⱼ are whole numbers from
 * −`pixels` to `pixels`, all as likely, for each example; what comes in from outside is 0. y = x
 * otherwise. x has the shape [batch, channels, height, width]. The numbers follow from the step's key
 * and the layer's place. A number of pixels below 0 or beyond 4096 is an error. It is torchvision's
 * RandomCrop(size, padding=pixels) of every single image.
 */
export function randomShift2d(pixels: number): Layer<Same, Same, NoRanks> {
  if (!isNumber(pixels, (n) => Number.isInteger(n) && n >= 0 && n <= mostPixels)) {
    fail("bad-argument", {
      message: "randomShift2d needs to know how far images may be moved.",
      expected: `a whole number of pixels from 0 to ${mostPixels}`,
      found: shown(pixels),
    });
  }
  return noise({
    name: "randomShift2d",
    settings: { pixels },
    check: (x) => void batched("randomShift2d", x, 2),
    changed(x, key, path) {
      if (pixels === 0) return x;
      const around = pad(x, { before: [0, 0, pixels, pixels], after: [0, 0, pixels, pixels] });
      const moved = (y: Tensor, axis: 2 | 3): Tensor => {
        const stream = streamOf(path, axis === 2 ? "down" : "across");
        const size = x.shape[axis] ?? 0;
        const u = randomUniform(key, [x.shape[0] ?? 0, 1, 1, 1], { dtype: x.dtype, stream });
        // u is at most 1 − 2⁻²⁴, so that the product stays below 2·pixels + 1 when it is rounded.
        const first = cast(mul(u, 2 * pixels + 1), "i32");
        const along = [1, 1, 1, 1].map((n, k) => (k === axis ? size : n));
        const places = add(first, reshape(range(size), along));
        const shape = y.shape.map((n, k) => (k === axis ? size : n));
        return gather(y, broadcastTo(places, shape), { axis });
      };
      return moved(moved(around, 2), 3);
    },
  });
}

/** The farthest that images are moved. */
const mostPixels = 4096;
