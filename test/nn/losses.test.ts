/** Every loss against PyTorch, against differences, and what they take. */
import "../support/backend.ts";
import { describe, expect, it, test } from "vitest";
import { assertGradients } from "../../src/autodiff/check.ts";
import { gradient } from "../../src/autodiff/gradient.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import * as losses from "../../src/nn/losses.ts";
import { onesLike, tensor } from "../../src/ops/leaf.ts";
import { expectClose } from "../support/close.ts";
import { failure } from "../support/failure.ts";
import { fixtures, numbers, type Recorded, toTensor } from "../support/fixtures.ts";

type Name = keyof typeof losses;

const functions = losses as unknown as Record<string, (...given: (Tensor | object)[]) => Tensor>;

interface Case {
  readonly name: Name;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly inputs: readonly Recorded[];
  readonly value: Recorded;
  /** By the outputs, which come first. */
  readonly gradients: readonly Recorded[];
  readonly note?: string;
}
const cases = fixtures<Case>("losses");
// What ctc.test.ts and penalties.test.ts are about.
const { ctc: _, combinedLoss: __, ...others } = losses;

/** Options as they were recorded, tensors and infinities among them. */
const optionsOf = ({ attributes }: Case) =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name,
      isTensor(value) ? toTensor(value) : value === "Infinity" ? Number(value) : value,
    ]),
  );
const isTensor = (value: unknown): value is Recorded =>
  typeof value === "object" && value !== null && "dtype" in value;

// Double precision on both sides: sums of at most 15 terms of a few operations each; terms may
// cancel, so the bound is relative to the largest logit (1000) for the "large" cases.
const tolerance = { relative: 1e-13, absolute: 1e-14 };
// PyTorch keeps the 1e-12 under binaryCrossEntropy's slope, and that of cosineEmbedding's lengths, as
// a 32-bit number: 0.999999996e-12.
const coarse = { relative: 4.1e-9 };

const f64 = (values: number[] | number[][]) => tensor(values, { dtype: "f64" });
const i32 = (values: number[], shape = [values.length]) => tensor(values, { shape, dtype: "i32" });

describe("as in PyTorch", () => {
  it("has recorded every loss", () => {
    expect(new Set(cases.map((c) => c.name))).toEqual(new Set(Object.keys(others)));
  });
  const shown = (c: Case) =>
    [
      c.name,
      JSON.stringify(c.attributes, (_, v) => (isTensor(v) ? v.shape : v)),
      ...c.inputs.map(({ dtype, shape }) => `${dtype}[${shape}]`),
      c.note,
    ].join(" ");
  test.each(cases.map((c) => [shown(c), c] as const))("%s", (_, c) => {
    const inputs = c.inputs.map(toTensor);
    const value = functions[c.name]!(...inputs, optionsOf(c));
    expect(value.shape).toEqual(c.value.shape);
    expectClose(value.dataSync(), numbers(c.value), tolerance, "value");
    const outputs = inputs.slice(0, c.gradients.length);
    const found = gradient(value, outputs, onesLike(value));
    const bound = c.note?.includes("1e-12") ? coarse : tolerance;
    for (const [k, g] of found.entries()) {
      expectClose(g.dataSync(), numbers(c.gradients[k]!), bound, `gradient ${k}`);
    }
  });
});

describe("derivatives agree with differences, to second order, by output and by target", () => {
  // Off the kinks: |o − t| = 0 and 1, t·o = 1, o_c − o_y = −margin.
  const output = f64([
    [0.3, -1.2, 2.1],
    [1.7, 0.4, -0.6],
  ]);
  const target = f64([
    [0.9, 0.6, -0.3],
    [0.2, -1.4, 0.7],
  ]);
  const shares = f64([
    [0.2, 0.5, 0.3],
    [0.7, 0.1, 0.2],
  ]);
  const probabilities = f64([
    [0.3, 0.8, 0.45],
    [0.6, 0.15, 0.9],
  ]);
  const logs = f64([
    [-0.5, -1.5, -2.1],
    [-3.1, -0.4, -0.9],
  ]);
  const labels = i32([2, 0]);
  const signed = f64([
    [1, -1, 1],
    [-1, 1, 1],
  ]);
  // Of a target that is compared with 1 and −1, nothing has a slope but at these.
  const yesNo = onesLike(signed).mul(signed);
  const logTarget = (o: Tensor, t: Tensor) => losses.klDivergence(o, t, { logTarget: true });
  const classWeights = [0.5, 2, 1.25];
  const positiveWeight = [3, 1, 0.5];
  type Checked = [string, (o: Tensor, t: Tensor) => Tensor, Tensor, Tensor];
  test.each<Checked>([
    ["halfSquaredError", losses.halfSquaredError, output, target],
    ["meanSquaredError", losses.meanSquaredError, output, target],
    ["meanAbsoluteError", losses.meanAbsoluteError, output, target],
    ["huber", losses.huber, output, target],
    ["huber, δ = 0.4", (o, t) => losses.huber(o, t, { delta: 0.4 }), output, target],
    ["binaryCrossEntropy", losses.binaryCrossEntropy, probabilities, shares],
    ["binaryCrossEntropyWithLogits", losses.binaryCrossEntropyWithLogits, output, shares],
    [
      "… with a weight of positives",
      (o, t) => losses.binaryCrossEntropyWithLogits(o, t, { positiveWeight }),
      output,
      shares,
    ],
    ["negativeLogLikelihood", losses.negativeLogLikelihood, logs, labels],
    ["crossEntropy of labels", losses.crossEntropy, output, labels],
    [
      "… smoothed and weighted",
      (o, t) => losses.crossEntropy(o, t, { labelSmoothing: 0.1, classWeights }),
      output,
      labels,
    ],
    ["crossEntropy of shares", losses.crossEntropy, output, shares],
    ["klDivergence", losses.klDivergence, logs, shares],
    [
      "hinge",
      losses.hinge,
      output,
      f64([
        [1, -1, 1],
        [-1, 1, 1],
      ]),
    ],
    ["multiMargin", losses.multiMargin, output, labels],
    [
      "… squared and weighted",
      (o, t) => losses.multiMargin(o, t, { p: 2, margin: 2.5, classWeights }),
      output,
      labels,
    ],
    ["smoothL1, β = 0.4", (o, t) => losses.smoothL1(o, t, { beta: 0.4 }), output, target],
    [
      "poissonNegativeLogLikelihood",
      (o, t) => losses.poissonNegativeLogLikelihood(o, t, { full: true }),
      output,
      f64([
        [0.3, 2.5, 4],
        [1.5, 0, 7],
      ]),
    ],
    [
      "… of rates",
      (o, t) => losses.poissonNegativeLogLikelihood(o, t, { logInput: false, epsilon: 0.1 }),
      probabilities,
      shares,
    ],
    [
      "gaussianNegativeLogLikelihood",
      (o, t) => losses.gaussianNegativeLogLikelihood(o, t, { full: true }),
      f64([
        [0.3, -1.2, 0.4, -0.6],
        [1.7, 0.4, 1.1, 0.2],
      ]),
      f64([
        [0.9, 0.6],
        [0.2, -1.4],
      ]),
    ],
    [
      "… by its variance",
      (v, t) => losses.gaussianNegativeLogLikelihood(output, t, { variance: v }),
      probabilities,
      target,
    ],
    ["focal", (o, t) => losses.focal(o, t, { gamma: 1.5 }), output, shares],
    ["softMargin", losses.softMargin, output, signed],
    ["hingeEmbedding", (o, t) => losses.hingeEmbedding(o, t, { margin: 0.5 }), output, yesNo],
    [
      "multiLabelSoftMargin",
      (o, t) => losses.multiLabelSoftMargin(o, t, { classWeights }),
      output,
      shares,
    ],
    ["multiLabelMargin", losses.multiLabelMargin, output, i32([2, -1, 0, 1, 2, -1], [2, 3])],
    ["klDivergence of logarithms", logTarget, logs, target],
    [
      "negativeLogLikelihood, some ignored",
      (o, t) => losses.negativeLogLikelihood(o, t, { ignoreIndex: 0, classWeights }),
      logs,
      labels,
    ],
    [
      "crossEntropy on axis 0, some ignored",
      (o, t) =>
        losses.crossEntropy(o, t, {
          axis: 0,
          ignoreIndex: 0,
          labelSmoothing: 0.1,
          weights: [1, 2, 3],
        }),
      output,
      i32([1, 0, 1]),
    ],
    ["marginRanking", (a, b) => losses.marginRanking(a, b, signed, { margin: 3 }), output, target],
    [
      "cosineEmbedding",
      (a, b) => losses.cosineEmbedding(a, b, f64([1, -1]), { margin: -0.9 }),
      output,
      target,
    ],
    [
      "tripletMargin by its negative",
      (a, c) => losses.tripletMargin(a, target, c, { p: 3, margin: 5 }),
      output,
      logs,
    ],
    [
      "… by its positive, swapped",
      (b, c) => losses.tripletMargin(output, b, c, { swap: true, margin: 5 }),
      target,
      logs,
    ],
    ["weights", (o, t) => losses.meanSquaredError(o, t, { weights: shares }), output, target],
  ])("%s", (_, loss, o, t) => {
    const entries = t.dtype === "i32" || t === yesNo ? o.size : o.size + t.size;
    const by = t === yesNo ? [o] : [o, t];
    const f = (...given: Tensor[]) => loss(given[0]!, given[1] ?? t);
    expect(assertGradients(f, by, { order: 2 }).entries).toHaveLength(2 * entries);
  });
});

describe("what they take", () => {
  const column = f64([[0.5], [-2]]);
  test("[n] stands for [n, 1], labels for numbers", () => {
    const expected = losses.binaryCrossEntropyWithLogits(column, f64([[1], [0]])).item();
    expect(losses.binaryCrossEntropyWithLogits(column, f64([1, 0])).item()).toBe(expected);
    expect(losses.binaryCrossEntropyWithLogits(column, i32([1, 0])).item()).toBe(expected);
  });
  test("hinge takes labels 0 and 1 for −1 and 1", () => {
    const expected = losses.hinge(column, f64([[-1], [1]])).item();
    expect(expected).toBe((1.5 + 3) / 2);
    expect(losses.hinge(column, i32([0, 1])).item()).toBe(expected);
    expect(losses.hinge(column, i32([-1, 1])).item()).toBe(expected);
  });
  test("another shape is an error that says what to do", () => {
    const three = f64([[1, 2, 3]]);
    const error = failure("shape-mismatch", () => losses.meanSquaredError(three, f64([[1, 2]])));
    expect(error).toMatchObject({ found: "[1, 2]" });
    expect(error.expected).toContain("[1, 3]");
    expect(error.where).toContain("losses.test.ts");
    const labels = failure("shape-mismatch", () => losses.meanSquaredError(three, i32([1])));
    expect(labels.fix).toContain("crossEntropy");
    failure("shape-mismatch", () => losses.crossEntropy(three, i32([1, 2])));
    failure("shape-mismatch", () => losses.multiMargin(three, i32([1, 2])));
  });
  test("labels that came as numbers are recognized", () => {
    const error = failure("shape-mismatch", () =>
      losses.crossEntropy(
        f64([
          [1, 2, 3],
          [1, 2, 3],
        ]),
        f64([[0], [2]]),
      ),
    );
    expect(error.fix).toContain("classes");
  });
  test("a label without a class is an error", () => {
    const two = f64([[1, 2]]);
    failure("index-out-of-range", () => losses.crossEntropy(two, i32([2])).item());
    failure("index-out-of-range", () => losses.negativeLogLikelihood(two, i32([-1])).item());
    const smoothed = { labelSmoothing: 0.1 };
    const weighted = { ...smoothed, classWeights: [1, 2] };
    for (const options of [smoothed, weighted]) {
      failure("index-out-of-range", () => losses.crossEntropy(two, i32([2]), options).item());
      failure("index-out-of-range", () => losses.crossEntropy(two, i32([-1]), options).item());
    }
  });
  test.each([[[1]], [[1, 2, 3]], [[[1, 2]]]])("class weights %o for two classes", (given) => {
    const classWeights = given as number[];
    const two = f64([[1, 2]]);
    for (const options of [{ classWeights }, { classWeights, labelSmoothing: 0.1 }]) {
      const error = failure("shape-mismatch", () => losses.crossEntropy(two, i32([0]), options));
      expect(error.expected).toContain("2, as many as the model has outputs");
      failure("shape-mismatch", () => losses.crossEntropy(two, two, options));
    }
    failure("shape-mismatch", () => losses.negativeLogLikelihood(two, i32([0]), { classWeights }));
  });
  test.each([
    Number.NaN,
    -1,
    Number.POSITIVE_INFINITY,
    "5",
    null,
    { a: 1 },
    [1, -2],
    [1, Number.NaN],
    [1, undefined],
    [1, "2"],
  ])("factors that are no finite numbers from 0 up: %o", (given) => {
    const two = f64([[1, 2]]);
    for (const name of ["weights", "positiveWeight"]) {
      const own = () => losses.binaryCrossEntropyWithLogits(two, two, { [name]: given });
      expect(failure("bad-argument", own).expected).toBe("finite numbers ≥ 0");
    }
    const classWeights = given as number[];
    for (const loss of [losses.crossEntropy, losses.negativeLogLikelihood]) {
      const error = failure("bad-argument", () => loss(two, i32([0]), { classWeights }));
      expect(error.fix).toContain("one number for each class");
    }
  });
  test("class weights are a list, or a tensor", () => {
    const two = f64([[1, 2]]);
    const one = { classWeights: 2 as unknown as number[] };
    const error = failure("shape-mismatch", () => losses.crossEntropy(two, i32([0]), one));
    expect(error).toMatchObject({ found: "the number 2", fix: expect.stringMatching(/^Give 2/) });
    const given = f64([1, 3]);
    expect(losses.crossEntropy(two, i32([0]), { classWeights: given }).item()).toBeCloseTo(1.3133);
  });
  test.each(["weights", "positiveWeight"])("%s are one for each output, or one for all", (name) => {
    const [one, two] = [f64([[0.3], [0.6]]), f64([[0.3, 0.6]])];
    const own = (output: Tensor, given: unknown) =>
      losses.binaryCrossEntropyWithLogits(output, onesLike(output), { [name]: given });
    for (const [output, given] of [
      [one, [1, 5]],
      [one, f64([1, 5])],
      [one, f64([[1, 5]])],
      [two, [1, 2, 3]],
      [two, [2]],
      [two, []],
      [two, tensor([[[1, 2]]])],
    ] as const) {
      const error = failure("shape-mismatch", () => own(output, given));
      expect(error.message).toContain(`${name} takes one factor for all`);
      expect(error.expected).toContain(output === one ? "1 number" : "a list of 2");
    }
    const error = failure("shape-mismatch", () => own(one, [1, 5]));
    expect(error).toMatchObject({ found: "a list of 2", fix: "Give one number." });
    failure("bad-argument", () => own(one, "2"));
    const value = (output: Tensor, given: unknown) => own(output, given).item();
    expect(value(one, [5])).toBe(value(one, 5));
    expect(value(one, f64([[5], [5]]))).toBe(value(one, 5));
    expect(value(two, [3, 3])).toBe(value(two, tensor(3, { dtype: "f64" })));
    expect(value(two, f64([[3, 3]]))).toBe(value(two, 3));
  });
  test("factors of examples in the place of those of outputs get an error with the shape", () => {
    const output = f64([[0.3], [0.6], [0.1]]);
    const own = (weights: Tensor) => losses.binaryCrossEntropy(output, output, { weights });
    expect(failure("shape-mismatch", () => own(f64([1, 2, 3]))).fix).toContain("[examples, 1]");
    expect(own(f64([[1], [2], [3]])).item()).toBeGreaterThan(0);
  });
  test("class weights cancel at one example, but for the mean over examples", () => {
    const [output, label] = [f64([[1, -1]]), i32([1])];
    const plain = losses.crossEntropy(output, label).item();
    const classWeights = [1, 9];
    expectClose([losses.crossEntropy(output, label, { classWeights }).item()], [plain]);
    const mean = { classWeights, reduction: "batchMean" } as const;
    expectClose([losses.crossEntropy(output, label, mean).item()], [9 * plain]);
  });
  test("settings outside of their range", () => {
    const two = f64([[1, 2]]);
    for (const labelSmoothing of [-0.1, 1.1, Number.NaN]) {
      failure("bad-argument", () => losses.crossEntropy(two, i32([0]), { labelSmoothing }));
    }
    for (const delta of [0, -1, Number.NaN]) {
      failure("bad-argument", () => losses.huber(two, two, { delta }));
    }
  });
  test.each(Object.keys(others) as Name[])("%s refuses options that it has not", (name) => {
    const inputs = cases.find((c) => c.name === name)!.inputs.map(toTensor);
    const variance = name === "gaussianNegativeLogLikelihood" ? { variance: 1 } : {};
    functions[name]!(...inputs, { ...variance, reduction: "sum" });
    const misspelt = { reducton: "sum" };
    const error = failure("bad-argument", () => functions[name]!(...inputs, misspelt));
    expect(error.message).toContain(`${name} has no option "reducton".`);
    expect(error.fix).toBe(`Did you mean "reduction"?`);
  });
  test.each<[Name, object, RegExp]>([
    ["smoothL1", { beta: -1 }, /≥ 0/],
    ["hingeEmbedding", { margin: -1 }, /≥ 0/],
    ["marginRanking", { margin: -0.5 }, /≥ 0/],
    ["multiMargin", { margin: -1 }, /≥ 0/],
    ["multiMargin", { p: 3 }, /1 or 2/],
    ["cosineEmbedding", { margin: 1.5 }, /−1 to 1/],
    ["tripletMargin", { margin: 0 }, /> 0/],
    ["tripletMargin", { p: 0 }, /> 0/],
    ["tripletMargin", { swap: 1 }, /true or false/],
    ["tripletMargin", { epsilon: Number.NaN }, /≥ 0/],
    ["poissonNegativeLogLikelihood", { epsilon: -1 }, /≥ 0/],
    ["poissonNegativeLogLikelihood", { full: "yes" }, /true or false/],
    ["poissonNegativeLogLikelihood", { logInput: 0 }, /true or false/],
    ["gaussianNegativeLogLikelihood", { variance: -1 }, /≥ 0/],
    ["gaussianNegativeLogLikelihood", { variance: 1, epsilon: 0 }, /> 0/],
    ["focal", { gamma: -1 }, /≥ 0/],
    ["focal", { alpha: 2 }, /0 to 1/],
    ["klDivergence", { logTarget: 1 }, /true or false/],
    ["crossEntropy", { ignoreIndex: 0.5 }, /whole number/],
    ["crossEntropy", { axis: 2 }, /axis|…/],
    ["meanSquaredError", { weights: [-1, 1] }, /≥ 0/],
  ])("%s refuses %o", (name, options, expected) => {
    const inputs = cases.find((c) => c.name === name)!.inputs.map(toTensor);
    let found: unknown;
    try {
      functions[name]!(...inputs, options);
    } catch (error) {
      found = error;
    }
    expect(found).toMatchObject({ expected: expect.stringMatching(expected) });
  });
  test("shapes that do not belong together", () => {
    const [row, column] = [f64([[1, 2, 3]]), f64([[1], [2], [3]])];
    failure("shape-mismatch", () => losses.marginRanking(row, column, row));
    failure("shape-mismatch", () => losses.tripletMargin(row, row, column));
    failure("shape-mismatch", () => losses.cosineEmbedding(row, row, row));
    failure("shape-mismatch", () => losses.gaussianNegativeLogLikelihood(row, column));
    const variance = f64([1, 2]);
    failure("shape-mismatch", () => losses.gaussianNegativeLogLikelihood(row, row, { variance }));
    const places = tensor(
      [
        [[1], [2], [3]],
        [[4], [5], [6]],
      ],
      { dtype: "f64" },
    );
    const labels = tensor([[0], [0]], { dtype: "i32" });
    const error = failure("shape-mismatch", () => losses.crossEntropy(places, labels));
    expect(error.fix).toContain("{ axis: 1 }");
    expect(losses.crossEntropy(places, labels, { axis: 1 }).item()).toBeCloseTo(2.4076, 4);
    const soft = () => losses.crossEntropy(row, row, { ignoreIndex: 0 });
    expect(failure("bad-argument", soft).fix).toContain("weights");
  });
  test("weights of 0 mask, and the mean is over the rest", () => {
    const [o, t] = [f64([1, 2, 4]), f64([0, 0, 0])];
    const mask = { weights: f64([1, 1, 0]) };
    expect(losses.meanSquaredError(o, t, mask).item()).toBe(2.5);
    expect(losses.huber(o, t, mask).item()).toBeCloseTo((0.5 + 1.5) / 3, 14);
    expect(losses.meanSquaredError(o, t, { weights: 2 }).item()).toBe(14);
    const rows = f64([
      [1, 0],
      [0, 1],
    ]);
    const one = { weights: [0, 3], classWeights: [1, 5] };
    expect(losses.crossEntropy(rows, i32([0, 1]), one).item()).toBeCloseTo(0.31326, 5);
  });
  test("there are four reductions", () => {
    const [o, t] = [
      f64([
        [1, 2],
        [3, 4],
      ]),
      f64([
        [0, 0],
        [0, 0],
      ]),
    ];
    const value = (reduction: losses.Reduction) =>
      losses.meanSquaredError(o, t, { reduction }).arraySync();
    expect(value("sum")).toBe(30);
    expect(value("mean")).toBe(7.5);
    expect(value("batchMean")).toBe(15);
    expect(value("none")).toEqual([
      [1, 4],
      [9, 16],
    ]);
    failure("bad-argument", () => value("average" as losses.Reduction));
  });
});
