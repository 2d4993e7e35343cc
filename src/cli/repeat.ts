/** chainrule repeat RUN: trains again, and says whether the bits are the same. */

import { join } from "node:path";
import type { BackendName } from "../backends/registry.ts";
import { elementsOf } from "../core/array-tensor.ts";
import { fail } from "../core/errors.ts";
import type { Tensor } from "../core/tensor.ts";
import { inFile } from "../files/in-file.ts";
import { readBytes } from "../files/node.ts";
import { decodeSafetensors } from "../files/safetensors.ts";
import { prepareNetwork } from "../network-file/index.ts";
import { partingEpoch, versionDifferences } from "./compare.ts";
import { exit } from "./failure.ts";
import { quoted, readNetwork, self } from "./files.ts";
import { Interruption } from "./interruption.ts";
import {
  changedFiles,
  hashing,
  progressOf,
  readRun,
  resultOf,
  runBackend,
  versionsOf,
} from "./run-folder.ts";
import { besides, lastOf, networkOf } from "./run-place.ts";
import { print, printJson, wrapWords } from "./terminal.ts";

export async function repeatCommand(
  run: string,
  options: { readonly backend?: BackendName; readonly json?: boolean },
): Promise<number> {
  const record = await readRun(run);
  if ((await resultOf(run)) === undefined) {
    fail("usage", {
      message: "This run has not ended.",
      expected: "a run with its result",
      found: "one that was broken off",
      where: run,
      fix: `Go on with it first: ${self()} train ${quoted(run)}`,
    });
  }
  const { read, hashes } = hashing(besides(join(run, record.folder, "network.yaml")));
  const { deterministic } = record.versions;
  const prepared = await prepareNetwork(await readNetwork(networkOf(run)), read, {
    backend: await runBackend(record, options.backend),
    deterministic,
  });
  const { trainer, data, fit } = prepared;
  const interruption = new Interruption();
  try {
    await trainer.fit(data.train, { ...fit, signal: interruption.signal });
  } finally {
    interruption.end();
  }
  if (interruption.caught) return interruption.caught.exitCode;
  const bytes = await readBytes(lastOf(run));
  const before = inFile(lastOf(run), () => decodeSafetensors(bytes)).tensors;
  const now = decodeSafetensors(trainer.toBytes()).tensors;
  const others = [...new Set([...before.keys(), ...now.keys()])].filter((name) => {
    const [x, y] = [before.get(name), now.get(name)];
    return (
      x === undefined ||
      y === undefined ||
      !sameBits(elementsOf(x as Tensor), elementsOf(y as Tensor))
    );
  });
  const history = (await progressOf(run))?.history ?? [];
  const parts = partingEpoch(history, trainer.progress.history);
  const same = others.length === 0 && parts === undefined;
  const files = changedFiles(record.data, hashes);
  const versions = versionDifferences(record.versions, versionsOf(prepared, deterministic));
  if (options.json) {
    printJson({ same, arrays: others, partAtEpoch: parts ?? null, data: files, versions });
    return same ? exit.ok : exit.no;
  }
  const say = (text: string) => {
    for (const line of wrapWords(text)) print(line);
  };
  if (same) say(`The same bits: ${now.size} arrays, ${history.length} epochs of the history.`);
  else {
    const first = others[0] === undefined ? "" : ` (${others[0]}${others.length > 1 ? " …" : ""})`;
    say(`Other bits: ${others.length} of ${now.size} arrays differ${first}.`);
    if (parts !== undefined) say(`The histories part at epoch ${parts}.`);
  }
  for (const name of files) say(`The data have changed: ${name} is another file than it was.`);
  for (const { name, a, b } of versions) say(`${name} was ${a} and is ${b} now.`);
  if (!same && files.length + versions.length === 0) {
    say("Data, versions and backend are the same: this should not happen. Please report it.");
  }
  return same ? exit.ok : exit.no;
}

const viewed = (x: ArrayBufferView) => new Uint8Array(x.buffer, x.byteOffset, x.byteLength);

function sameBits(x: ArrayBufferView, y: ArrayBufferView): boolean {
  const [a, b] = [viewed(x), viewed(y)];
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
