/** Real problems, learnt from end to end: made-up points, tables, handwritten digits. */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  type Dataset,
  idxDataset,
  parseTable,
  readIdx,
  spirals,
  subset,
  tableDataset,
  xor,
} from "../../src/data/index.ts";
import {
  adam,
  binaryCrossEntropyWithLogits,
  conv2d,
  crossEntropy,
  dropout,
  flatten,
  halfSquaredError,
  linear,
  maxPool2d,
  relu,
  sequential,
  sgd,
  sigmoid,
  tanh,
  tensor,
  trainer,
  unflatten,
} from "../../src/index.ts";
import { failure } from "../support/failure.ts";

describe("labels mean the same in all data", () => {
  const both = { inputs: [[0], [0.1], [1], [1.1]], targets: ["a", "a", "b", "b"] };
  const one = { inputs: [[1], [1.2]], targets: ["b", "b"] };
  const make = () =>
    trainer(sequential(linear(1, 2)), {
      loss: crossEntropy,
      optimizer: adam({ learningRate: 0.3 }),
    });

  test("where not all classes occur: in validation, evaluation, and after loading", async () => {
    const t = make();
    const { epochs } = await t.fit(both, { epochs: 60, validation: one });
    expect(epochs.at(-1)!.validation).toMatchObject({
      accuracy: 1,
      confusion: [
        [0, 0],
        [0, 2],
      ],
    });
    expect(t.evaluate(one).accuracy).toBe(1);
    const loaded = make();
    loaded.fromBytes(t.toBytes());
    expect(loaded.classes).toEqual(["a", "b"]);
    expect(loaded.evaluate(one)).toEqual(t.evaluate(one));
    // Labels as numbers are what they are.
    const numbers = { inputs: one.inputs, targets: tensor([1, 1], { dtype: "i32" }) };
    expect(t.evaluate(numbers)).toEqual(t.evaluate(one));
  });
  test("step by step", () => {
    const t = make();
    for (let i = 0; i < 60; i++) {
      t.step(both);
      t.step(one);
    }
    expect(t.step(one)).toBeLessThan(0.1);
  });
  test("and if they cannot, that is an error", async () => {
    const t = make();
    await t.fit(both);
    const other = { inputs: [[1], [2]], targets: ["b", "c"] };
    for (const call of [() => t.evaluate(other), () => t.step(other), () => t.fit(other)]) {
      const error = failure("data-invalid", call);
      expect(error).toMatchObject({
        found: '"b", "c"',
        expected: expect.stringContaining('"a", "b"'),
      });
      expect(error.fix).toContain("`classes`");
    }
    failure("data-invalid", () => t.fit(both, { validation: other }));
    failure("data-invalid", () => t.evaluate({ ...one, classes: ["b", "a"] }));
    expect(t.evaluate({ ...one, classes: ["a", "b"] }).loss).toBe(t.evaluate(one).loss);
  });
});

describe("XOR, to 100 %", () => {
  test.each([0, 1, 2, 3, 4])("four hidden units, seed %i", async (seed) => {
    const model = sequential(linear(2, 4), tanh(), linear(4, 2));
    const optimizer = adam({ learningRate: 0.05 });
    const t = trainer(model, { loss: crossEntropy, optimizer, seed });
    await t.fit(xor(), { epochs: 400, batchSize: 4 });
    const { accuracy, confusion } = t.evaluate(xor());
    expect(accuracy).toBe(1);
    expect(confusion).toEqual([
      [2, 0],
      [0, 2],
    ]);
  });
  test("one logit", async () => {
    const model = sequential(linear(2, 4), tanh(), linear(4, 1));
    const optimizer = adam({ learningRate: 0.05 });
    const t = trainer(model, { loss: binaryCrossEntropyWithLogits, optimizer });
    await t.fit(xor(), { epochs: 400, batchSize: 4 });
    expect(t.evaluate(xor()).accuracy).toBe(1);
  });
  test("the textbook's way: sigmoids, half squared error, gradient descent", async () => {
    const corners = {
      inputs: [
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
      ],
      targets: [0, 1, 1, 0],
    };
    const model = sequential(linear(2, 3), sigmoid(), linear(3, 1), sigmoid());
    const optimizer = sgd({ learningRate: 2, momentum: 0.5 });
    const t = trainer(model, { loss: halfSquaredError, optimizer, dtype: "f64", seed: 1 });
    await t.fit(corners, { epochs: 4000, batchSize: 4 });
    const outputs = [...t.predict(corners.inputs).dataSync()];
    expect(outputs.map(Math.round)).toEqual(corners.targets);
    expect(t.evaluate(corners).r2).toBeGreaterThan(0.95);
  });
});

test("two spirals, to 99 % and more", async () => {
  const points = spirals({ size: 200, turns: 1.5 });
  const model = sequential(linear(2, 32), tanh(), linear(32, 32), tanh(), linear(32, 2));
  const optimizer = adam({ learningRate: 0.01 });
  const t = trainer(model, { loss: crossEntropy, optimizer });
  let accuracy = 0;
  for await (const epoch of t.fit(points, { epochs: 300, batchSize: 50 })) {
    accuracy = epoch.accuracy!;
    if (accuracy === 1) break;
  }
  expect(t.evaluate(points).accuracy).toBeGreaterThanOrEqual(0.99);
});

describe("tables, to 95 % and more of rows that were held out", () => {
  const table = (name: string) =>
    parseTable(readFileSync(new URL(`../../examples/data/${name}`, import.meta.url), "utf8"));
  async function heldOut(train: Dataset, validation: Dataset, seed: number): Promise<number> {
    const inputs = train.inputs.shape[1]!;
    const model = sequential(linear(inputs, 16), relu(), linear(16, train.classes!.length));
    const t = trainer(model, { loss: crossEntropy, optimizer: adam({ learningRate: 0.01 }), seed });
    await t.fit(train, { epochs: 40, batchSize: 16 });
    return t.evaluate(validation).accuracy!;
  }
  // 30 flowers and 67 penguins are held out; over three divisions, so that one flower more or
  // less on the wrong side (which is where two species overlap) does not decide.
  async function average(
    make: (seed: number) => { train: Dataset; validation?: Dataset | undefined },
  ) {
    let sum = 0;
    for (const seed of [0, 1, 2]) {
      const { train, validation } = make(seed);
      sum += await heldOut(train, validation!, seed);
    }
    return sum / 3;
  }
  test("iris", async () => {
    const make = (seed: number) =>
      tableDataset(table("iris.csv"), { target: "species", validation: 0.2, seed });
    expect(make(0)).toMatchObject({ train: { size: 120 }, validation: { size: 30 } });
    expect(await average(make)).toBeGreaterThanOrEqual(0.95);
  });
  test("penguins, with words among the inputs and missing values", async () => {
    const make = (seed: number) =>
      tableDataset(table("penguins.csv"), {
        target: "species",
        missing: "drop",
        validation: 0.2,
        seed,
      });
    expect(make(0).train.inputs.shape[1]).toBeGreaterThan(6);
    expect(await average(make)).toBeGreaterThanOrEqual(0.95);
  });
});

const mnist = new URL("../../../shared/data/mnist/", import.meta.url);

// Absent where the repository is checked out alone: the files have 12 MB.
describe.skipIf(!existsSync(mnist))("handwritten digits (in ../shared/data/mnist)", () => {
  const load = async (name: string) => {
    const read = (part: string) => readIdx(readFileSync(new URL(`${name}-${part}`, mnist)));
    return idxDataset(await read("images-idx3-ubyte.gz"), await read("labels-idx1-ubyte.gz"));
  };
  test("a few hundred steps, to 80 % and more of digits never seen", async () => {
    const [train, unseen] = await Promise.all([load("train10k"), load("t10k")]);
    expect(train).toMatchObject({ size: 10_000, inputs: { shape: [10_000, 784] } });
    expect(train.classes).toHaveLength(10);
    expect(Math.max(...unseen.inputs.dataSync().subarray(0, 78_400))).toBe(1);
    const model = sequential(linear(784, 32), relu(), dropout(0.1), linear(32, 10));
    const optimizer = adam({ learningRate: 2e-3 });
    const t = trainer(model, { loss: crossEntropy, optimizer });
    const stop = new AbortController();
    const onStep = () => {
      if (t.progress.steps === 200) stop.abort();
    };
    await t.fit(train, { batchSize: 32, signal: stop.signal, onStep });
    const { accuracy, confusion } = t.evaluate(subset(unseen, [...Array(2000).keys()]));
    expect(accuracy).toBeGreaterThan(0.8);
    expect(confusion).toHaveLength(10);
  });
  // The whole recipe, which gets 98 % and more right, is bench/lenet.mjs.
  test("LeNet-5 after one epoch, to 92 % and more of digits never seen", async () => {
    const [train, unseen] = await Promise.all([load("train10k"), load("t10k")]);
    const model = sequential(
      ...[unflatten(1, [1, 28, 28]), conv2d(1, 6, 5, { padding: 2 }), relu(), maxPool2d(2)],
      ...[conv2d(6, 16, 5), relu(), maxPool2d(2), flatten()],
      ...[linear(400, 120), relu(), linear(120, 84), relu(), linear(84, 10)],
    );
    const optimizer = adam({ learningRate: 3e-3 });
    const t = trainer(model, { loss: crossEntropy, optimizer, seed: 1 });
    await t.fit(train, { batchSize: 64 });
    expect(t.evaluate(subset(unseen, [...Array(2000).keys()])).accuracy).toBeGreaterThan(0.92);
  });
});
