/** Branches in a network file: names, places of errors, and what cannot be said elsewhere. */
import { expect, test } from "vitest";
import { pytorchScript } from "../../src/exchange/pytorch/script.ts";
import { buildModel } from "../../src/network-file/build.ts";
import { parseNetwork, prepareNetwork } from "../../src/network-file/index.ts";
import { mapLayers } from "../../src/network-file/layers.ts";
import { initialValues } from "../../src/nn/index.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { failure } from "../support/failure.ts";
import "../support/backend.ts";

const file = (layers: string) => `
inputs: 2
layers:
${layers}
loss: meanSquaredError
optimizer: sgd
data: { examples: [{ inputs: [1, 2], targets: [1] }, { inputs: [0, 1], targets: [0] }] }
`;
const branched = file(`
  - parallel:
      branches:
        wide: [{ linear: { outputs: 2 } }]
        deep: [{ linear: { outputs: 3 } }, tanh, { residual: [{ linear: { outputs: 3 } }, relu] }]
  - residual: [{ linear: { outputs: 5, weight: 0 } }]
  - linear: { outputs: 1 }`);

test("branches have parameters under their names, and the model computes", () => {
  const model = buildModel(parseNetwork(branched));
  expect(Object.keys(model.parameters).filter((name) => name.endsWith("weight"))).toEqual([
    ...["0.wide.0.weight", "0.deep.0.weight", "0.deep.2.0.weight"],
    ...["1.0.weight", "2.weight"],
  ]);
  const y = model.apply(tensor([[1, 2]]), initialValues(model).parameters);
  expect(y.shape).toEqual([1, 1]);
});

test("they are trained, and the script for PyTorch has the same losses", async () => {
  const network = parseNetwork(branched.replace("optimizer: sgd", "$&\ntraining: { dtype: f64 }"));
  const { trainer, data } = await prepareNetwork(network, async () => new Uint8Array());
  const text = pytorchScript({ network, trainer, data: data.train, batchSize: 2 });
  expect(text).toContain(
    "class Residual(nn.Sequential):\n    def forward(self, x):\n        return x +",
  );
  expect(text).toContain('Parallel({\n        "wide": nn.Sequential(');
  // What PyTorch 2.13.0 printed for it, at first and after 100 epochs.
  for (const loss of [1.2210002335402592, 0.03617117006087099]) {
    expect(trainer.evaluate(data.train).loss).toBeCloseTo(loss, 12);
    await trainer.fit(data.train, { epochs: 100, batchSize: 2 });
  }
});

test("a transformer's block reads a row of whole numbers, and PyTorch has its module", async () => {
  const network = parseNetwork(
    file(`
  - embedding: { entries: 4, features: 4 }
  - transformerEncoderLayer: { heads: 2, hidden: 3, dropout: 0, normFirst: true }
  - flatten
  - linear: { outputs: 1 }`),
  );
  const model = buildModel(network);
  expect(Object.keys(model.parameters)).toContain("1.self_attn.in_proj_weight");
  expect(model.outputShape([3, 2])).toEqual([3, 1]);
});

test("every layer inside is changed by what changes layers", () => {
  const seen: string[] = [];
  mapLayers(parseNetwork(branched).layers, ({ name, options }) => {
    seen.push(name);
    return options;
  });
  expect(seen).toEqual(["linear", "linear", "tanh", "linear", "relu", "linear", "linear"]);
});

test.each([
  ["values in a branch", "wide: [{ linear: { outputs: 1, weight: [[1]] } }]", "2 numbers"],
  ["an unknown layer", "wide: [{ lineer: { outputs: 1 } }]", "linear"],
  ["no layers", "wide: []", "not empty"],
])("%s that is wrong is reported where it stands", (_, branch, expected) => {
  const text = file(`  - parallel: { branches: { ${branch} } }\n  - linear: { outputs: 1 }`);
  const error = failure("file-invalid", () => buildModel(parseNetwork(text)));
  expect(error.message).toContain(expected);
  expect(error.message).toMatch(/:\d+:\d+/);
});

test("weights are wrapped where there are any", () => {
  const model = buildModel(
    parseNetwork(
      file(
        "  - weightNorm: [{ linear: { outputs: 3 } }, prelu, { linear: { outputs: 1, bias: false } }]",
      ),
    ),
  );
  expect(Object.keys(model.parameters)).toEqual([
    "0.0.bias",
    "0.0.parametrizations.weight.original0",
    "0.0.parametrizations.weight.original1",
    "0.1.weight",
    "0.2.parametrizations.weight.original0",
    "0.2.parametrizations.weight.original1",
  ]);
  const none = file("  - spectralNorm: [relu]\n  - linear: { outputs: 1 }");
  const error = failure("file-invalid", () => buildModel(parseNetwork(none)));
  expect(error.message).toContain("spectralNorm needs a parameter of two axes at least");
  expect(error.message).toMatch(/:\d+:\d+/);
});

const wrapped =
  "[{ conv1d: { outChannels: 2, kernelSize: 2 } }, { convTranspose1d: { outChannels: 2, kernelSize: 2 } }]";

test("a list of layers stands for the mapping that it belongs to", () => {
  const parametersOf = (row: string) => {
    const text = `
inputs: 8
layers: [{ unflatten: { axis: 1, sizes: [2, 4] } }, { ${row} }, flatten, { linear: { outputs: 1 } }]
loss: meanSquaredError
optimizer: sgd
data: { examples: [{ inputs: [1, 2, 3, 4, 5, 6, 7, 8], targets: [1] }] }`;
    const { parameters, buffers } = buildModel(parseNetwork(text));
    const shapes = Object.entries({ ...parameters, ...buffers }).map(([k, v]) => [k, v.shape]);
    return Object.fromEntries(shapes);
  };
  for (const name of ["weightNorm", "spectralNorm"]) {
    const short = parametersOf(`${name}: ${wrapped}`);
    expect(parametersOf(`${name}: { layers: ${wrapped} }`)).toEqual(short);
  }
  const g = "1.0.parametrizations.weight.original0";
  expect(parametersOf(`weightNorm: { layers: ${wrapped} }`)[g]).toEqual([2, 1, 1]);
  expect(parametersOf(`weightNorm: { axis: 2, layers: ${wrapped} }`)[g]).toEqual([1, 1, 2]);
  expect(parametersOf(`weightNorm: { axis: all, layers: ${wrapped} }`)[g]).toEqual([]);
  const u = "1.0.parametrizations.weight.0._u";
  const spectral = `spectralNorm: { axis: 2, iterations: 2, epsilon: 1e-6, layers: [{ conv1d: { outChannels: 3, kernelSize: 2 } }] }`;
  expect(parametersOf(spectral)[u]).toEqual([2]);
  const recurrent = `weightNorm: { name: weight_hh_l0, layers: [{ gru: { hidden: 3 } }] }`;
  expect(Object.keys(parametersOf(recurrent))).toContain(
    "1.0.parametrizations.weight_hh_l0.original1",
  );
});

test.each([
  ["axis: 5, layers: [{ linear: { outputs: 1 } }]", "expected −2 … 1"],
  ["axis: some, layers: [{ linear: { outputs: 1 } }]", "none of the words that may stand here"],
  ["axis: some, layers: [{ linear: { outputs: 1 } }]", "a whole number, or all"],
  ["name: bias, layers: [{ linear: { outputs: 1 } }]", "needs a parameter of two axes at least"],
  ["layers: []", "not empty"],
  ["axis: 0", "layers"],
])("weightNorm: { %s } is refused at its place", (options, message) => {
  const error = failure("file-invalid", () =>
    buildModel(parseNetwork(file(`  - weightNorm: { ${options} }`))),
  );
  expect(error.message).toContain(message);
  expect(error.message).toMatch(/:\d+:\d+/);
});

test("a fault inside of a bare list is shown at its place", () => {
  const text = file("  - weightNorm: [{ linear: { outputs: 3 } }, { linear: { outputs: 0 } }]");
  expect(failure("file-invalid", () => parseNetwork(text)).message).toContain("a whole number ≥ 1");
  const inner = file("  - weightNorm: [relu, { conv1d: { outChannels: 1, kernelSize: 2 } }]");
  const { message } = failure("file-invalid", () => buildModel(parseNetwork(inner)));
  expect(message).toMatch(new RegExp(`:${lineOf(inner, "weightNorm")}:2\\d`));
});
const lineOf = (text: string, what: string): number =>
  text.split("\n").findIndex((line) => line.includes(what)) + 1;

test("a matrix of low rank stands beside each weight, and the weights are frozen", () => {
  const inside = "[{ linear: { outputs: 3 } }, relu, { linear: { outputs: 1 } }]";
  const model = buildModel(
    parseNetwork(file(`  - lora: { rank: 1, alpha: 2, layers: ${inside} }`)),
  );
  const trained = Object.entries(model.parameters)
    .filter(([, spec]) => !spec.frozen)
    .map(([name]) => name);
  expect(trained).toEqual(["0.0.lora_A", "0.0.lora_B", "0.2.lora_A", "0.2.lora_B"]);
  expect(model.layers[0]?.layers[0]?.settings).toMatchObject({ rank: 1, alpha: 2 });
  const tooMuch = file(`  - lora: { rank: 2, layers: ${inside} }`);
  const error = failure("file-invalid", () => buildModel(parseNetwork(tooMuch)));
  expect(error.message).toContain("lower rank");
  expect(error.message).toMatch(/:\d+:\d+/);
});
