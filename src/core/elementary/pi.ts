/** pi / 2 in parts, and what is left of a large number after multiples of it. */

let digits: bigint | undefined;

/** pi times 2^1280 by Machin's formula, 16 arctan(1/5) - 4 arctan(1/239). */
function pi(): bigint {
  const arctan = (n: bigint) => {
    let sum = 0n;
    for (let k = 1n, power = (1n << 1300n) / n; power; k += 2n, power /= -n * n) sum += power / k;
    return sum;
  };
  digits ??= (16n * arctan(5n) - 4n * arctan(239n)) >> 20n;
  return digits;
}

/** pi / 2 as a sum of four: three with that many bits each, and a rest of full precision. */
export function halfPi(bits: number): readonly [number, number, number, number] {
  let rest = pi();
  const next = (b: number) => {
    const shift = BigInt(1282 - b);
    const part = rest >> shift;
    rest -= part << shift;
    return Number(part) / Number(1n << BigInt(b - 1));
  };
  return [next(bits), next(2 * bits), next(3 * bits), next(200)];
}

/**
 * x = n pi / 2 + r + low, exactly enough for every number, however large. One part of it: 0 is r,
 * 1 is low, 2 is 1.5 * 2^52 + n, with the lowest bits of n in its own. This is the slow way out for
 * what training hardly meets, so it is JavaScript, called from the module.
 */
export function reduceLarge(x: number, part: number): number {
  if (!Number.isFinite(x)) return Number.NaN;
  // x and pi / 2 times 2^1281. What lies below 2^-32 is only there in numbers that are not large.
  const all = x < 2 ** 53 ? BigInt(Math.floor(x * 2 ** 32)) << 1249n : BigInt(x) << 1281n;
  const n = (2n * all + pi()) / (2n * pi());
  const rest = (all - n * pi()) >> 961n;
  const unit = 2 ** 320;
  const r = Number(rest) / unit;
  if (part === 0) return r;
  return part === 1 ? Number(rest - BigInt(r * unit)) / unit : 1.5 * 2 ** 52 + Number(n & 3n);
}
