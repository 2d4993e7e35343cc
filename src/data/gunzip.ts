import { fail } from "../core/errors.ts";
import { checkKind, byteArray as fileBytes } from "../core/kinds.ts";
import { shown } from "../core/wording.ts";

/** Whether bytes begin like a gzip file (RFC 1952: 1f 8b, and 8 for the method deflate). */
export function isGzip(bytes: Uint8Array): boolean {
  checkKind("isGzip", bytes, fileBytes);
  return bytes.length >= 3 && bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8;
}

/** The compressed bytes go in piece by piece, so that a bomb is noticed soon. */
const pieceSize = 16_384;

/**
 * The contents of a gzip file (one member), by the runtime's own DecompressionStream. At most
 * `limit` bytes (default 1 GiB) are unpacked: beyond, unpacking stops at once.
 *
 * @throws ChainruleError "file-corrupt" for what is not gzip, is cut off, has a wrong checksum, has
 *   further bytes behind its end; "too-large"; "unsupported" without DecompressionStream.
 */
export async function gunzip(bytes: Uint8Array, limit = defaultLimit): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of unpacked(bytes)) {
    size += chunk.length;
    checkUnpacked(size, limit, bytes);
    chunks.push(chunk);
  }
  return joined(chunks, size);
}

/** What is unpacked where nobody has said how much there may be. */
export const defaultLimit = 2 ** 30;

/** @throws ChainruleError "too-large" for more unpacked bytes than the limit. */
export function checkUnpacked(size: number, limit: number, bytes: Uint8Array): void {
  if (typeof limit !== "number") {
    fail("bad-argument", {
      message: "The limit is the most that may be unpacked.",
      expected: "a number of bytes",
      found: shown(limit),
    });
  }
  if (size <= limit) return;
  fail("too-large", {
    message: "The gzip file unpacks to more than the limit.",
    expected: `at most ${limit} bytes`,
    found: `more than that, from ${bytes.length} bytes`,
  });
}

/**
 * The contents piece by piece: when the caller stops asking, no more is unpacked.
 * Errors as in `gunzip`, except for the limit.
 */
export async function* unpacked(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  checkKind("gunzip", bytes, fileBytes);
  if (!isGzip(bytes)) {
    fail("file-corrupt", {
      message: "These bytes are not gzip.",
      expected: "the first bytes 1f 8b 08",
      found: [...bytes.subarray(0, 3)].map((b) => b.toString(16).padStart(2, "0")).join(" "),
      fix: "Read the file without unpacking it.",
    });
  }
  yield* unpackedPieces([bytes], bytes.length);
}

/**
 * The same of a gzip file that comes in pieces, of so many bytes if that is known. An error of the
 * pieces' source is thrown as it is.
 */
export async function* unpackedPieces(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  length?: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const feeding: Feeding = { bytes: 0, tail: new Uint8Array(4) };
  let size = 0;
  for await (const piece of decompressed("gzip", pieces, feeding, length)) {
    size += piece.length;
    yield piece;
  }
  // Runtimes differ in whether bytes behind the end are an error; the length in the last four
  // bytes (RFC 1952) settles it.
  const told = new DataView(feeding.tail.buffer).getUint32(0, true);
  if (feeding.bytes >= 18 && told === size % 2 ** 32) return;
  fail("file-corrupt", {
    message: "The gzip file does not end where its contents end.",
    expected: `${size} as the length in its last four bytes`,
    found: String(feeding.bytes < 18 ? -1 : told),
    fix: "Remove what follows, or unpack a file of several parts beforehand.",
  });
}

/**
 * So many bytes of a zlib stream (RFC 1950), as PNG has them: where there are more, unpacking stops.
 *
 * @throws ChainruleError "file-corrupt" where there are fewer or more, or they are damaged.
 */
export async function inflated(pieces: Iterable<Uint8Array>, size: number): Promise<Uint8Array> {
  const feeding: Feeding = { bytes: 0, tail: new Uint8Array(4) };
  const whole = new Uint8Array(size);
  let at = 0;
  for await (const piece of decompressed("deflate", pieces, feeding)) {
    if (at + piece.length > size) otherSize(size, `${at + piece.length} or more`);
    whole.set(piece, at);
    at += piece.length;
  }
  return at === size ? whole : otherSize(size, String(at));
}

const otherSize = (size: number, found: string): never =>
  fail("file-corrupt", {
    message: "Packed data unpack to another length than they should.",
    expected: `${size} bytes`,
    found,
  });

/** What the runtime's decompressor makes of pieces: when the caller stops asking, no more. */
async function* decompressed(
  format: "gzip" | "deflate",
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  feeding: Feeding,
  length?: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (typeof DecompressionStream === "undefined") {
    fail("unsupported", {
      message: "This runtime cannot unpack gzip.",
      expected: "DecompressionStream, as in Node 18 and browsers since 2023",
      fix: "Unpack the file beforehand.",
    });
  }
  let size = 0;
  const stream = new DecompressionStream(format);
  const writer = stream.writable.getWriter();
  const reader = stream.readable.getReader();
  // Corrupt data rejects all of these promises, and the reader reports what fails: the others
  // must have a handler from the start, or the process would end by an unhandled rejection.
  const ignore = (): void => {};
  writer.closed.catch(ignore);
  reader.closed.catch(ignore);
  const fed = feed(writer, pieces, feeding);
  fed.catch(ignore);
  const damaged = (cause: unknown): never => {
    if (feeding.failure !== undefined) throw feeding.failure.error;
    return fail("file-corrupt", {
      message:
        format === "gzip"
          ? "The gzip data are damaged or cut off."
          : "The packed data are damaged or cut off.",
      expected: format === "gzip" ? "a complete gzip file" : "a complete zlib stream",
      found: `${length ?? feeding.bytes} bytes of which ${size} could be unpacked`,
      cause,
    });
  };
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(damaged);
      if (done) break;
      size += value.length;
      yield value;
    }
    await fed;
  } finally {
    reader.cancel().catch(ignore);
    writer.abort().catch(ignore);
  }
}

/** What was fed to a decompressor: how much, the last four bytes, and an error of the source. */
interface Feeding {
  bytes: number;
  readonly tail: Uint8Array<ArrayBuffer>;
  failure?: { readonly error: unknown };
}

async function feed(
  writer: WritableStreamDefaultWriter<BufferSource>,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  feeding: Feeding,
): Promise<void> {
  const { tail } = feeding;
  try {
    for await (const bytes of pieces) {
      feeding.bytes += bytes.length;
      const kept = bytes.subarray(-4);
      tail.copyWithin(0, kept.length);
      tail.set(kept, 4 - kept.length);
      for (let at = 0; at < bytes.length; at += pieceSize) {
        // What the decompressor refuses, the reader reports.
        await writer.ready.catch(refused);
        // A copy, since a stream refuses views of shared memory.
        await writer.write(bytes.slice(at, at + pieceSize)).catch(refused);
      }
    }
  } catch (error) {
    if (!(error instanceof Refused)) {
      feeding.failure = { error };
      await writer.abort(error);
    }
    throw error;
  }
  await writer.close();
}

/** The decompressor takes no more. */
class Refused extends Error {}

const refused = (cause: unknown): never => {
  throw new Refused("no gzip", { cause });
};

/** Pieces as a whole. */
export function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
