/** What the form says about a network file, and the file that a filled form makes. */
import { parse, stringify } from "yaml";

export const activations = [
  "sigmoid",
  "tanh",
  "relu",
  "leakyRelu",
  "elu",
  "selu",
  "gelu",
  "silu",
  "mish",
  "softplus",
  "softsign",
  "softmax",
] as const;
export const losses = [
  "halfSquaredError",
  "meanSquaredError",
  "meanAbsoluteError",
  "huber",
  "crossEntropy",
  "binaryCrossEntropy",
  "binaryCrossEntropyWithLogits",
  "hinge",
] as const;
export const optimizers = ["sgd", "adam", "adamW", "rmsprop", "adagrad"] as const;
export const dataKinds = [
  "keep",
  "xor",
  "moons",
  "circles",
  "spirals",
  "blobs",
  "sine",
  "csv",
] as const;
export type DataKind = (typeof dataKinds)[number];

export interface Build {
  readonly layers: readonly { readonly units: number; readonly activation: string }[];
  /** The activation behind the last layer, or "none". */
  readonly output: string;
  readonly loss: string;
  readonly optimizer: string;
  readonly learningRate: number;
  readonly data: DataKind;
}

type Plain = { [name: string]: unknown };

/** The name of a choice such as `relu` or `{ relu: … }`, and its options. */
function chosen(v: unknown): [name: string, options: Plain] {
  if (typeof v === "string") return [v, {}];
  const [name = "", options = {}] = Object.entries((v ?? {}) as Plain)[0] ?? [];
  return [name, (options ?? {}) as Plain];
}

/** What a file that the engine has accepted comes to in the form. */
export function buildOf(text: string): Build {
  const file = parse(text) as Plain;
  const layers: { units: number; activation: string }[] = [];
  for (const layer of file.layers as unknown[]) {
    const [name, options] = chosen(layer);
    const last = layers.at(-1);
    if (name === "linear") layers.push({ units: Number(options.outputs), activation: "none" });
    else if (last?.activation === "none") last.activation = name;
  }
  const [optimizer, options] = chosen(file.optimizer);
  const rate = typeof options.learningRate === "number" ? options.learningRate : 0.01;
  return {
    layers: layers.slice(0, -1),
    output: layers.at(-1)?.activation ?? "none",
    loss: chosen(file.loss)[0],
    optimizer,
    learningRate: rate,
    data: "keep",
  };
}

const made: Readonly<Partial<Record<DataKind, Plain>>> = {
  xor: { generate: { xor: { size: 100 } } },
  moons: { generate: { moons: { size: 200, noise: 0.1 } } },
  circles: { generate: { circles: { size: 200, noise: 0.05 } } },
  spirals: { generate: { spirals: { size: 200, noise: 0.01 } } },
  blobs: { generate: { blobs: { size: 150, centers: 3 } } },
  sine: { generate: { regression: { kind: "sine", size: 100, noise: 0.05 } } },
};

/** How many outputs a loss needs for these data. */
function outputsFor(kind: DataKind, loss: string, before: number): number {
  if (kind === "keep" || kind === "csv") return before;
  if (kind === "sine") return 1;
  if (kind === "blobs") return 3;
  return loss === "crossEntropy" ? 2 : 1;
}

/** The file of a filled form; data that are kept come from the file before. */
export function fileOf(build: Build, before: string): string {
  const old = parse(before) as Plain;
  const last = (old.layers as unknown[]).map(chosen).findLast(([name]) => name === "linear");
  const outputs = outputsFor(build.data, build.loss, Number(last?.[1].outputs ?? 1));
  const linear = (units: number, activation: string) => ({
    linear: {
      outputs: units,
      weight: /relu|elu|silu|mish/i.test(activation) ? "heNormal" : "xavierUniform",
      bias: 0,
    },
  });
  const layers = [
    ...build.layers.flatMap(({ units, activation }) => [
      linear(units, activation),
      ...(activation === "none" ? [] : [activation]),
    ]),
    linear(outputs, build.output),
    ...(build.output === "none" ? [] : [build.output]),
  ];
  const training = (old.training ?? {}) as Plain;
  const batchSize = build.data === "keep" ? (training.batchSize ?? 32) : 32;
  return stringify({
    ...(typeof old.name === "string" && build.data === "keep" ? { name: old.name } : {}),
    layers,
    loss: build.loss,
    optimizer: { [build.optimizer]: { learningRate: build.learningRate } },
    data: made[build.data] ?? old.data,
    training: { ...training, batchSize },
  });
}
