/**
 * A graph seen element by element: what one number of a node is made of, as an expression over the
 * numbers that it is computed from, and its partial derivatives by each of them, both read off the
 * operator's own record. No operator is known here by name.
 */
import { at, only } from "../../core/at.ts";
import { isFloat, type TypedArray } from "../../core/dtype.ts";
import { type Expression, type Intrinsic, subexpressions } from "../../core/expression.ts";
import { nodesOf } from "../../core/graph.ts";
import type { Combine, Meaning, Op, RuleContext, Words } from "../../core/op.ts";
import type { Tensor } from "../../core/tensor.ts";
import { input } from "../../ops/leaf.ts";
import { casesOf, choiceOf, comparesWithItself, insideCase } from "./choices.ts";
import { Definitions } from "./definitions.ts";
import { Entire, isEntire } from "./entire.ts";
import {
  allGiven,
  computed,
  evaluateFormula,
  type Formula,
  given,
  isSame,
  isZero,
  keyed,
  negative,
  type Operator,
  one,
  productOf,
  scalarValue,
  sumOf,
  symbol,
} from "./expr.ts";
import { asExtreme } from "./extremes.ts";
import { called, intrinsicNotations, placesInOrder } from "./intrinsics.ts";
import {
  bare,
  type Element,
  type ElementReading,
  keyOf,
  type LocalDerivative,
  type Naming,
  Origins,
  type Read,
  scanned,
  scattered,
  unravelled,
} from "./origins.ts";
import { ofBounds, otherwise, shorter } from "./shorter.ts";
import { told } from "./told.ts";

export { type Calling, type Element, keyOf, type LocalDerivative, type Naming } from "./origins.ts";

export class Elements extends Origins {
  readonly operators: Record<string, Operator>;
  /** How operators are read aloud, where that is not as they are written. */
  readonly spoken: Map<string, Words>;
  readonly #values: ReadonlyMap<Tensor, TypedArray>;
  readonly #valueOf: (name: string) => number;
  readonly #real = new Map<Tensor, boolean>();
  readonly #rules = new Map<Tensor, Map<number, { g: Tensor; result: Tensor }>>();
  readonly #entire: Entire;
  readonly #definitions = new Definitions();
  /** Names besides the usual ones that never become others. */
  readonly lasting = new Set<Naming>();
  /** Of those with all cases, the others. */
  readonly #decided: Elements | undefined;

  /** Whether a node is a constant: nothing that is derived by acts on it, or it is held so. */
  isFixed: (node: Tensor) => boolean = () => false;

  /** The same with all cases of every choice; of those, they themselves. */
  readonly whole: Elements;

  constructor(
    values: ReadonlyMap<Tensor, TypedArray>,
    valueOf: (name: string) => number,
    decided?: Elements,
  ) {
    super(decided !== undefined);
    this.#values = values;
    this.#entire = new Entire(values, (e) => this.value(e));
    this.#valueOf = valueOf;
    this.#decided = decided;
    this.operators = decided?.operators ?? {};
    this.spoken = decided?.spoken ?? new Map();
    this.whole = decided ? this : new Elements(values, valueOf, this);
  }

  /** Which they are must not depend on numbers: see #expanded. */
  override argumentsOf(e: Element): Read[] {
    return this.whole === this ? super.argumentsOf(e) : this.whole.argumentsOf(e);
  }

  override extend(naming: Naming, more: (node: Tensor) => boolean): void {
    super.extend(naming, more);
    if (this.whole !== this) this.whole.extend(naming, more);
  }

  /** The element by name, or as an expression over named elements and leaves. */
  expr(node: Tensor, index: number, naming: Naming = this.naming): Formula {
    const at = this.resolve(node, index, naming);
    const known = naming(at.node, at.index) ?? this.#drawn(at);
    if (known) return known;
    // What is counted in an example is a fact of it.
    if (isFloat(node.dtype) && !isFloat(at.node.dtype) && this.isFixed(at.node))
      return given(this.value(at));
    this.#definitions.count(1);
    return this.define(at, naming);
  }

  /** The number itself, where no real number went into it: a draw of chance has no formula. */
  #drawn({ node, index }: Element): Formula | undefined {
    const traced = this.#values.get(node);
    const own = node.op.derivative.kind === "zero" && node.inputs.length > 0;
    return traced && own && !this.#isReal(node) ? given(at(traced, index)) : undefined;
  }

  /** Whether something of floating-point type, constants aside, is computed with. */
  #isReal(node: Tensor): boolean {
    let known = this.#real.get(node);
    if (known === undefined) {
      known = nodesOf([node]).some((n) => isFloat(n.dtype) && this.#isGiven(n));
      this.#real.set(node, known);
    }
    return known;
  }

  /** A leaf whose numbers are not part of the graph. */
  #isGiven(n: Tensor): boolean {
    const meaning = this.meaning(n);
    return meaning.loop === "leaf" && meaning.data === undefined;
  }

  /** What `f` gives; undefined where it would be a formula that nobody reads. */
  unlessTooLong<T>(f: () => T): T | undefined {
    return this.#definitions.unlessTooLong(f);
  }

  /** The expression, unless it is too long; see unlessTooLong. */
  bounded(e: Formula): Formula {
    return this.#definitions.bounded(e);
  }

  /** What the element is computed from, its own name left aside. */
  define(named: Element, naming: Naming = this.naming): Formula {
    // What is held constant is a number: of its cases only the one that holds matters.
    if (named.node.op.isHeld && this.isFixed(named.node)) {
      const value = this.value(named);
      return value === 0 ? given(0) : computed(value);
    }
    if (this.#decided && named.node.op.isHeld) return this.#decided.define(named, naming);
    const e = this.opened(named);
    const define = () => this.#define(e, this.#reading(e, naming), naming);
    const lasts = naming === this.naming || this.lasting.has(naming);
    return lasts ? this.#definitions.once(e, naming, define) : define();
  }

  /** ∂(element)/∂(what it reads), for everything of floating-point type. */
  locals(
    named: Element,
    naming: Naming = this.naming,
    wanted: (child: Element) => boolean = () => true,
  ): LocalDerivative[] {
    const e = this.opened(named);
    const { node, index } = e;
    const rule = node.op.derivative;
    if (rule.kind === "zero" || rule.kind === "leaf" || rule.kind === "missing") return [];
    return this.reads(e)
      .filter((r) => isFloat(r.node.dtype))
      .flatMap(({ node: from, input, at }) => {
        const child = this.resolve(from, at, naming);
        if (!wanted(child)) return [];
        const coefficient =
          rule.kind === "pointwise"
            ? this.#pointwise(e, input, naming)
            : this.#coefficient(node, index, input, at, naming);
        if (isZero(coefficient)) return [];
        return [{ child, coefficient }];
      });
  }

  /** The value of an element: traced, or evaluated. */
  value(e: Element, naming: Naming = this.naming): number {
    const traced = this.#values.get(e.node);
    if (traced) return at(traced, e.index);
    const meaning = this.meaning(e.node);
    if (meaning.loop === "leaf" && meaning.data) return at(meaning.data, e.index);
    return this.evaluate(this.expr(e.node, e.index, naming));
  }

  evaluate(e: Formula): number {
    return evaluateFormula(e, this.#valueOf, this.operators);
  }

  /** A rule over scalar placeholders: `form` of the record, for this element's own operands. */
  rule(e: Element, form: (r: RuleContext) => Tensor, naming: Naming = this.naming): Formula {
    const { node, index } = e;
    const x = node.inputs.map((t, k) => input(`x${k}`, [], t.dtype));
    const y = input("y", [], node.dtype);
    const root = form({ x, y, attributes: node.attributes });
    return this.expr(root, 0, (n, i) => {
      const k = x.indexOf(n);
      if (k >= 0) return this.expr(at(node.inputs, k), index, naming);
      return n === y ? this.expr(node, index, naming) : naming(n, i);
    });
  }

  /** The operator's own formula: its meaning, spelled out in the scalar language. */
  formula(e: Element, naming: Naming = this.naming): Formula | undefined {
    const textbook = this.#inTextbooks(e, e.node.op.definition, naming);
    if (textbook) return textbook;
    const meaning = this.meaning(e.node);
    if (meaning.loop !== "map" || e.node.op.derivative.kind !== "pointwise") return undefined;
    // A choice is better said by the operator's name than by the branch that happens to be taken.
    if (subexpressions(meaning.value).some((s) => s.kind === "select")) return undefined;
    return this.#spell(meaning.value, e, this.indices(e), this.#reading(e, naming));
  }

  /** Whether a number is not what the textbook's formula gives: a guard acts. */
  isGuarded = (e: Element): boolean =>
    e.node.op.definition !== undefined && !this.#inTextbooks(e, e.node.op.definition, this.naming);

  /** Of an operator that is defined by cases: all of them, and the one that holds. */
  cases(e: Element, naming: Naming = this.naming): readonly Formula[] {
    const meaning = this.meaning(e.node);
    const value = meaning.loop === "map" ? ofBounds(bare(meaning.value)) : undefined;
    if (value?.kind !== "select" || value.condition.kind === "load") return [];
    if (e.node.op.derivative.kind !== "pointwise") return [];
    const read = this.#reading(e, naming);
    const spelled = (part: Expression) => this.#spell(part, e, this.indices(e), read);
    const condition = spelled(value.condition);
    const parts = [spelled(value.then), spelled(value.otherwise)];
    const holds = at(parts, this.evaluate(condition) !== 0 ? 0 : 1);
    return [choiceOf(this, condition, at(parts, 0), at(parts, 1)), holds];
  }

  /** How an element's own expression reads its inputs. */
  #reading(e: Element, naming: Naming): ElementReading {
    return (input, place) => this.expr(at(e.node.inputs, input), place, naming);
  }

  /** A textbook's form, where it has the value that is computed: no guard acts. */
  #inTextbooks(
    e: Element,
    form: Op["definition"],
    naming: Naming,
    value = this.value(e),
  ): Formula | undefined {
    const found = form && this.rule(e, form, naming);
    if (!found) return undefined;
    const own = this.evaluate(found);
    return Math.abs(own - value) <= 1e-11 * Math.abs(value) ? found : undefined;
  }

  #pointwise(e: Element, k: number, naming: Naming): Formula {
    const { derivative: rule, definition, textbook } = e.node.op;
    if (rule.kind !== "pointwise") return one;
    const own = this.rule(e, at(rule.partials, k), naming);
    if (!definition || k > 0) return own;
    return this.#inTextbooks(e, textbook?.at(-1), naming, this.evaluate(own)) ?? own;
  }

  /** ∂y[index]/∂x_k[at]: the record's transposed rule, asked with a unit upstream gradient. */
  #coefficient(node: Tensor, index: number, k: number, at: number, naming: Naming): Formula {
    if (isEntire(node)) return computed(this.#entire.slopes(node, index, k)[at] ?? Number.NaN);
    const rules = this.#rules.get(node) ?? new Map<number, { g: Tensor; result: Tensor }>();
    this.#rules.set(node, rules);
    let made = rules.get(k);
    if (!made) {
      const rule = node.op.derivative;
      const r: RuleContext = { x: node.inputs, y: node, attributes: node.attributes };
      const g = input("g", node.shape, node.dtype);
      const result =
        rule.kind === "general"
          ? rule.reverse(g, r, k)
          : rule.kind === "linear" || rule.kind === "multilinear"
            ? rule.transpose(g, r, k)
            : g;
      made = { g, result };
      rules.set(k, made);
    }
    const { g, result } = made;
    return this.expr(result, at, (n, i) =>
      n === g ? (i === index ? one : given(0)) : naming(n, i),
    );
  }

  #define(e: Element, read: ElementReading, naming: Naming): Formula {
    const { node, index } = e;
    const meaning = this.meaning(node);
    switch (meaning.loop) {
      case "leaf":
        // Labels and other whole numbers are facts of the example, not quantities.
        if (meaning.data || !isFloat(node.dtype)) return given(this.value(e));
        return computed(this.value(e));
      case "compose":
      case "repeat":
        return this.#opaque(e, read);
      case "map":
        return this.#map(e, meaning.value, read, naming);
      case "scan": {
        const parts = scanned(meaning, node.shape, this.indices(e)).map((at) =>
          this.#spell(meaning.value, e, at, read),
        );
        return this.#joined(meaning.combine, node, parts);
      }
      // A place is a fact of the example, not a quantity.
      case "order":
        return given(this.#values.has(node) ? this.value(e) : this.#place(e, meaning));
      case "reduce": {
        const at = this.indices(e);
        const parts = unravelled(meaning.over).map((r) =>
          this.#spell(meaning.value, e, [...at, ...r], read),
        );
        return this.#joined(meaning.combine, node, parts);
      }
      case "scatter":
        return sumOf(
          scattered(meaning, (u) => this.at(e, meaning.at, u) === index).map((u) =>
            this.#spell(meaning.value, e, u, read),
          ),
        );
    }
  }

  /** Which element stands at a place of an order, by the values as they are. */
  #place(e: Element, { axis, descending, value }: Extract<Meaning, { loop: "order" }>): number {
    this.placed.push(e);
    const here = this.indices(e);
    const read = this.#reading(e, this.naming);
    const all = Array.from({ length: at(e.node.shape, axis) }, (_, k) =>
      this.evaluate(this.#spell(value, e, here.with(axis, k), read)),
    );
    return at(placesInOrder(all, descending), at(here, axis));
  }

  /** Terms joined by a loop. */
  #joined(combine: Combine, node: Tensor, parts: Formula[]): Formula {
    if (combine === "sum") return sumOf(parts);
    if (combine === "product") return productOf(parts);
    return this.#apply(node, parts, () => ({ combine }), true);
  }

  /** One element of a map: sums and products by structure, anything else by its notation. */
  #map(e: Element, whole: Expression, read: ElementReading, naming: Naming): Formula {
    const { node } = e;
    const inner = this.chosen(e, bare(whole), naming);
    if (inner.kind === "index") return given(at(this.indices(e), inner.axis));
    if (!this.isSymbol(e, inner)) return this.#spell(inner, e, this.indices(e), read);
    const args = node.inputs.map((_, k) => read(k, e.index));
    const numbers = allGiven(args);
    if (args.length > 0 && numbers) return given(scalarValue(whole, (k) => at(numbers, k)));
    const chooses = inner.kind === "select" && inner.condition.kind === "load";
    const cases = chooses ? casesOf(args) : undefined;
    if (!cases)
      return asExtreme(
        this,
        this.#apply(node, args, () => ({ value: whole })),
      );
    // A choice whose condition is already decided is no choice.
    const [condition, then, otherwise] = cases;
    // Whether a number is one is a question of the machine's.
    if (comparesWithItself(condition)) return this.evaluate(condition) !== 0 ? then : otherwise;
    if (condition.kind === "number") return condition.value !== 0 ? then : otherwise;
    if (then.kind === "number" && isSame(then, otherwise)) return then;
    const inside = [then, otherwise].map((arg, k) => insideCase(this, arg, condition, k === 0));
    return this.#apply(node, [condition, ...inside], () => ({ value: whole }));
  }

  /** Whether an expression chooses between cases: (#1 if #0 else #2). */
  isChoice(e: Formula): boolean {
    const value = e.kind === "apply" ? this.operators[e.op]?.value : undefined;
    return value?.kind === "select" && value.condition.kind === "load";
  }

  #otherwise(node: Tensor, args: readonly Formula[]): Formula | undefined {
    const f = otherwise(node, args);
    const x = f && input("x", [], "f64");
    return x && this.expr(f(x), 0, (n) => (n === x ? args[0] : undefined));
  }

  #apply(
    node: Tensor,
    args: Formula[],
    means: () => Partial<Operator>,
    reduces = false,
    choice = "",
  ): Formula {
    const short = shorter(node, args) ?? this.#otherwise(node, args);
    if (short) return short;
    const settings = Object.entries(node.attributes);
    const fill = (template: string) =>
      settings.reduce((t, [name, v]) => t.replaceAll(`{${name}}`, String(v)), template);
    const { text, tex, precedence, spoken } = told(node.op.notation);
    // A composition is written for so many arguments.
    const arity = this.meaning(node).loop === "compose" ? `/${args.length}` : "";
    const known = fill(text) === text ? "" : JSON.stringify(node.attributes);
    const op = this.#keyFor(node.op.name + arity + known + choice, reduces);
    this.operators[op] ??= { text: fill(text), tex: fill(tex), precedence, ...means() };
    if (spoken) this.spoken.set(op, { en: fill(spoken.en), zh: fill(spoken.zh) });
    return { kind: "apply", op, args };
  }

  /** The largest of two numbers, and of all, have the same name: who comes second has another key. */
  #keyFor(name: string, reduces: boolean): string {
    const known = this.operators[name];
    if (!known || (known.combine !== undefined) === reduces) return name;
    return `${name}/${reduces ? "n" : 2}`;
  }

  /** An operator with a composition but a derivative rule of its own stays one symbol. */
  #opaque(e: Element, read: ElementReading): Formula {
    const found = this.argumentsOf(e);
    if (isEntire(e.node)) {
      const op = this.#keyFor(`${e.node.op.name}/${keyOf(e)}`, false);
      this.operators[op] ??= this.#entire.operator(e, this.indices(e));
      return { kind: "apply", op, args: found.map(({ input, at }) => read(input, at)) };
    }
    const chosen = this.whole.placed.length > 0;
    const args = found.map(({ input, at }) => read(input, at));
    const means = this.whole.#expanded(e, found);
    // One that chooses by an order is another operator for each choice.
    const choice = chosen ? `/${keyed(means.expansion)}` : "";
    return this.#apply(e.node, args, () => means, false, choice);
  }

  /** A composition over its arguments; what it uses several times is a part, written out once. */
  #expanded(e: Element, found: readonly Read[]): Partial<Operator> {
    const places = new Map(found.map(({ node, at }, i) => [keyOf({ node, index: at }), i]));
    const root = this.built(e.node);
    const uses = this.usesIn(root, e.index, e.node.inputs);
    const known = new Map<string, Formula>();
    const parts: Formula[] = [];
    const naming: Naming = (node, index) => {
      const key = keyOf({ node, index });
      const place = places.get(key);
      if (place !== undefined) return symbol(`#${place}`);
      if ((uses.get(key) ?? 0) < 2 || this.meaning(node).loop === "leaf") return undefined;
      if (!known.has(key)) {
        const part = this.define({ node, index }, naming);
        known.set(key, symbol(`%${parts.push(part) - 1}`));
      }
      return known.get(key);
    };
    const expansion = this.expr(root, e.index, naming);
    return { expansion, ...(parts.length > 0 ? { parts } : {}) };
  }

  /** The scalar language as an expression. */
  #spell(value: Expression, e: Element, indices: readonly number[], read: ElementReading): Formula {
    const go = (v: Expression): Formula => {
      switch (v.kind) {
        case "constant":
          return given(v.value);
        case "index":
          return given(indices[v.axis] ?? 0);
        case "cast":
          return go(v.value);
        case "load": {
          if (v.when && this.at(e, v.when, [...indices]) === 0) return given(v.otherwise);
          return read(v.input, this.at(e, v.at, [...indices]));
        }
        case "select": {
          const condition = go(v.condition);
          const holds = this.evaluate(condition) !== 0;
          return go(holds ? v.then : v.otherwise);
        }
        case "apply": {
          const args = v.args.map(go);
          if (v.fn === "add") return sumOf(args);
          if (v.fn === "sub") return sumOf(args.map((a, k) => (k === 0 ? a : negative(a))));
          if (v.fn === "mul") return productOf(args);
          if (v.fn === "neg") return negative(only(args));
          return this.#intrinsic(v.fn, args);
        }
      }
    };
    return go(value);
  }

  #intrinsic(fn: Intrinsic, args: Formula[]): Formula {
    const value = called(fn, args.length);
    const numbers = allGiven(args);
    if (numbers) return given(scalarValue(value, (k) => at(numbers, k)));
    const holes = args.map((_, k) => `#${k}`).join(", ");
    const notation: Op["notation"] = intrinsicNotations[fn] ?? {
      text: `${fn}(${holes})`,
      tex: `\\operatorname{${fn}}(${holes})`,
      precedence: 5,
    };
    const { text, tex, precedence, spoken } = told(notation);
    const op = this.#keyFor(fn, false);
    this.operators[op] ??= { text, tex, precedence, value };
    if (spoken) this.spoken.set(op, spoken);
    return { kind: "apply", op, args };
  }
}
