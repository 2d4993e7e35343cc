/** Reductions and scans. */

import { at } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import { indices, load, offset } from "../core/expression.ts";
import { isNumber } from "../core/kinds.ts";
import type { Op, Unary } from "../core/op.ts";
import { checkNames } from "../core/options.ts";
import { type SomeAxes, sizeOf } from "../core/shape.ts";
import { axesOf, node, type Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { add, div, isFinite, mul, square, sub } from "./arithmetic.ts";
import { spread, sum } from "./broadcast.ts";
import { cast, toFloat, toNumber } from "./cast.ts";
import { equal, where } from "./compare.ts";
import { zerosLike } from "./leaf.ts";
import { flip, reshape, slice, transpose } from "./move.ts";
import { pad } from "./padding.ts";
import {
  type Axes,
  cases,
  f64Type,
  kept,
  type ReduceOptions,
  type Reducer,
  reduced,
  reducer,
  reduction,
  sigma,
  sizesOf,
} from "./reduction.ts";
import { exp, log } from "./transcendental.ts";

export const prodOp = reduction({
  name: "prod",
  combine: "product",
  empty: true,
  derivative: {
    kind: "general",
    reverse: (g, { x: [x], attributes: { axes } }) =>
      mul(spread(g, x.shape, axes), productOfOthers(x, axes)),
  },
  law: {
    en: "The derivative of a product with respect to one factor is the product of the others.",
    zh: "乘积对一个因子的导数是其余因子之积。",
  },
  notation: sigma("Π", "\\prod"),
});

/** For each element the product of all others along `axes`; no division, so zeros are no harm. */
function productOfOthers(x: Tensor, axes: readonly number[]): Tensor {
  const rest = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const order = [...rest, ...axes];
  const moved = transpose(x, order);
  const count = sizeOf(sizesOf(x.shape, axes));
  const rows = reshape(moved, [sizeOf(sizesOf(x.shape, rest)), count]);
  const before = exclusiveProduct(rows);
  const after = flip(exclusiveProduct(flip(rows, 1)), 1);
  const product = reshape(mul(before, after), moved.shape);
  return transpose(
    product,
    order.map((_, axis) => order.indexOf(axis)),
  );
}

/** y[…, k] = x[…, 0]·…·x[…, k−1], by differentiable steps of doubling length. */
function exclusiveProduct(rows: Tensor): Tensor {
  const n = at(rows.shape, 1);
  let y = shifted(rows, 1);
  for (let step = 1; step < n; step *= 2) y = mul(y, shifted(y, step));
  return y;
}

/** Rows shifted to the right by `by`, ones coming in from the left. */
function shifted(rows: Tensor, by: number): Tensor {
  const [m, n] = [at(rows.shape, 0), at(rows.shape, 1)];
  if (by >= n)
    return pad(slice(rows, { end: [m, 0] }), { before: [0, n], after: [0, 0], value: 1 });
  const head = slice(rows, { end: [m, n - by] });
  return pad(head, { before: [0, by], after: [0, 0], value: 1 });
}

/** Each element's share in an extreme value: ties are split evenly; all NaN if one is NaN. */
export function share(x: Tensor, y: Tensor, axes: readonly number[]): Tensor {
  const hit = cast(equal(x, spread(y, x.shape, axes)), x.dtype);
  return div(hit, spread(sum(hit, { axis: axes }), x.shape, axes));
}

const extreme = (name: "max" | "min", law: Op["law"]): Op<Unary, Axes> =>
  reduction({
    name,
    combine: name,
    empty: false,
    derivative: {
      kind: "general",
      reverse: (g, { x: [x], y, attributes: { axes } }) =>
        mul(spread(g, x.shape, axes), share(x, y, axes)),
      forward: ([t], { x: [x], y, attributes: { axes } }) =>
        sum(mul(t, share(x, y, axes)), { axis: axes }),
    },
    law,
    notation: { text: `${name}(#0)`, tex: `\\${name}\\left(#0\\right)`, precedence: 5 },
  });

export const maxOp = extreme("max", {
  en: "The gradient goes to the largest element; elements that tie share it evenly.",
  zh: "梯度传给最大的元素；并列者平分。",
});
export const minOp = extreme("min", {
  en: "The gradient goes to the smallest element; elements that tie share it evenly.",
  zh: "梯度传给最小的元素；并列者平分。",
});

const position = (combine: "argmax" | "argmin"): Op<Unary, Axes> =>
  reduction({
    name: combine,
    combine,
    empty: false,
    derivative: { kind: "zero" },
    law: {
      en: "A position does not change under small changes: nothing flows back.",
      zh: "位置在微小变化下不变：没有梯度传回。",
    },
    notation: {
      text: `${combine}(#0)`,
      tex: `\\operatorname{${combine}}\\left(#0\\right)`,
      precedence: 5,
    },
  });

export const argmaxOp = position("argmax");
export const argminOp = position("argmin");

export const meanOp: Op<Unary, Axes> = {
  name: "mean",
  infer: ([x], { axes }) => ({ dtype: x.dtype, shape: kept(x.shape, axes) }),
  meaning: ([x], _y, { axes }) => ({
    loop: "compose",
    build: ([t]) => mul(sum(t, { axis: axes }), 1 / sizeOf(sizesOf(x.shape, axes))),
  }),
  derivative: { kind: "compose" },
  law: {
    en: "A mean of n terms passes 1/n of the gradient on to each.",
    zh: "n 项的平均把梯度的 1/n 传给每一项。",
  },
  notation: { text: "mean(#0)", tex: "\\operatorname{mean}\\left(#0\\right)", precedence: 5 },
  sampling: { cases },
};

export const logsumexpOp: Op<Unary, Axes> = {
  name: "logsumexp",
  infer: ([x], { axes }) => ({ dtype: x.dtype, shape: kept(x.shape, axes) }),
  meaning: (_x, _y, { axes }) => ({
    loop: "compose",
    build: ([x]) => {
      // The logarithm of an empty sum; there is no maximum.
      if (sizeOf(sizesOf(x.shape, axes)) === 0) return log(sum(exp(x), { axis: axes }));
      // Shifted by the maximum nothing overflows; an infinite maximum must not make ∞ − ∞.
      const top = max(x, { axis: axes });
      const shift = where(isFinite(top), top, zerosLike(top));
      const total = sum(exp(sub(x, spread(shift, x.shape, axes))), { axis: axes });
      return add(log(total), shift);
    },
  }),
  derivative: {
    kind: "general",
    reverse: (g, { x: [x], y, attributes: { axes } }) =>
      mul(spread(g, x.shape, axes), weights(x, y, axes)),
    forward: ([t], { x: [x], y, attributes: { axes } }) =>
      sum(mul(t, weights(x, y, axes)), { axis: axes }),
  },
  law: {
    en: "The derivative of log-sum-exp is the softmax: e^(x_i)/Σe^(x_j).",
    zh: "log-sum-exp 的导数是 softmax：e^(x_i)/Σe^(x_j)。",
  },
  notation: {
    text: "ln(#[e^(#)])",
    tex: "\\ln\\left(#[e^{#}]\\right)",
    precedence: 5,
    spoken: { en: "ln(#[e to the power of (#)])", zh: "ln(#[e 的 (#)])" },
  },
  sampling: { cases },
};

/** softmax(x) = e^(x − logsumexp x) */
const weights = (x: Tensor, y: Tensor, axes: readonly number[]): Tensor =>
  exp(sub(x, spread(y, x.shape, axes)));

type Scan = { readonly axis: number; readonly reverse: boolean };

export const cumsumOp: Op<Unary, Scan> = {
  name: "cumsum",
  infer: ([x]) => ({ dtype: x.dtype, shape: x.shape }),
  meaning: ([x], _y, { axis, reverse }) => ({
    loop: "scan",
    axis,
    reverse,
    combine: "sum",
    value: load(0, x.dtype, offset(x.shape, indices(x.shape.length))),
  }),
  derivative: {
    kind: "linear",
    transpose: (g, { attributes: { axis, reverse } }) =>
      node(cumsumOp, [g], { axis, reverse: !reverse }),
  },
  law: {
    en: "Each term is part of its own and all later sums, so it collects their gradients.",
    zh: "每一项出现在其后的所有部分和中，因此收集它们的梯度之和。",
  },
  notation: { text: "cumsum(#0)", tex: "\\operatorname{cumsum}\\left(#0\\right)", precedence: 5 },
  sampling: {
    cases: [
      { inputs: [f64Type(2, 3)], attributes: { axis: 1, reverse: false } },
      { inputs: [f64Type(4)], attributes: { axis: 0, reverse: true } },
    ],
  },
};

/**
 * y = Π x over the axes; of nothing it is 1.
 *
 * @example prod(x, { axis: 0 }) with x = [[1, 2], [3, 4]]
 */
export const prod = reducer(prodOp);
/**
 * y = max x over the axes; NaN if one is; ties share the gradient evenly.
 *
 * @example max(x, { axis: 1 }) with x = [[1, 2], [4, 3]]
 */
export const max = reducer(maxOp);
/**
 * y = min x over the axes; NaN if one is; ties share the gradient evenly.
 *
 * @example min(x, { axis: 1 }) with x = [[1, 2], [4, 3]]
 */
export const min = reducer(minOp);
/**
 * y = (1/n) Σ x over the axes; of nothing it is NaN.
 *
 * @example mean(x, { axis: 0 }) with x = [[1, 2], [3, 4]]
 */
export const mean: Reducer = (x: Tensor, options?: ReduceOptions): Tensor =>
  reducer(meanOp, toFloat)(x, options);
/**
 * y = ln Σ e^x over the axes, without overflow; of nothing it is −∞.
 *
 * @example logsumexp(x) with x = [1, 2, 3]
 */
export const logsumexp: Reducer = (x: Tensor, options?: ReduceOptions): Tensor =>
  reducer(logsumexpOp, toFloat)(x, options);

/**
 * y = Σ (x − mean)² / (n − correction): `correction` 0 (default) is biased, 1 is Bessel's; what is
 * no finite number is an error.
 *
 * @example variance(x) with x = [1, 2, 3, 6]
 */
export function variance(
  x: Tensor,
  options: ReduceOptions & { readonly correction?: number } = {},
): Tensor {
  checkNames("variance", options, ["axis", "keepDims", "correction"], ["axes"]);
  const { correction = 0, keepDims = false } = options;
  const axis = reduced("variance", x, options);
  if (!isNumber(correction, Number.isFinite)) {
    fail("bad-argument", {
      message: "variance cannot use this correction.",
      expected: "a number: 0 is biased, 1 Bessel's correction",
      found: shown(correction),
    });
  }
  const n = sizeOf(sizesOf(x.shape, axis));
  const deviation = sub(x, mean(x, { axis, keepDims: true }));
  return div(sum(square(deviation), { axis, keepDims }), Math.max(0, n - correction));
}

/** Where argmax and argmin search; `keepDims` (default false) keeps those axes with size 1. */
export interface PositionOptions {
  /** The axis to search, or several (null: all); default: the last. */
  readonly axis?: SomeAxes;
  readonly keepDims?: boolean;
}

const positioner =
  (op: Op<Unary, Axes>) =>
  (x: Tensor, options: PositionOptions = {}): Tensor => {
    checkNames(op.name, options, ["axis", "keepDims"]);
    const { axis = -1, keepDims = false } = options;
    return reducer(op)(x, { axis, keepDims });
  };

/**
 * The position of the largest element along the axis: the first at a tie, or the first NaN. Over
 * several axes it counts their elements in row-major order.
 *
 * @example argmax(x, { axis: 1 }) with x = [[1, 2], [4, 3]]
 */
export const argmax = positioner(argmaxOp);
/**
 * The position of the smallest element along the axis, counted as `argmax` does.
 *
 * @example argmin(x, { axis: 1 }) with x = [[1, 2], [4, 3]]
 */
export const argmin = positioner(argminOp);

/**
 * y[k] = Σ x[j] for j ≤ k along `axis` (default: the last), or along several in turn.
 *
 * @example cumsum(x) with x = [1, 2, 3]
 */
export function cumsum<R extends number>(
  x: Tensor<R>,
  options: { readonly axis?: SomeAxes } = {},
): Tensor<R> {
  checkNames("cumsum", options, ["axis"]);
  const { axis = -1 } = options;
  return axesOf("cumsum", x, axis).reduce(
    (y, along) => node(cumsumOp, [y], { axis: along, reverse: false }),
    toNumber(x),
  );
}
