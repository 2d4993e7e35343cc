/** Determinants, from the LU factors. */
import type { Op, TensorType, Unary } from "../core/op.ts";
import { node, type Tensor } from "../core/tensor.ts";
import { abs, add, mul, neg, sign, sub } from "../ops/arithmetic.ts";
import { broadcastTo, sum } from "../ops/broadcast.ts";
import { cast } from "../ops/cast.ts";
import { equal, greater, logicalAnd, logicalOr, where } from "../ops/compare.ts";
import { type NoAttributes, none } from "../ops/define.ts";
import { eye, range } from "../ops/leaf.ts";
import { matmul } from "../ops/matmul.ts";
import { reshape } from "../ops/move.ts";
import { diagonal } from "../ops/rearrange.ts";
import { prod } from "../ops/reduce.ts";
import { f64Type as f64 } from "../ops/reduction.ts";
import { remainder } from "../ops/remainder.ts";
import { log } from "../ops/transcendental.ts";
import { eliminated, factorsOf, inverseOp, solvedBy } from "./lu.ts";
import {
  asColumn,
  asRow,
  flat,
  flipped,
  largest,
  leading,
  realType,
  regular,
  sides,
  squares,
  unflat,
  unit,
} from "./matrices.ts";
import { svd } from "./svd.ts";

const cases = [
  { inputs: [f64(2, 2)], attributes: none },
  { inputs: [f64(2, 1, 1)], attributes: none },
] as const;

/** One number for each matrix. */
const numbers = (a: TensorType): TensorType => ({ dtype: realType(a).dtype, shape: leading(a) });

/** A number for each matrix, as a factor of matrices. */
const factor = (x: Tensor): Tensor => asColumn(asColumn(x));

/** 1 for an even order of rows, −1 for an odd one: [batch]. */
function parity(order: Tensor, like: Tensor): Tensor {
  const i = range(sides(like)[0]);
  const swapped = logicalAnd(greater(asColumn(i), i), greater(asRow(order), asColumn(order)));
  const count = sum(cast(swapped, "i32"), { axis: [1, 2] });
  return cast(sub(1, mul(remainder(count, 2), 2)), like.dtype);
}

/** −1, 0 or 1 */
export const determinantSignOp: Op<Unary, NoAttributes> = {
  name: "determinantSign",
  infer: ([a]) => numbers(a),
  meaning: (_inputs, y) => ({
    loop: "compose",
    build: ([a]) => {
      const { order, pivots } = factorsOf(a);
      return reshape(mul(parity(order, flat(a)), prod(sign(pivots), { axis: 1 })), y.shape);
    },
  }),
  derivative: { kind: "zero" },
  law: {
    en: "The sign does not change under small changes: nothing flows back.",
    zh: "符号在微小变化下不变：没有梯度传回。",
  },
  notation: {
    text: "sign det(#0)",
    tex: "\\operatorname{sign}\\det\\left(#0\\right)",
    precedence: 5,
    isCall: true,
  },
  sampling: { ...regular, cases },
  isBatched: true,
  elements: eliminated,
};

export const logAbsDeterminantOp: Op<Unary, NoAttributes> = {
  name: "logAbsDeterminant",
  infer: ([a]) => numbers(a),
  meaning: (_inputs, y) => ({
    loop: "compose",
    build: ([a]) => reshape(sum(log(abs(factorsOf(a).pivots)), { axis: 1 }), y.shape),
  }),
  derivative: {
    kind: "general",
    reverse: (g, { x: [a] }) => mul(factor(g), flipped(node(inverseOp, [a], none))),
    forward: ([da], { x: [a] }) => matrixSum(mul(da, flipped(node(inverseOp, [a], none)))),
  },
  law: {
    en: "For y = log |det A|: ∂E/∂A = g A⁻ᵀ.",
    zh: "对 y = log |det A|：∂E/∂A = g A⁻ᵀ。",
  },
  notation: {
    text: "log|det #0|",
    tex: "\\log\\left|\\det #0\\right|",
    precedence: 5,
  },
  sampling: { ...regular, cases },
  isBatched: true,
  elements: eliminated,
};

const matrixSum = (x: Tensor): Tensor => sum(x, { axis: [-2, -1] });

export const determinantOp: Op<Unary, NoAttributes> = {
  name: "determinant",
  infer: ([a]) => numbers(a),
  meaning: (_inputs, y) => ({
    loop: "compose",
    build: ([a]) => {
      const { order, pivots } = factorsOf(a);
      return reshape(mul(parity(order, flat(a)), prod(pivots, { axis: 1 })), y.shape);
    },
  }),
  derivative: {
    kind: "general",
    reverse: (g, { x: [a] }) => mul(factor(g), node(cofactorsOp, [a], none)),
    forward: ([da], { x: [a] }) => matrixSum(mul(da, node(cofactorsOp, [a], none))),
  },
  law: {
    en: "∂ det A/∂A is the matrix of cofactors, det A · A⁻ᵀ where A has an inverse.",
    zh: "∂ det A/∂A 是代数余子式矩阵；A 可逆时为 det A · A⁻ᵀ。",
  },
  notation: { text: "det(#0)", tex: "\\det\\left(#0\\right)", precedence: 5, isCall: true },
  sampling: { ...regular, cases },
  isBatched: true,
  elements: eliminated,
};

/**
 * y[i, j] is (−1)^(i+j) times the determinant without row i and column j: det a · a⁻ᵀ. It is a polynomial, so
 * a pivot of 0 may be taken to be as small as rounding leaves one: y changes no more than by rounding.
 */
export const cofactorsOp: Op<Unary, NoAttributes> = {
  name: "cofactors",
  infer: ([a]) => realType(a),
  meaning: ([type]) => ({
    loop: "compose",
    build: ([a]) => {
      const { both, order, pivots } = factorsOf(a);
      const [n] = sides(a);
      const scale = largest(both);
      const least = mul(where(equal(scale, 0), 1, scale), unit(a));
      const isZero = equal(pivots, 0);
      const tiny = where(isZero, reshape(least, [...least.shape.slice(0, 1), 1]), 0);
      const identity = eye(n, a.dtype);
      const regular = add(both, mul(asRow(tiny), identity));
      const right = broadcastTo(identity, both.shape);
      const inverse = solvedBy({ both: regular, order }, right, true);
      const product = prod(add(pivots, tiny), { axis: 1 });
      return unflat(mul(inverse, factor(mul(parity(order, both), product))), type);
    },
  }),
  derivative: {
    kind: "general",
    reverse: (g, { x: [a] }) => curvature(a, g),
    forward: ([da], { x: [a] }) => curvature(a, da),
  },
  law: {
    en: "∂E/∂A is what the second derivative of det A makes of G; it is symmetric.",
    zh: "∂E/∂A 是 det A 的二阶导数作用于 G 的结果；它是对称的。",
  },
  notation: {
    text: "cofactors(#0)",
    tex: "\\operatorname{cof}\\left(#0\\right)",
    precedence: 5,
    isCall: true,
  },
  sampling: { ...regular, cases },
  isBatched: true,
  elements: eliminated,
};

/**
 * What the second derivative of det a makes of one matrix, for any a: with a = U S Vᵀ and M = Uᵀ x V, cof(S + εM)
 * has the slope Σ_k d[i, k] M[k, k] at [i, i] and −d[i, j] M[j, i] beside it; d[i, j] is the product of all
 * singular values but two, the i-th and the j-th.
 */
function curvature(a: Tensor, x: Tensor): Tensor {
  const { u, s, vh } = svd(a);
  const i = range(sides(a)[0]);
  const isOwn = equal(asColumn(i), i);
  const left = logicalOr(equal(asColumn(asColumn(i)), i), equal(asColumn(i), i));
  const others = prod(where(left, 1, asRow(asRow(s))), { axis: -1 });
  const d = where(isOwn, 0, others);
  const m = matmul(matmul(flipped(u), x), flipped(vh));
  const along = matmul(d, asColumn(diagonal(m, { axes: [m.rank - 2, m.rank - 1] })));
  const slopes = where(isOwn, along, neg(mul(d, flipped(m))));
  const sign = (t: Tensor): Tensor => factor(node(determinantSignOp, [t], none));
  return mul(mul(sign(u), sign(vh)), matmul(matmul(u, slopes), vh));
}

/**
 * The determinant of a square matrix, or of several along axes in front (torch.linalg.det); by LU
 * factors with partial pivoting. First and second derivatives are right for singular matrices, too
 * (PyTorch's first is 0 there). Of large matrices it leaves the range of numbers: see `slogdet`.
 *
 * @example determinant(a) with a = [[1, 2], [3, 4]]
 * @throws ChainruleError "shape-mismatch" for a matrix that is not square.
 */
export const determinant = (a: Tensor): Tensor =>
  node(determinantOp, [squares("determinant", a)], none);

/** A determinant as its sign and the logarithm of its size. */
export interface SignAndLogarithm {
  /** −1, 0 or 1. */
  readonly sign: Tensor;
  /** log |det a|; −∞ for a singular matrix. */
  readonly logAbsDeterminant: Tensor;
}

/**
 * det a = sign · exp(logAbsDeterminant) of a square matrix, or of several along axes in front: in
 * range also where the determinant is not. The derivative of the logarithm is a⁻ᵀ, NaN where a is
 * singular; the sign has none.
 *
 * @example slogdet(a).logAbsDeterminant with a = [[1, 2], [3, 4]]
 * @throws ChainruleError "shape-mismatch" for a matrix that is not square.
 */
export function slogdet(a: Tensor): SignAndLogarithm {
  const x = squares("slogdet", a);
  return {
    sign: node(determinantSignOp, [x], none),
    logAbsDeterminant: node(logAbsDeterminantOp, [x], none),
  };
}
