import { expect, test } from "vitest";
import { numbersOfPairs } from "../../src/compile/pairs.ts";

test("pairs are numbered as they come, and each pair has one number, small or large", () => {
  const pair = numbersOfPairs();
  const edges = [15, 16, 21, 26, 31, 32, 47].flatMap((n) => [2 ** n - 2, 2 ** n - 1, 2 ** n]);
  const values = [-1, 0, 1, 2, ...edges];
  const all = values.flatMap((first) => values.map((second) => [first, second] as const));
  const numbers = all.map(([first, second]) => pair(first, second));
  expect(numbers).toEqual(all.map((_, i) => i));
  expect(all.map(([first, second]) => pair(first, second))).toEqual(numbers);
});
