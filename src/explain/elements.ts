/**
 * A graph seen element by element: what one number of a node is made of, as an expression over the
 * numbers that it is computed from, and its partial derivatives by each of them, both read off the
 * operator's own record. No operator is known here by name.
 */
import { isFloat, type TypedArray } from "../core/dtype.ts";
import { type Expression, type Intrinsic, subexpressions } from "../core/expression.ts";
import type { Meaning, Op, RuleContext } from "../core/op.ts";
import { sizeOf, stridesOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { input } from "../ops/leaf.ts";
import * as transcendental from "../ops/transcendental.ts";
import {
  type Expr,
  evaluateExpr,
  given,
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

/** One number of a node. */
export interface Element {
  readonly node: Tensor;
  readonly index: number;
}

/** What an element is called, if it has a name. */
export type Naming = (node: Tensor, index: number) => Expr | undefined;

export interface Local {
  readonly child: Element;
  readonly coefficient: Expr;
}

/** A number that an element reads: which input of its node, and where in it. */
export interface Read {
  readonly node: Tensor;
  readonly input: number;
  readonly at: number;
}

export const keyOf = (e: Element): string => `${e.node.id}:${e.index}`;

/** How the scalar language's functions are written: by the operators that stand for them. */
const written: Partial<Record<Intrinsic, Op["notation"]>> = {
  ...Object.fromEntries(
    Object.values(transcendental)
      .filter((v): v is Op<Record<string, never>> => typeof v === "object" && "notation" in v)
      .map((op) => [op.name, op.notation]),
  ),
  div: { text: "#0 / #1", tex: "\\frac{#0}{#1}", precedence: 2 },
  pow: { text: "#0^#1", tex: "{#0}^{#1}", precedence: 4 },
  abs: { text: "|#0|", tex: "\\left|#0\\right|", precedence: 5 },
  max: { text: "max(#0, #1)", tex: "\\max\\left(#0, #1\\right)", precedence: 5 },
  min: { text: "min(#0, #1)", tex: "\\min\\left(#0, #1\\right)", precedence: 5 },
  less: { text: "#0 < #1", tex: "#0 < #1", precedence: 0 },
};

export class Elements {
  readonly operators: Record<string, Operator> = {};
  /** Names that hold everywhere; a name cuts an expression off. */
  naming: Naming = () => undefined;
  readonly #values: ReadonlyMap<Tensor, TypedArray>;
  readonly #valueOf: (name: string) => number;
  readonly #meanings = new Map<Tensor, Meaning>();
  readonly #composed = new Map<Tensor, Tensor>();
  readonly #rules = new Map<Tensor, Map<number, { g: Tensor; result: Tensor }>>();

  constructor(values: ReadonlyMap<Tensor, TypedArray>, valueOf: (name: string) => number) {
    this.#values = values;
    this.#valueOf = valueOf;
  }

  /** The element itself, past operators that only move it. A named one stays. */
  resolve(node: Tensor, index: number, naming: Naming = this.naming): Element {
    let at: Element = { node, index };
    while (naming(at.node, at.index) === undefined) {
      const inner = this.composed(at.node);
      if (inner) {
        at = { node: inner, index: at.index };
        continue;
      }
      const meaning = this.#meaning(at.node);
      const moves = at.node.op.derivative.kind === "linear" && meaning.loop === "map";
      const value = moves ? bare(meaning.value) : undefined;
      if (value?.kind !== "load" || value.when) return at;
      at = { node: at.node.inputs[value.input]!, index: this.#at(at, value.at) };
    }
    return at;
  }

  /** A node that is differentiated as its composition, as that composition. */
  composed(node: Tensor): Tensor | undefined {
    if (node.op.derivative.kind !== "compose") return undefined;
    return this.#built(node);
  }

  /** The element by name, or as an expression over named elements and leaves. */
  expr(node: Tensor, index: number, naming: Naming = this.naming): Expr {
    const at = this.resolve(node, index, naming);
    return naming(at.node, at.index) ?? this.define(at, naming);
  }

  /** What the element is computed from, its own name left aside. */
  define(named: Element, naming: Naming = this.naming): Expr {
    const e = this.#open(named);
    return this.#define(e, (input, at) => this.expr(e.node.inputs[input]!, at, naming), naming);
  }

  /** The elements that it reads directly, as positions in the inputs. */
  reads(named: Element): readonly Read[] {
    const e = this.#open(named);
    let known = this.#reads.get(e.node);
    if (!known) this.#reads.set(e.node, (known = []));
    return (known[e.index] ??= this.#read(e));
  }
  readonly #reads = new Map<Tensor, Read[][]>();

  #read(e: Element): Read[] {
    const found = new Map<string, Read>();
    const seen = (input: number, at: number): Expr => {
      found.set(`${input}:${at}`, { node: e.node.inputs[input]!, input, at });
      return symbol("read");
    };
    this.#define(e, seen, this.naming);
    return [...found.values()];
  }

  /** ∂(element)/∂(what it reads), for everything of floating-point type. */
  locals(
    named: Element,
    naming: Naming = this.naming,
    wanted: (child: Element) => boolean = () => true,
  ): Local[] {
    const e = this.#open(named);
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
  value(e: Element): number {
    const traced = this.#values.get(e.node);
    if (traced) return traced[e.index]!;
    const meaning = this.#meaning(e.node);
    if (meaning.loop === "leaf" && meaning.data) return meaning.data[e.index]!;
    return this.evaluate(this.expr(e.node, e.index));
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
    const meaning = this.#meaning(e.node);
    if (meaning.loop !== "map" || e.node.op.derivative.kind !== "pointwise") return undefined;
    // A choice is better said by the operator's name than by the branch that happens to be taken.
    if (subexpressions(meaning.value).some((s) => s.kind === "select")) return undefined;
    return this.#spell(meaning.value, e, this.#strides(e), (input, at) =>
      this.expr(e.node.inputs[input]!, at, naming),
    );
  }

  /** A composite stands for its composition. */
  #open(e: Element): Element {
    let node: Tensor | undefined = e.node;
    for (let inner = this.composed(node); inner; inner = this.composed(node)) node = inner;
    return { node, index: e.index };
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

  #meaning(node: Tensor): Meaning {
    let meaning = this.#meanings.get(node);
    if (!meaning) {
      meaning = node.op.meaning(node.inputs, node, node.attributes);
      this.#meanings.set(node, meaning);
    }
    return meaning;
  }

  #built(node: Tensor): Tensor | undefined {
    const known = this.#composed.get(node);
    if (known) return known;
    const meaning = this.#meaning(node);
    if (meaning.loop !== "compose") return undefined;
    const built = meaning.build(node.inputs);
    this.#composed.set(node, built);
    return built;
  }

  #strides(e: Element): number[] {
    const strides = stridesOf(e.node.shape);
    return e.node.shape.map((n, axis) => Math.floor(e.index / strides[axis]!) % n);
  }

  /** An index expression; where it depends on data, the data are looked up. */
  #at(e: Element, at: Expression, indices = this.#strides(e)): number {
    return scalar(at, (input, i) => this.value({ node: e.node.inputs[input]!, index: i }), indices);
  }

  #define(e: Element, read: (input: number, at: number) => Expr, naming: Naming): Expr {
    const { node, index } = e;
    const meaning = this.#meaning(node);
    switch (meaning.loop) {
      case "leaf":
        // Labels and other whole numbers are facts of the example, not quantities.
        if (meaning.data || !isFloat(node.dtype)) return given(this.value(e));
        return number(this.value(e));
      case "compose":
        return this.#opaque(e, read, naming);
      case "map":
        return this.#map(e, meaning.value, read);
      case "scan": {
        const at = this.#strides(e);
        const n = node.shape[meaning.axis]!;
        const from = meaning.reverse ? at[meaning.axis]! : 0;
        const to = meaning.reverse ? n - 1 : at[meaning.axis]!;
        const parts = Array.from({ length: to - from + 1 }, (_, i) =>
          this.#spell(meaning.value, e, at.with(meaning.axis, from + i), read),
        );
        return meaning.combine === "sum" ? sum(parts) : product(parts);
      }
      case "reduce": {
        const at = this.#strides(e);
        const parts = unravelled(meaning.over).map((r) =>
          this.#spell(meaning.value, e, [...at, ...r], read),
        );
        if (meaning.combine === "sum") return sum(parts);
        if (meaning.combine === "product") return product(parts);
        return this.#apply(node, parts, { combine: meaning.combine });
      }
      case "scatter":
        return sum(
          unravelled(meaning.over)
            .filter((u) => this.#at(e, meaning.at, u) === index)
            .map((u) => this.#spell(meaning.value, e, u, read)),
        );
    }
  }

  /** One element of a map: sums and products by structure, anything else by its notation. */
  #map(e: Element, value: Expression, read: (input: number, at: number) => Expr): Expr {
    const { node } = e;
    const inner = bare(value);
    if (inner.kind === "index") return given(this.#strides(e)[inner.axis]!);
    const structural =
      inner.kind === "load" ||
      (inner.kind === "apply" &&
        ["add", "sub", "mul", "neg"].includes(inner.fn) &&
        // One number multiplied by itself is a square, whatever it is computed by.
        inner.args.length === node.inputs.length &&
        inner.args.every((a) => a.kind === "load"));
    const { kind } = node.op.derivative;
    const pointwise = kind === "pointwise" || kind === "zero" || inner.kind === "select";
    if (structural && !(inner.kind === "load" && pointwise)) {
      return this.#spell(value, e, this.#strides(e), read);
    }
    if (!pointwise || node.inputs.some((x) => x.size !== node.size)) {
      return this.#spell(value, e, this.#strides(e), read);
    }
    const args = node.inputs.map((_, k) => read(k, e.index));
    if (args.length > 0 && args.every((a) => a.kind === "number" && a.given)) {
      return given(scalar(value, (k) => (args[k] as { value: number }).value));
    }
    // A choice whose condition is already decided is no choice.
    if (inner.kind === "select" && inner.condition.kind === "load") {
      const condition = args[inner.condition.input]!;
      if (condition.kind === "number") return args[condition.value !== 0 ? 1 : 2]!;
      if (args[1]!.kind === "number" && isSame(args[1]!, args[2]!)) return args[1]!;
    }
    return this.#apply(node, args, { value });
  }

  #apply(node: Tensor, args: Expr[], means: Partial<Operator>): Expr {
    const settings = Object.entries(node.attributes);
    const fill = (template: string) =>
      settings.reduce((t, [name, v]) => t.replaceAll(`{${name}}`, String(v)), template);
    const { text, tex, precedence } = node.op.notation;
    const arity = means.expansion ? `/${args.length}` : "";
    const known = fill(text) === text ? "" : JSON.stringify(node.attributes);
    const op = node.op.name + arity + known;
    this.operators[op] ??= { text: fill(text), tex: fill(tex), precedence, ...means };
    return { kind: "apply", op, args };
  }

  /** An operator with a composition but a derivative rule of its own stays one symbol. */
  #opaque(e: Element, read: (input: number, at: number) => Expr, naming: Naming): Expr {
    const { node } = e;
    const built = this.#built(node)!;
    const found = new Map<string, { k: number; at: number }>();
    const stop: Naming = (n, i) => {
      const k = node.inputs.indexOf(n);
      if (k < 0) return undefined;
      const key = `${k}:${i}`;
      if (!found.has(key)) found.set(key, { k, at: i });
      return symbol(`#${[...found.keys()].indexOf(key)}`);
    };
    const expansion = this.expr(built, e.index, stop);
    const args = [...found.values()].map(({ k, at }) => read(k, at));
    void naming;
    return this.#apply(node, args, { expansion });
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
          if (v.when && this.#at(e, v.when, [...indices]) === 0) return given(v.otherwise);
          return read(v.input, this.#at(e, v.at, [...indices]));
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
        dtype: "f64",
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

/** An expression without the conversions around it. */
const bare = (e: Expression): Expression => (e.kind === "cast" ? bare(e.value) : e);

const isSame = (a: Expr, b: Expr): boolean => JSON.stringify(a) === JSON.stringify(b);

/** All multi-indices of a shape, in row-major order. */
function unravelled(shape: readonly number[]): number[][] {
  const strides = stridesOf(shape);
  return Array.from({ length: sizeOf(shape) }, (_, i) =>
    shape.map((n, axis) => Math.floor(i / strides[axis]!) % n),
  );
}
