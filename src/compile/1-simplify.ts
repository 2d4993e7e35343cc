/**
 * Pass 1: composite nodes become the operators that they stand for, and nodes that compute the
 * same become one node. Nodes that nobody needs are left behind by the walk itself.
 */
import { entry, only } from "../core/at.ts";
import { withSite } from "../core/call-site.ts";
import { nodesOf } from "../core/graph.ts";
import { NodeMap } from "../core/node-map.ts";
import { over, type Tensor } from "../core/tensor.ts";
import { kindsOfNodes, type NodeKind } from "./kinds.ts";

/** Equal outputs over the same inputs. */
export function simplifyGraph(
  outputs: readonly Tensor[],
  inputs: ReadonlySet<Tensor>,
  kinds = kindsOfNodes(),
): Tensor[] {
  // Nodes of one kind over the same operands compute the same.
  const known = new Map<NodeKind, Map<number | string, Tensor>>();
  const mapped = new NodeMap<Tensor>();
  const resolve = (roots: readonly Tensor[]): Tensor[] => {
    for (const n of nodesOf(roots, (n) => mapped.has(n) || inputs.has(n))) {
      if (mapped.has(n)) continue;
      mapped.set(n, inputs.has(n) ? n : reduced(n));
    }
    return roots.map((root) => entry(mapped, root));
  };
  const reduced = (n: Tensor): Tensor => {
    const operands = n.inputs.map((x) => entry(mapped, x));
    const same = operands.every((x, i) => x === n.inputs[i]);
    const kind = kinds(n, same ? n.inputs : operands);
    const { meaning } = kind;
    let twins = known.get(kind);
    if (twins === undefined) known.set(kind, (twins = new Map()));
    const key = keyOf(operands);
    const twin = twins.get(key);
    if (twin) return twin;
    let made = n;
    if (meaning.loop === "compose") {
      for (const operand of operands) if (!mapped.has(operand)) mapped.set(operand, operand);
      made = only(resolve([withSite(n.site, () => meaning.build(operands))]));
    } else if (!same) {
      made = over(n, operands);
      kinds.remember(made, kind);
    }
    twins.set(key, made);
    return made;
  };
  return resolve(outputs);
}

/** Ids below this come in pairs in a number. */
const paired = 2 ** 26;

/** Operands as a number or, where that cannot tell them apart, as text. */
function keyOf(operands: readonly Tensor[]): number | string {
  const [a, b] = operands;
  if (a === undefined) return -1;
  if (b === undefined) return a.id;
  if (operands.length === 2 && a.id < paired && b.id < paired) return a.id * paired + b.id;
  return operands.map(({ id }) => id).join();
}
