import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arraysOf, checkedSize } from "../../src/core/array-tensor.ts";
import { allocate } from "../../src/core/dtype.ts";
import { type Dataset, dataset, examples, numericTargets, subset } from "../../src/data/index.ts";
import { tensor } from "../../src/index.ts";
import { failure } from "../support/failure.ts";

const xorInputs = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
];

describe("checkedSize", () => {
  it("has no size where the product is not exact", () => {
    expect(checkedSize([2 ** 27, 2 ** 27])).toBeUndefined();
    expect(checkedSize([0, 2 ** 40, 2 ** 40])).toBeUndefined();
    expect(checkedSize([0, 7])).toBe(0);
    expect(checkedSize([])).toBe(1);
  });
  it("reports an allocation that the runtime refuses", () => {
    failure("out-of-memory", () => allocate("f64", 2 ** 50));
  });
});

describe("examples", () => {
  it("takes rows of numbers, numbers, names and labels", () => {
    const rows = examples({ inputs: xorInputs, targets: [[0], [1], [1], [0]] });
    expect(rows.inputs).toMatchObject({ dtype: "f64", shape: [4, 2] });
    expect(rows.targets).toMatchObject({ dtype: "f64", shape: [4, 1] });
    expect(rows.size).toBe(4);
    expect(rows.classes).toBeUndefined();
    const numbers = examples({ inputs: xorInputs, targets: [0, 1, 1, 0] });
    expect(arraysOf(numbers.targets)).toEqual(arraysOf(rows.targets));
    const names = examples({ inputs: xorInputs, targets: ["same", "other", "other", "same"] });
    expect(names.classes).toEqual(["other", "same"]);
    expect([...names.targets.dataSync()]).toEqual([1, 0, 0, 1]);
    const given = examples({
      inputs: xorInputs,
      targets: ["a", "b", "b", "a"],
      classes: ["b", "a"],
    });
    expect([...given.targets.dataSync()]).toEqual([1, 0, 0, 1]);
    const labels = examples({ inputs: xorInputs, targets: [0, 1, 1, 0], classes: ["no", "yes"] });
    expect(labels.targets).toMatchObject({ dtype: "i32", shape: [4] });
  });
  const inputRows = examples({ inputs: xorInputs, targets: [0, 1, 1, 0] }).inputs;
  it("keeps what a dataset says, whose size was left out, and names of classes of rows", () => {
    const rows = { inputs: [[1, 2], [3, 4]], targets: [[0, 1], [1, 0]] }; // biome-ignore format: rows
    const whole = examples({ ...rows, inputNames: ["a", "b"], classes: ["cat", "dog"] });
    expect(whole.targetNames).toEqual(["cat", "dog"]);
    expect(whole.classes).toBeUndefined();
    const { size: _, ...parts } = whole;
    const again = examples(parts);
    expect([again.size, again.inputNames, again.targetNames]).toEqual([2, ["a", "b"], ["cat", "dog"]]); // biome-ignore format: one line
    const error = failure("shape-mismatch", () => examples({ ...rows, classes: ["cat"] }));
    expect(error.expected).toContain("1 numbers in each row");
  });
  it("says what to do with BigInts", () => {
    for (const targets of [BigInt64Array.of(1n), { dtype: "i64", shape: [1], data: BigInt64Array.of(1n) }]) // biome-ignore format: one list
      expect(
        failure("data-invalid", () => examples({ inputs: [[1]], targets: targets as never })).fix,
      ).toContain("Int32Array.from");
  });
  it("refuses names that nobody reads", () => {
    const given = { inputs: xorInputs, targets: [0, 1, 1, 0], clases: ["no", "yes"] };
    const error = failure("bad-argument", () => examples(given));
    expect([error.found, error.fix]).toEqual(['"clases"', 'Did you mean "classes"?']);
  });
  it("takes tensors as they are", () => {
    const inputs = tensor(xorInputs);
    const float = examples({ inputs, targets: tensor([[0], [1], [1], [0]]) });
    expect(float.inputs).toMatchObject({ dtype: "f32", shape: inputRows.shape });
    expect(float.inputs.arraySync()).toEqual(xorInputs);
    expect(float.targets).toMatchObject({ dtype: "f32", shape: [4, 1] });
    expect(float).not.toHaveProperty("classes");
    // As with numbers in a list, a row of numbers is a column of targets.
    expect(examples({ inputs, targets: tensor([0, 1, 1, 0]) }).targets.shape).toEqual([4, 1]);
    const lists = examples({ inputs: xorInputs, targets: tensor([0, 1, 1, 0]) });
    expect(arraysOf(lists.inputs)).toEqual(arraysOf(inputRows));
    const whole = tensor(xorInputs, { dtype: "i32" });
    const converted = examples({ inputs: whole, targets: [0, 1, 1, 0] }).inputs;
    expect(arraysOf(converted)).toEqual(arraysOf(inputRows));
  });
  it("takes whole numbers of a tensor for labels", () => {
    const inputs = tensor(xorInputs);
    const targets = tensor([0, 2, 1, 0], { dtype: "i32" });
    const labels = { dtype: "i32", shape: [4], data: Int32Array.of(0, 2, 1, 0) };
    const inferred = examples({ inputs, targets });
    expect(arraysOf(inferred.targets)).toEqual(labels);
    expect(inferred.classes).toEqual(["0", "1", "2"]);
    const classes = ["a", "b", "c", "d"];
    const stated = examples({ inputs, targets, classes });
    expect(arraysOf(stated.targets)).toEqual(labels);
    expect(stated.classes).toEqual(classes);
    const few = failure("index-out-of-range", () =>
      examples({ inputs, targets, classes: ["a", "b"] }),
    );
    expect(few.where).toBe("targets, row 1 (counted from 0)");
    const large = tensor([0, 2 ** 30, 1, 0], { dtype: "i32" });
    failure("index-out-of-range", () => examples({ inputs, targets: large }));
    const negative = tensor([0, -1, 1, 0], { dtype: "i32" });
    failure("index-out-of-range", () => examples({ inputs, targets: negative }));
  });
  it("refuses tensors that are no examples", () => {
    const inputs = tensor(xorInputs);
    failure("shape-mismatch", () => examples({ inputs: tensor([1, 2]), targets: [1, 2] }));
    failure("shape-mismatch", () => examples({ inputs, targets: tensor([1, 2]) }));
    const nan = tensor([0, 1, Number.NaN, 0]);
    expect(failure("data-invalid", () => examples({ inputs, targets: nan })).where).toContain("2");
  });
  it("names row and column of what is wrong", () => {
    const at = (inputs: unknown, targets: unknown = [1, 2]) =>
      failure("data-invalid", () =>
        examples({ inputs, targets } as Parameters<typeof examples>[0]),
      );
    expect(at([[1, 2], [3]]).where).toBe("inputs, row 1 (counted from 0)");
    expect(
      at([
        [1, 2],
        [3, Number.NaN],
      ]).where,
    ).toBe("inputs, row 1, column 1 (both counted from 0)");
    expect(at([[[1]], [[2]]]).message).toContain("tensor(rows)");
    expect(
      at([
        [1, 2],
        [3, "4"],
      ]).found,
    ).toBe('"4"');
    expect(
      at([
        [1, 2],
        [3, Infinity],
      ]).found,
    ).toBe("Infinity");
    expect(at([[1, 2], 3]).found).toBe("3");
    expect(at([[1], [2]], [1]).found).toBe("1");
    expect(at([[1], [2]], [1, null]).where).toBe("targets, row 1 (counted from 0)");
    expect(at([[1], [2]], ["a", 1]).where).toBe("targets, row 1 (counted from 0)");
    expect(at([[1], [2]], [[1], [1, 2]]).where).toBe("targets, row 1 (counted from 0)");
    at("text");
    at([[1], [2]], "text");
    at(undefined);
    // Holes, which Array's own methods pass over.
    // biome-ignore lint/suspicious/noSparseArray: the point of the test
    at([[1, 2], , [3, 4]], [1, 2, 3]);
    // biome-ignore lint/suspicious/noSparseArray: the point of the test
    at([[1, , 2]], [1]);
    // biome-ignore lint/suspicious/noSparseArray: the point of the test
    at([[1], [2], [3]], ["a", , "b"]);
  });
  it("refuses unknown classes and labels, and no examples", () => {
    const one =
      (targets: readonly string[] | readonly number[], classes: readonly string[]) => () =>
        examples({ inputs: [[1]], targets, classes });
    const error = failure("data-invalid", one(["setsoa"], ["setosa", "virginica"]));
    expect(error.fix).toBe('Did you mean "setosa"?');
    failure("index-out-of-range", one([2], ["a", "b"]));
    failure("index-out-of-range", one([0.5], ["a", "b"]));
    failure("data-invalid", one(["a"], ["a", "a"]));
    failure("data-empty", () => examples({ inputs: [], targets: [] }));
    failure("data-empty", () => examples({ inputs: [[]], targets: [1] }));
  });
});

describe("dataset", () => {
  const inputs = tensor(Float64Array.of(1, 2), { shape: [2, 1] });
  const labels = tensor(Int32Array.of(0, 1), { shape: [2] });
  it("checks its invariants", () => {
    expect(dataset({ inputs, targets: labels, classes: ["a", "b"] }).size).toBe(2);
    failure("index-out-of-range", () => dataset({ inputs, targets: labels, classes: ["a"] }));
    failure("bad-dtype", () => dataset({ inputs, targets: labels }));
    failure("shape-mismatch", () =>
      dataset({ inputs: labels, targets: labels } as never as Dataset),
    );
    failure("bad-dtype", () => {
      const bools = tensor(Uint8Array.of(0, 1), { shape: [2, 1] });
      return dataset({ inputs: bools, targets: inputs });
    });
    failure("shape-mismatch", () =>
      dataset({ inputs, targets: tensor(Float64Array.of(1, 2), { shape: [1, 2] }) }),
    );
    failure("shape-mismatch", () =>
      dataset({ inputs, targets: tensor(Float64Array.of(1), { shape: [] }) }),
    );
    failure("data-invalid", () =>
      dataset({ inputs, targets: tensor(Float64Array.of(1, Number.NaN), { shape: [2, 1] }) }),
    );
    failure("data-empty", () => {
      const none = tensor(new Float64Array(0), { shape: [0, 1] });
      return dataset({ inputs: none, targets: none });
    });
  });
});

describe("subset and numericTargets", () => {
  const three = examples({ inputs: [[1], [2], [3]], targets: ["a", "b", "a"] });
  it("gathers rows, in order, with repetitions", () => {
    const some = subset(three, [2, 0, 2]);
    expect([...some.inputs.dataSync()]).toEqual([3, 1, 3]);
    expect([...some.targets.dataSync()]).toEqual([0, 0, 0]);
    expect(some.size).toBe(3);
    failure("index-out-of-range", () => subset(three, [3]));
    failure("index-out-of-range", () => subset(three, [-1]));
    failure("index-out-of-range", () => subset(three, [0.5]));
    failure("data-empty", () => subset(three, []));
  });
  it("gathers rows of several axes", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2), { minLength: 1, maxLength: 5 }), (indices) => {
        const cube = tensor(
          Float32Array.from({ length: 12 }, (_, i) => i),
          { shape: [3, 2, 2] },
        );
        const whole = dataset({ inputs: cube, targets: cube });
        const part = subset(whole, indices);
        expect(part.inputs.shape).toEqual([indices.length, 2, 2]);
        indices.forEach((row, i) => {
          expect(part.inputs.dataSync().slice(4 * i, 4 * i + 4)).toEqual(
            cube.dataSync().slice(4 * row, 4 * row + 4),
          );
        });
      }),
    );
  });
  it("turns labels into numbers", () => {
    expect([...numericTargets(three).targets.dataSync()]).toEqual([1, 0, 0, 1, 1, 0]);
    const binary = numericTargets(three, { binary: true });
    expect(binary.targets.arraySync()).toEqual([[0], [1], [0]]);
    expect(binary.classes).toBeUndefined();
    failure("bad-argument", () => numericTargets(binary));
  });
});
