import type { DType } from "../core/dtype.ts";
import type { Combine } from "../core/op.ts";

const identity: Record<Combine, number> = {
  sum: 0,
  product: 1,
  max: Number.NEGATIVE_INFINITY,
  min: Number.POSITIVE_INFINITY,
  argmax: Number.NEGATIVE_INFINITY,
  argmin: Number.POSITIVE_INFINITY,
};

/** What a reduction starts from, in a type that may have no infinity: joined to x, it gives x. */
export function neutral(combine: Combine, dtype: DType): number {
  const value = identity[combine];
  if (dtype === "f32" || dtype === "f64" || Number.isFinite(value)) return value;
  if (dtype === "bool") return value < 0 ? 0 : 1;
  return value < 0 ? -(2 ** 31) : 2 ** 31 - 1;
}
