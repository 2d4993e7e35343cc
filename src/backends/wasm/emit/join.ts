/** How the partial results of a reduction are joined, as WebAssembly. */
import type { DType } from "../../../core/dtype.ts";
import type { Combine } from "../../../core/op.ts";
import { type Expr, type Instruction, op, select } from "../assembler/index.ts";

const identity: Record<Combine, number> = {
  sum: 0,
  product: 1,
  max: Number.NEGATIVE_INFINITY,
  min: Number.POSITIVE_INFINITY,
  argmax: 0,
  argmin: 0,
};

/** The instruction of each that is one. */
export const joins: Partial<Record<Combine, string>> = {
  sum: "add",
  product: "mul",
  max: "max",
  min: "min",
};

/** The neutral element in a type that may have no infinity. */
export function neutral(combine: Combine, dtype: DType): number {
  const value = identity[combine];
  if (dtype === "f32" || dtype === "f64" || Number.isFinite(value)) return value;
  if (dtype === "bool") return value < 0 ? 0 : 1;
  return value < 0 ? -(2 ** 31) : 2 ** 31 - 1;
}

/** a ∘ b for scalars; operands of integers must be variables, since they are used twice. */
export function join(combine: Combine, dtype: DType, a: Expr, b: Expr): Expr {
  if (dtype === "f32" || dtype === "f64") {
    return op(`${dtype}.${joins[combine]}` as Instruction, a, b);
  }
  if (combine === "sum" || combine === "product") {
    return op(`i32.${joins[combine]}` as Instruction, a, b);
  }
  return select(op(combine === "max" ? "i32.gt_s" : "i32.lt_s", a, b), a, b);
}
