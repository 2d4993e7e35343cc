/** Pooling: one number for each window. */
import { at as item, zip } from "../core/at.ts";
import { arrayOf, type DType, isFloat } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import type { Op, Unary } from "../core/op.ts";
import { checkNames } from "../core/options.ts";
import { sizeOf } from "../core/shape.ts";
import { asTensor, node, type Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { div } from "./arithmetic.ts";
import { broadcastTo, spread, sum } from "./broadcast.ts";
import { toFloat, toNumber } from "./cast.ts";
import { equal, where } from "./compare.ts";
import { take } from "./indexing.ts";
import { constantTensor, range, scalar } from "./leaf.ts";
import { reshape, slice } from "./move.ts";
import { argmax } from "./reduce.ts";
import { type Axes, reduction } from "./reduction.ts";
import {
  type PerAxis,
  perAxis,
  type Windowing,
  widened,
  windowCount,
  windowExtent,
  windowsOp,
  wrongRank,
} from "./windows.ts";

/** Which elements are the first of the largest along the axes. */
function isFirst(x: Tensor, axes: readonly number[]): Tensor {
  const sizes = x.shape.map((n, axis) => (axes.includes(axis) ? n : 1));
  const numbers = reshape(range(sizeOf(sizes)), sizes);
  return equal(broadcastTo(numbers, x.shape), spread(argmax(x, { axis: axes }), x.shape, axes));
}

/** y = max x over the axes, as `max`, but that the gradient goes to one element alone. */
export const largestOp: Op<Unary, Axes> = reduction({
  name: "largest",
  combine: "max",
  empty: false,
  derivative: {
    kind: "general",
    reverse: (g, { x: [x], attributes: { axes } }) =>
      where(isFirst(x, axes), spread(g, x.shape, axes), 0),
    forward: ([t], { x: [x], attributes: { axes } }) =>
      sum(where(isFirst(x, axes), t, 0), { axis: axes }),
  },
  law: {
    en: "The gradient goes to the largest element, of several to the first.",
    zh: "梯度传给最大的元素；若有并列，传给第一个。",
  },
  notation: { text: "max(#0)", tex: "\\max\\left(#0\\right)", precedence: 5 },
});

/** How windows move over the axes behind batch and channels. */
export interface PoolOptions {
  /** Elements of a window along each axis. */
  readonly kernelSize: PerAxis;
  /** Distance between neighbouring windows. Default kernelSize. */
  readonly stride?: PerAxis;
  /** Border on both sides of each axis, at most half a window. Default 0. */
  readonly padding?: PerAxis;
  /** Whether a last window counts that begins inside but ends beyond the border. Default false. */
  readonly ceilMode?: boolean;
}

/** What the largest of each window is taken from. */
export interface MaxPoolOptions extends PoolOptions {
  /** Distance between neighbouring elements of a window. Default 1. */
  readonly dilation?: PerAxis;
}

/** What is averaged. */
export interface AvgPoolOptions extends PoolOptions {
  /** Whether the zeros of the border are part of the mean. Default true. */
  readonly countIncludePad?: boolean;
}

/** Windows over x [batch, channels, …] or [channels, …]: how many, and how far they reach. */
function pooled(what: string, x: Tensor, options: MaxPoolOptions, count: number) {
  const axes = Array.from({ length: count });
  const { kernelSize, padding = 0, ceilMode = false, dilation = 1 } = options;
  const window = perAxis(what, "kernelSize", kernelSize, axes, 1);
  const stride = perAxis(what, "stride", options.stride ?? window, axes, 1);
  const gaps = perAxis(what, "dilation", dilation, axes, 1);
  const pads = perAxis(what, "padding", padding, axes, 0);
  if (typeof ceilMode !== "boolean") {
    fail("bad-argument", {
      message: `${what} cannot use this ceilMode.`,
      expected: "true or false",
      found: shown(ceilMode),
    });
  }
  const extents = zip(window, gaps).map(([n, gap]) => windowExtent(n, gap));
  for (const [pad, extent] of zip(pads, extents)) {
    if (pad * 2 <= extent) continue;
    fail("bad-argument", {
      message: `${what} would have windows that see nothing but border.`,
      expected: `a padding of at most half a window, ${Math.floor(extent / 2)}`,
      found: shown(pad),
    });
  }
  const sizes = x.shape.slice(x.rank - count);
  /** What ceilMode adds behind the border. */
  const more = zip(sizes, pads, extents, stride).map(([n, pad, extent, by]) => {
    const left = n + 2 * pad - extent;
    if (!ceilMode || left < 0) return 0;
    const last = Math.ceil(left / by) * by;
    return last < n + pad ? Math.max(0, last - left) : 0;
  });
  const lead = x.shape.slice(0, x.rank - count).map(() => 0);
  const wide = (t: Tensor, value: number) => {
    const before = [...lead, ...pads];
    const after = [...lead, ...zip(pads, more).map(([p, m]) => p + m)];
    return widened(t, { before, after, interior: before.map(() => 0), value });
  };
  const moves = { window, stride, dilation: gaps };
  return { wide, moves, sizes, pads, more, count };
}

/** x in windows, and the axes inside of them. */
function inWindows(x: Tensor, moves: Windowing) {
  const { window, stride, dilation } = moves;
  const first = x.rank - window.length;
  const apart = zip(window, stride, dilation).every(([n, by, gap]) => n === by && gap === 1);
  if (!apart) {
    return {
      seen: node(windowsOp, [x], { window, stride, dilation }),
      axes: window.map((_, k) => x.rank + k),
    };
  }
  // Windows side by side are the input itself in another shape, and so is their gradient.
  const sizes = x.shape.slice(first);
  const counts = windowCount(sizes, moves);
  const lead = x.shape.slice(0, first);
  const whole = slice(x, { end: [...lead, ...zip(counts, window).map(([t, k]) => t * k)] });
  const seen = reshape(whole, [...lead, ...zip(counts, window).flat()]);
  return { seen, axes: window.map((_, k) => first + 2 * k + 1) };
}

/** How many axes windows move along: those behind batch and channels. */
function axesBehind(what: string, x: Tensor, kernelSize: PerAxis): number {
  const { rank } = asTensor(what, x);
  const listed = Array.isArray(kernelSize) ? kernelSize.length : rank - 2;
  if (listed >= 1 && (rank === listed + 2 || rank === listed + 1)) return listed;
  return wrongRank(
    what,
    "[batch, channels, …sizes], or [channels, …sizes] where a size is listed for each axis",
    x,
  );
}

/** What stands in the border of maxima. */
const lowest = (dtype: DType): number => (isFloat(dtype) ? Number.NEGATIVE_INFINITY : -(2 ** 31));

/**
 * y[n, c, t] = max over k of x[n, c, t·stride + k·dilation − padding], for any number of axes t; the
 * border counts as −∞, and the gradient goes to the first of the largest. x has the shape
 * [batch, channels, …sizes], or [channels, …sizes] where `kernelSize` lists a size for each axis. NaN
 * where one is in the window. A window that is larger than the padded input is an error.
 *
 * @example maxPool(x, { kernelSize: 2 }) with x = [[[1, 3, 2, 4]]]
 */
export function maxPool(x: Tensor, options: MaxPoolOptions): Tensor {
  const names = ["kernelSize", "stride", "padding", "dilation", "ceilMode"] as const;
  checkNames("maxPool", options, names);
  const numbers = toNumber(asTensor("maxPool", x));
  const count = axesBehind("maxPool", x, options.kernelSize);
  const { wide, moves } = pooled("maxPool", numbers, options, count);
  const { seen, axes } = inWindows(wide(numbers, lowest(numbers.dtype)), moves);
  return node(largestOp, [seen], { axes });
}

/**
 * y[n, c, t] = 1/m · Σ_k x[n, c, t·stride + k − padding], m being the size of the window; with
 * `countIncludePad: false`, how many of its elements lie in x. Shapes and errors as for `maxPool`.
 *
 * @example avgPool(x, { kernelSize: 2 }) with x = [[[1, 3, 2, 4]]]
 */
export function avgPool(x: Tensor, options: AvgPoolOptions): Tensor {
  const names = ["kernelSize", "stride", "padding", "ceilMode", "countIncludePad"] as const;
  checkNames("avgPool", options, names);
  const { countIncludePad = true, ...rest } = options;
  if (typeof countIncludePad !== "boolean") {
    fail("bad-argument", {
      message: "avgPool cannot use this countIncludePad.",
      expected: "true or false",
      found: shown(countIncludePad),
    });
  }
  const numbers = toFloat(asTensor("avgPool", x));
  const count = axesBehind("avgPool", x, options.kernelSize);
  const { wide, moves, sizes, pads, more } = pooled("avgPool", numbers, rest, count);
  const { seen, axes } = inWindows(wide(numbers, 0), moves);
  const total = sum(seen, { axis: axes });
  const even = more.every((n) => n === 0) && (countIncludePad || pads.every((n) => n === 0));
  if (even) return div(total, sizeOf(moves.window));
  // Along each axis a window holds so many elements; beyond what ceilMode adds there are none.
  const counts = zip(sizes, pads, moves.window, moves.stride).map(([n, pad, k, by], axis) => {
    const [low, high] = countIncludePad ? [-pad, n + pad] : [0, n];
    return Array.from({ length: item(total.shape, total.rank - count + axis) }, (_, t) => {
      const start = t * by - pad;
      return Math.min(start + k, high) - Math.max(start, low);
    });
  });
  return counts.reduce((y, list, axis) => div(y, along(list, y, y.rank - count + axis)), total);
}

/** Numbers along one axis of a tensor. */
function along(list: readonly number[], like: Tensor, axis: number): Tensor {
  const shape = like.shape.map((n, k) => (k === axis ? n : 1));
  return constantTensor(arrayOf(like.dtype, list), shape);
}

/** What adaptive pooling makes: a size for each axis behind batch and channels, or one for all. */
export interface AdaptivePoolOptions {
  readonly outputSize: PerAxis;
}

/** The windows of adaptive pooling along one axis: t sees from ⌊t·n/m⌋ to below ⌈(t + 1)·n/m⌉. */
function adaptive(
  what: string,
  x: Tensor,
  { outputSize }: AdaptivePoolOptions,
  reduce: (windows: Tensor, axis: number, counts: readonly number[]) => Tensor,
  outside: number,
): Tensor {
  const count = axesBehind(what, x, outputSize);
  const targets = perAxis(what, "outputSize", outputSize, Array.from({ length: count }), 1);
  const sizes = x.shape.slice(x.rank - count);
  if (sizes.some((n) => n < 1)) wrongRank(what, "at least one element along each axis", x);
  // From the last axis to the first, so that of equal elements the first in memory is kept.
  return targets.reduceRight((y, m, k) => {
    const axis = x.rank - count + k;
    const n = item(sizes, k);
    const ends = Array.from({ length: m }, (_, t) => {
      const [from, to] = [Math.floor((t * n) / m), Math.ceil(((t + 1) * n) / m)];
      return { from, size: to - from };
    });
    const longest = Math.max(...ends.map(({ size }) => size));
    const places = ends.flatMap(({ from }) =>
      Array.from({ length: longest }, (_, j) => Math.min(from + j, n - 1)),
    );
    const counts = ends.map(({ size }) => size);
    const seen = take(y, constantTensor(Int32Array.from(places), [m, longest]), { axis });
    if (counts.every((size) => size === longest)) return reduce(seen, axis, counts);
    const shape = seen.shape.map((size, a) => (a === axis || a === axis + 1 ? size : 1));
    const isInside = ends.flatMap(({ size }) =>
      Array.from({ length: longest }, (_, j) => +(j < size)),
    );
    const mask = constantTensor(Uint8Array.from(isInside), shape);
    return reduce(where(mask, seen, scalar(outside, seen.dtype)), axis, counts);
  }, x);
}

/** Windows of one size, next to each other: what adaptive pooling is where sizes divide. */
function evenly(x: Tensor, what: string, outputSize: PerAxis): number[] | undefined {
  const count = axesBehind(what, x, outputSize);
  const targets = perAxis(what, "outputSize", outputSize, Array.from({ length: count }), 1);
  const sizes = x.shape.slice(x.rank - count);
  const divides = zip(sizes, targets).every(([n, m]) => n > 0 && n % m === 0);
  return divides ? zip(sizes, targets).map(([n, m]) => n / m) : undefined;
}

/**
 * y[n, c, t] = mean of x[n, c, s] for ⌊t·S/T⌋ ≤ s < ⌈(t + 1)·S/T⌉, T being the output's size along
 * an axis and S the input's: means that make any input one size. `outputSize: 1` is the global mean.
 *
 * @example adaptiveAvgPool(x, { outputSize: 2 }) with x = [[[1, 2, 3]]]
 */
export function adaptiveAvgPool(x: Tensor, options: AdaptivePoolOptions): Tensor {
  const what = "adaptiveAvgPool";
  checkNames(what, options, ["outputSize"]);
  const numbers = toFloat(asTensor(what, x));
  const kernelSize = evenly(numbers, what, options.outputSize);
  if (kernelSize) return avgPool(numbers, { kernelSize });
  return adaptive(
    what,
    numbers,
    options,
    (seen, axis, counts) => {
      const total = sum(seen, { axis: axis + 1 });
      return div(total, along(counts, total, axis));
    },
    0,
  );
}

/**
 * y[n, c, t] = max of x[n, c, s] over the same windows as `adaptiveAvgPool`; the gradient goes to
 * the first of the largest.
 *
 * @example adaptiveMaxPool(x, { outputSize: 2 }) with x = [[[1, 2, 3]]]
 */
export function adaptiveMaxPool(x: Tensor, options: AdaptivePoolOptions): Tensor {
  const what = "adaptiveMaxPool";
  checkNames(what, options, ["outputSize"]);
  const numbers = toNumber(asTensor(what, x));
  const kernelSize = evenly(numbers, what, options.outputSize);
  if (kernelSize) return maxPool(numbers, { kernelSize });
  return adaptive(
    what,
    numbers,
    options,
    (seen, axis) => node(largestOp, [seen], { axes: [axis + 1] }),
    lowest(numbers.dtype),
  );
}
