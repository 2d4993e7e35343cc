/** Losses that compare outputs with each other: for objectives that call a model several times. */

import { fail } from "../../core/errors.ts";
import { formatShape, sameShape } from "../../core/shape.ts";
import type { Tensor } from "../../core/tensor.ts";
import { add, div, minimum, mul, neg, square, sub } from "../../ops/arithmetic.ts";
import { sum } from "../../ops/broadcast.ts";
import { clamp, equal, where } from "../../ops/compare.ts";
import { norm } from "../../ops/norms.ts";
import { sqrt } from "../../ops/transcendental.ts";
import { checkFlag } from "../normalization.ts";
import {
  aboveZero,
  comparison,
  fromZero,
  type LossOptions,
  setting,
  signsLike,
} from "./definition.ts";

/** Outputs that are compared have one shape; nothing is stretched. */
function alike(what: string, ...outputs: readonly [Tensor, ...Tensor[]]): void {
  const [{ shape }] = outputs;
  const other = outputs.find((x) => !sameShape(x.shape, shape));
  if (other === undefined) return;
  fail("shape-mismatch", {
    message: `${what} compares outputs of one shape.`,
    expected: formatShape(shape),
    found: formatShape(other.shape),
  });
}

const positivePart = (x: Tensor): Tensor => clamp(x, { min: 0 });

/**
 * E = mean of max(0, margin − t(a − b)) for targets 1, where the score a is to be above b, and −1,
 * where it is to be below; labels 0 and 1 stand for −1 and 1. `margin` is 0 by default; below 0 it
 * is an error.
 *
 * @example marginRanking(a, b, target, { margin: 0.5 }) with a = [1, 2]; b = [0.75, 0]; target = [1, -1]
 */
export const marginRanking = /* @__PURE__ */ comparison<LossOptions & { readonly margin?: number }>(
  "marginRanking",
  ["margin"],
  (a, b, target, { margin = 0 }) => {
    setting("marginRanking", "margin", margin, fromZero);
    alike("marginRanking", a, b);
    const t = signsLike(a, target, "marginRanking");
    return positivePart(add(mul(neg(t), sub(a, b)), margin));
  },
);

/** Added to squared lengths (PyTorch's). */
const narrowest = 1e-12;

/**
 * E = mean over rows of 1 − cos(a, b) where t is 1, and of max(0, cos(a, b) − margin) where it is −1;
 * vectors lie on the last axis, and there is one target for each; labels 0 and 1 stand for −1 and 1.
 * The squared lengths are made larger by 1e-12, as in PyTorch. A `margin` (default 0) outside of
 * −1 … 1 is an error.
 *
 * @example cosineEmbedding(a, b, target) with a = [[1, 0], [1, 1]]; b = [[1, 1], [1, 0]]; target = [1, -1]
 */
export const cosineEmbedding = /* @__PURE__ */ comparison<
  LossOptions & { readonly margin?: number }
>("cosineEmbedding", ["margin"], (a, b, target, { margin = 0 }) => {
  setting("cosineEmbedding", "margin", margin, ["a number from −1 to 1", (n) => n >= -1 && n <= 1]);
  alike("cosineEmbedding", a, b);
  const along = { axis: -1 };
  const length = (x: Tensor) => add(sum(square(x), along), narrowest);
  const cosine = div(sum(mul(a, b), along), sqrt(mul(length(a), length(b))));
  const t = signsLike(cosine, target, "cosineEmbedding");
  const apart = positivePart(sub(cosine, margin));
  return add(where(equal(t, 1), sub(1, cosine), 0), where(equal(t, -1), apart, 0));
});

/** Options of the loss of three vectors. */
interface TripletOptions extends LossOptions {
  /** By how much farther the negative one is to be. Default 1. */
  readonly margin?: number;
  /** The power of the distance, > 0 or Infinity. Default 2. */
  readonly p?: number;
  /** Whether the negative one is to be as far from the positive one, too. Default false. */
  readonly swap?: boolean;
  /** Added to each difference. Default 1e-6. */
  readonly epsilon?: number;
}

/**
 * E = mean over rows of max(0, margin + d(a, b) − d(a, c)) for an anchor a, b of the same kind and c of
 * another; d(x, y) = ‖x − y + ε‖_p on the last axis. With `swap` (Balntas et al. 2016) the smaller one
 * of d(a, c) and d(b, c) counts. `margin` is 1 by default, `p` 2, `epsilon` 1e-6; a margin or power
 * that is not above 0 is an error.
 *
 * @example tripletMargin(a, b, c) with a = [[0, 0]]; b = [[3, 4]]; c = [[0, 5]]
 */
export const tripletMargin = /* @__PURE__ */ comparison<TripletOptions>(
  "tripletMargin",
  ["margin", "p", "swap", "epsilon"],
  (anchor, same, other, { margin = 1, p = 2, swap, epsilon = 1e-6 }) => {
    setting("tripletMargin", "margin", margin, aboveZero);
    setting("tripletMargin", "p", p, ["a number > 0, or Infinity", (n) => n > 0]);
    setting("tripletMargin", "epsilon", epsilon, fromZero);
    checkFlag("tripletMargin", "swap", swap);
    alike("tripletMargin", anchor, same, other);
    const distance = (x: Tensor, y: Tensor) => norm(add(sub(x, y), epsilon), { p, axis: -1 });
    const away = distance(anchor, other);
    const nearest = swap ? minimum(away, distance(same, other)) : away;
    return positivePart(add(margin, sub(distance(anchor, same), nearest)));
  },
);
