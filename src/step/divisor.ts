/** What a loss that is a quotient of sums over the examples is divided by, read off its graph. */
import type { Expression } from "../core/expression.ts";
import { dependents, nodesOf } from "../core/graph.ts";
import type { Tensor } from "../core/tensor.ts";
import { cast } from "../ops/cast.ts";

/**
 * What a loss that is a weighted mean of its examples is divided by, Σ w (f64, []); undefined for
 * one that is none. `batch` are the placeholders of the batch: what does not depend on them is a
 * constant, which may be added to a quotient or be its factor.
 */
export function divisorOf(loss: Tensor, batch: readonly Tensor[]): Tensor | undefined {
  for (let at = loss; ; ) {
    const next = looked(at, batch);
    if (next === undefined) return undefined;
    if (next.is === "divisor") return sumIn(next.node, batch);
    at = next.node;
  }
}

/** The sum in a divisor, where constants are added to it or it is scaled: Σ w + ε, max(Σ w, 1). */
function sumIn(divisor: Tensor, batch: readonly Tensor[]): Tensor | undefined {
  for (let at = divisor; ; ) {
    const meaning = at.op.meaning(at.inputs, at, at.attributes);
    if (meaning.loop === "reduce") {
      return meaning.combine === "sum" && at.rank === 0 ? cast(at, "f64") : undefined;
    }
    const next = looked(at, batch);
    if (next?.is !== "single") return undefined;
    at = next.node;
  }
}

/** What a single number follows from, if that is one other, or a quotient that depends on both. */
function looked(
  node: Tensor,
  batch: readonly Tensor[],
): { readonly is: "single" | "divisor"; readonly node: Tensor } | undefined {
  const meaning = node.op.meaning(node.inputs, node, node.attributes);
  if (meaning.loop === "compose") return { is: "single", node: meaning.build(node.inputs) };
  if (meaning.loop !== "map" || node.size !== 1) return undefined;
  const depending = dependents(nodesOf(node.inputs), batch);
  const varying = node.inputs.filter((x) => depending.has(x));
  const [a, b] = argumentsOf(meaning.value, "div") ?? [];
  const divisor = b?.kind === "load" ? node.inputs[b.input] : undefined;
  if (a?.kind === "load" && divisor && depending.has(divisor)) {
    return { is: "divisor", node: divisor };
  }
  const [single, ...others] = varying;
  if (single?.size !== 1 || others.length > 0) return undefined;
  return { is: "single", node: single };
}

/** What a function is applied to, casts aside. */
function argumentsOf(e: Expression, fn: string): readonly Expression[] | undefined {
  if (e.kind === "cast") return argumentsOf(e.value, fn);
  return e.kind === "apply" && e.fn === fn ? e.args : undefined;
}
