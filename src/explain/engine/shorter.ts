/** What nobody writes: x/1, x¹, x^2 for x², a bound of infinity, a truth that is certain. */
import type { Expression } from "../../core/expression.ts";
import type { Tensor } from "../../core/tensor.ts";
import { divOp, maximum, minimum, square } from "../../ops/arithmetic.ts";
import { clampOp, lessEqualOp, lessOp, logicalAndOp } from "../../ops/compare.ts";
import { scalar } from "../../ops/leaf.ts";
import { powOp } from "../../ops/power.ts";
import { type Formula, given, isSame, one } from "./expr.ts";
import { bare } from "./origins.ts";
import { told } from "./told.ts";

/** The formula that stands for an operator and its arguments, if there is a shorter one. */
export function shorter({ op }: Tensor, args: readonly Formula[]): Formula | undefined {
  const [a, b] = args;
  if (!a) return undefined;
  if (!b) return told(op.notation).text === "#0" ? a : undefined;
  if ((op === divOp || op === powOp) && isSame(b, one)) return a;
  if (op === logicalAndOp) return isCertain(a) ? b : isCertain(b) ? a : undefined;
  if (op === lessOp || op === lessEqualOp)
    return isBound(b, Infinity) || isBound(a, -Infinity) ? given(1) : undefined;
  return undefined;
}

const isBound = (e: Formula, bound: number) => e.kind === "number" && e.value === bound;
const isCertain = (e: Formula) => e.kind === "number" && e.value !== 0;

/** The same as another operator over the first argument. */
export function otherwise(
  { op, attributes }: Tensor,
  args: readonly Formula[],
): ((x: Tensor) => Tensor) | undefined {
  const [, b] = args;
  if (op === powOp) return b && isSame(b, given(2)) ? square : undefined;
  if (op !== clampOp) return undefined;
  const { min, max } = attributes as { readonly min: number; readonly max: number };
  if (max === Infinity) return (x) => maximum(scalar(min, "f64"), x);
  return min === -Infinity ? (x) => minimum(scalar(max, "f64"), x) : undefined;
}

/** A choice without the cases that a bound of infinity leaves out. */
export function ofBounds(e: Expression): Expression {
  if (e.kind !== "select" || e.condition.kind !== "apply" || e.condition.fn !== "less") return e;
  const [a, b] = e.condition.args;
  const never =
    (a?.kind === "constant" && a.value === Infinity) ||
    (b?.kind === "constant" && b.value === -Infinity);
  return never ? ofBounds(bare(e.otherwise)) : e;
}
