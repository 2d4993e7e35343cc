/** Whole numbers as class labels: the loss says how targets are meant. */
import { describe, expect, it } from "vitest";
import { examples } from "../../src/data/index.ts";
import {
  adam,
  crossEntropy,
  linear,
  meanSquaredError,
  sequential,
  tensor,
  trainer,
} from "../../src/index.ts";
import { failure } from "../support/failure.ts";

const inputs = [
  [0, 1],
  [1, 0],
  [1, 1],
];
const classifier = () =>
  trainer(sequential(linear(2, 3)), { loss: crossEntropy, optimizer: adam() });

describe("labels without more words", () => {
  const forms = {
    list: [0, 2, 1],
    Int32Array: Int32Array.of(0, 2, 1),
    Uint8Array: Uint8Array.of(0, 2, 1),
    Uint32Array: Uint32Array.of(0, 2, 1),
    Float64Array: Float64Array.of(0, 2, 1),
    tensor: tensor([0, 2, 1]),
    "i32 tensor": tensor([0, 2, 1], { dtype: "i32" }),
  };
  const named = { inputs, targets: ["0", "2", "1"], classes: ["0", "1", "2"] };
  it.each(Object.entries(forms))("%s", async (_, targets) => {
    const [a, b] = [classifier(), classifier()];
    await a.fit({ inputs, targets }, { epochs: 3 });
    await b.fit(named, { epochs: 3 });
    expect(a.classes).toEqual(["0", "1", "2"]);
    expect(`${a.parameters["0.weight"]}`).toBe(`${b.parameters["0.weight"]}`);
    expect(a.evaluate({ inputs, targets })).toEqual(b.evaluate(named));
  });
  it("mean the same where some do not occur, or more come later", async () => {
    const t = classifier();
    await t.fit({ inputs, targets: [0, 1, 0] }, { epochs: 1 });
    expect(t.classes).toEqual(["0", "1"]);
    await t.fit({ inputs, targets: [0, 1, 2] }, { epochs: 1 });
    expect(t.classes).toEqual(["0", "1", "2"]);
    expect(t.evaluate({ inputs, targets: [0, 0, 0] }).confusion).toHaveLength(3);
  });
  it("are places among named classes", async () => {
    const t = classifier();
    await t.fit({ inputs, targets: ["cat", "dog", "cat"] }, { epochs: 1 });
    const { accuracy } = t.evaluate({ inputs, targets: ["cat", "dog", "cat"] });
    expect(t.evaluate({ inputs, targets: [0, 1, 0] }).accuracy).toBe(accuracy);
    failure("index-out-of-range", () => t.evaluate({ inputs, targets: [0, 1, 2] }));
  });
  it("are refused where the model has no output for them", () => {
    failure("index-out-of-range", () => classifier().step({ inputs, targets: [0, 1, 3] }));
  });
  it("are no places where the classes are numbers of their own", async () => {
    const t = classifier();
    await t.fit({ inputs, targets: ["1", "2", "3"] }, { epochs: 1 });
    const error = failure("data-invalid", () => t.evaluate({ inputs, targets: [1, 2, 2] }));
    expect(error.fix).toBe("Give names: targets.map(String).");
    expect(t.evaluate({ inputs, targets: ["1", "2", "2"] }).confusion).toHaveLength(3);
  });
  it("are numbers for a loss of numbers, in whatever array they come", async () => {
    const make = () =>
      trainer(sequential(linear(2, 1)), { loss: meanSquaredError, optimizer: adam() });
    const [a, b] = [make(), make()];
    await a.fit({ inputs, targets: Int16Array.of(-5, 3, 10) });
    await b.fit({ inputs, targets: [-5, 3, 10] });
    expect(a.classes).toBeUndefined();
    expect(`${a.parameters["0.weight"]}`).toBe(`${b.parameters["0.weight"]}`);
  });
  it("are named where they cannot be labels", () => {
    for (const bad of [-1, 1.5, Number.NaN]) {
      const error = failure("data-invalid", () =>
        classifier().step({ inputs, targets: [0, bad, 1] }),
      );
      expect([error.found, error.where]).toEqual([`${bad}`, "targets, row 1 (counted from 0)"]);
    }
  });
  it("come as a list, not as a column", () => {
    const column = tensor([[0], [2], [1]]);
    const error = failure("shape-mismatch", () => classifier().step({ inputs, targets: column }));
    expect(error.fix).toContain("targets.squeeze(-1)");
    classifier().step({ inputs, targets: column.squeeze(-1) });
  });
  it("are numbers for a loss of numbers", () => {
    const t = trainer(sequential(linear(2, 1)), { loss: meanSquaredError, optimizer: adam() });
    t.step({ inputs, targets: [0, 2, 1] });
    expect(t.classes).toBeUndefined();
  });
  it("come with a data set from integers alone", () => {
    expect(examples({ inputs, targets: Int16Array.of(0, 2, 1) })).toMatchObject({
      classes: ["0", "1", "2"],
    });
    expect(examples({ inputs, targets: Float32Array.of(0, 2, 1) }).classes).toBeUndefined();
    failure("data-invalid", () =>
      examples({ inputs, targets: BigInt64Array.of(0n, 2n, 1n) as never }),
    );
    failure("shape-mismatch", () => examples({ inputs, targets: Int32Array.of(0, 1) }));
  });
});
