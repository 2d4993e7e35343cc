/** Contractions over any axes, in windows, backwards and behind guards, held against the definition. */
import "../../support/backend.ts";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { interpreter } from "../../../src/backends/interpreter/index.ts";
import { type MatrixProduct, matrixProduct } from "../../../src/compile/contraction.ts";
import { compileProgram } from "../../../src/compile/index.ts";
import { at } from "../../../src/core/at.ts";
import { readValues } from "../../../src/core/runtime.ts";
import type { Tensor } from "../../../src/core/tensor.ts";
import { holds } from "../../support/property.ts";
import {
  type Convolution,
  channelsLast,
  convolution,
  inputGradient,
  outSize,
  type Position,
  type Reading,
  sumOfProducts,
  weightGradient,
} from "../../support/sum-of-products.ts";
import { identical } from "./agree.ts";
import { ballast, exact } from "./exact.ts";

type Float = "f32" | "f64";

/** The products among a graph's kernels. */
function products(outputs: readonly Tensor[]): MatrixProduct[] {
  return compileProgram({ inputs: [], outputs }).kernels.flatMap((kernel) => {
    const product = kernel.loop === "reduce" ? matrixProduct(kernel) : undefined;
    return product ? [product] : [];
  });
}

/** Exact numbers: whatever the order of the sums, the results are the interpreter's. */
function check(inputs: Tensor[], y: Tensor, what: string): MatrixProduct[] {
  identical({ inputs, outputs: [y, y.add(1).relu(), ballast()] }, what);
  return products([y]);
}

const cases: readonly (readonly [string, Convolution])[] = [
  ["one axis", { batch: 2, from: 3, to: 5, size: [19], kernel: [4] }],
  ["one axis, padded", { batch: 2, from: 3, to: 5, size: [19], kernel: [4], padding: 2 }],
  [
    "one axis, all of it",
    { batch: 1, from: 2, to: 7, size: [13], kernel: [3], stride: 2, padding: 3, dilation: 2 },
  ],
  ["two axes", { batch: 2, from: 3, to: 4, size: [7, 9], kernel: [3, 2] }],
  ["padded", { batch: 2, from: 3, to: 7, size: [8, 6], kernel: [3, 3], padding: 1 }],
  ["strided", { batch: 3, from: 2, to: 6, size: [9, 11], kernel: [3, 3], stride: 2 }],
  [
    "strided and padded",
    { batch: 1, from: 2, to: 6, size: [9, 11], kernel: [4, 3], stride: 2, padding: 2 },
  ],
  [
    "dilated",
    { batch: 2, from: 2, to: 5, size: [11, 12], kernel: [3, 2], dilation: 3, padding: 2 },
  ],
  ["in groups", { batch: 2, groups: 3, from: 2, to: 4, size: [6, 5], kernel: [3, 3], padding: 1 }],
  ["many channels", { batch: 1, from: 70, to: 13, size: [5, 5], kernel: [3, 3], padding: 1 }],
  [
    "images narrower than the border",
    { batch: 2, from: 1, to: 6, size: [2, 1], kernel: [4, 5], padding: 4 },
  ],
  ["many rows", { batch: 1, from: 2, to: 40, size: [10, 10], kernel: [5, 5], padding: 2 }],
  ["three axes", { batch: 2, from: 2, to: 3, size: [4, 5, 4], kernel: [2, 3, 3], padding: 1 }],
];

describe.each(["f32", "f64"] as const)("convolutions of %s", (dtype: Float) => {
  test.each(cases)("%s", (_, c) => {
    const { batch, groups = 1, from, to, size, kernel } = c;
    const x = exact([batch, groups, from, ...size], dtype);
    const w = exact([groups, to, from, ...kernel], dtype, 1);
    const g = exact([batch, groups, to, ...outSize(c)], dtype, 2);
    const forward = check([x, w], convolution(x, w, c), "forward");
    const weights = check([x, g], weightGradient(x, g, c), "weights");
    const back = check([g, w], inputGradient(g, w, c), "back");
    expect([forward.length, weights.length, back.length]).toEqual([1, 1, 1]);
  });

  test.each(cases.filter(([, { groups }]) => groups === undefined))("channels last: %s", (_, c) => {
    const { batch, from, to, size, kernel } = c;
    const x = exact([batch, ...size, from], dtype);
    const w = exact([...kernel, from, to], dtype, 1);
    expect(check([x, w], channelsLast(x, w, c), "forward")).toHaveLength(+(to > 3));
  });
});

test("two axes at once on the definition itself: as the products written out, then summed", () => {
  const [a, b] = [exact([5, 3, 4], "f64"), exact([3, 4, 6], "f64", 1)];
  const own = (axis: number): Position => ({ base: 0, steps: [[axis, 1]] });
  const y = sumOfProducts(a, b, {
    ...{ shape: [5, 6], over: [3, 4] },
    readings: [{ positions: [own(0), own(2), own(3)] }, { positions: [own(2), own(3), own(1)] }],
  });
  const all = a.reshape([5, 3, 4, 1]).mul(b.reshape([1, 3, 4, 6]));
  const outputs = [y, all.sum({ axis: [1, 2] })];
  const [found, expected] = interpreter
    .compile({ inputs: [a, b], outputs })
    .run(readValues([a, b]));
  expect(found).toEqual(expected);
  check([a, b], y, "tensordot");
});

/** Numbers drawn one after the other: below(n) is one of 0 … n−1. */
const draws = fc.array(fc.nat(9999), { minLength: 80, maxLength: 80 });

interface Drawn {
  readonly shape: number[];
  readonly over: number[];
  readonly readings: [Reading, Reading];
  readonly sizes: [number[], number[]];
}

function drawn(numbers: readonly number[]): Drawn {
  let next = 0;
  const below = (n: number): number => (numbers[next++ % numbers.length] ?? 0) % n;
  const rank = 1 + below(4);
  const shape = Array.from({ length: rank }, (_, axis) => 1 + below(axis === rank - 1 ? 21 : 9));
  const over = Array.from({ length: 1 + below(3) }, () => 1 + below(6));
  const all = [...shape, ...over];
  // The last axis is a column's; the others are rows, columns, or a batch's.
  const owners = all.map((_, axis) => {
    if (axis === rank - 1) return 1;
    return axis < rank ? below(3) : below(8) === 0 ? below(2) : 2;
  });
  const side = (which: number): [Reading, number[]] => {
    const mine = all.flatMap((_, axis) =>
      owners[axis] === which || owners[axis] === 2 ? [axis] : [],
    );
    const guarded = below(2) === 0;
    const positions: Position[] = [];
    const sizes: number[] = [];
    // Axes of the loop, in any order, one or two to an axis of the factor.
    const rest = [...mine];
    while (rest.length > 0) {
      const taken = Array.from({ length: Math.min(rest.length, 1 + below(2)) }, () =>
        at(rest.splice(below(rest.length), 1), 0),
      );
      const plain = below(3) > 0;
      const steps = taken.map((axis): [number, number] => [
        axis,
        plain ? 1 : at([-1, 2, 3, -2], below(4)),
      ]);
      const reach = (sign: number) =>
        steps.reduce(
          (sum, [axis, step]) => sum + Math.max(0, sign * step * (at(all, axis) - 1)),
          0,
        );
      const [low, high] = [-reach(-1), reach(1)];
      const gap = guarded && below(4) === 0 ? 2 : 1;
      const cut = guarded ? below(3) : 0;
      positions.push({ base: -low - cut, steps, gap });
      sizes.push(Math.max(1, Math.ceil((high - low + 1) / gap) - (guarded ? below(4) : 0)));
    }
    return [{ positions, ...(guarded ? { otherwise: below(2) } : {}) }, sizes];
  };
  const [a, b] = below(2) === 0 ? [side(0), side(1)] : [side(1), side(0)];
  return { shape, over, readings: [a[0], b[0]], sizes: [a[1], b[1]] };
}

test("any contraction", () => {
  const seen = { products: 0, guarded: 0, packedRows: 0, packedColumns: 0, lying: 0, joined: 0 };
  holds(
    draws,
    (numbers) => {
      const { shape, over, readings, sizes } = drawn(numbers);
      const dtype = at(numbers, 0) % 2 === 0 ? "f32" : "f64";
      const [a, b] = [exact(sizes[0], dtype), exact(sizes[1], dtype, 1)];
      const y = sumOfProducts(a, b, { shape, over, readings });
      const found = check([a, b], y, JSON.stringify({ shape, over, readings, sizes }));
      for (const { a, b, extents } of found) {
        const packed = [a, b].flatMap((x) => (x.kind === "packed" ? [x] : []));
        seen.products++;
        seen.guarded += +packed.some((x) => x.guard.axes.size > 0);
        seen.packedRows += +(a.kind === "packed");
        seen.packedColumns += +(b.kind === "packed");
        seen.lying += +(packed.length === 0);
        seen.joined += +extents.some((size, axis) => size !== shape[axis]);
      }
    },
    200,
  );
  // So that none of this is done by falling back to plain loops: what the first seed comes to.
  for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(8);
});
