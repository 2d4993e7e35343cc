/** What the operators of linear algebra share: checks, leading axes, transposes, quotients. */
import { at } from "../core/at.ts";
import { isFloat, promote } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import type { Sampling, TensorType } from "../core/op.ts";
import { broadcastShapes, formatShape, type Shape, sizeOf } from "../core/shape.ts";
import { asTensor, type Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { abs, add, div, mul } from "../ops/arithmetic.ts";
import { broadcastTo } from "../ops/broadcast.ts";
import { cast, toFloat } from "../ops/cast.ts";
import { greater, lessEqual, where } from "../ops/compare.ts";
import { gather } from "../ops/indexing.ts";
import { scalar, zeros } from "../ops/leaf.ts";
import { reshape, stretch, transpose } from "../ops/move.ts";
import { max } from "../ops/reduce.ts";

/** The type, if it is one of real numbers: the records take no other. */
export function realType<T extends TensorType>(x: T): T {
  if (isFloat(x.dtype)) return x;
  return fail("bad-dtype", {
    message: "Linear algebra works on real numbers.",
    expected: "f32 or f64",
    found: x.dtype,
  });
}

/** Samples that are far from singular, from indefinite, and from equal eigenvalues. */
export const regular: Pick<Sampling, "domain" | "diagonal"> = {
  domain: [[-0.5, 0.5]],
  diagonal: 2,
};

/** Rows and columns: the last two axes. */
export const sides = ({ shape }: TensorType): [rows: number, columns: number] => [
  at(shape, shape.length - 2),
  at(shape, shape.length - 1),
];
/** The axes in front of them. */
export const leading = ({ shape }: TensorType): Shape => shape.slice(0, -2);

/** The half spacing of numbers around 1. */
export const unit = ({ dtype }: TensorType): number => (dtype === "f64" ? 2 ** -53 : 2 ** -24);

/** A matrix, or several, of real numbers. */
export function matrices(what: string, x: Tensor): Tensor {
  if (asTensor(what, x).rank >= 2) return toFloat(x);
  return fail("shape-mismatch", {
    message: `${what} takes a matrix, or several along axes in front.`,
    expected: "at least two axes",
    found: formatShape(x.shape),
  });
}

/** Square ones. */
export function squares(what: string, x: Tensor): Tensor {
  const real = matrices(what, x);
  const [rows, columns] = sides(real);
  if (rows === columns) return real;
  return fail("shape-mismatch", {
    message: `${what} takes square matrices.`,
    expected: "as many rows as columns",
    found: formatShape(x.shape),
  });
}

/** A truth value among options. */
export function checkTruth(what: string, name: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  return fail("bad-argument", {
    message: `The option "${name}" of ${what} is a truth value.`,
    expected: `${name}: true, or false`,
    found: shown(value),
  });
}

/** A matrix and right-hand sides as the records take them: matrices of one type and equal batches. */
interface System {
  readonly a: Tensor;
  readonly b: Tensor;
  /** Brings a solution back to the form of the right-hand sides. */
  readonly back: (x: Tensor) => Tensor;
}

/** a and b of a system a x = b: b has matrices, or a vector for each matrix of a. */
export function systemOf(what: string, a: Tensor, b: Tensor): System {
  return systemWith(what, squares(what, a), b);
}

/** The same of matrices with any number of columns. */
export function systemWith(what: string, matrix: Tensor, b: Tensor): System {
  const right = toFloat(asTensor(what, b));
  const [n] = sides(matrix);
  const isVector =
    right.rank === 1 ||
    (right.rank === matrix.rank - 1 &&
      formatShape(right.shape) === formatShape(matrix.shape.slice(0, -1)));
  const columns = isVector ? reshape(right, [...right.shape, 1]) : right;
  const rows = columns.rank < 2 ? undefined : at(columns.shape, columns.rank - 2);
  if (rows !== n) {
    fail("shape-mismatch", {
      message: `${what} needs a right-hand side with a number for each row of the matrix.`,
      expected: `[${n}], or […, ${n}, columns]`,
      found: formatShape(b.shape),
    });
  }
  const dtype = promote(matrix.dtype, right.dtype);
  const batch = broadcastShapes(leading(matrix), leading(columns), what);
  const full = (t: Tensor): Tensor => broadcastTo(cast(t, dtype), [...batch, ...sides(t)]);
  return {
    a: full(matrix),
    b: full(columns),
    back: (x) => (isVector ? reshape(x, x.shape.slice(0, -1)) : x),
  };
}

/** One axis for all those in front. */
export const flat = (x: Tensor): Tensor => reshape(x, [sizeOf(leading(x)), ...sides(x)]);
/** … and them again. */
export const unflat = (x: Tensor, like: TensorType): Tensor =>
  reshape(x, [...leading(like), ...x.shape.slice(1)]);

/** Rows of matrices, up to the one in front of `to`. */
export const someRows = (x: Tensor, from: number, to: number): Tensor =>
  stretch(x, x.rank - 2, from, to);
/** Columns likewise. */
export const someColumns = (x: Tensor, from: number, to: number): Tensor =>
  stretch(x, x.rank - 1, from, to);

/** xᵀ: the last two axes exchanged. */
export function flipped(x: Tensor): Tensor {
  const axes = x.shape.map((_, axis) => axis);
  return transpose(x, [...axes.slice(0, -2), x.rank - 1, x.rank - 2]);
}

/** (x + xᵀ)/2 */
export const symmetric = (x: Tensor): Tensor => mul(add(x, flipped(x)), 0.5);

/** The same with an axis of size 1 at the end. */
export const asColumn = (x: Tensor): Tensor => reshape(x, [...x.shape, 1]);
/** The same with one before the last. */
export const asRow = (x: Tensor): Tensor =>
  reshape(x, [...x.shape.slice(0, -1), 1, at(x.shape, x.rank - 1)]);

/** Some rows of each matrix: y[b, i] = x[b, order[b, i]]. */
export const rowsAt = (x: Tensor, order: Tensor): Tensor =>
  gather(x, broadcastTo(asColumn(order), [...order.shape, sides(x)[1]]), { axis: 1 });
/** The columns: y[b, i, j] = x[b, i, order[b, j]]. */
export const columnsAt = (x: Tensor, order: Tensor): Tensor =>
  gather(x, broadcastTo(asRow(order), x.shape), { axis: 2 });

/**
 * n / d where d is a difference that may vanish: below `least` it counts as 0, and then the quotient
 * is 0 where n vanishes, too (is at most `noise`), else NaN: there is no derivative.
 */
export function quotient(n: Tensor, d: Tensor, least: Tensor, noise: Tensor): Tensor {
  const isApart = greater(abs(d), least);
  const none = scalar(Number.NaN, n.dtype);
  const together = where(lessEqual(abs(n), noise), scalar(0, n.dtype), none);
  return where(isApart, div(n, where(isApart, d, 1)), together);
}

/** The largest element of each matrix, without its sign: […, 1, 1]. */
export const largest = (x: Tensor): Tensor =>
  x.size === 0
    ? zeros([...leading(x), 1, 1], x.dtype)
    : max(abs(x), { axis: [-2, -1], keepDims: true });
