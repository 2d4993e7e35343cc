/**
 * Records models of TensorFlow.js with what they compute: node tools/record-tfjs.mjs FOLDER, the folder
 * being one where @tensorflow/tfjs 4.22.0 is installed. Writes test/fixtures/tfjs/models.json: for each
 * model its model.json, its weights (base64), inputs, outputs, and the gradients of Σ direction·output as
 * weights; of some the weights after ten further steps of training.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const [, , folder] = process.argv;
const require = createRequire(`${resolve(folder)}/`);
const tf = require("@tensorflow/tfjs");
const { layers: L } = tf;

/** Numbers that follow from a seed alone, in ±1. */
function numbers(count, seed) {
  let state = seed * 2654435761 + 12345;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}
const tensorOf = (shape, seed) =>
  tf.tensor(
    numbers(
      shape.reduce((a, b) => a * b, 1),
      seed,
    ),
    shape,
  );

const chain = (shape, ...all) => {
  const input = tf.input({ shape });
  return tf.model({ inputs: input, outputs: all.reduce((x, layer) => layer.apply(x), input) });
};
const sequential = (...all) => {
  const model = tf.sequential();
  for (const layer of all) model.add(layer);
  return model;
};

const models = {
  dense: () =>
    sequential(
      L.dense({ units: 4, inputShape: [3], activation: "tanh" }),
      L.dense({ units: 2, useBias: false, activation: "softmax" }),
    ),
  activations: () =>
    sequential(
      L.dense({ units: 4, inputShape: [3], activation: "hardSigmoid" }),
      ...["relu", "relu6", "elu", "selu", "softplus", "softsign", "swish", "mish", "gelu"].flatMap(
        (activation) => [L.dense({ units: 4, activation })],
      ),
      L.leakyReLU(),
      L.leakyReLU({ alpha: 0.1 }),
      L.dense({ units: 4 }),
      L.elu(),
      L.reLU({ maxValue: 2 }),
      L.dense({ units: 4 }),
      L.prelu(),
      L.softmax(),
    ),
  conv1d: () =>
    sequential(
      L.conv1d({ filters: 3, kernelSize: 3, inputShape: [9, 2], padding: "same", strides: 2 }),
      L.conv1d({ filters: 3, kernelSize: 2, padding: "same" }),
      L.averagePooling1d({ poolSize: 2, strides: 1, padding: "same" }),
      L.maxPooling1d({ poolSize: 2 }),
      L.flatten(),
      L.dense({ units: 2 }),
    ),
  conv2d: () =>
    sequential(
      L.conv2d({
        filters: 4,
        kernelSize: 3,
        inputShape: [8, 7, 3],
        padding: "same",
        strides: 2,
        activation: "relu",
      }),
      L.batchNormalization(),
      L.conv2d({ filters: 4, kernelSize: [2, 3], padding: "same", activation: "softmax" }),
      L.maxPooling2d({ poolSize: 3, strides: 2, padding: "same" }),
      L.flatten(),
      L.dense({ units: 2 }),
    ),
  conv3d: () =>
    sequential(
      L.conv3d({ filters: 2, kernelSize: 2, inputShape: [3, 4, 5, 2], padding: "same" }),
      L.maxPooling3d({ poolSize: 2 }),
      L.flatten(),
      L.dense({ units: 2 }),
    ),
  transposed: () =>
    chain(
      [3, 4, 2],
      L.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, padding: "same" }),
      L.conv2dTranspose({ filters: 2, kernelSize: 2, strides: 1 }),
      L.cropping2D({
        cropping: [
          [1, 0],
          [0, 2],
        ],
      }),
      L.zeroPadding2d({
        padding: [
          [0, 1],
          [2, 0],
        ],
      }),
      L.globalAveragePooling2d({}),
    ),
  separable: () =>
    chain(
      [3, 6, 2],
      // In front: its gradient is wrong there for more than one example.
      L.upSampling2d({ size: [2, 1] }),
      L.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: "same" }),
      L.separableConv2d({ filters: 3, kernelSize: 3, strides: 2, padding: "same" }),
      L.globalMaxPooling2d({}),
    ),
  rearranged: () =>
    chain(
      [4, 6],
      L.permute({ dims: [2, 1] }),
      L.layerNormalization(),
      L.reshape({ targetShape: [2, 12] }),
      L.spatialDropout1d({ rate: 0.2 }),
      L.dropout({ rate: 0.5 }),
      L.timeDistributed({ layer: L.dense({ units: 3 }) }),
      L.globalMaxPooling1d({}),
      L.repeatVector({ n: 3 }),
      L.flatten(),
    ),
  branches: () => {
    const input = tf.input({ shape: [4] });
    const shared = L.dense({ units: 3, activation: "tanh", name: "shared/one" });
    const a = shared.apply(input);
    const b = L.dense({ units: 4 }).apply(a);
    const c = shared.apply(b);
    const sum = L.add().apply([a, c]);
    const product = L.multiply().apply([a, sum]);
    const mean = L.average().apply([a, c, product]);
    const all = L.concatenate().apply([mean, sum, b]);
    return tf.model({ inputs: input, outputs: L.dense({ units: 2 }).apply(all) });
  },
  twoInputs: () => {
    const [a, b] = [tf.input({ shape: [3] }), tf.input({ shape: [2, 2] })];
    const inner = sequential(L.flatten({ inputShape: [2, 2] }), L.dense({ units: 3 }));
    const joined = L.add().apply([L.dense({ units: 3 }).apply(a), inner.apply(b)]);
    return tf.model({ inputs: [a, b], outputs: [joined, L.dense({ units: 1 }).apply(joined)] });
  },
  embedding: () =>
    sequential(
      L.embedding({ inputDim: 5, outputDim: 3, inputLength: 4 }),
      L.globalAveragePooling1d({}),
      L.dense({ units: 2 }),
    ),
  recurrent: () =>
    chain(
      [4, 3],
      L.lstm({ units: 3, returnSequences: true }),
      L.gru({ units: 2, returnSequences: true }),
      L.bidirectional({
        layer: L.simpleRNN({ units: 2, returnSequences: true }),
        mergeMode: "sum",
      }),
      L.bidirectional({
        layer: L.lstm({ units: 2, recurrentActivation: "sigmoid" }),
        mergeMode: "concat",
      }),
      L.dense({ units: 1 }),
    ),
};

const trained = {
  sgd: ["dense", () => tf.train.sgd(0.1), "categoricalCrossentropy"],
  momentum: ["branches", () => tf.train.momentum(0.05, 0.9), "meanSquaredError"],
  adam: ["branches", () => tf.train.adam(0.01), "meanSquaredError"],
  rmsprop: ["conv1d", () => tf.train.rmsprop(0.01, 0.9), "meanSquaredError"],
  adagrad: ["dense", () => tf.train.adagrad(0.1, 0.1), "meanSquaredError"],
};

/** What a model is made of, and its weights. */
async function saved(model, options = {}) {
  let artifacts;
  const handler = tf.io.withSaveHandler(async (given) => {
    artifacts = given;
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
  });
  await model.save(handler, options);
  const { weightData, weightSpecs, ...rest } = artifacts;
  const bytes = Array.isArray(weightData)
    ? Buffer.concat(weightData.map((part) => Buffer.from(part)))
    : Buffer.from(weightData);
  const weightsManifest = [{ paths: ["weights.bin"], weights: weightSpecs }];
  return { json: { ...rest, weightsManifest }, bytes: bytes.toString("base64") };
}

const plain = (t) => ({ shape: t.shape, data: [...t.dataSync()] });

/** Weights that differ from zeros and ones, so that each counts. */
function stir(model) {
  let seed = 1;
  for (const weight of model.weights) {
    const isVariance = weight.originalName.endsWith("moving_variance");
    const own = tensorOf(weight.shape, seed++).mul(isVariance ? 0.4 : 0.6);
    weight.write(isVariance ? own.add(0.9) : own);
  }
}

function record(name, model, specs) {
  const inputs = model.inputs.map(({ shape: [, ...own] }, i) => {
    const all = tensorOf([3, ...own], 100 + i);
    return name === "embedding" ? all.add(1).mul(2.49).floor() : all;
  });
  const flat = tf.concat(
    inputs.map((x) => x.reshape([3, -1])),
    1,
  );
  const apply = (training) => {
    const y = model.apply(inputs.length === 1 ? inputs[0] : inputs, { training });
    const all = Array.isArray(y) ? y : [y];
    return all.length === 1
      ? all[0]
      : tf.concat(
          all.map((t) => t.reshape([3, -1])),
          1,
        );
  };
  const y = apply(false);
  const direction = tensorOf(y.shape, 7);
  const { grads } = tf.variableGrads(() => apply(false).mul(direction).sum());
  const byId = new Map(model.trainableWeights.map((w) => [w.val.name, w.originalName]));
  const found = new Map(Object.entries(grads).map(([id, g]) => [byId.get(id) ?? id, g.dataSync()]));
  // In the order and layout of the weights, so that a reader of these puts them in their places.
  const parts = specs.map(({ name: own, shape }) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return Buffer.from((found.get(own) ?? new Float32Array(size)).slice().buffer);
  });
  const gradients = Buffer.concat(parts).toString("base64");
  return {
    x: plain(inputs.length === 1 ? inputs[0] : flat),
    y: plain(y),
    direction: plain(direction),
    gradients,
  };
}

const result = { version: tf.version.tfjs, models: {}, trained: {} };
await tf.setBackend("cpu");
for (const [name, make] of Object.entries(models)) {
  const model = make();
  stir(model);
  const file = await saved(model);
  const [{ weights }] = file.json.weightsManifest;
  result.models[name] = { ...file, ...record(name, model, weights) };
}
for (const [name, [own, optimizer, loss]] of Object.entries(trained)) {
  const model = models[own]();
  stir(model);
  model.compile({ optimizer: optimizer(), loss });
  const shape = model.inputs[0].shape.slice(1);
  const x = tensorOf([6, ...shape], 21);
  const outputs = model.outputs[0].shape.slice(1);
  const raw = tensorOf([6, ...outputs], 22);
  const y = loss.startsWith("categorical") ? tf.oneHot(raw.argMax(1), outputs[0]).toFloat() : raw;
  for (let i = 0; i < 3; i++) await model.trainOnBatch(x, y);
  const file = await saved(model, { includeOptimizer: true });
  for (let i = 0; i < 10; i++) await model.trainOnBatch(x, y);
  const after = model.weights.map((w) => [w.originalName, plain(w.read())]);
  result.trained[name] = { ...file, x: plain(x), t: plain(y), after };
}

/** f32 numbers as short as they can be said. */
const short = (_key, value) =>
  typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(9)) : value;
const place = new URL("../test/fixtures/tfjs/", import.meta.url);
mkdirSync(place, { recursive: true });
writeFileSync(new URL("models.json", place), `${JSON.stringify(result, short)}\n`);
