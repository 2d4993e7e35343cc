/** Pass 1: text of a graph in, text of a graph out. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import { simplifyGraph } from "../../src/compile/1-simplify.ts";
import { nodesOf } from "../../src/core/graph.ts";
import { printGraph } from "../../src/core/print.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { verifyGraph } from "../../src/core/verify.ts";
import { customOperator } from "../../src/ops/custom.ts";
import { input, tensor } from "../../src/ops/leaf.ts";
import { logsumexp, mean } from "../../src/ops/reduce.ts";

const x = input("x", [2, 3]);

/** The graph after the pass; the types of its outputs are those from before. */
function simplified(outputs: readonly Tensor[], inputs: readonly Tensor[] = [x]): string {
  const results = simplifyGraph(outputs, new Set(inputs));
  verifyGraph(results);
  const type = ({ dtype, shape }: Tensor) => ({ dtype, shape });
  expect(results.map(type)).toEqual(outputs.map(type));
  return printGraph(results);
}

const size = (outputs: readonly Tensor[]): number =>
  nodesOf(simplifyGraph(outputs, new Set([x]))).length;

test("nodes that compute the same become one", () => {
  const y = x.exp().add(1);
  const z = x.exp().add(1);
  expect(simplified([y.mul(z), z])).toMatchInlineSnapshot(`
    "%0: f32[2, 3] = input() {name="x", shape=[2,3], dtype="f32"}
    %1: f32[2, 3] = exp(%0)
    %2: f32[] = constant() {data=[1], shape=[]}
    %3: f32[2, 3] = broadcastTo(%2) {shape=[2,3]}
    %4: f32[2, 3] = add(%1, %3)
    %5: f32[2, 3] = mul(%4, %4)
    return %5, %4"
  `);
});

test("composites become what they stand for, and share it", () => {
  expect(simplified([mean(x, { axis: 1 }), x.sum({ axis: 1 })])).toMatchInlineSnapshot(`
    "%0: f32[2, 3] = input() {name="x", shape=[2,3], dtype="f32"}
    %1: f32[2] = sum(%0) {axes=[1]}
    %2: f32[] = constant() {data=[0.3333333432674408], shape=[]}
    %3: f32[2] = broadcastTo(%2) {shape=[2]}
    %4: f32[2] = mul(%1, %3)
    return %4, %1"
  `);
  expect(simplified([logsumexp(x, { axis: 1 })])).toMatchInlineSnapshot(`
    "%0: f32[2, 3] = input() {name="x", shape=[2,3], dtype="f32"}
    %1: f32[2] = max(%0) {axes=[1]}
    %2: f32[2] = sub(%1, %1)
    %3: f32[] = constant() {data=[0], shape=[]}
    %4: f32[2] = broadcastTo(%3) {shape=[2]}
    %5: bool[2] = equal(%2, %4)
    %6: f32[2] = where(%5, %1, %4)
    %7: f32[2, 1] = reshape(%6) {shape=[2,1]}
    %8: f32[2, 3] = broadcastTo(%7) {shape=[2,3]}
    %9: f32[2, 3] = sub(%0, %8)
    %10: f32[2, 3] = exp(%9)
    %11: f32[2] = sum(%10) {axes=[1]}
    %12: f32[2] = log(%11)
    %13: f32[2] = add(%12, %6)
    return %13"
  `);
});

test("what nobody needs is left behind", () => {
  x.exp().log();
  expect(simplified([x.neg()])).toMatchInlineSnapshot(`
    "%0: f32[2, 3] = input() {name="x", shape=[2,3], dtype="f32"}
    %1: f32[2, 3] = neg(%0)
    return %1"
  `);
});

test("inputs stay, even where they could be computed", () => {
  const y = x.exp();
  expect(simplified([y.add(x.exp())], [x, y])).toMatchInlineSnapshot(`
    "%0: f32[2, 3] = input() {name="x", shape=[2,3], dtype="f32"}
    %1: f32[2, 3] = exp(%0)
    %2: f32[2, 3] = exp(%0)
    %3: f32[2, 3] = add(%1, %2)
    return %3"
  `);
  expect(simplified([x, x])).toMatchInlineSnapshot(`
    "%0: f32[2, 3] = input() {name="x", shape=[2,3], dtype="f32"}
    return %0, %0"
  `);
});

describe("told apart are", () => {
  const custom = (f: (t: Tensor) => Tensor) =>
    customOperator({ name: "mine", forward: f, backward: (g) => [g] })(x);
  test.each<[string, Tensor, Tensor]>([
    ["attributes", x.sum({ axis: 0 }), x.sum({ axis: 1 })],
    ["the order of operands", x.sub(1), tensor(1).sub(x)],
    ["0 and −0 as attributes", x.clamp({ min: 0 }), x.clamp({ min: -0 })],
    ["0 and −0 as numbers", x.mul(tensor(0)), x.mul(tensor(-0))],
    ["element types", x.add(tensor(1)), x.add(tensor(1, { dtype: "i32" })).cast("f64")],
    ["operators of one name", custom((t) => t.exp()), custom((t) => t.sin())],
  ])("%s", (_, a, b) => {
    const [p, q] = simplifyGraph([a, b], new Set([x]));
    expect(p).not.toBe(q);
  });
});

test("numbers are compared by value, arrays by identity", () => {
  expect(size([x.mul(tensor(2)), x.mul(tensor(2))])).toBe(size([x.mul(tensor(2))]));
  const row = tensor([1, 2, 3, 4, 5, 6]).reshape([2, 3]);
  const twin = tensor([1, 2, 3, 4, 5, 6]).reshape([2, 3]);
  expect(size([x.mul(row), x.mul(row)])).toBe(size([x.mul(row)]));
  expect(size([x.mul(row), x.mul(twin)])).toBeGreaterThan(size([x.mul(row)]));
});
