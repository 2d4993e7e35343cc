/** Advice of layers, followed. */
import * as c from "../../src/index.ts";
import type { Row } from "./row.ts";

const { tensor } = c;
const images = c.zeros([2, 1, 4, 4]);
const rows = tensor([
  [1, 2],
  [3, 4],
]);
const training = { training: true, path: "" };
/** What a batch norm begins with. */
const normal = (n: number) => ({
  ...{ weight: c.ones([n]), bias: c.zeros([n]), num_batches_tracked: tensor(0) },
  ...{ running_mean: c.zeros([n]), running_var: c.ones([n]) },
});
const five = { inputs: c.zeros([5, 2]), targets: Array.from({ length: 5 }, () => [1]) };
const normed = () =>
  c.trainer(c.sequential(c.batchNorm1d(2), c.linear(2, 1)), {
    loss: c.meanSquaredError,
    optimizer: c.sgd(),
  });
/** A list whose neighbouring sizes the compiler does not know. */
const sequential = (...list: c.Layer[]) => c.sequential(...list);
const loss = (model: c.Layer) =>
  c
    .trainer(model, { loss: c.crossEntropy, optimizer: c.sgd() })
    .evaluate({ inputs: images, targets: [0, 1] });

export const layers: readonly Row[] = [
  [
    "Train on batches of at least 2 examples, the last one included.",
    () => c.batchNorm1d(2).apply(tensor([[1, 2]]), normal(2), training),
    () => c.batchNorm1d(2).apply(rows, normal(2), training),
  ],
  [
    "Choose another batchSize, such as …, or leave an example out.",
    () => normed().fit(five, { batchSize: 4 }),
    ...[3, 5].map((batchSize) => () => normed().fit(five, { batchSize })),
    () =>
      normed().fit({ inputs: c.zeros([4, 2]), targets: [[1], [1], [1], [1]] }, { batchSize: 4 }),
  ],
  [
    "Put flatten() before it: … becomes ….",
    () => sequential(c.conv2d(1, 2, 1), c.linear(32, 2)).outputShape([2, 1, 4, 4]),
    () => sequential(c.conv2d(1, 2, 1), c.flatten(), c.linear(32, 2)).outputShape([2, 1, 4, 4]),
  ],
  [
    "Put flatten() before it and make it …(…, …); or, if rows of … are meant, make its first number that.",
    () => sequential(c.conv2d(1, 2, 1), c.linear(5, 2)).outputShape([2, 1, 4, 4]),
    () => sequential(c.conv2d(1, 2, 1), c.flatten(), c.linear(32, 2)).outputShape([2, 1, 4, 4]),
    () => sequential(c.conv2d(1, 2, 1), c.linear(4, 2)).outputShape([2, 1, 4, 4]),
  ],
  [
    "Put flatten() before it and make it …(…, …).",
    () => loss(sequential(c.conv2d(1, 2, 1), c.linear(4, 2))),
    () => loss(sequential(c.conv2d(1, 2, 1), c.flatten(), c.linear(32, 2))),
  ],
  [
    "Put flatten() behind it, or adaptiveAvgPool and flatten().",
    () => loss(c.conv2d(1, 2, 4)),
    () => loss(sequential(c.conv2d(1, 2, 4), c.flatten())),
    () => loss(sequential(c.conv2d(1, 2, 2), c.adaptiveAvgPool2d(1), c.flatten())),
  ],
  [
    "Put in a flatten() or a reshape before it….",
    () => c.batchNorm1d(16).outputShape([2, 1, 4, 4]),
    (fix) => {
      sequential(c.flatten(), c.batchNorm1d(16)).outputShape([2, 1, 4, 4]);
      c.batchNorm1d(1).outputShape(images.reshape([2, 1, 16]).shape);
      if (fix.includes("batchNorm2d")) c.batchNorm2d(1).outputShape([2, 1, 4, 4]);
    },
  ],
  [
    "Take concatenate for tensors of several lengths, or pad them to one.",
    () => c.stack([tensor([1, 2]), tensor([1])]),
    () => c.concatenate([tensor([1, 2]), tensor([1])]),
    () => c.stack([tensor([1, 2]), c.pad(tensor([1]), { before: [0], after: [1] })]),
  ],
  [
    "Give both: applyTo({ left, right }, values).",
    () => c.bilinear(2, 3, 1).apply(rows, c.initialValues(c.bilinear(2, 3, 1)).parameters),
    () => {
      const fit = c.bilinear(2, 3, 1);
      const right = c.zeros([2, 3]);
      fit.applyTo({ left: rows, right }, c.initialValues(fit).parameters);
    },
  ],
  [
    "Put lora around each such layer inside of it: sequential(lora(linear(2, 3), 1), relu()).",
    () => c.lora(c.sequential(c.linear(2, 3), c.relu()), 1),
    () => c.sequential(c.lora(c.linear(2, 3), 1), c.relu()).outputShape([1, 2]),
  ],
];
