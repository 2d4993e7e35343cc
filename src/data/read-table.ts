/** Tables read piece by piece, so that others get their turn meanwhile, and anyone can stop it. */

import { fail } from "../core/errors.ts";
import { type ArgumentKind, isFunction, isRecord, isText } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import type { StopSignal } from "../core/signal.ts";
import { Turns } from "../core/turns.ts";
import { shown } from "../core/wording.ts";
import { type Table, type TableOptions, tableOptionNames } from "./csv.ts";
import { isGzip, unpackedPieces } from "./gunzip.ts";
import { checkOptions, TableReading } from "./table-reading.ts";

/** A ReadableStream of bytes or text, such as the body of a response. */
interface PieceStream {
  getReader(): {
    read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | string | undefined }>;
    cancel(): Promise<void>;
  };
}

/** A File or a Blob. */
interface PieceFile {
  /** Bytes. */
  readonly size: number;
  stream(): PieceStream;
}

/**
 * What a table is read from: the path of a file (Node), a File or Blob, a ReadableStream such as the
 * body of a response, bytes, or what gives bytes or text piece by piece.
 */
export type TableSource =
  | string
  | Uint8Array
  | PieceFile
  | PieceStream
  | AsyncIterable<Uint8Array | string>
  | Iterable<Uint8Array | string>;

/** How far reading is. */
export interface ReadingProgress {
  /** Bytes of the source that were read (packed ones, of a gzip file); of text, its characters. */
  readonly bytes: number;
  /** How many there are, where that is known. */
  readonly total: number | undefined;
  /** Rows of the table that are complete. */
  readonly rows: number;
}

/** How a table is written, and who hears of it while it is read. */
export interface ReadTableOptions extends TableOptions {
  /** Called now and then, and at the end. */
  readonly onProgress?: (progress: ReadingProgress) => void;
  /** Stops reading: the result is then rejected with the signal's reason. */
  readonly signal?: StopSignal | undefined;
}

/** So many bytes are decoded at once. */
const mostBytes = 2 ** 18;

/** So many characters are divided between two looks at the clock. */
const portion = 65_536;

type Piece = Uint8Array | string;

/**
 * `parseTable` of the text that comes from a source, UTF-8 where it is bytes, unpacked where they are
 * gzip: the same table, but that timers and events get their turn every 20 ms or so, and that the text
 * is never there as a whole. `limit` counts characters of the text (default 512 million).
 * `source` (for messages) is the path or the File's name, unless given.
 *
 * @throws ChainruleError as `parseTable`; "file-unreadable"; "file-corrupt" where bytes are not UTF-8,
 *   or a gzip file is damaged; and what the source throws, as it is.
 */
export async function readTable(
  source: TableSource,
  options: ReadTableOptions = {},
): Promise<Table> {
  const own: Record<keyof ReadTableOptions, true> = {
    ...tableOptionNames,
    onProgress: true,
    signal: true,
  };
  checkNames("readTable", options, Object.keys(own));
  checkOptions("readTable", options);
  checkListeners(options);
  const run = progressing(source, options);
  for (;;) {
    const next = await run.next();
    if (next.done && next.value) return next.value;
  }
}

/**
 * @internal The same piece by piece: tables of about so many rows, whose lines go on from one to the
 * next. The last may have none; it has the notes. Columns have the types that cells so far show.
 */
export async function* tablePieces(
  source: TableSource,
  options: ReadTableOptions,
  rows = 8192,
): AsyncGenerator<Table, void, undefined> {
  checkOptions("readTable", options);
  const run = progressing(source, { limit: Number.POSITIVE_INFINITY, ...options });
  let ended = false;
  try {
    for (;;) {
      const next = await run.next();
      ended = next.done === true;
      if (next.done) {
        if (next.value) yield next.value;
        return;
      }
      if (next.value.waiting >= rows) yield next.value.take();
    }
  } finally {
    if (!ended) await run.return(undefined);
  }
}

/** Reads a source; gives its reading after each portion, and the table at the end, if it comes to that. */
async function* progressing(
  source: TableSource,
  { onProgress, signal, ...written }: ReadTableOptions,
): AsyncGenerator<TableReading, Table | undefined, undefined> {
  const { pieces, total, name } = await opened(source);
  const table = name === undefined ? written : { source: name, ...written };
  const reading = new TableReading(table);
  const turns = new Turns();
  let bytes = 0;
  const report = (): void => onProgress?.({ bytes, total, rows: reading.rows });
  const others = async (): Promise<void> => {
    report();
    await turns.give();
    signal?.throwIfAborted();
  };
  const counted = async function* (): AsyncGenerator<Piece, void, undefined> {
    for await (const piece of stoppable(pieces, signal)) {
      for (const part of portionsOf(checkedPiece(piece))) {
        bytes += part.length;
        yield part;
      }
    }
  };
  for await (const text of texts(counted(), total, table.source)) {
    for (let at = 0; at < text.length; at += portion) {
      reading.push(text.length > portion ? text.slice(at, at + portion) : text);
      yield reading;
      if (turns.late) await others();
    }
  }
  const parts = reading.ending();
  let made = parts.next();
  while (!made.done) {
    if (turns.late) await others();
    made = parts.next();
  }
  signal?.throwIfAborted();
  report();
  return made.value;
}

const sources: ArgumentKind = {
  name: "what a table is read from",
  example: "the path of a file, a File, a ReadableStream, or pieces of bytes or text",
  fits: (value) => isRecord(value) || Array.isArray(value),
};

/** The source as pieces, with its size and its name where it has some. */
async function opened(source: TableSource): Promise<{
  readonly pieces: AsyncIterable<Piece> | Iterable<Piece>;
  readonly total?: number | undefined;
  readonly name?: string | undefined;
}> {
  if (isText(source)) {
    const { size, pieces } = await (await import("#files")).readPieces(source);
    return { pieces, total: size, name: source };
  }
  if (source instanceof Uint8Array) return { pieces: [source], total: source.length };
  if (typeof Blob === "function" && source instanceof Blob) {
    const { name } = source as Partial<File>;
    return { pieces: piecesOf(source.stream()), total: source.size, name };
  }
  if (sources.fits(source)) {
    const given = source as Partial<PieceStream & AsyncIterable<Piece> & Iterable<Piece>>;
    if (isFunction(given.getReader)) return { pieces: piecesOf(source as PieceStream) };
    if (isFunction(given[Symbol.asyncIterator]) || isFunction(given[Symbol.iterator])) {
      return { pieces: source as AsyncIterable<Piece> | Iterable<Piece> };
    }
  }
  return fail("bad-argument", {
    message: `readTable takes ${sources.name}.`,
    expected: sources.example,
    found: shown(source),
    fix: "Of a response, pass its body; of text, call parseTable.",
  });
}

/** What a stream gives; not every browser lets one be iterated. */
async function* piecesOf(stream: PieceStream): AsyncGenerator<Piece, void, undefined> {
  const reader = stream.getReader();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      ended = done;
      if (done) break;
      if (value !== undefined) yield value;
    }
  } finally {
    if (!ended) await reader.cancel().catch(() => {});
  }
}

/** The pieces, until a signal stops them, even where the next never comes. */
async function* stoppable<T>(
  pieces: AsyncIterable<T> | Iterable<T>,
  signal: StopSignal | undefined,
): AsyncGenerator<T, void, undefined> {
  signal?.throwIfAborted();
  if (signal === undefined) {
    yield* pieces;
    return;
  }
  const iterator = isAsync(pieces) ? pieces[Symbol.asyncIterator]() : pieces[Symbol.iterator]();
  let stop = (): void => {};
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
  });
  // Perhaps nobody is waiting when it comes.
  stopped.catch(() => {});
  signal.addEventListener("abort", stop, { once: true });
  let ended = false;
  try {
    for (;;) {
      const next = iterator.next();
      const result = await Promise.race([next, stopped]);
      ended = result.done === true;
      if (result.done) break;
      yield result.value;
    }
  } finally {
    signal.removeEventListener("abort", stop);
    // It is closed, and not waited for where it may be waiting itself.
    if (!ended) Promise.resolve(iterator.return?.()).catch(() => {});
  }
}

const isAsync = <T>(pieces: AsyncIterable<T> | Iterable<T>): pieces is AsyncIterable<T> =>
  Symbol.asyncIterator in pieces;

function checkedPiece(piece: Piece): Piece {
  if (isText(piece) || piece instanceof Uint8Array) return piece;
  return fail("bad-argument", {
    message: "A piece of a table is neither bytes nor text.",
    expected: "a Uint8Array or a string",
    found: shown(piece),
  });
}

/** The pieces as text; bytes are unpacked where they begin as gzip does. */
async function* texts(
  pieces: AsyncGenerator<Piece, void, undefined>,
  total: number | undefined,
  source: string | undefined,
): AsyncGenerator<string, void, undefined> {
  const head: Uint8Array[] = [];
  let bytes = new Uint8Array();
  try {
    while (bytes.length < 3) {
      const { done, value } = await pieces.next();
      if (done) break;
      if (isText(value)) {
        if (bytes.length > 0) mixed();
        yield value;
        for await (const piece of pieces) yield isText(piece) ? piece : mixed();
        return;
      }
      head.push(value);
      bytes = joinedWith(bytes, value);
    }
    const all = bytesOf(head, pieces);
    const decoder = new TextDecoder("utf-8", { fatal: true });
    const whole = isGzip(bytes) ? unpackedPieces(all, total) : all;
    for await (const piece of whole) yield decoded(decoder, piece, bytes, source);
    yield decoded(decoder, undefined, bytes, source);
  } finally {
    await pieces.return();
  }
}

const mixed = (): never =>
  fail("bad-argument", {
    message: "A table's pieces are bytes or text.",
    expected: "one of the two throughout",
    found: "both",
  });

function joinedWith(before: Uint8Array, more: Uint8Array): Uint8Array<ArrayBuffer> {
  // Only the first few matter: they say what the file is.
  const first = more.subarray(0, 4);
  const both = new Uint8Array(before.length + first.length);
  both.set(before);
  both.set(first, before.length);
  return both;
}

async function* bytesOf(
  head: readonly Uint8Array[],
  pieces: AsyncGenerator<Piece, void, undefined>,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* head;
  for await (const piece of pieces) yield isText(piece) ? mixed() : piece;
}

/** A piece in parts that are quickly decoded. */
function* portionsOf(piece: Piece): Generator<Piece, void, undefined> {
  for (let at = 0; at < piece.length; at += mostBytes) {
    const end = at + mostBytes;
    yield isText(piece) ? piece.slice(at, end) : piece.subarray(at, end);
  }
}

function decoded(
  decoder: TextDecoder,
  piece: Uint8Array | undefined,
  first: Uint8Array,
  source: string | undefined,
): string {
  try {
    return decoder.decode(piece, { stream: piece !== undefined });
  } catch (cause) {
    const [a, b] = first;
    const wide = (a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff);
    return fail("file-corrupt", {
      message: "The table is not UTF-8 text.",
      expected: "text in UTF-8",
      found: wide ? "text in UTF-16" : "other bytes",
      where: source,
      fix: "Save it again as text in UTF-8 (in a spreadsheet: “CSV UTF-8”).",
      cause,
    });
  }
}

function checkListeners({ onProgress, signal }: ReadTableOptions): void {
  if (onProgress !== undefined && !isFunction(onProgress)) {
    fail("bad-argument", {
      message: "readTable tells a function how far it is.",
      expected: "onProgress: ({ bytes, total, rows }) => …",
      found: shown(onProgress),
    });
  }
  if (signal !== undefined && !(isRecord(signal) && isFunction(signal.throwIfAborted))) {
    fail("bad-argument", {
      message: "readTable is stopped by an AbortSignal.",
      expected: "signal: new AbortController().signal",
      found: shown(signal),
    });
  }
}
