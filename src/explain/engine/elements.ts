/**
 * A graph seen element by element: what one number of a node is made of, as an expression over the
 * numbers that it is computed from, and its partial derivatives by each of them, both read off the
 * operator's own record. No operator is known here by name.
 */
import { isFloat, type TypedArray } from "../../core/dtype.ts";
import {
  type Expression,
  type Intrinsic,
  intrinsics,
  kinds,
  subexpressions,
} from "../../core/expression.ts";
import { nodesOf } from "../../core/graph.ts";
import type { Op, RuleContext } from "../../core/op.ts";
import type { Tensor } from "../../core/tensor.ts";
import { input } from "../../ops/leaf.ts";
import * as transcendental from "../../ops/transcendental.ts";
import {
  type Expr,
  evaluateExpr,
  given,
  isLong,
  isZero,
  negative,
  number,
  type Operator,
  one,
  product,
  scalar,
  sum,
  symbol,
} from "./expr.ts";
import {
  bare,
  type Element,
  keyOf,
  type Naming,
  Origins,
  type Read,
  scanned,
  unravelled,
} from "./origins.ts";

export { type Element, keyOf, type Naming } from "./origins.ts";

/** Formulas are not made longer than this, counted in symbols, numbers and operators. */
const longest = 20_000;
class TooLong extends Error {}

export interface Local {
  readonly child: Element;
  readonly coefficient: Expr;
}

/** How the scalar language's functions are written: by the operators that stand for them. */
const written: Partial<Record<Intrinsic, Op["notation"]>> = {
  ...Object.fromEntries(
    Object.values(transcendental).flatMap((v) =>
      "notation" in v ? [[v.name, v.notation] as const] : [],
    ),
  ),
  div: { text: "#0 / #1", tex: "\\frac{#0}{#1}", precedence: 2 },
  pow: { text: "#0^#1", tex: "{#0}^{#1}", precedence: 4 },
  abs: { text: "|#0|", tex: "\\left|#0\\right|", precedence: 5 },
  max: { text: "max(#0, #1)", tex: "\\max\\left(#0, #1\\right)", precedence: 5 },
  min: { text: "min(#0, #1)", tex: "\\min\\left(#0, #1\\right)", precedence: 5 },
  less: { text: "#0 < #1", tex: "#0 < #1", precedence: 0 },
};

export class Elements extends Origins {
  readonly operators: Record<string, Operator>;
  readonly #values: ReadonlyMap<Tensor, TypedArray>;
  readonly #valueOf: (name: string) => number;
  readonly #real = new Map<Tensor, boolean>();
  readonly #rules = new Map<Tensor, Map<number, { g: Tensor; result: Tensor }>>();

  /** The same with all cases of every choice; of those, they themselves. */
  readonly whole: Elements;

  constructor(
    values: ReadonlyMap<Tensor, TypedArray>,
    valueOf: (name: string) => number,
    decided?: Elements,
  ) {
    super(decided !== undefined);
    this.#values = values;
    this.#valueOf = valueOf;
    this.operators = decided?.operators ?? {};
    this.whole = decided ? this : new Elements(values, valueOf, this);
  }

  /** Which they are must not depend on numbers: see #expanded. */
  override argumentsOf(e: Element): Read[] {
    return this.whole === this ? super.argumentsOf(e) : this.whole.argumentsOf(e);
  }

  /** The element by name, or as an expression over named elements and leaves. */
  expr(node: Tensor, index: number, naming: Naming = this.naming): Expr {
    const at = this.resolve(node, index, naming);
    const known = naming(at.node, at.index) ?? this.#drawn(at);
    if (known) return known;
    // What has no name is written out wherever it is used, which may go on for ever.
    if (this.#written++ > longest) throw new TooLong();
    return this.define(at, naming);
  }
  /** Unnamed elements so far, counted where that is asked for. */
  #written = Number.NEGATIVE_INFINITY;

  /** The number itself, where no real number went into it: a draw of chance has no formula. */
  #drawn({ node, index }: Element): Expr | undefined {
    const traced = this.#values.get(node);
    const own = node.op.derivative.kind === "zero" && node.inputs.length > 0;
    return traced && own && !this.#isReal(node) ? given(traced[index]!) : undefined;
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
    const before = this.#written;
    this.#written = 0;
    try {
      return f();
    } catch (error) {
      if (error instanceof TooLong) return undefined;
      throw error;
    } finally {
      this.#written = before;
    }
  }

  /** The expression, unless it is too long; see unlessTooLong. */
  bounded(e: Expr): Expr {
    if (this.#written >= 0 && isLong(e, longest)) throw new TooLong();
    return e;
  }

  /** What the element is computed from, its own name left aside. */
  define(named: Element, naming: Naming = this.naming): Expr {
    const e = this.opened(named);
    return this.#define(e, (input, at) => this.expr(e.node.inputs[input]!, at, naming), naming);
  }

  /** ∂(element)/∂(what it reads), for everything of floating-point type. */
  locals(
    named: Element,
    naming: Naming = this.naming,
    wanted: (child: Element) => boolean = () => true,
  ): Local[] {
    const e = this.opened(named);
    const { node, index } = e;
    const rule = node.op.derivative;
    if (rule.kind === "zero" || rule.kind === "leaf" || rule.kind === "missing") return [];
    return this.reads(e)
      .filter(({ input }) => isFloat(node.inputs[input]!.dtype))
      .flatMap(({ input, at }) => {
        const child = this.resolve(node.inputs[input]!, at, naming);
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
    if (traced) return traced[e.index]!;
    const meaning = this.meaning(e.node);
    if (meaning.loop === "leaf" && meaning.data) return meaning.data[e.index]!;
    return this.evaluate(this.expr(e.node, e.index, naming));
  }

  evaluate(e: Expr): number {
    return evaluateExpr(e, this.#valueOf, this.operators);
  }

  /** A rule over scalar placeholders: `form` of the record, for this element's own operands. */
  rule(e: Element, form: (r: RuleContext) => Tensor, naming: Naming = this.naming): Expr {
    const { node, index } = e;
    const x = node.inputs.map((t, k) => input(`x${k}`, [], t.dtype));
    const y = input("y", [], node.dtype);
    const root = form({ x, y, attributes: node.attributes });
    return this.expr(root, 0, (n, i) => {
      const k = x.indexOf(n);
      if (k >= 0) return this.expr(node.inputs[k]!, index, naming);
      return n === y ? this.expr(node, index, naming) : naming(n, i);
    });
  }

  /** The operator's own formula: its meaning, spelled out in the scalar language. */
  formula(e: Element, naming: Naming = this.naming): Expr | undefined {
    const meaning = this.meaning(e.node);
    if (meaning.loop !== "map" || e.node.op.derivative.kind !== "pointwise") return undefined;
    // A choice is better said by the operator's name than by the branch that happens to be taken.
    if (subexpressions(meaning.value).some((s) => s.kind === "select")) return undefined;
    return this.#spell(meaning.value, e, this.indices(e), (input, at) =>
      this.expr(e.node.inputs[input]!, at, naming),
    );
  }

  #pointwise(e: Element, k: number, naming: Naming): Expr {
    const rule = e.node.op.derivative;
    return rule.kind === "pointwise" ? this.rule(e, rule.partials[k]!, naming) : one;
  }

  /** ∂y[index]/∂x_k[at]: the record's transposed rule, asked with a unit upstream gradient. */
  #coefficient(node: Tensor, index: number, k: number, at: number, naming: Naming): Expr {
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

  #define(e: Element, read: (input: number, at: number) => Expr, naming: Naming): Expr {
    const { node, index } = e;
    const meaning = this.meaning(node);
    switch (meaning.loop) {
      case "leaf":
        // Labels and other whole numbers are facts of the example, not quantities.
        if (meaning.data || !isFloat(node.dtype)) return given(this.value(e));
        return number(this.value(e));
      case "compose":
        return this.#opaque(e, read);
      case "map":
        return this.#map(e, meaning.value, read, naming);
      case "scan": {
        const parts = scanned(meaning, node.shape, this.indices(e)).map((at) =>
          this.#spell(meaning.value, e, at, read),
        );
        return meaning.combine === "sum" ? sum(parts) : product(parts);
      }
      case "reduce": {
        const at = this.indices(e);
        const parts = unravelled(meaning.over).map((r) =>
          this.#spell(meaning.value, e, [...at, ...r], read),
        );
        if (meaning.combine === "sum") return sum(parts);
        if (meaning.combine === "product") return product(parts);
        return this.#apply(node, parts, () => ({ combine: meaning.combine }));
      }
      case "scatter":
        return sum(
          unravelled(meaning.over)
            .filter((u) => this.at(e, meaning.at, u) === index)
            .map((u) => this.#spell(meaning.value, e, u, read)),
        );
    }
  }

  /** One element of a map: sums and products by structure, anything else by its notation. */
  #map(
    e: Element,
    whole: Expression,
    read: (input: number, at: number) => Expr,
    naming: Naming,
  ): Expr {
    const { node } = e;
    const inner = this.chosen(e, bare(whole), naming);
    if (inner.kind === "index") return given(this.indices(e)[inner.axis]!);
    if (!this.isSymbol(e, inner)) return this.#spell(inner, e, this.indices(e), read);
    const args = node.inputs.map((_, k) => read(k, e.index));
    if (args.length > 0 && args.every((a) => a.kind === "number" && a.given)) {
      return given(scalar(whole, (k) => (args[k] as { value: number }).value));
    }
    // A choice whose condition is already decided is no choice.
    if (inner.kind === "select" && inner.condition.kind === "load") {
      const condition = args[inner.condition.input]!;
      if (condition.kind === "number") return args[condition.value !== 0 ? 1 : 2]!;
      if (args[1]!.kind === "number" && isSame(args[1]!, args[2]!)) return args[1]!;
      for (const k of [1, 2]) args[k] = this.#within(args[k]!, condition, k);
    }
    return this.#apply(node, args, () => ({ value: whole }));
  }

  /** A case, in which the same choice is decided already: the case `k`. */
  #within(e: Expr, condition: Expr, k: number): Expr {
    if (!("args" in e)) return e;
    const args = e.args.map((a) => this.#within(a, condition, k));
    return this.isChoice(e) && isSame(args[0]!, condition) ? args[k]! : { ...e, args };
  }

  /** Whether an expression chooses between cases: (#1 if #0 else #2). */
  isChoice(e: Expr): boolean {
    const value = e.kind === "apply" ? this.operators[e.op]?.value : undefined;
    return value?.kind === "select" && value.condition.kind === "load";
  }

  #apply(node: Tensor, args: Expr[], means: () => Partial<Operator>): Expr {
    const settings = Object.entries(node.attributes);
    const fill = (template: string) =>
      settings.reduce((t, [name, v]) => t.replaceAll(`{${name}}`, String(v)), template);
    const { text, tex, precedence } = node.op.notation;
    // A composition is written for so many arguments.
    const arity = this.meaning(node).loop === "compose" ? `/${args.length}` : "";
    const known = fill(text) === text ? "" : JSON.stringify(node.attributes);
    const op = node.op.name + arity + known;
    this.operators[op] ??= { text: fill(text), tex: fill(tex), precedence, ...means() };
    return { kind: "apply", op, args };
  }

  /** An operator with a composition but a derivative rule of its own stays one symbol. */
  #opaque(e: Element, read: (input: number, at: number) => Expr): Expr {
    const found = this.argumentsOf(e);
    const args = found.map(({ input, at }) => read(input, at));
    return this.#apply(e.node, args, () => this.whole.#expanded(e, found));
  }

  /** A composition over its arguments; what it uses several times is a part, written out once. */
  #expanded(e: Element, found: readonly Read[]): Partial<Operator> {
    const places = new Map(found.map(({ node, at }, i) => [keyOf({ node, index: at }), i]));
    const root = this.built(e.node)!;
    const uses = this.usesIn(root, e.index, e.node.inputs);
    const known = new Map<string, Expr>();
    const parts: Expr[] = [];
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
  #spell(
    value: Expression,
    e: Element,
    indices: readonly number[],
    read: (input: number, at: number) => Expr,
  ): Expr {
    const go = (v: Expression): Expr => {
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
          if (v.fn === "add") return sum(args);
          if (v.fn === "sub") return sum([args[0]!, negative(args[1]!)]);
          if (v.fn === "mul") return product(args);
          if (v.fn === "neg") return negative(args[0]!);
          return this.#intrinsic(v.fn, args);
        }
      }
    };
    return go(value);
  }

  #intrinsic(fn: Intrinsic, args: Expr[]): Expr {
    const loads = args.map(
      (_, k): Expression => ({
        kind: "load",
        dtype: kinds[intrinsics[fn][2]][0],
        input: k,
        at: { kind: "constant", dtype: "i32", value: 0 },
        otherwise: 0,
      }),
    );
    const value: Expression = { kind: "apply", dtype: "f64", fn, args: loads };
    if (args.every((a) => a.kind === "number" && a.given)) {
      return given(scalar(value, (k) => (args[k] as { value: number }).value));
    }
    const holes = args.map((_, k) => `#${k}`).join(", ");
    const notation = written[fn] ?? {
      text: `${fn}(${holes})`,
      tex: `\\operatorname{${fn}}(${holes})`,
      precedence: 5,
    };
    this.operators[fn] ??= { ...notation, value };
    return { kind: "apply", op: fn, args };
  }
}

const isSame = (a: Expr, b: Expr): boolean => JSON.stringify(a) === JSON.stringify(b);
