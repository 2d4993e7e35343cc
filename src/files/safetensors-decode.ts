/** Reading safetensors files: the header's place, what it says of each tensor, and elements. */

import { checkedSize } from "../core/array-tensor.ts";
import { allocate, type DType, type TypedArray } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { constantTensor } from "../ops/leaf.ts";
import { corrupt, type HeaderEntry, inQuotes } from "./safetensors-header.ts";
import {
  type BigIntTensor,
  type StoredTensor,
  type StoredType,
  storedTypes,
  type UnreadTensor,
} from "./safetensors-types.ts";
import { kindOfFile } from "./signatures.ts";

/** What we write, in the order of the Python package: by alignment. */
export const storedNames: Readonly<Record<DType | BigIntTensor["dtype"], string>> = {
  u64: "U64",
  i64: "I64",
  f64: "F64",
  f32: "F32",
  i32: "I32",
  bool: "BOOL",
};

export const largestHeader = 100_000_000;

export const notBoolean = (data: TypedArray): number => data.findIndex((value) => value > 1);

/**
 * The length of the header.
 *
 * @param bytes the beginning of a file, the first 8 bytes at least
 * @param size of the whole file
 */
export function headerLength(bytes: Uint8Array, size = bytes.length): number {
  if (bytes.length < 8) {
    corrupt("This is no safetensors file.", "at least 8 bytes", `${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  const most = BigInt(Math.min(largestHeader, size - 8));
  if (length <= most) return Number(length);
  const other = kindOfFile(bytes);
  if (other !== undefined) {
    fail("file-corrupt", {
      message: "This is no safetensors file.",
      expected: "the length of a header, then the header",
      found: other,
      fix: "Save the tensors as safetensors where that file was made, and load that.",
    });
  }
  return corrupt(
    length > largestHeader
      ? "The header of a safetensors file is too long, or this is no such file."
      : "A safetensors file ends in its header.",
    `a header of at most ${most} bytes, in a file of ${size}`,
    `${length}`,
  );
}

export function headerJson(bytes: Uint8Array): string {
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
export function checkRanges(sorted: readonly HeaderEntry[], length: number): void {
  let at = 0;
  for (const { name, begin, end } of sorted) {
    const range = `[${begin}, ${end}]`;
    if (end > length) {
      corrupt(`The tensor ${inQuotes(name)} ends behind the file.`, `at most ${length}`, range);
    }
    if (begin !== at) {
      corrupt(
        begin < at
          ? `The tensor ${inQuotes(name)} overlaps the one before it.`
          : `Before the tensor ${inQuotes(name)} there is a hole.`,
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

/** How a tensor is read, and its number of elements. What is not known is not read. */
export function checkedType(
  { name, dtype, shape, begin, end }: HeaderEntry,
  integers: "bigint" | "f64",
): { type: StoredType; size: number } {
  const known = Object.hasOwn(storedTypes, dtype) ? storedTypes[dtype] : undefined;
  const size = checkedSize(shape);
  if (size === undefined || (known !== undefined && size * known.bits !== 8 * (end - begin))) {
    return corrupt(
      `The shape and the bytes of the tensor ${inQuotes(name)} disagree.`,
      `${size ?? "fewer than 2^53"} elements of ${known?.bits ?? "some"} bits`,
      `${end - begin} bytes for the shape [${shape.slice(0, 8).join(", ")}]`,
    );
  }
  if (known === undefined) return { type: { bits: 0, why: "chainrule does not know it" }, size };
  const wide = known.dtype === "i64" || known.dtype === "u64";
  if (!wide || integers === "bigint") return { type: known, size };
  const read =
    known.dtype === "i64"
      ? (view: DataView, at: number) => exact(view.getBigInt64(at, true))
      : (view: DataView, at: number) => exact(view.getBigUint64(at, true));
  return { type: { bits: 64, dtype: "f64", read }, size };
}

/** NaN where f64 has no such number. */
function exact(integer: bigint): number {
  const value = Number(integer);
  return BigInt(value) === integer ? value : Number.NaN;
}

export const storedBytes = (dtype: StoredType["dtype"]): number =>
  dtype === undefined ? 0 : (storedTypes[storedNames[dtype]] as StoredType).bits / 8;

export function decode(
  entry: HeaderEntry,
  { bits, dtype, read, why }: StoredType,
  size: number,
  bytes: Uint8Array,
): StoredTensor {
  const { name, shape } = entry;
  if (dtype === undefined) {
    return unread(entry, () =>
      fail("unsupported", {
        message: `The elements of the tensor ${inQuotes(name)} cannot be read: ${why}.`,
        expected: `one of ${Object.keys(storedTypes)
          .filter((type) => storedTypes[type]?.dtype)
          .join(", ")}`,
        found: inQuotes(entry.dtype),
        fix: "Convert it before saving, for example to F32, or leave this tensor out.",
      }),
    );
  }
  if (dtype === "i64" || dtype === "u64") {
    const target = bigInts(dtype, size);
    new Uint8Array(target.buffer).set(bytes);
    return { dtype, shape: [...shape], data: target };
  }
  const target = allocate(dtype, size);
  if (read === undefined) {
    new Uint8Array(target.buffer).set(bytes);
    const wrong = dtype === "bool" ? notBoolean(target) : -1;
    if (wrong >= 0) {
      return unread(entry, () =>
        corrupt(
          `The boolean tensor ${inQuotes(name)} has other elements than 0 and 1.`,
          "0 or 1",
          `${target[wrong]} at ${wrong}`,
        ),
      );
    }
    return constantTensor(target, shape);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < size; i++) target[i] = read(view, (i * bits) / 8);
  const wrong = bits === 64 ? target.findIndex(Number.isNaN) : -1;
  if (wrong < 0) return constantTensor(target, shape);
  const signed = entry.dtype === "I64";
  const at = wrong * 8;
  const found = signed ? view.getBigInt64(at, true) : view.getBigUint64(at, true);
  return unread(entry, () =>
    fail("unsupported", {
      message: `The tensor ${inQuotes(name)} has an integer that f64 has no place for.`,
      expected: "integers such as those from -2^53 to 2^53",
      found: `${found} at ${wrong}`,
      fix: 'Read it without integers: "f64", as BigInts.',
    }),
  );
}

function bigInts(dtype: BigIntTensor["dtype"], size: number): BigIntTensor["data"] {
  // A f64 takes as many bytes, and an allocation that fails is reported there.
  const { buffer } = allocate("f64", size);
  return dtype === "i64" ? new BigInt64Array(buffer) : new BigUint64Array(buffer);
}

/** A tensor by name, type and shape, whose elements cannot be read without an error. */
function unread({ dtype, shape }: HeaderEntry, refuse: () => never): UnreadTensor {
  return {
    dtype,
    shape: [...shape],
    get data(): never {
      return refuse();
    },
  };
}
