/** Numbers that any program can draw again, and a sum that shows whether it has drawn the same. */

/** n numbers in [0, 1). */
export function fractions(n: number, seed: number): Float64Array {
  let state = (Math.imul(seed, 0x9e3779b1) + 0x7f4a7c15) >>> 0;
  return Float64Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    let x = state ^ (state >>> 16);
    x = Math.imul(x, 0x7feb352d);
    return ((x ^ (x >>> 15)) >>> 0) / 2 ** 32;
  });
}

export const weighted = (data: ArrayLike<number>): number => {
  let sum = 0;
  // Millions of numbers, all of which are there (!).
  for (let i = 0; i < data.length; i++) sum += data[i]! * (1 + (i % 7));
  return sum;
};
