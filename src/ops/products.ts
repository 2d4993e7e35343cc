/** Products of tensors, put together of multiplications, sums and matrix products. */
import { at } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import { checkNames } from "../core/options.ts";
import { checkList, formatShape, normalizeAxis, type Shape, sizeOf } from "../core/shape.ts";
import { asTensor, axisOf, type Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { mul, sub } from "./arithmetic.ts";
import { sum } from "./broadcast.ts";
import { concatenate } from "./concatenate.ts";
import { matmul } from "./matmul.ts";
import { expandDims, reshape, sliceAt, transpose } from "./move.ts";
import { diagonal } from "./rearrange.ts";

/** Refuses a tensor of another rank. */
function ofRank(what: string, x: Tensor, rank: number): void {
  if (asTensor(what, x).rank === rank) return;
  fail("shape-mismatch", {
    message: `${what} takes ${rank === 1 ? "vectors" : "a matrix"}.`,
    expected: rank === 1 ? "one axis" : "two axes",
    found: formatShape(x.shape),
  });
}

/**
 * y[i, j] = a[i]·b[j] of two vectors.
 *
 * @example outer(a, b) with a = [1, 2]; b = [3, 4]
 */
export function outer(a: Tensor, b: Tensor): Tensor {
  for (const x of [a, b]) ofRank("outer", x, 1);
  return mul(reshape(a, [a.size, 1]), b);
}

/**
 * y = Σ x[i, i] of a matrix.
 *
 * @example trace(x) with x = [[1, 2], [3, 4]]
 */
export function trace(x: Tensor): Tensor {
  ofRank("trace", x, 2);
  return sum(diagonal(x));
}

/**
 * Kronecker's product: every element of a times all of b, side by side; of fewer axes the last
 * ones.
 *
 * @example kron(a, b) with a = [1, 2]; b = [1, 10]
 */
export function kron(a: Tensor, b: Tensor): Tensor {
  const rank = Math.max(asTensor("kron", a).rank, asTensor("kron", b).rank);
  const full = ({ shape }: Tensor): number[] => [
    ...new Array<number>(rank - shape.length).fill(1),
    ...shape,
  ];
  const [left, right] = [full(a), full(b)];
  const x = reshape(
    a,
    left.flatMap((n) => [n, 1]),
  );
  const y = reshape(
    b,
    right.flatMap((n) => [1, n]),
  );
  return reshape(
    mul(x, y),
    left.map((n, k) => n * at(right, k)),
  );
}

/** Which axes are summed over: the last n of a and the first n of b, or a list for each. */
export type DotAxes = number | readonly [a: readonly number[], b: readonly number[]];

/**
 * The sum of products over some axes of a and b, the others of a before those of b: axes 2
 * (default) are the last two of a and the first two of b. Sizes that differ are an error.
 *
 * @example tensordot(a, b, 1) with a = [[1, 2], [3, 4]]; b = [1, 10]
 */
export function tensordot(a: Tensor, b: Tensor, axes: DotAxes = 2): Tensor {
  const [left, right] = dotAxes(a, b, axes);
  const inner = (x: Tensor, list: readonly number[]): Shape => list.map((k) => at(x.shape, k));
  const [m, n] = [inner(a, left), inner(b, right)];
  if (formatShape(m) !== formatShape(n)) {
    fail("shape-mismatch", {
      message: "tensordot sums over axes of equal sizes.",
      expected: formatShape(m),
      found: formatShape(n),
    });
  }
  const rest = (x: Tensor, list: readonly number[]): number[] =>
    x.shape.flatMap((_, k) => (list.includes(k) ? [] : [k]));
  const [rows, columns] = [rest(a, left), rest(b, right)];
  const [before, after] = [inner(a, rows), inner(b, columns)];
  const x = reshape(transpose(a, [...rows, ...left]), [sizeOf(before), sizeOf(m)]);
  const y = reshape(transpose(b, [...right, ...columns]), [sizeOf(m), sizeOf(after)]);
  return reshape(matmul(x, y), [...before, ...after]);
}

function dotAxes(a: Tensor, b: Tensor, axes: DotAxes): readonly [number[], number[]] {
  const most = Math.min(asTensor("tensordot", a).rank, asTensor("tensordot", b).rank);
  if (typeof axes === "number" && Number.isInteger(axes) && axes >= 0 && axes <= most) {
    const some = Array.from({ length: axes }, (_, k) => k);
    return [some.map((k) => a.rank - axes + k), some];
  }
  if (!Array.isArray(axes) || axes.length !== 2) {
    return fail("bad-argument", {
      message: "tensordot sums over some axes of both tensors.",
      expected: `a whole number from 0 to ${most}, or a list of axes for each`,
      found: shown(axes),
    });
  }
  const [left, right] = [a, b].map((x, i) =>
    checkList(
      "The axes of tensordot",
      at(axes as readonly (readonly number[])[], i),
      "[[1], [0]]",
    ).map((k) => axisOf("tensordot", x, k)),
  );
  return [left ?? [], right ?? []];
}

/** Along which axis vectors lie. */
export interface CrossOptions {
  /** The axis; negative counts from the last. Default −1. */
  readonly axis?: number;
}

/**
 * a × b of vectors of three elements along an axis (default the last): y₀ = a₁b₂ − a₂b₁ and so on;
 * with broadcasting. Another number of elements is an error.
 *
 * @example cross(a, b) with a = [1, 0, 0]; b = [0, 1, 0]
 */
export function cross(a: Tensor, b: Tensor, options: CrossOptions = {}): Tensor {
  checkNames("cross", options, ["axis"]);
  const { axis = -1 } = options;
  for (const x of [a, b]) {
    const n = at(asTensor("cross", x).shape, axisOf("cross", x, axis));
    if (n === 3) continue;
    fail("shape-mismatch", {
      message: "cross takes vectors of three elements.",
      expected: `size 3 on axis ${axis}`,
      found: formatShape(x.shape),
    });
  }
  const along = normalizeAxis(axis, Math.max(a.rank, b.rank), "cross");
  const component = (i: number): Tensor => {
    const [j, k] = [(i + 1) % 3, (i + 2) % 3];
    const [aj, ak] = [sliceAt(a, axis, j), sliceAt(a, axis, k)];
    const [bj, bk] = [sliceAt(b, axis, j), sliceAt(b, axis, k)];
    return sub(mul(aj, bk), mul(ak, bj));
  };
  const parts = [0, 1, 2].map((i) => expandDims(component(i), along));
  return concatenate(parts, along);
}
