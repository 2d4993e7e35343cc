import { expect, test } from "vitest";
import { sparkline } from "../../src/cli/progress.ts";

test("a sparkline goes from the least to the largest, and ends where the values end", () => {
  expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7])).toBe("▁▂▃▄▅▆▇█");
  expect(sparkline([5])).toBe("");
  expect(sparkline([2, 2, 2])).toBe("▁▁▁");
  expect(sparkline([Number.NaN, 1, Number.POSITIVE_INFINITY, 0])).toBe("█▁");
  const long = Array.from({ length: 1000 }, (_, i) => 1000 - i);
  expect(sparkline(long)).toHaveLength(12);
  expect(sparkline(long)).toMatch(/^█.*▁$/);
});
