/** Axes that become two, so that every place is linear: the same elements in the same order. */
import "../support/backend.ts";
import { expect, test } from "vitest";
import { runOnce } from "../../src/backends/interpreter/index.ts";
import { linearForm } from "../../src/compile/affine.ts";
import { coalesce } from "../../src/compile/coalesce.ts";
import { compileProgram } from "../../src/compile/index.ts";
import { type Pieces, piecesOf } from "../../src/compile/pieces.ts";
import type { Kernel } from "../../src/compile/program.ts";
import { formatExpression, subexpressions } from "../../src/core/expression.ts";
import type { Shape } from "../../src/core/shape.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { valueOf } from "../../src/core/values.ts";
import { concatenate } from "../../src/ops/concatenate.ts";
import { input } from "../../src/ops/leaf.ts";
import { exact } from "../backends/wasm/exact.ts";
import { runBy } from "../backends/wasm/run-by.ts";

const x = input("x", [2, 4, 3, 8]);
/** [batch, heads, steps, size] with the heads side by side: [batch, steps, heads · size]. */
const joined = (heads: Tensor): Tensor => heads.transpose([0, 2, 1, 3]).reshape([2, 3, -1]);

function mapOf(y: Tensor): Extract<Kernel, { loop: "map" }> {
  const { kernels } = compileProgram({ inputs: [x], outputs: [y] });
  const kernel = kernels.findLast((k) => k.loop === "map");
  if (kernel?.loop !== "map") throw new Error("no map");
  return kernel;
}

const plain = (pieces: Pieces): { extents: Shape; values: readonly unknown[] }[] => {
  if (pieces.kind === "plain") return [pieces.part];
  return pieces.kind === "loop" ? plain(pieces.each) : pieces.each.flatMap(plain);
};

test("heads side by side are read where each has its own", () => {
  const kernel = mapOf(concatenate([joined(x), joined(x.neg())], -1));
  const places = (k: typeof kernel) =>
    subexpressions(k.stores.map((s) => s.value)).filter((e) => e.kind === "load");
  const { extents } = kernel;
  expect(places(kernel).some((e) => linearForm(e.at, extents) === undefined)).toBe(true);
  expect(plain(piecesOf(kernel)!).map((part) => part.extents)).toEqual([
    [2, 3, 4, 8],
    [2, 3, 4, 8],
  ]);
  // Stored twice in two orders, so that no order suits both.
  const whole = coalesce(mapOf(concatenate([joined(x).neg()]).add(x.reshape([2, 3, 32]))));
  expect(whole.extents).toEqual([2, 3, 4, 8]);
  expect(whole.stores.map((s) => formatExpression(s.value))).toEqual([
    "add(neg(x0[add(add(add(mul(i0, 96), mul(i1, 8)), mul(i2, 24)), i3)]), " +
      "x0[add(add(add(mul(i0, 96), mul(i1, 32)), mul(i2, 8)), i3)])",
  ]);
});

test.each([1, 3])("the same elements with %d threads", async (threads) => {
  const both = concatenate([joined(x), joined(x.mul(2)), x.reshape([2, 3, 32])], -1);
  const across = joined(x)
    .transpose([0, 2, 1])
    .reshape([4, 3, 16])
    .add(x.reshape([4, 3, 16]));
  const graph = { inputs: [x], outputs: [both, across] };
  const values = [valueOf(exact(x.shape, "f32"))];
  const wanted = runOnce(graph, values);
  const found = await runBy(threads, compileProgram(graph), values, { unitWork: 16 });
  expect(found).toEqual(wanted);
});
