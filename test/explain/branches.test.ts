/** Where a quantity acts through several others: the chain rule as a sum over the paths, in symbols. */
import { expect, it } from "vitest";
import { evaluateFormula } from "../../src/explain/engine/expr.ts";
import { type Derivation, explain } from "../../src/explain/index.ts";
import * as nn from "../../src/nn/index.ts";
import { scalar, tensor } from "../../src/ops/leaf.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { trainer } from "../../src/train/trainer.ts";
import "../support/backend.ts";

const network = (...widths: number[]) =>
  trainer(
    nn.sequential(
      ...(widths
        .slice(1)
        .flatMap((n, l) => [nn.linear(widths[l]!, n), nn.sigmoid()]) as unknown as [nn.Layer]),
    ) as nn.Layer,
    { loss: nn.halfSquaredError, optimizer: sgd({ learningRate: 0.5 }), seed: 1, dtype: "f64" },
  );

/** The chain rule's formulas, each held against the value of what it stands for. */
function chain({ data }: Derivation): string[] {
  const { symbols, operators, steps } = data;
  const valueOf = (name: string) => symbols[name]?.value ?? Number.NaN;
  const text = (name: string) => symbols[name]!.text;
  return steps.flatMap(({ section, result, expression }) => {
    if (section !== "chain" || result?.kind !== "symbol") return [];
    const right = valueOf(result.name);
    for (const form of expression) {
      const value = evaluateFormula(form, valueOf, operators);
      expect(Math.abs(value - right), text(result.name)).toBeLessThan(1e-14 * Math.abs(right));
    }
    return [text(result.name)];
  });
}

const data = { inputs: [[0.05, 0.1]], targets: [[0.01, 0.99]] };

it("a hidden weight acts through both outputs, and each factor is derived", async () => {
  const d = await explain(network(2, 2, 2), { data, parameter: "w1", notation: "net-out" });
  expect(d.data.passed).toBe(true);
  expect(chain(d)).toEqual([
    "∂E/∂w1",
    "∂E/∂out_h1",
    "∂E_o1/∂out_h1",
    "∂E_o2/∂out_h1",
    "∂E_o1/∂net_o1",
    "∂E_o2/∂net_o2",
    "δ_o1",
    "δ_o2",
    "∂E/∂out_h1",
  ]);
  const text = d.toText({ width: 1e9 });
  // The motive, then each split, each factor and each number of the tutorial's page.
  for (const line of [
    "w1 does not stand in E itself: it acts on E through net_h1 and out_h1.",
    "  ∂E/∂out_h1 = ∂E_o1/∂out_h1 + ∂E_o2/∂out_h1\n",
    "  ∂E_o1/∂out_h1 = ∂E_o1/∂net_o1 · ∂net_o1/∂out_h1\n",
    "  ∂E_o2/∂net_o2 = ∂E_o2/∂out_o2 · ∂out_o2/∂net_o2\n",
    "  δ_o1 = ∂E_o1/∂net_o1\n",
    " = 2(T1 − out_o1) · (−1) = −2(T1 − out_o1) = ",
    "  ∂E_o1/∂out_o1 = ∂E_o1/∂u1 · ∂u1/∂out_o1 = −(T1 − out_o1) = ",
    "  ∂E/∂out_o1 = ∂E/∂E_o1 · ∂E_o1/∂out_o1 = ",
    "  ∂E/∂out_o2 = ∂E_o2/∂out_o2 = −(T2 − out_o2) = ",
    "  ∂E/∂out_h1 = ∂E_o1/∂out_h1 + ∂E_o2/∂out_h1 = ",
  ])
    expect(text).toContain(line);
  expect(text).toMatch(/ {2}∂E_o1\/∂out_h1 = δ_o1 · w5 = .*\n {2}∂E_o2\/∂out_h1 = δ_o2 · w7 = /);
  expect(text).toContain("  ∂E/∂out_h1 = δ_o1 · ∂net_o1/∂out_h1 + δ_o2 · ∂net_o2/∂out_h1\n");
  expect(text).toMatch(/ {2}∂net_o1\/∂out_h1 = w5 = .*\n {2}∂net_o2\/∂out_h1 = w7 = /);
});

it("is said once where all parameters are explained, for the one that stands for its kind", async () => {
  const d = await explain(network(2, 2, 2), { data, all: true, notation: "net-out" });
  const found = chain(d).filter((name) => name.includes("out_h"));
  expect(found).toEqual(["∂E", "∂E_o1", "∂E_o2", "∂E"].map((of) => `${of}/∂out_h1`));
  const every = { data, all: true, notation: "net-out", level: "every-step" } as const;
  const each = chain(await explain(network(2, 2, 2), every)).filter((name) => /out_h/.test(name));
  expect(each).toEqual(found);
});

it("a mean of the terms splits the gradients behind instead", async () => {
  const t = trainer(nn.sequential(nn.linear(2, 2), nn.sigmoid(), nn.linear(2, 2), nn.tanh()), {
    ...{ loss: nn.meanSquaredError, optimizer: sgd(), seed: 1, dtype: "f64" },
  });
  const d = await explain(t, { data, parameter: "w1", notation: "net-out" });
  expect(d.data.passed).toBe(true);
  expect(chain(d)).toEqual(["∂E/∂w1", "∂E/∂out_h1", "δ_o1", "δ_o2"]);
  expect(d.toText({ width: 1e9 })).toContain("  δ_o2 = ∂E/∂out_o2 · ∂out_o2/∂net_o2\n");
});

it("a function's argument that is used several times acts through each use", async () => {
  const d = await explain(
    (w) => {
      let h = scalar(0.5, "f64");
      for (let i = 0; i < 3; i++) h = w.mul(h).add(0.5).tanh();
      return h;
    },
    { inputs: { w: tensor(0.7, { dtype: "f64" }) } },
  );
  expect(chain(d)).toEqual(["∂E/∂w"]);
  const text = d.toText({ width: 1e9 });
  expect(text).toContain("  ∂E/∂w = ∂E/∂u1 · ∂u1/∂w + ∂E/∂u4 · ∂u4/∂w + ∂E/∂u7 · ∂u7/∂w\n");
  expect(text).toContain("  ∂u4/∂w = u3 = ");
});

it("states the recursion of a deep network once", async () => {
  const d = await explain(network(2, 3, 3, 3, 2), { data, parameter: "0.weight[0,1]" });
  expect(d.data.passed).toBe(true);
  chain(d);
  const words = d.toText({ width: 1e9 }).split("δˡ = (Wˡ⁺¹)ᵀ δˡ⁺¹ ⊙ f′(zˡ)");
  expect(words).toHaveLength(2);
  const shallow = await explain(network(2, 2, 2), { data });
  expect(shallow.toText({ width: 1e9 })).not.toContain("⊙");
});
