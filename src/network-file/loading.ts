/** What reading the data of a network file needs, and where an error in them stands. */
import { ChainruleError } from "../core/errors.ts";
import type { StopSignal } from "../core/signal.ts";
import type { ReadingProgress } from "../data/read-table.ts";
import { moved } from "../files/in-file.ts";
import type { DataSection, NetworkFile } from "./network.ts";
import { NetworkFileError, type Path, type Source } from "./source.ts";

/** Gives the bytes of a file that a network file names, by the path as it is written there. */
export interface ReadFile {
  (path: string): Promise<Uint8Array>;
  /** The files below a folder, by their paths from there: for `data: { images: … }`. */
  readonly list?: (folder: string) => Promise<readonly string[]>;
}

/** Who hears of a table while it is read, and who may stop it. */
export interface WhileReading {
  /** Called now and then with the file's path as it is written in the network file. */
  readonly onReading?: (file: string, progress: ReadingProgress) => void;
  /** Stops reading: the result is rejected with the signal's reason. */
  readonly signal?: StopSignal | undefined;
}

/** One reading of the data of a network. */
export interface Loading {
  readonly network: NetworkFile;
  readonly source: Source | undefined;
  readonly data: DataSection;
  /** The share that is kept back, or data of their own. */
  readonly validation: DataSection["validation"];
  readonly read: ReadFile;
  readonly meanwhile: WhileReading;
  readonly seed: number;
}

/** Runs `f` with errors attributed to a place in the file, and to the `table` if they are its. */
export function placedAt<T>(source: Source | undefined, path: Path, f: () => T, table?: string): T {
  try {
    return f();
  } catch (error) {
    throw placed(error, source, path, table);
  }
}

export async function fromFile<T>(
  source: Source | undefined,
  file: string,
  path: Path,
  f: () => Promise<T>,
): Promise<T> {
  try {
    return await f();
  } catch (error) {
    throw placed(error, source, path, file, file);
  }
}

/**
 * An error of the library with its place: in the file that the network file names, where it says
 * so itself (or `otherwise`), and where that file is named.
 */
function placed(
  error: unknown,
  source: Source | undefined,
  path: Path,
  file: string | undefined,
  otherwise?: string,
): unknown {
  if (!(error instanceof ChainruleError) || error instanceof NetworkFileError) return error;
  const own = file !== undefined && error.where?.includes(file) ? error.where : otherwise;
  if (source === undefined) return own === undefined ? error : moved(error, own);
  const here = source.where(path);
  return moved(error, own === undefined ? here : `${own} (named in ${here})`);
}
