/** One factor of the chain rule, derived: textbook forms, or the chain rule inside a composite. */
import { at, entry, last } from "../../core/at.ts";
import type { Op } from "../../core/op.ts";
import type { Section, Sentence, Step } from "../derivation.ts";
import { say } from "../say.ts";
import { between, partials } from "./adjoint.ts";
import { cancelled } from "./cancel.ts";
import { choicesIn, merged } from "./choices.ts";
import { type Context, calledBy } from "./context.ts";
import { type Calling, type Element, keyOf, type Naming } from "./elements.ts";
import {
  computed,
  type Formula,
  given,
  isSame,
  keyed,
  productOf,
  type Symbolic,
  sumOf,
} from "./expr.ts";
import { Lemmas } from "./lemmas.ts";
import { withTerms } from "./loss.ts";
import { partial } from "./notation.ts";
import { forwardSlopes } from "./slopes.ts";
import { told } from "./told.ts";

/** Of what is alike, at most so many get names. */
const many = 3;

/** Derives factors, each kind in full once. */
export class Factors {
  readonly #c: Context;
  /** Kinds that were met before, and those of them that were derived in full, with the first. */
  readonly #met = new Set<string>();
  readonly #full = new Map<string, Symbolic>();
  /** The last step of a factor, and its kind. */
  #latest: { readonly step: Step; readonly kind: string } | undefined;
  readonly #known = new Map<string, Formula>();
  /** Intermediate results that have a name already, by their definition. */
  readonly #named = new Map<string | undefined, Symbolic>();
  /** The forms of each factor, by y/x. */
  readonly #derived = new Map<string, readonly Formula[]>();
  readonly #inline: boolean;
  readonly #everyStep: boolean;
  readonly #lemmas: Lemmas;
  #intermediates = 0;

  /**
   * `inline`: what was derived once is afterwards written out where it is used; `everyStep`: it is
   * derived again.
   */
  constructor(c: Context, { inline, everyStep }: Record<"inline" | "everyStep", boolean>) {
    this.#inline = inline && !everyStep;
    this.#everyStep = everyStep;
    this.#c = c;
    this.#lemmas = new Lemmas(c);
  }

  /** ∂y/∂x as a symbol with a value; its derivation becomes a step, once. */
  symbol(y: Element, x: Element, section: Section = "factors"): Formula {
    const key = `${keyOf(y)}/${keyOf(x)}`;
    const known = this.#known.get(key);
    if (known) return known;
    const c = this.#c;
    const wanted = new Set([keyOf(x)]);
    const local = c.local(y, x);
    if (c.unwritten.has(key)) {
      const result = c.partialSymbol(y, x);
      this.#known.set(key, result);
      const forward = computed(at(forwardSlopes(c.trace, y.node, x), y.index));
      const why = [say("unsupported", { y: c.name(y), x: c.name(x), forward })];
      c.equation({ section, kind: "unsupported", result, forms: [local], why });
      return result;
    }
    const order = between(c.elements, y, wanted);
    const kind = order.map((e) => numberOf(e.node.op)).join();
    if (this.#inline && this.#met.has(kind)) {
      const form = this.#lemmas.fuse(this.#short(c.local(y, x)), section);
      this.#known.set(key, form);
      return form;
    }
    const result = c.partialSymbol(y, x);
    this.#known.set(key, result);
    this.#met.add(kind);
    const first = this.#everyStep ? undefined : this.#full.get(kind);
    const { step: before, kind: own } = this.#latest ?? {};
    const follows = own === kind && this.#last(section) === before;
    if (first) {
      const why = [follows ? say("likewise") : say("likewiseTo", { d: first })];
      this.#again(y, x, result, section, why);
    } else if (this.#inFull(y, x, result, order, section)) this.#full.set(kind, result);
    else {
      const forms = this.#cases(y, x, c.local(y, x));
      const why = this.#everyStep
        ? this.#rule(y, x, order)
        : this.#why(forms.length > 1 ? told(y.node.op.law) : undefined);
      // It must not stand under the reason of another.
      if (why.length === 0 && !follows) why.push(say("derive", { y: c.name(y), x: c.name(x) }));
      c.equation({ section, kind: "local derivative", result, forms, why });
    }
    const step = this.#last(section);
    this.#latest = step && { step, kind };
    return result;
  }

  /** What the reader has seen last in a section. */
  #last(section: Section): Step | undefined {
    const { steps, part } = this.#c;
    return steps.findLast((s) => s.section === section && s.part === part);
  }

  /** Both factors as one, ∂E/∂z, where what one divides by is what the other multiplies with. */
  cancel(root: Element, a: Element, z: Element, result: Symbolic): void {
    const c = this.#c;
    const formsOf = (y: Element, x: Element) => this.#derived.get(`${keyOf(y)}/${keyOf(x)}`) ?? [];
    const found = cancelled(c, formsOf(root, a), formsOf(a, z));
    if (!found) return;
    const both = productOf([this.symbol(root, a), this.symbol(a, z)]);
    // A guard against a division by 0 may have taken over.
    const [short, whole] = [c.evaluate(found.rest), c.evaluate(both)];
    if (!(Math.abs(short - whole) <= 1e-12 * Math.abs(whole))) return;
    const why = c.once("cancels", { factor: found.factor });
    c.equation({ section: "factors", kind: "chain", result, forms: [both, found.rest], why });
  }

  /** Why a sum of products has this derivative, or what else the record's law says. */
  #rule(y: Element, x: Element, order: readonly Element[]): Sentence[] {
    const c = this.#c;
    if (c.stageOf(y)?.role === "net") return [say("sumRule", { y: c.name(y), x: c.name(x) })];
    return [told(computing(c, order, c.elements.naming).node.op.law)];
  }

  /** Where no law is needed, what is held fixed is said once. */
  #why(law: Sentence | undefined): Sentence[] {
    return law ? [law] : this.#c.once("constant");
  }

  /** Of a kind that was derived before. */
  #again(y: Element, x: Element, result: Symbolic, section: Section, why: Sentence[]): void {
    const form = this.#short(this.#c.local(y, x));
    const short = this.#lemmas.fuse(form, section);
    const term = this.#oneTerm(y, x);
    const less = short === form ? undefined : this.#lemmas.lessTarget(short, x);
    const forms = [...(term ? [term] : []), form, ...(short === form ? [] : [less ?? short])];
    this.#c.equation({ section, kind: "local derivative", result, forms, why });
  }

  /** A derivative with both cases, where it has a choice, and for the case that holds. */
  #cases(y: Element, x: Element, holds: Formula, naming?: Naming): Formula[] {
    const { whole } = this.#c.elements;
    const key = keyOf(x);
    const found = partials(whole, y, new Set([key]), naming ?? whole.naming).get(key);
    if (!found) return [holds];
    const one = merged(whole, found.coefficient);
    return choicesIn(whole, one) === 1 ? [one, holds] : [holds];
  }

  /** The whole derivation; false if there is nothing to it. */
  #inFull(y: Element, x: Element, result: Symbolic, order: Element[], section: Section): boolean {
    const c = this.#c;
    const base = withTerms(c, c.terms);
    const names = new Map<string, Symbolic>();
    const naming: Calling = (node, index) => {
      if (node === y.node && index === y.index) return c.name(y);
      return names.get(keyOf({ node, index })) ?? base(node, index);
    };
    const own = new Set([y, ...order].map((e) => e.node));
    c.elements.extend(naming, (node) => node === c.terms || own.has(node));
    // What has the same definition as something before only passes it on.
    const terms = order.find((e) => e.node === c.terms);
    const before: { e: Element; own: Formula }[] = [];
    if (terms) before.push({ e: terms, own: c.elements.define(terms, base) });
    const defined = order.map((e) => {
      const own = c.elements.define(e, base);
      const first = before.find((x) => isSame(x.own, own))?.e ?? e;
      before.push({ e: first, own });
      return { e, first };
    });
    const main = last(defined).first;
    const steps = defined.flatMap(({ e, first }) =>
      e === first && this.#deservesName(e, base) ? [e] : [],
    );
    const inner = steps.filter((e) => e !== main);
    const [one, ...others] = inner.filter((e) => e.node !== c.terms);
    // Many that are alike need no name each: the law says what becomes of them.
    if (one && others.length >= many && others.every((e) => e.node === one.node)) {
      const why = [
        say("derive", { y: c.name(y), x: c.name(x) }),
        ...this.#why(told(one.node.op.law)),
      ];
      const forms = [c.local(y, x)];
      c.equation({ section, kind: "local derivative", result, forms, why });
      return true;
    }
    if (inner.length > 0) {
      this.#composite(y, x, result, inner, names, naming, section);
      return true;
    }
    const direct = main === order[0] && x.node === main.node.inputs[0];
    const textbook = (direct && main.node.op.textbook) || [];
    const end = c.local(y, x);
    const forms = this.#holding(
      textbook.map((form) => c.elements.rule(main, form)),
      end,
    );
    for (const form of this.#cases(y, x, end)) {
      if (keyed(forms.at(-1)) !== keyed(form)) forms.push(form);
    }
    const words = law(c, main, x, naming);
    if (!direct && !words) return false;
    this.#derived.set(`${keyOf(y)}/${keyOf(x)}`, forms);
    const reason = forms.length > 1 ? told(main.node.op.reason) : undefined;
    const why = [say("derive", { y: c.name(y), x: c.name(x) }), ...this.#why(words)];
    if (reason) why.push(reason);
    c.equation({ section, kind: "local derivative", result, forms, why });
    return true;
  }

  /** Of a textbook's forms those that hold in floating point: e^x may overflow where tanh does not. */
  #holding(forms: readonly Formula[], end: Formula): Formula[] {
    const value = this.#c.evaluate(end);
    return forms.filter((form) => {
      const own = this.#c.evaluate(form);
      return Math.abs(own - value) <= 1e-9 * Math.abs(value) || !Number.isFinite(value);
    });
  }

  #composite(
    y: Element,
    x: Element,
    result: Symbolic,
    inner: Element[],
    names: Map<string, Symbolic>,
    naming: Calling,
    section: Section,
  ): void {
    const c = this.#c;
    const own = inner.filter((e) => e.node !== c.terms);
    let why: Sentence[] = [say("derive", { y: c.name(y), x: c.name(x) })];
    const u = c.intermediate;
    if (own.length > 0) why.push(...c.once("between", { u }));
    for (const e of inner) {
      const term = own.includes(e) ? undefined : naming(e.node, e.index);
      const n = term ? 0 : ++this.#intermediates;
      const name = term ?? c.symbol({ text: u + n, tex: `${u}_{${n}}` }, c.elements.value(e));
      const forms = [c.elements.define(e, naming)];
      names.set(keyOf(e), name);
      if (term) continue;
      this.#named.set(keyed(c.elements.define(e)), name);
      // What the lemmas say is about losses.
      if (y.node === c.trace.loss) this.#lemmas.meet(e, name);
      c.equation({ section, kind: "local derivative", result: name, forms, why });
      why = [];
    }
    const keys = [keyOf(x), ...inner.map(keyOf)];
    const steps: Leg[] = [];
    for (const e of [...inner, y]) {
      const found = partials(c.elements, e, new Set(keys), naming);
      const of = c.sign(calledBy(naming, e));
      const ways = keys.flatMap((key): Way[] => {
        const way = found.get(key);
        if (!way) return [];
        const { element, coefficient } = way;
        const forms = this.#forms(e, element, coefficient, naming);
        // Where there are other ways as well, the direct one must not be called ∂y/∂x.
        if (key === keyOf(x) && found.size > 1)
          return [{ key, coefficient, sign: last(forms), forms }];
        const sign = c.symbol(partial(of, c.sign(calledBy(naming, element))));
        c.equation({
          section,
          kind: "local derivative",
          result: sign,
          forms,
          why: [...why, ...this.#why(law(c, e, element, naming))],
        });
        why = [];
        return [{ key, coefficient, sign, forms }];
      });
      steps.push({ key: keyOf(e), element: e, ways });
    }
    const from = keyOf(x);
    const legs = y.node === c.trace.loss ? this.#byTerm(x, steps, naming, section) : steps;
    const named = total(legs, from, (way) => way.sign);
    const meant = total(steps, from, (way) => way.coefficient);
    const ranks = Math.max(...steps.flatMap((s) => s.ways.map((way) => way.forms.length)));
    const all = Array.from({ length: ranks }, (_, i) =>
      total(steps, from, ({ forms }) => forms.at(Math.max(i - ranks, -forms.length))),
    );
    this.#derived.set(`${keyOf(y)}/${from}`, all);
    // What is computed beside y may have made it shorter still.
    const local = c.local(y, x);
    const briefer = JSON.stringify(local).length < JSON.stringify(meant).length;
    const short = briefer ? [meant, local] : [meant];
    const single = steps.every(({ ways }) => ways.length === 1);
    c.equation({
      section,
      kind: "local derivative",
      result,
      forms: isSame(named, result) ? short : [named, ...short],
      why: [say(single ? "togetherAlong" : "together")],
    });
    this.#lemmas.prove(y, x, result, meant, section);
  }

  /**
   * Where a loss depends on x by one of its terms alone, the term's derivative is put together
   * first and becomes a step: what is left is one leg to the term and one from there.
   */
  #byTerm(x: Element, legs: readonly Leg[], naming: Calling, section: Section): readonly Leg[] {
    const c = this.#c;
    const end = last(legs);
    const [only, ...others] = end.ways;
    const at = legs.findIndex(({ key }) => key === only?.key);
    const term = at < 1 ? undefined : legs[at];
    if (!term || others.length > 0 || term.element.node !== c.terms) return legs;
    const before = legs.slice(0, at + 1);
    const of = c.sign(calledBy(naming, term.element));
    const result = c.symbol(partial(of, c.signOf(x)));
    const from = keyOf(x);
    const named = total(before, from, (way) => way.sign);
    const meant = total(before, from, (way) => way.coefficient);
    const single = before.every(({ ways }) => ways.length === 1);
    const why = [say(single ? "togetherAlong" : "together")];
    c.equation({ section, kind: "local derivative", result, forms: [named, meant], why });
    const way = { key: from, coefficient: meant, sign: result, forms: [meant] };
    return [{ ...term, ways: [way] }, end];
  }

  /** The derivative by one term of the loss, where x acts on it by that one alone. */
  #oneTerm(y: Element, x: Element): Formula | undefined {
    const c = this.#c;
    const { terms } = c;
    if (y.node !== c.trace.loss || !terms) return undefined;
    const wanted = new Set([keyOf(x)]);
    const base = withTerms(c, terms);
    const term = between(c.elements, y, wanted).filter((e) => e.node === terms);
    const [own, ...others] = term;
    if (!own || others.length > 0) return undefined;
    const outer = partials(c.elements, y, new Set([keyOf(own)]), base).get(keyOf(own));
    const inner = partials(c.elements, own, wanted).get(keyOf(x));
    if (!outer || !inner) return undefined;
    const sign = partial(c.sign(calledBy(base, own)), c.signOf(x));
    return productOf([outer.coefficient, c.symbol(sign, c.evaluate(inner.coefficient))]);
  }

  /** The forms of one derivative inside a composite: the textbook's, the cases, the last one. */
  #forms(e: Element, x: Element, end: Formula, naming: Naming): Formula[] {
    const { elements } = this.#c;
    const [input] = e.node.inputs;
    const own = input && elements.resolve(input, e.index, naming);
    const cases = this.#cases(e, x, end, naming);
    const outer = own && this.#outer(e, own, x, naming);
    if (outer) return [outer, ...cases];
    if (!e.node.op.textbook || !own || keyOf(own) !== keyOf(x)) return cases;
    const forms = this.#holding(
      e.node.op.textbook.map((form) => elements.rule(e, form, naming)),
      end,
    );
    return keyed(forms.at(-1)) === keyed(end) ? forms : [...forms, end];
  }

  /** f′(g) · g′, where what f is applied to has no name and a slope that is a number: ((t − a)²)′. */
  #outer(e: Element, own: Element, x: Element, naming: Naming): Formula | undefined {
    const { elements } = this.#c;
    const rule = e.node.op.derivative;
    if (rule.kind !== "pointwise" || e.node.inputs.length !== 1) return undefined;
    if (keyOf(own) === keyOf(x) || elements.isNamed(own, naming)) return undefined;
    const inner = partials(elements, own, new Set([keyOf(x)]), naming).get(keyOf(x))?.coefficient;
    if (inner?.kind !== "number" || isSame(inner, given(1))) return undefined;
    const f = elements.rule(e, at(rule.partials, 0), naming);
    const factors = f.kind === "product" ? f.args : [f];
    return f.kind === "number" ? undefined : { kind: "product", args: [...factors, inner] };
  }

  /** The expression with intermediate results that were named before by their names. */
  #short(e: Formula): Formula {
    const known = e.kind === "apply" ? this.#named.get(keyed(e)) : undefined;
    if (known) return known;
    return "args" in e ? { ...e, args: e.args.map((a) => this.#short(a)) } : e;
  }

  /** Sums and products are read through; what has a name in textbooks becomes a step. */
  #deservesName(e: Element, naming: Naming): boolean {
    if (e.node === this.#c.terms) return true;
    return this.#c.elements.define(e, naming).kind === "apply";
  }
}

/** One of the derivatives inside a composite: by what, and how it is written. */
interface Way {
  readonly key: string;
  readonly coefficient: Formula;
  readonly sign: Formula;
  readonly forms: readonly Formula[];
}

/** The derivatives of one intermediate result. */
interface Leg {
  readonly key: string;
  readonly element: Element;
  readonly ways: readonly Way[];
}

/** Σ over all ways to `from` of the product along each: of names, or of what they stand for. */
function total(
  legs: readonly Leg[],
  from: string,
  value: (way: Way) => Formula | undefined,
): Formula {
  const along = new Map<string, Formula>([[from, sumOf([])]]);
  let whole: Formula = sumOf([]);
  for (const { key, ways } of legs) {
    const parts = ways.flatMap((way) => {
      const d = value(way);
      if (!d) return [];
      return [way.key === from ? d : productOf([d, entry(along, way.key)])];
    });
    whole = sumOf(parts);
    along.set(key, whole);
  }
  return whole;
}

/** Operators counted as they are met: what two have alike in name need not be the same. */
const numbers = new WeakMap<Op, number>();
let counted = 0;
function numberOf(op: Op): number {
  let known = numbers.get(op);
  if (known === undefined) numbers.set(op, (known = counted++));
  return known;
}

/** The law of the operator, as its record says it; arithmetic of several steps needs none. */
function law(c: Context, e: Element, x: Element, naming: Naming): Sentence | undefined {
  const way = between(c.elements, e, new Set([keyOf(x)]), naming);
  const { op } = computing(c, way, naming).node;
  // A law about whole matrices says little about one of their numbers.
  if (op.derivative.kind === "multilinear") return undefined;
  const named = way.length === 1 || c.elements.define(e, naming).kind === "apply";
  return named ? told(op.law) : undefined;
}

/** Of the elements of a way the one that computes the last: a reshape only passes it on. */
function computing(c: Context, way: readonly Element[], naming: Naming): Element {
  const end = last(way);
  if (way.length === 1) return end;
  const own = c.elements.define(end, naming);
  return way.find((e) => e === end || isSame(c.elements.define(e, naming), own)) ?? end;
}
