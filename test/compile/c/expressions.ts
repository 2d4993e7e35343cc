/** Expressions of the scalar language as C, one element at a time. */
import { type DType, isFloat } from "../../../src/core/dtype.ts";
import { type Elementary, functions } from "../../../src/core/elementary/functions.ts";
import type { Expression, Intrinsic } from "../../../src/core/expression.ts";
import { literal } from "./lanes.ts";

export const typeOf: Readonly<Record<DType, string>> = {
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
const exact = { abs: "fabs", floor: "floor", ceil: "ceil", round: "rint", trunc: "trunc" };
const own: Partial<Record<Intrinsic, string>> = { ...exact, sqrt: "sqrt" };

const integers: Partial<Record<Intrinsic, Text>> = {
  add: called("i32_add"),
  sub: called("i32_sub"),
  mul: called("i32_mul"),
  min: called("i32_min"),
  max: called("i32_max"),
  neg: (a) => `i32_sub(0, ${a})`,
  abs: (a) => `(${a} < 0 ? i32_sub(0, ${a}) : ${a})`,
  floor: same,
  ceil: same,
  round: same,
  trunc: same,
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

/** What the expressions of a file need: elementary functions, and bounds that were broken. */
export interface Needs {
  readonly functions: Map<"f64" | "f32", Set<Elementary>>;
  readonly bounds: { readonly size: number; readonly where: () => string }[];
  /** How many values have a name. */
  names: number;
}

const isElementary = (fn: Intrinsic): fn is Intrinsic & Elementary => fn in functions;

export function applied(
  fn: Intrinsic,
  dtype: DType,
  args: readonly string[],
  needs: Needs,
): string {
  const [a = "", b = ""] = args;
  if (isFloat(dtype)) {
    const sign = signs[fn];
    if (sign) return sign(a, b);
    if (own[fn]) return called(`${own[fn]}${dtype === "f32" ? "f" : ""}`)(a, b);
    if (!isElementary(fn)) return called(`${dtype}_${fn}`)(a, b);
    needs.functions.set(dtype, (needs.functions.get(dtype) ?? new Set()).add(fn));
    return called(`${fn}_${dtype}`)(a, b);
  }
  const text = (dtype === "i32" ? integers : truths)[fn];
  if (text === undefined) throw new TypeError(`${fn} of ${dtype}`);
  return text(a, b);
}

export const number = (value: number, dtype: DType): string => {
  if (isFloat(dtype)) return literal(value, dtype);
  return value === -(2 ** 31) ? "INT32_MIN" : `${value}`;
};

function converted(text: string, from: DType, to: DType): string {
  if (to === "bool") return `${text} != 0`;
  if (to === "i32" && isFloat(from)) return `i32_from_${from}(${text})`;
  return `(${typeOf[to]})${text}`;
}

/** Where values stand: what is known inside of a pair of braces is not known outside. */
export class Block {
  readonly lines: string[];
  readonly #known = new Map<Expression, string>();
  readonly #outer: Block | undefined;

  constructor(lines: string[], outer?: Block) {
    this.lines = lines;
    this.#outer = outer;
  }
  get(e: Expression): string | undefined {
    return this.#known.get(e) ?? this.#outer?.get(e);
  }
  set(e: Expression, name: string): string {
    this.#known.set(e, name);
    return name;
  }
}

/** Where an expression's elements come from. */
export interface Place {
  /** The arrays, by the number of the load; the last may be the reduced value. */
  readonly load: (input: number, at: string) => string;
  readonly reduced: { readonly input: number; readonly text: string } | undefined;
  readonly needs: Needs;
  /** The line to name where an index breaks its bound. */
  readonly where: () => string;
}

const fresh = (needs: Needs): string => `t${needs.names++}`;

/** The expression's value, computed in the block where it is not known yet. */
export function valueOf(e: Expression, block: Block, place: Place): string {
  const known = block.get(e);
  if (known !== undefined) return known;
  const operand = (x: Expression) => valueOf(x, block, place);
  const define = (text: string): string => {
    const name = fresh(place.needs);
    block.lines.push(`const ${typeOf[e.dtype]} ${name} = ${text};`);
    return block.set(e, name);
  };
  switch (e.kind) {
    case "constant":
      return `(${number(e.value, e.dtype)})`;
    case "index":
      return `i${e.axis}`;
    case "apply": {
      const dtype = e.args[0]?.dtype ?? e.dtype;
      return define(applied(e.fn, dtype, e.args.map(operand), place.needs));
    }
    case "select": {
      const [condition, then, otherwise] = [e.condition, e.then, e.otherwise].map(operand);
      return define(`${condition} ? ${then} : ${otherwise}`);
    }
    case "cast":
      return define(converted(operand(e.value), e.value.dtype, e.dtype));
    case "load": {
      if (place.reduced?.input === e.input) return place.reduced.text;
      const read = (inside: Block): string => {
        if (e.bound) {
          const { size, where = place.where } = e.bound;
          checkBound(valueOf(e.bound.index, inside, place), { size, where }, inside, place);
        }
        return place.load(e.input, valueOf(e.at, inside, place));
      };
      if (!e.when) return define(read(block));
      const name = fresh(place.needs);
      const [type, otherwise] = [typeOf[e.dtype], number(e.otherwise, e.dtype)];
      block.lines.push(`${type} ${name} = ${otherwise};`, `if (${operand(e.when)}) {`);
      const value = read(new Block(block.lines, block));
      block.lines.push(`${name} = ${value};`, "}");
      return block.set(e, name);
    }
  }
}

/** Leaves the program, saying which bound was broken by which index. */
export function checkBound(
  index: string,
  { size, where }: { readonly size: number; readonly where: () => string },
  { lines }: Block,
  { needs }: Place,
): void {
  const bound = needs.bounds.push({ size, where });
  lines.push(`if (${index} < 0 || ${index} >= ${size}) {`);
  lines.push(`fault[0] = ${bound};`, `fault[1] = ${index};`, "return;", "}");
}
