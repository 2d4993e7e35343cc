/** pi / 2 in parts, for arguments of moderate size, and the digits of 2 / pi for large ones. */
import {
  block,
  brTable,
  call,
  type Expr,
  type Func,
  type FunctionBuilder,
  f64,
  get,
  i32,
  i64,
  label,
  lane,
  op,
  ret,
} from "../assembler/index.ts";
import type { Lanes } from "./lanes.ts";

/** pi times 2^1280 by Machin's formula, 16 arctan(1/5) - 4 arctan(1/239). */
function digits(): bigint {
  const arctan = (n: bigint) => {
    let sum = 0n;
    for (let k = 1n, power = (1n << 1300n) / n; power; k += 2n, power /= -n * n) sum += power / k;
    return sum;
  };
  return (16n * arctan(5n) - 4n * arctan(239n)) >> 20n;
}

/** pi / 2 as a sum of four: three with that many bits each, and a rest of full precision. */
export function halfPi(bits: number): number[] {
  let rest = digits();
  return [bits, 2 * bits, 3 * bits, 200].map((b) => {
    const shift = BigInt(1282 - b);
    const part = rest >> shift;
    rest -= part << shift;
    return Number(part) / 2 ** (b - 1);
  });
}

/** Words of 64 binary digits of 2 / pi; the first holds zeros. */
const twoOverPi = ({ shared }: Lanes): Func =>
  shared("twoOverPi", ["i32"], "i64", (f) => {
    const all = (1n << 2561n) / digits();
    const words = Array.from({ length: 21 }, (_, k) => all >> BigInt(1280 - 64 * k));
    const labels = words.map(() => label());
    // Blocks inside one another, each followed by what a branch out of it is for.
    const nested = words.reduce<Expr[]>(
      (inner, word, k) => [block(labels[k], inner), ret(i64(word))],
      [brTable(labels, labels[0], get(f.params[0]))],
    );
    f.emit(...nested);
    return undefined;
  });

const on64 =
  (name: "add" | "mul" | "and" | "or" | "xor" | "shl" | "shr_u" | "shr_s" | "sub") =>
  (a: Expr, b: Expr | number): Expr =>
    op(`i64.${name}`, a, typeof b === "number" ? i64(b) : b);
const [add, mul, and, or, xor, shl, shr, sar] = (
  ["add", "mul", "and", "or", "xor", "shl", "shr_u", "shr_s"] as const
).map(on64);

/** The high 64 of the 128 bits of a product. */
const high = ({ shared }: Lanes): Func =>
  shared("multiplyHigh", ["i64", "i64"], "i64", (f) => {
    const [a, b] = f.params.map(get);
    const low = 0xffffffff;
    const upper = (x: Expr) => shr(x, 32);
    const t = f.let(add(mul(upper(a), and(b, low)), upper(mul(and(a, low), and(b, low)))));
    const u = add(mul(and(a, low), upper(b)), and(t, low));
    return add(mul(upper(a), upper(b)), add(upper(t), upper(u)));
  });

/**
 * Payne and Hanek's reduction of a large positive number: r + low = x - n pi / 2 as two lanes, with
 * the lowest two bits of n in those of low. The number is an integer m times a power of 2, so the
 * digits of 2 / pi whose product with it is a multiple of 4 need not be looked at; 192 behind them
 * leave more than 64 even next to a multiple of pi / 2. Infinity gives NaN.
 */
export const reduceLarge = (on: Lanes): Func =>
  on.shared("reduceLarge", ["f64"], "v128", (f: FunctionBuilder) => {
    const x = get(f.params[0]);
    const bits = f.let(op("i64.reinterpret_f64", x));
    const place = f.let(op("i32.sub", op("i32.wrap_i64", shr(bits, 52)), i32(1013)));
    const index = f.let(op("i32.shr_u", place, i32(6)));
    const word = (k: number) => f.let(call(twoOverPi(on), op("i32.add", index, i32(k))));
    const words = [0, 1, 2, 3].map(word);
    const shift = f.let(and(op("i64.extend_i32_u", place), 63));
    const [a, b, c] = [0, 1, 2].map((k) =>
      f.let(or(shl(words[k], shift), shr(shr(words[k + 1], 1), xor(shift, 63)))),
    );
    const m = f.let(or(and(bits, i64((1n << 52n) - 1n)), i64(1n << 52n)));
    // m (a 2^128 + b 2^64 + c) modulo 2^192: the first two bits are those of n.
    const low = f.let(mul(m, b));
    const mid = f.let(add(low, call(high(on), m, c)));
    const carry = op("i64.extend_i32_u", op("i64.lt_u", mid, low));
    const top = f.let(add(add(mul(m, a), call(high(on), m, b)), carry));
    const part = f.let(or(shl(top, 2), shr(mid, 62)));
    const sign = f.let(sar(part, 63)); // half a turn or more counts as less than nothing
    const n = and(add(shr(top, 62), shr(part, 63)), 3);
    // The fraction's size in 64 bits, the first of which is set, and how far it was moved.
    const size = f.let(xor(part, sign));
    const moved = f.let(op("i64.clz", size));
    const rest = xor(or(shl(mid, 2), shr(mul(m, c), 62)), sign);
    const fraction = f.let(or(shl(size, moved), shr(shr(rest, 1), xor(moved, 63))));
    // Times pi / 2: the product of the first halves is exact.
    const upper = i64(-(1n << 38n));
    const number = (v: Expr) => f.let(op("f64.convert_i64_u", v));
    const [p, q] = [number(and(fraction, upper)), number(and(fraction, i64((1n << 38n) - 1n)))];
    const [first, second, third] = halfPi(26);
    const times = (v: Expr, w: number) => op("f64.mul", v, f64(w));
    const main = f.let(times(p, first));
    const minor = f.let(op("f64.add", times(p, second + third), times(q, Math.PI / 2)));
    const r = f.let(op("f64.add", main, minor));
    const tail = op("f64.add", op("f64.sub", main, r), minor);
    // 2^(-64 - moved) with the sign
    const scale = f.let(
      op(
        "f64.reinterpret_i64",
        or(shl(op("i64.sub", i64(1023 - 64), moved), 52), and(sign, i64(1n << 63n))),
      ),
    );
    const tagged = or(and(op("i64.reinterpret_f64", op("f64.mul", tail, scale)), -4), n);
    const lane0 = op("f64.add", op("f64.mul", r, scale), op("f64.sub", x, x));
    return lane("i64x2.replace_lane", 1, op("f64x2.splat", lane0), tagged);
  });
