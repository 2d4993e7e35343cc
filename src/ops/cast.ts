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
export function cast<R extends number>(x: Tensor<R>, dtype: DType): Tensor<R> {
  if (asTensor("cast", x).dtype === dtype) return x;
  const exact = dtype === "f64" ? withAllDigits.get(x)?.() : undefined;
  return exact ?? node(castOp, [x], { dtype: checkDType(dtype) });
}

/** What is made of numbers alone and has not all their digits in f32: how it is made as f64. */
const withAllDigits = new WeakMap<Tensor, () => Tensor>();

/**
 * What is made of numbers alone: nothing says of what type, so that it is f32; but where it meets f64
 * it has all their digits.
 */
export function ofNumbers(numbers: readonly number[], make: (dtype: DType) => Tensor): Tensor {
  const made = make("f32");
  const isRounded = numbers.some((n) => !Object.is(Math.fround(n), n));
  if (isRounded && made.dtype === "f32") withAllDigits.set(made, () => make("f64"));
  return made;
}

/** Integers and booleans become f32 where real numbers are needed. */
export function toFloat(x: Tensor): Tensor {
  return isFloat(x.dtype) ? x : cast(x, "f32");
}

/** Booleans become i32 where numbers are needed. */
export function toNumber(x: Tensor): Tensor {
  return x.dtype === "bool" ? cast(x, "i32") : x;
}
