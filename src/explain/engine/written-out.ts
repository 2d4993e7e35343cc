/** Graphs in which each loop is written out step by step: every number of every step has a node. */
import { at, entry } from "../../core/at.ts";
import { familiesOf } from "../../core/body.ts";
import { nodesOf } from "../../core/graph.ts";
import { over, type Tensor } from "../../core/tensor.ts";
import { unrolled } from "../../ops/unrolled.ts";

/**
 * What takes the place of each node that the roots are made of; nodes without a loop behind them
 * stay what they are.
 *
 * @throws ChainruleError "too-large" where there are too many steps to write out.
 */
export function writtenOut(roots: readonly Tensor[]): (node: Tensor) => Tensor {
  const nodes = nodesOf(roots);
  const families = familiesOf(nodes);
  const mapped = new Map<Tensor, Tensor>();
  const now = (node: Tensor): Tensor => mapped.get(node) ?? node;
  if (families.size === 0) return now;
  for (const node of nodes) {
    if (mapped.has(node)) continue;
    const inputs = node.inputs.map(now);
    const family = families.get(node);
    if (family === undefined) {
      if (inputs.some((x, i) => x !== at(node.inputs, i))) mapped.set(node, over(node, inputs));
      continue;
    }
    const written = unrolled({ ...family, inputs });
    const results = family.nodes.map((own) => entry(written, own));
    // Steps may hold loops themselves.
    const inner = writtenOut(results);
    for (const own of family.nodes) mapped.set(own, inner(entry(written, own)));
  }
  return now;
}
