/** Layers that look at several numbers or examples at once: the formulas against reverse mode. */
import { describe, expect, it } from "vitest";
import type { Tensor } from "../../src/core/tensor.ts";
import { type Derivation, explain, gradientReport } from "../../src/explain/index.ts";
import * as nn from "../../src/nn/index.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { trainer } from "../../src/train/trainer.ts";
import "../support/backend.ts";

/** sin i² for each element. */
const waves = (...shape: number[]): Tensor => {
  const size = shape.reduce((n, k) => n * k, 1);
  return tensor(
    Float64Array.from({ length: size }, (_, i) => Math.sin(i * i)),
    { shape },
  );
};

const network = (...layers: readonly nn.Layer[]) =>
  trainer(nn.sequential(...(layers as never[])) as never, {
    loss: nn.crossEntropy as never,
    optimizer: sgd({ learningRate: 0.1 }),
    seed: 1,
    dtype: "f64",
  });

/** Every number of the parameters named, explained at every example. */
async function agree(layers: readonly nn.Layer[], inputs: Tensor, ...names: string[]) {
  const n = inputs.shape[0]!;
  const t = network(...layers);
  const data = { inputs, targets: Array.from({ length: n }, (_, i) => i % 2) };
  const all: Derivation[] = [];
  for (const parameter of names) {
    for (let example = 0; example < n; example++) {
      const d = await explain(t, { data, parameter, example });
      expect(d.data.passed, `${parameter}, example ${example}\n${d.toText()}`).toBe(true);
      const { value } = d.data.steps.findLast((s) => s.section === "result" && s.result)!;
      const g = d.data.gradients[0]!;
      const off = Math.abs(value! - g);
      expect(off, d.toText()).toBeLessThanOrEqual(1e-9 * Math.max(1e-3, Math.abs(g)));
      all.push(d);
    }
  }
  return all;
}

it("counts a convolution's units by channels, and the dead among them", async () => {
  // Of three channels the second is never above 0, and so are the two last pixels of a row of all.
  const model = nn.sequential(
    nn.conv2d(1, 3, 1, { weight: 1, bias: [0, -10, 0] }),
    nn.relu(),
    nn.flatten(),
    nn.linear(3 * 2 * 5, 2),
  );
  const t = trainer(model, { loss: nn.crossEntropy, optimizer: sgd() });
  const rows = [1, 2, 1, -1, -1];
  const inputs = tensor([[[rows, rows]], [[rows, rows]]]);
  const report = await gradientReport(t, { data: { inputs, targets: [0, 1] } });
  expect(report.layers[0]).toMatchObject({ units: 3, dead: 1, deadBy: "mask", saturated: 0 });
  expect(report.toText()).toContain("1 of 3");
});

it("the largest of a window is said with its numbers, not with places from 0", async () => {
  const t = network(nn.conv2d(1, 1, 1), nn.maxPool2d(2), nn.flatten(), nn.linear(1, 2));
  const inputs = tensor([[[[1, 2], [3, -1]]]], { dtype: "f64" }); // biome-ignore format: an image
  const d = await explain(t, { data: { inputs, targets: [1] } });
  const text = d.toText({ width: 1e9 });
  expect(d.data.passed).toBe(true);
  expect(text).not.toContain("argmax");
  expect(text).toContain("= (1 if z¹₁ = max(z¹₁, z¹₂, z¹₃, z¹₄) else 0)");
});

describe("the gradient goes to the first of the largest", () => {
  it("of a window, whichever place it has", async () => {
    for (const inputs of [[[[1, 2]]], [[[2, 1]]], [[[2, 2]]]]) {
      const t = trainer(
        nn.sequential(
          nn.conv1d(1, 1, 1, { weight: 1, bias: false }),
          nn.maxPool1d(2),
          nn.flatten(),
          nn.linear(1, 1, { weight: 1, bias: false }),
        ),
        { loss: nn.meanSquaredError, optimizer: sgd({ learningRate: 0.1 }), dtype: "f64" },
      );
      const data = { inputs: tensor(inputs), targets: [[0]] };
      const d = await explain(t, { data, parameter: "0.weight[0,0,0]" });
      expect(d.data.passed, d.toText()).toBe(true);
      expect(d.toText()).toContain("∂E/∂0.weight[0,0,0] = 8");
    }
  });

  const line = waves(2, 1, 7);
  const conv1d = () => nn.conv1d(1, 2, 2);
  it.each([
    ["side by side", nn.maxPool1d(2), 3],
    ["overlapping", nn.maxPool1d(3, { stride: 1 }), 4],
    ["padded", nn.maxPool1d(3, { stride: 2, padding: 1 }), 3],
    ["dilated", nn.maxPool1d(2, { stride: 1, dilation: 2 }), 4],
    ["adaptive, even", nn.adaptiveMaxPool1d(2), 2],
    ["adaptive, uneven", nn.adaptiveMaxPool1d(4), 4],
  ] as const)("along one axis, %s", async (_, pool, length) => {
    const layers = [conv1d(), pool, nn.flatten(), nn.linear(2 * length, 2)];
    await agree(layers, line, "0.weight[0,0,0]", "0.weight[1,0,1]", "0.bias[0]");
  });

  it.each([
    ["side by side", nn.maxPool2d(2), 4],
    ["overlapping", nn.maxPool2d(3, { stride: 1 }), 4],
    ["padded", nn.maxPool2d(2, { stride: 2, padding: 1 }), 9],
    ["adaptive, uneven", nn.adaptiveMaxPool2d(3), 9],
  ] as const)("of images, %s", async (_, pool, size) => {
    const layers = [nn.conv2d(1, 1, 2), pool, nn.flatten(), nn.linear(size, 2)];
    await agree(layers, waves(1, 1, 5, 5), "0.weight[0,0,0,0]", "0.weight[0,0,1,1]", "0.bias[0]");
  });
});

describe("a norm over the batch", () => {
  it.each([2, 3])("behind a linear layer, %i examples", async (n) => {
    const layers = [nn.linear(2, 2), nn.batchNorm1d(2), nn.tanh(), nn.linear(2, 2)];
    const names = ["0.weight[0,0]", "1.weight[1]", "1.bias[0]"];
    await agree(layers, waves(n, 2), ...names);
  });
  it.each([1, 2, 3])("behind a convolution, %i examples", async (n) => {
    const layers = [nn.conv1d(1, 1, 2), nn.batchNorm1d(1), nn.flatten(), nn.linear(2, 2)];
    await agree(layers, waves(n, 1, 3), "0.weight[0,0,0]", "0.weight[0,0,1]", "1.weight[0]");
  });
  it("of many numbers in many examples", async () => {
    const layers = [nn.conv1d(1, 2, 3), nn.batchNorm1d(2), nn.flatten(), nn.linear(8, 2)];
    const t = network(...layers);
    const data = { inputs: waves(8, 1, 6), targets: [0, 1, 0, 1, 0, 1, 0, 1] };
    const d = await explain(t, { data, parameter: "0.weight[0,0,0]", example: 1 });
    expect(d.data.passed, d.toText()).toBe(true);
  });
  it("of images, with a pool behind it", async () => {
    const layers = [
      nn.conv2d(1, 2, 2),
      nn.batchNorm2d(2),
      nn.relu(),
      nn.maxPool2d(2),
      nn.flatten(),
      nn.linear(2, 2),
    ];
    await agree(layers, waves(2, 1, 3, 3), "0.weight[0,0,0,0]", "0.weight[1,0,1,0]", "1.bias[1]");
  });
  it("twice, and what is said of the other examples", async () => {
    const layers = [
      nn.linear(2, 2),
      nn.batchNorm1d(2),
      nn.linear(2, 2),
      nn.batchNorm1d(2),
      nn.linear(2, 2),
    ];
    const [d] = await agree(layers, waves(3, 2), "0.weight[0,0]", "2.weight[1,0]", "1.weight[0]");
    expect(d!.toText({ width: 1e9 })).toContain("acts on other examples");
  });
  it("updated layer by layer", async () => {
    const layers = [nn.linear(2, 2), nn.batchNorm1d(2), nn.linear(2, 2)];
    const data = { inputs: waves(2, 2), targets: [0, 1] };
    const parameter = "0.weight[0,0]";
    const d = await explain(network(...layers), { data, parameter, update: "sequential" });
    expect(d.data.passed, d.toText()).toBe(true);
  });
});
