/** Advice about files of other libraries, followed. */
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { exportCommand } from "../../src/cli/export.ts";
import { importCommand } from "../../src/cli/import.ts";
import { trainCommand } from "../../src/cli/train.ts";
import { npzBytes } from "../../src/data/index.ts";
import { zipBytes } from "../../src/data/zip.ts";
import {
  importNetwork,
  loadOptimizerState,
  loadStateDict,
  openForeign,
  type StateDictOptions,
} from "../../src/exchange/index.ts";
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

const trainerOf = (optimizer: c.Optimizer, [a, b, n]: readonly [number, number, number]) =>
  c.trainer(c.sequential(c.linear(a, b), c.tanh(), c.linear(b, n)), {
    loss: c.meanSquaredError,
    optimizer,
    dtype: "f64",
  });
type Sizes = Parameters<typeof trainerOf>[1];
const intoModel = async (sizes: Sizes, file: string, options?: StateDictOptions) =>
  loadStateDict(trainerOf(c.sgd(), sizes), await torch(file), options);
const optimizerFrom = async (
  file: string,
  optimizer: c.Optimizer,
  options?: { prefix: string } | Record<string, never>,
  sizes: Sizes = [3, 4, 2],
) => loadOptimizerState(trainerOf(optimizer, sizes), await torch(file), options);

/** An archive whose entry says, packed or not, that it holds a hundred megabytes. */
function npzOf(packed: boolean): Uint8Array {
  const bytes = npzBytes({ w: c.tensor([1]) });
  const view = new DataView(bytes.buffer);
  const entry = view.getUint32(bytes.length - 6, true);
  if (packed) {
    view.setUint16(entry + 10, 8, true);
    view.setUint32(entry + 24, 100_000_000, true);
  }
  return bytes;
}

/** Trains a small network in a folder of its own, which has a file of its values. */
const trained = (options: Record<string, unknown>) =>
  inFolder(async (_, folder) => {
    const [file, out] = [join(folder, "n.yaml"), join(folder, "o.safetensors")];
    const layers = "[linear: { outputs: 2 }, linear: { outputs: 1 }]";
    const data = "{ examples: [{ inputs: [1, 2], targets: 3 }] }";
    writeFileSync(file, `layers: ${layers}\nloss: meanSquaredError\noptimizer: sgd\ndata: ${data}`);
    const own = { "0.weight": c.ones([2, 2]), "0.bias": c.ones([2]) };
    const all = { ...own, "1.weight": c.ones([1, 2]), "1.bias": c.ones([1]) };
    writeFileSync(join(folder, "v.safetensors"), c.encodeSafetensors(all));
    const paths = Object.entries(options).map(([name, value]) => [
      name,
      typeof value === "string" ? join(folder, value) : value,
    ]);
    const given = { ...Object.fromEntries(paths), out, epochs: 1, quiet: true };
    const code = await trainCommand(file, given as never);
    if (code !== 0) throw new Error(`exit code ${code}`);
  });

const withData = (data: string) =>
  prepareNetwork(
    parseNetwork(
      `layers: [linear: { outputs: 1 }]\nloss: meanSquaredError\noptimizer: sgd\n${data}`,
    ),
    async () => new TextEncoder().encode("x,price\n1,2\n2,3\n3,4\n"),
  );

const xor = fileURLToPath(new URL("../../examples/xor.yaml", import.meta.url));
const exportTo = (out: string, to: "onnx" | "pytorch" = "pytorch") =>
  inFolder(async (_, folder) => exportCommand(xor, { to, out: join(folder, out) }));

export const exchange: readonly Row[] = [
  [
    'In Python, save what the module holds: torch.save(model.state_dict(), "weights.pt").',
    () => torch("module.pt"),
    () => torch("tied.pt"),
  ],
  [
    'Save values with torch.save(model.state_dict(), "weights.pt"), and give that file.',
    () => openForeign(zipBytes([{ name: "a.txt", bytes: values }]), { name: "m.pt" }),
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
    "Make the layers as those of the file, name them alike (prefix, rename), or take what fits: { strict: false }.",
    () => intoModel([2, 3, 2], "training/sgd.pt"),
    () => intoModel([3, 4, 2], "training/sgd.pt"),
    () => intoModel([3, 4, 2], "training/sgd.pt", { prefix: "model." }),
    () => intoModel([3, 4, 2], "training/sgd.pt", { rename: (n) => n, prefix: "model." }),
    () => intoModel([2, 3, 2], "training/sgd.pt", { strict: false }),
  ],
  [
    'Save it beside the model, { "model": model.state_dict(), "optimizer": optimizer.state_dict() }, and say which with prefix: "optimizer.".',
    () => optimizerFrom("tied.pt", c.sgd()),
    () => optimizerFrom("training/sgd.pt", c.sgd({ weightDecay: 0.01 }), { prefix: "optimizer." }),
  ],
  [
    "Take the parameters alone with loadStateDict: the optimizer's memory then begins from nothing.",
    () => optimizerFrom("training/sgd.pt", c.lion()),
    () => intoModel([3, 4, 2], "training/sgd.pt"),
  ],
  [
    "Make the trainer's optimizer with the settings of the file, or take loadStateDict alone.",
    () => optimizerFrom("training/sgd.pt", c.sgd()),
    () => optimizerFrom("training/sgd.pt", c.sgd({ weightDecay: 0.01 })),
    () => intoModel([3, 4, 2], "training/sgd.pt"),
  ],
  [
    "Make the layers in the order and sizes of the model that was trained, or take loadStateDict alone.",
    () => optimizerFrom("training/adamW.pt", c.adamW(), {}, [3, 5, 2]),
    () => optimizerFrom("training/adamW.pt", c.adamW()),
    () => intoModel([3, 4, 2], "training/adamW.pt"),
  ],
  [
    "If the file can be trusted, save it in Python without packing: numpy.savez.",
    () => openForeign(npzOf(true), { name: "a.npz" }),
    () => openForeign(npzOf(false), { name: "a.npz" }),
  ],
  [
    "Leave --from out to go on with a checkpoint, or --resume to begin with other values.",
    () => trained({ from: "v.safetensors", resume: "xor.safetensors" }),
    () => trained({ from: "v.safetensors" }),
  ],
  [
    "Let the name end in .py; the values go into NAME.pytorch.safetensors beside it.",
    () => exportTo("net.txt"),
    () => exportTo("net.py"),
  ],
  [
    "Let the name end in .onnx.",
    () => exportTo("net.py", "onnx"),
    () => exportTo("net.onnx", "onnx"),
  ],
  ["Give a lower rank, such as --lora 1.", () => trained({ lora: 5 }), () => trained({ lora: 1 })],
  [
    "Say where the examples are, such as data: { csv: { file: train.csv, target: price } }.",
    () => withData(""),
    (fix) => withData(/data: .*\}/.exec(fix)![0]),
  ],
  [
    "Name one of these, with * for any part, or leave --lora-names out to take all.",
    () => trained({ lora: 1, loraNames: ["7.*"] }),
    () => trained({ lora: 1, loraNames: ["0.*"] }),
    () => trained({ lora: 1 }),
  ],
  [
    "Make the layers of the network file as those of the values: names and shapes have to be those that inspect lists.",
    () => trained({ from: "v.safetensors", set: ["layers.0.linear.outputs=3"] }),
    () => trained({ from: "v.safetensors", set: ["layers.0.linear.outputs=2"] }),
  ],
  [
    "Give the rank, too, such as --lora 4, or leave --lora-names out.",
    () => trained({ loraNames: ["0.*"] }),
    () => trained({ loraNames: ["0.*"], lora: 1 }),
    () => trained({}),
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
