/** Checked reads of what is there by construction: picture and numbers come from one network. */
import type { Chosen, Column, Structure, Values, Weights } from "../protocol.ts";

/** What was looked for; that there is none would be a fault of the page itself. */
export function found<T>(value: T | null | undefined): T {
  if (value !== null && value !== undefined) return value;
  throw new Error("The page reads what is not there.");
}

export const at = <T>(list: ArrayLike<T>, i: number): T => found(list[i]);

export const columnAt = (s: Structure, column: number): Column => at(s.columns, column);

/** The weights that lead into a column that has some. */
export const weightsAt = (s: Structure, column: number): Weights =>
  found(s.weights.find((w) => w.column === column));

/** A parameter's number, and the gradient of the error with respect to it. */
export const parameterAt = (v: Values, { name, index }: Chosen): number =>
  at(found(v.parameters[name]), index);
export const gradientAt = (v: Values, { name, index }: Chosen): number =>
  at(found(v.gradients[name]), index);
