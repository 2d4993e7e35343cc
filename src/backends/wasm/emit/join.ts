/** How the partial results of a reduction are joined, as WebAssembly. */
import type { DType } from "../../../core/dtype.ts";
import { isPosition, joins } from "../../../core/meaning.ts";
import type { Combine } from "../../../core/op.ts";
import { type Expr, op, select } from "../assembler/index.ts";

/** a ∘ b for scalars; operands of integers must be variables, since they are used twice. */
export function join(combine: Combine, dtype: DType, a: Expr, b: Expr): Expr {
  if (isPosition(combine)) throw new TypeError(`${combine} joins nothing`);
  if (dtype === "f32" || dtype === "f64") return op(`${dtype}.${joins[combine]}`, a, b);
  if (combine === "sum" || combine === "product") return op(`i32.${joins[combine]}`, a, b);
  return select(op(combine === "max" ? "i32.gt_s" : "i32.lt_s", a, b), a, b);
}
