/** The interpreter as a backend: inputs, outputs, observers, and loops longer than a block. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import { interpreter } from "../../src/backends/interpreter/index.ts";
import type { TypedArray } from "../../src/core/dtype.ts";
import { nodesOf } from "../../src/core/graph.ts";
import { node, type Tensor } from "../../src/core/tensor.ts";
import { negOp } from "../../src/ops/arithmetic.ts";
import { broadcastTo } from "../../src/ops/broadcast.ts";
import { scatterAdd } from "../../src/ops/indexing.ts";
import { input, range, tensor, zeros } from "../../src/ops/leaf.ts";
import { flip, reshape, slice } from "../../src/ops/move.ts";
import { argmax, cumsum, mean } from "../../src/ops/reduce.ts";
import { expectClose } from "../support/close.ts";
import { failure } from "../support/failure.ts";

const [x, w] = [input("x", [2, 2]), input("w", [2])];

test("values go in and come out in the graph's order", () => {
  const sum = x.matmul(w).add(1);
  const run = interpreter.compile({ inputs: [w, x], outputs: [sum, w, sum.neg(), sum] });
  const results = run.run([Float32Array.of(1, 2), Float32Array.of(1, 2, 3, 4)]);
  expect(results).toEqual(
    [
      [6, 12],
      [1, 2],
      [-6, -12],
      [6, 12],
    ].map((v) => Float32Array.from(v)),
  );
  const [again] = run.run([Float32Array.of(0, 1), Float32Array.of(1, 2, 3, 4)]);
  expect(again).toEqual(Float32Array.of(3, 5));
  // As promised, the arrays are those of the first run, overwritten.
  expect(again).toBe(results[0]);
});

test("inputs may be inner nodes, or not matter at all", () => {
  const y = x.sum();
  const run = interpreter.compile({ inputs: [y, w], outputs: [y.mul(2)] });
  expect(run.run([Float32Array.of(5), new Float32Array(2)])[0]).toEqual(Float32Array.of(10));
});

test("an observer sees every node once, inputs first, with its value", () => {
  const y = mean(x.add(tensor([1, 1]))).reshape([1]);
  const seen = new Map<Tensor, TypedArray>();
  const observe = (node: Tensor, value: TypedArray): void => {
    expect(seen.has(node)).toBe(false);
    for (const input of node.inputs) expect(seen.has(input)).toBe(true);
    seen.set(node, value.slice());
  };
  interpreter.compile({ inputs: [x], outputs: [y] }).run([Float32Array.of(1, 2, 3, 4)], observe);
  expect(new Set(seen.keys())).toEqual(new Set(nodesOf([y])));
  expect(seen.get(y)).toEqual(Float32Array.of(3.5));
});

test.each([
  ["nothing", [], "unbound-input", "f32[2]", "nothing"],
  ["too few elements", [new Float32Array(1)], "shape-mismatch", "2 elements for [2]", "1"],
  ["another type", [new Float64Array(2)], "bad-dtype", "f32", "f64"],
] as const)("an input with %s is an error", (_, values, code, expected, found) => {
  const run = interpreter.compile({ inputs: [w], outputs: [w.add(1)] });
  const error = failure(code, () => run.run(values));
  expect(error.message).toContain('input "w"');
  expect(error).toMatchObject({ expected, found });
});

test("what is named as no input is unbound, and named with its line", () => {
  const error = failure("unbound-input", () => interpreter.compile({ inputs: [], outputs: [w] }));
  expect(error.message).toContain('The input "w" has no value');
  expect(error.where).toContain("interpreter.test.ts");
});

test("a value that was read is not computed again", () => {
  let count = 0;
  const meaning: typeof negOp.meaning = (...all) => {
    count++;
    return negOp.meaning(...all);
  };
  const y = node({ ...negOp, meaning }, [tensor([1, 2])], {});
  expect(y.arraySync()).toEqual([-1, -2]);
  const before = count;
  expect(y.add(y).arraySync()).toEqual([-2, -4]);
  expect(y.arraySync()).toEqual([-1, -2]);
  expect(count).toBe(before);
});

test("the first elements of a larger tensor, or none of them, are a tensor of their own", () => {
  const y = tensor([1, 2, 3, 4]);
  expect([...slice(y, { end: [2] }).dataSync()]).toEqual([1, 2]);
  expect([...slice(y, { end: [0] }).dataSync()]).toEqual([]);
  expect([...broadcastTo(tensor([7]), [0]).dataSync()]).toEqual([]);
});

// A block has 256 positions.
describe.each([1, 255, 256, 257, 1000])("loops over %i positions", (n) => {
  const all = Array.from({ length: n }, (_, i) => i);
  const y = range(n, "f64");
  const cut = (width: number) => all.map((i) => i % width);
  test.each<[string, Tensor, number[]]>([
    ["map", y.mul(y).add(1), all.map((i) => i * i + 1)],
    ["move", flip(y), all.map((i) => n - 1 - i)],
    ["condition", y.pad({ before: [1], after: [1], value: -1 }), [-1, ...all, -1]],
    ["reduce", y.sum(), [(n * (n - 1)) / 2]],
    ["reduce rows", reshape(y, [n, 1]).sum({ axis: 1 }), all],
    ["reduce columns", broadcastTo(y, [3, n]).sum({ axis: 0 }), all.map((i) => 3 * i)],
    [
      "position",
      argmax(
        y
          .sub(n / 2)
          .square()
          .neg(),
      ),
      [Math.floor(n / 2)],
    ],
    ["scan", cumsum(y), all.map((i) => (i * (i + 1)) / 2)],
    [
      "scatter",
      scatterAdd(zeros([7], "f64"), tensor(cut(7), { dtype: "i32" }), y, { axis: 0 }),
      [0, 1, 2, 3, 4, 5, 6].map((k) => all.filter((i) => i % 7 === k).reduce((a, b) => a + b, 0)),
    ],
    [
      "gather",
      y.gather(
        tensor(
          all.map((i) => n - 1 - i),
          { dtype: "i32" },
        ),
        { axis: 0 },
      ),
      all.map((i) => n - 1 - i),
    ],
    [
      "matmul",
      reshape(y, [n, 1])
        .matmul(reshape(y, [1, n]))
        .sum(),
      [((n * (n - 1)) / 2) ** 2],
    ],
  ])("%s", (_, value, expected) => {
    expectClose(value.dataSync(), expected);
  });
});

test("positions beyond what is tabulated are computed", () => {
  const [rows, columns] = [2100, 2000];
  const y = broadcastTo(range(columns, "f64"), [rows, columns]);
  expect(y.sum().item()).toBe((rows * columns * (columns - 1)) / 2);
  expect(y.transpose().max({ axis: 1 }).sum().item()).toBe((columns * (columns - 1)) / 2);
});
