/**
 * NumPy array files (.npy): the bytes 93 "NUMPY", a version, a header that says type, order and
 * shape, then the elements.
 * Source: NumPy Enhancement Proposal 1 and numpy/lib/format.py.
 */

import { arraysOf, checkedSize } from "../core/array-tensor.ts";
import { allocate, type DType, type TypedArray } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { aTensor, checkKind, byteArray as fileBytes } from "../core/kinds.ts";
import { ieee } from "../core/small-floats.ts";
import type { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { constantTensor } from "../ops/leaf.ts";
import { isNpy, mostAxes, type NpyHeader, npyHeader } from "./npy-header.ts";

type Get = (view: DataView, at: number, little: boolean) => number;

/** How the elements of a type are read. */
interface ElementType {
  readonly bytes: number;
  /** What they become; "integer": i32 where every one fits, else f64. */
  readonly dtype: DType | "integer";
  /** Whether the bytes of such an element are its bytes in a file, too. */
  readonly same?: boolean;
  readonly get: Get;
}

const elementTypes: ReadonlyMap<string, ElementType> = new Map<string, ElementType>([
  ["f8", { bytes: 8, dtype: "f64", same: true, get: (v, at, l) => v.getFloat64(at, l) }],
  ["f4", { bytes: 4, dtype: "f32", same: true, get: (v, at, l) => v.getFloat32(at, l) }],
  ["f2", { bytes: 2, dtype: "f32", get: (v, at, l) => ieee(v.getUint16(at, l), 5, 10) }],
  ["i4", { bytes: 4, dtype: "i32", same: true, get: (v, at, l) => v.getInt32(at, l) }],
  ["i2", { bytes: 2, dtype: "i32", get: (v, at, l) => v.getInt16(at, l) }],
  ["i1", { bytes: 1, dtype: "i32", get: (v, at) => v.getInt8(at) }],
  ["u1", { bytes: 1, dtype: "i32", get: (v, at) => v.getUint8(at) }],
  ["u2", { bytes: 2, dtype: "i32", get: (v, at, l) => v.getUint16(at, l) }],
  ["u4", { bytes: 4, dtype: "integer", get: (v, at, l) => v.getUint32(at, l) }],
  ["i8", { bytes: 8, dtype: "integer", get: (v, at, l) => exact(v, at, l, true) }],
  ["u8", { bytes: 8, dtype: "integer", get: (v, at, l) => exact(v, at, l, false) }],
  ["b1", { bytes: 1, dtype: "bool", same: true, get: (v, at) => v.getUint8(at) }],
]);

/** A 64-bit integer; NaN where f64 has no such number. */
function exact(view: DataView, at: number, little: boolean, signed: boolean): number {
  const high = at + (little ? 4 : 0);
  const upper = signed ? view.getInt32(high, little) : view.getUint32(high, little);
  const value = upper * 2 ** 32 + view.getUint32(at + (little ? 0 : 4), little);
  if (Number.isSafeInteger(value)) return value;
  return BigInt(value) === wide(view, at, little, signed) ? value : Number.NaN;
}

const wide = (view: DataView, at: number, little: boolean, signed: boolean): bigint =>
  signed ? view.getBigInt64(at, little) : view.getBigUint64(at, little);

/** What is not read, why, and what to do about it in Python. */
const refused: readonly { readonly of: RegExp; readonly why: string; readonly fix: string }[] = [
  {
    of: /^[|<>]O$/,
    why: "they are Python objects in a pickle, and to read one can run any program",
    fix: 'Save numbers: np.save("x.npy", a.astype(np.float64)), or lists of different length one by one.',
  },
  {
    of: /^[|<>]V2$/,
    why: "such bytes are what bfloat16 becomes, and the file does not say so",
    fix: 'Convert before saving: np.save("x.npy", a.astype(np.float32)).',
  },
  {
    of: /^[<>]c\d+$/,
    why: "chainrule has no complex numbers",
    fix: 'Save two real numbers for each: np.save("x.npy", np.stack([a.real, a.imag], -1)).',
  },
  {
    of: /^[|<>][SU]\d+$/,
    why: "tensors hold numbers, and these are texts",
    fix: 'Save their numbers: names, labels = np.unique(a, return_inverse=True); np.save("y.npy", labels).',
  },
  {
    of: /^[<>][mM]8/,
    why: "these are dates or durations, whose numbers mean nothing without their unit",
    fix: 'Save seconds: np.save("t.npy", a.astype(a.dtype.kind + "8[s]").astype(np.float64)).',
  },
];

/**
 * Parses a NumPy array file (.npy, versions 1 to 3, in C or fortran order, of either byte order).
 * float64, float32, int32 and bool are kept; float16 becomes f32, int8, int16, uint8 and uint16
 * become i32. Of int64, uint32 and uint64 the values decide: i32 where every one fits, else f64 where
 * it holds every one exactly. The result is in row-major order, whatever the file's.
 *
 * @throws ChainruleError "file-corrupt" for what is no such file, or shorter or longer than its header
 *   says; "unsupported", with what to do in Python, for integers that f64 does not hold, objects,
 *   texts, dates, complex numbers, bfloat16, named fields.
 */
export function parseNpy(bytes: Uint8Array): Tensor {
  checkKind("parseNpy", bytes, fileBytes);
  if (!isNpy(bytes)) {
    const first = [...bytes.subarray(0, 6)].map((byte) => byte.toString(16).padStart(2, "0"));
    return fail("file-corrupt", {
      message: "This is no .npy file.",
      expected: "the first bytes 93 4e 55 4d 50 59",
      found: first.length === 0 ? "an empty file" : first.join(" "),
      ...(first.join("").startsWith("504b0304") ? { fix: "Call parseNpz: it is an archive." } : {}),
    });
  }
  const header = npyHeader(bytes);
  const { shape, fortran, start } = header;
  const { type, little } = elementType(header);
  const size = checkedSize(shape);
  const rest = bytes.length - start;
  if (size === undefined || size * type.bytes !== rest) return disagree(header, size, type, rest);
  const data = elements(bytes.subarray(start), type, size, little);
  return constantTensor(fortran && shape.length > 1 ? rowMajor(data, shape) : data, shape);
}

function elementType({ descr }: NpyHeader): { type: ElementType; little: boolean } {
  if (descr === undefined) {
    fail("unsupported", {
      message: "The elements of a .npy file have named fields.",
      expected: "one number for each element",
      fix: 'Save each field by itself: np.savez("x.npz", **{name: a[name] for name in a.dtype.names}).',
    });
  }
  const [, order, name] = /^([|<>])(\w\d+)$/.exec(descr) ?? [];
  const type = elementTypes.get(name ?? "");
  // Of one byte there is no order.
  if (type !== undefined && (order !== "|" || type.bytes === 1)) {
    return { type, little: order !== ">" };
  }
  const { why, fix } = refused.find(({ of }) => of.test(descr)) ?? {
    why: "chainrule does not know their type",
    fix: 'Convert before saving: np.save("x.npy", a.astype(np.float64)).',
  };
  return fail("unsupported", {
    message: `The elements of a .npy file cannot be read: ${why}.`,
    expected: `one of ${[...elementTypes.keys()].join(", ")}`,
    found: shown(descr),
    fix,
  });
}

function disagree(
  { shape }: NpyHeader,
  size: number | undefined,
  { bytes }: ElementType,
  rest: number,
): never {
  const expected = size === undefined ? "more bytes than any file has" : `${size * bytes} bytes`;
  const shorter = size === undefined || rest < size * bytes;
  const axes = `[${shape.slice(0, 8).join(", ")}${shape.length > 8 ? ", …" : ""}]`;
  return fail("file-corrupt", {
    message: `A .npy file is ${shorter ? "shorter" : "longer"} than its header says.`,
    expected: `${expected} for the shape ${axes}`,
    found: `${rest} bytes`,
    ...(shorter ? {} : { fix: "Save several arrays with np.savez, and call parseNpz." }),
  });
}

function elements(
  bytes: Uint8Array,
  { bytes: width, dtype, same, get }: ElementType,
  size: number,
  little: boolean,
): TypedArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (dtype === "integer") return integers(view, size, width, little, get);
  const data = allocate(dtype, size);
  if (same && little) new Uint8Array(data.buffer).set(bytes);
  else for (let i = 0, at = 0; i < size; i++, at += width) data[i] = get(view, at, little);
  const wrong = dtype === "bool" ? data.findIndex((value) => value > 1) : -1;
  if (wrong >= 0) {
    fail("file-corrupt", {
      message: "A boolean of a .npy file is neither true nor false.",
      expected: "0 or 1",
      found: `${data[wrong]} at ${wrong}`,
    });
  }
  return data;
}

function integers(
  view: DataView,
  size: number,
  width: number,
  little: boolean,
  get: Get,
): TypedArray {
  let data = allocate("i32", size);
  let narrow = true;
  for (let i = 0, at = 0; i < size; i++, at += width) {
    const value = get(view, at, little);
    if (narrow && value !== (value | 0)) {
      // The numbers before it are the same in f64.
      const wider = allocate("f64", size);
      wider.set(data.subarray(0, i));
      data = wider;
      narrow = false;
    }
    if (Number.isNaN(value)) {
      const found = view.getBigUint64(at, little);
      fail("unsupported", {
        message: "A .npy file has an integer that f64 does not hold.",
        expected: "integers from -2^53 to 2^53",
        found: `one with the bits 0x${found.toString(16)} at ${i}`,
        fix: 'If rounding is right, save numbers that are rounded: np.save("x.npy", a.astype(np.float64)).',
      });
    }
    data[i] = value;
  }
  return data;
}

/** Elements whose first axis runs fastest, in an order whose last axis does. */
function rowMajor(data: TypedArray, shape: readonly number[]): TypedArray {
  const result = data.slice();
  let stride = 1;
  const axes = shape.map((size) => {
    stride *= size;
    return { size, stride: stride / size, place: 0 };
  });
  axes.reverse();
  let from = 0;
  for (let i = 0; i < result.length; i++) {
    result[i] = data[from] ?? 0;
    for (const axis of axes) {
      from += axis.stride;
      if (++axis.place < axis.size) break;
      from -= axis.stride * axis.size;
      axis.place = 0;
    }
  }
  return result;
}

const descriptions: Readonly<Record<DType, string>> = {
  f64: "<f8",
  f32: "<f4",
  i32: "<i4",
  bool: "|b1",
};

/**
 * A tensor as a NumPy array file (version 1.0, C order, little-endian), as `numpy.save` writes it:
 * f64, f32, i32 and bool become float64, float32, int32 and bool.
 *
 * @throws ChainruleError "bad-argument" for more than 64 axes.
 */
export function npyBytes(values: Tensor): Uint8Array {
  checkKind("npyBytes", values, aTensor);
  const { dtype, shape, data } = arraysOf(values);
  if (shape.length > mostAxes) {
    fail("bad-argument", {
      message: "A NumPy array cannot have so many axes.",
      expected: `at most ${mostAxes}`,
      found: `${shape.length}`,
    });
  }
  const list = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const text = `{'descr': '${descriptions[dtype]}', 'fortran_order': False, 'shape': ${list}, }`;
  // As NumPy has it: room for a first size of 21 digits, then a line end before a multiple of 64.
  const room = shape.length === 0 ? 0 : 21 - `${shape[0]}`.length;
  const start = Math.floor((10 + text.length + room + 1) / 64 + 1) * 64;
  const bytes = allocate("bool", start + data.byteLength) as Uint8Array;
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  new DataView(bytes.buffer).setUint16(8, start - 10, true);
  bytes.fill(0x20, 10, start - 1);
  bytes.set(new TextEncoder().encode(text), 10);
  bytes[start - 1] = 0x0a;
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start);
  return bytes;
}
