/**
 * Safetensors in several files, as `save_pretrained` writes them: an index in JSON that says in
 * which file each tensor stands, { "metadata": { … }, "weight_map": { name: file } }.
 * Source: https://huggingface.co/docs/safetensors, and transformers' WEIGHTS_INDEX_NAME.
 */

import { fail } from "../../core/errors.ts";
import { isRecord, isText } from "../../core/kinds.ts";
import { listed, shown } from "../../core/wording.ts";
import type { ByteSource } from "../../files/byte-source.ts";
import type { ForeignFile, ForeignFormat, ForeignTensor } from "../foreign.ts";
import { safetensors } from "./read.ts";

/** An index names tensors; those of a model with millions of names do not exist. */
const longest = 2 ** 26;
const mostShards = 10_000;

interface Index {
  readonly files: ReadonlyMap<string, string>;
  readonly metadata: Readonly<Record<string, string>>;
}

const corrupt = (message: string, expected: string, found: string): never =>
  fail("file-corrupt", { message, expected, found });

async function indexOf(source: ByteSource): Promise<Index> {
  if (source.size > longest) {
    fail("too-large", {
      message: "The index of a safetensors file is too long.",
      expected: `at most ${longest} bytes`,
      found: `${source.size}`,
    });
  }
  let parsed: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true });
    parsed = JSON.parse(text.decode(await source.read(0, source.size)));
  } catch (cause) {
    if (!(cause instanceof SyntaxError || cause instanceof TypeError)) throw cause;
    return fail("file-corrupt", {
      message: "The index of safetensors files is not JSON.",
      found: cause.message.slice(0, 120),
      cause,
    });
  }
  const { weight_map, metadata } = isRecord(parsed) ? parsed : {};
  if (!isRecord(weight_map)) {
    return corrupt("This is no index of safetensors files.", '"weight_map": { … }', shown(parsed));
  }
  const files = new Map<string, string>();
  for (const [name, file] of Object.entries(weight_map)) {
    if (!isText(file)) {
      return corrupt(`The index names no file for ${shown(name)}.`, "a name", shown(file));
    }
    files.set(name, file);
  }
  const facts = Object.entries(isRecord(metadata) ? metadata : {}).map(([key, value]) => [
    key,
    isText(value) ? value : shown(value),
  ]);
  return { files, metadata: Object.fromEntries(facts) };
}

async function open(source: ByteSource): Promise<ForeignFile> {
  const { files, metadata } = await indexOf(source);
  const names = [...new Set(files.values())];
  if (names.length > mostShards) {
    corrupt("The index names too many files.", `at most ${mostShards}`, `${names.length}`);
  }
  const found = new Map<string, ForeignTensor>();
  for (const shard of names) {
    const { tensors } = await safetensors.open(await source.beside(shard));
    for (const tensor of tensors)
      if (files.get(tensor.name) === shard) found.set(tensor.name, tensor);
  }
  const lacking = [...files.keys()].filter((name) => !found.has(name));
  if (lacking.length > 0) {
    corrupt(
      "The files do not hold all tensors that the index names.",
      listed(lacking.map((name) => `${name} in ${files.get(name)}`)),
      `${found.size} of ${files.size} tensors`,
    );
  }
  const tensors = [...files.keys()].flatMap((name) => found.get(name) ?? []);
  return { format: "sharded safetensors", tensors, metadata };
}

export const safetensorsShards: ForeignFormat = {
  name: "sharded safetensors",
  endings: [".safetensors.index.json"],
  recognises: (head, name) =>
    head[0] === 0x7b &&
    (name.endsWith(".safetensors.index.json") ||
      new TextDecoder().decode(head).includes('"weight_map"')),
  open,
};
