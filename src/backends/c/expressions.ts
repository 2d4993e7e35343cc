/** Expressions of the scalar language as C, one element at a time. */
import { linearForm } from "../../compile/affine.ts";
import { at } from "../../core/at.ts";
import { type DType, isFloat } from "../../core/dtype.ts";
import { type Elementary, functions } from "../../core/elementary/functions.ts";
import { type Expression, type Intrinsic, type Load, operands } from "../../core/expression.ts";
import type { Shape } from "../../core/shape.ts";
import { type RealType, realText } from "./elementary.ts";

export const cTypes: Readonly<Record<DType, string>> = {
  f64: "double",
  f32: "float",
  i32: "i32",
  bool: "u8",
};

type Text = (a: string, b: string) => string;
const infix =
  (sign: string): Text =>
  (a, b) =>
    `${a} ${sign} ${b}`;
const called =
  (name: string): Text =>
  (a, b) =>
    b === "" ? `${name}(${a})` : `${name}(${a}, ${b})`;
const same: Text = (a) => a;

const relations = { equal: infix("=="), less: infix("<"), lessEqual: infix("<=") };
const signs: Partial<Record<Intrinsic, Text>> = {
  add: infix("+"),
  sub: infix("-"),
  mul: infix("*"),
  div: infix("/"),
  neg: (a) => `-${a}`,
  ...relations,
};
/** C's own functions, which are exact or rounded once. */
const own: Partial<Record<Intrinsic, string>> = {
  ...{ abs: "fabs", floor: "floor", ceil: "ceil", round: "rint", trunc: "trunc", sqrt: "sqrt" },
};
const integers: Partial<Record<Intrinsic, Text>> = {
  add: called("i32_add"),
  sub: called("i32_sub"),
  mul: called("i32_mul"),
  min: called("i32_min"),
  max: called("i32_max"),
  neg: (a) => `i32_sub(0, ${a})`,
  abs: (a) => `(${a} < 0 ? i32_sub(0, ${a}) : ${a})`,
  ...{ floor: same, ceil: same, round: same, trunc: same },
  floorDiv: called("i32_floor_div"),
  mod: called("i32_mod"),
  bitAnd: infix("&"),
  bitOr: infix("|"),
  bitXor: infix("^"),
  shiftLeft: called("i32_shl"),
  shiftRight: called("i32_shr"),
  ...relations,
};
const truths: Partial<Record<Intrinsic, Text>> = {
  and: infix("&"),
  or: infix("|"),
  not: (a) => `!${a}`,
  ...relations,
};

/** What the kernels of a file need, and what they agree on. */
export interface FileNeeds {
  readonly functions: Map<RealType, Set<Elementary>>;
  /** The user's lines whose indices are checked. */
  readonly lines: (() => string)[];
  /** How many values and kernels have a name. */
  names: number;
  kernels: number;
  /** Functions that sum a matrix product's tile, each by what it depends on. */
  readonly micros: Map<string, { readonly name: string; readonly text: string }>;
  /** Bytes of a vector. */
  readonly vectorBytes: number;
  /** Whether a product and a sum may be rounded once. */
  readonly fuses: boolean;
}

const isElementary = (fn: Intrinsic): fn is Intrinsic & Elementary => fn in functions;

export function applied(
  fn: Intrinsic,
  dtype: DType,
  args: readonly string[],
  needs: FileNeeds,
): string {
  const [a = "", b = ""] = args;
  if (isFloat(dtype)) {
    const sign = signs[fn];
    if (sign) return sign(a, b);
    if (own[fn]) return called(`__builtin_${own[fn]}${dtype === "f32" ? "f" : ""}`)(a, b);
    if (!isElementary(fn)) return called(`${dtype}_${fn}`)(a, b);
    needs.functions.set(dtype, (needs.functions.get(dtype) ?? new Set()).add(fn));
    return called(`${fn}_${dtype}`)(a, b);
  }
  const text = (dtype === "i32" ? integers : truths)[fn];
  if (text === undefined) throw new TypeError(`${fn} of ${dtype}`);
  return text(a, b);
}

export const numberText = (value: number, dtype: DType): string => {
  if (isFloat(dtype)) return realText(value, dtype);
  return value === -(2 ** 31) ? "(-2147483647 - 1)" : `${value}`;
};

function converted(text: string, from: DType, to: DType): string {
  if (to === "bool") return `${text} != 0`;
  if (to === "i32" && isFloat(from)) return `i32_from_${from}(${text})`;
  return `(${cTypes[to]})${text}`;
}

/** What an expression depends on: the loop's axes by number, and the loop's result. */
const resultBit = 2 ** 31;
const bitOf = (axis: number): number => 1 << Math.min(axis, 30);

/** A pair of braces: which indices are known inside, and what has been computed there. */
export class Scope {
  readonly lines: string[] = [];
  readonly outer: Scope | undefined;
  readonly #known = new Map<Expression, string>();
  #available: number;

  constructor(outer?: Scope) {
    this.outer = outer;
    this.#available = outer ? outer.#available : 0;
  }

  /** From here on the axis's index is a variable. */
  has(axis: number): this {
    this.#available |= bitOf(axis);
    return this;
  }

  /** From here on the loop's result is known. */
  hasResult(): this {
    this.#available |= resultBit;
    return this;
  }

  knows(dependencies: number): boolean {
    return (dependencies & ~this.#available) === 0;
  }

  get(e: Expression): string | undefined {
    return this.#known.get(e) ?? this.outer?.get(e);
  }

  set(e: Expression, name: string): string {
    this.#known.set(e, name);
    return name;
  }
}

/** Where a kernel's elements come from. */
export interface ElementSource {
  /** Sizes along all indices, for places that are linear. */
  readonly all: Shape;
  readonly reads: number;
  /** The array of a load, as C. */
  readonly array: (input: number) => string;
  /** The number that a buffer stands for, given when the function is called. */
  readonly given: (input: number) => string | undefined;
  /** How many elements the load's buffer has. */
  readonly size: (input: number) => number;
  /** The loop's result, where it is known. */
  readonly result: string;
  /** The number of a line that errors name, as C. */
  readonly line: (where: () => string) => string;
  readonly where: () => string;
  readonly needs: FileNeeds;
  readonly dependencies: Map<Expression, number>;
}

function dependenciesOf(e: Expression, place: ElementSource): number {
  const known = place.dependencies.get(e);
  if (known !== undefined) return known;
  let found = 0;
  if (e.kind === "index") found = place.all[e.axis] === 1 ? 0 : bitOf(e.axis);
  else if (e.kind === "load" && e.input === place.reads) found = resultBit;
  else for (const x of operands(e)) found |= dependenciesOf(x, place);
  place.dependencies.set(e, found);
  return found;
}

export const fresh = (needs: FileNeeds): string => `t${needs.names++}`;

/** The index along an axis, as C. */
const indexText = (axis: number, { all }: ElementSource): string =>
  all[axis] === 1 ? "0" : `(i32)i${axis}`;

/** base + Σ coefficients·indices, as C in `long`. */
export function linearText(
  coefficients: readonly number[],
  base: number,
  index: (axis: number) => string = (axis) => `i${axis}`,
): string {
  const terms = coefficients.flatMap((c, axis) => {
    if (c === 0) return [];
    return [c === 1 ? index(axis) : `${index(axis)} * ${c}L`];
  });
  if (base !== 0 || terms.length === 0) terms.push(`${base}`);
  return terms.join(" + ").replaceAll("+ -", "- ");
}

/** Coefficients, but 0 for axes of size 1, along which no index is declared. */
export const withoutOne = (coefficients: readonly number[], extents: Shape): number[] =>
  coefficients.map((c, axis) => (extents[axis] === 1 ? 0 : c));

/** The expression's value: computed where its indices are known first, once. */
export function valueText(e: Expression, scope: Scope, place: ElementSource): string {
  const known = scope.get(e);
  if (known !== undefined) return known;
  if (e.kind === "constant") return `(${numberText(e.value, e.dtype)})`;
  if (e.kind === "index") return indexText(e.axis, place);
  if (e.kind === "load" && e.input === place.reads) return place.result;
  const needed = dependenciesOf(e, place);
  let home = scope;
  while (home.outer?.knows(needed)) home = home.outer;
  const text = textOf(e, home, place);
  const name = fresh(place.needs);
  home.lines.push(`const ${cTypes[e.dtype]} ${name} = ${text};`);
  return home.set(e, name);
}

function textOf(e: Expression, scope: Scope, place: ElementSource): string {
  const operand = (x: Expression) => valueText(x, scope, place);
  switch (e.kind) {
    case "apply":
      return applied(e.fn, at(e.args, 0).dtype, e.args.map(operand), place.needs);
    case "select": {
      const [condition, then, otherwise] = [e.condition, e.then, e.otherwise].map(operand);
      return `${condition} ? ${then} : ${otherwise}`;
    }
    case "cast":
      return converted(operand(e.value), e.value.dtype, e.dtype);
    case "load":
      return loadText(e, scope, place);
    default:
      throw new TypeError(`${e.kind} has no text of its own`);
  }
}

function loadText(e: Load, scope: Scope, place: ElementSource): string {
  const given = place.given(e.input);
  if (given !== undefined) return given;
  const otherwise = numberText(e.otherwise, e.dtype);
  if (place.size(e.input) === 0 && e.when) return otherwise;
  const form = linearForm(e.at, place.all);
  const index = form
    ? linearText(withoutOne(form.coefficients, place.all), form.base)
    : valueText(e.at, scope, place);
  const read = `${place.array(e.input)}[${index}]`;
  if (e.when) return `${valueText(e.when, scope, place)} ? ${read} : ${otherwise}`;
  if (!e.bound) return read;
  const { size, where = place.where } = e.bound;
  const bound = valueText(e.bound.index, scope, place);
  return `likely((u32)${bound} < ${size}u) ? ${read} : (fault(A, ${place.line(where)}, ${bound}, ${size}), 0)`;
}
