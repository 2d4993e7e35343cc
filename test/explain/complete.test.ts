/** A derivation can be recomputed from itself: what its formulas use stands in it with its value. */
import { describe, expect, it } from "vitest";
import { entry } from "../../src/core/at.ts";
import type { DerivationData } from "../../src/explain/derivation.ts";
import type { Formula } from "../../src/explain/engine/expr.ts";
import { explain, parseExpression } from "../../src/explain/index.ts";
import type { ExplainOptions } from "../../src/explain/options.ts";
import * as nn from "../../src/nn/index.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { adam, sgd } from "../../src/optim/index.ts";
import { trainer } from "../../src/train/trainer.ts";
import "../support/backend.ts";

const symbolsOf = (e: Formula): string[] =>
  e.kind === "symbol" ? [e.name] : "args" in e ? e.args.flatMap(symbolsOf) : [];

/** What the last formula of a step uses, and no step gives and no table or sentence states. */
function unstated(d: DerivationData, text: string): string[] {
  const results = d.steps.flatMap(({ result, value }) =>
    result?.kind === "symbol" && value !== undefined ? [result.name] : [],
  );
  const cells = d.steps.flatMap(({ table }) => table?.rows.flat() ?? []);
  const known = new Set([
    ...results,
    ...cells.flatMap((c) =>
      typeof c === "object" && "kind" in c && c.kind === "symbol" ? [c.name] : [],
    ),
  ]);
  const used = d.steps.flatMap(({ expression, value, section }) =>
    value === undefined || section === "check" ? [] : symbolsOf(expression.at(-1)!),
  );
  return [...new Set(used)].filter((name) => {
    const own = entry(new Map(Object.entries(d.symbols)), name);
    // "η = 0.5", "β₁ is 0.9", or the share of an example, which stands in its row.
    const says = [" = ", " is "].some((is) => text.includes(own.text + is));
    return !known.has(name) && !says && !/^g⁽/.test(own.text);
  });
}

const rows = (n: number, width: number, by = 1) =>
  Array.from({ length: n }, (_, i) =>
    Array.from({ length: width }, (_, k) => ((i * 7 + k * 3) % 10) / (10 * by)),
  );
const labels = (n: number, of: number) => Array.from({ length: n }, (_, i) => i % of);
const named = (n: number) => Array.from({ length: n }, (_, i) => `c${i}`);
const networks = {
  "a batch, several outputs": {
    model: nn.sequential(nn.linear(3, 4), nn.tanh(), nn.linear(4, 2), nn.sigmoid()),
    loss: nn.meanSquaredError,
    data: { inputs: rows(5, 3), targets: rows(5, 2, 2) },
  },
  "many outputs": {
    model: nn.sequential(nn.linear(2, 3), nn.sigmoid(), nn.linear(3, 30)),
    loss: nn.halfSquaredError,
    data: { inputs: rows(1, 2), targets: rows(1, 30) },
  },
  "wide, ten classes, more examples than are listed": {
    model: nn.sequential(nn.linear(14, 20), nn.relu(), nn.linear(20, 10)),
    loss: nn.crossEntropy,
    data: { inputs: rows(40, 14), targets: labels(40, 10), classes: named(10) },
  },
  "Adam, a norm over the batch": {
    model: nn.sequential(nn.linear(2, 3), nn.batchNorm1d(3), nn.relu(), nn.linear(3, 1)),
    loss: nn.meanSquaredError,
    data: { inputs: rows(4, 2), targets: rows(4, 1) },
    optimizer: adam(),
  },
} as const;

describe("networks", () => {
  for (const [name, { model, loss, data, ...more }] of Object.entries(networks)) {
    it.each([{}, { all: true }, { level: "every-step" }] as ExplainOptions[])(
      `${name} %j`,
      async (how) => {
        if (how.all && name !== "Adam, a norm over the batch") return;
        const optimizer = "optimizer" in more ? more.optimizer : sgd({ learningRate: 0.1 });
        const t = trainer(model as nn.Layer, {
          loss: loss as never,
          optimizer,
          seed: 1,
          dtype: "f64",
        });
        const d = await explain(t, { data: data as never, ...how });
        expect(d.data.passed).toBe(true);
        expect(unstated(d.data, d.toText())).toEqual([]);
      },
    );
  }

  it("lists every example of a batch, and keeps the terms of the loss", async () => {
    const { model, loss, data } = networks["a batch, several outputs"];
    const t = trainer(model, { loss, optimizer: sgd(), seed: 1, dtype: "f64" });
    const text = (await explain(t, { data, notation: "net-out" })).toText({ width: 500 });
    for (const [i, row] of [...data.inputs].entries()) {
      const line = [i + 1, ...row, ...data.targets[i]!].join(" +").replaceAll(".", "\\.");
      expect(text).toMatch(new RegExp(` ${line} *\n`));
    }
    expect(text).toContain("E_o1 = (out_o1 − T1)²; the other terms likewise");
    expect(text).toMatch(/ E = 0\.1\(E_o1 \+ E_o2 \+ E_o1⁽²⁾ .* \+ E_o2⁽⁵⁾\)/);
    expect(text).not.toContain("terms together");
  });

  it("states the loss of labels as −ln p", async () => {
    const model = nn.sequential(nn.linear(2, 3));
    const data = { inputs: [[1, 2]], targets: [1], classes: named(3) };
    const t = trainer(model, { loss: nn.crossEntropy, optimizer: sgd(), seed: 1, dtype: "f64" });
    expect((await explain(t, { data })).toText({ width: 300 })).toContain(
      "E = −ln(p₂), with p₂ = e^(z¹₂) / (e^(z¹₁) + e^(z¹₂) + e^(z¹₃))",
    );
  });
});

describe("functions", () => {
  const inputs = {
    x: tensor([[0.5, 0.2]], { dtype: "f64" }),
    W: tensor([[2], [1]], { dtype: "f64" }),
  };
  it("state their text, their formula and their numbers", async () => {
    const f = parseExpression("sum((x @ W)^2) / 3");
    const d = await explain(f, { inputs, parameter: "W[1,0]" });
    const text = d.toText({ width: 200 });
    expect(text).toContain("sum((x @ W)^2) / 3");
    expect(text).toContain("E = (x[0,0] · W[0,0] + x[0,1] · W[1,0])² / 3");
    expect(text).toMatch(/Given numbers:[\s\S]*x\[0,1\] +0\.2 .*W\[1,0\] +1/);
    expect(unstated(d.data, text)).toEqual([]);
  });
  it("are said to be steps where the formula would be long", async () => {
    const x = tensor(rows(1, 40)[0]!, { dtype: "f64" });
    const d = await explain((x) => x.exp().mul(x.sin()).sum(), { inputs: { x } });
    const text = d.toText({ width: 200 });
    expect(text).toContain("E is computed in the steps of the forward pass");
    expect(unstated(d.data, text)).toEqual([]);
  });
});
