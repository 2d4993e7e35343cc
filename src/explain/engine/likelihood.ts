/** The loss of a softmax with cross-entropy as textbooks write it. */
import { log } from "../../core/elementary/scalar.ts";
import { div, neg } from "../../ops/arithmetic.ts";
import { sum } from "../../ops/broadcast.ts";
import { input } from "../../ops/leaf.ts";
import { logsumexp } from "../../ops/reduce.ts";
import { exp, log as naturalLog } from "../../ops/transcendental.ts";
import type { Context } from "./context.ts";
import type { Element, Naming } from "./elements.ts";
import { type Formula, given, isSame, type Symbolic } from "./expr.ts";

interface Likelihood {
  readonly p: Symbolic;
  readonly softmax: Formula;
  /** −ln p */
  readonly form: Formula;
}

/** E = −ln p, where a term is the log-sum-exp of a row less one of its numbers. */
export function likelihood(c: Context, e: Element): Likelihood | undefined {
  const { elements } = c;
  const [minus, inner] = argsOf(elements.define(e), "product");
  const [own, less] = argsOf(inner, "sum");
  const [sign, whole] = argsOf(less, "product");
  const row = argsOf(whole, "apply");
  const j = row.findIndex((a) => own !== undefined && isSame(a, own));
  if (!minus || !sign || !whole || !isSame(minus, given(-1)) || !isSame(sign, given(-1)))
    return undefined;
  if (row.length < 2 || j < 0 || row.some((a) => a.kind !== "symbol")) return undefined;
  const x = input("x", [row.length], "f64");
  const naming: Naming = (node, i) => (node === x ? row[i] : undefined);
  if (!isSame(elements.expr(logsumexp(x), 0, naming), whole)) return undefined;
  const softmax = elements.expr(div(exp(x), sum(exp(x))), j, naming);
  const value = c.evaluate(softmax);
  // Of large numbers the quotient overflows where their difference does not.
  const loss = elements.value(e);
  if (!(Math.abs(-log(value) - loss) <= 1e-9 * Math.abs(loss))) return undefined;
  const p = c.symbol(c.names.quantity("p", j));
  const one = input("p", [], "f64");
  const form = elements.expr(neg(naturalLog(one)), 0, (node) => (node === one ? p : undefined));
  return { p, softmax, form };
}

const argsOf = (e: Formula | undefined, kind: "sum" | "product" | "apply"): readonly Formula[] =>
  e?.kind === kind ? e.args : [];
