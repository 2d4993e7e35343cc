/** Whole numbers as class labels: the loss says how targets are meant. */
import { describe, expect, it } from "vitest";
import { examples } from "../../src/data/index.ts";
import {
  adam,
  crossEntropy,
  embedding,
  type Loss,
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
  it("of places are an i32 tensor with classes", async () => {
    const make = (loss: Loss = crossEntropy) =>
      trainer(sequential(embedding(3, 3)), { loss, optimizer: adam(), seed: 1 });
    const ids = [
      [0, 1],
      [2, 0],
    ];
    const labels = tensor(ids, { dtype: "i32" });
    // Without classes they are numbers, as rows are; what is said of them is that they are no labels.
    for (const targets of [labels, tensor(ids), ids]) {
      const error = failure("shape-mismatch", () => make().step({ inputs: labels, targets }));
      expect(error.message).toContain("whole numbers for labels");
      expect(error.expected).toBe(
        "labels, i32 of shape [2, 2], or probabilities of shape [2, 2, 3]",
      );
      expect(error.found).toBe("f32 of shape [2, 2]");
      expect(error.fix).toContain("i32 tensor, to a trainer together with `classes`");
    }
    // Likewise with the classes on another axis than the last.
    const second: Loss = (y, t) => crossEntropy(y.transpose([0, 2, 1]), t, { axis: 1 });
    const error = failure("shape-mismatch", () =>
      make(second).step({ inputs: labels, targets: labels }),
    );
    expect(error.expected).toBe("labels, i32 of shape [2, 2], or probabilities of shape [2, 3, 2]");
    const data = { inputs: labels, targets: labels, classes: ["a", "b", "c"] };
    const [a, b] = [make(), make(second)];
    for (const t of [a, b]) await t.fit(data, { epochs: 2 });
    expect(`${b.parameters["0.weight"]}`).toBe(`${a.parameters["0.weight"]}`);
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
