/** What a layer and its parameters are is read off what they say of themselves, not off names. */
import { describe, expect, it } from "vitest";
import "../support/backend.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { mistakes } from "../../src/explain/diagnose/mistakes.ts";
import { traceNetwork } from "../../src/explain/engine/trace.ts";
import { explain, gradientReport } from "../../src/explain/index.ts";
import * as nn from "../../src/nn/index.ts";
import { type Layer, layer } from "../../src/nn/layer.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { trainer } from "../../src/train/trainer.ts";

const f64 = { dtype: "f64", backend: "interpreter" } as const;
const { linear, sequential } = nn;
const data = {
  inputs: [
    [0.5, -1],
    [0.2, 0.7],
  ],
  targets: [
    [0, 1],
    [1, 0],
  ],
};

/** What `linear` is, with other names. */
function mine(inputs: number, outputs: number): Layer {
  const initial = nn.uniform(-1, 1);
  return layer({
    name: "mine",
    kind: "dense",
    inputSize: inputs,
    outputSize: outputs,
    parameters: {
      kernel: { shape: [outputs, inputs], initial, role: "weight", frozen: false },
      offset: { shape: [outputs], initial, role: "bias", frozen: false },
    },
    apply: (x, { kernel, offset }) => x.matmul(kernel.transpose()).add(offset),
  });
}

const given = { weight: nn.uniform(-1, 1), bias: nn.uniform(-1, 1) };
const network = (a: Layer, b: Layer) =>
  trainer(sequential(a, nn.sigmoid(), b, nn.sigmoid()) as Layer, {
    loss: nn.halfSquaredError,
    optimizer: sgd({ learningRate: 0.5 }),
    seed: 2,
    ...f64,
  });
const renamed = (text: string): string =>
  text.replaceAll("kernel", "weight").replaceAll("offset", "bias").replaceAll("mine", "linear");

describe("a dense layer of one's own, whatever its parameters are called", () => {
  const own = network(mine(2, 2), mine(2, 2));
  const known = network(linear(2, 2, given), linear(2, 2, given));

  it.each(["canonical", "net-out", "bp", "torch"] as const)(
    "is derived as linear is, in %s",
    async (notation) => {
      for (const language of ["en", "zh"] as const) {
        const options = { data, notation, language, all: true };
        const a = await explain(own, options);
        const b = await explain(known, options);
        // Lines are broken, and columns are as wide, as the names in them demand.
        const words = (text: string) => renamed(text).replace(/[\s─]+/g, "");
        expect(words(a.toText())).toBe(words(b.toText()));
        expect(renamed(a.toHtml())).toBe(b.toHtml());
        expect(renamed(JSON.stringify(a.data.steps))).toBe(JSON.stringify(b.data.steps));
        expect(a.toSvg()).toBeDefined();
      }
    },
  );

  it("is reported on and diagnosed as linear is", async () => {
    const report = async (t: typeof own) => (await gradientReport(t, { data })).layers;
    expect(await report(own)).toEqual(await report(known));
    expect((await report(own))[0]!.updateRatio).toBeTypeOf("number");
    const causes = (t: typeof own) =>
      mistakes(traceNetwork(t, data)).map(({ cause, after }) => ({ cause, after }));
    expect(causes(own)).toEqual(causes(known));
    expect(JSON.stringify(causes(own))).toContain("m_transpose");
    expect(JSON.stringify(causes(own))).toContain("m_biasFixed");
  });
});

describe("what is not known of a layer is not guessed", () => {
  const plain = layer({
    name: "plain",
    inputSize: 2,
    outputSize: 2,
    parameters: {
      weight: { shape: [2, 2], initial: nn.uniform(-1, 1), frozen: false },
      bias: { shape: [2], initial: nn.uniform(-1, 1), frozen: false },
    },
    apply: (x, { weight, bias }) => x.mul(bias).matmul(weight),
  });
  const t = trainer(sequential(plain, nn.tanh()), {
    loss: nn.halfSquaredError,
    optimizer: sgd(),
    ...f64,
  });

  it("keeps the names of parameters without a role, and draws nothing", async () => {
    const d = await explain(t, { data, parameter: "0.weight[1,0]" });
    const text = d.toText({ width: 200 });
    expect(d.data.passed).toBe(true);
    expect(text).toContain("How does E change when 0.weight[1,0] changes");
    expect(text).toContain("plain¹₁");
    expect(text).not.toMatch(/w¹|b¹|z¹|δ¹/);
    expect(text).not.toContain("δᵀA");
    expect(text).toMatch(/Biases +none/);
    expect(d.data.diagram).toBeUndefined();
  });

  it("gives no ratio of an update to weights, and no mistakes at weights", async () => {
    const { layers } = await gradientReport(t, { data });
    expect(layers).toHaveLength(1);
    expect(layers[0]).not.toHaveProperty("updateRatio");
    const found = JSON.stringify(mistakes(traceNetwork(t, data)).map(({ cause }) => cause));
    expect(found).not.toMatch(/m_onePath|m_transpose|m_gradientForWeight|m_bias/);
  });
});

it("calls the activation a, also behind noise, and the slope of one its own", async () => {
  const noisy = sequential(linear(2, 2), nn.dropout(0.5), nn.tanh(), linear(2, 2));
  const t = trainer(noisy, { loss: nn.halfSquaredError, optimizer: sgd(), seed: 1, ...f64 });
  const text = (await explain(t, { data })).toText({ width: 200 });
  expect(text).toMatch(/^ {2}dropout¹₁ = /m);
  expect(text).toMatch(/^ {2}a¹₁ = tanh\(dropout¹₁\)/m);

  const prelu = layer({
    name: "prelu",
    kind: "activation",
    inputSize: "same",
    outputSize: "same",
    parameters: {
      slope: { shape: [], initial: nn.constantValue(0.25), role: "slope", frozen: false },
    },
    apply: (x, { slope }) => x.relu().add(x.neg().relu().neg().mul(slope)),
  });
  const trained = sequential(linear(2, 2), prelu, linear(2, 2));
  const p = trainer(trained, { loss: nn.halfSquaredError, optimizer: sgd(), seed: 1, ...f64 });
  const derived = await explain(p, { data, all: true });
  expect(derived.data.passed).toBe(true);
  expect(derived.toText({ width: 200 })).toMatch(/^ {2}a¹₁ = /m);
  expect(derived.toText()).toContain("w²₁₁");
});

describe("formulas read aloud", () => {
  const spoken = async (f: (x: Tensor) => Tensor, values: number[][]) => {
    const d = await explain(f, { inputs: { x: tensor(values, { dtype: "f64" }) } });
    return d.data.steps.map((s) => s.spoken);
  };

  it("are put together from what their symbols and operators mean", async () => {
    const said = await spoken((x) => x.square().div(x.add(1)).sum(), [[3, 2]]);
    const en = said.map((s) => s.en).join("\n");
    const zh = said.map((s) => s.zh).join("\n");
    expect(en).toContain("x[0,0] squared");
    expect(zh).toContain("x[0,0] 的平方");
    expect(en).toContain("the derivative of u3[0,0] with respect to u1[0,0]");
    expect(zh).toContain("u3[0,0] 对 u1[0,0] 的偏导数");
    expect(en).toContain(" over ");
    expect(`${en}${zh}`).not.toMatch(/[·×−½²∂⁺]/);
  });

  it("say what is new, and of which example", async () => {
    const t = trainer(sequential(linear(2, 2), nn.sigmoid()), {
      loss: nn.halfSquaredError,
      optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
      ...f64,
    });
    const { steps } = (await explain(t, { data, example: 1 })).data;
    const en = steps.map((s) => s.spoken.en).join("\n");
    expect(en).toContain("w¹₁₁ new equals");
    expect(en).toContain("g of example 2");
    expect(steps.map((s) => s.spoken.zh).join("\n")).toContain("g（第 2 个样本）");
  });
});

it("tells the largest of two numbers from the largest of all", async () => {
  const inputs = { x: tensor([1, 2, 3], { dtype: "f64" }) };
  const d = await explain((x) => x.relu().max(), { inputs, parameter: "x[2]" });
  const error = d.data.steps.find((s) => s.section === "error");
  expect(error?.value).toBe(3);
  expect(d.data.passed).toBe(true);
});
