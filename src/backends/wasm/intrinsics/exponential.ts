/** e^x and its relatives. */
import { coefficients } from "./coefficients.ts";
import { fractionBits, pick, polynomial, type Vec, withSign } from "./lanes.ts";

/**
 * x = n ln 2 + hi - lo with n an integer and |hi - lo| at most ln(2) / 2, in parts:
 * e^x = 2^n (1 + hi - lo + tail). The lowest bits of t are those of the integer n + bias.
 * ln 2 in two parts is fdlibm's (e_exp.c, e_expf.c): n times the first is exact.
 */
function reduce(x: Vec, bias: number) {
  const shift = 1.5 * 2 ** fractionBits(x) + bias;
  const t = x.madd(Math.LOG2E, shift).let;
  const n = t.sub(shift).let;
  const hi = n.nmadd(pick(x, 6.9314575195e-1, 6.9314718036912381649e-1), x).let;
  const lo = n.mul(pick(x, 1.4286067653e-6, 1.90821492927058770002e-10)).let;
  const tail = polynomial(hi.sub(lo).let, coefficients.exp[+x.on.double], 2);
  return { t, hi, lo, tail };
}

const bias = (x: Vec): number => pick(x, 127, 1023);

/** 2^k from a value whose lowest bits are k + bias. */
const power = (t: Vec): Vec => t.shl(fractionBits(t));

export function exp(x: Vec): Vec {
  // Beyond these bounds the result is 0 or infinite all the same.
  const inside = x.min(pick(x, 89, 710)).max(pick(x, -104, -746)).let;
  const { t, hi, lo, tail } = reduce(inside, 2 * bias(x));
  // 2^n in two factors, since 2^-1074 and 2^1024 are results but no normal numbers.
  const half = t.shr(1).let;
  return tail.sub(lo).add(hi).add(1).mul(power(half)).mul(power(t.isub(half)));
}

/** 1 / (1 + e^-x) */
export function sigmoid(x: Vec): Vec {
  // Both parts of the quotient times 2^-scale, so that e^-x does not overflow where the result is
  // still above zero; where e^-x is below 2^-57 its size no longer matters.
  const one = 2 ** pick(x, -32, -64);
  const { t, hi, lo, tail } = reduce(
    x.neg().min(pick(x, 104, 746)).max(-40).let,
    bias(x) + Math.log2(one),
  );
  const s = power(t).let;
  // 1 + e^-x as (1 + s) + (s (e^r - 1) + what the first sum lost)
  const sum = s.add(one).let;
  return x.of(one).div(tail.sub(lo).add(hi).madd(s, s.sub(sum).add(one)).add(sum));
}

export function tanh(x: Vec): Vec {
  const a = x.abs().let;
  // Beyond these bounds tanh rounds to 1.
  const { t, hi, lo, tail } = reduce(a.add(a).min(pick(x, 20, 40)).let, bias(x));
  const s = power(t).let;
  const large = x.of(1).sub(x.of(2).div(tail.sub(lo).add(hi).madd(s, s.add(1))));
  const z = x.mul(x).let;
  const small = polynomial(z, coefficients.tanh[+x.on.double]).mul(z).madd(x, x);
  // From tanh(a) = 1/2 on, subtracting from 1 costs no accuracy.
  return a.lt(0.549306144334).select(small, withSign(large, x));
}
