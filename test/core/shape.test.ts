import { describe, expect, test } from "vitest";
import {
  broadcastShapes,
  checkShape,
  normalizeAxes,
  normalizeAxis,
  sizeOf,
  stridesOf,
} from "../../src/core/shape.ts";
import { failure } from "../support/failure.ts";

describe("broadcastShapes", () => {
  test.each([
    [[], [], []],
    [[], [2, 3], [2, 3]],
    [[3], [2, 3], [2, 3]],
    [[2, 1], [3], [2, 3]],
    [
      [4, 1, 3],
      [2, 1],
      [4, 2, 3],
    ],
    [[1], [0], [0]],
    [
      [0, 1],
      [1, 3],
      [0, 3],
    ],
    [[0], [], [0]],
  ])("%j and %j give %j", (a, b, expected) => {
    expect(broadcastShapes(a, b, "add")).toEqual(expected);
    expect(broadcastShapes(b, a, "add")).toEqual(expected);
  });
  test.each([
    [[2], [3]],
    [[0], [2]],
    [[2, 3], [2]],
  ])("%j and %j do not fit", (a, b) => {
    failure("shape-mismatch", () => broadcastShapes(a, b, "add"));
  });
});

test.each([
  [[], 1, []],
  [[3], 3, [1]],
  [[2, 3, 4], 24, [12, 4, 1]],
  [[2, 0, 3], 0, [0, 3, 1]],
])("the size of %j is %j and its strides are %j", (shape, size, strides) => {
  expect(sizeOf(shape)).toBe(size);
  expect(stridesOf(shape)).toEqual(strides);
});

test.each([[[-1]], [[1.5]], [[Number.NaN]], [[Number.POSITIVE_INFINITY]]])(
  "%j is no shape",
  (shape) => {
    failure("shape-mismatch", () => checkShape(shape));
  },
);
test("more elements than can be counted are an error of their own", () => {
  const error = failure("out-of-memory", () => checkShape([2 ** 16, 2 ** 15]));
  expect(error.found).toBe("2147483648 elements, shape [65536, 32768]");
});
test.each([[[]], [[0]], [[2 ** 31 - 1]], [[0, 2 ** 40]]])("%j is a shape", (shape) => {
  expect(checkShape(shape)).toBe(shape);
});

test.each([
  [0, 2, 0],
  [1, 2, 1],
  [-1, 2, 1],
  [-2, 2, 0],
])("axis %i of %i is axis %i", (axis, rank, expected) => {
  expect(normalizeAxis(axis, rank, "sum")).toBe(expected);
});
test.each([
  [2, 2],
  [-3, 2],
  [0.5, 2],
  [Number.NaN, 2],
  [0, 0],
])("there is no axis %d of %i", (axis, rank) => {
  failure("bad-argument", () => normalizeAxis(axis, rank, "sum"));
});

test.each([
  [undefined, [0, 1, 2]],
  [null, [0, 1, 2]],
  [[], []],
  [1, [1]],
  [
    [-1, 0],
    [0, 2],
  ],
])("axes %j of 3 are %j", (axes, expected) => {
  expect(normalizeAxes(axes, 3, "sum")).toEqual(expected);
});
test("an axis cannot be named twice", () => {
  failure("bad-argument", () => normalizeAxes([1, -2], 3, "sum"));
});
