/** Tables from Arrow's IPC files and streams, which Feather (version 2) is, too. */
import { at } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import { checkKind, byteArray as fileBytes } from "../core/kinds.ts";
import { listed, shown } from "../core/wording.ts";
import { type ArrowKind, arrowKind, arrowValues, type Buffers } from "./arrow-values.ts";
import type { Table } from "./csv.ts";
import { brokenArrow, type FlatTable, flatTable } from "./flatbuffer.ts";
import { unpackLz4 } from "./lz4.ts";
import {
  checkTableSize,
  checkTypedOptions,
  chosenNames,
  columnReading,
  type TypedTableOptions,
  typedTable,
} from "./typed-table.ts";

interface Column {
  readonly name: string;
  /** What it is read as, or why it is not. */
  readonly kind: ArrowKind | string;
  /** How many nodes and buffers a batch has for it, children included. */
  readonly nodes: number;
  readonly buffers: number;
  /** The number of its dictionary, where its values are looked up. */
  readonly dictionary?: number;
}

interface Message {
  readonly type: number;
  readonly header: FlatTable;
  readonly body: Uint8Array;
}

/**
 * Parses an Arrow IPC file or stream, as pyarrow, pandas' `to_feather` and polars' `write_ipc` write it,
 * into a table. Numbers become numbers (NaN and null are missing; a decimal becomes the nearest f64),
 * texts and booleans categories, dates days and timestamps seconds since 1970. Dictionaries are looked up.
 * Buffers may be packed by LZ4, as Feather's are. Needs no package.
 *
 * @throws ChainruleError "file-corrupt"; "unsupported" for nested and binary columns, times of day,
 *   views of texts, big-endian files and zstd; "data-invalid" for an integer beyond 2^53; "data-empty";
 *   "too-large"; "bad-argument".
 */
export function parseArrow(bytes: Uint8Array, options: TypedTableOptions = {}): Table {
  checkKind("parseArrow", bytes, fileBytes);
  checkTypedOptions("parseArrow", options, []);
  const [schema, ...messages] = messagesOf(bytes);
  if (schema?.type !== 1) brokenArrow("no schema at its beginning");
  const all = columnsOf((schema as Message).header, options.source);
  const names = chosenNames(
    all.map(({ name }) => name),
    options,
  );
  checkReadable(all, names, options.source);
  const rows = messages.reduce(
    (sum, { type, header }) => sum + (type === 3 ? lengthOf(header) : 0),
    0,
  );
  checkTableSize(rows, names.length, options);
  // What is packed best is a column of nothing but nulls.
  if (rows * names.length > 2 ** 20 + 2048 * bytes.length) {
    brokenArrow(`${rows} rows of ${names.length} columns in ${bytes.length} bytes`);
  }
  const readings = names.map((name) => {
    const column = all.find((one) => one.name === name) as Column;
    const kind = column.kind as ArrowKind;
    return { column, kind, reading: columnReading(name, kind.type, rows, options) };
  });
  const dictionaries = new Map<number, readonly unknown[]>();
  for (const { type, header, body } of messages) {
    if (type === 2) learn(header, body, all, dictionaries);
    if (type !== 3) continue;
    const places = placesOf(all, header);
    for (const { column, kind, reading } of readings) {
      const values = arrowValues(kind, buffersOf(header, body, entryAt(places, column)));
      const { dictionary } = column;
      reading.put(dictionary === undefined ? values : looked(values, dictionaries.get(dictionary)));
    }
  }
  const notes = readings.flatMap(({ column: { name }, kind: { note } }) =>
    note === undefined ? [] : [`Column ${shown(name)} ${note}.`],
  );
  return typedTable(
    readings.map(({ reading }) => reading),
    rows,
    options,
    notes,
  );
}

/** The messages of a file, or of a stream, one behind the other. */
function messagesOf(bytes: Uint8Array): Message[] {
  const magic = String.fromCharCode(...bytes.subarray(0, 6));
  if (magic.startsWith("FEA1")) {
    fail("unsupported", {
      message: "This is a Feather file of version 1, which is no Arrow file.",
      fix: "Write it again: pyarrow.feather.write_feather(table, path).",
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: Message[] = [];
  for (let place = magic === "ARROW1" ? 8 : 0; place + 4 <= bytes.length; ) {
    let size = view.getInt32(place, true);
    place += 4;
    if (size === -1) {
      if (place + 4 > bytes.length) brokenArrow("its end, where a message begins");
      size = view.getInt32(place, true);
      place += 4;
    }
    if (size === 0) break;
    if (size < 0 || place + size > bytes.length) {
      if (found.length === 0) brokenArrow(`no message at its beginning (${shown(magic)})`);
      brokenArrow(`a message of ${size} bytes in a file of ${bytes.length}`);
    }
    const message = flatTable(bytes.subarray(place, place + size));
    place += size;
    const length = message.int(3, 8);
    if (length < 0 || place + length > bytes.length) brokenArrow(`a body of ${length} bytes`);
    const header = message.table(2) ?? brokenArrow("a message without a header");
    const type = message.int(1, 1);
    found.push({ type, header, body: bytes.subarray(place, place + length) });
    place += length;
  }
  if (found.length === 0) brokenArrow("no message");
  return found;
}

/** The columns of a schema. */
function columnsOf(schema: FlatTable, source: string | undefined): Column[] {
  if (schema.int(0, 2) !== 0) {
    fail("unsupported", {
      message: "The numbers of this Arrow file are big-endian.",
      where: source,
    });
  }
  return schema.tables(1).map((field): Column => {
    const encoding = field.table(4);
    const own = field.int(2, 1);
    const named = { name: field.text(0) };
    if (encoding) {
      const values = arrowKind(field.int(2, 1), field.table(3));
      const index = encoding.table(1);
      const width = index ? index.int(0, 4, 32) : 32;
      const kind: ArrowKind | string =
        typeof values === "string"
          ? values
          : { ...values, layout: { by: "int", bits: width, signed: index?.int(1, 1) !== 0 } };
      return { ...named, kind, nodes: 1, buffers: 2, dictionary: encoding.int(0, 8) };
    }
    return { ...named, kind: arrowKind(own, field.table(3)), ...extentOf(field, 0) };
  });
}

/** How many nodes and buffers a field has in a batch, children included. */
function extentOf(field: FlatTable, depth: number): { nodes: number; buffers: number } {
  if (depth > 16) brokenArrow("columns within columns without an end");
  const type = field.int(2, 1);
  if (field.table(4)) return { nodes: 1, buffers: 2 };
  // Unions, run ends and views have buffers of their own ways, so where others stand is not known.
  const own = type === 1 ? 0 : [4, 5, 12, 17, 19, 20, 21].includes(type) ? 2 : 1;
  const data = type === 13 || type === 16 || [12, 17, 21].includes(type) || type === 1 ? 0 : 1;
  const odd = [14, 22, 23, 24, 25, 26].includes(type);
  const children = field.tables(5).map((child) => extentOf(child, depth + 1));
  return {
    nodes: children.reduce((sum, { nodes }) => sum + nodes, 1),
    buffers: children.reduce((sum, { buffers }) => sum + buffers, odd ? Number.NaN : own + data),
  };
}

function checkReadable(
  all: readonly Column[],
  names: readonly string[],
  source: string | undefined,
): void {
  const odd = all.find(({ buffers }) => Number.isNaN(buffers));
  const refused = all.filter(({ name, kind }) => typeof kind === "string" && names.includes(name));
  if (odd === undefined && refused.length === 0) return;
  const good = all.filter(({ kind }) => typeof kind !== "string").map(({ name }) => name);
  fail("unsupported", {
    message: "Some columns of an Arrow file cannot be read.",
    expected: "numbers, texts, booleans, dates and times, without lists",
    found: (odd ? [odd] : refused)
      .slice(0, 20)
      .map(({ name, kind }) => `${shown(name)} (${kind})`)
      .join(", "),
    where: source,
    fix: odd
      ? "Write such a column as another type, or leave it out of the file."
      : `Name the others: columns: [${listed(good)}].`,
  });
}

const lengthOf = (batch: FlatTable): number => {
  const length = batch.int(0, 8);
  return length >= 0 ? length : brokenArrow(`a batch of ${length} rows`);
};

interface Place {
  readonly node: number;
  readonly buffer: number;
}

/** Where each column's nodes and buffers begin. */
function placesOf(all: readonly Column[], batch: FlatTable): Map<Column, Place & { rows: number }> {
  let [node, buffer] = [0, 0];
  const rows = lengthOf(batch);
  return new Map(
    all.map((column) => {
      const place = { node, buffer, rows };
      node += column.nodes;
      buffer += column.buffers;
      return [column, place];
    }),
  );
}

const entryAt = <K, V>(map: ReadonlyMap<K, V>, key: K): V => map.get(key) as V;

/** The buffers of a column in a batch, unpacked when they are asked for. */
function buffersOf(
  batch: FlatTable,
  body: Uint8Array,
  { node, buffer, rows }: Place & { readonly rows: number },
): Buffers {
  const [length = -1, nulls = 0] = batch.structs(1, 2)[node] ?? [];
  if (length !== rows) brokenArrow(`${length} values in a batch of ${rows} rows`);
  const regions = batch.structs(2, 2);
  const packing = batch.table(3);
  if (packing !== undefined && packing.int(0, 1) !== 0) {
    fail("unsupported", {
      message: "An Arrow file is packed in a way that is not read.",
      expected: "LZ4, or none",
      found: packing.int(0, 1) === 1 ? "zstd" : `the codec ${packing.int(0, 1)}`,
      fix: 'Write it with compression="lz4", as Feather does by itself, or "uncompressed".',
    });
  }
  return {
    rows,
    nulls,
    bytes(index) {
      const [from = -1, size = 0] = regions[buffer + index] ?? [];
      if (from < 0 || size < 0 || from + size > body.length) {
        brokenArrow(`${size} bytes from ${from} on in a body of ${body.length}`);
      }
      const own = body.subarray(from, from + size);
      if (packing === undefined || size === 0) return own;
      if (size < 8) return brokenArrow(`a packed buffer of ${size} bytes`);
      const view = new DataView(own.buffer, own.byteOffset, own.byteLength);
      const whole = Number(view.getBigInt64(0, true));
      const rest = own.subarray(8);
      if (whole === -1) return rest;
      // No byte of LZ4 stands for more than 255.
      if (whole < 0 || whole > 255 * rest.length) brokenArrow(`${whole} bytes packed into ${size}`);
      return unpackLz4(rest, whole);
    },
  };
}

/** A batch of a dictionary: its values, or more of them. */
function learn(
  header: FlatTable,
  body: Uint8Array,
  all: readonly Column[],
  known: Map<number, readonly unknown[]>,
): void {
  const id = header.int(0, 8);
  const batch = header.table(1) ?? brokenArrow("a dictionary without values");
  const column = all.find(({ dictionary }) => dictionary === id);
  if (column === undefined || typeof column.kind === "string") return;
  const kind = { ...column.kind, layout: column.kind.values };
  const rows = lengthOf(batch);
  const values = Array.from(
    arrowValues(kind, buffersOf(batch, body, { node: 0, buffer: 0, rows })),
  );
  const before = header.int(2, 1) === 1 ? (known.get(id) ?? []) : [];
  known.set(id, [...before, ...values]);
}

function looked(indices: ArrayLike<unknown>, values: readonly unknown[] = []): unknown[] {
  return Array.from(indices, (index) => {
    if (index === null || Number.isNaN(index)) return null;
    const place = Number(index);
    return place >= 0 && place < values.length
      ? at(values, place)
      : brokenArrow(`entry ${place} of a dictionary of ${values.length}`);
  });
}
