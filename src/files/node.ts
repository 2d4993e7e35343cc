/** Files in Node; files-browser.ts has the same interface for where there are none. */

import { randomBytes } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { open, readdir, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { ChainruleError, type ErrorCode, fail } from "../core/errors.ts";
import { explainRefusal, fileFlags } from "../core/permission.ts";
import { type FileOperations, replaceFile } from "./atomic.ts";
import type { ReadOptions } from "./browser.ts";
import { type ByteSource, checkedRange, insideFolder, memoryFor } from "./byte-source.ts";
import { shownPath } from "./in-file.ts";
import { readingReason, writingReason } from "./reasons.ts";

const pieceSize = 2 ** 26;

/** V8's longest string. */
const longestText = 2 ** 29 - 24;

/**
 * The bytes of a file. It must be a regular one: a pipe could keep us waiting for ever, and a
 * device never end. `limit` defaults to 2 GiB.
 *
 * @throws ChainruleError "file-unreadable"; "too-large" beyond the limit.
 */
export async function readBytes(path: string, options: ReadOptions = {}): Promise<Uint8Array> {
  const limit = options.limit ?? 2 ** 31;
  try {
    const before = await stat(path);
    checkRegular(before, path, "file-unreadable");
    checkSize(before.size, limit, path);
    const file = await open(path, "r");
    try {
      return await readAll(file, new Uint8Array(before.size));
    } finally {
      await file.close();
    }
  } catch (error) {
    return explain(error, path, "file-unreadable");
  }
}

/**
 * A regular file of any length, of which ranges are read. It is open only while one is.
 *
 * @throws ChainruleError "file-unreadable", also where the file has become shorter since.
 */
export async function openSource(path: string): Promise<ByteSource> {
  try {
    const found = await stat(path);
    checkRegular(found, path, "file-unreadable");
    const source: ByteSource = {
      name: path,
      size: found.size,
      async read(from, to, memory) {
        checkedRange(from, to, source);
        return readRange(path, from, memoryFor(to - from, memory));
      },
      beside: async (name) => openSource(join(dirname(path), insideFolder(name, shownPath(path)))),
    };
    return source;
  } catch (error) {
    return explain(error, path, "file-unreadable");
  }
}

async function readRange(path: string, from: number, held: Uint8Array): Promise<Uint8Array> {
  try {
    const file = await open(path, "r");
    try {
      if ((await readAll(file, held, from)).length === held.length) return held;
    } finally {
      await file.close();
    }
  } catch (error) {
    explain(error, path, "file-unreadable");
  }
  return fail("file-unreadable", {
    message: "The file has become shorter while it was read.",
    expected: `${from + held.length} bytes`,
    where: shownPath(path),
    fix: "Let nothing write to the file while it is read.",
  });
}

/** So much of a file is read at once where it is read in pieces. */
const streamed = 2 ** 18;

/**
 * The size of a regular file, and its bytes piece by piece; it is closed when nobody asks for more.
 *
 * @throws ChainruleError "file-unreadable".
 */
export async function readPieces(
  path: string,
): Promise<{ readonly size: number; readonly pieces: AsyncIterable<Uint8Array> }> {
  try {
    const found = await stat(path);
    checkRegular(found, path, "file-unreadable");
    return { size: found.size, pieces: piecesOf(path) };
  } catch (error) {
    return explain(error, path, "file-unreadable");
  }
}

async function* piecesOf(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  let file: Awaited<ReturnType<typeof open>> | undefined;
  try {
    file = await open(path, "r");
    for (;;) {
      const { bytesRead, buffer } = await file.read(new Uint8Array(streamed), 0, streamed);
      if (bytesRead === 0) break;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    explain(error, path, "file-unreadable");
  } finally {
    await file?.close();
  }
}

async function readAll(
  file: Awaited<ReturnType<typeof open>>,
  bytes: Uint8Array,
  from = 0,
): Promise<Uint8Array> {
  const size = bytes.length;
  let at = 0;
  while (at < size) {
    const { bytesRead } = await file.read(bytes, at, Math.min(pieceSize, size - at), from + at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return at === size ? bytes : bytes.subarray(0, at);
}

function checkSize(size: number, limit: number, path: string): void {
  if (size <= limit) return;
  fail("too-large", {
    message: "The file is longer than the limit.",
    expected: `at most ${limit} bytes`,
    found: `${size} bytes`,
    where: shownPath(path),
  });
}

/**
 * The text of a UTF-8 file, without its byte order mark. `limit` defaults to 512 million bytes,
 * about the longest string that JavaScript engines allow.
 *
 * @throws ChainruleError as `readBytes`; "file-corrupt" where the bytes are not UTF-8.
 */
export async function readText(path: string, options: ReadOptions = {}): Promise<string> {
  const bytes = await readBytes(path, {
    limit: Math.min(options.limit ?? 512_000_000, longestText),
  });
  const wide = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    return fail("file-corrupt", {
      message: "The file is not UTF-8 text.",
      expected: "text in UTF-8",
      found: wide ? "text in UTF-16" : "other bytes",
      where: shownPath(path),
      fix: "Save it again as text in UTF-8 (in a spreadsheet: “CSV UTF-8”).",
      cause,
    });
  }
}

/** So many folders may stand in each other. */
const deepest = 32;

/**
 * The files in a folder and the folders in it, by their paths from there with "/" between, sorted by
 * code units. What begins with a dot is left out.
 *
 * @throws ChainruleError "file-unreadable".
 */
export async function listFiles(folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  const look = async (inside: string, depth: number): Promise<void> => {
    const path = join(folder, inside);
    if (depth > deepest) throw Object.assign(new Error("too deep"), { code: "ELOOP" });
    for (const entry of await readdir(path, { withFileTypes: true })) {
      if (entry.name.startsWith(".")) continue;
      const name = inside === "" ? entry.name : `${inside}/${entry.name}`;
      const linked = entry.isSymbolicLink() ? await stat(join(folder, name)) : entry;
      if (linked.isDirectory()) await look(name, depth + 1);
      else if (linked.isFile()) found.push(name);
    }
  };
  try {
    await look("", 0);
  } catch (error) {
    return explain(error, folder, "file-unreadable");
  }
  return found.sort();
}

/** A file of a package that is installed beside this one. */
export async function packageFile(name: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readFile(createRequire(import.meta.url).resolve(name)));
}

const operations: FileOperations = {
  async create(path, mode) {
    // Node's permission model forbids fsync altogether: there every write waits for the disk.
    const guarded = "permission" in process && process.permission !== undefined;
    const { O_WRONLY, O_CREAT, O_EXCL, O_SYNC = 0 } = constants;
    const flags = guarded ? O_WRONLY | O_CREAT | O_EXCL | O_SYNC : "wx";
    const file = await open(path, flags, mode ?? 0o666);
    return {
      async write(bytes) {
        // Gives back what the process's mask took away; where there are no permissions, no matter.
        if (mode !== undefined) await file.chmod(mode).catch(() => {});
        await file.writeFile(bytes);
      },
      sync: async () => (guarded ? undefined : file.sync()),
      close: () => file.close(),
    };
  },
  rename,
  remove: (path) => rm(path, { force: true }),
  async syncFolder(path) {
    const folder = await open(path, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
};

/**
 * Writes a file so that after a failure, a kill or a loss of power there is either the old file or
 * the new one, whole. A link is followed; the permissions of an existing file are kept. A process
 * that is killed in between leaves a file .chainrule-….tmp behind.
 *
 * @throws ChainruleError "file-unwritable"; the old file is then as it was.
 */
export async function writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
  return writeWith(operations, path, bytes);
}

/** The same for contents that come piece by piece; what making them throws is thrown on. */
export const writeInPieces = (path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> =>
  writeWith(operations, path, pieces);

/** `writeAtomically` with other operations, for tests that make one of them fail. */
export async function writeWith(
  given: FileOperations,
  path: string,
  bytes: Uint8Array | AsyncIterable<Uint8Array>,
): Promise<void> {
  try {
    const existing = await existingFile(path);
    const real = existing?.path ?? path;
    const folder = dirname(real);
    if (basename(real) === "") throw Object.assign(new Error("a folder"), { code: "EISDIR" });
    // A short name of its own: the target's, lengthened, could be too long for the file system.
    const temporary = join(folder, `.chainrule-${randomBytes(8).toString("hex")}.tmp`);
    await replaceFile(given, { path: real, folder, mode: existing?.mode }, temporary, bytes);
  } catch (error) {
    explain(error, path, "file-unwritable");
  }
}

/** What already stands at the path: nothing, or a regular file that may be written. */
async function existingFile(
  path: string,
): Promise<{ readonly path: string; readonly mode: number } | undefined> {
  let found: Stats;
  try {
    found = await stat(path);
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return undefined;
    throw error;
  }
  // A rename would replace a device such as /dev/null by a file.
  checkRegular(found, path, "file-unwritable");
  // Tried and not asked for: to answer, Deno wants a permission of its own.
  await (await open(path, "r+")).close();
  return { path: await realpath(path), mode: found.mode & 0o7777 };
}

function checkRegular(found: Stats, path: string, code: "file-unreadable" | "file-unwritable") {
  if (found.isFile()) return;
  fail(code, {
    message: found.isDirectory() ? "This is a folder, not a file." : "This is not a regular file.",
    expected: "a regular file",
    found: found.isDirectory() ? "a folder" : found.isFIFO() ? "a pipe" : "a device or socket",
    where: shownPath(path),
    fix: "Give the path of a file.",
  });
}

function explain(error: unknown, path: string, code: ErrorCode): never {
  if (error instanceof ChainruleError) throw error;
  if (error instanceof RangeError) {
    return fail("out-of-memory", {
      message: "The file does not fit into memory.",
      where: shownPath(path),
      cause: error,
    });
  }
  const { code: reason, message } = error as { code?: unknown; message?: unknown };
  const writing = code === "file-unwritable";
  const named = typeof reason === "string" ? reason : undefined;
  const known = writing ? writingReason(named) : readingReason(named);
  const doing = writing ? "The file cannot be written." : "The file cannot be read.";
  const where = shownPath(path);
  explainRefusal(error, {
    message: doing,
    where,
    flags: () => fileFlags(dirname(resolve(path)), writing),
  });
  return fail(code, {
    message: known === undefined ? doing : `${doing} ${known[0]}`,
    found: typeof reason === "string" ? reason : String(message),
    where,
    ...(known === undefined ? {} : { fix: known[1] }),
    cause: error,
  });
}
