/** Holds the gradients that a derivation prints against reverse mode. */
import { expect } from "vitest";
import { Context } from "../../src/explain/engine/context.ts";
import { gradientAt } from "../../src/explain/engine/gradients.ts";
import type { NetworkTrace } from "../../src/explain/engine/trace.ts";
import type { Derivation } from "../../src/explain/index.ts";

/** ∂E/∂x of everything that has a name, by what that gradient is called. */
export function gradientsByName(trace: NetworkTrace, example: number): Map<string, number> {
  const c = new Context(trace, "canonical", example);
  return new Map(
    trace.stages.flatMap(({ tensor: node }) =>
      Array.from(gradientAt(trace, node), (g, index): [string, number] => [
        c.gradientSign({ node, index }).text,
        g,
      ]),
    ),
  );
}

/** Holds the gradients that steps compute against reverse mode; how many there are. */
export function held(d: Derivation, right: ReadonlyMap<string, number>): number {
  expect(d.data.passed, d.toText()).toBe(true);
  const size = Math.max(...Array.from(right.values(), Math.abs));
  const found = d.data.steps.flatMap(({ result, value }) => {
    const of = result?.kind === "symbol" ? d.data.symbols[result.name]?.text : undefined;
    const g = of === undefined ? undefined : right.get(of);
    return g === undefined || value === undefined ? [] : [[of, value, g] as const];
  });
  for (const [of, value, g] of found) {
    expect(Math.abs(value - g), `${of}: ${value}, by reverse mode ${g}`).toBeLessThan(1e-13 * size);
  }
  return found.length;
}
