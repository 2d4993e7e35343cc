/** What stands in the loss directly and acts through later quantities, too: penalized weights and outputs. */
import { describe, expect, it } from "vitest";
import type { Step } from "../../src/index.ts";
import * as c from "../../src/index.ts";

function network(penalty: Parameters<typeof c.penalized>[1] = { l2: 0.01, outputs: { l2: 0.1 } }) {
  const first = c.linear(2, 2, {
    weight: [
      [0.1, 0.2],
      [0.3, 0.4],
    ],
    bias: 0,
  });
  const hidden = c.penalized(c.sequential(first, c.tanh()), penalty);
  const model = c.penalized(
    c.sequential(hidden, c.linear(2, 1, { weight: [[0.5, 0.6]], bias: 0.1 })),
    { l2: 0.01, l1: 0.03 },
  );
  const optimizer = c.sgd({ learningRate: 0.5 });
  return c.trainer(model, { loss: c.meanSquaredError, optimizer, seed: 1, dtype: "f64" });
}

const data = { inputs: [[0.3, 1]], targets: [[0.5]] };

describe("a penalized parameter", () => {
  it.each(["full", "every-step", "brief"] as const)(
    "has the derivative of the penalty beside what comes back: %s",
    async (level) => {
      const d = await c.explain(network(), { data, all: true, level });
      expect(d.data.passed).toBe(true);
      const text = d.toText({ width: 200 });
      expect(text).not.toContain("∂E/∂E");
      // No quantity is a summand of itself.
      for (const { result, expression } of d.data.steps) {
        if (result) expect(JSON.stringify(expression)).not.toContain(JSON.stringify(result));
      }
    },
  );

  it("is differentiated as in a textbook, and its paths add up", async () => {
    const t = network({ outputs: { l2: 0.1 } });
    const d = await c.explain(t, { data, parameter: "w^1_11" });
    const text = d.toText({ width: 200 });
    expect(text).toContain("∂E/∂w¹₁₁ = δ¹₁ · x₁ + 0.02 · w¹₁₁ + 0.03 · sign(w¹₁₁)");
    expect(text).toContain("∂E/∂a¹₁ = δ²₁ · w²₁₁ + 0.2 · a¹₁");
    expect(text).toContain("w¹₁₁ stands in E itself, too");
    const table = d.data.steps.find((s: Step) => s.section === "paths")?.table;
    expect(table?.rows.at(-1)).toMatchObject({
      3: { value: expect.closeTo(d.data.gradients[0]!, 12) },
    });
    expect(d.toText({ language: "zh" })).toContain("也直接出现在 E 中");
  });
});

describe("a batch of a penalized model", () => {
  const batch = {
    inputs: [
      [0.3, 1],
      [-0.4, 0.7],
      [0.9, -0.2],
    ],
    targets: [[0.5], [0.1], [-0.3]],
  };

  it.each(["full", "every-step"] as const)(
    "adds the penalty's derivative to the shares of the examples: %s",
    async (level) => {
      const all = await c.explain(network(), { data: batch, all: true, level });
      expect(all.data.passed).toBe(true);
      for (const parameter of ["w^1_11", "w^2_12", "0.0.0.bias[1]"]) {
        const known = Object.keys(network().parameters);
        const name = parameter.includes("bias")
          ? `${known.find((n) => n.endsWith("bias"))}[1]`
          : parameter;
        const d = await c.explain(network(), { data: batch, parameter: name, level });
        expect(d.data.passed).toBe(true);
      }
      const d = await c.explain(network(), { data: batch, parameter: "w^1_11", level });
      const text = d.toText({ width: 200 });
      expect(text).toContain("w¹₁₁ stands in E itself, too");
      const sum = d.data.steps.find((s: Step) => s.section === "batch" && s.kind === "reduce");
      expect(sum?.table?.rows.at(-2)?.[0]).toMatchObject({ key: "penaltyRow" });
      expect(text).toMatch(
        /∂E\/∂w¹₁₁ = g⁽¹⁾ \+ g⁽²⁾ \+ g⁽³⁾ \+ 0\.02 · w¹₁₁ \+ 0\.03 · sign\(w¹₁₁\)/,
      );
      expect(d.toText({ language: "zh" })).toContain("惩罚项");
    },
  );

  it("says so where no example uses what is penalized", async () => {
    const words = c.penalized(c.embedding(4, 2), { l2: 0.1, parameters: /weight/ });
    const t = c.trainer(c.sequential(words, c.flatten(), c.linear(4, 1)), {
      ...{ loss: c.meanSquaredError, optimizer: c.sgd(), seed: 1, dtype: "f64" },
    } as never);
    const inputs = c.tensor([[0, 1], [1, 0]]); // biome-ignore format: rows
    const d = await c.explain(t as never, {
      data: { inputs, targets: [[1], [0]] } as never,
      parameter: "0.weight[3,1]",
    });
    expect(d.data.passed).toBe(true);
    expect(d.toText()).toContain("by the penalty alone");
  });
});
