/**
 * Section 5 where the way parts: the chain rule as a sum over paths, and each path split further,
 * until what is differentiated stands in what it is differentiated by.
 */
import { at, last } from "../../core/at.ts";
import type { Sentence } from "../derivation.ts";
import { between, partials } from "../engine/adjoint.ts";
import { type Context, calledBy } from "../engine/context.ts";
import { type Element, keyOf } from "../engine/elements.ts";
import { type Formula, isSame, one, productOf, type Symbolic, sumOf } from "../engine/expr.ts";
import { gradientAt } from "../engine/gradients.ts";
import { withTerms } from "../engine/loss.ts";
import { partial } from "../engine/notation.ts";
import { say } from "../say.ts";
import { wide } from "./detail.ts";
import { elementsIn } from "./forward.ts";
import type { Route } from "./route.ts";

/** The only way from a quantity to the loss: through what, and in which of its terms it ends. */
interface Way {
  readonly chain: readonly Element[];
  readonly term: Element;
}

/** Where each way ends in a term of its own, and the loss is the sum of these. */
function waysOf(c: Context, r: Route, via: readonly Element[]): Way[] | undefined {
  const { terms } = c;
  if (!terms || !c.trace.network) return undefined;
  const all = elementsIn(c, terms);
  if (all.length > wide) return undefined;
  const ways: Way[] = [];
  for (const y of via) {
    const chain = onwards(c, r, y);
    if (!chain) return undefined;
    const wanted = new Set([keyOf(last(chain))]);
    const [term, ...others] = all.filter((e) => between(c.elements, e, wanted).length > 0);
    if (!term || others.length > 0 || ways.some((w) => w.term === term)) return undefined;
    ways.push({ chain, term });
  }
  const root = { node: c.trace.loss, index: 0 };
  const keys = new Set(ways.map(({ term }) => keyOf(term)));
  const slopes = [...partials(c.elements, root, keys, withTerms(c, terms)).values()];
  return slopes.every(({ coefficient }) => isSame(coefficient, one)) ? ways : undefined;
}

/** From a quantity on as long as there is one way; undefined where that is not up to the loss. */
function onwards(c: Context, r: Route, from: Element): Element[] | undefined {
  const chain = [from];
  for (;;) {
    const [y, ...others] = r.consumersOf(last(chain));
    if (!y || others.length > 0) return undefined;
    if (y.node === c.trace.loss) return chain;
    chain.push(y);
  }
}

export class Split {
  readonly #c: Context;
  /** What was split before: it is said once. */
  readonly #known = new Set<string>();
  /** ∂(term)/∂x, for each way on from a quantity x. */
  readonly #parts = new Map<string, readonly Symbolic[]>();

  constructor(c: Context) {
    this.#c = c;
  }

  /** x acts on the loss through several others, `via`; `result` is its gradient. */
  tell(r: Route, x: Element, via: readonly Element[], result: Symbolic, compact: boolean): void {
    const c = this.#c;
    const ways = compact ? undefined : waysOf(c, r, via);
    if (ways) this.#throughTerms(x, ways, result);
    const sum = sumOf(via.map((y) => productOf([this.#gradient(y), this.#slope(y, x)])));
    const slots = { v: c.name(x), loss: c.loss, via: via.map((y) => c.name(y)) };
    this.#line([say(ways ? "chainTogether" : "chainSplit", slots)], result, sum);
    if (!ways && !compact && c.trace.network) this.#further(r, via);
  }

  /** The terms' parts of ∂E/∂x as steps, and their sum; undefined where it has none. */
  byTerms(
    x: Element,
    via: readonly Element[],
    product: (y: Element) => Formula,
  ): Formula | undefined {
    const parts = this.#parts.get(keyOf(x));
    if (!parts) return undefined;
    const c = this.#c;
    parts.forEach((result, i) => {
      const why = i === 0 ? [say("eachTerm")] : [];
      const forms = [product(at(via, i))];
      c.equation({ section: "substitution", kind: "chain", result, forms, why, upstream: true });
    });
    return sumOf(parts);
  }

  /** ∂E/∂x = Σ ∂(term)/∂x, and each of these split until its last factor stands in the term. */
  #throughTerms(x: Element, ways: readonly Way[], result: Symbolic): void {
    const c = this.#c;
    const v = c.name(x);
    const terms = ways.map(({ term }) => this.#term(term));
    const parts = ways.map((way) => this.#partOf(way, x, this.#slope(at(way.chain, 0), x)));
    this.#parts.set(keyOf(x), parts);
    this.#line([say("chainTerms", { v, loss: c.loss, terms })], result, sumOf(parts));
    const nets = ways.map(({ chain }) => at(chain, 0));
    const firsts = ways.map((way) => this.#partOf(way, at(way.chain, 0)));
    ways.forEach((_, i) => {
      const slope = this.#slope(at(nets, i), x);
      this.#line(
        i === 0 ? [say("chainFurther", { v, terms })] : [],
        at(parts, i),
        productOf([at(firsts, i), slope]),
      );
    });
    const via = nets.map((y) => c.name(y));
    let why = [say("chainOn", { via, terms })];
    ways.forEach((way, i) => {
      const { chain } = way;
      if (chain.length < 2 || this.#isKnown(at(nets, i))) return;
      const slopes = chain.slice(1).map((z, k) => this.#slope(z, at(chain, k)));
      const end = this.#partOf(way, last(chain));
      this.#line(why, at(firsts, i), productOf([end, ...slopes.toReversed()]));
      why = [];
    });
    why = [say("chainDelta", { via, loss: c.loss })];
    ways.forEach((_, i) => {
      const g = this.#gradient(at(nets, i));
      if (this.#known.has(`${g.name}`)) return;
      this.#known.add(g.name);
      this.#line(why, g, at(firsts, i));
      why = [];
    });
  }

  /** Where there are no terms of their own, the gradients behind are split themselves. */
  #further(r: Route, via: readonly Element[]): void {
    let why = [say("chainEach")];
    for (const y of via) {
      const chain = onwards(this.#c, r, y);
      if (!chain || chain.length < 2 || this.#isKnown(y)) continue;
      const slopes = chain.slice(1).map((z, k) => this.#slope(z, at(chain, k)));
      const end = this.#gradient(last(chain));
      this.#line(why, this.#gradient(y), productOf([end, ...slopes.toReversed()]));
      why = [];
    }
  }

  #isKnown(e: Element): boolean {
    const known = this.#known.has(keyOf(e));
    this.#known.add(keyOf(e));
    return known;
  }

  #line(why: readonly Sentence[], result: Symbolic, form: Formula): void {
    this.#c.push({ section: "chain", kind: "chain", why, result, expression: [form] });
  }

  #term = (e: Element): Symbolic => calledBy(withTerms(this.#c, this.#c.terms), e);

  /** ∂E/∂y, with its value. */
  #gradient(y: Element): Symbolic {
    const c = this.#c;
    return c.symbol(c.gradientSign(y), at(gradientAt(c.trace, y.node), y.index));
  }

  /** ∂y/∂x, with its value. */
  #slope(y: Element, x: Element): Symbolic {
    const c = this.#c;
    return c.symbol(partial(c.signOf(y), c.signOf(x)), c.evaluate(c.local(y, x)));
  }

  /** ∂(term)/∂z for a quantity on the way to it, or one that has the slope `by` behind it. */
  #partOf({ chain, term }: Way, z: Element, by?: Symbolic): Symbolic {
    const c = this.#c;
    const from = by ? at(chain, 0) : z;
    const g = at(gradientAt(c.trace, from.node), from.index) * (by ? c.evaluate(by) : 1);
    return c.symbol(partial(c.sign(this.#term(term)), c.signOf(z)), g);
  }
}
