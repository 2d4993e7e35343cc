/** Rows that commands are given: tables read as the one that was trained on. */
import { stat } from "node:fs/promises";
import { ChainruleError, fail } from "../core/errors.ts";
import { sizeOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { parseTable, type Table, type TableOptions } from "../data/csv.ts";
import { type ReadingProgress, tablePieces } from "../data/read-table.ts";
import { blankNotes, chosenRows, emptyRowNotes, writtenRows } from "../data/table-columns.ts";
import { neededTable, typedFile } from "../data/table-file.ts";
import { furtherRows } from "../data/table-in-time.ts";
import { moved } from "../files/in-file.ts";
import { listFiles, readBytes, readText } from "../files/node.ts";
import type { StoredNetwork } from "../network-file/checkpoint.ts";
import { imagesIn } from "../network-file/image-folders.ts";
import type { DataDescription } from "../network-file/index.ts";
import { plural } from "./numbers.ts";

/** What of a trained network says how its tables are written. */
type Known = Pick<StoredNetwork, "network" | "description">;

export async function standardInput(): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString("utf8");
}

/**
 * The written rows of a table, read as the one that was trained on.
 *
 * @param columns those that are needed of a file that has them apart; default: all
 */
export async function readRows(
  path: string,
  loaded: Known,
  columns?: readonly string[],
): Promise<{
  readonly table: Table;
  readonly notes: readonly string[];
  /** Which rows of the file these are, counted from 0. */
  readonly rows: readonly number[];
}> {
  const piped = path === "-";
  const source = piped ? "standard input" : path;
  const said = writtenAs(loaded);
  const typed = piped ? undefined : typedFile(path);
  const table = typed
    ? await typedRows(typed, path, said, columns)
    : parseTable(piped ? await standardInput() : await readText(path), { source, ...said });
  const written = furtherRows(table, loaded.description.preprocessing?.windows);
  const notes = [...(table.notes ?? []), ...emptyRowNotes(table, written)];
  // Without rows at all, that is the error.
  const rows = written.length === 0 ? table : chosenRows(table, written);
  return { table: rows, notes, rows: written };
}

/** A piece of a table: its written rows, and where they begin in the whole. */
interface Piece {
  readonly table: Table;
  /** Which rows of the file these are, counted from 0. */
  readonly rows: readonly number[];
}

/** Whether rows are read piece by piece: those of text, of which each is an example by itself. */
export const comeInPieces = (path: string, { network, description }: Known): boolean =>
  network.data?.images === undefined &&
  !isArchive(path) &&
  (path === "-" || typedFile(path) === undefined) &&
  description.preprocessing?.windows === undefined;

/**
 * The written rows of a table of text, piece by piece in constant memory, as `readRows` gives them.
 *
 * @param told gets the notes at the end
 * @throws ChainruleError "data-empty" where no row is written.
 */
export async function* rowPieces(
  path: string,
  loaded: Known,
  told: (notes: readonly string[]) => void,
  onProgress: (progress: ReadingProgress) => void = () => {},
): AsyncGenerator<Piece, void, undefined> {
  const piped = path === "-";
  const source = piped ? "standard input" : path;
  const pieces = tablePieces(piped ? process.stdin : path, {
    source,
    ...writtenAs(loaded),
    onProgress,
  });
  let [all, blank, firstBlank] = [0, 0, -1];
  for await (const table of pieces) {
    const written = writtenRows(table);
    if (firstBlank < 0 && written.length < table.size) {
      const gap = written.findIndex((row, i) => row !== i);
      firstBlank = table.lines[gap < 0 ? written.length : gap] ?? -1;
    }
    const before = all;
    all += table.size;
    blank += table.size - written.length;
    if (written.length > 0) {
      yield { table: chosenRows(table, written), rows: written.map((row) => before + row) };
    }
    if (table.notes?.length) told(table.notes);
  }
  if (blank === all) fail("data-empty", { message: "There are no rows.", where: source });
  told(blankNotes(blank, all, firstBlank));
}

/** A table of a file whose cells have types; its errors name the file. */
async function typedRows(
  typed: NonNullable<ReturnType<typeof typedFile>>,
  source: string,
  { missingValues }: TableOptions,
  columns: readonly string[] | undefined,
): Promise<Table> {
  const bytes = await readBytes(source);
  const options = {
    source,
    ...(missingValues ? { missingValues } : {}),
    ...(columns ? { columns } : {}),
  };
  return inFileLater(source, () => neededTable(typed, bytes, options));
}

/** Whether a file holds NumPy's arrays. */
export const isArchive = (path: string): boolean => /\.npz$/i.test(path);

/** The images of a folder, or one; messages name each by its path. */
export async function imagesAt(path: string) {
  if (!(await stat(path).catch(() => undefined))?.isDirectory()) {
    const bytes = () => readBytes(path);
    return { files: [{ path, where: path, bytes }], notes: [] };
  }
  const read = Object.assign((name: string) => readBytes(name), { list: listFiles });
  return imagesIn(path, read);
}

/** Runs what reads a file's bytes; its errors name the file. */
export async function inFileLater<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof ChainruleError) || error.where?.includes(path)) throw error;
    throw moved(error, error.where === undefined ? path : `${path}, ${error.where}`);
  }
}

/** @throws ChainruleError "data-invalid" for examples of another size than the network takes. */
export function checkWidth(found: Tensor, { inputs }: DataDescription, name: string): void {
  const width = sizeOf(found.shape.slice(1));
  if (width === inputs) return;
  fail("data-invalid", {
    message: "The examples have another number of values than the network has inputs.",
    expected: plural(inputs, "number"),
    found: `${width}, of the shape [${found.shape.join(", ")}], in ${shown(name)}`,
    fix: "Give the array that the network was trained on, or one whose examples are as large.",
  });
}

/** Further tables are written as the one that was trained on. */
function writtenAs({ network, description: { preprocessing } }: Known): TableOptions {
  if (preprocessing === undefined) return {};
  const { missingValues, decimal, thousands, units } = preprocessing;
  const comment = network.data?.csv?.comment;
  return {
    missingValues,
    decimal,
    ...(thousands === undefined ? {} : { thousands }),
    ...(units === undefined ? {} : { units }),
    ...(comment === undefined ? {} : { comment }),
  };
}
