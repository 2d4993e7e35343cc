/** Element types: promotion, casts, overflow, and rounding when a value is stored. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import { type DType, dtypes } from "../../src/core/dtype.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { add, div, maximum, mul, sub } from "../../src/ops/arithmetic.ts";
import { sum } from "../../src/ops/broadcast.ts";
import { equal, logicalAnd, where } from "../../src/ops/compare.ts";
import { concatenate, stack } from "../../src/ops/concatenate.ts";
import { crossEntropyOfBits } from "../../src/ops/entropy.ts";
import { scatterAdd } from "../../src/ops/indexing.ts";
import { tensor, zeros } from "../../src/ops/leaf.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { pad } from "../../src/ops/padding.ts";
import { pow } from "../../src/ops/power.ts";
import { argmax, cumsum, logsumexp, max, mean, prod } from "../../src/ops/reduce.ts";
import { exp } from "../../src/ops/transcendental.ts";
import { expectClose } from "../support/close.ts";

const i32 = (...values: number[]): Tensor => tensor(values, { dtype: "i32" });
const f64 = (...values: number[]): Tensor => tensor(values, { dtype: "f64" });
const [most, least] = [2 ** 31 - 1, -(2 ** 31)];

/** Rows and columns in the order bool, i32, f32, f64. */
const wider = (["bool", "i32", "f32", "f64"] as const).map((a, i, all) =>
  all.map((b, j) => [a, b, all[Math.max(i, j)]!] as const),
);

describe.each(wider.flat())("%s with %s", (a, b, common) => {
  const [x, y] = [zeros([2], a), zeros([2], b)];
  const number: DType = common === "bool" ? "i32" : common;
  const float: DType = number === "i32" ? "f32" : number;
  test.each<[string, Tensor, DType]>([
    ["add", add(x, y), number],
    ["maximum", maximum(x, y), number],
    ["div", div(x, y), float],
    ["pow", pow(x, y), float],
    ["equal", equal(x, y), "bool"],
    ["logicalAnd", logicalAnd(x, y), "bool"],
    ["where", where(zeros([2], "bool"), x, y), common],
    ["concatenate", concatenate([x, y]), common],
    ["stack", stack([y, x]), common],
    ["matmul", matmul(x, y), number],
    ["scatterAdd", scatterAdd(x, i32(0, 1), y, { axis: 0 }), number],
  ])("%s", (_, z, expected) => expect(z.dtype).toBe(expected));
});

test.each<[DType, number, DType]>([
  ["f64", 0.1, "f64"],
  ["f32", 0.1, "f32"],
  ["f32", 2, "f32"],
  ["i32", 2, "i32"],
  ["i32", 2.5, "f32"],
  ["i32", 2 ** 31, "f32"],
  ["i32", Number.NaN, "f32"],
  ["bool", 2, "i32"],
  ["bool", 0.5, "f32"],
])("a number takes the tensor's type if that can hold it: %s + %d is %s", (dtype, x, expected) => {
  expect(add(zeros([2], dtype), x).dtype).toBe(expected);
  expect(add(x, zeros([2], dtype)).dtype).toBe(expected);
});

test.each(dtypes)("functions of %s", (dtype) => {
  const x = zeros([2], dtype);
  const number = dtype === "bool" ? "i32" : dtype;
  const float = dtype === "f64" ? "f64" : "f32";
  for (const f of [sum, prod, max, cumsum]) expect(f(x).dtype).toBe(number);
  for (const f of [mean, logsumexp, exp]) expect(f(x).dtype).toBe(float);
  expect(argmax(x).dtype).toBe("i32");
  expect(pad(x, { before: [1], after: [0], value: 2 }).dtype).toBe(dtype);
});

const numbers = [
  0,
  -0,
  0.5,
  -0.5,
  1.9,
  -1.9,
  2 ** 31,
  -3e9,
  1e300,
  Infinity,
  -Infinity,
  Number.NaN,
];
test.each<[DType, number[]]>([
  ["f64", numbers],
  ["f32", numbers.map(Math.fround)],
  // Towards zero; what does not fit becomes the nearest, NaN becomes 0.
  ["i32", [0, 0, 0, 0, 1, -1, most, least, most, most, least, 0]],
  ["bool", [0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]],
])("f64 to %s", (dtype, expected) => {
  expectClose(
    f64(...numbers)
      .cast(dtype)
      .dataSync(),
    expected,
  );
  expectClose(tensor(numbers, { dtype }).dataSync(), expected);
});

test("integers wrap around", () => {
  const big = i32(most, least, least, 65536);
  expectClose(add(big, 1).dataSync(), [least, least + 1, least + 1, 65537]);
  expectClose(sub(big, 1).dataSync(), [most - 1, most, most, 65535]);
  expectClose(mul(big, big).dataSync(), [1, 0, 0, 0]);
  expectClose(big.square().dataSync(), [1, 0, 0, 0]);
  expectClose(big.neg().dataSync(), [-most, least, least, -65536]);
  expectClose(big.abs().dataSync(), [most, least, least, 65536]);
  expectClose(i32(most, most, most).sum().dataSync(), [2 ** 31 - 3]);
  expectClose(
    i32(3 ** 19, 3 ** 19, 3)
      .prod()
      .dataSync(),
    [Number(BigInt.asIntN(32, 3n ** 39n))],
  );
  expectClose(cumsum(i32(most, 1, 1)).dataSync(), [most, least, least + 1]);
  expectClose(matmul(i32(most, 2), i32(most, 3)).dataSync(), [7]);
  expectClose(matmul(tensor([[most]], { dtype: "i32" }), i32(most)).dataSync(), [1]);
  expectClose(scatterAdd(i32(most), i32(0), i32(1), { axis: 0 }).dataSync(), [least]);
});

test("integers divide as real numbers, and have logarithms", () => {
  expectClose(crossEntropyOfBits(i32(0, 1), i32(0, 0)).dataSync(), [0, 100]);
  expectClose(div(i32(1, -1, 0, 7), i32(0, 0, 0, 2)).dataSync(), [Infinity, -Infinity, NaN, 3.5]);
});

test("f32 values are rounded when they are stored, and computed from as stored", () => {
  const x = tensor([0.1]);
  expectClose(x.dataSync(), [Math.fround(0.1)]);
  expectClose(add(x, 0.2).dataSync(), [Math.fround(Math.fround(0.1) + Math.fround(0.2))]);
  expectClose(x.cast("f64").dataSync(), [Math.fround(0.1)]);
  expectClose(exp(tensor([100])).dataSync(), [Infinity]);
});

test("a border is of the tensor's type", () => {
  const border = (x: Tensor, value: number) => [
    ...pad(x, { before: [1], after: [0], value }).dataSync(),
  ];
  expect(border(zeros([1], "bool"), 7)).toEqual([1, 0]);
  expect(border(i32(5), 1e10)).toEqual([most, 5]);
  expect(border(tensor([1]), 0.1)).toEqual([Math.fround(0.1), 1]);
});

test.each<[number | undefined, number | undefined, number[]]>([
  [-1.5, 1.5, [-1, 0, 1]],
  [undefined, 0, [-3, 0, 0]],
  [1, -1, [-1, -1, -1]],
])("integers clamped to [%s, %s]", (min, max, expected) => {
  const bounds = { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) };
  expectClose(i32(-3, 0, 3).clamp(bounds).dataSync(), expected);
});
