/**
 * The scalar language in which every operator says what it computes: one element of the output as
 * an expression over elements of the inputs and over the loop's own indices. The interpreter
 * evaluates it, the compiler lowers it, and neither knows an operator by name.
 *
 * Invariants: expressions are immutable and may be shared (a DAG, not only a tree); `dtype` is the
 * type of the value; an index is an i32.
 */
import { at, entry } from "./at.ts";
import type { DType } from "./dtype.ts";
import { type Shape, stridesOf } from "./shape.ts";

/** The types that an intrinsic can take: all its arguments are of one of them. */
export const kinds = {
  real: ["f64", "f32"],
  number: ["f64", "f32", "i32"],
  integer: ["i32"],
  truth: ["bool"],
  any: ["f64", "f32", "i32", "bool"],
} as const satisfies Record<string, readonly DType[]>;

/**
 * name → number of arguments, type of the result ("same" as the first argument's), and what the
 * arguments may be.
 */
export const intrinsics = {
  add: [2, "same", "number"],
  sub: [2, "same", "number"],
  mul: [2, "same", "number"],
  div: [2, "same", "real"],
  pow: [2, "same", "real"],
  min: [2, "same", "number"],
  max: [2, "same", "number"],
  neg: [1, "same", "number"],
  abs: [1, "same", "number"],
  floor: [1, "same", "number"],
  ceil: [1, "same", "number"],
  round: [1, "same", "number"],
  trunc: [1, "same", "number"],
  sqrt: [1, "same", "real"],
  exp: [1, "same", "real"],
  expm1: [1, "same", "real"],
  log: [1, "same", "real"],
  log1p: [1, "same", "real"],
  sin: [1, "same", "real"],
  cos: [1, "same", "real"],
  tan: [1, "same", "real"],
  asin: [1, "same", "real"],
  acos: [1, "same", "real"],
  atan: [1, "same", "real"],
  sinh: [1, "same", "real"],
  cosh: [1, "same", "real"],
  tanh: [1, "same", "real"],
  asinh: [1, "same", "real"],
  acosh: [1, "same", "real"],
  atanh: [1, "same", "real"],
  erf: [1, "same", "real"],
  equal: [2, "bool", "any"],
  less: [2, "bool", "any"],
  lessEqual: [2, "bool", "any"],
  and: [2, "bool", "truth"],
  or: [2, "bool", "truth"],
  not: [1, "bool", "truth"],
  floorDiv: [2, "same", "number"],
  mod: [2, "same", "number"],
  bitAnd: [2, "same", "integer"],
  bitOr: [2, "same", "integer"],
  bitXor: [2, "same", "integer"],
  shiftLeft: [2, "same", "integer"],
  shiftRight: [2, "same", "integer"],
} as const satisfies Record<string, readonly [number, "same" | "bool", keyof typeof kinds]>;

/** The functions of the scalar language. */
export type Intrinsic = keyof typeof intrinsics;

/** A bound that is checked while a loop runs: 0 ≤ index < size, or an error. */
export interface Bound {
  readonly index: Expression;
  readonly size: number;
  /** The line to name in the error, where a loop does the work of several nodes. */
  readonly where?: () => string;
}

/** The scalar language of loops: what one element is computed from. */
export type Expression =
  | { readonly kind: "constant"; readonly dtype: DType; readonly value: number }
  /** The loop's index along an axis: the output's axes first, then those reduced over. */
  | { readonly kind: "index"; readonly dtype: "i32"; readonly axis: number }
  /** An element of an input; where `when` is given and false, `otherwise` (nothing is read). */
  | {
      readonly kind: "load";
      readonly dtype: DType;
      readonly input: number;
      /** Distance from the first element, counted in elements. */
      readonly at: Expression;
      /** The axis that `at` must stay inside, if it depends on data: checked when it is read. */
      readonly bound?: Bound;
      readonly when?: Expression;
      readonly otherwise: number;
    }
  | {
      readonly kind: "apply";
      readonly dtype: DType;
      readonly fn: Intrinsic;
      readonly args: readonly Expression[];
    }
  /** `then` where `condition` holds, else `otherwise`; both may be computed. */
  | {
      readonly kind: "select";
      readonly dtype: DType;
      readonly condition: Expression;
      readonly then: Expression;
      readonly otherwise: Expression;
    }
  | { readonly kind: "cast"; readonly dtype: DType; readonly value: Expression };

export type Load = Extract<Expression, { kind: "load" }>;

export const constant = (value: number, dtype: DType): Expression => ({
  kind: "constant",
  dtype,
  value,
});

const makeIndex = (axis: number): Expression => ({ kind: "index", dtype: "i32", axis });
/** Of the first axes one for all: expressions are immutable, and nearly every one has some. */
const firstIndices = Array.from({ length: 8 }, (_, axis) => makeIndex(axis));

export const index = (axis: number): Expression => firstIndices[axis] ?? makeIndex(axis);

export function applyTo(fn: Intrinsic, args: readonly Expression[]): Expression {
  const dtype = intrinsics[fn][1] === "bool" ? "bool" : at(args, 0).dtype;
  return { kind: "apply", dtype, fn, args };
}

export const apply = (fn: Intrinsic, ...args: Expression[]): Expression => applyTo(fn, args);

export const selectExpression = (
  condition: Expression,
  then: Expression,
  otherwise: Expression,
): Expression => ({ kind: "select", dtype: then.dtype, condition, then, otherwise });

export const castExpression = (value: Expression, dtype: DType): Expression =>
  value.dtype === dtype ? value : { kind: "cast", dtype, value };

/** i32 arithmetic on indices, folded where it is trivial so that index maps print briefly. */
export const plus = (a: Expression, b: Expression | number): Expression => {
  const right = typeof b === "number" ? constant(b, "i32") : b;
  if (isZero(right)) return a;
  return isZero(a) ? right : apply("add", a, right);
};
export const times = (a: Expression, b: number): Expression =>
  b === 1 ? a : b === 0 ? constant(0, "i32") : apply("mul", a, constant(b, "i32"));

const isZero = (e: Expression): boolean => e.kind === "constant" && e.value === 0;

/** The row-major offset of a multi-index. */
export function offset(shape: Shape, place: readonly Expression[]): Expression {
  const strides = stridesOf(shape);
  let sum = constant(0, "i32");
  // An axis of size 1 has the single index 0, whatever the expression says.
  for (const [axis, i] of place.entries()) {
    if (shape[axis] !== 1) sum = plus(sum, times(i, at(strides, axis)));
  }
  return sum;
}

/** The loop's own indices 0 … rank−1, shifted by `from` axes. */
export const indices = (rank: number, from = 0): Expression[] =>
  Array.from({ length: rank }, (_, axis) => index(from + axis));

interface LoadOptions {
  readonly bound?: Bound;
  readonly when?: Expression;
  readonly otherwise?: number;
}

export const load = (
  input: number,
  dtype: DType,
  at: Expression,
  options?: LoadOptions,
): Expression => {
  const plain: Expression = { kind: "load", dtype, input, at, otherwise: 0 };
  return options ? { ...plain, ...options } : plain;
};

const leaf: readonly Expression[] = [];

/** The direct sub-expressions, in the order in which they are evaluated. */
export function operands(e: Expression): readonly Expression[] {
  switch (e.kind) {
    case "constant":
    case "index":
      return leaf;
    case "load":
      if (!e.when && !e.bound) return [e.at];
      return [...(e.when ? [e.when] : []), ...(e.bound ? [e.bound.index] : []), e.at];
    case "apply":
      return e.args;
    case "select":
      return [e.condition, e.then, e.otherwise];
    case "cast":
      return [e.value];
  }
}

/** Every distinct sub-expression of one or several, operands before what uses them. */
export function subexpressions(roots: Expression | readonly Expression[]): Expression[] {
  const order: Expression[] = [];
  const seen = new Set<Expression>();
  const visit = (e: Expression): void => {
    if (seen.has(e)) return;
    seen.add(e);
    if (e.kind === "apply") for (const operand of e.args) visit(operand);
    else if (e.kind === "load" && !e.when && !e.bound) visit(e.at);
    else if (e.kind !== "constant" && e.kind !== "index") operands(e).forEach(visit);
    order.push(e);
  };
  if ("kind" in roots) visit(roots);
  else roots.forEach(visit);
  return order;
}

/** The sub-expressions that are values, not merely part of where a load reads. */
export function valuesOf(roots: readonly Expression[]): Set<Expression> {
  const seen = new Set<Expression>();
  const visit = (e: Expression): void => {
    if (seen.has(e)) return;
    seen.add(e);
    if (e.kind !== "load") for (const operand of operands(e)) visit(operand);
  };
  roots.forEach(visit);
  return seen;
}

/**
 * The expression as a line of text, for printed graphs and programs. What is used several times is
 * named first, so that the text is no longer than the expression: `t0 = exp(x0[i0]); mul(t0, t0)`.
 */
export function formatExpression(root: Expression): string {
  const uses = new Map<Expression, number>();
  const all = subexpressions(root);
  for (const e of all.flatMap(operands)) uses.set(e, (uses.get(e) ?? 0) + 1);
  const text = new Map<Expression, string>();
  const named: string[] = [];
  for (const e of all) {
    const line = formatWith(e, (operand) => entry(text, operand));
    const plain = e.kind === "constant" || e.kind === "index" || (uses.get(e) ?? 0) < 2;
    text.set(e, plain ? line : `t${named.length}`);
    if (!plain) named.push(`t${named.length} = ${line}`);
  }
  return [...named, entry(text, root)].join("; ");
}

function formatWith(e: Expression, show: (operand: Expression) => string): string {
  switch (e.kind) {
    case "constant":
      return String(e.value);
    case "index":
      return `i${e.axis}`;
    case "load": {
      const read = `x${e.input}[${show(e.at)}]`;
      return e.when ? `(${show(e.when)} ? ${read} : ${e.otherwise})` : read;
    }
    case "apply":
      return `${e.fn}(${e.args.map(show).join(", ")})`;
    case "select":
      return `(${show(e.condition)} ? ${show(e.then)} : ${show(e.otherwise)})`;
    case "cast":
      return `${e.dtype}(${show(e.value)})`;
  }
}
