/** Advice about settings and runs of the command line. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ChainruleError } from "../../src/core/errors.ts";
import { withSettings } from "../../src/network-file/settings.ts";
import { folder, network, run, table, write } from "../cli/run.ts";
import type { Row } from "./row.ts";

const file = `inputs: 2
layers:
  - linear: &same { outputs: 3 }
  - tanh
  - linear: *same
loss: meanSquaredError
optimizer: adam
`;
const set = (...settings: string[]) => withSettings(file, settings);

const cwd = folder();
write(cwd, { "t.csv": table, "n.yaml": network() });

/** Runs a command; what it prints as an error is thrown. */
async function chainrule(...args: string[]): Promise<void> {
  const { code, stderr } = await run(args, { cwd });
  if (code === 0) return;
  const whole = stderr.trim().replace(/\n {6,}(?=\S)/g, " ");
  const fix = /^ {2}fix +(.*)$/m.exec(whole)?.[1];
  throw new ChainruleError("usage", { message: whole, ...(fix === undefined ? {} : { fix }) });
}
let runsMade = 0;
/** A run in a new folder. */
async function made(...args: string[]): Promise<string> {
  const name = `run${runsMade++}`;
  await chainrule("train", "n.yaml", "--run", name, "-q", ...args);
  return name;
}
const trainedAgain = async () => {
  await made();
};

export const runs: readonly Row[] = [
  [
    "Write the names as they stand in the file, from the outermost, with dots between them.",
    () => set("optimizer"),
    () => set("optimizer=sgd"),
  ],
  ["Close brackets and quotation marks.", () => set("layers.1={ a: 1"), () => set("layers.1=relu")],
  [
    "Set … as a whole, or change the file.",
    () => set("layers.2.linear.outputs=4"),
    () => set("layers.2.linear={ outputs: 4 }"),
    () => withSettings(file.replace("*same", "{ outputs: 3 }"), ["layers.2.linear.outputs=4"]),
  ],
  [
    "Say which of the list it is, counted from 0: ….0, for example.",
    () => set("layers.7.linear.outputs=4"),
    () => set("layers.0.linear.outputs=4"),
  ],
  ["Set … as a whole: …=…", () => set("layers.1.softmax.axis=0"), () => set("layers.1=softmax")],
  [
    "Train the network again, into another folder.",
    async () => {
      const name = await made();
      writeFileSync(join(cwd, name, "run.json"), "{");
      await chainrule("repeat", name);
    },
    trainedAgain,
  ],
  [
    "Train one: … train FILE --run …",
    () => chainrule("repeat", "nothing"),
    async () => chainrule("repeat", await made()),
  ],
  [
    "Put the old file back, or train the network again, into another folder.",
    async () => {
      const name = await made("--pause-at", "1");
      writeFileSync(join(cwd, "t.csv"), table.replace("7", "8"));
      try {
        await chainrule("train", name);
      } finally {
        writeFileSync(join(cwd, "t.csv"), table);
      }
    },
    async () => chainrule("train", await made("--pause-at", "1")),
    trainedAgain,
  ],
  [
    "Choose another folder with --run.",
    () => chainrule("train", "n.yaml", "--run", "."),
    trainedAgain,
  ],
  [
    "Choose another folder with --run, or go on with this run: … train …",
    async () => chainrule("train", "n.yaml", "--run", await made()),
    trainedAgain,
    async () => chainrule("train", await made()),
  ],
  [
    "Leave --… out, or train its … as a file.",
    async () => chainrule("train", await made(), "--epochs", "9"),
    async () => chainrule("train", await made()),
    async () => {
      const name = await made();
      await chainrule(
        "train",
        `${name}/network.yaml`,
        "--epochs",
        "9",
        "--set",
        "data.csv.file=../t.csv",
      );
    },
  ],
  [
    "Leave --… out, or --run.",
    () => chainrule("train", "n.yaml", "--run", "x", "--out", "y.safetensors"),
    trainedAgain,
    () => chainrule("train", "n.yaml", "--out", "y.safetensors"),
  ],
  [
    "Go on with it first: … train …",
    async () => chainrule("repeat", await made("--pause-at", "1")),
    async () => {
      const name = await made("--pause-at", "1");
      await chainrule("train", name);
      await chainrule("repeat", name);
    },
  ],
  [
    "Did you mean …?",
    () => set("optimizer.adma.learningRate=0.1"),
    () => set("optimizer.adam.learningRate=0.1"),
  ],
];
