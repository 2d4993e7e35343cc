/**
 * Arithmetic on the lanes of one vector, for writing a function once and having it for f64x2 and
 * f32x4 alike. Scalars take the same way in lane 0, so they give the same bits.
 *
 * A number as operand stands for that constant in every lane, a bigint for these bits. A value that
 * is used more than once must be kept with `keep`, since expressions are trees.
 */
import {
  type Expr,
  type Func,
  type FunctionBuilder,
  type Instruction,
  i32,
  type ModuleBuilder,
  op,
  v128,
} from "../assembler/index.ts";

/** What code is being written for. */
export interface Lanes {
  readonly f: FunctionBuilder;
  readonly module: ModuleBuilder;
  readonly double: boolean;
  /** Multiply and add may be one relaxed instruction, which rounds once or twice as it likes. */
  readonly relaxed: boolean;
  /** Arguments are known to be small enough for a shorter way. */
  readonly narrow: boolean;
  /** The function of this name for a scalar f64. */
  readonly scalar: (name: string) => Func;
  /** The function in pi.ts, imported when it is first asked for. */
  readonly reduceLarge: () => Func;
}

export type Operand = Expr | number | bigint;

/** The target at this moment: what all the functions here write code for. */
export let on: Lanes;

/** Runs a function that writes code for a target. */
export function within(lanes: Lanes, write: () => Expr): Expr {
  const outer = on;
  on = lanes;
  try {
    return write();
  } finally {
    on = outer;
  }
}

/** A choice by element type. */
export const pick = <T>(f32: T, f64: T): T => (on.double ? f64 : f32);

/** A constant in every lane; an expression as it is. */
export function vector(value: Operand): Expr {
  if (typeof value === "object") return value;
  const lanes =
    typeof value === "number"
      ? [new Float32Array(4).fill(value), new Float64Array(2).fill(value)]
      : [new Int32Array(4).fill(Number(value)), new BigInt64Array(2).fill(value)];
  return on.module.constant(v128(lanes[+on.double]));
}

/** A value computed once, here. */
export const keep = (value: Expr): Expr => on.f.let(value);

const apply = (name: string, operands: Operand[]): Expr =>
  op(name as Instruction, ...operands.map(vector));

/** An instruction on the elements, by its name without the shape. */
const float =
  (name: string) =>
  (...operands: Operand[]): Expr =>
    apply(pick("f32x4.", "f64x2.") + name, operands);

/** An instruction on the bits of each lane as an integer. */
const integer = (name: string, operands: Operand[]): Expr =>
  apply(pick("i32x4.", "i64x2.") + name, operands);

/** An instruction on all bits alike. */
const bitwise =
  (name: string) =>
  (...operands: Operand[]): Expr =>
    apply("v128." + name, operands);

/** Whether an expression is a product that may be fused with a sum. */
const isProduct = (value: Operand): value is Expr =>
  on.relaxed && typeof value === "object" && /x\d.mul/.test(value.op);

const [plus, minus, fusedAdd, fusedSub] = ["add", "sub", "relaxed_madd", "relaxed_nmadd"].map(
  float,
);

export function add(a: Operand, b: Operand): Expr {
  if (isProduct(a)) return fusedAdd(...a.args, b);
  return isProduct(b) ? fusedAdd(...b.args, a) : plus(a, b);
}
export const sub = (a: Operand, b: Operand): Expr =>
  isProduct(b) ? fusedSub(...b.args, a) : minus(a, b);
export const [mul, div, abs, neg, sqrt, nearest, floor] = [
  "mul",
  "div",
  "abs",
  "neg",
  "sqrt",
  "nearest",
  "floor",
].map(float);
/** The smaller or larger one; the first, if it is NaN. */
export const [min, max] = ["pmin", "pmax"].map(float);
/** Comparisons give masks: all bits of a lane set, or none. */
export const [lt, le, eq, ne] = ["lt", "le", "eq", "ne"].map(float);

/** Without: the bits of the first that are not set in the second. */
export const [and, or, xor, without] = ["and", "or", "xor", "andnot"].map(bitwise);
/** In lanes where the mask is set the first, and the second in the others. */
export const select = (mask: Expr, a: Operand, b: Operand): Expr =>
  apply("v128.bitselect", [a, b, mask]);

export const iadd = (a: Operand, b: Operand): Expr => integer("add", [a, b]);
export const isub = (a: Operand, b: Operand): Expr => integer("sub", [a, b]);
export const shl = (a: Expr, count: number): Expr => integer("shl", [a, i32(count)]);
/** Shifts zeros in from the left. */
export const shr = (a: Expr, count: number): Expr => integer("shr_u", [a, i32(count)]);

/** Bits of the fraction. */
export const fractionBits = (): number => pick(23, 52);

/** What is added to an exponent in the bits of a number. */
export const bias = (): number => pick(127, 1023);

/** Adding this leaves an integer in the lowest bits, moved up by so much. */
export const rounder = (offset: number): number => 1.5 * 2 ** fractionBits() + offset;

/**
 * ln 2 in two parts, fdlibm's (e_exp.c, e_expf.c): the first times an exponent is exact.
 */
export const ln2 = (): readonly [number, number] =>
  pick([6.9314575195e-1, 1.4286067653e-6], [0.6931471803691238, 1.9082149292705877e-10]);

const signBit = (): bigint => 1n << pick(31n, 63n);
export const signOf = (x: Operand): Expr => and(x, signBit());
/** x, which is not negative, with the sign of another value. */
export const withSign = (x: Expr, sign: Expr): Expr => or(x, signOf(sign));

/**
 * A polynomial whose `skip` lowest powers are missing. In f64 by Estrin's scheme, a tree of about
 * log2 of the degree levels: what counts there is how long one result takes. In f32, where it is
 * the number of instructions, by Horner's in the square of x over pairs of terms.
 */
export function polynomial(x: Expr, coefficients: readonly (readonly number[])[], skip = 0): Expr {
  let terms: (Operand | undefined)[] = [...Array(skip), ...coefficients[+on.double]];
  for (let power = x; ; power = keep(mul(power, power))) {
    const join = (low: Operand | undefined, high: Operand | undefined) => {
      if (high === undefined) return low;
      return low === undefined ? mul(power, high) : add(mul(power, high), low);
    };
    if (power !== x && !on.double) return terms.reduceRight((high, low) => join(low, high)) as Expr;
    const halved: (Operand | undefined)[] = [];
    for (let i = 0; i < terms.length; i += 2) halved.push(join(terms[i], terms[i + 1]));
    terms = halved;
    if (terms.length === 1) return terms[0] as Expr;
  }
}
