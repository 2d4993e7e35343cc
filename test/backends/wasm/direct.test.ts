/** Convolutions whose columns are read where they lie: the order of sums, by one thread and by several. */
import "../../support/backend.ts";
import { describe, expect, test } from "vitest";
import { contractionPlan } from "../../../src/backends/wasm/emit/contract.ts";
import { compileProgram } from "../../../src/compile/index.ts";
import type { Program } from "../../../src/compile/program.ts";
import { summation } from "../../../src/compile/summation.ts";
import type { Tensor } from "../../../src/core/tensor.ts";
import { valueOf } from "../../../src/core/values.ts";
import { convolution } from "../../../src/ops/convolution.ts";
import { input, tensor } from "../../../src/ops/leaf.ts";
import { expectSame } from "./agree.ts";
import { runBy } from "./run-by.ts";

type Float = "f32" | "f64";

function numbers(shape: readonly number[], dtype: Float, seed: number): Tensor {
  let state = seed;
  const count = shape.reduce((a, b) => a * b, 1);
  const values = Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
  return tensor(values, { shape, dtype });
}

/** Products, then sums in the order of terms, block by block. */
function expected(x: Tensor, w: Tensor, stride: number, gap: number, dtype: Float): Float64Array {
  const round = dtype === "f32" ? Math.fround : (v: number) => v;
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const [outputs, , kh, kw] = w.shape as [number, number, number, number];
  const [a, b] = [valueOf(x), valueOf(w)];
  const out = (n: number, k: number) => Math.floor((n - (k - 1) * gap - 1) / stride) + 1;
  const [rows, columns] = [out(height, kh), out(width, kw)];
  const terms = channels * kh * kw;
  const block = Math.ceil(terms / Math.ceil(terms / 512));
  const y = new Float64Array(batch * outputs * rows * columns);
  let place = 0;
  for (let n = 0; n < batch; n++)
    for (let o = 0; o < outputs; o++)
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < columns; j++) {
          let [total, sum] = [-0, -0];
          for (let t = 0; t < terms; t++) {
            const [c, p, q] = [Math.floor(t / (kh * kw)), Math.floor(t / kw) % kh, t % kw];
            const line = (n * channels + c) * height + i * stride + p * gap;
            const product = round(a[line * width + j * stride + q * gap]! * b[o * terms + t]!);
            sum = round(sum + product);
            if ((t + 1) % block === 0 || t + 1 === terms) {
              total = round(total + sum);
              sum = -0;
            }
          }
          y[place++] = total;
        }
  return y;
}

const isDirect = (program: Program): boolean =>
  program.kernels.some((k) => k.loop === "reduce" && contractionPlan(k)?.direct !== undefined);

interface Case {
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly gap?: number;
  /** Why it is copied, where it is. */
  readonly copied?: true;
}

const cases: readonly (readonly [string, Case])[] = [
  ["many images", { x: [5, 3, 12, 18], w: [6, 3, 5, 5] }],
  ["one image, many lines", { x: [1, 2, 40, 34], w: [5, 2, 3, 3] }],
  ["one row", { x: [3, 2, 9, 21], w: [1, 2, 3, 2] }],
  ["two rows", { x: [2, 2, 9, 23], w: [2, 2, 3, 2] }],
  ["three rows", { x: [2, 2, 5, 37], w: [3, 2, 2, 2] }],
  ["four rows", { x: [2, 3, 7, 12], w: [4, 3, 3, 3] }],
  ["sixteen rows", { x: [2, 6, 9, 14], w: [16, 6, 5, 5] }],
  ["terms in blocks", { x: [2, 70, 5, 18], w: [7, 70, 3, 3] }],
  ["terms in uneven blocks", { x: [1, 117, 4, 12], w: [8, 117, 3, 3] }],
  ["a gap between terms", { x: [2, 2, 11, 20], w: [3, 2, 3, 3], gap: 2 }],
  ["lines in groups", { x: [2, 2, 30, 44], w: [3, 2, 3, 3] }],
  ["one long line", { x: [2, 2, 1, 700], w: [4, 2, 1, 5] }],
  ["a line that is too long", { x: [1, 2, 1, 1100], w: [4, 2, 1, 5], copied: true }],
  ["lines that are too short", { x: [2, 2, 8, 7], w: [4, 2, 3, 5], copied: true }],
];

describe.each(["f32", "f64"] as const)("%s", (dtype: Float) => {
  test.each(cases)("%s", async (_, { x: size, w: window, gap = 1, copied }) => {
    const [x, w] = [numbers(size, dtype, 3), numbers(window, dtype, 5)];
    const [a, b] = [input("x", size, dtype), input("w", window, dtype)];
    const y = convolution(a, b, { dilation: gap });
    const program = compileProgram({ inputs: [a, b], outputs: [y] });
    if (dtype === "f32") expect(isDirect(program)).toBe(!copied);
    for (const kernel of program.kernels) {
      if (kernel.loop === "reduce") expect(summation(kernel).kind).toBe("product");
    }
    const wanted = expected(x, w, 1, gap, dtype);
    for (const threads of [1, 3]) {
      const [found] = await runBy(threads, program, [valueOf(x), valueOf(w)]);
      expectSame(
        found!,
        dtype === "f32" ? Float32Array.from(wanted) : wanted,
        `${threads} threads`,
      );
    }
  });
});
