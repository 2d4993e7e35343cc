/** The inverse of Moore and Penrose, from the singular values. */
import { fail } from "../core/errors.ts";
import { isNumber } from "../core/kinds.ts";
import type { Op, Unary } from "../core/op.ts";
import { checkNames } from "../core/options.ts";
import { node, type Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { add, div, mul, neg, sub } from "../ops/arithmetic.ts";
import { greater, where } from "../ops/compare.ts";
import { matmul } from "../ops/matmul.ts";
import { f64Type as f64 } from "../ops/reduction.ts";
import {
  asRow,
  flipped,
  largest,
  leading,
  matrices,
  realType,
  regular,
  sides,
  unit,
} from "./matrices.ts";
import { svd } from "./svd.ts";

type Cut = { readonly tolerance: number };

/** What a y takes from x: x − a y x, or, of the other side, x − x y a. */
const left = (a: Tensor, y: Tensor, x: Tensor): Tensor => sub(x, matmul(a, matmul(y, x)));
const right = (a: Tensor, y: Tensor, x: Tensor): Tensor => sub(x, matmul(matmul(x, y), a));

export const pinverseOp: Op<Unary, Cut> = {
  name: "pinverse",
  infer: ([a]) => {
    const [m, n] = sides(a);
    return { dtype: realType(a).dtype, shape: [...leading(a), n, m] };
  },
  meaning: (_inputs, _output, { tolerance }) => ({
    loop: "compose",
    build: ([a]) => {
      const { u, s, vh } = svd(a);
      const values = asRow(s);
      const isLarge = greater(values, mul(largest(values), tolerance));
      const inverse = where(isLarge, div(1, where(isLarge, values, 1)), 0);
      return matmul(mul(flipped(vh), inverse), flipped(u));
    },
  }),
  derivative: {
    kind: "general",
    reverse: (g, { x: [a], y }) => {
      const [back, turned] = [flipped(y), flipped(g)];
      const inside = neg(matmul(matmul(back, g), back));
      const above = matmul(left(a, y, turned), matmul(y, back));
      const beside = matmul(matmul(back, y), right(a, y, turned));
      return add(inside, add(above, beside));
    },
    forward: ([da], { x: [a], y }) => {
      const [back, turned] = [flipped(y), flipped(da)];
      const inside = neg(matmul(matmul(y, da), y));
      const above = matmul(matmul(y, back), right(y, a, turned));
      const beside = matmul(left(y, a, turned), matmul(back, y));
      return add(inside, add(above, beside));
    },
  },
  law: {
    en: "For Y = A⁺ of constant rank: ∂E/∂A = −YᵀGYᵀ + (1 − AY)GᵀYYᵀ + YᵀYGᵀ(1 − YA).",
    zh: "秩不变时，对 Y = A⁺：∂E/∂A = −YᵀGYᵀ + (1 − AY)GᵀYYᵀ + YᵀYGᵀ(1 − YA)。",
  },
  notation: { text: "#0⁺", tex: "{#0}^{+}", precedence: 5 },
  sampling: {
    ...regular,
    cases: [
      { inputs: [f64(3, 2)], attributes: { tolerance: 1e-6 } },
      { inputs: [f64(2, 1, 2)], attributes: { tolerance: 1e-6 } },
    ],
  },
  isBatched: true,
  elements: ([a]) => 20 * Math.min(...sides(a)) * a.shape.reduce((size, n) => size * n, 1),
};

/** What counts as 0. */
export interface PinverseOptions {
  /**
   * Singular values up to this times the largest count as 0. Default max(m, n)·ε, with the ε of the element
   * type (2⁻⁵² or 2⁻²³), as PyTorch has it.
   */
  readonly tolerance?: number;
}

/**
 * The pseudoinverse a⁺ of matrices […, m, n] (torch.linalg.pinv): a⁺ b is the solution of a y ≈ b with least
 * squares, and of those the shortest. Derivatives hold while the rank stays as it is.
 *
 * @example pinverse(a) with a = [[1, 0], [0, 2], [0, 0]]
 * @throws ChainruleError "shape-mismatch" for what has fewer than two axes. Derivative: Golub, Pereyra (1973).
 */
export function pinverse(a: Tensor, options: PinverseOptions = {}): Tensor {
  const x = matrices("pinverse", a);
  return node(pinverseOp, [x], { tolerance: toleranceOf("pinverse", x, options) });
}

/** What counts as 0 beside the largest. */
export function toleranceOf(what: string, x: Tensor, options: PinverseOptions): number {
  checkNames(what, options, ["tolerance"]);
  const { tolerance = Math.max(...sides(x)) * 2 * unit(x) } = options;
  if (isNumber(tolerance, (t) => t >= 0)) return tolerance;
  return fail("bad-argument", {
    message: `${what} cannot use this tolerance.`,
    expected: "a number ≥ 0",
    found: shown(tolerance),
  });
}
