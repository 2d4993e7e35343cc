/**
 * Lemmas: composites whose derivative has a short form that everybody knows. A composite is
 * recognized by what it computes: its expression is that of a pattern, which is an ordinary
 * function of tensors. What a lemma says is shown as equations, and every form has its value.
 */
import { isFloat } from "../core/dtype.ts";
import type { Tensor } from "../core/tensor.ts";
import { div, sub } from "../ops/arithmetic.ts";
import { input } from "../ops/leaf.ts";
import { logsumexp, sum as total } from "../ops/reduce.ts";
import { exp } from "../ops/transcendental.ts";
import { partials } from "./adjoint.ts";
import type { Context } from "./context.ts";
import type { Section } from "./derivation.ts";
import { type Element, keyOf, type Naming } from "./elements.ts";
import { type Expr, given, product, type Sign, sum } from "./expr.ts";
import { wide } from "./forward.ts";
import type { MessageKey } from "./messages.ts";
import { say } from "./say.ts";

interface Lemma {
  /** What the composite computes on its way, u, from a row of numbers x. */
  readonly inner: (x: Tensor) => Tensor;
  /** ∂u/∂x as the record's rule gives it. */
  readonly slope: (x: Tensor, u: Tensor) => Tensor;
  /** ∂u/∂x as a quantity that has a name: all of them add up to 1. */
  readonly quantity: (x: Tensor) => Tensor;
  readonly letter: string;
  readonly defines: MessageKey;
  readonly proves: MessageKey;
}

const lemmas: readonly Lemma[] = [
  {
    inner: (x) => logsumexp(x),
    slope: (x, u) => exp(sub(x, u)),
    quantity: (x) => div(exp(x), total(exp(x))),
    letter: "p",
    defines: "lemmaSoftmax",
    proves: "lemmaCrossEntropy",
  },
];

/** An occurrence of a lemma's composite: u with its name, and what it is computed from. */
interface Found {
  readonly lemma: Lemma;
  readonly u: Element;
  readonly name: Expr;
  readonly xs: readonly Element[];
}

export class Lemmas {
  readonly #c: Context;
  readonly #found = new Map<string, Found>();
  readonly #quantities = new Map<string, Expr>();

  constructor(c: Context) {
    this.#c = c;
  }

  /** Remembers `u`, called `name`, if it is one of the composites. */
  meet(u: Element, name: Expr): void {
    const c = this.#c;
    const xs = c.elements
      .reads(u)
      .filter(({ node }) => isFloat(node.dtype))
      .map(({ node, at }) => c.elements.resolve(node, at));
    if (xs.length === 0 || xs.some((x) => c.signOf(x) === undefined)) return;
    const defined = values(c, c.elements.define(u));
    for (const lemma of lemmas) {
      const row = input("x", [xs.length], "f64");
      const naming: Naming = (n, i) => (n === row ? c.name(xs[i]!) : undefined);
      const pattern = c.elements.expr(lemma.inner(row), 0, naming);
      if (values(c, pattern) === defined) this.#found.set(keyOf(u), { lemma, u, name, xs });
    }
  }

  /** An expression with the slopes of known composites by their short names. */
  fuse(e: Expr, section: Section): Expr {
    for (const found of this.#found.values()) {
      for (let j = 0; j < found.xs.length; j++) {
        const slope = JSON.stringify(this.#slope(found, j));
        if (!JSON.stringify(e).includes(slope)) continue;
        return this.fuse(replace(e, slope, this.#quantity(found, j, section)), section);
      }
    }
    return e;
  }

  /** ∂y/∂x by way of the quantities themselves and their whole Jacobian, and in short. */
  prove(y: Element, x: Element, result: Expr, meant: Expr, section: Section): void {
    const c = this.#c;
    const short = this.fuse(meant, section);
    if (short === meant) return;
    for (const found of this.#found.values()) {
      const at = found.xs.findIndex((other) => keyOf(other) === keyOf(x));
      const parts = at < 0 ? undefined : this.#weights(y, found);
      const forms = parts ? [this.#throughAll(found, parts, at, section), short] : [short];
      const why = [say(found.lemma.proves, { y: c.name(y)!, x: c.name(x)! })];
      c.equation({ section, kind: "local derivative", result, forms, why });
      return;
    }
  }

  /** The weights c in y = Σ c·(x − u) + …, if y has that form and there are not too many. */
  #weights(y: Element, { u, name, xs }: Found): Expr[] | undefined {
    const c = this.#c;
    if (xs.length > wide) return undefined;
    const naming: Naming = (n, i) =>
      n === u.node && i === u.index ? name : c.elements.naming(n, i);
    const slopes = partials(c.elements, y, new Set([...xs, u].map(keyOf)), naming);
    const parts = xs.map((x) => slopes.get(keyOf(x))?.coefficient ?? given(0));
    const own = slopes.get(keyOf(u));
    const all = c.evaluate(sum(parts));
    if (!own) return undefined;
    const rest = Math.abs(all + c.evaluate(own.coefficient));
    return rest <= 1e-12 * Math.abs(all) ? parts : undefined;
  }

  /** Σ_k ∂y/∂p_k · ∂p_k/∂x_j, with ∂p_k/∂x_j = p_k([k = j] − p_j). */
  #throughAll(found: Found, parts: readonly Expr[], j: number, section: Section): Expr {
    const own = this.#quantity(found, j, section);
    return sum(
      parts.flatMap((part, k) => {
        if (part.kind === "number" && part.value === 0) return [];
        const p = this.#quantity(found, k, section);
        const quotient = input("q", [], "f64");
        const below = input("p", [], "f64");
        const naming: Naming = (n) => (n === quotient ? part : n === below ? p : undefined);
        const first = this.#c.elements.expr(div(quotient, below), 0, naming);
        return [product([first, p, sum([given(k === j ? 1 : 0), product([given(-1), own])])])];
      }),
    );
  }

  #slope({ lemma, name, xs }: Found, j: number): Expr {
    const c = this.#c;
    const [x, u] = [input("x", [], "f64"), input("u", [], "f64")];
    const naming: Naming = (n) => (n === x ? c.name(xs[j]!) : n === u ? name : undefined);
    return c.elements.expr(lemma.slope(x, u), 0, naming);
  }

  /** p_j as a symbol, its step made. */
  #quantity(found: Found, j: number, section: Section): Expr {
    const { lemma, u, xs } = found;
    const key = `${keyOf(u)}/${j}`;
    const known = this.#quantities.get(key);
    if (known) return known;
    const c = this.#c;
    const first = ![...this.#quantities.keys()].some((k) => k.startsWith(`${keyOf(u)}/`));
    const result = c.symbol(this.#sign(lemma, j));
    this.#quantities.set(key, result);
    const row = input("x", [xs.length], "f64");
    const naming: Naming = (n, i) => (n === row ? c.name(xs[i]!) : undefined);
    const forms = [c.elements.expr(lemma.quantity(row), j, naming), this.#slope(found, j)];
    const why = first ? [say(lemma.defines)] : [];
    c.equation({ section, kind: "local derivative", result, forms, why });
    return result;
  }

  #sign({ letter }: Lemma, j: number): Sign {
    const plain = this.#c.notation === "net-out" || this.#c.notation === "torch";
    const below = [...String(j + 1)].map((d) => "₀₁₂₃₄₅₆₇₈₉"[Number(d)]).join("");
    return { text: plain ? `${letter}_${j + 1}` : letter + below, tex: `${letter}_{${j + 1}}` };
  }
}

/** An expression as text, by which two are compared; operators by what they are written as. */
const values = (c: Context, e: Expr): string =>
  JSON.stringify(e, (key, v) => (key === "op" ? c.elements.operators[v as string]?.text : v));

function replace(e: Expr, wanted: string, by: Expr): Expr {
  if (JSON.stringify(e) === wanted) return by;
  return "args" in e ? { ...e, args: e.args.map((a) => replace(a, wanted, by)) } : e;
}
