/**
 * Sections 4 to 8: from the loss back to one parameter. Every gradient on the way is computed once
 * and referred to by name, so the work grows with the number of units, not of paths.
 */

import { at } from "../../core/at.ts";
import { fail } from "../../core/errors.ts";
import { bySize } from "../../core/order.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Sentence } from "../derivation.ts";
import type { Context } from "../engine/context.ts";
import { type Element, keyOf } from "../engine/elements.ts";
import {
  type Formula,
  isSame,
  productOf,
  type Symbolic,
  substitute,
  sumOf,
} from "../engine/expr.ts";
import type { Factors } from "../engine/factor.ts";
import { differentiate, gradientAt } from "../engine/gradients.ts";
import { partial } from "../engine/notation.ts";
import type { Values } from "../engine/parameters.ts";
import type { Stage } from "../engine/stages.ts";
import { say } from "../say.ts";
import { actsElsewhere, sequentialAt } from "./batch.ts";
import { type Detail, type Named, pairs, wide } from "./detail.ts";
import { elementsIn } from "./forward.ts";
import { type Link, pathTable } from "./paths.ts";
import { isForeign, type Route } from "./route.ts";
import { Split } from "./split.ts";

/** Of the error terms of one layer those of the layer before. */
const recursion =
  "\\delta^{l} = {\\left(W^{l+1}\\right)}^{\\mathsf{T}} \\delta^{l+1} \\odot f'\\left(z^{l}\\right)";
/** How many units of a wide layer are shown. */
const few = 3;

interface Settings {
  readonly compact: boolean;
  readonly sequential: boolean;
  readonly detail: Detail;
  /** Each factor with its rule, also a weight. */
  readonly everyStep: boolean;
  /** The parameters after the update. */
  readonly next: Values | undefined;
}

export class Backward {
  readonly #c: Context;
  readonly #factors: Factors;
  readonly #compact: boolean;
  readonly #everyStep: boolean;
  readonly #made = new Map<string, Symbolic>();
  readonly #sequential: boolean;
  readonly #noted = new Set<Tensor>();
  readonly #detail: Detail;
  readonly #split: Split;
  /** The part in which gradients for other parameters were introduced last. */
  #introduced = 0;

  /** The new values of the parameters, where later layers change first. */
  readonly next: Values | undefined;

  constructor(c: Context, factors: Factors, settings: Settings) {
    const { compact, sequential, detail, next } = settings;
    this.#everyStep = settings.everyStep;
    this.next = sequential ? next : undefined;
    this.#c = c;
    this.#split = new Split(c);
    this.#factors = factors;
    this.#compact = compact;
    this.#sequential = sequential;
    this.#detail = detail;
    if (!sequential) {
      differentiate(
        c.trace,
        c.trace.stages.map((s) => s.tensor),
      );
    }
  }

  /** Sections question to paths; `share` is the gradient of this example's share. */
  explain(r: Route, share: Symbolic): void {
    const c = this.#c;
    const w = c.name(r.parameter);
    const links = this.#chain(r);
    const chain = links.map(({ y }) => y);
    const end = chain.at(-1) ?? r.parameter;
    const d = c.gradientSymbol(r.entry);
    c.note("question", [say("ask", { loss: c.loss, w, d })]);
    if (actsElsewhere(c, r)) {
      c.symbol(c.sign(share), 0);
      c.note("chain", [say("noPathHere", { w, loss: c.loss, n: c.ordinal, g: share })]);
      return;
    }
    if (r.consumersOf(r.parameter).length === 0 && r.apart) {
      c.symbol(c.sign(share), 0);
      c.note("chain", [say("penaltyAlone", { w, loss: c.loss, g: share })]);
      return;
    }
    if (r.consumersOf(r.parameter).length === 0) {
      c.symbol(c.sign(d), 0);
      c.note("result", [say("noPath", { w, loss: c.loss })]);
      return;
    }
    const batched = c.trace.examples > 1;
    const result = batched ? share : d;
    if (end !== r.parameter) {
      const upstream = c.symbol(c.gradientSign(end));
      const slope = (y: Element, x: Element) =>
        this.#compact && !this.#sequential ? c.evaluate(c.local(y, x)) : undefined;
      const factors = links
        .toReversed()
        // Another parameter's factor may have been derived in its place: this one has its value, too.
        .map(({ y, x }) => c.symbol(partial(c.signOf(y), c.signOf(x)), slope(y, x)));
      c.push({
        section: "chain",
        kind: "chain",
        why: [
          ...(batched ? [say("shareIs", { g: share, n: c.ordinal, d })] : []),
          say("chainText", { w, loss: c.loss, d: result, via: chain.map((e) => c.name(e)) }),
        ],
        result,
        expression: [productOf([upstream, ...factors])],
      });
    }
    const parted = this.#part(r, end, end === r.parameter ? result : undefined);
    const displayed = this.#displayed(r, end);
    for (const e of displayed) this.#gradient(r, e);
    this.#branches(end, parted);
    this.#others(r);
    const g = this.#gradientExpr(r, end);
    const factors = links.toReversed().map(({ y, x }) => this.#factors.symbol(y, x));
    pathTable(c, r, end, {
      links,
      rest: productOf(factors),
      gradient: (y) => this.#gradientExpr(r, y),
      local: (y) => this.#local(y, end),
    });
    for (const z of [...chain, ...displayed]) this.#cancel(r, z);
    const whole = productOf([g, ...factors]);
    if (isSame(whole, result)) return;
    const acted = r.consumersOf(end);
    c.equation({
      section: "substitution",
      kind: end === r.parameter ? "fan-out sum" : "chain",
      result,
      forms: [whole],
      upstream: true,
      why: end === r.parameter && acted.length > 1 ? this.#fanOut(end, acted) : [say("all3")],
    });
  }

  /** Whether all examples are added up at once. */
  readonly together = false;

  /** What the example on show contributes to a gradient, by gradients that get steps of their own. */
  inShort(r: Route): Formula {
    const displayed = this.#displayed(r, r.parameter);
    const c = this.#c;
    if (displayed.some((e) => !this.#made.has(keyOf(e))) && this.#introduced !== c.part) {
      this.#introduced = c.part;
      c.note("substitution", [say("othersUse")]);
    }
    for (const e of displayed) this.#gradient(r, e);
    return this.#sumOver(r, r.parameter);
  }

  /** The chain rule as a sum over paths, where the way parts; the quantities on them. */
  #part(r: Route, x: Element, result: Symbolic | undefined): readonly Element[] {
    const c = this.#c;
    const via = r.consumersOf(x);
    const dense = r.reached.filter((e) => c.stageOf(e)?.role === "net" && e.node.rank === 2);
    const isDeep = this.#compact && new Set(dense.map((e) => e.node)).size > 2;
    const rule = { text: "δˡ = (Wˡ⁺¹)ᵀ δˡ⁺¹ ⊙ f′(zˡ)", tex: recursion };
    const why = isDeep ? c.once("recursion", { rule: c.symbol(rule) }) : [];
    if (why.length > 0) c.push({ section: "chain", kind: "note", why });
    const most = this.#compact ? few : wide;
    const known = via.every((y) => y.node !== c.trace.loss && c.stageOf(y));
    // Where it has been said for another parameter, its gradient is known.
    if (
      this.#sequential ||
      this.#made.has(keyOf(x)) ||
      via.length < 2 ||
      via.length > most ||
      !known
    )
      return [];
    const d = result ?? c.symbol(c.gradientSign(x));
    this.#split.tell(r, x, via, d, this.#compact);
    return via;
  }

  /** The factors of these paths that stand in sums as what they are, such as a weight. */
  #branches(x: Element, via: readonly Element[]): void {
    const c = this.#c;
    let told = false;
    for (const y of this.#everyStep ? [] : via) {
      const local = c.local(y, x);
      const isNet = c.stageOf(y)?.role === "net";
      if ("args" in local && !isNet) continue;
      if (!isNet && !this.#compact) {
        this.#factors.symbol(y, x);
        continue;
      }
      const [constant] = c.once("constant");
      const why = constant ?? say("derive", { y: c.name(y), x: c.name(x) });
      c.equation({
        section: "factors",
        kind: "local derivative",
        result: c.partialSymbol(y, x),
        forms: [local],
        why: told ? [] : [why],
      });
      told = true;
    }
  }

  /** Where z has one way to the loss, by one quantity: both derivatives as one, if they suit. */
  #cancel(r: Route, z: Element): void {
    const [a, ...others] = r.consumersOf(z);
    if (!a || others.length > 0) return;
    const [root, ...further] = r.consumersOf(a);
    if (further.length > 0 || root?.node !== this.#c.trace.loss) return;
    this.#factors.cancel(root, a, z, this.#c.symbol(this.#c.gradientSign(z)));
  }

  /** From the parameter on, as long as there is only one way to go. */
  #chain(r: Route): Link[] {
    const links: Link[] = [];
    let x = r.parameter;
    for (;;) {
      const [y, ...others] = r.consumersOf(x);
      if (!y || others.length > 0 || y.node === this.#c.trace.loss) return links;
      links.push({ x, y });
      if (this.#compact && this.#c.stageOf(y)?.role !== "out") return links;
      x = y;
    }
  }

  /** What gets a step of its own, last first: of wide layers only the largest few. */
  #displayed(r: Route, end: Element): Element[] {
    const c = this.#c;
    const from = r.reached.findIndex((e) => keyOf(e) === keyOf(end));
    const after = r.reached.slice(Math.max(0, from)).filter((e) => keyOf(e) !== keyOf(r.parameter));
    const byStage = new Map<Stage | undefined, Element[]>();
    for (const e of after) {
      const stage = c.stageOf(e);
      byStage.set(stage, [...(byStage.get(stage) ?? []), e]);
    }
    const brief = this.#detail.brief && !this.#sequential;
    return [...byStage].toReversed().flatMap(([stage, es]) => {
      if (stage && !this.#sequential && !this.#detail.shows(stage)) return [];
      const holdsEnd = es.some((e) => keyOf(e) === keyOf(end));
      if (this.#compact && stage?.role === "out" && !holdsEnd) return [];
      if (es.length <= wide && !brief) return es;
      if (this.#sequential) {
        return fail("unsupported", {
          message: "A sequential update is shown for narrow layers only.",
          expected: `at most ${wide} units in each layer behind the parameter's`,
          found: `${es.length}`,
          fix: 'Use update: "simultaneous".',
        });
      }
      const most = es.length <= wide ? 1 : few;
      const sized = es.map((e) => ({ e, g: at(gradientAt(c.trace, e.node), e.index) }));
      const some = sized.toSorted((a, b) => bySize(a.g, b.g)).slice(0, most);
      if (es.length > wide && stage) this.#noted.add(stage.tensor);
      return es.filter((e) => some.some((s) => s.e === e));
    });
  }

  /** Where one unit stands for its layer, the error terms of the others. */
  #others(r: Route): void {
    const c = this.#c;
    if (!this.#detail.brief || this.#sequential) return;
    const cells = r.reached.toReversed().flatMap((e): Named[] => {
      const stage = c.stageOf(e);
      const narrow = elementsIn(c, e.node).length <= wide;
      if (stage?.role !== "net" || !narrow || !this.#detail.shows(stage)) return [];
      if (this.#made.has(keyOf(e))) return [];
      const value = at(gradientAt(c.trace, e.node), e.index);
      return [[c.symbol(c.gradientSign(e), value), value]];
    });
    const table = pairs(c, cells);
    if (table) c.note("substitution", [say("otherDeltas")], table);
  }

  /** ∂E/∂(element) as a symbol, its step made. */
  #gradient(r: Route, e: Element): Symbolic {
    const key = keyOf(e);
    const known = this.#made.get(key);
    if (known) return known;
    const c = this.#c;
    const result = c.symbol(c.gradientSign(e));
    this.#made.set(key, result);
    const consumers = r.consumersOf(e);
    const why = this.#whyGradient(e, consumers);
    const [only, ...others] = consumers;
    if (only?.node === c.trace.loss && others.length === 0) {
      // The derivative of the loss itself: derived, and the same quantity as this gradient.
      const d = this.#factors.symbol(only, e);
      if (isSame(d, result)) return result;
      c.equation({ section: "substitution", kind: "chain", result, forms: [d], why });
      return result;
    }
    const forms = [this.#byTerms(r, e, consumers) ?? this.#sumOver(r, e)];
    const several = this.#compact ? "vector-Jacobian product" : "fan-out sum";
    const kind = consumers.length > 1 ? several : "chain";
    c.equation({ section: "substitution", kind, result, forms, why, upstream: true });
    return result;
  }

  /** What introduces the gradient of an element that acts on some others. */
  #whyGradient(e: Element, consumers: readonly Element[]): Sentence[] {
    const c = this.#c;
    const n = consumers.length;
    const why: Sentence[] = [];
    if (n > 1) why.push(...this.#fanOut(e, consumers));
    else if (c.gradientSign(e).text !== c.names.gradient(c.signOf(e)).text)
      why.push(say("deltaOf", { z: c.name(e) }));
    else why.push(say("gradientOf", { a: c.name(e) }));
    const { role, name = "", path } = c.stageOf(e) ?? {};
    const spread = consumers.find((y) => {
      const stage = c.stageOf(y);
      const beside = stage?.role === "inner" && stage.path === path;
      return beside && stage.name === name.replace(/mean$/, "variance");
    });
    if (role === "inner" && /(^|\.)mean$/.test(name) && spread) {
      why.unshift(say("meanOfDeviations", { v: c.name(spread), m: c.name(e) }));
    }
    if (consumers.some((y) => isForeign(c, y))) why.unshift(...c.once("otherExamplesToo"));
    if (this.#sequential && n > 1) why.unshift(say("newWeights"));
    if (this.#noted.delete(e.node)) {
      why.unshift(say("others", { n: elementsIn(c, e.node).length - few, m: few }));
    }
    return why;
  }

  /** Why gradients are added where a quantity acts on several others, the loss perhaps among them. */
  #fanOut(e: Element, consumers: readonly Element[]): Sentence[] {
    const c = this.#c;
    const why = [say("fanOut", { v: c.name(e), n: consumers.length })];
    if (consumers.some((y) => y.node === c.trace.loss))
      why.unshift(say("lossToo", { v: c.name(e), loss: c.loss }));
    return why;
  }

  /** The same as the sum of what acts through each term of the loss, where it was split so. */
  #byTerms(r: Route, e: Element, consumers: readonly Element[]): Formula | undefined {
    return this.#split.byTerms(e, consumers, (y) =>
      productOf([this.#gradientExpr(r, y), this.#local(y, e)]),
    );
  }

  /** Σ over consumers of (their gradient) · ∂(consumer)/∂(element). */
  #sumOver(r: Route, e: Element): Formula {
    const consumers = r.consumersOf(e);
    return sumOf(
      consumers.map((y) => {
        // What stands in the loss itself is but a part of ∂E/∂e, and must not be called so.
        if (y.node === this.#c.trace.loss)
          return consumers.length > 1 ? this.#c.local(y, e) : this.#factors.symbol(y, e);
        const local = this.#local(y, e, consumers.length === 1);
        return productOf([this.#gradientExpr(r, y), local]);
      }),
    );
  }

  /** ∂y/∂x; what is more than a weight is derived as a factor, as is the only way to go. */
  #local(y: Element, x: Element, only = false): Formula {
    const c = this.#c;
    const local = c.local(y, x);
    const { next } = this;
    // In a sequential update the later layers have changed already when δ goes through them.
    if (next) return substitute(local, (name) => c.renewedSymbol(name, next));
    if (this.#everyStep) this.#factors.symbol(y, x);
    if (c.stageOf(y)?.role === "net") return local;
    return only || "args" in local ? this.#factors.symbol(y, x) : local;
  }

  /** The gradient by name; in the compact form that of an activation is written out. */
  #gradientExpr(r: Route, e: Element): Formula {
    const c = this.#c;
    const known = this.#made.get(keyOf(e));
    if (known) return known;
    if (keyOf(e) === keyOf(r.parameter)) return this.#sumOver(r, e);
    if (isForeign(c, e)) {
      const g = this.#sequential ? sequentialAt(c, e) : gradientAt(c.trace, e.node);
      return c.symbol(c.gradientSign(e), at(g, e.index));
    }
    const stage = c.stageOf(e);
    if (this.#compact && stage?.role === "out") return this.#sumOver(r, e);
    if (!stage || this.#sequential) return this.#gradient(r, e);
    return c.symbol(c.gradientSign(e), at(gradientAt(c.trace, e.node), e.index));
  }
}
