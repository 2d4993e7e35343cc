/** Recurrences at work: lengths, states, dropout, trainers, and the messages for wrong input. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import { checkGradients } from "../../src/autodiff/check.ts";
import { elementsOf } from "../../src/core/array-tensor.ts";
import { readValues } from "../../src/core/runtime.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import * as nn from "../../src/nn/index.ts";
import { tensor, zeros } from "../../src/ops/leaf.ts";
import { adam } from "../../src/optim/adaptive.ts";
import { trainer } from "../../src/train/trainer.ts";
import { expectClose } from "../support/close.ts";
import { failure } from "../support/failure.ts";

const { gru, initialValues, lastOutput, linear, lstm, rnn, sequential } = nn;
const f64 = { dtype: "f64" } as const;

type Any = nn.Recurrence<number, number, unknown>;
const all: Readonly<Record<string, (inputs: number, hidden: number, options: object) => Any>> = {
  ...{ rnn, lstm, gru },
};

/** sin i² for each element. */
const waves = (...shape: number[]): Tensor => {
  const size = shape.reduce((n, k) => n * k, 1);
  return tensor(
    Float64Array.from({ length: size }, (_, i) => Math.sin(i * i + size)),
    { shape },
  );
};
const exact = { relative: 1e-13, absolute: 1e-14 };

describe("first values", () => {
  test("lie in ±1/√hidden, as PyTorch's, and give each parameter its role", () => {
    const model = lstm(50, 100, { layers: 2, bidirectional: true, projection: 20 });
    const { parameters } = initialValues(model, { ...f64, seed: 3 });
    expect(Object.keys(parameters).slice(0, 5)).toEqual([
      ...["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "weight_hr_l0"],
    ]);
    expect(model.parameters.weight_ih_l1_reverse?.shape).toEqual([400, 40]);
    for (const [name, value] of Object.entries(parameters)) {
      const largest = Math.max(...value.dataSync().map(Math.abs));
      expect(largest, name).toBeLessThan(0.1);
      if (value.size >= 400) expect(largest, name).toBeGreaterThan(0.098);
    }
    const roles = Object.entries(model.parameters).map(([name, { role }]) => [name, role]);
    expect(new Set(roles.map(([name, role]) => `${name!.split("_l")[0]} ${role}`))).toEqual(
      new Set([
        ...["weight_ih weight", "weight_hh recurrent", "weight_hr weight"],
        ...["bias_ih bias", "bias_hh bias"],
      ]),
    );
  });
  test("are given for all, by role, or as values; and parts are frozen", () => {
    const given = { weight: 2, recurrent: nn.orthogonal(), bias: [1, -1], learningRate: 0.5 };
    const model = rnn(1, 2, { ...given, frozen: ["recurrent"] });
    const { parameters } = initialValues(model);
    expect(parameters.weight_ih_l0?.arraySync()).toEqual([[2], [2]]);
    expect(parameters.bias_hh_l0?.arraySync()).toEqual([1, -1]);
    const [a = 0, b = 0] = parameters.weight_hh_l0!.dataSync();
    expect(a * a + b * b).toBeCloseTo(1, 6);
    const frozen = Object.entries(model.parameters).filter(([, spec]) => spec.frozen);
    expect(frozen.map(([name]) => name)).toEqual(["weight_hh_l0"]);
    expect(model.parameters.bias_ih_l0?.learningRate).toBe(0.5);
    failure("shape-mismatch", () => rnn(1, 2, { bias: [1, 2, 3] }));
  });
});

describe("sequences of different length", () => {
  const options = { layers: 2, bidirectional: true } as const;
  const lengths = [3, 5, 1];
  test.each(Object.entries(all))("%s gives what it gives for each alone", (_, make) => {
    const model = make(2, 3, options);
    const { parameters } = initialValues(model, f64);
    const x = waves(3, 5, 2);
    const [y, last] = model.pass(x, parameters, { lengths });
    const states = (state: unknown) => (Array.isArray(state) ? state : [state]) as Tensor[];
    readValues([y, ...states(last)]);
    for (const [n, length] of lengths.entries()) {
      const alone = x.slice({ start: [n, 0], end: [n + 1, length] });
      const [own, end] = model.pass(alone, parameters);
      const found = y.slice({ start: [n, 0], end: [n + 1, length] });
      expectClose(found.dataSync(), Array.from(own.dataSync()), exact, "output");
      for (const [k, state] of states(end).entries()) {
        const part = states(last)[k]!.slice({ start: [0, n], end: [4, n + 1] });
        expectClose(part.dataSync(), Array.from(state.dataSync()), exact, "state");
      }
      if (length === 5) continue;
      const beyond = y.slice({ start: [n, length], end: [n + 1] }).dataSync();
      expect(beyond.every((v) => v === 0)).toBe(true);
    }
  });
  test("of no step at all keep their state", () => {
    const model = gru(1, 2);
    const { parameters } = initialValues(model, f64);
    const state = waves(1, 2, 2);
    const [y, last] = model.pass(waves(2, 3, 1), parameters, { state, lengths: [0, 3] });
    const first = (t: Tensor) => t.slice({ end: [1, 1] }).arraySync();
    expect(first(last)).toEqual(first(state));
    expect(y.at(0, 0).arraySync()).toEqual([...Array(3)].map(() => [0, 0]));
  });
  test("lengths may be data that come later", () => {
    const model = rnn(1, 2);
    const { parameters } = initialValues(model, f64);
    const [x, at] = [waves(2, 4, 1), tensor([2, 4], { dtype: "i32" })];
    const [y] = model.pass(x, parameters, { lengths: at });
    const [same] = model.pass(x, parameters, { lengths: [2, 4] });
    expect(y.arraySync()).toEqual(same.arraySync());
    for (const wrong of [5, -1]) {
      const lengths = tensor([2, wrong], { dtype: "i32" });
      const error = failure("index-out-of-range", () =>
        model.pass(x, parameters, { lengths })[0].dataSync(),
      );
      expect(error.expected).toContain("0 … 4");
    }
  });
  test("the last output is that of each sequence's last step", () => {
    const y = waves(3, 4, 2);
    const rows = y.arraySync() as number[][][];
    expect(lastOutput(y).arraySync()).toEqual(rows.map((own) => own[3]));
    const lengths = [2, 4, 1];
    const wanted = rows.map((own, n) => own[lengths[n]! - 1]);
    expect(lastOutput(y, { lengths }).arraySync()).toEqual(wanted);
    const stepsFirst = y.transpose([1, 0, 2]);
    expect(lastOutput(stepsFirst, { lengths, batchFirst: false }).arraySync()).toEqual(wanted);
    const report = checkGradients((x) => lastOutput(x, { lengths }).square().sum(), [y]);
    expect(report.passed).toBe(true);
  });
});

describe("states", () => {
  test.each(Object.entries(all))("of %s carry over from piece to piece", (_, make) => {
    const model = make(2, 3, { layers: 2 });
    const { parameters } = initialValues(model, f64);
    const x = waves(2, 6, 2);
    const [whole] = model.pass(x, parameters);
    const [, state] = model.pass(x.slice({ end: [2, 4] }), parameters);
    const [rest] = model.pass(x.slice({ start: [0, 4] }), parameters, { state });
    const wanted = whole.slice({ start: [0, 4] }).dataSync();
    expectClose(rest.dataSync(), Array.from(wanted), exact, "output");
  });
  test("what apply gives: all outputs, or the last layer's h, of both directions", () => {
    for (const batchFirst of [true, false]) {
      const options = { bidirectional: true, layers: 2, batchFirst } as const;
      const all = lstm(2, 3, options);
      const last = lstm(2, 3, { ...options, output: "last" });
      const { parameters } = initialValues(all, f64);
      const x = batchFirst ? waves(4, 5, 2) : waves(5, 4, 2);
      const [y, [h]] = all.pass(x, parameters);
      expect(all.apply(x, parameters).arraySync()).toEqual(y.arraySync());
      const ends = last.apply(x, parameters);
      expect(ends.shape).toEqual(last.outputShape(x.shape));
      const [forth, back] = [h.at(0, 2).arraySync(), h.at(0, 3).arraySync()] as number[][][];
      expect(ends.arraySync()).toEqual(forth!.map((row, n) => [...row, ...back![n]!]));
    }
  });
});

test.each([
  ["rnn", () => rnn(1, 2, { layers: 2 })],
  ["relu", () => rnn(1, 2, { nonlinearity: "relu" })],
  ["lstm", () => lstm(1, 3, { projection: 2 })],
  ["gru", () => gru(1, 2)],
] as const)("derivatives of %s are differences, to second order", (_, make) => {
  const model = make() as Any;
  const { parameters } = initialValues(model, { ...f64, seed: 4 });
  const names = Object.keys(parameters);
  const weights = waves(2, 2, 2);
  const by = (x: Tensor, ...given: Tensor[]) => {
    const values = Object.fromEntries(names.map((name, k) => [name, given[k]!]));
    return model
      .pass(x, values, { lengths: [2, 1] })[0]
      .mul(weights)
      .sum();
  };
  for (const order of [1, 2] as const) {
    const inputs = [waves(2, 2, 1), ...Object.values(parameters)] as const;
    const report = checkGradients(by, inputs, { order, entries: order === 1 ? 3 : 1 });
    expect(report.passed, JSON.stringify(report.worst)).toBe(true);
  }
});

describe("in a trainer", () => {
  const bits = Array.from({ length: 16 }, (_, i) => [0, 1, 2, 3].map((k) => [(i >> k) & 1]));
  const inputs = tensor(bits);
  const targets = bits.map((own) => own.reduce((sum, [bit = 0]) => (sum + bit) % 2, 0));
  const make = (layer: nn.Layer, size: number) =>
    trainer(sequential(layer as nn.Layer<1, number>, linear(size, 2)) as nn.Layer, {
      loss: nn.crossEntropy,
      optimizer: adam({ learningRate: 0.03 }),
      seed: 1,
    });
  test("an LSTM learns the parity of four bits", async () => {
    const t = make(lstm(1, 8, { output: "last" }), 8);
    await t.fit({ inputs, targets }, { epochs: 300, batchSize: 16 });
    expect(t.evaluate({ inputs, targets }).accuracy).toBe(1);
  });
  test("training with dropout between layers resumes to the bit", async () => {
    const layer = () => gru(1, 4, { layers: 2, dropout: 0.4, bidirectional: true, output: "last" });
    const data = { inputs, targets };
    const [whole, first, second] = [make(layer(), 8), make(layer(), 8), make(layer(), 8)];
    await whole.fit(data, { epochs: 4, batchSize: 8 });
    await first.fit(data, { epochs: 2, batchSize: 8 });
    second.fromBytes(first.toBytes());
    await second.fit(data, { epochs: 2, batchSize: 8 });
    expect(second.toBytes()).toEqual(whole.toBytes());
    // The dropout is that of training alone.
    const [a, b] = [whole.predict(inputs), whole.predict(inputs)];
    expect(a.arraySync()).toEqual(b.arraySync());
  });
  test("the dropout stands between the layers", () => {
    const model = rnn(1, 200, { layers: 2, dropout: 0.5, recurrent: 0, bias: 0, weight: 1 });
    const { parameters } = initialValues(model, f64);
    const key = tensor([1, 2], { dtype: "i32" });
    const context = { training: true, key, path: "0" };
    const one = tensor([[[1]]], f64);
    const [y] = model.pass(one, parameters, { context });
    // Each unit of the second layer sums up what is left of 200 times tanh 1, twice as large.
    const found = Math.atanh(y.dataSync()[0]! * (1 - 1e-15)) || 0;
    expect(found).not.toBe(0);
    const small = rnn(1, 64, { layers: 2, dropout: 0.5, recurrent: 0, bias: 0, weight: 1e-2 });
    const values = initialValues(small, f64).parameters;
    const [own] = small.pass(one, values, { context });
    const kept = Math.atanh(own.dataSync()[0]!) / (2 * Math.tanh(0.01) * 0.01);
    expect(Math.abs(kept - Math.round(kept))).toBeLessThan(1e-9);
    expect(kept).toBeGreaterThan(10);
    expect(kept).toBeLessThan(54);
    expect(small.apply(one, values, context).arraySync()).toEqual(own.arraySync());
    const [calm] = small.pass(one, values);
    expect(Math.atanh(calm.dataSync()[0]!) / (Math.tanh(0.01) * 0.01)).toBeCloseTo(64, 9);
  });
});

describe("messages for wrong input", () => {
  const model = lstm(2, 3);
  const { parameters } = initialValues(model);
  const x = zeros([4, 5, 2]);
  const pass = (options: object, by: Any = model) =>
    by.pass(x, initialValues(by).parameters, options);
  const any = (value: unknown) => value as never;
  test.each<
    [string, () => unknown, "bad-argument" | "shape-mismatch" | "bad-dtype", string, string]
  >([
    ["no units", () => rnn(2, 0), "bad-argument", "whole number ≥ 1", "0"],
    ["fewer units", () => gru(2, -3), "bad-argument", "whole number ≥ 1", "-3"],
    ["no inputs", () => lstm(0, 3), "bad-argument", "whole number ≥ 1", "0"],
    ["no layers", () => lstm(2, 3, { layers: 0 }), "bad-argument", "whole number ≥ 1", "0"],
    ["a projection", () => lstm(2, 3, { projection: 3 }), "bad-argument", "from 1 to 2", "3"],
    ["no projection", () => lstm(2, 3, { projection: 0 }), "bad-argument", "from 1 to 2", "0"],
    ["of a gru", () => gru(2, 3, any({ projection: 2 })), "bad-argument", "layers", "projection"],
    ["rate", () => gru(2, 3, { layers: 2, dropout: 1 }), "bad-argument", "0 ≤ rate < 1", "1"],
    ["one layer", () => gru(2, 3, { dropout: 0.5 }), "bad-argument", "2 or more", "0.5"],
    ["output", () => rnn(2, 3, { output: any("first") }), "bad-argument", '"last"', "first"],
    ["flag", () => rnn(2, 3, { bidirectional: any(1) }), "bad-argument", "true or false", "1"],
    ["function", () => rnn(2, 3, { nonlinearity: any("gelu") }), "bad-argument", "relu", "gelu"],
    ["frozen", () => rnn(2, 3, { frozen: any("w") }), "bad-argument", "recurrent", "w"],
    ["rate of its own", () => rnn(2, 3, { learningRate: -1 }), "bad-argument", "≥ 0", "-1"],
    [
      "rows",
      () => model.outputShape([4, 2]),
      "shape-mismatch",
      "[batch, steps, features]",
      "[4, 2]",
    ],
    ["no step", () => model.outputShape([4, 0, 2]), "shape-mismatch", "3 axes", "[4, 0, 2]"],
    [
      "features",
      () => model.apply(zeros([4, 5, 3]), parameters),
      "shape-mismatch",
      "2 values",
      "3",
    ],
    [
      "steps first",
      () => lstm(2, 3, { batchFirst: false }).outputShape([0, 4, 2]),
      "shape-mismatch",
      "[steps, batch, features]",
      "[0, 4, 2]",
    ],
    ["a longer one", () => pass({ lengths: [5, 6, 1, 1] }), "bad-argument", "from 0 to 5", "6"],
    ["half a step", () => pass({ lengths: [5, 1.5, 1, 1] }), "bad-argument", "from 0 to 5", "1.5"],
    ["beyond the batch", () => pass({ lengths: [5, 1, 1, 1, 1] }), "shape-mismatch", "[4]", "[5]"],
    ["a matrix", () => pass({ lengths: zeros([4, 1], "i32") }), "shape-mismatch", "[4]", "[4, 1]"],
    ["reals", () => pass({ lengths: zeros([4]) }), "bad-dtype", "i32", "f32"],
    ["a number", () => pass({ lengths: 3 }), "bad-argument", "a tensor", "3"],
    [
      "a state of another shape",
      () => pass({ state: [zeros([1, 4, 3]), zeros([1, 4, 2])] }),
      "shape-mismatch",
      "[h, c]: f32 [1, 4, 3] and f32 [1, 4, 3]",
      "f32 [1, 4, 2]",
    ],
    [
      "half a state",
      () => pass({ state: zeros([1, 4, 3]) }),
      "shape-mismatch",
      "[h, c]",
      "[1, 4, 3]",
    ],
    [
      "of another type",
      () => pass({ state: zeros([1, 4, 3], "f64") }, gru(2, 3)),
      "shape-mismatch",
      "h: f32 [1, 4, 3]",
      "f64 [1, 4, 3]",
    ],
    [
      "of another batch",
      () => pass({ state: zeros([2, 5, 3]) }, rnn(2, 3, { bidirectional: true })),
      "shape-mismatch",
      "[2, 4, 3]",
      "[2, 5, 3]",
    ],
    ["options of pass", () => pass({ length: [1] }), "bad-argument", "lengths", "length"],
    ["last of rows", () => lastOutput(zeros([3])), "shape-mismatch", "[batch, steps", "[3]"],
    ["last of none", () => lastOutput(zeros([3, 0])), "shape-mismatch", "[batch, steps", "[3, 0]"],
    ["last beyond", () => lastOutput(x, { lengths: [6, 1, 1, 1] }), "bad-argument", "to 5", "6"],
  ])("%s", (_, call, code, expected, found) => {
    const error = failure(code, call);
    expect(error.expected).toContain(expected);
    expect(error.found).toContain(found);
    expect(error.where).toContain("recurrence-use.test.ts");
  });
});

describe("functions, one bias, and a reset gate before the product", () => {
  const x = waves(2, 3, 2);
  const made = (layer: Any) => {
    const { parameters } = initialValues(layer, { ...f64, seed: 5 });
    return { parameters, y: layer.apply(x, parameters) };
  };
  test("one bias is the same as a second one of zeros", () => {
    for (const [name, make] of Object.entries(all)) {
      const { parameters, y } = made(make(2, 3, { stateBias: false }));
      expect(Object.keys(parameters)).toEqual(["weight_ih_l0", "weight_hh_l0", "bias_ih_l0"]);
      const both = { ...parameters, bias_hh_l0: zeros(parameters.bias_ih_l0!.shape, "f64") };
      expectClose(elementsOf(y), elementsOf(make(2, 3, {}).apply(x, both)), exact);
      expect(name).toBe(make(2, 3, {}).name);
    }
  });
  test("a reset gate before the product acts on the state", () => {
    // One unit and one input: h = (1 − z)·f(w x + r h u + …) + z h, by hand.
    const layer = gru(1, 1, { resetAfter: false, stateBias: false, nonlinearity: "identity" });
    const [wr, wz, wn, ur, uz, un, br, bz, bn] = [0.5, -0.25, 2, 1.5, 0.75, -1, 0.1, -0.2, 0.3];
    const values = {
      weight_ih_l0: tensor([[wr], [wz], [wn]], f64),
      weight_hh_l0: tensor([[ur], [uz], [un]], f64),
      bias_ih_l0: tensor([br, bz, bn], f64),
    };
    const sigmoid = (a: number) => 1 / (1 + Math.exp(-a));
    let h = 0;
    for (const own of [0.5, -1, 2]) {
      const r = sigmoid(wr * own + br + ur * h);
      const z = sigmoid(wz * own + bz + uz * h);
      h = (1 - z) * (wn * own + bn + un * (r * h)) + z * h;
    }
    const y = layer.apply(tensor([[[0.5], [-1], [2]]], f64), values);
    expect((y.arraySync() as number[][][])[0]![2]![0]).toBeCloseTo(h, 13);
  });
  test("gates of pieces of a line", () => {
    const values = {
      weight_ih_l0: tensor([[1], [1], [1], [1]], f64),
      weight_hh_l0: tensor([[0], [0], [0], [0]], f64),
      bias_ih_l0: tensor([0, 0, 0, 0], f64),
    };
    const h = (gate: nn.GateFunction) => {
      const layer = lstm(1, 1, { gate, nonlinearity: "identity", stateBias: false });
      return (layer.apply(tensor([[[1.5]]], f64), values).arraySync() as number[][][])[0]![0]![0];
    };
    expect(h("hardsigmoid")).toBeCloseTo(1.5 * 0.75 * 0.75, 13);
    expect(h("hardsigmoidFifth")).toBeCloseTo(1.5 * 0.8 * 0.8, 13);
  });
  test.each([
    ["gru", { resetAfter: false, gate: "hardsigmoid" }],
    ["gru", { nonlinearity: "relu", stateBias: false }],
    ["lstm", { gate: "hardsigmoidFifth", nonlinearity: "sigmoid", projection: 2 }],
    ["rnn", { nonlinearity: "sigmoid" }],
  ] as const)("%s with %o has its derivatives", (name, options) => {
    const layer = all[name]!(2, 3, options);
    const { parameters } = made(layer);
    const names = Object.keys(parameters);
    const report = checkGradients(
      (...values: Tensor[]) =>
        layer.apply(x, Object.fromEntries(names.map((own, i) => [own, values[i]!]))).sum(),
      names.map((own) => parameters[own]!),
    );
    expect(report.passed).toBe(true);
  });
  test("other words are refused", () => {
    const refused = (make: () => unknown) => failure("bad-argument", make).expected;
    expect(refused(() => lstm(1, 1, { gate: "tanh" as never }))).toContain("hardsigmoid");
    expect(refused(() => gru(1, 1, { nonlinearity: "gelu" as never }))).toContain("identity");
    expect(refused(() => gru(1, 1, { resetAfter: 1 as never }))).toBe("true or false");
    expect(refused(() => rnn(1, 1, { stateBias: null as never }))).toBe("true or false");
  });
});
