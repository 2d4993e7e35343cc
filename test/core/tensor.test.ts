/** Making tensors from JavaScript values, and reading them. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import type { DType } from "../../src/core/dtype.ts";
import type { ErrorCode } from "../../src/core/errors.ts";
import {
  eye,
  full,
  input,
  type NestedArray,
  ones,
  range,
  tensor,
  zeros,
} from "../../src/ops/leaf.ts";
import { pad } from "../../src/ops/padding.ts";
import { failure } from "../support/failure.ts";

test.each<[unknown, DType, number[], number[]]>([
  [3, "f32", [], [3]],
  [true, "bool", [], [1]],
  [[1, 2, 3], "f32", [3], [1, 2, 3]],
  [[true, false], "bool", [2], [1, 0]],
  [
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
    "f32",
    [2, 3],
    [1, 2, 3, 4, 5, 6],
  ],
  [[], "f32", [0], []],
  [[[], []], "f32", [2, 0], []],
  [[[[1]], [[2]]], "f32", [2, 1, 1], [1, 2]],
  [Float64Array.of(0.1, 0.2), "f64", [2], [0.1, 0.2]],
  [Int32Array.of(-1), "i32", [1], [-1]],
  [Uint8Array.of(0, 1), "bool", [2], [0, 1]],
])("tensor(%j) is %s%j", (values, dtype, shape, data) => {
  const x = tensor(values as NestedArray);
  expect([x.dtype, x.shape, [...x.dataSync()]]).toEqual([dtype, shape, data]);
});

test.each<[string, () => unknown, ErrorCode, string]>([
  [
    "rows of different length",
    () => tensor([[1, 2], [3]]),
    "shape-mismatch",
    "1 values in values[1]",
  ],
  ["a number among rows", () => tensor([[1, 2], 3]), "shape-mismatch", "the number 3 at values[1]"],
  ["a row among numbers", () => tensor([1, [2, 3]]), "shape-mismatch", "2 values in values[1]"],
  [
    "deep raggedness",
    () =>
      tensor([
        [[1], [2]],
        [[3], [4, 5]],
      ]),
    "shape-mismatch",
    "values[1][1]",
  ],
  ["text", () => tensor([1, "2"] as never), "bad-argument", 'values[1] = "2" (string)'],
  ["nothing", () => tensor([[1, null]] as never), "bad-argument", "values[0][1] = null (object)"],
  ["undefined", () => tensor(undefined as never), "bad-argument", "values = undefined (undefined)"],
  ["holes", () => tensor(new Array(2)), "bad-argument", "values[0] = undefined"],
  ["a big integer", () => tensor([1n] as never), "bad-argument", "values[0] = 1n (bigint)"],
  ["bytes that are no booleans", () => tensor(Uint8Array.of(0, 255)), "bad-dtype", "255"],
  ["an unknown array", () => tensor(new Uint16Array(2) as never), "bad-dtype", "Uint16Array"],
  ["an unknown type", () => tensor([1], { dtype: "float32" as never }), "bad-dtype", '"float32"'],
  ["too few values", () => tensor([1, 2], { shape: [3] }), "shape-mismatch", "2 values"],
  ["no shape", () => zeros([2, -1]), "shape-mismatch", "[2, -1]"],
  ["no size", () => range(1.5), "shape-mismatch", "[1.5]"],
  ["no square", () => eye(-1), "shape-mismatch", "[-1, -1]"],
])("%s is an error", (_, make, code, found) => {
  expect(failure(code, make).found).toContain(found);
});

test("a typed array is copied, and may become another type", () => {
  const data = Float32Array.of(1, 2);
  const x = tensor(data);
  data[0] = 9;
  expect(x.arraySync()).toEqual([1, 2]);
  expect(tensor(Uint8Array.of(7, 255), { dtype: "f32" }).arraySync()).toEqual([7, 255]);
});

test("a shape is copied", () => {
  const [shape, before] = [[2], [1]];
  const tensors = [zeros(shape), input("x", shape), tensor([1, 2], { shape })];
  const y = pad(tensor([1]), { before, after: [0] });
  shape[0] = 3;
  before[0] = 5;
  for (const x of tensors) expect(x.shape).toEqual([2]);
  expect(y.arraySync()).toEqual([0, 1]);
});

test("tensors filled by rule", () => {
  expect(full([2], 7, "i32").arraySync()).toEqual([7, 7]);
  expect(ones([]).item()).toBe(1);
  expect(range(3, "f64").arraySync()).toEqual([0, 1, 2]);
  expect(eye(2).arraySync()).toEqual([
    [1, 0],
    [0, 1],
  ]);
});

describe("reading", () => {
  test("arraySync nests as the shape says", async () => {
    expect(
      tensor([
        [1, 2],
        [3, 4],
      ]).arraySync(),
    ).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(zeros([2, 0]).arraySync()).toEqual([[], []]);
    expect(zeros([0, 2]).arraySync()).toEqual([]);
    expect(await tensor(5).array()).toBe(5);
    expect(await tensor([5]).data()).toEqual(Float32Array.of(5));
  });
  test("item reads one element", () => {
    expect(tensor([[2]]).item()).toBe(2);
    expect(failure("shape-mismatch", () => tensor([1, 2]).item()).found).toBe("shape [2]");
    failure("shape-mismatch", () => zeros([0]).item());
  });
  test("what is read is yours: writing into it changes nothing", () => {
    const x = tensor([1, 2]);
    for (const y of [x, x.reshape([2, 1]), x.add(1)]) {
      const first = y.dataSync();
      const copy = first.slice();
      first.fill(9);
      expect(y.dataSync()).toEqual(copy);
      expect(x.arraySync()).toEqual([1, 2]);
    }
  });
  test("a tensor as text", () => {
    expect(String(zeros([1, 2], "f64"))).toBe("tensor([[0, 0]], f64[1, 2])");
  });
});
