/** A layer that only this file knows: with its row it is read, checked, described and written. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { buildModel } from "../../src/network-file/build.ts";
import { number } from "../../src/network-file/form.ts";
import { type LayerRow, layerRow } from "../../src/network-file/layer-row.ts";
import { layers } from "../../src/network-file/layers.ts";
import { parseNetwork } from "../../src/network-file/parse.ts";
import { networkSchema } from "../../src/network-file/schema.ts";
import { constantValue } from "../../src/nn/initializers.ts";
import { layer } from "../../src/nn/layer.ts";
import { mul } from "../../src/ops/arithmetic.ts";
import { Engine } from "../../studio/src/engine/engine.ts";
import { exported } from "../../studio/src/engine/exports.ts";
import { failure } from "../support/failure.ts";

const damped = (by: number) =>
  layer({
    name: "damped",
    kind: "other",
    inputSize: "same",
    outputSize: "same",
    parameters: { scale: { shape: [], initial: constantValue(by), role: "scale", frozen: false } },
    apply: (x, { scale }) => mul(x, scale),
  });
const row = layerRow(
  "other",
  "y = s·x, a layer of a test.",
  { by: { form: number({ above: 0 }), doc: "The first s.", default: 0.5 } },
  ({ by }) => damped(by),
  { pytorch: ({ by }, { inputs }) => `Damped(${inputs}, ${by})` },
);
const table: Record<string, LayerRow> = layers;

beforeAll(() => {
  table.damped = row;
});
afterAll(() => {
  delete table.damped;
});

const text = (first: string) =>
  `{ inputs: 2, layers: [${first}, linear: { outputs: 1 }], loss: meanSquaredError, ` +
  "optimizer: sgd, data: { examples: [{ inputs: [1, 2], targets: [1] }] } }";

it("reads and builds it, with its default and with its option", () => {
  const model = buildModel(parseNetwork(text("damped: { by: 0.25 }")));
  expect(model.parameters["0.scale"]?.initial.fill([], 0, 0)).toEqual(Float64Array.of(0.25));
  expect(model.parameters["0.scale"]?.role).toBe("scale");
  const usual = buildModel(parseNetwork(text("damped")));
  expect(usual.parameters["0.scale"]?.initial.fill([], 0, 0)).toEqual(Float64Array.of(0.5));
});

it("checks it, and finds what was meant", () => {
  const low = failure("file-invalid", () => parseNetwork(text("damped: { by: 0 }")));
  expect(low.message).toContain("out of range");
  const near = failure("file-invalid", () => parseNetwork(text("dampd")));
  expect(near.message).toContain("Did you mean damped?");
});

it("describes it in the schema", () => {
  const schema = JSON.stringify(networkSchema());
  expect(schema).toContain("y = s·x, a layer of a test.");
  expect(schema).toContain("The first s.");
});

it("opens it in the studio's engine, and writes it for PyTorch as its row says", async () => {
  const engine = new Engine();
  const look = { example: 0, notation: "canonical", language: "en" } as const;
  await engine.open({ text: text("damped"), files: {} }, look);
  expect(exported(engine, "pytorch")).toContain("    Damped(2, 0.5),\n    nn.Linear(2, 1),");
  table.damped = { ...row, pytorch: () => ({ cannot: "what is damped" }) };
  const error = failure("unsupported", () => exported(engine, "pytorch"));
  expect(error.message).toContain("cannot say what is damped");
});
