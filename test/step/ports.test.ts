/** Inputs and outputs by name: the order that they are run in is known to ports.ts alone. */
import { describe, expect, it, test } from "vitest";
import { linear } from "../../src/nn/linear.ts";
import {
  crossEntropy,
  type Loss,
  meanSquaredError,
  multiLabelMargin,
} from "../../src/nn/losses.ts";
import { add, mul } from "../../src/ops/arithmetic.ts";
import { cast } from "../../src/ops/cast.ts";
import { input } from "../../src/ops/leaf.ts";
import { mean } from "../../src/ops/reduce.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { gradientStep } from "../../src/step/cut.ts";
import {
  inputList,
  inputsByName,
  outputsByName,
  portGraph,
  statePairs,
} from "../../src/step/ports.ts";
import { trainingStep } from "../../src/step/step.ts";
import { failure } from "../support/failure.ts";
import { backends, centred, f64, filled, run, type } from "./steps.ts";

describe("a graph with ports", () => {
  const [a, b, c] = ["a", "b", "c"].map((name) => input(name, [1], "f64")) as [
    ReturnType<typeof input>,
    ReturnType<typeof input>,
    ReturnType<typeof input>,
  ];
  const graph = portGraph({ first: a, more: { b, c } }, { sums: { ab: add(a, b) }, c });
  it("has them in one order, whatever the order of the values that are given", () => {
    const values = { more: { c: f64(3), b: f64(2) }, first: f64(1) };
    expect(inputList(graph, values)).toEqual([f64(1), f64(2), f64(3)]);
    expect(inputsByName(graph, [1, 2, 3])).toEqual({ first: 1, more: { b: 2, c: 3 } });
    expect(outputsByName(graph, ["x", "y"])).toEqual({ sums: { ab: "x" }, c: "y" });
    for (const [, backend] of backends) {
      expect(run(backend, graph, values)).toEqual({ sums: { ab: f64(3) }, c: f64(3) });
    }
  });
  it("says which value there is not", () => {
    const lacking = { first: f64(1), more: { b: f64(2) } } as unknown as Parameters<
      typeof inputList<(typeof graph)["ports"]["inputs"]>
    >[1];
    expect(failure("bad-argument", () => inputList(graph, lacking)).message).toContain("more.c");
  });
});

describe("a step's state", () => {
  it("is renewed by the output of the same part and name", () => {
    const model = centred(2);
    const batch = { inputs: type([3, 2]), targets: type([3, 2]) };
    const step = trainingStep(model, batch, {
      loss: meanSquaredError,
      optimizer: sgd({ momentum: 0.9 }),
      dtype: "f64",
      update: "simultaneous",
    });
    const [inputs, outputs] = [step.ports.inputs, step.ports.outputs];
    expect(Object.keys(inputs.buffers)).toEqual(["mean", "batches"]);
    expect(Object.keys(inputs.slots)).toEqual(["shift/velocity"]);
    const pairs = statePairs(step).map(([i, o]) => [step.inputs[i], step.outputs[o]]);
    expect(pairs).toEqual([
      [inputs.parameters.shift, outputs.parameters.shift],
      [inputs.buffers.mean, outputs.buffers.mean],
      [inputs.buffers.batches, outputs.buffers.batches],
      [inputs.slots["shift/velocity"], outputs.slots["shift/velocity"]],
    ]);
  });
  it("has no part for what there is none of", () => {
    const batch = { inputs: type([3, 2]), targets: type([3, 1]) };
    const step = trainingStep(linear(2, 1), batch, {
      ...{ loss: meanSquaredError, optimizer: sgd(), dtype: "f64", update: "simultaneous" },
      health: false,
    });
    const { outputs, inputs } = step.ports;
    expect(Object.keys(outputs)).toEqual(["parameters", "buffers", "slots", "loss", "counts"]);
    expect(outputs.buffers).toEqual({});
    expect(filled("f64", inputs.parameters)).toHaveProperty("weight");
  });
});

test("whole numbers that are no labels of places are not counted as such", () => {
  // As many classes as examples: what does not fit would be stretched.
  const types = {
    inputs: { dtype: "f32", shape: [3, 2] },
    targets: { dtype: "i32", shape: [3, 3] },
  } as const;
  const sums: Loss = (output, target) => mean(mul(output, cast(target, "f32")));
  for (const loss of [multiLabelMargin, sums]) {
    const options = { loss, dtype: "f32" } as const;
    expect(gradientStep(linear(2, 3), types, options).ports.outputs.counts).toEqual({});
  }
  const labels = { ...types, targets: { dtype: "i32", shape: [3] } } as const;
  const options = { loss: crossEntropy, dtype: "f32" } as const;
  expect(Object.keys(gradientStep(linear(2, 3), labels, options).ports.outputs.counts)).toEqual([
    "correct",
  ]);
});
