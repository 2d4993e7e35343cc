/** Dropout: how much is dropped, what is kept, and that the mask can be drawn again. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import { dropout } from "../../src/nn/dropout.ts";
import type { Layer } from "../../src/nn/layer.ts";
import { linear } from "../../src/nn/linear.ts";
import { halfSquaredError } from "../../src/nn/losses.ts";
import * as noise from "../../src/nn/noise.ts";
import { sequential } from "../../src/nn/sequential.ts";
import { full, onesLike, tensor } from "../../src/ops/leaf.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { trainer } from "../../src/train/trainer.ts";
import { expectClose } from "../support/close.ts";
import { failure } from "../support/failure.ts";

const { alphaDropout, featureAlphaDropout } = noise;
const key = (seed: number, step: number) => tensor([seed, step], { dtype: "i32" });
const x = full([100, 100], 3, "f64");
const drop = (rate: number, [seed, step]: [number, number], path = "0") =>
  dropout(rate).apply(x, {}, { training: true, key: key(seed, step), path });

describe("while training", () => {
  test.each([0.1, 0.5, 0.9])("drops a share of %f and scales the rest up", (rate) => {
    const y = drop(rate, [0, 0]).dataSync();
    const dropped = y.filter((v) => v === 0).length;
    // Five standard deviations of the number dropped, √(n·rate·(1 − rate)).
    const n = y.length;
    expect(Math.abs(dropped - n * rate)).toBeLessThan(5 * Math.sqrt(n * rate * (1 - rate)));
    const kept = y.filter((v) => v !== 0);
    expectClose(kept, Array(kept.length).fill(3 / (1 - rate)), { relative: 4e-16 });
  });
  test("neighbours are dropped independently", () => {
    const y = drop(0.5, [1, 4]).dataSync();
    let together = 0;
    for (let i = 1; i < y.length; i++) if (y[i] === 0 && y[i - 1] === 0) together++;
    // A quarter of all pairs, but for five standard deviations (√(5/16 n): pairs overlap).
    expect(Math.abs(together - y.length / 4)).toBeLessThan(5 * Math.sqrt((5 / 16) * y.length));
  });
  test("the mask follows from seed, step and place", () => {
    const mask = (...args: [number, [number, number], string?]) => drop(...args).dataSync();
    const first = mask(0.5, [7, 3]);
    expect(mask(0.5, [7, 3])).toEqual(first);
    expect(mask(0.5, [8, 3])).not.toEqual(first);
    expect(mask(0.5, [7, 4])).not.toEqual(first);
    expect(mask(0.5, [7, 3], "2")).not.toEqual(first);
  });
  test("the gradient passes where the value does, with the same factor", () => {
    const inputs = tensor([[1, 2, 3, 4, 5, 6, 7, 8]], { dtype: "f64" });
    const y = dropout(0.25).apply(inputs, {}, { training: true, key: key(1, 1), path: "1" });
    const g = gradient(y, [inputs], onesLike(y))[0]!.dataSync();
    const mask = Array.from(y.dataSync(), (v) => (v === 0 ? 0 : 1));
    expect(new Set(mask)).toEqual(new Set([0, 1]));
    expectClose(
      g,
      mask.map((m) => m / 0.75),
      { relative: 4e-16 },
    );
  });
  test("two of one model draw masks of their own", () => {
    const model = sequential(dropout(), dropout());
    const seen = new Map<string, ArrayLike<number>>();
    model.apply(
      x,
      {},
      {
        training: true,
        key: key(0, 0),
        path: "",
        observe: (path, y) => seen.set(path, y.dataSync()),
      },
    );
    const kept = Array.from(seen.get("1")!, (v) => v !== 0).filter(Boolean).length;
    // Were the masks the same, half would be kept; so it is a quarter (and five deviations).
    expect(Math.abs(kept - 2500)).toBeLessThan(5 * Math.sqrt(10_000 * 0.25 * 0.75));
  });
});

describe("otherwise", () => {
  test("changes nothing in inference, nor at rate 0", () => {
    expect(dropout(0.5).apply(x, {})).toBe(x);
    expect(dropout(0.5).apply(x, {}, { training: false, key: key(0, 0), path: "" })).toBe(x);
    expect(drop(0, [0, 0])).toBe(x);
  });
  test.each([-0.1, 1.01, Number.NaN])("a rate of %f is an error", (rate) => {
    failure("bad-argument", () => dropout(rate));
  });
});

describe("in a trainer", () => {
  const make = (
    seed: number,
    model: Layer = sequential(dropout(0.5), linear(50, 1, { weight: 0.1, bias: 0 })),
  ) =>
    trainer(model, {
      loss: halfSquaredError,
      optimizer: sgd({ learningRate: 1e-6 }),
      seed,
      dtype: "f64",
    });
  const data = { inputs: [Array<number>(50).fill(1)], targets: [[0]] };
  test("steps differ, seeds differ, and runs repeat", () => {
    const losses = (seed: number) => {
      const t = make(seed);
      return Array.from({ length: 5 }, () => t.step(data));
    };
    expect(new Set(losses(0)).size).toBeGreaterThan(1);
    expect(losses(0)).toEqual(losses(0));
    expect(losses(0)).not.toEqual(losses(1));
  });
  test("evaluating and predicting use every unit", () => {
    const t = make(0);
    // ½(50·0.1)²
    expectClose([t.evaluate(data).loss], [12.5], { relative: 1e-14 });
    expectClose(t.predict([Array<number>(50).fill(1)]).dataSync(), [5], { relative: 1e-14 });
  });
});

describe("other kinds", () => {
  const training = { training: true, key: key(5, 2), path: "3" };
  test.each([1, 2, 3] as const)("dropout%id keeps or drops whole channels", (axes) => {
    const make = { 1: noise.dropout1d, 2: noise.dropout2d, 3: noise.dropout3d }[axes];
    const sizes = [2, 3, 4].slice(0, axes);
    const size = sizes.reduce((n, k) => n * k, 1);
    const y = make(0.25)
      .apply(full([40, 50, ...sizes], 3, "f64"), {}, training)
      .dataSync();
    let dropped = 0;
    for (let start = 0; start < y.length; start += size) {
      const own = new Set(y.subarray(start, start + size));
      expect(own.size).toBe(1);
      if (own.has(0)) dropped++;
      else expectClose([...own], [4], { relative: 4e-16 });
    }
    // Five standard deviations of 2,000 channels.
    expect(Math.abs(dropped - 500)).toBeLessThan(5 * Math.sqrt(2000 * 0.25 * 0.75));
    const error = failure("shape-mismatch", () => make(0.5).outputShape([4, 5]));
    expect(error.expected).toContain(`${axes + 2} axes`);
  });
  test("alphaDropout keeps mean 0 and variance 1", () => {
    // ±1 in turns: mean 0, variance 1.
    const n = 20_000;
    const data = Float64Array.from({ length: n }, (_, i) => (i % 2 ? 1 : -1));
    const x = tensor(data, { shape: [200, 100] });
    const y = Array.from(alphaDropout(0.3).apply(x, {}, training).dataSync());
    const mean = y.reduce((a, b) => a + b, 0) / n;
    const variance = y.reduce((a, b) => a + (b - mean) ** 2, 0) / n;
    // Five standard deviations of a mean of n such numbers, and of their squares.
    expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(variance - 1)).toBeLessThan((5 * 2) / Math.sqrt(n));
    const floor = Math.min(...y);
    const share = y.filter((v) => Math.abs(v - floor) < 1e-12).length / n;
    expect(Math.abs(share - 0.3)).toBeLessThan(5 * Math.sqrt((0.3 * 0.7) / n));
  });
  test("featureAlphaDropout does so for whole channels", () => {
    const x = full([20, 10, 6], 1, "f64");
    const y = featureAlphaDropout(0.5).apply(x, {}, training).dataSync();
    for (let start = 0; start < y.length; start += 6) {
      expect(new Set(y.subarray(start, start + 6)).size).toBe(1);
    }
    expect(new Set(y).size).toBe(2);
  });
  test.each(Object.entries({ dropout, ...noise }))(
    "%s of rate 0 and 1, and of no rate",
    (name, make) => {
      const x = tensor([[[[[1, Infinity], [2, 3]]]]], { dtype: "f64" }); // biome-ignore format: one line
      const shaped = name.endsWith("1d") ? x.reshape([1, 2, 2]) : x;
      const fits = name.endsWith("2d") ? x.reshape([1, 1, 2, 2]) : shaped;
      expect(make(0).apply(fits, {}, training).dataSync()).toEqual(fits.dataSync());
      const nothing = make(1).apply(fits, {}, training);
      expect([...nothing.dataSync()]).toEqual([0, 0, 0, 0]);
      expect([...gradient(nothing, [fits], onesLike(nothing))[0]!.dataSync()]).toEqual([
        0, 0, 0, 0,
      ]);
      for (const rate of [-0.1, 1.1, Number.NaN, "half" as never]) {
        expect(failure("bad-argument", () => make(rate)).expected).toBe("0 ≤ rate ≤ 1");
      }
    },
  );
});
