/** What is measured beside the loss, and on which outputs and targets it is measured. */
import { describe, expect, it, test } from "vitest";
import { examples, moons, numericTargets } from "../../src/data/index.ts";
import {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  crossEntropy,
  hinge,
  klDivergence,
  type Layer,
  type Loss,
  linear,
  logSoftmax,
  meanSquaredError,
  sequential,
  sgd,
  sigmoid,
  softmax,
  trainer,
} from "../../src/index.ts";
import { countedPairs } from "../../src/metrics/classes.ts";
import { numberScores } from "../../src/metrics/numbers.ts";
import { expectClose } from "../support/close.ts";
import { failure } from "../support/failure.ts";

/** A model of one layer that does not train, with weights by value. */
const fixed = (loss: Loss, model: Layer) =>
  trainer(model, { loss, optimizer: sgd({ learningRate: 0 }), dtype: "f64" });
/** Outputs equal inputs. */
const unit = (n: number) =>
  linear(n, n, {
    weight: Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => +(i === j))),
    bias: 0,
  });

describe("formulas", () => {
  test("confusion[actual][predicted]", () => {
    const matrix = countedPairs([0, 1, 2, 2, 1], [0, 2, 2, 1, 2], 3);
    expect(matrix).toEqual([
      [1, 0, 0],
      [0, 0, 2],
      [0, 1, 1],
    ]);
  });
  test("R² of one column", () => {
    // Residuals 1, 0, 1 and spread 2: 1 − 2/2.
    expect(numberScores([1, 2, 3], [2, 2, 2], 1).r2).toBe(0);
    // A target that is constant but for rounding has nothing to explain.
    expect(numberScores([0.3, 0.1 + 0.2, 0.3], [0.3, 0.4, 0.2], 1).r2).toBe(0);
    expect(numberScores([0.3, 0.1 + 0.2], [0.3, 0.1 + 0.2], 1).r2).toBe(1);
    expect(numberScores([1, 2, 3], [1, 2, 3], 1).r2).toBe(1);
    expect(numberScores([1, 2, 3], [1, 2, 2], 1).r2).toBe(0.5);
    expect(numberScores([1, 2, 3], [3, 2, 1], 1).r2).toBe(-3);
  });
  test("R² of several columns is the mean over them", () => {
    const target = [1, 10, 2, 20, 3, 30];
    expect(numberScores(target, [1, 20, 2, 20, 3, 20], 2).r2).toBe(0.5);
  });
  test("R² of a target that never changes is 0, or 1 if it is met", () => {
    // 0.1 is no binary fraction: the mean of many of them must not differ from them.
    const tenths = Array<number>(30).fill(0.1);
    expect(numberScores(tenths, tenths, 1).r2).toBe(1);
    expect(numberScores(tenths, Array<number>(30).fill(0.2), 1).r2).toBe(0);
  });
});

describe("several classes", () => {
  const labels = examples({
    inputs: [
      [3, 1, 0],
      [0, 2, 1],
      [1, 0, 5],
      [4, 2, 3],
    ],
    targets: ["a", "b", "b", "c"],
  });
  const expected = {
    accuracy: 0.5,
    confusion: [
      [1, 0, 0],
      [0, 1, 1],
      [1, 0, 0],
    ],
  };
  it("labels with crossEntropy", () => {
    const t = fixed(crossEntropy, unit(3));
    expect(t.evaluate(labels)).toMatchObject(expected);
    expect(t.evaluate(labels)).not.toHaveProperty("r2");
  });
  it("one-hot rows", () => {
    const found = fixed(crossEntropy, unit(3)).evaluate(numericTargets(labels));
    expect(found).toMatchObject(expected);
    expectClose([found.loss], [fixed(crossEntropy, unit(3)).evaluate(labels).loss], {
      relative: 1e-15,
    });
  });
  it("shares, with klDivergence and log-probabilities", () => {
    const t = fixed(klDivergence, sequential(unit(3), logSoftmax));
    expect(t.evaluate(numericTargets(labels))).toMatchObject(expected);
  });
  it("labels with a loss of one's own, which is not asked what its outputs mean", () => {
    const own: Loss = (output, target) => crossEntropy(output, target, { labelSmoothing: 0.1 });
    expect(fixed(own, unit(3)).evaluate(labels)).toMatchObject(expected);
  });
  it("squared errors of one-hot rows are regression", () => {
    const t = fixed(meanSquaredError, sequential(unit(3), softmax));
    const found = t.evaluate(numericTargets(labels));
    expect(found).not.toHaveProperty("accuracy");
    expect(found.r2).toBeTypeOf("number");
  });
  it("a model with more outputs than there are classes", () => {
    const wide = { ...labels, classes: ["a", "b", "c"] };
    const t = fixed(crossEntropy, sequential(linear(3, 5, { weight: 0, bias: [0, 0, 0, 0, 1] })));
    const { confusion } = t.evaluate(wide);
    expect(confusion).toHaveLength(5);
    expect(confusion!.map((row) => row[4])).toEqual([1, 2, 1, 0, 0]);
  });
  it("a tie goes to the first class", () => {
    const t = fixed(crossEntropy, sequential(linear(3, 3, { weight: 0, bias: 1 })));
    expect(t.evaluate(labels).confusion!.map((row) => row[0])).toEqual([1, 2, 1]);
  });
});

describe("yes or no", () => {
  // Outputs −2, −0.1, 0.1, 0.4, 0.6, 3.
  const inputs = [-2, -0.1, 0.1, 0.4, 0.6, 3].map((x) => [x]);
  const yes = [0, 1, 0, 1, 1, 1];
  const bits = { inputs, targets: yes };
  it("logits above 0 are yes", () => {
    const found = fixed(binaryCrossEntropyWithLogits, unit(1)).evaluate(bits);
    expect(found).toMatchObject({
      accuracy: 4 / 6,
      confusion: [
        [1, 1],
        [1, 3],
      ],
    });
  });
  it("probabilities above ½ are yes", () => {
    const t = fixed(binaryCrossEntropy, unit(1));
    const positive = { inputs: inputs.slice(2, 5), targets: yes.slice(2, 5) };
    // 0.1, 0.4 and 0.6 for no, yes and yes.
    expect(t.evaluate(positive)).toMatchObject({
      accuracy: 2 / 3,
      confusion: [
        [1, 0],
        [1, 1],
      ],
    });
    const whole = fixed(binaryCrossEntropy, sequential(unit(1), sigmoid));
    expect(whole.evaluate(bits).confusion).toEqual([
      [1, 1],
      [1, 3],
    ]);
  });
  it("labels of two classes count as 0 and 1", () => {
    const named = { inputs, targets: yes.map((y) => (y ? "yes" : "no")) };
    const found = fixed(binaryCrossEntropyWithLogits, unit(1)).evaluate(named);
    expect(found).toEqual(fixed(binaryCrossEntropyWithLogits, unit(1)).evaluate(bits));
  });
  it("hinge: targets −1 and 1, or labels", () => {
    const t = fixed(hinge, unit(1));
    const found = t.evaluate({ inputs, targets: yes.map((y) => 2 * y - 1) });
    expect(found).toMatchObject({
      accuracy: 4 / 6,
      confusion: [
        [1, 1],
        [1, 3],
      ],
    });
    const named = { inputs, targets: yes.map((y) => (y ? "yes" : "no")) };
    expect(t.evaluate(named)).toEqual(found);
  });
  it("a target between 0 and 1 is yes above ½", () => {
    const t = fixed(binaryCrossEntropyWithLogits, unit(1));
    const soft = { inputs: [[-1], [1], [1]], targets: [0.1, 0.9, 0.4] };
    expect(t.evaluate(soft).confusion).toEqual([
      [1, 1],
      [0, 1],
    ]);
  });
  it("all of one class still make a table of two", () => {
    const t = fixed(binaryCrossEntropyWithLogits, unit(1));
    expect(t.evaluate({ inputs: [[-1]], targets: [0] }).confusion).toEqual([
      [1, 0],
      [0, 0],
    ]);
  });
  it("several questions at once are not counted, and have no R² either", () => {
    const t = fixed(binaryCrossEntropyWithLogits, unit(2));
    const found = t.evaluate({
      inputs: [
        [1, -1],
        [2, 3],
      ],
      targets: [
        [1, 0],
        [0, 1],
      ],
    });
    expect(Object.keys(found)).toEqual(["loss"]);
  });
});

describe("regression", () => {
  it("has R²", () => {
    const t = fixed(meanSquaredError, unit(2));
    const rows = {
      inputs: [
        [1, 10],
        [2, 20],
        [3, 20],
      ],
      targets: [
        [1, 10],
        [2, 20],
        [3, 30],
      ],
    };
    const found = t.evaluate(rows);
    // Columns: exact, and 1 − 100/200.
    expectClose([found.loss, found.r2!], [100 / 6, 0.75], { relative: 1e-15 });
    expect(Object.keys(found)).toEqual(["loss", "r2"]);
  });
});

describe("evaluate", () => {
  const data = moons({ size: 103, noise: 0.3, seed: 2 });
  const t = trainer(sequential(linear(2, 2)), { loss: crossEntropy, optimizer: sgd() });
  it("gives the same for every batch size, the last batch being smaller", () => {
    const whole = t.evaluate(data, { batchSize: 103 });
    for (const batchSize of [1, 7, 50, 102, 256, 1e6]) {
      const { loss, ...rest } = t.evaluate(data, { batchSize });
      expect(rest).toEqual({ accuracy: whole.accuracy, confusion: whole.confusion });
      // Losses of batches are rounded to f32 (6e-8 each).
      expectClose([loss], [whole.loss], { relative: 2e-7 });
    }
  });
  it("neither trains nor changes anything", () => {
    const before = t.toBytes();
    t.evaluate(data);
    t.predict([[1, 2]]);
    expect(t.toBytes()).toEqual(before);
  });
  it("takes no batch size that is none", () => {
    for (const batchSize of [0, -1, 1.5, Number.NaN]) {
      failure("bad-argument", () => t.evaluate(data, { batchSize }));
    }
  });
  it("copes with a quarter of a million examples", () => {
    const many = moons({ size: 250_000 });
    const { confusion } = t.evaluate(many);
    expect(confusion!.flat().reduce((a, b) => a + b)).toBe(250_000);
  });
  it("copes with as many outputs in a batch", () => {
    const wide = trainer(sequential(linear(1, 1000)), { loss: meanSquaredError, optimizer: sgd() });
    const inputs = Array.from({ length: 300 }, (_, i) => [i / 300]);
    const targets = inputs.map(([x]) => Array<number>(1000).fill(x!));
    expect(wide.evaluate({ inputs, targets }).r2).toBeTypeOf("number");
  });
});
