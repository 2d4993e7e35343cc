/** asin, acos and atan. */
import { coefficients } from "./coefficients.ts";
import { pick, polynomial, signBit, type Vec, withSign } from "./lanes.ts";

/** pi / 2 as a number of the type, and what that lacks relative to it. */
const halfPi = (x: Vec): number => pick(x, Math.fround(Math.PI / 2), Math.PI / 2);
const lacking = (x: Vec): number =>
  pick(x, (Math.PI / 2 - halfPi(x)) / (Math.PI / 2), 6.123233995736766e-17 / (Math.PI / 2));

/**
 * asin(s) = s + rest for s up to 1/2. For larger x it is taken of sqrt((1 - x) / 2), which is half
 * the angle between x and 1, and both parts come back doubled.
 */
function arc(x: Vec) {
  const a = x.abs().let;
  const large = x.of(0.5).lt(a).let;
  const z = large.select(x.of(1).sub(a).mul(0.5), a.mul(a)).let;
  const s = large.select(z.sqrt(), a).let;
  const rest = polynomial(z, coefficients.asin[+x.on.double]).mul(z).mul(s).let;
  const twice = large.and(s);
  return { large, s: s.add(twice).let, rest: rest.add(large.and(rest)).let };
}

export function asin(x: Vec): Vec {
  const { large, s, rest } = arc(x);
  // pi / 2 - s - rest; the first half of pi / 2 minus s is exact.
  const half = large.and(x.of(halfPi(x) / 2)).let;
  const flip = x.of(signBit(x)).without(large).let;
  const low = half.mul(2 * lacking(x)).sub(rest.xor(flip));
  return withSign(half.sub(s.xor(flip)).add(low).add(half).abs(), x);
}

export function acos(x: Vec): Vec {
  const { large, s, rest } = arc(x);
  // pi / 2 - asin(x), or s + rest, or pi - s - rest
  const base = large.select(x.lt(0).and(x.of(2 * halfPi(x))), x.of(halfPi(x))).let;
  const sign = x.xor(x.of(signBit(x)).without(large)).and(signBit(x)).let;
  return base.mul(lacking(x)).add(rest.xor(sign)).add(s.xor(sign)).add(base);
}

export function atan(x: Vec): Vec {
  const a = x.abs().let;
  // atan(a) = base + atan(u), where u is a, (a - 1) / (a + 1) or -1 / a
  const small = a.lt(0.6).let;
  const middle = a.lt(5 / 3).let;
  const above = small.select(a, middle.select(a.sub(1), -1));
  const below = small.select(1, middle.select(a.add(1), a));
  const u = above.div(below).let;
  const base = middle.select(halfPi(x) / 2, halfPi(x)).without(small).let;
  const z = u.mul(u).let;
  const rest = polynomial(z, coefficients.atan[+x.on.double]).mul(z);
  return withSign(
    rest
      .madd(u, base.mul(lacking(x)))
      .add(u)
      .add(base)
      .abs(),
    x,
  );
}
