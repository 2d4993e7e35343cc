/** Windows over a time series. */
import { expect, it } from "vitest";
import { slidingWindows, split } from "../../src/data/index.ts";
import { tensor } from "../../src/index.ts";
import { failure } from "../support/failure.ts";

const series = [0, 1, 2, 3, 4, 5, 6];

it("takes what fits, in order, and what follows", () => {
  const { inputs, targets, size } = slidingWindows(series, { length: 3 });
  expect(size).toBe(4);
  expect(inputs.arraySync()).toEqual([
    [0, 1, 2],
    [1, 2, 3],
    [2, 3, 4],
    [3, 4, 5],
  ]);
  expect(targets.arraySync()).toEqual([[3], [4], [5], [6]]);
});
it("steps, looks further ahead, and leaves a gap", () => {
  const { inputs, targets } = slidingWindows(series, { length: 2, horizon: 2, step: 2, gap: 1 });
  expect(inputs.arraySync()).toEqual([
    [0, 1],
    [2, 3],
  ]);
  expect(targets.arraySync()).toEqual([
    [3, 4],
    [5, 6],
  ]);
});
it("of rows all columns go in, and those asked for come out", () => {
  const rows = series.map((t) => [t, 10 * t, -t]);
  const { inputs, targets } = slidingWindows(rows, { length: 2, horizon: 2, targets: [2, 0] });
  expect([inputs.shape, targets.shape]).toEqual([
    [4, 2, 3],
    [4, 2, 2],
  ]);
  const last = [
    [-5, 5],
    [-6, 6],
  ];
  expect((targets.arraySync() as number[][][]).at(-1)).toEqual(last);
  expect(slidingWindows(rows, { length: 2 }).targets.shape).toEqual([5, 1, 3]);
});
it("keeps f32, and takes every other series as f64", () => {
  const f32 = tensor(new Float32Array(series));
  expect(slidingWindows(f32, { length: 2 }).inputs.dtype).toBe("f32");
  expect(slidingWindows(new Float64Array(series), { length: 2 }).inputs.dtype).toBe("f64");
  expect(slidingWindows(tensor(new Int32Array(series)), { length: 2 }).targets.dtype).toBe("f64");
});
it("is divided so that no step is on both sides", () => {
  const long = Array.from({ length: 50 }, (_, t) => t);
  const [length, horizon] = [5, 2];
  const { train, validation } = split(slidingWindows(long, { length, horizon }), {
    ...{ validation: 0.2, ordered: true, gap: length + horizon - 1 },
  });
  const known = Math.max(...train.targets.dataSync());
  expect(Math.min(...validation.inputs.dataSync())).toBe(known + 1);
});
it("refuses what makes no windows", () => {
  const wrong = (options: object, given: unknown = series) =>
    failure("bad-argument", () => slidingWindows(given as number[], options as { length: number }));
  expect(wrong({}).found).toBe("undefined");
  expect(wrong({ length: 2.5 }).expected).toBe("a whole number ≥ 1 of steps");
  expect(wrong({ length: 2, gap: -1 }).expected).toBe("a whole number ≥ 0 of steps");
  expect(wrong({ length: 2, targets: [1] }).expected).toContain("from 0 to 0");
  expect(wrong({ length: 2, targets: [] }).found).toBe("an array of 0");
  expect(wrong({ length: 1 }, tensor([[[1]]])).found).toBe("[1, 1, 1]");
  const short = failure("data-empty", () => slidingWindows(series, { length: 6, horizon: 2 }));
  expect(short).toMatchObject({ expected: expect.stringContaining("at least 8"), found: "7" });
  failure("data-invalid", () => slidingWindows([1, Number.NaN, 2], { length: 1 }));
  const many = new Float32Array(2 ** 17);
  failure("out-of-memory", () => slidingWindows(many, { length: 2 ** 16 }));
});
