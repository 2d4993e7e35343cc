/** Section on the batch: every example's share of the gradient, their sum, and cancellation. */

import { pushForward } from "../../autodiff/forward.ts";
import type { TypedArray } from "../../core/dtype.ts";
import { bySize } from "../../core/order.ts";
import { formatShape } from "../../core/shape.ts";
import type { Cell, Sentence } from "../derivation.ts";
import { type Context, unitAt } from "../engine/context.ts";
import { type Element, keyOf } from "../engine/elements.ts";
import { type Expr, number, type Sign, sum } from "../engine/expr.ts";
import { ofExample } from "../engine/notation.ts";
import { gradientAt, sequentialGradients } from "../engine/trace.ts";
import { say } from "../say.ts";
import type { Route } from "./backward.ts";

/** How many examples are listed. */
const listed = 5;

/** What example n contributes to the gradient of one parameter. */
export const shareSign = (n: number): Sign => ofExample({ text: "g", tex: "g" }, n);

/** The shares of all examples: Σ over the first quantities that the parameter acts on. */
function shares(
  c: Context,
  r: Route,
  sequential: boolean,
): { value: number; parts: [number, number][] }[] {
  const first = r.consumers.get(keyOf(r.parameter)) ?? [];
  const { examples } = c.trace;
  const slopes = slopesOf(c, r, first);
  const results = Array.from({ length: examples }, () => ({
    value: 0,
    parts: [] as [number, number][],
  }));
  for (const e of first) {
    const g = sequential ? sequentialAt(c, e) : gradientAt(c.trace, e.node);
    const row = e.node.size / examples;
    const at = c.isBatched(e.node) ? e.index % row : e.index;
    for (let n = 0; n < examples; n++) {
      const own: Element = { node: e.node, index: n * row + at };
      const factor = slopes ? slopes[own.index]! : c.evaluate(c.local(own, r.parameter));
      results[n]!.value += g[own.index]! * factor;
      results[n]!.parts.push([g[own.index]!, factor]);
    }
  }
  return results;
}

/** ∂E/∂e as an update layer by layer takes it. */
function sequentialAt(c: Context, { node: tensor, index }: Element): TypedArray {
  const layer = c.stageOf({ node: tensor, index })?.layer ?? 0;
  return sequentialGradients(c.trace, [{ tensor, layer }])[0]!;
}

/**
 * The derivatives of all that the parameter acts on first, in one pass of forward mode; where it
 * acts on several tensors, of which one may be computed from another, there is no such pass.
 */
function slopesOf(c: Context, r: Route, first: readonly Element[]): TypedArray | undefined {
  const node = first[0]?.node;
  const { parameter } = r;
  if (!node || r.reached[0]?.node !== node || first.some((e) => e.node !== node)) return undefined;
  const [tangent] = pushForward([node], [parameter.node], [unitAt(parameter)]);
  return c.trace.evaluate([tangent!])[0];
}

export function batchSection(c: Context, r: Route, index: number, sequential: boolean): void {
  const all = shares(c, r, sequential);
  const d = c.symbol(c.partialSign(c.names.loss, c.signOf(r.parameter)!));
  const symbols = all.map(({ value }, n): Expr => c.ofPart(shareSign(n), value));
  const order = all.map((_, n) => n).sort((a, b) => bySize(all[a]!.value, all[b]!.value));
  const one = all[0]!.parts.length === 1;
  const rows: Cell[][] = order.slice(0, listed).map((n) => {
    const [delta, factor] = all[n]!.parts[0] ?? [0, 0];
    const value = number(all[n]!.value);
    return one ? [n, number(delta), number(factor), value] : [n, value];
  });
  if (order.length > listed) {
    const rest = order.slice(listed).reduce((s, n) => s + all[n]!.value, 0);
    const label = say("remaining", { n: order.length - listed });
    rows.push(one ? [label, "", "", number(rest)] : [label, number(rest)]);
  }
  const total = all.reduce((s, { value }) => s + value, 0);
  const size = all.reduce((s, { value }) => s + Math.abs(value), 0);
  rows.push(one ? [say("sum"), "", "", number(total)] : [say("sum"), number(total)]);
  const first = r.consumers.get(keyOf(r.parameter))?.[0];
  const columns: Cell[] = [say("exampleColumn")];
  if (one && first) {
    const [z, w] = [c.signOf(first)!, c.signOf(r.parameter)!];
    columns.push(c.symbol(c.gradientSign(first)), c.symbol(c.partialSign(z, w)));
  }
  columns.push(say("contribution"));
  const table = { columns, rows };
  c.note("batch", [say("batchText", { d })], table, "reduce");
  c.equation({ section: "batch", kind: "reduce", result: d, forms: [sum(symbols)] });
  const why: Sentence[] = [];
  if (size > 0) why.push(say("cancellation", { ratio: number(Math.abs(total) / size) }));
  const t = r.parameter.node;
  if (first && t.rank === 2) {
    const inputs = [c.trace.examples, t.shape[1]!];
    const from = c.notation === "torch" ? 0 : 1;
    why.push(
      say("matrixForm", {
        loss: c.names.loss.text,
        delta: formatShape(first.node.shape),
        a: formatShape(inputs),
        w: formatShape(t.shape),
        j: from + Math.floor(index / t.shape[1]!),
        k: from + (index % t.shape[1]!),
      }),
    );
  }
  if (why.length > 0) c.note("batch", why);
}
