/** The matrix product with batch axes, and the vector cases that reduce to it. */
import { at } from "../core/at.ts";
import { promote } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { apply, index, indices, load, offset } from "../core/expression.ts";
import type { Binary, Op, TensorType } from "../core/op.ts";
import type { Product } from "../core/rank.ts";
import { broadcastShapes, formatShape } from "../core/shape.ts";
import { asTensor, node, type Tensor } from "../core/tensor.ts";
import { broadcastTo } from "./broadcast.ts";
import { cast } from "./cast.ts";
import { type NoAttributes, none } from "./define.ts";
import { expandDims, squeeze, transpose } from "./move.ts";

const f64 = (...shape: number[]): TensorType => ({ dtype: "f64", shape });

/** Inputs […, m, k] and […, k, n] with equal batch axes. */
export const matmulOp: Op<Binary, NoAttributes> = {
  name: "matmul",
  infer: ([a, b]) => ({
    dtype: a.dtype,
    shape: [...a.shape.slice(0, -1), ...b.shape.slice(-1)],
  }),
  meaning: ([a, b], y) => {
    const rank = y.shape.length;
    const batch = indices(rank - 2);
    const [row, column, inner] = [index(rank - 2), index(rank - 1), index(rank)];
    return {
      loop: "reduce",
      over: a.shape.slice(-1),
      combine: "sum",
      value: apply(
        "mul",
        load(0, a.dtype, offset(a.shape, [...batch, row, inner])),
        load(1, b.dtype, offset(b.shape, [...batch, inner, column])),
      ),
    };
  },
  derivative: {
    kind: "multilinear",
    transpose: (g, { x: [a, b] }, input) =>
      input === 0 ? node(matmulOp, [g, flipped(b)], none) : node(matmulOp, [flipped(a), g], none),
  },
  law: {
    en: "For Y = AB: ∂E/∂A = G Bᵀ and ∂E/∂B = Aᵀ G, where G = ∂E/∂Y.",
    zh: "对 Y = AB：∂E/∂A = G Bᵀ，∂E/∂B = Aᵀ G，其中 G = ∂E/∂Y。",
  },
  notation: { text: "#0 #1", tex: "#0\\, #1", precedence: 2 },
  sampling: {
    cases: [
      { inputs: [f64(2, 3), f64(3, 4)], attributes: none },
      { inputs: [f64(2, 1, 3), f64(2, 3, 2)], attributes: none },
      { inputs: [f64(1, 1), f64(1, 1)], attributes: none },
      { inputs: [f64(2, 0), f64(0, 3)], attributes: none },
    ],
  },
};

/** The last two axes exchanged. */
const flipped = (x: Tensor): Tensor => {
  const axes = x.shape.map((_, axis) => axis);
  return transpose(x, [...axes.slice(0, -2), x.rank - 1, x.rank - 2]);
};

/**
 * y[…, i, j] = Σ_k a[…, i, k] · b[…, k, j]. Batch axes broadcast; a vector counts as a row on the
 * left and as a column on the right, and its axis disappears (NumPy's rule). Sizes k that differ
 * are an error, and so are scalars.
 *
 * @example matmul(a, b) with a = [[1, 2], [3, 4]]; b = [[5], [6]]
 */
export function matmul<A extends number, B extends number>(
  a: Tensor<A>,
  b: Tensor<B>,
): Tensor<Product<A, B>> {
  if (asTensor("matmul", a).rank === 0 || asTensor("matmul", b).rank === 0) {
    fail("shape-mismatch", {
      message: "matmul multiplies matrices and vectors.",
      expected: "at least one axis on each side",
      found: `${formatShape(a.shape)} and ${formatShape(b.shape)}`,
      fix: "Use mul for a scalar.",
    });
  }
  if (a.rank === 1) return squeeze(matmul(expandDims(a, 0), b), b.rank === 1 ? 0 : -2);
  if (b.rank === 1) return squeeze(matmul(a, expandDims(b, 1)), -1);
  const [k, rows] = [at(a.shape, a.rank - 1), at(b.shape, b.rank - 2)];
  if (k !== rows) {
    fail("shape-mismatch", {
      message: `matmul cannot multiply ${formatShape(a.shape)} by ${formatShape(b.shape)}.`,
      expected: `the left side's columns (${k}) to equal the right side's rows`,
      found: `${rows} rows`,
    });
  }
  const dtype = promote(promote(a.dtype, b.dtype), "i32");
  const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2), "matmul");
  const factor = (t: Tensor) => broadcastTo(cast(t, dtype), [...batch, ...t.shape.slice(-2)]);
  return node(matmulOp, [factor(a), factor(b)], none);
}
