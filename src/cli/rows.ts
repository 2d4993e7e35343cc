/** Rows that commands are given: tables read as the one that was trained on. */
import { ChainruleError } from "../core/errors.ts";
import { parseTable, type Table, type TableOptions } from "../data/csv.ts";
import { chosenRows, emptyRowNotes, writtenRows } from "../data/table-columns.ts";
import { typedFile } from "../data/table-file.ts";
import { moved } from "../files/in-file.ts";
import { readBytes, readText } from "../files/node.ts";
import type { StoredNetwork } from "../network-file/checkpoint.ts";

/** What of a trained network says how its tables are written. */
type Known = Pick<StoredNetwork, "network" | "description">;

export async function standardInput(): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString("utf8");
}

/** The written rows of a table, read as the one that was trained on. */
export async function readRows(
  path: string,
  loaded: Known,
): Promise<{ readonly table: Table; readonly notes: readonly string[] }> {
  const piped = path === "-";
  const source = piped ? "standard input" : path;
  const said = writtenAs(loaded);
  const typed = piped ? undefined : typedFile(path);
  const table = typed
    ? await typedRows(typed, path, said)
    : parseTable(piped ? await standardInput() : await readText(path), { source, ...said });
  const written = writtenRows(table);
  const notes = [...(table.notes ?? []), ...emptyRowNotes(table, written)];
  // Without rows at all, that is the error.
  return { table: written.length === 0 ? table : chosenRows(table, written), notes };
}

/** A table of a file whose cells have types; its errors name the file. */
async function typedRows(
  typed: NonNullable<ReturnType<typeof typedFile>>,
  source: string,
  { missingValues }: TableOptions,
): Promise<Table> {
  const bytes = await readBytes(source);
  const options = { source, ...(missingValues ? { missingValues } : {}) };
  return inFileLater(source, async () => typed.read(bytes, options));
}

/** Whether a file holds NumPy's arrays. */
export const isArchive = (path: string): boolean => /\.npz$/i.test(path);

/** Runs what reads a file's bytes; its errors name the file. */
export async function inFileLater<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof ChainruleError) || error.where?.includes(path)) throw error;
    throw moved(error, error.where === undefined ? path : `${path}, ${error.where}`);
  }
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
