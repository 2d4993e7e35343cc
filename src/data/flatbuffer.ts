/**
 * Flatbuffers, as far as Arrow uses them, each place held against the bytes there are.
 * Source: flatbuffers.dev, "FlatBuffers internals".
 */
import { fail } from "../core/errors.ts";

/** A table: its fields by number, from 0. */
export interface FlatTable {
  /** A whole number of 1, 2, 4 or 8 bytes, signed; `otherwise` where the field is not there. */
  int(field: number, bytes: 1 | 2 | 4 | 8, otherwise?: number): number;
  text(field: number): string;
  table(field: number): FlatTable | undefined;
  tables(field: number): FlatTable[];
  /** Structs of so many 8-byte numbers. */
  structs(field: number, width: number): number[][];
}

export function brokenArrow(found: string): never {
  return fail("file-corrupt", {
    message: "An Arrow file cannot be decoded.",
    expected: "messages as Arrow's format has them",
    found,
  });
}

/** Fields of one table; Arrow's have at most eight. */
const mostFields = 64;

/** The table that an offset at `at` leads to. */
export function flatTable(bytes: Uint8Array, at = 0, budget = { left: 100_000 }): FlatTable {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { byteLength: end } = view;
  const check = (place: number, size: number): number =>
    place >= 0 && place + size <= end ? place : brokenArrow(`a place at ${place} of ${end} bytes`);
  const follow = (place: number): number => place + view.getUint32(check(place, 4), true);
  // Tables may lead to each other in circles; no file needs so many.
  if (--budget.left < 0) brokenArrow("metadata without an end");
  const table = check(follow(at), 4);
  const fields = check(table - view.getInt32(table, true), 4);
  const size = view.getUint16(fields, true);
  const placeOf = (field: number): number | undefined => {
    const entry = 4 + 2 * field;
    if (field >= mostFields || entry + 2 > size) return undefined;
    const offset = view.getUint16(check(fields + entry, 2), true);
    return offset === 0 ? undefined : table + offset;
  };
  const vector = (field: number, width: number): { begin: number; count: number } => {
    const place = placeOf(field);
    if (place === undefined) return { begin: 0, count: 0 };
    const head = check(follow(place), 4);
    const count = view.getUint32(head, true);
    check(head + 4, count * width);
    return { begin: head + 4, count };
  };
  const long = (place: number): number => {
    const value = Number(view.getBigInt64(check(place, 8), true));
    return Number.isSafeInteger(value) ? value : brokenArrow(`the number ${value}`);
  };
  return {
    int(field, width, otherwise = 0) {
      const place = placeOf(field);
      if (place === undefined) return otherwise;
      check(place, width);
      if (width === 8) return long(place);
      if (width === 4) return view.getInt32(place, true);
      return width === 2 ? view.getInt16(place, true) : view.getUint8(place);
    },
    text(field) {
      const { begin, count } = vector(field, 1);
      return new TextDecoder().decode(bytes.subarray(begin, begin + count));
    },
    table(field) {
      const place = placeOf(field);
      return place === undefined ? undefined : flatTable(bytes, place, budget);
    },
    tables(field) {
      const { begin, count } = vector(field, 4);
      const found: FlatTable[] = [];
      for (let i = 0; i < count; i++) found.push(flatTable(bytes, begin + 4 * i, budget));
      return found;
    },
    structs(field, width) {
      const { begin, count } = vector(field, 8 * width);
      budget.left -= count * width;
      if (budget.left < 0) brokenArrow("metadata without an end");
      return Array.from({ length: count }, (_, i) =>
        Array.from({ length: width }, (__, k) => long(begin + 8 * (i * width + k))),
      );
    },
  };
}
