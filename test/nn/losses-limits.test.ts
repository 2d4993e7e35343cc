/** Losses where outputs are extreme. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import * as losses from "../../src/nn/losses.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { expectClose } from "../support/close.ts";

const f64 = (values: number[] | number[][]) => tensor(values, { dtype: "f64" });
const i32 = (values: number[], shape = [values.length]) => tensor(values, { shape, dtype: "i32" });

describe("extreme outputs", () => {
  const slope = (loss: Tensor, output: Tensor) => [...gradient(loss, [output])[0]!.dataSync()];

  test("crossEntropy of logits ±1000 and of masked classes", () => {
    const output = f64([
      [1000, -1000, 0],
      [-1000, 1000, 1000],
      [0, Number.NEGATIVE_INFINITY, 0],
    ]);
    const loss = losses.crossEntropy(output, i32([1, 2, 0]), { reduction: "sum" });
    // 2000 + ln 2 + ln 2; the slopes are softmax minus one-hot.
    expectClose([loss.item()], [2000 + 2 * Math.LN2], { relative: 1e-15 });
    const expected = [1, -1, 0, 0, 0.5, -0.5, -0.5, 0, 0.5];
    // The logarithm 1000.69… of the sum is rounded to 2⁻⁴⁴ = 5.7e-14, so its exponential is too.
    expectClose(slope(loss, output), expected, { absolute: 5.7e-14 });
  });
  test("probabilities 0 and 1 cost 100 at most", () => {
    const output = f64([0, 1, 0, 1]);
    const loss = losses.binaryCrossEntropy(output, f64([0, 0, 1, 1]), { reduction: "none" });
    expectClose(loss.dataSync(), [0, 100, 100, 0]);
    // The denominator is 1e-12 at least.
    expectClose(slope(loss.sum(), output), [0, 1e12, -1e12, 0], { relative: 3e-16 });
  });
  test("logits ±1000 cost what they are wrong by", () => {
    for (const dtype of ["f32", "f64"] as const) {
      const output = tensor([1000, -1000, 1000, -1000], { dtype });
      const target = tensor([0, 0, 1, 1], { dtype });
      const loss = losses.binaryCrossEntropyWithLogits(output, target, { reduction: "none" });
      expect([...loss.dataSync()]).toEqual([1000, 0, 0, 1000]);
      expect(slope(loss.sum(), output)).toEqual([1, 0, 0, -1]);
    }
  });
  test("an error of ±∞ has slope ±δ, and ±1 in absolute value", () => {
    const output = f64([Infinity, -Infinity]);
    const zero = f64([0, 0]);
    const huber = losses.huber(output, zero, { delta: 2, reduction: "sum" });
    expect(slope(losses.meanAbsoluteError(output, zero, { reduction: "sum" }), output)).toEqual([
      1, -1,
    ]);
    expect(slope(huber, output)).toEqual([2, -2]);
  });
  test("infinite logits, where PyTorch's value or slope is a number", () => {
    const one = (loss: Tensor, output: Tensor) => [loss.item(), ...slope(loss, output)];
    const bits = (z: number, t: number) => {
      const output = f64([z]);
      return one(losses.binaryCrossEntropyWithLogits(output, f64([t])), output);
    };
    expect(bits(Infinity, 0)).toEqual([Infinity, 1]);
    expect(bits(Infinity, 1)[1]).toBe(0);
    expect(bits(-Infinity, 0)[1]).toBe(0);
    expect(bits(-Infinity, 1)[1]).toBe(-1);
    const masked = f64([[-Infinity, 0]]);
    expect(one(losses.negativeLogLikelihood(masked, i32([0])), masked)).toEqual([Infinity, -1, 0]);
    expect(one(losses.crossEntropy(masked, i32([0])), masked)).toEqual([Infinity, -1, 1]);
    const sure = f64([[1000, -1000, Infinity]]);
    expect(one(losses.multiMargin(sure, i32([2])), sure)).toEqual([0, 0, 0, 0]);
  });
  test("0·ln 0 counts as 0 in klDivergence", () => {
    const output = f64([[-1, -2]]);
    const loss = losses.klDivergence(output, f64([[0, 1]]), { reduction: "sum" });
    expect(loss.item()).toBe(2);
    expect(slope(loss, output)).toEqual([-0, -1]);
  });
});
