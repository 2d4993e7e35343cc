import { expect, test } from "vitest";
import { at, only, zip } from "../../src/core/at.ts";
import { failure } from "../support/failure.ts";

test("what is there is read, a zero and an empty text too", () => {
  expect(at([1, 0], 1)).toBe(0);
  expect(at(Float32Array.of(2), 0)).toBe(2);
  expect(only([""])).toBe("");
});

test("what is not there is an error that asks for a report", () => {
  const error = failure("invalid-graph", () => at([1], 1));
  expect(error.found).toBe("1 elements");
  expect(error.fix).toContain("report");
  for (const list of [[], [1, 2]]) failure("invalid-graph", () => only(list));
});

test("lists stand side by side, as many rows as the first has elements", () => {
  expect(zip([1, 0], ["a", ""])).toEqual([
    [1, "a"],
    [0, ""],
  ]);
  expect(zip([1], [2, 9], Float32Array.of(3), "d")).toEqual([[1, 2, 3, "d"]]);
  expect(zip([], [1])).toEqual([]);
  failure("invalid-graph", () => zip([1, 2], [1]));
});
