/** Long sums with few results, a block of terms at a time: the bits of the order that is promised. */
import "../../support/backend.ts";
import { expect, test } from "vitest";
import { contractionPlan } from "../../../src/backends/wasm/emit/contract.ts";
import { isDeep } from "../../../src/backends/wasm/emit/deep.ts";
import { compileProgram } from "../../../src/compile/index.ts";
import { productBlock } from "../../../src/compile/summation.ts";
import { allocate, type TypedArray } from "../../../src/core/dtype.ts";
import type { Tensor } from "../../../src/core/tensor.ts";
import { input } from "../../../src/ops/leaf.ts";
import { matmul } from "../../../src/ops/matmul.ts";
import { transpose } from "../../../src/ops/move.ts";
import { expectSame } from "./agree.ts";
import { runBy } from "./run-by.ts";

type Float = "f32" | "f64";

const numbers = (dtype: Float, size: number, salt: number): TypedArray =>
  allocate(dtype, size).map((_, i) => Math.sin(1.7 * i + salt)) as TypedArray;

/** Σ_k a[k, i]·b[k, j] + c[j], multiplied, then added, block by block. */
function byHand(dtype: Float, a: TypedArray, b: (k: number, j: number) => number, c: TypedArray) {
  const n = c.length;
  const round = dtype === "f32" ? Math.fround : (x: number): number => x;
  return (m: number, k: number): TypedArray => {
    const y = allocate(dtype, m * n);
    const block = productBlock(k);
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = -0;
        for (let first = 0; first < k; first += block) {
          let part = -0;
          for (let t = first; t < Math.min(k, first + block); t++)
            part = round(part + round(a[t * m + i]! * b(t, j)));
          sum = round(sum + part);
        }
        y[i * n + j] = round(sum + c[j]!);
      }
    }
    return y;
  };
}

/** Rows, columns, terms: whole tiles and panels, rests of both, and of the blocks. */
const cases: readonly [Float, number, number, readonly [batch: number, steps: number]][] = [
  ["f32", 132, 16, [32, 64]],
  ["f32", 221, 30, [25, 49]],
  ["f32", 91, 13, [3, 1033]],
  ["f64", 131, 19, [7, 149]],
];

test.each(cases)("%s: %i rows, %i columns, terms %j", async (dtype, m, n, [batch, steps]) => {
  const k = batch * steps;
  const a = input("a", [k, m], dtype);
  const c = input("c", [n], dtype);
  /** Columns that lie side by side, and those of sequences whose steps are not the first axis. */
  const sides: [Tensor, Tensor, (t: number, j: number) => number][] = [];
  const plain = input("b", [k, n], dtype);
  sides.push([plain, plain, (t, j) => t * n + j]);
  const turned = input("b", [batch, steps, n], dtype);
  const rows = transpose(turned, [1, 0, 2]).reshape([k, n]);
  const place = (t: number, j: number) => ((t % batch) * steps + Math.floor(t / batch)) * n + j;
  sides.push([turned, rows, place]);
  for (const [b, factor, place] of sides) {
    const graph = { inputs: [a, b, c], outputs: [matmul(transpose(a), factor).add(c)] };
    const values = graph.inputs.map((x, i) => numbers(dtype, x.size, i));
    const program = compileProgram(graph);
    const products = program.kernels.flatMap((kernel) => {
      const plan = kernel.loop === "reduce" ? contractionPlan(kernel) : undefined;
      return plan && isDeep(plan, 1) ? [plan] : [];
    });
    expect(products.length).toBe(1);
    const [left, right, last] = values as [TypedArray, TypedArray, TypedArray];
    const wanted = byHand(dtype, left, (t, j) => right[place(t, j)]!, last)(m, k);
    for (const [threads, options] of [
      [1, {}],
      [1, { inUnits: true }],
      [3, {}],
    ] as const) {
      const [found] = await runBy(threads, program, values, options);
      expectSame(found!, wanted, `${threads} threads, ${JSON.stringify(options)}`);
    }
  }
});
