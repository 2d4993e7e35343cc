import { isPromised } from "./awaited.ts";
import type { TypedArray } from "./dtype.ts";
import { fail } from "./errors.ts";
import { NodeMap } from "./node-map.ts";
import { formatShape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** A graph to run: values for `inputs` go in, values of `outputs` come out. */
export interface Graph {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** The size of a batch's first axis, where the same graph may be wanted for fewer rows, too. */
  readonly rows?: number;
}

/** The data that a leaf holds; a leaf without any is a placeholder. */
export function leafData(node: Tensor): TypedArray | undefined {
  if (node.op.derivative.kind !== "leaf") return undefined;
  const meaning = node.op.meaning([], node, node.attributes);
  return meaning.loop === "leaf" ? meaning.data : undefined;
}

/** Whether a leaf holds data; they are not looked at, since it may be that which copies them. */
export function hasData(node: Tensor): boolean {
  if (node.op.derivative.kind !== "leaf") return false;
  const meaning = node.op.meaning([], node, node.attributes);
  return meaning.loop === "leaf" && "data" in meaning;
}

/** Whether a value still has to be given. */
export const isPlaceholder = (node: Tensor): boolean =>
  node.op.derivative.kind === "leaf" && !hasData(node) && !isPromised(node);

/** The error about a leaf whose value neither the graph's inputs nor the node itself give. */
export const unbound = (node: Tensor): never =>
  isPromised(node)
    ? fail("asynchronous", {
        message: "A value is read that its backend has promised, and that is not there yet.",
      })
    : fail("unbound-input", {
        message: `The input "${String(node.attributes.name)}" has no value.`,
        expected: `${node.dtype}${formatShape(node.shape)}`,
        found: "nothing",
        where: node.site.toString() || undefined,
      });

/**
 * Every node that `outputs` depend on, inputs before what uses them. The walk does not go past
 * nodes for which `stop` holds (they are included). Iterative, linear in the number of nodes.
 */
export function nodesOf(
  outputs: readonly Tensor[],
  stop: (node: Tensor) => boolean = () => false,
): Tensor[] {
  const seen = new NodeMap<Tensor>();
  const stack: Tensor[] = [];
  const meet = (node: Tensor): void => {
    if (seen.has(node)) return;
    seen.set(node, node);
    stack.push(node);
  };
  for (const output of outputs) meet(output);
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (!stop(node)) for (const input of node.inputs) meet(input);
  }
  return seen.values();
}

/**
 * Of those nodes, the ones that may depend on `sources`, and what they read. What was made before
 * the first source cannot depend on it, so that the walk does not go there.
 */
export function nodesBetween(
  sources: ReadonlySet<Tensor>,
  outputs: readonly Tensor[],
  stop: (node: Tensor) => boolean,
): Tensor[] {
  let first = Number.POSITIVE_INFINITY;
  for (const { id } of sources) first = Math.min(first, id);
  return nodesOf(outputs, (node) => node.id < first || stop(node));
}

/** Of `nodes` (in topological order), those that depend on one of `sources`, sources included. */
export function dependents(nodes: readonly Tensor[], sources: Iterable<Tensor>): Set<Tensor> {
  const found = new Set<Tensor>(sources);
  for (const node of nodes) if (node.inputs.some((input) => found.has(input))) found.add(node);
  return found;
}
