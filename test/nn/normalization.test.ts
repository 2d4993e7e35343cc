/** Normalizations and embeddings at work: in a trainer, saved and resumed, and their messages. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import type { Tensor } from "../../src/core/tensor.ts";
import * as nn from "../../src/nn/index.ts";
import type { Layer } from "../../src/nn/layer.ts";
import { sequential } from "../../src/nn/sequential.ts";
import { tensor, zeros } from "../../src/ops/leaf.ts";
import { adam } from "../../src/optim/adaptive.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { trainer } from "../../src/train/trainer.ts";
import { expectClose } from "../support/close.ts";
import { failure, rejection } from "../support/failure.ts";

const { batchNorm1d, batchNorm2d, embedding, groupNorm, instanceNorm1d, layerNorm, linear } = nn;

const rows = Array.from({ length: 12 }, (_, i) => [i % 3, (i * 5) % 7, 10 + (i % 4)]);
const targets = rows.map(([a = 0, b = 0]) => [a - b / 7]);

describe("running statistics", () => {
  const model = () =>
    sequential(batchNorm1d(3), linear(3, 4), batchNorm1d(4), nn.relu(), linear(4, 1));
  const make = () =>
    trainer(model(), {
      loss: nn.meanSquaredError,
      optimizer: adam({ learningRate: 0.02 }),
      seed: 1,
      dtype: "f64",
    });
  test("go towards those of the data, and serve predictions", async () => {
    const t = make();
    await t.fit({ inputs: rows, targets }, { epochs: 80, batchSize: 12 });
    const column = (k: number) => rows.map((row) => row[k] ?? 0);
    const mean = (list: readonly number[]) => list.reduce((a, b) => a + b, 0) / list.length;
    const buffers = t.buffers;
    const means = [0, 1, 2].map((k) => mean(column(k)));
    const kept = 1 - 0.9 ** 80;
    expectClose(
      buffers["0.running_mean"]!.dataSync(),
      means.map((m) => m * kept),
      { relative: 1e-12, absolute: 1e-12 },
      "mean",
    );
    const variances = [0, 1, 2].map((k) => {
      const m = mean(column(k));
      return column(k).reduce((s, v) => s + (v - m) ** 2, 0) / (rows.length - 1);
    });
    expectClose(
      buffers["0.running_var"]!.dataSync(),
      variances.map((v) => v * kept + (1 - kept)),
      { relative: 1e-12, absolute: 1e-12 },
      "variance",
    );
    expect(buffers["0.num_batches_tracked"]!.item()).toBe(80);
    // One example alone is predicted as it is among others.
    const together = t.predict(rows).dataSync();
    const alone = t.predict([rows[5]!]).dataSync();
    expect(alone[0]).toBeCloseTo(together[5]!, 12);
    expect(t.evaluate({ inputs: rows, targets }).loss).toBeLessThan(0.05);
  });
  test("are saved, and training resumes to the bit", async () => {
    const data = { inputs: rows, targets };
    const [whole, first] = [make(), make()];
    await whole.fit(data, { epochs: 6, batchSize: 4 });
    await first.fit(data, { epochs: 3, batchSize: 4 });
    const second = make();
    second.fromBytes(first.toBytes());
    await second.fit(data, { epochs: 3, batchSize: 4 });
    expect(second.toBytes()).toEqual(whole.toBytes());
  });
});

test("the mean is subtracted first: right to 1e-5 around 10,000 in f32", () => {
  const [low, high] = [10_000, 10_001];
  const y = layerNorm(4, { affine: false }).apply(tensor([[low, high, low, high]]), {});
  expectClose(y.dataSync(), [-1, 1, -1, 1], { relative: 1e-4, absolute: 1e-5 }, "value");
});

test("an embedding learns from whole numbers; the padding's row stays 0", async () => {
  const inputs = tensor(
    [
      [1, 2, 0],
      [2, 3, 0],
      [3, 1, 2],
      [1, 3, 0],
    ],
    { dtype: "i32" },
  );
  const words = sequential(embedding(4, 3, { paddingIndex: 0 }), nn.flatten(), linear(9, 1));
  const t = trainer(words, { loss: nn.meanSquaredError, optimizer: sgd({ learningRate: 0.1 }) });
  const before = t.parameters["0.weight"]!.arraySync() as number[][];
  await t.fit({ inputs, targets: [[1], [0], [1], [0]] }, { epochs: 100, batchSize: 4 });
  const after = t.parameters["0.weight"]!.arraySync() as number[][];
  expect(before[0]).toEqual([0, 0, 0]);
  expect(after[0]).toEqual([0, 0, 0]);
  expect(after[1]).not.toEqual(before[1]);
  expect(t.evaluate({ inputs, targets: [[1], [0], [1], [0]] }).loss).toBeLessThan(0.01);
});

describe("a last batch of one example", () => {
  const make = () =>
    trainer(sequential(linear(2, 3), nn.batchNorm1d(3), linear(3, 1)), {
      loss: nn.meanSquaredError,
      optimizer: sgd(),
    });
  const of = (n: number) => ({
    inputs: Array.from({ length: n }, (_, i) => [i, i * i]),
    targets: Array.from({ length: n }, (_, i) => [i]),
  });
  test("is said before the first step, with the batch and sizes that do", async () => {
    const t = make();
    const error = await rejection("data-invalid", Promise.resolve(t.fit(of(9), { batchSize: 4 })));
    expect(error.message).toContain("Layer 1 (batchNorm1d)");
    expect(error.found).toBe("9 examples in batches of 4: batch 3 has 1");
    expect(error.fix).toContain("3 or 5 or 6");
    expect(t.progress.steps).toBe(0);
    for (const size of [3, 5, 6]) await t.fit(of(9), { batchSize: size });
    await make().fit(of(8), { batchSize: 4 });
    const held = { batchSize: 4, validation: 1 / 9 };
    await make().fit(of(9), held);
  });
  test("does not concern layers that take one", async () => {
    const options = { loss: nn.meanSquaredError, optimizer: sgd() };
    await trainer(linear(2, 1), options).fit(of(9), { batchSize: 4 });
    const alone = await rejection("shape-mismatch", Promise.resolve(make().fit(of(1))));
    expect(alone.fix).toContain("at least 2 examples");
  });
});

test("channelwise norms refuse other numbers of axes, and say which take them", () => {
  for (const [call, expected, fix] of [
    [() => batchNorm1d(3).outputShape([2, 3, 4, 4]), "[batch, 3, length]", "batchNorm2d"],
    [() => nn.batchNorm3d(3).outputShape([3, 2, 4, 4]), "[batch, 3, depth,", "batchNorm2d"],
    [() => batchNorm2d(3).outputShape([3, 4, 4]), "[batch, 3, height, width]", "unflatten"],
    [() => instanceNorm1d(3).outputShape([2, 4, 3, 4]), "[batch, 3, length]", "instanceNorm2d"],
  ] as const) {
    const error = failure("shape-mismatch", call);
    expect(error.expected).toContain(expected);
    expect(error.fix).toContain(fix);
  }
});

describe("messages for wrong numbers", () => {
  test.each<
    [string, () => unknown, "bad-argument" | "shape-mismatch" | "index-out-of-range", string]
  >([
    ["epsilon", () => layerNorm(3, { epsilon: -1 }), "bad-argument", "≥ 0"],
    ["sizes", () => layerNorm([]), "bad-argument", "list of them"],
    ["other sizes", () => layerNorm(3).outputShape([2, 4]), "shape-mismatch", "ends in [3]"],
    ["groups", () => groupNorm(2, 3), "bad-argument", "divides 3"],
    ["momentum", () => batchNorm1d(3, { momentum: 2 }), "bad-argument", "or null"],
    ["no count", () => instanceNorm1d(3, { momentum: null }), "bad-argument", "0 … 1"],
    [
      "channels",
      () => batchNorm1d(3).outputShape([2, 4]),
      "shape-mismatch",
      "[batch, 3] or [batch, 3, length]",
    ],
    [
      "literal channels",
      () => batchNorm2d(3).outputShape([2, 4, 5, 5]),
      "shape-mismatch",
      "size 3",
    ],
    ["frozen", () => embedding(4, 2, { frozen: "yes" as never }), "bad-argument", "true or false"],
    [
      "a number between two rows",
      () =>
        embedding(2, 2)
          .apply(tensor([0.5]), { weight: zeros([2, 2]) })
          .dataSync(),
      "index-out-of-range",
      "0 … 1",
    ],
    [
      "a bag",
      () => nn.embeddingBag(4, 2, { mode: "min" as "max" }),
      "bad-argument",
      '"mean", "sum"',
    ],
    ["no bag", () => nn.embeddingBag(4, 2).outputShape([]), "shape-mismatch", "[batch, numbers]"],
    ["prelu", () => nn.prelu(3).outputShape([2, 4]), "shape-mismatch", "[batch, 3, …sizes]"],
    ["slopes", () => nn.prelu(0), "bad-argument", "≥ 1"],
    ["a gate", () => nn.glu().outputShape([2, 3]), "shape-mismatch", "even"],
    ["no axis", () => nn.glu({ axis: 0.5 }), "bad-argument", "whole number"],
    ["padding", () => embedding(4, 2, { paddingIndex: 4 }), "bad-argument", "from -4 to 3"],
    [
      "an index outside",
      () =>
        embedding(2, 2, { weight: 0 })
          .apply(tensor([2], { dtype: "i32" }), { weight: zeros([2, 2]) })
          .dataSync(),
      "index-out-of-range",
      "0 … 1",
    ],
  ])("%s", (_, call, code, expected) => {
    const error = failure(code, call);
    expect(error.expected).toContain(expected);
    expect(error.where).toContain("normalization.test.ts");
  });
  test("a batch of one number for each channel", () => {
    const model: Layer = sequential(batchNorm1d(2), linear(2, 1));
    const t = trainer(model, { loss: nn.meanSquaredError, optimizer: sgd() });
    const error = failure("shape-mismatch", () => t.step({ inputs: [[1, 2]], targets: [[1]] }));
    expect(error.fix).toContain("at least 2 examples");
  });
});

test("the variance that is kept is Σ/n where it is asked for", () => {
  const [x, values] = [
    tensor([[1], [2], [6]], { dtype: "f64" }),
    (layer: Layer) => nn.initialValues(layer, { dtype: "f64" }),
  ];
  const kept = (runningVariance: "biased" | "unbiased") => {
    const layer = batchNorm1d(1, { momentum: 1, runningVariance });
    const { parameters, buffers } = values(layer);
    const found: Record<string, number> = {};
    const renew = (name: string, value: Tensor) => {
      found[name] = value.size === 1 ? Number(value.arraySync()) : Number.NaN;
    };
    layer.apply(x, { ...parameters, ...buffers }, { training: true, path: "", renew });
    return found.running_var;
  };
  expect(kept("unbiased")).toBeCloseTo(7, 13);
  expect(kept("biased")).toBeCloseTo(14 / 3, 13);
});
