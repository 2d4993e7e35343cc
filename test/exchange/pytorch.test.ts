/** The PyTorch script of a network: what its rows say, and what it cannot say. */
import { expect, it } from "vitest";
import { pytorchScript } from "../../src/exchange/pytorch/script.ts";
import { parseNetwork } from "../../src/network-file/parse.ts";
import { prepareNetwork } from "../../src/network-file/prepare.ts";
import { failure } from "../support/failure.ts";

const usual = {
  layers: "[{ linear: { outputs: 2 } }]",
  loss: "meanSquaredError",
  optimizer: "{ sgd: { learningRate: 0.5 } }",
  data: "{ examples: [{ inputs: [1, 2, 3], targets: [1, 0] }] }",
  training: "{ epochs: 7 }",
};
const none = async (): Promise<never> => {
  throw new Error("no files");
};

/** A function, since errors of preparing are no errors of the script. */
async function script(parts: Partial<typeof usual>): Promise<() => string> {
  const entries = Object.entries({ ...usual, ...parts }).map(([k, v]) => `${k}: ${v}`);
  const { network, trainer, data } = await prepareNetwork(
    parseNetwork(`{ ${entries.join(", ")} }`),
    none,
  );
  return () => pytorchScript({ network, trainer, data: data.train, batchSize: 4 });
}

it("has the size of what comes in from the layers before", async () => {
  const layers =
    "[{ sequential: [{ linear: { outputs: 5, bias: false } }, elu] }, dropout, " +
    "{ linear: { outputs: 2, frozen: true } }]";
  const text = (await script({ layers }))();
  expect(text).toContain(`nn.Sequential(
        nn.Linear(3, 5, bias=False),
        nn.ELU(1),
    ),
    nn.Dropout(0.5),
    nn.Linear(5, 2),
)`);
  expect(text).toContain('requires_grad_(name not in ["2.weight","2.bias"])');
  expect(text).toContain("LR = 0.5");
  expect(text).toContain("size = 4\nfor epoch in range(7):");
});

it.each([
  ["{ meanSquaredError: { reduction: sum } }", "(o - t) ** 2", "sum()"],
  ["{ meanSquaredError: { reduction: batchMean } }", "(o - t) ** 2", "sum() / len(o)"],
  ["binaryCrossEntropy", 'F.binary_cross_entropy(o, t, reduction="none")', "mean()"],
])("writes the loss %s", async (loss, terms, total) => {
  const layers = "[{ linear: { outputs: 2 } }, sigmoid]";
  expect((await script({ loss, layers }))()).toContain(
    `def loss(o, t):\n    terms = ${terms}\n    return terms.${total}\n`,
  );
});

it.each([
  ["{ huber: { delta: 0.5 } }", 'F.huber_loss(o, t, delta=0.5, reduction="none")'],
  [
    "{ poissonNegativeLogLikelihood: { logInput: false, full: true } }",
    'F.poisson_nll_loss(o, t, log_input=False, full=True, reduction="none")',
  ],
  [
    "{ binaryCrossEntropyWithLogits: { positiveWeight: 3 } }",
    'pos_weight=torch.tensor(3, dtype=o.dtype), reduction="none")',
  ],
  [
    "{ smoothL1: { weights: [1, 2] } }",
    "weights = torch.tensor([1,2], dtype=o.dtype)\n    terms = terms * weights\n" +
      "    return terms.sum() / weights.expand_as(terms).sum()",
  ],
  ["{ huber: { weights: [1, 2] } }", "terms = terms * weights\n    return terms.mean()"],
  [
    "{ huber: { weights: 2 } }",
    "weights = 2\n    terms = terms * weights\n    return terms.mean()",
  ],
])("writes the options of %s", async (loss, text) => {
  expect((await script({ loss }))()).toContain(text);
});

it("leaves the mean over weighted classes to PyTorch", async () => {
  const data = "{ examples: [{ inputs: [1], targets: a }, { inputs: [2], targets: b }] }";
  const loss = (reduction: string) =>
    `{ crossEntropy: { classWeights: [1, 3], labelSmoothing: 0.1, reduction: ${reduction} } }`;
  const call =
    "F.cross_entropy(o, t, label_smoothing=0.1, weight=torch.tensor([1,3], dtype=o.dtype)";
  expect((await script({ data, loss: loss("mean") }))()).toContain(
    `def loss(o, t):\n    return ${call}, reduction="mean")\n`,
  );
  expect((await script({ data, loss: loss("sum") }))()).toContain(
    `terms = ${call}, reduction="none")\n    return terms.sum()`,
  );
});

it("has labels as whole numbers, and other targets as real ones", async () => {
  const classes = "{ examples: [{ inputs: [1], targets: a }, { inputs: [2], targets: b }] }";
  const labels = (await script({ data: classes, loss: "crossEntropy" }))();
  expect(labels).toContain("y = torch.tensor(\n    [0,1],\n    dtype=torch.int64,");
  // One output for two classes: its targets are numbers.
  const one = "[{ linear: { outputs: 1 } }]";
  const loss = "binaryCrossEntropyWithLogits";
  const numbers = (await script({ data: classes, loss, layers: one }))();
  expect(numbers).toContain("[[0],\n     [1]],\n    dtype=torch.get_default_dtype(),");
});

it("brings running statistics and tables along", async () => {
  const normed = "[{ linear: { outputs: 2 } }, { batchNorm1d: { momentum: mean } }]";
  const text = (await script({ layers: normed }))();
  expect(text).toContain("nn.BatchNorm1d(2, momentum=None),");
  expect(text).toContain('"1.running_var": [1,1],\n    "1.num_batches_tracked": [0],');
  expect(text).toContain("for name, buffer in model.named_buffers():\n        buffer.copy_(");
  expect(text).toContain('model.eval()\nprint("loss at the end"');
  const table =
    "[{ embedding: { entries: 4, features: 2, paddingIndex: 0 } }, flatten, { linear: { outputs: 2 } }]";
  const words = (await script({ layers: table }))();
  expect(words).toContain("nn.Embedding(4, 2, padding_idx=0),");
  expect(words).toContain("[[1,2,3]],\n    dtype=torch.int64,");
  const late = table.replace("[", "[relu, ");
  expect(failure("unsupported", await script({ layers: late })).message).toContain("is computed");
});

it.each<[Partial<typeof usual>, string]>([
  [{ layers: "[{ linear: { outputs: 2, sharedBias: true } }]" }, "a bias that a layer shares"],
  [{ layers: "[{ linear: { outputs: 2, learningRate: 1 } }]" }, "a layer's own learning rate"],
  [
    { optimizer: "{ adam: { learningRate: { exponentialDecay: { initial: 1, rate: 0.5 } } } }" },
    "a schedule of the learning rate",
  ],
  [{ optimizer: "{ adam: { clipNorm: 1 } }" }, "clipping"],
  [{ training: "{ update: sequential }" }, "a sequential update"],
  [{ data: "{ generate: { blobs: { size: 30000, centers: 2 } } }" }, "so many examples"],
])("%j: it cannot say %s", async (parts, what) => {
  const error = failure("unsupported", await script(parts));
  expect(error.message).toContain(`The PyTorch script cannot say ${what}.`);
  expect(error.fix).toContain("add it to the script by hand");
});

// What PyTorch 2.13.0 printed for these scripts with the values that chainrule begins with.
it.each([
  [
    "lstm: { hidden: 4, layers: 2, bidirectional: true, output: last, projection: 3 }",
    "(1, 4, batch_first=True, num_layers=2, bidirectional=True, proj_size=3)",
    [0.7077620165479555, 0.6954611821173332],
  ],
  [
    "gru: { hidden: 4, bias: false, output: last }",
    "(1, 4, batch_first=True, bias=False)",
    [0.7216236507843332, 0.6248470301886846],
  ],
  [
    "rnn: { hidden: 4, nonlinearity: relu }",
    '(1, 4, batch_first=True, nonlinearity="relu")',
    [0.6810975739649151, 0.5342726056394977],
  ],
  [
    "conv1d: { outChannels: 2, kernelSize: 3, padding: 1, paddingMode: circular }",
    '(4, 2, 3, padding=1, padding_mode="circular")',
    [1.0268482445820393, 0.1811643228154105],
  ],
  [
    "weightNorm: [{ linear: { outputs: 3 } }, tanh, { linear: { outputs: 2, bias: false } }]",
    "nn.utils.parametrizations.weight_norm(m) for m in s",
    [0.7230036044455315, 0.6784674282164056],
  ],
  [
    "spectralNorm: [{ linear: { outputs: 3 } }, tanh]",
    "nn.utils.parametrizations.spectral_norm(m) for m in s",
    [0.803600262097986, 0.298900789582939],
  ],
  [
    "weightNorm: { axis: all, layers: [{ linear: { outputs: 3 } }, tanh] }",
    "nn.utils.parametrizations.weight_norm(m, dim=None) for m in s",
    [0.635021794068082, 0.265482840021968],
  ],
  [
    "weightNorm: { name: weight_hh_l0, axis: 1, layers: [{ rnn: { hidden: 3 } }] }",
    'nn.utils.parametrizations.weight_norm(m, "weight_hh_l0", dim=1) for m in s',
    [0.7110540542314763, 0.5846679883203559],
  ],
  [
    // PyTorch takes −1 for all axes: the last is written as a number.
    "weightNorm: { name: weight_hh_l0, axis: -1, layers: [{ rnn: { hidden: 3 } }] }",
    'weight_norm(m, "weight_hh_l0", dim=getattr(m, "weight_hh_l0").ndim - 1) for m in s',
    [0.7110540542314763, 0.5846679883203559],
  ],
  [
    "spectralNorm: { axis: 1, iterations: 2, epsilon: 0.01, layers: [{ linear: { outputs: 3 } }] }",
    "nn.utils.parametrizations.spectral_norm(m, n_power_iterations=2, eps=0.01, dim=1) for m in s",
    [0.8358024826886783, 0.2257513579307213],
  ],
  [
    "bilinear: { outputs: 2 }",
    "nn.Bilinear.forward(self, x, x)})(1, 1, 2)",
    [0.7247828481033789, 0.6699378376998113],
  ],
] as const)("%s: the script has the losses of the trainer", async (row, call, losses) => {
  const { network, trainer, data } = await prepareNetwork(
    parseNetwork(`
layers: [{ unflatten: { axis: 1, sizes: [4, 1] } }, { ${row} }, flatten, { linear: { outputs: 2 } }]
loss: crossEntropy
optimizer: { sgd: { learningRate: 0.5 } }
data: { examples: [{ inputs: [0, 1, 0.5, 1], targets: a }, { inputs: [1, 1, 0, -1], targets: b }] }
training: { epochs: 3, batchSize: 2 }`),
    none,
  );
  expect(pytorchScript({ network, trainer, data: data.train, batchSize: 2 })).toContain(call);
  for (const loss of losses) {
    expect(trainer.evaluate(data.train).loss).toBeCloseTo(loss, 12);
    await trainer.fit(data.train, { epochs: 3, batchSize: 2 });
  }
});
