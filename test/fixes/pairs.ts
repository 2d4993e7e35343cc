/** Advice about losses, outputs and targets that do not belong together, followed. */
import { ChainruleError } from "../../src/core/errors.ts";
import * as c from "../../src/index.ts";
import type { Row } from "./row.ts";

const { linear, sequential, sgd, tensor, trainer } = c;
type Item = c.Layer | ((x: c.Tensor) => c.Tensor);
const make = (loss: c.Loss, ...layers: Item[]) =>
  trainer(sequential(...(layers as [c.Layer])), {
    loss,
    optimizer: sgd(),
    backend: "interpreter",
    dtype: "f64",
  });

/** What training starts with: a remark is thrown here, as errors are. */
async function begin(data: c.Data, loss: c.Loss, ...layers: Item[]): Promise<void> {
  const t = make(loss, ...layers);
  const [remark] = t.remarks(data);
  if (remark) throw new ChainruleError("bad-argument", remark);
  await t.fit(data);
}

const rows = (...targets: unknown[]) =>
  ({ inputs: targets.map((_, i) => [i + 1]), targets }) as unknown as c.Data;
const named = (...targets: string[]) =>
  ({ inputs: targets.map((_, i) => [i + 1]), targets, classes: ["a", "b", "c"] }) as c.Data;
const labels = (classes: string[], ...targets: number[]) =>
  ({ inputs: targets.map((_, i) => [i + 1]), targets, classes }) as c.Data;
const bits = rows(0, 1);
const wide = rows(-3, 12);
const shares = rows([0.2, 0.5, 0.3], [1, 0, 0]);
const { crossEntropy, binaryCrossEntropyWithLogits: withLogits } = c;
const [one, three] = [linear(1, 1), linear(1, 3)];
const f64 = (values: Parameters<typeof tensor>[0]) => tensor(values, { dtype: "f64" });
/** An epoch of cross-entropies with weights of classes. */
const oneStep = (data: c.Data, options: { classWeights: number[] }, batchSize: number) =>
  make((o, t) => crossEntropy(o, t, options), linear(1, 2))
    .fit(data, { batchSize })
    .then();
/** A hundred layers whose weights are these. */
const deep = (weight: number | ReturnType<typeof c.xavierUniform>) =>
  Array.from({ length: 200 }, () => linear(1, 1, { weight, bias: 0 }));
const hinge = (...targets: unknown[]) => begin(rows(...targets), c.hinge, one);
/** Names of sequences, of which one is shorter. */
const tagged = {
  inputs: [
    [0, 1],
    [1, 0],
  ],
  targets: [["a", "b"], ["b"]],
};
const share = (loss: c.Loss, ...targets: unknown[]) => begin(rows(...targets), loss, one);

export const pairs: readonly Row[] = [
  // Outputs.
  [
    "Leave out … and take …, or make an output for each class.",
    () => begin(bits, c.meanSquaredError, one, c.softmax()),
    () => begin(bits, withLogits, one),
    () => begin(named("a", "b", "c"), crossEntropy, three),
  ],
  [
    "Take the loss …, or make an output for each class.",
    () => begin(rows([1], [1]), crossEntropy, one),
    () => begin(bits, withLogits, one),
    () => begin(named("a", "b", "c"), crossEntropy, three),
  ],
  [
    "Leave out …….",
    () => begin(named("a", "b", "c"), crossEntropy, three, c.softmax()),
    () => begin(named("a", "b", "c"), crossEntropy, three),
    () => begin(named("a", "b", "c"), c.negativeLogLikelihood, three, c.logSoftmax()),
    () => begin(bits, c.binaryCrossEntropy, one, c.sigmoid()),
  ],
  [
    "Put … last….",
    () => begin(bits, c.binaryCrossEntropy, one),
    () => begin(bits, c.binaryCrossEntropy, one, c.sigmoid()),
    () => begin(bits, withLogits, one),
  ],
  [
    "Put … in the place of ….",
    () => begin(bits, c.binaryCrossEntropy, one, c.relu()),
    () => begin(bits, c.binaryCrossEntropy, one, c.sigmoid()),
  ],
  [
    "Put … last….",
    () => begin(named("a", "b", "c"), c.negativeLogLikelihood, three),
    () => begin(named("a", "b", "c"), c.negativeLogLikelihood, three, c.logSoftmax()),
    () => begin(named("a", "b", "c"), crossEntropy, three),
  ],
  [
    "Make it ….",
    () => begin(named("a", "b", "c"), c.negativeLogLikelihood, three, c.softmax()),
    () => begin(named("a", "b", "c"), c.negativeLogLikelihood, three, c.logSoftmax()),
  ],
  [
    "Put … in the place of ….",
    () => begin(named("a", "b", "c"), c.negativeLogLikelihood, three, c.tanh()),
    () => begin(named("a", "b", "c"), c.negativeLogLikelihood, three, c.logSoftmax()),
  ],
  [
    "Leave out ….",
    () => begin(rows(-1, 1), c.hinge, one, c.relu()),
    () => begin(rows(-1, 1), c.hinge, one),
  ],
  [
    "Leave out …, or scale the targets into that range.",
    () => begin(wide, c.huber, one, c.tanh()),
    () => begin(wide, c.huber, one),
    () => begin(rows(-0.3, 0.9), c.huber, one, c.tanh()),
  ],
  [
    "Labels count from 0: if these count from 1, subtract 1.",
    () => begin(labels(["0", "1", "2"], 1, 2), crossEntropy, three),
    () => begin(labels(["0", "1", "2"], 0, 1), crossEntropy, three),
  ],
  [
    "These look like labels from 1 to …: subtract 1.",
    () =>
      make(crossEntropy, three)
        .fit(labels(["0", "1", "2", "3"], 1, 2, 3))
        .then(),
    () => begin(labels(["0", "1", "2"], 0, 1, 2), crossEntropy, three),
  ],

  // Targets.
  [
    "These look like the classes 1 and 2: subtract 1.",
    () => share(withLogits, 1, 2),
    () => share(withLogits, 0, 1),
  ],
  [
    "These look like −1 and 1: take (t + 1)/2, or the loss ….",
    () => share(withLogits, -1, 1),
    () => share(withLogits, 0, 1),
    () => share(c.hinge, -1, 1),
  ],
  [
    "These look like bytes: divide by 255.",
    () => share(withLogits, 0, 255),
    () => share(withLogits, 0, 1),
  ],
  [
    "These look like labels of classes: take … and one output for each class.",
    () => share(withLogits, 0, 1, 2),
    () => begin(labels(["0", "1", "2"], 0, 1, 2), crossEntropy, three),
  ],
  [
    "If these are percentages, divide by 100.",
    () => share(withLogits, 12.5, 80),
    () => share(withLogits, 0.125, 0.8),
  ],
  [
    "Scale them to 0 … 1, or take … in the place of ….",
    () => share(withLogits, -3.5, 800),
    () => share(withLogits, 0, 0.8),
    () => share(c.meanSquaredError, -3.5, 800),
  ],
  [
    "Pass { ignoreIndex: … } to the loss.",
    () => begin(tagged, crossEntropy, c.unflatten(1, [2, 1]), c.linear(1, 2)),
    () =>
      begin(
        tagged,
        (o, t) => crossEntropy(o, t, { ignoreIndex: -100 }),
        ...[c.unflatten(1, [2, 1]), c.linear(1, 2)],
      ),
  ],
  [
    "Take a loss for numbers such as ….",
    () => begin(rows(-1, 2), c.poissonNegativeLogLikelihood, one),
    () => begin(rows(-1, 2), c.meanSquaredError, one),
  ],
  [
    "One output says yes or no: take ….",
    () =>
      make(crossEntropy, one)
        .fit(rows([0.5], [1]))
        .then(),
    () => begin(rows([0.5], [1]), withLogits, one),
  ],
  [
    "These look like logarithms: the targets are the probabilities themselves.",
    () => begin(rows([-1, -2, -3]), c.klDivergence, three, c.logSoftmax()),
    () => begin(shares, c.klDivergence, three, c.logSoftmax()),
  ],
  [
    "Give probabilities, or take a loss for numbers such as ….",
    () => begin(rows([-1, 2, 3]), crossEntropy, three),
    () => begin(shares, crossEntropy, three),
    () => begin(rows([-1, 2, 3]), c.meanSquaredError, three),
  ],
  [
    "Every row needs a class; leave out rows without one.",
    () => begin(rows([0, 0, 0], [1, 0, 0]), crossEntropy, three),
    () => begin(rows([0, 1, 0], [1, 0, 0]), crossEntropy, three),
    () => begin(rows([1, 0, 0]), crossEntropy, three),
  ],
  [
    "These look like several classes at once: take ….",
    () => begin(rows([1, 1, 0]), crossEntropy, three),
    () => begin(rows([1, 1, 0]), withLogits, three),
  ],
  [
    "These look like percentages: divide by 100.",
    () => begin(rows([20, 50, 30]), crossEntropy, three),
    () => begin(rows([0.2, 0.5, 0.3]), crossEntropy, three),
  ],
  [
    "Divide each row by its sum.",
    () => begin(rows([2, 5, 1]), crossEntropy, three),
    () => begin(rows([0.25, 0.625, 0.125]), crossEntropy, three),
  ],
  [
    "These look like labels of several classes: take … and one output for each.",
    () => hinge(0, 1, 2, 3),
    () => begin(labels(["0", "1", "2"], 0, 1, 2), c.multiMargin, three),
  ],
  [
    "These look like 0 and 1: write −1 in the place of 0, as 2t − 1.",
    () => hinge(0, 1),
    () => hinge(-1, 1),
  ],
  [
    "These look like the classes 1 and 2: write −1 and 1, as 2t − 3.",
    () => hinge(1, 2),
    () => hinge(-1, 1),
  ],
  ["Write −1 for no and 1 for yes.", () => hinge(-1, 0.5), () => hinge(-1, 1)],

  // Weights.
  [
    "Give each output its factor; factors of examples need the shape [examples, 1].",
    () => c.binaryCrossEntropy(f64([[0.2], [0.3]]), f64([[0], [1]]), { weights: f64([1, 2]) }),
    () => c.binaryCrossEntropy(f64([[0.2], [0.3]]), f64([[0], [1]]), { weights: f64([2]) }),
    () => c.binaryCrossEntropy(f64([[0.2], [0.3]]), f64([[0], [1]]), { weights: f64([[1], [2]]) }),
  ],
  [
    "Give a list such as [1, 5], one number for each ….",
    () => c.binaryCrossEntropy(f64([[0.2, 0.3]]), f64([[0, 1]]), { weights: [1, Number.NaN] }),
    () => c.binaryCrossEntropy(f64([[0.2, 0.3]]), f64([[0, 1]]), { weights: [1, 5] }),
    () => c.crossEntropy(f64([[0.2, 0.3]]), f64([[0, 1]]), { classWeights: [1, 5] }),
  ],
  [
    "Give … numbers, in the order of the classes.",
    () => c.crossEntropy(f64([[0.2, 0.3]]), f64([[0, 1]]), { classWeights: [1, 2, 3] }),
    () => c.crossEntropy(f64([[0.2, 0.3]]), f64([[0, 1]]), { classWeights: [1, 2] }),
  ],
  [
    "Give ….",
    () => c.binaryCrossEntropy(f64([[0.2], [0.3]]), f64([[0], [1]]), { weights: [1, 2, 3] }),
    () => c.binaryCrossEntropy(f64([[0.2], [0.3]]), f64([[0], [1]]), { weights: [1] }),
  ],

  // The first step.
  [
    "All examples of this batch have the weight 0: give each some weight, or larger batches.",
    () => oneStep(labels(["a", "b"], 0, 1), { classWeights: [0, 1] }, 1),
    () => oneStep(labels(["a", "b"], 0, 1), { classWeights: [0.1, 1] }, 1),
    () => oneStep(labels(["a", "b"], 0, 1), { classWeights: [0, 1] }, 2),
  ],
  [
    "… was asked for a value that it has not: a logarithm or a root needs positive numbers, a quotient no 0. …",
    () => make((o) => o.mul(0).sub(1).log().sum(), one).step(bits),
    () => make((o) => c.maximum(o.mul(0).sub(1), 1e-7).log().sum(), one).step(bits),
  ],
  [
    "The loss is finite, but its slope is not: … in the backward pass meets a pole. …",
    () => make((o) => o.mul(0).sqrt().sum(), one).step(bits),
    () => make((o) => c.maximum(o.mul(0), 1e-7).sqrt().sum(), one).step(bits),
  ],
  [
    "Numbers grow on the way through the layers: make the first weights smaller, by an initializer such as xavierUniform.",
    () => make((o) => o.square().exp().sum(), ...deep(90)).step(bits),
    () => make((o) => o.square().exp().sum(), ...deep(c.xavierUniform())).step(bits),
  ],
  [
    "The inputs go up to …: standardize them, or divide them by that.",
    () => make(c.meanSquaredError, one).step({ inputs: [[1e200], [-1e200]], targets: [0, 1] }),
    () => make(c.meanSquaredError, one).step({ inputs: [[1], [-1]], targets: [0, 1] }),
  ],
  [
    "The targets go up to …: scale them, and the outputs back.",
    () => make(c.meanSquaredError, one).step({ inputs: [[1], [-1]], targets: [0, 1e200] }),
    () => make(c.meanSquaredError, one).step({ inputs: [[1], [-1]], targets: [0, 1] }),
  ],
  [
    "The first values of … go up to …: make them smaller, by an initializer such as xavierUniform.",
    () => make(c.meanSquaredError, linear(1, 1, { weight: 1e200 })).step(bits),
    () => make(c.meanSquaredError, linear(1, 1, { weight: c.xavierUniform() })).step(bits),
  ],
];
