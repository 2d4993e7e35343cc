/** A graph in a network file: shared layers, several inputs and outputs, decoders, what is wrong. */
import { expect, test } from "vitest";
import { pytorchScript } from "../../src/exchange/pytorch/script.ts";
import { explain } from "../../src/explain/index.ts";
import { buildModel } from "../../src/network-file/build.ts";
import { parseNetwork, prepareNetwork } from "../../src/network-file/index.ts";
import { mapLayers } from "../../src/network-file/layers.ts";
import { initialValues } from "../../src/nn/index.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { failure } from "../support/failure.ts";
import "../support/backend.ts";

const none = async () => new Uint8Array();
const file = (layers: string, rest = "", inputs = "[1, 2, 0.5, -1]") => `
layers:
${layers}
loss: crossEntropy
optimizer: { sgd: { learningRate: 0.5 } }
data: { examples: [{ inputs: ${inputs}, targets: a }, { inputs: [0, 1, 1, 2], targets: b }] }
training: { epochs: 3, batchSize: 2, dtype: f64 }
${rest}`;

/** Two inputs, one encoder for both, and what it makes of them in two ways. */
const twins = `
  - graph:
      inputs: { left: 2, right: 2 }
      layers:
        encode: [{ linear: { outputs: 3 } }, tanh]
        head: [{ linear: { outputs: 2 } }]
      nodes:
        both: { join: concatenate, of: [product, a] }
        a: { layer: encode, of: left }
        b: { layer: encode, of: right }
        product: { join: multiply, of: [a, b] }
        result: { layer: head, of: both }`;
/** A sequence that is read by an encoder, and a decoder that looks at what comes of it. */
const translation = `
  - unflatten: { axis: 1, sizes: [2, 2] }
  - graph:
      layers:
        encode: [{ transformerEncoderLayer: { heads: 1, hidden: 3, dropout: 0 } }]
        decode: [{ transformerDecoder: { heads: 2, layers: 2, hidden: 3, dropout: 0, norm: true } }, tanh]
        look: [{ multiHeadAttention: { heads: 1, causal: true } }]
      nodes:
        memory: { layer: encode, of: input }
        y: { layer: decode, of: { input: input, memory: memory } }
        z: { layer: look, of: { query: y, key: memory } }
      outputs: [z, y]
  - residual: [relu, { linear: { outputs: 4 } }]
  - parallel: { branches: { a: [{ linear: { outputs: 1 } }], b: [sigmoid] }, join: concatenate }
  - flatten
  - linear: { outputs: 2 }`;

/** As small as a decoder can be. */
const looking = `
  - unflatten: { axis: 1, sizes: [2, 2] }
  - graph:
      layers:
        encode: [{ linear: { outputs: 2 } }]
        decode: [{ transformerDecoderLayer: { heads: 1, hidden: 1, dropout: 0, bias: false } }]
      nodes:
        memory: { layer: encode, of: input }
        y: { layer: decode, of: { input: input, memory: memory } }
  - flatten
  - linear: { outputs: 2 }`;

test("nodes in any order, shared layers, and inputs that are parts of a row", () => {
  const model = buildModel(parseNetwork(file(twins)), 4);
  expect(Object.keys(model.parameters)).toEqual([
    ...["0.encode.0.weight", "0.encode.0.bias", "0.head.0.weight", "0.head.0.bias"],
  ]);
  const { parameters } = initialValues(model, { dtype: "f64", seed: 1 });
  const at = (...x: number[]) => tensor([x], { dtype: "f64" });
  const [w, b, v, c] = Object.values(parameters) as [never, never, never, never];
  const linear = (x: ReturnType<typeof at>, weight: typeof x, bias: typeof x) =>
    x.matmul(weight.transpose()).add(bias);
  const a = linear(at(1, 2), w, b).tanh();
  const both = [a.mul(linear(at(3, -1), w, b).tanh()), a].flatMap((t) => [...t.dataSync()]);
  const y = model.apply(at(1, 2, 3, -1), parameters);
  const wanted = linear(at(...both), v, c).dataSync();
  y.dataSync().forEach((value, i) => {
    expect(value).toBeCloseTo(wanted[i]!, 14);
  });
});

const losses = {
  twins: [0.6941882342115357, 0.5124465663878246],
  translation: [0.7796530840220348, 0.6511447376412144],
};

// What PyTorch 2.13.0 printed for these scripts with the values that chainrule begins with.
test.each([
  [
    "twins",
    twins,
    "class Graph(nn.ModuleDict):\n    def forward(self, x):\n        v_left, v_right =",
  ],
  ["translation", translation, 'v_y = self["decode"][1:](self["decode"][0](v_input, v_memory))'],
] as const)(
  "%s: it is trained, and the script for PyTorch has the same losses",
  async (name, layers, line) => {
    const network = parseNetwork(file(layers));
    const { trainer, data } = await prepareNetwork(network, none);
    const text = pytorchScript({ network, trainer, data: data.train, batchSize: 2 });
    expect(text).toContain(line);
    for (const loss of losses[name]) {
      expect(trainer.evaluate(data.train).loss).toBeCloseTo(loss, 12);
      await trainer.fit(data.train, { epochs: 3, batchSize: 2 });
    }
  },
);

test.each([
  [twins, "0.encode.0.weight[1,0]"],
  [looking, "1.encode.0.weight[1,0]"],
] as const)("a weight is explained through the graph %#", async (layers, parameter) => {
  const { trainer, data } = await prepareNetwork(parseNetwork(file(layers)), none);
  const d = await explain(trainer, { data: data.train, parameter });
  expect(d.data.passed, d.toText()).toBe(true);
});

test("every layer inside is changed by what changes layers", () => {
  const seen: string[] = [];
  mapLayers(parseNetwork(file(twins)).layers, ({ name, options }) => {
    seen.push(name);
    return options;
  });
  expect(seen).toEqual(["linear", "tanh", "linear"]);
});

const graph = (parts: Readonly<Record<string, string>>) =>
  file(
    `  - graph: { ${Object.entries({
      layers: "{ f: [{ linear: { outputs: 2 } }] }",
      nodes: "{ y: { layer: f, of: input } }",
      ...parts,
    })
      .map(([name, text]) => `${name}: ${text}`)
      .join(", ")} }`,
    "inputs: 4",
  );

test.each<[string, Readonly<Record<string, string>>, string, string]>([
  [
    "a circle",
    { nodes: "{ a: { layer: f, of: b }, b: { join: add, of: [a, input] } }" },
    "circle",
    "a reads b reads a",
  ],
  ["an unknown layer", { nodes: "{ y: { layer: g, of: input } }" }, 'no layer "g"', "f"],
  ["an unknown node", { nodes: "{ y: { layer: f, of: inptu } }" }, 'no node "inptu"', "input"],
  ["an unknown output", { outputs: "[z]" }, 'no node "z"', "y"],
  [
    "a node that nothing reads",
    { nodes: "{ x: { layer: f, of: input }, y: { layer: f, of: input } }" },
    'node "x"',
    "outputs",
  ],
  [
    "a layer that nothing calls",
    { layers: "{ f: [{ linear: { outputs: 2 } }], g: [tanh] }" },
    'layer "g"',
    "not used",
  ],
  [
    "an input that nothing reads",
    { inputs: "{ left: 2, right: 2 }", nodes: "{ y: { layer: f, of: left } }" },
    'input "right"',
    "not used",
  ],
  [
    "inputs of another size",
    {
      inputs: "{ left: 2, right: 3 }",
      nodes: "{ s: { join: concatenate, of: [left, right] }, y: { layer: f, of: s } }",
    },
    "as many numbers",
    "4 in all",
  ],
  [
    "a join of one",
    { nodes: "{ a: { layer: f, of: input }, y: { join: add, of: a } }" },
    "at least two",
    "[a, b]",
  ],
  [
    "a list for a layer",
    { nodes: "{ y: { layer: f, of: [input, input] } }" },
    "by the names of its inputs",
    "memory",
  ],
  [
    "a join of other shapes",
    { nodes: "{ a: { layer: f, of: input }, y: { join: add, of: [a, input] } }" },
    "",
    "4",
  ],
  [
    "a name of an input",
    { nodes: "{ input: { layer: f, of: input } }" },
    "called as an input",
    "its own",
  ],
  ["a bad name", { nodes: '{ "a b": { layer: f, of: input } }' }, "cannot be named", "letters"],
  ["neither layer nor join", { nodes: "{ y: { of: input } }" }, "", "layer"],
  [
    "a layer of one input for two",
    { nodes: "{ y: { layer: f, of: { query: input } } }" },
    "one input",
    "a tensor",
  ],
  [
    "no memory",
    {
      layers:
        "{ f: [{ transformerDecoderLayer: { heads: 1 } }, flatten] , g: [{ unflatten: { axis: 1, sizes: [2, 2] } }] }",
      nodes: "{ s: { layer: g, of: input }, y: { layer: f, of: { input: s } } }",
    },
    "second sequence",
    "memory",
  ],
])("%s is reported where it stands", (_, parts, message, expected) => {
  const error = failure("file-invalid", () => buildModel(parseNetwork(graph(parts))));
  expect(error.message).toContain(message);
  expect(error.message).toContain(expected);
  expect(error.message).toMatch(/:\d+:\d+/);
});

test("a graph without its source is checked as well", () => {
  const network = parseNetwork(graph({}));
  const [layer] = network.layers as unknown as [{ name: string; options: object }];
  const options = { ...layer.options, nodes: { y: { layer: "g", of: "input", axis: -1 } } };
  const bare = { ...network, layers: [{ ...layer, options }] } as never;
  expect(failure("file-invalid", () => buildModel(bare, 4)).message).toContain('no layer "g"');
});
