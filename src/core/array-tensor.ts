import { only } from "./at.ts";
import type { DType, TypedArray } from "./dtype.ts";
import { readValues } from "./runtime.ts";
import { Tensor } from "./tensor.ts";
import { dataOf } from "./values.ts";

/** Elements with their type and shape, row-major: what programs are run with. */
export interface ArrayTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

/**
 * The product of a shape's dimensions, or undefined when one of them is no whole number from 0 on
 * or the product (of the non-zero dimensions, too) exceeds 2^53: such a product is not exact, so
 * that a comparison with a real length could pass by accident.
 */
export function checkedSize(shape: readonly number[]): number | undefined {
  let size = 1;
  let empty = false;
  for (const dimension of shape) {
    if (!Number.isSafeInteger(dimension) || dimension < 0) return undefined;
    if (dimension === 0) empty = true;
    else size *= dimension;
    if (!Number.isSafeInteger(size)) return undefined;
  }
  return empty ? 0 : size;
}

/** The elements of a tensor in row-major order, not copied: they are not to be written to. */
export const elementsOf = (t: Tensor | ArrayTensor): TypedArray =>
  t instanceof Tensor ? (dataOf(t) ?? only(readValues([t]))) : t.data;

/** The same with their type and shape. */
export const arraysOf = (t: Tensor | ArrayTensor): ArrayTensor =>
  t instanceof Tensor ? { dtype: t.dtype, shape: t.shape, data: elementsOf(t) } : t;
