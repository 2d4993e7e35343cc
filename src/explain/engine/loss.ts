/** The terms that a loss is a sum of, found by its structure. */
import { dependents, nodesOf } from "../../core/graph.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Context } from "./context.ts";
import type { Calling } from "./elements.ts";
import { type Name, ofExample } from "./notation.ts";
import { tensorsOf } from "./parameters.ts";

/** The tensor whose elements the loss adds up (and scales), if it does. */
export function termsOf(c: Context): Tensor | undefined {
  const sources = tensorsOf(c.trace.parameters);
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
    const [next, ...others] = node.inputs.filter(active);
    if (!next || others.length > 0) return undefined;
    if (meaning.loop === "reduce" && meaning.combine === "sum") {
      return named.has(next) || next.size === 1 ? undefined : next;
    }
    const { kind } = node.op.derivative;
    if ((kind !== "linear" && kind !== "pointwise") || meaning.loop !== "map") return undefined;
    node = next;
  }
  return undefined;
}

/** Names as everywhere, and besides for the terms of the loss. */
export function withTerms(c: Context, terms: Tensor | undefined): Calling {
  if (terms === undefined) return c.elements.naming;
  const known = c.namings.get(terms);
  if (known) return known;
  const naming: Calling = (node, index) => {
    if (node !== terms) return c.elements.naming(node, index);
    return c.symbol(termSign(c, terms, index), c.elements.value({ node, index }));
  };
  c.namings.set(terms, naming);
  c.elements.lasting.add(naming);
  c.elements.extend(naming, (node) => node === terms);
  return naming;
}

export function termSign(c: Context, terms: Tensor, index: number): Name {
  const { example, at } = c.place({ node: terms, index });
  const { loss } = c.names;
  const row = terms.size / (c.isBatched(terms) ? c.trace.examples : 1);
  if (row === 1 && c.trace.examples > 1) return ofExample(loss, example);
  const sign = c.names.term(at);
  return example === c.example ? sign : ofExample(sign, example);
}
