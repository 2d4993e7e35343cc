/**
 * Random numbers as a pure function of (seed, stream, index): no hidden state, so any of them can
 * be drawn again, out of order, on any thread or machine, with the same bits.
 */

import { cos, log } from "./elementary/scalar.ts";
import { fail } from "./errors.ts";
import { shown } from "./wording.ts";

/** Rotation distances of Threefry-2x32 (Salmon et al. 2011, table 2). */
const rotations = [13, 15, 26, 6, 17, 29, 16, 24];

/** The third key word is the parity of the other two with this constant (Skein's, 32 bits). */
const parity = 0x1bd11bda;

/**
 * Threefry-2x32 with 20 rounds: a bijection of the 64-bit counter, chosen by the 64-bit key.
 * Every argument is taken modulo 2^32; both results are unsigned 32-bit integers.
 *
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011;
 * checked against the known answers of the authors' library Random123 (kat_vectors).
 */
export function threefry2x32(
  key0: number,
  key1: number,
  counter0: number,
  counter1: number,
): [number, number] {
  let [k0, k1, k2] = [key0 | 0, key1 | 0, parity ^ key0 ^ key1];
  let x0 = (counter0 + k0) | 0;
  let x1 = (counter1 + k1) | 0;
  for (let round = 0; round < 20; round++) {
    // There are eight; a checked read would cost each random number twenty branches.
    const by = rotations[round & 7]!;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << by) | (x1 >>> (32 - by))) ^ x0;
    if ((round & 3) === 3) {
      const first = k0;
      k0 = k1;
      k1 = k2;
      k2 = first;
      x0 = (x0 + k0) | 0;
      x1 = (x1 + k1 + ((round + 1) >> 2)) | 0;
    }
  }
  return [x0 >>> 0, x1 >>> 0];
}

/**
 * A seed as the two 32-bit words of a key: the low word first, two's complement where negative.
 *
 * @throws ChainruleError "bad-argument" for a seed that is not a whole number within ±2^53.
 */
export function keyOf(seed: number): [number, number] {
  if (!Number.isSafeInteger(seed)) {
    fail("bad-argument", {
      message: "A seed must be a whole number.",
      expected: "a whole number between -2^53 and 2^53",
      found: shown(seed),
      fix: "Pass for example seed: 0.",
    });
  }
  return [seed | 0, Math.floor(seed / 2 ** 32) | 0];
}

/**
 * A number in [0, 1), uniform among the multiples of 2^-53: the upper 27 bits of the first word
 * and the upper 26 of the second of threefry2x32(key = seed, counter = (index, stream)).
 * `stream` and `index` count modulo 2^32.
 */
export function uniformAt(seed: number, stream: number, index: number): number {
  const [key0, key1] = keyOf(seed);
  const [high, low] = threefry2x32(key0, key1, index, stream);
  return ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53;
}

/**
 * A number with the standard normal distribution, by the method of Box and Muller (1958) from the
 * uniforms at 2·index and 2·index + 1 of the stream.
 */
export function normalAt(seed: number, stream: number, index: number): number {
  // 1 - u is in (0, 1], so that the logarithm is finite.
  const radius = Math.sqrt(-2 * log(1 - uniformAt(seed, stream, 2 * index)));
  return radius * cos(2 * Math.PI * uniformAt(seed, stream, 2 * index + 1));
}

/**
 * The upper 32 bits of the 64-bit product of two unsigned 32-bit integers: ⌊a·b / 2^32⌋, exactly.
 */
export function multiplyHigh(a: number, b: number): number {
  // Split a in halves: every intermediate value stays below 2^53.
  const upper = (a >>> 16) * b + Math.floor(((a & 0xffff) * b) / 2 ** 16);
  return Math.floor(upper / 2 ** 16);
}
