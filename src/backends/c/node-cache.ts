/**
 * Compiled libraries in a folder of the user's own, each under the hash of all that it depends on. A
 * library is code: a folder or a file that others could write is refused.
 */
import { randomBytes } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { homedir, platform } from "node:os";
import { join } from "node:path";
import { ChainruleError, fail } from "../../core/errors.ts";
import { explainRefusal, missingFlag, variable } from "../../core/permission.ts";
import type { Making } from "./node-compiler.ts";

/** More than so many bytes are not kept: what was used longest ago goes first. */
function mostBytes(): number {
  const told = Number.parseFloat(variable("CHAINRULE_CACHE_MIB") ?? "");
  return (told >= 0 ? told : 512) * 2 ** 20;
}
/** Temporary files of a process that was killed are removed after so many milliseconds. */
const stale = 3_600_000;

/** The user's folder: there may be none (in containers), and Deno may keep it to itself. */
function home(): string {
  try {
    return homedir();
  } catch (error) {
    const message = "Compiled programs are kept in the user's home folder, which is not known.";
    explainRefusal(error, { message });
    fail("unsupported", {
      message,
      expected: "a home folder, or CHAINRULE_CACHE",
      found: error instanceof Error ? error.message : String(error),
      fix: "Set CHAINRULE_CACHE to a folder of your own.",
      cause: error,
    });
  }
}

/** Where libraries are kept: CHAINRULE_CACHE, or where the system keeps such things. */
function cacheFolder(): string {
  const told = variable("CHAINRULE_CACHE");
  if (told) return join(told, "native");
  const usual =
    platform() === "darwin"
      ? join(home(), "Library", "Caches")
      : (variable("XDG_CACHE_HOME") ?? join(home(), ".cache"));
  return join(usual, "chainrule", "native");
}

/** Why what stands there cannot be trusted; undefined if it can. */
function distrust({ mode, uid }: Stats): string | undefined {
  const own = process.getuid?.();
  if (own !== undefined && uid !== own) return `it belongs to the user ${uid}`;
  return (mode & 0o022) === 0
    ? undefined
    : `others may write it (mode ${(mode & 0o777).toString(8)})`;
}

function refuseUnlessOwn(path: string, isRight: (stats: Stats) => boolean, what: string): void {
  const stats = lstatSync(path);
  const why = isRight(stats) ? distrust(stats) : `it is no ${what}`;
  if (why === undefined) return;
  fail("unsupported", {
    message: `Compiled programs are not kept where others could change them: ${path}.`,
    expected: `a ${what} of the user's own that nobody else may write`,
    found: why,
  });
}

/** The folder, made if it was not there. @throws ChainruleError if it cannot be used. */
function openFolder(): string {
  const folder = cacheFolder();
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    unwritable(folder, cause);
  }
  refuseUnlessOwn(folder, (s) => s.isDirectory(), "folder");
  return folder;
}

const unwritable = (path: string, cause: unknown): never =>
  fail("file-unwritable", {
    message: `The folder for compiled programs cannot be written: ${path}.`,
    expected: "a folder that can be written, with some space; CHAINRULE_CACHE names another one",
    found: String((cause as Error)?.message ?? cause),
    cause,
  });

/** A place for a library, and for what it is made of. */
interface Place {
  /** Whether it is there. */
  readonly isKept: boolean;
  readonly library: string;
  /** Gives the paths to write to, with the text in the first of them. */
  begin(): readonly [source: string, made: string];
  /** It was made there. */
  finish(): void;
  /** Removes what is left of the work. */
  clear(): void;
}

function placeFor(hash: string, text: string): Place {
  const folder = openFolder();
  const library = join(folder, `${hash}.so`);
  const isKept = existsSync(library);
  if (isKept) refuseUnlessOwn(library, (s) => s.isFile(), "file");
  // A name of its own: two that make the same library at once do not meet, and the later one wins.
  const own = join(folder, `${hash}.${process.pid}.${randomBytes(4).toString("hex")}`);
  return {
    isKept,
    library,
    begin() {
      try {
        writeFileSync(`${own}.c`, text, { flag: "wx", mode: 0o600 });
      } catch (cause) {
        unwritable(folder, cause);
      }
      return [`${own}.c`, `${own}.tmp`];
    },
    finish() {
      renameSync(`${own}.tmp`, library);
      tidy(folder, library);
    },
    clear() {
      for (const end of [".c", ".tmp"]) rmSync(own + end, { force: true });
    },
  };
}

/** The path of a library: one that is there, or one that `make` makes of a file with this text. */
export function keptLibrary(
  hash: string,
  text: string,
  make: (source: string, library: string) => void,
): string {
  const { isKept, library, begin, finish, clear } = placeFor(hash, text);
  if (isKept) {
    touch(library);
    return library;
  }
  try {
    make(...begin());
    finish();
  } finally {
    clear();
  }
  return library;
}

/** Makes a library in the background, unless it is there. */
export function keepLibraryLater(
  hash: string,
  text: string,
  make: (source: string, library: string) => Making,
): Making | undefined {
  const { isKept, begin, finish, clear } = placeFor(hash, text);
  if (isKept) return undefined;
  const end = (): void => {
    process.off("exit", clear);
    clear();
  };
  try {
    const { done, stop } = make(...begin());
    process.once("exit", clear);
    return { done: done.then(finish).finally(end), stop };
  } catch (error) {
    clear();
    throw error;
  }
}

/** Whether a library is there; nothing is made to find out. */
export const libraryIsThere = (hash: string): boolean =>
  existsSync(join(cacheFolder(), `${hash}.so`));

/** Whether anything may be there; nothing is where the place is not known. */
export function keepsSomething(): boolean {
  try {
    return existsSync(cacheFolder());
  } catch (error) {
    if (error instanceof ChainruleError || missingFlag(error) !== undefined) return false;
    throw error;
  }
}

/** What is kept, and where; with `clear` it is removed. */
export function keptFiles({ clear = false } = {}): Kept {
  const folder = cacheFolder();
  let [files, bytes] = [0, 0];
  if (existsSync(folder)) {
    refuseUnlessOwn(folder, (s) => s.isDirectory(), "folder");
    for (const entry of entries(folder)) {
      if (!ours.test(entry.path)) continue;
      if (clear) rmSync(entry.path, { force: true });
      files++;
      bytes += entry.bytes;
    }
  }
  return { folder, files, bytes, mostBytes: mostBytes() };
}

interface Kept {
  readonly folder: string;
  readonly files: number;
  readonly bytes: number;
  /** What is never exceeded for long. */
  readonly mostBytes: number;
}

/** What we write there, and nothing else. */
const ours = /[/\\][0-9a-f]{40}(\.so|\.\d+\.[0-9a-f]{8}\.(c|tmp))$/;

export const forget = (library: string): void => rmSync(library, { force: true });

/** It was used now. */
function touch(path: string): void {
  try {
    const now = new Date();
    utimesSync(path, now, now);
  } catch {
    // It goes a little sooner, then.
  }
}

interface Entry {
  readonly path: string;
  readonly bytes: number;
  readonly used: number;
}

function entries(folder: string): Entry[] {
  return readdirSync(folder).flatMap((name) => {
    try {
      const path = join(folder, name);
      const { size, mtimeMs } = statSync(path);
      return [{ path, bytes: size, used: mtimeMs }];
    } catch {
      // Another process has removed it.
      return [];
    }
  });
}

/** Removes what was used longest ago, and what others have left behind. */
function tidy(folder: string, newest: string): void {
  const all = entries(folder)
    .filter(({ path }) => ours.test(path))
    .sort((a, b) => b.used - a.used);
  const most = mostBytes();
  let bytes = 0;
  for (const entry of all) {
    bytes += entry.bytes;
    const left = !entry.path.endsWith(".so") && Date.now() - entry.used > stale;
    if (entry.path !== newest && (left || bytes > most)) rmSync(entry.path, { force: true });
  }
}
