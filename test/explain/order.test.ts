/** What is chosen by its place in an order, and arguments without numbers. */
import { expect, it } from "vitest";
import type { Tensor } from "../../src/core/tensor.ts";
import { explain } from "../../src/explain/index.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { median, sort } from "../../src/ops/order.ts";
import "../support/backend.ts";

const at = (...x: number[]) => tensor(x, { dtype: "f64" });
const textOf = async (f: (x: Tensor) => Tensor, x: Tensor) => {
  const d = await explain(f, { inputs: { x }, digits: 6 });
  expect(d.data.passed, d.toText()).toBe(true);
  return d.toText({ width: 200 });
};

it("explains a choice by an order, its ties as well", async () => {
  expect(await textOf((x) => median(x), at(5, 1, 3))).toContain("median(x[0], x[1], x[2])");
  // One derivation of both: which stands in the middle is not the same.
  await textOf((x) => median(x).add(median(x.mul(at(1, 4, 1)))), at(5, 1, 3));
  await textOf(
    (x) =>
      sort(x.square())
        .values.mul(at(1, 2, 3))
        .sum(),
    at(3, -1, 2),
  );
  const tied = { inputs: { x: at(1, 1, 3) }, parameter: "x[1]" };
  expect((await explain((x) => median(x), tied)).data.gradients).toEqual([0.5]);
});

it("has nothing to explain in an argument without numbers", async () => {
  const inputs = { none: at(), x: at(2) };
  const text = (await explain((none, x) => none.sum().add(x.sum()), { inputs })).toText();
  expect(text).toContain("∂E/∂x[0] = 1");
  const alone = explain((none) => none.sum(), { inputs: { none: at() } });
  await expect(alone).rejects.toThrow(/nothing here to derive by/);
});
