/** Derivatives in which units stand by their names. */
import type { Context } from "./context.ts";
import type { Element } from "./elements.ts";
import { type Formula, keyed } from "./expr.ts";

/** In rows up to this length what defines a unit is recognized in the derivatives of others. */
const beside = 8;

/** What is the definition of a unit beside y by that unit's name: e^(x − ln Σ) is a softmax. */
export function byNames(
  c: Pick<Context, "elements" | "isBatched" | "name" | "trace">,
  e: Formula,
  y: Element,
): Formula {
  const all = c.isBatched(y.node) ? y.node.size / c.trace.examples : y.node.size;
  // Of several rows each is a softmax of its own.
  const row = all > beside ? (y.node.shape.at(-1) ?? 1) : all;
  if (row > beside) return e;
  const from = y.index - (y.index % row);
  let known: Map<string | undefined, Formula> | undefined;
  const definitions = () =>
    new Map(
      Array.from({ length: row }, (_, j) => {
        const own = { node: y.node, index: from + j };
        return [keyed(c.elements.define(own)), c.name(own)] as const;
      }),
    );
  const go = (e: Formula): Formula => {
    if (!("args" in e)) return e;
    // Only what is made of several parts can be such a definition.
    if (e.kind === "apply" && e.args.some((a) => "args" in a)) {
      known ??= definitions();
      const name = known.get(keyed(e));
      if (name) return name;
    }
    return { ...e, args: e.args.map(go) };
  };
  return go(e);
}
