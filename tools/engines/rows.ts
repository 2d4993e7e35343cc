/**
 * What is compared between engines: everything that trains, draws or prints numbers, each part as a
 * hash of its bits. The same module runs in Node, Deno, Bun and in a worker of a page.
 */

import spirals from "../../examples/spirals.yaml";
import twoTwoTwo from "../../examples/two-two-two.yaml";
import { shared } from "../../src/backends/wasm/emit/threads.ts";
import { elementsOf } from "../../src/core/array-tensor.ts";
import { at } from "../../src/core/at.ts";
import { engineName } from "../../src/core/engine.ts";
import * as library from "../../src/index.ts";
import { built } from "../../src/network-file/form.ts";
import { generators } from "../../src/network-file/generators.ts";
import {
  buildLoss,
  buildModel,
  buildOptimizer,
  parseNetwork,
  prepareNetwork,
  toMetadata,
} from "../../src/network-file/index.ts";
import { initializers } from "../../src/network-file/initializers.ts";
import { layers } from "../../src/network-file/layers.ts";
import { losses } from "../../src/network-file/losses.ts";
import { optimizers } from "../../src/network-file/optimizers.ts";
import { schedules } from "../../src/network-file/schedules.ts";

/** One hash: `row` and `part` are what was computed, `way` how it is to make no difference. */
export interface Hash {
  readonly row: string;
  readonly part: string;
  readonly way: string;
  readonly hash: string;
}

export interface Findings {
  readonly engine: string;
  readonly hashes: readonly Hash[];
  /** The most threads that worked on one command. */
  readonly threads: number;
}

type Dtype = "f32" | "f64";
const dtypes: readonly Dtype[] = ["f32", "f64"];

/** Two lanes of FNV-1a; a hash for comparing, not for keeping secrets. */
export function hashOf(bytes: Uint8Array): string {
  let [a, b] = [0x811c9dc5, 0x6c62272e];
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, 0x01000193);
    b = Math.imul(b ^ byte, 0x01000193) ^ (a >>> 15);
  }
  return [a, b].map((lane) => (lane >>> 0).toString(16).padStart(8, "0")).join("");
}

const textHash = (text: string): string => hashOf(new TextEncoder().encode(text));

/** Numbers by their bits, but for those of a NaN, of which engines keep no account. */
function valuesHash(lists: readonly ArrayLike<number>[]): string {
  const all = lists.flatMap((list) => Array.from(list));
  const view = new DataView(new ArrayBuffer(8 * all.length));
  all.forEach((x, i) => {
    if (Number.isNaN(x)) view.setUint32(8 * i, 0x7ff80000);
    else view.setFloat64(8 * i, x);
  });
  return hashOf(new Uint8Array(view.buffer));
}

/** A table of numbers that need no rounding in f32. */
const table = (rows: number, columns: number) =>
  Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (_, k) => (((i * 37 + k * 11 + i * k) % 64) - 31.5) / 32),
  );

const examples = 96;
const width = 33;
const inputs = table(examples, width);
const targets = {
  labels: inputs.map((_, i) => i % 3),
  signs: inputs.map((_, i) => [i % 2 === 0 ? 1 : -1, i % 3 === 0 ? 1 : -1, 1]),
  numbers: inputs.map((_, i) => (i % 2 === 0 ? [0.25, 0.5, 0.25] : [0.5, 0.125, 0.375])),
};

/** What a network file may say, as far as it differs from the usual. */
interface Network {
  readonly layers?: readonly unknown[];
  readonly loss?: unknown;
  readonly optimizer?: unknown;
  readonly targets?: keyof typeof targets;
}

interface Way {
  readonly dtype: Dtype;
  readonly threads?: number;
  readonly deterministic?: boolean;
  readonly backend?: "wasm" | "interpreter";
}

function trainerOf(given: Network, way: Way): library.Trainer {
  const network = parseNetwork(
    JSON.stringify({
      inputs: width,
      layers: given.layers ?? [{ linear: { outputs: 40 } }, "tanh", { linear: { outputs: 3 } }],
      loss: given.loss ?? "crossEntropy",
      optimizer: given.optimizer ?? { adam: { learningRate: 0.01 } },
    }),
  );
  return library.trainer(buildModel(network), {
    loss: buildLoss(network),
    optimizer: buildOptimizer(network),
    seed: 5,
    deterministic: true,
    ...way,
  });
}

/** The memories that were shared with workers, the last one last. */
const memories: WebAssembly.Memory[] = [];
let together = 1;

function watchMemory(): void {
  const Original = WebAssembly.Memory;
  WebAssembly.Memory = class extends Original {
    constructor(limits: WebAssembly.MemoryDescriptor) {
      super(limits);
      if (limits.shared) memories.push(this);
    }
  };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const patience = 20_000;

/** Trains for some epochs; where there are workers, the last ones with all of them. */
async function train(t: library.Trainer, given: Network, epochs = 4): Promise<void> {
  memories.length = 0;
  const kind = given.targets ?? "labels";
  const classes = kind === "labels" ? { classes: ["a", "b", "c"] } : {};
  const data = { inputs, targets: targets[kind], ...classes };
  for await (const _ of t.fit(data, { epochs, batchSize: 24 })) {
    const memory = memories.at(-1);
    if (memory === undefined) continue;
    const words = new Int32Array(memory.buffer);
    const until = performance.now() + patience;
    while (words[shared.ready / 4] === 0 && performance.now() < until) await pause(1);
    together = Math.max(together, at(words, shared.command / 4) & 255);
  }
}

async function trained(given: Network, way: Way): Promise<string> {
  const t = trainerOf(given, way);
  await train(t, given);
  return hashOf(t.toBytes());
}

/** Forty numbers of a row as a tensor of these sizes. */
const as = (...sizes: readonly number[]): readonly unknown[] => [
  { linear: { outputs: sizes.reduce((n, size) => n * size, 1) } },
  { unflatten: { sizes } },
];
const sequence = as(5, 8);
const line = as(4, 10);
const plane = as(4, 3, 4);
const space = as(2, 3, 2, 4);
const window = { kernelSize: 2 };
const filters = { outChannels: 4, kernelSize: 2 };
const wrapped = [{ linear: { outputs: 40 } }];

/**
 * Layers that stand not between rows of numbers by their name alone: what stands in a network of
 * theirs. null: it is part of the others, or takes whole numbers, which no row holds.
 */
const shaped: Readonly<Record<string, readonly unknown[] | null>> = {
  ...{ linear: null, sequential: null, unflatten: null, embedding: null, embeddingBag: null },
  bilinear: [{ bilinear: { outputs: 8 } }],
  conv1d: [...line, { conv1d: filters }],
  conv2d: [...plane, { conv2d: filters }],
  conv3d: [...space, { conv3d: filters }],
  convTranspose1d: [...line, { convTranspose1d: filters }],
  convTranspose2d: [...plane, { convTranspose2d: filters }],
  convTranspose3d: [...space, { convTranspose3d: filters }],
  maxPool1d: [...line, { maxPool1d: window }],
  maxPool2d: [...plane, { maxPool2d: window }],
  maxPool3d: [...space, { maxPool3d: window }],
  avgPool1d: [...line, { avgPool1d: window }],
  avgPool2d: [...plane, { avgPool2d: window }],
  avgPool3d: [...space, { avgPool3d: window }],
  adaptiveAvgPool1d: [...line, { adaptiveAvgPool1d: { outputSize: 3 } }],
  adaptiveAvgPool2d: [...plane, { adaptiveAvgPool2d: { outputSize: 2 } }],
  adaptiveAvgPool3d: [...space, { adaptiveAvgPool3d: { outputSize: 2 } }],
  adaptiveMaxPool1d: [...line, { adaptiveMaxPool1d: { outputSize: 3 } }],
  adaptiveMaxPool2d: [...plane, { adaptiveMaxPool2d: { outputSize: 2 } }],
  adaptiveMaxPool3d: [...space, { adaptiveMaxPool3d: { outputSize: 2 } }],
  batchNorm2d: [...plane, "batchNorm2d"],
  batchNorm3d: [...space, "batchNorm3d"],
  instanceNorm1d: [...line, "instanceNorm1d"],
  instanceNorm2d: [...plane, "instanceNorm2d"],
  instanceNorm3d: [...space, "instanceNorm3d"],
  groupNorm: [...plane, { groupNorm: { groups: 2 } }],
  dropout1d: [...line, "dropout1d"],
  dropout2d: [...plane, "dropout2d"],
  randomFlip2d: [...plane, "randomFlip2d"],
  randomShift2d: [...plane, { randomShift2d: { pixels: 1 } }],
  dropout3d: [...space, "dropout3d"],
  sinusoidalEncoding: [...sequence, "sinusoidalEncoding"],
  learnedEncoding: [...sequence, "learnedEncoding"],
  multiHeadAttention: [...sequence, { multiHeadAttention: { heads: 2 } }],
  transformerEncoderLayer: [...sequence, { transformerEncoderLayer: { heads: 2 } }],
  transformerEncoder: [...sequence, { transformerEncoder: { layers: 2, heads: 2 } }],
  // These take a second sequence, which a graph alone can give; there they are.
  ...{ transformerDecoderLayer: null, transformerDecoder: null },
  rnn: [...sequence, { rnn: { hidden: 6 } }],
  lstm: [...sequence, { lstm: { hidden: 6 } }],
  gru: [...sequence, { gru: { hidden: 6 } }],
  reshapeTo: [...line, { reshapeTo: { sizes: [8, 5] } }],
  permute: [...plane, { permute: { axes: [0, 3, 1, 2] } }],
  border: [...plane, { border: { before: [1, 0], after: [-1, 2] } }],
  rescale: [{ rescale: { scale: 0.5, offset: -1 } }],
  residual: [{ linear: { outputs: 40 } }, { residual: [...wrapped] }],
  parallel: [{ parallel: { branches: { a: wrapped, b: [...wrapped, "tanh"] } } }],
  graph: [
    ...sequence,
    {
      graph: {
        layers: {
          first: [{ linear: { outputs: 8 } }, "tanh"],
          block: [{ transformerDecoderLayer: { heads: 2 } }],
          blocks: [{ transformerDecoder: { layers: 2, heads: 2 } }],
        },
        nodes: {
          memory: { layer: "first", of: "input" },
          one: { layer: "block", of: { input: "input", memory: "memory" } },
          two: { layer: "blocks", of: { input: "one", memory: "memory" } },
        },
      },
    },
  ],
  weightNorm: [{ weightNorm: wrapped }],
  spectralNorm: [{ spectralNorm: wrapped }],
  lora: [{ lora: { rank: 4, layers: wrapped } }],
};

/** What to train, by row and part. */
function* networks(): Iterable<readonly [row: string, part: string, Network]> {
  for (const name of Object.keys(layers)) {
    if (shaped[name] !== undefined) continue;
    const between = { linear: { outputs: 40 } };
    yield ["activations", name, { layers: [between, name, { linear: { outputs: 3 } }] }];
  }
  for (const [name, part] of Object.entries(shaped)) {
    if (part === null) continue;
    yield ["layers", name, { layers: [...part, "flatten", { linear: { outputs: 3 } }] }];
  }
  const groups = [{ rank: 2, optimizer: "muon" }, { optimizer: "adam" }];
  for (const name of Object.keys(optimizers)) {
    // Muon changes matrices alone; the groups have it.
    const optimizer = name === "parameterGroups" ? { [name]: { groups } } : name;
    if (name !== "muon") yield ["optimizers", name, { optimizer }];
  }
  const variants: Record<string, unknown> = {
    "sgd with momentum": { sgd: { momentum: 0.9, nesterov: true, weightDecay: 0.01 } },
    "clipped by norm": { sgd: { learningRate: 0.1, clipNorm: 0.01 } },
    "clipped by value": { adam: { clipValue: 0.001 } },
    amsgrad: { adam: { amsgrad: true, weightDecay: 0.01 } },
    "centered rmsprop": { rmsprop: { centered: true, momentum: 0.9 } },
  };
  const cycle = { steps: 9, riseShare: 0.5 };
  const rates: Record<string, object> = {
    exponentialDecay: { initial: 0.01, rate: 0.9, steps: 9 },
    stepDecay: { initial: 0.01, rate: 0.9, steps: 9 },
    multiStepDecay: { initial: 0.01, rate: 0.9, steps: [2, 9] },
    cosineDecay: { initial: 0.01, steps: 9, minimum: 0.1 },
    polynomialDecay: { initial: 0.01, steps: 9, power: 1.5 },
    cosineRestarts: { initial: 0.01, steps: 2, growth: 3 },
    cyclic: { initial: 0.01, peak: 0.03, rise: 3, shape: "exponential", rate: 0.9 },
    oneCycle: { peak: 0.01, ...cycle },
    oneCycleMomentum: cycle,
    sequentialSchedule: { parts: [0.01, { cosineDecay: { initial: 0.01, steps: 9 } }], at: [3] },
    chainedSchedule: { parts: [0.01, { linearRamp: { initial: 1, steps: 9 } }] },
    perEpoch: { schedule: { exponentialDecay: { initial: 0.01, rate: 0.9 } }, steps: 3 },
    warmup: { steps: 7, after: 0.01 },
  };
  for (const name of Object.keys(schedules)) {
    const schedule = { [name]: rates[name] ?? { initial: 0.01, steps: 9 } };
    variants[name] =
      name === "oneCycleMomentum"
        ? { sgd: { learningRate: 0.01, momentum: schedule } }
        : { adam: { learningRate: schedule } };
  }
  for (const [part, optimizer] of Object.entries(variants)) {
    yield ["optimizers", part, { optimizer }];
  }
  const last: Record<string, string> = {
    negativeLogLikelihood: "logSoftmax",
    klDivergence: "logSoftmax",
    binaryCrossEntropy: "sigmoid",
  };
  // Their targets are of other shapes: lists of labels, and one number for two vectors.
  const others = ["ctc", "cosineEmbedding"];
  for (const [name, row] of Object.entries(losses)) {
    if (others.includes(name)) continue;
    const outputs = row.outputsFor?.(3) ?? 3;
    const ending = last[name] ? [last[name]] : [];
    yield [
      "losses",
      name,
      { layers: [{ linear: { outputs } }, ...ending], loss: name, targets: row.targets },
    ];
  }
}

/** Values at which functions are looked at, their edges included. */
const points = [
  ...[0, -0, 1, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ...[5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 1e22, 709.78, -745.13, 88.72],
  ...Array.from({ length: 400 }, (_, i) => ((i - 200) * (i + 3)) / 1024),
  ...Array.from({ length: 120 }, (_, i) => (1 + i / 7) * 2 ** (i - 60)),
];

const functions = {
  exp: library.exp,
  expm1: library.expm1,
  log: library.log,
  log1p: library.log1p,
  sin: library.sin,
  cos: library.cos,
  tan: library.tan,
  asin: library.asin,
  acos: library.acos,
  atan: library.atan,
  sinh: library.sinh,
  cosh: library.cosh,
  tanh: library.tanh,
  asinh: library.asinh,
  acosh: library.acosh,
  atanh: library.atanh,
  erf: library.erf,
  sigmoid: library.sigmoid,
  softplus: library.softplus,
  sqrt: library.sqrt,
  rsqrt: library.rsqrt,
  gelu: library.gelu,
  geluTanh: library.geluTanh,
  silu: library.silu,
  mish: library.mish,
  elu: library.elu,
  selu: library.selu,
};

/** Each function at all points, and its gradient, f64 and f32. */
function* values(way: "interpreter" | "wasm"): Iterable<readonly [part: string, hash: string]> {
  for (const dtype of dtypes) {
    const x = library.tensor(points, { dtype });
    const y = library.tensor(points.toReversed(), { dtype });
    const at = (f: (x: library.Tensor) => library.Tensor) => {
      const both = (v: library.Tensor) => [
        f(v),
        library.grad((u: library.Tensor) => f(u).sum())(v),
      ];
      const found = library.compile(both, { backend: way, deterministic: true })(x);
      return valuesHash(found.map((t) => t.dataSync()));
    };
    for (const [name, f] of Object.entries(functions)) {
      yield [`${name}, ${dtype}`, at((v) => f(v))];
    }
    yield [`pow, ${dtype}`, at((v) => library.pow(v, y))];
    yield [`pow of a constant, ${dtype}`, at((v) => library.pow(y, v))];
  }
}

/** Everything that --json and the tour print goes by this stream. */
async function printed(work: () => Promise<unknown>): Promise<string> {
  const scope = globalThis as { process?: unknown };
  const stream = { write: () => true, isTTY: false, columns: 80 };
  scope.process ??= { stdout: stream, stderr: { ...stream }, env: {}, argv: [] };
  const { stdout } = scope.process as { stdout: { write: unknown } };
  const { write } = stdout;
  let text = "";
  stdout.write = (piece: string) => {
    text += piece;
    return true;
  };
  try {
    await work();
  } finally {
    stdout.write = write;
  }
  return text;
}

async function tour(): Promise<string> {
  const text = await printed(async () => {
    const { tourCommand } = await import("../../src/cli/tour.ts");
    await tourCommand({ json: true });
  });
  const { seconds: _, ...story } = JSON.parse(text);
  return textHash(JSON.stringify(story));
}

/** The checkpoint of `chainrule train examples/spirals.yaml --deterministic`. */
async function spiralsCheckpoint(): Promise<string> {
  const network = parseNetwork(spirals, { path: "examples/spirals.yaml" });
  const nothing = () => Promise.reject(new TypeError("it reads no files"));
  const prepared = await prepareNetwork(network, nothing, { deterministic: true });
  await prepared.trainer.fit(prepared.data.train, prepared.fit);
  return hashOf(prepared.trainer.toBytes(toMetadata(prepared)));
}

/** Training that was saved, loaded into another trainer and gone on with. */
async function resumed(way: Way): Promise<string> {
  const given: Network = {
    layers: [{ linear: { outputs: 40 } }, { dropout: {} }, "tanh", { linear: { outputs: 3 } }],
  };
  const first = trainerOf(given, way);
  await train(first, given, 2);
  const second = trainerOf(given, way);
  second.fromBytes(first.toBytes());
  await train(second, given, 2);
  return hashOf(second.toBytes());
}

/** All numbers of some plain data, in its order. */
const numbersIn = (data: unknown): number[] => {
  if (typeof data === "number") return [data];
  return typeof data === "object" && data !== null ? Object.values(data).flatMap(numbersIn) : [];
};

/** The numbers of a worked example's derivations, as data and as they are printed. */
async function* derivations(): AsyncIterable<readonly [part: string, hash: string]> {
  const network = parseNetwork(twoTwoTwo, { path: "examples/two-two-two.yaml" });
  const nothing = () => Promise.reject(new TypeError("it reads no files"));
  const { trainer, data } = await prepareNetwork(network, nothing, { deterministic: true });
  for (const update of ["simultaneous", "sequential"] as const) {
    const derivation = await library.explain(trainer, { data: data.train, all: true, update });
    yield [`as data, ${update}`, valuesHash([numbersIn(derivation.toJSON())])];
    const printed = derivation.toText().match(/\d+\.\d+(?:e[+-]?\d+)?/g) ?? [];
    yield [`as printed, ${update}`, textHash(printed.join(" "))];
  }
}

export interface Options {
  /** A few parts of each row, for tests. */
  readonly small?: boolean;
  readonly told?: (row: string) => void;
}

export async function findings({
  small = false,
  told = () => {},
}: Options = {}): Promise<Findings> {
  watchMemory();
  const hashes: Hash[] = [];
  const add = (row: string, part: string, way: string, hash: string) => {
    if (hashes.at(-1)?.row !== row) told(row);
    hashes.push({ row, part, way, hash });
  };
  const some = <T>(list: Iterable<T>): T[] => [...list].slice(0, small ? 2 : undefined);

  for (const name of some(Object.keys(generators))) {
    for (const noise of [0, 0.3]) {
      const options = name === "blobs" ? { centers: 4, features: 5, noise } : { noise };
      const { inputs, targets } = built(
        generators,
        { name, options: { size: 90, seed: 3, ...options } },
        undefined,
      );
      add(
        "generators",
        `${name}, noise ${noise}`,
        "",
        valuesHash([elementsOf(inputs), elementsOf(targets)]),
      );
    }
  }
  for (const dtype of dtypes) {
    for (const name of some(Object.keys(initializers))) {
      const start = name === "constant" ? { constant: { value: 0.1 } } : name;
      const t = trainerOf({ layers: [{ linear: { outputs: 40, weight: start } }] }, { dtype });
      add(`initial values, ${dtype}`, name, "", valuesHash([...t.snapshot().values()]));
    }
  }
  const few = ["tanh", "lstm", "dropout", "adam", "huber"];
  const wanted = [...networks()].filter(([, part]) => !small || few.includes(part));
  for (const row of new Set(wanted.map(([row]) => row))) {
    for (const dtype of dtypes) {
      for (const [of, part, network] of wanted) {
        if (of !== row) continue;
        for (const threads of [1, 2]) {
          const way = threads === 1 ? "1 thread" : "2 threads";
          add(`${row}, ${dtype}`, part, way, await trained(network, { dtype, threads }));
        }
      }
    }
  }
  for (const dtype of dtypes) {
    for (const threads of [1, 2]) {
      const way = threads === 1 ? "1 thread" : "2 threads";
      add(`saved, loaded and resumed, ${dtype}`, "dropout", way, await resumed({ dtype, threads }));
    }
  }
  for (const [row, part, network] of wanted) {
    if (row !== "activations" && row !== "losses") continue;
    const hash = await trained(network, { dtype: "f64", backend: "interpreter" });
    add(`${row}, interpreted`, part, "", hash);
  }
  for (const way of ["interpreter", "wasm"] as const) {
    const row = way === "wasm" ? "functions, compiled" : "functions, interpreted";
    for (const [part, hash] of some(values(way))) add(row, part, "", hash);
  }
  for await (const [part, hash] of derivations()) add("derivations", part, "", hash);
  add("the tour", "as data", "", await tour());
  if (!small) {
    add("train examples/spirals.yaml", "checkpoint", "by the library", await spiralsCheckpoint());
  }
  for (const dtype of dtypes) {
    const hash = await trained({}, { dtype, threads: 1, deterministic: false });
    add("without deterministic", dtype, "", hash);
  }
  return { engine: engineName(), hashes, threads: together };
}
