/** Safetensors files: the header is read, and of the data what is asked for. */

import type { ByteSource } from "../../files/byte-source.ts";
import {
  checkedType,
  checkRanges,
  headerJson,
  headerLength,
} from "../../files/safetensors-decode.ts";
import { parseHeader } from "../../files/safetensors-header.ts";
import { elementsFromBytes } from "../elements.ts";
import type { ForeignFile, ForeignFormat } from "../foreign.ts";

async function openSafetensors(source: ByteSource): Promise<ForeignFile> {
  const head = await source.read(0, Math.min(source.size, 8));
  const begin = 8 + headerLength(head, source.size);
  const { entries, metadata } = parseHeader(headerJson(await source.read(8, begin)));
  const sorted = [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkRanges(sorted, source.size - begin);
  for (const entry of entries) checkedType(entry, "bigint");
  return {
    format: "safetensors",
    metadata,
    tensors: entries.map((entry) => ({
      name: entry.name,
      shape: entry.shape,
      dtype: entry.dtype,
      bytes: entry.end - entry.begin,
      read: async (memory) =>
        elementsFromBytes(
          entry.name,
          entry.dtype,
          entry.shape,
          await source.read(begin + entry.begin, begin + entry.end, memory),
        ),
    })),
  };
}

export const safetensors: ForeignFormat = {
  name: "safetensors",
  endings: [".safetensors"],
  // A header's length below 100 MB, and the brace that begins it.
  recognises: (head) =>
    head.length > 8 && head[8] === 0x7b && head[4] === 0 && head.subarray(5, 8).every((b) => !b),
  open: openSafetensors,
};
