/** Layers with windows: shapes, what a wrong number gets as an answer, and a small network that learns. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import * as nn from "../../src/nn/index.ts";
import { sequential } from "../../src/nn/sequential.ts";
import { convolution, transposedConvolution } from "../../src/ops/convolution.ts";
import { tensor, zeros } from "../../src/ops/leaf.ts";
import { avgPool, maxPool } from "../../src/ops/pooling.ts";
import { fold, unfold } from "../../src/ops/windows.ts";
import { adam } from "../../src/optim/adaptive.ts";
import { trainer } from "../../src/train/trainer.ts";
import { failure, rejection } from "../support/failure.ts";

const { conv1d, conv2d, convTranspose2d, maxPool2d, avgPool1d, flatten, unflatten, linear } = nn;
const images = zeros([2, 3, 6, 6]);

describe("messages for wrong numbers", () => {
  test.each<[string, () => unknown, "bad-argument" | "shape-mismatch", string, string]>([
    ["no channels", () => conv2d(0, 4, 3), "bad-argument", "whole number ≥ 1", "0"],
    ["half a window", () => conv2d(3, 4, 1.5), "bad-argument", "list of 2", "1.5"],
    ["too many sizes", () => conv1d(3, 4, [3, 3]), "bad-argument", "list of 1", "[3, 3]"],
    ["groups", () => conv2d(3, 4, 3, { groups: 2 }), "bad-argument", "divides 3 and 4", "2"],
    [
      "frozen",
      () => conv2d(3, 4, 3, { frozen: "weight" as never }),
      "bad-argument",
      "list of",
      "weight",
    ],
    [
      "no parameter",
      () => linear(3, 4, { frozen: ["w"] as never }),
      "bad-argument",
      "list of",
      "w",
    ],
    ["stride", () => conv2d(3, 4, 3, { stride: 0 }), "bad-argument", "≥ 1", "0"],
    ["padding", () => conv2d(3, 4, 3, { padding: -1 }), "bad-argument", "≥ 0", "-1"],
    [
      "a word",
      () => conv2d(3, 4, 3, { padding: "full" as "same" }),
      "bad-argument",
      '"same" or "valid"',
      '"full"',
    ],
    [
      "a border of another name",
      () => conv2d(3, 4, 3, { padding: 1, paddingMode: "mirror" as "reflect" }),
      "bad-argument",
      '"zeros", "reflect", "replicate", "circular"',
      '"mirror"',
    ],
    [
      "no such border",
      () => convTranspose2d(3, 4, 3, { paddingMode: "reflect" } as object),
      "bad-argument",
      "outputPadding",
      "paddingMode",
    ],
    [
      "a mirror that is too small",
      () => conv1d(1, 1, 5, { padding: 3, paddingMode: "reflect" }).outputShape([1, 1, 3]),
      "shape-mismatch",
      'at most [2] on a side of [3], mode "reflect"',
      "[3]",
    ],
    [
      "a circle that is too small",
      () => conv2d(1, 1, 5, { padding: "same", paddingMode: "circular" }).outputShape([1, 1, 4, 1]),
      "shape-mismatch",
      "at most [4, 1]",
      "[2, 2]",
    ],
    [
      "a mirrored, strided same",
      () => conv1d(1, 1, 3, { padding: "same", paddingMode: "reflect", stride: 2 }),
      "bad-argument",
      "stride 1",
      "[2]",
    ],
    [
      "a strided same",
      () => convolution(images, zeros([4, 3, 3, 3]), { padding: "same", stride: 2 }),
      "bad-argument",
      "stride 1",
      "[2, 2]",
    ],
    [
      "a window larger than its input",
      () => conv2d(3, 4, 9, { padding: 1 }).outputShape([2, 3, 6, 6]),
      "shape-mismatch",
      "at least [9, 9]",
      "[8, 8], padding included, of [6, 6]",
    ],
    [
      "a dilated window",
      () => conv2d(3, 4, 3, { dilation: 3 }).outputShape([2, 3, 6, 6]),
      "shape-mismatch",
      "with dilation [3, 3]",
      "[6, 6]",
    ],
    [
      "other channels",
      () => conv2d(1, 4, 3).outputShape([2, 3, 6, 6]),
      "shape-mismatch",
      "size 1 on axis -3",
      "3",
    ],
    [
      "weights for other channels",
      () => convolution(images, zeros([4, 2, 3, 3])),
      "shape-mismatch",
      "for 3 channels",
      "[4, 2, 3, 3]",
    ],
    [
      "rows instead of images",
      () => convolution(zeros([2, 3]), zeros([4, 3, 3, 3])),
      "shape-mismatch",
      "[batch, channels, …sizes]",
      "[2, 3]",
    ],
    [
      "more at the end than a step",
      () => convTranspose2d(3, 4, 3, { outputPadding: 1 }).outputShape([2, 3, 6, 6]),
      "bad-argument",
      "below the stride 1",
      "1",
    ],
    [
      "all cut off",
      () => transposedConvolution(zeros([1, 3, 2, 2]), zeros([3, 1, 2, 2]), { padding: 2 }),
      "shape-mismatch",
      "at least 1",
      "[-1, -1]",
    ],
    [
      "a border of more than half a window",
      () => maxPool(images, { kernelSize: 2, padding: 2 }),
      "bad-argument",
      "half a window, 1",
      "2",
    ],
    [
      "a pool larger than its input",
      () => maxPool2d(7).outputShape([2, 3, 6, 6]),
      "shape-mismatch",
      "at least [7, 7]",
      "[6, 6]",
    ],
    [
      "a pool of rows",
      () => avgPool(zeros([4]), { kernelSize: 2 }),
      "shape-mismatch",
      "[batch, channels, …sizes]",
      "[4]",
    ],
    [
      "columns that are no windows",
      () => fold(zeros([1, 8, 4]), { outputSize: [4, 4], kernelSize: 2 }),
      "shape-mismatch",
      "[batch, channels · 4, 9] for windows [2, 2] over [4, 4]",
      "[1, 8, 4]",
    ],
    [
      "a window that fits nowhere",
      () => unfold(images, { kernelSize: 7 }),
      "shape-mismatch",
      "at least [7, 7]",
      "[6, 6]",
    ],
    [
      "sizes that do not divide",
      () => unflatten(1, [5, -1]).outputShape([2, 12]),
      "shape-mismatch",
      "product is 12",
      "[5, -1]",
    ],
    [
      "axes the wrong way round",
      () => flatten({ startAxis: 2, endAxis: 1 }).outputShape([2, 3, 4]),
      "bad-argument",
      "not behind",
      "2 and 1",
    ],
  ])("%s", (_, call, code, expected, found) => {
    const error = failure(code, call);
    expect(error.expected).toContain(expected);
    expect(error.found).toContain(found);
    expect(error.where).toContain("windows.test.ts");
  });
});

test("sizes flow through, whatever comes in", () => {
  const model = sequential(
    conv2d(1, 6, 5, { padding: 2 }),
    nn.relu(),
    maxPool2d(2),
    conv2d(6, 16, 5),
    nn.relu(),
    maxPool2d(2),
    flatten(),
    linear(400, 10),
  );
  expect(model.outputShape([64, 1, 28, 28])).toEqual([64, 10]);
  const error = failure("shape-mismatch", () => model.outputShape([64, 1, 32, 32]));
  expect(error.message).toContain("7 (linear)");
  // @ts-expect-error: three channels do not go into a layer for one
  failure("shape-mismatch", () => sequential(conv2d(1, 3, 3), conv2d(1, 2, 3)));
  // Without an axis for the batch examples would be taken for channels.
  const flat = failure("shape-mismatch", () => conv2d(3, 4, 3).outputShape([3, 6, 6]));
  expect(flat.expected).toContain("4 axes");
  expect(failure("shape-mismatch", () => maxPool2d(2).outputShape([3, 6, 6])).fix).toContain(
    "unflatten",
  );
  expect(avgPool1d(2).outputShape([2, 3, 7])).toEqual([2, 3, 3]);
});

test("permute and reshapeTo put the same numbers elsewhere", () => {
  const x = tensor([[[1, 2, 3], [4, 5, 6]]]); // biome-ignore format: a matrix
  expect(nn.permute([0, 2, 1]).apply(x, {}).arraySync()).toEqual([[[1, 4], [2, 5], [3, 6]]]); // biome-ignore format: a matrix
  expect(nn.reshapeTo([3, -1]).apply(x, {}).arraySync()).toEqual([[[1, 2], [3, 4], [5, 6]]]); // biome-ignore format: a matrix
  expect(nn.reshapeTo([2, 3]).outputShape([5, 6])).toEqual([5, 2, 3]);
  for (const [code, call, expected] of [
    ["bad-argument", () => nn.permute([0, 2]), "each whole number from 0 on once"],
    ["bad-argument", () => nn.permute([1, 1]), "each whole number from 0 on once"],
    ["shape-mismatch", () => nn.permute([0, 2, 1]).outputShape([2, 3]), "3 axes"],
    ["bad-argument", () => nn.reshapeTo([-1, -1]), "one of which may be −1"],
    ["bad-argument", () => nn.reshapeTo([0]), "≥ 1"],
    ["shape-mismatch", () => nn.reshapeTo([4, 2]).outputShape([2, 6]), "product is 6"],
    ["shape-mismatch", () => nn.reshapeTo([4, -1]).outputShape([2, 6]), "product is 6"],
  ] as const) {
    expect(failure(code, call).expected).toContain(expected);
  }
});

test("options that no input fits are refused where the layer is made", () => {
  for (const [call, expected] of [
    [() => conv2d(3, 4, 3, { padding: "same", stride: 2 }), "stride 1"],
    [() => conv1d(3, 4, 3, { padding: "same", stride: [2] }), "stride 1"],
    [() => maxPool2d(2, { ceilMode: "yes" as never }), "true or false"],
    [() => avgPool1d(2, { ceilMode: 1 as never }), "true or false"],
    [() => avgPool1d(2, { countIncludePad: 1 as never }), "true or false"],
    [() => avgPool1d(2, { padding: 2 }), "half a window, 1"],
    [() => maxPool2d([2, 6], { padding: [1, 4] }), "half a window, 3"],
    [() => convTranspose2d(2, 2, 2, { outputPadding: 1 }), "below the stride 1"],
  ] as const) {
    const error = failure("bad-argument", call);
    expect(error.expected).toContain(expected);
    expect(error.where).toContain("windows.test.ts");
  }
  // Sizes that only large inputs fit are legal.
  expect(conv2d(1, 1, 30, { dilation: 4 }).outputShape([1, 1, 117, 117])).toEqual([1, 1, 1, 1]);
  const cut = convTranspose2d(1, 1, 2, { padding: 3 });
  expect(cut.outputShape([1, 1, 8, 8])).toEqual([1, 1, 3, 3]);
  const wide = maxPool2d(3, { padding: 1, stride: 1, dilation: 9 });
  expect(wide.outputShape([1, 1, 19, 17])).toEqual([1, 1, 3, 1]);
});

describe("a forgotten flatten is the model's fault, not that of the targets", () => {
  const fitted = (model: nn.Layer, loss: nn.Loss, targets: number[] | number[][]) =>
    rejection(
      "shape-mismatch",
      Promise.resolve(
        trainer(model, { loss, optimizer: adam() }).fit({ inputs: zeros([2, 1, 6, 6]), targets }),
      ),
    );
  const flat = (size: number) => sequential(conv2d(1, 3, 3), nn.relu(), linear(size, 2));
  test("before a linear layer that does not fit", () => {
    const error = failure("shape-mismatch", () => flat(48).outputShape([5, 1, 6, 6]));
    expect(error.message).toContain("Layer 2 (linear)");
    expect(error.fix).toBe("Put flatten() before it: [5, 3, 4, 4] becomes [5, 48].");
    const other = failure("shape-mismatch", () => flat(9).outputShape([5, 1, 6, 6]));
    expect(other.fix).toContain("linear(48, …)");
    expect(other.fix).toContain("rows of 4");
  });
  test("before one that fits by chance", async () => {
    for (const [loss, targets] of [
      [nn.crossEntropy, [0, 1]],
      [
        nn.meanSquaredError,
        [
          [0, 1],
          [1, 0],
        ],
      ],
      [
        nn.binaryCrossEntropyWithLogits,
        [
          [0, 1],
          [1, 0],
        ],
      ],
    ] as const) {
      const error = await fitted(flat(4), loss, targets as never);
      expect(error.message).toContain("Layer 2 (linear) gets [2, 3, 4, 4]");
      expect(error.fix).toBe("Put flatten() before it and make it linear(48, …).");
    }
  });
  test("before the loss, inside of another model, in evaluate", async () => {
    const model = sequential(sequential(conv2d(1, 2, 6)));
    const error = await fitted(model, nn.crossEntropy, [0, 1]);
    expect(error.message).toContain("Layer 0.0 (conv2d) is the last");
    expect(error.fix).toContain("flatten()");
    const t = trainer(model, { loss: nn.crossEntropy, optimizer: adam() });
    const data = { inputs: zeros([2, 1, 6, 6]), targets: [0, 1] };
    expect(failure("shape-mismatch", () => t.evaluate(data)).fix).toContain("flatten()");
  });
  test("other mismatches are said as they are", async () => {
    const model = sequential(flatten(), linear(36, 2));
    const error = await fitted(model, nn.meanSquaredError, [[1], [0]]);
    expect(error.fix).toContain("as many targets");
    const own: nn.Loss = (y, t) =>
      y
        .mean({ axis: [2, 3] })
        .sub(t)
        .square()
        .mean();
    const t = trainer(sequential(conv2d(1, 2, 3)), { loss: own, optimizer: adam() });
    await t.fit({
      inputs: zeros([2, 1, 6, 6]),
      targets: [
        [0, 1],
        [1, 0],
      ],
    });
  });
});

test("a convolution finds a pattern wherever it stands", async () => {
  // Rows of 12 numbers: 1, −1, 1 stands somewhere in the ones, 1, 1, −1 in the others.
  const rows = Array.from({ length: 40 }, (_, i) => {
    const row = new Array<number>(12).fill(0);
    row.splice((i * 5) % 10, 3, ...(i % 2 ? [1, -1, 1] : [1, 1, -1]));
    return [row];
  });
  const labels = rows.map((_, i) => i % 2);
  const model = sequential(
    conv1d(1, 4, 3),
    nn.relu(),
    nn.adaptiveMaxPool1d(1),
    flatten(),
    linear(4, 2),
  );
  const t = trainer(model, {
    loss: nn.crossEntropy,
    optimizer: adam({ learningRate: 0.05 }),
    seed: 3,
  });
  await t.fit({ inputs: tensor(rows), targets: labels }, { epochs: 60, batchSize: 8 });
  const found = t.predict(tensor(rows)).argmax({ axis: 1 }).arraySync();
  expect(found).toEqual(labels);
});

test("a pool keeps channels, and what stands before or behind it says nothing of its other axes", () => {
  const layers = (...all: readonly nn.Layer[]) => nn.sequential(...(all as never[])) as nn.Layer;
  const before = layers(nn.maxPool1d(2), linear(3, 1));
  expect([before.inputSize, before.outputShape([1, 2, 6])]).toEqual(["any", [1, 2, 1]]);
  const behind = layers(linear(6, 4), nn.maxPool1d(2), linear(2, 3));
  expect([behind.inputSize, behind.outputShape([1, 2, 6])]).toEqual([6, [1, 2, 3]]);
  expect(layers(linear(6, 4), nn.maxPool1d(2)).outputSize).toBe("any");
  const channels = layers(nn.maxPool1d(2), conv1d(3, 4, 1), nn.maxPool1d(2));
  expect([channels.inputSize, channels.outputSize]).toEqual([3, 4]);
  failure("shape-mismatch", () => layers(conv1d(3, 4, 1), nn.maxPool1d(2), conv1d(3, 4, 1)));
});

test("border puts numbers around, or cuts them off; rescale changes units", () => {
  const x = tensor([[[1, 2, 3], [4, 5, 6]]]); // biome-ignore format: a matrix
  const made = (options: nn.BorderOptions) => nn.border(options).apply(x, {}).arraySync();
  expect(made({ before: [0], after: [1] })).toEqual([[[1, 2, 3, 0], [4, 5, 6, 0]]]); // biome-ignore format: a matrix
  expect(made({ before: [1, -1], after: [0, 1], value: 9 })).toEqual([[[9, 9, 9], [2, 3, 9], [5, 6, 9]]]); // biome-ignore format: a matrix
  expect(made({ before: [1], after: [1], mode: "reflect" })).toEqual([[[2, 1, 2, 3, 2], [5, 4, 5, 6, 5]]]); // biome-ignore format: a matrix
  expect(nn.border({ before: [1, 2], after: [3, 4] }).outputShape([5, 2, 3])).toEqual([5, 6, 9]);
  const units = nn.rescale({ scale: [1, 2, 4], offset: -1 });
  expect(units.apply(x, {}).arraySync()).toEqual([[[0, 3, 11], [3, 9, 23]]]); // biome-ignore format: a matrix
  expect(nn.rescale().apply(x, {}).arraySync()).toEqual(x.arraySync());
});
