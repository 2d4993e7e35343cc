/** How sums of products are planned, before any machine is known. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import { type MatrixProduct, matrixProduct } from "../../src/compile/contraction.ts";
import type { Shape } from "../../src/core/shape.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { input } from "../../src/ops/leaf.ts";
import {
  channelsLast,
  convolution,
  inputGradient,
  type Position,
  sumOfProducts,
  weightGradient,
} from "../support/sum-of-products.ts";
import { compiled } from "./passes.ts";

/** The one product of a graph. */
function planned(inputs: readonly Tensor[], y: Tensor): MatrixProduct {
  const found = compiled([...inputs], [y]).kernels.flatMap((kernel) => {
    const product = kernel.loop === "reduce" ? matrixProduct(kernel) : undefined;
    return product ? [product] : [];
  });
  expect(found).toHaveLength(1);
  return found[0]!;
}

/** What is said of a factor: read where it lies, or the axes as it sees them and its ranges. */
const told = (x: MatrixProduct["a"]) =>
  x.kind === "straight"
    ? x.form.coefficients.at(-1)
    : { extents: x.extents, over: x.over, ranges: x.guard.ranges.map((r) => [r.low, r.high]) };
const own = (axis: number): Position => ({ base: 0, steps: [[axis, 1]] });
const x = (shape: Shape) => input("x", shape);
const w = (shape: Shape) => input("w", shape);

describe("a convolution of [2, 1, 3, 8, 9] by 4 × 3", () => {
  const c = { batch: 2, from: 3, to: 5, size: [8, 9], kernel: [4, 3], padding: 1 };
  const [images, weights] = [x([2, 1, 3, 8, 9]), w([1, 5, 3, 4, 3])];
  const g = input("g", [2, 1, 5, 7, 9]);

  test("forward: channels are rows, positions columns together, the images packed", () => {
    const plan = planned([images, weights], convolution(images, weights, c));
    expect(plan).toMatchObject({ rows: 2, columns: 4, m: 5, n: 63, k: 36 });
    expect(plan.extents).toEqual([2, 1, 5, 1, 63]);
    expect(told(plan.a)).toBe(1);
    const ranges = [
      [1, 8],
      [1, 9],
    ];
    expect(told(plan.b)).toEqual({ extents: [2, 1, 5, 7, 9], over: [3, 4, 3], ranges });
  });

  test("weights: sums over batch and positions, of which the gradient's are one axis", () => {
    const plan = planned([images, g], weightGradient(images, g, c));
    expect(plan).toMatchObject({ rows: 1, columns: 4, m: 5, n: 36, k: 126 });
    expect(told(plan.a)).toEqual({ extents: [1, 5, 1, 1, 36], over: [2, 1, 63], ranges: [] });
    expect(told(plan.b)).toMatchObject({ extents: [1, 5, 3, 4, 3], over: [2, 7, 9] });
  });

  test("back: the kernel goes backwards through the gradient", () => {
    const plan = planned([g, weights], inputGradient(g, weights, c));
    expect(plan).toMatchObject({ rows: 2, columns: 4, m: 3, n: 72, k: 60 });
    expect(told(plan.a)).toEqual({ extents: [2, 1, 3, 1, 72], over: [5, 1, 12], ranges: [] });
    expect(plan.b.kind).toBe("packed");
  });

  test("channels last: the weights are read where they lie, the images in rows", () => {
    const [last, kernel] = [x([2, 8, 9, 3]), w([4, 3, 3, 5])];
    const plan = planned([last, kernel], channelsLast(last, kernel, c));
    expect(plan).toMatchObject({ rows: 2, columns: 3, m: 9, n: 5, k: 36 });
    expect(told(plan.b)).toBe(5);
    // Without a border across, columns and channels of the kernel would be one axis.
    expect(told(plan.a)).toMatchObject({ extents: [2, 7, 9, 5], over: [4, 3, 3] });
  });

  test("without a border nothing is guarded", () => {
    const open = { ...c, padding: 0 };
    const plan = planned([images, weights], convolution(images, weights, open));
    expect(told(plan.b)).toEqual({ extents: [2, 1, 5, 5, 7], over: [3, 4, 3], ranges: [] });
    const [last, kernel] = [x([2, 8, 9, 3]), w([4, 3, 3, 5])];
    const { a } = planned([last, kernel], channelsLast(last, kernel, open));
    expect(told(a)).toMatchObject({ over: [4, 1, 9] });
  });
});

test("summed axes that are one stride in both factors are one", () => {
  const [a, b] = [x([7, 4, 5]), w([4, 5, 6, 3])];
  const plan = planned(
    [a, b],
    sumOfProducts(a, b, {
      ...{ shape: [7, 6, 3], over: [4, 5] },
      readings: [
        { positions: [own(0), own(3), own(4)] },
        { positions: [own(3), own(4), own(1), own(2)] },
      ],
    }),
  );
  expect(plan).toMatchObject({ rows: 0, columns: 2, m: 7, n: 18, k: 20 });
  expect([told(plan.a), told(plan.b)]).toEqual([1, 18]);
});

test("no product: both factors run along the columns, or there are too few", () => {
  const found = (shape: Shape, [p, q]: readonly [readonly number[], readonly number[]]) => {
    const [a, b] = [input("a", [9, 9]), input("b", [9, 9])];
    const readings = [{ positions: p.map(own) }, { positions: q.map(own) }] as const;
    const y = sumOfProducts(a, b, { shape, over: [9], readings });
    return compiled([a, b], [y]).kernels.map(
      (kernel) => kernel.loop === "reduce" && matrixProduct(kernel),
    );
  };
  const [alike, rows, columns] = [
    [0, 1],
    [0, 2],
    [2, 1],
  ] as const;
  expect(found([9], [alike, alike])).toEqual([undefined]);
  expect(found([9, 3], [rows, columns])).toEqual([undefined]);
  expect(found([9, 9], [rows, columns])).toMatchObject([{ m: 9, n: 9, k: 9 }]);
});

test("a sum along what lies side by side stays one, where there are few rows", () => {
  const [mask, images] = [x([4, 10]), w([4, 6, 10])];
  const y = sumOfProducts(mask, images, {
    ...{ shape: [6], over: [4, 10] },
    readings: [{ positions: [own(1), own(2)] }, { positions: [own(1), own(0), own(2)] }],
  });
  const [kernel] = compiled([mask, images], [y]).kernels;
  expect(kernel?.loop === "reduce" && matrixProduct(kernel)).toBeUndefined();
});
