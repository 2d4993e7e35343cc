/** The intrinsics of the scalar language on blocks of f64 values: one line each. */
import type { Intrinsic } from "../../core/expression.ts";

/** y[i] = f(a[i], b[i]) for i < n */
export type BlockFunction = (y: Float64Array, a: Float64Array, b: Float64Array, n: number) => void;

const unary =
  (f: (a: number) => number): BlockFunction =>
  (y, a, _b, n) => {
    for (let i = 0; i < n; i++) y[i] = f(a[i]!);
  };
const binary =
  (f: (a: number, b: number) => number): BlockFunction =>
  (y, a, b, n) => {
    for (let i = 0; i < n; i++) y[i] = f(a[i]!, b[i]!);
  };

export const real: Record<Intrinsic, BlockFunction> = {
  add: binary((a, b) => a + b),
  sub: binary((a, b) => a - b),
  mul: binary((a, b) => a * b),
  div: binary((a, b) => a / b),
  pow: binary(power),
  min: binary(Math.min),
  max: binary(Math.max),
  neg: unary((a) => -a),
  abs: unary(Math.abs),
  floor: unary(Math.floor),
  ceil: unary(Math.ceil),
  round: unary(roundHalfToEven),
  trunc: unary(Math.trunc),
  sqrt: unary(Math.sqrt),
  exp: unary(Math.exp),
  expm1: unary(Math.expm1),
  log: unary(Math.log),
  log1p: unary(Math.log1p),
  sin: unary(Math.sin),
  cos: unary(Math.cos),
  tan: unary(Math.tan),
  asin: unary(Math.asin),
  acos: unary(Math.acos),
  atan: unary(Math.atan),
  sinh: unary(Math.sinh),
  cosh: unary(Math.cosh),
  tanh: unary(Math.tanh),
  asinh: unary(Math.asinh),
  acosh: unary(Math.acosh),
  atanh: unary(Math.atanh),
  erf: unary(erf),
  equal: binary((a, b) => (a === b ? 1 : 0)),
  less: binary((a, b) => (a < b ? 1 : 0)),
  lessEqual: binary((a, b) => (a <= b ? 1 : 0)),
  and: binary((a, b) => (a !== 0 && b !== 0 ? 1 : 0)),
  or: binary((a, b) => (a !== 0 || b !== 0 ? 1 : 0)),
  not: unary((a) => (a === 0 ? 1 : 0)),
  floorDiv: binary((a, b) => Math.floor(a / b)),
  mod: binary((a, b) => a - Math.floor(a / b) * b),
  bitAnd: binary((a, b) => a & b),
  bitOr: binary((a, b) => a | b),
  bitXor: binary((a, b) => a ^ b),
  shiftLeft: binary((a, b) => a << b),
  shiftRight: binary((a, b) => a >>> b),
};

/** Where 32-bit integers differ: results wrap around. */
export const integer: Partial<Record<Intrinsic, BlockFunction>> = {
  add: binary((a, b) => (a + b) | 0),
  sub: binary((a, b) => (a - b) | 0),
  mul: binary(Math.imul),
  neg: unary((a) => -a | 0),
  abs: unary((a) => Math.abs(a) | 0),
  shiftRight: binary((a, b) => (a >>> b) | 0),
};

/** IEEE 754 pow, from which JavaScript's differs at 1^NaN and (−1)^±∞. */
function power(a: number, b: number): number {
  if (a === 1 || (a === -1 && Math.abs(b) === Number.POSITIVE_INFINITY)) return 1;
  return a ** b;
}

function roundHalfToEven(a: number): number {
  const down = Math.floor(a);
  const rest = a - down;
  if (rest < 0.5) return down;
  return rest > 0.5 || down % 2 !== 0 ? Math.ceil(a) : down;
}

/**
 * erf x = 2/√π·e^(−x²)·Σ 2ⁿx^(2n+1)/(2n+1)!! for |x| < 1, and 1 − erfc x by Laplace's continued
 * fraction beyond (Abramowitz and Stegun 7.1.6 and 7.1.14): slow, and right to the last digits.
 */
export function erf(x: number): number {
  const z = Math.abs(x);
  if (!(z < 6)) return Number.isNaN(x) ? x : Math.sign(x);
  const square = x * x;
  if (z < 1) {
    let term = 1;
    let sum = 1;
    for (let n = 3; term > 1e-17 * sum; n += 2) sum += term *= (2 * square) / n;
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-square) * x * sum;
  }
  let fraction = z;
  for (let k = Math.ceil(220 / square); k >= 1; k--) fraction = z + k / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-square) / Math.sqrt(Math.PI) / fraction);
}
