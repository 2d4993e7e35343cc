import { fail } from "./errors.ts";
import { shown } from "./wording.ts";

/** The element types: 64- and 32-bit floating point, 32-bit integer, boolean (one byte, 0 or 1). */
export const dtypes = ["f64", "f32", "i32", "bool"] as const;
/** An element type; where two meet, the result has the wider: bool < i32 < f32 < f64. */
export type DType = (typeof dtypes)[number];

/** Elements of one tensor in row-major order. */
export type TypedArray = Float64Array | Float32Array | Int32Array | Uint8Array;

const arrays = { f64: Float64Array, f32: Float32Array, i32: Int32Array, bool: Uint8Array } as const;

/** bool < i32 < f32 < f64: where two meet, the result is the wider. */
const width: Record<DType, number> = { bool: 0, i32: 1, f32: 2, f64: 3 };

export const isFloat = (dtype: DType): dtype is "f32" | "f64" => width[dtype] >= 2;
export const bytesOf = (dtype: DType): number => arrays[dtype].BYTES_PER_ELEMENT;
export const promote = (a: DType, b: DType): DType => (width[a] >= width[b] ? a : b);

/**
 * A zero-filled array for `size` elements.
 *
 * @throws ChainruleError "out-of-memory" where the runtime cannot give so much.
 */
export function allocate(dtype: DType, size: number): TypedArray {
  try {
    return new arrays[dtype](size);
  } catch (cause) {
    const gigabytes = (size * bytesOf(dtype)) / 1e9;
    return fail("out-of-memory", {
      message: "The runtime cannot allocate an array of this size.",
      found: `${size} elements of ${bytesOf(dtype)} bytes, ${gigabytes.toPrecision(3)} GB`,
      fix: "Take fewer numbers at once.",
      cause,
    });
  }
}

/** A number as an element of a dtype: what every cast means. */
export const convert: Readonly<Record<DType, (x: number) => number>> = {
  f64: (x) => x,
  f32: Math.fround,
  // Towards zero; what does not fit becomes the nearest i32, NaN becomes 0.
  i32: (x) => Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.trunc(x))) || 0,
  bool: (x) => (x !== 0 ? 1 : 0),
};

/** Numbers as elements of a dtype. */
export function arrayOf(dtype: DType, values: ArrayLike<number>): TypedArray {
  // Storing a number rounds it as the type has it.
  if (dtype === "f64" || dtype === "f32") return new arrays[dtype](values);
  const result = new arrays[dtype](values.length);
  const element = convert[dtype];
  // Data of any size pass here, and both have the same length (!).
  for (let i = 0; i < result.length; i++) result[i] = element(values[i]!);
  return result;
}

/** The dtype, if there is one of that name. */
export function checkDType(dtype: DType): DType {
  if (dtypes.includes(dtype)) return dtype;
  return fail("bad-dtype", {
    message: "There is no such element type.",
    expected: dtypes.join(", "),
    found: shown(dtype),
  });
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
