/**
 * Places touched by hand: a layer, a loss and an optimizer that only this file knows, each a function
 * and a row in its table. With that they are read, checked, built, trained and stored, and stand in
 * schema, documentation, the studio's form and the PyTorch script.
 */
import "../../src/index.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fail } from "../../src/core/errors.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { pytorchScript } from "../../src/exchange/pytorch/script.ts";
import { buildModel } from "../../src/network-file/build.ts";
import { restoreTrainer, storedNetwork, toMetadata } from "../../src/network-file/checkpoint.ts";
import { number, record, row } from "../../src/network-file/form.ts";
import { layerRow } from "../../src/network-file/layer-row.ts";
import { layers } from "../../src/network-file/layers.ts";
import { losses } from "../../src/network-file/losses.ts";
import { networkForm } from "../../src/network-file/network.ts";
import { optimizers } from "../../src/network-file/optimizers.ts";
import { parseNetwork } from "../../src/network-file/parse.ts";
import { prepareNetwork } from "../../src/network-file/prepare.ts";
import { networkSchema } from "../../src/network-file/schema.ts";
import { needed } from "../../src/network-file/wording.ts";
import { constantValue } from "../../src/nn/initializers.ts";
import { layer } from "../../src/nn/layer.ts";
import { mul, sub } from "../../src/ops/arithmetic.ts";
import { reshape } from "../../src/ops/move.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { Engine } from "../../studio/src/engine/engine.ts";
import { exported } from "../../studio/src/engine/exports.ts";
import { formsOf } from "../../studio/src/engine/forms.ts";
import { buildOf, fileOf, formOf, itemOf, valueOf } from "../../studio/src/state/build.ts";
import { failure, rejection } from "../support/failure.ts";

const damped = (by: number) =>
  layer({
    name: "damped",
    kind: "normalization",
    inputSize: "same",
    outputSize: "same",
    parameters: { scale: { shape: [], initial: constantValue(by), role: "scale", frozen: false } },
    apply: (x, { scale }) => mul(x, scale),
  });
/** It says its sizes itself, and no row of the file does. */
const halves = () =>
  layer({
    name: "halves",
    kind: "pooling",
    inputSize: "any",
    outputSize: "any",
    parameters: {},
    outputShape([n = 1, k = 0]) {
      if (k % 2 === 0) return [n, k / 2];
      return fail("shape-mismatch", { message: "Halves need pairs.", found: `${k} features` });
    },
    apply: (x) => reshape(x, [x.shape[0] ?? 1, -1, 2]).sum({ axis: -1 }),
  });

/** What they say of themselves is in remarks and errors. */
const scored = Object.assign((o: Tensor, t: Tensor) => mul(sub(o, t), sub(o, t)).sum(), {
  facts: { name: "scored", takes: "probabilities", targets: "shares", distance: true } as const,
});
const squashed = () =>
  layer({
    name: "squashed",
    kind: "activation",
    inputSize: "same",
    outputSize: "same",
    parameters: {},
    facts: { range: [-2, 2] },
    apply: (x) => x.tanh().mul(2),
  });

const tables: readonly Record<string, unknown>[] = [layers, losses, optimizers];
const own: readonly Readonly<Record<string, unknown>>[] = [
  {
    damped: layerRow(
      "normalization",
      "y = s·x, a layer of a test.",
      { by: { form: number({ above: 0 }), doc: "The first s.", default: 0.5 } },
      ({ by }) => damped(by),
      { pytorch: ({ by }, { inputs }) => `Damped(${inputs}, ${by})` },
    ),
    squashed: layerRow("activation", "y = 2 tanh x, a layer of a test.", {}, squashed),
    halves: layerRow("pooling", "Sums of pairs.", {}, halves, { pytorch: () => "Halves()" }),
  },
  {
    quartic: {
      doc: "E = Σ f(o − t)⁴, a loss of a test.",
      form: record({ f: { form: number(), doc: "f.", default: 1 } }),
      targets: "numbers",
      build: () => (o: Parameters<typeof sub>[0], t: Parameters<typeof sub>[1]) =>
        sub(o, t).square().square().sum(),
      pytorch: () => "return ((o - t) ** 4).sum()",
    },
    scored: {
      doc: "E = Σ (o − t)², a loss of a test.",
      form: record({}),
      targets: "numbers",
      build: () => scored,
    },
  },
  {
    crawl: {
      ...row(
        "sgd with a thousandth of the rate, an optimizer of a test.",
        { learningRate: { form: number(), doc: "η.", default: 1 } },
        ({ learningRate }) => sgd({ learningRate: learningRate / 1000 }),
      ),
      pytorch: () => "SGD(trained, lr=LR)",
    },
  },
];
beforeAll(() => tables.forEach((table, i) => void Object.assign(table, own[i])));
afterAll(() => {
  for (const [i, table] of tables.entries()) {
    for (const name of Object.keys(own[i] ?? {})) delete table[name];
  }
});

const text = (first: string, data = "[{ inputs: [1, 2], targets: [1] }]") =>
  `{ layers: [${first}, linear: { outputs: 1 }], loss: quartic, optimizer: crawl,
data: { examples: ${data} } }`;
const none = async (): Promise<never> => {
  throw new Error("no files");
};
const prepared = (first = "damped") => prepareNetwork(parseNetwork(text(first)), none);

describe("a network file", () => {
  it.each([
    ["damped", 0.5],
    ["damped: { by: 0.25 }", 0.25],
  ])("reads and builds %s", (first, value) => {
    const { "0.scale": scale } = buildModel(parseNetwork(text(first)), 2).parameters;
    expect(scale?.initial.fill([], 0, 0)).toEqual(Float64Array.of(value));
    expect(scale?.role).toBe("scale");
  });
  it("checks it, and finds what was meant", () => {
    const low = failure("file-invalid", () => parseNetwork(text("damped: { by: 0 }")));
    expect(low.message).toContain("out of range");
    const near = failure("file-invalid", () => parseNetwork(text("dampd")));
    expect(near.message).toContain("Did you mean damped?");
  });
  it("takes sizes from the layer's own outputShape, and its errors have the line", () => {
    expect(buildModel(parseNetwork(text("halves")), 2).parameters["1.weight"]?.shape).toEqual([
      1, 1,
    ]);
    const three = "[{ inputs: [1, 2, 3], targets: [1] }]";
    const odd = failure("file-invalid", () =>
      parseNetwork(
        `{ inputs: 3, layers: [damped,\n  sequential: [tanh,\n  halves], linear: { outputs: 1 }],
loss: quartic, optimizer: crawl, data: { examples: ${three} } }`,
        { path: "own.yaml" },
      ),
    );
    expect(odd).toMatchObject({ where: "own.yaml:3:3", found: "3 features" });
    expect(odd.message).toContain("Halves need pairs.");
  });
  it("trains it, stores it, and finds it again", async () => {
    const before = await prepared();
    await before.trainer.fit(before.data.train, { epochs: 3 });
    const bytes = before.trainer.toBytes(toMetadata(before));
    const again = restoreTrainer(storedNetwork(bytes, "x"), bytes);
    expect(again.parameters["0.scale"]?.item()).toBe(before.trainer.parameters["0.scale"]?.item());
    expect(again.parameters["0.scale"]?.item()).not.toBe(0.5);
    expect(again.progress.steps).toBe(3);
  });
});

it("is in remarks, and its targets are checked, as it says of itself", async () => {
  const file = (target: number) =>
    `{ layers: [linear: { outputs: 1 }, squashed], loss: scored, optimizer: crawl,
data: { examples: [{ inputs: [1], targets: [${target}] }] } }`;
  const { trainer, data } = await prepareNetwork(parseNetwork(file(1)), none);
  expect(trainer.remarks(data.train)).toEqual([
    {
      message:
        "scored takes probabilities. Outputs after squashed can be negative or above 1, where " +
        "its logarithms end.",
      fix: "Put sigmoid in the place of squashed.",
    },
  ]);
  const far = await rejection("file-invalid", prepareNetwork(parseNetwork(file(3)), none));
  expect(far.message).toContain("scored takes targets from 0 to 1");
  expect(far.where).toBe("network file:2:44");
});

it("is in the schema", () => {
  const schema = JSON.stringify(networkSchema());
  for (const part of ["y = s·x, a layer of a test.", "The first s.", "a loss of a test."]) {
    expect(schema).toContain(part);
  }
  expect(schema).toContain('"const":"crawl"');
});

it("is in the documentation of network files", async () => {
  const tool = new URL("../../tools/generate/network-file-page.mjs", import.meta.url).href;
  const { networkFilePage } = (await import(tool)) as { networkFilePage: (l: object) => string };
  const page = networkFilePage({ networkForm, needed });
  expect(page).toContain(
    "- **damped**: y = s·x, a layer of a test.\n" +
      "  - `by`: The first s. Default: `0.5`; a number > 0.",
  );
  expect(page).toContain("- **quartic**: E = Σ f(o − t)⁴, a loss of a test.\n  - `f`: f.");
  expect(page).toContain("- **crawl**: sgd with a thousandth of the rate");
});

it("is in the PyTorch script, as its row says", async () => {
  const { network, trainer, data } = await prepared();
  const script = () => pytorchScript({ network, trainer, data: data.train, batchSize: 1 });
  expect(script()).toContain("    Damped(2, 0.5),\n    nn.Linear(2, 1),");
  expect(script()).toContain("def loss(o, t):\n    return ((o - t) ** 4).sum()\n");
  expect(script()).toContain("optimizer = torch.optim.SGD(trained, lr=LR)");
  const table = tables[0] ?? {};
  const { damped: row } = layers;
  table.damped = { ...row, pytorch: () => ({ cannot: "what is damped" }) };
  expect(failure("unsupported", script).message).toContain("cannot say what is damped");
  table.damped = row;
});

describe("the studio", () => {
  it("has it in its form, which writes what was filled in", () => {
    const forms = formsOf();
    const row = forms.layers.find(({ name }) => name === "damped");
    expect(row).toMatchObject({ kind: "normalization", fields: [{ name: "by", usual: 0.5 }] });
    if (row === undefined) return;
    const build = buildOf(text("damped: { by: 0.25 }"));
    const [first] = build.layers;
    const [by] = row.fields;
    expect(first && formOf(forms, first)).toBe(row);
    expect(first && by && valueOf(first, by)).toBe(0.25);
    const written = fileOf(
      { ...build, layers: [...build.layers.slice(0, 1), itemOf(row, 4), ...build.layers.slice(1)] },
      text("damped"),
      forms,
    );
    expect(buildOf(written)).toMatchObject({
      layers: [{ options: { by: 0.25 } }, { name: "damped", options: {} }, { name: "linear" }],
      ...{ loss: "quartic", optimizer: "crawl" },
    });
    const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name);
    expect(names(forms.losses)).toContain("quartic");
    expect(names(forms.optimizers)).toContain("crawl");
  });
  it("opens it, shows it, and writes it out", async () => {
    const engine = new Engine();
    const look = { example: 0, notation: "canonical", language: "en" } as const;
    const { parameters } = await engine.open({ text: text("damped"), files: {} }, look);
    expect(parameters.map(({ name }) => name)).toEqual(["0.scale", "1.weight", "1.bias"]);
    expect(engine.values().gradients["0.scale"]).toHaveLength(1);
    expect(exported(engine, "pytorch")).toContain("    Damped(2, 0.5),\n    nn.Linear(2, 1),");
    // Its row has no option for first values: the file cannot hold others than those.
    engine.setParameter({ name: "0.scale", index: 0 }, 2);
    const error = failure("unsupported", () => exported(engine, "network"));
    expect(error.message).toContain("cannot say the values of scale of the layer damped");
  });
});
