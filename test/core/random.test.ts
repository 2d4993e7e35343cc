/** The graph's random numbers against src/core/random.ts, and as random numbers. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import { threefry2x32 } from "../../src/core/number-words.ts";
import { seedKey, uniformAt } from "../../src/core/random.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { randomNormal, randomUniform } from "../../src/ops/random.ts";
import { expectClose } from "../support/close.ts";

const key = (...words: number[]) =>
  tensor(
    words.map((word) => word | 0),
    { dtype: "i32" },
  );
const f64 = { dtype: "f64" } as const;

test.each([
  [0, 0, 0],
  [-1, -1, -1],
  [0x243f6a88, 0x85a308d3, 0x03707344],
])("the expression is threefry: key %i %i, stream %i", (key0, key1, stream) => {
  const n = 300;
  const words = Array.from({ length: n }, (_, i) => threefry2x32(key0, key1, i, stream));
  const at = { stream: stream | 0 };
  const double = randomUniform(key(key0, key1), [n / 3, 3], { ...f64, ...at }).dataSync();
  const exact = words.map(([high, low]) => ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53);
  expectClose(double, exact);
  const single = randomUniform(key(key0, key1), [n], at).dataSync();
  expectClose(
    single,
    words.map(([high]) => (high >>> 8) / 2 ** 24),
  );
});

test("randomUniform draws the numbers of uniformAt", () => {
  const seed = 12345678901;
  const data = randomUniform(key(...seedKey(seed)), [100], { ...f64, stream: 3 }).dataSync();
  expectClose(
    data,
    Array.from({ length: 100 }, (_, i) => uniformAt(seed, 3, i)),
  );
});

describe.each([{ dtype: "f32" }, { dtype: "f64" }] as const)("%j", (options) => {
  const n = 20_000;
  // Four standard errors of the mean of n numbers with standard deviation s.
  const four = (s: number) => (4 * s) / Math.sqrt(n);
  const moment = (data: ArrayLike<number>, k: number) =>
    Array.from(data).reduce((sum, x) => sum + x ** k, 0) / n;

  test("uniform numbers have the uniform distribution's moments", () => {
    const data = randomUniform(key(1, 2), [n], options).dataSync();
    expect(Math.min(...data)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...data)).toBeLessThan(1);
    for (const k of [1, 2, 3]) {
      const deviation = Math.sqrt(1 / (2 * k + 1) - 1 / (k + 1) ** 2);
      expect(Math.abs(moment(data, k) - 1 / (k + 1))).toBeLessThan(four(deviation));
    }
  });
  test("normal numbers have the normal distribution's moments", () => {
    const data = randomNormal(key(1, 2), [n], options).dataSync();
    for (const [k, expected, variance] of [
      [1, 0, 1],
      [2, 1, 2],
      [3, 0, 15],
      [4, 3, 96],
    ] as const) {
      expect(Math.abs(moment(data, k) - expected)).toBeLessThan(four(Math.sqrt(variance)));
    }
  });
  test("same key and stream: same bits; another key or stream: others", () => {
    const draw = (stream: number, ...words: number[]) =>
      String(randomUniform(key(...words), [4], { ...options, stream }).dataSync());
    const all = [draw(0, 1, 2), draw(1, 1, 2), draw(0, 1, 3), draw(0, 2, 2), draw(0, 2, 1)];
    expect(new Set(all).size).toBe(all.length);
    expect(draw(0, 1, 2)).toBe(all[0]);
  });
});
