/** chainrule import FILE --out net.yaml: a model of another library as a network file. */

import { basename, dirname, extname, join } from "node:path";
import { fail } from "../core/errors.ts";
import { openForeign } from "../exchange/formats.ts";
import { importNetwork } from "../exchange/imported.ts";
import { inFile } from "../files/in-file.ts";
import { writeAtomically } from "../files/node.ts";
import { exit } from "./failure.ts";
import { checkpointOf, quoted, self } from "./files.ts";
import { print, printJson, remark, wrapWords } from "./terminal.ts";
import { checkFree } from "./writable.ts";

interface ImportOptions {
  readonly out: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

export async function importCommand(path: string, options: ImportOptions): Promise<number> {
  const { out, force = false, json = false } = options;
  if (![".yaml", ".yml"].includes(extname(out))) {
    fail("usage", {
      message: "A network file that is written is YAML.",
      expected: "--out NAME.yaml",
      found: out,
      where: "the command line",
      fix: "Let the name end in .yaml; the values go into NAME.safetensors beside it.",
    });
  }
  const checkpoint = join(dirname(out), checkpointOf(out));
  await checkFree([out, checkpoint], force);
  const file = await openForeign(path);
  const name = basename(path, extname(path)).replaceAll(/\p{Cc}/gu, " ");
  const made = await importNetwork(file, { name }).catch((error) =>
    inFile(path, () => {
      throw error;
    }),
  );
  // A network file without values would begin from others; values without one are whole.
  await writeAtomically(checkpoint, made.checkpoint);
  await writeAtomically(out, new TextEncoder().encode(made.text));
  const { remarks } = made;
  if (json) {
    printJson({ files: [out, checkpoint], remarks });
    return exit.ok;
  }
  for (const text of remarks) for (const line of wrapWords(text)) remark(line);
  print(`Written: ${out}, ${checkpoint}. Look at it with:`);
  print(`  ${self()} summary ${quoted(out)}`);
  return exit.ok;
}
