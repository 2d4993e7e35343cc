/** The trainer's own methods: predicting, setting parameters, and what it refuses. */
import { describe, expect, it } from "vitest";
import {
  type Loss,
  linear,
  meanSquaredError,
  sequential,
  sgd,
  sigmoid,
  trainer,
} from "../../src/index.ts";
import { failure } from "../support/failure.ts";

describe("predict", () => {
  const model = sequential(linear(2, 1, { weight: [[2, 3]], bias: 1 }));
  const t = trainer(model, { loss: meanSquaredError, optimizer: sgd({ learningRate: 1 }) });
  it("takes any number of rows, again and again", () => {
    for (let n = 1; n < 30; n++) {
      const rows = Array.from({ length: n }, (_, i) => [i, 1]);
      expect(t.predict(rows).arraySync()).toEqual(rows.map(([x]) => [2 * x! + 4]));
    }
    expect(t.predict([[1, 1]]).shape).toEqual([1, 1]);
  });
  it("uses the parameters as they are then, and keeps what it gave", () => {
    const before = t.predict([[1, 0]]);
    t.setParameters({ "0.weight": Float32Array.of(5, 0) });
    expect(t.predict([[1, 0]]).item()).toBe(6);
    expect(before.item()).toBe(3);
  });
  it("refuses rows of different or of other lengths", () => {
    failure("shape-mismatch", () => t.predict([[1, 2], [1]]));
    failure("shape-mismatch", () => t.predict([[1, 2, 3]]));
    failure("shape-mismatch", () => t.predict([]));
  });
});

describe("setParameters", () => {
  const make = () =>
    trainer(sequential(linear(2, 3)), { loss: meanSquaredError, optimizer: sgd(), dtype: "f64" });
  it("copies what it is given", () => {
    const t = make();
    const bias = Float64Array.of(1, 2, 3);
    t.setParameters({ "0.bias": bias });
    bias.fill(0);
    t.step({ inputs: [[0, 0]], targets: [[1, 2, 3]] });
    expect(t.parameters["0.bias"]!.arraySync()).toEqual([1, 2, 3]);
    expect([...bias]).toEqual([0, 0, 0]);
  });
  it("is not reached by what parameters gave before", () => {
    const t = make();
    const given = t.parameters["0.bias"]!;
    const before = given.arraySync();
    t.step({ inputs: [[1, 1]], targets: [[9, 9, 9]] });
    expect(given.arraySync()).toEqual(before);
    expect(t.parameters["0.bias"]!.arraySync()).not.toEqual(before);
  });
  it("sets all or nothing", () => {
    const t = make();
    const before = t.toBytes();
    const bias = Float64Array.of(1, 2, 3);
    failure("bad-argument", () => t.setParameters({ "0.bias": bias, "0.other": bias }));
    failure("bad-argument", () => t.setParameters({ "0.bias": bias, "0.weight": bias }));
    const turned = t.parameters["0.weight"]!.transpose();
    const error = failure("bad-argument", () => t.setParameters({ "0.weight": turned }));
    expect(error).toMatchObject({ expected: "6 elements for [3, 2]", found: "[2, 3]" });
    expect(t.toBytes()).toEqual(before);
  });
});

describe("a trainer", () => {
  const options = { loss: meanSquaredError, optimizer: sgd() };
  it("needs something to train", () => {
    const frozen = sequential(linear(2, 2, { frozen: true }));
    const all = failure("bad-argument", () => trainer(frozen, options));
    expect(all.found).toBe("2 parameters, all frozen");
    const none = failure("bad-argument", () => trainer(sequential(sigmoid()), options));
    expect(none.found).toBe("no parameters");
  });
  it("needs settings that it knows", () => {
    const model = sequential(linear(1, 1));
    failure("bad-argument", () => trainer(model, { ...options, seed: 1.5 }));
    failure("bad-argument", () => trainer(model, { ...options, dtype: "i32" as "f32" }));
    failure("bad-argument", () => trainer(model, { ...options, update: "later" as "sequential" }));
    const clipped = { ...options, optimizer: sgd({ clipNorm: 1 }), update: "sequential" } as const;
    failure("bad-argument", () => trainer(model, clipped).step({ inputs: [[1]], targets: [[1]] }));
  });
  it("needs a loss that is one number", () => {
    const loss: Loss = (o, t) => meanSquaredError(o, t, { reduction: "none" });
    const t = trainer(sequential(linear(1, 2)), { ...options, loss });
    const data = { inputs: [[1]], targets: [[1, 2]] };
    expect(failure("shape-mismatch", () => t.step(data)).fix).toContain(".mean()");
    expect(failure("shape-mismatch", () => t.evaluate(data)).where).toContain("trainer.test.ts");
  });
});
