/** pow. */
import { coefficients, each } from "./coefficients.ts";
import { scale } from "./exponential.ts";
import {
  abs,
  add,
  bias,
  bitAnd,
  bitOr,
  bitXor,
  blend,
  div,
  eq,
  floor,
  keep,
  lt,
  max,
  min,
  mul,
  ne,
  pick,
  polynomial,
  rounder,
  signOf,
  sub,
  upper,
  type Value,
  without,
} from "./lanes.ts";
import { splitAny } from "./logarithm.ts";

/** a + b as its upper half and the rest, for b smaller than a. */
function halves(a: Value, b: Value): [Value, Value] {
  const high = upper(add(a, b));
  return [high, keep(sub(b, sub(high, a)))];
}

/**
 * log2 of a positive number in two parts, the first of half length, to half as many digits again
 * as the type has; after fdlibm's e_pow.c. With s = f / (2 + f),
 * ln(1 + f) = 2/3 s (3 + s^2 + 3/2 s^4 q(s^2)).
 */
function log2(x: Value): [Value, Value] {
  const { k, f } = splitAny(x);
  const d = keep(add(f, 2));
  const inverse = keep(div(1, d));
  const high = upper(mul(f, inverse));
  const dHigh = upper(d);
  const dLow = sub(f, sub(dHigh, 2));
  const low = keep(mul(sub(sub(f, mul(high, dHigh)), mul(high, dLow)), inverse));
  const s = keep(add(high, low));
  const z = keep(mul(s, s));
  const square = keep(mul(high, high));
  const { pow, log } = coefficients;
  const [, ...tail] = pick<readonly number[]>(pow, log[1]); // behind 2/3, which is dealt with in two parts
  const q = mul(mul(mul(polynomial(z, [tail, tail]), z), z), 1.5);
  const rest = keep(add(mul(add(high, s), low), q));
  // 3 + s^2 + …, times s, times 2 / (3 ln 2), plus k
  const three = upper(add(add(rest, square), 3));
  const threeLow = sub(rest, sub(sub(three, 3), square));
  const [p, pLow] = halves(keep(mul(high, three)), keep(add(mul(low, three), mul(threeLow, s))));
  const [factor, factorLow] = pick(
    [0.9619140625, -1.1736857402439508e-4],
    [0.9617967009544373, -7.028461650952758e-9],
  );
  const a = keep(mul(p, factor));
  const b = keep(add(mul(pLow, factor + factorLow), mul(p, factorLow)));
  const sum = upper(add(add(a, b), k));
  return [sum, sub(b, sub(sub(sum, k), a))];
}

/** 2^f = 1 + f ln 2 + f^2 q(f) */
const curved = each(coefficients.exp2, (c) => c.slice(1));

export function pow(x: Value, y: Value): Value {
  const a = keep(abs(x));
  const [l, lLow] = log2(a);
  const within = (v: Value, bound: number) => keep(max(min(v, bound), -bound));
  // Beyond these bounds powers of anything but 1 are 0 or infinite; and they are even.
  const inside = within(y, pick(2 ** 36, 2 ** 66));
  const yHigh = upper(inside);
  const high = keep(mul(yHigh, l));
  const low = keep(add(mul(sub(inside, yHigh), l), mul(inside, lLow)));
  // 2^(high + low): n, and what is left in two parts
  const all = keep(add(high, low));
  const clipped = within(all, pick(160, 1100));
  const shift = rounder(2 * bias());
  const t = keep(add(clipped, shift));
  const over = keep(ne(clipped, all));
  const head = keep(sub(blend(over, clipped, high), sub(t, shift)));
  const tail = keep(without(low, over));
  const f = keep(add(head, tail));
  const fLow = sub(tail, sub(f, head));
  // f ln 2 in two parts, the first exact
  const fHigh = upper(f);
  const [ln2High, ln2Low] = pick(
    [0.693115234375, 3.19461833e-5],
    [0.6931471675634384, 1.2996506893889889e-8],
  );
  const product = add(mul(fHigh, ln2Low), mul(add(sub(f, fHigh), fLow), Math.LN2));
  const rest = add(polynomial(f, curved, 2), product);
  const size = scale(add(add(mul(fHigh, ln2High), rest), 1), t);
  // What IEEE 754 says about zeros, infinities and numbers below zero.
  const whole = keep(eq(floor(y), y));
  const half = keep(mul(y, 0.5));
  const odd = bitAnd(ne(floor(half), half), whole);
  const edge = keep(bitOr(eq(a, 0), eq(a, Infinity)));
  const end = without(Infinity, bitXor(lt(a, 1), lt(y, 0)));
  const signed = bitXor(blend(edge, end, size), signOf(bitAnd(odd, x)));
  const invalid = bitOr(bitOr(without(without(lt(x, 0), whole), edge), ne(x, x)), ne(y, y));
  return blend(bitOr(eq(y, 0), eq(x, 1)), 1, bitOr(signed, invalid));
}
