/** All parameters at once: from the output, one of each kind in full, the others in tables. */
import { describe, expect, it } from "vitest";
import { explain } from "../../src/explain/index.ts";
import { parseExpression } from "../../src/index.ts";
import * as nn from "../../src/nn/index.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { trainer } from "../../src/train/trainer.ts";
import { seedData, seedNetwork } from "./networks.ts";
import { readBack, readTables } from "./read-back.ts";

describe("all weights of the two-two-two network", async () => {
  const d = await explain(seedNetwork(), { data: seedData, all: true, notation: "net-out" });
  const text = d.toText({ width: 120 });
  it("begin at the output layer", () => {
    expect(d.data.asked).toEqual(["w5", "w6", "w7", "w8", "w1", "w2", "w3", "w4"]);
    expect(d.data.gradients[0]).toBeCloseTo(0.082167041, 9);
    expect(d.data.gradients[4]).toBeCloseTo(0.000438567734, 12);
    expect(text.indexOf("\nw5\n")).toBeLessThan(text.indexOf("\nw1\n"));
  });
  it("have one worked example for each kind, and a row for each other", () => {
    expect(text.match(/The question/g)).toHaveLength(2);
    for (const row of [
      /w6 +δ_o1 · out_h2 +0\.138498562 × 0\.596884378 +0\.0826676278\n/,
      /w3 +δ_h2 · x1 +0\.00995425471 × 0\.05 +0\.000497712735\n/,
    ])
      expect(text).toMatch(row);
    // Error terms that the rows use are derived.
    expect(text).toContain(" δ_h2 = ∂E/∂out_h2 · ∂out_h2/∂net_h2");
  });
  it("are checked at once, and mistakes stand in one table", () => {
    expect(text.match(/\d+\. Check\n/g)).toHaveLength(1);
    expect(text.match(/\d+\. Common mistakes\n/g)).toHaveLength(1);
    for (const w of d.data.asked ?? [])
      expect(text).toMatch(new RegExp(` ${w} +−?0\\.0\\d+ +agrees +agrees +−?0\\.0\\d+ +agrees`));
    expect(text).toMatch(/the factor ½ of the loss was forgotten +0\.164334081 +0\.000877135469/);
    expect(d.data.passed).toBe(true);
  });
});

it("examples of a batch contribute to each row", async () => {
  const model = nn.sequential(nn.linear(2, 2), nn.tanh(), nn.linear(2, 1));
  const data = {
    inputs: [
      [0.5, 0.1],
      [0.2, 0.8],
    ],
    targets: [[0.2], [0.7]],
  };
  const t = trainer(model, { loss: nn.meanSquaredError, optimizer: sgd(), seed: 1, dtype: "f64" });
  const d = await explain(t, { data, all: true });
  expect(d.data.passed).toBe(true);
  const text = d.toText({ width: 120 });
  expect(text).toContain("what example 1 contributes:");
  const [gradient] = d.data.parameters.flatMap((name, i) =>
    name === "2.weight[0,1]" ? [d.data.gradients[i]!] : [],
  );
  expect(text).toMatch(
    new RegExp(
      `w²₁₂ +δ²₁ · a¹₂ .* ${gradient!.toPrecision(9).replace("-", "−").replace(".", "\\.")}\n`,
    ),
  );
});

it("a kink is said where the check is, for each parameter that it concerns", async () => {
  const model = nn.sequential(nn.linear(2, 2), nn.relu(), nn.linear(2, 1));
  const t = trainer(model, { loss: nn.meanSquaredError, optimizer: sgd(), seed: 1, dtype: "f64" });
  t.setParameters({ "0.weight": Float64Array.of(1, -1, 0.5, 0.5), "0.bias": new Float64Array(2) });
  const d = await explain(t, { data: { inputs: [[1, 1]], targets: [[0]] }, all: true });
  expect(d.data.passed).toBe(true);
  expect(d.toText({ width: 1000 }).match(/not differentiable/g)).toHaveLength(3);
});

describe("one worked example for each kind, at every level and in every form", () => {
  const model = nn.sequential(
    ...[nn.linear(2, 2), nn.tanh(), nn.linear(2, 2), nn.tanh(), nn.linear(2, 1)],
  ) as nn.Layer;
  const data = { inputs: [[0.5, 0.1]], targets: [[0.2]] };
  const t = trainer(model, { loss: nn.meanSquaredError, optimizer: sgd(), seed: 1, dtype: "f64" });
  it.each([
    [{ level: "brief" }, 0, /w¹₂₂ +δ¹₂ · x₂ +/],
    [{ level: "every-step" }, 4, /w¹₂₂ +δ¹₂ · x₂ +/],
    [{ form: "index" }, 4, /w¹₂₂ +δ¹₂ · x₂ +/],
    [{ form: "matrix" }, 4, /w¹₂₂ +δ¹₂ · x₂ +/],
    [{ form: "matrix", level: "brief" }, 0, /w¹₂₂ +δ¹₂ · x₂ +/],
  ] as const)("%j", async (how, questions, row) => {
    const d = await explain(t, { data, all: true, digits: 17, ...how });
    expect(d.data.passed).toBe(true);
    const text = d.toText({ width: 1e9 });
    expect(text.match(/The question\n/g) ?? []).toHaveLength(questions);
    expect(text.match(/come about in the same way:/g)).toHaveLength(3);
    expect(text).toMatch(row);
    // Matrices are read back by forms.test.ts; indices stand for any number.
    const numbers = text.replace(/^.*[ⱼₖₘ].*$/gm, "");
    if (!("form" in how && how.form === "matrix")) readBack(numbers, d.data.symbols, "all");
    expect(readTables(d.data, "all")).toBeGreaterThan(8);
    expect(d.toText({ language: "zh" })).toContain("其余各梯度同理得到");
  });

  it("of a function's argument", async () => {
    const f64 = (values: Parameters<typeof tensor>[0]) => tensor(values, { dtype: "f64" });
    const f = parseExpression("sum((x @ W)^2) + exp(W[0, 0])");
    const inputs = { x: f64([[1, 2]]), W: f64([[0.1], [2]]) };
    const d = await explain(f, { inputs, all: true, digits: 17 });
    expect(d.data.passed).toBe(true);
    const text = d.toText({ width: 1e9 });
    expect(text.match(/The question\n/g)).toHaveLength(2);
    readBack(text, d.data.symbols, "all of a function");
    expect(readTables(d.data, "all of a function")).toBe(4);
  });
});
