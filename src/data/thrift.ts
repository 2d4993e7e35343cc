/**
 * Thrift's compact protocol, as far as Parquet uses it: read by us before another reader sees it, so
 * that lengths, depth and counts are known to be small.
 * Source: Apache Thrift, doc/specs/thrift-compact-protocol.md.
 */

import { fail } from "../core/errors.ts";

/** A value: numbers are exact or infinite; a struct has its fields by number. */
export type Thrift = number | boolean | Uint8Array | readonly Thrift[] | ThriftStruct;
export type ThriftStruct = ReadonlyMap<number, Thrift>;

/** Structs within structs: Parquet needs eight. */
const deepest = 24;

function corrupt(found: string): never {
  return fail("file-corrupt", {
    message: "A header in a Parquet file is damaged.",
    expected: "Thrift's compact protocol",
    found,
  });
}

/** The struct that begins at a place, and where it ends. */
export function thriftStruct(
  bytes: Uint8Array,
  from: number,
): { value: ThriftStruct; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = from;
  const byte = (): number => {
    if (at >= bytes.length) corrupt(`its end, after ${at - from} bytes`);
    return view.getUint8(at++);
  };
  const varint = (most: number): number => {
    let value = 0;
    let scale = 1;
    for (let count = 1; ; count++) {
      const next = byte();
      value += (next & 127) * scale;
      scale *= 128;
      if (next < 128) return Number.isSafeInteger(value) ? value : Number.POSITIVE_INFINITY;
      if (count === most) corrupt(`a number of more than ${most} bytes`);
    }
  };
  const zigzag = (most: number): number => {
    const value = varint(most);
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  };
  const element = (type: number, depth: number): Thrift => {
    if (type === 3) return (byte() << 24) >> 24;
    if (type === 4 || type === 5) return zigzag(5);
    if (type === 6) return zigzag(10);
    if (type === 7) {
      at += 8;
      return at > bytes.length
        ? corrupt("its end, within a number")
        : view.getFloat64(at - 8, true);
    }
    if (type === 8) {
      const length = varint(5);
      if (length > bytes.length - at) corrupt(`a text of ${length} bytes`);
      at += length;
      return bytes.subarray(at - length, at);
    }
    if (type === 9) return list(depth);
    if (type === 12) return struct(depth + 1);
    return corrupt(`the type ${type}`);
  };
  const list = (depth: number): Thrift[] => {
    const head = byte();
    const count = head >> 4 === 15 ? varint(5) : head >> 4;
    // Each element takes at least a byte.
    if (count > bytes.length - at) corrupt(`a list of ${count}`);
    const type = head & 15;
    return Array.from({ length: count }, () =>
      type === 1 || type === 2 ? byte() === 1 : element(type, depth),
    );
  };
  const struct = (depth: number): ThriftStruct => {
    if (depth > deepest) corrupt(`more than ${deepest} structs within each other`);
    const fields = new Map<number, Thrift>();
    let id = 0;
    for (let head = byte(); head !== 0; head = byte()) {
      const type = head & 15;
      if (type === 0) corrupt("a field without a type");
      id = head >> 4 === 0 ? zigzag(5) : id + (head >> 4);
      fields.set(id, type === 1 || type === 2 ? type === 1 : element(type, depth));
    }
    return fields;
  };
  return { value: struct(0), end: at };
}

/** A field that must be a number from 0 on. */
export function countAt(struct: ThriftStruct, id: number, what: string): number {
  const value = struct.get(id);
  if (typeof value === "number" && value >= 0 && Number.isSafeInteger(value)) return value;
  return corrupt(`no ${what}`);
}

/** A field that must be a struct, or a list. */
export function structAt(struct: ThriftStruct, id: number, what: string): ThriftStruct {
  const value = struct.get(id);
  return value instanceof Map ? value : corrupt(`no ${what}`);
}

export function structsAt(struct: ThriftStruct, id: number, what: string): ThriftStruct[] {
  const list = struct.get(id);
  if (!Array.isArray(list) || !list.every((one) => one instanceof Map))
    return corrupt(`no ${what}`);
  return list;
}
