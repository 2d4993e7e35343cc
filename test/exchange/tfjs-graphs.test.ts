/**
 * Graph models of TensorFlow.js, recorded by tools/record-tfjs-graphs.py and run by TensorFlow.js 4.22:
 * outputs and gradients by their inputs are those of TensorFlow 2.21.
 */
import "../support/backend.ts";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import { openForeign } from "../../src/exchange/formats.ts";
import { rejection } from "../support/failure.ts";
import { mutated } from "../support/mutations.ts";
import { built, expectNear, type Plain, toTensor } from "./recorded.ts";

interface Saved {
  readonly json: object;
  readonly bytes: string;
}
interface Run extends Saved {
  readonly x: Plain;
  readonly y: Plain;
  readonly dx?: Plain;
}
const place = new URL("../fixtures/tfjs/graphs.json", import.meta.url);
const { models }: { models: Readonly<Record<string, Run>> } = JSON.parse(
  readFileSync(place, "utf8"),
);

const opened = ({ json, bytes }: Saved) =>
  openForeign(new TextEncoder().encode(JSON.stringify(json)), {
    name: "model.json",
    beside: async () => Uint8Array.from(Buffer.from(bytes, "base64")),
  });

/** What each is read as: a layer where operators are one. */
const expected: Readonly<Record<string, string>> = {
  dense: "linear tanh linear softmax",
  perceptron: "linear relu linear sigmoid linear",
  activations:
    "linear relu linear relu6 linear leakyRelu linear elu linear selu linear silu linear mish linear " +
    "hardsigmoid linear softplus linear tanh linear logSoftmax linear hardswish linear logSigmoid linear " +
    "prelu relu hardtanh relu",
  gelu: "linear gelu",
  convolutions:
    "permute border conv2d relu permute rescale rescale permute conv2d elu conv2d avgPool2d border " +
    "permute flatten linear",
  conv1d: "permute conv1d relu maxPool1d permute flatten linear",
  separable: "permute conv2d relu6 conv2d conv2d adaptiveMaxPool2d flatten",
  transposed:
    "permute convTranspose2d border permute border border permute convTranspose2d adaptiveAvgPool2d flatten",
  embedding: "embedding permute adaptiveAvgPool1d flatten linear",
  rearranged: "permute layerNorm reshapeTo linear flatten",
  residual: "permute conv2d relu residual relu graph permute adaptiveAvgPool2d flatten linear",
  normalized: "residual layerNorm",
  lenet:
    "permute conv2d permute rescale rescale leakyRelu permute maxPool2d permute flatten linear elu softmax",
};

describe("graph models of TensorFlow.js", () => {
  it.each(Object.entries(models))("%s", async (name, run) => {
    const file = await opened(run);
    expect(file.format).toBe("tfjs-graph-model");
    const model = await file.model!();
    expect(model.layers.map((layer) => layer.name).join(" ")).toBe(expected[name]);
    const { layer, values } = built(model);
    const x = toTensor(run.x, name === "embedding" ? "i32" : "f64");
    const y = layer.apply(x, values);
    expectNear("the output", y, run.y, 1e-5);
    if (run.dx) expectNear("its gradient", gradient(y, [x], y)[0]!, run.dx, 1e-5);
  });
});

describe("what cannot be read", () => {
  it("damaged descriptions are refused", async () => {
    const { json, bytes } = models.convolutions!;
    const text = new TextEncoder().encode(JSON.stringify(json));
    await mutated("model.json", text, 1000, async (changed) => {
      const file = await openForeign(changed, {
        name: "model.json",
        beside: async () => Uint8Array.from(Buffer.from(bytes, "base64")),
      });
      await file.model?.();
    });
  });
  it("operators without a layer are all named at once", async () => {
    const node = (name: string, op: string, ...input: string[]) => ({ name, op, input });
    const modelTopology = {
      node: [
        node("x", "Placeholder"),
        node("a", "TensorListReserve", "x"),
        node("b", "While", "a"),
        node("unused", "Assert", "x"),
        node("__proto__", "Relu", "b"),
      ],
    };
    const json = {
      format: "graph-model",
      modelTopology,
      signature: { outputs: { y: { name: "__proto__:0" } } },
      weightsManifest: [],
    };
    const error = await rejection("unsupported", (await opened({ json, bytes: "" })).model!());
    expect(error.found).toBe(
      '"a" (TensorFlow.TensorListReserve: no layer does this), "b" (TensorFlow.While: no layer does this)',
    );
  });
});
