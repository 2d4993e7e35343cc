/** Reading values by the interpreter alone. */
import { entry } from "../../core/at.ts";
import { withSite } from "../../core/call-site.ts";
import type { TypedArray } from "../../core/dtype.ts";
import { nodesOf } from "../../core/graph.ts";
import { Tensor } from "../../core/tensor.ts";
import { isGiven, isKept, keepAll, nowhere, valueOf } from "../../core/values.ts";
import { input } from "../../ops/leaf.ts";
import type { Executable } from "../backend.ts";
import { interpreted, runOnce } from "./index.ts";

/** Computes the tensors from what is known of their graph, and keeps their values. */
export function interpret(tensors: readonly Tensor[]): void {
  const inputs = nodesOf(tensors, isKept).filter(isKept);
  keepAll(tensors, runOnce({ inputs, outputs: tensors }, inputs.map(valueOf)));
}

/** Values of the tensors, none of which is computed twice; an Evaluator to install. */
export function evaluateTensors(tensors: readonly Tensor[]): TypedArray[] {
  interpret(tensors.filter((t) => !isGiven(t)));
  return tensors.map((t) => valueOf(t).slice());
}

/**
 * What interprets every graph of this one's structure, from the values of what is given, in order.
 * It is made from a copy of the graph, which holds no values and no lines of a program.
 */
export function planOf(nodes: readonly Tensor[], outputs: readonly Tensor[]): Executable {
  const copies = new Map<Tensor, Tensor>();
  const inputs: Tensor[] = [];
  withSite(nowhere, () => {
    for (const n of nodes) {
      if (isGiven(n)) {
        const place = input("", n.shape, n.dtype);
        inputs.push(place);
        copies.set(n, place);
      } else {
        const own = n.inputs.map((x) => entry(copies, x));
        copies.set(n, new Tensor(n.op, own, n.attributes, nowhere, n));
      }
    }
  });
  return interpreted({ inputs, outputs: outputs.map((y) => entry(copies, y)) });
}
