/** Right arguments of everything that can be called from outside, and what is done with results. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as data from "../../src/data/index.ts";
import * as chainrule from "../../src/index.ts";
import * as file from "../../src/network-file/index.ts";

import { made as opaque } from "./wrong.ts";

export interface Probe {
  readonly call: (...given: never[]) => unknown;
  readonly right: readonly unknown[];
  /** Uses what came of it, where nothing is looked at before. */
  readonly use?: ((result: never) => unknown) | undefined;
  /** How deep in the arguments something is exchanged. Default 2. */
  readonly depth?: number;
}

const { adam, linear, meanSquaredError, relu, sequential, sgd, Tensor, tensor, trainer } =
  chainrule;

const f64 = (values: Parameters<typeof tensor>[0]) => tensor(values, { dtype: "f64" });
const x = tensor([
  [1, 2],
  [3, 4],
]);
const at = tensor([[0, 1]], { dtype: "i32" });
const key = tensor([1, 2], { dtype: "i32" });
const v = f64([1, 2]);
const pairs = {
  inputs: [
    [0, 1],
    [1, 0],
    [1, 1],
  ],
  targets: [[1], [0], [1]],
};
const model = opaque(sequential(linear(2, 2), relu(), linear(2, 1)));
const make = (options = {}) =>
  trainer(model, { loss: meanSquaredError, optimizer: sgd(), backend: "interpreter", ...options });
const trained = make();
const folder = mkdtempSync(join(tmpdir(), "chainrule-api-"));
const loaded = join(folder, "loaded.safetensors");
await trained.save(loaded);
export const cleanUp = () => rmSync(folder, { recursive: true, force: true });
const table = opaque(data.parseTable("a,b,kind\n1,2,x\n3,4,y\n5,7,x\n2,1,y\n"));
const fitted = data.tableDataset(table, { target: "kind" });
const points = data.dataset({
  inputs: data.arrayTensor("f64", [2, 1], Float64Array.of(1, 2)),
  targets: data.arrayTensor("i32", [2], Int32Array.of(0, 1)),
  classes: ["a", "b"],
});
const idx = Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 1, 5, 6);
const labels = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 0, 1);
const text = [
  "inputs: 2",
  "layers: [{ linear: { outputs: 2 } }, tanh, { linear: { outputs: 1 } }]",
  "loss: meanSquaredError",
  "optimizer: sgd",
  "data: { examples: [{ inputs: [1, 2], targets: [1] }, { inputs: [0, 1], targets: [0] }] }",
].join("\n");
const network = file.parseNetwork(text);
const prepared = await file.prepareNetwork(network, async () => new Uint8Array());
const bytes = prepared.trainer.toBytes(file.toMetadata(prepared));
const stored = file.storedNetwork(bytes, "n.safetensors");
const graph = (() => {
  const a = chainrule.input("a", [2]);
  return { inputs: [a], outputs: [a.mul(2)] };
})();
const derivation = await chainrule.explain(model, { data: pairs });
const report = await chainrule.gradientReport(model, { data: pairs });
const diagnosis = await chainrule.diagnose(model, { data: pairs, value: 0.5 });
const square = (w: InstanceType<typeof Tensor>) => w.square().sum();
const linearParameters = { weight: tensor([[1, 2]]), bias: tensor([0]) };
const context = {
  parameter: v,
  gradient: v,
  state: {},
  learningRate: f64(0.1),
  step: f64(0),
};

type Any = (...given: never[]) => unknown;
const probe = (call: unknown, right: readonly unknown[], use?: Probe["use"]): Probe => ({
  call: call as Any,
  right,
  use,
});

/** What takes long is exchanged in less detail. */
const shallow: typeof probe = (...given) => ({ ...probe(...given), depth: 1 });

const read = (result: unknown) => {
  if (result instanceof Tensor) result.toString();
  if (result instanceof Tensor) result.arraySync();
};
const called =
  (...given: unknown[]) =>
  (result: unknown) =>
    read((result as (...all: unknown[]) => unknown)(...given));

/** A layer in use. */
const inUse = (layer: chainrule.Layer) => {
  const first = typeof layer.inputSize === "number" ? layer.inputSize : 2;
  const both: chainrule.Layer = sequential(linear(2, first), layer as never);
  const loss = (y: typeof x) => y.square().sum();
  trainer(both, { loss, optimizer: sgd(), backend: "interpreter" }).step(pairs);
};
const optimizes = (optimizer: ReturnType<typeof sgd>) => make({ optimizer }).step(pairs);
const initializes = (weight: never) =>
  new chainrule.Trainer(linear(2, 1, { weight }), {
    loss: meanSquaredError,
    optimizer: sgd(),
    backend: "interpreter",
  });
const schedules = (learningRate: never) => optimizes(sgd({ learningRate }));

const elementwise =
  "abs acos acosh asin asinh atan atanh ceil cos cosh erf exp expm1 floor isFinite isNaN log log1p logicalNot neg onesLike reciprocal round rsqrt sign sin sinh sqrt square stopGradient tan trunc zerosLike";
const binary =
  "add div equal greater greaterEqual less lessEqual logicalAnd logicalOr matmul maximum minimum mul notEqual pow sub";
const activations: Record<string, object> = {
  elu: { alpha: 1 },
  gelu: {},
  geluTanh: {},
  hardsigmoid: {},
  hardswish: {},
  hardtanh: { min: -1, max: 1 },
  identity: {},
  leakyRelu: { slope: 0.1 },
  logSoftmax: { axis: 0 },
  mish: {},
  relu: {},
  relu6: {},
  selu: {},
  sigmoid: {},
  silu: {},
  softmax: { axis: [0, 1] },
  softplus: { beta: 2 },
  softsign: {},
  tanh: {},
};
const reductions = "max mean min prod sum logsumexp argmax argmin";
const losses: Record<string, [output: unknown, target: unknown, options: object]> = {
  binaryCrossEntropy: [v.sigmoid(), f64([0, 1]), {}],
  binaryCrossEntropyWithLogits: [v, f64([0, 1]), { positiveWeight: [1, 2] }],
  crossEntropy: [
    x,
    tensor([0, 1], { dtype: "i32" }),
    { classWeights: [1, 2], labelSmoothing: 0.1 },
  ],
  halfSquaredError: [v, v, {}],
  hinge: [v, f64([1, -1]), {}],
  huber: [v, v, { delta: 1 }],
  klDivergence: [v.neg(), f64([0.5, 0.5]), {}],
  meanAbsoluteError: [v, v, {}],
  meanSquaredError: [v, v, { reduction: "sum" }],
  multiMargin: [x, tensor([0, 1], { dtype: "i32" }), { margin: 1 }],
  negativeLogLikelihood: [x.neg(), tensor([0, 1], { dtype: "i32" }), { classWeights: [1, 2] }],
};
const rate = { learningRate: 0.1, clipValue: 1, clipNorm: 1 };

const exported = chainrule as unknown as Record<string, Any>;
const each = (names: string, right: readonly unknown[]): Record<string, Probe> =>
  Object.fromEntries(names.split(" ").map((n) => [n, probe(exported[n], right, read)]));

const functions: Record<string, Probe> = {
  ...each(elementwise, [x]),
  ...each(binary, [x, x]),
  ...each(reductions, [x, { axis: [0], keepDims: true }]),
  ...Object.fromEntries(
    Object.entries(activations).flatMap(([n, options]) => [
      [n, probe(exported[n], [x, options], read)],
      [`${n} as a layer`, probe(exported[n], [options], inUse as never)],
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(losses).map(([n, right]) => [n, probe(exported[n], right, read)]),
  ),
  variance: probe(chainrule.variance, [x, { axis: 0, correction: 1 }], read),
  cumsum: probe(chainrule.cumsum, [x, { axis: 0 }], read),
  cast: probe(chainrule.cast, [x, "f64"], read),
  clamp: probe(chainrule.clamp, [x, { min: 0, max: 1 }], read),
  broadcastTo: probe(chainrule.broadcastTo, [x, [2, 2, 2]], read),
  concatenate: probe(chainrule.concatenate, [[x, x], 0], read),
  einsum: probe(chainrule.einsum, ["ij,jk->ik", x, x], read),
  expandDims: probe(chainrule.expandDims, [x, [0, 1]], read),
  eye: probe(chainrule.eye, [2, "f32"], read),
  flip: probe(chainrule.flip, [x, [0]], read),
  full: probe(chainrule.full, [[2], 1, "f32"], read),
  gather: probe(chainrule.gather, [x, at, { axis: 0 }], read),
  input: probe(chainrule.input, ["x", [2], "f32"]),
  oneHot: probe(chainrule.oneHot, [at, 3, "f32"], read),
  ones: probe(chainrule.ones, [[2], "f32"], read),
  pad: probe(chainrule.pad, [x, { before: [0, 1], after: [0, 0], value: 1 }], read),
  randomNormal: probe(chainrule.randomNormal, [key, [2], { dtype: "f32", stream: 1 }], read),
  randomUniform: probe(chainrule.randomUniform, [key, [2], { dtype: "f32", stream: 1 }], read),
  range: probe(chainrule.range, [3, "i32"], read),
  reshape: probe(chainrule.reshape, [x, [4]], read),
  scatterAdd: probe(chainrule.scatterAdd, [x, at, tensor([[1, 1]]), { axis: 0 }], read),
  slice: probe(chainrule.slice, [x, { start: [1], end: [2], step: [1] }], read),
  squeeze: probe(chainrule.squeeze, [x, []], read),
  stack: probe(chainrule.stack, [[x, x], 0], read),
  take: probe(chainrule.take, [x, at, { axis: 0 }], read),
  tensor: probe(
    tensor,
    [
      [
        [1, 2],
        [3, 4],
      ],
      { dtype: "f32", shape: [4] },
    ],
    read,
  ),
  transpose: probe(chainrule.transpose, [x, [1, 0]], read),
  where: probe(chainrule.where, [x.greater(2), x, x], read),
  zeros: probe(chainrule.zeros, [[2], "f32"], read),

  grad: probe(chainrule.grad, [square], called(v)),
  valueAndGrad: probe(chainrule.valueAndGrad, [square], called(v)),
  hessian: probe(chainrule.hessian, [square], called(v)),
  jacobian: probe(chainrule.jacobian, [square], called(v)),
  jvp: probe(chainrule.jvp, [square, v, v], (r) => (r as unknown[]).map(read)),
  vjp: probe(chainrule.vjp, [square, v], (r) => called(f64(1))((r as unknown[])[1])),
  "grad(f)": probe(chainrule.grad(square), [v], read),
  "grad of a record": probe(
    chainrule.grad(({ a, b }: Record<string, typeof v>) => a!.mul(b!).sum()),
    [{ a: v, b: v }],
  ),
  "grad(f, further)": probe(
    chainrule.grad((a: typeof v, b: typeof v) => a.mul(b).sum()),
    [v, v],
    read,
  ),
  "jacobian(f)": probe(chainrule.jacobian(square), [v], read),
  "hessian(f)": probe(chainrule.hessian(square), [v], read),
  "vjp(f, x)[1]": probe(chainrule.vjp(square, v)[1], [f64(1)], read),
  assertGradients: probe(chainrule.assertGradients, [square, [v], { entries: 1, steps: [1e-4] }]),
  checkGradients: probe(chainrule.checkGradients, [
    square,
    [v],
    { order: 2, absolute: 1e-7, relative: 1e-5, steps: [1e-4], entries: 1 },
  ]),
  compile: shallow(
    chainrule.compile,
    [square, { backend: "wasm", deterministic: true }],
    called(v),
  ),
  "compile(f)": probe(chainrule.compile(square), [v], read),
  customOperator: probe(
    chainrule.customOperator,
    [{ name: "own", forward: (a: typeof v) => a, backward: (g: typeof v) => [g], law: "one" }],
    (f) => read(chainrule.grad((a) => (f as (x: typeof v) => typeof v)(a).sum())(v)),
  ),
  "customOperator(…)": probe(
    chainrule.customOperator({ name: "own", forward: (a) => a!.mul(2) }),
    [v],
    read,
  ),
  printGraph: probe(chainrule.printGraph, [graph.outputs]),
  verifyGraph: probe(chainrule.verifyGraph, [graph.outputs]),
  trainingStep: shallow(chainrule.trainingStep, [
    model,
    { inputs: { dtype: "f32", shape: [1, 2] }, targets: { dtype: "f32", shape: [1, 1] } },
    {
      loss: meanSquaredError,
      optimizer: sgd(),
      dtype: "f32",
      update: "simultaneous",
      health: true,
    },
  ]),
  "interpreter.compile": probe(chainrule.interpreter.compile, [graph]),
  "interpreter.compile(…).run": probe(
    (given: never) => chainrule.interpreter.compile(graph).run(given),
    [[Float32Array.of(1, 2)]],
  ),

  activation: probe(chainrule.activation, [(a: typeof v) => a, "own", {}], inUse as never),
  dropout: probe(chainrule.dropout, [0.5], inUse as never),
  layer: probe(
    chainrule.layer,
    [
      {
        name: "own",
        inputSize: 2,
        outputSize: 2,
        parameters: {
          w: { shape: [2], initial: chainrule.constantValue(1), frozen: false, learningRate: 1 },
        },
        layers: [],
        settings: {},
        apply: (a: typeof v, { w }: Record<string, typeof v>) => a.mul(w!),
      },
    ],
    inUse as never,
  ),
  linear: probe(
    linear,
    [
      2,
      1,
      { weight: [[1, 2]], bias: [0], sharedBias: false, frozen: ["weight"], learningRate: 0.1 },
    ],
    inUse as never,
  ),
  sequential: probe(
    sequential,
    [opaque(linear(2, 1)), (a: typeof v) => a.mul(2), relu],
    inUse as never,
  ),
  "linear(…).apply": probe(
    linear(2, 1).apply,
    [x, linearParameters, { training: false, path: "" }],
    read,
  ),
  "sequential(…).apply": probe(
    model.apply,
    [x, make().parameters, { training: true, path: "", key }],
    read,
  ),
  "dropout().apply": probe(
    chainrule.dropout().apply,
    [x, {}, { training: true, path: "", key }],
    read,
  ),
  constantValue: probe(chainrule.constantValue, [1], initializes as never),
  ...Object.fromEntries(
    "heNormal heUniform lecunNormal lecunUniform xavierNormal xavierUniform"
      .split(" ")
      .map((n) => [n, probe(exported[n], [], initializes as never)]),
  ),
  normal: probe(chainrule.normal, [0, 1], initializes as never),
  orthogonal: probe(chainrule.orthogonal, [1], initializes as never),
  uniform: probe(chainrule.uniform, [-1, 1], initializes as never),
  values: probe(chainrule.values, [[[1, 2]]], initializes as never),
  toInitializer: probe(chainrule.toInitializer, [[[1, 2]]], initializes as never),
  initialize: probe(chainrule.initialize, [chainrule.uniform(), [2, 2], "f32", 0, 0]),
  "uniform().fill": probe(chainrule.uniform().fill, [[2, 2], 0, 0]),
  "values().fill": probe(chainrule.values([[1, 2]]).fill, [[1, 2], 0, 0]),

  adagrad: probe(
    chainrule.adagrad,
    [{ ...rate, learningRateDecay: 0, initialAccumulator: 0, epsilon: 1, weightDecay: 0 }],
    optimizes as never,
  ),
  adam: probe(
    adam,
    [{ ...rate, beta1: 0.9, beta2: 0.9, epsilon: 1, weightDecay: 0, amsgrad: true }],
    optimizes as never,
  ),
  adamW: probe(chainrule.adamW, [{ ...rate, weightDecay: 0.1 }], optimizes as never),
  rmsprop: probe(
    chainrule.rmsprop,
    [{ ...rate, decay: 0.9, epsilon: 1, momentum: 0.9, centered: true, weightDecay: 0 }],
    optimizes as never,
  ),
  sgd: probe(
    sgd,
    [{ ...rate, momentum: 0.9, dampening: 0, nesterov: true, weightDecay: 0 }],
    optimizes as never,
  ),
  "sgd().update": probe(sgd().update, [context]),
  "adam().update": probe(adam().update, [{ ...context, state: { mean: v, square: v } }]),
  cosineDecay: probe(chainrule.cosineDecay, [0.1, { steps: 10, minimum: 0.1 }], schedules as never),
  exponentialDecay: probe(
    chainrule.exponentialDecay,
    [0.1, { rate: 0.9, steps: 1 }],
    schedules as never,
  ),
  stepDecay: probe(chainrule.stepDecay, [0.1, { rate: 0.1, steps: 10 }], schedules as never),
  toSchedule: probe(chainrule.toSchedule, [0.1], schedules as never),
  warmup: probe(chainrule.warmup, [0.1, { steps: 10 }], schedules as never),
  "warmup(…).factor": probe(chainrule.warmup(0.1, { steps: 10 }).factor, [f64(1)], read),
  "toSchedule(…).factor": probe(chainrule.toSchedule(0.1).factor, [f64(1)], read),

  explain: shallow(chainrule.explain, [
    model,
    {
      data: pairs,
      example: 0,
      parameter: "0.weight[0,0]",
      notation: "canonical",
      language: "en",
      digits: 4,
      update: "simultaneous",
      step: 1,
      loss: meanSquaredError,
      optimizer: sgd(),
      seed: 1,
      lossName: "E",
      firstExample: 0,
    },
  ]),
  "explain a function": shallow(chainrule.explain, [square, { inputs: { w: v } }]),
  diagnose: shallow(chainrule.diagnose, [
    model,
    { data: pairs, parameter: "0.weight[0,0]", value: 0.5, decimals: 2 },
  ]),
  "diagnose a loss": shallow(chainrule.diagnose, [model, { data: pairs, lossAfterStep: 0.5 }]),
  gradientReport: shallow(chainrule.gradientReport, [model, { data: pairs }]),
  encodeSafetensors: probe(chainrule.encodeSafetensors, [
    new Map([["a", { dtype: "f32", shape: [1], data: Float32Array.of(1) }]]),
    { note: "mine" },
  ]),
  decodeSafetensors: probe(chainrule.decodeSafetensors, [bytes]),
  trainer: shallow(
    trainer,
    [
      model,
      {
        loss: meanSquaredError,
        optimizer: sgd(),
        seed: 1,
        dtype: "f64",
        backend: "interpreter",
        deterministic: true,
        threads: 1,
        update: "simultaneous",
      },
    ],
    (t) => (t as chainrule.Trainer).step(pairs),
  ),
};

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

const trainerMethods: Record<string, Probe> = Object.fromEntries([
  method("fit", [
    pairs,
    {
      epochs: 1,
      batchSize: 2,
      shuffle: true,
      validation: pairs,
      earlyStopping: { patience: 1, minDelta: 0, restoreBest: true },
      signal: { aborted: false },
      onStep: () => {},
    },
  ]),
  method("step", [pairs]),
  method("remarks", [pairs]),
  method("evaluate", [pairs, { batchSize: 1 }]),
  method("predict", [[[1, 2]]], make, read),
  method("setParameters", [{ "0.bias": Float32Array.of(1, 2), "2.bias": tensor([1]) }]),
  method("toBytes", [{ note: "mine" }]),
  method("fromBytes", [trained.toBytes()]),
  [
    "save",
    // What happens to be a path names a file of this test's.
    probe(
      (path: unknown, extra: never) =>
        make().save((typeof path === "string" ? join(folder, path) : path) as string, extra),
      ["t.safetensors", { note: "mine" }],
    ),
  ],
  method("load", [loaded]),
  method("stepGraph", [
    { dtype: "f32", shape: [1, 2], data: Float32Array.of(1, 2) },
    { dtype: "f32", shape: [1, 1], data: Float32Array.of(1) },
  ]),
  method("batchOf", [points]),
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
  arrayTensor: probe(data.arrayTensor, ["f32", [2], Float32Array.of(1, 2)]),
  blobs: probe(data.blobs, [{ size: 4, noise: 0, seed: 0, centers: 2, features: 2 }]),
  checkPreprocessing: probe(data.checkPreprocessing, [fitted.preprocessing]),
  circles: probe(data.circles, [{ size: 4, noise: 0.1, seed: 0, factor: 0.5 }]),
  dataset: probe(data.dataset, [
    {
      inputs: { dtype: "f64", shape: [2, 1], data: Float64Array.of(1, 2) },
      targets: { dtype: "i32", shape: [2], data: Int32Array.of(0, 1) },
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
  moons: probe(data.moons, [{ size: 4, noise: 0, seed: 0 }]),
  numericTargets: probe(data.numericTargets, [points, { binary: true }]),
  originalTarget: probe(data.originalTarget, [fitted.preprocessing, 1]),
  parseIdx: probe(data.parseIdx, [idx]),
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

const functionsOf = (module: object): string[] =>
  Object.entries(module).flatMap(([name, value]) =>
    typeof value === "function" && !/^[A-Z]/.test(name) ? [name] : [],
  );

/** Whether a method may be called from outside: what is marked internal is not. */
const inner = ["stepOn", "ownState", "resident", "attach", "release", "compiled", "learn"].concat([
  "outputsFor",
  "arrays",
  "restore",
  "restart",
  "exclusively",
  "snapshot",
]);

export const tables = {
  chainrule: { probes: functions, exported: functionsOf(chainrule) },
  "chainrule/data": { probes: dataFunctions, exported: functionsOf(data) },
  "chainrule/file": { probes: fileFunctions, exported: functionsOf(file) },
  trainer: {
    probes: trainerMethods,
    exported: methodsOf(trained).filter((name) => !inner.includes(name)),
  },
  derivation: { probes: handle(derivation), exported: methodsOf(derivation) },
  diagnosis: { probes: handle(diagnosis), exported: methodsOf(diagnosis) },
  report: { probes: handle(report), exported: methodsOf(report) },
  tensor: { probes: tensorMethods, exported: methodsOf(x) },
};
