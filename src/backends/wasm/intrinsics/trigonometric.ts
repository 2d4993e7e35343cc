/** sin, cos and tan. */
import { call, lane, op, shuffle } from "../assembler/index.ts";
import { coefficients } from "./coefficients.ts";
import { except, pick, polynomial, rounder, signBit, Vec } from "./lanes.ts";
import { halfPi, reduceLarge } from "./pi.ts";

/** From here on, n has so many bits that its products with parts of pi / 2 are not exact. */
const isLarge = (a: Vec): Vec => a.of(pick(a, 1600, 1.6e6)).le(a).let;

/** a = n pi / 2 + r + low for a not negative; the lowest bits of q are those of n. */
function reduce(a: Vec): Vec[] {
  const shift = rounder(a, 0);
  const q = a.madd(2 / Math.PI, shift).let;
  const n = q.sub(shift).let;
  const [first, ...parts] = halfPi(pick(a, 14, 33));
  let r = n.nmadd(first, a).let;
  let low = a.of(0);
  for (const part of parts) {
    const v = n.mul(part).let;
    const next = r.sub(v).let;
    low = low.add(r.sub(next).sub(v));
    r = next;
  }
  if (!a.on.double) return [r, low.let, q];
  return except(isLarge(a), [r, low, q], () => {
    const [x, y] = [0, 1].map((k) =>
      a.on.f.let(call(reduceLarge(a.on), lane("f64x2.extract_lane", k, a.expr))),
    );
    const both = (at: number) => {
      const bytes = Array.from({ length: 16 }, (_, i) => at + (i & 7) + 2 * (i & 8));
      return new Vec(a.on, shuffle(bytes, x, y)).let;
    };
    return [both(0), both(8), both(8)];
  });
}

/** sin and cos of r + low in two parts each, and n, for |x|. */
function sinCos(x: Vec) {
  const [r, low, q] = reduce(x.abs().let);
  const { sin, cos } = coefficients;
  const z = r.mul(r).let;
  const half = z.mul(0.5).let;
  const c = x.of(1).sub(half).let;
  const s = polynomial(z, sin[+x.on.double]).mul(z).madd(r, low.mul(c)).let;
  const cLow = polynomial(z, cos[+x.on.double])
    .mul(z)
    .madd(z, r.nmadd(low, x.of(1).sub(c).sub(half)));
  return { sin: [r, s], cos: [c, cLow.let], q };
}

/** f(x) in f32, but lane by lane in f64 where the argument is large. */
function wide(x: Vec, name: string, f: (x: Vec) => Vec): Vec {
  const fast = f(x);
  if (x.on.double) return fast;
  const slow = () => {
    let v = x.expr;
    for (let k = 0; k < 4; k++) {
      const one = op("f64.promote_f32", lane("f32x4.extract_lane", k, x.expr));
      v = lane("f32x4.replace_lane", k, v, op("f32.demote_f64", call(x.on.scalar(name), one)));
    }
    return [new Vec(x.on, v)];
  };
  return except(isLarge(x.abs().let), [fast], slow)[0];
}

const isOdd = (q: Vec): Vec => q.of(0n).isub(q.and(1n)).let;
/** The sign bit where the second bit of q is set. */
const minus = (q: Vec): Vec => q.shl(pick(q, 30, 62)).and(signBit(q));

export const sin = (x: Vec): Vec =>
  wide(x, "sin", () => {
    const { sin, cos, q } = sinCos(x);
    const y = isOdd(q).select(cos[0].add(cos[1]), sin[0].add(sin[1]));
    return y.xor(minus(q).xor(x.and(signBit(x))));
  });

export const cos = (x: Vec): Vec =>
  wide(x, "cos", () => {
    const { sin, cos, q } = sinCos(x);
    const next = q.iadd(1n).let;
    const y = isOdd(next).select(cos[0].add(cos[1]), sin[0].add(sin[1]));
    return y.xor(minus(next));
  });

export const tan = (x: Vec): Vec =>
  wide(x, "tan", () => {
    const { sin, cos, q } = sinCos(x);
    const odd = isOdd(q);
    const [a, aLow] = sum(odd.select(cos[0], sin[0]).let, odd.select(cos[1], sin[1]).let);
    const [b, bLow] = sum(odd.select(sin[0], cos[0]).let, odd.select(sin[1], cos[1]).let);
    const y = a.div(b).let;
    return y.add(y.nmadd(bLow, aLow).div(b)).xor(odd.xor(x).and(signBit(x)));
  });

/** a + b and what it lost, for b smaller than a. */
function sum(a: Vec, b: Vec): [Vec, Vec] {
  const s = a.add(b).let;
  return [s, b.sub(s.sub(a))];
}
