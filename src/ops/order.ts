/** Elements in order along an axis, and what is read off it: the k-th, the k largest, the median. */
import { at } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import { indices, load, offset } from "../core/expression.ts";
import { isNumber } from "../core/kinds.ts";
import type { Op, Unary } from "../core/op.ts";
import { checkNames } from "../core/options.ts";
import { sizeOf } from "../core/shape.ts";
import { asTensor, axisOf, node, type Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { mul, sub } from "./arithmetic.ts";
import { spread, sum } from "./broadcast.ts";
import { cast, toNumber } from "./cast.ts";
import { equal, isNaN, where } from "./compare.ts";
import { functionNotation } from "./define.ts";
import { gather } from "./indexing.ts";
import { reshape, squeeze, stretch, transpose } from "./move.ts";
import { share } from "./reduce.ts";
import { type Axes, cases, f64Type, kept, type Reducer, reducer, sizesOf } from "./reduction.ts";
import type { ValueWithIndex, WithIndexOptions } from "./tallies.ts";

type Order = { readonly axis: number; readonly descending: boolean };

export const argsortOp: Op<Unary, Order> = {
  name: "argsort",
  infer: ([x]) => ({ dtype: "i32", shape: x.shape }),
  meaning: ([x], _y, { axis, descending }) => ({
    loop: "order",
    axis,
    descending,
    value: load(0, x.dtype, offset(x.shape, indices(x.shape.length))),
  }),
  derivative: { kind: "zero" },
  law: {
    en: "An order does not change under small changes: nothing flows back.",
    zh: "次序在微小变化下不变：没有梯度传回。",
  },
  notation: functionNotation("argsort"),
  sampling: {
    cases: [
      { inputs: [f64Type(2, 5)], attributes: { axis: 1, descending: false } },
      { inputs: [f64Type(7, 2)], attributes: { axis: 0, descending: true } },
      { inputs: [{ dtype: "i32", shape: [9] }], attributes: { axis: 0, descending: false } },
      { inputs: [{ dtype: "bool", shape: [2, 6] }], attributes: { axis: 1, descending: true } },
    ],
  },
};

/** Along which axis, and from which end. */
export interface SortOptions {
  /** The axis. Default −1, the last. */
  readonly axis?: number;
  /** From the greatest to the least. Default false. */
  readonly descending?: boolean;
}

function checkChoice(what: string, name: string, value: boolean | undefined): boolean | undefined {
  if (value === undefined || typeof value === "boolean") return value;
  return fail("bad-argument", {
    message: `${what} cannot use this ${name}.`,
    expected: "true or false",
    found: shown(value),
  });
}

/** The order along an axis, from one end. */
function orderOf(what: string, x: Tensor, { axis = -1, descending }: SortOptions) {
  const along = axisOf(what, x, axis);
  const isDescending = checkChoice(what, "descending", descending) ?? false;
  return { along, order: node(argsortOp, [x], { axis: along, descending: isDescending }) };
}

/**
 * The indices along the axis (default: the last) that put x in order, as i32: of equals the one that
 * stands first comes first, whichever the direction; −0 equals 0, and NaN is the greatest.
 *
 * @example argsort(x) with x = [3, 1, 2]
 */
export function argsort(x: Tensor, options: SortOptions = {}): Tensor {
  checkNames("argsort", options, ["axis", "descending"]);
  return orderOf("argsort", x, options).order;
}

/**
 * x in order along the axis (default: the last), and where each element stood, ordered as `argsort`
 * does it: the gradient goes back to that place.
 *
 * @example sort(x, { descending: true }).values with x = [3, 1, 2]
 */
export function sort(x: Tensor, options: SortOptions = {}): ValueWithIndex {
  checkNames("sort", options, ["axis", "descending"]);
  const { along, order } = orderOf("sort", x, options);
  return { values: gather(x, order, { axis: along }), indices: order };
}

/** A number of elements, or the rank of one: from `least` up to the size of the axis. */
function checkCount(what: string, k: number, least: number, size: number): void {
  if (isNumber(k, (n) => Number.isInteger(n) && n >= least && n <= size)) return;
  fail("bad-argument", {
    message: `${what} has no such k.`,
    expected: size < least ? "elements along the axis" : `a whole number from ${least} to ${size}`,
    found: shown(k),
  });
}

/** Along which axis, and which end of the order. */
export interface TopOptions {
  /** The axis. Default −1, the last. */
  readonly axis?: number;
  /** The largest, or the smallest. Default true. */
  readonly largest?: boolean;
}

/**
 * The k largest elements along the axis (default: the last), the largest first, and where they
 * stand; or the k smallest, the smallest first. Of equals the one that stands first comes first; NaN
 * is the largest. A k above the size of the axis is an error.
 *
 * @example topK(x, 2).values with x = [3, 1, 2, 5]
 */
export function topK(x: Tensor, k: number, options: TopOptions = {}): ValueWithIndex {
  checkNames("topK", options, ["axis", "largest"]);
  const descending = checkChoice("topK", "largest", options.largest) ?? true;
  const { along, order } = orderOf("topK", x, { axis: options.axis ?? -1, descending });
  checkCount("topK", k, 0, at(x.shape, along));
  const indices = stretch(order, along, 0, k);
  return { values: gather(x, indices, { axis: along }), indices };
}

/** The elements of one place in the order, given by an index of it for each row. */
function selected(
  x: Tensor,
  order: Tensor,
  place: Tensor | number,
  axis: number,
  keepDims = false,
): ValueWithIndex {
  const indices =
    typeof place === "number"
      ? stretch(order, axis, place, place + 1)
      : gather(order, place, { axis });
  const values = gather(x, indices, { axis });
  if (keepDims) return { values, indices };
  return { values: squeeze(values, axis), indices: squeeze(indices, axis) };
}

/**
 * The k-th smallest element along the axis (default: the last; k counts from 1), and where it
 * stands: all of the gradient goes there. NaN is the greatest. A k that the axis does not have is an
 * error.
 *
 * @example kthValue(x, 2).values with x = [3, 1, 2, 5]
 */
export function kthValue(x: Tensor, k: number, options: WithIndexOptions = {}): ValueWithIndex {
  checkNames("kthValue", options, ["axis", "keepDims"]);
  const { along, order } = orderOf("kthValue", x, { axis: options.axis ?? -1 });
  checkCount("kthValue", k, 1, at(x.shape, along));
  return selected(x, order, k - 1, along, options.keepDims);
}

/** The median along an axis that is not empty: the lower of two; NaN, the first, if one is. */
function medianAlong(x: Tensor, order: Tensor, axis: number, keepDims?: boolean): ValueWithIndex {
  const n = at(x.shape, axis);
  const middle = (n - 1) >> 1;
  const odd = sum(cast(isNaN(x), "i32"), { axis, keepDims: true });
  // They are the last in order.
  const place = where(equal(odd, 0), middle, sub(n, odd));
  return selected(x, order, place, axis, keepDims);
}

/**
 * The median along an axis (default: the last), of an even number of elements the lower of the two
 * in the middle, and where it stands: all of the gradient goes there. Where one is NaN, the first.
 * An empty axis is an error.
 *
 * @example medianWithIndex(x).indices with x = [3, 1, 2, 5]
 */
export function medianWithIndex(x: Tensor, options: WithIndexOptions = {}): ValueWithIndex {
  checkNames("medianWithIndex", options, ["axis", "keepDims"]);
  const numbers = toNumber(asTensor("medianWithIndex", x));
  const { along, order } = orderOf("medianWithIndex", numbers, { axis: options.axis ?? -1 });
  checkSome("medianWithIndex", at(x.shape, along));
  return medianAlong(numbers, order, along, options.keepDims);
}

function checkSome(what: string, count: number): void {
  if (count > 0) return;
  fail("bad-argument", {
    message: `${what} of no elements has no value.`,
    expected: "at least one element along the axes",
    found: "none",
  });
}

export const medianOp: Op<Unary, Axes> = {
  name: "median",
  infer: ([x], { axes }) => {
    checkSome("median", sizeOf(sizesOf(x.shape, axes)));
    return { dtype: x.dtype, shape: kept(x.shape, axes) };
  },
  meaning: ([x], y, { axes }) => ({
    loop: "compose",
    build: ([t]) => {
      const others = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
      const moved = transpose(t, [...others, ...axes]);
      const rows = reshape(moved, [...y.shape, sizeOf(sizesOf(x.shape, axes))]);
      const axis = y.shape.length;
      return medianAlong(rows, node(argsortOp, [rows], { axis, descending: false }), axis).values;
    },
  }),
  derivative: {
    kind: "general",
    reverse: (g, { x: [x], y, attributes: { axes } }) =>
      mul(spread(g, x.shape, axes), share(x, y, axes)),
    forward: ([t], { x: [x], y, attributes: { axes } }) =>
      sum(mul(t, share(x, y, axes)), { axis: axes }),
  },
  law: {
    en: "The gradient goes to the element in the middle; elements that tie share it evenly.",
    zh: "梯度传给居中的元素；并列者平分。",
  },
  notation: functionNotation("median"),
  sampling: { cases },
};

/**
 * The median over the axes (default all), of an even number of elements the lower of the two in the
 * middle; NaN if one is; ties share the gradient evenly. Of nothing it is an error.
 *
 * @example median(x) with x = [3, 1, 2, 5]
 */
export const median: Reducer = (x: Tensor, options?: Parameters<Reducer>[1]): Tensor =>
  reducer(medianOp)(x, options);
