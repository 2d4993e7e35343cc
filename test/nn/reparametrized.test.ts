/** Weights that are computed: by direction and length, by their largest gain, beside a matrix of low rank. */
import { describe, expect, test } from "vitest";
import * as c from "../../src/index.ts";
import { failure } from "../support/failure.ts";

const { initialValues, linear, lora, mergeLora, sequential, spectralNorm, tensor, weightNorm } = c;
const inputs = tensor(
  Float64Array.from({ length: 12 }, (_, i) => Math.sin(i * i)),
  { shape: [4, 3] },
);
const data = { inputs, targets: tensor([[1], [0], [-1], [2]], { dtype: "f64" }) };
const train = (model: c.Layer) =>
  c.trainer(model, {
    loss: c.meanSquaredError,
    optimizer: c.sgd({ learningRate: 0.1 }),
    dtype: "f64",
    seed: 3,
  });
const values = (layer: c.Layer, seed = 1) => {
  const { parameters, buffers } = initialValues(layer, { dtype: "f64", seed });
  return { ...parameters, ...buffers } as Record<string, c.Tensor>;
};
const prefixless = (all: object) =>
  Object.fromEntries(Object.entries(all).map(([name, x]) => [name.slice(2), x as c.Tensor]));
const largest = (x: c.Tensor) => x.abs().max().item();

describe("weightNorm", () => {
  test("begins with the length of its direction, wherever it stands", () => {
    for (const axis of [0, 1, null]) {
      const model = sequential(c.tanh(), sequential(weightNorm(linear(3, 2), { axis })));
      const { "1.0.parametrizations.weight.original1": v, "1.0.bias": bias } = values(model);
      const wanted = linear(3, 2).apply(inputs.tanh(), { weight: v!, bias: bias! });
      // A length and a quotient by it, rounded once each.
      expect(largest(model.apply(inputs, values(model)).sub(wanted))).toBeLessThan(1e-15);
    }
  });
  test("trains length and direction; a trainer begins as initialValues says", () => {
    const t = train(weightNorm(linear(3, 1)));
    const before = Object.entries(t.parameters).map(([name, x]) => [name, `${x}`]);
    expect(before).toEqual(
      Object.entries(values(weightNorm(linear(3, 1)), 3)).map(([name, x]) => [name, `${x}`]),
    );
    t.step(data);
    for (const [k, [name, x]] of Object.entries(t.parameters).entries())
      expect([name, `${x}` === before[k]![1]]).toEqual([name, false]);
  });
});

describe("spectralNorm", () => {
  test("begins near the largest gain and comes to it", () => {
    const layer = spectralNorm(
      linear(3, 3, {
        weight: [
          [3, 0, 0],
          [0, 1, 0],
          [0, 0, 2],
        ],
        bias: false,
      }),
    );
    const own = values(layer);
    // 15 steps leave (2/3)³⁰ of the second direction's square.
    const x = c.eye(3, "f64");
    expect(layer.apply(x, own).max().item()).toBeCloseTo(1, 4);
    const t = train(sequential(c.freeze(layer), linear(3, 1)));
    for (let k = 0; k < 30; k++) t.step(data);
    const u = (t.buffers as Record<string, c.Tensor>)["0.parametrizations.weight.0._u"]!;
    // 45 steps in all leave (2/3)⁴⁵ = 1e-8 of the second direction.
    for (const [k, n] of [1, 0, 0].entries()) expect(Math.abs(u.dataSync()[k]!)).toBeCloseTo(n, 7);
    expect(
      layer
        .apply(x, { ...own, ...prefixless(t.buffers) })
        .max()
        .item(),
    ).toBeCloseTo(1, 12);
  });
  test("stays as it is outside of training", () => {
    const t = train(sequential(spectralNorm(linear(3, 3)), linear(3, 1)));
    const before = Object.values(t.buffers).map(String);
    t.evaluate(data);
    expect(Object.values(t.buffers).map(String)).toEqual(before);
    for (let k = 0; k < 9; k++) t.step(data);
    expect(Object.values(t.buffers).map(String)).not.toEqual(before);
  });
});

describe("lora", () => {
  const make = (wrap: (l: c.Layer) => c.Layer) =>
    sequential(...([wrap(linear(3, 4)), c.tanh(), linear(4, 1)] as never[])) as c.Layer;
  test("changes nothing at first, trains what was added, and is merged", async () => {
    const base = train(make((l) => l));
    const t = train(
      c.freeze(
        make((l) => lora(l, 2, { alpha: 3, dropout: 0.2 })),
        /^2/,
      ),
    );
    t.setParameters(base.parameters, { strict: false });
    expect(`${t.predict(inputs)}`).toBe(`${base.predict(inputs)}`);
    await t.fit(data, { epochs: 5, batchSize: 2 });
    const moved = Object.entries(t.parameters).filter(
      ([name, x]) => `${(base.parameters as Record<string, c.Tensor>)[name]}` !== `${x}`,
    );
    expect(moved.map(([name]) => name)).toEqual(["0.lora_A", "0.lora_B"]);
    const merged = mergeLora(t.model, t.parameters);
    expect(Object.keys(merged).sort()).toEqual(Object.keys(base.parameters).sort());
    const other = train(make((l) => l));
    other.setParameters(merged as never);
    // Sums of three products, in another order.
    expect(
      largest(
        tensor(other.predict(inputs).arraySync() as number[][], { dtype: "f64" }).sub(
          t.predict(inputs),
        ),
      ),
    ).toBeLessThan(1e-14);
    expect(largest(t.predict(inputs).sub(base.predict(inputs)))).toBeGreaterThan(1e-3);
  });
  test("with dropout, an image's two ways agree on what is kept", () => {
    const layer = lora(c.conv1d(2, 3, 2, { groups: 1 }), 2, { dropout: 0.5 });
    const own = { ...values(layer), lora_B: c.ones([3, 2], "f64") };
    const x = inputs.reshape([2, 2, 3]);
    const draw = (at: c.Layer) =>
      at.apply(x, own, { training: true, key: tensor([1, 2], { dtype: "i32" }), path: "" });
    const [some, all] = [draw(layer), layer.apply(x, own)];
    expect(largest(some.sub(all))).toBeGreaterThan(1e-3);
    // Nothing dropped: the added weight alone and with the layer's own give the same sum.
    const none = lora(c.conv1d(2, 3, 2), 2, { dropout: 1e-300 });
    expect(largest(draw(none).sub(all))).toBeLessThan(1e-14);
  });
});

test.each<[string, c.Layer, string[]]>([
  [
    "a length",
    weightNorm(linear(3, 2)),
    ["0.parametrizations.weight.original0[1,0]", "0.parametrizations.weight.original1[1,2]"],
  ],
  ["a gain", spectralNorm(linear(3, 2)), ["0.parametrizations.weight.original[1,2]"]],
  ["a matrix of low rank", lora(linear(3, 2), 1), ["0.lora_A[0,1]", "0.lora_B[1,0]"]],
])("%s is explained", async (_, layer, names) => {
  const t = c.trainer(sequential(layer as never, c.tanh(), linear(2, 2)) as c.Layer, {
    loss: c.crossEntropy,
    optimizer: c.sgd({ learningRate: 0.1 }),
    seed: 1,
    dtype: "f64",
  });
  for (const parameter of names) {
    const d = await c.explain(t, {
      data: { inputs, targets: [0, 1, 1, 0] },
      parameter,
      example: 1,
    });
    expect(d.data.passed, d.toText()).toBe(true);
    const { value } = d.data.steps.findLast((s) => s.section === "result" && s.result)!;
    expect(value).toBeCloseTo(d.data.gradients[0]!, 12);
  }
});

test.each<[string, () => unknown, string]>([
  ["no layer", () => weightNorm("linear" as never), "a layer with a weight"],
  ["no weight", () => weightNorm(c.relu()), "a layer that has one"],
  [
    "another name",
    () => weightNorm(c.lstm(2, 3), { name: "weight" }),
    '"weight_ih_l0", "weight_hh_l0"',
  ],
  ["a vector", () => spectralNorm(linear(2, 2), { name: "bias" }), "weight"],
  ["no axis", () => weightNorm(linear(2, 2), { axis: 2 }), "−2 … 1"],
  ["half a step", () => spectralNorm(linear(2, 2), { iterations: 0.5 }), "whole number ≥ 1"],
  ["no epsilon", () => spectralNorm(linear(2, 2), { epsilon: 0 }), "> 0"],
  ["a model", () => lora(sequential(linear(2, 2)), 1), "linear, a convolution or an embedding"],
  ["a rank", () => lora(linear(2, 3), 3), "from 1 to 2"],
  ["no rank", () => lora(linear(2, 3), 0), "whole number ≥ 1"],
  ["alpha", () => lora(linear(2, 3), 1, { alpha: Number.NaN }), "finite"],
  ["dropout", () => lora(linear(2, 3), 1, { dropout: 1 }), "rate < 1"],
  ["a table", () => lora(c.embedding(4, 2), 1, { dropout: 0.5 }), "no dropout"],
  ["nothing to merge", () => mergeLora(lora(linear(2, 3), 1), {}), "lora_A"],
])("%s is refused", (_, call, expected) => {
  const error = failure("bad-argument", call);
  expect(error.expected).toContain(expected);
  expect(error.where).toContain("reparametrized.test.ts");
});
