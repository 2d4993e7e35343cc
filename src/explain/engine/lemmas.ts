/**
 * Lemmas: composites whose derivative has a short form that everybody knows. A composite is
 * recognized by what it computes: its expression is that of a pattern, which is an ordinary
 * function of tensors. What a lemma says is shown as equations, and every form has its value.
 */
import { at, zip } from "../../core/at.ts";
import { isFloat } from "../../core/dtype.ts";
import type { Tensor } from "../../core/tensor.ts";
import { div, sub } from "../../ops/arithmetic.ts";
import { sum as total } from "../../ops/broadcast.ts";
import { input } from "../../ops/leaf.ts";
import { logsumexp } from "../../ops/reduce.ts";
import { exp } from "../../ops/transcendental.ts";
import type { Section } from "../derivation.ts";
import type { MessageKey } from "../messages.ts";
import { say } from "../say.ts";
import { partials } from "./adjoint.ts";
import type { Context } from "./context.ts";
import { type Element, keyOf, type Naming } from "./elements.ts";
import {
  type Formula,
  given,
  isSame,
  isZero,
  negative,
  productOf,
  type Symbolic,
  substitute,
  sumOf,
  symbol,
} from "./expr.ts";
import { type Name, partial } from "./notation.ts";

interface Lemma {
  /** What the composite computes on its way, u, from a row of numbers x. */
  readonly inner: (x: Tensor) => Tensor;
  /** ∂u/∂x as the record's rule gives it. */
  readonly slope: (x: Tensor, u: Tensor) => Tensor;
  /** ∂u/∂x as a quantity p that has a name: all of them add up to 1. */
  readonly quantity: (x: Tensor) => Tensor;
  readonly defines: MessageKey;
  readonly proves: MessageKey;
  readonly shortens: MessageKey;
}

const lemmas: readonly Lemma[] = [
  {
    inner: (x) => logsumexp(x),
    slope: (x, u) => exp(sub(x, u)),
    quantity: (x) => div(exp(x), total(exp(x))),
    defines: "lemmaSoftmax",
    proves: "lemmaJacobian",
    shortens: "lemmaCrossEntropy",
  },
];

/** The names of quantities: a letter for each occurrence, of which few derivations have two. */
const letters = "pqrs";

/** An occurrence of a lemma's composite: u with its name, and what it is computed from. */
interface Found {
  readonly lemma: Lemma;
  readonly letter: string;
  readonly u: Element;
  readonly xs: readonly Element[];
  /** The slope by any of them, which is called `any` there; and their places by their names. */
  readonly slope: Formula;
  readonly places: ReadonlyMap<string, number>;
}

/** Of more weights than this the way through all quantities is not written out. */
const wide = 8;
const any = "any";

export class Lemmas {
  readonly #c: Context;
  readonly #found: Found[] = [];
  readonly #quantities = new Map<string, Symbolic>();

  constructor(c: Context) {
    this.#c = c;
  }

  /** Remembers `u`, called `name`, if it is one of the composites. */
  meet(u: Element, name: Symbolic): void {
    const c = this.#c;
    const xs = c.elements
      .reads(u)
      .filter(({ node }) => isFloat(node.dtype))
      .map(({ node, at }) => c.elements.resolve(node, at));
    const names = xs.flatMap((x) => c.nameIfAny(x) ?? []);
    const letter = letters[this.#found.length];
    // Of one number alone the quantity is 1, about which there is nothing to say.
    if (xs.length < 2 || names.length < xs.length || !letter) return;
    const places = new Map(names.map((x, j) => [x.name, j]));
    const defined = spelled(c, c.elements.define(u));
    for (const lemma of lemmas) {
      const row = input("x", [xs.length], "f64");
      const naming: Naming = (n, i) => (n === row ? names[i] : undefined);
      if (spelled(c, c.elements.expr(lemma.inner(row), 0, naming)) !== defined) continue;
      const [x, y] = [input("x", [], "f64"), input("u", [], "f64")];
      const slope = c.elements.expr(lemma.slope(x, y), 0, (n) =>
        n === x ? symbol(any) : n === y ? name : undefined,
      );
      this.#found.push({ lemma, letter, u, xs, slope, places });
    }
  }

  /** An expression with the slopes of known composites by their short names. */
  fuse(e: Formula, section: Section): Formula {
    for (const found of this.#found) {
      const x = matched(e, found.slope);
      const j = x === undefined ? undefined : found.places.get(x);
      if (j !== undefined) return this.#quantity(found, j, section);
    }
    if (!("args" in e)) return e;
    const args = e.args.map((a) => this.fuse(a, section));
    if (args.every((a, i) => a === e.args[i])) return e;
    return e.kind === "sum" ? sumOf(args) : { ...e, args };
  }

  /** ∂y/∂x by way of the quantities themselves and their whole Jacobian, and in short. */
  prove(y: Element, x: Element, result: Symbolic, meant: Formula, section: Section): void {
    const c = this.#c;
    const short = this.fuse(meant, section);
    if (short === meant) return;
    const placeIn = ({ xs }: Found) => xs.findIndex((other) => keyOf(other) === keyOf(x));
    const found = this.#found.find((f) => placeIn(f) >= 0);
    if (!found) return;
    const parts = this.#weights(y, found);
    if (parts) {
      const forms = this.#throughAll(y, x, found, parts, section);
      c.equation({ section, kind: "local derivative", result, forms });
    }
    const less = this.lessTarget(short, x);
    const t = less && c.symbol(this.#target(placeIn(found)));
    const why = [t ? say("lemmaTarget", { t }) : say(found.lemma.shortens)];
    c.equation({ section, kind: "local derivative", result, forms: [less ?? short], why });
  }

  /** k·p and k·p − k as k·(p − t), where targets are classes; undefined for anything else. */
  lessTarget(short: Formula, x: Element): Formula | undefined {
    const c = this.#c;
    const { network } = c.trace;
    const found = this.#found.find(({ xs }) => xs.some((other) => keyOf(other) === keyOf(x)));
    if (!network || isFloat(network.y.dtype) || !found || network.y.size !== c.trace.examples)
      return undefined;
    const j = found.xs.findIndex((other) => keyOf(other) === keyOf(x));
    const p = this.#quantities.get(`${keyOf(found.u)}/${j}`);
    if (!p) return undefined;
    const [first, second, ...others] = short.kind === "sum" ? short.args : [short];
    if (!first || others.length > 0) return undefined;
    const [k, own] = first.kind === "product" ? first.args : [given(1), first];
    if (!k || !own || k.kind !== "number" || !isSame(own, p)) return undefined;
    if (first.kind === "product" && first.args.length > 2) return undefined;
    if (second && !isSame(second, negative(k))) return undefined;
    const t = c.symbol(this.#target(j), second ? 1 : 0);
    return productOf([k, sumOf([p, negative(t)])]);
  }

  #target = (j: number): Name => this.#c.names.target(j);

  /** The weights c in y = Σ c·(x − u) + …, if y has that form; few of them may differ from 0. */
  #weights(y: Element, { u, xs }: Found): Formula[] | undefined {
    const c = this.#c;
    const key = keyOf(u);
    const naming: Naming = (n, i) =>
      keyOf({ node: n, index: i }) === key ? symbol(any) : c.elements.naming(n, i);
    const slopes = partials(c.elements, y, new Set([...xs.map(keyOf), key]), naming);
    const own = slopes.get(key);
    const parts = xs.map((x) => slopes.get(keyOf(x))?.coefficient ?? given(0));
    if (!own || parts.filter((p) => !isZero(p)).length > wide) return undefined;
    const all = c.evaluate(sumOf(parts));
    const rest = Math.abs(all + c.evaluate(own.coefficient));
    return rest <= 1e-12 * Math.abs(all) ? parts : undefined;
  }

  /** Σ_k ∂y/∂p_k · ∂p_k/∂x_j, with ∂p_k/∂x_j = p_k([k = j] − p_j): in symbols, and what they are. */
  #throughAll(
    y: Element,
    x: Element,
    found: Found,
    parts: readonly Formula[],
    section: Section,
  ): Formula[] {
    const c = this.#c;
    const j = found.xs.findIndex((other) => keyOf(other) === keyOf(x));
    const own = this.#quantity(found, j, section);
    const [of, by] = [c.signOf(y), c.signOf(x)];
    const symbols: Formula[] = [];
    const meant: Formula[] = [];
    let why = [say(found.lemma.proves)];
    const step = (sign: Name, form: Formula): Formula => {
      const result = c.symbol(sign);
      c.equation({ section, kind: "local derivative", result, forms: [form], why });
      why = [];
      return result;
    };
    parts.forEach((part, k) => {
      if (isZero(part)) return;
      const p = this.#quantity(found, k, section);
      const first = this.#quotient(part, p);
      const second = productOf([p, sumOf([given(k === j ? 1 : 0), negative(own)])]);
      symbols.push(
        productOf([step(partial(of, c.sign(p)), first), step(partial(c.sign(p), by), second)]),
      );
      meant.push(productOf([first, second]));
    });
    return [sumOf(symbols), sumOf(meant)];
  }

  /** part / p, a sign in front. */
  #quotient(part: Formula, p: Formula): Formula {
    const [above, below] = [input("q", [], "f64"), input("p", [], "f64")];
    const first = part.kind === "product" ? part.args[0] : part;
    const minus = first?.kind === "number" && first.value < 0;
    const size = minus ? negative(part) : part;
    const naming: Naming = (n) => (n === above ? size : n === below ? p : undefined);
    const quotient = this.#c.elements.expr(div(above, below), 0, naming);
    return minus ? negative(quotient) : quotient;
  }

  /** p_j as a symbol, its step made. */
  #quantity(found: Found, j: number, section: Section): Symbolic {
    const { lemma, letter, u, xs } = found;
    const key = `${keyOf(u)}/${j}`;
    const known = this.#quantities.get(key);
    if (known) return known;
    const c = this.#c;
    const first = ![...this.#quantities.keys()].some((k) => k.startsWith(`${keyOf(u)}/`));
    const result = c.symbol(c.names.quantity(letter, j));
    this.#quantities.set(key, result);
    const row = input("x", [xs.length], "f64");
    const naming: Naming = (n, i) => (n === row ? c.name(at(xs, i)) : undefined);
    const x = c.name(at(xs, j));
    const slope = substitute(found.slope, (n) => (n === any ? x : undefined));
    const forms = first ? [c.elements.expr(lemma.quantity(row), j, naming), slope] : [slope];
    const why = first ? [say(lemma.defines, { p: result, slope })] : [];
    c.equation({ section, kind: "local derivative", result, forms, why });
    return result;
  }
}

/** An expression as text, by which two are compared; operators by what they are written as. */
const spelled = (c: Context, e: Formula): string =>
  JSON.stringify(e, (key, v) => (key === "op" ? c.elements.operators[v as string]?.text : v));

/** The symbol that stands in `e` where `pattern` has `any`, if they are the same otherwise. */
function matched(e: Formula, pattern: Formula): string | undefined {
  let found: string | undefined;
  const same = (a: Formula, b: Formula): boolean => {
    if (b.kind === "symbol" && b.name === any) {
      if (a.kind !== "symbol" || (found !== undefined && found !== a.name)) return false;
      found = a.name;
      return true;
    }
    if (!("args" in a) || !("args" in b)) return isSame(a, b);
    if (a.kind !== b.kind || a.args.length !== b.args.length) return false;
    if (a.kind === "apply" && b.kind === "apply" && a.op !== b.op) return false;
    return zip(a.args, b.args).every(([x, y]) => same(x, y));
  };
  return same(e, pattern) ? found : undefined;
}
