/**
 * Graph models of TensorFlow.js, recorded by tools/record-tfjs-graphs.py and run by TensorFlow.js 4.22:
 * outputs and gradients by their inputs are those of TensorFlow 2.21.
 */
import "../support/backend.ts";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import { openForeign } from "../../src/exchange/formats.ts";
import { knownNumbers } from "../../src/exchange/onnx/constants.ts";
import type { NodeAttributes } from "../../src/exchange/onnx/nodes.ts";
import { withGaps } from "../../src/exchange/tfjs/dilated.ts";
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

  type Attributes = Readonly<Record<string, object>>;
  const node = (name: string, op: string, input: string[], attr: Attributes = {}) => ({
    ...{ name, op, input, attr },
  });
  const x = node("x", "Placeholder", [], {
    shape: { shape: { dim: [{ size: "-1" }, { size: "4" }] } },
  });
  const none: NodeAttributes = {
    ...{ has: () => false, int: (_, usual) => usual, float: (_, usual) => usual },
    ...{ ints: () => undefined, floats: () => undefined, texts: () => undefined },
    ...{ text: (_, usual) => usual, tensor: () => undefined },
  };
  const to = (type: string) => ({ DstT: { type } });
  /** A graph with whole numbers as constants, and y as its output. */
  const graph = (nodes: readonly object[], constants: Readonly<Record<string, number[]>> = {}) => {
    const weights = Object.entries(constants).map(([name, list]) => ({
      ...{ name, shape: [list.length], dtype: "int32" },
    }));
    const held = weights.map(({ name }) => node(name, "Const", []));
    const json = {
      format: "graph-model",
      modelTopology: { node: [x, ...held, ...nodes] },
      signature: { outputs: { y: { name: "y:0" } } },
      weightsManifest: [{ paths: ["w.bin"], weights }],
    };
    const bytes = new Uint8Array(Int32Array.from(Object.values(constants).flat()).buffer);
    return opened({ json, bytes: Buffer.from(bytes).toString("base64") });
  };
  it("an output that is a node's second one, and one that no node makes", async () => {
    const split = node("s", "Split", ["axis", "x"], { num_split: { i: "2" } });
    const axis = node("axis", "Const", []);
    const ofOutput = (name: string) =>
      opened({
        json: {
          format: "graph-model",
          modelTopology: { node: [x, axis, split] },
          signature: { outputs: { y: { name } } },
          weightsManifest: [
            { paths: ["w.bin"], weights: [{ name: "axis", shape: [], dtype: "int32" }] },
          ],
        },
        bytes: Buffer.from(Int32Array.of(1).buffer).toString("base64"),
      });
    const rows = { shape: [2, 4], data: [1, 2, 3, 4, 5, 6, 7, 8] };
    for (const [name, data] of [
      ["s:0", [1, 2, 5, 6]],
      ["s:1", [3, 4, 7, 8]],
    ] as const) {
      const { layer, values } = built(await (await ofOutput(name)).model!());
      expectNear(name, layer.apply(toTensor(rows), values), { shape: [2, 2], data }, 0);
    }
    const error = await rejection("file-corrupt", (await ofOutput("t:1")).model!());
    expect(error.message).toContain("An output of this graph model cannot be");
    expect(error.found).toContain("t:1");
  });
  it("numbers that become whole, or truth values, are no longer the same", async () => {
    for (const [type, before, reason] of [
      ["DT_INT32", "Relu", "it leaves out what stands behind the point"],
      ["DT_BOOL", "Identity", "it makes truth values of numbers"],
    ] as const) {
      const nodes = [
        node("a", before, ["x"]),
        node("b", "Cast", ["a"], to(type)),
        node("c", "Cast", ["b"], to("DT_FLOAT")),
        node("y", "Mul", ["a", "c"]),
      ];
      const error = await rejection("unsupported", (await graph(nodes)).model!());
      expect(error.found).toBe(`"b" (Cast: ${reason})`);
    }
    const whole = [node("a", "Cast", ["x"], to("DT_INT32")), node("y", "Relu", ["a"])];
    const { remarks } = await (await graph(whole)).model!();
    expect(remarks).toEqual([
      "a makes whole numbers of its input. Here these are whole as they are given.",
    ]);
  });
  it("a convolution of rearranged batches may come last", async () => {
    const bounds = ["blocks", "sizes"];
    const nodes = [
      node("a", "SpaceToBatchND", ["images", ...bounds]),
      node("b", "Conv2D", ["a", "kernel"]),
      node("y", "BatchToSpaceND", ["b", ...bounds]),
    ];
    const list = (...data: number[]) => knownNumbers([data.length], data, true);
    const held = new Map([
      ["blocks", list(2, 2)],
      ["sizes", list(0, 1, 0, 1)],
    ]);
    const given = nodes.map(({ name, op, input }) => ({
      ...{ name, op, domain: "", inputs: input, outputs: [name] },
      attributes: {
        ...none,
        text: (key: string, usual: string) => (key === "padding" ? "VALID" : usual),
      },
    }));
    expect(withGaps(given, held).slice(1)).toMatchObject([
      { op: "Conv2D", name: "y", outputs: ["y"], inputs: ["images", "kernel"] },
    ]);
  });
  it("the number of examples is no number to reckon with", async () => {
    const nodes = (axis: string) => [
      node("sizes", "Shape", ["x"]),
      node("size", "StridedSlice", ["sizes", axis, axis === "zero" ? "one" : "two", "one"], {
        shrink_axis_mask: { i: "1" },
      }),
      node("number", "Cast", ["size"], to("DT_FLOAT")),
      node("y", "RealDiv", ["x", "number"]),
    ];
    const constants = { zero: [0], one: [1], two: [2] };
    const error = await rejection("unsupported", (await graph(nodes("zero"), constants)).model!());
    expect(error.found).toBe('"y" (Div: it reckons with the number of examples)');
    const { layer, values } = built(await (await graph(nodes("one"), constants)).model!());
    const input = toTensor({ shape: [2, 4], data: [1, 2, 3, 4, 5, 6, 7, 8] }, "f64");
    expect([...layer.apply(input, values).dataSync()]).toEqual([...input.div(4).dataSync()]);
  });
});
