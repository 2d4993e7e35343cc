/** Advice about files of other libraries, followed. */
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { importCommand } from "../../src/cli/import.ts";
import { npzBytes } from "../../src/data/index.ts";
import { importNetwork, openForeign } from "../../src/exchange/index.ts";
import * as c from "../../src/index.ts";
import { parseNetwork, prepareNetwork } from "../../src/network-file/index.ts";
import type { Row } from "./row.ts";

const values = c.encodeSafetensors({ "0.weight": c.tensor([[1, 2]]), "0.bias": c.tensor([3]) });
const index = (file: string) =>
  new TextEncoder().encode(JSON.stringify({ weight_map: { "0.bias": file } }));
const name = "m.safetensors.index.json";
const recorded = new URL("../fixtures/exchange/pytorch/", import.meta.url);
const torch = (file: string) =>
  openForeign(new Uint8Array(readFileSync(new URL(file, recorded))), { name: "m.pt" });
const beside = async () => values;

/** Runs in a folder with a file of values. */
async function inFolder<T>(work: (path: string, folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "chainrule-fixes-"));
  try {
    const path = join(folder, "values.safetensors");
    writeFileSync(path, values);
    return await work(path, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Opens a file, and reads a tensor of it when something else has been done. */
const readAfter = (work: (path: string) => void) =>
  inFolder(async (path) => {
    const { tensors } = await openForeign(path);
    work(path);
    return tensors[0]!.read();
  });

const importTo = (out: string, options = {}) =>
  inFolder(async (path, folder) => {
    writeFileSync(join(folder, "old.yaml"), "");
    return importCommand(path, { out: join(folder, out), ...options });
  });
/** Values alone are refused, but only after the names of the files have been looked at. */
const namesPass = async (out: string, options = {}) => {
  try {
    await importTo(out, options);
  } catch (error) {
    if ((error as c.ChainruleError).code !== "unsupported") throw error;
  }
};

export const exchange: readonly Row[] = [
  [
    'In Python, save what the module holds: torch.save(model.state_dict(), "weights.pt").',
    () => torch("module.pt"),
    () => torch("tied.pt"),
  ],
  [
    'Save values with torch.save(model.state_dict(), "weights.pt"), and give that file.',
    () => openForeign(npzBytes({ w: c.tensor([1]) }), { name: "m.pt" }),
    () => torch("tied.pt"),
  ],
  [
    'Save it again in Python: torch.save(torch.load("old.pt", weights_only=True), "new.pt").',
    () => torch("legacy.pt"),
    () => torch("protocol4.pt"),
  ],
  [
    "Put both files into one folder, and name the other without its folder.",
    () => openForeign(index("../values.safetensors"), { name, beside }),
    () => openForeign(index("values.safetensors"), { name, beside }),
  ],
  [
    "Give the path of the file, or the option beside, which finds the others by name.",
    () => openForeign(index("values.safetensors"), { name }),
    () => openForeign(index("values.safetensors"), { name, beside }),
    () =>
      inFolder(async (_, folder) => {
        const path = join(folder, name);
        writeFileSync(path, index("values.safetensors"));
        return openForeign(path);
      }),
  ],
  [
    "Let nothing write to the file while it is read.",
    () => readAfter((path) => truncateSync(path, 20)),
    () => readAfter(() => {}),
  ],
  [
    "Save the values as safetensors where that file was made, and open that.",
    () => openForeign(Uint8Array.of(1, 2, 3)),
    () => openForeign(values),
  ],
  [
    "Write the network file, build its trainer, and give the values to trainer.setParameters.",
    async () => importNetwork(await openForeign(values)),
    async () => {
      const text = readFileSync(new URL("../../examples/xor.yaml", import.meta.url), "utf8");
      const alone = text.replace(/layers:[\s\S]*?loss:/, "layers: [linear: { outputs: 1 }]\nloss:");
      const { trainer } = await prepareNetwork(parseNetwork(alone), async () => values);
      const given = new Map<string, c.ArrayTensor>();
      for (const t of (await openForeign(values)).tensors) {
        given.set(t.name, (await t.read()) as c.ArrayTensor);
      }
      trainer.setParameters(given);
    },
  ],
  [
    "Let the name end in .yaml; the values go into NAME.safetensors beside it.",
    () => importTo("net.txt"),
    () => namesPass("net.yaml"),
  ],
  [
    "Choose another name with --out, or replace the files with --force.",
    () => importTo("old.yaml"),
    () => namesPass("new.yaml"),
    () => namesPass("old.yaml", { force: true }),
  ],
];
