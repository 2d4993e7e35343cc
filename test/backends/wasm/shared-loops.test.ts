/** Maps and reductions whose positions several threads share: the bits of one thread. */
import "../../support/backend.ts";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { gradient } from "../../../src/autodiff/gradient.ts";
import { compileProgram } from "../../../src/compile/index.ts";
import { unitsOf } from "../../../src/compile/units.ts";
import { arrayOf, type TypedArray } from "../../../src/core/dtype.ts";
import type { Graph } from "../../../src/core/graph.ts";
import { uniformAt } from "../../../src/core/random.ts";
import { readValues } from "../../../src/core/runtime.ts";
import { softmax } from "../../../src/nn/activations.ts";
import { input } from "../../../src/ops/leaf.ts";
import { argsort } from "../../../src/ops/order.ts";
import { argmax, cumsum } from "../../../src/ops/reduce.ts";
import { rejection } from "../../support/failure.ts";
import { build, choices } from "../../support/random-graphs.ts";
import { expectSame } from "./agree.ts";
import { runBy } from "./run-by.ts";

async function same(graph: Graph, what: string, values: readonly TypedArray[], unitWork?: number) {
  const program = compileProgram(graph);
  const alone = await runBy(1, program, values);
  for (const threads of [2, 3]) {
    const found = await runBy(threads, program, values, unitWork === undefined ? {} : { unitWork });
    for (const [o, y] of found.entries()) {
      expectSame(y, alone[o]!, `${what}, ${threads} threads, output ${o},`);
    }
  }
}

const numbers = (dtype: "f32" | "f64", n: number, seed: number) =>
  arrayOf(
    dtype,
    Array.from({ length: n }, (_, i) => 2 * uniformAt(3, seed, i) - 1),
  );

test.each(["f32", "f64"] as const)("loops over much, in %s", async (dtype) => {
  const [x, y] = [input("x", [257, 301], dtype), input("y", [301, 257], dtype)];
  const long = input("long", [100_003], dtype);
  const at = input("at", [100_003], "i32");
  const centred = x.sub(x.mean({ axis: [1], keepDims: true }));
  const outputs = [
    long.mul(3).exp(),
    long.less(0),
    x.add(y.transpose()),
    x.sum({ axis: [1] }),
    x.sum({ axis: [0] }).exp(),
    x.square().sum(),
    x.max({ axis: [0] }).less(0.5),
    argmax(y, { axis: 1 }),
    cumsum(x, { axis: 0 }),
    argsort(x, { axis: 0 }),
    argsort(y, { axis: 1, descending: true }),
    argsort(long),
    softmax(y, { axis: 1 }),
    centred.div(
      centred
        .square()
        .mean({ axis: [1], keepDims: true })
        .sqrt(),
    ),
    // Those that may call into JavaScript are the first thread's.
    long.gather(at, { axis: 0 }).neg(),
    long.mul(1e8).sin(),
  ];
  const program = compileProgram({ inputs: [x, y, long, at], outputs });
  const loops = program.kernels.filter((k) => k.loop === "map" || k.loop === "reduce");
  expect(loops.filter((k) => unitsOf(k, 2 ** 15)).length).toBeGreaterThan(10);
  const values = [x, y, long].map(({ size }, k) => numbers(dtype, size, k));
  const places = Int32Array.from({ length: at.size }, (_, i) => (i * 7919) % at.size);
  await same({ inputs: [x, y, long, at], outputs }, dtype, [...values, places]);
});

test("random graphs and their gradients, cut as finely as can be", async () => {
  for (const [i, chosen] of fc.sample(choices, { numRuns: 12, seed: 3 }).entries()) {
    const { leaves, loss } = build(chosen);
    const graph = { inputs: leaves, outputs: [loss, ...gradient(loss, leaves)] };
    await same(graph, `graph ${i}`, readValues(leaves), 1);
  }
});

test("an index out of range ends the run of all threads with the line of its user", async () => {
  const x = input("x", [100_003]);
  const at = input("at", [100_003], "i32");
  const graph = { inputs: [x, at], outputs: [x.mul(2).gather(at, { axis: 0 }).exp().sum()] };
  const places = new Int32Array(at.size);
  places[at.size - 1] = at.size;
  const run = runBy(2, compileProgram(graph), [numbers("f32", x.size, 1), places]);
  const error = await rejection("index-out-of-range", run);
  expect(error.found).toBe(String(at.size));
  expect(error.where).toContain("shared-loops.test.ts");
});
