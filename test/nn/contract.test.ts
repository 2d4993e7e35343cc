/** What a layer says of itself: roles, kind, buffers, the shape of its output. */
import "../support/backend.ts";
import "../../src/ops/methods.ts";
import { expect, test } from "vitest";
import type { Shape } from "../../src/core/shape.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import * as activations from "../../src/nn/activations.ts";
import { dropout } from "../../src/nn/dropout.ts";
import { constantValue } from "../../src/nn/initializers.ts";
import { type Layer, layer } from "../../src/nn/layer.ts";
import { linear } from "../../src/nn/linear.ts";
import { sequential } from "../../src/nn/sequential.ts";
import { add, mul } from "../../src/ops/arithmetic.ts";
import { input, tensor } from "../../src/ops/leaf.ts";
import { reshape } from "../../src/ops/move.ts";
import { mean } from "../../src/ops/reduce.ts";
import { failure } from "../support/failure.ts";

/** A layer with a running mean, as a normalization has one. */
const centered = () =>
  layer({
    name: "centered",
    kind: "normalization",
    inputSize: 3,
    outputSize: 3,
    parameters: {
      shift: { shape: [3], initial: constantValue(0), role: "shift", frozen: false },
    },
    buffers: { mean: { shape: [3], initial: constantValue(0) } },
    apply(x, { shift, mean: running }, context) {
      const now = mean(x, { axis: 0 });
      context.renew?.("mean", add(mul(running, 0.9), mul(now, 0.1)));
      return add(x.sub(context.training ? now : running), shift);
    },
  });
const scaled = (role?: "scale") =>
  layer({
    name: "scaled",
    inputSize: "same",
    outputSize: "same",
    parameters: {
      w: { shape: [], initial: constantValue(2), frozen: false, ...(role ? { role } : {}) },
    },
    apply: (x, { w }) => mul(x, w),
  });
const values = (l: Layer): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries({ ...l.parameters, ...l.buffers }).map(([name, { shape, initial }]) => [
      name,
      tensor(initial.fill(shape, 0, 0), { shape }),
    ]),
  );

test("every layer of the library says what it does, and what its parameters are for", () => {
  expect(linear(2, 3).kind).toBe("dense");
  const roles = Object.entries(linear(2, 3).parameters).map(([name, { role }]) => [name, role]);
  expect(roles).toEqual([
    ["weight", "weight"],
    ["bias", "bias"],
  ]);
  expect(dropout().kind).toBe("noise");
  expect(sequential().kind).toBe("composite");
  expect(sequential(linear(2, 3)).parameters["0.bias"]?.role).toBe("bias");
  for (const make of Object.values(activations)) {
    if (make !== activations.activation)
      expect((make as typeof activations.relu)().kind).toBe("activation");
  }
});

test("a layer of one's own that says nothing is of kind and role other", () => {
  expect(scaled().kind).toBe("other");
  expect(scaled().parameters.w?.role).toBe("other");
  expect(scaled("scale").parameters.w?.role).toBe("scale");
  const { layers } = sequential(linear(2, 2));
  const around = layer({
    name: "around",
    inputSize: 2,
    outputSize: 2,
    parameters: {},
    layers,
    apply: (x) => x,
  });
  expect(around.kind).toBe("composite");
});

test("buffers are given with the parameters, and renewed by name through any nesting", () => {
  const model = sequential(linear(2, 3), sequential(centered()));
  expect(Object.keys(model.buffers)).toEqual(["1.0.mean"]);
  expect(linear(2, 3).buffers).toEqual({});
  const renewed: [string, Shape][] = [];
  const run = (l: Layer, training: boolean, x: Tensor) =>
    l.apply(x, values(l), {
      training,
      path: "",
      ...(training ? { renew: (name, value) => renewed.push([name, value.shape]) } : {}),
    });
  run(model, true, tensor([[1, 2]]));
  expect(renewed).toEqual([["1.0.mean", [3]]]);
  const rows = tensor([
    [1, 2, 3],
    [3, 2, 1],
  ]);
  expect(run(centered(), true, rows).arraySync()).toEqual([
    [-1, 0, 1],
    [1, 0, -1],
  ]);
  // Outside of training the kept value is read, and nothing is renewed.
  renewed.length = 0;
  expect(run(centered(), false, rows).arraySync()).toEqual(rows.arraySync());
  expect(renewed).toEqual([]);
  const { shift } = values(centered());
  expect(
    failure("bad-argument", () => centered().apply(rows, { ...(shift && { shift }) })).message,
  ).toContain("mean");
});

test("a renewal that fits no buffer is an error that names them", () => {
  const wrong = (name: string, value: Tensor) =>
    layer({
      name: "wrong",
      inputSize: "same",
      outputSize: "same",
      parameters: {},
      buffers: { mean: { shape: [2], initial: constantValue(0) } },
      apply(x, _, context) {
        context.renew?.(name, value);
        return x;
      },
    });
  const renew = () => {};
  for (const l of [wrong("variance", tensor([1, 2])), wrong("mean", tensor([1, 2, 3]))]) {
    const context = { training: true, path: "", renew };
    const error = failure("bad-argument", () => l.apply(tensor([1]), values(l), context));
    expect(error.expected).toBe("mean of shape [2]");
  }
});

test("outputShape is the shape of what apply gives", () => {
  const flat = layer({
    name: "flat",
    kind: "rearrangement",
    inputSize: "any",
    outputSize: "any",
    parameters: {},
    apply: (x) => reshape(x, [x.shape[0] ?? 1, -1]),
  });
  const cases: [Layer, Shape][] = [
    [linear(3, 5), [4, 3]],
    [linear(3, 5), [2, 4, 3]],
    [activations.softmax(), [2, 3]],
    [dropout(), [7]],
    [flat, [4, 2, 3]],
    [sequential(flat, linear(6, 2), activations.relu), [4, 3, 2]],
    [sequential(linear(2, 3), centered()), [5, 2]],
  ];
  for (const [l, shape] of cases) {
    expect(l.outputShape(shape)).toEqual(l.apply(input("x", shape), values(l)).shape);
  }
  expect(sequential(linear(3, 2), flat).outputSize).toBe("any");
  expect(sequential(activations.relu, flat, linear(6, 2)).inputSize).toBe("any");
  const error = failure("shape-mismatch", () =>
    sequential(flat, sequential(activations.relu, linear(3, 5))).outputShape([4, 2]),
  );
  expect(error.message).toContain("Layer 1 (sequential)");
  expect(error.expected).toContain("3 values");
  failure("shape-mismatch", () => sequential(flat, linear(6, 2)).outputShape([4, 5]));
  failure("shape-mismatch", () => linear(3, 5).outputShape([-1, 3]));
});

test("a layer says its own shape where apply cannot be traced on numbers of type f32", () => {
  const whole = layer({
    name: "whole",
    kind: "embedding",
    inputSize: "any",
    outputSize: 4,
    parameters: {},
    outputShape: (shape) => [...shape, 4],
    apply: (x) => x.expandDims(-1).add(tensor([0, 0, 0, 0], { dtype: "i32" })),
  });
  expect(sequential(whole, linear(4, 2)).outputShape([5])).toEqual([5, 2]);
});

test("sizes may count another axis than the last, which the error then names", () => {
  const channels = (inputs: number, outputs: number) =>
    layer({
      name: "channels",
      inputSize: inputs,
      outputSize: outputs,
      inputAxis: -3,
      parameters: {},
      outputShape: ([n = 1, , ...rest]) => [n, outputs, ...rest],
      apply: (x) => x,
    });
  const pool = layer({
    name: "pool",
    kind: "pooling",
    inputSize: "same",
    outputSize: "same",
    parameters: {},
    apply: (x) => mean(x, { axis: [-1, -2] }),
  });
  expect(channels(3, 8).outputAxis).toBe(-3);
  const model = sequential(channels(3, 8), activations.relu(), pool, linear(8, 2));
  expect([model.inputAxis, model.outputAxis]).toEqual([-3, -1]);
  expect(model.outputShape([1, 3, 5, 5])).toEqual([1, 2]);
  const error = failure("shape-mismatch", () => model.outputShape([1, 5, 5, 3]));
  expect(error.expected).toBe("size 3 on axis -3, counted from the last");
  failure("shape-mismatch", () => sequential(channels(3, 8), channels(4, 8)));
});

test("kinds, roles, axes and names that are none are refused", () => {
  const parts = {
    name: "own",
    inputSize: 2,
    outputSize: 2,
    parameters: {},
    apply: (x: Tensor) => x,
  };
  const initial = constantValue(0);
  const bad: object[] = [
    { kind: "dens" },
    { inputAxis: 1 },
    { parameters: { w: { shape: [], initial, frozen: false, role: "wight" } } },
    { buffers: { m: { shape: [], initial: 3 } } },
    {
      parameters: { m: { shape: [], initial, frozen: false } },
      buffers: { m: { shape: [], initial } },
    },
    { outputShape: [2] },
  ];
  for (const part of bad) failure("bad-argument", () => layer({ ...parts, ...part }));
});
