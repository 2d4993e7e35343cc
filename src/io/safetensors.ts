/**
 * Safetensors files: 8 bytes with the length of the header (little-endian); the header (JSON: for
 * each name dtype, shape and byte range; text metadata under "__metadata__"); then the elements,
 * row-major and little-endian, without holes or overlaps.
 * Source: https://github.com/huggingface/safetensors#format.
 *
 * Typed arrays are little-endian wherever this library runs, as WebAssembly's memory is, so that
 * elements of our own types are copied as they are.
 */

import { type ArrayTensor, arrayTensor, checkedSize } from "../core/array-tensor.ts";
import { allocate, bytesOf, type DType, dtypes, type TypedArray } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { corrupt, type HeaderEntry, parseHeader, quoted } from "./safetensors-header.ts";

/** How elements of a file are read: as they are, or one by one into a type of ours. */
interface StoredType {
  readonly bytes: number;
  readonly dtype: DType;
  /** Absent where the bytes are those of the type itself. */
  readonly read?: (view: DataView, at: number) => number;
}

const storedTypes: Readonly<Record<string, StoredType>> = {
  F64: { bytes: 8, dtype: "f64" },
  F32: { bytes: 4, dtype: "f32" },
  I32: { bytes: 4, dtype: "i32" },
  BOOL: { bytes: 1, dtype: "bool" },
  F16: { bytes: 2, dtype: "f32", read: (view, at) => fromHalf(view.getUint16(at, true)) },
  BF16: { bytes: 2, dtype: "f32", read: (view, at) => fromBrain(view.getUint16(at, true)) },
  U8: { bytes: 1, dtype: "i32", read: (view, at) => view.getUint8(at) },
  I8: { bytes: 1, dtype: "i32", read: (view, at) => view.getInt8(at) },
  U16: { bytes: 2, dtype: "i32", read: (view, at) => view.getUint16(at, true) },
  I16: { bytes: 2, dtype: "i32", read: (view, at) => view.getInt16(at, true) },
  U32: { bytes: 4, dtype: "i32", read: (view, at) => view.getUint32(at, true) },
  I64: { bytes: 8, dtype: "i32", read: (view, at) => Number(view.getBigInt64(at, true)) },
  U64: { bytes: 8, dtype: "i32", read: (view, at) => Number(view.getBigUint64(at, true)) },
};

const storedNames: Readonly<Record<DType, string>> = {
  f64: "F64",
  f32: "F32",
  i32: "I32",
  bool: "BOOL",
};

const largestHeader = 100_000_000;

/** IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits. */
function fromHalf(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return exponent === 0
    ? sign * fraction * 2 ** -24
    : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

const brain = new DataView(new ArrayBuffer(4));

/** bfloat16: the upper half of a binary32. */
function fromBrain(bits: number): number {
  brain.setUint32(0, bits << 16);
  return brain.getFloat32(0);
}

/**
 * Tensors as a safetensors file. The header is padded with spaces to a multiple of 8 bytes, and
 * tensors stand in the order f64, f32, i32, bool and then by name, as the Python package has it: so
 * every tensor is aligned, and the same tensors always give the same bytes.
 *
 * @throws ChainruleError "bad-argument" for a name that the format reserves or that is no Unicode
 *   text, or a header of more than 100 MB; "data-invalid" for booleans other than 0 and 1.
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, ArrayTensor> | Readonly<Record<string, ArrayTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const named: [string, ArrayTensor][] =
    tensors instanceof Map ? [...tensors] : Object.entries(tensors);
  named.sort(
    ([a, { dtype: x }], [b, { dtype: y }]) =>
      dtypes.indexOf(x) - dtypes.indexOf(y) || (a < b ? -1 : 1),
  );
  const header = new TextEncoder().encode(headerText(named, metadata));
  const padded = Math.ceil(header.length / 8) * 8;
  if (padded > largestHeader) {
    fail("bad-argument", {
      message: "The names and metadata are too long for a safetensors file.",
      expected: `a header of at most ${largestHeader} bytes`,
      found: `${padded}`,
      fix: "Store less metadata.",
    });
  }
  const total = named.reduce((sum, [, { data }]) => sum + data.byteLength, 8 + padded);
  // One byte for each element.
  const bytes = allocate("bool", total) as Uint8Array;
  new DataView(bytes.buffer).setUint32(0, padded, true);
  bytes.fill(0x20, 8 + header.length, 8 + padded);
  bytes.set(header, 8);
  let at = 8 + padded;
  for (const [, { data }] of named) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

function headerText(
  named: readonly (readonly [string, ArrayTensor])[],
  metadata: Readonly<Record<string, string>>,
): string {
  const members: string[] = [];
  const add = (key: string, value: unknown): void => {
    if (/\p{Surrogate}/u.test(key)) badName(key, "Unicode text");
    members.push(`${JSON.stringify(key)}:${JSON.stringify(value)}`);
  };
  if (Object.keys(metadata).length > 0) {
    for (const [key, value] of Object.entries(metadata)) {
      if (typeof value === "string" && !/\p{Surrogate}/u.test(key + value)) continue;
      badName(key, "metadata of Unicode text");
    }
    add("__metadata__", metadata);
  }
  let at = 0;
  for (const [name, { dtype, shape, data }] of named) {
    if (name === "__metadata__") badName(name, "another name: this one is reserved");
    arrayTensor(dtype, shape, data);
    const wrong = dtype === "bool" ? data.findIndex((value) => value > 1) : -1;
    if (wrong >= 0) {
      fail("data-invalid", {
        message: `The boolean tensor ${quoted(name)} has other elements than 0 and 1.`,
        expected: "0 or 1",
        found: `${data[wrong]} at ${wrong}`,
      });
    }
    add(name, { dtype: storedNames[dtype], shape, data_offsets: [at, at + data.byteLength] });
    at += data.byteLength;
  }
  return `{${members.join(",")}}`;
}

function badName(name: string, expected: string): never {
  return fail("bad-argument", {
    message: "A safetensors file cannot hold this entry.",
    expected,
    found: quoted(name),
  });
}

export interface DecodedSafetensors {
  /** The tensors in the order of their data; elements are copies. */
  readonly tensors: Map<string, ArrayTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * The tensors of a safetensors file. F64, F32, I32 and BOOL are kept; F16 and BF16 become f32;
 * other integers i32. Every rule of the format is checked before anything is allocated.
 *
 * @param options.limit the most bytes that the decoded tensors may take, default 4 GiB
 * @throws ChainruleError "file-corrupt" for a file that breaks a rule of the format, "unsupported"
 *   for an element type or an integer that we have no place for, "too-large" over the limit.
 */
export function decodeSafetensors(
  bytes: Uint8Array,
  options: { readonly limit?: number } = {},
): DecodedSafetensors {
  const length = headerLength(bytes);
  const { entries, metadata } = parseHeader(headerOf(bytes.subarray(8, 8 + length)));
  const data = bytes.subarray(8 + length);
  const sorted = [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkRanges(sorted, data.length);
  const types = sorted.map(checkedType);
  const total = types.reduce((sum, { size, type }) => sum + size * bytesOf(type.dtype), 0);
  const limit = options.limit ?? 2 ** 32;
  if (total > limit) {
    fail("too-large", {
      message: "The tensors of this file take more memory than the limit.",
      expected: `at most ${limit} bytes`,
      found: `${total}`,
    });
  }
  const tensors = new Map<string, ArrayTensor>();
  sorted.forEach((entry, i) => {
    const { type, size } = types[i];
    const elements = decode(entry, type, size, data.subarray(entry.begin, entry.end));
    tensors.set(entry.name, arrayTensor(type.dtype, entry.shape, elements));
  });
  return { tensors, metadata };
}

function headerLength(bytes: Uint8Array): number {
  if (bytes.length < 8) {
    corrupt("This is no safetensors file.", "at least 8 bytes", `${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  const most = BigInt(Math.min(largestHeader, bytes.length - 8));
  if (length <= most) return Number(length);
  return corrupt(
    length > largestHeader
      ? "The header of a safetensors file is too long, or this is no such file."
      : "A safetensors file ends in its header.",
    `a header of at most ${most} bytes, in a file of ${bytes.length}`,
    `${length}`,
  );
}

function headerOf(bytes: Uint8Array): string {
  if (bytes[0] !== 0x7b) {
    corrupt("The header of a safetensors file does not begin with {.", "{", `byte ${bytes[0]}`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    return fail("file-corrupt", {
      message: "The header of a safetensors file is not UTF-8.",
      cause,
    });
  }
}

/** Sorted by where they begin, the ranges must cover the data exactly. */
function checkRanges(sorted: readonly HeaderEntry[], length: number): void {
  let at = 0;
  for (const { name, begin, end } of sorted) {
    const range = `[${begin}, ${end}]`;
    if (end > length) {
      corrupt(`The tensor ${quoted(name)} ends behind the file.`, `at most ${length}`, range);
    }
    if (begin !== at) {
      corrupt(
        begin < at
          ? `The tensor ${quoted(name)} overlaps the one before it.`
          : `Before the tensor ${quoted(name)} there is a hole.`,
        `data_offsets that begin at ${at}`,
        range,
      );
    }
    at = end;
  }
  if (at !== length) {
    corrupt("Behind the last tensor there are further bytes.", `${at} bytes of data`, `${length}`);
  }
}

function checkedType({ name, dtype, shape, begin, end }: HeaderEntry): {
  type: StoredType;
  size: number;
} {
  const type = Object.hasOwn(storedTypes, dtype) ? storedTypes[dtype] : undefined;
  if (type === undefined) {
    return fail("unsupported", {
      message: `The tensor ${quoted(name)} has an element type that chainrule does not know.`,
      expected: `one of ${Object.keys(storedTypes).join(", ")}`,
      found: quoted(dtype),
      fix: "Convert it before saving, for example to F32.",
    });
  }
  const size = checkedSize(shape);
  if (size === undefined || size * type.bytes !== end - begin) {
    return corrupt(
      `The shape and the bytes of the tensor ${quoted(name)} disagree.`,
      `${size === undefined ? "fewer than 2^53" : size} elements of ${type.bytes} bytes`,
      `${end - begin} bytes for the shape [${shape.slice(0, 8).join(", ")}]`,
    );
  }
  return { type, size };
}

function decode(entry: HeaderEntry, type: StoredType, size: number, bytes: Uint8Array): TypedArray {
  const target = allocate(type.dtype, size);
  if (type.read === undefined) {
    new Uint8Array(target.buffer).set(bytes);
    const wrong = type.dtype === "bool" ? target.findIndex((value) => value > 1) : -1;
    if (wrong >= 0) {
      corrupt(
        `The boolean tensor ${quoted(entry.name)} has other elements than 0 and 1.`,
        "0 or 1",
        `${target[wrong]} at ${wrong}`,
      );
    }
    return target;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < size; i++) {
    const value = type.read(view, i * type.bytes);
    if (type.dtype === "i32" && value !== (value | 0)) {
      fail("unsupported", {
        message: `The tensor ${quoted(entry.name)} has an integer beyond 32 bits.`,
        expected: "integers from -2^31 to 2^31 - 1",
        found: `${value} at ${i}`,
      });
    }
    target[i] = value;
  }
  return target;
}
