import { describe, expect, it } from "vitest";
import {
  adam,
  binaryCrossEntropyWithLogits,
  crossEntropy,
  type Data,
  linear,
  type MetricName,
  meanSquaredError,
  relu,
  sequential,
  stream,
  trainer,
} from "../../src/index.ts";
import { rejection } from "../support/failure.ts";

const size = 413;
const rows = Array.from({ length: size }, (_, i) => [Math.sin(i), Math.cos(1.7 * i), (i % 7) / 7]);
const names = ["a", "b", "c", "d", "e", "f"];

/** Targets of each kind of task. */
const kinds = {
  classes: rows.map(([a = 0, b = 0]) => names[Math.floor(3 + 2 * a + 0.9 * b)] ?? "a"),
  numbers: rows.map(([a = 0, b = 0, c = 0]) => [a * b + c, 3, 100 + a]),
  labels: rows.map(([a = 0, b = 0, c = 0]) => [
    Number(a > 0.2),
    Number(b + c > 0),
    Number(c > 0.9),
  ]),
  binary: rows.map(([a = 0]) => [Number(a > 0.5)]),
};
type Kind = keyof typeof kinds;
const outputs: Record<Kind, number> = { classes: 6, numbers: 3, labels: 3, binary: 1 };

const made = (kind: Kind, backend: "wasm" | "interpreter" = "wasm") =>
  trainer(sequential(linear(3, 8), relu(), linear(8, outputs[kind])), {
    loss: {
      classes: crossEntropy,
      numbers: meanSquaredError,
      labels: binaryCrossEntropyWithLogits,
      binary: binaryCrossEntropyWithLogits,
    }[kind],
    optimizer: adam({ learningRate: 0.01 }),
    seed: 3,
    dtype: "f64",
    backend,
  });

const wholeOf = (kind: Kind): Data =>
  ({ inputs: rows, targets: kinds[kind], ...(kind === "classes" && { classes: names }) }) as Data;

function* blocks(kind: Kind, length: number): Generator<Data> {
  for (let at = 0; at < size; at += length) {
    const targets = kinds[kind].slice(at, at + length);
    yield { inputs: rows.slice(at, at + length), targets } as Data;
  }
}
const streamed = (kind: Kind, length: number) =>
  stream(() => blocks(kind, length), { size, ...(kind === "classes" && { classes: names }) });

describe("evaluateAsync of a stream", () => {
  it.each(Object.keys(kinds) as Kind[])("%s: as of the same data in memory", async (kind) => {
    const t = made(kind);
    await t.fit(wholeOf(kind), { epochs: 4 });
    const whole = t.evaluate(wholeOf(kind), { metrics: "all" });
    for (const length of [7, 5000]) {
      const found = await t.evaluateAsync(streamed(kind, length), { metrics: "all" });
      // The same batches: the same bits. Counts are whole, so what is taken of them is the same.
      expect(found.loss).toBe(whole.loss);
      expect(found.accuracy).toBe(whole.accuracy);
      expect(found.confusion).toEqual(whole.confusion);
      expect(found.counts).toEqual(whole.counts);
      expect(Object.keys(found)).toEqual(Object.keys(whole));
      // Means over numbers are summed one after another in another way.
      if (whole.r2 !== undefined) expect((found.r2 ?? 0) / whole.r2).toBeCloseTo(1, 12);
      expect(Object.keys(found.metrics ?? {})).toEqual(Object.keys(whole.metrics ?? {}));
      for (const [name, value] of Object.entries(whole.metrics ?? {})) {
        const own = found.metrics?.[name] ?? Number.NaN;
        expect(Math.abs(own - value)).toBeLessThanOrEqual(1e-13 * Math.abs(value));
      }
    }
  });
  it("one metric by its name, on the interpreter, and without any", async () => {
    const t = made("classes", "interpreter");
    for (const name of ["f1", "rocAuc", "top3Accuracy"] as MetricName[]) {
      const metrics = [name];
      const whole = t.evaluate(wholeOf("classes"), { metrics });
      expect(Object.keys(whole.metrics ?? {})).toEqual([name]);
      expect(await t.evaluateAsync(streamed("classes", 50), { metrics })).toEqual(whole);
    }
    expect(await t.evaluateAsync(streamed("classes", 50))).toEqual(t.evaluate(wholeOf("classes")));
  });
  it("a constant target, and two that differ by rounding alone", async () => {
    for (const targets of [
      [[2], [2], [2]],
      [[0.1 + 0.2], [0.3], [0.3]],
    ]) {
      const data = { inputs: rows.slice(0, 3), targets };
      const t = trainer(linear(3, 1), {
        loss: meanSquaredError,
        optimizer: adam({ learningRate: 0.1 }),
      });
      expect((await t.evaluateAsync(stream(() => [data]))).r2).toBe(t.evaluate(data).r2);
    }
  });
  it("says what is wrong", async () => {
    const t = made("numbers");
    await rejection("data-empty", t.evaluateAsync(stream(() => [])));
    const wrong = stream(() => blocks("numbers", 10), { size: 7 });
    expect(await rejection("data-invalid", t.evaluateAsync(wrong))).toMatchObject({ found: "413" });
    const odd = t.evaluateAsync(streamed("numbers", 10), { metrics: ["f1"] });
    expect((await rejection("bad-argument", odd)).message).toContain("measured by f1");
    expect(() => t.evaluate(streamed("numbers", 10) as never)).toThrow("A stream is waited for");
  });
  it("takes the parameters as they are when it is called", async () => {
    const t = made("numbers");
    const before = t.evaluate(wholeOf("numbers")).loss;
    const later = t.evaluateAsync(streamed("numbers", 10));
    await t.fit(wholeOf("numbers"), { epochs: 1 });
    expect((await later).loss).toBe(before);
  });
});

describe("validation by a stream", () => {
  it("has the numbers that data in memory have, and stops early by them", async () => {
    const run = async (validation: object) => {
      const t = made("classes");
      const { epochs, stopped } = await t.fit(streamed("classes", 100), {
        ...{ epochs: 12, batchSize: 32, metrics: ["f1"], earlyStopping: { patience: 2 } },
        validation: validation as Data,
      });
      return { epochs, stopped, bytes: t.toBytes() };
    };
    const whole = await run(wholeOf("classes"));
    expect(whole.epochs.at(-1)?.validation?.metrics?.f1).toBeGreaterThan(0.3);
    expect(await run(streamed("classes", 77))).toEqual(whole);
  });
  it("is refused before training where a metric does not fit", async () => {
    const t = made("numbers");
    const options = { validation: streamed("numbers", 10), metrics: ["f1"] as MetricName[] };
    expect(
      (await rejection("bad-argument", Promise.resolve(t.fit(streamed("numbers", 10), options))))
        .message,
    ).toContain("f1");
    expect(t.progress.steps).toBe(0);
  });
});
