/** Networks that are connected in any way: shown, changed, explained and written by the engine. */
import { expect, it } from "vitest";
import "../support/backend.ts";
import { parseNetwork } from "../../src/network-file/parse.ts";
import { Engine } from "../../studio/src/engine/engine.ts";
import { networkText } from "../../studio/src/engine/network-text.ts";
import type { Look } from "../../studio/src/protocol.ts";
import { failure } from "../support/failure.ts";

const look: Look = { example: 0, notation: "canonical", language: "en" };
const around = (layers: string) => `
layers:
${layers}
  - linear: { outputs: 1 }
loss: meanSquaredError
optimizer: sgd
data: { examples: [{ inputs: [1, 2], targets: [1] }, { inputs: [0, 1], targets: [0] }] }
training: { dtype: f64 }
`;
const shared = around(`
  - graph:
      layers: { half: [{ linear: { outputs: 2 } }, tanh] }
      nodes: { a: { layer: half, of: input }, b: { layer: half, of: a }, c: { join: add, of: [a, b] } }`);
const beside = around(
  "  - parallel: { branches: { half: [{ linear: { outputs: 2 } }], b: [tanh] } }",
);

it.each([shared, beside])("%#", async (text) => {
  const engine = new Engine();
  const { structure } = await engine.open({ text, files: {} }, look);
  expect(structure.columns.length).toBeGreaterThan(1);
  const chosen = { name: "0.half.0.weight", index: 1 };
  const before = engine.values().loss;
  expect(engine.setParameter(chosen, 0.75).loss).not.toBe(before);
  const { gradient, steps } = await engine.derive(chosen);
  expect(steps.length).toBeGreaterThan(5);
  expect(Number.isFinite(gradient)).toBe(true);
  // What is written is read again, with the number that was changed.
  const written = networkText(engine);
  expect(written).toContain("0.75");
  const again = new Engine();
  await again.open({ text: written, files: {} }, look);
  expect(again.values().loss).toBe(engine.values().loss);
  expect(parseNetwork(written).layers).toHaveLength(2);
});

it.each([
  "weightNorm: [{ linear: { outputs: 2 } }]",
  "weightNorm: { axis: all, layers: [{ linear: { outputs: 2 } }] }",
  "lora: { rank: 1, layers: [{ linear: { outputs: 2 } }] }",
])("%s: what no file can say names the layer inside", async (row) => {
  const engine = new Engine();
  await engine.open({ text: around(`  - ${row}`), files: {} }, look);
  engine.setParameter({ name: "1.weight", index: 0 }, 0.75);
  const error = failure("unsupported", () => networkText(engine));
  expect(error.message).toContain("of the layer linear");
});
