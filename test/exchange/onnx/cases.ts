/** Networks that are written as ONNX: by tests, and by tools/check-onnx.mjs for other programs. */

import { createHash } from "node:crypto";
import { encodeOnnx } from "../../../src/exchange/index.ts";
import { decodeModel, encodeModel } from "../../../src/exchange/onnx/protobuf.ts";
import type { Tensor } from "../../../src/index.ts";
import { buildLayers } from "../../../src/network-file/build.ts";
import type { NetworkFile } from "../../../src/network-file/network.ts";
import { parseNetwork } from "../../../src/network-file/parse.ts";
import { makeTrainer } from "../../../src/network-file/prepare.ts";
import type { Layer } from "../../../src/nn/layer.ts";
import { constantTensor } from "../../../src/ops/leaf.ts";

/** A network of these layers, and one that computes with them. */
export function networkOf(layers: string, input: readonly number[], dtype = "f32") {
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
export const numbers = (size: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => 2 * Math.sin(12.9898 * (i + 1) + i * i));

export const row = [4];
export const steps = [5, 4];
export const plane = [4, 9];
export const image = [4, 7, 6];
const space = [4, 5, 4, 3];

export const cases: readonly (readonly [layers: string, input: readonly number[]])[] = [
  ["[{ linear: { outputs: 3 } }]", row],
  ["[{ linear: { outputs: 3, bias: false } }]", steps],
  ["[{ linear: { outputs: 3, sharedBias: true } }]", row],
  ["[{ bilinear: { outputs: 2 } }]", row],
  ["[{ bilinear: { outputs: 2, bias: false } }]", row],
  ["[{ bilinear: { outputs: 2 } }]", steps],
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
  ["[{ groupNorm: { groups: 2 } }]", row],
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
  ["[{ learnedEncoding: { places: 7 } }]", steps],
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
export function examples(
  layers: string,
  input: readonly number[],
  batch = 2,
  dtype: "f32" | "f64" = "f32",
): Tensor {
  const shape = [batch, ...input];
  const size = shape.reduce((a, b) => a * b, 1);
  const data = looksUp(layers)
    ? Float32Array.from({ length: size }, (_, i) => (i * 7) % 6)
    : numbers(size);
  return constantTensor(dtype === "f64" ? Float64Array.from(data) : data, shape);
}

/** Whether whole numbers go in. */
export const looksUp = (layers: string): boolean => /embedding/.test(layers);

/** What is said in a file but for the numbers of its parameters: nodes, sizes, types, whole numbers. */
export function structureOf(bytes: Uint8Array): string {
  const model = decodeModel(bytes);
  const initializer = model.graph!.initializer.map((t) =>
    t.data_type === 7 ? t : { ...t, raw_data: new Uint8Array(t.raw_data!.length) },
  );
  const still = encodeModel({ ...model, graph: { ...model.graph!, initializer } });
  return createHash("sha256").update(still).digest("hex").slice(0, 16);
}

/** A file that other programs check: with examples, and what comes out of them here. */
export interface CheckedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly x: Tensor;
  readonly y: Tensor;
}

/** What a case is called in test/fixtures/onnx/checked.json. */
export const checkedName = (dtype: string, layers: string, input: readonly number[]): string =>
  `${dtype} [${input}] ${layers}`;

/** Every case in 32 and in 64 bits. */
export async function* checkedFiles(): AsyncGenerator<CheckedFile> {
  for (const dtype of ["f32", "f64"] as const) {
    for (const [layers, input] of cases) {
      const { network, trainer } = networkOf(layers, input, dtype);
      const { bytes } = await encodeOnnx(network, trainer, { input });
      const x = examples(layers, input, 2, dtype);
      yield { name: checkedName(dtype, layers, input), bytes, x, y: trainer.predict(x) };
    }
  }
}
