/** Targets that a loss has no meaning for are refused, with their row and what they look like. */

import { describe, expect, it, test } from "vitest";
import type { Dataset } from "../../src/data/index.ts";
import {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  crossEntropy,
  hinge,
  klDivergence,
  type Loss,
  linear,
  multiMargin,
  negativeLogLikelihood,
  poissonNegativeLogLikelihood,
  sequential,
  sgd,
  type TrainerOptions,
  tensor,
  trainer,
  unflatten,
} from "../../src/index.ts";
import { constantTensor } from "../../src/ops/leaf.ts";
import { failure, rejection } from "../support/failure.ts";

const make = (loss: Loss, outputs: number, options: Partial<TrainerOptions> = {}) =>
  trainer(sequential(linear(1, outputs)), {
    loss,
    optimizer: sgd({ learningRate: 0 }),
    ...options,
  });
type Targets = number[] | number[][];
const rows = (targets: Targets) => ({ inputs: targets.map((_, i) => [i]), targets });
const labels = (values: number[], classes?: string[]) => ({
  inputs: values.map((_, i) => [i]),
  targets: classes ? values : tensor(values, { dtype: "i32" }),
  ...(classes ? { classes } : {}),
});

describe("numbers", () => {
  const own: Loss = (o, t) => binaryCrossEntropyWithLogits(o, t, { positiveWeight: 2 });
  test.each<[string, Loss, Targets, number, RegExp]>([
    [
      "classes 1 and 2",
      binaryCrossEntropyWithLogits,
      [1, 2, 2, 1],
      1,
      /classes 1 and 2: subtract 1/,
    ],
    ["… of a loss of one's own", own, [1, 1, 2], 2, /subtract 1/],
    ["only 2", binaryCrossEntropy, [2, 2], 0, /subtract 1/],
    ["−1 and 1", binaryCrossEntropy, [1, -1], 1, /\(t \+ 1\)\/2, or the loss hinge/],
    ["labels", binaryCrossEntropyWithLogits, [0, 1, 2, 3], 2, /labels of classes: take crossEntr/],
    ["percentages", binaryCrossEntropy, [0.5, 99.5, 20], 1, /percentages, divide by 100/],
    ["bytes", binaryCrossEntropy, [0, 128, 255], 1, /divide by 255/],
    ["something else", binaryCrossEntropy, [0, 0.3, -7.5], 2, /Scale them to 0 … 1/],
    ["a little too much", binaryCrossEntropy, [1, 1.0001], 1, /percentages/],
    ["hinge with 0 and 1", hinge, [1, 0, 1], 1, /0 and 1: write −1 in the place of 0/],
    ["hinge with 1 and 2", hinge, [1, 2], 1, /2t − 3/],
    ["hinge with labels", hinge, [0, 1, 3], 0, /labels of several classes: take multiMargin/],
    ["negative counts", poissonNegativeLogLikelihood, [0, 3, -2], 2, /such as meanSquaredError/],
    ["hinge with numbers", hinge, [1, -1, 0.5], 2, /−1 for no and 1 for yes/],
  ])("%s", async (_, loss, targets, row, fix) => {
    const t = make(loss, 1);
    const data = rows(targets);
    const errors = [
      failure("data-invalid", () => t.step(data)),
      failure("data-invalid", () => t.evaluate(data)),
      await rejection("data-invalid", t.fit(data).then()),
      await rejection("data-invalid", t.fit(data, { validation: 0.5 }).then()),
    ];
    for (const error of errors) {
      expect(error.where).toBe(`data, target ${row} (counted from 0)`);
      expect(error.found).toBe(`${targets[row]} in row ${row}`);
      expect(error.fix).toMatch(fix);
    }
    const good = rows(targets.map((_, i) => (i % 2 ? 1 : loss === hinge ? -1 : 0)));
    const held = await rejection("data-invalid", t.fit(good, { validation: data }).then());
    expect(held.where).toContain("validation, target");
    expect(t.progress.steps).toBe(0);
  });
});

describe("rows of probabilities", () => {
  test.each<[string, number[], RegExp]>([
    ["less than 1", [0.5, 0.3, 0.198], /Divide each row by its sum/],
    ["more than 1", [0.5, 0.3, 0.202], /Divide each row by its sum/],
    ["several classes", [1, 0, 1], /several classes at once: take binaryCrossEntropyWithLogits/],
    ["none", [0, 0, 0], /needs a class/],
    ["percentages", [50, 30, 20], /percentages: divide by 100/],
    ["counts", [3, 2, 2], /Divide each row by its sum/],
    ["negative", [1.5, -0.5, 0], /Give probabilities/],
  ])("%s", (_, bad, fix) => {
    for (const loss of [crossEntropy, klDivergence]) {
      const t = make(loss, 3);
      const data = rows([[0.2, 0.3, 0.5], bad]);
      const error = failure("data-invalid", () => t.step(data));
      expect(error.where).toBe("data, target 1 (counted from 0)");
      expect(error.found).toContain("in row 1");
      expect(error.fix).toMatch(fix);
    }
  });
  it("one for each row", () => {
    const yes = "One output says yes or no: take binaryCrossEntropyWithLogits.";
    const error = failure("data-invalid", () => make(crossEntropy, 1).step(rows([[0], [1]])));
    expect(error.fix).toBe(yes);
    const labels = failure("index-out-of-range", () => make(crossEntropy, 1).step(rows([0, 1])));
    expect(labels.fix).toBe(yes);
  });
  it("logarithms of them", () => {
    const t = make(klDivergence, 2);
    const error = failure("data-invalid", () => t.step(rows([[-0.7, -0.69]])));
    expect(error.fix).toContain("look like logarithms");
  });
  it("that miss 1 by rounding are taken", () => {
    for (const loss of [crossEntropy, klDivergence]) {
      make(loss, 3).step(
        rows([
          [0.333, 0.333, 0.333],
          [0.3334, 0.3333, 0.3333],
          [1, 0, 0],
        ]),
      );
    }
  });
});

describe("labels", () => {
  test.each([crossEntropy, negativeLogLikelihood, multiMargin])(
    "from 1 up to the last, %o",
    (l) => {
      for (const loss of [l, ((o, t) => l(o, t)) satisfies Loss]) {
        const t = make(loss, 3);
        for (const run of [t.step.bind(t), t.evaluate.bind(t)]) {
          const error = failure("index-out-of-range", () => run(labels([1, 2, 3])));
          expect(error.where).toBe("data, target 2 (counted from 0)");
          expect(error.fix).toBe("These look like labels from 1 to 3: subtract 1.");
        }
      }
    },
  );
  it("beyond the outputs, without looking so", () => {
    const error = failure("index-out-of-range", () => make(crossEntropy, 3).step(labels([0, 5])));
    expect(error.fix).toBe("Make the last layer 6 outputs wide, or correct the label.");
  });
  it("of three classes for one output", () => {
    const three = labels([0, 1, 2], ["a", "b", "c"]);
    const bits = failure("index-out-of-range", () => make(binaryCrossEntropy, 1).step(three));
    expect(bits.fix).toContain("crossEntropy and one output for each class");
    const signs = failure("index-out-of-range", () => make(hinge, 1).step(three));
    expect(signs.fix).toContain("multiMargin");
    for (const loss of [binaryCrossEntropyWithLogits, hinge]) {
      expect(make(loss, 1).step(labels([0, 1], ["a", "b"]))).toBeTypeOf("number");
    }
  });
});

describe("what is not looked at", () => {
  it("targets that a loss of one's own changes first", () => {
    const shifted: Loss = (o, t) => binaryCrossEntropyWithLogits(o, t.sub(1));
    expect(make(shifted, 1).step(rows([1, 2]))).toBeGreaterThan(0);
  });
  it("the same data set a second time", () => {
    const t = make(binaryCrossEntropyWithLogits, 1);
    const targets = new Float64Array(1_000_000);
    let read = 0;
    const counted = new Proxy(targets, {
      get(of, name) {
        if (typeof name === "string" && /^\d/.test(name)) read++;
        return Reflect.get(of, name, of);
      },
    });
    const shape = [targets.length, 1];
    const data: Dataset = {
      inputs: constantTensor(targets, shape),
      targets: constantTensor(counted, shape),
      size: targets.length,
    };
    t.tasks.check(data, "data");
    expect(read).toBe(targets.length);
    t.tasks.check(data, "data");
    expect(read).toBe(targets.length);
  });
});

describe("probabilities on axis 1", () => {
  const t = trainer(sequential(linear(6, 6), unflatten(1, [2, 3])), {
    loss: (o, y) => crossEntropy(o, y, { axis: 1 }),
    optimizer: sgd({ learningRate: 0 }),
    backend: "interpreter",
  });
  const inputs = tensor([
    [1, 2, 3, 4, 5, 6],
    [1, 2, 3, 4, 5, 6],
  ]);
  const data = (targets: number[][][]): Dataset => ({ inputs, targets: tensor(targets), size: 2 });
  const good = [
    [0.25, 1, 0],
    [0.75, 0, 1],
  ];
  it("are those of each place", () => {
    expect(t.evaluate(data([good, good])).loss).toBeGreaterThan(0);
  });
  it("are refused with the row of a place that makes no 1", () => {
    const wrong = [
      [0.25, 1, 0],
      [0.75, 0, 0.5],
    ];
    const error = failure("data-invalid", () => t.evaluate(data([good, wrong])));
    expect(error.found).toBe("the sum 0.5 in row 1");
    // Rows of the last axis that make 1 are not meant.
    const rows = [
      [1, 0, 0],
      [0, 0.5, 0.5],
    ];
    failure("data-invalid", () => t.evaluate(data([good, rows])));
  });
});

test("predict blames rows of another width, not the layer that they go into", () => {
  const t = make(hinge, 2);
  const error = failure("shape-mismatch", () => t.predict([[1, 2, 3]]));
  expect(error.message).toContain("The rows have another number of values than the model takes");
  expect(error).toMatchObject({ expected: "1 value in each row", found: "3: shape [1, 3]" });
});
