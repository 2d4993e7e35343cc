/** pow. */
import { coefficients } from "./coefficients.ts";
import { power2, scale } from "./exponential.ts";
import { bias, pick, polynomial, rounder, signBit, type Vec } from "./lanes.ts";
import { splitAny } from "./logarithm.ts";

/** The upper half of a number's digits: products of two such are exact. */
const upper = (x: Vec): Vec => x.without(pick(x, 0xfffn, 0x7ffffffn)).let;

/** a + b as its upper half and the rest, for b smaller than a. */
function halves(a: Vec, b: Vec): [Vec, Vec] {
  const high = upper(a.add(b));
  return [high, b.sub(high.sub(a)).let];
}

/**
 * log2 of a positive number in two parts, the first of half length, to half as many digits again
 * as the type has; after fdlibm's e_pow.c. With s = f / (2 + f),
 * ln(1 + f) = 2/3 s (3 + s^2 + 3/2 s^4 q(s^2)).
 */
function log2(x: Vec): [Vec, Vec] {
  const { k, f } = splitAny(x);
  const d = f.add(2).let;
  const inverse = x.of(1).div(d).let;
  const high = upper(f.mul(inverse));
  const dHigh = upper(d);
  const dLow = f.sub(dHigh.sub(2));
  const low = high.nmadd(dLow, high.nmadd(dHigh, f)).mul(inverse).let;
  const s = high.add(low).let;
  const z = s.mul(s).let;
  const square = high.mul(high).let;
  const q = polynomial(z, coefficients.logLong[+x.on.double]).mul(z).mul(z).mul(1.5);
  const rest = high.add(s).madd(low, q).let;
  // 3 + s^2 + …, times s, times 2 / (3 ln 2), plus k
  const three = upper(rest.add(square).add(3));
  const threeLow = rest.sub(three.sub(3).sub(square));
  const [p, pLow] = halves(high.mul(three).let, low.madd(three, threeLow.mul(s)).let);
  const [factor, factorLow] = pick(
    x,
    [0.9619140625, -1.1736857402439508e-4],
    [0.9617967009544373, -7.028461650952758e-9],
  );
  const b = pLow.madd(factor + factorLow, p.mul(factorLow)).let;
  const a = p.mul(factor).let;
  const sum = upper(a.add(b).add(k));
  return [sum, b.sub(sum.sub(k).sub(a))];
}

export function pow(x: Vec, y: Vec): Vec {
  const a = x.abs().let;
  const [l, lLow] = log2(a);
  // Beyond these bounds powers of anything but 1 are 0 or infinite; and they are even.
  const bound = pick(x, 2 ** 36, 2 ** 66);
  const inside = y.min(bound).max(-bound).let;
  const yHigh = upper(inside);
  const high = yHigh.mul(l).let;
  const low = inside.sub(yHigh).madd(l, inside.mul(lLow)).let;
  // 2^(high + low): n, and what is left in two parts
  const most = pick(x, 160, 1100);
  const all = high.add(low).let;
  const clipped = all.min(most).max(-most).let;
  const shift = rounder(x, 2 * bias(x));
  const t = clipped.add(shift).let;
  const n = t.sub(shift).let;
  const over = clipped.ne(all).let;
  const head = over.select(clipped, high).sub(n).let;
  const tail = low.without(over).let;
  const f = head.add(tail).let;
  const fLow = tail.sub(f.sub(head));
  const size = scale(power2(f).madd(f, fLow.mul(Math.LN2)).add(1), t);

  // What IEEE 754 says about zeros, infinities and numbers below zero.
  const whole = y.nearest().eq(y).let;
  const half = y.mul(0.5).let;
  const odd = half.nearest().ne(half).and(whole);
  const edge = a.eq(0).or(a.eq(Infinity)).let;
  const end = x.of(Infinity).without(a.lt(1).xor(y.lt(0)));
  const signed = edge.select(end, size).xor(odd.and(x).and(signBit(x)));
  const invalid = x.lt(0).without(whole).without(edge).or(x.ne(x)).or(y.ne(y));
  return y.eq(0).or(x.eq(1)).select(1, signed.or(invalid));
}
