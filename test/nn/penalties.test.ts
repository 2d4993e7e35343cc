/** Penalties on weights and outputs, and several losses as one: by hand, and as they train. */
import { expect, test } from "vitest";
import { evaluate } from "../../src/autodiff/evaluate.ts";
import { explain } from "../../src/explain/index.ts";
import * as c from "../../src/index.ts";
import { expectClose } from "../support/close.ts";
import { failure } from "../support/failure.ts";

const weight = [
  [0.5, -1],
  [2, 0.25],
];
const model = (options: c.PenaltyOptions) =>
  c.penalized(c.sequential(c.linear(2, 2, { weight, bias: [0.5, -0.5] }), c.tanh()), options);
const data = {
  inputs: [
    [1, 0.5],
    [-0.5, 2],
  ],
  targets: [
    [0, 1],
    [0.5, -0.5],
  ],
};

/** The parameters after a step, and the loss that it reports. */
async function stepped(layer: c.Layer, backend: "interpreter" | "wasm") {
  const t = c.trainer(layer, {
    loss: c.meanSquaredError,
    optimizer: c.sgd({ learningRate: 0.1 }),
    dtype: "f64",
    backend,
  });
  const before = t.evaluate(data).loss;
  const { epochs } = await t.fit(data, { epochs: 1 });
  const values = [...t.snapshot()].flatMap(([, v]) => Array.from(v));
  return { values, loss: epochs[0]!.loss, before, trainer: t };
}

/** E + penalties, as a function of the weight and the bias. */
const byHand = (penalty: (w: c.Tensor, b: c.Tensor, y: c.Tensor) => c.Tensor) => {
  const [x, t] = [data.inputs, data.targets].map((v) => c.tensor(v, { dtype: "f64" }));
  const [w, b] = [c.tensor(weight, { dtype: "f64" }), c.tensor([0.5, -0.5], { dtype: "f64" })];
  const f = ([w, b]: readonly c.Tensor[]) => {
    const y = x!.matmul(w!.transpose()).add(b!).tanh();
    return c.meanSquaredError(y, t!).add(penalty(w!, b!, y));
  };
  const gradients = c.grad(f)([w, b]) as c.Tensor[];
  const after = [w, b].map((p, k) => p.sub(gradients[k]!.mul(0.1)));
  return after.flatMap((p) => [...p.dataSync()]);
};

test.each<[string, c.PenaltyOptions, Parameters<typeof byHand>[0]]>([
  ["l2 of the weights", { l2: 0.3 }, (w) => w.square().sum().mul(0.3)],
  ["l1", { l1: 0.2 }, (w) => w.abs().sum().mul(0.2)],
  [
    "both, of biases too",
    { l1: 0.2, l2: 0.3, parameters: /./ },
    (w, b) =>
      w
        .abs()
        .sum()
        .add(b.abs().sum())
        .mul(0.2)
        .add(w.square().sum().add(b.square().sum()).mul(0.3)),
  ],
  [
    "outputs",
    { outputs: { l1: 0.4, l2: 0.1 } },
    (_w, _b, y) => y.abs().sum().mul(0.4).add(y.square().sum().mul(0.1)).div(2),
  ],
])("%s", async (_, options, penalty) => {
  for (const backend of ["interpreter", "wasm"] as const) {
    const found = await stepped(model(options), backend);
    expectClose(found.values, byHand(penalty), { relative: 1e-12, absolute: 1e-13 });
    // What is reported is the error alone.
    expect(found.loss).toBeCloseTo(found.before, 13);
  }
});

test("a penalty inside of a model is about the layer that has it", async () => {
  const inner = c.penalized(c.linear(2, 2, { weight, bias: [0.5, -0.5] }), { l2: 0.3 });
  const { values } = await stepped(c.sequential(inner, c.tanh()), "wasm");
  const whole = await stepped(model({ l2: 0.3 }), "wasm");
  expectClose(values, whole.values, { relative: 1e-14 });
});

test.each([
  ["one example", { inputs: [[1, 0.5]], targets: [[0, 1]] }],
  ["a batch", data],
])("what is explained is what is trained, of %s", async (_, given) => {
  const t = c.trainer(model({ l2: 0.3 }), { loss: c.meanSquaredError, optimizer: c.sgd() });
  const derivation = await explain(t, { data: given, parameter: "0.weight[0,1]" });
  const [x, y] = [given.inputs, given.targets].map((rows) => c.tensor(rows, { dtype: "f64" }));
  const bias = c.tensor([0.5, -0.5], { dtype: "f64" });
  const slope = c.grad((w: c.Tensor) =>
    c
      .meanSquaredError(x!.matmul(w.transpose()).add(bias).tanh(), y!)
      .add(w.square().sum().mul(0.3)),
  )(c.tensor(weight, { dtype: "f64" })) as c.Tensor;
  const found = slope.dataSync()[1]!;
  expect(derivation.toText()).toContain(found.toPrecision(9).replace("-", "−"));
});

test("what cannot be penalized is an error", () => {
  const { linear, penalized, tanh } = c;
  failure("bad-argument", () => penalized(linear(2, 2), {}));
  failure("bad-argument", () => penalized(linear(2, 2), { l2: -1 }));
  failure("bad-argument", () => penalized(tanh(), { l2: 1 }));
  failure("bad-argument", () => penalized(linear(2, 2), { l2: 1, parameters: /nothing/ }));
  failure("bad-argument", () => penalized(linear(2, 2), { outputs: { l1: Number.NaN } }));
  failure("bad-argument", () => penalized((() => 0) as never, { l2: 1 }));
});

test("losses of parts, with weights", () => {
  const { combinedLoss, crossEntropy, meanAbsoluteError, meanSquaredError } = c;
  const output = c.tensor([[1, 2, 0.5, 3]], { dtype: "f64" });
  const target = c.tensor([[1, 2.5]], { dtype: "f64" });
  const both = combinedLoss([
    { loss: crossEntropy, outputs: [0, 3], targets: [0, 1] },
    { loss: meanSquaredError, outputs: [3, 4], targets: [1, 2], weight: 4 },
  ]);
  const logits = c.tensor([[1, 2, 0.5]], { dtype: "f64" });
  const kind = crossEntropy(logits, c.tensor([1], { dtype: "i32" })).item();
  expect(both(output, target).item()).toBeCloseTo(kind + 1, 13);
  const two = combinedLoss([{ loss: meanSquaredError }, { loss: meanAbsoluteError, weight: 0.5 }]);
  const [a, b] = [c.tensor([1, 3]), c.tensor([0, 0])];
  expect(two(a, b).item()).toBe(5 + 1);
  expect(evaluate([two(a, b)])[0]!.item()).toBe(6);
  failure("bad-argument", () => combinedLoss([]));
  failure("bad-argument", () => combinedLoss([{ loss: 3 as never }]));
  failure("bad-argument", () => combinedLoss([{ loss: meanSquaredError, weight: -1 }]));
  const wide = combinedLoss([{ loss: meanSquaredError, outputs: [0, 5] }]);
  expect(failure("bad-argument", () => wide(output, target)).expected).toContain("[0, 4]");
});

test("outputs of layers inside, by their path", () => {
  const inner = c.sequential(c.linear(2, 2, { weight, bias: 0 }), c.tanh());
  const model = c.sequential(inner, c.linear(2, 1));
  const own = c.penalized(model, { outputs: { l2: 0.5 }, layers: /^0\.0$/ });
  const values = c.initialValues(own, { seed: 0, dtype: "f64" }).parameters;
  const x = c.tensor(data.inputs, { dtype: "f64" });
  const terms: number[] = [];
  const penalize = (term: c.Tensor) => void terms.push(term.item());
  own.apply(x, values, { training: true, path: "3", penalize });
  const y = x.matmul(c.tensor(weight, { dtype: "f64" }).transpose());
  // Sums of four terms in another order: 1e-14.
  expectClose(terms, [(0.5 * y.square().sum().item()) / 2], { relative: 1e-14 });
  for (const options of [
    { outputs: { l2: 0.5 }, layers: /^7/ },
    { l2: 0.5, layers: /^0/ },
  ]) {
    const error = failure("bad-argument", () => c.penalized(model, options));
    expect(error.message).toContain("no outputs of such layers");
  }
});
