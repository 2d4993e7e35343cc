/** ln x and the inverse hyperbolic functions, which are logarithms too. */
import { coefficients } from "./coefficients.ts";
import {
  bias,
  fractionBits,
  largest,
  ln2Parts,
  pick,
  polynomial,
  type Vec,
  withSign,
} from "./lanes.ts";

/** x = 2^k (1 + f) with 1 + f between sqrt(1/2) and sqrt(2). */
function split(x: Vec) {
  const one = pick(x, 0x3f800000n, 0x3ff0000000000000n);
  const low = pick(x, 0x3f3504f3n, 0x3fe6a09e667f3bcdn); // sqrt(1/2)
  const bits = x.iadd(one - low).let;
  const n = fractionBits(x);
  // In the place of the fraction of 2^n, an integer becomes a number.
  const k = bits
    .shr(n)
    .or(x.of(2 ** n))
    .sub(2 ** n + bias(x));
  const f = bits
    .and((1n << BigInt(n)) - 1n)
    .iadd(low)
    .sub(1);
  return { k, f: f.let };
}

/**
 * ln(2^k (1 + f)) + c. As in fdlibm (e_log.c), ln(1 + f) = f - (h - s (h + s^2 q(s^2))) with
 * s = f / (2 + f) and h = f^2 / 2.
 */
function combine(k: Vec, f: Vec, c?: Vec): Vec {
  const s = f.div(f.add(2)).let;
  const z = s.mul(s).let;
  const h = f.mul(f).mul(0.5).let;
  const q = polynomial(z, coefficients.log[+f.on.double]).madd(z, h);
  const [ln2, rest] = ln2Parts(f);
  const low = c ? k.madd(rest, c) : k.mul(rest);
  return k.madd(ln2, f.sub(h.sub(q.madd(s, low))));
}

/** Adds what makes the logarithm of 0 -infinity, of infinity infinity, and of less than 0 NaN. */
function special(x: Vec, result: Vec): Vec {
  const pole = x.eq(0).and(x.of(Infinity)).or(x.lt(0));
  return result.add(x.sub(x.min(largest(x)))).sub(pole);
}

/** The same for x that may be subnormal: such numbers have no exponent of their own. */
export function splitAny(x: Vec) {
  const tiny = x.lt(pick(x, 2 ** -126, 2 ** -1022)).let;
  const { k, f } = split(tiny.select(x.mul(2 ** 54), x));
  return { k: k.sub(tiny.and(x.of(54))).let, f };
}

export function log(x: Vec): Vec {
  const { k, f } = splitAny(x);
  return special(x, combine(k, f));
}

/** ln(1 + y + low), where low is no more than a rounding error of y; plus `more` times ln 2. */
function logOnePlus(y: Vec, low?: Vec, more?: Vec): Vec {
  const inside = y.min(largest(y)).let;
  const u = inside.add(1).let;
  const part = u.sub(inside).let;
  const lost = inside.sub(u.sub(part)).add(y.of(1).sub(part));
  const c = (low ? lost.add(low) : lost).div(u.max(2 ** -60));
  const { k, f } = split(u);
  return special(u, combine((more ? k.add(more) : k).let, f, c)).add(y.sub(inside));
}

export const log1p = (x: Vec): Vec => withSign(logOnePlus(x).abs(), x);

export function asinh(x: Vec): Vec {
  const a = x.abs().let;
  const z = a.mul(a).let;
  const q = z.div(z.add(1).sqrt().add(1)).let;
  return withSign(ofSum(a, q, a), x);
}

export function acosh(x: Vec): Vec {
  const t = x.sub(1).let;
  return ofSum(t.madd(t, t.add(t)).sqrt().let, t, x).or(x.lt(1));
}

/** ln(1 + a + b) for b no larger than a; 2 ln x where both overflow. */
function ofSum(a: Vec, b: Vec, x: Vec): Vec {
  const huge = x.of(pick(x, 2 ** 40, 2 ** 100)).lt(x).let;
  const y = a.add(b).let;
  return logOnePlus(huge.select(x, y).let, b.sub(y.sub(a)).without(huge), huge.and(x.of(1)));
}

export function atanh(x: Vec): Vec {
  const a = x.abs().let;
  const t = a.add(a).let;
  const sum = ofSum(t, t.mul(a).div(x.of(1).sub(a)).let, x.of(0));
  return withSign(sum.mul(0.5).or(x.of(1).lt(a)), x);
}
