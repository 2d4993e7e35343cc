/** The slowest way to say what an operator means: loops over multi-indices. */
import type { Shape } from "../../src/core/shape.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { tensor } from "../../src/ops/leaf.ts";

/** Every index of a shape in row-major order. */
export function places(shape: Shape): number[][] {
  return shape.reduce<number[][]>(
    (all, n) => all.flatMap((place) => Array.from({ length: n }, (_, i) => [...place, i])),
    [[]],
  );
}

/** The position of an index in row-major order. */
export const position = (shape: Shape, place: readonly number[]): number =>
  shape.reduce((at, n, axis) => at * n + place[axis]!, 0);

/** The elements of a tensor by index. */
export function reader(x: Tensor): (place: readonly number[]) => number {
  const data = x.dataSync();
  return (place) => data[position(x.shape, place)]!;
}

/** The index that broadcasting reads in a tensor of shape `shape` at `place` of the result. */
export const broadcastPlace = (shape: Shape, place: readonly number[]): number[] =>
  shape.map((n, axis) => (n === 1 ? 0 : place[place.length - shape.length + axis]!));

/** A tensor of irregular numbers between −2 and 2, the same each time. */
export const irregular = (shape: Shape, salt = 0): Tensor =>
  tensor(
    places(shape).map((_, i) => 2 * Math.sin(1 + 3.7 * i + 1.3 * salt)),
    { shape, dtype: "f64" },
  );

/** Σ a·b over all elements. */
export function inner(a: Tensor, b: Tensor): number {
  const [left, right] = [a.dataSync(), b.dataSync()];
  let sum = 0;
  for (let i = 0; i < a.size; i++) sum += left[i]! * right[i]!;
  return sum;
}
