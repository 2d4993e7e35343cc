/** Relaxed multiply-add: used where it is allowed, and only there; right in both cases. */
import "../../support/backend.ts";
import { describe, expect, test } from "vitest";
import { gradient } from "../../../src/autodiff/gradient.ts";
import { interpreter } from "../../../src/backends/interpreter/index.ts";
import { instantiate } from "../../../src/backends/wasm/instance.ts";
import { buildModule } from "../../../src/backends/wasm/module.ts";
import { compileProgram } from "../../../src/compile/index.ts";
import { dtypeOf, type TypedArray } from "../../../src/core/dtype.ts";
import type { Graph } from "../../../src/core/graph.ts";
import { readValues } from "../../../src/core/runtime.ts";
import type { Tensor } from "../../../src/core/tensor.ts";
import { input } from "../../../src/ops/leaf.ts";
import { matmul } from "../../../src/ops/matmul.ts";
import { expectClose } from "../../support/close.ts";
import { holds } from "../../support/property.ts";
import { build, choices } from "../../support/random-graphs.ts";
import { rounding } from "../../support/rounding.ts";
import { ballast, exact } from "./exact.ts";
import { relaxing } from "./relaxed.ts";
import { buildTyped } from "./typed-graphs.ts";
import { textOf } from "./wabt.ts";

function run(graph: Graph, values: readonly TypedArray[], relaxed: boolean): TypedArray[] {
  const program = compileProgram(graph);
  const { exports, at } = instantiate(program, { relaxed });
  program.inputs.forEach((b, i) => {
    at(b).set(values[i]!);
  });
  (exports.run as () => void)();
  return program.outputs.map((b) => at(b).slice());
}

const product: Graph = {
  inputs: [input("x", [20, 30]), input("w", [30, 40])],
  get outputs(): Tensor[] {
    const [x, w] = this.inputs as [Tensor, Tensor];
    return [matmul(x, w).tanh()];
  },
};

test("relaxed instructions are written where they are asked for, and nowhere else", () => {
  const program = compileProgram(product);
  const text = (relaxed: boolean) => textOf(buildModule(program, { relaxed }).bytes);
  expect(text(true)).toContain("f32x4.relaxed_madd");
  expect(text(false)).not.toContain("relaxed");
});

test("this engine can be tested both ways", () => {
  expect(relaxing).toEqual([false, true]);
});

describe.each(relaxing)("relaxed: %s", (relaxed) => {
  test.each(["f32", "f64"] as const)("exact products have the same bits: %s", (dtype) => {
    for (const [m, k, n] of [
      [7, 9, 5],
      [64, 30, 33],
      [1, 100, 17],
    ] as const) {
      const [x, w] = [exact([m, k], dtype), exact([k, n], dtype, 1)];
      const back = matmul(x.transpose(), matmul(x, w));
      const graph = { inputs: [x, w], outputs: [matmul(x, w), back, ballast()] };
      const values = readValues(graph.inputs);
      expect(run(graph, values, relaxed)).toEqual(interpreter.compile(graph).run(values));
    }
  });

  test("exact graphs in all types have the same bits", () => {
    for (let which = 0; which < 40; which++) {
      const { values, ...graph } = buildTyped(9, which);
      const expected = interpreter.compile(graph).run(values);
      run(graph, values, relaxed).forEach((found, i) => {
        expectClose(found, expected[i]!, {}, `graph ${which}, output ${i},`);
      });
    }
  });

  // Without relaxed instructions agreement.test.ts does it.
  if (!relaxed) return;

  test("random graphs and their gradients agree within rounding", () => {
    const check = (chosen: Parameters<typeof build>[0]) => {
      const { leaves, loss } = build(chosen.slice(0, 12));
      const graph = { inputs: leaves, outputs: [loss, ...gradient(loss, leaves)] };
      const values = readValues(leaves);
      const expected = interpreter.compile(graph).run(values);
      run(graph, values, relaxed).forEach((found, i) => {
        expectClose(found, expected[i]!, rounding[dtypeOf(found)], `output ${i}`);
      });
    };
    holds(choices, check, 30);
  });
});
