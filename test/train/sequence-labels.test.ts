/** Labels of the places of sequences: trained on, counted, and left out where there are none. */
import { expect, test } from "vitest";
import { pytorchScript } from "../../src/exchange/pytorch/script.ts";
import {
  adam,
  crossEntropy,
  ctc,
  linear,
  logSoftmax,
  lstm,
  oneHot,
  sequential,
  type Tensor,
  tensor,
  trainer,
  unflatten,
} from "../../src/index.ts";
import { parseNetwork } from "../../src/network-file/parse.ts";
import { reader } from "../../src/network-file/prediction.ts";
import { prepareNetwork } from "../../src/network-file/prepare.ts";
import { failure, rejection } from "../support/failure.ts";

// The label of each step is whether the number of ones so far is odd; the second is shorter.
const inputs = [
  [1, 0, 1, 1],
  [0, 1, 0, 0],
  [1, 1, 0, 1],
];
const targets = [
  ["odd", "odd", "even", "odd"],
  ["even", "odd"],
  ["odd", "even", "even", "odd"],
];
const ignoring = (o: Tensor, t: Tensor) => crossEntropy(o, t, { ignoreIndex: -100 });
const model = () => sequential(unflatten(1, [4, 1]), lstm(1, 8), linear(8, 2));

test.each(["interpreter", "wasm"] as const)("fit and evaluate on %s", async (backend) => {
  const t = trainer(model(), {
    loss: ignoring,
    optimizer: adam({ learningRate: 0.05 }),
    seed: 3,
    backend,
  });
  const data = { inputs, targets };
  const before = t.evaluate(data);
  // Ten places have a label, two have none.
  expect(before.accuracy! * 10).toBeCloseTo(Math.round(before.accuracy! * 10), 9);
  expect(before.confusion!.flat().reduce((a, b) => a + b)).toBe(10);
  const output = t.predict(inputs);
  const labels = tensor([1, 1, 0, 1, 0, 1, -100, -100, 1, 0, 0, 1], {
    shape: [3, 4],
    dtype: "i32",
  });
  expect(before.loss).toBeCloseTo(ignoring(output, labels).item(), 6);
  // However the examples are divided, each place counts the same.
  expect(t.evaluate(data, { batchSize: 1 }).loss).toBeCloseTo(before.loss, 6);
  const { epochs } = await t.fit(data, { epochs: backend === "wasm" ? 150 : 3, batchSize: 2 });
  expect(epochs[0]!.accuracy! * 10).toBeCloseTo(Math.round(epochs[0]!.accuracy! * 10), 9);
  expect(epochs[0]!.counts).toBeUndefined();
  if (backend === "wasm") expect(t.evaluate(data).accuracy).toBe(1);
});

test("a place without a label needs a loss that leaves it out", async () => {
  const t = trainer(model(), { loss: crossEntropy, optimizer: adam() });
  const error = await rejection("index-out-of-range", t.fit({ inputs, targets }).then());
  expect(error.fix).toBe("Pass { ignoreIndex: -100 } to the loss.");
  const names = { inputs, targets: [["odd"], "even", ["odd"]] as never };
  failure("data-invalid", () => t.evaluate(names));
  const unknown = { inputs, targets, classes: ["even", "odds"] };
  expect(failure("data-invalid", () => t.evaluate(unknown)).fix).toContain("odds");
});

test("classes on axis 1 are counted there", () => {
  const weight = oneHot(tensor([0, 1, 2, 3], { dtype: "i32" }), 4);
  const same = linear(4, 4, { weight: weight.arraySync() as number[][], bias: false });
  const t = trainer(sequential(same, unflatten(1, [2, 2])), {
    loss: (o: Tensor, t: Tensor) => crossEntropy(o, t, { axis: 1 }),
    optimizer: adam(),
  });
  const labels = tensor([[0, 1]], { dtype: "i32" });
  // Of place 0 the outputs are 3 and 1, of place 1 they are 0 and 2.
  const { accuracy, confusion } = t.evaluate({
    inputs: [[3, 0, 1, 2]],
    targets: labels,
    classes: ["a", "b"],
  });
  expect({ accuracy, confusion }).toEqual({
    accuracy: 1,
    confusion: [
      [1, 0],
      [0, 1],
    ],
  });
});

test("ctc learns labels without their steps", async () => {
  const t = trainer(sequential(unflatten(1, [4, 1]), lstm(1, 8), linear(8, 3), logSoftmax()), {
    loss: ctc,
    optimizer: adam({ learningRate: 0.05 }),
    seed: 1,
  });
  const data = {
    inputs: [
      [1, 0, 0, 1],
      [0, 0, 1, 0],
    ],
    targets: [["a", "a"], ["b"]],
    classes: ["none", "a", "b"],
  };
  const first = t.evaluate(data);
  expect(first.accuracy).toBeUndefined();
  await t.fit(data, { epochs: 120 });
  expect(t.evaluate(data).loss).toBeLessThan(0.1 * first.loss);
});

test("a network file has lists of names", async () => {
  const examples = inputs.map((row, i) => ({ inputs: row, targets: targets[i] }));
  const file = JSON.stringify({
    layers: [
      { unflatten: { axis: 1, sizes: [4, 1] } },
      { lstm: { hidden: 8 } },
      { linear: { outputs: 2 } },
    ],
    loss: { crossEntropy: { ignoreIndex: -100, classWeights: [1, 2] } },
    optimizer: { adam: { learningRate: 0.05 } },
    data: { examples },
    training: { epochs: 150 },
  });
  const {
    network,
    trainer: t,
    data,
  } = await prepareNetwork(parseNetwork(file), async () => {
    throw new Error("no files");
  });
  await t.fit(data.train, { epochs: 150 });
  expect(t.evaluate(data.train).accuracy).toBe(1);
  const [first] = t.predict([inputs[0]!]).reshape([1, 8]).arraySync() as number[][];
  const read = reader(network, data.description, data.marks);
  expect(read(first!).class).toBe("odd odd even odd");
  const script = pytorchScript({ network, trainer: t, data: data.train, batchSize: 3 });
  expect(script).toContain("    o = o.movedim(-1, 1)\n    return F.cross_entropy(o, t, weight=");
  expect(script).toContain("[0,1,-100,-100]");
});
