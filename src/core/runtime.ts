/**
 * The one place where the graph meets a machine: reading a value asks the evaluator that the
 * package's entry has installed. It keeps core free of backends.
 */
import type { TypedArray } from "./dtype.ts";
import { fail } from "./errors.ts";
import type { Tensor } from "./tensor.ts";

/** Values of the tensors, in order; the arrays belong to the caller. */
export type Evaluator = (tensors: readonly Tensor[]) => TypedArray[];

let evaluator: Evaluator | undefined;

export function installEvaluator(evaluate: Evaluator): void {
  evaluator = evaluate;
}

/** The elements of each tensor in row-major order, computed now. */
export function evaluate(tensors: readonly Tensor[]): TypedArray[] {
  return evaluator
    ? evaluator(tensors)
    : fail("unsupported", {
        message: "No backend is installed that could compute this value.",
        fix: 'Import from "chainrule", which installs one.',
      });
}
