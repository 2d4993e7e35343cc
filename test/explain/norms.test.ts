/** Normalization told through mean and variance: every gradient that is printed, in all examples. */
import { expect, it } from "vitest";
import { traceNetwork } from "../../src/explain/engine/trace.ts";
import { explain } from "../../src/explain/index.ts";
import * as nn from "../../src/nn/index.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { trainer } from "../../src/train/trainer.ts";
import { gradientsByName, held } from "./gradients.ts";
import "../support/backend.ts";

const images = (examples: number, size: number) => ({
  inputs: tensor(
    Float64Array.from({ length: examples * size ** 2 }, (_, i) => Math.sin(i * i)),
    { shape: [examples, 1, size, size] },
  ),
  targets: Array.from({ length: examples }, (_, i) => i % 2),
});

/** conv → norm → tanh → linear, on images of this size. */
const network = (norm: nn.Layer, size: number) =>
  trainer(
    nn.sequential(
      nn.conv2d(1, 2, 2),
      norm as nn.Layer<2, 2>,
      nn.tanh(),
      nn.flatten(),
      nn.linear(2 * (size - 1) ** 2, 2),
    ),
    { loss: nn.crossEntropy, optimizer: sgd({ learningRate: 0.1 }), seed: 1, dtype: "f64" },
  );

const norms = {
  layerNorm: (size: number) => nn.layerNorm([2, size, size]),
  rmsNorm: (size: number) => nn.rmsNorm([2, size, size]),
  groupNorm: () => nn.groupNorm(1, 2),
  instanceNorm2d: () => nn.instanceNorm2d(2, { affine: true }),
  batchNorm2d: () => nn.batchNorm2d(2),
};
const names = Object.keys(norms) as (keyof typeof norms)[];

it.each(names)("%s goes through what it computes on the way", async (name) => {
  const t = network(norms[name](2), 3);
  const data = images(2, 3);
  const scale = name === "rmsNorm" || name === "layerNorm" ? "1.weight[1,0,1]" : "1.weight[1]";
  for (const [example, parameter] of ["0.weight[0,0,0,1]", "0.bias[1]", scale].entries()) {
    const d = await explain(t, { data, parameter, example: example % 2 });
    const right = gradientsByName(traceNetwork(t, data), example % 2);
    expect(held(d, right)).toBeGreaterThan(parameter === scale ? 2 : 11);
    const text = d.toText({ width: 1e9 });
    const inner = name === "rmsNorm" ? ["MS"] : ["μ", "Var"];
    for (const letter of inner) expect(text).toMatch(new RegExp(`  ${letter}²₁(⁽.⁾)? = `));
  }
});

it.each(names)("%s takes as many words for each number of a larger image", async (name) => {
  const t = network(norms[name](7), 8);
  const data = images(2, 8);
  const d = await explain(t, { data, parameter: "0.weight[0,0,0,0]" });
  expect(held(d, gradientsByName(traceNetwork(t, data), 0))).toBeGreaterThan(8);
  expect(d.data.steps.filter((s) => s.kind === "unsupported")).toEqual([]);
  expect(JSON.stringify(d.data).length).toBeLessThan(400_000);
});

it("says which letters stand for mean and variance, and that deviations add up to 0", async () => {
  const t = network(nn.batchNorm2d(2), 3);
  const d = await explain(t, { data: images(3, 3), parameter: "0.weight[0,0,0,0]" });
  const text = d.toText({ width: 1e9 });
  expect(text).toContain("μ²₁ is a mean, Var²₁ is a variance, γ²₁ is a trained scale and β²₁");
  expect(text).toContain("Var²₁ does not change with μ²₁ to first order");
  expect(text).toContain("acts on other examples");
  expect(d.toText({ width: 1e9, language: "zh" })).toContain("μ²₁ 是均值");
});

it("keeps what a parameter acts on itself in the shares of the examples", async () => {
  // The mean of x + w over the batch is no example's own: it goes without a name.
  const plus = nn.layer({
    name: "plus",
    kind: "normalization",
    inputSize: "same",
    outputSize: "same",
    parameters: { w: { shape: [2], initial: nn.constantValue(0.5), frozen: false } },
    apply(x, { w }, context) {
      const moved = x.add(w.mul(x));
      const mean = moved.mean({ axis: 0, keepDims: true });
      context.observeInner?.(context.path, "mean", mean);
      return moved.sub(mean);
    },
  });
  const t = trainer(nn.sequential(plus, nn.linear(2, 2)), {
    loss: nn.crossEntropy,
    optimizer: sgd({ learningRate: 0.1 }),
    seed: 1,
    dtype: "f64",
  });
  const inputs = [
    [1, 2],
    [0.5, -1],
    [-0.25, 0.75],
  ];
  const d = await explain(t, { data: { inputs, targets: [0, 1, 1] }, parameter: "0.w[1]" });
  expect(d.data.passed, d.toText()).toBe(true);
  expect(d.toText()).not.toContain("μ");
});

it("numbers that are only moved keep their names", async () => {
  const t = trainer(
    nn.sequential(nn.unflatten(1, [1, 3, 3]), nn.conv2d(1, 1, 2), nn.flatten(), nn.linear(4, 1)),
    { loss: nn.halfSquaredError, optimizer: sgd(), seed: 1, dtype: "f64" },
  );
  const data = { inputs: [[1, 2, 3, 4, 5, 6, 7, 8, 9]], targets: [[1]] };
  const d = await explain(t, { data, parameter: "1.weight[0,0,0,0]" });
  expect(d.data.passed).toBe(true);
  const text = d.toText({ width: 1e9 });
  expect(text).toContain("z¹₂ = x₂ · 1.weight[0,0,0,0] + x₃ · 1.weight[0,0,0,1]");
  expect(text).toContain("z²₁ = z¹₁ · w²₁₁ + z¹₂ · w²₁₂");
  expect(text).not.toMatch(/flatten[⁰¹]/);
});
