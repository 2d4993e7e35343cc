/** Graphs as text, the verifier, and graphs that are deep. */
import "../support/backend.ts";
import { expect, test } from "vitest";
import { pushForward } from "../../src/autodiff/forward.ts";
import { gradient } from "../../src/autodiff/gradient.ts";
import {
  apply,
  castExpression,
  type Expression,
  formatExpression,
  index,
  load,
  selectExpression,
} from "../../src/core/expression.ts";
import { nodesOf } from "../../src/core/graph.ts";
import type { Meaning, Op } from "../../src/core/op.ts";
import { printGraph } from "../../src/core/print.ts";
import { node, type Tensor } from "../../src/core/tensor.ts";
import { verifyGraph } from "../../src/core/verify.ts";
import { addOp, mul } from "../../src/ops/arithmetic.ts";
import { input, scalar, tensor, zeros } from "../../src/ops/leaf.ts";
import { randomUniform } from "../../src/ops/random.ts";
import { mean } from "../../src/ops/reduce.ts";
import { failure } from "../support/failure.ts";

test("printGraph lists nodes with their types, inputs first", () => {
  const x = input("x", [2, 3]);
  const y = x
    .matmul(
      tensor([
        [1, 2],
        [3, 4],
        [5, 6],
      ]),
    )
    .add(1)
    .clamp({ min: 0 });
  expect(`\n${printGraph([y.sum(), y])}\n`).toBe(`
%0: f32[2, 3] = input() {name="x", shape=[2,3], dtype="f32"}
%1: f32[3, 2] = constant() {data=[1, 2, 3, 4, 5, 6], shape=[3,2]}
%2: f32[2, 2] = matmul(%0, %1)
%3: f32[] = constant() {data=[1], shape=[]}
%4: f32[2, 2] = broadcastTo(%3) {shape=[2,2]}
%5: f32[2, 2] = add(%2, %4)
%6: f32[2, 2] = clamp(%5) {min=0, max=Infinity}
%7: f32[] = sum(%6) {axes=[0,1]}
return %7, %6
`);
  expect(printGraph([zeros([8]).add(tensor(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8)))])).toContain(
    "data=[1, 2, 3, 4, 5, 6, …]",
  );
});

const expression = (y: Tensor): string => {
  const meaning = y.op.meaning(y.inputs, y, y.attributes) as Extract<Meaning, { loop: "map" }>;
  return formatExpression(meaning.value);
};

test("formatExpression writes what is used twice once", () => {
  const x = input("x", [2, 3]);
  expect(expression(x.square())).toBe("t0 = x0[add(mul(i0, 3), i1)]; mul(t0, t0)");
  expect(expression(x.pad({ before: [0, 1], after: [0, 0], value: 9 }))).toContain(" ? x0[");
  // As a tree, threefry's twenty rounds would have more terms than there are atoms.
  expect(expression(randomUniform(zeros([2], "i32"), [3])).length).toBeLessThan(5000);
});

/** The node, but with something in it changed behind the constructor's back. */
function corrupted(x: Tensor, changes: Partial<Record<keyof Tensor, unknown>>): Tensor {
  const own = Object.entries(changes).map(([key, value]) => [key, { value, enumerable: true }]);
  return Object.create(x, Object.fromEntries(own));
}
/** The node, but with something in its operator's record changed. */
const altered = (x: Tensor, changes: Partial<Op>): Tensor =>
  corrupted(x, { op: { ...x.op, ...changes } });

const [a, b] = [tensor([1, 2, 3]), tensor([4, 5, 6])];
const sum = node(addOp, [a, b], {});
const valued = (value: Expression) => altered(sum, { meaning: () => ({ loop: "map", value }) });
const element = load(0, "f32", index(0));
const short = new Float32Array(2);

test.each<[string, Tensor, string]>([
  ["a wrong shape", corrupted(sum, { shape: [2] }), "its rule says f32[3], it claims f32[2]"],
  ["a wrong type", corrupted(sum, { dtype: "f64" }), "its rule says f32[3], it claims f64[3]"],
  ["a node older than its input", corrupted(sum, { id: a.id }), "an input was made after it"],
  [
    "a constant of another size",
    altered(a, { meaning: () => ({ loop: "leaf", data: short }) }),
    "it holds 2 elements for a shape of 3",
  ],
  ["an index too many", valued(load(0, "f32", index(1))), "it uses index 1 of 1"],
  ["an input too many", valued(load(2, "f32", index(0))), "it loads input 2 as f32"],
  ["an element of another type", valued(load(0, "i32", index(0))), "it loads input 0 as i32"],
  [
    "mixed types",
    valued(apply("add", element, castExpression(element, "f64"))),
    "combines f32 with f64",
  ],
  [
    "a number as condition",
    valued(selectExpression(element, element, element)),
    "it chooses by a number",
  ],
  [
    "a value of another type",
    valued(castExpression(element, "f64")),
    "its value is f64, its type f32",
  ],
  [
    "a composition of another shape",
    altered(sum, { meaning: () => ({ loop: "compose", build: () => mean(a) }) }),
    "its composition gives f32[]",
  ],
])("verifyGraph finds %s", (_, wrong, message) => {
  verifyGraph([sum]);
  for (const outputs of [[wrong], [mul(wrong, 2).sum()]]) {
    const error = failure("invalid-graph", () => verifyGraph(outputs));
    expect(error.message).toContain(message);
    expect(error.where).toContain("graph.test.ts");
  }
});

test("nodesOf lists each node once, inputs first, and stops where it is told to", () => {
  const y = a.mul(a).add(b).mul(a);
  const nodes = nodesOf([y, y]);
  expect(nodes.length).toBe(new Set(nodes).size);
  nodes.forEach((n, i) => {
    for (const x of n.inputs) expect(nodes.indexOf(x)).toBeLessThan(i);
  });
  expect(nodesOf([y], (n) => n === y)).toEqual([y]);
});

test("a chain of 100 000 nodes is evaluated and differentiated, in both modes", () => {
  const [x, factor] = [scalar(2, "f64"), scalar(1 + 1e-5, "f64")];
  const start = performance.now();
  let y = x;
  for (let i = 0; i < 100_000; i++) y = y.mul(factor);
  const expected = (1 + 1e-5) ** 100_000;
  expect(gradient(y, [x])[0]!.item()).toBeCloseTo(expected, 9);
  expect(pushForward([y], [x], [scalar(1, "f64")])[0]!.item()).toBeCloseTo(expected, 9);
  verifyGraph([y]);
  // What is read holds no past, so this comes last.
  expect(y.item() / 2).toBeCloseTo(expected, 9);
  // A walk of quadratic cost would take minutes; this leaves room for a slow machine.
  expect(performance.now() - start).toBeLessThan(40_000);
});
