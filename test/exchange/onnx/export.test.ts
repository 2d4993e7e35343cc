/** Networks written as ONNX: onnxruntime computes what they compute, and they come back as they were. */

import { readFileSync } from "node:fs";
import * as ort from "onnxruntime-web";
import { describe, expect, it } from "vitest";
import { encodeOnnx, openForeign } from "../../../src/exchange/index.ts";
import type { Tensor } from "../../../src/index.ts";
import { buildLayers } from "../../../src/network-file/build.ts";
import type { Layer } from "../../../src/nn/layer.ts";
import { constantTensor } from "../../../src/ops/leaf.ts";
import { rejection } from "../../support/failure.ts";
import {
  cases,
  checkedName,
  examples,
  image,
  looksUp,
  networkOf,
  numbers,
  plane,
  row,
  steps,
  structureOf,
} from "./cases.ts";

ort.env.wasm.numThreads = 1;
ort.env.logLevel = "fatal";

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

/** The files that onnx's own checker has accepted: after a change, node tools/check-onnx.mjs. */
const checked: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(new URL("../../fixtures/onnx/checked.json", import.meta.url), "utf8"),
).files;

describe("onnx's own checker", () => {
  it("has accepted a file of each case, in 32 and 64 bits", () => {
    expect(Object.keys(checked).length).toBe(2 * cases.length);
  });
  it("has accepted the files of 64 bits that are written today", async () => {
    for (const [layers, input] of cases) {
      const { network, trainer } = networkOf(layers, input, "f64");
      const { bytes } = await encodeOnnx(network, trainer, { input });
      expect(checked[checkedName("f64", layers, input)], layers).toBe(structureOf(bytes));
    }
  });
});

describe("onnxruntime computes the same", () => {
  it.each(cases)("%s", async (layers, input) => {
    const { network, trainer } = networkOf(layers, input);
    const { bytes } = await encodeOnnx(network, trainer, { input });
    expect(checked[checkedName("f32", layers, input)]).toBe(structureOf(bytes));
    const x = examples(layers, input);
    const y = trainer.predict(x);
    const found = await run(bytes, x, looksUp(layers));
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
  const again = cases.filter(([layers]) => !/embeddingBag|graph|sharedBias/.test(layers));
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
    ["[{ weightNorm: [{ linear: { outputs: 2 } }] }]", row, "a weight norm"],
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
