/** Metrics that evaluate and fit are asked for by name. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, test } from "vitest";
import { dataset, examples, moons } from "../../src/data/index.ts";
import {
  averagePrecisionScore,
  binaryCrossEntropyWithLogits,
  crossEntropy,
  f1Score,
  type Loss,
  linear,
  maeScore,
  meanSquaredError,
  rmseScore,
  rocAucScore,
  sequential,
  sgd,
  softmax,
  tensor,
  topKAccuracyScore,
  trainer,
} from "../../src/index.ts";
import { type Answers, measured } from "../../src/train/measures.ts";
import { failure } from "../support/failure.ts";

const folder = mkdtempSync(join(tmpdir(), "chainrule-measures-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Outputs equal inputs, so that they are known. */
const given = (n: number, loss: Loss) =>
  trainer(
    linear(n, n, {
      weight: Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => +(i === j))),
      bias: 0,
    }),
    { loss, optimizer: sgd({ learningRate: 0 }), dtype: "f64", backend: "interpreter" },
  );
const draws = (rows: number, columns: number) =>
  Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (_, j) => ((i * 37 + j * 11 + i * i * j) % 17) / 4 - 2),
  );

describe("evaluate", () => {
  it("measures classes by the probabilities of their logits, whatever the batches", () => {
    const inputs = draws(40, 4);
    const targets = Int32Array.from({ length: 40 }, (_, i) => (i * 7) % 4);
    const data = examples({ inputs, targets, classes: ["a", "b", "c", "d"] });
    const shares = softmax(tensor(inputs, { dtype: "f64" })).arraySync() as number[][];
    const predicted = inputs.map((row) => row.indexOf(Math.max(...row)));
    const t = given(4, crossEntropy);
    for (const batchSize of [7, 256]) {
      const { metrics = {} } = t.evaluate(data, { metrics: "all", batchSize });
      expect(metrics.f1).toBe(f1Score(targets, predicted, { average: "macro" }));
      expect(metrics.rocAuc).toBeCloseTo(rocAucScore(targets, shares), 14);
      expect(metrics.averagePrecision).toBeCloseTo(averagePrecisionScore(targets, shares), 14);
      expect(metrics.top3Accuracy).toBe(topKAccuracyScore(targets, shares, { k: 3 }));
      expect(Object.keys(metrics)).not.toContain("top5Accuracy");
    }
    const plain = t.evaluate(data);
    expect(plain.metrics).toBeUndefined();
    expect(t.evaluate(data, { metrics: ["f1"] })).toEqual({
      ...plain,
      metrics: { f1: f1Score(targets, predicted, { average: "macro" }) },
    });
  });
  it("measures several yes and no for each example", () => {
    const inputs = draws(30, 3);
    const targets = draws(30, 3).map((row) => row.map((x, j) => Number(x * (j + 1) > 0.6)));
    const data = examples({ inputs, targets });
    const yes = inputs.map((row) => row.map((x) => Number(x > 0)));
    const t = given(3, binaryCrossEntropyWithLogits);
    const { metrics = {}, ...plain } = t.evaluate(data, { metrics: "all" });
    expect(plain).toEqual(t.evaluate(data));
    expect(metrics.f1).toBe(f1Score(targets, yes));
    expect(metrics.microF1).toBe(f1Score(targets, yes, { average: "micro" }));
    expect(metrics.rocAuc).toBe(rocAucScore(targets, inputs));
    const right = targets.filter((row, i) => row.every((x, j) => x === yes[i]![j]));
    expect(metrics.exactMatch).toBe(right.length / 30);
  });
  it("measures one yes or no, and numbers", () => {
    const inputs = draws(20, 1);
    const labels = inputs.map((_, i) => [Number(i % 3 === 0)]);
    const yes = given(1, binaryCrossEntropyWithLogits);
    const found = yes.evaluate(examples({ inputs, targets: labels }), { metrics: ["rocAuc"] });
    expect(found.metrics).toEqual({ rocAuc: rocAucScore(labels, inputs) });
    const numbers = draws(20, 2);
    const t = given(2, meanSquaredError);
    const wanted = numbers.map(([a = 0, b = 0]) => [a + 1, b * 2]);
    const { metrics } = t.evaluate(examples({ inputs: numbers, targets: wanted }), {
      metrics: "all",
    });
    expect(metrics).toEqual({
      mae: maeScore(wanted, numbers),
      rmse: rmseScore(wanted, numbers),
    });
  });
  it("leaves out places without a label, and what has no value", () => {
    const own: Loss = (o, t) => crossEntropy(o, t, { ignoreIndex: -100 });
    const loss = Object.assign(own, { classes: true });
    const inputs = tensor(
      [
        [
          [2, 1],
          [0, 3],
        ],
        [
          [1, 0],
          [0, 1],
        ],
      ],
      { dtype: "f64" },
    );
    const targets = tensor(
      [
        [0, -100],
        [0, 0],
      ],
      { dtype: "i32" },
    );
    const data = dataset({ inputs, targets, classes: ["a", "b"] });
    const { metrics = {} } = given(2, loss).evaluate(data, { metrics: "all" });
    expect(metrics.recall).toBe((2 / 3 + 0) / 2);
    // Of a single class there are no pairs.
    expect(metrics.rocAuc).toBeUndefined();
  });
  it("refuses what does not fit the task", () => {
    const t = given(2, meanSquaredError);
    const data = examples({ inputs: draws(4, 2), targets: draws(4, 2) });
    const error = failure("bad-argument", () => t.evaluate(data, { metrics: ["f1"] }));
    expect(error.expected).toBe('some of "mae", "rmse"');
    failure("bad-argument", () => t.evaluate(data, { metrics: ["F1" as "f1"] }));
    failure("bad-argument", () => t.evaluate(data, { metrics: [] }));
  });
});

test("fit reports them after each epoch, and saves the best", async () => {
  const t = trainer(sequential(linear(2, 2)), {
    ...{ loss: crossEntropy, optimizer: sgd({ learningRate: 0.5 }), dtype: "f64" as const },
    backend: "interpreter" as const,
  });
  const data = moons({ size: 60, noise: 0.3 });
  const path = join(folder, "best.safetensors");
  const { epochs } = await t.fit(data, {
    ...{ epochs: 4, validation: 0.4, metrics: ["f1", "rocAuc"] },
    checkpoint: { path, best: "validation.rocAuc" },
  });
  for (const { validation } of epochs) {
    expect(Object.keys(validation?.metrics ?? {})).toEqual(["f1", "rocAuc"]);
  }
  const best = Math.max(...epochs.map((e) => e.validation?.metrics?.rocAuc ?? 0));
  const first = epochs.find((e) => e.validation?.metrics?.rocAuc === best);
  const again = trainer(sequential(linear(2, 2)), {
    ...{ loss: crossEntropy, optimizer: sgd({ learningRate: 0.5 }), dtype: "f64" as const },
    backend: "interpreter" as const,
  });
  await again.load(path);
  expect(again.progress.epoch).toBe(first?.epoch);
  const loose = () => t.fit(data, { metrics: ["f1"] });
  expect(failure("bad-argument", loose).fix).toContain("validation: 0.2");
  const wrong = t.fit(data, { validation: 0.4, metrics: ["mae"] });
  await expect(wrong.then()).rejects.toThrow("cannot be measured by mae");
});

test("metrics come in pieces, one for each class where it takes long, and others have their turn", async () => {
  const answers: Answers = {
    kind: "classes",
    actual: [0, 1, 2, 1],
    predicted: [0, 1, 1, 1],
    scores: [0.8, 0.1, 0.1, 0.2, 0.5, 0.3, 0.1, 0.6, 0.3, 0.3, 0.4, 0.3],
    columns: 3,
  };
  expect([...measured(["rocAuc"], answers)]).toHaveLength(1 + 3);
  expect([...measured(["rocAuc", "averagePrecision", "f1"], answers)]).toHaveLength(3 + 2 * 3);
  const t = given(3, crossEntropy);
  const data = { inputs: draws(30, 3), targets: Array.from({ length: 30 }, (_, i) => i % 3) };
  const now = t.evaluate(data, { metrics: "all" });
  expect(Object.keys(now.metrics ?? {})).toContain("averagePrecision");
  expect(await t.evaluateAsync(data, { metrics: "all" })).toEqual(now);
});
