/** Systems with triangular matrices: one row after the other. */

import { scan } from "../autodiff/loops/scan.ts";
import type { Binary, Op } from "../core/op.ts";
import { checkNames } from "../core/options.ts";
import { node, type Tensor } from "../core/tensor.ts";
import { div, mul, neg, sub } from "../ops/arithmetic.ts";
import { take } from "../ops/indexing.ts";
import { matmul } from "../ops/matmul.ts";
import { transpose } from "../ops/move.ts";
import { diagonal, tril, triu } from "../ops/rearrange.ts";
import { f64Type as f64 } from "../ops/reduction.ts";
import {
  asColumn,
  asRow,
  checkTruth,
  flat,
  flipped,
  realType,
  regular,
  sides,
  systemOf,
  unflat,
} from "./matrices.ts";

/** Which triangle, and what is done with it. */
type Triangle = {
  readonly upper: boolean;
  readonly unitDiagonal: boolean;
  readonly transposed: boolean;
};

/** The triangle as a matrix: elements off it are not read. */
const triangleOf = (a: Tensor, { upper, unitDiagonal }: Triangle): Tensor => {
  const offset = unitDiagonal ? 1 : 0;
  return upper ? triu(a, { diagonal: offset }) : tril(a, { diagonal: -offset });
};

/** y of T y = b or Tᵀ y = b: […, n, n] and […, n, m] with equal axes in front. */
export const triangularSolveOp: Op<Binary, Triangle> = {
  name: "triangularSolve",
  infer: ([, b]) => realType(b),
  meaning: (_inputs, y, attributes) => ({
    loop: "compose",
    build: ([a, b]) => unflat(solved(flat(a), flat(b), attributes), y),
  }),
  derivative: {
    kind: "general",
    reverse: (g, { x: [a], y, attributes }, input) => {
      const back = { ...attributes, transposed: !attributes.transposed };
      const toB = node(triangularSolveOp, [a, g], back);
      if (input === 1) return toB;
      const outer = attributes.transposed ? matmul(y, flipped(toB)) : matmul(toB, flipped(y));
      return triangleOf(neg(outer), attributes);
    },
    forward: ([da, db], { x: [a], y, attributes }) => {
      const change = triangleOf(da, attributes);
      const product = matmul(attributes.transposed ? flipped(change) : change, y);
      return node(triangularSolveOp, [a, sub(db, product)], attributes);
    },
  },
  law: {
    en: "For Y = T⁻¹B: ∂E/∂B = T⁻ᵀG, and ∂E/∂T = −(∂E/∂B) Yᵀ inside the triangle.",
    zh: "对 Y = T⁻¹B：∂E/∂B = T⁻ᵀG，三角形之内 ∂E/∂T = −(∂E/∂B) Yᵀ。",
  },
  notation: {
    text: "triangularSolve(#0, #1)",
    tex: "\\operatorname{triangularSolve}\\left(#0, #1\\right)",
    precedence: 5,
  },
  sampling: {
    ...regular,
    cases: [
      {
        inputs: [f64(2, 2), f64(2, 2)],
        attributes: { upper: false, unitDiagonal: false, transposed: false },
      },
      {
        inputs: [f64(1, 2, 2), f64(1, 2, 1)],
        attributes: { upper: true, unitDiagonal: false, transposed: true },
      },
      {
        inputs: [f64(2, 2), f64(2, 1)],
        attributes: { upper: false, unitDiagonal: true, transposed: true },
      },
    ],
  },
  isBatched: true,
  elements: ([a, b]) => sides(a)[0] * b.shape.reduce((size, n) => size * n, 1),
};

/** Takes what each unknown contributes off all equations once it is known: [batch, n, m]. */
function solved(a: Tensor, b: Tensor, triangle: Triangle): Tensor {
  const matrix = triangle.transposed ? flipped(a) : a;
  const upper = triangle.upper !== triangle.transposed;
  const strict = upper ? triu(matrix, { diagonal: 1 }) : tril(matrix, { diagonal: -1 });
  const parts = {
    columns: transpose(strict, [2, 0, 1]),
    ...(triangle.unitDiagonal
      ? {}
      : { diagonal: transpose(diagonal(matrix, { axes: [1, 2] }), [1, 0]) }),
  };
  const [, rows] = scan(
    (rest: Tensor, { columns, diagonal }: { columns: Tensor; diagonal?: Tensor }, k) => {
      const right = take(rest, k, { axis: 1 });
      const y = diagonal ? div(right, asColumn(diagonal)) : right;
      return [sub(rest, mul(asColumn(columns), asRow(y))), y];
    },
    b,
    parts as { columns: Tensor; diagonal?: Tensor },
    { reverse: upper },
  );
  return transpose(rows, [1, 0, 2]);
}

/** Which triangle of the matrix, and how. */
export interface TriangularSolveOptions {
  /** The upper triangle, not the lower one. Default false. */
  readonly upper?: boolean;
  /** The diagonal counts as ones, whatever stands there. Default false. */
  readonly unitDiagonal?: boolean;
  /** Solves with the triangle's transpose. Default false. */
  readonly transposed?: boolean;
}

/**
 * y of T y = b, T being the lower (or upper) triangle of a […, n, n]; what stands in the other one
 * is not read. b is a vector [n] for all matrices or […, n], one for each, or has columns: […, n, m];
 * axes in front broadcast. A 0 on the diagonal divides: the result is not finite.
 *
 * @example triangularSolve(a, b) with a = [[2, 0], [1, 4]]; b = [2, 9]
 * @throws ChainruleError "shape-mismatch" for a matrix that is not square, or another number of rows.
 */
export function triangularSolve(
  a: Tensor,
  b: Tensor,
  options: TriangularSolveOptions = {},
): Tensor {
  const what = "triangularSolve";
  checkNames(what, options, ["upper", "unitDiagonal", "transposed"]);
  const { upper = false, unitDiagonal = false, transposed = false } = options;
  checkTruth(what, "upper", upper);
  checkTruth(what, "unitDiagonal", unitDiagonal);
  checkTruth(what, "transposed", transposed);
  const system = systemOf(what, a, b);
  const attributes = { upper, unitDiagonal, transposed };
  return system.back(node(triangularSolveOp, [system.a, system.b], attributes));
}
