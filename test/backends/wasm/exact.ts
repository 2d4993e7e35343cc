/** Tensors whose sums and products are exact, so that results are compared without tolerance. */
import { type DType, isFloat } from "../../../src/core/dtype.ts";
import { type Shape, sizeOf } from "../../../src/core/shape.ts";
import type { Tensor } from "../../../src/core/tensor.ts";
import { range, tensor } from "../../../src/ops/leaf.ts";

/** Halves (or whole numbers) between −4 and 4 with zeros and ties, different for every salt. */
export function exact(shape: Shape, dtype: DType = "f32", salt = 0): Tensor {
  const element = (i: number): number => {
    const n = ((Math.imul(i + 7 * salt + 1, 2654435761) >>> 15) % 17) - 8;
    if (dtype === "bool") return +(n > 0);
    return isFloat(dtype) ? n / 2 : n >> 1;
  };
  return tensor(
    Float64Array.from({ length: sizeOf(shape) }, (_, i) => element(i)),
    {
      shape,
      dtype,
    },
  );
}

/** Work that makes a program too large to be written out element by element. */
export const ballast = (): Tensor => range(5000, "f32").mul(2).sum();

/** Sizes around what fills one and several vectors of either width. */
export const tails = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 63, 64, 65] as const;
