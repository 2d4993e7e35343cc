/** The symbols that a derivation is written with: of a wide layer most were only added up. */
import type { Diagram, Step } from "../derivation.ts";
import type { Sign } from "./expr.ts";

/** Those of a table that steps, a drawing or the question have. */
export function usedSymbols(
  table: Readonly<Record<string, Sign>>,
  steps: readonly Step[],
  drawing: Diagram | undefined,
  asked: readonly string[],
): Record<string, Sign> {
  const names = new Set(asked);
  const seen = new Set<object>();
  const visit = (part: unknown): void => {
    if (typeof part !== "object" || part === null || seen.has(part)) return;
    seen.add(part);
    if (Array.isArray(part)) {
      for (const one of part) visit(one);
      return;
    }
    const { kind, name } = part as { readonly kind?: unknown; readonly name?: unknown };
    if (kind === "symbol" && typeof name === "string") names.add(name);
    else for (const one of Object.values(part)) visit(one);
  };
  for (const { why, result, expression, upstream, substituted, table, parameters } of steps) {
    visit([why, result, expression, upstream, substituted, table]);
    for (const name of parameters) names.add(name);
  }
  for (const { symbols, slope, gradient } of drawing?.columns.flat() ?? [])
    for (const name of [...symbols, slope, gradient]) if (name !== undefined) names.add(name);
  for (const { symbol, local } of drawing?.edges ?? [])
    for (const name of [symbol, local]) if (name !== undefined) names.add(name);
  return Object.fromEntries(Object.entries(table).filter(([name]) => names.has(name)));
}
