/** A product of two inputs, each pair of whose features has a weight. */
import { fail } from "../core/errors.ts";
import { checkNames } from "../core/options.ts";
import { formatShape, type Shape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { sum } from "../ops/broadcast.ts";
import { matmul } from "../ops/matmul.ts";
import { expandDims, reshape, transpose } from "../ops/move.ts";
import { type LayerOf, layerOf } from "./several.ts";
import { checkCounts, type WeightOptions, weightAndBias, weightOptions } from "./weighted.ts";

/** What a bilinear layer takes: rows of two inputs, by default of one twice. */
export interface BilinearInputs {
  /** [batch, …, left] */
  readonly left: Tensor;
  /** [batch, …, right], with the same axes before the last. Default `left` itself. */
  readonly right?: Tensor;
}

/**
 * y_o = Σ_i Σ_j l_i W[o, i, j] r_j + b_o for each row l of `left` and r of `right` numbers: `applyTo({
 * left, right }, …)` takes both, [batch, …, left] and [batch, …, right], and gives [batch, …, outputs].
 * `apply(x, …)` takes x for both, a quadratic form, where `left` and `right` are the same size. W
 * ("weight") has the shape [outputs, left, right], b ("bias") [outputs]; both begin in U(−1/√left,
 * 1/√left), as in PyTorch.
 *
 * ```ts
 * import { bilinear, initialValues, tensor } from "chainrule";
 *
 * const fit = bilinear(2, 3, 1, { weight: 1, bias: false });
 * const inputs = { left: tensor([[1, 2]]), right: tensor([[3, 4, 5]]) };
 * console.log(fit.applyTo(inputs, initialValues(fit).parameters).arraySync());
 * ```
 *
 * ```text
 * [ [ 36 ] ]
 * ```
 *
 * @throws ChainruleError "shape-mismatch" for inputs of other sizes, or whose rows are not as many.
 */
export function bilinear(
  left: number,
  right: number,
  outputs: number,
  options: WeightOptions = {},
): LayerOf<BilinearInputs> {
  const name = "bilinear";
  checkNames(name, options, weightOptions);
  checkCounts(name, { left, right, outputs });
  const shapes = { weight: [outputs, left, right], bias: [outputs] };
  return layerOf<BilinearInputs>({
    name,
    kind: "other",
    inputSize: left,
    outputSize: outputs,
    parameters: weightAndBias(options, shapes, left),
    settings: { left, right, outputs, ...(options.bias === false ? { bias: false } : {}) },
    inputs: ["left", "right"],
    outputShape(shape) {
      checkSides(shape, shape, right);
      return [...shape.slice(0, -1), outputs];
    },
    compute({ left: l, right: r = l }, values) {
      checkSides(l.shape, r.shape, right);
      const weight = values.weight as Tensor;
      // l W for all outputs in one product, then each with r.
      const side = reshape(transpose(weight, [1, 0, 2]), [left, outputs * right]);
      const rows = reshape(matmul(l, side), [...l.shape.slice(0, -1), outputs, right]);
      const y = sum(mul(rows, expandDims(r, -2)), { axis: -1 });
      return values.bias === undefined ? y : add(y, values.bias);
    },
  });
}

/** The sizes of the left side are the layer's own input, which is checked for every layer. */
function checkSides(left: Shape, right: Shape, size: number): void {
  const lead = (shape: Shape) => formatShape(shape.slice(0, -1));
  if (right.at(-1) === size && lead(left) === lead(right)) return;
  fail("shape-mismatch", {
    message: "bilinear cannot multiply these inputs.",
    expected: `${formatShape([...left.slice(0, -1), size])} for right`,
    found: left === right ? `${formatShape(right)}, left for both` : formatShape(right),
    fix: "Give both: applyTo({ left, right }, values).",
  });
}
