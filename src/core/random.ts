/**
 * Random numbers as a pure function of (seed, stream, index): no hidden state, so any of them can
 * be drawn again, out of order, on any thread or machine, with the same bits.
 */

import { cos, log } from "./elementary/scalar.ts";
import { fail } from "./errors.ts";
import { threefry2x32 } from "./number-words.ts";
import { shown } from "./wording.ts";

/**
 * A seed as the two 32-bit words of a key: the low word first, two's complement where negative.
 *
 * @throws ChainruleError "bad-argument" for a seed that is not a whole number within ±2^53.
 */
export function seedKey(seed: number): [number, number] {
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
export const uniformAt = (seed: number, stream: number, index: number): number =>
  uniformsOf(seed, stream)(index);

/** The same for every index of a stream: the seed is looked at once. */
export function uniformsOf(seed: number, stream: number): (index: number) => number {
  const [key0, key1] = seedKey(seed);
  return (index) => {
    const words = threefry2x32(key0, key1, index, stream);
    return ((words[0] >>> 5) * 2 ** 26 + (words[1] >>> 6)) / 2 ** 53;
  };
}

/**
 * A number with the standard normal distribution, by the method of Box and Muller (1958) from the
 * uniforms at 2·index and 2·index + 1 of the stream.
 */
export const normalAt = (seed: number, stream: number, index: number): number =>
  normalsOf(seed, stream)(index);

/** The same for every index of a stream. */
export function normalsOf(seed: number, stream: number): (index: number) => number {
  const uniform = uniformsOf(seed, stream);
  return (index) => {
    // 1 - u is in (0, 1], so that the logarithm is finite.
    const radius = Math.sqrt(-2 * log(1 - uniform(2 * index)));
    return radius * cos(2 * Math.PI * uniform(2 * index + 1));
  };
}
