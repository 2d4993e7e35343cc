/** Index and matrix form: every printed matrix recomputed from the others, in all formats. */
import katex from "katex";
import { describe, expect, it } from "vitest";
import type { DerivationData } from "../../src/explain/derivation.ts";
import type { Formula, Matrix } from "../../src/explain/engine/expr.ts";
import { type ExplainOptions, explain } from "../../src/explain/index.ts";
import { tensor } from "../../src/index.ts";
import * as nn from "../../src/nn/index.ts";
import { adam } from "../../src/optim/index.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { trainer } from "../../src/train/trainer.ts";
import { seedData, seedNetwork } from "./networks.ts";

const { linear, sequential } = nn;
type Rows = number[][];

const sizeOf = (m: Rows) => [m.length, m[0]?.length ?? 0] as const;
function multiply(a: Rows, b: Rows): Rows {
  expect(sizeOf(a)[1]).toBe(sizeOf(b)[0]);
  return a.map((row) => b[0]!.map((_, j) => row.reduce((s, x, k) => s + x * b[k]![j]!, 0)));
}
const together = (a: Rows, b: Rows, f: (x: number, y: number) => number): Rows => {
  expect(sizeOf(a)).toEqual(sizeOf(b));
  return a.map((row, i) => row.map((x, j) => f(x, b[i]![j]!)));
};

/** What a formula of matrices is, by its symbols' matrices; undefined where that is not known. */
function valueOf(e: Formula, known: ReadonlyMap<string, Rows>): Rows | undefined {
  if (e.kind === "matrix") return e.values.map((row) => [...row]);
  if (e.kind === "symbol") return known.get(e.name);
  if (!("args" in e)) return undefined;
  const args = e.args.map((a) => valueOf(a, known));
  if (args.some((a) => a === undefined)) return undefined;
  const all = args as Rows[];
  if (e.kind === "sum") return all.reduce((a, b) => together(a, b, (x, y) => x + y));
  if (e.kind === "product") return all.reduce(multiply);
  if (e.kind !== "apply") return undefined;
  if (e.op === "matrix/hadamard") return all.reduce((a, b) => together(a, b, (x, y) => x * y));
  if (e.op === "matrix/transpose") return all[0]![0]!.map((_, j) => all[0]!.map((row) => row[j]!));
  return undefined;
}

/** Every equation whose matrices are whole: all of its forms are the same; how many there were. */
function recomputed({ steps }: DerivationData, examples: number): number {
  const known = new Map<string, Rows>([
    ["1ᵀ", [Array.from({ length: examples }, () => 1)]],
    ["1", Array.from({ length: examples }, () => [1])],
  ]);
  let count = 0;
  for (const { result, expression } of steps) {
    const end = expression.at(-1);
    if (result?.kind !== "symbol" || end?.kind !== "matrix") continue;
    const last = valueOf(end, known)!;
    expect(sizeOf(last)).toEqual(end.shape);
    for (const form of expression.slice(0, -1)) {
      const own = valueOf(form, known);
      if (!own) continue;
      count++;
      together(own, last, (x, y) => {
        expect(Math.abs(x - y)).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(x)));
        return 0;
      });
    }
    known.set(result.name, last);
  }
  return count;
}

const networks = {
  "a page's network": { t: seedNetwork(), data: seedData },
  "a batch with softmax": {
    t: trainer(sequential(linear(3, 4), nn.tanh(), linear(4, 3)), {
      ...{ loss: nn.crossEntropy, optimizer: adam({ learningRate: 0.1 }), seed: 3, dtype: "f64" },
    }),
    data: {
      inputs: [
        [1, 0.5, -1],
        [0.2, -0.3, 0.8],
      ],
      targets: [0, 2],
    },
  },
  "three layers, one without activation": {
    t: trainer(
      sequential(
        linear(2, 3, { bias: false }),
        linear(3, 2),
        nn.relu(),
        linear(2, 1),
        nn.sigmoid(),
      ),
      { ...{ loss: nn.binaryCrossEntropy, optimizer: sgd(), seed: 5, dtype: "f64" } },
    ),
    data: {
      inputs: [
        [1, 0.5],
        [0.3, -0.7],
        [0.1, 0.9],
      ],
      targets: [[1], [0], [1]],
    },
  },
  "a softmax of its own, shared biases": {
    t: trainer(sequential(linear(2, 3, { sharedBias: true }), nn.softmax()), {
      ...{ loss: nn.meanSquaredError, optimizer: sgd(), seed: 1, dtype: "f64" },
    }),
    data: { inputs: [[1, 0.5]], targets: [[1, 0, 0]] },
  },
  "an activation of its own": {
    t: trainer(
      sequential(
        linear(2, 2),
        (x: Parameters<typeof nn.crossEntropy>[0]) => x.mul(x.sigmoid()),
        linear(2, 2),
      ),
      { ...{ loss: nn.halfSquaredError, optimizer: sgd(), seed: 1, dtype: "f64" } },
    ),
    data: { inputs: [[1, 0.5]], targets: [[1, 0]] },
  },
} as const;

describe.each(Object.entries(networks))("%s", (_, { t, data }) => {
  const examples = data.inputs.length;
  const of = (more: ExplainOptions) => explain(t, { data, ...more });
  it.each(["matrix", "index"] as const)("gives what training takes, in %s form", async (form) => {
    for (const [name, { shape }] of Object.entries(t.model.parameters).slice(0, 2)) {
      const parameter = name + (shape.length === 0 ? "" : `[${shape.map((n) => n - 1).join()}]`);
      const d = await of({ form, parameter });
      // The check holds the formulas of this form against the training step.
      expect(d.data.passed).toBe(true);
      if (form === "matrix") expect(recomputed(d.data, examples)).toBeGreaterThan(2);
    }
  });

  it.each([
    ["matrix", "canonical", "en"],
    ["matrix", "net-out", "zh"],
    ["matrix", "torch", "en"],
    ["index", "bp", "zh"],
    ["index", "net-out", "en"],
    ["index", "torch", "zh"],
  ] as const)("is printed in %s form, %s, %s", async (form, notation, language) => {
    const d = await of({ form, notation, language, example: examples - 1 });
    expect(d.toText({ width: 80 })).not.toMatch(/undefined|\{\w+\}|NaN|\[object/);
    const math = [...d.toMarkdown().matchAll(/```math\n([\s\S]*?)\n```/g)].map((m) => m[1]!);
    expect(math.length).toBeGreaterThan(10);
    for (const tex of math) {
      const options = { strict: "error", displayMode: true } as const;
      expect(() => katex.renderToString(tex, options), tex).not.toThrow();
    }
    expect(d.toHtml()).not.toMatch(/undefined|\\[a-z]/);
  });

  it("is explained for all parameters, each matrix once", async () => {
    const d = await of({ form: "matrix", all: true, sections: ["substitution"] });
    expect(d.data.passed).toBe(true);
    const wholes = d.data.steps.flatMap(({ section, result, expression }) =>
      section === "substitution" &&
      expression.at(-1)?.kind === "matrix" &&
      result?.kind === "symbol"
        ? result.name
        : [],
    );
    expect(new Set(wholes).size).toBe(wholes.length);
  });
});

describe("matrices", () => {
  it("stand in boxes in the terminal, with a check of their shapes", async () => {
    const options = { data: seedData, parameter: "w1", notation: "net-out", digits: 6 } as const;
    const d = await explain(seedNetwork(), { ...options, form: "matrix" });
    expect(d.toText()).toContain(`Shapes: (2×1) · (1×2) → (2×2); the inner numbers agree, 1 and 1.
  ∂E/∂W_h = δ_h · xᵀ
          = ⎡0.00877135⎤ · [0.05  0.1]
            ⎣0.00995425⎦
          = ⎡0.000438568  0.000877135⎤
            ⎣0.000497713  0.000995425⎦`);
    expect(d.toLatex()).toContain(
      "\\left[\\begin{matrix}0.4 & 0.5 \\\\ 0.45 & 0.55\\end{matrix}\\right]",
    );
    expect(d.toHtml()).toContain("<mtable");
  });

  it("that are large show the rows and columns that matter", async () => {
    const t = trainer(sequential(linear(20, 9), nn.tanh(), linear(9, 1)), {
      ...{ loss: nn.meanSquaredError, optimizer: sgd(), seed: 1, dtype: "f64" },
    });
    const inputs = [Array.from({ length: 20 }, (_, i) => i / 20)];
    const data = { inputs, targets: [[1]] };
    const d = await explain(t, { data, parameter: "0.weight[4,7]", form: "matrix" });
    const found = d.data.steps.flatMap(({ expression }) =>
      expression.filter((e): e is Matrix => e.kind === "matrix" && e.shape.join() === "9,20"),
    );
    for (const { rows, columns } of found) {
      expect(rows).toEqual([0, 1, 4, 7, 8]);
      expect(columns).toEqual([0, 1, 4, 7, 19]);
    }
    expect(found.length).toBe(2);
    expect(d.toText({ width: 200 })).toMatch(/⋯ .* ⋯ .* ⋯/);
    expect(d.data.passed).toBe(true);
  });

  it("are for dense layers", async () => {
    const conv = trainer(sequential(nn.conv2d(1, 1, 2), nn.flatten(), linear(1, 1)), {
      ...{ loss: nn.meanSquaredError, optimizer: sgd(), dtype: "f64" },
    });
    const data = {
      inputs: tensor([
        [
          [
            [1, 2],
            [3, 4],
          ],
        ],
      ]),
      targets: [[1]],
    };
    const attempt = explain(conv, { data, form: "index" });
    await expect(attempt).rejects.toThrow(/index form is for dense.*found +conv2d, layer 0 of/s);
    const normed = trainer(sequential(linear(2, 2), nn.layerNorm([2])), {
      ...{ loss: nn.meanSquaredError, optimizer: sgd(), dtype: "f64" },
    });
    const rows = { inputs: [[1, 2]], targets: [[1, 0]] };
    await expect(explain(normed, { data: rows, form: "matrix" })).rejects.toThrow(
      /found +layerNorm, layer 1 of the model/,
    );
    // What the error says helps.
    expect((await explain(normed, { data: rows, form: "scalar" })).data.passed).toBe(true);
    const late = explain(seedNetwork(), { data: seedData, form: "matrix", update: "sequential" });
    await expect(late).rejects.toThrow(/number by number/);
    await expect(explain(conv, { data, form: "tensor" as never })).rejects.toThrow(/no such form/);
  });
});
