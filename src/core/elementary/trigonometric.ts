/** sin, cos, tan and their inverses. */
import { at, only } from "../at.ts";
import { coefficients } from "./coefficients.ts";
import {
  abs,
  add,
  bitAnd,
  bitXor,
  blend,
  div,
  iadd,
  isub,
  keep,
  le,
  lt,
  mul,
  on,
  pick,
  polynomial,
  rounder,
  shl,
  signOf,
  sqrt,
  sub,
  type Value,
  value,
  without,
  withSign,
} from "./lanes.ts";
import { halfPi } from "./pi.ts";

/** From here on, n has so many bits that its products with parts of pi / 2 are not exact. */
const isLarge = (a: Value): Value => keep(le(pick(1600, 1.6e6), a));

/** a = n pi / 2 + r + low for a not negative; the lowest bits of q are those of n. */
function reduce(a: Value): readonly [r: Value, low: Value, q: Value] {
  const shift = rounder(0);
  const q = keep(add(mul(a, 2 / Math.PI), shift));
  const n = keep(sub(q, shift));
  const [first, ...others] = halfPi(pick(14, 33));
  let r = keep(sub(a, mul(n, first)));
  let low = value(0);
  for (const part of others) {
    const v = keep(mul(n, part));
    const next = keep(sub(r, v));
    low = keep(add(low, sub(sub(r, next), v)));
    r = next;
  }
  if (!on.double) return [r, low, q];
  const parts = on.rarely(isLarge(a), [r, low, q], () => on.reduceLarge(a));
  return [at(parts, 0), at(parts, 1), at(parts, 2)];
}

/** A number as a sum. */
type Parts = readonly [high: Value, low: Value];

/** For |x| sin and cos of r + low in two parts each, and n. */
function sinCos(x: Value) {
  const [r, low, q] = reduce(keep(abs(x)));
  const z = keep(mul(r, r));
  const half = keep(mul(z, 0.5));
  const c = keep(sub(1, half));
  const sin: Parts = [r, keep(add(mul(polynomial(z, coefficients.sin, 1), r), mul(low, c)))];
  const rest = sub(sub(sub(1, c), half), mul(r, low));
  const cos: Parts = [c, keep(add(mul(polynomial(z, coefficients.cos, 1), z), rest))];
  return { sin, cos, q };
}

/** f(x), but in f32 that of f64 where the argument is large. */
const wide =
  (name: string, f: (x: Value) => Value) =>
  (x: Value): Value => {
    const fast = f(x);
    if (on.double) return fast;
    return only(on.rarely(isLarge(abs(x)), [fast], () => [on.inDouble(name, x)]));
  };

const isOdd = (q: Value): Value => keep(isub(0n, bitAnd(q, 1n)));

/** By the last two bits of n: sin or cos, and its sign. */
function quadrant(q: Value, sin: Parts, cos: Parts): Value {
  const y = blend(isOdd(q), add(cos[0], cos[1]), add(sin[0], sin[1]));
  return bitXor(y, signOf(shl(q, pick(30, 62))));
}

export const sin = wide("sin", (x) => {
  const { sin, cos, q } = sinCos(x);
  return bitXor(quadrant(q, sin, cos), signOf(x));
});

export const cos = wide("cos", (x) => {
  const { sin, cos, q } = sinCos(x);
  return quadrant(keep(iadd(q, 1n)), sin, cos);
});

export const tan = wide("tan", (x) => {
  const { sin, cos, q } = sinCos(x);
  const odd = isOdd(q);
  // The sums, and what they lose, of numerator and denominator.
  const side = (u: Parts, v: Parts): Parts => {
    const high = keep(blend(odd, u[0], v[0]));
    const low = keep(blend(odd, u[1], v[1]));
    const sum = keep(add(high, low));
    return [sum, sub(low, sub(sum, high))];
  };
  const [a, aLow] = side(cos, sin);
  const [b, bLow] = side(sin, cos);
  const y = keep(div(a, b));
  return bitXor(add(y, div(sub(aLow, mul(y, bLow)), b)), signOf(bitXor(odd, x)));
});

/** pi / 2 as a number of the type, and what that lacks relative to it. */
const quarterTurn = (): number => pick(Math.fround(Math.PI / 2), Math.PI / 2);
const lacking = (): number =>
  pick(1 - quarterTurn() / (Math.PI / 2), 6.123233995736766e-17 / (Math.PI / 2));

/**
 * asin(s) = s + rest for s up to 1/2. For larger x it is taken of sqrt((1 - x) / 2), which is half
 * the angle between x and 1, and both parts come back doubled.
 */
function arc(x: Value) {
  const a = keep(abs(x));
  const large = keep(lt(0.5, a));
  const z = keep(blend(large, mul(sub(1, a), 0.5), mul(a, a)));
  const s = keep(blend(large, sqrt(z), a));
  const rest = keep(mul(polynomial(z, coefficients.asin, 1), s));
  const double = (v: Value) => keep(add(v, bitAnd(large, v)));
  // Where x is small, the sign bit.
  const flip = keep(without(signOf(-1n), large));
  return { large, s: double(s), rest: double(rest), flip };
}

export function asin(x: Value): Value {
  const { large, s, rest, flip } = arc(x);
  // s + rest, or pi / 2 - s - rest, where half of pi / 2 minus s is exact.
  const half = keep(bitAnd(large, value(quarterTurn() / 2)));
  const low = sub(mul(half, 2 * lacking()), bitXor(rest, flip));
  return withSign(abs(add(add(sub(half, bitXor(s, flip)), low), half)), x);
}

export function acos(x: Value): Value {
  const { large, s, rest, flip } = arc(x);
  // pi / 2 - asin(x), or s + rest, or pi - s - rest
  const base = keep(blend(large, bitAnd(lt(x, 0), 2 * quarterTurn()), quarterTurn()));
  const sign = keep(signOf(bitXor(x, flip)));
  return add(add(add(mul(base, lacking()), bitXor(rest, sign)), bitXor(s, sign)), base);
}

export function atan(x: Value): Value {
  const a = keep(abs(x));
  // atan(a) = base + atan(u), where u is a, (a - 1) / (a + 1) or -1 / a
  const small = keep(lt(a, 0.6));
  const middle = keep(lt(a, 5 / 3));
  const above = blend(small, a, blend(middle, sub(a, 1), -1));
  const u = keep(div(above, blend(small, 1, blend(middle, add(a, 1), a))));
  const base = keep(without(blend(middle, quarterTurn() / 2, quarterTurn()), small));
  const rest = mul(polynomial(keep(mul(u, u)), coefficients.atan, 1), u);
  return withSign(abs(add(add(add(rest, mul(base, lacking())), u), base)), x);
}
