/** Explanations of one trainer share what nothing has changed of, and nothing else. */

import { describe, expect, it } from "vitest";
import {
  adam,
  crossEntropy,
  explain,
  halfSquaredError,
  linear,
  sequential,
  sgd,
  sigmoid,
  type Tensor,
  type Trainer,
  tanh,
  tensor,
  trainer,
} from "../../src/index.ts";

const data = { inputs: [[0.05, 0.1]], targets: [[0.01, 0.99]] };
const others = { inputs: [[0.05, 0.2]], targets: [[0.01, 0.99]] };
const made = (learningRate = 0.5) =>
  trainer(sequential(linear(2, 3), sigmoid(), linear(3, 2), sigmoid()), {
    loss: halfSquaredError,
    optimizer: adam({ learningRate }),
    dtype: "f64",
    seed: 3,
  });
const json = async (t: Trainer, options: Parameters<typeof explain>[1]) =>
  JSON.stringify((await explain(t, options)).toJSON());

describe("a trainer that is explained again", () => {
  it("gives for each number what a trainer gives that was asked for nothing before", async () => {
    const t = made();
    for (const parameter of ["2.weight[1,2]", "0.weight[0,1]", "2.bias[0]", "0.weight[0,1]"])
      expect(await json(t, { data, parameter })).toBe(await json(made(), { data, parameter }));
    expect(await json(t, { data, all: true })).toBe(await json(made(), { data, all: true }));
    expect(await json(t, { data, update: "sequential" })).toBe(
      await json(made(), { data, update: "sequential" }),
    );
  });

  it("sees other data, and data that were changed in place", async () => {
    const t = made();
    const first = await json(t, { data });
    expect(await json(t, { data: others })).toBe(await json(made(), { data: others }));
    const own = { inputs: [[0.05, 0.1]], targets: [[0.01, 0.99]] };
    expect(await json(t, { data: own })).toBe(first);
    own.inputs[0] = [0.05, 0.2];
    expect(await json(t, { data: own })).toBe(await json(made(), { data: others }));
  });

  it("sees steps of training, the optimizer's memory, the learning rate and new parameters", async () => {
    const t = made();
    const before = await json(t, { data });
    const start = t.toBytes();
    t.step(data);
    const twin = made();
    twin.step(data);
    const after = await json(t, { data });
    expect(after).not.toBe(before);
    expect(after).toBe(await json(twin, { data }));
    t.fromBytes(start);
    expect(await json(t, { data })).toBe(before);
    t.learningRate = 0.25;
    const slower = made();
    slower.learningRate = 0.25;
    expect(await json(t, { data })).toBe(await json(slower, { data }));
    t.learningRate = 0.5;
    t.setParameters({ "2.bias": tensor([0.5, 0.25]) });
    const set = made();
    set.setParameters({ "2.bias": tensor([0.5, 0.25]) });
    expect(await json(t, { data })).toBe(await json(set, { data }));
  });

  it("sees that names of classes, or what the loss is called, are others", async () => {
    const t = trainer(sequential(linear(2, 3), tanh(), linear(3, 2)), {
      loss: crossEntropy,
      optimizer: sgd(),
    });
    const named = (...classes: string[]) => ({
      inputs: [[1, 2]],
      targets: [classes[1] ?? ""],
      classes,
    });
    const text = async (d: ReturnType<typeof named>, lossName?: string) =>
      (await explain(t, { data: d, ...(lossName ? { lossName } : {}) })).toText();
    expect(await text(named("cat", "dog"))).toContain("dog");
    expect(await text(named("cat", "fox"))).toContain("fox");
    expect(await text(named("cat", "fox"))).not.toContain("dog");
  });

  it("sees a loss that reads what has changed", async () => {
    let factor = 1;
    const own = (y: Tensor, t: Tensor) => y.sub(t).square().sum().mul(factor);
    const t = trainer(linear(2, 1), { loss: own, optimizer: sgd(), seed: 1 });
    const d = { inputs: [[1, 2]], targets: [[1]] };
    const gradient = async () => (await explain(t, { data: d })).data.gradients[0] ?? Number.NaN;
    const once = await gradient();
    factor = 2;
    expect(await gradient()).toBeCloseTo(2 * once, 12);
  });
});

describe("the symbols of a derivation", () => {
  it("are those that it is written with, however many were added up", async () => {
    const t = trainer(sequential(linear(50, 12), tanh(), linear(12, 1)), {
      loss: halfSquaredError,
      optimizer: sgd(),
    });
    const inputs = [Array.from({ length: 50 }, (_, k) => (k % 7) / 7)];
    const d = await explain(t, { data: { inputs, targets: [[1]] }, parameter: "0.weight[3,7]" });
    const { symbols, ...rest } = d.data;
    const names = Object.keys(symbols);
    expect(names.length).toBeGreaterThan(20);
    const written = JSON.stringify(rest);
    expect(names.filter((name) => !written.includes(JSON.stringify(name)))).toEqual([]);
    expect(names.length).toBeLessThan(100);
  });
});
