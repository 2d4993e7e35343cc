/** Running products, extremes and sums of exponentials along an axis. */
import { at } from "../core/at.ts";
import { indices, load, offset } from "../core/expression.ts";
import type { Op, Unary } from "../core/op.ts";
import { checkNames } from "../core/options.ts";
import type { SomeAxes } from "../core/shape.ts";
import { asTensor, axesOf, axisOf, node, type Tensor } from "../core/tensor.ts";
import { add, mul } from "./arithmetic.ts";
import { broadcastTo } from "./broadcast.ts";
import { toFloat, toNumber } from "./cast.ts";
import { equal, isNaN, logicalOr, where } from "./compare.ts";
import { concatenate } from "./concatenate.ts";
import { functionNotation } from "./define.ts";
import { gather, scatterOp } from "./indexing.ts";
import { ones, range } from "./leaf.ts";
import { logAddExp } from "./logarithms.ts";
import { reshape, stretch } from "./move.ts";
import { f64Type } from "./reduction.ts";
import type { ValueWithIndex } from "./tallies.ts";

type Along = { readonly axis: number };

/** Along which axis, or along several in turn. */
export interface CumulativeOptions {
  /** The axis. Default −1, the last. */
  readonly axis?: SomeAxes;
}

const cases = [
  { inputs: [f64Type(2, 3)], attributes: { axis: 1 } },
  { inputs: [f64Type(5, 2)], attributes: { axis: 0 } },
  { inputs: [f64Type(1)], attributes: { axis: 0 } },
  { inputs: [f64Type(2, 0)], attributes: { axis: 1 } },
] as const;

const scanned = (combine: "product" | "max" | "min"): Op<Unary, Along>["meaning"] => {
  return ([x], _y, { axis }) => ({
    loop: "scan",
    axis,
    reverse: false,
    combine,
    value: load(0, x.dtype, offset(x.shape, indices(x.shape.length))),
  });
};

/** x moved on by one along the axis, ones coming in. */
function behind(x: Tensor, axis: number): Tensor {
  const n = at(x.shape, axis);
  if (n === 0) return x;
  const first = ones(
    x.shape.map((m, k) => (k === axis ? 1 : m)),
    x.dtype,
  );
  return concatenate([first, stretch(x, axis, 0, n - 1)], axis);
}

/**
 * s[j] = Σ g[k]·x[j + 1]·…·x[k] over k ≥ j: s[j] = g[j] + x[j + 1]·s[j + 1], by differentiable steps
 * of doubling length. No division, so zeros are no harm.
 */
function collected(g: Tensor, x: Tensor, axis: number): Tensor {
  const n = at(x.shape, axis);
  let sum = g;
  // Of the factors between here and where the next sum begins.
  let product = n > 0 ? concatenate([stretch(x, axis, 1, n), stretch(x, axis, 0, 1)], axis) : x;
  for (let step = 1; step < n; step *= 2) {
    const far = n - step;
    const factor = stretch(product, axis, 0, far);
    const [own, later] = [stretch(sum, axis, 0, far), stretch(sum, axis, step, n)];
    sum = concatenate([add(own, mul(factor, later)), stretch(sum, axis, far, n)], axis);
    const joined = mul(factor, stretch(product, axis, step, n));
    product = concatenate([joined, stretch(product, axis, far, n)], axis);
  }
  return sum;
}

export const cumprodOp: Op<Unary, Along> = {
  name: "cumprod",
  infer: ([x]) => ({ dtype: x.dtype, shape: x.shape }),
  meaning: scanned("product"),
  derivative: {
    kind: "general",
    reverse: (g, { x: [x], y, attributes: { axis } }) =>
      mul(behind(y, axis), collected(g, x, axis)),
  },
  law: {
    en: "The derivative of each product with respect to one factor is the product of its others.",
    zh: "每个累积乘积对一个因子的导数是其余因子之积。",
  },
  notation: functionNotation("cumprod"),
  sampling: { cases },
};

/** Where the running extreme y of x was met last; NaN counts. */
function placesOf(x: Tensor, y: Tensor, axis: number): Tensor {
  const column = x.shape.map((n, k) => (k === axis ? n : 1));
  const here = broadcastTo(reshape(range(at(x.shape, axis)), column), x.shape);
  return node(cummaxOp, [where(logicalOr(equal(x, y), isNaN(x)), here, 0)], { axis });
}

const runningExtreme = (name: "cummax" | "cummin", zh: string): Op<Unary, Along> => ({
  name,
  infer: ([x]) => ({ dtype: x.dtype, shape: x.shape }),
  meaning: scanned(name === "cummax" ? "max" : "min"),
  derivative: {
    kind: "general",
    reverse: (g, { x: [x], y, attributes: { axis } }) =>
      node(scatterOp, [g, placesOf(x, y, axis)], { axis, shape: x.shape }),
    forward: ([t], { x: [x], y, attributes: { axis } }) =>
      gather(t, placesOf(x, y, axis), { axis }),
  },
  law: {
    en: `Each gradient goes to the ${name === "cummax" ? "largest" : "smallest"} element so far, the last of those that tie.`,
    zh,
  },
  notation: functionNotation(name),
  sampling: { cases },
});

export const cummaxOp = runningExtreme(
  "cummax",
  "每个梯度传给迄今最大的元素；并列时传给最后一个。",
);
export const cumminOp = runningExtreme(
  "cummin",
  "每个梯度传给迄今最小的元素；并列时传给最后一个。",
);

export const logcumsumexpOp: Op<Unary, Along> = {
  name: "logcumsumexp",
  infer: ([x]) => ({ dtype: x.dtype, shape: x.shape }),
  meaning: (_x, _y, { axis }) => ({
    loop: "compose",
    build: ([x]) => {
      const n = at(x.shape, axis);
      let y = x;
      // Sums of so many, then of twice as many.
      for (let count = 1; count < n; count *= 2) {
        const sum = logAddExp(stretch(y, axis, 0, n - count), stretch(y, axis, count, n));
        y = concatenate([stretch(y, axis, 0, count), sum], axis);
      }
      return y;
    },
  }),
  derivative: { kind: "compose" },
  law: {
    en: "Each output passes to every element so far its share: e^(x_j) in the sum of exponentials.",
    zh: "每个输出把梯度按 e^(x_j) 在指数和中的份额传给迄今的每个元素。",
  },
  notation: functionNotation("logcumsumexp"),
  sampling: { cases },
};

/** A function of a running operator, along several axes in turn. */
const inTurn =
  (op: Op<Unary, Along>, element: (x: Tensor) => Tensor) =>
  (x: Tensor, options: CumulativeOptions = {}): Tensor => {
    checkNames(op.name, options, ["axis"]);
    return axesOf(op.name, x, options.axis ?? -1).reduce(
      (y, axis) => node(op, [y], { axis }),
      element(x),
    );
  };

/**
 * y[k] = Π x[j] for j ≤ k along `axis` (default: the last), or along several in turn. Its slopes are
 * right where factors are 0, too.
 *
 * @example cumprod(x) with x = [1, 2, 3]
 */
export const cumprod = inTurn(cumprodOp, toNumber);
/**
 * y[k] = ln Σ e^x[j] for j ≤ k along `axis` (default: the last), or along several in turn, without
 * overflow.
 *
 * @example logcumsumexp(x) with x = [1, 2, 3]
 */
export const logcumsumexp = inTurn(logcumsumexpOp, toFloat);

/** A running extreme, and where it was met last. */
const withPlaces =
  (op: Op<Unary, Along>) =>
  (x: Tensor, options: { readonly axis?: number } = {}): ValueWithIndex => {
    checkNames(op.name, options, ["axis"]);
    const axis = axisOf(op.name, asTensor(op.name, x), options.axis ?? -1);
    const numbers = toNumber(x);
    const values = node(op, [numbers], { axis });
    return { values, indices: placesOf(numbers, values, axis) };
  };

/**
 * The largest x[j] for j ≤ k along `axis` (default: the last), and its place, the last of equals: all
 * of the gradient goes there. From a NaN on it is NaN.
 *
 * @example cummax(x).values with x = [1, 3, 2, 3]
 */
export const cummax = withPlaces(cummaxOp);
/**
 * The smallest x[j] for j ≤ k along `axis` (default: the last), and its place, as `cummax`.
 *
 * @example cummin(x).indices with x = [2, 1, 3, 1]
 */
export const cummin = withPlaces(cumminOp);
