/** Elements of tensors from the bytes of a file. */

import { type ArrayTensor, arraysOf } from "../core/array-tensor.ts";
import type { Shape } from "../core/shape.ts";
import { Tensor } from "../core/tensor.ts";
import { checkedType, decode } from "../files/safetensors-decode.ts";
import type { BigIntTensor } from "../files/safetensors-types.ts";

const sameBytes = {
  f64: Float64Array,
  f32: Float32Array,
  i32: Int32Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
};

/**
 * Elements from their bytes (row-major, little-endian), of a type that is called as safetensors
 * calls it: "F32", "BF16". What needs no conversion is a view of the bytes.
 *
 * @throws ChainruleError "unsupported" for a type that no type of ours says exactly;
 *   "file-corrupt" where the bytes are not as many as the shape says.
 */
export function elementsFromBytes(
  name: string,
  dtype: string,
  shape: Shape,
  bytes: Uint8Array,
): ArrayTensor | BigIntTensor {
  const entry = { name, dtype, shape, begin: 0, end: bytes.length };
  const { type, size } = checkedType(entry, "bigint");
  if (type.read === undefined && type.dtype !== undefined && type.dtype !== "bool") {
    const kind = sameBytes[type.dtype];
    if (bytes.byteOffset % kind.BYTES_PER_ELEMENT === 0) {
      const data = new kind(bytes.buffer as ArrayBuffer, bytes.byteOffset, size);
      return { dtype: type.dtype, shape, data } as ArrayTensor | BigIntTensor;
    }
  }
  const read = decode(entry, type, size, bytes);
  if (read instanceof Tensor) return arraysOf(read);
  return { dtype: read.dtype, shape, data: read.data } as BigIntTensor;
}
