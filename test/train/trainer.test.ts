/** The trainer's own methods: predicting, setting parameters, and what it refuses. */
import { describe, expect, it } from "vitest";
import {
  decodeSafetensors,
  encodeSafetensors,
  explain,
  grad,
  type Loss,
  linear,
  meanSquaredError,
  sequential,
  sgd,
  sigmoid,
  type Tensor,
  tensor,
  trainer,
} from "../../src/index.ts";
import { failure, rejection } from "../support/failure.ts";

const here = () => Number(/trainer\.test\.ts:(\d+)/.exec(new Error().stack!.split("\n")[2]!)![1]);

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
    expect(failure("data-invalid", () => t.predict([[1, 2], [1]])).where).toContain("row 1");
    // What comes out names the line that asked for it.
    expect(String(t.predict([[1, 2]]).site)).toContain("trainer.test.ts");
    failure("shape-mismatch", () => t.predict([[1, 2, 3]]));
    failure("data-empty", () => t.predict([]));
    failure("data-invalid", () => t.predict(undefined as never));
  });
  it("refuses what is no finite number, naming row and column", () => {
    const rows = (value: unknown) => [
      [0, 0],
      [0, value as number],
    ];
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, "2", null]) {
      const error = failure("data-invalid", () => t.predict(rows(value)));
      expect(error.where).toContain("row 1, column 1");
    }
    const data = Float32Array.of(0, 0, 0, Number.NaN);
    const given = tensor(data, { shape: [2, 2] });
    expect(failure("data-invalid", () => t.predict(given)).where).toContain("input 1, element 1");
  });
  it("gives values, and says so where somebody would differentiate through it", () => {
    const x = tensor([[1, 2]]);
    const error = failure("bad-argument", () => grad((x: Tensor) => t.predict(x).sum())(x));
    expect(error.fix).toContain("t.model.apply");
    const slope = grad((x: Tensor) => t.model.apply(x, t.parameters).sum())(x);
    expect(slope.dataSync().some((value) => value !== 0)).toBe(true);
    for (const bad of [tensor(1), tensor([1, 2])]) failure("shape-mismatch", () => t.predict(bad));
  });
  it("takes tensors of any element type", () => {
    const expected = t.predict([[1, 2]]).arraySync();
    const data = Int32Array.of(1, 2);
    expect(t.predict(tensor(data, { shape: [1, 2] })).arraySync()).toEqual(expected);
  });
  it.each(["auto", "interpreter"] as const)(
    "says where an output that is not finite came from, %s",
    (backend) => {
      const line = new RegExp(`trainer\\.test\\.ts:${here() + 1}:`);
      const logarithm = sequential(linear(1, 2, { weight: [[1], [-1]], bias: 0 }), (x) => x.log());
      const settings = { loss: meanSquaredError, optimizer: sgd(), backend };
      const own = trainer(logarithm, settings);
      const error = failure("not-finite", () => own.predict([[1e-3], [2]]));
      expect(error.message).toContain("Output 1 of row 0 (both counted from 0) is NaN: log made");
      expect(error.found).toContain("-0.001000 … 0.001000");
      expect(error.where).toMatch(line);
      own.setParameters({ "0.bias": Float32Array.of(Number.NaN, 1) });
      const given = failure("not-finite", () => own.predict([[2], [3]]));
      expect(given.message).toContain("it was given a number that is not finite");
      expect(given.found).toContain('input "0.bias"');
    },
  );
});

describe("parameters", () => {
  it("are a copy, and say so where something is assigned to it", () => {
    const t = trainer(linear(2, 1), { loss: meanSquaredError, optimizer: sgd() });
    const given = t.parameters;
    const { weight } = given;
    for (const wrong of [
      // @ts-expect-error their type says so, too
      () => (t.parameters.weight = weight),
      // @ts-expect-error
      () => (given.weight = weight),
      // @ts-expect-error
      () => delete given.weight,
      () => Object.assign(given, { other: weight }),
      () => Object.defineProperty(given, "bias", { value: weight }),
    ]) {
      expect(failure("bad-argument", wrong).fix).toContain("trainer.setParameters({ ");
    }
    // A copy of one's own may be changed at will.
    expect({ ...given, weight: 1 }.weight).toBe(1);
    expect(Object.keys(t.parameters)).toEqual(["weight", "bias"]);
    expect(given.weight).toBe(weight);
  });
});

describe("setParameters", () => {
  it("refuses finite numbers that would become infinite, and takes NaN as it is", () => {
    const t = trainer(sequential(linear(1, 2)), { loss: meanSquaredError, optimizer: sgd() });
    const error = failure("data-invalid", () =>
      t.setParameters({ "0.bias": Float64Array.of(0, 1e39) }),
    );
    expect(error.found).toBe("1e+39 at 1");
    t.setParameters({ "0.bias": Float64Array.of(Number.NaN, Number.POSITIVE_INFINITY) });
  });

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
  it("takes over what a file holds, whatever wrote it", () => {
    const from = make();
    const t = make();
    from.setParameters({ "0.weight": Float64Array.of(1, 2, 3, 4, 5, 6) });
    t.setParameters(Object.fromEntries(decodeSafetensors(from.toBytes()).tensors));
    expect(t.parameters["0.weight"]!.arraySync()).toEqual(from.parameters["0.weight"]!.arraySync());
    const bytes = encodeSafetensors({
      "0.weight": tensor(Float32Array.of(0.1, 2, 3, 4, 5, 6), { shape: [3, 2] }),
      "0.bias": { dtype: "i64", shape: [3], data: BigInt64Array.of(1n, -2n, 2n ** 53n) },
    });
    t.setParameters(Object.fromEntries(decodeSafetensors(bytes).tensors));
    expect(t.parameters["0.weight"]!.dataSync()[0]).toBe(Math.fround(0.1));
    expect(t.parameters["0.bias"]!.arraySync()).toEqual([1, -2, 2 ** 53]);
  });
  it("takes the Map that decodeSafetensors gives, and nothing that would set nothing", () => {
    const t = make();
    const bytes = encodeSafetensors({
      "0.bias": tensor(Float32Array.of(7, 8, 9), { shape: [3] }),
    });
    t.setParameters(decodeSafetensors(bytes).tensors);
    expect(t.parameters["0.bias"]!.arraySync()).toEqual([7, 8, 9]);
    for (const value of [null, undefined, [1], new Set(["0.bias"]), t.parameters["0.bias"], 3]) {
      const error = failure("bad-argument", () => t.setParameters(value as never));
      expect(error.message).toMatch(/^Parameters are set by name\./);
    }
    t.setParameters(Object.assign(Object.create(null), { "0.bias": Float64Array.of(1, 2, 3) }));
    expect(t.parameters["0.bias"]!.arraySync()).toEqual([1, 2, 3]);
  });
  it("takes what there is, and says what was not there", () => {
    const t = make();
    const weight = t.parameters["0.weight"]!.arraySync();
    const given = { "0.bias": tensor([1, 2, 3]), "head.bias": tensor([9]) };
    failure("bad-argument", () => t.setParameters(given));
    expect(t.setParameters(given, { strict: false })).toEqual({
      set: ["0.bias"],
      missing: ["0.weight"],
      unexpected: ["head.bias"],
    });
    expect(t.parameters["0.bias"]!.arraySync()).toEqual([1, 2, 3]);
    expect(t.parameters["0.weight"]!.arraySync()).toEqual(weight);
    // A shape that does not fit is an error all the same, and nothing is set.
    const misfit = { "0.bias": tensor([7, 7, 7]), "0.weight": tensor([[1]]) };
    failure("bad-argument", () => t.setParameters(misfit, { strict: false }));
    expect(t.parameters["0.bias"]!.arraySync()).toEqual([1, 2, 3]);
  });
  it("sets only the names that are asked for", () => {
    const t = make();
    const weight = t.parameters["0.weight"]!.arraySync();
    const given = { "0.bias": tensor([4, 5, 6]), "0.weight": tensor([[1]]), "1.bias": tensor(0) };
    // A pattern with a place of its own finds each name from its beginning.
    const found = t.setParameters(given, { names: /^0\.bias/g });
    expect(found).toEqual({ set: ["0.bias"], missing: [], unexpected: [] });
    expect(t.setParameters(given, { names: (name) => name === "0.bias" })).toEqual(found);
    expect(t.parameters["0.bias"]!.arraySync()).toEqual([4, 5, 6]);
    expect(t.parameters["0.weight"]!.arraySync()).toEqual(weight);
    expect(t.setParameters({}, { names: /bias/ }).missing).toEqual(["0.bias"]);
    failure("bad-argument", () => t.setParameters(given, { names: /^O/ }));
    failure("bad-argument", () => t.setParameters(given, { names: "bias" as never }));
    failure("bad-argument", () => t.setParameters(given, { strict: 0 as never }));
  });
  it("names all that the model has not, and says what may help", () => {
    const t = make();
    const fix = (values: Record<string, unknown>) =>
      failure("bad-argument", () => t.setParameters(values as never)).fix;
    const bias = Float64Array.of(1, 2, 3);
    expect(fix({ "0.bais": bias })).toBe('Did you mean "0.bias"?');
    const foreign = { "fc1.weight": bias, "fc1.bias": bias };
    const error = failure("bad-argument", () => t.setParameters(foreign));
    expect(error).toMatchObject({
      expected: 'one of "0.weight", "0.bias"',
      found: '"fc1.weight", "fc1.bias"',
    });
    expect(error.fix).toMatch(/^Rename each value/);
    const turned = t.parameters["0.weight"]!.transpose();
    expect(fix({ "0.weight": turned })).toMatch(/^Transpose it/);
    t.setParameters({ "0.weight": turned.transpose() });
    expect(fix({ "0.bias": tensor([[1, 2, 3]]) })).toBe("Reshape it to [3].");
    t.setParameters({ "0.bias": tensor([[1, 2, 3]]).reshape([3]) });
    expect(fix({ "0.bias": [1, 2, 3] })).toContain("tensor(");
    t.setParameters({ "0.bias": tensor([1, 2, 3], { dtype: "f64" }) });
  });
  it("refuses what is no value, or none of its parameters", () => {
    const t = make();
    const data = Float64Array.of(1, 2, 3);
    const wrong = (name: string, value: unknown) =>
      failure("bad-argument", () => t.setParameters({ [name]: value as Float64Array }));
    for (const value of [
      3,
      "x",
      null,
      undefined,
      [1, 2, 3],
      {},
      { data },
      { shape: [3], data: 3 },
    ]) {
      expect(wrong("0.bias", value).message).toMatch(
        /^This is no value for the parameter 0\.bias\./,
      );
    }
    wrong("0.bias", { dtype: "f64", shape: [1, 3], data });
    wrong("0.bias", { dtype: "f64", shape: [3], data: Float64Array.of(1) });
    for (const name of ["toString", "1.weight"]) wrong(name, data);
  });
  it("sets all or nothing", () => {
    const t = make();
    const before = t.toBytes();
    const bias = Float64Array.of(1, 2, 3);
    failure("bad-argument", () => t.setParameters({ "0.bias": bias, "0.other": bias }));
    failure("bad-argument", () => t.setParameters({ "0.bias": bias, "0.weight": bias }));
    const turned = t.parameters["0.weight"]!.transpose();
    const error = failure("bad-argument", () => t.setParameters({ "0.weight": turned }));
    expect(error).toMatchObject({ expected: "[3, 2]", found: "[2, 3]" });
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
  it("refuses options of evaluate that it does not have", () => {
    const t = trainer(sequential(linear(1, 1)), options);
    const data = { inputs: [[1]], targets: [[1]] };
    const misspelt = () => t.evaluate(data, { batchsize: 4 } as never);
    expect(failure("bad-argument", misspelt).fix).toBe('Did you mean "batchSize"?');
    failure("bad-argument", () => t.evaluate(data, 4 as never));
  });
  it("needs a loss that is one number", () => {
    const loss: Loss = (o, t) => meanSquaredError(o, t, { reduction: "none" });
    const t = trainer(sequential(linear(1, 2)), { ...options, loss });
    const data = { inputs: [[1]], targets: [[1, 2]] };
    expect(failure("shape-mismatch", () => t.step(data)).fix).toContain(".mean()");
    expect(failure("shape-mismatch", () => t.evaluate(data)).where).toContain("trainer.test.ts");
  });
});

describe("the first batch of what was fitted", () => {
  const make = () =>
    trainer(sequential(linear(1, 1)), { loss: meanSquaredError, optimizer: sgd() });
  const data = { inputs: [[1], [2], [3]], targets: [[2], [4], [6]] };
  it("is remembered, as it was given", async () => {
    const t = make();
    expect(t.firstBatch).toBeUndefined();
    await t.fit(data, { batchSize: 2, validation: 0.4 });
    expect(t.firstBatch?.inputs.arraySync()).toEqual([[1], [2]]);
    await t.fit(data);
    expect(t.firstBatch?.targets.arraySync()).toEqual([[2], [4], [6]]);
  });
  it("is what is explained where no data are given", async () => {
    const t = make();
    await rejection("bad-argument", explain(t));
    await t.fit(data, { batchSize: 2 });
    const found = await explain(t, { example: 1, parameter: "0.weight[0,0]" });
    const given = { inputs: data.inputs.slice(0, 2), targets: data.targets.slice(0, 2) };
    const expected = await explain(t, { data: given, example: 1, parameter: "0.weight[0,0]" });
    expect(found.toMarkdown()).toBe(expected.toMarkdown());
    await rejection("bad-argument", explain(t, { example: 2 }));
  });
});
