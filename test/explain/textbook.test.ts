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

const row = { inputs: [[1, 0.5]], targets: [[1, -1]] };
const two = () => sequential(linear(2, 3), nn.tanh(), linear(3, 4)) as Layer;
const guards = /stopGradient|Infinity|∞|clamp|ᵤ|\^[12]\b/;

it("a bound on the variance is no part of the formula, unless it acts", async () => {
  const loss = nn.gaussianNegativeLogLikelihood;
  const text = await textOf(two(), loss, { data: row, parameter: "0.weight[0,1]" });
  expect(text).toContain("E₁ = ½(z²₃ + (z²₁ − t₁)² · e^(−z²₃)) = ½(");
  expect(text).not.toMatch(guards);
  const model = sequential(linear(2, 2, { bias: [0, -99] })) as Layer;
  const cut = await textOf(model, loss, { data: { inputs: [[1, 0.5]], targets: [[1]] } });
  expect(cut).toContain("stopGradient");
});

it.each([
  ["hingeEmbedding", nn.hingeEmbedding, "E₂ = (0 if t₂ = 1 else max(0, 1 − z²₂)) + "],
  ["focal", nn.focal, "(1 − t₁) · σ(z²₁))² · "],
  [
    "binaryCrossEntropyWithLogits",
    nn.binaryCrossEntropyWithLogits,
    "= 1 − t₁ + ∂E₁/∂u1 · ∂u1/∂z²₁",
  ],
] as const)("%s has no bounds of infinity and no powers of 1", async (name, loss, formula) => {
  const no = name === "hingeEmbedding" ? -1 : 0;
  const data = { inputs: row.inputs, targets: [[1, no, 1, 1]] };
  const text = await textOf(two(), loss as Loss, { data, parameter: "0.weight[0,1]" });
  expect(text).toContain(formula);
  expect(text).not.toMatch(guards);
});

it("a sum over all pairs of labels is written as what is left of it", async () => {
  const data = { inputs: row.inputs, targets: [[1, 0, 1, 0]] };
  const text = await textOf(two(), nn.multiLabelMargin, { data, parameter: "0.weight[0,1]" });
  expect(text).toMatch(/ E = \(ReLU\(1 − z²₁ \+ z²₂\) · t₁ \+ .* · t₃\) \/ 4\n/);
});
