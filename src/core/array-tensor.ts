import { checkDType, type DType, dtypeOf, type TypedArray } from "./dtype.ts";
import { fail } from "./errors.ts";
import { shown } from "./wording.ts";

/** A tensor whose elements are at hand: what files and datasets hold. Row-major. */
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

/**
 * A tensor of given elements (not copied), after checking that they fit.
 *
 * @throws ChainruleError "bad-argument" for a shape that is none, "bad-dtype" where the array is
 *   of another element type, "shape-mismatch" where its length is not the shape's size.
 */
export function arrayTensor(dtype: DType, shape: readonly number[], data: TypedArray): ArrayTensor {
  const size = Array.isArray(shape) ? checkedSize(shape) : undefined;
  if (size === undefined) {
    return fail("bad-argument", {
      message: "This is not the shape of a tensor.",
      expected: "whole numbers from 0 on, whose product is below 2^53",
      found: Array.isArray(shape) ? `[${shape.slice(0, 16).map(shown).join(", ")}]` : shown(shape),
      fix: "Pass the size of each axis.",
    });
  }
  checkDType(dtype);
  const actual = dtypeOf(data);
  if (actual !== dtype) {
    fail("bad-dtype", {
      message: "The array is of another element type than the tensor.",
      expected: dtype,
      found: actual,
    });
  }
  if (data.length !== size) {
    fail("shape-mismatch", {
      message: "The number of elements does not fit the shape.",
      expected: `${size} elements for the shape [${shape.join(", ")}]`,
      found: `${data.length}`,
    });
  }
  return { dtype, shape: [...shape], data };
}
