/** Elementwise loops in pieces: the bits of the interpreter, by one thread and by several. */
import "../../support/backend.ts";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { gradient } from "../../../src/autodiff/gradient.ts";
import { runOnce } from "../../../src/backends/interpreter/index.ts";
import { compileProgram } from "../../../src/compile/index.ts";
import { piecesOf } from "../../../src/compile/pieces.ts";
import { isFloat } from "../../../src/core/dtype.ts";
import type { Graph } from "../../../src/core/graph.ts";
import type { Tensor } from "../../../src/core/tensor.ts";
import { valueOf } from "../../../src/core/values.ts";
import { concatenate, stack } from "../../../src/ops/concatenate.ts";
import { input } from "../../../src/ops/leaf.ts";
import { flip, slice, transpose } from "../../../src/ops/move.ts";
import { pad } from "../../../src/ops/padding.ts";
import { expectSame } from "./agree.ts";
import { exact } from "./exact.ts";
import { runBy } from "./run-by.ts";

type Step = readonly [kind: number, axis: number, size: number];

const moves = fc.record({
  dtype: fc.constantFrom("f32", "f64", "i32", "bool"),
  shape: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 3 }),
  steps: fc.array(fc.tuple(fc.nat(7), fc.nat(2), fc.nat(3)), { minLength: 1, maxLength: 5 }),
});

function made(x: Tensor, [kind, place, size]: Step): Tensor {
  const axis = place % x.rank;
  const along = (n: number) => x.shape.map((_, k) => (k === axis ? n : 0));
  const part = slice(x, { start: along(size) });
  switch (kind) {
    case 0:
      return concatenate([x, part, x], axis);
    case 1:
      return concatenate([part, flip(x, axis)], axis);
    case 2:
      return x.rank < 3 ? stack([x, flip(x)], axis) : flip(x);
    case 3:
      return pad(x, { before: along(size), after: along(1), value: size });
    case 4:
      return slice(x, { step: along(size + 1).map((n) => Math.max(1, n)) });
    case 5:
      return transpose(x);
    case 6:
      return x.dtype === "bool" ? x : x.neg().add(size);
    default:
      return x.reshape([-1]);
  }
}

const inputOf = (x: Tensor): Tensor => input("x", x.shape, x.dtype);

async function agrees(graph: Graph, given: readonly Tensor[], unitWork: number): Promise<boolean> {
  const values = given.map(valueOf);
  const wanted = runOnce(graph, values);
  const program = compileProgram(graph);
  for (const threads of [1, 3]) {
    const found = await runBy(threads, program, values, threads === 1 ? {} : { unitWork });
    for (const [o, y] of found.entries()) expectSame(y, wanted[o]!, `${threads} threads, ${o}`);
  }
  return program.kernels.some((k) => k.loop === "map" && piecesOf(k) !== undefined);
}

test("random moves, with gradients and gradients of these", async () => {
  let pieces = 0;
  for (const { dtype, shape, steps } of fc.sample(moves, { numRuns: 24, seed: 11 })) {
    const given = exact(shape, dtype);
    const x = inputOf(given);
    const y = steps.reduce((t, step) => (t.size > 2000 ? t : made(t, step)), x);
    const outputs = [y];
    if (isFloat(dtype)) {
      const [g] = gradient(y.square().mul(y).sum(), [x]);
      outputs.push(g!, ...gradient(g!.sum(), [x]));
    }
    if (await agrees({ inputs: [x], outputs }, [given], 1)) pieces++;
  }
  expect(pieces).toBeGreaterThan(10);
}, 120_000);

test("sums of pieces, of which one alone is read", async () => {
  for (const axis of [0, 1]) {
    const given = [3, 1, 5, 2, 7].map((n, k) => exact(axis === 0 ? [n, 9] : [9, n], "f64", k));
    const xs = given.map(inputOf);
    const y = concatenate(xs, axis);
    const outputs = [y.sum(), y.square().sum({ axis: [axis] }), y.add(y.abs()).max({ axis: [0] })];
    const gradients = gradient(y.square().sum(), xs);
    await agrees({ inputs: xs, outputs: [...outputs, ...gradients] }, given, 1);
  }
});

test("many rows, and pieces of all lengths, shared by threads", async () => {
  const sizes = [1, 3, 64, 65, 1000, 2];
  for (const axis of [0, 1]) {
    const given = sizes.map((n, k) => exact(axis === 0 ? [n, 37] : [301, n], "f64", k));
    const xs = given.map(inputOf);
    const y = concatenate(xs, axis);
    for (const unitWork of [1, 500, 2 ** 15])
      expect(await agrees({ inputs: xs, outputs: [y, y.mul(2)] }, given, unitWork)).toBe(true);
  }
}, 120_000);
