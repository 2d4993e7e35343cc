/** The order of elements: stable, NaN the greatest, whatever type, axis, direction and length. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import { at } from "../../src/core/at.ts";
import { type DType, dtypes } from "../../src/core/dtype.ts";
import { uniformAt } from "../../src/core/random.ts";
import { sizeOf, stridesOf } from "../../src/core/shape.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { argsort, median, medianWithIndex, sort, topK } from "../../src/ops/order.ts";

/** Few different numbers, so that many are equal. */
const real = [Number.NaN, Infinity, -Infinity, 0, -0, 1, -1, 2.5, 1e-40];
const whole = [0, 1, -1, 2, 2 ** 31 - 1, -(2 ** 31)];
const numbers: Record<DType, readonly number[]> = {
  f64: real,
  f32: real,
  i32: whole,
  bool: [0, 1],
};

let stream = 0;
function draw(dtype: DType, shape: readonly number[]): Tensor {
  const own = stream++;
  const from = numbers[dtype];
  const data = Array.from({ length: sizeOf(shape) }, (_, i) =>
    at(from, Math.floor(uniformAt(1, own, i) * from.length)),
  );
  return tensor(data, { dtype, shape });
}

/** The indices in order, as a list sorts them. */
function ordered(x: Tensor, axis: number, descending: boolean): number[] {
  const values = x.dataSync();
  const [n, stride] = [at(x.shape, axis), at(stridesOf(x.shape), axis)];
  const found = new Array<number>(x.size);
  const rank = (v: number) => (Number.isNaN(v) ? 1 : 0);
  for (let i = 0; i < x.size; i++) {
    if (Math.floor(i / stride) % n !== 0) continue;
    const v = (k: number) => at(values, i + k * stride);
    const compare = (a: number, b: number) =>
      rank(v(a)) - rank(v(b)) || (v(a) < v(b) ? -1 : v(a) > v(b) ? 1 : 0);
    const places = Array.from({ length: n }, (_, k) => k);
    places.sort((a, b) => (descending ? compare(b, a) : compare(a, b)) || a - b);
    for (const [k, place] of places.entries()) found[i + k * stride] = place;
  }
  return found;
}

const shapes = [[1], [2], [7], [8], [9], [130], [3, 5], [5, 3, 4], [2, 1], [0, 3], [3, 0]];
describe.each(dtypes)("%s", (dtype) => {
  test.each(shapes.map((shape) => [shape] as const))("%j", (shape) => {
    const x = draw(dtype, shape);
    for (const axis of shape.keys()) {
      for (const descending of [false, true]) {
        const found = argsort(x, { axis, descending });
        expect(found.dtype).toBe("i32");
        expect([...found.dataSync()]).toEqual(ordered(x, axis, descending));
        const { values, indices } = sort(x, { axis, descending });
        expect(values.dtype).toBe(dtype);
        expect([...indices.dataSync()]).toEqual([...found.dataSync()]);
      }
    }
  });
});

test("what is computed can be sorted, and read through views", () => {
  const x = tensor([3, -4, 1, -2, 5, 0], { shape: [2, 3] });
  expect(argsort(x.square().transpose(), { axis: 0 }).arraySync()).toEqual([
    [2, 2],
    [0, 0],
    [1, 1],
  ]);
});

test("the median is the lower of two, and NaN where one is", () => {
  const x = tensor([
    [4, 1, 3, 2],
    [Number.NaN, 0, Number.NaN, -1],
  ]);
  expect(median(x, { axis: 1 }).arraySync()).toEqual([2, Number.NaN]);
  expect(medianWithIndex(x).indices.arraySync()).toEqual([3, 0]);
  expect(medianWithIndex(x, { axis: 0, keepDims: true }).values.arraySync()).toEqual([
    [Number.NaN, 0, Number.NaN, -1],
  ]);
  expect(median(x.slice({ end: [1] }), { keepDims: true }).arraySync()).toEqual([[2]]);
});

test("none of the largest is an empty tensor", () => {
  expect(topK(tensor([1, 2]), 0).values.shape).toEqual([0]);
});
