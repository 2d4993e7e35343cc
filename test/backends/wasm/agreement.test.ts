/** The WebAssembly backend against the interpreter: every operator, in every type that it takes. */
import "../../support/backend.ts";
import { describe, expect, test } from "vitest";
import { gradient } from "../../../src/autodiff/gradient.ts";
import { interpreter } from "../../../src/backends/interpreter/index.ts";
import { wasm } from "../../../src/backends/wasm/index.ts";
import { dtypes, isFloat } from "../../../src/core/dtype.ts";
import type { Graph } from "../../../src/core/graph.ts";
import type { Tensor } from "../../../src/core/tensor.ts";
import { operators } from "../../../src/ops/index.ts";
import { scatterAdd } from "../../../src/ops/indexing.ts";
import { input, onesLike, tensor, zeros } from "../../../src/ops/leaf.ts";
import { failure } from "../../support/failure.ts";
import { holds } from "../../support/property.ts";
import { build, choices } from "../../support/random-graphs.ts";
import { differentiable, typedSamples } from "../../support/samples.ts";
import { agree } from "./agree.ts";

describe.each(dtypes)("%s", (dtype) => {
  const taken = operators().flatMap((op) => {
    const samples = typedSamples(op, dtype);
    return samples.length === 0 ? [] : [[op.name, samples] as const];
  });
  test.each(taken)("%s", (name, samples) => {
    for (const sample of samples) {
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
  const check = (chosen: Parameters<typeof build>[0]) => {
    const { leaves, loss } = build(chosen);
    agree({ inputs: leaves, outputs: [loss, ...gradient(loss, leaves)] }, "graph");
  };
  holds(choices, check, 50);
});

describe.each([interpreter, wasm])("$name: an index outside its axis", ({ compile }) => {
  const at = input("at", [2], "i32");
  const x = tensor([1, 2, 3]);
  const reading: Graph = { inputs: [at], outputs: [x.gather(at, { axis: 0 })] };
  const updates = tensor([5, 7]);
  const writing: Graph = {
    inputs: [at],
    outputs: [scatterAdd(zeros([3]), at, updates, { axis: 0 })],
  };
  test("of a constant: an error when it runs, not one of the compiler", () => {
    const graph: Graph = {
      inputs: [],
      outputs: [x.gather(tensor([3], { dtype: "i32" }), { axis: 0 })],
    };
    const executable = compile(graph);
    failure("index-out-of-range", () => executable.run([]));
  });
  test.each([
    ["read", reading, [1, 3]],
    ["written", writing, [5, 0, 7]],
  ])("%s: what is inside is done", (_, graph, expected) => {
    expect([...compile(graph).run([Int32Array.of(0, 2)])[0]!]).toEqual(expected);
  });
  test.each([
    ["read", reading, 3],
    ["read", reading, -1],
    ["written", writing, 3],
    ["written", writing, -1],
  ])("%s: an error that names line, place and size", (_, graph, wrong) => {
    const executable = compile(graph);
    const error = failure("index-out-of-range", () => executable.run([Int32Array.of(0, wrong)]));
    expect(error).toMatchObject({ expected: "0 … 2", found: String(wrong) });
    expect(error.where).toContain("agreement.test.ts");
  });
});
