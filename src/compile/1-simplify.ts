/**
 * Pass 1: composite nodes become the operators that they stand for, and nodes that compute the
 * same become one node. Nodes that nobody needs are left behind by the walk itself.
 */
import { entry, only } from "../core/at.ts";
import { withSite } from "../core/call-site.ts";
import { nodesOf } from "../core/graph.ts";
import { isElements } from "../core/print.ts";
import { node, type Tensor } from "../core/tensor.ts";

/** Equal outputs over the same inputs. */
export function simplifyGraph(outputs: readonly Tensor[], inputs: ReadonlySet<Tensor>): Tensor[] {
  const known = new Map<string, Tensor>();
  const mapped = new Map<Tensor, Tensor>();
  const identities = new Map<object, number>();
  const resolve = (roots: readonly Tensor[]): Tensor[] => {
    for (const n of nodesOf(roots, (n) => mapped.has(n) || inputs.has(n))) {
      if (mapped.has(n)) continue;
      mapped.set(n, inputs.has(n) ? n : withSite(n.site, () => reduced(n)));
    }
    return roots.map((root) => entry(mapped, root));
  };
  const reduced = (n: Tensor): Tensor => {
    const operands = n.inputs.map((x) => entry(mapped, x));
    const key = structuralKey(n, operands, identities);
    const twin = known.get(key);
    if (twin) return twin;
    const meaning = n.op.meaning(operands, n, n.attributes);
    let made = n;
    if (meaning.loop === "compose") {
      for (const operand of operands) if (!mapped.has(operand)) mapped.set(operand, operand);
      made = only(resolve([meaning.build(operands)]));
    } else if (operands.some((x, i) => x !== n.inputs[i])) {
      made = node(n.op, operands, n.attributes);
    }
    known.set(key, made);
    return made;
  };
  return resolve(outputs);
}

/** Two nodes with the same key compute the same. */
function structuralKey(
  n: Tensor,
  operands: readonly Tensor[],
  identities: Map<object, number>,
): string {
  const identify = (value: object): number => {
    const id = identities.get(value) ?? identities.size;
    identities.set(value, id);
    return id;
  };
  const attributes = Object.entries(n.attributes).map(([name, value]) => {
    if (typeof value === "number") return `${name}=${Object.is(value, -0) ? "-0" : value}`;
    if (!isElements(value)) return `${name}=${JSON.stringify(value)}`;
    // Small constants are compared by value, large ones by identity.
    const text = value.length <= 4 ? Array.from(value, (v) => (Object.is(v, -0) ? "-0" : v)) : "";
    return `${name}=${value.constructor.name}${text === "" ? `#${identify(value)}` : text}`;
  });
  // Operators made by a user may share a name, so the record itself counts.
  return `${identify(n.op)}(${operands.map((x) => x.id)}){${attributes}}${n.dtype}[${n.shape}]`;
}
