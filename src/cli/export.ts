/** chainrule export FILE --to LIBRARY: the network as another library takes it. */

import { basename, dirname, extname, join } from "node:path";
import { fail } from "../core/errors.ts";
import { encodeOnnx } from "../exchange/onnx/export.ts";
import { pytorchScript, stateDictBytes } from "../exchange/pytorch/script.ts";
import { inFile } from "../files/in-file.ts";
import { readBytes, writeAtomically } from "../files/node.ts";
import { prepareNetwork } from "../network-file/index.ts";
import { exit } from "./failure.ts";
import { quoted, readNetwork, takeOver } from "./files.ts";
import { besides } from "./run-place.ts";
import { print, printJson, remark, wrapWords } from "./terminal.ts";
import { checkFree } from "./writable.ts";

interface ExportOptions {
  readonly to: "onnx" | "pytorch";
  readonly out?: string;
  readonly checkpoint?: string;
  readonly force?: boolean;
  readonly set?: readonly string[];
  readonly json?: boolean;
}

/** The files that are written; the first is the one that was asked for. */
function filesFor(to: ExportOptions["to"], out: string): readonly string[] {
  if (to === "onnx") {
    if (extname(out) === ".onnx") return [out];
    return fail("usage", {
      message: "What is written for ONNX is one file with the values in it.",
      expected: "--out NAME.onnx",
      found: out,
      where: "the command line",
      fix: "Let the name end in .onnx.",
    });
  }
  // NAME.safetensors would be the network's own checkpoint.
  const weights = `${basename(out, ".py")}.pytorch.safetensors`;
  if (extname(out) === ".py") return [out, join(dirname(out), weights)];
  return fail("usage", {
    message: "What is written for PyTorch is a script.",
    expected: "--out NAME.py",
    found: out,
    where: "the command line",
    fix: "Let the name end in .py; the values go into NAME.pytorch.safetensors beside it.",
  });
}

export async function exportCommand(path: string, options: ExportOptions): Promise<number> {
  const { to, checkpoint, force = false, set, json } = options;
  const ending = to === "onnx" ? ".onnx" : ".py";
  const files = filesFor(to, options.out ?? `${basename(path, extname(path))}${ending}`);
  await checkFree(files, force);
  const network = await readNetwork(path, set);
  const { trainer, data } = await prepareNetwork(network, besides(path));
  if (checkpoint !== undefined) takeOver(trainer, await readBytes(checkpoint), checkpoint);
  const [out = "", values = ""] = files;
  const remarks: string[] = [];
  if (to === "onnx") {
    const made = await encodeOnnx(network, trainer).catch((error) =>
      inFile(path, () => {
        throw error;
      }),
    );
    remarks.push(...made.remarks);
    await writeAtomically(out, made.bytes);
  } else {
    const { batchSize } = network.training;
    const given = { network, trainer, data: data.train, batchSize };
    const script = pytorchScript(given, basename(values));
    await writeAtomically(values, stateDictBytes(trainer));
    await writeAtomically(out, new TextEncoder().encode(script));
  }
  if (json) {
    printJson({ files, remarks });
    return exit.ok;
  }
  for (const text of remarks) for (const line of wrapWords(text)) remark(line);
  if (to === "onnx") print(`Written: ${out}. Its input is "x", its output "y".`);
  else print(`Written: ${files.join(", ")}. Run it with:\n  python ${quoted(out)}`);
  return exit.ok;
}
