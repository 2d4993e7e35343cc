/** Checked reads, where an index is right by construction and the type cannot say so. */
import { fail } from "./errors.ts";

/** list[i], which is there. @throws ChainruleError "invalid-graph" where it is not: a fault here. */
export function at<T>(list: ArrayLike<T>, i: number): T {
  const value = list[i];
  return value === undefined ? missing(i, list.length) : value;
}

/** The last element of a list that has one. */
export const last = <T>(list: ArrayLike<T>): T => at(list, list.length - 1);

/** The one element of a list that has just one. */
export const only = <T>(list: ArrayLike<T>): T =>
  list.length === 1 ? at(list, 0) : missing(0, list.length);

const missing = (i: number, length: number): never =>
  fail("invalid-graph", {
    message: "A list is read where it holds nothing: a fault of chainrule itself.",
    expected: `an element ${i}`,
    found: `${length} elements`,
  });

/** The lists side by side: [a₀, b₀, …], [a₁, b₁, …] …, as many as the first has elements. */
export function zip<A, B>(a: ArrayLike<A>, b: ArrayLike<B>): [A, B][];
export function zip<A, B, C>(a: ArrayLike<A>, b: ArrayLike<B>, c: ArrayLike<C>): [A, B, C][];
export function zip<A, B, C, D>(
  a: ArrayLike<A>,
  b: ArrayLike<B>,
  c: ArrayLike<C>,
  d: ArrayLike<D>,
): [A, B, C, D][];
export function zip(...lists: readonly ArrayLike<unknown>[]): unknown[][] {
  const [first = []] = lists;
  return Array.from(first, (_, i) => lists.map((list) => at(list, i)));
}

/** What a map holds for a key that is in it. */
export function entry<K, V>(map: { get(key: K): V | undefined }, key: K): V {
  const value = map.get(key);
  if (value !== undefined) return value;
  return fail("invalid-graph", {
    message: "A map is read where it holds nothing: a fault of chainrule itself.",
    expected: "an entry for each key",
    found: typeof key === "string" ? `no "${key}"` : "none",
  });
}
