/** Parameters that the example on show does not use, though others of the batch do. */
import { expect, test } from "vitest";
import { explain } from "../../src/explain/index.ts";
import { embedding } from "../../src/nn/embedding.ts";
import { prelu } from "../../src/nn/gates.ts";
import { linear } from "../../src/nn/linear.ts";
import { crossEntropy } from "../../src/nn/losses.ts";
import { flatten } from "../../src/nn/rearrangement.ts";
import { sequential } from "../../src/nn/sequential.ts";
import { tensor } from "../../src/ops/leaf.ts";
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
