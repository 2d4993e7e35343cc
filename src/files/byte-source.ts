/** Bytes that are read in ranges, so that a file larger than the memory can be looked into. */

import { fail } from "../core/errors.ts";
import { shown } from "../core/wording.ts";

/** Bytes that are read in ranges: a file, or what stands for one. */
export interface ByteSource {
  /** What messages call it: a file's path. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /**
   * The bytes from one place up to another, which the caller may keep.
   *
   * @param memory where they may be put if it is long enough; what is returned is a view of it then
   */
  read(from: number, to: number, memory?: Uint8Array): Promise<Uint8Array>;
  /** Another file of the same folder, such as a shard; its name never leads out of it. */
  beside(name: string): Promise<ByteSource>;
}

/** What a page has of a file: a `File` or `Blob` of the browser. */
export interface BlobLike {
  /** In bytes. */
  readonly size: number;
  /** A part of it. */
  slice(from: number, to: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

/** Finds the files that a file names, where it has no folder of its own. */
type FindBeside = (name: string) => Promise<ByteSource>;

/**
 * A name that stays in the folder: relative, without "..", without what other systems take for a
 * root or a stream.
 *
 * @throws ChainruleError "file-corrupt".
 */
export function insideFolder(name: string, where: string): string {
  const steps = name.split("/");
  const plain = steps.every((step) => !/^\.{0,2}$|[\\:\p{Cc}]/u.test(step));
  if (plain && name.length <= 4096) return name;
  return fail("file-corrupt", {
    message: "A file names another one that is not in its folder.",
    expected: "the name of a file in the same folder",
    found: shown(name),
    where,
    fix: "Put both files into one folder, and name the other without its folder.",
  });
}

/** Memory for so many bytes: what the caller gave if that is long enough, else new. */
export const memoryFor = (length: number, memory?: Uint8Array): Uint8Array =>
  memory !== undefined && memory.length >= length
    ? memory.subarray(0, length)
    : new Uint8Array(length);

/** Checks that a range of a source is one. */
export function checkedRange(from: number, to: number, { name, size }: ByteSource): void {
  const right = Number.isSafeInteger(from) && Number.isSafeInteger(to) && from >= 0 && from <= to;
  if (right && to <= size) return;
  fail("file-corrupt", {
    message: "A file says that bytes stand where it has none.",
    expected: `places up to ${size}`,
    found: `${from} to ${to}`,
    where: name,
  });
}

const noFolder =
  (where: string): FindBeside =>
  async (name) =>
    fail("file-unreadable", {
      message: "A file names another one, which cannot be found from its bytes alone.",
      expected: "the folder of the file",
      found: shown(name),
      where,
      fix: "Give the path of the file, or the option beside, which finds the others by name.",
    });

/** Bytes as they are. */
export function bytesSource(bytes: Uint8Array, name: string, beside?: FindBeside): ByteSource {
  const source: ByteSource = {
    name,
    size: bytes.length,
    async read(from, to, memory) {
      checkedRange(from, to, source);
      const held = memoryFor(to - from, memory);
      held.set(bytes.subarray(from, to));
      return held;
    },
    beside: async (other) => (beside ?? noFolder(name))(insideFolder(other, name)),
  };
  return source;
}

/** A file of a page. */
export function blobSource(blob: BlobLike, name: string, beside?: FindBeside): ByteSource {
  const source: ByteSource = {
    name,
    size: blob.size,
    async read(from, to) {
      checkedRange(from, to, source);
      return new Uint8Array(await blob.slice(from, to).arrayBuffer());
    },
    beside: async (other) => (beside ?? noFolder(name))(insideFolder(other, name)),
  };
  return source;
}
