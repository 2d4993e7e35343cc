/**
 * The symbolic language of derivations: a small tree over named symbols. Sums, products and signs
 * are structure; everything else is an operator of the library, printed by its own notation.
 *
 * Invariant: plain data. What a symbol or an operator means stands in the derivation's tables, so
 * a derivation that was written to JSON can be printed and evaluated again.
 */
import { at, only } from "../../core/at.ts";
import { type ExpressionEvaluator, evaluator, type ValueSource } from "../../core/evaluator.ts";
import type { Expression } from "../../core/expression.ts";
import { beats, type Position } from "../../core/meaning.ts";

/** `given`: a constant of a formula, exact as it stands; otherwise a computed value. */
interface Numeral {
  readonly kind: "number";
  readonly value: number;
  readonly given?: true;
}
/** A quantity by its name; the derivation's table of symbols says how it is written. */
export interface Symbolic {
  readonly kind: "symbol";
  readonly name: string;
}
/** A matrix of numbers, of which a large one holds some rows and columns: those counted here from 0. */
export interface Matrix {
  readonly kind: "matrix";
  readonly shape: readonly [rows: number, columns: number];
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  readonly values: readonly (readonly number[])[];
}

/** A formula over named symbols. */
export type Formula =
  | Numeral
  | Symbolic
  | Matrix
  | { readonly kind: "sum" | "product"; readonly args: readonly Formula[] }
  | { readonly kind: "apply"; readonly op: string; readonly args: readonly Formula[] };

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
  readonly expansion?: Formula;
  /** What an expansion uses several times; each may use those before it. */
  readonly parts?: readonly Formula[];
}

/** How a symbol is written, and its value where it has one. */
export interface Sign {
  readonly text: string;
  readonly tex: string;
  readonly value?: number;
}

export const given = (value: number): Formula => ({ kind: "number", value, given: true });
export const computed = (value: number): Formula => ({ kind: "number", value });
export const symbol = (name: string): Symbolic => ({ kind: "symbol", name });
export const zero = /* @__PURE__ */ given(0);
export const one = /* @__PURE__ */ given(1);

const isGiven = (e: Formula): e is Numeral => e.kind === "number" && e.given === true;
/** The numbers that given constants are; undefined if some are not. */
export function allGiven(args: readonly Formula[]): number[] | undefined {
  const found = args.filter(isGiven);
  return found.length === args.length ? found.map((a) => a.value) : undefined;
}
/** Whether two expressions are the same, part by part. */
export function isSame(a: Formula, b: Formula): boolean {
  if (a === b) return true;
  switch (a.kind) {
    case "number":
      return b.kind === "number" && same(a.value, b.value) && a.given === b.given;
    case "symbol":
      return b.kind === "symbol" && a.name === b.name;
    case "matrix":
      return b.kind === "matrix" && keyed(a) === keyed(b);
    default: {
      if (a.kind !== b.kind || a.args.length !== b.args.length) return false;
      if (a.kind === "apply" && b.kind === "apply" && a.op !== b.op) return false;
      return a.args.every((arg, i) => isSame(arg, at(b.args, i)));
    }
  }
}
const same = (a: number, b: number) => a === b || (Number.isNaN(a) && Number.isNaN(b));
/** An expression as a key: what is the same has the same key. */
export function keyed(e: Formula | undefined): string | undefined {
  if (e === undefined || !("args" in e) || !isLong(e, many)) return JSON.stringify(e);
  const known = keys.get(e) ?? JSON.stringify(e);
  keys.set(e, known);
  return known;
}
/** Those of long formulas, which are asked for often. */
const keys = new WeakMap<Formula, string>();
const many = 32;

export const isZero = (e: Formula): boolean => isGiven(e) && e.value === 0;

/** a + b + …: flat, without zeros, constants together. */
export function sumOf(terms: readonly Formula[]): Formula {
  const flat = terms.flatMap((t) => (t.kind === "sum" ? t.args : [t]));
  const constant = flat.filter(isGiven).reduce((s, t) => s + t.value, 0);
  const rest = flat.filter((t) => !isGiven(t));
  if (rest.length === 0) return given(constant);
  // A constant stays where it was, 1 − σ, but x + 1; a negative one does not begin: p − 1.
  const first = constant > 0 && flat.findIndex(isGiven) === 0;
  const all =
    constant === 0 ? rest : first ? [given(constant), ...rest] : [...rest, given(constant)];
  return joined("sum", all);
}

/** a · b · …: flat, without ones, the constant in front. */
export function productOf(factors: readonly Formula[]): Formula {
  const flat = factors.flatMap((f) => (f.kind === "product" ? f.args : [f]));
  const constant = flat.filter(isGiven).reduce((p, f) => p * f.value, 1);
  const rest = flat.filter((f) => !isGiven(f));
  if (constant === 0 || rest.length === 0) return given(constant);
  const all = constant === 1 ? rest : [given(constant), ...rest];
  return joined("product", all);
}

/** One part alone stands for itself. */
function joined(kind: "sum" | "product", args: readonly Formula[]): Formula {
  const [first, ...others] = args;
  return first && others.length === 0 ? first : { kind, args };
}

export const negative = (e: Formula): Formula => productOf([given(-1), e]);

/** The expression with some symbols replaced; the shape of sums and products is kept. */
export function substitute(e: Formula, replace: (name: string) => Formula | undefined): Formula {
  switch (e.kind) {
    case "number":
    case "matrix":
      return e;
    case "symbol":
      return replace(e.name) ?? e;
    default:
      return { ...e, args: e.args.map((a) => substitute(a, replace)) };
  }
}

/** The names of the symbols in an expression, each once. */
export function symbolsOf(e: Formula, found = new Set<string>()): Set<string> {
  if (e.kind === "symbol") found.add(e.name);
  else if ("args" in e) for (const a of e.args) symbolsOf(a, found);
  return found;
}

/** Whether an expression has more parts than `most`, what is shared counting wherever it is used. */
export function isLong(e: Formula, most: number): boolean {
  let size = 0;
  const exceeds = (e: Formula): boolean => ++size > most || ("args" in e && e.args.some(exceeds));
  return exceeds(e);
}

export type Operators = Readonly<Record<string, Operator>>;

/** The number that an expression stands for. */
export function evaluateFormula(
  e: Formula,
  valueOf: (name: string) => number,
  operators: Operators,
  each: (value: number, e: Formula) => number = (v) => v,
): number {
  const go = (e: Formula): number => {
    switch (e.kind) {
      case "number":
        return each(e.value, e);
      case "symbol":
        return each(valueOf(e.name), e);
      // It is no number: what is computed with it is printed, not evaluated.
      case "matrix":
        return Number.NaN;
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

/** What makes one number of all; see Combine. */
const combiners: Record<string, (all: readonly number[]) => number> = {
  max: (all) => Math.max(...all),
  min: (all) => Math.min(...all),
  argmax: (all) => position("argmax", all),
  argmin: (all) => position("argmin", all),
};

/** Where the best of all stands. */
const position = (combine: Position, all: readonly number[]): number =>
  all.reduce((best, value, i) => (i > 0 && beats(combine, value, at(all, best)) ? i : best), 0);

function applyOperator(op: Operator | undefined, args: number[], operators: Operators): number {
  if (op?.value) return scalarValue(op.value, (input) => at(args, input));
  const join = op?.combine && combiners[op.combine];
  if (join) return join(args);
  if (!op?.expansion) return Number.NaN;
  const parts: number[] = [];
  const valueOf = (name: string) => at(name.startsWith("%") ? parts : args, Number(name.slice(1)));
  for (const part of op.parts ?? []) parts.push(evaluateFormula(part, valueOf, operators));
  return evaluateFormula(op.expansion, valueOf, operators);
}

/** How an expression of the scalar language reads elements. */
export type ReadElement = (input: number, at: number) => number;

interface Place {
  readonly load: ReadElement;
  readonly index: readonly number[];
}

/** Evaluators that are not at work: a load may need the same expression at another place. */
const idle = new WeakMap<Expression, ExpressionEvaluator<Place>[]>();

/** The value of an expression of the scalar language, for given elements and loop indices. */
export function scalarValue(
  e: Expression,
  load: ReadElement,
  index: readonly number[] = [],
): number {
  const waiting = idle.get(e) ?? [];
  idle.set(e, waiting);
  const free = waiting.pop() ?? evaluator([e], 1, single);
  free.run({ load, index }, 0, 1);
  waiting.push(free);
  return at(only(free.results), 0);
}

/** Blocks of one position, whose elements and indices are asked for. */
const single: ValueSource<Place> = {
  index:
    (axis, y) =>
    ({ index }) => {
      y[0] = index[axis] ?? 0;
    },
  load: (e, y, value) => {
    const when = e.when && value(e.when);
    const place = value(e.at);
    return ({ load }) => {
      y[0] = when?.[0] === 0 ? e.otherwise : load(e.input, at(place, 0));
    };
  },
};
