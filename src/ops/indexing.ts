/** Reading and adding at positions that are data. */
import { at as item, zip } from "../core/at.ts";
import { checkDType, type DType, promote } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import {
  apply,
  castExpression as convert,
  index,
  indices,
  load,
  offset,
} from "../core/expression.ts";
import type { Binary, Op, TensorType, Unary } from "../core/op.ts";
import { checkNames } from "../core/options.ts";
import { broadcastShapes, formatShape, type Shape, sizeOf, stridesOf } from "../core/shape.ts";
import { asTensor, axisOf, node, Tensor } from "../core/tensor.ts";
import { add, mul } from "./arithmetic.ts";
import { broadcastTo } from "./broadcast.ts";
import { cast } from "./cast.ts";
import { range } from "./leaf.ts";
import { reshape, transpose } from "./move.ts";

const f64 = (...shape: number[]): TensorType => ({ dtype: "f64", shape });
const i32 = (...shape: number[]): TensorType => ({ dtype: "i32", shape });

/** The index tensor must be integers and, off the axis, no larger than what it points into. */
export function checkPlaces(what: string, into: Shape, at: TensorType, axis: number): void {
  if (at.dtype !== "i32") {
    fail("bad-dtype", {
      message: `${what} needs whole numbers as indices.`,
      expected: "i32",
      found: at.dtype,
      fix: 'Convert them with .cast("i32").',
    });
  }
  const fits =
    at.shape.length === into.length &&
    zip(at.shape, into).every(([n, size], k) => k === axis || n <= size);
  if (!fits) {
    fail("shape-mismatch", {
      message: `${what} needs indices with as many axes as the tensor, no longer off axis ${axis}.`,
      expected: `at most ${formatShape(into)} off axis ${axis}`,
      found: formatShape(at.shape),
    });
  }
}

export const gatherOp: Op<Binary, { axis: number }> = {
  name: "gather",
  infer: ([x, at], { axis }) => {
    checkPlaces("gather", x.shape, at, axis);
    return { dtype: x.dtype, shape: at.shape };
  },
  meaning: ([x, indexes], y, { axis }) => {
    const here = indices(y.shape.length);
    const at = load(1, "i32", offset(indexes.shape, here));
    const place = here.map((i, k) => (k === axis ? at : i));
    const bound = { index: at, size: item(x.shape, axis) };
    // An axis of size 1 is left out of the offset, so the bound alone guards it.
    return { loop: "map", value: load(0, x.dtype, offset(x.shape, place), { bound }) };
  },
  derivative: {
    kind: "linear",
    transpose: (g, { x: [x, at], attributes: { axis } }) =>
      node(scatterOp, [g, at], { axis, shape: x.shape }),
  },
  law: {
    en: "An element that was read several times collects the sum of the gradients of all reads.",
    zh: "被多次读取的元素，其梯度等于各次读取的梯度之和。",
  },
  notation: { text: "#0[#1]", tex: "{#0}_{#1}", precedence: 5 },
  sampling: {
    domain: [
      [-2, 2],
      [0, 4],
    ],
    cases: [
      { inputs: [f64(4, 3), i32(2, 3)], attributes: { axis: 0 } },
      { inputs: [f64(2, 5), i32(2, 1)], attributes: { axis: 1 } },
    ],
  },
};

export const scatterOp: Op<Binary, { axis: number; shape: Shape }> = {
  name: "scatterSum",
  infer: ([updates, at], { axis, shape }) => {
    checkPlaces("scatterAdd", shape, at, axis);
    if (formatShape(updates.shape) !== formatShape(at.shape)) {
      fail("shape-mismatch", {
        message: "scatterAdd needs one update for each index.",
        expected: formatShape(at.shape),
        found: formatShape(updates.shape),
      });
    }
    return { dtype: updates.dtype, shape };
  },
  meaning: ([updates, indexes], y, { axis }) => {
    const here = indices(indexes.shape.length);
    const at = load(1, "i32", offset(indexes.shape, here));
    return {
      loop: "scatter",
      combine: "sum",
      over: indexes.shape,
      at: offset(
        y.shape,
        here.map((i, k) => (k === axis ? at : i)),
      ),
      bound: { index: at, size: item(y.shape, axis) },
      value: load(0, updates.dtype, offset(updates.shape, here)),
    };
  },
  derivative: {
    kind: "linear",
    transpose: (g, { x: [, at], attributes: { axis } }) => node(gatherOp, [g, at], { axis }),
  },
  law: {
    en: "Each update is added to one place, whose gradient it receives.",
    zh: "每个更新加到一个位置上，并得到该位置的梯度。",
  },
  notation: {
    text: "scatterSum(#0, #1)",
    tex: "\\operatorname{scatterSum}(#0, #1)",
    precedence: 5,
  },
  sampling: {
    domain: [
      [-2, 2],
      [0, 4],
    ],
    cases: [
      { inputs: [f64(2, 3), i32(2, 3)], attributes: { axis: 0, shape: [4, 3] } },
      { inputs: [f64(9), i32(9)], attributes: { axis: 0, shape: [4] } },
    ],
  },
};

export const oneHotOp: Op<Unary, { classes: number; dtype: DType }> = {
  name: "oneHot",
  infer: ([x], { classes, dtype }) => ({ dtype, shape: [...x.shape, classes] }),
  meaning: ([x], y, { dtype }) => {
    const at = load(0, "i32", offset(x.shape, indices(x.shape.length)));
    const hit = apply("equal", at, index(y.shape.length - 1));
    return { loop: "map", value: convert(hit, dtype) };
  },
  derivative: { kind: "zero" },
  law: {
    en: "A label does not change under small changes: nothing flows back.",
    zh: "标签在微小变化下不变：没有梯度传回。",
  },
  notation: { text: "oneHot(#0)", tex: "\\operatorname{onehot}(#0)", precedence: 5 },
  sampling: {
    domain: [[0, 3]],
    cases: [{ inputs: [i32(2, 2)], attributes: { classes: 3, dtype: "f64" } }],
  },
};

/** The axis along which indices count; negative counts from the last. */
export interface AxisOption {
  readonly axis: number;
}

/**
 * y[i, j] = x[at[i, j], j] for axis 0, and so on: one element per index. `at` has as many axes as
 * x; an index below 0 or past the end is an error when it is read.
 *
 * @example gather(x, at, { axis: 0 }) with x = [10, 20, 30]; at = tensor([2, 0, 2], { dtype: "i32" })
 */
export function gather(x: Tensor, at: Tensor, options: AxisOption): Tensor {
  checkNames("gather", options, ["axis"]);
  return node(gatherOp, [x, at], { axis: axisOf("gather", x, options.axis) });
}

/**
 * y = x, with updates[i, j] added at [at[i, j], j] for axis 0, and so on; repeats add up.
 *
 * @example scatterAdd(x, at, updates, { axis: 0 }) with x = [10, 20, 30];
 *   at = tensor([2, 0, 2], { dtype: "i32" }); updates = [1, 2, 3]
 */
export function scatterAdd(x: Tensor, at: Tensor, updates: Tensor, options: AxisOption): Tensor {
  checkNames("scatterAdd", options, ["axis"]);
  const attributes = { axis: axisOf("scatterAdd", x, options.axis), shape: x.shape };
  const dtype = promote(promote(x.dtype, asTensor("scatterAdd", updates).dtype), "i32");
  return add(x, node(scatterOp, [cast(updates, dtype), at], attributes));
}

/** The axis that indices count along, or one for each list of indices. */
export interface TakeOptions {
  /** Default 0; of several lists the first axes. */
  readonly axis?: number | readonly number[];
}

/**
 * Whole slices of x along `axis` (default 0: rows of a table), one per index of any shape. Of several
 * lists of indices, broadcast together, each counts along an axis of its own: y[k] = x[a[k], b[k]]
 * (NumPy's and torch's x[a, b]); their axes stand where those of x stood, or first if these are not
 * next to each other.
 *
 * @example take(x, at) with x = [[1, 2], [3, 4], [5, 6]]; at = tensor([2, 0], { dtype: "i32" })
 */
export function take(x: Tensor, at: Tensor | readonly Tensor[], options: TakeOptions = {}): Tensor {
  checkNames("take", options, ["axis"]);
  const { axis } = options;
  if (!(at instanceof Tensor) || Array.isArray(axis)) return takeSeveral(x, at, axis);
  const along = axisOf("take", x, (axis ?? 0) as number);
  const { size } = asTensor("take", at);
  const spread = x.shape.map((n, k) => (k === along ? size : n));
  const column = x.shape.map((_, k) => (k === along ? size : 1));
  const y = gather(x, broadcastTo(reshape(at, column), spread), { axis: along });
  return reshape(y, [...x.shape.slice(0, along), ...at.shape, ...x.shape.slice(along + 1)]);
}

/** The elements at places that several lists give, an axis for each. */
function takeSeveral(x: Tensor, at: Tensor | readonly Tensor[], axis: TakeOptions["axis"]): Tensor {
  const lists: readonly Tensor[] = Array.isArray(at) ? Array.from(at) : [at];
  const axes = axis === undefined ? lists.map((_, k) => k) : [axis].flat();
  const along = axes.map((one) => axisOf("take", x, one));
  if (lists.length === 0 || axes.length !== lists.length || new Set(along).size !== axes.length) {
    fail("bad-argument", {
      message: "take needs an axis for each list of indices.",
      expected: "as many different axes as lists, at least one",
      found: `${lists.length} lists, axes ${formatShape(along)}`,
    });
  }
  const shape = lists
    .map((t) => asTensor("take", t).shape)
    .reduce((a, b) => broadcastShapes(a, b, "take"));
  const sizes = along.map((one) => item(x.shape, one));
  const strides = stridesOf(sizes);
  const size = sizeOf(shape);
  const places = zip(lists, sizes, strides).map(([list, n, stride]) => {
    // Each list is held against its own axis: read off the numbers of its places.
    const place = gather(range(n), reshape(broadcastTo(list, shape), [size]), { axis: 0 });
    return mul(place, stride);
  });
  const others = x.shape.flatMap((_, k) => (along.includes(k) ? [] : [k]));
  const moved = transpose(x, [...along, ...others]);
  const rest = others.map((k) => item(x.shape, k));
  const rows = reshape(moved, [sizeOf(sizes), ...rest]);
  const y = take(
    rows,
    reshape(
      places.reduce((a, b) => add(a, b)),
      shape,
    ),
  );
  const first = Math.min(...along);
  if (first === 0 || Math.max(...along) - first >= along.length) return y;
  const [own, behind] = [shape.map((_, k) => k), rest.map((_, k) => shape.length + k)];
  return transpose(y, [...behind.slice(0, first), ...own, ...behind.slice(first)]);
}

/**
 * y[…, k] = 1 where the label is k, else 0; a label outside 0 … classes−1 gives only
 * zeros. Labels of shape […] give […, classes]; default f32.
 *
 * @example oneHot(labels, 3) with labels = tensor([2, 0], { dtype: "i32" })
 */
export const oneHot = (labels: Tensor, classes: number, dtype: DType = "f32"): Tensor =>
  node(oneHotOp, [cast(asTensor("oneHot", labels), "i32")], { classes, dtype: checkDType(dtype) });
