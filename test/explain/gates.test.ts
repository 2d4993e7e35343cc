/** One weight through layers that have trained slopes or gates: the formula against reverse mode. */
import { expect, it } from "vitest";
import type { Tensor } from "../../src/core/tensor.ts";
import { explain, gradientReport } from "../../src/explain/index.ts";
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

const { linear, conv1d, prelu, glu, flatten } = nn;
const images = waves(2, 2, 4);

it.each<[string, readonly nn.Layer[], Tensor, readonly string[]]>([
  [
    "one slope",
    [linear(2, 3), prelu(), linear(3, 2)],
    waves(2, 2),
    ["0.weight[1,0]", "1.weight[0]"],
  ],
  ["a slope for each", [linear(2, 3), prelu(3), linear(3, 2)], waves(2, 2), ["1.weight[2]"]],
  [
    "slopes of channels",
    [conv1d(2, 2, 2), prelu(2), flatten(), linear(6, 2)],
    images,
    ["0.weight[1,0,1]", "1.weight[1]"],
  ],
  ["a gate", [linear(2, 4), glu(), linear(2, 2)], waves(2, 2), ["0.weight[0,1]", "0.weight[3,0]"]],
  [
    "a gate of channels",
    [conv1d(2, 2, 2), glu({ axis: 1 }), flatten(), linear(3, 2)],
    images,
    ["0.weight[0,1,1]", "0.bias[1]"],
  ],
  ["softmin", [linear(2, 3), nn.softmin(), linear(3, 2)], waves(2, 2), ["0.weight[2,1]"]],
  ["celu", [linear(2, 3), nn.celu({ alpha: 0.5 }), linear(3, 2)], waves(2, 2), ["0.weight[2,1]"]],
  [
    "a bilinear form",
    [linear(2, 2), nn.bilinear(2, 2, 2)],
    waves(2, 2),
    ["0.weight[1,0]", "1.weight[1,0,1]", "1.bias[0]"],
  ],
  [
    "a slope that is drawn",
    [linear(2, 3), nn.rrelu({ lower: -0.5, upper: 0.5 }), linear(3, 2)],
    waves(2, 2),
    ["0.weight[2,1]"],
  ],
  [
    "the largest of a bag",
    [nn.embeddingBag(3, 2, { mode: "max" }), linear(2, 2)],
    tensor(
      [
        [0, 1],
        [2, 1],
      ],
      { dtype: "i32" },
    ),
    ["0.weight[1,1]", "0.weight[2,0]"],
  ],
  [
    "a border of the other end",
    [conv1d(2, 2, 3, { padding: 1, paddingMode: "circular" }), flatten(), linear(8, 2)],
    images,
    ["0.weight[1,0,2]", "0.bias[1]"],
  ],
  [
    "shrinkage",
    [linear(2, 3), nn.softshrink({ lambda: 0.1 }), linear(3, 2)],
    waves(2, 2),
    ["0.bias[1]"],
  ],
])("%s", async (_, layers, inputs, names) => {
  const t = trainer(nn.sequential(...(layers as never[])) as never, {
    loss: nn.crossEntropy as never,
    optimizer: sgd({ learningRate: 0.1 }),
    seed: 1,
    dtype: "f64",
  });
  const data = { inputs, targets: [0, 1] };
  for (const parameter of names) {
    const d = await explain(t, { data, parameter, example: 1 });
    expect(d.data.passed, d.toText()).toBe(true);
    const { value } = d.data.steps.findLast((s) => s.section === "result" && s.result)!;
    const g = d.data.gradients[0]!;
    expect(Math.abs(value! - g)).toBeLessThanOrEqual(1e-9 * Math.max(1e-3, Math.abs(g)));
  }
  expect((await gradientReport(t, { data })).layers.length).toBeGreaterThan(0);
});
