/** Advice of the command line, followed as it stands there. */
import { spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { unusable } from "../../src/cli/bench/index.ts";
import { checkWritable } from "../../src/cli/writable.ts";
import { ChainruleError } from "../../src/core/errors.ts";
import { readBytes } from "../../src/files/node.ts";
import { cli, example, folder, network, root, run, table, write } from "../cli/run.ts";
import { failing } from "./failing.ts";
import type { Row } from "./row.ts";

const cwd = folder();
write(cwd, {
  "t.csv": table,
  "n.yaml": network(),
  "wide.yaml": network({
    layers: "[{ linear: { outputs: 40 } }, tanh, { linear: { outputs: 2 } }]",
  }),
  "f32.yaml": network({ training: "{ epochs: 1, dtype: f32 }" }),
});
const two = example("two-two-two");

/** Runs a command; what it prints as an error is thrown. */
const chainrule = (...args: string[]) => told(args);
async function told(args: readonly string[], program?: string): Promise<string> {
  const { code, stdout, stderr } = await run(args, { cwd, ...(program ? { program } : {}) });
  if (code === 0 || code === 1) return stdout;
  const whole = stderr.trim().replace(/\n {6,}(?=\S)/g, " ");
  const [first = ""] = whole.split("\n", 1);
  const part = (name: string) => new RegExp(`^  ${name} +(.*)$`, "m").exec(whole)?.[1];
  throw new ChainruleError("usage", { message: first, fix: part("fix") ?? stderr });
}
// What rows begin with, so that none depends on another.
await chainrule("train", "n.yaml", "-q");
await chainrule("train", "f32.yaml", "-q", "--out", "trained-f32.safetensors");

const serve = async (...args: string[]) => {
  const child = spawn(process.execPath, [cli, "studio", "--no-open", ...args], { cwd });
  try {
    const out: string = await new Promise((resolve, reject) => {
      child.stdout.once("data", (text) => resolve(String(text)));
      child.stderr.once("data", (text) => reject(new Error(String(text))));
    });
    if (!out.includes("127.0.0.1")) throw new Error(out);
  } finally {
    child.kill("SIGTERM");
  }
};
/** A port that is taken while something is done. */
async function taken(work: (port: string) => Promise<unknown>): Promise<unknown> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await work(String((server.address() as { port: number }).port));
  } finally {
    server.close();
  }
}

/** Runs a command of a copy of what is built, in which something is missing. */
async function without(part: string, args: readonly string[]): Promise<unknown> {
  const copy = join(cwd, "copy", "dist");
  cpSync(join(root, "dist"), copy, {
    recursive: true,
    filter: (path) => path !== join(root, "dist", part),
  });
  for (const name of ["package.json", "node_modules"]) {
    symlinkSync(join(root, name), join(cwd, "copy", name));
  }
  return told(args, join(copy, "cli.js"));
}

/** Runs Node with its permissions on, and those that a piece of advice adds, to read a file. */
function reading(path: string, ...flags: string[]): void {
  const on = process.allowedNodeEnvironmentFlags.has("--permission")
    ? "--permission"
    : "--experimental-permission";
  const program = "require('node:fs').readFileSync(process.argv[1])";
  const { status, stderr } = spawnSync(process.execPath, [on, ...flags, "-e", program, path]);
  if (status !== 0) throw new Error(String(stderr));
}

export const commands: readonly Row[] = [
  [
    "Choose another folder with --out, or replace the files with --force.",
    async () => {
      await chainrule("example", "xor", "--force");
      write(cwd, { "examples/xor.yaml": "mine" });
      await chainrule("example", "xor");
    },
    () => chainrule("example", "xor", "--out", `other-${Math.random()}`),
    () => chainrule("example", "xor", "--force"),
  ],
  [
    "Run … again with ….",
    () =>
      failing("ERR_ACCESS_DENIED", () => readBytes(join(cwd, "t.csv")), {
        permission: "FileSystemRead",
      }),
    (fix) => reading(join(cwd, "t.csv"), ...fix.replace(/^.* again with (.*)\.$/, "$1").split(" ")),
  ],
  [
    "Leave --quantity out.",
    () => chainrule("diagnose", two, "--loss-after-step", "0.3", "--quantity", "gradient"),
    () => chainrule("diagnose", two, "--loss-after-step", "0.3"),
  ],
  [
    "Leave one of the two out: they mean the same.",
    () => chainrule("predict", "n.yaml", "--untrained", "--csv", "t.csv", "--data", "t.csv"),
    () => chainrule("predict", "n.yaml", "--untrained", "--csv", "t.csv"),
    () => chainrule("predict", "n.yaml", "--untrained", "--data", "t.csv"),
  ],
  [
    "Say for example: … evaluate … --data rows.csv",
    async () => {
      await chainrule("train", "n.yaml", "--out", "v.safetensors");
      await chainrule("evaluate", "v.safetensors");
    },
    () => chainrule("evaluate", "v.safetensors", "--data", "t.csv"),
  ],
  [
    "Give rows as a table: --data rows.csv.",
    () => chainrule("predict", "n.yaml", "--untrained", "--data", "rows.npz"),
    () => chainrule("predict", "n.yaml", "--untrained", "--data", "t.csv"),
  ],
  [
    "Leave --data out: the data of the network file are measured.",
    () => chainrule("evaluate", two, "--untrained", "--data", "t.csv"),
    () => chainrule("evaluate", two, "--untrained"),
  ],
  ["See chainrule --help.", () => chainrule("frobnicate"), () => chainrule("--help")],
  [
    "See chainrule… --help.",
    () => chainrule("train", "n.yaml", "--frobnicate-everything"),
    () => chainrule("train", "--help"),
  ],
  ["Did you mean …?", () => chainrule("trian"), () => chainrule("train", "n.yaml", "-q")],
  [
    "Say what to do with it: chainrule train …",
    () => chainrule("n.yaml"),
    () => chainrule("train", "n.yaml"),
  ],
  [
    "Write for example --value 0.000364723.",
    () => chainrule("diagnose", two, "--parameter", "w1", "--value", "abc"),
    () => chainrule("diagnose", two, "--parameter", "w1", "--value", "0.000364723"),
  ],
  [
    "Write for example --let x=[[1,2]].",
    () => chainrule("explain", "sum(x)", "--let", "[[1,2]]"),
    () => chainrule("explain", "sum(x)", "--let", "x=[[1,2]]"),
  ],
  [
    "Write for example w1,0.000438568.",
    () => {
      write(cwd, { "sheet.csv": "w1 0.1\n" });
      return chainrule("diagnose", two, "--values", "sheet.csv");
    },
    () => {
      write(cwd, { "sheet.csv": "w1,0.000438568\n" });
      return chainrule("diagnose", two, "--values", "sheet.csv");
    },
  ],
  [
    "Leave --… out.",
    () => chainrule("diagnose", two, "--value", "1", "--is", "loss", "--quantity", "change"),
    () => chainrule("diagnose", two, "--value", "1", "--is", "loss"),
  ],
  [
    "Write the sheet with --out sheet.json, and grade that.",
    () => {
      write(cwd, { "sheet.json": "{}", "answers.csv": "1,0.1\n" });
      return chainrule("grade", "sheet.json", "answers.csv");
    },
    async () => {
      await chainrule("exercise", two, "--count", "1", "--out", "sheet.json");
      return chainrule("grade", "sheet.json", "answers.csv");
    },
  ],
  [
    "Write for example --let …=[[1,2]].",
    () => chainrule("explain", "sum(x)", "--let", "x=y"),
    () => chainrule("explain", "sum(x)", "--let", "x=[[1,2]]"),
  ],
  [
    "Keep one --let …=….",
    () => chainrule("explain", "sum(x)", "--let", "x=1", "--let", "x=2"),
    () => chainrule("explain", "sum(x)", "--let", "x=1"),
  ],
  [
    "Add ….",
    () => chainrule("explain", "sum(x)"),
    () => chainrule("explain", "sum(x)", "--let", "x=1"),
  ],
  [
    "Leave --… out.",
    () => chainrule("explain", "sum(x)", "--let", "x=1", "--step", "1"),
    () => chainrule("explain", "sum(x)", "--let", "x=1"),
  ],
  [
    "Choose another ending, or say what it is with --format.",
    () => chainrule("explain", two, "--out", "x.odd"),
    () => chainrule("explain", two, "--out", "x.md"),
    () => chainrule("explain", two, "--out", "x.odd", "--format", "text"),
  ],
  [
    "Choose another --format.",
    () => chainrule("explain", "wide.yaml", "--format", "svg"),
    () => chainrule("explain", "wide.yaml", "--format", "text"),
  ],
  [
    "Give the network file, and the checkpoint with --checkpoint PATH.",
    () => chainrule("predict", "n.safetensors", "--set", "name=x", "-i", "1,2"),
    () => chainrule("predict", "n.yaml", "-c", "n.safetensors", "--set", "name=x", "-i", "1,2"),
  ],
  [
    "Leave out --picture; what the file holds is listed without it.",
    () => chainrule("inspect", "n.safetensors", "--picture", "n.svg"),
    () => chainrule("inspect", "n.safetensors"),
  ],
  [
    "Let the name end in .csv; --json prints the predictions as JSON.",
    () => chainrule("predict", "n.yaml", "-i", "1,2", "--out", "p.parquet"),
    () => chainrule("predict", "n.yaml", "-i", "1,2", "--out", "p.csv"),
    () => chainrule("predict", "n.yaml", "-i", "1,2", "--json"),
  ],
  [
    "Give the network file, and the checkpoint with --checkpoint where the command has that; predict and evaluate take it alone.",
    () => chainrule("export", "n.safetensors", "--to", "onnx"),
    () => chainrule("export", "n.yaml", "--to", "onnx", "--force", "--checkpoint", "n.safetensors"),
    () => chainrule("summary", "n.yaml"),
    () => chainrule("predict", "n.safetensors", "-i", "1,2"),
  ],
  [
    'Give each of them, divided by "…".',
    () => chainrule("predict", "n.safetensors", "-i", "1"),
    () => chainrule("predict", "n.safetensors", "-i", "1,2"),
  ],
  [
    'Say for example: … predict … --input "…"',
    () => chainrule("predict", "n.safetensors"),
    () => chainrule("predict", "n.safetensors", "--input", "1,2"),
  ],
  [
    "Train first: … train …. Or give --checkpoint PATH, or --untrained to use the first values.",
    () => chainrule("predict", "f32.yaml"),
    () => chainrule("predict", "f32.yaml", "--untrained"),
    () => chainrule("predict", "n.yaml", "--checkpoint", "n.safetensors"),
    async () => {
      await chainrule("train", "f32.yaml");
      await chainrule("predict", "f32.yaml");
    },
  ],
  [
    "Give rows of the size of those in training.",
    () => chainrule("predict", "trained-f32.safetensors", "-i", "1e60,2"),
    () => chainrule("predict", "trained-f32.safetensors", "-i", "1,2"),
  ],
  [
    "Give the checkpoint of this network, or the network file and --set values that it was trained with.",
    () => chainrule("train", "wide.yaml", "--resume", "n.safetensors"),
    () => chainrule("train", "n.yaml", "--resume", "n.safetensors"),
  ],
  [
    "Use the checkpoint's seed: --seed …, or training: { seed: … } in the network file.",
    () => chainrule("train", "n.yaml", "--resume", "n.safetensors", "--seed", "3"),
    () => chainrule("train", "n.yaml", "--resume", "n.safetensors", "--seed", "0"),
    () => {
      write(cwd, { "seed.yaml": network({ training: "{ epochs: 3, seed: 0 }" }) });
      return chainrule("train", "seed.yaml", "--resume", "n.safetensors");
    },
  ],
  [
    "Say training: { dtype: … } in the network file, as the checkpoint's did.",
    () => chainrule("train", "f32.yaml", "--resume", "n.safetensors"),
    () => {
      write(cwd, { "f64.yaml": network({ training: "{ epochs: 1, dtype: f64 }" }) });
      return chainrule("train", "f64.yaml", "--resume", "n.safetensors");
    },
  ],
  [
    "Take data with the same columns and classes, or train from the start without --resume.",
    () => {
      write(cwd, { "other.csv": table.replace("a,b", "c,b") });
      write(cwd, { "o.yaml": network({ data: "{ csv: { file: other.csv, target: kind } }" }) });
      return chainrule("train", "o.yaml", "--resume", "n.safetensors");
    },
    () => chainrule("train", "n.yaml", "--resume", "n.safetensors"),
    () => chainrule("train", "o.yaml"),
  ],
  [
    "Make the folder, or choose another place with ….",
    () => chainrule("train", "n.yaml", "--out", "new/o.safetensors"),
    () => chainrule("train", "n.yaml", "--out", "o.safetensors"),
    () => {
      mkdirSync(join(cwd, "new"));
      return chainrule("train", "n.yaml", "--out", "new/o.safetensors");
    },
  ],
  [
    "Choose another name with ….",
    () => {
      mkdirSync(join(cwd, "d.safetensors"));
      return chainrule("train", "n.yaml", "--out", "d.safetensors");
    },
    () => chainrule("train", "n.yaml", "--out", "e.safetensors"),
  ],
  [
    "Choose another place with ….",
    () => failing("EROFS", () => checkWritable(join(cwd, "p.safetensors"))),
    () => checkWritable(join(cwd, "p.safetensors")),
    () => chainrule("train", "n.yaml", "--out", "p.safetensors"),
  ],
  [
    "Give the network, and the table with --data: NETWORK --data …",
    () => chainrule("predict", "t.csv", "-i", "1,2"),
    (fix) =>
      chainrule("predict", ...fix.replace(/^.*: /, "").replace("NETWORK", "n.yaml").split(" ")),
    (fix) =>
      chainrule("evaluate", ...fix.replace(/^.*: /, "").replace("NETWORK", "n.yaml").split(" ")),
  ],
  [
    "Give a network file: it says where its data are, such as data: { csv: { file: train.csv, target: price } }.",
    () => chainrule("train", "t.csv"),
    () => {
      write(cwd, { "train.csv": "a,b,price\n1,2,3\n2,3,4\n3,4,6\n" });
      const data = "{ csv: { file: train.csv, target: price } }";
      const layers = "[{ linear: { outputs: 1 } }]";
      write(cwd, { "p.yaml": network({ layers, loss: "meanSquaredError", data }) });
      return chainrule("train", "p.yaml", "-q");
    },
  ],
  [
    "Change the permissions, or choose another place with ….",
    () => failing("EACCES", () => checkWritable(join(cwd, "p.safetensors"))),
    () => checkWritable(join(cwd, "p.safetensors")),
    () => chainrule("train", "n.yaml", "--out", "p.safetensors"),
  ],
  [
    "Leave --port out: a free one is found.",
    () => taken((port) => chainrule("studio", "--no-open", "--port", port)),
    () => serve(),
  ],
  [
    "In a checkout of the sources, run npm run build.",
    () => without("studio", ["studio", "--no-open"]),
    () => {
      const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
      if (!scripts.build.includes("build.mjs")) throw new Error("there is no npm run build");
      // What it has built serves.
      return serve();
    },
  ],
  [
    "Leave out --backend, or choose one of these.",
    () => chainrule("bench", "-w", "W1", "--repetitions", "1", "--backend", "interpreter"),
    () => chainrule("bench", "-w", "W1", "--repetitions", "1"),
    () => chainrule("bench", "-w", "W1", "--repetitions", "1", "--backend", "wasm"),
  ],
  [
    "Time less: --workloads W1, or --threads 1.",
    () => {
      throw unusable({ message: "died" });
    },
    () => chainrule("bench", "--workloads", "W1", "--repetitions", "1"),
    () => chainrule("bench", "-w", "W1", "--repetitions", "1", "--threads", "1"),
  ],
];
