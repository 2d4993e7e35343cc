/** Rounding in what computed a number is far below this share of it. */
const rounding = 4096 * Number.EPSILON;

/**
 * Whether numbers differ by no more than rounding does: max − min ≤ 2⁻⁴⁰ · max |x|. Whole numbers up
 * to 2⁵³ are exact, so they are constant only where they are equal.
 */
export function isConstant(values: Iterable<number>): boolean {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let whole = true;
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
    whole &&= Number.isSafeInteger(value);
  }
  if (least === most) return true;
  return !whole && most - least <= rounding * Math.max(Math.abs(least), Math.abs(most));
}
