/** Eigenvalues and eigenvectors of symmetric matrices, by Jacobi's method. */
import type { Op, TensorType, Unary } from "../core/op.ts";
import { node, type Tensor } from "../core/tensor.ts";
import { abs, div, mul, sub } from "../ops/arithmetic.ts";
import { broadcastTo } from "../ops/broadcast.ts";
import { equal, where } from "../ops/compare.ts";
import { concatenate } from "../ops/concatenate.ts";
import { type NoAttributes, none } from "../ops/define.ts";
import { gather, take } from "../ops/indexing.ts";
import { eye, range } from "../ops/leaf.ts";
import { matmul } from "../ops/matmul.ts";
import { reshape, sliceAt } from "../ops/move.ts";
import { argsort } from "../ops/order.ts";
import { diagonal } from "../ops/rearrange.ts";
import { max } from "../ops/reduce.ts";
import { f64Type as f64 } from "../ops/reduction.ts";
import {
  asColumn,
  asRow,
  columnsAt,
  flat,
  flipped,
  largest,
  leading,
  quotient,
  realType,
  regular,
  sides,
  someRows,
  squares,
  symmetric,
  unflat,
  unit,
} from "./matrices.ts";
import { type Round, rotationOf, swept, type Turned, turnedColumns } from "./rotations.ts";

/** The two results in one tensor: the eigenvalues, then n rows of eigenvectors. */
const parts = (y: Tensor): readonly [w: Tensor, v: Tensor] => {
  const [rows, n] = sides(y);
  return [someRows(y, 0, 1), someRows(y, rows - n, rows)];
};

/** What about ten sweeps compute. */
const rotated = ([a]: readonly [TensorType]): number =>
  40 * sides(a)[1] * a.shape.reduce((size, n) => size * n, 1);

/** The diagonal of each matrix: […, n, n] ↦ […, 1, n]. */
const diagonalRow = (x: Tensor): Tensor => asRow(diagonal(x, { axes: [x.rank - 2, x.rank - 1] }));

/**
 * n[i, j]/(w[j] − w[i]), 0 on the diagonal; where two eigenvalues are equal as far as rounding tells, see
 * `quotient`.
 */
function byGaps(n: Tensor, w: Tensor, scale: Tensor): Tensor {
  const size = sides(n)[0];
  const rounding = 4 * size * unit(n);
  const gaps = sub(w, flipped(w));
  const found = quotient(n, gaps, mul(largest(w), rounding), mul(scale, 4 * rounding));
  const i = range(size);
  return where(equal(asColumn(i), i), 0, found);
}

/** Eigenvalues above eigenvectors, of the symmetric part of a. */
export const eighOp: Op<Unary, NoAttributes> = {
  name: "eigh",
  infer: ([a]) => {
    const [n] = sides(a);
    return { dtype: realType(a).dtype, shape: [...leading(a), n + 1, n] };
  },
  meaning: (_inputs, y) => ({
    loop: "compose",
    build: ([a]) => unflat(decomposed(symmetric(flat(a))), y),
  }),
  derivative: {
    kind: "general",
    reverse: (g, { y }) => {
      const [[w, v], [gw, gv]] = [parts(y), parts(g)];
      const n = sides(v)[0];
      const inner = matmul(flipped(v), gv);
      const skew = mul(sub(inner, flipped(inner)), 0.5);
      const turning = byGaps(skew, w, largest(inner));
      const i = range(n);
      const middle = where(equal(asColumn(i), i), gw, turning);
      return symmetric(matmul(matmul(v, middle), flipped(v)));
    },
    forward: ([da], { y }) => {
      const [w, v] = parts(y);
      const inner = matmul(matmul(flipped(v), symmetric(da)), v);
      const dv = matmul(v, byGaps(inner, w, largest(inner)));
      return concatenate([diagonalRow(inner), dv], da.rank - 2);
    },
  },
  law: {
    en: "∂E/∂A = V (diag g_w + (VᵀG_V)/(w_j − w_i) off the diagonal) Vᵀ, its symmetric part.",
    zh: "∂E/∂A = V (diag g_w + 对角线之外 (VᵀG_V)/(w_j − w_i)) Vᵀ 的对称部分。",
  },
  notation: {
    text: "eigh(#0)",
    tex: "\\operatorname{eigh}\\left(#0\\right)",
    precedence: 5,
    isCall: true,
  },
  sampling: {
    ...regular,
    cases: [
      { inputs: [f64(2, 2)], attributes: none },
      { inputs: [f64(2, 1, 1)], attributes: none },
    ],
  },
  isBatched: true,
  elements: rotated,
};

/** [batch, n, n] ↦ [batch, n + 1, n] */
function decomposed(a: Tensor): Tensor {
  const [n] = sides(a);
  const top = largest(a);
  const scale = where(equal(top, 0), 1, top);
  const start = { x: a, v: broadcastTo(eye(n, a.dtype), a.shape) };
  const { x, v } = swept(n, start, unit(a) / 4, (now, round) => turn(now, round, scale));
  const values = reshape(diagonalRow(x), [a.shape[0] ?? 0, n]);
  const order = argsort(values, { axis: 1 });
  return concatenate([asRow(gather(values, order, { axis: 1 })), columnsAt(v, order)], 1);
}

/** Each pair's element off the diagonal becomes 0. */
function turn({ x, v }: Turned, round: Round, scale: Tensor): readonly [Turned, Tensor] {
  const { partner, low, high } = round;
  const n = partner.size;
  const own = reshape(diagonalRow(x), [x.shape[0] ?? 0, n]);
  const other = take(own, partner, { axis: 1 });
  // The same element for both of a pair, whatever rounding does to the other.
  const off = offDiagonal(x, low, high);
  const rotation = rotationOf(own, other, off, round);
  const half = sub(
    mul(asColumn(rotation.cosine), x),
    mul(asColumn(rotation.sine), take(x, partner, { axis: 1 })),
  );
  const i = range(n);
  const both = where(equal(asColumn(partner), i), 0, turnedColumns(half, rotation, round));
  const diagonal = sub(own, mul(rotation.tangent, off));
  const next = where(equal(asColumn(i), i), asRow(diagonal), both);
  const found = max(div(abs(off), reshape(scale, [scale.shape[0] ?? 0, 1])));
  return [{ x: next, v: turnedColumns(v, rotation, round) }, found];
}

/** x[b, low[i], high[i]], 0 for a player that rests. */
function offDiagonal(x: Tensor, low: Tensor, high: Tensor): Tensor {
  const rows = take(x, low, { axis: 1 });
  const elements = gather(rows, broadcastTo(asColumn(high), [...rows.shape.slice(0, 2), 1]), {
    axis: 2,
  });
  return where(equal(low, high), 0, reshape(elements, rows.shape.slice(0, 2)));
}

/** What symmetric matrices are made of. */
export interface Eigen {
  /** […, n], ascending. */
  readonly eigenvalues: Tensor;
  /** […, n, n]: column k is the eigenvector, of length 1, to eigenvalue k. */
  readonly eigenvectors: Tensor;
}

/**
 * a = v diag(w) vᵀ of a symmetric matrix […, n, n], with w ascending and vᵀ v = 1; a function of the
 * symmetric part (a + aᵀ)/2, so its gradient is symmetric. By Jacobi's method, to full accuracy. The
 * sign of an eigenvector is arbitrary, and so is a basis where eigenvalues are equal.
 *
 * Where eigenvalues are equal (to rounding) derivatives are right for what does not depend on the choice of
 * a basis for them, such as a sum over the eigenvalues; for all else they are NaN, and so are second
 * derivatives.
 *
 * @example eigh(a).eigenvalues with a = [[2, 1], [1, 2]]
 * @throws ChainruleError "shape-mismatch" for a matrix that is not square.
 */
export function eigh(a: Tensor): Eigen {
  const [w, v] = parts(node(eighOp, [squares("eigh", a)], none));
  return { eigenvalues: sliceAt(w, -2, 0), eigenvectors: v };
}
