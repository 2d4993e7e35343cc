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
    expect(d.toText({ width: 1e9 })).toContain("x₃ · w¹₁₁");
    expect(d.toText()).toMatch(/the formulas above .* agrees/);
  });
  it("stands under the derivative of tanh, also at the last step", async () => {
    const model = nn.sequential(nn.rnn(1, 1, { output: "last" }), nn.linear(1, 1)) as nn.Layer;
    const t = trainer(model, { loss: nn.meanSquaredError, optimizer: sgd(), seed: 1, ...f64 });
    const d = await explain(t, { data: { inputs: steps(0.5, -1, 0.8), targets: [[1]] } });
    const text = d.toText({ width: 1e9 });
    expect(text).not.toContain("in another shape");
    const law = "The derivative of tanh x is 1 − tanh² x.\n";
    const after = text.slice(text.indexOf(law) + law.length);
    const under = after.split("\n").filter((line) => !line.startsWith("   "));
    expect(under.slice(0, 3).map((line) => line.slice(2, 9))).toEqual([
      expect.stringContaining("∂u1/∂w"),
      expect.stringContaining("∂u2/∂u1"),
      expect.stringMatching(/^∂rnn/),
    ]);
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
