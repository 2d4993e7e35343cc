/** ln x and the inverse hyperbolic functions, which are logarithms too. */
import { coefficients } from "./coefficients.ts";
import {
  abs,
  add,
  bias,
  bitAnd,
  bitOr,
  blend,
  div,
  eq,
  fractionBits,
  iadd,
  keep,
  ln2,
  lt,
  max,
  min,
  mul,
  pick,
  polynomial,
  shr,
  sqrt,
  sub,
  upper,
  type Value,
  value,
  without,
  withSign,
} from "./lanes.ts";

/** x = 2^k (1 + f) with 1 + f between sqrt(1/2) and sqrt(2). */
function split(x: Value) {
  const one = pick(0x3f800000n, 0x3ff0000000000000n);
  const low = pick(0x3f3504f3n, 0x3fe6a09e667f3bcdn); // sqrt(1/2)
  const bits = keep(iadd(x, one - low));
  const n = fractionBits();
  // In the place of the fraction of 2^n, an integer becomes a number.
  const unit = pick(2 ** 23, 2 ** 52);
  const k = sub(bitOr(shr(bits, n), unit), unit + bias());
  const fraction = bitAnd(bits, (1n << BigInt(n)) - 1n);
  return { k, f: keep(sub(iadd(fraction, low), 1)) };
}

/** The same for x that may be subnormal: such numbers have no exponent of their own. */
export function splitAny(x: Value) {
  const tiny = keep(lt(x, pick(2 ** -126, 2 ** -1022)));
  const { k, f } = split(blend(tiny, mul(x, 2 ** 54), x));
  return { k: keep(sub(k, bitAnd(tiny, value(54)))), f };
}

/**
 * ln(2^k (1 + f)) + c. As in fdlibm (e_log.c), ln(1 + f) = f - (h - s (h + s^2 q(s^2))) with
 * s = f / (2 + f) and h = f^2 / 2. And for u, the number itself, what makes the logarithm of 0
 * -infinity, of infinity infinity, and of less than 0 NaN.
 */
function combine(k: Value, f: Value, u: Value, c?: Value): Value {
  const s = keep(div(f, add(f, 2)));
  const z = keep(mul(s, s));
  const h = keep(mul(mul(f, f), 0.5));
  const q = add(polynomial(z, coefficients.log, 1), h);
  const low = mul(k, ln2()[1]);
  const rest = sub(f, sub(h, add(mul(q, s), c ? add(low, c) : low)));
  const pole = bitOr(bitAnd(eq(u, 0), Infinity), lt(u, 0));
  return sub(add(add(mul(k, ln2()[0]), rest), overflow(u)), pole);
}

/** Infinity for infinity, NaN for NaN, and otherwise 0. */
const overflow = (x: Value): Value => sub(x, inside(x));
const inside = (x: Value): Value => min(x, pick(3.4028234663852886e38, Number.MAX_VALUE));

export function log(x: Value): Value {
  const { k, f } = splitAny(x);
  return combine(k, f, x);
}

/** ln(1 + y + low), where low is no more than a rounding error of y; plus `more` times ln 2. */
function logOnePlus(y: Value, low?: Value, more?: Value): Value {
  const finite = keep(inside(y));
  const u = keep(add(finite, 1));
  const part = keep(sub(u, finite));
  const lost = add(sub(finite, sub(u, part)), sub(1, part));
  const c = div(low ? add(lost, low) : lost, max(u, 2 ** -60));
  const { k, f } = split(u);
  return add(combine(keep(more ? add(k, more) : k), f, u, c), overflow(y));
}

export const log1p = (x: Value): Value => withSign(abs(logOnePlus(x)), x);

/** ln(1 + a + b + c) for b smaller than a, and c a rounding error; 2 g where they could overflow. */
function logOfSum(a: Value, b: Value, g?: Value, c?: Value): Value {
  const y = keep(add(a, b));
  const lost = sub(b, sub(y, a));
  const low = c ? add(lost, c) : lost;
  if (!g) return logOnePlus(y, low);
  const huge = keep(lt(pick(2 ** 40, 2 ** 100), g));
  return logOnePlus(keep(blend(huge, g, y)), without(low, huge), bitAnd(huge, value(1)));
}

export function asinh(x: Value): Value {
  const a = keep(abs(x));
  const z = keep(mul(a, a));
  return withSign(logOfSum(a, keep(div(z, add(sqrt(add(z, 1)), 1))), a), x);
}

export function acosh(x: Value): Value {
  const t = keep(sub(x, 1));
  // sqrt(2 t + t^2), and what its rounding and that of the sum have lost
  const [a, b] = [keep(add(t, t)), keep(mul(t, t))];
  const square = keep(add(a, b));
  const rest = sub(min(a, b), sub(square, max(a, b)));
  const root = keep(sqrt(square));
  const high = upper(root);
  const low = sub(sub(square, mul(high, high)), mul(add(root, high), sub(root, high)));
  // At 1, where it is 0 / 0, nothing.
  const lost = bitAnd(div(add(low, rest), add(root, root)), lt(0, square));
  return bitOr(logOfSum(root, t, t, lost), lt(x, 1));
}

export function atanh(x: Value): Value {
  const a = keep(abs(x));
  const t = keep(add(a, a));
  const y = mul(logOfSum(t, keep(div(mul(t, a), sub(1, a)))), 0.5);
  return withSign(bitOr(blend(eq(a, 1), Infinity, y), lt(1, a)), x);
}
