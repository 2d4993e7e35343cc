/** Matrix products: every tile, every way the factors may lie, every way they are copied. */
import "../../support/backend.ts";
import { describe, expect, test } from "vitest";
import { contractionPlan } from "../../../src/backends/wasm/emit/contract.ts";
import { compileProgram } from "../../../src/compile/index.ts";
import { allocate, type TypedArray } from "../../../src/core/dtype.ts";
import { readValues } from "../../../src/core/runtime.ts";
import type { Shape } from "../../../src/core/shape.ts";
import type { Tensor } from "../../../src/core/tensor.ts";
import { broadcastTo } from "../../../src/ops/broadcast.ts";
import { cast } from "../../../src/ops/cast.ts";
import { matmul } from "../../../src/ops/matmul.ts";
import { transpose } from "../../../src/ops/move.ts";
import { expectEqual, identical, runTwice } from "./agree.ts";
import { ballast, exact } from "./exact.ts";

const types = ["f32", "f64"] as const;
type Float = (typeof types)[number];

/** The last two axes exchanged. */
const flipped = (x: Tensor): Tensor => {
  const axes = x.shape.map((_, axis) => axis);
  return transpose(x, [...axes.slice(0, -2), x.rank - 1, x.rank - 2]);
};

/** a·b in four ways: each factor as it stands, and as the transpose of what is in memory. */
function inAllWays(a: Shape, b: Shape, dtype: Float): { inputs: Tensor[]; outputs: Tensor[] } {
  const turned = (shape: Shape) => [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!];
  const [x, xt] = [exact(a, dtype), exact(turned(a), dtype, 1)];
  const [y, yt] = [exact(b, dtype, 2), exact(turned(b), dtype, 3)];
  const outputs = [x, flipped(xt)].flatMap((left) =>
    [y, flipped(yt)].map((right) => matmul(left, right)),
  );
  return { inputs: [x, xt, y, yt], outputs };
}

/** The same for large ones, held against three loops: the interpreter takes long over them. */
function inAllWaysDirectly([m, k]: [number, number], n: number, dtype: Float): void {
  const { inputs, outputs } = inAllWays([m, k], [k, n], dtype);
  const values = readValues(inputs);
  const [x, xt, y, yt] = values as [TypedArray, TypedArray, TypedArray, TypedArray];
  // Rows of the left factors and columns of the right ones, side by side.
  const lines = (count: number, element: (line: number, r: number) => number): Float64Array => {
    const all = new Float64Array(count * k);
    for (let i = 0; i < count; i++) for (let r = 0; r < k; r++) all[i * k + r] = element(i, r);
    return all;
  };
  const lefts = [lines(m, (i, r) => x[i * k + r]!), lines(m, (i, r) => xt[r * m + i]!)];
  const rights = [lines(n, (j, r) => y[r * n + j]!), lines(n, (j, r) => yt[j * k + r]!)];
  const expected = lefts.flatMap((left) =>
    rights.map((right) => {
      const product = allocate(dtype, m * n);
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let r = 0; r < k; r++) sum += left[i * k + r]! * right[j * k + r]!;
          product[i * n + j] = sum;
        }
      }
      return product;
    }),
  );
  const what = `[${m}, ${k}] by [${k}, ${n}]`;
  runTwice({ inputs, outputs }, what, values).forEach((found, i) => {
    expectEqual(found, expected[i]!, `${what}, output ${i},`);
  });
}

describe.each(types)("%s", (dtype) => {
  // Register tiles have 6 rows and 2 vectors of columns: 8 of f32, 4 of f64.
  const columns = [1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 17, 19];
  describe.each([1, 5, 6, 7, 12, 13])("%i rows", (m) => {
    test.each([0, 1, 2, 3, 4, 5, 8, 9])("summed over %i", (k) => {
      for (const n of columns) {
        const { inputs, outputs } = inAllWays([m, k], [k, n], dtype);
        // Once for itself, which may be written out, and once as loops.
        const what = `[${m}, ${k}] by [${k}, ${n}]`;
        if (n === 3) identical({ inputs, outputs }, what);
        identical({ inputs, outputs: [...outputs, ballast()] }, `${what}, as loops`);
      }
    });
  });

  test.each([
    [[2], [2]],
    [[3], [1]],
    [[1], [2]],
    [[2, 3], [3]],
  ])("batches %j and %j", (p, q) => {
    for (const [m, k, n] of [
      [1, 3, 5],
      [7, 4, 9],
      [6, 5, 8],
      [3, 6, 1],
    ] as const) {
      const { inputs, outputs } = inAllWays([...p, m, k], [...q, k, n], dtype);
      identical({ inputs, outputs: [...outputs, ballast()] }, `${m}, ${k}, ${n}`);
    }
  });

  test("one factor for all of a batch, and a batch along the last axis", () => {
    const [x, w] = [exact([4, 7, 5], dtype), exact([5, 9], dtype, 1)];
    const shared = matmul(x, broadcastTo(w, [4, 5, 9]));
    const moved = transpose(matmul(x, broadcastTo(w, [4, 5, 9])), [1, 2, 0]);
    identical({ inputs: [x, w], outputs: [shared, moved.add(1), ballast()] }, "batch");
  });

  // Where neighbours along k lie far apart, rows of a (if there are more than four panels of
  // columns) and panels of b (if there are at least 24 rows) are copied side by side first.
  test.each([
    // [m, k, n]: k·m or k·n elements apart are more than 2^15 bytes.
    [40, 300, 40],
    [26, 260, 67],
    [25, 400, 33],
    [2, 9000, 35],
    [23, 700, 70],
    [1, 9000, 40],
    [40, 9000, 1],
  ])("copied: %i × %i × %i", (m, k, n) => {
    inAllWaysDirectly([m, k], n, dtype);
  });

  // Rows are taken in blocks that fit into 2^20 bytes: with k = 9000 29 → 24 rows of f32 and
  // 14 → 12 of f64, the last block being smaller, or smaller than a tile.
  test.each([
    [40, 9000, 40],
    [50, 9000, 34],
    [25, 9000, 70],
    [13, 50_000, 35],
    [8, 90_000, 9],
  ])("in blocks: %i × %i × %i", (m, k, n) => {
    inAllWaysDirectly([m, k], n, dtype);
  });

  test("copied and in blocks, for each of a batch", () => {
    const { inputs, outputs } = inAllWays([2, 26, 9000], [2, 9000, 35], dtype);
    identical({ inputs, outputs }, "product");
  });

  test.each([4, 5, 8, 9, 31])("with what follows done in the same loop: %i columns", (n) => {
    for (const m of [1, 7, 13]) {
      const [x, w, bias] = [exact([m, 6], dtype), exact([6, n], dtype, 1), exact([n], dtype, 2)];
      const old = exact([m, n], dtype, 3);
      const product = matmul(x, w);
      const biased = product.add(bias);
      const outputs = [
        biased.relu(),
        biased.less(0),
        old.sub(product.mul(0.5)),
        cast(biased, dtype === "f32" ? "f64" : "f32"),
        cast(product, "i32"),
        product.sum({ axis: [0] }),
        ballast(),
      ];
      identical({ inputs: [x, w, bias, old], outputs }, `${m} rows`);
    }
  });

  test("of one matrix with itself, a part, a flipped or a repeated one", () => {
    const [x, v] = [exact([9, 9], dtype), exact([9], dtype, 1)];
    const outputs = [
      matmul(x, x),
      matmul(x, x.transpose()),
      matmul(x.slice({ start: [2, 1], end: [8, 6] }), x.slice({ end: [5, 9] })),
      matmul(x.slice({ step: [2, 1] }), x.slice({ step: [1, 2] })),
      matmul(x.flip([0]), x),
      matmul(x.flip([1]), x),
      matmul(x, x.flip([0])),
      matmul(x, x.flip([1])),
      matmul(broadcastTo(v, [9, 9]), x),
      matmul(x, broadcastTo(v.reshape([9, 1]), [9, 9])),
      matmul(x, v),
      matmul(v, x),
      matmul(v, v),
      ballast(),
    ];
    identical({ inputs: [x, v], outputs }, "parts");
  });

  test("vectors at the very end of memory", () => {
    // The last rows of b end with the last input; vectors reach beyond them.
    for (const n of [5, 6, 7, 9, 17]) {
      const [x, w] = [exact([8, 30], dtype), exact([30, n], dtype, 1)];
      identical({ inputs: [x, w], outputs: [matmul(x, w)] }, `${n} columns`);
    }
  });
});

test("products of whole numbers wrap around", () => {
  const [x, y] = [exact([7, 5], "i32").mul(1 << 20), exact([5, 9], "i32", 1).mul(1 << 20)];
  identical({ inputs: [x, y], outputs: [matmul(x, y), ballast()] }, "i32");
});

test("what is meant to be a matrix product is one", () => {
  const kernels = (outputs: Tensor[]) =>
    compileProgram({ inputs: [], outputs }).kernels.filter(
      (k) => k.loop === "reduce" && contractionPlan(k) !== undefined,
    ).length;
  const { outputs } = inAllWays([7, 5], [5, 9], "f32");
  expect(kernels(outputs)).toBe(4);
  expect(kernels(inAllWays([3, 7, 5], [3, 5, 9], "f64").outputs)).toBe(4);
});
