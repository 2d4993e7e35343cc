/** What is computed in one run when some tensors are read. */
import { isPlaceholder, nodesOf } from "../core/graph.ts";
import type { Tensor } from "../core/tensor.ts";
import { isGiven } from "../core/values.ts";

/** Tensors to compute, and all nodes that this takes, what is given included. */
interface Together {
  readonly wanted: readonly Tensor[];
  readonly nodes: readonly Tensor[];
}

/**
 * With what is asked for comes what will be asked for next and shares its work: the other results
 * of a transform (the gradient beside the value), and tensors that a function has read from outside
 * (the same at its next call). In the order in which they were made, however they are asked for.
 */
export function together(asked: readonly Tensor[]): Together {
  const nodes = nodesOf(asked, isGiven);
  const wanted = new Set(asked);
  for (const node of nodes) {
    if (isGiven(node)) continue;
    for (const other of node.companions ?? []) if (!isGiven(other)) wanted.add(other);
    if (!node.isTraced) continue;
    for (const x of node.inputs) if (!x.isTraced && !isGiven(x)) wanted.add(x);
  }
  if (wanted.size === asked.length) return { wanted: inOrder(asked), nodes };
  const all = nodesOf([...wanted], isGiven);
  // A result may wait for a value that those asked for do not need.
  return all.some((x) => isPlaceholder(x) && !isGiven(x))
    ? { wanted: inOrder(asked), nodes }
    : { wanted: inOrder(wanted), nodes: all };
}

const inOrder = (tensors: Iterable<Tensor>): Tensor[] => [...tensors].sort((a, b) => a.id - b.id);
