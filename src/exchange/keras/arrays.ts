/** Weights in another order: the numbers stay what they are. */
import type { ArrayTensor } from "../../core/array-tensor.ts";
import { at } from "../../core/at.ts";
import { allocate } from "../../core/dtype.ts";
import { type Shape, sizeOf } from "../../core/shape.ts";

/** The same numbers with their axes in this order, then, where it is given, in this shape. */
export function permuted(t: ArrayTensor, axes: readonly number[], shape?: Shape): ArrayTensor {
  const sizes = axes.map((axis) => at(t.shape, axis));
  const strides = axes.map((axis) => sizeOf(t.shape.slice(axis + 1)));
  const data = allocate(t.dtype, t.data.length);
  const index = sizes.map(() => 0);
  let from = 0;
  for (let to = 0; to < data.length; to++) {
    data[to] = at(t.data, from);
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      const stride = at(strides, axis);
      const next = at(index, axis) + 1;
      from += stride;
      if (next < at(sizes, axis)) {
        index[axis] = next;
        break;
      }
      from -= next * stride;
      index[axis] = 0;
    }
  }
  return { dtype: t.dtype, shape: shape ?? sizes, data };
}

/** The same numbers in another shape. */
export const inShape = ({ dtype, data }: ArrayTensor, shape: Shape): ArrayTensor => ({
  dtype,
  shape,
  data,
});

/** Equal parts of the first axis, in another order: `order[i]` is the place of the part that comes i-th. */
export function reordered(t: ArrayTensor, order: readonly number[]): ArrayTensor {
  const part = t.data.length / order.length;
  const data = allocate(t.dtype, t.data.length);
  for (const [to, from] of order.entries()) {
    data.set(t.data.subarray(from * part, (from + 1) * part), to * part);
  }
  return { dtype: t.dtype, shape: t.shape, data };
}

/** Several one behind the other, along the first axis. */
export function stacked(parts: readonly ArrayTensor[]): ArrayTensor {
  const first = at(parts, 0);
  const rows = parts.reduce((sum, { shape }) => sum + (shape[0] ?? 1), 0);
  const size = parts.reduce((sum, { data }) => sum + data.length, 0);
  const data = allocate(first.dtype, size);
  let from = 0;
  for (const part of parts) {
    data.set(part.data, from);
    from += part.data.length;
  }
  return { dtype: first.dtype, shape: [rows, ...first.shape.slice(1)], data };
}

/** One of equal parts of the first axis. */
export function partOf(t: ArrayTensor, k: number, parts: number): ArrayTensor {
  const size = t.data.length / parts;
  const shape = [(t.shape[0] ?? 1) / parts, ...t.shape.slice(1)];
  return { dtype: t.dtype, shape, data: t.data.slice(k * size, (k + 1) * size) };
}

/** The same number everywhere. */
export function filled(shape: Shape, value: number, dtype: ArrayTensor["dtype"]): ArrayTensor {
  return { dtype, shape, data: allocate(dtype, sizeOf(shape)).fill(value) };
}
