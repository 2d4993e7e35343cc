/** Where a loss and its activation suit each other: what one divides by, the other multiplies with. */
import { div } from "../../ops/arithmetic.ts";
import { input } from "../../ops/leaf.ts";
import type { Context } from "./context.ts";
import { type Formula, productOf, symbol } from "./expr.ts";

interface Cancelled {
  /** What cancels, and what is left. */
  readonly factor: Formula;
  readonly rest: Formula;
}

/** Of two factors, each in several forms: one of the first is a quotient by one of the second. */
export function cancelled(
  c: Context,
  first: readonly Formula[],
  second: readonly Formula[],
): Cancelled | undefined {
  const [above, below] = [input("q", [], "f64"), input("p", [], "f64")];
  const pattern = c.elements.expr(div(above, below), 0, (n) =>
    n === above || n === below ? symbol("#") : undefined,
  );
  for (const e of first) {
    const factors = e.kind === "product" ? e.args : [e];
    for (const [i, quotient] of factors.entries()) {
      if (quotient.kind !== "apply" || pattern.kind !== "apply") continue;
      if (quotient.op !== pattern.op) continue;
      const [rest, divisor] = quotient.args;
      const factor = divisor && second.find((s) => factorsOf(s) === factorsOf(divisor));
      if (factor && rest) return { factor, rest: productOf(factors.with(i, rest)) };
    }
  }
  return undefined;
}

/** The factors of a product, in whatever order they stand. */
const factorsOf = (e: Formula): string =>
  (e.kind === "product" ? e.args : [e])
    .map((f) => JSON.stringify(f))
    .sort()
    .join();
