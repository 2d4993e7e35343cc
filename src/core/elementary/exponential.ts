/** e^x and its relatives. */
import { coefficients } from "./coefficients.ts";
import {
  abs,
  add,
  bias,
  blend,
  div,
  fractionBits,
  isub,
  keep,
  ln2,
  lt,
  max,
  min,
  mul,
  on,
  pick,
  polynomial,
  rounder,
  shl,
  shr,
  sub,
  type Value,
  withSign,
} from "./lanes.ts";

/** 2^k from a value whose lowest bits are k + bias. */
const power = (t: Value): Value => shl(t, fractionBits());

/**
 * x = n ln 2 + r with n an integer and |r| at most ln(2) / 2; e^x = 2^n (1 + r + tail). The lowest
 * bits of t are those of the integer n + offset; r is high - low.
 */
function reduce(x: Value, offset: number) {
  const shift = rounder(offset);
  const t = keep(add(mul(x, Math.LOG2E), shift));
  const n = keep(sub(t, shift));
  const high = keep(sub(x, mul(n, ln2()[0])));
  const low = keep(mul(n, ln2()[1]));
  const r = keep(sub(high, low));
  return { t, high, low, r, tail: polynomial(r, coefficients.exp, 2) };
}

/**
 * x times 2^(k - 2 bias) for k in the lowest bits of t: in two factors, since 2^-1074 and 2^1024
 * are results but no normal numbers.
 */
export function scale(x: Value, t: Value): Value {
  const half = keep(shr(t, 1));
  return mul(mul(x, power(half)), power(isub(t, half)));
}

export function exp(x: Value): Value {
  // Beyond these bounds the result is 0 or infinite all the same.
  const [least, most] = [pick(-104, -746), pick(89, 710)];
  const inside = on.narrow ? x : keep(max(min(x, most), least));
  const { t, high, low, r, tail } = reduce(inside, bias() * (on.narrow ? 1 : 2));
  // In f32, where training is, one operation less and half an ulp more.
  const y = on.double ? add(add(sub(tail, low), high), 1) : add(add(r, 1), tail);
  if (on.narrow) return mul(y, power(t));
  // 0 from a number below all others takes processors a hundred times as long as 0 times a number.
  return scale(blend(lt(x, least), 0, y), t);
}

/** s 2^f - s for |f| up to 1/2, as e^(f ln 2). */
const power2 = (f: Value, s: Value): Value => mul(polynomial(f, coefficients.exp2, 1), s);

export function tanh(x: Value): Value {
  const a = keep(on.narrow ? abs(x) : min(abs(x), pick(10, 20)));
  // From tanh(a) = 1/2 on, 1 - 2 / (1 + e^2a): errors count for less than half, so that the power
  // of 2 may be reduced without a second part. Beyond the bounds above it rounds to 1.
  const y = () => mul(a, 2 * Math.LOG2E); // twice, since it may be fused with either sum
  const shift = rounder(bias());
  const t = keep(add(y(), shift));
  const f = keep(add(y(), sub(shift, t)));
  const s = keep(power(t));
  const large = sub(1, div(2, add(power2(f, s), add(s, 1))));
  const z = keep(mul(x, x));
  const small = add(mul(polynomial(z, coefficients.tanh, 1), x), x);
  return blend(lt(a, 0.549306144334), small, withSign(large, x));
}

export function expm1(x: Value): Value {
  const { t, high, low, tail } = reduce(keep(max(min(x, pick(89, 710)), -40)), bias() - 1);
  const s = keep(power(t)); // 2^n / 2
  // (s - 1/2) + s high, and what this sum lost, with the smaller rest.
  const a = keep(sub(s, 0.5));
  const b = keep(mul(s, high));
  const sum = keep(add(a, b));
  const half = keep(add(add(mul(sub(tail, low), s), sub(b, sub(sum, a))), sum));
  // Where the rest vanishes against x, -0 must stay.
  return withSign(abs(add(half, half)), x);
}

/** e^|x| / 4, which overflows no sooner than the results: as a sum, and this as one number. */
function quarter(x: Value) {
  const { t, high, low, tail } = reduce(keep(min(abs(x), pick(90, 711))), bias() - 2);
  const s = keep(power(t));
  const sum = keep(add(high, 1));
  const rest = keep(add(sub(high, sub(sum, 1)), sub(tail, low)));
  return { e: mul(sum, s), rest: mul(rest, s), all: mul(add(sum, rest), s) };
}

export function cosh(x: Value): Value {
  const { e, rest, all } = quarter(x);
  const half = keep(add(add(div(1 / 16, all), rest), e));
  return add(half, half);
}

export function sinh(x: Value): Value {
  const { e, rest, all } = quarter(x);
  const half = keep(sub(e, sub(div(1 / 16, all), rest)));
  const z = keep(mul(x, x));
  const small = add(mul(polynomial(z, coefficients.sinh, 1), x), x);
  return blend(lt(abs(x), 1), small, withSign(add(half, half), x));
}

export function erf(x: Value): Value {
  const z = keep(mul(x, x));
  const small = add(mul(polynomial(z, coefficients.erf), x), x);
  // Further out 1 - erfc(a), which is 1 - 2^q(a); beyond these bounds it rounds to 1.
  const a = keep(abs(x));
  const q = keep(polynomial(keep(min(a, pick(4, 6))), coefficients.erfc));
  const shift = rounder(bias());
  const t = keep(add(q, shift));
  const s = keep(power(t));
  const f = keep(sub(q, sub(t, shift)));
  const large = sub(sub(1, s), power2(f, s));
  return blend(lt(a, pick(0.875, 1)), small, withSign(large, x));
}
