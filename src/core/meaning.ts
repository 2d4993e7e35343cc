/**
 * What the scalar language means, to the last bit: the one place that says so. The interpreter
 * computes with these rules, the compiler folds constants with them, and every renderer (WebAssembly,
 * C …) is held against them.
 *
 * Numbers. f64 and f32 are IEEE 754's binary64 and binary32, rounded to nearest, ties to even;
 * subnormal numbers count; no flags, and which NaN a NaN is means nothing. i32 is a two's
 * complement integer that wraps around. A truth value is 0 or 1.
 *
 * Rounding. Each operation on f32 is rounded to f32 before the next sees it: `roundsOnce` names those
 * whose f32 result is the f64 result of the rule, rounded. A product and a sum are two operations:
 * only where the user gave up `deterministic` may they be fused. The interpreter keeps f64 inside of
 * a node's expression and rounds when it stores; so it is the value that others approach.
 *
 * Nothing here traps, for any arguments.
 */
import { convert, type DType, isFloat } from "./dtype.ts";
import * as elementary from "./elementary/scalar.ts";
import { fail } from "./errors.ts";
import type { Intrinsic } from "./expression.ts";
import type { Combine } from "./op.ts";

/** One element from one or two; the second is ignored where an intrinsic takes one. */
export type ScalarRule = (a: number, b: number) => number;

/** The rules of an intrinsic, by the type of its arguments. */
interface Rules {
  /** f64 (and f32: see `roundsOnce`). */
  readonly real?: ScalarRule;
  readonly i32?: ScalarRule;
  readonly bool?: ScalarRule;
}

const equal: ScalarRule = (a, b) => (a === b ? 1 : 0);
const less: ScalarRule = (a, b) => (a < b ? 1 : 0);
const lessEqual: ScalarRule = (a, b) => (a <= b ? 1 : 0);
const same: ScalarRule = (a) => a;
// Functions of our own around the built-in ones: called through a variable, those are slow.
const least: ScalarRule = (a, b) => Math.min(a, b);
const greatest: ScalarRule = (a, b) => Math.max(a, b);

/** ⌊a/b⌋, wrapped around (−2³¹/−1); 0 for b = 0. The quotient of two i32 is exact enough in f64. */
const floorDiv: ScalarRule = (a, b) => (b === 0 ? 0 : Math.floor(a / b) | 0);

/** To the nearest integer, ties to the even one; keeps the sign of zero, as in −0.3 → −0. */
const round: ScalarRule = (a) => {
  const down = Math.floor(a);
  const rest = a - down;
  if (rest < 0.5) return down;
  return rest > 0.5 || down % 2 !== 0 ? Math.ceil(a) : down;
};

/** The rules, in the order of `intrinsics` in expression.ts. */
export const meanings: Readonly<Record<Intrinsic, Rules>> = {
  add: { real: (a, b) => a + b, i32: (a, b) => (a + b) | 0 },
  sub: { real: (a, b) => a - b, i32: (a, b) => (a - b) | 0 },
  mul: { real: (a, b) => a * b, i32: (a, b) => Math.imul(a, b) },
  /** x/0 is an infinity or NaN, as IEEE 754 has it. */
  div: { real: (a, b) => a / b },
  pow: { real: elementary.pow },
  /** NaN if either is NaN; −0 is less than 0. */
  min: { real: least, i32: least },
  max: { real: greatest, i32: greatest },
  /** Changes the sign, of 0 as well. −(−2³¹) is −2³¹. */
  neg: { real: (a) => -a, i32: (a) => -a | 0 },
  /** |−2³¹| is −2³¹. */
  abs: { real: (a) => Math.abs(a), i32: (a) => Math.abs(a) | 0 },
  /** These four keep the sign of zero, infinities and NaN. */
  floor: { real: (a) => Math.floor(a), i32: same },
  ceil: { real: (a) => Math.ceil(a), i32: same },
  round: { real: round, i32: same },
  trunc: { real: (a) => Math.trunc(a), i32: same },
  /** Correctly rounded; √−0 is −0; NaN below. */
  sqrt: { real: (a) => Math.sqrt(a) },
  /** From here on to erf (and pow): the functions of core/elementary, see `roundsOnce`. */
  exp: { real: elementary.exp },
  expm1: { real: elementary.expm1 },
  log: { real: elementary.log },
  log1p: { real: elementary.log1p },
  sin: { real: elementary.sin },
  cos: { real: elementary.cos },
  tan: { real: elementary.tan },
  asin: { real: elementary.asin },
  acos: { real: elementary.acos },
  atan: { real: elementary.atan },
  sinh: { real: elementary.sinh },
  cosh: { real: elementary.cosh },
  tanh: { real: elementary.tanh },
  asinh: { real: elementary.asinh },
  acosh: { real: elementary.acosh },
  atanh: { real: elementary.atanh },
  erf: { real: elementary.erf },
  /** Truth values. Not true if either is NaN; −0 equals 0. i32 is signed. */
  equal: { real: equal, i32: equal, bool: equal },
  less: { real: less, i32: less, bool: less },
  lessEqual: { real: lessEqual, i32: lessEqual, bool: lessEqual },
  and: { bool: (a, b) => a & b },
  or: { bool: (a, b) => a | b },
  not: { bool: (a) => a ^ 1 },
  /** Quotient rounded down. Of reals ⌊a/b⌋, the quotient being rounded before. */
  floorDiv: { real: elementary.floorDiv, i32: floorDiv },
  /** The rest, with b's sign. Of reals a − ⌊a/b⌋·b, each operation being rounded; of i32 0 if b is 0. */
  mod: {
    real: elementary.mod,
    i32: (a, b) => (b === 0 ? 0 : (a - Math.floor(a / b) * b) | 0),
  },
  bitAnd: { i32: (a, b) => a & b },
  bitOr: { i32: (a, b) => a | b },
  bitXor: { i32: (a, b) => a ^ b },
  /** By the lowest five bits of b. To the right zeros come in, whatever the sign. */
  shiftLeft: { i32: (a, b) => a << b },
  shiftRight: { i32: (a, b) => (a >>> b) | 0 },
};

/** The rule of an intrinsic for arguments of a type; of f32, before it is rounded. */
export function ruleOf(fn: Intrinsic, dtype: DType): ScalarRule {
  const rules = meanings[fn];
  const rule = isFloat(dtype) ? rules.real : rules[dtype];
  return (
    rule ??
    fail("invalid-graph", { message: `There is no function ${fn} of ${dtype}.`, found: dtype })
  );
}

/**
 * Whether the f32 result is the f64 result of the same arguments, rounded to f32. It is for what IEEE
 * 754 rounds correctly (f64 has more than twice the digits) and for what is exact. The elementary
 * functions are written over lanes (core/elementary/functions.ts) and have arithmetic of their own in
 * f32: their bits are those of that text, within 2 units in the last place of the f64 result; of f64
 * exactly those of core/elementary/scalar.ts. floorDiv and mod round each of their operations to
 * f32, so that a quotient just below a whole number may become it, and the rest negative.
 */
export const roundsOnce = (fn: Intrinsic): boolean => !(fn in elementary);

/**
 * What select means: `then` where the condition is 1. Both may be computed, since nothing traps; a
 * load that stands behind a condition of its own (`when`) is not read where that is 0.
 */
export const choose = (condition: number, then: number, otherwise: number): number =>
  condition !== 0 ? then : otherwise;

/**
 * What a cast means: to f32 the nearest, ties to even (too large ones become infinite); to i32
 * towards zero, what does not fit the nearest i32, and NaN 0; to a truth value whether it is not 0,
 * so NaN is 1; truth values become 0 and 1.
 */
export const castTo: Readonly<Record<DType, (x: number) => number>> = convert;

/** Reductions whose result is a position. */
export type Position = Extract<Combine, "argmax" | "argmin">;
export const isPosition = (combine: Combine): combine is Position =>
  combine === "argmax" || combine === "argmin";

/**
 * How two partial results of a reduction become one. In which order they are joined says
 * compile/summation.ts; the interpreter, being node by node, has an order of its own.
 */
export const joins = {
  sum: "add",
  product: "mul",
  max: "max",
  min: "min",
} as const satisfies Record<Exclude<Combine, Position>, Intrinsic>;

/**
 * argmax and argmin: whether a later value takes the place of the best. NaN is the extreme; the
 * first of equals stays, and so does the first NaN. The position counts the terms in row-major
 * order; it is 0 if there are none.
 */
export const beats = (combine: Position, value: number, best: number): boolean =>
  !Number.isNaN(best) &&
  (Number.isNaN(value) || (combine === "argmax" ? value > best : value < best));

/**
 * Whether a value comes before another in ascending order, and in descending order, where they are
 * not equal. NaN is the greatest; two NaN are equal, and so are −0 and 0.
 */
export const precedes = (a: number, b: number): boolean =>
  !Number.isNaN(a) && (Number.isNaN(b) || a < b);
export const follows = (a: number, b: number): boolean => precedes(b, a);

const identity: Record<Combine, number> = {
  sum: 0,
  product: 1,
  max: Number.NEGATIVE_INFINITY,
  min: Number.POSITIVE_INFINITY,
  argmax: Number.NEGATIVE_INFINITY,
  argmin: Number.POSITIVE_INFINITY,
};

/**
 * What a reduction gives over nothing; in a type that has no infinity, its least or greatest value.
 * Joined to x it gives x, but for 0 + −0, which is 0.
 */
export function neutral(combine: Combine, dtype: DType): number {
  const value = identity[combine];
  if (isFloat(dtype) || Number.isFinite(value)) return value;
  if (dtype === "bool") return value < 0 ? 0 : 1;
  return value < 0 ? -(2 ** 31) : 2 ** 31 - 1;
}

/**
 * What compiled reductions and scans start from: joined to x it gives x, whatever x is. The
 * interpreter starts sums from 0, so that a sum which is 0 may have another sign there.
 */
export const beginning = (combine: Combine, dtype: DType): number =>
  combine === "sum" && isFloat(dtype) ? -0 : neutral(combine, dtype);
