/**
 * Safetensors files: 8 bytes with the length of the header (little-endian); the header (JSON: for
 * each name dtype, shape and byte range; text metadata under "__metadata__"); then the elements,
 * row-major and little-endian, without holes or overlaps.
 * Source: https://github.com/huggingface/safetensors#format.
 *
 * Typed arrays are little-endian wherever this library runs, as WebAssembly's memory is, so that
 * elements of our own types are copied as they are.
 */

import { type ArrayTensor, arraysOf, checkedSize } from "../core/array-tensor.ts";
import { allocate, type DType, type TypedArray } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { type ArgumentKind, arrays, checkKind, byteArray as fileBytes } from "../core/kinds.ts";
import { checkNames, checkRecord } from "../core/options.ts";
import { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import {
  checkedType,
  checkRanges,
  decode,
  headerJson,
  headerLength,
  largestHeader,
  notBoolean,
  storedBytes,
  storedNames,
} from "./safetensors-decode.ts";
import { inQuotes, parseHeader } from "./safetensors-header.ts";
import type { BigIntTensor, StoredTensor } from "./safetensors-types.ts";

const order = /* @__PURE__ */ Object.keys(storedNames);

/** What a file can hold: tensors, elements with their type and shape, 64-bit integers. */
type Storable = StoredTensor | ArrayTensor;

/** The elements with their type and shape, after checking that they fit. */
function elementsFrom(name: string, stored: Storable): ArrayTensor | BigIntTensor {
  if (stored instanceof Tensor) return arraysOf(stored);
  const { dtype, shape, data } = (stored ?? {}) as ArrayTensor | BigIntTensor;
  if (dtype === "i64" || dtype === "u64") checkBigInts(name, dtype, shape, data);
  else checkKind(`The entry ${inQuotes(name)} of encodeSafetensors`, stored, tensorOrArrays);
  return stored as ArrayTensor | BigIntTensor;
}

const tensorOrArrays: ArgumentKind = {
  ...arrays,
  name: "a tensor, or elements with their type and shape",
  example: "a tensor, or { dtype, shape, data } with an array of that type and size",
};

/**
 * Tensors as a safetensors file. The header is padded with spaces to a multiple of 8 bytes, and
 * tensors stand in the order u64, i64, f64, f32, i32, bool and then by name, as the Python package
 * has it: so every tensor is aligned, and the same tensors always give the same bytes. Every NaN is
 * the positive quiet one without payload.
 *
 * @throws ChainruleError "bad-argument" for a name that the format reserves or that is no Unicode
 *   text, or a header of more than 100 MB; "data-invalid" for booleans other than 0 and 1.
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, Storable> | Readonly<Record<string, Storable>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  checkRecord("encodeSafetensors", tensors, "a Map or a record of tensors by name");
  if (tensors instanceof Tensor) {
    fail("bad-argument", {
      message: "encodeSafetensors takes tensors by name.",
      expected: "a Map or a record of tensors by name",
      found: "a tensor",
      fix: "Name it: encodeSafetensors({ weight: t }).",
    });
  }
  checkRecord("encodeSafetensors", metadata, "metadata: texts by name");
  const given: [string, Storable][] =
    tensors instanceof Map ? [...tensors] : Object.entries(tensors);
  const named = given.map(([name, stored]) => [name, elementsFrom(name, stored)] as const);
  named.sort(
    ([a, { dtype: x }], [b, { dtype: y }]) =>
      order.indexOf(x) - order.indexOf(y) || (a < b ? -1 : 1),
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
    settleNaN(data, new DataView(bytes.buffer, at, data.byteLength));
    at += data.byteLength;
  }
  return bytes;
}

/** Of the many NaN that there are, which one a computation gives depends on the engine. */
function settleNaN(data: ArrayBufferView, view: DataView): void {
  const single = data instanceof Float32Array;
  if (!single && !(data instanceof Float64Array)) return;
  for (let i = 0; i < data.length; i++) {
    if (!Number.isNaN(data[i])) continue;
    if (single) view.setUint32(4 * i, 0x7fc00000, true);
    else view.setBigUint64(8 * i, 0x7ff8000000000000n, true);
  }
}

function headerText(
  named: readonly (readonly [string, ArrayTensor | BigIntTensor])[],
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
    const wrong = dtype === "bool" ? notBoolean(data as TypedArray) : -1;
    if (wrong >= 0) {
      fail("data-invalid", {
        message: `The boolean tensor ${inQuotes(name)} has other elements than 0 and 1.`,
        expected: "0 or 1",
        found: `${data[wrong]} at ${wrong}`,
      });
    }
    const stored = storedNames[dtype as DType];
    add(name, { dtype: stored, shape, data_offsets: [at, at + data.byteLength] });
    at += data.byteLength;
  }
  return `{${members.join(",")}}`;
}

function checkBigInts(
  name: string,
  dtype: BigIntTensor["dtype"],
  shape: readonly number[],
  data: unknown,
): void {
  const kind = dtype === "i64" ? BigInt64Array : BigUint64Array;
  const size = checkedSize(shape);
  if (data instanceof kind && data.length === size) return;
  fail("shape-mismatch", {
    message: `The tensor ${inQuotes(name)} does not have the elements that it should have.`,
    expected: `a ${kind.name} of ${size ?? "fewer than 2^53"} elements`,
    found: ArrayBuffer.isView(data) ? `${(data as TypedArray).length} elements` : shown(data),
  });
}

function badName(name: string, expected: string): never {
  return fail("bad-argument", {
    message: "A safetensors file cannot hold this entry.",
    expected,
    found: inQuotes(name),
  });
}

/** What a safetensors file holds: tensors by name, and its metadata. */
export interface DecodedSafetensors<T = StoredTensor> {
  /** The tensors in the order of their data; elements are copies. */
  readonly tensors: Map<string, T>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** How `decodeSafetensors` reads. */
export interface DecodeOptions {
  /** The most bytes that the decoded tensors may take, default 4 GiB. */
  readonly limit?: number;
  /** What I64 and U64 become: BigInts (default), or f64 where it says each of them exactly. */
  readonly integers?: "bigint" | "f64";
}

/**
 * The tensors of a safetensors file. F64, F32, I32, BOOL, I64 and U64 are kept; F16, BF16 and the
 * 8-bit floating-point types become f32, U32 becomes f64, smaller integers i32: all exactly. A
 * tensor that has no exact place (packed 4- and 6-bit types, complex numbers, types that we do not
 * know, booleans beyond 1) is listed with its type and shape, and reading its `data` is an error
 * that says why; the others are there all the same. Every rule of the format is checked before
 * anything is allocated.
 *
 * @throws ChainruleError "file-corrupt" for a file that breaks a rule of the format, "too-large"
 *   over the limit, "bad-argument"; on reading `data`: "unsupported", or "file-corrupt".
 */
export function decodeSafetensors(
  bytes: Uint8Array,
  options: DecodeOptions & { readonly integers: "f64" },
): DecodedSafetensors<Exclude<StoredTensor, BigIntTensor>>;
export function decodeSafetensors(bytes: Uint8Array, options?: DecodeOptions): DecodedSafetensors;
export function decodeSafetensors(
  bytes: Uint8Array,
  options: DecodeOptions = {},
): DecodedSafetensors {
  checkKind("decodeSafetensors", bytes, fileBytes);
  checkNames("decodeSafetensors", options, ["limit", "integers"]);
  const { limit = 2 ** 32, integers = "bigint" } = options;
  if (integers !== "bigint" && integers !== "f64") {
    fail("bad-argument", {
      message: "64-bit integers cannot become this.",
      expected: '"bigint" or "f64"',
      found: shown(integers),
    });
  }
  const length = headerLength(bytes);
  const { entries, metadata } = parseHeader(headerJson(bytes.subarray(8, 8 + length)));
  const data = bytes.subarray(8 + length);
  const sorted = [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkRanges(sorted, data.length);
  const places = sorted.map((entry) => ({ entry, ...checkedType(entry, integers) }));
  const total = places.reduce((sum, { size, type }) => sum + size * storedBytes(type.dtype), 0);
  if (total > limit) {
    fail("too-large", {
      message: "The tensors of this file take more memory than the limit.",
      expected: `at most ${limit} bytes`,
      found: `${total}`,
    });
  }
  const tensors = new Map<string, StoredTensor>();
  for (const { entry, type, size } of places) {
    tensors.set(entry.name, decode(entry, type, size, data.subarray(entry.begin, entry.end)));
  }
  return { tensors, metadata };
}
