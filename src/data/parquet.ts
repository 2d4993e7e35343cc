/** Tables from Parquet files, decoded by the package hyparquet, which is loaded when it is needed. */

import { ChainruleError, fail } from "../core/errors.ts";
import { checkKind, byteArray as fileBytes, isFunction } from "../core/kinds.ts";
import { listed, shown } from "../core/wording.ts";
import type { ColumnType, Table } from "./csv.ts";
import { optional } from "./optional.ts";
import { type Chunk, checkPage, type Page, pagesOf } from "./parquet-pages.ts";
import {
  countAt,
  structAt,
  structsAt,
  type Thrift,
  type ThriftStruct,
  thriftStruct,
} from "./thrift.ts";
import {
  checkTableSize,
  checkTypedOptions,
  chosenNames,
  columnReading,
  type Reading,
  type TypedTableOptions,
  typedTable,
} from "./typed-table.ts";
import { zstdSize } from "./zstd.ts";

type Decompress = (input: Uint8Array, length: number) => Uint8Array;

/** What is used of hyparquet. */
interface Hyparquet {
  parquetMetadata(buffer: ArrayBuffer, options: object): object;
  parquetRead(options: object): Promise<void>;
}

/** How a Parquet file is read. */
export interface ParquetOptions extends TypedTableOptions {
  /** The module hyparquet, for bundlers, which cannot see that it is loaded. */
  readonly hyparquet?: object;
  /** The `compressors` of hyparquet-compressors, likewise. */
  readonly compressors?: object;
}

interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly chunks: readonly Chunk[];
  readonly note: string | undefined;
}

/**
 * Parses a Parquet file into a table. Numbers become numbers (NaN and null are missing; a decimal
 * becomes the nearest f64), texts and booleans categories, dates days and timestamps seconds since
 * 1970. Dictionaries are looked up. Needs the package hyparquet, and for
 * other compression than Snappy hyparquet-compressors.
 *
 * @throws ChainruleError "file-corrupt"; "unsupported" for nested, binary and encrypted columns, for
 *   times of day, for rare encodings and without the package; "data-invalid" for an integer beyond 2^53; "data-empty";
 *   "too-large"; "bad-argument".
 */
export async function parseParquet(
  bytes: Uint8Array,
  options: ParquetOptions = {},
): Promise<Table> {
  checkKind("parseParquet", bytes, fileBytes);
  checkTypedOptions("parseParquet", options, ["hyparquet", "compressors"]);
  const { rows, columns } = columnsOf(bytes, options);
  const packed = columns.some(({ chunks }) => chunks.some((chunk) => chunk.packed));
  const pages = new Map<number, Page>();
  for (const { chunks } of columns) {
    for (const chunk of chunks) {
      // Where what is packed begins is what a decompressor gets to see.
      for (const page of pagesOf(bytes, chunk)) pages.set(page.begin + page.levels, page);
    }
  }
  const { parquetMetadata, parquetRead } = await hyparquetOf(options);
  const compressors = packed ? await compressorsOf(options) : {};
  const begins = new WeakMap<ArrayBufferLike, number>();
  const file = {
    byteLength: bytes.length,
    slice(begin: number, end = bytes.length): ArrayBuffer {
      // A Buffer's own slice is a view of the same memory.
      const { buffer } = Uint8Array.prototype.slice.call(bytes, begin, end);
      begins.set(buffer, begin);
      return buffer;
    },
  };
  const checked = Object.fromEntries(
    Object.entries(compressors).map(([codec, decompress]) => [
      codec,
      (input: Uint8Array, length: number): Uint8Array => {
        const page = pages.get((begins.get(input.buffer) ?? Number.NaN) + input.byteOffset);
        if (page === undefined) return damaged("a page where none was seen");
        const least = codec === "ZSTD" ? zstdSize(input) : 0;
        if (least > length) damaged(`${least} bytes for ${length}`);
        const output = (decompress as Decompress)(input, length);
        if (output.length !== length) damaged(`${output.length} bytes for ${length}`);
        checkPage(output, page);
        return output;
      },
    ]),
  );
  const readings: Reading[] = [];
  try {
    const metadata = parquetMetadata(file.slice(0), { geoparquet: false });
    for (const { name, type } of columns) {
      const one = columnReading(name, type, rows, options);
      const parts: { begin: number; values: ArrayLike<unknown> }[] = [];
      await parquetRead({
        ...{ file, metadata, columns: [name], compressors: checked, parsers, geoparquet: false },
        onChunk: ({
          columnData,
          rowStart,
        }: {
          columnData: ArrayLike<unknown>;
          rowStart: number;
        }) => {
          parts.push({ begin: rowStart, values: columnData });
        },
      });
      for (const { values } of parts.sort((a, b) => a.begin - b.begin)) one.put(values);
      if (one.rows !== rows) damaged(`${one.rows} values of ${rows} in column ${shown(name)}`);
      readings.push(one);
    }
  } catch (cause) {
    if (cause instanceof ChainruleError) throw cause;
    return damaged(String((cause as Error)?.message).slice(0, 120), cause);
  }
  const notes = columns.flatMap(({ note }) => note ?? []);
  return typedTable(readings, rows, options, notes);
}

function damaged(found: string, cause?: unknown): never {
  return fail("file-corrupt", {
    message: "A Parquet file cannot be decoded.",
    expected: "columns as its footer says",
    found,
    cause,
  });
}

/** Dates and times as numbers; what is missing stays so. */
const since = (unit: number) => (value: unknown) =>
  value === undefined || value === null ? undefined : Number(value) / unit;
const parsers = {
  timestampFromMilliseconds: since(1e3),
  timestampFromMicroseconds: since(1e6),
  // 1.7e18 is more than f64 says exactly: whole seconds apart from their parts.
  timestampFromNanoseconds: (value: unknown) =>
    typeof value === "bigint"
      ? Number(value / 1_000_000_000n) + Number(value % 1_000_000_000n) / 1e9
      : undefined,
  dateFromDays: since(1),
};

async function hyparquetOf({ hyparquet }: ParquetOptions): Promise<Hyparquet> {
  const loaded = hyparquet ?? (await optional("hyparquet", "Parquet files"));
  const { parquetMetadata, parquetRead } = loaded as Partial<Hyparquet>;
  if (isFunction(parquetMetadata) && isFunction(parquetRead)) return loaded as Hyparquet;
  return fail("bad-argument", {
    message: "This is not the module hyparquet.",
    expected: 'what import("hyparquet") gives',
    found: shown(hyparquet),
  });
}

async function compressorsOf({ compressors }: ParquetOptions): Promise<object> {
  if (compressors !== undefined) {
    if (Object.values(compressors).every(isFunction)) return compressors;
    return fail("bad-argument", {
      message: "These are not the compressors of hyparquet-compressors.",
      expected: "functions by the name of what they unpack",
      found: shown(compressors),
    });
  }
  const loaded = await optional("hyparquet-compressors", "compressed Parquet files");
  return (loaded as { compressors: object }).compressors;
}

const tail = 8;

/** The columns that are asked for, as the footer describes them, and the number of rows. */
function columnsOf(
  bytes: Uint8Array,
  options: ParquetOptions,
): { rows: number; columns: Column[] } {
  const { source } = options;
  const footer = footerOf(bytes);
  const schema = structsAt(footer, 2, "schema");
  const groups = structsAt(footer, 4, "groups of rows");
  const rows = groups.reduce((sum, group) => sum + countAt(group, 3, "number of rows"), 0);
  if (rows !== countAt(footer, 3, "number of rows")) {
    damaged(`${rows} rows in its groups, and another number in its footer`);
  }
  const leaves = topLevel(schema);
  const all = leaves.map(({ element }) => textOf(element.get(4)));
  const names = chosenNames(all, options);
  checkTableSize(rows, names.length, options);
  // What is packed best is a column of one value: a page of some bytes holds a million rows of it.
  if (rows * names.length > 2 ** 24 + 4096 * bytes.length) {
    damaged(`${rows} rows of ${names.length} columns in ${bytes.length} bytes`);
  }
  const refused: string[] = [];
  const columns = names.map((name): Column => {
    const index = all.indexOf(name);
    const leaf = leaves[index] as Leaf;
    const kind = kindOf(leaf);
    if (typeof kind === "string") refused.push(`${shown(name)} (${kind})`);
    const { type = "category", note } = typeof kind === "string" ? {} : kind;
    const chunks = groups.flatMap((group): Chunk[] => {
      const own = structsAt(group, 1, "columns")[leaf.first];
      const groupRows = countAt(group, 3, "number of rows");
      if (typeof kind === "string" || groupRows === 0) return [];
      return [chunkOf(own, leaf, groupRows, bytes.length, name)];
    });
    return { name, type, chunks, note: note && `Column ${shown(name)} ${note}.` };
  });
  if (refused.length === 0) return { rows, columns };
  return fail("unsupported", {
    message: `${refused.length === 1 ? "A column" : "Some columns"} of a Parquet file cannot be read.`,
    expected: "numbers, texts, booleans, dates and times, without lists",
    found: refused.slice(0, 20).join(", "),
    where: source,
    fix: `Name the others: columns: [${listed(all.filter((name) => !refused.some((one) => one.startsWith(shown(name)))))}].`,
  });
}

function footerOf(bytes: Uint8Array): ThriftStruct {
  const text = (from: number) => String.fromCharCode(...bytes.subarray(from, from + 4));
  const [head, end] = [text(0), text(bytes.length - 4)];
  if (head === "PARE" || end === "PARE") {
    fail("unsupported", {
      message: "This Parquet file is encrypted.",
      fix: "Decrypt it where its keys are, and write it without encryption.",
    });
  }
  if (bytes.length < 12 || head !== "PAR1" || end !== "PAR1") {
    fail("file-corrupt", {
      message: "This is no Parquet file, or its end is missing.",
      expected: "PAR1 at its beginning and end",
      found: `${bytes.length} bytes with ${shown(head)} and ${shown(end)}`,
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(bytes.length - tail, true);
  if (length > bytes.length - tail - 4) {
    damaged(`a footer of ${length} bytes in a file of ${bytes.length}`);
  }
  return thriftStruct(bytes.subarray(0, bytes.length - tail), bytes.length - tail - length).value;
}

const textOf = (value: Thrift | undefined): string =>
  value instanceof Uint8Array
    ? new TextDecoder().decode(value)
    : damaged("a column without a name");

/** A column at the top of the schema: the first of its leaves, and whether it is one itself. */
interface Leaf {
  readonly element: ThriftStruct;
  readonly first: number;
  readonly nested: boolean;
}

/** The schema is a tree in depth-first order: each element says how many children follow it. */
function topLevel(schema: readonly ThriftStruct[]): Leaf[] {
  const children = (element: ThriftStruct): number =>
    element.has(5) ? countAt(element, 5, "number of children") : 0;
  const leaves: Leaf[] = [];
  const [root, ...rest] = schema;
  let leaf = 0;
  let open = 0;
  for (const element of rest) {
    if (open === 0) leaves.push({ element, first: leaf, nested: children(element) > 0 });
    else open--;
    if (children(element) === 0) leaf++;
    open += children(element);
  }
  if (root === undefined || children(root) !== leaves.length || open !== 0) {
    damaged("a schema that ends too early or too late");
  }
  return leaves;
}

interface Kind {
  readonly type: ColumnType;
  readonly note?: string;
}
const number: Kind = { type: "number" };
const category: Kind = { type: "category" };

/** More digits than f64 keeps. */
const mostDigits = 15;

/** What becomes of a column, or why it is not read. Numbers as in parquet.thrift. */
function kindOf({ element, nested }: Leaf): Kind | string {
  if (nested || element.get(3) === 2) return "lists or structs";
  const [type, converted, logical] = [1, 6, 10].map((id) => element.get(id));
  const [own] = logical instanceof Map ? logical.keys() : [];
  if (converted === 5 || own === 5) {
    const digits = element.get(8);
    const many = typeof digits === "number" && digits > mostDigits;
    const note = `has decimals of up to ${digits} digits, of which f64 keeps ${mostDigits}`;
    return many ? { type: "number", note } : number;
  }
  if (converted === 6 || own === 6) return { type: "number", note: "is in days since 1970-01-01" };
  if (converted === 7 || converted === 8 || own === 7) return "times of day";
  if (converted === 9 || converted === 10 || own === 8 || type === 3) {
    return { type: "number", note: "is in seconds since 1970-01-01 (UTC)" };
  }
  if (own === 15) return number;
  if (own === 14) return "UUIDs";
  if (converted === 19 || converted === 20 || own === 12 || own === 13) return "JSON or BSON";
  if (converted === 21) return "intervals";
  if (typeof own === "number" && own > 15) return "a type that is not known";
  if (type === 0) return category;
  if (type === 1 || type === 2 || type === 4 || type === 5) return number;
  // UTF8 and ENUM.
  if (type === 6 && (converted === 0 || converted === 4 || own === 1 || own === 4)) return category;
  return "bytes";
}

/** UNCOMPRESSED, SNAPPY, GZIP, LZO, BROTLI, LZ4, ZSTD, LZ4_RAW. */
const codecs = [true, true, true, false, true, true, true, true];

function chunkOf(
  column: ThriftStruct | undefined,
  { element }: Leaf,
  rows: number,
  length: number,
  name: string,
): Chunk {
  if (column === undefined || column.has(1)) {
    return damaged(`column ${shown(name)} in no place, or in another file`);
  }
  const own = structAt(column, 3, "description of a column");
  const codec = countAt(own, 4, "compression");
  if (codecs[codec] !== true) {
    fail("unsupported", {
      message: `Column ${shown(name)} of a Parquet file is compressed in a way that is not read.`,
      expected: "Snappy, gzip, Brotli, LZ4, zstd or none",
      found: codec === 3 ? "LZO" : `the compression ${codec}`,
      fix: 'Write it with compression="zstd".',
    });
  }
  const size = countAt(own, 7, "size of a column");
  const first = countAt(own, 9, "place of a column");
  const dictionary = own.has(11) ? countAt(own, 11, "place of a dictionary") : 0;
  const begin = dictionary || first;
  const path = own.get(3);
  const plain = Array.isArray(path) && path.length === 1 && textOf(path[0]) === name;
  if (begin > first || begin + size > length || !plain || own.get(1) !== element.get(1)) {
    damaged(`${size} bytes from ${begin} on for column ${shown(name)} in ${length}`);
  }
  if (countAt(own, 5, "number of values") !== rows)
    damaged(`another number of values than ${rows}`);
  const nullable = element.get(3) !== 0;
  return {
    begin,
    end: begin + size,
    rows,
    nullable,
    type: own.get(1) as number,
    packed: codec > 0,
  };
}
