/** The terms that a loss is a sum of, found by its structure. */
import { dependents, nodesOf } from "../../core/graph.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Context } from "./context.ts";
import type { Naming } from "./elements.ts";
import type { Sign } from "./expr.ts";
import { ofExample } from "./notation.ts";

/** The tensor whose elements the loss adds up (and scales), if it does. */
export function termsOf(c: Context): Tensor | undefined {
  const sources = Object.values(c.trace.parameters);
  const active = (t: Tensor) => dependents(nodesOf([t]), sources).has(t);
  const named = new Set(c.trace.stages.map((s) => s.tensor));
  let node: Tensor = c.trace.loss;
  while (!named.has(node)) {
    const inner = c.elements.composed(node);
    if (inner) {
      node = inner;
      continue;
    }
    const meaning = node.op.meaning(node.inputs, node, node.attributes);
    const next = node.inputs.filter(active);
    if (meaning.loop === "reduce" && meaning.combine === "sum" && next.length === 1) {
      return named.has(next[0]!) || next[0]!.size === 1 ? undefined : next[0];
    }
    const { kind } = node.op.derivative;
    const scales = kind === "linear" || kind === "pointwise";
    if (next.length !== 1 || !scales || meaning.loop !== "map") return undefined;
    node = next[0]!;
  }
  return undefined;
}

/** Names as everywhere, and besides for the terms of the loss. */
export function withTerms(c: Context, terms: Tensor | undefined): Naming {
  return (node, index) => {
    if (node !== terms) return c.elements.naming(node, index);
    return c.symbol(termSign(c, terms, index), c.elements.value({ node, index }));
  };
}

export function termSign(c: Context, terms: Tensor, index: number): Sign {
  const { example, at } = c.place({ node: terms, index });
  const { loss } = c.names;
  const row = terms.size / (c.isBatched(terms) ? c.trace.examples : 1);
  if (row === 1 && c.trace.examples > 1) return ofExample(loss, example);
  const sign = c.names.term(at);
  return example === c.example ? sign : ofExample(sign, example);
}
