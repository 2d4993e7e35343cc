/** Advice about settings and runs of the command line. */
import { rmSync, writeFileSync } from "node:fs";
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
const one = network({ loss: "huber", data: "{ examples: [{ inputs: [1], targets: [1, 2] }] }" });
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
/** Sweeps one setting, in a new folder. */
async function sweep(setting: string, ...args: string[]): Promise<string> {
  const name = `sweep${runsMade++}`;
  await chainrule("sweep", "n.yaml", "--set", setting, "--out", name, "-q", ...args);
  return name;
}
const sweeping =
  (values: string, ...args: string[]) =>
  () =>
    sweep(`optimizer.sgd.learningRate=${values}`, ...args);
const rates = ["--set", "optimizer.sgd.learningRate=0.1,0.2"];
const swept = () => sweep("optimizer.sgd.learningRate=0.1,0.2");
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
    "Give another value in the setting: …=…",
    () => set("training.epochs=many"),
    (fix) => set(fix.replace(/^.*: (.*)…$/, "$12")),
  ],
  [
    "Correct the name … in the setting, or the value behind it.",
    () => set("training.zzz=2"),
    () => set("training.epochs=2"),
  ],
  [
    "Leave the setting out, or correct the file along with it.",
    () => withSettings(one, ["inputs=2"]),
    () => withSettings(one, []),
    () => withSettings(one.replace("[1]", "[1, 2]"), ["inputs=2"]),
  ],
  [
    "Correct these settings.",
    () => set("training.epochs=many", "loss=no"),
    () => set("training.epochs=2", "loss=huber"),
  ],
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
      await chainrule("train", `${name}/network.yaml`, "--epochs", "9");
    },
  ],
  [
    "Leave --… out, or --run.",
    () => chainrule("train", "n.yaml", "--run", "x", "--out", "y.safetensors"),
    trainedAgain,
    () => chainrule("train", "n.yaml", "--out", "y.safetensors"),
  ],
  [
    "Leave --… out, or --find-rate.",
    () => chainrule("train", "n.yaml", "--find-rate", "--csv", "e.csv"),
    () => chainrule("train", "n.yaml", "--csv", "e.csv"),
    () => chainrule("train", "n.yaml", "--find-rate"),
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
    "Go on with it first, with train, or say --untrained where there is that option.",
    async () => {
      const name = await made("--pause-at", "1");
      rmSync(join(cwd, name, "last.safetensors"));
      await chainrule("evaluate", name);
    },
    async () => {
      const name = await made("--pause-at", "1");
      rmSync(join(cwd, name, "last.safetensors"));
      await chainrule("train", name);
      await chainrule("evaluate", name);
    },
    async () => chainrule("evaluate", await made("--pause-at", "1"), "--untrained"),
  ],
  [
    "Leave --averages out, or train with averageDecay in the optimizer's settings.",
    async () => chainrule("evaluate", await made(), "--averages"),
    async () => chainrule("evaluate", await made()),
    async () => {
      const name = await made("--set", "optimizer.sgd.averageDecay=0.9");
      await chainrule("evaluate", name, "--averages");
    },
  ],
  ["Write each value once.", sweeping("1,1"), sweeping("1,2")],
  [
    "Write for example 1e-4..1e-1, 16..128 or 0..0.5.",
    sweeping("2..1"),
    ...["1e-4..1e-1", "0..0.5"].map((range) => sweeping(range, "--runs", "1")),
    async () => sweep("training.batchSize=16..128", "--runs", "1"),
  ],
  [
    "Allow more runs with --runs, or leave --method out: combinations are drawn then.",
    sweeping("0.1,0.2", "--method", "grid", "--runs", "1"),
    sweeping("0.1,0.2", "--method", "grid", "--runs", "2"),
    sweeping("0.1,0.2", "--runs", "1"),
  ],
  [
    "Give a range (1e-4..1e-1) or a list (32,64,128) with --set.",
    sweeping("0.1"),
    sweeping("1e-4..1e-1", "--runs", "1"),
    () => sweep("training.batchSize=32,64,128"),
  ],
  [
    "Leave one --set … out.",
    sweeping("0.1,0.2", "--set", "optimizer.sgd.learningRate=1,2"),
    sweeping("0.1,0.2"),
  ],
  [
    "Leave --… out, or give the network file and another folder with --out.",
    async () => chainrule("sweep", await swept(), "--seed", "3"),
    async () => chainrule("sweep", await swept()),
    sweeping("0.1,0.2", "--seed", "3"),
  ],
  [
    "Choose another folder with --out, or go on with this sweep: … sweep …",
    async () => chainrule("sweep", "n.yaml", ...rates, "--seed", "3", "--out", await swept()),
    sweeping("0.1,0.2", "--seed", "3"),
    async () => chainrule("sweep", await swept()),
  ],
  [
    "Choose another folder with --out.",
    () => chainrule("sweep", "n.yaml", ...rates, "--out", "."),
    sweeping("0.1,0.2"),
  ],
  [
    "Put the old file back, or begin a sweep in another folder with --out.",
    async () => {
      const name = await swept();
      writeFileSync(join(cwd, "n.yaml"), network({ training: "{ epochs: 2 }" }));
      try {
        await chainrule("sweep", name);
      } finally {
        writeFileSync(join(cwd, "n.yaml"), network());
      }
    },
    async () => chainrule("sweep", await swept()),
    sweeping("0.1,0.2"),
  ],
  [
    "Leave --set training.epochs out, or choose --method random.",
    () => sweep("training.epochs=1,2", "--method", "halving"),
    sweeping("0.1,0.2", "--method", "halving"),
    () => sweep("training.epochs=1,2", "--method", "random"),
  ],
  [
    "Did you mean …?",
    () => set("optimizer.adma.learningRate=0.1"),
    () => set("optimizer.adam.learningRate=0.1"),
  ],
];
