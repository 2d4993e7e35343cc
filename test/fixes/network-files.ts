/** Advice about network files, followed. */
import { pytorchScript } from "../../src/exchange/pytorch/script.ts";
import { readText } from "../../src/files/node.ts";
import * as c from "../../src/index.ts";
import * as f from "../../src/network-file/index.ts";
import { files as from, text } from "../network-file/sample.ts";
import type { Row } from "./row.ts";
import {
  csv,
  datasets,
  examples,
  good,
  latin1,
  parse,
  raw,
  restored,
  table,
} from "./sample-network.ts";

const twoOutputs = "[{ linear: { outputs: 2 } }]";
const threeOutputs = { layers: "[{ linear: { outputs: 3 } }]", loss: "meanSquaredError" };
const penalized = (penalties: string) => f.buildModel(raw(`${text()}penalties: ${penalties}\n`), 2);
const noData = { data: undefined };
const utf16 = new Uint8Array(Buffer.from(table, "utf16le"));
const alias = (n: number) =>
  text({
    data:
      `{ examples: [{ inputs: &x [${new Array(n).fill("1").join(", ")}], targets: a }, ` +
      "{ inputs: *x, targets: b }, { inputs: *x, targets: b }] }",
  });

const severalTargets = (loss: string, outputs: number) =>
  datasets(
    {
      data: "{ csv: { file: t.csv, target: [b, c] } }",
      layers: `[{ linear: { outputs: ${outputs} } }]`,
      loss,
    },
    "a,b,c\n1,no,0\n2,yes,1\n",
  );
const textData = (content: string | Uint8Array) =>
  datasets(
    {
      data: "{ text: { file: t.csv, length: 4 } }",
      layers: "[{ embedding: { entries: 99, features: 2 } }, { linear: { outputs: 99 } }]",
    },
    content,
  );
const inParts = (layers: string, inputs: string) =>
  datasets({ data: `{ csv: { file: t.csv, target: kind, inputs: ${inputs} } }`, layers });
const partsGraph =
  "[{ graph: { inputs: { x: 1 }, layers: { f: [{ linear: { outputs: 2 } }] }, nodes: { y: { layer: f, of: x } } } }]";

const graph = (nodes: string) =>
  parse({
    layers: `[{ graph: { layers: { f: [{ linear: { outputs: 2 } }] }, nodes: ${nodes} } }]`,
  });

/** The PyTorch script of a network with this optimizer. */
async function script(optimizer: string): Promise<string> {
  const parsed = f.parseNetwork(text({ optimizer, data: examples("a", "b") }));
  const { network, trainer, data } = await f.prepareNetwork(parsed, from({}));
  return pytorchScript({ network, trainer, data: data.train, batchSize: 1 });
}

export const networkFiles: readonly Row[] = [
  [
    "Leave it out of the network file, and add it to the script by hand.",
    () => script("{ sgd: { learningRate: 1, clipNorm: 1 } }"),
    () => script("{ sgd: { learningRate: 1 } }"),
  ],
  [
    "Let one of them read something else; a loop over steps is a recurrence.",
    () => graph("{ a: { layer: f, of: b }, b: { layer: f, of: a } }"),
    () => graph("{ b: { layer: f, of: input }, a: { layer: f, of: b } }"),
  ],
  [
    "Make two penalties of it.",
    () => parse({ inputs: "2", penalties: "[{ l2: 1, parameters: '0.*', outputs: '0' }]" }),
    () =>
      parse({ inputs: "2", penalties: "[{ l2: 1, parameters: '0.*' }, { l2: 1, outputs: '0' }]" }),
  ],
  // The text of a network file.
  ["Give a network file; if it is one, save it as UTF-8.", () => raw("a\0b"), () => parse()],
  [
    "Put the examples into a CSV file, and values of weights into a checkpoint.",
    () => raw(`${text()}# ${"x".repeat(5e6)}`),
    () => datasets({ data: csv }),
    () => restored(good),
  ],
  [
    "Begin with one of the examples that come with chainrule.",
    () => raw(""),
    async () => raw(await readText("examples/xor.yaml")),
  ],
  ["Indent with spaces.", () => raw("loss:\n\thuber: {}\n"), () => parse()],
  ["Put each network into its own file.", () => raw(`${text()}---\n${text()}`), () => parse()],
  [
    "Close brackets, and indent what belongs together equally far.",
    () => raw("layers: [tanh\nloss: huber\n"),
    () => raw(text({ layers: "\n  - tanh\n  - linear: { outputs: 2 }" })),
  ],
  [
    "Close the quotation mark or the bracket.",
    () => raw('name: "x\n'),
    () => parse({ name: '"x"' }),
  ],
  ["Put a plain name before the colon.", () => raw("[a]: 1\n"), () => parse({ name: "a" })],
  ["Remove the tag.", () => parse({ name: "!odd x" }), () => parse({ name: "x" })],
  [
    "Put the second part into braces or on lines of its own, or quote a text with a colon.",
    () => raw("a: b: c\n"),
    () => parse({ optimizer: "{ sgd: { learningRate: 1 } }" }),
    () => parse({ optimizer: "\n  sgd:\n    learningRate: 1" }),
    () => parse({ name: '"a: b"' }),
  ],
  ["Correct the line.", () => raw("a: *x y\n"), () => parse()],
  ["Correct these lines.", () => parse({ loss: "no", optimizer: "none" }), () => parse()],
  [
    "Correct the line that the message points at.",
    () => raw(`${"[".repeat(200)}${"]".repeat(200)}`),
    () => parse(),
  ],
  [
    "Write for example …: ….",
    () => parse({ optimizer: undefined }),
    () => parse({ optimizer: "adam" }),
  ],
  [
    "Correct the line that the message points at; the schema lists what may stand there.",
    () => parse({ training: "{ epochs: -1 }" }),
    () => {
      const { properties } = JSON.parse(JSON.stringify(f.networkSchema()));
      if (properties.training === undefined) throw new Error("the schema does not list it");
      parse({ training: "{ epochs: 1 }" });
    },
  ],
  [
    "Write the values out, or put them into a CSV file.",
    () => raw(alias(60_000)),
    () => parse({ data: examples("a", "b") }),
    () => datasets({ data: csv }),
  ],
  [
    "Mark what the alias stands for, further up, with & and this name.",
    () => parse({ name: "*x" }),
    () => raw(`name: &x net\n${text({ data: "{ csv: { file: *x, target: y } }" })}`),
  ],
  [
    "Make two penalties of it.",
    () => penalized('[{ l2: 0.1, parameters: "0.*", outputs: "0" }]'),
    () => penalized('[{ l2: 0.1, parameters: "0.*" }, { l2: 0.1, outputs: "0" }]'),
  ],
  ["Remove one of the two.", () => raw(`${text()}loss: huber\n`), () => parse()],
  [
    "Remove the colon, or indent the options further than the name.",
    () => raw(text({ optimizer: "\n  sgd:" })),
    () => parse({ optimizer: "\n  sgd" }),
    () => parse({ optimizer: "\n  sgd:\n    learningRate: 1" }),
  ],
  [
    "Indent what belongs to … further than … itself.",
    () => raw(text({ layers: "\n  - linear:\n" })),
    () => parse({ layers: "\n  - linear:\n      outputs: 2" }),
  ],
  [
    "Begin another one with “- ”, or put its options into the braces.",
    () => parse({ layers: "[{ linear: { outputs: 2 }, tanh: {} }]" }),
    () => parse({ layers: "\n  - linear: { outputs: 2 }\n  - tanh" }),
    () => parse({ layers: "[{ linear: { outputs: 2, bias: 0 } }]" }),
  ],
  [
    "Write its name in the place of …: ….",
    () => parse({ layers: "[{ type: lstm }]" }),
    () =>
      parse({
        layers:
          "[{ unflatten: { axis: 1, sizes: [2, 1] } }, { lstm: { hidden: 3 } }, flatten, { linear: { outputs: 2 } }]",
      }),
    () => parse({ layers: "[{ linear: { outputs: 2 } }, relu]" }),
  ],
  ["Did you mean …?", () => parse({ loss: "hubber" }), () => parse({ loss: "huber" })],
  [
    "Write ….",
    () => parse({ data: "{ generate: moons, validation: 20% }" }),
    () => parse({ data: "{ generate: moons, validation: 0.2 }" }),
  ],
  [
    "Write …, without quotation marks.",
    () => parse({ training: '{ epochs: "5" }' }),
    () => parse({ training: "{ epochs: 5 }" }),
  ],
  [
    "Write true.",
    () => parse({ training: "{ shuffle: yes }" }),
    () => parse({ training: "{ shuffle: true }" }),
  ],
  [
    "Write false.",
    () => parse({ training: "{ shuffle: off }" }),
    () => parse({ training: "{ shuffle: false }" }),
  ],
  [
    "Write […].",
    () => parse({ data: "{ csv: { file: t.csv, target: y, inputs: a } }" }),
    () => parse({ data: "{ csv: { file: t.csv, target: y, inputs: [a] } }" }),
  ],
  [
    "Write { …: … }.",
    () => parse({ layers: "[{ dropout: 0.3 }, { linear: { outputs: 2 } }]" }),
    () => parse({ layers: "[{ dropout: { rate: 0.3 } }, { linear: { outputs: 2 } }]" }),
  ],
  [
    "Begin each entry with “- ”, or put the entries into [ ].",
    () => parse({ layers: "\n  linear: { outputs: 2 }" }),
    () => parse({ layers: "\n  - linear: { outputs: 2 }" }),
    () => parse({ layers: "[{ linear: { outputs: 2 } }]" }),
  ],
  [
    "Remove this line.",
    () => parse({ data: "{ generate: moons, classes: [a, b] }" }),
    () => parse({ data: "{ generate: moons }" }),
  ],
  [
    "Check the numbers of outputs.",
    () => f.buildModel(parse({ ...noData, layers: "[{ linear: { outputs: 1000000 } }]" }), 1000),
    () => f.buildModel(parse({ ...noData, layers: "[{ linear: { outputs: 10 } }]" }), 1000),
  ],
  [
    "Add for example “inputs: 2”.",
    () => f.buildModel(parse(noData)),
    () => f.buildModel(parse({ ...noData, inputs: "2" })),
  ],
  [
    "Correct the number, or remove the line.",
    () => datasets({ inputs: "3" }),
    () => datasets({ inputs: "2" }),
    () => datasets({}),
  ],
  [
    "Make it 2 outputs, or take the loss binaryCrossEntropyWithLogits.",
    () => datasets({ layers: "[{ linear: { outputs: 1 } }]" }),
    () => datasets({ layers: "[{ linear: { outputs: 2 } }]" }),
    () =>
      datasets({
        layers: "[{ linear: { outputs: 1 } }]",
        loss: "binaryCrossEntropyWithLogits",
      }),
  ],
  [
    "Make it … outputs.",
    () => datasets({ data: csv, layers: twoOutputs }, "a,kind\n1,x\n2,y\n3,z\n"),
    () => datasets({ data: csv, layers: threeOutputs.layers }, "a,kind\n1,x\n2,y\n3,z\n"),
  ],
  [
    "Make it … or … outputs.",
    () => datasets({ layers: "[{ linear: { outputs: 3 } }]", loss: "meanSquaredError" }),
    () => datasets({ layers: "[{ linear: { outputs: 1 } }]", loss: "meanSquaredError" }),
    () => datasets({ layers: "[{ linear: { outputs: 2 } }]", loss: "meanSquaredError" }),
  ],
  [
    "Make it ….",
    () => datasets({ data: csv, ...threeOutputs }, "a,kind\n1,0.5\n2,1.5\n"),
    () =>
      datasets(
        { data: csv, ...threeOutputs, layers: "[{ linear: { outputs: 1 } }]" },
        "a,kind\n1,0.5\n2,1.5\n",
      ),
  ],
  [
    "Name one of these columns.",
    () => datasets({ data: "{ csv: { file: t.csv, target: quality } }" }),
    () => datasets({ data: csv }),
  ],
  [
    "Save the tensors as safetensors where that file was made, and load that.",
    () => c.decodeSafetensors(Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0, 0, 1, 0, 0)),
    () =>
      c.decodeSafetensors(
        c.encodeSafetensors({ a: { dtype: "f32", shape: [1], data: Float32Array.of(1) } }),
      ),
  ],
  [
    "Train a network file with “chainrule train”, and give the file that it saves.",
    () => f.storedNetwork(c.encodeSafetensors(new Map()), "m.safetensors"),
    () => f.storedNetwork(good, "m.safetensors"),
  ],
  [
    "Write the targets as names, list the classes, or take meanSquaredError.",
    () => datasets({ data: examples("[1, 0]"), loss: "negativeLogLikelihood" }),
    () => datasets({ data: examples("a", "b"), loss: "negativeLogLikelihood" }),
    () =>
      datasets({
        data: examples("0", "1").replace(/ }$/, ", classes: [a, b] }"),
        loss: "negativeLogLikelihood",
      }),
    () => datasets({ data: examples("[1, 0]"), loss: "meanSquaredError" }),
  ],
  [
    "Take binaryCrossEntropyWithLogits for yes and no, or meanSquaredError.",
    () => severalTargets("crossEntropy", 3),
    () => severalTargets("binaryCrossEntropyWithLogits", 2),
    () => severalTargets("meanSquaredError", 2),
  ],
  [
    "Save it again as text in UTF-8.",
    () => textData(latin1),
    () => textData("a,kind\n1,\u00e9\n2,y\n"),
  ],
  [
    "Begin with a graph that has inputs: …, or name the columns in one list.",
    () => inParts(twoOutputs, "{ x: [a] }"),
    () => inParts(partsGraph, "{ x: [a] }"),
    () => inParts(twoOutputs, "[a]"),
  ],
  [
    "Say types: { …: category }, or take meanSquaredError.",
    () => datasets({ data: csv }, "a,kind\n1,0\n2,1\n"),
    () =>
      datasets(
        { data: "{ csv: { file: t.csv, target: kind, types: { kind: category } } }" },
        "a,kind\n1,0\n2,1\n",
      ),
    () =>
      datasets(
        { data: csv, loss: "meanSquaredError", layers: "[{ linear: { outputs: 1 } }]" },
        "a,kind\n1,0\n2,1\n",
      ),
  ],
  [
    "Save it again as text in UTF-8 (in a spreadsheet: “CSV UTF-8”).",
    () => datasets({ data: csv }, latin1),
    () => datasets({ data: csv }, new TextEncoder().encode("a,kind\n1,é\n2,y\n")),
  ],
  [
    "Save the table as CSV in UTF-8.",
    () => datasets({ data: csv }, utf16),
    () => datasets({ data: csv }, new TextEncoder().encode(table)),
  ],

  [
    "Say how many there are under idx: classes.",
    () => idx("{ images: i, labels: l }"),
    () => idx("{ images: i, labels: l, classes: 2 }"),
  ],
  [
    "Ask for more of them.",
    () => datasets({ data: "{ generate: { blobs: { centers: 1 } } }" }),
    () => datasets({ data: "{ generate: { blobs: { centers: 2 } } }" }),
  ],
  [
    "Add examples of others, or list all classes under data: classes.",
    () => datasets({ data: examples("a") }),
    () => datasets({ data: examples("a", "b") }),
    () => datasets({ data: examples("a").replace(/ }$/, ", classes: [a, b] }") }),
  ],

  [
    "Leave out standardizeTarget, which makes the targets other numbers.",
    () => ready("standardizeTarget: true, "),
    () => ready(""),
  ],
];

const ready = (setting: string) =>
  f.prepareNetwork(
    parse({
      data: `{ csv: { ${setting}file: t.csv, target: kind } }`,
      layers: "[{ linear: { outputs: 1 } }]",
      loss: "binaryCrossEntropyWithLogits",
    }),
    from({ "t.csv": "a,kind\n1,0\n2,1\n3,0\n" }),
  );

const idx = (data: string) =>
  f.toDatasets(
    parse({ data: `{ idx: ${data} }` }),
    from({
      i: Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 1, 5, 6),
      l: Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 0, 0),
    }),
  );
