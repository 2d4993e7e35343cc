/** The files of other libraries that are read: a row makes a format known to all that read files. */

import { ChainruleError, fail } from "../core/errors.ts";
import { type ArgumentKind, checkKind, isFunction, isRecord, isText } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { shown } from "../core/wording.ts";
import { type BlobLike, type ByteSource, blobSource, bytesSource } from "../files/byte-source.ts";
import { moved, shownPath } from "../files/in-file.ts";
import { kindOfFile } from "../files/signatures.ts";
import type { ForeignFile, ForeignFormat, ForeignTensor } from "./foreign.ts";
import { keras, kerasWeights } from "./keras/read.ts";
import { npz } from "./numpy.ts";
import { onnx } from "./onnx/read.ts";
import { brainJs, sklearn } from "./perceptron.ts";
import { pytorch } from "./pytorch/read.ts";
import { safetensors } from "./safetensors/read.ts";
import { safetensorsShards } from "./safetensors/shards.ts";
import { tfjs } from "./tfjs/read.ts";

/** In the order in which they are asked; the first that recognises a file reads it. */
const formats: readonly ForeignFormat[] = [
  safetensors,
  safetensorsShards,
  keras,
  kerasWeights,
  npz,
  pytorch,
  onnx,
  tfjs,
  sklearn,
  brainJs,
];

/** What may be opened: a path, bytes, a `File` of a page, or anything that is read in ranges. */
export type ForeignSource = string | Uint8Array | BlobLike | ByteSource;

/** How a file is opened whose place does not say all. */
export interface OpenOptions {
  /** What messages call it, and what its ending is taken from. Default: the path, or the file's name. */
  readonly name?: string;
  /** Finds the other files that this one names, such as shards. Default: in the file's folder. */
  readonly beside?: (name: string) => Promise<ForeignSource>;
}

const opened: ArgumentKind = {
  name: "a file",
  example: "a path, its bytes (Uint8Array), or a File",
  fits: (value) =>
    (isText(value) && value !== "") ||
    value instanceof Uint8Array ||
    (isRecord(value) &&
      Number.isSafeInteger(value.size) &&
      (isFunction(value.slice) || (isFunction(value.read) && isFunction(value.beside)))),
};

async function sourceFrom(given: ForeignSource, options: OpenOptions): Promise<ByteSource> {
  checkKind("openForeign", given, opened);
  const { beside } = options;
  const find = beside && (async (name: string) => sourceFrom(await beside(name), { name, beside }));
  if (typeof given === "string") {
    return renamed(await (await import("#files")).openSource(given), options.name ?? given, find);
  }
  const { name: own } = given as { name?: unknown };
  const name = options.name ?? (isText(own) && own !== "" ? own : "file");
  if (given instanceof Uint8Array) return bytesSource(given, name, find);
  return "read" in given ? renamed(given, name, find) : blobSource(given, name, find);
}

/** The same source by another name, perhaps with other files beside it. */
const renamed = (source: ByteSource, name: string, find?: ByteSource["beside"]): ByteSource => ({
  name,
  size: source.size,
  read: (from, to, memory) => source.read(from, to, memory),
  beside: find ?? ((other) => source.beside(other)),
});

/** So much is looked at to find out what a file is. */
const headSize = 4096;

/**
 * Opens a file of another library: what kind it is follows from its first bytes and its name.
 * Tensors are listed by name, shape and type; elements are read when they are asked for, in ranges,
 * so that a file may be larger than the memory. Nothing in a file is ever executed.
 *
 * ```ts
 * import { encodeSafetensors, tensor } from "chainrule";
 * import { openForeign } from "chainrule/exchange";
 *
 * // Of a file: await openForeign("model.safetensors").
 * const file = await openForeign(encodeSafetensors({ w: tensor([[1, 2, 3]]) }));
 * for (const t of file.tensors) console.log(file.format, t.name, t.shape, t.dtype, t.bytes);
 * console.log((await file.tensors[0]!.read()).data);
 * ```
 *
 * ```text
 * safetensors w [ 1, 3 ] F32 12
 * Float32Array(3) [ 1, 2, 3 ]
 * ```
 *
 * @param source a path (in Node), bytes, a `File` or `Blob`, or anything that is read in ranges
 * @throws ChainruleError "unsupported" for what no row of the table reads; "file-corrupt",
 *   "file-unreadable", "too-large"; "bad-argument".
 */
export async function openForeign(
  source: ForeignSource,
  options: OpenOptions = {},
): Promise<ForeignFile> {
  checkNames("openForeign", options, ["name", "beside"]);
  const { name, beside } = options;
  if ((name !== undefined && !isText(name)) || (beside !== undefined && !isFunction(beside))) {
    fail("bad-argument", {
      message: "openForeign cannot use these options.",
      expected: "name, a text, and beside, a function that finds a file by its name",
    });
  }
  const from = await sourceFrom(source, options);
  return inSource(from, async () => {
    const head = await from.read(0, Math.min(from.size, headSize));
    const format = formats.find((row) => row.recognises(head, from.name.toLowerCase()));
    if (format === undefined) return unknownFormat(head);
    const file = await format.open(from);
    const { model } = file;
    return {
      ...file,
      tensors: file.tensors.map((t) => readingIn(from, t)),
      ...(model ? { model: () => inSource(from, () => model()) } : {}),
    };
  });
}

const readingIn = (from: ByteSource, { name, shape, dtype, bytes, read }: ForeignTensor) => ({
  ...{ name, shape, dtype, bytes },
  async read(memory?: Uint8Array) {
    if (memory !== undefined) checkKind("read", memory, memoryOf(name, bytes));
    return inSource(from, () => read(memory));
  },
});

const memoryOf = (name: string, bytes: number): ArgumentKind => ({
  name: `memory for the tensor ${shown(name)}`,
  example: `new Uint8Array(${bytes}), or a longer one`,
  fits: (value) => value instanceof Uint8Array && value.length >= bytes,
});

/** Readers see bytes: their errors get the name of the file. */
async function inSource<T>({ name }: ByteSource, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof ChainruleError) || error.where?.includes(name)) throw error;
    const file = shownPath(name);
    throw moved(error, error.where === undefined ? file : `${file} (${error.where})`);
  }
}

function unknownFormat(head: Uint8Array): never {
  const all = formats.map(({ name, endings }) => `${name} (${endings.join(", ")})`);
  const first = [...head.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0"));
  return fail("unsupported", {
    message: "This is no file that can be read here.",
    expected: all.join("; "),
    found:
      kindOfFile(head) ??
      (first.length === 0 ? "an empty file" : `a file that begins with ${first.join(" ")}`),
    fix: "Save the values as safetensors where that file was made, and open that.",
  });
}
