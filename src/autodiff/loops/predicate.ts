/** Truth values that decide what runs. */
import { fail } from "../../core/errors.ts";
import { formatShape } from "../../core/shape.ts";
import { Tensor } from "../../core/tensor.ts";
import { shown } from "../../core/wording.ts";
import { reshape } from "../../ops/move.ts";

/** One truth value, of shape []. */
export function checkPredicate(what: string, value: unknown): Tensor {
  if (value instanceof Tensor && value.dtype === "bool" && value.size === 1) {
    return value.rank === 0 ? value : reshape(value, []);
  }
  return fail("bad-argument", {
    message: `${what} is one truth value.`,
    expected: "bool[]",
    found: value instanceof Tensor ? `${value.dtype}${formatShape(value.shape)}` : shown(value),
    fix: "Compare, and reduce what has several elements: x.sum().greater(0).",
  });
}
