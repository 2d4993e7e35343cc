/** NumPy's archives (.npz): arrays by name, read when they are asked for. */

import { type ArrayTensor, arraysOf } from "../core/array-tensor.ts";
import { fail } from "../core/errors.ts";
import { shown } from "../core/wording.ts";
import { parseNpy } from "../data/npy.ts";
import { isNpy, npyHeader } from "../data/npy-header.ts";
import { storedRange, unzippedFrom, type ZipEntry, zipDirectory } from "../data/zip.ts";
import type { ByteSource } from "../files/byte-source.ts";
import type { ForeignFormat, ForeignTensor } from "./foreign.ts";
import { firstEntry } from "./pytorch/read.ts";

/** More than the longest header that is read, with what stands before it. */
const headSize = 10_100;

/** So much more than the file may what is packed in it take. */
const unpacked = 2 ** 26;

async function tensorOf(source: ByteSource, entry: ZipEntry): Promise<ForeignTensor> {
  if (entry.deflated && entry.size > source.size + unpacked) {
    fail("too-large", {
      message: "An array of a .npz file unpacks to much more than the file.",
      expected: `at most ${source.size + unpacked} bytes`,
      found: `${entry.size} of ${shown(entry.name)}`,
      fix: "If the file can be trusted, save it in Python without packing: numpy.savez.",
    });
  }
  const head = entry.deflated
    ? await unzippedFrom(source, entry)
    : await storedRange(source, entry, 0, Math.min(entry.size, headSize));
  if (!isNpy(head)) {
    fail("file-corrupt", {
      message: "An entry of a .npz file is no array.",
      expected: "the first bytes 93 4e 55 4d 50 59",
      found: shown(entry.name),
    });
  }
  const { shape, descr = "named fields", start } = npyHeader(head);
  return {
    name: entry.name.replace(/\.npy$/, ""),
    shape,
    dtype: descr,
    bytes: Math.max(0, entry.size - start),
    read: async (): Promise<ArrayTensor> => arraysOf(parseNpy(await unzippedFrom(source, entry))),
  };
}

export const npz: ForeignFormat = {
  name: "NumPy",
  endings: [".npz"],
  recognises: (head, name) => {
    const first = firstEntry(head);
    return first !== undefined && (name.endsWith(".npz") || first.endsWith(".npy"));
  },
  async open(source) {
    const tensors: ForeignTensor[] = [];
    for (const entry of await zipDirectory(source)) tensors.push(await tensorOf(source, entry));
    return { format: "NumPy", tensors, metadata: {} };
  },
};
