/**
 * ZIP archives as NumPy, and others, write them: the directory at the end says what there is and
 * where; entries are stored or deflated. Sizes of 64 bits and descriptors behind the data are
 * understood, since the directory has the last word in both; encryption and parts are refused.
 * Source: PKWARE, .ZIP File Format Specification 6.3.10, sections 4.3 to 4.5.
 */

import { allocate } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { shown } from "../core/wording.ts";
import { gunzip } from "./gunzip.ts";

/** What the directory says of one entry. */
export interface ZipEntry {
  readonly name: string;
  readonly deflated: boolean;
  readonly checksum: number;
  /** In bytes, in the archive and unpacked. */
  readonly packed: number;
  readonly size: number;
  /** Where its own header begins. */
  readonly offset: number;
}

function corrupt(message: string, expected: string, found: string): never {
  return fail("file-corrupt", { message, expected, found });
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

const signatures = { local: 0x04034b50, entry: 0x02014b50, end: 0x06054b50, far: 0x07064b50 };
const end64 = 0x06064b50;

/** The directory of an archive, nothing unpacked. Every place in it is inside the file. */
export function zipEntries(bytes: Uint8Array): ZipEntry[] {
  const { count, begin, end } = directory(viewOf(bytes), 0);
  return entriesIn(bytes.subarray(begin, end), count);
}

function entriesIn(bytes: Uint8Array, count: number): ZipEntry[] {
  const view = viewOf(bytes);
  const end = bytes.length;
  const entries: ZipEntry[] = [];
  const names = new Set<string>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    const entry = at + 46 <= end && view.getUint32(at, true) === signatures.entry;
    const next = entry ? at + 46 + lengths(view, at + 28) : Number.POSITIVE_INFINITY;
    if (next > end) {
      corrupt("The directory of a ZIP archive is damaged.", `${count} entries`, `${i}`);
    }
    const read = entryAt(bytes, view, at);
    if (names.has(read.name)) {
      corrupt(
        "A ZIP archive has two entries of the same name.",
        "different names",
        shown(read.name),
      );
    }
    names.add(read.name);
    entries.push(read);
    at = next;
  }
  return entries;
}

/** Three lengths that follow each other: of a name, of further fields, of a comment. */
const lengths = (view: DataView, at: number): number =>
  view.getUint16(at, true) + view.getUint16(at + 2, true) + view.getUint16(at + 4, true);

/** What is read in ranges. */
interface Ranges {
  readonly size: number;
  read(from: number, to: number, memory?: Uint8Array): Promise<Uint8Array>;
}

/** The records at the end with the longest comment. */
const longestEnd = 0xffff + 22 + 20 + 56;
/** A directory of millions of entries. */
const longestDirectory = 2 ** 28;

/** The directory of an archive of which no more than that is read. */
export async function zipDirectory(source: Ranges): Promise<ZipEntry[]> {
  const base = Math.max(0, source.size - longestEnd);
  const { count, begin, end } = directory(viewOf(await source.read(base, source.size)), base);
  if (end - begin > longestDirectory) {
    fail("too-large", {
      message: "The directory of a ZIP archive is too long.",
      expected: `at most ${longestDirectory} bytes`,
      found: `${end - begin}`,
    });
  }
  return entriesIn(await source.read(begin, end), count);
}

/** Where the contents of an entry begin, behind its own header. */
async function contentsAt(source: Ranges, { name, offset, packed, size, deflated }: ZipEntry) {
  const inside = offset + 30 <= source.size;
  const view = inside ? viewOf(await source.read(offset, offset + 30)) : undefined;
  const own = view?.getUint32(0, true) === signatures.local;
  const begin = own ? offset + 30 + view.getUint16(26, true) + view.getUint16(28, true) : Infinity;
  if (begin + packed > source.size || (!deflated && packed !== size)) {
    corrupt(
      `The entry ${shown(name)} of a ZIP archive does not fit into it.`,
      `${source.size} bytes`,
      own ? `${packed} bytes from ${begin} on` : `an entry at ${offset}, where none begins`,
    );
  }
  return begin;
}

/** The contents of an entry, unpacked, with its checksum compared. */
export async function unzippedFrom(source: Ranges, entry: ZipEntry): Promise<Uint8Array> {
  const end = (await contentsAt(source, entry)) + entry.packed;
  return unzipped(await source.read(entry.offset, end), { ...entry, offset: 0 });
}

/**
 * Bytes of a stored entry, from one place to another: of a part of it there is no checksum.
 */
export async function storedRange(
  source: Ranges,
  entry: ZipEntry,
  from: number,
  to: number,
  memory?: Uint8Array,
): Promise<Uint8Array> {
  const begin = await contentsAt(source, entry);
  return source.read(begin + from, begin + Math.min(to, entry.size), memory);
}

/**
 * Where the directory lies, as the record at the end of the file says, behind which is a comment.
 *
 * @param base where in the file the bytes begin that are at hand, which are its end
 */
function directory(view: DataView, base: number): { count: number; begin: number; end: number } {
  const last = view.byteLength - 22;
  for (let at = last; at >= Math.max(0, last - 0xffff); at--) {
    if (view.getUint32(at, true) !== signatures.end) continue;
    if (at + 22 + view.getUint16(at + 20, true) !== view.byteLength) continue;
    const far = at >= 20 && view.getUint32(at - 20, true) === signatures.far;
    const record = far ? number64(view, at - 12) - base : at;
    const long = far && record >= 0 && record + 56 <= at && view.getUint32(record, true) === end64;
    if (far && !long) corrupt("The end of a ZIP archive is damaged.", "a ZIP64 record", "none");
    const parts = [view.getUint16(at + 4, true), view.getUint16(at + 6, true)];
    const count = long ? number64(view, record + 32) : view.getUint16(at + 10, true);
    const size = long ? number64(view, record + 40) : view.getUint32(at + 12, true);
    const begin = long ? number64(view, record + 48) : view.getUint32(at + 16, true);
    // A part's number that is all ones is said in the long record, and there is one part then.
    if (parts.some((part) => part !== 0 && part !== 0xffff)) {
      corrupt("A ZIP archive is in several parts.", "one part", `part ${parts[0]}`);
    }
    if (begin + size > record + base || count * 46 > size) {
      corrupt(
        "The directory of a ZIP archive does not fit into it.",
        `${record + base} bytes`,
        `${begin + size}`,
      );
    }
    return { count, begin, end: begin + size };
  }
  return corrupt(
    "This is no ZIP archive, or its end is missing.",
    "the bytes 50 4b 05 06 at its end",
    `${base + view.byteLength} bytes without them`,
  );
}

/** A length or place; beyond any file where it is too large to be exact. */
function number64(view: DataView, at: number): number {
  const value = Number(view.getBigUint64(at, true));
  return Number.isSafeInteger(value) ? value : Number.POSITIVE_INFINITY;
}

function entryAt(bytes: Uint8Array, view: DataView, at: number): ZipEntry {
  const nameEnd = at + 46 + view.getUint16(at + 28, true);
  const name = new TextDecoder().decode(bytes.subarray(at + 46, nameEnd));
  const method = view.getUint16(at + 10, true);
  if (view.getUint16(at + 8, true) & 1) {
    fail("unsupported", {
      message: `The entry ${shown(name)} of a ZIP archive is encrypted.`,
      fix: "Unpack the archive with its password, and pack what is in it without one.",
    });
  }
  if (method !== 0 && method !== 8) {
    fail("unsupported", {
      message: `The entry ${shown(name)} of a ZIP archive is packed in a way that is not read.`,
      expected: "method 0 (stored) or 8 (deflated)",
      found: `method ${method}`,
      fix: "Write it with numpy.savez or numpy.savez_compressed.",
    });
  }
  const sizes = [at + 24, at + 20, at + 42].map((place) => view.getUint32(place, true));
  const [size, packed, offset] = longer(view, sizes, nameEnd, view.getUint16(at + 30, true));
  const entry = { name, deflated: method === 8, checksum: view.getUint32(at + 16, true) };
  return { ...entry, size: size ?? 0, packed: packed ?? 0, offset: offset ?? 0 };
}

/** Sizes that are all ones stand in the ZIP64 field (kind 1), in this order. */
function longer(view: DataView, sizes: number[], begin: number, length: number): number[] {
  const end = begin + length;
  for (let at = begin; at + 4 <= end; ) {
    const next = at + 4 + view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === 1 && next <= end) {
      let place = at + 4;
      return sizes.map((size) => {
        if (size !== 0xffffffff || place + 8 > next) return size;
        place += 8;
        return number64(view, place - 8);
      });
    }
    at = next;
  }
  return sizes;
}

/**
 * The contents of an entry: a view of the archive where it is stored, else unpacked, no further than
 * the directory says. Its checksum is compared.
 *
 * @throws ChainruleError "file-corrupt"; "unsupported" without DecompressionStream.
 */
export async function unzipped(bytes: Uint8Array, entry: ZipEntry): Promise<Uint8Array> {
  const { name, deflated, checksum, packed, size, offset } = entry;
  const view = viewOf(bytes);
  const own = offset + 30 <= bytes.length && view.getUint32(offset, true) === signatures.local;
  // The entry's own header may carry other fields than the directory: NumPy's carries ZIP64 sizes.
  const begin = own
    ? offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true)
    : Number.POSITIVE_INFINITY;
  if (begin + packed > bytes.length || (!deflated && packed !== size)) {
    corrupt(
      `The entry ${shown(name)} of a ZIP archive does not fit into it.`,
      `${bytes.length} bytes`,
      own ? `${packed} bytes from ${begin} on` : `an entry at ${offset}, where none begins`,
    );
  }
  const contents = bytes.subarray(begin, begin + packed);
  if (!deflated) {
    const found = crc32(contents);
    if (found !== checksum) damaged(name, checksum, found);
    return contents;
  }
  // One byte of deflate says at most 1,032 (a run of 258 takes two bits).
  if (size > 1032 * (packed + 1)) {
    corrupt(
      `The entry ${shown(name)} of a ZIP archive cannot be as long as it says.`,
      `at most 1032 bytes for each of ${packed}`,
      `${size}`,
    );
  }
  // As the contents of a gzip file, what is unpacked is held against checksum and length, and
  // runtimes take it that do not take bare deflate (Node before 20.12).
  const file = new Uint8Array(packed + 18);
  file.set([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
  file.set(contents, 10);
  const trailer = viewOf(file);
  trailer.setUint32(packed + 10, checksum, true);
  trailer.setUint32(packed + 14, size % 2 ** 32, true);
  try {
    return await gunzip(file, size);
  } catch (cause) {
    if ((cause as { code?: string }).code === "unsupported") throw cause;
    return fail("file-corrupt", {
      message: `The entry ${shown(name)} of a ZIP archive is damaged.`,
      expected: `${size} bytes with the checksum ${hex(checksum)}`,
      cause,
    });
  }
}

const hex = (checksum: number): string => checksum.toString(16).padStart(8, "0");

const damaged = (name: string, expected: number, found: number): never =>
  corrupt(
    `The entry ${shown(name)} of a ZIP archive is damaged.`,
    `the checksum ${hex(expected)}`,
    hex(found),
  );

let tables: readonly Uint32Array[] | undefined;

/** The cyclic redundancy check with the polynomial edb88320 (ISO 3309), as an unsigned number. */
export function crc32(bytes: Uint8Array): number {
  // Four tables: four bytes at a time take a third of the time of four single ones.
  tables ??= crcTables();
  const [one, two, three, four] = tables as [Uint32Array, Uint32Array, Uint32Array, Uint32Array];
  const view = viewOf(bytes);
  let crc = -1;
  let i = 0;
  for (; i + 4 <= bytes.length; i += 4) {
    crc ^= view.getUint32(i, true);
    crc =
      (four[crc & 255] ?? 0) ^
      (three[(crc >>> 8) & 255] ?? 0) ^
      (two[(crc >>> 16) & 255] ?? 0) ^
      (one[crc >>> 24] ?? 0);
  }
  for (; i < bytes.length; i++) crc = (one[(crc ^ view.getUint8(i)) & 255] ?? 0) ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** What each byte contributes, and what it does with one, two and three bytes of zeros behind it. */
function crcTables(): readonly Uint32Array[] {
  const one = new Uint32Array(256).map((_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
    return crc;
  });
  const next = (table: Uint32Array) => table.map((crc) => (one[crc & 255] ?? 0) ^ (crc >>> 8));
  const two = next(one);
  const three = next(two);
  return [one, two, three, next(three)];
}

/** A file of an archive that is to be written. */
interface ZipFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Files as an archive, stored: 0xffffffff bytes at most in all. */
export function zipBytes(files: readonly ZipFile[]): Uint8Array {
  const named = files.map(({ name, bytes }) => {
    const text = new TextEncoder().encode(name);
    return { name: text, bytes, checksum: crc32(bytes) };
  });
  const local = named.reduce((sum, { name, bytes }) => sum + 30 + name.length + bytes.length, 0);
  const listing = named.reduce((sum, { name }) => sum + 46 + name.length, 0);
  const total = local + listing + 22;
  if (total > 0xffffffff || named.length > 0xffff) {
    fail("too-large", {
      message: "The archive is too large to be written.",
      expected: "less than 4 GiB, and fewer than 65,536 arrays",
      found: `${total} bytes in ${named.length} arrays`,
      fix: "Write fewer arrays into it, or each by itself with npyBytes.",
    });
  }
  const result = allocate("bool", total) as Uint8Array;
  const view = viewOf(result);
  let at = 0;
  let entry = local;
  for (const { name, bytes, checksum } of named) {
    const common = (from: number): void => {
      // Version 2.0, names in UTF-8 (bit 11), stored, 1980-01-01.
      for (const [i, value] of [20, 0x800, 0, 0, 0x21].entries()) {
        view.setUint16(from + 2 * i, value, true);
      }
      for (const [i, value] of [checksum, bytes.length, bytes.length].entries()) {
        view.setUint32(from + 10 + 4 * i, value, true);
      }
      view.setUint16(from + 22, name.length, true);
    };
    view.setUint32(at, signatures.local, true);
    common(at + 4);
    result.set(name, at + 30);
    result.set(bytes, at + 30 + name.length);
    view.setUint32(entry, signatures.entry, true);
    view.setUint16(entry + 4, 20, true);
    common(entry + 6);
    view.setUint32(entry + 42, at, true);
    result.set(name, entry + 46);
    at += 30 + name.length + bytes.length;
    entry += 46 + name.length;
  }
  view.setUint32(entry, signatures.end, true);
  view.setUint16(entry + 8, named.length, true);
  view.setUint16(entry + 10, named.length, true);
  view.setUint32(entry + 12, listing, true);
  view.setUint32(entry + 16, local, true);
  return result;
}
