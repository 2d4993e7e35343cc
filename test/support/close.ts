import { expect } from "vitest";

/** Pass if equal (NaN equals NaN), or |a − b| ≤ absolute + relative·|b|. */
export interface Tolerance {
  readonly relative?: number;
  readonly absolute?: number;
}

const close = (a: number, b: number, { relative = 0, absolute = 0 }: Tolerance): boolean =>
  Object.is(a, b) || a === b || Math.abs(a - b) <= absolute + relative * Math.abs(b);

/** Fails with the position and both numbers of the first entry that is not close. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: Tolerance = {},
  what = "entry",
): void {
  expect(actual.length, `${what}: number of entries`).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    if (close(actual[i]!, expected[i]!, tolerance)) continue;
    expect.fail(`${what} ${i}: expected ${expected[i]}, found ${actual[i]}`);
  }
}
