/** Kernels that differ in nothing but where their buffers lie, in numbers, and in lines. */
import "../support/backend.ts";
import { expect, test } from "vitest";
import { likenesses as likenessesOf } from "../../src/compile/alike.ts";
import { compileProgram } from "../../src/compile/index.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { input } from "../../src/ops/leaf.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { pad } from "../../src/ops/padding.ts";

/** The likenesses of the kernels of one output each. */
function likenesses(inputs: readonly Tensor[], outputs: readonly Tensor[]) {
  const { kernels } = compileProgram({ inputs, outputs });
  expect(kernels).toHaveLength(outputs.length);
  const likeness = likenessesOf();
  return kernels.flatMap((kernel) => (kernel.loop === "repeat" ? [] : [likeness(kernel)]));
}

const x = input("x", [6, 4], "f32");
const y = input("y", [6, 4], "f32");
const n = input("n", [6, 4], "i32");

/** Rows 1 … of an array, so many zeros before them, and as many rows in all as before. */
const padded = (t: Tensor, rows: number): Tensor =>
  pad(t.slice({ end: [3] }), { before: [rows, 0], after: [3 - rows, 0] });

test.each<[string, Tensor, Tensor]>([
  ["other buffers", x.exp(), y.exp()],
  ["other numbers", x.mul(2).exp(), y.mul(3).exp()],
  ["other whole numbers", n.mul(2), n.mul(3)],
  ["other parts of a buffer", x.slice({ end: [3] }).exp(), x.slice({ start: [3] }).exp()],
  ["another place of sums", x.sum({ axis: [1] }), y.sum({ axis: [1] })],
  ["padding of another width", padded(x, 1).mul(y), padded(x, 2).mul(y)],
])("%s: alike", (_, a, b) => {
  const [p, q] = likenesses([x, y, n], [a, b]);
  expect(p?.key).toBe(q?.key);
  expect(p?.slots.map(({ kind }) => kind)).toEqual(q?.slots.map(({ kind }) => kind));
});

test.each<[string, Tensor, Tensor]>([
  ["another function", x.exp(), x.sin()],
  ["other extents", x.exp(), x.slice({ end: [5] }).exp()],
  ["another type", x.mul(x), n.mul(n)],
  ["another order", x.exp(), x.transpose().exp()],
  ["one buffer for two", x.mul(y), x.mul(x)],
  ["a number in a sum", x.mul(2).sum({ axis: [1] }), x.mul(3).sum({ axis: [1] })],
  ["a sum along another axis", matmul(x, y.transpose()), matmul(x.transpose(), y)],
])("%s: not alike", (_, a, b) => {
  const [p, q] = likenesses([x, y, n], [a, b]);
  expect(p?.key).not.toBe(q?.key);
});
