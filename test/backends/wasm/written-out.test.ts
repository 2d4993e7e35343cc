/** Convolutions written out with tensors' own operators are contractions, and so are their gradients. */
import "../../support/backend.ts";
import { describe, expect, test } from "vitest";
import { gradient } from "../../../src/autodiff/gradient.ts";
import { wasm } from "../../../src/backends/wasm/index.ts";
import { instantiate } from "../../../src/backends/wasm/instance.ts";
import { matrixProduct } from "../../../src/compile/contraction.ts";
import { compileProgram } from "../../../src/compile/index.ts";
import type { TypedArray } from "../../../src/core/dtype.ts";
import { readValues } from "../../../src/core/runtime.ts";
import { type Shape, sizeOf } from "../../../src/core/shape.ts";
import type { Tensor } from "../../../src/core/tensor.ts";
import { tensor } from "../../../src/ops/leaf.ts";
import { transpose } from "../../../src/ops/move.ts";
import { convolution1d, convolution2d, windows } from "../../support/windows.ts";
import { identical } from "./agree.ts";
import { ballast, exact } from "./exact.ts";

/** How many kernels are contractions, and over how many terms. */
const terms = (outputs: readonly Tensor[]): number[] =>
  compileProgram({ inputs: [], outputs }).kernels.flatMap((kernel) => {
    const product = kernel.loop === "reduce" ? matrixProduct(kernel) : undefined;
    return product ? [product.k] : [];
  });

/** The values, and the gradients with an upstream gradient that is different everywhere. */
function check(inputs: readonly [Tensor, Tensor], y: Tensor): Tensor[] {
  const outputs = [y, ...gradient(y, inputs, exact(y.shape, y.dtype, 3))];
  identical({ inputs, outputs: [...outputs, ballast()] }, "convolution");
  return outputs;
}

test("windows are views", () => {
  const x = tensor(
    Float64Array.from({ length: 12 }, (_, i) => i),
    { shape: [2, 6] },
  );
  expect(windows(x, { size: 2, dilation: 3, stride: 2 }).arraySync()).toEqual([
    [
      [0, 2],
      [3, 5],
    ],
    [
      [6, 8],
      [9, 11],
    ],
  ]);
});

type Settings = Parameters<typeof convolution2d>[2];
const settings: readonly (readonly [string, Settings])[] = [
  ["as it stands", {}],
  ["with a border", { padding: 2 }],
  ["strided", { stride: 2, padding: 1 }],
  ["dilated", { dilation: 2, padding: 3 }],
  ["in groups", { groups: 2, padding: 1 }],
  ["all of it", { stride: 3, padding: 4, dilation: 2, groups: 2 }],
];

describe.each(["f32", "f64"] as const)("%s", (dtype) => {
  test.each(settings)("one axis, %s", (_, how) => {
    for (const batch of [1, 3]) {
      const [x, w] = [
        exact([batch, 4, 23], dtype),
        exact([6, 4 / (how?.groups ?? 1), 5], dtype, 1),
      ];
      const [y] = check([x, w], convolution1d(x, w, how));
      expect(terms([y!])).toEqual([sizeOf(w.shape.slice(1))]);
    }
  });

  test.each(settings)("two axes, %s", (_, how) => {
    for (const batch of [1, 3]) {
      const x = exact([batch, 4, 9, 11], dtype);
      const w = exact([8, 4 / (how?.groups ?? 1), 3, 2], dtype, 1);
      const [y, , slope] = check([x, w], convolution2d(x, w, how));
      const positions = sizeOf(y!.shape) / 8;
      expect(terms([y!])).toEqual([sizeOf(w.shape.slice(1))]);
      expect(terms([slope!])).toEqual([positions]);
    }
  });

  test("through flips and transposes", () => {
    const [x, w] = [exact([9, 2, 3, 7], dtype), exact([3, 2, 3, 5], dtype, 1)];
    const turned = transpose(x.flip([0]), [1, 2, 0, 3]);
    const y = convolution2d(turned, transpose(w, [3, 0, 2, 1]).flip([2, 3]), { padding: 1 });
    check([x, w], y);
    expect(terms([transpose(y, [0, 2, 3, 1])])).toEqual([3 * 3 * 2]);
    expect(terms([y])).toEqual([3 * 3 * 2]);
  });
});

/** Numbers between −1 and 1 that are not short: every product and every sum is rounded. */
const uneven = (shape: Shape, seed: number): Tensor =>
  tensor(
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(1.7 * i + seed)),
    { shape },
  );

/** What the strict module gives. */
function strictly(inputs: readonly Tensor[], y: Tensor): TypedArray {
  const program = compileProgram({ inputs, outputs: [y] });
  const { exports, at } = instantiate(program, { relaxed: false });
  for (const [i, x] of readValues(inputs).entries()) at(program.inputs[i]!).set(x);
  (exports.run as () => void)();
  return at(program.outputs[0]!).slice();
}

test("over many terms: in blocks of one size, in row-major order, to the last bit", () => {
  const [x, w] = [uneven([2, 70, 6, 7], 1), uneven([7, 70, 3, 3], 2)];
  const y = convolution2d(x, w, { padding: 1 });
  expect(terms([y])).toEqual([630]);
  const [values, weights] = readValues([x, w]) as [TypedArray, TypedArray];
  const found = strictly([x, w], y);
  const { fround } = Math;
  const [exact, sizes] = [new Float64Array(y.size), new Float64Array(y.size)];
  const expected = Float32Array.from({ length: y.size }, (_, place) => {
    const [b, o, i, j] = [place / 294, (place / 42) % 7, (place / 7) % 6, place % 7].map(
      Math.floor,
    );
    let [total, sum] = [0, 0];
    for (let k = 0; k < 630; k++) {
      const [c, r, s] = [Math.floor(k / 9), i! + (Math.floor(k / 3) % 3) - 1, j! + (k % 3) - 1];
      const inside = r >= 0 && r < 6 && s >= 0 && s < 7;
      const left = inside ? values[((b! * 70 + c) * 6 + r) * 7 + s]! : 0;
      const term = left * weights[o! * 630 + k]!;
      exact[place]! += term;
      sizes[place]! += Math.abs(term);
      // 630 terms are two blocks of 315.
      if (k === 315) [total, sum] = [sum, 0];
      sum = fround(sum + fround(term));
    }
    return fround(total + sum);
  });
  expect(found).toEqual(expected);
  // A product is rounded once and then takes part in at most 315 + 1 sums.
  const bound = 317 * 2 ** -24;
  for (const [i, value] of found.entries()) {
    expect(Math.abs(value - exact[i]!)).toBeLessThanOrEqual(bound * sizes[i]!);
  }
  const [relaxed] = wasm.compile({ inputs: [x, w], outputs: [y] }).run([values, weights]);
  for (const [i, value] of relaxed!.entries()) {
    expect(Math.abs(value - exact[i]!)).toBeLessThanOrEqual(bound * sizes[i]!);
  }
});
