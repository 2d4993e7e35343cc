/** Values of parameters as they are given: tensors, arrays, or what a file holds. */
import { arrayOf, type DType, type TypedArray } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { formatShape, type Shape, sameShape, sizeOf } from "../core/shape.ts";
import { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import type { StoredTensor } from "../io/safetensors-types.ts";

export type GivenValue = Tensor | TypedArray | StoredTensor;

/** The elements of a value for a parameter, which must have its shape; an array has none. */
export function elementsFor(
  name: string,
  shape: Shape,
  value: GivenValue,
  dtype: DType,
): TypedArray {
  const { own, data } = partsOf(value);
  const size = sizeOf(shape);
  if (data.length !== size || (own !== undefined && !sameShape(own, shape))) {
    fail("bad-argument", {
      message: `The value for ${name} has the wrong size.`,
      expected: `${size} elements for ${formatShape(shape)}`,
      found: own === undefined ? `${data.length}` : `${data.length} for ${formatShape(own)}`,
    });
  }
  return arrayOf(dtype, isBig(data) ? Array.from(data, Number) : data);
}

type Elements = StoredTensor["data"];

const isBig = (data: Elements): data is BigInt64Array | BigUint64Array =>
  data instanceof BigInt64Array || data instanceof BigUint64Array;

function partsOf(value: GivenValue): { own?: Shape; data: Elements } {
  if (value instanceof Tensor) return { own: value.shape, data: value.dataSync() };
  if (ArrayBuffer.isView(value)) return { data: value };
  const { shape, data } = (value ?? {}) as Partial<StoredTensor>;
  if (Array.isArray(shape) && ArrayBuffer.isView(data)) return { own: shape, data };
  return fail("bad-argument", {
    message: "This is no value for a parameter.",
    expected: "a tensor, a typed array, or an entry of decodeSafetensors(bytes).tensors",
    found: shown(value),
  });
}
