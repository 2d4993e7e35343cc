/** Tables of files whose cells have types, told by their names. */
import { ChainruleError } from "../core/errors.ts";
import { parseArrow } from "./arrow.ts";
import type { Table } from "./csv.ts";
import { parseJsonLines } from "./json-lines.ts";
import { parseParquet } from "./parquet.ts";
import { writtenRows } from "./table-columns.ts";

/** What a reader of typed tables is given, whichever it is. */
interface TypedFileOptions {
  readonly source: string;
  readonly missingValues?: readonly string[];
  /** The columns that are needed; default: all. */
  readonly columns?: readonly string[];
}

interface TypedFile {
  /** What such a file is called in messages. */
  readonly name: string;
  readonly ending: RegExp;
  readonly read: (bytes: Uint8Array, options: TypedFileOptions) => Table | Promise<Table>;
}

const kinds: readonly TypedFile[] = [
  { name: "Arrow", ending: /\.(arrow|feather|arrows)$/i, read: parseArrow },
  { name: "Parquet", ending: /\.parquet$/i, read: parseParquet },
  {
    name: "JSON lines",
    ending: /\.(jsonl|ndjson)$/i,
    // Its columns do not lie apart: all of a line is read anyway.
    read: (bytes, { columns: _, ...options }) =>
      parseJsonLines(new TextDecoder().decode(bytes), options),
  },
];

/**
 * Some columns of a file, or all: where it lacks one of them, which is reported where it is named, and
 * where a row has nothing in them, since the others say whether it is empty.
 */
export async function neededTable(
  { read }: TypedFile,
  bytes: Uint8Array,
  { columns, ...options }: TypedFileOptions,
): Promise<Table> {
  if (columns === undefined) return read(bytes, options);
  let some: Table;
  try {
    some = await read(bytes, { ...options, columns: [...new Set(columns)] });
  } catch (error) {
    if (!(error instanceof ChainruleError) || error.code !== "data-invalid") throw error;
    return read(bytes, options);
  }
  if (writtenRows(some).length === some.size) return some;
  try {
    return await read(bytes, options);
  } catch (error) {
    if (!(error instanceof ChainruleError)) throw error;
    // Others that cannot be read, such as lists, are not in the way of those that are needed.
    return { ...some, partial: true };
  }
}

/** How a file is read whose name says that its cells have types; undefined for text. */
export const typedFile = (file: string): TypedFile | undefined =>
  kinds.find(({ ending }) => ending.test(file));
