/** Parameters that the example on show does not use, though others of the batch do. */
import { expect, test } from "vitest";
import { explain } from "../../src/explain/index.ts";
import { embedding } from "../../src/nn/embedding.ts";
import { prelu } from "../../src/nn/gates.ts";
import { constantValue } from "../../src/nn/initializers.ts";
import { layer } from "../../src/nn/layer.ts";
import { linear } from "../../src/nn/linear.ts";
import { crossEntropy, halfSquaredError } from "../../src/nn/losses.ts";
import { flatten } from "../../src/nn/rearrangement.ts";
import { sequential } from "../../src/nn/sequential.ts";
import { add, mul } from "../../src/ops/arithmetic.ts";
import { greater, where } from "../../src/ops/compare.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { slice } from "../../src/ops/move.ts";
import "../support/backend.ts";

const words = tensor(
  [
    [0, 1],
    [1, 2],
    [2, 2],
  ],
  { dtype: "i32" },
);
const table = () => sequential(embedding(4, 2), flatten(), linear(4, 2));
const signs = { inputs: [[1], [-1], [-2]], targets: [0, 1, 0] };

test.each([
  ["a row of a table that another example looks up", "0.weight[2,0]", 2],
  ["a row that the example on show alone looks up", "0.weight[0,0]", 1],
  ["a row that both look up", "0.weight[1,1]", 2],
] as const)("%s", async (_, parameter, users) => {
  const data = { inputs: words, targets: [0, 1, 1] };
  const d = await explain(table(), { data, parameter, loss: crossEntropy, seed: 3 });
  expect(d.data.passed, d.toText()).toBe(true);
  const shares = d.data.steps.find((s) => s.section === "batch" && s.table)!.table!.rows;
  const used = shares.slice(0, -1).map((row) => row.at(-1) as { readonly value: number });
  expect(used.filter(({ value }) => value !== 0)).toHaveLength(users);
});

test("a slope of numbers below 0, where the example on show has none", async () => {
  const model = sequential(prelu(), linear(1, 2));
  const d = await explain(model, { data: signs, loss: crossEntropy, seed: 3 });
  expect(d.data.passed, d.toText()).toBe(true);
  expect(d.data.gradients[0]).not.toBe(0);
  expect(d.toText()).toMatch(/Example 1 does not use 0\.weight\[0\]/);
});

test("what no example uses has no influence", async () => {
  const data = { inputs: words, targets: [0, 1, 1] };
  const options = { data, parameter: "0.weight[3,0]", loss: crossEntropy, seed: 3 } as const;
  const d = await explain(table(), options);
  expect(d.data.passed).toBe(true);
  expect(d.toText()).toMatch(/has no influence/);
});

/** q_k = w·x_k where x_k > 0, else 0, each with a name; y = q_0 + 2q_1 + 3q_2, or each goes into the next. */
const gates = (chained: boolean) =>
  layer({
    ...{ name: "gates", inputSize: 3, outputSize: 1 },
    parameters: { w: { shape: [1], initial: constantValue(0.7), frozen: false } },
    apply(x, { w }, { path, observeInner }) {
      const [batch = 1] = x.shape;
      const q: (typeof x)[] = [];
      for (let k = 0; k < 3; k++) {
        const own = slice(x, { start: [0, k], end: [batch, k + 1] });
        const gated = where(greater(own, 0), mul(own, w), 0);
        const before = q.at(-1);
        q.push(chained && before ? add(gated, mul(before, before)) : gated);
        observeInner?.(path, `q${k}`, q[k]!);
      }
      return q.map((t, k) => mul(t, k + 1)).reduce(add);
    },
  });
/** Numbers that open these gates alone. */
const opening = (open: readonly number[]) => [0, 1, 2].map((k) => (open.includes(k) ? 0.5 : -1));
const contributions = async (chained: boolean, both: readonly (readonly number[])[], n: number) => {
  const data = { inputs: both.map(opening), targets: [[0.3], [0.4]] };
  const options = { data, all: true, loss: halfSquaredError, example: n } as const;
  const d = await explain(gates(chained), options);
  expect(d.data.passed, d.toText()).toBe(true);
  const one = await explain(gates(chained), { ...options, all: false, parameter: "w[0]" });
  expect(one.data.passed, one.toText()).toBe(true);
  const { rows } = one.data.steps.find((s) => s.section === "batch" && s.table)!.table!;
  const numbers = rows.map((row) => row.filter((cell) => cell !== "") as { value: number }[]);
  // Where products stand in the rows, they are what is contributed.
  for (const [, g, slope, value] of numbers)
    if (g && slope && value) expect(g.value * slope.value).toBeCloseTo(value.value, 14);
  return { gradient: one.data.gradients[0]!, shares: numbers.map((row) => row.at(-1)!.value) };
};

test.each([
  ["one more gate than the example on show", [0, 1], [0, 1, 2]],
  ["a gate behind that of the example on show", [0], [0, 1]],
  ["a gate before that of the example on show", [1], [0, 1]],
  ["another gate than the example on show", [0], [2]],
  ["a gate that is not the first, the example on show none", [], [1]],
  ["no gate", [0, 1, 2], []],
] as const)("another example opens %s", async (_, own, other) => {
  for (const chained of [false, true]) {
    const found = await contributions(chained, [own, other], 0);
    // Which example is shown does not change what each contributes.
    const turned = await contributions(chained, [own, other], 1);
    expect(turned.gradient).toBe(found.gradient);
    for (const [i, value] of found.shares.entries())
      expect(turned.shares[i]).toBeCloseTo(value, 14);
  }
});

test("other examples contribute to an update layer by layer, too", async () => {
  const data = { inputs: [[0], [0, 1]].map(opening), targets: [[0.3], [0.4]] };
  const options = { data, parameter: "0.w[0]", loss: halfSquaredError } as const;
  const model = () => sequential(gates(true), linear(1, 1));
  const d = await explain(model(), { ...options, update: "sequential", seed: 3 });
  expect(d.data.passed, d.toText()).toBe(true);
});

test("a case that holds for another example alone, by hand", async () => {
  // y = 0.35 + 0.7, and 0.35 + 0.7 + 1.05; E = ½(0.75)² + ½(1.7)².
  const { gradient, shares } = await contributions(
    false,
    [
      [0, 1],
      [0, 1, 2],
    ],
    0,
  );
  const own = 0.75 * 1.5;
  const other = 1.7 * 3;
  expect(gradient).toBeCloseTo(own + other, 14);
  expect(shares).toEqual([other, own, own + other].map((v) => expect.closeTo(v, 14)));
});
