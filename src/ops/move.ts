/** Operators that only move elements: each output element is one input element, or a constant. */
import { at as item, zip } from "../core/at.ts";
import { convert } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import {
  apply,
  constant,
  type Expression,
  index,
  indices,
  load,
  offset,
  plus,
  times,
} from "../core/expression.ts";
import type { Op, TensorType, Unary } from "../core/op.ts";
import { checkNames } from "../core/options.ts";
import type { Below, RankOf } from "../core/rank.ts";
import {
  checkList,
  checkShape,
  checkSizes,
  formatShape,
  normalizeAxes,
  normalizeAxis,
  type Shape,
  type SomeAxes,
  sameShape,
  sizeOf,
} from "../core/shape.ts";
import { asTensor, axesOf, axisOf, node, type Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";

const f64 = (...shape: number[]): TensorType => ({ dtype: "f64", shape });
const named = (name: string) => ({
  text: `${name}(#0)`,
  tex: `\\operatorname{${name}}(#0)`,
  precedence: 5,
});

/** Moving elements is linear: each gradient element goes back to where its element came from. */
export const reshapeOp: Op<Unary, { shape: Shape }> = {
  name: "reshape",
  infer: ([x], { shape }) => {
    if (sizeOf(shape) !== sizeOf(x.shape)) {
      fail("shape-mismatch", {
        message: `reshape keeps the number of elements.`,
        expected: `${sizeOf(x.shape)} elements, as in ${formatShape(x.shape)}`,
        found: `${sizeOf(shape)} elements in ${formatShape(shape)}`,
      });
    }
    return { dtype: x.dtype, shape };
  },
  meaning: ([x], y) => ({
    loop: "map",
    value: load(0, x.dtype, offset(y.shape, indices(y.shape.length))),
  }),
  derivative: { kind: "linear", transpose: (g, { x: [x] }) => reshape(g, x.shape) },
  law: {
    en: "The same elements in another shape: each gradient element goes back to the place that its element came from.",
    zh: "同样的元素换一种形状：每个梯度分量回到其元素原来的位置。",
  },
  notation: { text: "#0", tex: "#0", precedence: 5 },
  sampling: {
    cases: [
      { inputs: [f64(2, 6)], attributes: { shape: [3, 4] } },
      { inputs: [f64(1)], attributes: { shape: [] } },
      { inputs: [f64(0, 3)], attributes: { shape: [3, 0, 2] } },
    ],
  },
};

export const transposeOp: Op<Unary, { axes: readonly number[] }> = {
  name: "transpose",
  infer: ([x], { axes }) => ({ dtype: x.dtype, shape: axes.map((axis) => item(x.shape, axis)) }),
  meaning: ([x], _y, { axes }) => {
    const at = x.shape.map((_, axis) => index(axes.indexOf(axis)));
    return { loop: "map", value: load(0, x.dtype, offset(x.shape, at)) };
  },
  derivative: {
    kind: "linear",
    transpose: (g, { attributes: { axes } }) => {
      const back = axes.map((_, axis) => axes.indexOf(axis));
      return transpose(g, back);
    },
  },
  law: {
    en: "The axes in another order: each gradient element goes back to the place that its element came from.",
    zh: "轴的次序改变：每个梯度分量回到其元素原来的位置。",
  },
  notation: { text: "#0ᵀ", tex: "#0^{\\mathsf T}", precedence: 4 },
  sampling: {
    cases: [
      { inputs: [f64(2, 3)], attributes: { axes: [1, 0] } },
      { inputs: [f64(2, 1, 3)], attributes: { axes: [2, 0, 1] } },
    ],
  },
};

export const sliceOp: Op<Unary, { start: Shape; size: Shape; step: Shape }> = {
  name: "slice",
  infer: ([x], { size }) => ({ dtype: x.dtype, shape: size }),
  meaning: ([x], _y, { start, step }) => {
    const at = zip(start, step).map(([from, by], axis) => plus(times(index(axis), by), from));
    return { loop: "map", value: load(0, x.dtype, offset(x.shape, at)) };
  },
  derivative: {
    kind: "linear",
    transpose: (g, { x: [x], attributes: { start, step, size } }) => {
      const after = zip(x.shape, start, step, size).map(
        ([all, from, by, n]) => all - from - (n === 0 ? 0 : (n - 1) * by + 1),
      );
      const interior = step.map((s) => s - 1);
      return node(padOp, [g], { before: start, after, interior, value: 0 });
    },
  },
  law: {
    en: "Some of the elements: each gradient element goes back to the place that its element came from.",
    zh: "取出部分元素：每个梯度分量回到其元素原来的位置。",
  },
  notation: named("slice"),
  sampling: {
    cases: [
      { inputs: [f64(4, 5)], attributes: { start: [1, 0], size: [2, 3], step: [1, 2] } },
      { inputs: [f64(3)], attributes: { start: [1], size: [0], step: [1] } },
    ],
  },
};

export const padOp: Op<Unary, { before: Shape; after: Shape; interior: Shape; value: number }> = {
  name: "pad",
  infer: ([x], { before, after, interior }) => ({
    dtype: x.dtype,
    shape: zip(x.shape, before, interior, after).map(
      ([n, start, gap, end]) => start + n + Math.max(0, n - 1) * gap + end,
    ),
  }),
  meaning: ([x], y, { before, interior, value }) => {
    const i32 = (n: number) => constant(n, "i32");
    const conditions: Expression[] = [];
    const at = zip(x.shape, y.shape, before, interior).map(([n, padded, start, gap], axis) => {
      const spread = gap + 1;
      const inside = plus(index(axis), -start);
      if (n === padded) return inside;
      conditions.push(apply("lessEqual", i32(0), inside));
      conditions.push(apply("less", inside, i32(Math.max(0, n - 1) * spread + Math.min(n, 1))));
      if (spread === 1) return inside;
      conditions.push(apply("equal", apply("mod", inside, i32(spread)), i32(0)));
      return apply("floorDiv", inside, i32(spread));
    });
    const [first, ...others] = conditions;
    const when = first && others.reduce((all, c) => apply("and", all, c), first);
    const options = when ? { when, otherwise: convert[x.dtype](value) } : {};
    return { loop: "map", value: load(0, x.dtype, offset(x.shape, at), options) };
  },
  derivative: {
    kind: "general",
    reverse: (g, { x: [x], attributes }) => unpad(g, x.shape, attributes),
    // The constant border has no tangent.
    forward: ([t], { attributes }) => node(padOp, [t], { ...attributes, value: 0 }),
  },
  law: {
    en: "A border of constants around the elements: each gradient element goes back to the place that its element came from.",
    zh: "在元素周围填充常数：每个梯度分量回到其元素原来的位置。",
  },
  notation: named("pad"),
  sampling: {
    cases: [
      {
        inputs: [f64(2, 3)],
        attributes: { before: [1, 0], after: [0, 2], interior: [0, 0], value: 7 },
      },
      {
        inputs: [f64(3, 2)],
        attributes: { before: [0, 1], after: [1, 0], interior: [2, 1], value: 0 },
      },
    ],
  },
};

function unpad(g: Tensor, size: Shape, pads: { before: Shape; interior: Shape }): Tensor {
  const step = pads.interior.map((n) => n + 1);
  return node(sliceOp, [g], { start: pads.before, size, step });
}

export const flipOp: Op<Unary, { axes: readonly number[] }> = {
  name: "flip",
  infer: ([x]) => ({ dtype: x.dtype, shape: x.shape }),
  meaning: ([x], y, { axes }) => {
    const at = y.shape.map((n, axis) =>
      axes.includes(axis) ? plus(times(index(axis), -1), n - 1) : index(axis),
    );
    return { loop: "map", value: load(0, x.dtype, offset(x.shape, at)) };
  },
  derivative: { kind: "linear", transpose: (g, { attributes: { axes } }) => flip(g, axes) },
  law: {
    en: "The elements in opposite order along some axes: each gradient element goes back to the place that its element came from.",
    zh: "沿某些轴倒序：每个梯度分量回到其元素原来的位置。",
  },
  notation: named("flip"),
  sampling: { cases: [{ inputs: [f64(2, 3)], attributes: { axes: [1] } }] },
};

/**
 * y has the elements of x in row-major order; one size may be −1 and follows from the rest. A shape
 * of more or fewer elements is an error.
 *
 * @example reshape(x, [3, 2]) with x = [[1, 2, 3], [4, 5, 6]]
 */
export function reshape<S extends Shape | []>(x: Tensor, shape: S): Tensor<RankOf<S>> {
  const { size } = asTensor("reshape", x);
  if (checkSizes(shape).filter((n) => n === -1).length > 1) {
    fail("shape-mismatch", {
      message: "reshape can find one size from the others, not two.",
      expected: "at most one −1",
      found: formatShape(shape),
    });
  }
  const known = sizeOf(checkShape(shape.filter((n) => n !== -1)));
  const full = shape.map((n) => (n === -1 ? size / known : n));
  if (!full.every(Number.isInteger)) {
    fail("shape-mismatch", {
      message: "reshape cannot tell what the −1 stands for.",
      expected: `sizes that divide the ${size} elements of ${formatShape(x.shape)}`,
      found: formatShape(shape),
    });
  }
  return sameShape(full, x.shape) ? x : node(reshapeOp, [x], { shape: full });
}

/**
 * y[i_axes] = x[i]; without `axes`, all axes in opposite order (a matrix's transpose). An axis that
 * is missing or there twice is an error.
 *
 * @example transpose(x) with x = [[1, 2, 3], [4, 5, 6]]
 */
export function transpose<R extends number>(x: Tensor<R>, axes?: readonly number[]): Tensor<R> {
  const { rank, shape } = asTensor("transpose", x);
  const order =
    axes === undefined
      ? shape.map((_, axis) => rank - 1 - axis)
      : checkList("The axes of transpose", axes, "x.transpose([1, 0])").map((axis) =>
          normalizeAxis(axis, rank, "transpose"),
        );
  if (order.length !== rank || new Set(order).size !== rank) {
    fail("bad-argument", {
      message: "transpose puts every axis in one new place.",
      expected: `each of 0 … ${rank - 1} once`,
      found: formatShape(order),
    });
  }
  return order.every((from, to) => from === to) ? x : node(transposeOp, [x], { axes: order });
}

/** What `slice` keeps, axis by axis; of axes that are not named it keeps all. */
export interface SliceOptions {
  /** First index per axis; negative counts from the end. Default 0; for a step below 0 the last. */
  readonly start?: readonly number[];
  /**
   * One past the last index per axis; negative counts from the end. Default the axis's size; for a
   * step below 0 as far as there are elements, for which −n − 1 stands, too, n being the size.
   */
  readonly end?: readonly number[];
  /** Distance between the elements that are taken; below 0 it goes backwards. Default 1. */
  readonly step?: readonly number[];
}

/**
 * y[i] = x[start + i·step], for indices below `end` (above it for a step below 0); out-of-range
 * bounds are cut off, as in Python. A step of 0 or that is no whole number is an error.
 *
 * @example slice(x, { start: [1], end: [5], step: [2] }) with x = [1, 2, 3, 4, 5, 6]
 */
export function slice<R extends number>(x: Tensor<R>, options: SliceOptions): Tensor<R> {
  checkNames("slice", options, ["start", "end", "step"]);
  for (const [name, list] of Object.entries(options)) {
    if (list !== undefined) checkList(`The ${name} of slice`, list, `{ ${name}: [1, 2] }`);
  }
  const { start, end, step } = options;
  const steps = asTensor("slice", x).shape.map((_, axis) => step?.[axis] ?? 1);
  if (steps.some((s) => !Number.isInteger(s) || s === 0)) {
    fail("bad-argument", {
      message: "slice goes on by whole steps.",
      expected: "whole numbers but 0",
      found: formatShape(steps),
    });
  }
  const given = [...(start ?? []), ...(end ?? [])];
  if (!given.every(Number.isInteger)) {
    fail("bad-argument", {
      message: "slice takes positions.",
      expected: "whole numbers",
      found: formatShape(given),
    });
  }
  const clip = (i: number, low: number, n: number) =>
    Math.max(low, Math.min(low + n, i < 0 ? i + n : i));
  /** The first index and how many there are; backwards, those of the same elements in order. */
  const bounds = zip(x.shape, steps).map(([n, by], axis) => {
    const low = by < 0 ? -1 : 0;
    const from = clip(start?.[axis] ?? (by < 0 ? n - 1 : 0), low, n);
    const to = end?.[axis] === undefined ? (by < 0 ? -1 : n) : clip(item(end, axis), low, n);
    const size = Math.max(0, Math.ceil((to - from) / by));
    return { size, first: size === 0 ? 0 : by < 0 ? from + (size - 1) * by : from };
  });
  const size = bounds.map((b) => b.size);
  const moves = { start: bounds.map((b) => b.first), size, step: steps.map(Math.abs) };
  const taken: Tensor = sameShape(size, x.shape) ? x : node(sliceOp, [x], moves);
  const backwards = steps.flatMap((by, axis) => (by < 0 && item(size, axis) > 1 ? [axis] : []));
  return backwards.length > 0 ? flip(taken, backwards) : taken;
}

/** The part of x from one place of an axis to below another. */
export function stretch(x: Tensor, axis: number, from: number, to: number): Tensor {
  const start = x.shape.map((_, k) => (k === axis ? from : 0));
  const end = x.shape.map((n, k) => (k === axis ? to : n));
  return slice(x, { start, end });
}

/** The slice at one index of one axis; that axis disappears. */
export function sliceAt<R extends number>(
  x: Tensor<R>,
  axis: number,
  position: number,
): Tensor<Below<R>> {
  const a = axisOf("at", x, axis);
  const n = item(x.shape, a);
  const i = Number.isInteger(position) && position < 0 ? position + n : position;
  if (!Number.isInteger(i) || i < 0 || i >= n) {
    fail("index-out-of-range", {
      message: `There is no index ${shown(position)} on axis ${axis}.`,
      expected: `−${n} … ${n - 1}`,
      found: shown(position),
    });
  }
  const start = x.shape.map((_, k) => (k === a ? i : 0));
  const size = x.shape.map((n, k) => (k === a ? 1 : n));
  const shape = x.shape.filter((_, k) => k !== a);
  return reshape(node(sliceOp, [x], { start, size, step: size.map(() => 1) }), shape);
}

/**
 * The elements in opposite order along an axis or several (default all).
 *
 * @example flip(x, 1) with x = [[1, 2, 3], [4, 5, 6]]
 */
export function flip<R extends number>(x: Tensor<R>, axis?: SomeAxes): Tensor<R> {
  return node(flipOp, [x], { axes: axesOf("flip", x, axis) });
}

/**
 * x with a new axis of size 1, or several: where they stand in the result.
 *
 * @example expandDims(x, 1) with x = [1, 2, 3]
 */
export function expandDims(x: Tensor, axis: number | readonly number[]): Tensor {
  const count = Array.isArray(axis) ? axis.length : 1;
  const rank = asTensor("expandDims", x).rank + count;
  const added = normalizeAxes(axis ?? Number.NaN, rank, "expandDims");
  const shape = [...x.shape];
  for (const a of added) shape.splice(a, 0, 1);
  return reshape(x, shape);
}

/**
 * x without its axes of size 1, or without those of them that `axis` names; one of another size is
 * an error.
 *
 * @example squeeze(x) with x = [[1, 2, 3]]
 */
export function squeeze(x: Tensor, axis?: SomeAxes): Tensor {
  const ones = asTensor("squeeze", x).shape.flatMap((n, axis) => (n === 1 ? [axis] : []));
  const drop = axesOf("squeeze", x, axis ?? ones);
  const kept = drop.find((axis) => x.shape[axis] !== 1);
  if (kept !== undefined) {
    fail("shape-mismatch", {
      message: "squeeze takes away axes of size 1 only.",
      expected: `size 1 on axis ${kept}`,
      found: formatShape(x.shape),
    });
  }
  const shape = x.shape.filter((_, axis) => !drop.includes(axis));
  return reshape(x, shape);
}
