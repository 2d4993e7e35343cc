/** Programs whose kernels share functions: the bits of a function for each. */
import { relaxing } from "./relaxed.ts";
import "../../support/backend.ts";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gradient } from "../../../src/autodiff/gradient.ts";
import { instantiate } from "../../../src/backends/wasm/instance.ts";
import { buildModule, type ModuleOptions } from "../../../src/backends/wasm/module.ts";
import { compileProgram } from "../../../src/compile/index.ts";
import type { Program } from "../../../src/compile/program.ts";
import { arrayOf, type TypedArray } from "../../../src/core/dtype.ts";
import { uniformAt } from "../../../src/core/random.ts";
import { readValues } from "../../../src/core/runtime.ts";
import type { Tensor } from "../../../src/core/tensor.ts";
import { input } from "../../../src/ops/leaf.ts";
import { matmul } from "../../../src/ops/matmul.ts";
import { failure } from "../../support/failure.ts";
import { build, choices } from "../../support/random-graphs.ts";
import { convolution2d } from "../../support/windows.ts";
import { expectSame } from "./agree.ts";
import { runBy } from "./run-by.ts";
import { buildTyped } from "./typed-graphs.ts";

const values = (inputs: readonly Tensor[]): TypedArray[] =>
  inputs.map(({ dtype, size }, k) =>
    arrayOf(
      dtype,
      Array.from({ length: size }, (_, i) => uniformAt(5, k, i) - 0.5),
    ),
  );

/** Sharing functions, on one thread and two, gives what a function for each kernel gives. */
async function same(program: Program, given: readonly TypedArray[], options: ModuleOptions) {
  const alone = await runBy(1, program, given, { ...options, alike: Infinity });
  for (const threads of [1, 2]) {
    const found = await runBy(threads, program, given, options);
    for (const [o, y] of found.entries()) expectSame(y, alone[o]!, `${threads}, output ${o},`);
  }
}

const sizeOf = (program: Program, options: ModuleOptions): number =>
  buildModule(program, options).bytes.length;

describe.each(relaxing)("relaxed: %s", (relaxed) => {
  test.each(["f32", "f64"] as const)("twelve layers, trained in place, in %s", async (dtype) => {
    const weights = Array.from({ length: 12 }, (_, i) => input(`w${i}`, [19, 19], dtype));
    const biases = weights.map((_, i) => input(`b${i}`, [19], dtype));
    const x = input("x", [23, 19], dtype);
    const y = weights.reduce((h, w, i) => {
      const z = matmul(h, w)
        .add(biases[i]!)
        .mul(1 + i / 8);
      return z.tanh().add(h.mul(0.5));
    }, x);
    const parameters = [...weights, ...biases];
    const next = gradient(y.square().mean(), parameters).map((g, i) =>
      parameters[i]!.sub(g.mul(0.1 / (i + 1))),
    );
    const state = parameters.map((_, i) => [i, i] as const);
    const graph = { inputs: [...parameters, x], outputs: next };
    const program = compileProgram(graph, { state, verify: true });
    expect(sizeOf(program, { relaxed })).toBeLessThan(
      sizeOf(program, { relaxed, alike: Infinity }) / 2,
    );
    await same(program, values(graph.inputs), { relaxed, unitWork: 64 });
  });

  test("convolutions with padding, of one size and of another", async () => {
    const x = input("x", [2, 3, 9, 9]);
    const filters = Array.from({ length: 9 }, (_, i) => input(`f${i}`, [3, 3, 3, 3]));
    const y = filters.reduce((h, f) => convolution2d(h, f, { padding: 1, stride: 1 }).tanh(), x);
    const small = filters.reduce(
      (h, f) => convolution2d(h, f, { padding: 1, stride: 1 }).tanh(),
      x.slice({ end: [2, 3, 7, 8] }),
    );
    const loss = y.square().sum().add(small.sum());
    const graph = { inputs: [x, ...filters], outputs: [loss, ...gradient(loss, filters)] };
    await same(compileProgram(graph), values(graph.inputs), { relaxed, unitWork: 64 });
  });

  test("a long recurrence over parts of one array, with its gradients", async () => {
    const [w, u, xs] = [input("w", [7, 7]), input("u", [7, 7]), input("xs", [40, 7])];
    let h = xs.slice({ end: [1] });
    for (let t = 0; t < 40; t++) {
      const part = xs.slice({ start: [t], end: [t + 1] });
      h = matmul(h, w)
        .add(matmul(part, u))
        .add(0.01 * t)
        .tanh();
    }
    const graph = { inputs: [w, u, xs], outputs: [h, ...gradient(h.sum(), [w, u, xs])] };
    await same(compileProgram(graph), values(graph.inputs), { relaxed });
  });
});

test("random graphs, three times each in one program", async () => {
  for (const chosen of fc.sample(choices, { numRuns: 8, seed: 11 })) {
    const graphs = Array.from({ length: 3 }, () => build(chosen));
    const inputs = graphs.flatMap(({ leaves }) => leaves);
    const outputs = graphs.flatMap(({ leaves, loss }) => [loss, ...gradient(loss, leaves)]);
    const program = compileProgram({ inputs, outputs });
    await same(program, readValues(inputs), { relaxed: false, unitWork: 1, alike: 2 });
  }
});

test("random graphs over all types, three times each in one program", async () => {
  for (let k = 0; k < 40; k++) {
    const graphs = Array.from({ length: 3 }, () => buildTyped(8, k));
    const inputs = graphs.flatMap((g) => g.inputs);
    const program = compileProgram({ inputs, outputs: graphs.flatMap((g) => g.outputs) });
    const given = graphs.flatMap((g) => g.values);
    await same(program, given, { relaxed: false, unitWork: 1, alike: 2 });
  }
});

test("an index out of range is that of its own line", () => {
  const x = input("x", [5, 40]);
  const places = Array.from({ length: 10 }, (_, i) => input(`at${i}`, [3], "i32"));
  const take = (at: Tensor) => x.take(at, { axis: 0 }).exp();
  const other = (at: Tensor) => x.take(at, { axis: 0 }).exp();
  const outputs = places.map((at, i) => (i === 7 ? other(at) : take(at)));
  const program = compileProgram({ inputs: [x, ...places], outputs });
  const { exports, at } = instantiate(program, { relaxed: false });
  const run = exports.run as () => void;
  run();
  at(program.inputs[8]!)[1] = 5;
  const [line] = (outputs[7]!.inputs[0]!.site.toString().match(/alike.test.ts:\d+/) ?? []) as [
    string,
  ];
  expect(failure("index-out-of-range", run).where).toContain(line);
});

test("numbers that are not the same for any kernel keep their signs", () => {
  const inputs = Array.from({ length: 8 }, (_, i) => input(`x${i}`, [70]));
  const outputs = inputs.map((x, i) => x.mul(i === 3 ? -0 : 0).add(i === 5 ? -0 : 0));
  const program = compileProgram({ inputs, outputs });
  const results = [8, Infinity].map((alike) => {
    const { exports, at } = instantiate(program, { relaxed: false, alike, straight: false });
    for (const b of program.inputs) at(b).fill(1);
    (exports.run as () => void)();
    return program.outputs.map((b) => at(b).slice());
  });
  expect(results[0]).toEqual(results[1]);
});
