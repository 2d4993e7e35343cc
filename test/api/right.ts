/** Right arguments of everything that can be called from outside, and what is done with results. */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import * as data from "../../src/data/index.ts";
import * as exchange from "../../src/exchange/index.ts";
import * as chainrule from "../../src/index.ts";
import * as processes from "../../src/mpi/index.ts";
import * as file from "../../src/network-file/index.ts";
import { functions } from "./functions.ts";
import {
  type Any,
  bytes,
  called,
  derivation,
  diagnosis,
  fitted,
  idx,
  inFolder,
  inUse,
  labels,
  loaded,
  make,
  network,
  optimizes,
  type Probe,
  pairs,
  points,
  prepared,
  probe,
  read,
  report,
  stored,
  table,
  text,
  trained,
  v,
  x,
} from "./samples.ts";
import { made as opaque } from "./wrong.ts";

const { tensor } = chainrule;
const parquet = new Uint8Array(
  readFileSync(new URL("../fixtures/tables/ways-none.parquet", import.meta.url)),
);
const image = new Uint8Array(
  readFileSync(new URL("../fixtures/images/tiny-interlaced.png", import.meta.url)),
);
const decodesNothing = () => ({ width: 1, height: 1, data: new Uint8Array(4) });

const method = (
  name: string,
  right: readonly unknown[],
  on = make,
  use?: Probe["use"],
): [string, Probe] => [
  name,
  probe(
    (...given: never[]) => (on() as unknown as Record<string, Any>)[name]!(...given),
    right,
    use,
  ),
];

/** Options of fit, with a checkpoint in this test's folder. */
function withCheckpointIn(options: unknown): never {
  const checkpoint = (options as { checkpoint?: { path?: unknown } } | undefined)?.checkpoint;
  if (typeof checkpoint?.path !== "string") return options as never;
  const path = inFolder(checkpoint.path);
  return { ...(options as object), checkpoint: { ...checkpoint, path } } as never;
}

const trainerMethods: Record<string, Probe> = Object.fromEntries([
  [
    "fit",
    probe(
      (given: never, options: unknown) => make().fit(given, withCheckpointIn(options)),
      [
        pairs,
        {
          epochs: 1,
          batchSize: 2,
          shuffle: true,
          validation: pairs,
          earlyStopping: { patience: 1, minDelta: 0, restoreBest: true },
          signal: { aborted: false },
          onEpoch: () => {},
          checkpoint: { path: "on-the-way.safetensors", every: 1, best: "loss" },
          onStep: () => {},
        },
      ],
    ),
  ],
  method("step", [pairs]),
  method("remarks", [pairs]),
  method("evaluate", [pairs, { batchSize: 1 }]),
  method("stepAsync", [pairs]),
  method("evaluateAsync", [pairs, { batchSize: 1 }]),
  method("predict", [[[1, 2]]], make, read),
  method("predictAsync", [[[1, 2]]], make, read),
  method("setParameters", [
    { "0.bias": Float32Array.of(1, 2), "2.bias": tensor([1]) },
    { strict: true, names: /bias$/ },
  ]),
  method("toBytes", [{ note: "mine" }]),
  method("fromBytes", [trained.toBytes()]),
  [
    "save",
    probe(
      (path: unknown, extra: never) => make().save(inFolder(path) as string, extra),
      ["t.safetensors", { note: "mine" }],
    ),
  ],
  method("load", [loaded]),
  method("stepGraph", [pairs]),
]);

const methodsOf = (object: object): string[] =>
  Object.getOwnPropertyNames(Object.getPrototypeOf(object)).filter(
    (name) => name !== "constructor" && typeof (object as never)[name] === "function",
  );

/** Methods of what explaining gives; all take options at most. */
const handle = (object: object): Record<string, Probe> =>
  Object.fromEntries(
    methodsOf(object).map((name) => [
      name,
      probe(
        (...given: never[]) => (object as Record<string, Any>)[name]!(...given),
        [/^to[A-Z]/.test(name) && name !== "toJSON" ? { language: "en" } : {}],
      ),
    ]),
  );

const dataFunctions: Record<string, Probe> = {
  applyPreprocessing: probe(data.applyPreprocessing, [
    fitted.preprocessing,
    [{ a: 1, b: "2", kind: "x" }],
  ]),
  "applyPreprocessing to a table": probe(data.applyPreprocessing, [fitted.preprocessing, table]),
  blobs: probe(data.blobs, [{ size: 4, noise: 0, seed: 0, centers: 2, features: 2 }]),
  checkPreprocessing: probe(data.checkPreprocessing, [fitted.preprocessing]),
  circles: probe(data.circles, [{ size: 4, noise: 0.1, seed: 0, factor: 0.5 }]),
  dataset: probe(data.dataset, [
    {
      inputs: points.inputs,
      targets: points.targets,
      classes: ["a", "b"],
      inputNames: ["x"],
      targetNames: ["y"],
    },
  ]),
  examples: probe(data.examples, [
    { inputs: [[1], [2]], targets: ["a", "b"], classes: ["a", "b"] },
  ]),
  "examples of numbers": probe(data.examples, [pairs]),
  gunzip: probe(data.gunzip, [gzipSync(idx), 100]),
  idxDataset: probe(data.idxDataset, [
    data.parseIdx(idx),
    data.parseIdx(labels),
    { classes: 2, scale: 1 },
  ]),
  isGzip: probe(data.isGzip, [idx]),
  kFold: probe(data.kFold, [points, 2, { shuffle: true, seed: 0, stratify: true }]),
  "kFold by groups": probe(data.kFold, [points, 2, { groups: ["a", "b"] }]),
  kFoldIndices: probe(data.kFoldIndices, [4, 2, { ordered: [3, 1, 2, 0], gap: 0 }]),
  classWeights: probe(data.classWeights, [points, { a: 2 }]),
  oversample: probe(data.oversample, [points, { seed: 1 }]),
  moons: probe(data.moons, [{ size: 4, noise: 0, seed: 0 }]),
  decodeImage: probe(data.decodeImage, [image, { maxPixels: 100, decodeJpeg: decodesNothing }]),
  imageFolder: probe(data.imageFolder, [
    [{ path: "cat/one.png", bytes: image }],
    {
      ...{ size: [2, 3], channels: 1, fit: "crop", mean: 0.5, deviation: [0.5], flatten: true },
      ...{ dtype: "f64", classes: ["cat"], maxPixels: 100, onImage: () => {} },
    },
  ]),
  imageTensor: probe(data.imageTensor, [[{ path: "one.png", bytes: () => image }], { size: 2 }]),
  imageBatches: probe(
    data.imageBatches,
    [
      [{ path: "cat/one.png", bytes: image }],
      { batchSize: 1, shuffle: 2, size: 2, onImage: () => {} },
    ],
    (batches: AsyncGenerator) => batches.next(),
  ),
  npyBytes: probe(data.npyBytes, [v]),
  npzBytes: probe(data.npzBytes, [{ v }]),
  npzDataset: probe(data.npzDataset, [
    { x, y: tensor([0, 1], { dtype: "i32" }) },
    { inputs: "x", targets: "y", targetType: "category", classes: 2, scale: 1, dtype: "f32" },
  ]),
  parseJsonLines: probe(data.parseJsonLines, [
    '{"a": 1, "b": "x"}',
    { types: { a: "number" }, missingValues: ["-"], limit: 100, source: "t.jsonl" },
  ]),
  parseNpy: probe(data.parseNpy, [data.npyBytes(v)]),
  parseNpz: probe(data.parseNpz, [data.npzBytes({ v }), { names: ["v"], limit: 1000 }]),
  numericTargets: probe(data.numericTargets, [points, { binary: true }]),
  originalTarget: probe(data.originalTarget, [fitted.preprocessing, 1]),
  parseIdx: probe(data.parseIdx, [idx]),
  parseParquet: probe(data.parseParquet, [
    parquet,
    {
      columns: ["x"],
      types: { x: "number" },
      missingValues: ["-"],
      limit: 1e6,
      source: "t.parquet",
    },
  ]),
  parseTable: probe(data.parseTable, [
    "a,b\n1,x\n2,y\n",
    {
      delimiter: ",",
      header: ["a", "b"],
      decimal: ".",
      comment: "#",
      missingValues: [""],
      types: { a: "number" },
      source: "t.csv",
    },
  ]),
  preprocessDataset: probe(data.preprocessDataset, [fitted.preprocessing, table]),
  readIdx: probe(data.readIdx, [idx, 100]),
  readTable: probe(data.readTable, [
    new TextEncoder().encode("a,b\n1,x\n2,y\n"),
    {
      delimiter: ",",
      header: ["a", "b"],
      decimal: ".",
      comment: "#",
      missingValues: [""],
      types: { a: "number" },
      source: "t.csv",
    },
  ]),
  regression: probe(data.regression, [{ size: 4, noise: 0, seed: 0, kind: "line" }]),
  shuffledOrder: probe(data.shuffledOrder, [4, 0, 0]),
  spirals: probe(data.spirals, [{ size: 4, noise: 0, seed: 0, arms: 2, turns: 1 }]),
  split: probe(data.split, [points, { validation: 0.5, seed: 0, stratify: false }]),
  splitIndices: probe(data.splitIndices, [
    4,
    { validation: 0.5, seed: 0, stratify: true },
    [0, 0, 1, 1],
  ]),
  subset: probe(data.subset, [points, [0, 1]]),
  "tableDataset with scales": probe(data.tableDataset, [
    table,
    { target: "kind", scales: { a: { mean: 1, deviation: 2 } } },
  ]),
  parseArrow: probe(data.parseArrow, [
    new Uint8Array(readFileSync(new URL("../fixtures/tables/ways-none.arrow", import.meta.url))),
    { columns: ["x"], types: {}, limit: 1e6 },
  ]),
  characters: probe(data.characters, ["ab", { unknown: "?" }]),
  bytePairs: probe(data.bytePairs, ["r50k_base", {}]),
  nextTokens: probe(data.nextTokens, [
    ["abc", "b"],
    data.utf8Bytes,
    { length: 3, step: 2, boundary: "\n" },
  ]),
  slidingWindows: probe(data.slidingWindows, [
    [1, 2, 3, 4, 5],
    { length: 2, horizon: 1, step: 1, gap: 0, targets: [0] },
  ]),
  "tableDataset of several targets": probe(data.tableDataset, [
    table,
    { target: ["a", "kind"], inputs: { x: ["b"] } },
  ]),
  tableDataset: probe(data.tableDataset, [
    table,
    {
      target: "kind",
      inputs: ["a", "b"],
      missing: "drop",
      standardize: true,
      standardizeTarget: false,
      validation: 0.5,
      seed: 0,
      stratify: true,
      maxCategories: 10,
    },
  ]),
  xor: probe(data.xor, [{ size: 4, noise: 0, seed: 0 }]),
};

/** The methods of tensors are the functions, but for those that read. */
const tensorMethods: Record<string, Probe> = Object.fromEntries(
  methodsOf(x).map((name) => {
    const of = Object.hasOwn(functions, name) ? functions[name] : undefined;
    const rest = of === undefined ? (name === "at" ? [0, 0] : []) : of.right.slice(1);
    const on = name === "item" ? tensor(1) : (of?.right[0] ?? x);
    const call = (...given: never[]) => (on as Record<string, Any>)[name]!(...given);
    return [name, probe(call, rest ?? [], read)];
  }),
);

const emptyFiles = async () => new Uint8Array();
const plain = opaque({ ...network });
const description = { inputs: 2 };

const fileFunctions: Record<string, Probe> = {
  buildLoss: probe(file.buildLoss, [plain], (l) => read((l as Any)(v as never, v as never))),
  buildModel: probe(file.buildModel, [plain, 2], inUse as never),
  buildOptimizer: probe(file.buildOptimizer, [plain], optimizes as never),
  networkSchema: probe(file.networkSchema, []),
  parseNetwork: probe(file.parseNetwork, [text, { path: "n.yaml" }]),
  prepareNetwork: probe(file.prepareNetwork, [
    plain,
    emptyFiles,
    { backend: "interpreter", deterministic: true },
  ]),
  reader: probe(file.reader, [plain, description, { threshold: 0.5 }], called([1])),
  "reader(…)": probe(file.reader(network, { inputs: 2, classes: ["a", "b"] }, {}), [[1]]),
  restoreTrainer: probe(file.restoreTrainer, [opaque({ ...stored }), bytes]),
  storedNetwork: probe(file.storedNetwork, [bytes, "n.safetensors", plain]),
  toDatasets: probe(file.toDatasets, [plain, emptyFiles]),
  toMetadata: probe(file.toMetadata, [opaque({ ...prepared })]),
  withTraining: probe(file.withTraining, [plain, { epochs: 1, seed: 1 }]),
};

/** A model as a reader gives it. */
const foreign = {
  format: "made",
  tensors: [],
  metadata: {},
  model: async (): Promise<exchange.ForeignModel> => ({
    input: [2],
    layers: [{ name: "linear", options: { outputs: 1 } }],
    state: new Map([
      ["0.weight", { dtype: "f32", shape: [1, 2], data: Float32Array.of(1, 2) }],
      ["0.bias", { dtype: "f32", shape: [1], data: Float32Array.of(3) }],
    ]),
    remarks: [],
  }),
};

const exchangeFunctions: Record<string, Probe> = {
  encodeOnnx: probe(exchange.encodeOnnx, [
    plain,
    opaque({ ...prepared }.trainer as never),
    { input: [2] },
  ]),
  importNetwork: probe(exchange.importNetwork, [foreign, { name: "n" }]),
  loadOptimizerState: probe(exchange.loadOptimizerState, [
    chainrule.trainer(chainrule.linear(2, 1), {
      loss: chainrule.meanSquaredError,
      optimizer: chainrule.sgd(),
    }),
    { format: "made", tensors: [], metadata: { "o.param_groups.0.lr": "0.1" } },
    { prefix: "o." },
  ]),
  loadStateDict: probe(exchange.loadStateDict, [
    make(),
    { format: "made", tensors: [], metadata: {} },
    { prefix: "model.", rename: (name: string) => name, strict: false },
  ]),
  openForeign: probe(exchange.openForeign, [
    bytes,
    { name: "n.safetensors", beside: async () => bytes },
  ]),
};

/** Here nobody has started several processes, which is said where the options are right. */
const outsideOfJob = async (...given: Parameters<typeof processes.mpi>): Promise<void> => {
  const error = await processes.mpi(...given).catch((reason) => reason);
  if (error?.code !== "unsupported") throw error;
};

const functionsOf = (module: object): string[] =>
  Object.entries(module).flatMap(([name, value]) =>
    typeof value === "function" && !/^[A-Z]/.test(name) ? [name] : [],
  );

/** Whether a method may be called from outside: what is marked internal is not. */
const inner = [
  "batchOf",
  "stepOn",
  "ownState",
  "resident",
  "attach",
  "release",
  "awaiting",
  "learn",
].concat([
  "outputsFor",
  "stepInTurns",
  "stepLater",
  "renewing",
  "arrays",
  "restore",
  "restart",
  "exclusively",
  "snapshot",
]);

export const tables = {
  chainrule: { probes: functions, exported: functionsOf(chainrule) },
  "chainrule/data": { probes: dataFunctions, exported: functionsOf(data) },
  "chainrule/exchange": { probes: exchangeFunctions, exported: functionsOf(exchange) },
  "chainrule/file": { probes: fileFunctions, exported: functionsOf(file) },
  "chainrule/mpi": {
    probes: { mpi: probe(outsideOfJob, [{ library: "libmpi.so.40", timeout: 60 }]) },
    exported: functionsOf(processes),
  },
  trainer: {
    probes: trainerMethods,
    exported: methodsOf(trained).filter((name) => !inner.includes(name)),
  },
  derivation: { probes: handle(derivation), exported: methodsOf(derivation) },
  diagnosis: { probes: handle(diagnosis), exported: methodsOf(diagnosis) },
  report: { probes: handle(report), exported: methodsOf(report) },
  tensor: { probes: tensorMethods, exported: methodsOf(x) },
};
