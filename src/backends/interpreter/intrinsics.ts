/** The intrinsics of the scalar language on blocks of f64 values: one line each. */
import * as elementary from "../../core/elementary/scalar.ts";
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
  pow: binary(elementary.pow),
  min: binary(Math.min),
  max: binary(Math.max),
  neg: unary((a) => -a),
  abs: unary(Math.abs),
  floor: unary(Math.floor),
  ceil: unary(Math.ceil),
  round: unary(roundHalfToEven),
  trunc: unary(Math.trunc),
  sqrt: unary(Math.sqrt),
  exp: unary(elementary.exp),
  expm1: unary(elementary.expm1),
  log: unary(elementary.log),
  log1p: unary(elementary.log1p),
  sin: unary(elementary.sin),
  cos: unary(elementary.cos),
  tan: unary(elementary.tan),
  asin: unary(elementary.asin),
  acos: unary(elementary.acos),
  atan: unary(elementary.atan),
  sinh: unary(elementary.sinh),
  cosh: unary(elementary.cosh),
  tanh: unary(elementary.tanh),
  asinh: unary(elementary.asinh),
  acosh: unary(elementary.acosh),
  atanh: unary(elementary.atanh),
  erf: unary(elementary.erf),
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

function roundHalfToEven(a: number): number {
  const down = Math.floor(a);
  const rest = a - down;
  if (rest < 0.5) return down;
  return rest > 0.5 || down % 2 !== 0 ? Math.ceil(a) : down;
}
