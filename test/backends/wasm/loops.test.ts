/** Every kind of loop at sizes that fill vectors exactly, nearly, and not at all. */
import "../../support/backend.ts";
import { describe, expect, test } from "vitest";
import { isTiny } from "../../../src/backends/wasm/emit/unrolled.ts";
import { compileProgram } from "../../../src/compile/index.ts";
import type { DType } from "../../../src/core/dtype.ts";
import { node, type Tensor } from "../../../src/core/tensor.ts";
import { cast } from "../../../src/ops/cast.ts";
import { where } from "../../../src/ops/compare.ts";
import { concatenate } from "../../../src/ops/concatenate.ts";
import { oneHot, scatterAdd } from "../../../src/ops/indexing.ts";
import { range, tensor, zeros } from "../../../src/ops/leaf.ts";
import { randomNormal, randomUniform } from "../../../src/ops/random.ts";
import { argmax, argmin, cumsumOp } from "../../../src/ops/reduce.ts";
import { agree, identical } from "./agree.ts";
import { ballast, exact, tails } from "./exact.ts";

const types = ["f64", "f32", "i32", "bool"] as const;
const numbers = ["f64", "f32", "i32"] as const;

/** Written out element by element where that is small enough, and as loops in any case. */
function bothWays(inputs: readonly Tensor[], outputs: readonly Tensor[], what: string): void {
  identical({ inputs, outputs }, what);
  const looped = { inputs, outputs: [...outputs, ballast()] };
  expect(isTiny(compileProgram(looped).kernels)).toBe(false);
  identical(looped, `${what}, as loops`);
}

describe.each(types)("elementwise %s", (dtype) => {
  test.each(tails)("of size %i", (n) => {
    const [x, y] = [exact([n], dtype), exact([n], dtype, 1)];
    const [rows, columns] = [exact([3, n], dtype, 2), exact([n, 3], dtype, 3)];
    const [row, column] = [exact([1, n], dtype, 4), exact([n, 1], dtype, 5)];
    const outputs = [
      x.add(y).mul(2).sub(x),
      // The types of stores and loads differ in width.
      ...types.map((to) => cast(x.add(y), to)),
      x.less(y),
      x.equal(y).logicalNot(),
      where(x.less(y), x, y),
      // Rows of a matrix, a transposed one, and one value for a whole row or column.
      rows.add(row).maximum(columns.transpose()),
      columns.add(column).abs(),
      rows.mul(columns.transpose()).add(row),
    ];
    bothWays([x, y, rows, columns, row, column], outputs, `${dtype}[${n}]`);
  });
});

describe.each(numbers)("reductions of %s", (dtype) => {
  test.each(tails)("of size %i", (n) => {
    const [rows, columns] = [exact([3, n], dtype, 2), exact([n, 5], dtype, 3)];
    const [cube, bias] = [exact([2, n, 3], dtype, 4), exact([5], dtype, 5)];
    const signs = rows.sign();
    const outputs = [
      rows.sum(),
      rows.sum({ axis: [0] }),
      rows.sum({ axis: [1] }),
      columns
        .sum({ axis: [0] })
        .add(bias)
        .mul(2),
      columns.sum({ axis: [1] }),
      cube.sum({ axis: [1] }),
      cube.sum({ axis: [0, 2] }),
      cube.sum({ axis: [0, 1] }).neg(),
      cube.transpose().sum({ axis: [0, 1] }),
      signs.prod({ axis: [1] }),
      signs.prod({ axis: [0] }),
      // Two results of one loop, one of them a truth value.
      columns.sum({ axis: [0] }).less(bias),
    ];
    if (n > 0) {
      outputs.push(rows.max(), rows.min({ axis: [1] }), columns.max({ axis: [0] }));
      outputs.push(cube.min({ axis: [1] }), cube.max({ axis: [0, 2] }).mul(2));
      outputs.push(argmax(rows), argmin(rows), argmax(columns, { axis: 0 }));
      outputs.push(argmin(cube, { axis: 1 }), cast(argmax(rows), dtype).mul(3));
    }
    bothWays([rows, columns, cube, bias], outputs, `${dtype}[${n}]`);
  });
});

describe.each(numbers)("running sums of %s", (dtype) => {
  test.each([0, 1, 2, 5, 17])("of size %i", (n) => {
    const [rows, cube] = [exact([3, n], dtype), exact([2, n, 3], dtype, 1)];
    const outputs = [rows, cube].flatMap((x) =>
      [0, 1].flatMap((axis) =>
        [false, true].map((reverse) => node(cumsumOp, [x.mul(2)], { axis, reverse }).add(1)),
      ),
    );
    bothWays([rows, cube], outputs, `${dtype}[${n}]`);
  });
});

test.each(["f64", "f32"] as const)("positions of extremes: NaN first, then ties (%s)", (dtype) => {
  const rows = [
    [1, 3, 3, 2],
    [3, 1, 1, 3],
    [1, Number.NaN, 9, Number.NaN],
    [Number.NaN, 5, -5, 0],
    [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0],
    [-0, 0, -0, 0],
  ];
  const x = tensor(rows, { dtype });
  bothWays([x], [argmax(x), argmin(x), argmax(x, { axis: 0 }), argmin(x, { axis: 0 })], "x");
  const infinite = tensor([[Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]], { dtype });
  bothWays([infinite], [argmax(infinite), argmin(infinite), infinite.max()], "−∞");
});

describe.each(types)("moves of %s", (dtype) => {
  test.each([0, 1, 3, 4, 9, 17])("of size %i", (n) => {
    const [rows, others] = [exact([3, n], dtype), exact([2, n], dtype, 1)];
    const at = exact([3, n], "i32", 2).abs().clamp({ min: 0, max: 2 });
    const outputs = [
      rows.pad({ before: [1, 2], after: [0, 3], value: 1 }),
      rows.pad({ before: [0, 1], after: [0, 0] }).sum({ axis: [1] }),
      concatenate([rows, others, rows]),
      concatenate([rows.transpose(), others.transpose()], 1),
      rows.flip([1]),
      rows.flip().transpose().reshape([-1]),
      rows.slice({ start: [1, 1], step: [1, 2] }),
      rows.gather(at, { axis: 0 }),
      scatterAdd(zeros([3, n], dtype), at, rows, { axis: 0 }),
      oneHot(at, 3, dtype),
    ];
    if (n >= 3) outputs.push(rows.gather(at, { axis: 1 }), rows.take(at, { axis: 1 }));
    bothWays([rows, others, at], outputs, `${dtype}[${n}]`);
  });
});

test("a border or a choice around what is the same everywhere", () => {
  const [at, x] = [exact([3], "i32").abs().clamp({ min: 0, max: 3 }), exact([4])];
  const same = zeros([4]).add(3).add(1);
  const outputs = [
    same.pad({ before: [1], after: [2], value: 7 }),
    concatenate([same, x, same.mul(2)]),
    same.gather(at, { axis: 0 }),
    zeros([4]).gather(at, { axis: 0 }),
    scatterAdd(same, at, same.slice({ end: [3] }), { axis: 0 }),
  ];
  bothWays([at, x], outputs, "constants");
});

test.each([1, 2, 5, 64, 4099])("random numbers have the same bits: %i of them", (n) => {
  const key = tensor([12345, -678], { dtype: "i32" });
  const outputs = (["f64", "f32"] as const).flatMap((dtype) =>
    [0, 3].map((stream) => randomUniform(key, [n], { dtype, stream })),
  );
  bothWays([key], outputs, "uniform");
  const normal = (["f64", "f32"] as const).map((dtype) => randomNormal(key, [n], { dtype }));
  // Through log and cos, each good to a few ulp; near 0 by the size of the factors.
  agree({ inputs: [key], outputs: normal }, "normal");
});

test("scalars of one width in kernels of another", () => {
  for (const n of [1, 6, 17, 4099]) {
    const [x, y] = [exact([n], "f32"), exact([n], "f64", 1)];
    const [rate, count] = [tensor(0.5, { dtype: "f64" }), tensor(3, { dtype: "i32" })];
    const outputs = [
      x.mul(cast(rate.mul(2), "f32")),
      y.mul(rate).add(count),
      x.mul(y).add(rate),
      where(rate.less(count), x, x.neg()),
      cast(y, "f32").add(cast(rate, "f32")).less(x),
      range(n, "i32").mul(count).add(cast(y, "i32")),
    ];
    bothWays([x, y, rate, count], outputs, `n = ${n}`);
  }
});

test("nothing, and scalars", () => {
  const empty = exact([0, 3]);
  const one: Record<DType, Tensor> = {
    f64: tensor(1.5, { dtype: "f64" }),
    f32: tensor(1.5),
    i32: tensor(3, { dtype: "i32" }),
    bool: tensor(true),
  };
  const outputs = [
    empty.add(1),
    empty.sum(),
    empty.sum({ axis: [0] }),
    empty.prod({ axis: [1] }),
    empty.sum({ axis: [0] }).add(exact([3])),
    empty.reshape([3, 0]).matmul(empty),
    concatenate([empty, exact([2, 3])]),
    ...Object.values(one).flatMap((x) => [x.add(x), x.less(2), x.neg(), x.reshape([1, 1])]),
  ];
  bothWays([empty, ...Object.values(one)], outputs, "small");
  // A result for each of many empty rows.
  identical({ inputs: [], outputs: [zeros([40_000, 0]).sum({ axis: [1] })] }, "empty rows");
});
