import { fail } from "./errors.ts";

/** The element types: 64- and 32-bit floating point, 32-bit integer, boolean (one byte, 0 or 1). */
export const dtypes = ["f64", "f32", "i32", "bool"] as const;
export type DType = (typeof dtypes)[number];

/** Elements of one tensor in row-major order. */
export type TypedArray = Float64Array | Float32Array | Int32Array | Uint8Array;

const arrays = { f64: Float64Array, f32: Float32Array, i32: Int32Array, bool: Uint8Array } as const;

/** bool < i32 < f32 < f64: where two meet, the result is the wider. */
const width: Record<DType, number> = { bool: 0, i32: 1, f32: 2, f64: 3 };

export const isFloat = (dtype: DType): boolean => width[dtype] >= 2;
export const bytesOf = (dtype: DType): number => arrays[dtype].BYTES_PER_ELEMENT;
export const promote = (a: DType, b: DType): DType => (width[a] >= width[b] ? a : b);

/** A zero-filled array for `size` elements. */
export function allocate(dtype: DType, size: number): TypedArray {
  return new arrays[dtype](size);
}

/** Numbers as elements of a dtype, rounded or truncated as the dtype demands. */
export function arrayOf(dtype: DType, values: ArrayLike<number>): TypedArray {
  if (dtype === "bool") return Uint8Array.from(values, (v) => (v !== 0 ? 1 : 0));
  return arrays[dtype].from(values);
}

/** The dtype that a typed array holds. */
export function dtypeOf(data: TypedArray): DType {
  for (const dtype of dtypes) if (data instanceof arrays[dtype]) return dtype;
  return fail("bad-dtype", {
    message: "This kind of array holds no tensor elements.",
    expected: "a Float64Array, Float32Array, Int32Array or Uint8Array",
    found: Object.prototype.toString.call(data),
  });
}
