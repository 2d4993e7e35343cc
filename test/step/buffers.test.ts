/** State that the layers themselves renew in a step. */
import { describe, expect, it } from "vitest";
import { entryOf } from "../../src/core/by-name.ts";
import { constantValue } from "../../src/nn/initializers.ts";
import { layer } from "../../src/nn/layer.ts";
import { linear } from "../../src/nn/linear.ts";
import { meanSquaredError } from "../../src/nn/losses.ts";
import { sequential } from "../../src/nn/sequential.ts";
import { add, div, mul, square, sub } from "../../src/ops/arithmetic.ts";
import { sum } from "../../src/ops/broadcast.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { gradientStep } from "../../src/step/cut.ts";
import type { Objective } from "../../src/step/objective.ts";
import { trainingStep } from "../../src/step/step.ts";
import { failure } from "../support/failure.ts";
import { backends, centred, controls, f64, numbers, parameter, run, type } from "./steps.ts";

const options = { loss: meanSquaredError, optimizer: sgd(), dtype: "f64" } as const;
const batch = { inputs: type([2, 2]), targets: type([2, 2]) };
const values = {
  parameters: { shift: f64(0, 0) },
  buffers: { mean: f64(8, 4), batches: f64(2) },
  slots: {},
  controls: controls(0.1),
  batch: { inputs: f64(1, 2, 3, 6), targets: f64(0, 0, 0, 0) },
};

describe.each(["simultaneous", "sequential"] as const)("buffers, updates being %s", (update) => {
  it.each(backends)("are renewed as their layer says, on %s", (_, backend) => {
    const step = trainingStep(centred(2), batch, { ...options, update });
    const found = run(backend, step, values);
    // The batch's means are 2 and 4, of which a quarter counts.
    expect(numbers(found.buffers)).toEqual({ mean: [8 * 0.75 + 0.5, 4], batches: [3] });
    expect([...found.health!]).toEqual([0]);
  });
  it.each(backends)("are under their names within a model, on %s", (_, backend) => {
    const model = sequential(linear(2, 2), centred(2));
    const step = trainingStep(model, batch, { ...options, update });
    expect(Object.keys(step.ports.outputs.buffers)).toEqual(["1.mean", "1.batches"]);
    const { buffers } = run(backend, step, {
      ...values,
      parameters: {
        "0.weight": f64(1, 0, 0, 1),
        "0.bias": f64(1, 1),
        "1.shift": f64(0, 0),
      },
      buffers: { "1.mean": f64(0, 0), "1.batches": f64(0) },
    });
    // What a layer sees in its forward pass, whichever weights are updated first.
    expect(numbers(buffers)).toEqual({ "1.mean": [0.75, 1.25], "1.batches": [1] });
  });
});

describe("what buffers are not", () => {
  it("is looked over by the step's health", () => {
    /** Its output does not depend on its buffer, which overflows by itself. */
    const growing = layer({
      name: "growing",
      inputSize: 2,
      outputSize: 2,
      parameters: { w: parameter() },
      buffers: { size: { shape: [], initial: constantValue(1) } },
      apply(x, { w, size }, { renew }) {
        renew?.("size", mul(size, size));
        return mul(x, w);
      },
    });
    const step = trainingStep(growing, batch, { ...options, update: "simultaneous" });
    const at = (size: number) => ({
      ...{ ...values, parameters: { w: f64(1) } },
      buffers: { size: f64(size) },
    });
    for (const [, backend] of backends) {
      expect([...run(backend, step, at(1e10)).health!]).toEqual([0]);
      expect([...run(backend, step, at(1e200)).health!]).toEqual([Number.NaN]);
    }
  });
  it("changed by a layer that renews none, or by an evaluation elsewhere", () => {
    const still: Objective = {
      parameters: { w: parameter() },
      buffers: {
        calls: { shape: [], initial: constantValue(0) },
        kept: { shape: [], initial: constantValue(0) },
      },
      loss({ x }, { w, calls }, { renew }) {
        renew?.("calls", add(calls!, sum(mul(w!, x!))));
        return square(sum(mul(w!, x!)));
      },
    };
    const looking = {
      ...sgd(),
      updateAll: ({
        parameters,
        evaluate,
      }: Parameters<NonNullable<ReturnType<typeof sgd>["updateAll"]>>[0]) => {
        const there = evaluate({ w: add(entryOf(parameters, "w"), 1) });
        const parameter = sub(entryOf(parameters, "w"), entryOf(there.gradients, "w"));
        return { w: { parameter, state: {} } };
      },
    };
    const step = trainingStep(
      still,
      { x: type([1]) },
      {
        ...{ optimizer: looking, dtype: "f64", update: "simultaneous" },
      },
    );
    for (const [, backend] of backends) {
      const { buffers, parameters } = run(backend, step, {
        parameters: { w: f64(2) },
        buffers: { calls: f64(10), kept: f64(7) },
        slots: {},
        controls: controls(1),
        batch: { x: f64(3) },
      });
      // w·x = 6 at the point itself, and 9 where the optimizer looks.
      expect(numbers(buffers)).toEqual({ calls: [16], kept: [7] });
      expect(numbers(parameters)).toEqual({ w: [2 - 2 * 9 * 3] });
    }
  });
  it("of another name or shape", () => {
    const renewing = (name: string, by: number): Objective => ({
      parameters: { w: parameter() },
      buffers: { mean: { shape: [], initial: constantValue(0) } },
      loss({ x }, { w }, { renew }) {
        renew?.(name, by === 1 ? sum(x!) : x!);
        return sum(mul(w!, x!));
      },
    });
    const { loss: _, ...rest } = options;
    const step = (name: string, by: number) => () =>
      trainingStep(renewing(name, by), { x: type([2]) }, { ...rest, update: "simultaneous" });
    expect(step("mean", 1)().ports.outputs.buffers).toHaveProperty("mean");
    expect(failure("bad-argument", step("mean", 2)).message).toContain("mean of shape [2]");
    expect(failure("bad-argument", step("toString", 1)).message).toContain("toString of shape []");
  });
});

it.each(backends)(
  "a step cut at its gradients renews them in its first half, on %s",
  (_, backend) => {
    const { parameters, buffers } = values;
    const own = centred(2);
    const objective: Objective = {
      parameters: own.parameters,
      buffers: own.buffers,
      loss: ({ inputs }, given, context) => div(sum(square(own.apply(inputs!, given, context))), 2),
    };
    const first = gradientStep(objective, { inputs: type([2, 2]) }, { dtype: "f64" });
    const found = run(backend, first, {
      parameters,
      buffers,
      controls: { key: Int32Array.of(0, 0) },
      batch: { inputs: values.batch.inputs },
    });
    expect(numbers(found.buffers)).toEqual({ mean: [6.5, 4], batches: [3] });
    expect([...found.loss]).toEqual([1 + 4]);
  },
);
