/** Singular values and vectors, by Jacobi's method from one side. */
import type { Op, TensorType, Unary } from "../core/op.ts";
import { checkNames } from "../core/options.ts";
import { node, type Tensor } from "../core/tensor.ts";
import { abs, add, div, mul, square, sub } from "../ops/arithmetic.ts";
import { broadcastTo, sum } from "../ops/broadcast.ts";
import { equal, less, where } from "../ops/compare.ts";
import { concatenate } from "../ops/concatenate.ts";
import { type NoAttributes, none } from "../ops/define.ts";
import { gather, take } from "../ops/indexing.ts";
import { eye, range } from "../ops/leaf.ts";
import { matmul } from "../ops/matmul.ts";
import { sliceAt } from "../ops/move.ts";
import { argsort } from "../ops/order.ts";
import { diagonal } from "../ops/rearrange.ts";
import { max } from "../ops/reduce.ts";
import { f64Type as f64 } from "../ops/reduction.ts";
import { sqrt } from "../ops/transcendental.ts";
import {
  asColumn,
  asRow,
  checkTruth,
  columnsAt,
  flat,
  flipped,
  largest,
  leading,
  matrices,
  quotient,
  realType,
  regular,
  sides,
  someColumns,
  someRows,
  unflat,
  unit,
} from "./matrices.ts";
import { qr, qrFactors } from "./qr.ts";
import { type Round, rotationOf, swept, type Turned, turnedColumns } from "./rotations.ts";

/** The three results in one tensor: m rows of U, the singular values, n rows of V. */
function parts(y: Tensor, m: number): readonly [u: Tensor, s: Tensor, v: Tensor] {
  const [rows] = sides(y);
  return [someRows(y, 0, m), someRows(y, m, m + 1), someRows(y, m + 1, rows)];
}

const diagonalRow = (x: Tensor): Tensor => asRow(diagonal(x, { axes: [x.rank - 2, x.rank - 1] }));

/** How far rounding puts singular values off, beside the largest. */
const roundingOf = (a: TensorType): number => 4 * Math.max(...sides(a)) * unit(a);

/** What vanishes where singular values are equal, or 0, by differences and sums of them. */
function quotients(s: Tensor, rounding: number) {
  const least = mul(largest(s), rounding);
  const i = range(sides(s)[1]);
  const off = (x: Tensor): Tensor => where(equal(asColumn(i), i), 0, x);
  const noise = (scale: Tensor): Tensor => mul(scale, 4 * rounding);
  return {
    /** n[i, j]/(s[j] − s[i]) */
    byGaps: (n: Tensor, scale: Tensor) => off(quotient(n, sub(s, flipped(s)), least, noise(scale))),
    /** n[i, j]/(s[j] + s[i]) */
    bySums: (n: Tensor, scale: Tensor) => off(quotient(n, add(s, flipped(s)), least, noise(scale))),
    /** n[i, j]/s[j] */
    byValues: (n: Tensor, scale: Tensor) => quotient(n, s, least, noise(scale)),
  };
}

/** What is outside of the columns' space: x − u uᵀ x. */
const outside = (u: Tensor, x: Tensor): Tensor => sub(x, matmul(u, matmul(flipped(u), x)));

/** U, singular values and V below each other, of a […, m, n]: […, m + 1 + n, min(m, n)]. */
export const svdOp: Op<Unary, NoAttributes> = {
  name: "svd",
  infer: ([a]) => {
    const [m, n] = sides(a);
    return { dtype: realType(a).dtype, shape: [...leading(a), m + 1 + n, Math.min(m, n)] };
  },
  meaning: ([type], y) => ({
    loop: "compose",
    build: ([a]) => {
      const [m, n] = sides(type);
      if (m >= n) return unflat(decomposed(flat(a)), y);
      const [v, s, u] = parts(decomposed(flipped(flat(a))), n);
      return unflat(concatenate([u, s, v], 1), y);
    },
  }),
  derivative: {
    kind: "general",
    reverse: (g, { x: [a], y }) => {
      const [m, n] = sides(a);
      const [[u, s, v], [gu, gs, gv]] = [parts(y, m), parts(g, m)];
      const { byGaps, bySums, byValues } = quotients(s, roundingOf(a));
      const [left, right] = [matmul(flipped(u), gu), matmul(flipped(v), gv)];
      const skew = (x: Tensor): Tensor => sub(x, flipped(x));
      const [p, q] = [skew(left), skew(right)];
      const scale = add(largest(left), largest(right));
      const turning = mul(add(byGaps(add(p, q), scale), bySums(sub(p, q), scale)), 0.5);
      const i = range(sides(s)[1]);
      const middle = where(equal(asColumn(i), i), gs, turning);
      let found = matmul(matmul(u, middle), flipped(v));
      if (m > n) {
        const more = byValues(outside(u, gu), largest(gu));
        found = add(found, matmul(more, flipped(v)));
      }
      if (n > m) {
        const more = byValues(outside(v, gv), largest(gv));
        found = add(found, matmul(u, flipped(more)));
      }
      return found;
    },
    forward: ([da], { x: [a], y }) => {
      const [m, n] = sides(a);
      const [u, s, v] = parts(y, m);
      const { byGaps, bySums, byValues } = quotients(s, roundingOf(a));
      const inner = matmul(matmul(flipped(u), da), v);
      const scale = largest(inner);
      const sums = byGaps(add(inner, flipped(inner)), scale);
      const differences = bySums(sub(inner, flipped(inner)), scale);
      let du = matmul(u, mul(add(sums, differences), 0.5));
      let dv = matmul(v, mul(sub(sums, differences), 0.5));
      if (m > n) du = add(du, byValues(outside(u, matmul(da, v)), largest(da)));
      if (n > m) dv = add(dv, byValues(outside(v, matmul(flipped(da), u)), largest(da)));
      return concatenate([du, diagonalRow(inner), dv], da.rank - 2);
    },
  },
  law: {
    en: "∂E/∂A = U (diag g_S + rotations of U and V by quotients with s_j − s_i, s_j + s_i) Vᵀ.",
    zh: "∂E/∂A = U (diag g_S + U 与 V 的旋转，除以 s_j − s_i 与 s_j + s_i) Vᵀ。",
  },
  notation: {
    text: "svd(#0)",
    tex: "\\operatorname{svd}\\left(#0\\right)",
    precedence: 5,
    isCall: true,
  },
  sampling: {
    ...regular,
    cases: [
      { inputs: [f64(3, 2)], attributes: none },
      { inputs: [f64(2, 1, 2)], attributes: none },
    ],
  },
  isBatched: true,
  elements: ([a]) => 20 * Math.min(...sides(a)) * a.shape.reduce((size, n) => size * n, 1),
};

/** [batch, m, n] with m ≥ n ↦ [batch, m + 1 + n, n] */
function decomposed(a: Tensor): Tensor {
  const [m, n] = sides(a);
  const top = largest(a);
  const scale = where(equal(top, 0), 1, top);
  const batch = a.shape[0] ?? 0;
  const start = { x: div(a, scale), v: broadcastTo(eye(n, a.dtype), [batch, n, n]) };
  const { x, v } = swept(n, start, 4 * Math.sqrt(m) * unit(a), turn);
  const lengths = sqrt(sum(square(x), { axis: 1 }));
  const order = argsort(lengths, { axis: 1, descending: true });
  const values = asRow(gather(lengths, order, { axis: 1 }));
  // Columns that are orthogonal already: their directions, completed where they are 0.
  const packed = qrFactors(columnsAt(x, order));
  const r = diagonalRow(someRows(packed, m, m + n));
  const u = mul(someRows(packed, 0, m), where(less(r, 0), -1, 1));
  return concatenate([u, mul(values, scale), columnsAt(v, order)], 1);
}

/** Each pair of columns becomes orthogonal. */
function turn({ x, v }: Turned, round: Round): readonly [Turned, Tensor] {
  const { partner, low } = round;
  const own = sum(square(x), { axis: 1 });
  const other = take(own, partner, { axis: 1 });
  const products = sum(mul(x, take(x, partner, { axis: 2 })), { axis: 1 });
  // The same product for both of a pair, in whatever order it was added up.
  const off = where(equal(low, partner), take(products, low, { axis: 1 }), products);
  const rotation = rotationOf(own, other, off, round);
  const lengths = mul(sqrt(own), sqrt(other));
  const angle = div(abs(off), where(equal(lengths, 0), 1, lengths));
  const found = max(where(equal(partner, range(partner.size)), 0, angle));
  return [{ x: turnedColumns(x, rotation, round), v: turnedColumns(v, rotation, round) }, found];
}

/** What a matrix is made of. */
export interface SVD {
  /** […, m, k] with orthonormal columns, k = min(m, n); m of them with full matrices. */
  readonly u: Tensor;
  /** […, min(m, n)]: the singular values, descending. */
  readonly s: Tensor;
  /** […, k, n] with orthonormal rows; n of them with full matrices. */
  readonly vh: Tensor;
}

/** How much of u and vh. */
export interface SVDOptions {
  /** Whether u and vh are square: completed by what belongs to no singular value. Default false. */
  readonly fullMatrices?: boolean;
}

/**
 * a = u diag(s) vh of matrices […, m, n] (NumPy's and PyTorch's svd; theirs has full_matrices=True by
 * default, ours false). By Jacobi's method from one side, to full accuracy. The sign of a pair of vectors
 * is arbitrary, and so are bases where singular values are equal or 0.
 *
 * Where singular values are equal (to rounding), or some are 0, derivatives are right for what does not depend
 * on the choice of bases there, such as a sum over the values; for all else they are NaN, and so are second
 * derivatives. Of u and vh those that `fullMatrices` completes have none: they are not finite.
 *
 * @example svd(a).s with a = [[3, 0], [4, 5]]
 * @throws ChainruleError "shape-mismatch" for what has fewer than two axes.
 */
export function svd(a: Tensor, options: SVDOptions = {}): SVD {
  checkNames("svd", options, ["fullMatrices"]);
  const { fullMatrices = false } = options;
  const isFull = checkTruth("svd", "fullMatrices", fullMatrices);
  const x = matrices("svd", a);
  const [u, s, v] = parts(node(svdOp, [x], none), sides(x)[0]);
  const [left, right] = isFull ? [basis(u), basis(v)] : [u, v];
  return { u: left, s: sliceAt(s, -2, 0), vh: flipped(right) };
}

/** Orthonormal columns, completed. */
function basis(u: Tensor): Tensor {
  const [m, k] = sides(u);
  if (m === k) return u;
  const { q } = qr(u, { mode: "complete" });
  return concatenate([u, someColumns(q, k, m)], u.rank - 1);
}
