import { expect } from "vitest";
import { isClose, type Tolerance } from "./rounding.ts";

/** Fails with the position and both numbers of the first entry that is not close. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: Tolerance = {},
  what = "entry",
): void {
  expect(actual.length, `${what}: number of entries`).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    if (isClose(actual[i]!, expected[i]!, tolerance)) continue;
    expect.fail(`${what} ${i}: expected ${expected[i]}, found ${actual[i]}`);
  }
}
