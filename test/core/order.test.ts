import { expect, test } from "vitest";
import { bySize } from "../../src/core/order.ts";
import { powerOfTen } from "../../src/core/powers.ts";

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

test("bySize is a total order, NaN and the largest first", () => {
  const values = [nan, infinity, -infinity, -3, 3, 2, -0, 0, nan];
  for (const a of values) {
    expect(bySize(a, a)).toBe(0);
    for (const b of values) {
      expect(Math.sign(bySize(a, b)) + Math.sign(bySize(b, a))).toBe(0);
      for (const c of values) {
        if (bySize(a, b) <= 0 && bySize(b, c) <= 0) expect(bySize(a, c)).toBeLessThanOrEqual(0);
      }
    }
  }
  expect([1, nan, -5, 0, infinity, 2].toSorted(bySize)).toEqual([nan, infinity, -5, 2, 1, 0]);
});

test.each([
  [0, 1],
  [3, 1000],
  [-5, 0.00001],
  [-7, 1e-7],
  [22, 1e22],
  [23, 1e23],
  [-324, 0],
  [308, 1e308],
])("powerOfTen(%i)", (n, power) => {
  expect(powerOfTen(n)).toBe(power);
});
