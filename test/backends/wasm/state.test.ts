/** Programs whose outputs are the next run's inputs: in place where possible, right in any case. */
import "../../support/backend.ts";
import { describe, expect, test } from "vitest";
import { interpreter } from "../../../src/backends/interpreter/index.ts";
import { instantiate } from "../../../src/backends/wasm/instance.ts";
import { compileProgram } from "../../../src/compile/index.ts";
import type { Graph } from "../../../src/core/graph.ts";
import { readValues } from "../../../src/core/runtime.ts";
import type { Tensor } from "../../../src/core/tensor.ts";
import { cast } from "../../../src/ops/cast.ts";
import { matmul } from "../../../src/ops/matmul.ts";
import { expectSame } from "./agree.ts";
import { ballast, exact } from "./exact.ts";

/** Runs the step so many times on both backends; the first outputs are the states. */
function follow(graph: Graph, states: number, steps = 3): void {
  const pairs = Array.from({ length: states }, (_, i) => [i, i] as const);
  const program = compileProgram(graph, { state: pairs, verify: true });
  const { exports, at } = instantiate(program, { relaxed: false });
  const interpreted = interpreter.compile(graph);
  let values = readValues(graph.inputs);
  program.inputs.forEach((b, i) => {
    at(b).set(values[i]!);
  });
  for (let step = 0; step < steps; step++) {
    const results = interpreted.run(values).map((v) => v.slice());
    (exports.run as () => void)();
    results.forEach((v, o) => {
      const what = `output ${o} of step ${step},`;
      expectSame(at(program.outputs[o]!), v, what);
      if (o < states) expectSame(at(program.inputs[o]!), v, `${what} as input,`);
    });
    values = [...results.slice(0, states), ...values.slice(states)];
  }
}

/** With more work than is written out element by element, and without. */
const each = describe.each([
  ["written out", []],
  ["as loops", [ballast()]],
] as [string, Tensor[]][]);

each("%s", (_, more) => {
  const [a, b, c] = [1, 2, 3].map((salt) => exact([6], "f32", salt)) as [Tensor, Tensor, Tensor];

  test.each([
    ["each for itself", [a.add(1), b.mul(2), c.neg()]],
    ["reading each other", [a.add(b), b.add(a), c.sub(a)]],
    ["exchanged", [b, a, c]],
    ["moved on", [c, a, b]],
    ["the old value kept as another state", [a.add(1), a, b.add(c)]],
    ["one new value for two", [a.add(b), a.add(b), c]],
    ["unchanged", [a, b.add(a), c]],
    ["read elsewhere than at its own place", [a.flip(), b.add(a.flip()), a.sum().add(c)]],
    ["the new value read by others", [a.add(1), b.add(a.add(1).sum()), a.add(1).flip().add(c)]],
  ])("%s", (_name, outputs) => {
    follow({ inputs: [a, b, c], outputs: [...outputs, ...more] }, 3);
  });

  test("an old value that is reported beside the new one", () => {
    follow({ inputs: [a, b], outputs: [a.add(b), b.sub(a), a, b, a.mul(b), ...more] }, 2);
  });

  test("a weight that its own gradient has read, and a copy of the gradient", () => {
    const [x, w] = [exact([5, 4], "f32", 4), exact([4, 9], "f32", 5)];
    const y = matmul(x, w);
    const gradient = matmul(x.transpose(), y.sign());
    const back = matmul(y.sign(), w.transpose());
    const next = w.sub(gradient.mul(0.5)).clamp({ min: -4, max: 4 });
    follow({ inputs: [w, x], outputs: [next, back, gradient, ...more] }, 1);
  });

  // Vectors of two f64 carry two i32 along; four must not be written.
  test.each([2, 4, 5, 8])("types of different width in one loop: %i elements", (n) => {
    const [x, k] = [exact([n], "f64", 1), exact([n], "i32", 2)];
    const next = k.add(3);
    follow({ inputs: [k, x], outputs: [next, x.mul(0).add(cast(next, "f64")), ...more] }, 2);
  });
});

test("a step that reads the old state at its own place alone writes in place", () => {
  const [a, b] = [exact([6]), exact([6], "f32", 1)];
  const state = [[0, 0]] as const;
  const own = compileProgram({ inputs: [a, b], outputs: [a.add(b)] }, { state });
  expect(own.outputs[0]!.inPlaceOf).toBe(own.inputs[0]);
  expect(own.kernels.length).toBe(1);
  const elsewhere = compileProgram({ inputs: [a, b], outputs: [a.flip().add(b)] }, { state });
  // A copy at the end.
  expect(elsewhere.kernels.length).toBe(2);
});
