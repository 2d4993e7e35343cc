/** New graphs made from others. */
import { nodesOf } from "./graph.ts";
import { node, type Tensor } from "./tensor.ts";

/** The roots with some nodes replaced; `keep` nodes stay as they are, with all below them. */
export function rewrite(
  roots: readonly Tensor[],
  replaced: ReadonlyMap<Tensor, Tensor>,
  keep: (node: Tensor) => boolean = () => false,
): Tensor[] {
  if (replaced.size === 0) return [...roots];
  const mapped = new Map<Tensor, Tensor>(replaced);
  for (const n of nodesOf(roots, (n) => replaced.has(n) || keep(n))) {
    if (mapped.has(n)) continue;
    const inputs = n.inputs.map((x) => mapped.get(x) ?? x);
    const same = keep(n) || inputs.every((x, i) => x === n.inputs[i]);
    mapped.set(n, same ? n : node(n.op, inputs, n.attributes));
  }
  return roots.map((root) => mapped.get(root) ?? root);
}
