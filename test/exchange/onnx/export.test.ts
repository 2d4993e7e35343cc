/** Networks written as ONNX: onnxruntime computes what they compute, and they come back as they were. */

import * as ort from "onnxruntime-web";
import { describe, expect, it } from "vitest";
import { encodeOnnx, openForeign } from "../../../src/exchange/index.ts";
import type { Tensor } from "../../../src/index.ts";
import { buildLayers } from "../../../src/network-file/build.ts";
import type { NetworkFile } from "../../../src/network-file/network.ts";
import { parseNetwork } from "../../../src/network-file/parse.ts";
import { makeTrainer } from "../../../src/network-file/prepare.ts";
import type { Layer } from "../../../src/nn/layer.ts";
import { constantTensor } from "../../../src/ops/leaf.ts";
import { rejection } from "../../support/failure.ts";

ort.env.wasm.numThreads = 1;
ort.env.logLevel = "fatal";

/** A network of these layers, and one that computes with them. */
function networkOf(layers: string, input: readonly number[], dtype = "f32") {
  const parsed = (list: string) =>
    parseNetwork(
      `{ layers: ${list}, loss: meanSquaredError, optimizer: sgd, training: { dtype: ${dtype}, seed: 3 } }`,
    );
  const build = (network: NetworkFile) =>
    buildLayers(undefined, network.layers, [1, ...input]) as Layer;
  let network = parsed(layers);
  // A trainer needs something to train.
  if (Object.keys(build(network).parameters).length === 0)
    network = parsed(layers.replace(/\]$/, ", { linear: { outputs: 2 } }]"));
  return { network, trainer: makeTrainer(network, build(network)) };
}

/** Numbers that look random, between −2 and 2. */
const numbers = (size: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => 2 * Math.sin(12.9898 * (i + 1) + i * i));

async function run(bytes: Uint8Array, x: Tensor, whole = false): Promise<ort.Tensor> {
  const session = await ort.InferenceSession.create(bytes);
  const data = x.dataSync();
  const given = whole
    ? new ort.Tensor("int64", BigInt64Array.from(data as Float32Array, BigInt), x.shape)
    : data instanceof Float64Array
      ? new ort.Tensor("float64", data, x.shape)
      : new ort.Tensor("float32", data as Float32Array, x.shape);
  const { y } = await session.run({ x: given });
  await session.release();
  return y!;
}

const row = [4];
const steps = [5, 4];
const plane = [4, 9];
const image = [4, 7, 6];
const space = [4, 5, 4, 3];

const cases: readonly (readonly [layers: string, input: readonly number[]])[] = [
  ["[{ linear: { outputs: 3 } }]", row],
  ["[{ linear: { outputs: 3, bias: false } }]", steps],
  ["[{ linear: { outputs: 3, sharedBias: true } }]", row],
  ["[{ bilinear: { outputs: 2 } }]", row],
  ...[
    "identity, sigmoid, tanh, relu, { leakyRelu: { slope: 0.2 } }, { elu: { alpha: 0.7 } }, selu",
    "{ celu: { alpha: 0.7 } }, prelu, { prelu: { perChannel: true } }, rrelu, gelu, geluTanh, silu",
    "mish, softplus, { softplus: { beta: 2 } }, softsign, logSigmoid, tanhshrink, softshrink",
    "hardshrink, { threshold: { above: 0.3, value: -0.2 } }, glu, softmin, softmax, logSoftmax",
    "{ hardtanh: { min: -0.5, max: 0.8 } }, relu6, hardsigmoid, hardswish, dropout, alphaDropout",
  ].map((list) => {
    const branches = list.split(/, (?![^{]*\})/).map((layer, i) => `b${i}: [${layer}]`);
    return [`[{ parallel: { branches: { ${branches.join(", ")} } } }]`, row] as const;
  }),
  ["[{ prelu: { perChannel: true } }, { softmax: { axis: 1 } }]", image],
  ["[{ conv1d: { outChannels: 3, kernelSize: 3, stride: 2, padding: 1 } }]", plane],
  [
    "[{ conv2d: { outChannels: 6, kernelSize: [3, 2], stride: [2, 1], padding: [1, 0], groups: 2 } }]",
    image,
  ],
  ["[{ conv2d: { outChannels: 3, kernelSize: 4, padding: same, bias: false } }]", image],
  ["[{ conv2d: { outChannels: 3, kernelSize: 3, padding: 1, paddingMode: reflect } }]", image],
  ["[{ conv2d: { outChannels: 3, kernelSize: 3, padding: 2, paddingMode: circular } }]", image],
  ["[{ conv3d: { outChannels: 2, kernelSize: 2, dilation: [1, 2, 1] } }]", space],
  [
    "[{ convTranspose1d: { outChannels: 3, kernelSize: 3, stride: 2, padding: 1, outputPadding: 1 } }]",
    plane,
  ],
  [
    "[{ convTranspose2d: { outChannels: 6, kernelSize: 3, stride: 2, groups: 2, dilation: 2 } }]",
    image,
  ],
  ["[{ convTranspose3d: { outChannels: 2, kernelSize: 2, bias: false } }]", space],
  ["[{ maxPool1d: { kernelSize: 2 } }]", plane],
  ["[{ maxPool2d: { kernelSize: 3, stride: 2, padding: 1 } }]", image],
  ["[{ maxPool2d: { kernelSize: 2, ceilMode: true } }]", image],
  ["[{ maxPool3d: { kernelSize: 2, stride: 1 } }]", space],
  ["[{ avgPool1d: { kernelSize: 3, stride: 2, padding: 1 } }]", plane],
  ["[{ avgPool2d: { kernelSize: 2, padding: 1, countIncludePad: false } }]", image],
  ["[{ avgPool2d: { kernelSize: 2, ceilMode: true } }]", image],
  ["[{ avgPool3d: { kernelSize: 2 } }]", space],
  ["[{ adaptiveAvgPool1d: { outputSize: 3 } }]", plane],
  ["[{ adaptiveAvgPool2d: { outputSize: 1 } }]", image],
  ["[{ adaptiveAvgPool3d: { outputSize: [5, 2, 1] } }]", space],
  ["[{ adaptiveMaxPool1d: { outputSize: 3 } }]", plane],
  ["[{ adaptiveMaxPool2d: { outputSize: 1 } }]", image],
  ["[{ adaptiveMaxPool3d: { outputSize: [5, 2, 1] } }]", space],
  ["[layerNorm]", steps],
  ["[{ layerNorm: { affine: false } }, { layerNorm: { bias: false } }]", row],
  ["[rmsNorm, { rmsNorm: { affine: false, epsilon: 0.001 } }]", steps],
  ["[{ groupNorm: { groups: 2 } }]", image],
  ["[{ groupNorm: { groups: 2, affine: false } }]", image],
  ["[batchNorm1d]", row],
  ["[{ batchNorm2d: { momentum: 0.3, epsilon: 0.001 } }]", image],
  ["[{ batchNorm3d: { affine: false } }]", space],
  ["[{ instanceNorm1d: { affine: true } }]", plane],
  ["[instanceNorm2d, { instanceNorm2d: { trackRunningStats: true } }]", image],
  ["[instanceNorm3d]", space],
  ["[{ rescale: { scale: [1, 2, 3, 4], offset: 0.5 } }]", steps],
  ["[{ border: { before: [1, 0], after: [0, -2], value: 3 } }]", image],
  ["[{ border: { before: [2], after: [1], mode: replicate } }]", image],
  ["[flatten]", image],
  ["[{ flatten: { startAxis: 2 } }]", image],
  ["[{ unflatten: { axis: 1, sizes: [2, -1] } }]", plane],
  ["[{ reshapeTo: { sizes: [6, 6] } }]", plane],
  ["[{ permute: { axes: [0, 2, 1] } }]", plane],
  ["[{ embedding: { entries: 6, features: 3 } }]", [5]],
  ["[{ embeddingBag: { entries: 6, features: 3, mode: max } }]", [5]],
  ["[{ rnn: { hidden: 3 } }]", steps],
  ["[{ rnn: { hidden: 3, nonlinearity: relu, bidirectional: true } }]", steps],
  ["[{ lstm: { hidden: 3, layers: 2, bidirectional: true } }]", steps],
  ["[{ lstm: { hidden: 3, bias: false, output: last } }, { linear: { outputs: 2 } }]", steps],
  ["[{ gru: { hidden: 3, layers: 2 } }]", steps],
  ["[{ gru: { hidden: 3, bidirectional: true, output: last } }]", steps],
  ["[{ multiHeadAttention: { heads: 2 } }]", steps],
  ["[{ multiHeadAttention: { heads: 2, causal: true, bias: false } }]", steps],
  ["[{ transformerEncoderLayer: { heads: 2, hidden: 8 } }]", steps],
  [
    "[{ transformerEncoder: { heads: 2, hidden: 8, layers: 2, normFirst: true, norm: true, activation: gelu } }]",
    steps,
  ],
  ["[learnedEncoding]", steps],
  ["[{ residual: [{ linear: { outputs: 4 } }, relu] }, { linear: { outputs: 2 } }]", row],
  [
    "[{ parallel: { branches: { a: [{ linear: { outputs: 2 } }], b: [tanh] }, join: concatenate } }]",
    row,
  ],
  ["[{ sequential: [{ linear: { outputs: 2 } }, { sequential: [relu] }] }]", row],
  [
    "[{ graph: { inputs: { a: 1, b: 3 }, layers: { f: [{ linear: { outputs: 3 } }], g: [tanh] }, " +
      "nodes: { u: { layer: f, of: a }, v: { layer: g, of: b }, w: { join: multiply, of: [u, v] }, " +
      "z: { layer: g, of: w } }, outputs: [w, z] } }]",
    row,
  ],
];

/** Examples as a tensor, whole numbers for tables. */
function examples(layers: string, input: readonly number[], batch = 2): Tensor {
  const shape = [batch, ...input];
  const size = shape.reduce((a, b) => a * b, 1);
  const data = /embedding/.test(layers)
    ? Float32Array.from({ length: size }, (_, i) => (i * 7) % 6)
    : numbers(size);
  return constantTensor(data, shape);
}

describe("onnxruntime computes the same", () => {
  it.each(cases)("%s", async (layers, input) => {
    const { network, trainer } = networkOf(layers, input);
    const { bytes } = await encodeOnnx(network, trainer, { input });
    const x = examples(layers, input);
    const y = trainer.predict(x);
    const found = await run(bytes, x, /embedding/.test(layers));
    expect(found.dims).toEqual(y.shape);
    const expected = y.dataSync();
    const data = found.data as Float32Array;
    const worst = Math.max(...data.map((v, i) => Math.abs(v - (expected[i] as number))));
    expect(worst).toBeLessThan(1e-5);
    const file = await openForeign(bytes);
    const names = file.tensors.map(({ name }) => name);
    const parameters = Object.keys({ ...trainer.parameters, ...trainer.buffers });
    expect(names).toEqual(
      expect.arrayContaining(parameters.filter((name) => !name.endsWith("num_batches_tracked"))),
    );
    for (const tensor of file.tensors) {
      const own = trainer.parameters[tensor.name as never] as Tensor | undefined;
      if (own) expect((await tensor.read()).data).toEqual(own.dataSync());
    }
  });
});

describe("what is exported", () => {
  // For the layers of a recording that is read again: weights in the same order, outputs the same.
  const again = cases.filter(
    ([layers]) => !/bilinear|embeddingBag|learnedEncoding|graph|sharedBias/.test(layers),
  );
  it.each(again)("comes back: %s", async (layers, input) => {
    const { network, trainer } = networkOf(layers, input);
    const { bytes } = await encodeOnnx(network, trainer, { input });
    const model = await (await openForeign(bytes)).model!();
    const built = buildLayers(undefined, model.layers, [1, ...model.input]) as Layer;
    const values = Object.fromEntries(
      [...model.state].map(([name, { data, shape }]) => [name, constantTensor(data, shape)]),
    );
    const x = examples(layers, input);
    const difference = built.apply(x, values).sub(trainer.predict(x)).abs().max().item();
    expect(difference).toBeLessThan(1e-6);
  });
  it.each([
    ["[{ lstm: { hidden: 3, layers: 2, bidirectional: true } }]", 11],
    ["[{ gru: { hidden: 3, output: last } }, { linear: { outputs: 2 } }]", 11],
    ["[{ rnn: { hidden: 3 } }, layerNorm, { linear: { outputs: 2 } }]", 1],
    ["[{ transformerEncoderLayer: { heads: 2, hidden: 8, causal: true } }]", 7],
  ] as const)("takes sequences of any length: %s", async (layers, length) => {
    const { network, trainer } = networkOf(layers, steps);
    const { bytes } = await encodeOnnx(network, trainer, { input: [null, 4] });
    const x = examples(layers, [length, 4], 3);
    const found = await run(bytes, x);
    const y = trainer.predict(x);
    expect(found.dims).toEqual(y.shape);
    const expected = y.dataSync();
    const worst = Math.max(
      ...(found.data as Float32Array).map((v, i) => Math.abs(v - (expected[i] as number))),
    );
    expect(worst).toBeLessThan(1e-5);
  });
  it("is exact in 64 bits where the kernels are", async () => {
    const layers = "[{ linear: { outputs: 5 } }, tanh, hardswish, { linear: { outputs: 2 } }]";
    const { network, trainer } = networkOf(layers, row, "f64");
    const { bytes } = await encodeOnnx(network, trainer, { input: row });
    const x = constantTensor(Float64Array.from(numbers(8)), [2, 4]);
    const found = await run(bytes, x);
    const expected = trainer.predict(x).dataSync();
    const worst = Math.max(
      ...(found.data as Float64Array).map((v, i) => Math.abs(v - (expected[i] as number))),
    );
    expect(worst).toBeLessThan(1e-14);
  });
  it.each([
    ["[{ batchNorm1d: { trackRunningStats: false } }]", plane, "batch norm without running"],
    ["[{ weightNorm: [{ linear: { outputs: 2 } }] }]", row, "weightNorm"],
    ["[{ lstm: { hidden: 3, projection: 2 } }]", steps, "projection"],
    ["[sinusoidalEncoding]", steps, "encoding of places"],
    ["[{ adaptiveAvgPool1d: { outputSize: 4 } }]", plane, "windows differ in size"],
    ["[{ embeddingBag: { entries: 6, features: 3, paddingIndex: 0 } }]", [5], "does not count"],
  ] as const)("is refused by name: %s", async (layers, input, what) => {
    const { network, trainer } = networkOf(layers, input);
    const error = await rejection("unsupported", encodeOnnx(network, trainer, { input }));
    expect(error.message).toContain(what);
  });
  it("says no size that follows from one that is free", async () => {
    const { network, trainer } = networkOf("[flatten, { linear: { outputs: 2 } }]", steps);
    const error = await rejection(
      "shape-mismatch",
      encodeOnnx(network, trainer, { input: [null, 4] }),
    );
    expect(error.message).toContain("1.weight");
  });
  it("names what is left out", async () => {
    const { network, trainer } = networkOf("[dropout2d]", image);
    const { remarks } = await encodeOnnx(network, trainer, { input: image });
    expect(remarks).toEqual([expect.stringContaining("dropout2d is left out")]);
  });
});
