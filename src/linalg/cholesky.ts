/** Cholesky's factor of positive definite matrices, column by column. */

import { scan } from "../autodiff/loops/scan.ts";
import type { Op, Unary } from "../core/op.ts";
import { node, type Tensor } from "../core/tensor.ts";
import { add, div, mul, sub } from "../ops/arithmetic.ts";
import { equal, greater, isNaN, where } from "../ops/compare.ts";
import { type NoAttributes, none } from "../ops/define.ts";
import { take } from "../ops/indexing.ts";
import { range, scalar } from "../ops/leaf.ts";
import { matmul } from "../ops/matmul.ts";
import { sliceAt, transpose } from "../ops/move.ts";
import { tril } from "../ops/rearrange.ts";
import { f64Type as f64 } from "../ops/reduction.ts";
import { sqrt } from "../ops/transcendental.ts";
import {
  asColumn,
  asRow,
  flat,
  flipped,
  realType,
  regular,
  sides,
  squares,
  symmetric,
  unflat,
} from "./matrices.ts";
import { triangularSolveOp } from "./triangular.ts";

const lower = { upper: false, unitDiagonal: false, transposed: false };
const turned = { ...lower, transposed: true };

/** The lower triangle with half of the diagonal. */
const half = (x: Tensor): Tensor => mul(add(tril(x), tril(x, { diagonal: -1 })), 0.5);

export const choleskyOp: Op<Unary, NoAttributes> = {
  name: "cholesky",
  infer: ([a]) => realType(a),
  meaning: ([type]) => ({
    loop: "compose",
    build: ([a]) => unflat(factor(symmetric(flat(a))), type),
  }),
  derivative: {
    kind: "general",
    reverse: (g, { y }) => {
      const inner = half(matmul(flipped(y), g));
      const left = node(triangularSolveOp, [y, inner], turned);
      const both = node(triangularSolveOp, [y, flipped(left)], turned);
      return symmetric(both);
    },
    forward: ([da], { y }) => {
      const left = node(triangularSolveOp, [y, symmetric(da)], lower);
      const both = node(triangularSolveOp, [y, flipped(left)], lower);
      return matmul(y, half(both));
    },
  },
  law: {
    en: "∂E/∂A is the symmetric part of L⁻ᵀ Φ(LᵀG) L⁻¹; Φ takes the lower triangle, half of its diagonal.",
    zh: "∂E/∂A 是 L⁻ᵀ Φ(LᵀG) L⁻¹ 的对称部分；Φ 取下三角，其对角线取一半。",
  },
  notation: {
    text: "cholesky(#0)",
    tex: "\\operatorname{cholesky}\\left(#0\\right)",
    precedence: 5,
    isCall: true,
  },
  sampling: {
    ...regular,
    cases: [
      { inputs: [f64(2, 2)], attributes: none },
      { inputs: [f64(3, 1, 1)], attributes: none },
    ],
  },
  isBatched: true,
  elements: ([a]) => sides(a)[0] * a.shape.reduce((size, n) => size * n, 1),
};

/** Takes each column's product with itself off what is left of the matrix: [batch, n, n]. */
function factor(a: Tensor): Tensor {
  const [n] = sides(a);
  const i = range(n);
  const [, columns] = scan(
    (rest: Tensor, _, k) => {
      const own = take(rest, k, { axis: 1 });
      const pivot = asColumn(take(own, k, { axis: 1 }));
      const root = where(greater(pivot, 0), sqrt(pivot), scalar(Number.NaN, a.dtype));
      const below = where(greater(i, k), div(own, root), 0);
      const one = where(equal(i, k), root, below);
      return [sub(rest, mul(asColumn(one), asRow(one))), one];
    },
    a,
    undefined,
    { length: n },
  );
  const found = transpose(columns, [1, 2, 0]);
  if (n === 0) return found;
  // A pivot that is not positive spoils what comes after it: the whole factor is NaN then.
  const last = sliceAt(sliceAt(found, 2, n - 1), 1, n - 1);
  const isWhole = asColumn(asColumn(isNaN(last)));
  return where(isWhole, scalar(Number.NaN, a.dtype), found);
}

/**
 * L of a = L Lᵀ, lower triangular with a positive diagonal: of a symmetric positive definite matrix,
 * or several along axes in front. It is a function of a's symmetric part (a + aᵀ)/2, so its gradient is
 * symmetric, as PyTorch's is. Where a is not positive definite all of L is NaN.
 *
 * @example cholesky(a) with a = [[4, 2], [2, 10]]
 * @throws ChainruleError "shape-mismatch" for a matrix that is not square. Derivative: Murray (2016),
 *   Differentiation of the Cholesky decomposition.
 */
export const cholesky = (a: Tensor): Tensor => node(choleskyOp, [squares("cholesky", a)], none);
