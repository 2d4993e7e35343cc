/** What a graph costs to run, counted from the meaning of its nodes. Knows no operator. */
import { type Family, familiesOf, outputOf, placeholdersOf, repeatOf } from "./body.ts";
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
    case "repeat":
      // With the first of its outputs: see below.
      return 0;
  }
}

/** What the steps of a loop take in all. */
function loopOperations({ body, nodes }: Family): number {
  const { length, next, index } = body;
  const stacks = nodes.map(outputOf).filter((y) => typeof y !== "number");
  return length * graphOperations([...next, ...stacks], [...placeholdersOf(body), index]);
}

/** How many elements are computed, in every step of a loop. */
export const elementCount = (nodes: readonly Tensor[]): number =>
  nodes.reduce((sum, n) => sum + (repeatOf(n) ? 0 : (n.op.elements?.(n.inputs) ?? n.size)), 0) +
  [...new Set(familiesOf(nodes).values())].reduce((sum, { body, nodes }) => {
    const stacks = nodes.map(outputOf).filter((y) => typeof y !== "number");
    return sum + body.length * elementCount(nodesOf([...body.next, ...stacks]));
  }, 0);

/** The floating-point operations that `outputs` take from `inputs`, whose own do not count. */
export function graphOperations(outputs: readonly Tensor[], inputs: readonly Tensor[]): number {
  const given = new Set(inputs);
  let operations = 0;
  const nodes = nodesOf(outputs, (n) => given.has(n)).filter((n) => !given.has(n));
  for (const node of nodes) operations += nodeOperations(node);
  for (const family of new Set(familiesOf(nodes).values())) operations += loopOperations(family);
  return operations;
}
