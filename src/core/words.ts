/**
 * Random words, written once for all machines, over arithmetic of 32-bit words: a target
 * (instructions, expressions, JavaScript) says what each operation becomes.
 */

/** 32-bit words in some form, modulo 2^32. */
export interface WordArithmetic<T> {
  word(value: number): T;
  add(first: T, ...terms: readonly T[]): T;
  xor(a: T, b: T): T;
  /** The bits moved up by so much, those that fall out coming in below. */
  rotate(x: T, by: number): T;
  /** A value computed once, here: it is used more than once. */
  keep(x: T): T;
}

/** … in which larger numbers can be bounded. */
export interface BoundedWords<T> extends WordArithmetic<T> {
  /** The upper 32 bits of the 64-bit product of two unsigned words: ⌊a·b / 2^32⌋. */
  multiplyHigh(a: T, b: T): T;
}

const rotations = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;
/** The key schedule's constant (Skein's, 32 bits). */
const parity = 0x1bd11bda;

/**
 * Threefry-2x32 with 20 rounds: a bijection of the 64-bit counter, chosen by the 64-bit key.
 *
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011;
 * checked against the known answers of the authors' library Random123 (kat_vectors).
 */
export function threefry<T>(
  on: WordArithmetic<T>,
  [key0, key1]: readonly [T, T],
  [counter0, counter1]: readonly [T, T],
): readonly [T, T] {
  const key2 = on.keep(on.xor(on.xor(key0, key1), on.word(parity)));
  let [first, second, third] = [key0, key1, key2];
  let a = on.keep(on.add(counter0, first));
  let b = on.keep(on.add(counter1, second));
  // Four rounds, then the next two of the three keys are added.
  for (let injection = 1; injection <= 5; injection++) {
    for (const by of injection % 2 === 1 ? rotations[0] : rotations[1]) {
      a = on.keep(on.add(a, b));
      b = on.keep(on.xor(on.rotate(b, by), a));
    }
    [first, second, third] = [second, third, first];
    a = on.keep(on.add(a, first));
    b = on.keep(on.add(b, second, on.word(injection)));
  }
  return [a, b];
}

/** Sets the key of shuffles apart from that of `uniformAt` with the same seed: ASCII "shuf". */
const shuffleKey = 0x73687566;

/**
 * The order of n examples in an epoch: begin with the identity; for i = n − 1 down to 1 exchange the
 * entries i and `partner(i)`, which is uniform in 0 … i. There is no rejection: the probability of
 * each partner differs from 1/(i+1) by less than 2^-32.
 *
 * Source: Durstenfeld 1964 (Fisher and Yates); bounded integer as in Lemire 2019, section 3.
 *
 * @param seed the two words of the seed, as `keyOf` gives them
 */
export function partner<T>(on: BoundedWords<T>, seed: readonly [T, T], i: T, epoch: T): T {
  const [low, high] = seed;
  const key1 = on.keep(on.xor(high, on.word(shuffleKey)));
  const [word] = threefry(on, [low, key1], [i, epoch]);
  return on.multiplyHigh(word, on.add(i, on.word(1)));
}
