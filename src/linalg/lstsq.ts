/** Systems with more equations than unknowns, or fewer, or equations that depend on each other. */
import { node, type Tensor } from "../core/tensor.ts";
import { mul, square, sub } from "../ops/arithmetic.ts";
import { sum } from "../ops/broadcast.ts";
import { cast } from "../ops/cast.ts";
import { greater } from "../ops/compare.ts";
import { matmul } from "../ops/matmul.ts";
import { sliceAt } from "../ops/move.ts";
import { asRow, largest, matrices, systemWith } from "./matrices.ts";
import { type PinverseOptions, pinverseOp, toleranceOf } from "./pinverse.ts";
import { svd } from "./svd.ts";

/** What solves a system as well as can be. */
export interface LeastSquares {
  /** […, n] for a vector b, […, n, k] for columns. */
  readonly solution: Tensor;
  /** Σ (a y − b)² over the rows, for each vector or column. */
  readonly residuals: Tensor;
  /** How many singular values of a do not count as 0: […], i32. */
  readonly rank: Tensor;
  /** […, min(m, n)], descending. */
  readonly singularValues: Tensor;
}

/**
 * The y with the least Σ (a y − b)², and of those the shortest: a is a matrix [m, n], or several along
 * axes in front; b a vector [m] or […, m], or has columns: […, m, k]; axes in front broadcast. y = a⁺ b by
 * singular values, so that a may have any rank (NumPy's lstsq, LAPACK's gelsd). Derivatives hold while the
 * rank stays as it is.
 *
 * @example lstsq(a, b).solution with a = [[1, 0], [1, 1], [1, 2]]; b = [1, 3, 5]
 * @throws ChainruleError "shape-mismatch" for another number of rows.
 */
export function lstsq(a: Tensor, b: Tensor, options: PinverseOptions = {}): LeastSquares {
  const what = "lstsq";
  const system = systemWith(what, matrices(what, a), b);
  const tolerance = toleranceOf(what, system.a, options);
  const y = matmul(node(pinverseOp, [system.a], { tolerance }), system.b);
  // back takes a column's axis away: it is summed over the rows as a column, too.
  const off = sum(square(sub(matmul(system.a, y), system.b)), { axis: -2, keepDims: true });
  const { s } = svd(system.a);
  const counts = greater(s, mul(sliceAt(largest(asRow(s)), -1, 0), tolerance));
  const rank = sum(cast(counts, "i32"), { axis: -1 });
  const solution = system.back(y);
  const residuals = sliceAt(system.back(off), solution.rank === y.rank ? -2 : -1, 0);
  return { solution, residuals, rank, singularValues: s };
}
