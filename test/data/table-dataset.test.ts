import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arraysOf } from "../../src/core/array-tensor.ts";
import { at } from "../../src/core/at.ts";
import {
  applyPreprocessing,
  checkPreprocessing,
  originalTarget,
  type Preprocessing,
  parseTable,
  preprocessDataset,
  type TableDatasetOptions,
  tableDataset,
} from "../../src/data/index.ts";
import { failure } from "../support/failure.ts";

const build = (text: string, options: TableDatasetOptions) =>
  tableDataset(parseTable(text, { source: "t.csv" }), options);

const wrong = (text: string, options: TableDatasetOptions) =>
  failure("data-invalid", () => build(text, options));

const pets = "size,colour,kind\n1,red,cat\n2,blue,dog\n3,red,cat\n6,blue,dog\n";

describe("tableDataset", () => {
  it("standardizes numbers and makes categories one-hot", () => {
    const { train, validation, preprocessing } = build(pets, { target: "kind" });
    const deviation = Math.sqrt((4 + 1 + 0 + 9) / 4);
    const z = (x: number) => (x - 3) / deviation;
    expect(train.inputs.shape).toEqual([4, 3]);
    expect([...train.inputs.dataSync()]).toEqual([z(1), 0, 1, z(2), 1, 0, z(3), 0, 1, z(6), 1, 0]);
    expect(train.inputNames).toEqual(["size", "colour=blue", "colour=red"]);
    expect(`${train.targets}`).toBe("tensor([0, 1, 0, 1], i32[4])");
    expect(train.classes).toEqual(["cat", "dog"]);
    expect(validation).toBeUndefined();
    expect(preprocessing.inputs[0]).toEqual({
      kind: "number",
      name: "size",
      mean: 3,
      scale: deviation,
    });
  });
  it("makes a regression of a number target", () => {
    const plain = build(pets, { target: "size" });
    expect(plain.train.targets).toMatchObject({ dtype: "f64", shape: [4, 1] });
    expect([...plain.train.targets.dataSync()]).toEqual([1, 2, 3, 6]);
    expect(plain.train.classes).toBeUndefined();
    const scaled = build(pets, { target: "size", standardizeTarget: true });
    expect(scaled.train.targets.dataSync()[0]).toBeCloseTo(-2 / Math.sqrt(3.5), 14);
    const back = originalTarget(scaled.preprocessing, at(scaled.train.targets.dataSync(), 3));
    expect(back).toBeCloseTo(6, 14);
  });
  it("fits on the training part only", () => {
    const text = "x,y\n1,0\n3,0\n1000000,1\n";
    const { train, validation, preprocessing } = build(text, { target: "y", validation: [2] });
    expect(preprocessing.inputs[0]).toMatchObject({ mean: 2, scale: 1 });
    expect([...train.inputs.dataSync()]).toEqual([-1, 1]);
    expect([...(validation?.inputs.dataSync() ?? [])]).toEqual([999998]);
    const filled = build("x,y\n1,0\n3,0\nNA,1\n9,1\n", {
      target: "y",
      missing: "mean",
      validation: [2, 3],
    });
    expect([...(filled.validation?.inputs.dataSync() ?? [])]).toEqual([0, 7]);
  });
  it("divides by fraction, stratified, with a seed", () => {
    const rows = Array.from({ length: 100 }, (_, i) => `${i},${i < 80 ? "a" : "b"}\n`).join("");
    const of = (seed: number) => build(`x,c\n${rows}`, { target: "c", validation: 0.25, seed });
    const { train, validation } = of(1);
    expect([train.size, validation?.size]).toEqual([75, 25]);
    expect(validation?.targets.dataSync().filter((label) => label === 1)).toHaveLength(5);
    const inputs = (seed: number) => of(seed).validation?.inputs.arraySync();
    expect(inputs(1)).toEqual(inputs(1));
    expect(inputs(2)).not.toEqual(inputs(1));
    // A category that is absent from the training part has its place all the same.
    const rare = build("x,c\n1,a\n2,b\n", { target: "c", validation: [1] });
    expect(rare.train.classes).toEqual(["a", "b"]);
    const mean = [...train.inputs.dataSync()].reduce((sum, x) => sum + x) / 75;
    expect(mean).toBeCloseTo(0, 12);
  });
  it("notes constant columns, and leaves numbers as they are when asked", () => {
    const text = "k,x,y\n0.1,1,0\n0.1,2,1\n0.1,4,0\n";
    const { train, notes } = build(text, { target: "y" });
    expect(notes).toEqual(['Column "k" is constant in the training part (0.1).']);
    expect([0, 2, 4].map((at) => train.inputs.dataSync()[at])).toEqual([0, 0, 0]);
    const raw = build(text, { target: "y", standardize: false, inputs: ["x", "k"] });
    expect([...raw.train.inputs.dataSync()]).toEqual([1, 0.1, 2, 0.1, 4, 0.1]);
    expect(raw.notes).toEqual([]);
    const names = Array.from({ length: 700 }, (_, i) => `c${i}`);
    const row = names.map(() => 1).join(",");
    const wide = build(`${names.join(",")},y\n${row},1\n${row},2\n`, { target: "y" });
    expect(wide.notes).toHaveLength(1);
    expect(wide.notes[0]).toMatch(/^700 columns are constant .*"c0", "c1", .* and 660 more\.$/);
  });
  it("refuses options that it has not", () => {
    const misspelt = { target: "y", standardise: false };
    const error = failure("bad-argument", () => build("x,y\n1,2\n2,3\n", misspelt));
    expect(error.fix).toBe('Did you mean "standardize"?');
  });
  it("sorts categories by value where they are numbers, otherwise by code unit", () => {
    const table = parseTable("n,c,y\n10,b,1\n9,B,2\n2,é,3\n", { types: { n: "category" } });
    const { preprocessing } = tableDataset(table, { target: "y" });
    expect(preprocessing.inputs).toMatchObject([
      { values: ["2", "9", "10"] },
      { values: ["B", "b", "é"] },
    ]);
  });
});

describe("tableDataset: missing values", () => {
  const text = "x,c,y\n1,a,0\n?,b,1\n3,NA,0\n5,a,NA\n";
  it("reports them by default, with the ways out", () => {
    const error = wrong(text, { target: "y" });
    expect(error.found).toBe(
      'missing: 1 in "x" (first on line 3), 1 in "c" (first on line 4), 1 in "y" (first on line 5)',
    );
    expect(error.fix).toContain('"drop"');
    expect(error.fix).toContain('"mean"');
    expect(build(text, { target: "y", inputs: ["x"], missing: "drop" }).train.size).toBe(2);
  });
  it("drops rows, before they are divided", () => {
    const { train, notes } = build(text, { target: "y", missing: "drop" });
    expect(train.size).toBe(1);
    expect(notes[0]).toBe("3 of 4 rows have missing values and were left out.");
  });
  it("fills in means and a category of its own", () => {
    const { train, preprocessing, notes } = build(text, {
      target: "y",
      missing: "mean",
      standardize: false,
    });
    expect(train.inputNames).toEqual(["x", "c=a", "c=b", "c is missing"]);
    expect([...train.inputs.dataSync()]).toEqual([1, 1, 0, 0, 2, 0, 1, 0, 3, 0, 0, 1]);
    expect(notes[0]).toBe("1 of 4 rows have no target and were left out.");
    const applied = applyPreprocessing(preprocessing, [{ x: null, c: "" }]);
    expect([...applied.dataSync()]).toEqual([2, 0, 0, 1]);
  });
  it("reports columns and tables without any value", () => {
    wrong("x,y\nNA,1\n?,2\n", { target: "y", missing: "mean" });
    wrong("x,z,y\n1,1,1\nNA,2,2\n", { target: "y", missing: "mean", validation: [0] });
    failure("data-empty", () => build("x,z,y\n1,NA,1\nNA,2,2\n", { target: "y", missing: "drop" }));
    failure("bad-argument", () => build(pets, { target: "kind", missing: "zero" as "drop" }));
  });
});

describe("tableDataset: errors", () => {
  it("suggests the nearest column", () => {
    const error = wrong(pets, { target: "knid" });
    expect(error.expected).toBe('one of "size", "colour", "kind"');
    expect(error.fix).toBe('Did you mean "kind"?');
    expect(wrong(pets, { target: "kind", inputs: ["color"] }).fix).toContain("colour");
  });
  it("gives line and column of a cell that is no number", () => {
    const text = "x,y\n1,0\n2,1\nthree,0\n4,1\n";
    const error = wrong(text, { target: "y" });
    expect(error.where).toBe('t.csv, line 4, column "x"');
    expect(error.found).toBe('"three"');
    expect(wrong("x,y\n1,0\n1e999,1\n", { target: "y" }).message).toContain("not finite");
    expect(wrong("x,y\n1,0\n-inf,1\n", { target: "y" }).message).toContain("not finite");
    const nan = parseTable("x,y\n1,0\nNaN,1\n", { missingValues: [""] });
    failure("data-invalid", () => tableDataset(nan, { target: "y" }));
    expect(wrong("x;y\n1,5;0\n2,5;1\n", { target: "y" }).fix).toContain('decimal: ","');
    const comma = parseTable("x;y\n1,5;0\n2,5;1\n", { decimal: "," });
    const { train } = tableDataset(comma, { target: "y", standardize: false });
    expect([...train.inputs.dataSync()]).toEqual([1.5, 2.5]);
    const thousand = parseTable("x;y\n1.500;0\n2,5;1\n", { decimal: "," });
    failure("data-invalid", () => tableDataset(thousand, { target: "y" }));
  });
  it("refuses numbers that cannot be averaged", () => {
    wrong("x,y\n1e308,0\n1.5e308,1\n", { target: "y" });
    wrong("x,y\n1e200,0\n-1e200,1\n", { target: "y" });
  });
  it("refuses impossible inputs and divisions", () => {
    for (const inputs of [[], ["kind"], ["size", "size"]]) {
      failure("bad-argument", () => build(pets, { target: "kind", inputs }));
    }
    failure("bad-argument", () => build(pets, { target: "kind", validation: [1, 1] }));
    failure("bad-argument", () => build(pets, { target: "kind", validation: [0, 1, 2, 3] }));
    failure("bad-argument", () => build(pets, { target: "kind", validation: 1 }));
    failure("index-out-of-range", () => build(pets, { target: "kind", validation: [4] }));
    failure("bad-argument", () => build("x\n1\n2\n", { target: "x" }));
  });
  it("refuses a column of names as input", () => {
    const rows = Array.from({ length: 30 }, (_, i) => `name${i},${i}\n`).join("");
    expect(wrong(`id,y\n${rows}`, { target: "y", maxCategories: 20 }).found).toBe("30 in 30 rows");
  });
});

describe("applyPreprocessing", () => {
  const { preprocessing, train } = build(pets, { target: "kind" });
  it("does to new rows what was done in training, after a way through JSON", () => {
    const stored = JSON.parse(JSON.stringify(preprocessing)) as Preprocessing;
    expect(stored).toEqual(preprocessing);
    const rows = [
      { size: "1", colour: "red", extra: 1 },
      { size: 2, colour: " blue " },
    ];
    const inputs = applyPreprocessing(stored, rows);
    expect(inputs.dataSync()).toEqual(train.inputs.dataSync().slice(0, 6));
    const table = parseTable("colour,size\nred,1\nblue,2\n");
    expect(arraysOf(applyPreprocessing(stored, table))).toEqual(arraysOf(inputs));
    const again = preprocessDataset(stored, parseTable(pets));
    for (const part of ["inputs", "targets"] as const)
      expect(arraysOf(again[part])).toEqual(arraysOf(train[part]));
    expect({ ...again, inputs: 0, targets: 0 }).toEqual({ ...train, inputs: 0, targets: 0 });
  });
  it("lists the known categories", () => {
    const error = failure("data-invalid", () =>
      applyPreprocessing(preprocessing, [{ size: 1, colour: "rde" }]),
    );
    expect(error.expected).toBe('one of "blue", "red"');
    expect(error.fix).toBe('Did you mean "red"?');
    expect(error.where).toBe('row 0 (counted from 0), column "colour"');
  });
  it("refuses rows that lack something", () => {
    const rows = [
      { size: 1 },
      { size: 1, colour: null },
      { size: Number.NaN, colour: "red" },
      { size: "x", colour: "red" },
      { size: 1, colour: {} },
      { size: null, colour: "red" },
      null,
      3,
    ];
    for (const row of rows) {
      failure("data-invalid", () => applyPreprocessing(preprocessing, [row] as never));
    }
    failure("data-empty", () => applyPreprocessing(preprocessing, []));
    const inherited = JSON.parse('{"size":1,"__proto__":{"colour":"red"}}');
    failure("data-invalid", () => applyPreprocessing(preprocessing, [inherited]));
  });
  it("refuses numbers that become infinite", () => {
    const tiny = build("x,y\n0,0\n1e-150,1\n", { target: "y" }).preprocessing;
    failure("data-invalid", () => applyPreprocessing(tiny, [{ x: 1e300 }]));
  });
  it("checks a stored preprocessing", () => {
    expect(checkPreprocessing(preprocessing)).toBe(preprocessing);
    const damaged = (change: (copy: { inputs: object[]; target: object }) => void) => {
      const copy = JSON.parse(JSON.stringify(preprocessing));
      change(copy);
      return failure("file-corrupt", () => applyPreprocessing(copy, [{ size: 1, colour: "red" }]));
    };
    const rule = (name: string, value: unknown) =>
      damaged((copy) => Object.assign(at(copy.inputs, 0), { [name]: value })).where;
    expect(rule("scale", 0)).toBe("inputs[0].scale");
    expect(rule("mean", "1")).toBe("inputs[0].mean");
    expect(rule("kind", "text")).toBe("inputs[0].kind");
    expect(rule("name", 1)).toBe("inputs[0].name");
    damaged((copy) => Object.assign(copy, { version: 2 }));
    damaged((copy) => Object.assign(copy, { inputs: [] }));
    damaged((copy) => Object.assign(at(copy.inputs, 1), { values: ["a", "a"] }));
    damaged((copy) => Object.assign(copy.target, { values: [1] }));
    damaged((copy) => Object.assign(copy, { decimal: "x" }));
    damaged((copy) => Object.assign(copy, { missingValues: null }));
    for (const value of [null, 3, "x", []])
      failure("file-corrupt", () => checkPreprocessing(value));
  });
  it("never throws anything else on arbitrary JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        failure("file-corrupt", () => checkPreprocessing(value));
      }),
    );
  });
});

describe("teaching tables", () => {
  const example = (name: string) => {
    const path = new URL(`../../examples/data/${name}.csv`, import.meta.url);
    return parseTable(readFileSync(path, "utf8"), { source: `${name}.csv` });
  };
  it("iris", () => {
    const { train, validation } = tableDataset(example("iris"), {
      target: "species",
      validation: 0.2,
    });
    expect(train.inputs.shape).toEqual([120, 4]);
    expect(validation?.inputs.shape).toEqual([30, 4]);
    expect(train.classes).toEqual(["setosa", "versicolor", "virginica"]);
  });
  it("penguins, with what is missing", () => {
    const table = example("penguins");
    const error = failure("data-invalid", () => tableDataset(table, { target: "species" }));
    expect(error.found).toContain('11 in "sex" (first on line 5)');
    const dropped = tableDataset(table, { target: "species", missing: "drop" });
    expect(dropped.train.inputs.shape).toEqual([333, 9]);
    const filled = tableDataset(table, { target: "species", missing: "mean" });
    expect(filled.train.inputs.shape).toEqual([344, 10]);
  });
  const mpg = new URL("../../../shared/data/tables/mpg.csv", import.meta.url);
  it.skipIf(!existsSync(mpg))("mpg, a regression", () => {
    const table = parseTable(readFileSync(mpg, "utf8"), { source: "mpg.csv" });
    const inputs = table.columns.map(({ name }) => name).filter((n) => n !== "mpg" && n !== "name");
    const { train } = tableDataset(table, { target: "mpg", inputs, missing: "mean" });
    expect(train.inputs.shape).toEqual([398, 9]);
    expect(train.targets).toMatchObject({ dtype: "f64", shape: [398, 1] });
  });
});
