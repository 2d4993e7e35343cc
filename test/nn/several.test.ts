/** Layers of several inputs that are no attention: bilinear forms and bags; and what is drawn for rrelu. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import { assertGradients } from "../../src/autodiff/check.ts";
import { gradient } from "../../src/autodiff/gradient.ts";
import { vmap } from "../../src/autodiff/vmap.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import * as nn from "../../src/nn/index.ts";
import { tensor, zeros } from "../../src/ops/leaf.ts";
import { failure } from "../support/failure.ts";

const { bilinear, embeddingBag, rrelu } = nn;
const i32 = (...values: number[]) => tensor(values, { dtype: "i32" });
const waves = (...shape: number[]): Tensor => {
  const size = shape.reduce((n, k) => n * k, 1);
  return tensor(
    Float64Array.from({ length: size }, (_, i) => Math.sin(i * i + 1)),
    { shape },
  );
};
const table = (entries: number, features: number) => ({ weight: waves(entries, features) });

/** No two numbers of a bag are nearly equal. */
const apart = tensor(
  [
    [1, -2],
    [0.5, 3],
    [-1, 0.25],
    [2, 1],
  ],
  { dtype: "f64" },
);

describe("derivatives of both orders", () => {
  const form = bilinear(1, 2, 1, { bias: false });
  test("of a bilinear form", () => {
    assertGradients(
      (left: Tensor, right: Tensor, weight: Tensor) =>
        form.applyTo({ left, right }, { weight }).square().sum(),
      [waves(2, 1), waves(2, 2), waves(1, 1, 2)],
      { order: 2 },
    );
  });
  test.each(["mean", "max"] as const)("of the %s of bags", (mode) => {
    const bags = embeddingBag(4, 2, { mode });
    const inputs = { indices: i32(3, 0, 1, 1, 2), offsets: i32(0, 2, 2) };
    assertGradients((weight: Tensor) => bags.applyTo(inputs, { weight }).pow(3).sum(), [apart], {
      order: 2,
    });
  });
  test("of weighted rows", () => {
    const bags = embeddingBag(2, 2, { mode: "sum" });
    const inputs = { indices: i32(1, 0, 1), offsets: i32(0, 1, 1) };
    assertGradients(
      (weight: Tensor, perSampleWeights: Tensor) =>
        bags
          .applyTo({ ...inputs, perSampleWeights }, { weight })
          .square()
          .sum(),
      [waves(2, 2), waves(3)],
      { order: 2 },
    );
  });
});

test("a bilinear layer of one input takes it for both", () => {
  const l = bilinear(2, 2, 1);
  const values = {
    weight: tensor([
      [
        [1, 2],
        [3, 4],
      ],
    ]),
    bias: tensor([0.5]),
  };
  expect(l.outputShape([7, 2])).toEqual([7, 1]);
  // 1·1·1 + 1·2·2 + 2·3·1 + 2·4·2
  expect(l.apply(tensor([[1, 2]]), values).arraySync()).toEqual([[27.5]]);
});

test("of equals the first has the gradient, in a row and in a list", () => {
  const weight = zeros([3, 1], "f64");
  const bags = embeddingBag(3, 1, { mode: "max" });
  const g = tensor([[1], [10]], { dtype: "f64" });
  const rows = bags.apply(
    tensor(
      [
        [2, 1, 0],
        [0, 1, 2],
      ],
      { dtype: "i32" },
    ),
    { weight },
  );
  const list = bags.applyTo({ indices: i32(2, 1, 0, 0, 1, 2), offsets: i32(0, 3) }, { weight });
  for (const y of [rows, list])
    expect(gradient(y, [weight], g)[0]!.arraySync()).toEqual([[10], [0], [1]]);
});

test.each(["mean", "sum", "max"] as const)("nothing has the %s 0", (mode) => {
  const bags = embeddingBag(2, 3, { mode });
  const none = zeros([0], "i32");
  expect(bags.apply(zeros([2, 0], "i32"), table(2, 3)).arraySync()).toEqual([
    [0, 0, 0],
    [0, 0, 0],
  ]);
  const y = bags.applyTo({ indices: none, offsets: i32(0, 0) }, table(2, 3));
  expect(y.arraySync()).toEqual([
    [0, 0, 0],
    [0, 0, 0],
  ]);
});

test("bags of a list are those of rows, whatever their size", () => {
  for (const mode of ["mean", "sum", "max"] as const) {
    const bags = embeddingBag(9, 2, { mode, paddingIndex: 8 });
    const sizes = [3, 0, 1, 8, 2];
    const indices = sizes.flatMap((n, b) =>
      Array.from({ length: n }, (_, k) => (3 * b + 5 * k) % 9),
    );
    const starts = sizes.map((_, b) => sizes.slice(0, b).reduce((n, k) => n + k, 0));
    const padded = sizes.map((n, b) =>
      Array.from({ length: 8 }, (_, k) => (k < n ? indices[starts[b]! + k]! : 8)),
    );
    const weight = waves(9, 2);
    const y = bags.applyTo({ indices: i32(...indices), offsets: i32(...starts) }, { weight });
    const wanted = bags.apply(tensor(padded, { dtype: "i32" }), { weight });
    const [found, like] = [y, wanted].map((t) => [...t.dataSync()]);
    for (const [k, n] of found!.entries()) expect(n).toBeCloseTo(like![k]!, 14);
  }
});

test("rrelu draws slopes between its ends, the same for the same key and place", () => {
  const l = rrelu({ lower: 0.1, upper: 0.3 });
  const x = zeros([2000], "f64").sub(1);
  const draw = (seed: number, path = "0") =>
    l
      .apply(x, {}, { training: true, key: i32(seed, 0), path })
      .mul(-1)
      .dataSync();
  const slopes = draw(1);
  expect(Math.min(...slopes)).toBeGreaterThanOrEqual(0.1);
  expect(Math.max(...slopes)).toBeLessThan(0.3);
  const mean = [...slopes].reduce((a, b) => a + b, 0) / 2000;
  const variance = [...slopes].reduce((a, b) => a + (b - mean) ** 2, 0) / 2000;
  // Of 2,000 draws the mean is off by 0.0013 (one deviation); the variance of U is 0.2²/12.
  expect(Math.abs(mean - 0.2)).toBeLessThan(0.0052);
  expect(variance).toBeCloseTo(0.2 ** 2 / 12, 3.5);
  expect(draw(1)).toEqual(slopes);
  expect(draw(2)).not.toEqual(slopes);
  expect(draw(1, "1")).not.toEqual(slopes);
  const up = l.apply(tensor([1, 2, 3]), {}, { training: true, key: i32(1, 0), path: "" });
  expect(up.arraySync()).toEqual([1, 2, 3]);
});

test("bags of several examples are mapped", () => {
  const bags = embeddingBag(3, 1, { mode: "sum" });
  const weight = tensor([[1], [10], [100]]);
  const f = vmap((indices: Tensor, offsets: Tensor) =>
    bags.applyTo({ indices, offsets }, { weight }),
  );
  const lists = tensor(
    [
      [0, 1, 2],
      [2, 2, 1],
    ],
    { dtype: "i32" },
  );
  const offsets = tensor(
    [
      [0, 1],
      [0, 2],
    ],
    { dtype: "i32" },
  );
  expect(f(lists, offsets).arraySync()).toEqual([
    [[1], [110]],
    [[200], [10]],
  ]);
});

describe("wrong inputs", () => {
  const sums = embeddingBag(4, 2, { mode: "sum" });
  const bag = (indices: Tensor, offsets: Tensor, l = sums) =>
    l.applyTo({ indices, offsets }, table(4, 2)).dataSync();
  const list = i32(0, 1, 2);
  test.each<[string, () => unknown, string, string]>([
    ["no sizes", () => bilinear(2, 0, 1), "bad-argument", "whole number ≥ 1"],
    ["an option", () => bilinear(2, 2, 1, { role: 1 } as object), "bad-argument", "weight"],
    [
      "one for two",
      () => bilinear(2, 3, 1).outputShape([4, 2]),
      "shape-mismatch",
      "[4, 3] for right",
    ],
    [
      "other rows",
      () =>
        bilinear(2, 3, 1, { bias: false }).applyTo(
          { left: waves(4, 2), right: waves(5, 3) },
          { weight: waves(1, 2, 3) },
        ),
      "shape-mismatch",
      "[4, 3] for right",
    ],
    ["slopes", () => rrelu({ lower: 0.3, upper: 0.1 }), "bad-argument", "lower ≤ upper"],
    ["no slope", () => rrelu({ upper: Number.NaN }), "bad-argument", "finite"],
    [
      "a flag",
      () => embeddingBag(2, 2, { includeLastOffset: 1 as never }),
      "bad-argument",
      "true or false",
    ],
    ["a late beginning", () => bag(list, i32(1, 2)), "index-out-of-range", "0 … 3"],
    ["a step back", () => bag(list, i32(0, 2, 1)), "index-out-of-range", "0 … 3"],
    ["beyond the end", () => bag(list, i32(0, 4)), "index-out-of-range", "0 … 3"],
    ["no bags", () => bag(list, zeros([0], "i32")), "shape-mismatch", "one at least"],
    [
      "rows and offsets",
      () => bag(zeros([2, 2], "i32"), i32(0)),
      "shape-mismatch",
      "indices [numbers]",
    ],
    ["half an offset", () => bag(list, tensor([0, 1.5])), "bad-dtype", "i32"],
    [
      "weights of a mean",
      () => embeddingBag(4, 2).applyTo({ indices: list, perSampleWeights: waves(3) }, table(4, 2)),
      "bad-argument",
      'mode "sum"',
    ],
    [
      "too few weights",
      () => sums.applyTo({ indices: list, perSampleWeights: waves(2) }, table(4, 2)),
      "shape-mismatch",
      "[3]",
    ],
    [
      "another name",
      () => sums.applyTo({ indices: list, weights: waves(3) } as never, table(4, 2)),
      "bad-argument",
      "perSampleWeights",
    ],
  ])("%s", (_, call, code, expected) => {
    const error = failure(code as "bad-argument", call);
    expect(error.expected).toContain(expected);
    expect(error.where).toContain("several.test.ts");
  });
});
