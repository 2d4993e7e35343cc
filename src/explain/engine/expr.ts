/**
 * The symbolic language of derivations: a small tree over named symbols. Sums, products and signs
 * are structure; everything else is an operator of the library, printed by its own notation.
 *
 * Invariant: plain data. What a symbol or an operator means stands in the derivation's tables, so
 * a derivation that was written to JSON can be printed and evaluated again.
 */
import { real } from "../../backends/interpreter/intrinsics.ts";
import type { Expression, Intrinsic } from "../../core/expression.ts";

export type Expr =
  /** `given`: a constant of a formula, exact as it stands; otherwise a computed value. */
  | { readonly kind: "number"; readonly value: number; readonly given?: true }
  | { readonly kind: "symbol"; readonly name: string }
  | { readonly kind: "sum" | "product"; readonly args: readonly Expr[] }
  | { readonly kind: "apply"; readonly op: string; readonly args: readonly Expr[] };

/** How an operator is written and what it computes, in one of three ways. */
export interface Operator {
  readonly text: string;
  readonly tex: string;
  readonly precedence: number;
  /** One element, as an expression of the scalar language over its arguments. */
  readonly value?: Expression;
  /** A reduction over all arguments. */
  readonly combine?: string;
  /** An expression over the arguments as symbols, "#0", "#1" …, and over the `parts`, "%0" … */
  readonly expansion?: Expr;
  /** What an expansion uses several times; each may use those before it. */
  readonly parts?: readonly Expr[];
}

/** How a symbol is written, and its value where it has one. */
export interface Sign {
  readonly text: string;
  readonly tex: string;
  readonly value?: number;
}

export const given = (value: number): Expr => ({ kind: "number", value, given: true });
export const number = (value: number): Expr => ({ kind: "number", value });
export const symbol = (name: string): Expr => ({ kind: "symbol", name });
export const zero = given(0);
export const one = given(1);

const isGiven = (e: Expr): e is Expr & { kind: "number" } =>
  e.kind === "number" && e.given === true;
export const isZero = (e: Expr): boolean => isGiven(e) && e.value === 0;

/** a + b + …: flat, without zeros, constants together. */
export function sum(terms: readonly Expr[]): Expr {
  const flat = terms.flatMap((t) => (t.kind === "sum" ? t.args : [t]));
  const constant = flat.filter(isGiven).reduce((s, t) => s + (t as { value: number }).value, 0);
  const rest = flat.filter((t) => !isGiven(t));
  if (rest.length === 0) return given(constant);
  // A constant stays where it was, 1 − σ, but x + 1; a negative one does not begin: p − 1.
  const first = constant > 0 && flat.findIndex(isGiven) === 0;
  const all =
    constant === 0 ? rest : first ? [given(constant), ...rest] : [...rest, given(constant)];
  return all.length === 1 ? all[0]! : { kind: "sum", args: all };
}

/** a · b · …: flat, without ones, the constant in front. */
export function product(factors: readonly Expr[]): Expr {
  const flat = factors.flatMap((f) => (f.kind === "product" ? f.args : [f]));
  const constant = flat.filter(isGiven).reduce((p, f) => p * (f as { value: number }).value, 1);
  const rest = flat.filter((f) => !isGiven(f));
  if (constant === 0 || rest.length === 0) return given(constant);
  const all = constant === 1 ? rest : [given(constant), ...rest];
  return all.length === 1 ? all[0]! : { kind: "product", args: all };
}

export const negative = (e: Expr): Expr => product([given(-1), e]);

/** The expression with some symbols replaced; the shape of sums and products is kept. */
export function substitute(e: Expr, replace: (name: string) => Expr | undefined): Expr {
  switch (e.kind) {
    case "number":
      return e;
    case "symbol":
      return replace(e.name) ?? e;
    default:
      return { ...e, args: e.args.map((a) => substitute(a, replace)) };
  }
}

/** The names of the symbols in an expression, each once. */
export function symbolsOf(e: Expr, found = new Set<string>()): Set<string> {
  if (e.kind === "symbol") found.add(e.name);
  else if (e.kind !== "number") for (const a of e.args) symbolsOf(a, found);
  return found;
}

/** Whether an expression has more parts than `most`, what is shared counting wherever it is used. */
export function isLong(e: Expr, most: number): boolean {
  let size = 0;
  const exceeds = (e: Expr): boolean => ++size > most || ("args" in e && e.args.some(exceeds));
  return exceeds(e);
}

export type Operators = Readonly<Record<string, Operator>>;

/** The number that an expression stands for. */
export function evaluateExpr(
  e: Expr,
  valueOf: (name: string) => number,
  operators: Operators,
  each: (value: number, e: Expr) => number = (v) => v,
): number {
  const go = (e: Expr): number => {
    switch (e.kind) {
      case "number":
        return each(e.value, e);
      case "symbol":
        return each(valueOf(e.name), e);
      case "sum":
        return e.args.reduce((s, a) => s + go(a), 0);
      case "product":
        return e.args.reduce((p, a) => p * go(a), 1);
      case "apply":
        return applyOperator(operators[e.op], e.args.map(go), operators);
    }
  };
  return go(e);
}

const combiners: Record<string, (a: number, b: number) => number> = {
  max: Math.max,
  min: Math.min,
};

function applyOperator(op: Operator | undefined, args: number[], operators: Operators): number {
  if (op?.value) return scalar(op.value, (input) => args[input]!);
  const join = op?.combine && combiners[op.combine];
  if (join) return args.reduce((a, b) => join(a, b));
  if (!op?.expansion) return Number.NaN;
  const parts: number[] = [];
  const valueOf = (name: string) => (name.startsWith("%") ? parts : args)[Number(name.slice(1))]!;
  for (const part of op.parts ?? []) parts.push(evaluateExpr(part, valueOf, operators));
  return evaluateExpr(op.expansion, valueOf, operators);
}

/** How an expression of the scalar language reads elements, and where its loops stand. */
export type Load = (input: number, at: number) => number;
export type Scalar = (load: Load, index: readonly number[]) => number;

/** An expression of the scalar language, for given elements and loop indices. */
export const scalar = (e: Expression, load: Load, index: readonly number[] = []): number =>
  compiled(e)(load, index);

const known = new WeakMap<Expression, Scalar>();

/** The same as a function: index arithmetic runs once for every term of long sums. */
export function compiled(e: Expression): Scalar {
  let f = known.get(e);
  if (!f) known.set(e, (f = compile(e)));
  return f;
}

function compile(e: Expression): Scalar {
  switch (e.kind) {
    case "constant":
      return () => e.value;
    case "index":
      return (_, index) => index[e.axis] ?? 0;
    case "load": {
      const at = compile(e.at);
      const when = e.when && compile(e.when);
      return (load, index) =>
        when && when(load, index) === 0 ? e.otherwise : load(e.input, at(load, index));
    }
    case "apply": {
      const [a, b] = e.args.map(compile) as [Scalar, Scalar?];
      const f = intrinsics[e.fn] ?? blockwise(e.fn);
      return b
        ? (load, index) => f(a(load, index), b(load, index))
        : (load, index) => f(a(load, index), 0);
    }
    case "select": {
      const [condition, then, otherwise] = [e.condition, e.then, e.otherwise].map(compile) as [
        Scalar,
        Scalar,
        Scalar,
      ];
      return (load, index) =>
        condition(load, index) !== 0 ? then(load, index) : otherwise(load, index);
    }
    case "cast": {
      const value = compile(e.value);
      return e.dtype === "i32" ? (load, index) => Math.trunc(value(load, index)) : value;
    }
  }
}

type Binary = (a: number, b: number) => number;

/** What index arithmetic consists of. */
const intrinsics: Partial<Record<Intrinsic, Binary>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  floorDiv: (a, b) => Math.floor(a / b),
  mod: (a, b) => a - Math.floor(a / b) * b,
};

const [y, a, b] = [new Float64Array(1), new Float64Array(1), new Float64Array(1)];

/** Any other function as the interpreter computes it. */
const blockwise =
  (fn: Intrinsic): Binary =>
  (first, second) => {
    a[0] = first;
    b[0] = second;
    real[fn](y, a, b, 1);
    return y[0]!;
  };
