import { checkDType, type DType, isFloat } from "../core/dtype.ts";
import { castExpression as convert, indices, load, offset } from "../core/expression.ts";
import type { Op, Unary } from "../core/op.ts";
import { asTensor, node, type Tensor } from "../core/tensor.ts";

export const castOp: Op<Unary, { dtype: DType }> = {
  name: "cast",
  infer: ([x], { dtype }) => ({ dtype, shape: x.shape }),
  meaning: ([x], _output, { dtype }) => ({
    loop: "map",
    value: convert(load(0, x.dtype, offset(x.shape, indices(x.shape.length))), dtype),
  }),
  derivative: { kind: "linear", transpose: (g, { x: [x] }) => cast(g, x.dtype) },
  law: {
    en: "Changing the element type leaves the number as it is, up to rounding; its derivative is 1.",
    zh: "改变元素类型只影响舍入，其导数为 1。",
  },
  notation: { text: "#0", tex: "#0", precedence: 5 },
  sampling: {
    cases: [
      { inputs: [{ dtype: "f64", shape: [2, 3] }], attributes: { dtype: "f64" } },
      { inputs: [{ dtype: "f64", shape: [] }], attributes: { dtype: "i32" } },
      { inputs: [{ dtype: "i32", shape: [3] }], attributes: { dtype: "f64" } },
      { inputs: [{ dtype: "i32", shape: [3] }], attributes: { dtype: "bool" } },
    ],
  },
};

/**
 * y = x as elements of another type. To floats: rounded to nearest. To integers: towards zero, to
 * the nearest one that exists where x does not fit, NaN to 0. To bool: 0 is false, all else true.
 *
 * @example cast(x, "i32") with x = [-1.5, 0.5, 2]
 */
export const cast = <R extends number>(x: Tensor<R>, dtype: DType): Tensor<R> =>
  asTensor("cast", x).dtype === dtype ? x : node(castOp, [x], { dtype: checkDType(dtype) });

/** Integers and booleans become f32 where real numbers are needed. */
export function toFloat(x: Tensor): Tensor {
  return isFloat(x.dtype) ? x : cast(x, "f32");
}

/** Booleans become i32 where numbers are needed. */
export function toNumber(x: Tensor): Tensor {
  return x.dtype === "bool" ? cast(x, "i32") : x;
}
