/**
 * ONNX files of PyTorch's two exporters, and files in every version of the operators, with 16-bit tensors, with
 * tensors beside them and with operators of scikit-learn: outputs and gradients are those that were recorded.
 */

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openForeign } from "../../../src/exchange/index.ts";
import { decodeSafetensors } from "../../../src/files/safetensors.ts";
import { grad, type Tensor } from "../../../src/index.ts";
import { buildLayers } from "../../../src/network-file/build.ts";
import { constantTensor } from "../../../src/ops/leaf.ts";
import { rejection } from "../../support/failure.ts";

const folder = `${import.meta.dirname}/../../fixtures/onnx`;

/** Those for which there is no layer, and which node is named. */
const refused: Readonly<Record<string, Readonly<Record<string, RegExp>>>> = {
  "torch-dynamo": {
    bilinear: /"node_Squeeze_58" \(Squeeze: its input is no output of a layer/,
    embeddingBag: /"n16" \(SequenceEmpty: no layer does this\), "n9" \(Size/,
    rnn: /"node_MatMul_35" \(MatMul: its first factor is a constant\)/,
    rnnRelu: /"node_MatMul_35" \(MatMul/,
  },
  "torch-script": { embeddingBag: /Loop: no layer does this/ },
};

/** The largest difference. */
const difference = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().item();

describe.each(["torch-dynamo", "torch-script", "forms"])("%s", (producer) => {
  const { tensors } = decodeSafetensors(
    new Uint8Array(readFileSync(`${folder}/${producer}/values.safetensors`)),
  );
  const recorded = (name: string) => tensors.get(name) as Tensor | undefined;
  const names = readdirSync(`${folder}/${producer}`)
    .filter((name) => name.endsWith(".onnx"))
    .map((name) => name.replace(".onnx", ""));
  it.each(names.filter((name) => refused[producer]?.[name] === undefined))("%s", async (name) => {
    const file = await openForeign(`${folder}/${producer}/${name}.onnx`);
    const { input, layers, state } = await file.model!();
    const model = buildLayers(undefined, layers, [1, ...input]);
    const values = Object.fromEntries(
      [...state].map(([k, { data, shape }]) => [k, constantTensor(data, shape)]),
    );
    expect(Object.keys(values).sort()).toEqual(
      Object.keys({ ...model.parameters, ...model.buffers }).sort(),
    );
    const x = recorded(`${name}.x`)!;
    const y = model.apply(x, values);
    const expected = recorded(`${name}.y`)!;
    expect(y.shape).toEqual(expected.shape);
    // All of it has 16 bits there: 11 of them count.
    expect(difference(y, expected)).toBeLessThan(name === "halfModel" ? 2 ** -10 : 1e-5);
    const dx = recorded(`${name}.dx`);
    if (!dx) return;
    const loss = (x: Tensor) => {
      const z = model.apply(x, values);
      return z.mul(z).sum().mul(0.5);
    };
    const largest = dx.abs().max().item();
    expect(difference(grad(loss)(x) as Tensor, dx)).toBeLessThan(1e-5 * (1 + largest));
  });

  it.each(Object.entries(refused[producer] ?? {}))(
    "names what %s has no layer for",
    async (name, found) => {
      const file = await openForeign(`${folder}/${producer}/${name}.onnx`);
      const error = await rejection("unsupported", file.model!());
      expect(error.found).toMatch(found);
    },
  );
});
