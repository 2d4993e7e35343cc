/** What the buffers of an Arrow column hold. Source: Arrow columnar format 1.5, Schema.fbs. */
import { ieee } from "../core/small-floats.ts";
import type { ColumnType } from "./csv.ts";
import { brokenArrow, type FlatTable } from "./flatbuffer.ts";

/** How values lie in buffers. */
type Layout =
  | { readonly by: "int"; readonly bits: number; readonly signed: boolean }
  | { readonly by: "float"; readonly bits: number }
  | { readonly by: "decimal"; readonly bits: number; readonly scale: number }
  | { readonly by: "text"; readonly wide: boolean }
  | { readonly by: "bool" }
  | { readonly by: "null" };

/** What a column is read as. */
export interface ArrowKind {
  readonly type: ColumnType;
  readonly layout: Layout;
  /** Of the values themselves, where `layout` is that of their places in a dictionary. */
  readonly values: Layout;
  /** What whole numbers of time are divided by. */
  readonly unit?: number;
  readonly note?: string;
}

/** The buffers of one column in one batch. */
export interface Buffers {
  readonly rows: number;
  readonly nulls: number;
  bytes(index: number): Uint8Array;
}

/** More digits than f64 keeps. */
const mostDigits = 15;

/** What becomes of a type, or why it is not read. Numbers as in Schema.fbs. */
export function arrowKind(type: number, own: FlatTable | undefined): ArrowKind | string {
  const of = (kind: ColumnType, layout: Layout, more: object = {}): ArrowKind => ({
    ...{ type: kind, layout, values: layout },
    ...more,
  });
  const int = (bits: number, signed: boolean): Layout => ({ by: "int", bits, signed });
  const seconds = "is in seconds since 1970-01-01 (UTC)";
  const days = "is in days since 1970-01-01";
  switch (type) {
    case 1:
      return of("category", { by: "null" });
    case 2:
      return of("number", int(own?.int(0, 4) ?? 0, own?.int(1, 1) === 1));
    case 3:
      return of("number", { by: "float", bits: [16, 32, 64][own?.int(0, 2) ?? 0] ?? 0 });
    case 5:
    case 20:
      return of("category", { by: "text", wide: type === 20 });
    case 6:
      return of("category", { by: "bool" });
    case 7: {
      const [digits, scale, bits] = [0, 1, 2].map((f) => own?.int(f, 4, f === 2 ? 128 : 0) ?? 0);
      const note = `has decimals of up to ${digits} digits, of which f64 keeps ${mostDigits}`;
      const layout: Layout = { by: "decimal", bits: bits ?? 128, scale: scale ?? 0 };
      return of("number", layout, (digits ?? 0) > mostDigits ? { note } : {});
    }
    case 8:
      return own?.int(0, 2, 1) === 0
        ? of("number", int(32, true), { note: days })
        : of("number", int(64, true), { unit: 86_400_000, note: days });
    case 10:
      return of("number", int(64, true), {
        ...{ unit: [1, 1e3, 1e6, 1e9][own?.int(0, 2) ?? 0], note: seconds },
      });
    case 9:
      return "times of day";
    case 18:
      return "durations";
    case 11:
      return "intervals";
    case 4:
    case 15:
    case 19:
      return "bytes";
    case 12:
    case 13:
    case 16:
    case 17:
    case 21:
      return "lists or structs";
    default:
      return "a type that is not known";
  }
}

/** The values of a column in a batch; null where one is missing. */
export function arrowValues({ layout, unit }: ArrowKind, buffers: Buffers): ArrayLike<unknown> {
  const { rows, nulls } = buffers;
  if (layout.by === "null") return new Array<null>(rows).fill(null);
  const isValid = nulls === 0 ? () => true : bits(buffers.bytes(0), rows);
  const read = rows === 0 ? () => null : reader(layout, buffers);
  const values = new Array<unknown>(rows);
  for (let row = 0; row < rows; row++) {
    const value = isValid(row) ? read(row) : null;
    values[row] = unit === undefined || value === null ? value : inUnits(value, unit);
  }
  return values;
}

/** Whole numbers of time in days or seconds: of nanoseconds, whole seconds apart from their parts. */
function inUnits(value: unknown, unit: number): number {
  if (unit < 1e9 || typeof value !== "bigint") return Number(value) / unit;
  return Number(value / 1_000_000_000n) + Number(value % 1_000_000_000n) / 1e9;
}

function viewOf(bytes: Uint8Array, length: number): DataView {
  if (bytes.length < length) brokenArrow(`${bytes.length} bytes where ${length} are needed`);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function bits(bytes: Uint8Array, rows: number): (row: number) => boolean {
  const view = viewOf(bytes, Math.ceil(rows / 8));
  return (row) => ((view.getUint8(row >> 3) >> (row & 7)) & 1) === 1;
}

function reader(layout: Layout, buffers: Buffers): (row: number) => unknown {
  const { rows } = buffers;
  const fixed = (width: number): DataView => viewOf(buffers.bytes(1), rows * width);
  switch (layout.by) {
    case "bool":
      return bits(buffers.bytes(1), rows);
    case "float": {
      const view = fixed(layout.bits / 8);
      if (layout.bits === 64) return (row) => view.getFloat64(8 * row, true);
      if (layout.bits === 32) return (row) => view.getFloat32(4 * row, true);
      if (layout.bits === 16) return (row) => ieee(view.getUint16(2 * row, true), 5, 10);
      return brokenArrow(`floating point of ${layout.bits} bits`);
    }
    case "int": {
      const { bits: width, signed } = layout;
      const view = fixed(width / 8);
      if (width === 8) return (row) => (signed ? view.getInt8(row) : view.getUint8(row));
      if (width === 16)
        return (row) => (signed ? view.getInt16(2 * row, true) : view.getUint16(2 * row, true));
      if (width === 32)
        return (row) => (signed ? view.getInt32(4 * row, true) : view.getUint32(4 * row, true));
      if (width === 64)
        return (row) =>
          signed ? view.getBigInt64(8 * row, true) : view.getBigUint64(8 * row, true);
      return brokenArrow(`integers of ${width} bits`);
    }
    case "decimal": {
      const words = layout.bits / 32;
      if (![1, 2, 4, 8].includes(words)) brokenArrow(`decimals of ${layout.bits} bits`);
      const view = fixed(4 * words);
      return (row) => {
        let value = BigInt(view.getInt32(4 * (row * words + words - 1), true));
        for (let k = words - 2; k >= 0; k--) {
          value = (value << 32n) | BigInt(view.getUint32(4 * (row * words + k), true));
        }
        // The nearest f64 of the decimal as it would be written.
        return Number(`${value}e${-layout.scale}`);
      };
    }
    case "text": {
      const width = layout.wide ? 8 : 4;
      const offsets = viewOf(buffers.bytes(1), (rows + 1) * width);
      const text = buffers.bytes(2);
      const decoder = new TextDecoder();
      const offset = (i: number): number =>
        layout.wide ? Number(offsets.getBigInt64(8 * i, true)) : offsets.getInt32(4 * i, true);
      return (row) => {
        const [begin, end] = [offset(row), offset(row + 1)];
        if (begin < 0 || end < begin || end > text.length) {
          brokenArrow(`a text from ${begin} to ${end} of ${text.length} bytes`);
        }
        return decoder.decode(text.subarray(begin, end));
      };
    }
    default:
      return () => null;
  }
}
