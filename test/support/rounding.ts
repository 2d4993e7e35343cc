/** How far two ways of computing the same may be apart. */
import type { DType } from "../../src/core/dtype.ts";

/** Pass if equal (NaN equals NaN), or |a − b| ≤ absolute + relative·|b|. */
export interface Tolerance {
  readonly relative?: number;
  readonly absolute?: number;
}

export const isClose = (
  a: number,
  b: number,
  { relative = 0, absolute = 0 }: Tolerance = {},
): boolean => Object.is(a, b) || a === b || Math.abs(a - b) <= absolute + relative * Math.abs(b);

/**
 * Between backends: elementary functions are good to 2 ulp in each, and derivatives chain a few of
 * them. Values near 0 come from differences of numbers of size 1, so they are held absolutely.
 * Integers and truth values leave no room.
 */
export const rounding: Readonly<Record<DType, Tolerance>> = {
  f64: { relative: 1e-12, absolute: 1e-13 },
  f32: { relative: 2e-5, absolute: 2e-5 },
  i32: {},
  bool: {},
};
