import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import { checkGradients } from "../../src/autodiff/check.ts";
import { randomFlip2d, randomShift2d } from "../../src/nn/augmentation.ts";
import { conv2d, flatten, linear, sequential } from "../../src/nn/index.ts";
import { tensor } from "../../src/ops/leaf.ts";
import "../../src/ops/methods.ts";
import { crossEntropy, sgd, trainer } from "../../src/index.ts";
import { failure } from "../support/failure.ts";

const key = (a: number, b: number) => tensor([a, b], { dtype: "i32" });
const [n, channels, height, width] = [200, 2, 3, 4];
const numbers = Float64Array.from({ length: n * channels * height * width }, (_, i) => i + 1);
const x = tensor(numbers, { shape: [n, channels, height, width] });
const training = { training: true, key: key(5, 2), path: "3" };
const at = (b: number, c: number, i: number, j: number) =>
  i < 0 || i >= height || j < 0 || j >= width
    ? 0
    : numbers[((b * channels + c) * height + i) * width + j];
/** What an example should be, for each pixel. */
const expected = (b: number, place: (i: number, j: number) => readonly [number, number]) =>
  Array.from({ length: channels * height * width }, (_, k) => {
    const [c, i, j] = [Math.floor(k / (height * width)), Math.floor(k / width) % height, k % width];
    return at(b, c, ...place(i, j));
  });
const examples = (y: { dataSync(): ArrayLike<number> }) => {
  const all = Array.from(y.dataSync());
  const size = channels * height * width;
  return Array.from({ length: n }, (_, b) => all.slice(b * size, (b + 1) * size));
};

describe("randomFlip2d", () => {
  test("mirrors about as many as the rate says, and the others not at all", () => {
    let mirrored = 0;
    for (const [b, y] of examples(randomFlip2d(0.3).apply(x, {}, training)).entries()) {
      const turned = expected(b, (i, j) => [i, width - 1 - j]);
      if (y.join() === turned.join()) mirrored++;
      else expect(y).toEqual(expected(b, (i, j) => [i, j]));
    }
    // Five standard deviations.
    expect(Math.abs(mirrored - 0.3 * n)).toBeLessThan(5 * Math.sqrt(n * 0.3 * 0.7));
  });
  test("of the rate 1 mirrors all, and outside of training none", () => {
    for (const [b, y] of examples(randomFlip2d(1).apply(x, {}, training)).entries()) {
      expect(y).toEqual(expected(b, (i, j) => [i, width - 1 - j]));
    }
    expect(randomFlip2d(1).apply(x, {}, { ...training, training: false })).toBe(x);
  });
});

describe("randomShift2d", () => {
  test("moves each by whole numbers, all as likely, and fills with 0", () => {
    const counts = new Map<string, number>();
    for (const [b, y] of examples(randomShift2d(1).apply(x, {}, training)).entries()) {
      const found = [-1, 0, 1].flatMap((d) =>
        [-1, 0, 1].flatMap((e) =>
          y.join() === expected(b, (i, j) => [i + d, j + e]).join() ? [`${d},${e}`] : [],
        ),
      );
      expect(found).toHaveLength(1);
      counts.set(String(found), (counts.get(String(found)) ?? 0) + 1);
    }
    // Nine ways; five standard deviations of each.
    expect(counts.size).toBe(9);
    for (const count of counts.values()) {
      expect(Math.abs(count - n / 9)).toBeLessThan(5 * Math.sqrt((n * 8) / 81));
    }
  });
  test("may move everything out, and nothing", () => {
    expect(randomShift2d(9).apply(x, {}, training).shape).toEqual(x.shape);
    expect(randomShift2d(0).apply(x, {}, training)).toBe(x);
    expect(randomShift2d(1).apply(x, {}, { ...training, training: false })).toBe(x);
  });
});

test("gradients go where the pixels came from", () => {
  const small = tensor(numbers.slice(0, 24), { shape: [2, 1, 3, 4] });
  for (const layer of [randomFlip2d(0.5), randomShift2d(1)]) {
    const f = (images: typeof small) => layer.apply(images, {}, training).square().sum();
    expect(checkGradients(f, [small]).passed).toBe(true);
    expect(checkGradients(f, [small], { order: 2 } as never).passed).toBe(true);
  }
});

test("steps differ, seeds decide, and backends agree", () => {
  const images = tensor(
    Float64Array.from({ length: 6 * 36 }, (_, i) => ((i * 37) % 11) / 11),
    { shape: [6, 1, 6, 6] },
  );
  const data = { inputs: images, targets: tensor([0, 1, 0, 1, 0, 1], { dtype: "i32" }) };
  const model = sequential(
    randomFlip2d(),
    randomShift2d(2),
    conv2d(1, 2, 3),
    flatten(),
    linear(32, 2),
  );
  const losses = (seed: number, backend: "auto" | "interpreter") => {
    const t = trainer(model, {
      ...{ loss: crossEntropy, optimizer: sgd({ learningRate: 0 }), seed, dtype: "f64", backend },
    });
    return Array.from({ length: 4 }, () => t.step(data));
  };
  const own = losses(1, "interpreter");
  expect(new Set(own).size).toBe(4);
  expect(losses(1, "interpreter")).toEqual(own);
  expect(losses(2, "interpreter")).not.toEqual(own);
  for (const [i, loss] of losses(1, "auto").entries()) expect(loss).toBeCloseTo(own[i] ?? 0, 13);
});

test("what cannot be done is refused", () => {
  for (const rate of [-1, 2, Number.NaN]) failure("bad-argument", () => randomFlip2d(rate));
  for (const pixels of [-1, 0.5, 1e9]) failure("bad-argument", () => randomShift2d(pixels));
  failure("shape-mismatch", () => randomFlip2d().outputShape([4, 5]));
  failure("shape-mismatch", () => randomShift2d(1).outputShape([4, 5]));
});
