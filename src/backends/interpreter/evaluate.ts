/** Reading values by the interpreter alone. */
import type { TypedArray } from "../../core/dtype.ts";
import { nodesOf } from "../../core/graph.ts";
import type { Tensor } from "../../core/tensor.ts";
import { dataOf, isKept, keepAll, valueOf } from "../../core/values.ts";
import { runOnce } from "./index.ts";

/** Computes the tensors from what is known of their graph, and keeps their values. */
export function interpret(tensors: readonly Tensor[]): void {
  const inputs = nodesOf(tensors, isKept).filter(isKept);
  keepAll(tensors, runOnce({ inputs, outputs: tensors }, inputs.map(valueOf)));
}

/** Values of the tensors, none of which is computed twice; an Evaluator to install. */
export function evaluateTensors(tensors: readonly Tensor[]): TypedArray[] {
  interpret(tensors.filter((t) => dataOf(t) === undefined));
  return tensors.map((t) => valueOf(t).slice());
}
