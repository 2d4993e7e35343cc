/** Right arguments of every exported function, and what is done with results. */
import * as chainrule from "../../src/index.ts";
import { attention } from "./attention.ts";
import { linearAlgebra } from "./linear-algebra.ts";
import { loops } from "./loops.ts";
import { metrics } from "./metrics.ts";
import { normalization } from "./normalization.ts";
import { optimization } from "./optimizers.ts";
import { recurrences } from "./recurrences.ts";
import {
  type Any,
  at,
  bytes,
  called,
  context,
  f64,
  graph,
  initializes,
  inUse,
  key,
  linearParameters,
  make,
  model,
  type Probe,
  pairs,
  probe,
  read,
  schedules,
  shallow,
  square,
  trained,
  v,
  x,
} from "./samples.ts";
import { windows } from "./windows.ts";
import { made as opaque } from "./wrong.ts";

const { adam, linear, meanSquaredError, relu, sequential, sgd, tensor, trainer } = chainrule;

const elementwise =
  "abs acos acosh asin asinh atan atanh ceil cos cosh digamma erf erfc erfinv exp expm1 floor isFinite isNaN lgamma log log10 log1p log2 logicalNot neg onesLike reciprocal round rsqrt sign sin sinc sinh sqrt square stopGradient tan trunc zerosLike";
const binary =
  "add atan2 div equal fmod greater greaterEqual hypot less lessEqual logAddExp logicalAnd logicalOr matmul maximum minimum mul notEqual pow remainder sub xlogy";
const activations: Record<string, object> = {
  celu: { alpha: 1 },
  glu: { axis: 1 },
  hardshrink: { lambda: 0.1 },
  logSigmoid: {},
  softmin: { axis: 0 },
  softshrink: { lambda: 0.1 },
  tanhshrink: {},
  threshold: { above: 0, value: 1 },
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
const reductions = "max mean median min prod sum logsumexp argmax argmin";
const yesNo = f64([1, -1]);
const labels = tensor([0, 1], { dtype: "i32" });
const losses: Record<string, readonly unknown[]> = {
  binaryCrossEntropy: [v.sigmoid(), f64([0, 1]), {}],
  binaryCrossEntropyWithLogits: [v, f64([0, 1]), { positiveWeight: [1, 2] }],
  crossEntropy: [
    x,
    tensor([0, 1], { dtype: "i32" }),
    { classWeights: [1, 2], labelSmoothing: 0.1, axis: 1, ignoreIndex: 1, weights: [1, 2] },
  ],
  cosineEmbedding: [x, x, yesNo, { margin: 0.5 }],
  ctc: [
    chainrule.stack([x, x]),
    tensor([[1], [1]], { dtype: "i32" }),
    { blank: 0, inputLengths: [2, 2], targetLengths: [1, 0], zeroInfinity: true, batchFirst: true },
  ],
  focal: [v, f64([0, 1]), { gamma: 1, alpha: 0.5 }],
  gaussianNegativeLogLikelihood: [v, v, { variance: v.square(), full: true, epsilon: 0.1 }],
  halfSquaredError: [v, v, {}],
  hinge: [v, f64([1, -1]), {}],
  hingeEmbedding: [v, yesNo, { margin: 1 }],
  huber: [v, v, { delta: 1 }],
  klDivergence: [v.neg(), f64([0.5, 0.5]), { logTarget: false }],
  marginRanking: [v, v, yesNo, { margin: 1 }],
  meanAbsoluteError: [v, v, {}],
  meanSquaredError: [v, v, { reduction: "sum" }],
  multiLabelMargin: [x, x.greater(0).cast("f64"), {}],
  multiLabelSoftMargin: [x, x.greater(0).cast("f64"), { classWeights: [1, 2] }],
  multiMargin: [x, labels, { margin: 1, p: 2, classWeights: [1, 2] }],
  negativeLogLikelihood: [x.neg(), labels, { classWeights: [1, 2], ignoreIndex: 1 }],
  poissonNegativeLogLikelihood: [v, v.square(), { logInput: true, full: true, epsilon: 0.1 }],
  smoothL1: [v, v, { beta: 0.5 }],
  softMargin: [v, yesNo, {}],
  tripletMargin: [x, x, x, { margin: 1, p: 2, swap: true, epsilon: 0.1 }],
};
/** An optimizer at work. */
const atWork = () => adam().for({ a: v });
/** A graph with ports, and what it is run with. */
const half = chainrule.optimizerStep(linear(1, 1, { bias: false }), {
  ...{ optimizer: sgd(), dtype: "f32" },
});
const values = {
  parameters: { weight: Float32Array.of(1) },
  slots: {},
  controls: { learningRate: Float64Array.of(1), step: Float64Array.of(0) },
  gradients: { weight: Float32Array.of(1) },
};

const exported = chainrule as unknown as Record<string, Any>;
const each = (names: string, right: readonly unknown[]): Record<string, Probe> =>
  Object.fromEntries(names.split(" ").map((n) => [n, probe(exported[n], right, read)]));

/** Several tensors. */
const readAll = (all: object): void => void Object.values(all).map(read);

export const functions: Record<string, Probe> = {
  ...windows,
  ...metrics,
  ...linearAlgebra,
  ...loops,
  ...attention,
  ...normalization,
  ...optimization,
  ...recurrences,
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
  combinedLoss: probe(
    chainrule.combinedLoss,
    [[{ loss: meanSquaredError, weight: 2, outputs: [0, 1], targets: [0, 1] }]],
    ((loss: chainrule.Loss) => read(loss(x, x))) as never,
  ),
  penalized: probe(
    chainrule.penalized,
    [linear(2, 2), { l1: 1, l2: 1, parameters: /weight/, outputs: { l1: 1, l2: 1 } }],
    inUse as never,
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
  lerp: probe(chainrule.lerp, [x, x, x], read),
  logit: probe(chainrule.logit, [x, { epsilon: 0.1 }], read),
  oneHot: probe(chainrule.oneHot, [at, 3, "f32"], read),
  ones: probe(chainrule.ones, [[2], "f32"], read),
  pad: probe(chainrule.pad, [x, { before: [0, 1], after: [0, 0], value: 1 }], read),
  ...each("any all countNonzero", [x, { axis: [0], keepDims: true }]),
  norm: probe(chainrule.norm, [x, { p: 3, axis: [0], keepDims: true }], read),
  std: probe(chainrule.std, [x, { axis: 0, correction: 1 }], read),
  normalize: probe(chainrule.normalize, [x, { p: 2, axis: 0, epsilon: 0.1 }], read),
  cosineSimilarity: probe(chainrule.cosineSimilarity, [x, x, { axis: 0, epsilon: 0.1 }], read),
  cdist: probe(chainrule.cdist, [x, x, { p: 1 }], read),
  outer: probe(chainrule.outer, [v, v], read),
  trace: probe(chainrule.trace, [x], read),
  kron: probe(chainrule.kron, [x, v], read),
  tensordot: probe(chainrule.tensordot, [x, x, [[1], [0]]], read),
  cross: probe(chainrule.cross, [f64([1, 2, 3]), f64([1, 2, 3]), { axis: 0 }], read),
  roll: probe(chainrule.roll, [x, [1], [0]], read),
  tile: probe(chainrule.tile, [x, [2, 1]], read),
  repeatInterleave: probe(chainrule.repeatInterleave, [x, [1, 2], { axis: 0 }], read),
  tril: probe(chainrule.tril, [x, { diagonal: 1 }], read),
  triu: probe(chainrule.triu, [x, { diagonal: 1 }], read),
  diagonal: probe(chainrule.diagonal, [x, { offset: 1, axes: [0, 1] }], read),
  splitBy: probe(chainrule.splitBy, [x, [1, 1], 0], readAll),
  chunk: probe(chainrule.chunk, [x, 2, 0], readAll),
  ...each("cumprod logcumsumexp", [x, { axis: [0] }]),
  ...Object.fromEntries(
    ["cummax", "cummin"].map((n) => [n, probe(exported[n], [x, { axis: 0 }], readAll)]),
  ),
  scatter: probe(chainrule.scatter, [x, at, tensor([[1, 1]]), { axis: 0 }], read),
  indexAdd: probe(
    chainrule.indexAdd,
    [x, tensor([0], { dtype: "i32" }), tensor([[1, 1]]), { axis: 0 }],
    read,
  ),
  maskedSelect: probe(chainrule.maskedSelect, [x, x.greater(2), { size: 2, fill: 1 }], readAll),
  "take by lists": probe(chainrule.take, [x, [at, at], { axis: [0, 1] }], read),
  interpolate: probe(
    chainrule.interpolate,
    [tensor([[[1, 2]]]), { size: [3], mode: "linear", alignCorners: true }],
    read,
  ),
  "interpolate by a factor": probe(
    chainrule.interpolate,
    [tensor([[[1, 2]]]), { scaleFactor: [2] }],
    read,
  ),
  pixelShuffle: probe(chainrule.pixelShuffle, [tensor([[[1]], [[2]], [[3]], [[4]]]), 2], read),
  pixelUnshuffle: probe(
    chainrule.pixelUnshuffle,
    [
      tensor([
        [
          [1, 2],
          [3, 4],
        ],
      ]),
      2,
    ],
    read,
  ),
  "pad by a mode": probe(
    chainrule.pad,
    [x, { before: [0, 1], after: [0, 0], mode: "reflect" }],
    read,
  ),
  argsort: probe(chainrule.argsort, [x, { axis: 0, descending: true }], read),
  sort: probe(chainrule.sort, [x, { axis: 0, descending: true }], readAll),
  topK: probe(chainrule.topK, [x, 1, { axis: 0, largest: true }], readAll),
  kthValue: probe(chainrule.kthValue, [x, 1, { axis: 0, keepDims: true }], readAll),
  medianWithIndex: probe(chainrule.medianWithIndex, [x, { axis: 0, keepDims: true }], readAll),
  maxWithIndex: probe(chainrule.maxWithIndex, [x, { axis: 0, keepDims: true }], readAll),
  minWithIndex: probe(chainrule.minWithIndex, [x, { axis: 0, keepDims: true }], readAll),
  polygamma: probe(chainrule.polygamma, [1, x], read),
  randomNormal: probe(chainrule.randomNormal, [key, [2], { dtype: "f32", stream: 1 }], read),
  randomUniform: probe(chainrule.randomUniform, [key, [2], { dtype: "f32", stream: 1 }], read),
  range: probe(chainrule.range, [3, "i32"], read),
  reshape: probe(chainrule.reshape, [x, [4]], read),
  scatterAdd: probe(chainrule.scatterAdd, [x, at, tensor([[1, 1]]), { axis: 0 }], read),
  slice: probe(chainrule.slice, [x, { start: [1], end: [2], step: [1] }], read),
  squeeze: probe(chainrule.squeeze, [x, []], read),
  stream: probe(
    chainrule.stream,
    [[opaque({ ...pairs })], { classes: ["a", "b"], shuffle: 2, seed: 1, size: 2 }],
    () => undefined,
  ),
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

  mapTensors: probe(chainrule.mapTensors, [(a: typeof v) => a, { a: v, b: [x] }, { a: v, b: [x] }]),
  clipGradients: probe(chainrule.clipGradients, [
    { a: v, b: [x] },
    { norm: 1, value: 1 },
  ]),
  initialValues: probe(chainrule.initialValues, [model, { seed: 1, dtype: "f64" }]),
  evaluate: probe(chainrule.evaluate, [{ a: v, b: [x] }]),
  evaluateAsync: probe(chainrule.evaluateAsync, [{ a: v, b: [x] }]),
  grad: probe(chainrule.grad, [square], called(v)),
  valueAndGrad: probe(chainrule.valueAndGrad, [square], called(v)),
  hessian: probe(chainrule.hessian, [square], called(v)),
  hvp: probe(chainrule.hvp, [square, v, v], (r) => (r as unknown[]).map(read)),
  jacfwd: probe(chainrule.jacfwd, [square], called(v)),
  jacobian: probe(chainrule.jacobian, [square], called(v)),
  sparseHessian: probe(
    chainrule.sparseHessian,
    [square, { pattern: { rows: [0], columns: [1] } }],
    called(v),
  ),
  sparseJacobian: probe(
    chainrule.sparseJacobian,
    [square, { pattern: { rows: [0], columns: [1] } }],
    called(v),
  ),
  "sparseJacobian(f)": probe(chainrule.sparseJacobian(square), [v]),
  "sparseHessian(f)": probe(chainrule.sparseHessian(square), [v]),
  jvp: probe(chainrule.jvp, [square, v, v], (r) => (r as unknown[]).map(read)),
  vjp: probe(chainrule.vjp, [square, v], (r) => called(f64(1))((r as unknown[])[1])),
  vmap: probe(chainrule.vmap, [(a: typeof v) => a.sum(), { axes: [0], outAxes: 0 }], called(x)),
  "vmap(f)": probe(
    chainrule.vmap((a: typeof v) => a.sum()),
    [x],
    read,
  ),
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
  "jacfwd(f)": probe(chainrule.jacfwd(square), [v], read),
  "hessian(f)": probe(chainrule.hessian(square), [v], read),
  "vjp(f, x)[1]": probe(chainrule.vjp(square, v)[1], [f64(1)], read),
  assertGradients: probe(chainrule.assertGradients, [square, [v], { entries: 1, steps: [1e-4] }]),
  checkGradients: probe(chainrule.checkGradients, [
    square,
    [v],
    { order: 2, absolute: 1e-7, relative: 1e-5, steps: [1e-4], entries: 1 },
  ]),
  checkGradientsAsync: probe(chainrule.checkGradientsAsync, [
    square,
    [v],
    {
      ...{ order: 2, absolute: 1e-7, relative: 1e-5, steps: [1e-4], entries: 1 },
      signal: new AbortController().signal,
    },
  ]),
  assertMaxCompiles: probe(chainrule.assertMaxCompiles<unknown>, [1, () => square(v)], read),
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
  gradientStep: shallow(chainrule.gradientStep, [
    model,
    { inputs: { dtype: "f32", shape: [1, 2] }, targets: { dtype: "f32", shape: [1, 1] } },
    { loss: meanSquaredError, dtype: "f32" },
  ]),
  optimizerStep: shallow(chainrule.optimizerStep, [
    model,
    { optimizer: sgd(), dtype: "f32", health: true },
  ]),
  inputList: shallow(chainrule.inputList, [half, values]),
  outputsByName: shallow(chainrule.outputsByName, [half, [1, 2]]),
  "interpreter.compile": probe(chainrule.interpreter.compile, [graph]),
  "interpreter.compile(…).run": probe(
    (given: never) => chainrule.interpreter.compile(graph).run(given),
    [[Float32Array.of(1, 2)]],
  ),

  activation: probe(chainrule.activation, [(a: typeof v) => a, "own", {}], inUse as never),
  ...Object.fromEntries(
    ["dropout", "alphaDropout", "featureAlphaDropout"].map((n) => [
      n,
      probe(exported[n], [0.5], inUse as never),
    ]),
  ),
  randomFlip2d: probe(chainrule.randomFlip2d, [0.5]),
  randomShift2d: probe(chainrule.randomShift2d, [1]),
  permute: probe(chainrule.permute, [[1, 0]], inUse as never),
  reshapeTo: probe(chainrule.reshapeTo, [[2, 1]], inUse as never),
  border: probe(
    chainrule.border,
    [{ before: [1], after: [0], value: 1, mode: "constant" }],
    inUse as never,
  ),
  rescale: probe(chainrule.rescale, [{ scale: 2, offset: 1 }], inUse as never),
  prelu: probe(
    chainrule.prelu,
    [2, { weight: [0.1, 0.2], frozen: false, learningRate: 0.1 }],
    inUse as never,
  ),
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
  lora: probe(
    chainrule.lora,
    [opaque(linear(2, 2)), 1, { alpha: 2, dropout: 0.5 }],
    inUse as never,
  ),
  mergeLora: probe(chainrule.mergeLora, [
    opaque(chainrule.lora(linear(2, 1), 1)),
    chainrule.initialValues(chainrule.lora(linear(2, 1), 1)).parameters,
  ]),
  weightNorm: probe(
    chainrule.weightNorm,
    [opaque(linear(2, 2)), { name: "weight", axis: 1 }],
    inUse as never,
  ),
  spectralNorm: probe(
    chainrule.spectralNorm,
    [opaque(linear(2, 2)), { name: "weight", axis: 1, iterations: 2, epsilon: 1e-6 }],
    inUse as never,
  ),
  freeze: probe(chainrule.freeze, [model, /^0/], inUse as never),
  unfreeze: probe(chainrule.unfreeze, [model, /^0/], inUse as never),
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

  "adam().for": probe(adam().for, [{ a: v, b: [x] }]),
  "adam().for().step": probe((g: { a: typeof v }) => adam().for({ a: v }).step(g), [{ a: v }]),
  "adam().for().after": probe(
    (s: ReturnType<typeof atWork>["state"], g: { a: typeof v }) => atWork().after(s, g),
    [atWork().state, { a: v }],
  ),
  "adam().for().restore": probe(
    (stored: ReturnType<ReturnType<typeof atWork>["stored"]>) => atWork().restore(stored),
    [atWork().stored()],
  ),
  "sgd().update": probe(sgd().update, [context]),
  "adam().update": probe(adam().update, [{ ...context, state: { mean: v, square: v } }]),
  toSchedule: probe(chainrule.toSchedule, [0.1], schedules as never),
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
  "explain an expression": shallow(chainrule.explain, [
    chainrule.parseExpression("sum(w ^ 2)"),
    { inputs: { w: v } },
  ]),
  parseExpression: probe(chainrule.parseExpression, ["sum(w ^ 2)"], (f: never) =>
    (f as chainrule.TypedExpression)({ w: v }).item(),
  ),
  "parseExpression(…)": probe(chainrule.parseExpression("sum(w ^ 2)"), [{ w: v }]),
  diagnose: shallow(chainrule.diagnose, [
    model,
    { data: pairs, parameter: "0.weight[0,0]", value: 0.5, decimals: 2 },
  ]),
  "diagnose an expression": shallow(chainrule.diagnose, [
    chainrule.parseExpression("sum(w ^ 2)"),
    { inputs: { w: v }, parameter: "w[0]", value: "0.5" },
  ]),
  diagnoseSheet: shallow(chainrule.diagnoseSheet, [
    model,
    { data: pairs, values: [{ name: "0.weight[0,0]", value: "0.5" }], quantity: "gradient" },
  ]),
  "diagnose a loss": shallow(chainrule.diagnose, [model, { data: pairs, lossAfterStep: 0.5 }]),
  gradientReport: shallow(chainrule.gradientReport, [model, { data: pairs }]),
  runReport: shallow(chainrule.runReport, [
    trained,
    { epochs: [{ epoch: 1, loss: 0.5 }], stopped: "finished" },
    {
      data: pairs,
      validation: pairs,
      title: "a run",
      classes: ["a", "b"],
      read: opaque(() => ({ value: 1 })),
      image: [1, 2],
      facts: { training: { seed: "1" } },
      notes: ["a note"],
      source: "text",
    },
  ]),
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
        reproducible: false,
        threads: 1,
        update: "simultaneous",
      },
    ],
    (t) => (t as chainrule.Trainer).step(pairs),
  ),
};
