/** Checked reads, where an index is right by construction and the type cannot say so. */
import { fail } from "./errors.ts";

/** list[i], which is there. @throws ChainruleError "invalid-graph" where it is not: a fault here. */
export function at<T>(list: ArrayLike<T>, i: number): T {
  const value = list[i];
  return value === undefined ? missing(i, list.length) : value;
}

/** The one element of a list that has just one. */
export const only = <T>(list: ArrayLike<T>): T =>
  list.length === 1 ? at(list, 0) : missing(0, list.length);

const missing = (i: number, length: number): never =>
  fail("invalid-graph", {
    message: "A list is read where it holds nothing: a fault of chainrule itself.",
    expected: `an element ${i}`,
    found: `${length} elements`,
  });
