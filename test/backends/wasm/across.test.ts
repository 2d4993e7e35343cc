/** Vectors over every other element and over two axes at once: pools and what goes back through them. */
import "../../support/backend.ts";
import { describe, expect, test } from "vitest";
import { gradient } from "../../../src/autodiff/gradient.ts";
import { runOnce } from "../../../src/backends/interpreter/index.ts";
import { compileProgram } from "../../../src/compile/index.ts";
import type { Graph } from "../../../src/core/graph.ts";
import type { Tensor } from "../../../src/core/tensor.ts";
import { valueOf } from "../../../src/core/values.ts";
import { equal, where } from "../../../src/ops/compare.ts";
import { input, range, tensor } from "../../../src/ops/leaf.ts";
import { slice } from "../../../src/ops/move.ts";
import { maxPool } from "../../../src/ops/pooling.ts";
import { argmax, argmin, max, min } from "../../../src/ops/reduce.ts";
import { expectSame } from "./agree.ts";
import { runBy } from "./run-by.ts";

const special = [0, -0, 1, -1, Number.NaN, Infinity, -Infinity, 2, 2, 0.5];

/** Numbers with many ties, infinities and NaNs, or without NaNs. */
function mixed(shape: readonly number[], dtype: "f32" | "f64", hasNaN = true): Tensor {
  const count = shape.reduce((a, b) => a * b, 1);
  let state = 17;
  const numbers = Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const value = special[(state >>> 20) % special.length]!;
    return !hasNaN && Number.isNaN(value) ? 3 : value;
  });
  return tensor(numbers, { shape, dtype });
}

async function agree(graph: Graph, given: readonly Tensor[], what: string): Promise<void> {
  const values = given.map(valueOf);
  const wanted = runOnce(graph, values);
  const program = compileProgram(graph);
  for (const threads of [1, 3]) {
    const found = await runBy(threads, program, values, threads === 1 ? {} : { unitWork: 32 });
    for (const [o, y] of found.entries()) {
      expectSame(y, wanted[o]!, `${what}, ${threads} threads, ${o}`);
    }
  }
}

describe.each(["f32", "f64"] as const)("%s", (dtype) => {
  const sizes = [4, 6, 9, 14];

  test.each(sizes)("pools of %i and their gradients, with ties, infinities and NaNs", async (n) => {
    const given = mixed([2, 3, 6, n], dtype);
    const x = input("x", given.shape, dtype);
    const weights = tensor(
      Array.from({ length: 600 }, (_, i) => i - 60),
      { dtype },
    );
    for (const options of [
      { kernelSize: 2 },
      { kernelSize: [3, 2] },
      { kernelSize: [2, 3] },
      { kernelSize: 3, stride: 2 },
      { kernelSize: 2, stride: 1 },
    ]) {
      const y = maxPool(x, options);
      const loss = slice(weights, { end: [y.size] })
        .reshape(y.shape)
        .mul(where(equal(y, y), y, 0))
        .sum();
      const [g] = gradient(loss, [x]) as [Tensor];
      await agree({ inputs: [x], outputs: [y, g] }, [given], JSON.stringify(options));
    }
  });

  test.each(sizes)("extreme elements and where they are, axis by axis, for %i", async (n) => {
    for (const shape of [
      [5, n],
      [3, 2, n],
      [n, 3, 1],
      [20, n, 7],
    ]) {
      const given = mixed(shape, dtype);
      const x = input("x", shape, dtype);
      const half = slice(x, { step: shape.map(() => 2) });
      const outputs = shape.flatMap((_, axis) => [
        argmax(x, { axis }),
        argmin(x, { axis }),
        argmax(half, { axis }),
        max(half, { axis }),
        min(half, { axis }),
      ]);
      await agree({ inputs: [x], outputs }, [given], `[${shape}]`);
    }
  });

  test("a last axis shorter than a vector", async () => {
    for (const size of [2, 3, 4]) {
      for (const n of [1, 2, 3, 4, 7, 8]) {
        const given = mixed([3, n, size], dtype, false);
        const x = input("x", given.shape, dtype);
        const rows = mixed([3, n, 1], dtype, false);
        const numbers = range(size);
        const columns = range(n).reshape([n, 1]);
        const flipped = slice(x, { start: [0, 0, 0] });
        const outputs = [
          x.add(rows),
          where(equal(numbers, argmax(x, { axis: 2, keepDims: true })), rows, 0),
          where(equal(numbers, columns), x, rows),
          flipped.mul(numbers.cast(dtype)).add(columns.cast(dtype)),
          equal(numbers.add(columns), 2),
        ];
        await agree({ inputs: [x], outputs }, [given], `${n} by ${size}`);
      }
    }
  });
});

test("a pool's gradient keeps no array of truth values", () => {
  const x = input("x", [2, 3, 8, 8]);
  const [g] = gradient(maxPool(x, { kernelSize: 2 }).square().sum(), [x]) as [Tensor];
  const program = compileProgram({ inputs: [x], outputs: [g] });
  expect(program.buffers.filter((b) => b.dtype === "bool")).toEqual([]);
});

/** 128 terms at a time are added one after the other, and so are their sums. */
function columnSums(x: readonly number[], rows: number, round: (x: number) => number): number[] {
  const columns = x.length / rows;
  return Array.from({ length: columns }, (_, c) => {
    let total = 0;
    for (let from = 0; from < rows; from += 128) {
      let part = 0;
      for (let r = from; r < Math.min(from + 128, rows); r++) {
        part = round(part + x[r * columns + c]!);
      }
      total = round(total + part);
    }
    return total;
  });
}

test.each([
  ["f32", Math.fround],
  ["f64", (x: number) => x],
] as const)(
  "sums of columns in %s, whatever their width, in the order of their terms",
  async (dtype, round) => {
    for (const [rows, columns] of [
      [17, 8],
      [40, 33],
      [129, 32],
      [300, 77],
      [1000, 64],
    ] as const) {
      const numbers = Array.from({ length: rows * columns }, (_, i) =>
        round(Math.sin(i) * 1e3 ** Math.cos(3 * i)),
      );
      const x = input("x", [rows, columns], dtype);
      const graph = { inputs: [x], outputs: [x.sum({ axis: [0] }), x.square().sum({ axis: [0] })] };
      const squares = numbers.map((x) => round(x * x));
      const wanted = [numbers, squares].map((own) => columnSums(own, rows, round));
      const given = [tensor(numbers, { dtype })].map(valueOf);
      for (const threads of [1, 3]) {
        const options = threads === 1 ? {} : { unitWork: 32 };
        const found = await runBy(threads, compileProgram(graph), given, options);
        expect(
          found.map((sums) => [...sums]),
          `${rows} × ${columns}, ${threads} threads`,
        ).toEqual(wanted);
      }
    }
  },
);
