/**
 * The one place where the graph meets a machine: reading a value asks the evaluator that the
 * package's entry has installed. It keeps core free of backends.
 */
import { arrival, somePromised } from "./awaited.ts";
import type { TypedArray } from "./dtype.ts";
import { fail } from "./errors.ts";
import { nodesOf } from "./graph.ts";
import type { Tensor } from "./tensor.ts";
import { dataOf } from "./values.ts";

/** Values of the tensors, in order; the arrays belong to the caller. */
export interface Evaluator {
  (tensors: readonly Tensor[]): TypedArray[];
  /** The same where a backend may answer later. */
  readonly later?: (tensors: readonly Tensor[]) => Promise<TypedArray[]>;
}

let evaluator: Evaluator | undefined;

export function installEvaluator(evaluate: Evaluator): void {
  evaluator = evaluate;
}

/** The elements of each tensor in row-major order, computed now. */
export function readValues(tensors: readonly Tensor[]): TypedArray[] {
  if (evaluator) return evaluator(tensors);
  // Given values need nobody to compute them: data sets are read without the rest of the library.
  return tensors.map(
    (t) =>
      dataOf(t)?.slice() ??
      fail("unsupported", {
        message: "No backend is installed that could compute this value.",
        fix: 'Import from "chainrule", which installs one.',
      }),
  );
}

/** The same, of which parts may be promised, or be computed by a backend that answers later. */
export async function readValuesLater(tensors: readonly Tensor[]): Promise<TypedArray[]> {
  if (somePromised()) await arrival(nodesOf(tensors, (node) => dataOf(node) !== undefined));
  return evaluator?.later ? evaluator.later(tensors) : readValues(tensors);
}
