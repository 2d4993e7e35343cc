/** Numbers take the type of the tensors that they meet, and lose no digit there. */
import "../support/backend.ts";
import { expect, test } from "vitest";
import type { Tensor } from "../../src/core/tensor.ts";
import { full, scalar, tensor } from "../../src/ops/leaf.ts";
import * as f from "../support/functions.ts";

const [c, x] = [tensor([true, false]), tensor([0, 0], { dtype: "f64" })];
const pi = Math.PI;

test.each<[string, () => Tensor, number[]]>([
  ["a choice of two numbers", () => f.where(c, -pi, pi).add(x), [-pi, pi]],
  ["a number first", () => x.add(f.where(c, -pi, pi)), [-pi, pi]],
  ["a choice of a number and a tensor", () => f.where(c, pi, x), [pi, 0]],
  ["a choice that was read", () => readFirst(f.where(c, -pi, pi)).add(x), [-pi, pi]],
  ["a choice that is cast", () => f.where(c, -pi, pi).cast("f64"), [-pi, pi]],
  ["a choice beside others", () => f.concatenate([f.where(c, -pi, pi), x]), [-pi, pi, 0, 0]],
  ["a filled tensor", () => full([2], pi).add(x), [pi, pi]],
  ["the sum of two numbers", () => f.add(0.1, 0.2).add(x), [0.1 + 0.2, 0.1 + 0.2]],
  ["the larger of two numbers", () => f.maximum(0.1, pi).add(x), [pi, pi]],
  ["maximum", () => f.maximum(x, pi), [pi, pi]],
  ["clamp", () => f.clamp(x, { min: 0.1 }), [0.1, 0.1]],
  [
    "pad",
    () => f.pad(scalar(0, "f64").reshape([1]), { before: [1], after: [0], value: pi }),
    [pi, 0],
  ],
  ["lerp", () => f.lerp(0.1, pi, x), [0.1, 0.1]],
  ["xlogy", () => f.xlogy(x, pi), [0, 0]],
])("%s in f64", (_, build, expected) => {
  const y = build();
  expect(y.dtype).toBe("f64");
  expect([...y.dataSync()]).toEqual(expected);
});

function readFirst(y: Tensor): Tensor {
  y.dataSync();
  return y;
}

test("what meets nothing else is f32", () => {
  for (const y of [f.where(c, -pi, pi), full([2], pi), f.maximum(0.1, pi)]) {
    expect(y.dtype).toBe("f32");
    expect(y.add(tensor([1])).dtype).toBe("f32");
    expect(Math.fround(y.dataSync()[1] ?? y.item())).toBe(Math.fround(pi));
  }
});

test("what is truth or integer stays so", () => {
  expect(f.less(0.1, 0.2).cast("f64").item()).toBe(1);
  expect(f.where(c, 0.9, -0.9).cast("i32").arraySync()).toEqual([0, 0]);
});
