/** Elements written over, added and picked at positions that are data. */
import { at as item } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import { indices, load, offset, plus } from "../core/expression.ts";
import { isNumber } from "../core/kinds.ts";
import type { Op, Unary } from "../core/op.ts";
import { checkNames } from "../core/options.ts";
import { broadcastShapes, formatShape, type Shape } from "../core/shape.ts";
import { asTensor, axisOf, node, Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { maximum, sub } from "./arithmetic.ts";
import { broadcastTo, sum } from "./broadcast.ts";
import { cast } from "./cast.ts";
import { greater, lessEqual, logicalAnd, where } from "./compare.ts";
import type { Operand } from "./define.ts";
import { type AxisOption, checkPlaces, scatterAdd, take } from "./indexing.ts";
import { full } from "./leaf.ts";
import { reshape, slice } from "./move.ts";
import { cumsum } from "./reduce.ts";

export const lastWriterOp: Op<Unary, { axis: number; shape: Shape }> = {
  name: "lastWriter",
  infer: ([at], { axis, shape }) => {
    checkPlaces("scatter", shape, at, axis);
    return { dtype: "i32", shape };
  },
  meaning: ([at], y, { axis }) => {
    const here = indices(at.shape.length);
    const number = offset(at.shape, here);
    const place = load(0, "i32", number);
    return {
      loop: "scatter",
      combine: "last",
      over: at.shape,
      at: offset(
        y.shape,
        here.map((i, k) => (k === axis ? place : i)),
      ),
      bound: { index: place, size: item(y.shape, axis) },
      // Counted from 1, so that 0 is left for places that nobody writes to.
      value: plus(number, 1),
    };
  },
  derivative: { kind: "zero" },
  law: {
    en: "Who writes last does not change under small changes: nothing flows back.",
    zh: "最后写入者在微小变化下不变：没有梯度传回。",
  },
  notation: {
    text: "lastWriter(#0)",
    tex: "\\operatorname{lastWriter}\\left(#0\\right)",
    precedence: 5,
    isCall: true,
  },
  sampling: {
    domain: [[0, 4]],
    cases: [
      { inputs: [{ dtype: "i32", shape: [2, 3] }], attributes: { axis: 0, shape: [4, 3] } },
      { inputs: [{ dtype: "i32", shape: [9] }], attributes: { axis: 0, shape: [5] } },
    ],
  },
};

/** What the writers wrote, and what stands where there are none. */
function written(writer: Tensor, values: Tensor, otherwise: Operand): Tensor {
  const list = reshape(values, [values.size]);
  return where(greater(writer, 0), take(list, maximum(sub(writer, 1), 0)), otherwise);
}

/**
 * y = x, with updates[i, j] in the place of [at[i, j], j] for axis 0, and so on: of several for one
 * place the last in row-major order is there, and it alone gets that place's gradient. The updates
 * may be a number.
 *
 * @example scatter(x, at, updates, { axis: 0 }) with x = [10, 20, 30];
 *   at = tensor([2, 0, 2], { dtype: "i32" }); updates = [1, 2, 3]
 */
export function scatter(x: Tensor, at: Tensor, updates: Operand, options: AxisOption): Tensor {
  checkNames("scatter", options, ["axis"]);
  const { shape } = asTensor("scatter", x);
  const axis = axisOf("scatter", x, options.axis);
  const writer = node(lastWriterOp, [at], { axis, shape });
  if (!(updates instanceof Tensor)) return where(greater(writer, 0), updates, x);
  if (at.size === 0) return x;
  return written(writer, broadcastTo(updates, at.shape), x);
}

/**
 * y = x, with the slices of the updates along the axis added at the indices: y[at[i]] += updates[i]
 * for axis 0; repeats add up (torch's index_add). Indices of more than one axis are an error.
 *
 * @example indexAdd(x, at, updates, { axis: 0 }) with x = [[1, 2], [3, 4]];
 *   at = tensor([1, 1], { dtype: "i32" }); updates = [[10, 10], [20, 20]]
 */
export function indexAdd(x: Tensor, at: Tensor, updates: Tensor, options: AxisOption): Tensor {
  checkNames("indexAdd", options, ["axis"]);
  const axis = axisOf("indexAdd", x, options.axis);
  const { rank, shape, size } = asTensor("indexAdd", at);
  if (rank !== 1) {
    fail("shape-mismatch", {
      message: "indexAdd takes one list of indices.",
      expected: "one axis",
      found: formatShape(shape),
    });
  }
  const all = x.shape.map((n, k) => (k === axis ? size : n));
  const column = x.shape.map((_, k) => (k === axis ? size : 1));
  const places = broadcastTo(reshape(at, column), all);
  const added = broadcastTo(asTensor("indexAdd", updates), all);
  return scatterAdd(x, places, added, { axis });
}

/** How many elements are kept at most, and what stands where there are fewer. */
export interface MaskedOptions {
  /** The length of what comes out. */
  readonly size: number;
  /** What stands behind the elements that were found. Default 0. */
  readonly fill?: number;
}

/** Elements that a mask has picked. */
export interface Masked {
  /** The first of them in row-major order, and then the filling. */
  readonly values: Tensor;
  /** How many there are in all, as i32: more than the size if some were left out. */
  readonly count: Tensor;
}

/**
 * The elements of x where the mask holds, in row-major order, with broadcasting; the shape is [size],
 * whatever the mask, so that it can be compiled. A call without the size is an error.
 *
 * @example maskedSelect(x, mask, { size: 2 }).values with x = [1, 2, 3]; mask = [true, false, true]
 */
export function maskedSelect(x: Tensor, mask: Tensor, options: MaskedOptions): Masked {
  checkNames("maskedSelect", options, ["size", "fill"]);
  const { size, fill = 0 } = options;
  if (!isNumber(size, (n) => Number.isInteger(n) && n >= 0) || typeof fill !== "number") {
    fail("bad-argument", {
      message: "maskedSelect needs to know how many elements to keep.",
      expected: "size, a whole number ≥ 0; a number as fill",
      found: `size ${shown(size)}, fill ${shown(fill)}`,
    });
  }
  const shape = broadcastShapes(
    asTensor("maskedSelect", x).shape,
    asTensor("maskedSelect", mask).shape,
    "maskedSelect",
  );
  const all = broadcastTo(x, shape);
  const chosen = reshape(broadcastTo(cast(mask, "bool"), shape), [all.size]);
  const count = sum(cast(chosen, "i32"));
  if (all.size === 0 || size === 0) return { values: full([size], fill, x.dtype), count };
  const rank = cumsum(cast(chosen, "i32"));
  // What is not kept goes to one more place, which is cut off.
  const place = where(logicalAnd(chosen, lessEqual(rank, size)), sub(rank, 1), size);
  const writer = node(lastWriterOp, [place], { axis: 0, shape: [size + 1] });
  const filling = full([size], fill, x.dtype);
  return { values: written(slice(writer, { end: [size] }), all, filling), count };
}
