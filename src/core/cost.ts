/** What a graph costs to run, counted from the meaning of its nodes. Knows no operator. */
import { isFloat } from "./dtype.ts";
import { type Expression, operands } from "./expression.ts";
import { nodesOf } from "./graph.ts";
import { sizeOf } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/**
 * Floating-point operations that one evaluation of an expression takes: each arithmetic function or
 * comparison of real numbers counts as one, be it a sum or an exponential. Reading, choosing and
 * the arithmetic of indices count as none.
 */
function operationsOf(root: Expression): number {
  let count = 0;
  const seen = new Set<Expression>();
  const stack = [root];
  for (let e = stack.pop(); e !== undefined; e = stack.pop()) {
    if (seen.has(e)) continue;
    seen.add(e);
    if (e.kind === "apply" && e.args.some((a) => isFloat(a.dtype))) count++;
    // What a load computes is where to read.
    if (e.kind !== "load") stack.push(...operands(e));
  }
  return count;
}

/** The floating-point operations of one node: positions of its loop × work at each. */
function nodeOperations(node: Tensor): number {
  const meaning = node.op.meaning(node.inputs, node, node.attributes);
  switch (meaning.loop) {
    case "leaf":
      return 0;
    case "map":
      return node.size * operationsOf(meaning.value);
    case "reduce": {
      // Joining what a position gives to the partial result is an operation, too.
      const joining = isFloat(meaning.value.dtype) ? 1 : 0;
      return node.size * sizeOf(meaning.over) * (operationsOf(meaning.value) + joining);
    }
    case "scan":
      return node.size * (operationsOf(meaning.value) + (isFloat(node.dtype) ? 1 : 0));
    case "order": {
      // Merging compares each element about as often as the length can be halved.
      const halvings = 32 - Math.clz32((node.shape[meaning.axis] ?? 1) - 1);
      const comparing = isFloat(meaning.value.dtype) ? halvings : 0;
      return node.size * (operationsOf(meaning.value) + comparing);
    }
    case "scatter":
      return sizeOf(meaning.over) * (operationsOf(meaning.value) + (isFloat(node.dtype) ? 1 : 0));
    case "compose":
      return graphOperations([meaning.build(node.inputs)], node.inputs);
  }
}

/** The floating-point operations that `outputs` take from `inputs`, whose own do not count. */
export function graphOperations(outputs: readonly Tensor[], inputs: readonly Tensor[]): number {
  const given = new Set(inputs);
  let operations = 0;
  for (const node of nodesOf(outputs, (n) => given.has(n))) {
    if (!given.has(node)) operations += nodeOperations(node);
  }
  return operations;
}
