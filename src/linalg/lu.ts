/** The LU factors of square matrices with partial pivoting, and systems solved with them. */
import { scan } from "../autodiff/loops/scan.ts";
import type { Binary, Op, TensorType, Unary } from "../core/op.ts";
import { node, type Tensor } from "../core/tensor.ts";
import { abs, add, div, mul, neg, sub } from "../ops/arithmetic.ts";
import { broadcastTo } from "../ops/broadcast.ts";
import { cast } from "../ops/cast.ts";
import { equal, logicalOr, where } from "../ops/compare.ts";
import { concatenate } from "../ops/concatenate.ts";
import { type NoAttributes, none } from "../ops/define.ts";
import { take } from "../ops/indexing.ts";
import { eye, range, scalar, zeros } from "../ops/leaf.ts";
import { matmul } from "../ops/matmul.ts";
import { expandDims, reshape, sliceAt, stretch, transpose } from "../ops/move.ts";
import { argsort } from "../ops/order.ts";
import { diagonal, tril, triu } from "../ops/rearrange.ts";
import { argmax, min } from "../ops/reduce.ts";
import { f64Type as f64 } from "../ops/reduction.ts";
import {
  asColumn,
  flat,
  flipped,
  leading,
  realType,
  regular,
  rowsAt,
  sides,
  squares,
  systemOf,
  unflat,
} from "./matrices.ts";
import { triangularSolveOp } from "./triangular.ts";

/** The elements of an elimination: n steps over all of a matrix. */
export const eliminated = ([a]: readonly [TensorType, ...unknown[]]): number =>
  sides(a)[0] * a.shape.reduce((size, n) => size * n, 1);

/**
 * Below each other: n rows with U and, under the diagonal, L (whose diagonal is 1), and the row of a that
 * each row of them came from. Only what is made of it has a derivative, in a form of its own.
 */
const luOp: Op<Unary, NoAttributes> = {
  name: "luFactors",
  infer: ([a]) => {
    const [n] = sides(a);
    return { dtype: realType(a).dtype, shape: [...leading(a), n + 1, n] };
  },
  meaning: (_inputs, y) => ({ loop: "compose", build: ([a]) => unflat(eliminate(flat(a)), y) }),
  derivative: { kind: "missing", reason: "it is a part of operators that have their own" },
  law: {
    en: "Without one: what is computed from the factors has a rule of its own.",
    zh: "没有：由因子计算的量各有自己的规则。",
  },
  notation: {
    text: "luFactors(#0)",
    tex: "\\operatorname{LU}\\left(#0\\right)",
    precedence: 5,
    isCall: true,
  },
  isBatched: true,
  elements: eliminated,
};

/**
 * Rows stay where they are; each step picks the row whose element in its column is largest among those
 * not yet picked, and takes multiples of it off the others.
 */
function eliminate(a: Tensor): Tensor {
  const [n] = sides(a);
  const batch = a.shape.slice(0, 1);
  if (n === 0) return zeros([...batch, 1, 0], a.dtype);
  const i = range(n);
  const start = { rest: a, isPicked: zeros([...batch, n], "bool") };
  const [, { picks, uppers, lowers }] = scan(
    ({ rest, isPicked }: typeof start, _, k) => {
      const own = take(rest, k, { axis: 2 });
      const pick = asColumn(argmax(where(isPicked, -1, abs(own)), { axis: 1 }));
      const isPick = equal(i, pick);
      const pivotRow = rowsAt(rest, pick);
      const pivot = reshape(take(pivotRow, k, { axis: 2 }), [...batch, 1]);
      const done = logicalOr(isPicked, isPick);
      // Where the pivot is 0, so is the rest of its column.
      const factors = where(logicalOr(done, equal(pivot, 0)), 0, div(own, pivot));
      const next = sub(rest, mul(asColumn(factors), pivotRow));
      return [
        { rest: next, isPicked: done },
        { picks: reshape(pick, batch), uppers: reshape(pivotRow, [...batch, n]), lowers: factors },
      ];
    },
    start,
    undefined,
    { length: n },
  );
  const order = transpose(picks, [1, 0]);
  const lower = rowsAt(transpose(lowers, [1, 2, 0]), order);
  const both = add(triu(transpose(uppers, [1, 0, 2])), tril(lower, { diagonal: -1 }));
  return concatenate([both, expandDims(cast(order, a.dtype), 1)], 1);
}

/** The factors of a: U above L, the rows' order, and the diagonal of U; with one axis in front. */
export function factorsOf(a: Tensor): { both: Tensor; order: Tensor; pivots: Tensor } {
  const [n] = sides(a);
  const packed = flat(node(luOp, [a], none));
  const both = stretch(packed, 1, 0, n);
  return {
    both,
    order: cast(sliceAt(packed, 1, n), "i32"),
    pivots: diagonal(both, { axes: [1, 2] }),
  };
}

const lower = { upper: false, unitDiagonal: true, transposed: false };
const upper = { upper: true, unitDiagonal: false, transposed: false };

/** y of a y = b, or aᵀ y = b, by the factors of a: [batch, n, m]. */
export function solvedBy(
  { both, order }: { readonly both: Tensor; readonly order: Tensor },
  b: Tensor,
  transposed: boolean,
): Tensor {
  const by = (t: typeof lower, right: Tensor): Tensor =>
    node(triangularSolveOp, [both, right], { ...t, transposed });
  if (!transposed) return by(upper, by(lower, rowsAt(b, order)));
  return rowsAt(by(lower, by(upper, b)), argsort(order, { axis: 1 }));
}

/** NaN where a pivot is 0: the matrix is singular. */
function whereRegular(y: Tensor, pivots: Tensor): Tensor {
  if (y.size === 0) return y;
  const least = min(abs(pivots), { axis: 1 });
  return where(asColumn(asColumn(equal(least, 0))), scalar(Number.NaN, y.dtype), y);
}

const solveCases = [false, true].flatMap((transposed) => [
  { inputs: [f64(2, 2), f64(2, 1)], attributes: { transposed } } as const,
  { inputs: [f64(2, 1, 1), f64(2, 1, 2)], attributes: { transposed } } as const,
]);

/** y of a y = b, or aᵀ y = b: […, n, n] and […, n, m] with equal axes in front. */
export const solveOp: Op<Binary, { transposed: boolean }> = {
  name: "solve",
  infer: ([, b]) => realType(b),
  meaning: (_inputs, y, { transposed }) => ({
    loop: "compose",
    build: ([a, b]) => {
      const factors = factorsOf(a);
      return unflat(whereRegular(solvedBy(factors, flat(b), transposed), factors.pivots), y);
    },
  }),
  derivative: {
    kind: "general",
    reverse: (g, { x: [a], y, attributes: { transposed } }, input) => {
      const toB = node(solveOp, [a, g], { transposed: !transposed });
      if (input === 1) return toB;
      return neg(transposed ? matmul(y, flipped(toB)) : matmul(toB, flipped(y)));
    },
    forward: ([da, db], { x: [a], y, attributes }) => {
      const change = matmul(attributes.transposed ? flipped(da) : da, y);
      return node(solveOp, [a, sub(db, change)], attributes);
    },
  },
  law: {
    en: "For Y = A⁻¹B: ∂E/∂B = A⁻ᵀG and ∂E/∂A = −(∂E/∂B) Yᵀ.",
    zh: "对 Y = A⁻¹B：∂E/∂B = A⁻ᵀG，∂E/∂A = −(∂E/∂B) Yᵀ。",
  },
  notation: {
    text: "solve(#0, #1)",
    tex: "\\operatorname{solve}\\left(#0, #1\\right)",
    precedence: 5,
  },
  sampling: { ...regular, cases: solveCases },
  isBatched: true,
  elements: eliminated,
};

export const inverseOp: Op<Unary, NoAttributes> = {
  name: "inverse",
  infer: ([a]) => realType(a),
  meaning: ([a]) => ({
    loop: "compose",
    build: ([x]) =>
      node(solveOp, [x, broadcastTo(eye(sides(a)[0], a.dtype), a.shape)], { transposed: false }),
  }),
  derivative: {
    kind: "general",
    reverse: (g, { y }) => neg(matmul(matmul(flipped(y), g), flipped(y))),
    forward: ([da], { y }) => neg(matmul(matmul(y, da), y)),
  },
  law: {
    en: "For Y = A⁻¹: ∂E/∂A = −Yᵀ G Yᵀ.",
    zh: "对 Y = A⁻¹：∂E/∂A = −Yᵀ G Yᵀ。",
  },
  notation: { text: "#0⁻¹", tex: "{#0}^{-1}", precedence: 5 },
  sampling: {
    ...regular,
    cases: [
      { inputs: [f64(2, 2)], attributes: none },
      { inputs: [f64(2, 1, 1)], attributes: none },
    ],
  },
  isBatched: true,
  elements: eliminated,
};

/**
 * y of a y = b: a is a square matrix, or several along axes in front; b is a vector [n] for all
 * matrices or […, n], one for each, or has columns: […, n, m]; axes in front broadcast. By LU factors
 * with partial pivoting. Of a singular matrix (a pivot is 0) the result is NaN, of one that is nearly so
 * it is as inaccurate as its condition says.
 *
 * @example solve(a, b) with a = [[2, 1], [1, 3]]; b = [3, 5]
 * @throws ChainruleError "shape-mismatch" for a matrix that is not square, or another number of rows.
 */
export function solve(a: Tensor, b: Tensor): Tensor {
  const system = systemOf("solve", a, b);
  return system.back(node(solveOp, [system.a, system.b], { transposed: false }));
}

/**
 * a⁻¹ of a square matrix, or several along axes in front; NaN where it is singular (a pivot is 0).
 * To solve a system, `solve` is quicker and more accurate.
 *
 * @example inverse(a) with a = [[2, 1], [1, 1]]
 * @throws ChainruleError "shape-mismatch" for a matrix that is not square.
 */
export const inverse = (a: Tensor): Tensor => node(inverseOp, [squares("inverse", a)], none);
