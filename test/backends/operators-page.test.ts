/** The table of operators cannot be made while a backend lacks something. */
import "../support/backend.ts";
import { expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import type { Backend } from "../../src/backends/backend.ts";
import { interpreter } from "../../src/backends/interpreter/index.ts";
import { dtypes, isFloat } from "../../src/core/dtype.ts";
import type { Op } from "../../src/core/op.ts";
import { castOp } from "../../src/ops/cast.ts";
import { onesLike } from "../../src/ops/leaf.ts";
import { tanhOp } from "../../src/ops/transcendental.ts";
import { isClose, rounding } from "../support/rounding.ts";
import { differentiable, typedSamples } from "../support/samples.ts";

const tool = new URL("../../tools/generate/operators-page.mjs", import.meta.url).href;
const { operatorsPage } = (await import(tool)) as { operatorsPage: (lib: object) => string };

const page = (compile: Backend["compile"], ...all: readonly unknown[]) =>
  operatorsPage({
    ...{ interpreter, dtypes, isFloat, gradient, onesLike, isClose, rounding },
    ...{ differentiable, typedSamples },
    wasm: { name: "other", compile },
    operators: () => all as Op[],
  });
const rows = (text: string) => text.split("\n").filter((line) => line.startsWith("| `"));

test("where a backend runs everything the table says so", () => {
  expect(rows(page(interpreter.compile, tanhOp, castOp))).toEqual([
    "| `tanh` | pointwise | • ∂ | • ∂ |  |  | • ∂ | • ∂ |  |  |",
    "| `cast` | linear | • ∂ | • ∂ | • | • | • ∂ | • ∂ | • | • |",
  ]);
});

test("a backend that refuses an operator is named with it", () => {
  const compile: Backend["compile"] = (graph) => {
    if (graph.inputs.some((x) => x.dtype === "i32")) throw new TypeError("no integers here");
    return interpreter.compile(graph);
  };
  expect(() => page(compile, castOp)).toThrow(/cast of i32 on other: no integers here/);
  expect(rows(page(compile, tanhOp))).toHaveLength(1);
});

test("a backend with a wrong second derivative is named with it", () => {
  const compile: Backend["compile"] = (graph) => {
    const inner = interpreter.compile(graph);
    const last = graph.outputs.length - 1;
    const run = (values: Parameters<typeof inner.run>[0]) =>
      inner.run(values).map((v, i) => (i === last ? v.map((x) => 1.001 * x) : v));
    return { run };
  };
  expect(() => page(compile, tanhOp)).toThrow(/tanh of f32 on other: output 2 differs/);
});

test("an operator without samples is a hole", () => {
  expect(() => page(interpreter.compile, { ...castOp, sampling: {} })).toThrow(/cast has no sampl/);
});
