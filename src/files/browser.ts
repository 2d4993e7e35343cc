/** Where there are no files: the interface of files-node.ts, saying what to do instead. */

import { fail } from "../core/errors.ts";

import type { ByteSource } from "./byte-source.ts";

export interface ReadOptions {
  /** The longest file that is read, in bytes; a longer one is an error. */
  readonly limit?: number;
}

function noFiles(path: string): never {
  return fail("unsupported", {
    message: "This runtime has no files.",
    expected: "Node",
    found: JSON.stringify(path) ?? String(path),
    fix:
      "Use bytes instead: trainer.toBytes() gives what would be saved and " +
      "trainer.fromBytes(bytes) restores it; data can come from fetch or a File's arrayBuffer().",
  });
}

/** @throws ChainruleError "unsupported". */
export async function readBytes(path: string, _options: ReadOptions = {}): Promise<Uint8Array> {
  return noFiles(path);
}

/** @throws ChainruleError "unsupported". */
export async function readPieces(
  path: string,
): Promise<{ readonly size: number; readonly pieces: AsyncIterable<Uint8Array> }> {
  return noFiles(path);
}

/** @throws ChainruleError "unsupported". */
export async function openSource(path: string): Promise<ByteSource> {
  return noFiles(path);
}

/** @throws ChainruleError "unsupported". */
export async function readText(path: string, _options: ReadOptions = {}): Promise<string> {
  return noFiles(path);
}

/** @throws ChainruleError "unsupported". */
export async function writeAtomically(path: string, _bytes: Uint8Array): Promise<void> {
  return noFiles(path);
}

/** @throws ChainruleError "unsupported". */
export async function writeInPieces(
  path: string,
  _pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  return noFiles(path);
}

/** @throws ChainruleError "unsupported". */
export async function listFiles(folder: string): Promise<readonly string[]> {
  return noFiles(folder);
}

/** @throws ChainruleError "unsupported". */
export async function packageFile(name: string): Promise<Uint8Array<ArrayBuffer>> {
  return noFiles(name);
}
