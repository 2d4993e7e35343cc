/**
 * Arithmetic in which the elementary functions are written, once for all machines: what renders
 * them (as WebAssembly, as JavaScript) gives a target, which says what each operation becomes. A
 * function is strict IEEE 754 arithmetic, comparisons and bits alone, so its results are the same
 * wherever the target adds no freedom of its own.
 *
 * A number as operand stands for that constant, a bigint for these bits. A value that is used more
 * than once must be kept with `keep`, since expressions are trees.
 */

/** An expression of the target; only the target looks inside. */
export type Value = object;
export type Operand = Value | number | bigint;

/** Of numbers; min and max are the first operand where one is NaN; comparisons give masks. */
export type NumberOperation =
  | ("add" | "sub" | "mul" | "div" | "abs" | "sqrt" | "floor" | "min" | "max")
  | ("lt" | "le" | "eq" | "ne");
/** Of all bits alike; "without": the bits of the first that are not set in the second. */
export type BitOperation = "and" | "or" | "xor" | "without";

/** What code is being written for. */
export interface LaneOperations {
  /** f64, or else f32. */
  readonly double: boolean;
  /** Arguments are known to be small enough for a shorter way. */
  readonly narrow: boolean;
  constant(value: number | bigint): Value;
  /** A value computed once, here. */
  keep(value: Value): Value;
  number(operation: NumberOperation, operands: readonly Value[]): Value;
  bits(operation: BitOperation, a: Value, b: Value): Value;
  /** Of the bits as an integer. */
  integer(operation: "add" | "sub", a: Value, b: Value): Value;
  /** Left, or right with zeros from the left. */
  shift(operation: "shl" | "shr", a: Value, count: number): Value;
  /** Where the mask is set the first, and the second elsewhere. */
  select(mask: Value, a: Value, b: Value): Value;
  /**
   * Values, but those of `other` where the mask is set, which are only computed if there are any:
   * for what is rare and slow.
   */
  rarely(mask: Value, values: readonly Value[], other: () => readonly Value[]): readonly Value[];
  /** What pi.ts says of a large angle in f64: r, low and q. */
  reduceLarge(a: Value): readonly Value[];
  /** The function of this name, in f64 for each number of f32. */
  inDouble(name: string, x: Value): Value;
}

/** The target at this moment: what all the functions here write code for. */
export let on: LaneOperations;

/** Runs a function that writes code for a target. */
export function within<T>(target: LaneOperations, write: () => T): T {
  const outer = on;
  on = target;
  try {
    return write();
  } finally {
    on = outer;
  }
}

/** A choice by element type. */
export const pick = <T>(f32: T, f64: T): T => (on.double ? f64 : f32);

/** Coefficients, the lowest power first. */
export type Coefficients = readonly [f32: readonly number[], f64: readonly number[]];

/** A constant; a value as it is. */
export const value = (operand: Operand): Value =>
  typeof operand === "object" ? operand : on.constant(operand);

/** A value computed once, here. */
export const keep = (x: Value): Value => on.keep(x);

const number =
  (operation: NumberOperation) =>
  (...operands: Operand[]): Value =>
    on.number(operation, operands.map(value));

const bitwise =
  (operation: BitOperation) =>
  (a: Operand, b: Operand): Value =>
    on.bits(operation, value(a), value(b));

export const add = number("add");
export const sub = number("sub");
export const mul = number("mul");
export const div = number("div");
export const abs = number("abs");
export const sqrt = number("sqrt");
export const floor = number("floor");
/** The smaller or larger one; the first, if it is NaN. */
export const min = number("min");
export const max = number("max");
/** Comparisons give masks: all bits set, or none. */
export const lt = number("lt");
export const le = number("le");
export const eq = number("eq");
export const ne = number("ne");

export const bitAnd = bitwise("and");
export const bitOr = bitwise("or");
export const bitXor = bitwise("xor");
/** The bits of the first that are not set in the second. */
export const without = bitwise("without");
/** Where the mask is set the first, and the second elsewhere. */
export const blend = (mask: Value, a: Operand, b: Operand): Value =>
  on.select(mask, value(a), value(b));

export const iadd = (a: Operand, b: Operand): Value => on.integer("add", value(a), value(b));
export const isub = (a: Operand, b: Operand): Value => on.integer("sub", value(a), value(b));
export const shl = (a: Value, count: number): Value => on.shift("shl", a, count);
/** Shifts zeros in from the left. */
export const shr = (a: Value, count: number): Value => on.shift("shr", a, count);

/** Bits of the fraction. */
export const fractionBits = (): number => pick(23, 52);

/** What is added to an exponent in the bits of a number. */
export const bias = (): number => pick(127, 1023);

/** Adding this leaves an integer in the lowest bits, moved up by so much. */
export const rounder = (offset: number): number => pick(1.5 * 2 ** 23, 1.5 * 2 ** 52) + offset;

/**
 * ln 2 in two parts, fdlibm's (e_exp.c, e_expf.c): the first times an exponent is exact.
 */
export const ln2 = (): readonly [number, number] =>
  pick([6.9314575195e-1, 1.4286067653e-6], [0.6931471803691238, 1.9082149292705877e-10]);

/** The upper half of a number's digits: products of two such are exact. */
export const upper = (x: Value): Value => keep(without(x, pick(0xfffn, 0x7ffffffn)));

const signBit = (): bigint => 1n << pick(31n, 63n);
export const signOf = (x: Operand): Value => bitAnd(x, signBit());
/** x, which is not negative, with the sign of another value. */
export const withSign = (x: Value, sign: Value): Value => bitOr(x, signOf(sign));

/**
 * A polynomial whose `skip` lowest powers are missing. In f64 by Estrin's scheme, a tree of about
 * log2 of the degree levels: what counts there is how long one result takes. In f32, where it is
 * the number of instructions, by Horner's in the square of x over pairs of terms.
 */
export function polynomial(x: Value, coefficients: Coefficients, skip = 0): Value {
  let terms: (Operand | undefined)[] = [...Array(skip), ...pick(...coefficients)];
  for (let power = x; ; power = keep(mul(power, power))) {
    const join = (low: Operand | undefined, high: Operand | undefined) => {
      if (high === undefined) return low;
      return low === undefined ? mul(power, high) : add(mul(power, high), low);
    };
    if (power !== x && !on.double)
      return terms.reduceRight((high, low) => join(low, high)) as Value;
    const halved: (Operand | undefined)[] = [];
    for (let i = 0; i < terms.length; i += 2) halved.push(join(terms[i], terms[i + 1]));
    terms = halved;
    if (terms.length === 1) return terms[0] as Value;
  }
}
