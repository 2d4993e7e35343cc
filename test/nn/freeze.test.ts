import { describe, expect, it } from "vitest";
import {
  freeze,
  linear,
  meanSquaredError,
  sequential,
  sgd,
  tanh,
  trainer,
  unfreeze,
} from "../../src/index.ts";
import { failure } from "../support/failure.ts";

const model = sequential(linear(2, 3), tanh, sequential(linear(3, 2), linear(2, 1)));
const data = {
  inputs: [
    [1, -1],
    [0.5, 2],
  ],
  targets: [[1], [0]],
};
const make = (of: typeof model) =>
  trainer(of, { loss: meanSquaredError, optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }) });
const frozenOf = (of: typeof model) =>
  Object.entries(of.parameters).flatMap(([name, { frozen }]) => (frozen ? [name] : []));

describe("freeze", () => {
  it("leaves parameters alone, by pattern, and the model as it was", () => {
    const half = freeze(model, /^0\./);
    expect(frozenOf(half)).toEqual(["0.weight", "0.bias"]);
    expect(frozenOf(model)).toEqual([]);
    const t = make(half);
    const before = t.parameters;
    t.step(data);
    const earlier = Object.values(before);
    for (const [i, [name, now]] of Object.entries(t.parameters).entries()) {
      const moved = `${now}` !== `${earlier[i]}`;
      expect([name, moved]).toEqual([name, !name.startsWith("0.")]);
    }
    // Frozen parameters have no memory of the optimizer's.
    expect([...t.slots.keys()].some((name) => name.startsWith("0."))).toBe(false);
  });
  it("reaches inner layers, so that what is made of them agrees", () => {
    const inner = freeze(model, (name) => name === "2.1.bias").layers[2]?.layers[1];
    expect(inner?.parameters.bias?.frozen).toBe(true);
    expect(inner?.parameters.weight?.frozen).toBe(false);
  });
  it("and unfreeze are each other's reverse; a second trainer goes on with the values", () => {
    const all = freeze(model);
    expect(frozenOf(all)).toEqual(Object.keys(model.parameters));
    const first = make(freeze(model, /^0\./));
    first.step(data);
    const second = make(unfreeze(first.model as typeof model));
    expect(frozenOf(second.model as typeof model)).toEqual([]);
    second.setParameters(first.parameters);
    expect(second.evaluate(data).loss).toBe(first.evaluate(data).loss);
    second.step(data);
    expect(`${second.parameters["0.weight"]}`).not.toBe(`${first.parameters["0.weight"]}`);
  });
  it("refuses a pattern that finds nothing, and what is no model", () => {
    const error = failure("bad-argument", () => freeze(model, /^fc/));
    expect(error.expected).toContain('"0.weight"');
    failure("bad-argument", () => freeze(model, "0" as never));
    failure("bad-argument", () => unfreeze(tanh as never));
  });
});
