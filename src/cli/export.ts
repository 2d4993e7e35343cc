/** chainrule export FILE --to pytorch: a script that builds and trains the same network. */

import { basename, dirname, extname, join } from "node:path";
import { fail } from "../core/errors.ts";
import { pytorchScript, stateDictBytes } from "../exchange/pytorch/script.ts";
import { readBytes, writeAtomically } from "../files/node.ts";
import { prepareNetwork } from "../network-file/index.ts";
import { exit } from "./failure.ts";
import { quoted, readNetwork, takeOver } from "./files.ts";
import { besides, isThere } from "./run-place.ts";
import { print, printJson } from "./terminal.ts";
import { checkWritable } from "./writable.ts";

interface ExportOptions {
  readonly out?: string;
  readonly checkpoint?: string;
  readonly force?: boolean;
  readonly set?: readonly string[];
  readonly json?: boolean;
}

export async function exportCommand(path: string, options: ExportOptions): Promise<number> {
  const { checkpoint, force = false, set, json } = options;
  const out = options.out ?? `${basename(path, extname(path))}.py`;
  if (extname(out) !== ".py") {
    fail("usage", {
      message: "What is written for PyTorch is a script.",
      expected: "--out NAME.py",
      found: out,
      where: "the command line",
      fix: "Let the name end in .py; the values go into NAME.pytorch.safetensors beside it.",
    });
  }
  // NAME.safetensors would be the network's own checkpoint.
  const weights = `${basename(out, ".py")}.pytorch.safetensors`;
  const values = join(dirname(out), weights);
  for (const file of [out, values]) {
    await checkWritable(file);
    if (force || !(await isThere(file))) continue;
    fail("file-unwritable", {
      message: "There is such a file already.",
      where: file,
      fix: "Choose another name with --out, or replace the files with --force.",
    });
  }
  const network = await readNetwork(path, set);
  const { trainer, data } = await prepareNetwork(network, besides(path));
  if (checkpoint !== undefined) takeOver(trainer, await readBytes(checkpoint), checkpoint);
  const { batchSize } = network.training;
  const script = pytorchScript({ network, trainer, data: data.train, batchSize }, weights);
  await writeAtomically(values, stateDictBytes(trainer));
  await writeAtomically(out, new TextEncoder().encode(script));
  if (json) printJson({ files: [out, values] });
  else print(`Written: ${out}, ${values}. Run it with:\n  python ${quoted(out)}`);
  return exit.ok;
}
