/** Weights of recurrences, explained through time: the formulas against reverse mode. */
import { describe, expect, it } from "vitest";
import { scan } from "../../src/autodiff/loops/scan.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { explain, gradientReport } from "../../src/explain/index.ts";
import * as nn from "../../src/nn/index.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { trainer } from "../../src/train/trainer.ts";
import "../support/backend.ts";

const f64 = { dtype: "f64" } as const;
const network = (recurrence: nn.Layer, width: number, loss: nn.Loss = nn.crossEntropy) =>
  trainer(nn.sequential(recurrence as nn.Layer<1, number>, nn.linear(width, 2)) as nn.Layer, {
    ...{ loss, optimizer: sgd({ learningRate: 0.1 }), seed: 1 },
    ...f64,
  });
const steps = (...numbers: number[]): Tensor => tensor([numbers.map((x) => [x])], f64);

describe("one weight through time", () => {
  it("is the sum over the steps that read it, worked out by hand", async () => {
    const options = { weight: 0.5, recurrent: 0.8, bias: 0.1, output: "last" } as const;
    const model = nn.sequential(
      nn.rnn(1, 1, options),
      nn.linear(1, 1, { weight: 1, bias: 0 }),
    ) as nn.Layer;
    const t = trainer(model, { loss: nn.halfSquaredError, optimizer: sgd(), ...f64 });
    const data = { inputs: steps(1, 2, -1), targets: [[0.5]] };
    const d = await explain(t, { data, parameter: "0.weight_hh_l0[0,0]" });
    expect(d.data.passed, d.toText()).toBe(true);
    const h: [number, number, number] = [0, 0, 0];
    [1, 2, -1].forEach((x, k) => {
      h[k] = Math.tanh(0.5 * x + 0.2 + 0.8 * (h[k - 1] ?? 0));
    });
    const slope = (k: number) => 1 - h[k]! ** 2;
    const byHand = (h[2] - 0.5) * slope(2) * (h[1] + 0.8 * slope(1) * h[0]);
    expect(d.data.gradients[0]).toBeCloseTo(byHand, 14);
    // Each step's state is read with the same weight.
    const text = d.toText({ width: 1e9 });
    expect(text).toContain(
      "z⁽³⁾₁ = x⁽³⁾₁ · w¹₁₁ + 0.bias_ih_l0[0] + 0.bias_hh_l0[0] + h⁽²⁾₁ · 0.weight_hh_l0[0,0]",
    );
    expect(text).toContain("∂E/∂0.weight_hh_l0[0,0] = δ⁽²⁾₁ · h⁽¹⁾₁ + δ⁽³⁾₁ · h⁽²⁾₁");
    expect(text).toMatch(/the formulas above .* agrees/);
    // The gains from step to step, and their product.
    const gain = (k: number) => Math.abs(0.8 * slope(k));
    const brief = (v: number) => String(Number(v.toPrecision(4)));
    expect(text).toMatch(new RegExp(`^ *2 .* ${brief(gain(2))} +${brief(gain(2))}$`, "m"));
    expect(text).toMatch(new RegExp(`^ *1 .* ${brief(gain(2) * gain(1))}$`, "m"));
    expect(text).toContain("layer 1: trained, two for each unit");
    const notations = { "net-out": "h⁽³⁾_h1", torch: "0.state[2,0]" } as const;
    for (const [notation, name] of Object.entries(notations)) {
      const own = await explain(t, { data, notation: notation as "torch" });
      expect(own.data.passed).toBe(true);
      expect(own.toText({ width: 1e9 })).toContain(`${name} = `);
    }
  });
  it("stands under the derivative of tanh, also at the last step", async () => {
    const model = nn.sequential(nn.rnn(1, 1, { output: "last" }), nn.linear(1, 1)) as nn.Layer;
    const t = trainer(model, { loss: nn.meanSquaredError, optimizer: sgd(), seed: 1, ...f64 });
    const d = await explain(t, { data: { inputs: steps(0.5, -1, 0.8), targets: [[1]] } });
    const text = d.toText({ width: 1e9 });
    const under = text.slice(text.indexOf("The derivative of tanh x is 1 − tanh² x."));
    const slopes = under.split("\n").filter((line) => /^ {2}∂h/.test(line));
    expect(slopes.map((line) => line.trim().split(" ")[0])).toEqual(
      [3, 2, 1].map((k) => `∂h⁽${"⁰¹²³"[k]}⁾₁/∂z⁽${"⁰¹²³"[k]}⁾₁`),
    );
  });
  it.each([
    ["rnn", nn.rnn(1, 2, { output: "last", layers: 2 }), 2, "0.weight_ih_l1[0,1]"],
    ["rnn", nn.rnn(1, 1, { output: "last", bidirectional: true }), 2, "0.bias_hh_l0_reverse[0]"],
    ["gru", nn.gru(1, 1, { output: "last" }), 1, "0.weight_hh_l0[2,0]"],
    ["lstm", nn.lstm(1, 2, { output: "last" }), 2, "0.weight_hh_l0[3,1]"],
    ["lstm", nn.lstm(1, 2, { output: "last", projection: 1 }), 1, "0.weight_hr_l0[0,1]"],
  ] as const)("%s %#", async (_, layer, width, parameter) => {
    const data = { inputs: steps(1, -0.5), targets: [1] };
    const d = await explain(network(layer as nn.Layer, width), { data, parameter });
    expect(d.data.passed, d.toText()).toBe(true);
    const { value } = d.data.steps.findLast((s) => s.section === "result" && s.result)!;
    expect(value).toBeCloseTo(d.data.gradients[0]!, 10);
  });
});

it("many steps: the first and the last are shown, and the gains of all", async () => {
  const model = nn.sequential(
    nn.rnn(1, 1, { weight: 0.5, recurrent: 0.9, bias: 0, output: "last" }),
    nn.linear(1, 1),
  ) as nn.Layer;
  const t = trainer(model, { loss: nn.meanSquaredError, optimizer: sgd(), seed: 1, ...f64 });
  const data = {
    inputs: steps(...Array.from({ length: 12 }, (_, k) => Math.sin(k))),
    targets: [[1]],
  };
  for (const language of ["en", "zh"] as const) {
    const options = { data, language, parameter: "0.weight_hh_l0[0,0]" } as const;
    const d = await explain(t, options);
    expect(d.data.passed).toBe(true);
    const text = d.toText({ width: 1e9 });
    expect(text).toContain(
      language === "en"
        ? "Steps 2 to 10 are computed in the same way."
        : "第 2 步至第 10 步的计算方式相同。",
    );
    expect(text).not.toMatch(/^ {2}h⁽⁵⁾₁ = /m);
    expect(d.data.steps.find((s) => s.section === "ledger")?.table?.rows).toHaveLength(12);
    const whole = await explain(t, { ...options, level: "every-step" });
    expect(whole.toText({ width: 1e9 })).toMatch(/^ {2}h⁽⁵⁾₁ = /m);
  }
});

it("the gains through time are those of all examples", async () => {
  const t = network(nn.gru(1, 2, { output: "last" }) as nn.Layer, 2);
  const rows = [steps(0.5, -1, 2), steps(-2, 0.3, 1)];
  const norms = async (inputs: Tensor, targets: number[]) => {
    const { data } = await explain(t, { data: { inputs, targets }, digits: 12 });
    const table = data.steps.filter((s) => s.section === "ledger").at(-1)?.table;
    return table!.rows.map(([, cell]) => Number((cell as { value: number }).value));
  };
  const [both, first, second] = [
    await norms(tensor([...rows.map((x) => x.reshape([3, 1]).arraySync())], f64), [0, 1]),
    await norms(rows[0]!, [0]),
    await norms(rows[1]!, [1]),
  ];
  expect(both).toHaveLength(3);
  // The loss is the mean of both.
  for (const [i, norm] of both.entries())
    expect(norm).toBeCloseTo(Math.hypot(first[i]!, second[i]!) / 2, 3);
});

it("biases are said to be one for each channel, and two for each sum of a gate", async () => {
  const images = nn.sequential(nn.conv2d(1, 2, 2), nn.flatten(), nn.linear(2, 2)) as nn.Layer;
  const t = trainer(images, { loss: nn.crossEntropy, optimizer: sgd(), seed: 1, ...f64 });
  const one = tensor([[[[1, 2], [3, 4]]]], f64); // biome-ignore format: an image
  const d = await explain(t, { data: { inputs: one, targets: [1] } });
  expect(d.toText({ width: 1e9 })).toContain("layer 1: trained, one for each channel");
  const own = network(nn.gru(1, 2, { output: "last" }) as nn.Layer, 2);
  const gated = await explain(own, { data: { inputs: steps(1, 2), targets: [1] } });
  expect(gated.toText({ width: 1e9 })).toContain("layer 1: trained, two for each sum of each unit");
});

it("a scan of one's own is written out, loops inside of loops as well", async () => {
  const f = (w: Tensor, x: Tensor) => {
    const inner = (c: Tensor, row: Tensor) =>
      scan((d: Tensor, y) => [d.mul(w).add(y), undefined], c, row)[0];
    return scan((c: Tensor, row) => [inner(c, row), undefined], tensor(0, f64), x)[0];
  };
  const rows = tensor(
    [
      [1, 2],
      [3, 4],
    ],
    f64,
  );
  const d = await explain(f, { inputs: { w: tensor(0.5, f64), x: rows }, parameter: "w" });
  expect(d.data.passed, d.toText()).toBe(true);
  // d/dw (w³ + 2w² + 3w + 4)
  expect(d.data.gradients[0]).toBeCloseTo(3 * 0.25 + 4 * 0.5 + 3, 12);
});

it("the gradient report keeps loops as they are, however long", async () => {
  const t = network(nn.gru(1, 2, { output: "last" }) as nn.Layer, 2);
  const long = tensor(
    Float64Array.from({ length: 2_000 }, (_, i) => Math.sin(i)),
    { shape: [1, 2_000, 1] },
  );
  const { layers } = await gradientReport(t, { data: { inputs: long, targets: [0] } });
  expect(layers.map(({ units }) => units)).toEqual([2, 2]);
});
