/** Advice about windows over time, and about texts that are written on, followed. */

import { evaluateCommand } from "../../src/cli/evaluate.ts";
import { predictCommand } from "../../src/cli/predict.ts";
import { predictTexts } from "../../src/cli/predict-text.ts";
import * as d from "../../src/data/index.ts";
import { tensor } from "../../src/index.ts";
import { parseNetwork, prepareNetwork, toMetadata } from "../../src/network-file/index.ts";
import { folder, run, write } from "../cli/run.ts";
import { parse } from "../network-file/sample.ts";
import type { Row } from "./row.ts";

const series = (rows: number, hole?: number): string =>
  `t,y\n${Array.from({ length: rows }, (_, t) => `${t},${t === hole ? "" : 2 * t}\n`).join("")}`;
const windows = (options: object, text = series(8)) =>
  d.tableDataset(d.parseTable(text), { target: "y", windows: { length: 3 }, ...options });
const grouped = "t,y,k\n0,1,a\n1,2,a\n2,3,b\n3,4,b\n";
const holes = { missing: "drop" };

const cwd = folder();
const text = parse({
  layers: "[{ embedding: { entries: 3, features: 2 } }, { linear: { outputs: 3 } }]",
  data: "{ text: { file: t.txt, length: 2 } }",
  training: "{ epochs: 1 }",
});
const loaded = async () => {
  const prepared = await prepareNetwork(text, async () => new TextEncoder().encode("abcab"));
  const { description, marks } = prepared.data;
  toMetadata(prepared);
  return { network: text, description, marks, trainer: prepared.trainer };
};
/** A network of two numbers and classes, trained on arrays. */
const arrays = (x: readonly (readonly number[])[], y: readonly number[], labels = true) =>
  d.npzBytes({ x: tensor(x), y: tensor(y, { dtype: labels ? "i32" : "f64" }) });
const npz = async () => {
  const network =
    "layers: [{ linear: { outputs: 1 } }]\nloss: meanSquaredError\noptimizer: sgd\n" +
    "data: { npz: { file: a.npz, inputs: x, targets: y } }\ntraining: { epochs: 1 }\n";
  const two = [
    [1, 2],
    [3, 4],
  ];
  write(cwd, {
    "a.yaml": network,
    "a.npz": arrays(two, [0, 1], false),
    "wide.npz": arrays([[1, 2, 3]], [0], false),
    "pairs.npz": d.npzBytes({ x: tensor(two), y: tensor(two) }),
    "a.csv": "p,q\n1,2\n",
    "one.csv": "p\n1\n",
  });
  const prepared = await prepareNetwork(parseNetwork(network), async () =>
    arrays(two, [0, 1], false),
  );
  await prepared.trainer.save(`${cwd}/a.safetensors`, {
    ...toMetadata(prepared),
    network,
    network_path: "a.yaml",
  });
};
const evaluate = async (file: string) => {
  await npz();
  await silently(() => evaluateCommand(`${cwd}/a.safetensors`, { data: `${cwd}/${file}` }));
};
const rows = async (file: string) => {
  await npz();
  await silently(() => predictCommand(`${cwd}/a.safetensors`, { data: `${cwd}/${file}` }));
};

/** What predict says, into a file, so that nothing is printed. */
const predict = async (options: object) => {
  const section = text.data?.text;
  if (!section) throw new Error("no text");
  write(cwd, { "t.csv": "a,b\nab,ca\n", "one.csv": "a\nab\n", "named.csv": "text,b\nab,1\n" });
  await predictTexts(await loaded(), section, { ...options, out: `${cwd}/out.csv`, json: true });
};
const silently = async (work: () => Promise<unknown>): Promise<void> => {
  const { write: own } = process.stdout;
  process.stdout.write = () => true;
  try {
    await work();
  } finally {
    process.stdout.write = own;
  }
};
const quiet = (options: object) => silently(() => predict(options));
const command = async (...args: string[]) => {
  write(cwd, {
    "n.yaml":
      "layers: [{ embedding: { entries: 3, features: 2 } }, { linear: { outputs: 3 } }]\n" +
      "loss: crossEntropy\noptimizer: sgd\ndata: { text: { file: t.txt, length: 2 } }\n",
    "t.txt": "abcab",
  });
  const { code, stderr } = await run(["predict", "n.yaml", "--untrained", ...args], { cwd });
  if (code !== 0)
    throw await import("../../src/core/errors.ts").then(({ ChainruleError }) => {
      const fix = /fix +([\s\S]*)$/.exec(stderr)?.[1]?.replace(/\s+/g, " ").trim() ?? "";
      return new ChainruleError("usage", { message: stderr, fix });
    });
};

export const writing: readonly Row[] = [
  [
    "Give a longer text, or check how it is read.",
    () => d.nextTokens("a", d.utf8Bytes, { length: 2 }),
    () => d.nextTokens("ab", d.utf8Bytes, { length: 2 }),
    () => d.nextTokens(["a"], d.utf8Bytes, { length: 2 }),
  ],
  [
    "Fill in what is missing: each row is a moment, and each place in it a column.",
    () => d.slidingWindows([[1, 2], [3]], { length: 1 }),
    () =>
      d.slidingWindows(
        [
          [1, 2],
          [3, 4],
        ],
        { length: 1 },
      ),
  ],
  [
    "Give more rows, or take a smaller `length` or `horizon`.",
    () => windows({}, series(3)),
    () => windows({}, series(4)),
    () => windows({ windows: { length: 2 } }, series(3)),
  ],
  [
    "Leave out …, or windows.",
    () => windows({ groups: "k" }, grouped),
    () => windows({}, grouped),
    () => windows({ groups: "k", windows: undefined, validation: 0.5 }, grouped),
  ],
  [
    "Take the rows of one series, such as one place, at a time.",
    () => windows({ ordered: "t" }, `${series(8)}3,1\n`),
    () => windows({ ordered: "t" }, series(8)),
  ],
  [
    "Fill it in, or begin behind it.",
    () => windows(holes, series(12, 5)),
    () => windows(holes, series(12)),
    () => windows(holes, series(12, 0)),
  ],
  [
    'Call the column of the texts "text".',
    () => quiet({ data: `${cwd}/t.csv` }),
    () => quiet({ data: `${cwd}/named.csv` }),
    () => quiet({ data: `${cwd}/one.csv` }),
  ],
  [
    "Give the array that the network was trained on, or one whose examples are as large.",
    () => evaluate("wide.npz"),
    () => evaluate("a.npz"),
    () => rows("a.npz"),
  ],
  [
    "Give targets of the shape of those in training.",
    () => evaluate("pairs.npz"),
    () => evaluate("a.npz"),
  ],
  [
    "Give a column of numbers for each input, in the order of training.",
    () => rows("one.csv"),
    () => rows("a.csv"),
  ],
  ["Give the beginning of a text.", () => quiet({ input: [""] }), () => quiet({ input: ["a"] })],
  [
    'Leave --… out, or say how the text begins: --input "…"',
    () => command("--length", "2"),
    () => command(),
    () => command("--length", "2", "--input", "ab"),
  ],
];
