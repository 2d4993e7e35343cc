/**
 * The pages of a Parquet file, looked at before they are decoded: sizes must agree with each other,
 * and runs must not be longer than the values that are to come of them. A decoder that trusts them
 * could be made to fill the memory, or to count for hours.
 * Source: Apache Parquet, Thrift definition and Encodings.md, format 2.11.
 */

import { fail } from "../core/errors.ts";
import { countAt, structAt, type ThriftStruct, thriftStruct } from "./thrift.ts";

/** A column of a group of rows: where its pages are. */
export interface Chunk {
  readonly begin: number;
  readonly end: number;
  readonly rows: number;
  /** Whether rows may be without a value. */
  readonly nullable: boolean;
  /** As the format numbers them: 0 is a boolean, 1 and 2 are integers of 32 and 64 bits. */
  readonly type: number;
  readonly packed: boolean;
}

/** A page with what its header says. */
export interface Page extends Pick<Chunk, "nullable" | "type" | "packed"> {
  readonly kind: "data" | "data 2" | "dictionary";
  readonly values: number;
  readonly nulls: number;
  readonly encoding: number;
  /** Of kind "data 2": the bytes of levels, which are not packed. */
  readonly levels: number;
  readonly begin: number;
  readonly end: number;
}

function corrupt(expected: string, found: string): never {
  return fail("file-corrupt", { message: "A page of a Parquet file is damaged.", expected, found });
}

/** PLAIN, PLAIN_DICTIONARY, RLE, DELTA_BINARY_PACKED, RLE_DICTIONARY, BYTE_STREAM_SPLIT. */
const encodings = { dictionary: [2, 8], runs: 3, delta: 5 };
const known: readonly number[] = [0, 2, 3, 5, 8, 9];
const otherNames: Readonly<Record<number, string>> = {
  6: "DELTA_LENGTH_BYTE_ARRAY",
  7: "DELTA_BYTE_ARRAY",
  10: "ALP",
};

/** No page is larger, packed or not. */
const largestPage = 2 ** 28;
/** How many bytes a packed one can become: of zstd's runs, 2^17 of four. */
const mostExpansion = 2 ** 15;

/** All pages of a column, whose values are as many as its rows. */
export function pagesOf(bytes: Uint8Array, chunk: Chunk): Page[] {
  const pages: Page[] = [];
  let values = 0;
  for (let at = chunk.begin; at < chunk.end && values < chunk.rows; ) {
    const { value: header, end: begin } = thriftStruct(bytes.subarray(0, chunk.end), at);
    const size = countAt(header, 3, "size of a page");
    const unpacked = countAt(header, 2, "unpacked size of a page");
    const end = begin + size;
    if (end > chunk.end) corrupt(`at most ${chunk.end - begin} bytes`, `${size}`);
    const most = chunk.packed ? Math.min(largestPage, mostExpansion * (size + 1)) : size;
    if (unpacked > most) corrupt(`at most ${most} bytes, unpacked`, `${unpacked}`);
    const page = pageOf(header, chunk, begin, end);
    if (page.kind !== "dictionary") values += page.values;
    if (values > chunk.rows || page.values > 8 * unpacked + chunk.rows) {
      corrupt(`${chunk.rows} values`, `${page.values} in a page of ${unpacked} bytes`);
    }
    const levelsEnd = begin + page.levels;
    if (page.nullable) checkRuns(bytes.subarray(begin, levelsEnd), 0, 1, page.values);
    if (!page.packed) checkPage(bytes.subarray(levelsEnd, end), page);
    pages.push(page);
    at = end;
  }
  if (values !== chunk.rows) corrupt(`${chunk.rows} values in a column`, `${values}`);
  return pages;
}

function pageOf(header: ThriftStruct, chunk: Chunk, begin: number, end: number): Page {
  const { nullable, type, packed } = chunk;
  const common = { nullable, type, packed, begin, end, levels: 0, nulls: 0 };
  const kind = header.get(1);
  if (kind === 2) {
    const own = structAt(header, 7, "header of a dictionary");
    return { ...common, ...said(own), kind: "dictionary" };
  }
  if (kind === 0)
    return { ...common, ...said(structAt(header, 5, "header of a page")), kind: "data" };
  if (kind !== 3) return corrupt("a page of data or a dictionary", `the kind ${kind}`);
  const own = structAt(header, 8, "header of a page");
  const nulls = countAt(own, 2, "number of nulls");
  const levels = countAt(own, 5, "size of levels");
  const values = countAt(own, 1, "number of values");
  // Levels of repetition belong to lists, which are not read.
  if (countAt(own, 6, "size of levels") > 0 || nulls > values || levels > end - begin) {
    corrupt("levels within their page", `${levels} bytes, ${nulls} nulls of ${values} values`);
  }
  return {
    ...common,
    kind: "data 2",
    values,
    nulls,
    levels,
    encoding: encodingOf(own, 4),
    packed: packed && own.get(7) !== false,
  };
}

const said = (own: ThriftStruct) => ({
  values: countAt(own, 1, "number of values"),
  encoding: encodingOf(own, 2),
});

function encodingOf(struct: ThriftStruct, id: number): number {
  const encoding = countAt(struct, id, "encoding");
  if (known.includes(encoding)) return encoding;
  return fail("unsupported", {
    message: "A column of a Parquet file is encoded in a way that is not read.",
    expected: "PLAIN, RLE, RLE_DICTIONARY, DELTA_BINARY_PACKED or BYTE_STREAM_SPLIT",
    found: otherNames[encoding] ?? `the encoding ${encoding}`,
    fix: 'Write it with dictionaries: pq.write_table(table, "x.parquet"), as pyarrow does by itself.',
  });
}

/** Looks through the unpacked bytes of a page; of "data 2", through those behind the levels. */
export function checkPage(bytes: Uint8Array, page: Page): void {
  if (page.kind === "dictionary") return;
  const { nullable, kind, values, nulls } = page;
  if (kind === "data 2" || !nullable) {
    checkValues(bytes, 0, page, values - nulls);
    return;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.length < 4 ? Number.POSITIVE_INFINITY : 4 + view.getUint32(0, true);
  if (end > bytes.length) corrupt(`levels in ${bytes.length} bytes`, `${end}`);
  // How many are null is not counted here: no runs are longer than all values.
  checkRuns(bytes, 4, 1, values);
  checkValues(bytes, end, page, values);
}

function checkValues(bytes: Uint8Array, at: number, page: Page, values: number): void {
  const { encoding, type } = page;
  if (values === 0) return;
  const width = bytes[at];
  if (encoding === encodings.delta) checkDelta(bytes, at, values);
  // Booleans say first how many bytes there are.
  else if (encoding === encodings.runs && type === 0) checkRuns(bytes, at + 4, 1, values);
  // Where all are null, nothing is there.
  else if (encodings.dictionary.includes(encoding) && width !== undefined) {
    if (width > 32) corrupt("indices of at most 32 bits", `${width}`);
    checkRuns(bytes, at + 1, width, values);
  }
}

/** Runs of one value, and groups of eight that are packed: no more values than are to come. */
function checkRuns(bytes: Uint8Array, from: number, width: number, values: number): void {
  let at = from;
  let seen = 0;
  while (seen < values && at < bytes.length) {
    let head = 0;
    let scale = 1;
    for (;;) {
      const byte = bytes[at++] ?? corrupt("the length of a run", "none");
      if (scale > 268_435_456) corrupt("the length of a run", "more than 2^31");
      head += (byte & 127) * scale;
      scale *= 128;
      if (byte < 128) break;
    }
    const groups = Math.floor(head / 2);
    const run = head % 2 === 1 ? 8 * groups : groups;
    // Writers fill the last groups up, and some of them to the end of a block.
    const most = head % 2 === 1 ? 8 * Math.ceil((values - seen) / 8) + 512 : values - seen;
    if (run > most) corrupt(`a run of at most ${most} values`, `${run}`);
    at += head % 2 === 1 ? groups * width : Math.ceil(width / 8);
    seen += run;
  }
}

/** Blocks of differences: their sizes are few, and every number ends. */
function checkDelta(bytes: Uint8Array, from: number, values: number): void {
  let at = from;
  const varint = (): number => {
    let value = 0;
    for (let length = 0, scale = 1; ; length++, scale *= 128) {
      const byte = bytes[at++] ?? corrupt("a number", "none");
      if (length > 9) corrupt("a number of 64 bits", "more");
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const [size, parts] = [varint(), varint()];
  varint();
  varint();
  const each = size / parts;
  if (size > 2 ** 16 || parts > 512 || !Number.isInteger(each) || each % 8 !== 0 || each === 0) {
    corrupt("blocks of some hundred values", `${size} in ${parts} parts`);
  }
  for (let seen = 1; seen < values && at < bytes.length; ) {
    varint();
    const widths = bytes.subarray(at, at + parts);
    at += parts;
    for (const width of widths) {
      if (width > 64) corrupt("differences of at most 64 bits", `${width}`);
      if (seen >= values) break;
      at += (each * width) / 8;
      seen += each;
    }
    if (widths.length < parts) corrupt("widths of a block", "none");
  }
}
