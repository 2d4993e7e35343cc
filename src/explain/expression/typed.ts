/** What a typed expression is; here and not beside its grammar, which few programs need. */
import type { Tensor } from "../../core/tensor.ts";

/** A formula as a function of the tensors that its names stand for. */
export interface TypedExpression {
  (values: Readonly<Record<string, Tensor>>): Tensor;
  /** The names that need values, in the order in which they stand in the text. */
  readonly names: readonly string[];
  readonly text: string;
}

const expressions = new WeakSet<object>();
export function asTyped(made: TypedExpression): TypedExpression {
  expressions.add(made);
  return made;
}
export const isExpression = (subject: unknown): subject is TypedExpression =>
  typeof subject === "function" && expressions.has(subject);
