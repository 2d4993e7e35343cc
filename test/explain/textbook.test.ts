/** The forms that textbooks have: softmax as p, its loss as −ln p, p − t, softsign's slope. */
import { expect, it } from "vitest";
import { type ExplainOptions, explain } from "../../src/explain/index.ts";
import * as nn from "../../src/nn/index.ts";
import type { Layer } from "../../src/nn/layer.ts";
import type { Loss } from "../../src/nn/losses.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { trainer } from "../../src/train/trainer.ts";
import "../support/backend.ts";

const { linear, sequential } = nn;

async function textOf(model: Layer, loss: Loss, options: ExplainOptions) {
  const t = trainer(model, { loss, optimizer: sgd(), seed: 1, dtype: "f64" });
  const d = await explain(t, options);
  expect(d.data.passed).toBe(true);
  return d.toText({ width: 200 });
}

it.each([
  [
    1,
    /E = −ln\(p₂\) = −ln\(0\.\d+\)/,
    /= p₂ − t₂ = 0\.\d+ − 1 = −0\./,
    /= p₁ − t₁ = 0\.\d+ − 0 = 0\./,
  ],
  [2, /E⁽¹⁾ = −ln\(p₂\)/, /= ½\(p₂ − t₂\) = ½\(0\.\d+ − 1\)/, /= ½\(p₁ − t₁\) = ½\(0\.\d+ − 0\)/],
] as const)("softmax and cross-entropy of a batch of %d", async (n, loss, own, other) => {
  const model = sequential(linear(2, 2), nn.tanh(), linear(2, 3)) as Layer;
  const inputs = [
    [1, 0.5],
    [-0.3, 0.2],
  ];
  const data = { inputs: inputs.slice(0, n), targets: [1, 0].slice(0, n) };
  const text = await textOf(model, nn.crossEntropy, { data, parameter: "0.weight[0,1]" });
  for (const part of [loss, own, other]) expect(text).toMatch(part);
});

it("keeps the long form where the quotient would overflow", async () => {
  const weight = [[800], [0.1]];
  const data = { inputs: [[1]], targets: [0] };
  const model = sequential(linear(1, 2, { weight, bias: 0 })) as Layer;
  const text = await textOf(model, nn.crossEntropy, { data, parameter: "0.bias[0]" });
  expect(text).not.toMatch(/−ln\(p|NaN/);
});

it("softsign has its short slope", async () => {
  const data = { inputs: [[1, 0.5]], targets: [[0]] };
  const model = sequential(linear(2, 1), nn.softsign()) as Layer;
  const text = await textOf(model, nn.meanSquaredError, { data });
  expect(text).toMatch(/= 1 \/ \(1 \+ \|z¹₁\|\)²/);
});

it("the number of a row is at no kink", async () => {
  const data = { inputs: [[1, 2]], targets: [[0]] };
  const model = sequential(nn.embedding(4, 2), nn.flatten(), linear(4, 1)) as Layer;
  const text = await textOf(model, nn.meanSquaredError, { data, parameter: "0.weight[1,0]" });
  expect(text).not.toContain("kink");
});
