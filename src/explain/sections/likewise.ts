/** Many parameters at once: one is worked out for each kind, the others follow in a table. */
import type { Cell } from "../derivation.ts";
import type { Context } from "../engine/context.ts";
import { computed, type Formula } from "../engine/expr.ts";
import type { Entry, Values } from "../engine/parameters.ts";
import { valueAt } from "../engine/parameters.ts";
import { say } from "../say.ts";
import { actsElsewhere, apartOf, shares } from "./batch.ts";
import type { Route } from "./route.ts";
import { parameterColumn } from "./update.ts";

/** Sums of more terms are not written into a row. */
const mostTerms = 4;

/** What is derived in the same way: parameters of one role, of hidden layers or of the last one. */
function kindOf({ parameter }: Entry, depth: number): string {
  const { name, role, layer, tensor } = parameter;
  return [role, tensor.rank, layer === depth, name.slice(name.lastIndexOf(".") + 1)].join(" ");
}

/** Parameters from the last layer to the first. */
export const fromTheOutput = (all: readonly Entry[]): Entry[] =>
  all.toSorted((a, b) => b.parameter.layer - a.parameter.layer);

/** Those of a kind together, in the order in which the first of each comes. */
export function byKind<T extends { readonly entry: Entry }>(
  all: readonly T[],
  depth: number,
): (readonly [first: T, ...others: T[]])[] {
  const kinds = new Map<string, [T, ...T[]]>();
  for (const one of all) {
    const key = kindOf(one.entry, depth);
    const known = kinds.get(key);
    if (known) known.push(one);
    else kinds.set(key, [one]);
  }
  return [...kinds.values()];
}

/** A row for each of some parameters; what the formulas give for its gradient. */
export function likewise(
  c: Context,
  routes: readonly Route[],
  told: { readonly inShort: (r: Route) => Formula; readonly together: boolean },
  g: Values,
): number[] {
  // In matrices all examples are added up at once.
  const several = c.trace.examples > 1 && !told.together;
  const found: number[] = [];
  const rows = routes.map((r): Cell[] => {
    const w = c.name(r.parameter);
    const terms = r.consumersOf(r.parameter).length;
    const exact = valueAt(g, r.entry);
    const idle = terms === 0 && !r.apart && !actsElsewhere(c, r);
    const penalty = apartOf(c, r);
    const more = penalty ? c.evaluate(penalty) : 0;
    const formula = terms > 0 ? told.inShort(r) : computed(0);
    const own = c.evaluate(formula);
    const sum = () => shares(c, r, false).reduce((s, { value }) => s + value, more);
    found.push(idle ? 0 : several ? sum() : own);
    const written: Cell[] =
      terms === 0
        ? ["–", "–"]
        : terms > mostTerms
          ? [say("manyPlaces", { n: terms }), "–"]
          : [formula, c.numbers(formula)];
    return [w, ...written, ...(several ? [computed(own)] : []), computed(exact)];
  });
  if (rows.length === 0) return found;
  const columns = [parameterColumn(c.trace), say("product"), say("inNumbers")];
  if (several) columns.push(say("contribution"));
  columns.push(say("gradientColumn"));
  const why = several ? say("likewiseShares", { n: c.ordinal }) : say("likewiseRows");
  c.note("result", [why], { columns, rows });
  return found;
}
