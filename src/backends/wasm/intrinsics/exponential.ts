/** e^x and its relatives. */
import { coefficients } from "./coefficients.ts";
import {
  bias,
  fractionBits,
  ln2Parts,
  pick,
  polynomial,
  rounder,
  type Vec,
  withSign,
} from "./lanes.ts";

/** 2^k from a value whose lowest bits are k + bias. */
export const power = (t: Vec): Vec => t.shl(fractionBits(t));

/**
 * x = n ln 2 + r with n an integer and |r| at most ln(2) / 2; e^x = 2^n (1 + r + tail). The lowest
 * bits of t are those of the integer n + offset.
 */
function reduce(x: Vec, offset: number) {
  const shift = rounder(x, offset);
  const t = x.madd(Math.LOG2E, shift).let;
  const n = t.sub(shift).let;
  const [ln2, rest] = ln2Parts(x);
  const hi = n.nmadd(ln2, x).let;
  const lo = n.mul(rest).let;
  const r = hi.sub(lo).let;
  return { t, hi, lo, r, tail: polynomial(r, coefficients.exp[+x.on.double], 2) };
}

export function exp(x: Vec): Vec {
  if (x.on.narrow) {
    const { t, r, tail } = reduce(x, bias(x));
    return r.add(1).add(tail).mul(power(t));
  }
  // Beyond these bounds the result is 0 or infinite all the same.
  const inside = x.min(pick(x, 89, 710)).max(pick(x, -104, -746)).let;
  const { t, r, tail } = reduce(inside, 2 * bias(x));
  return scale(r.add(1).add(tail), t);
}

/**
 * x times 2^(k - 2 bias) for k in the lowest bits of t: in two factors, since 2^-1074 and 2^1024
 * are results but no normal numbers.
 */
export function scale(x: Vec, t: Vec): Vec {
  const half = t.shr(1).let;
  return x.mul(power(half)).mul(power(t.isub(half)));
}

/** 1 / (1 + e^-x) */
export function sigmoid(x: Vec): Vec {
  // Both parts of the quotient times 2^-scale, so that e^-x does not overflow where the result is
  // still above zero; where e^-x is below 2^-57 its size no longer matters.
  const one = 2 ** pick(x, -32, -64);
  const minus = x.on.narrow
    ? x.neg()
    : x
        .neg()
        .min(pick(x, 104, 746))
        .max(-40);
  const { t, r, tail } = reduce(minus.let, bias(x) + Math.log2(one));
  const s = power(t).let;
  // 1 + e^-x as (1 + s) + (s (e^r - 1) + what the first sum lost)
  const sum = s.add(one).let;
  return x.of(one).div(r.add(tail).madd(s, s.sub(sum).add(one)).add(sum));
}

/** q with 2^f = 1 + f q for |f| up to 1/2: e^(f ln 2). */
export function power2(f: Vec): Vec {
  const c = [1, ...coefficients.exp[+f.on.double]];
  return polynomial(
    f,
    c.map((v, i) => v * Math.LN2 ** (i + 1)),
  );
}

export function tanh(x: Vec): Vec {
  const a = x.on.narrow ? x.abs().let : x.abs().min(pick(x, 10, 20)).let;
  // From tanh(a) = 1/2 on, 1 - 2 / (1 + e^2a): errors count for less than half, so that the power
  // of 2 may be reduced without a second part. Beyond the bounds above it rounds to 1.
  const log2 = 2 * Math.LOG2E;
  const shift = rounder(x, bias(x));
  const t = a.madd(log2, shift).let;
  const f = a.madd(log2, x.of(shift).sub(t)).let;
  const s = power(t).let;
  const large = x.of(1).sub(x.of(2).div(power2(f).mul(f).madd(s, s.add(1))));
  const z = x.mul(x).let;
  const small = polynomial(z, coefficients.tanh[+x.on.double]).mul(z).madd(x, x);
  return a.lt(0.549306144334).select(small, withSign(large, x));
}

/**
 * (e^x - 1) / 2, or e^x / 2 for `plain`: half, so that sinh and cosh do not overflow before they
 * must.
 */
export function expm1(x: Vec): Vec {
  const { t, hi, lo, tail } = reduce(x.min(pick(x, 89, 710)).max(-40).let, bias(x) - 1);
  const s = power(t).let; // 2^n / 2
  // (s - 1/2) + s hi, and what this sum lost, with the smaller rest.
  const a = s.sub(0.5).let;
  const b = s.mul(hi).let;
  const sum = a.add(b).let;
  const half = b.sub(sum.sub(a)).add(tail.sub(lo).mul(s)).add(sum).let;
  // Where the rest vanishes against x, -0 must stay.
  return withSign(half.add(half).abs(), x);
}

/** e^|x| / 4, which overflows later than the result. */
function quarter(x: Vec): Vec {
  const { t, hi, lo, tail } = reduce(x.abs().min(pick(x, 90, 711)).let, bias(x) - 2);
  return tail.sub(lo).add(hi).add(1).mul(power(t)).let;
}

export function cosh(x: Vec): Vec {
  const e = quarter(x);
  const half = e.add(x.of(1 / 16).div(e)).let;
  return half.add(half);
}

export function sinh(x: Vec): Vec {
  const e = quarter(x);
  const half = e.sub(x.of(1 / 16).div(e)).let;
  const z = x.mul(x).let;
  const small = polynomial(z, coefficients.sinh[+x.on.double]).mul(z).madd(x, x);
  return x
    .abs()
    .lt(1)
    .select(small, withSign(half.add(half), x));
}
