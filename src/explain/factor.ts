/** One factor of the chain rule, derived: textbook forms, or the chain rule inside a composite. */
import type { Tensor } from "../core/tensor.ts";
import { between, partials } from "./adjoint.ts";
import type { Context } from "./context.ts";
import type { Section, Sentence } from "./derivation.ts";
import { type Element, keyOf, type Naming } from "./elements.ts";
import { type Expr, product, sum } from "./expr.ts";
import { Lemmas } from "./lemmas.ts";
import { withTerms } from "./loss.ts";
import { partial } from "./notation.ts";
import { say } from "./say.ts";

/** Derives factors, each kind in full once. */
export class Factors {
  readonly #c: Context;
  readonly #terms: Tensor | undefined;
  readonly #full = new Set<string>();
  readonly #known = new Map<string, Expr>();
  /** Intermediate results that have a name already, by their definition. */
  readonly #named = new Map<string, Expr>();
  readonly #inline: boolean;
  readonly #lemmas: Lemmas;
  #intermediates = 0;
  /** `inline`: what was derived once is afterwards written out where it is used. */
  constructor(c: Context, terms: Tensor | undefined, inline: boolean) {
    this.#inline = inline;
    this.#c = c;
    this.#lemmas = new Lemmas(c);
    this.#terms = terms;
  }

  /** ∂y/∂x as a symbol with a value; its derivation becomes a step, once. */
  symbol(y: Element, x: Element, section: Section = "factors"): Expr {
    const key = `${keyOf(y)}/${keyOf(x)}`;
    const known = this.#known.get(key);
    if (known) return known;
    const c = this.#c;
    const [of, by] = [c.signOf(y)!, c.signOf(x)!];
    const wanted = new Set([keyOf(x)]);
    const order = between(c.elements, y, wanted);
    const kind = order.map((e) => e.node.op.name).join();
    if (this.#inline && this.#full.has(kind)) {
      const form = this.#short(c.local(y, x));
      this.#known.set(key, form);
      return form;
    }
    const result = c.symbol(c.partialSign(of, by));
    this.#known.set(key, result);
    if (this.#full.has(kind) || !this.#inFull(y, x, result, order, section)) {
      const form = this.#short(c.local(y, x));
      const why = [say(this.#full.has(kind) ? "likewise" : "constant")];
      const short = this.#lemmas.fuse(form, section);
      const forms = short === form ? [form] : [form, short];
      c.equation({ section, kind: "local derivative", result, forms, why });
    }
    this.#full.add(kind);
    return result;
  }

  /** The whole derivation; false if there is nothing to it. */
  #inFull(y: Element, x: Element, result: Expr, order: Element[], section: Section): boolean {
    const c = this.#c;
    const base = withTerms(c, this.#terms);
    const names = new Map<string, Expr>();
    const naming: Naming = (node, index) => {
      if (node === y.node && index === y.index) return c.name(y);
      return names.get(`${node.id}:${index}`) ?? base(node, index);
    };
    const inner = order.slice(0, -1).filter((e) => this.#deservesName(e, base));
    const [only] = order;
    const textbook = only?.node.op.textbook;
    if (inner.length === 0 && order.length === 1 && only && x.node === only.node.inputs[0]) {
      const forms = (textbook ?? []).map((form) => c.elements.rule(only, form));
      const last = partials(c.elements, y, new Set([keyOf(x)])).get(keyOf(x))?.coefficient;
      if (last && JSON.stringify(forms.at(-1)) !== JSON.stringify(last)) forms.push(last);
      if (forms.length === 0) return false;
      const why = [say("derive", { y: c.name(y)!, x: c.name(x)! }), law(c, only, x, naming)];
      c.equation({ section, kind: "local derivative", result, forms, why });
      return true;
    }
    if (inner.length === 0) return false;
    this.#composite(y, x, result, inner, names, naming, section);
    return true;
  }

  #composite(
    y: Element,
    x: Element,
    result: Expr,
    inner: Element[],
    names: Map<string, Expr>,
    naming: Naming,
    section: Section,
  ): void {
    const c = this.#c;
    let why: Sentence[] = [say("derive", { y: c.name(y)!, x: c.name(x)! })];
    for (const e of inner) {
      const term = e.node === this.#terms ? naming(e.node, e.index) : undefined;
      const n = term ? 0 : ++this.#intermediates;
      const name = term ?? c.symbol({ text: `u${n}`, tex: `u_{${n}}` }, c.elements.value(e));
      const forms = [c.elements.define(e, naming)];
      names.set(keyOf(e), name);
      if (term) continue;
      this.#named.set(JSON.stringify(c.elements.define(e)), name);
      this.#lemmas.meet(e, name);
      c.equation({ section, kind: "local derivative", result: name, forms, why });
      why = [];
    }
    const steps = [...inner, y];
    const wanted = new Set([keyOf(x), ...inner.map(keyOf)]);
    const signs = new Map<string, Expr>();
    for (const e of steps) {
      const own = naming(e.node, e.index)!;
      const ways = partials(c.elements, e, wanted, naming);
      for (const [key, { element, coefficient }] of ways) {
        const by = naming(element.node, element.index)!;
        const symbol = c.symbol(partial(c.sign(own), c.sign(by)));
        // Where there are other ways as well, the direct one must not be called ∂y/∂x.
        const isDirect = key === keyOf(x) && ways.size > 1;
        const name = isDirect
          ? c.symbol({
              text: `${c.sign(symbol).text}|ᵤ`,
              tex: `\\left.${c.sign(symbol).tex}\\right|_{u}`,
            })
          : symbol;
        signs.set(`${keyOf(e)}/${key}`, name);
        const forms = textbookForms(c, e, element, coefficient, naming);
        c.equation({
          section,
          kind: "local derivative",
          result: name,
          forms,
          why: [...why, isDirect ? say("directly") : law(c, e, element, naming)],
        });
        why = [];
      }
    }
    // Both the product of the names and the product of what they stand for.
    const total = (value: (from: Element, key: string) => Expr | undefined): Expr => {
      const along = new Map<string, Expr>([[keyOf(x), sum([])]]);
      for (const e of steps) {
        const parts = [keyOf(x), ...inner.map(keyOf)].flatMap((key) => {
          const d = value(e, key);
          if (!d) return [];
          return [key === keyOf(x) ? d : product([d, along.get(key)!])];
        });
        along.set(keyOf(e), sum(parts));
      }
      return along.get(keyOf(y))!;
    };
    const named = total((e, key) => signs.get(`${keyOf(e)}/${key}`));
    const meant = total((e, key) => partials(c.elements, e, wanted, naming).get(key)?.coefficient);
    c.equation({
      section,
      kind: "local derivative",
      result,
      forms: JSON.stringify(named) === JSON.stringify(result) ? [meant] : [named, meant],
      why: [say("together")],
    });
    this.#lemmas.prove(y, x, result, meant, section);
  }

  /** The expression with intermediate results that were named before by their names. */
  #short(e: Expr): Expr {
    const known = e.kind === "apply" ? this.#named.get(JSON.stringify(e)) : undefined;
    if (known) return known;
    return "args" in e ? { ...e, args: e.args.map((a) => this.#short(a)) } : e;
  }

  /** Sums and products are read through; what has a name in textbooks becomes a step. */
  #deservesName(e: Element, naming: Naming): boolean {
    if (e.node === this.#terms) return true;
    return this.#c.elements.define(e, naming).kind === "apply";
  }
}

/** The law of the operator, as its record says it; arithmetic of several steps needs none. */
function law(c: Context, e: Element, x: Element, naming: Naming): Sentence {
  const way = between(c.elements, e, new Set([keyOf(x)]), naming);
  // A law about whole matrices says little about one of their numbers.
  if (e.node.op.derivative.kind === "multilinear") return say("constant");
  const named = way.length === 1 || c.elements.define(e, naming).kind === "apply";
  return named ? e.node.op.law : say("constant");
}

function textbookForms(c: Context, e: Element, x: Element, last: Expr, naming: Naming): Expr[] {
  const input = e.node.inputs[0];
  const own = input && c.elements.resolve(input, e.index, naming);
  if (!e.node.op.textbook || !own || keyOf(own) !== keyOf(x)) return [last];
  const forms = e.node.op.textbook.map((form) => c.elements.rule(e, form, naming));
  return JSON.stringify(forms.at(-1)) === JSON.stringify(last) ? forms : [...forms, last];
}
