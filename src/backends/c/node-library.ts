/** Programs as libraries of the machine's own code: made, loaded, and called through koffi. */
import { availableParallelism } from "node:os";
import { fail } from "../../core/errors.ts";
import { forget, keepLibraryLater, keptLibrary, libraryIsThere } from "./node-cache.ts";
import {
  type CCompiler,
  circumstances,
  compileFile,
  compileFileLater,
  findCompiler,
  hashOf,
  type Making,
  widest,
} from "./node-compiler.ts";
import { findKoffi, type Koffi } from "./node-koffi.ts";

/** What a machine needs before it can run the machine's own code. */
interface Toolchain {
  readonly koffi: Koffi;
  readonly compiler: CCompiler;
  readonly around: string;
  /** Bytes of a vector. */
  readonly vectorBytes: number;
}

let found: Toolchain | string | undefined;

/** The toolchain, or the reason why there is none, as a sentence without its full stop. */
export function toolchain(): Toolchain | string {
  found ??= look();
  return found;
}

function look(): Toolchain | string {
  const compiler = findCompiler();
  if (typeof compiler === "string") return compiler;
  const koffi = findKoffi();
  if (typeof koffi === "string") return koffi;
  return { koffi, compiler, around: circumstances(compiler), vectorBytes: widest(compiler) };
}

/** A loaded library. */
export type Library = ReturnType<Koffi["load"]>;

/** Bytes at an address that stays, which is a multiple of 64. */
export interface Memory {
  readonly buffer: ArrayBuffer;
  /** Where in the buffer that is. */
  readonly start: number;
  readonly address: bigint;
}

function needToolchain(): Toolchain {
  const tools = toolchain();
  if (typeof tools !== "string") return tools;
  return fail("unsupported", { message: `${tools}.`, expected: needs });
}

/** How many threads run at once here. */
export const processors = (): number => availableParallelism();

/** Bytes of a vector of this processor. */
export const vectorBytes = (): number => needToolchain().vectorBytes;

const needs = "Linux or macOS, a C compiler (gcc 9, clang 14 or newer) and the package koffi";

/** @param more options of the compiler behind our own */
export function loadLibrary(text: string, more: readonly string[] = []): Library {
  const { koffi, compiler, around } = needToolchain();
  const make = (source: string, library: string): void =>
    compileFile(compiler, source, library, more);
  const hash = hashOf(text, [around, ...more].join("\n"));
  for (const again of [false, true]) {
    const path = keptLibrary(hash, text, make);
    try {
      return koffi.load(path);
    } catch (cause) {
      // It may be that only half of it was written, by a machine that stopped: once more, then.
      forget(path);
      if (again) {
        fail("backend-failed", {
          message: `The system does not load the library: ${path}.`,
          found: String((cause as Error)?.message ?? cause).split("\n", 1)[0] ?? "",
          cause,
        });
      }
    }
  }
  throw new TypeError("unreachable");
}

/** Whether the text's library is in the folder. */
export const isLibraryKept = (text: string): boolean =>
  libraryIsThere(hashOf(text, needToolchain().around));

/** Makes the text's library in the background; undefined where it is there. */
export function makeLibraryLater(text: string): Making | undefined {
  const { compiler, around } = needToolchain();
  return keepLibraryLater(hashOf(text, around), text, (source, library) =>
    compileFileLater(compiler, source, library),
  );
}

/** @param before bytes that may be used before the address */
export function allocateAligned(bytes: number, before: number): Memory | undefined {
  const { koffi } = needToolchain();
  let buffer: ArrayBuffer;
  try {
    buffer = new ArrayBuffer(bytes + before + 64);
  } catch {
    return undefined;
  }
  const address = koffi.address(buffer);
  const start = before + Number(-(address + BigInt(before)) & 63n);
  return { buffer, start, address: address + BigInt(start) };
}
