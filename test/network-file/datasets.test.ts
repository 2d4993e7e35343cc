import { describe, expect, it } from "vitest";
import { npzBytes } from "../../src/data/index.ts";
import { tensor } from "../../src/index.ts";
import { NetworkFileError, prepareNetwork, toDatasets } from "../../src/network-file/index.ts";
import { bytesOf } from "../data/recorded-tables.ts";
import { files, noFiles, parse, rejection } from "./sample.ts";

const table = "a,b,kind\n1,2,x\n3,,y\n5,7,x\n2,1,y\n9,9,x\n4,4,y\n";
const csv = (more = "") => `{ csv: { file: t.csv, target: kind${more} } }`;
const idx = (sizes: readonly number[], elements: readonly number[]): Uint8Array =>
  Uint8Array.from([0, 0, 8, sizes.length, ...sizes.flatMap((n) => [0, 0, 0, n]), ...elements]);

describe("data", () => {
  it("from examples, classes by name or by number", async () => {
    const rows = "{ inputs: [1], targets: b }, { inputs: [2], targets: a }";
    const byName = await toDatasets(parse({ data: `{ examples: [${rows}] }` }), noFiles);
    expect(byName.train.classes).toEqual(["a", "b"]);
    expect([...byName.train.targets.dataSync()]).toEqual([1, 0]);
    const given = parse({
      data: `{ examples: [${rows}, { inputs: [3], targets: 1 }], classes: [b, a] }`,
    });
    const { train } = await toDatasets(given, noFiles);
    expect(train.classes).toEqual(["b", "a"]);
    expect([...train.targets.dataSync()]).toEqual([0, 1, 1]);
  });
  it("from arrays of NumPy, each example in a row", async () => {
    const archive = npzBytes({
      x: tensor(
        [
          [
            [0, 1],
            [2, 3],
          ],
          [
            [4, 5],
            [6, 7],
          ],
        ],
        { dtype: "f64" },
      ),
      y: tensor([1, 0], { dtype: "i32" }),
      xv: tensor(
        [
          [
            [1, 1],
            [1, 1],
          ],
        ],
        { dtype: "f64" },
      ),
      yv: tensor([0], { dtype: "i32" }),
    });
    const npz = "{ file: d.npz, inputs: x, targets: y, scale: 0.5 }";
    const data = `{ npz: ${npz}, validation: { npz: { inputs: xv, targets: yv } } }`;
    const read = files({ "d.npz": archive });
    const { train, validation, description } = await toDatasets(parse({ data }), read);
    expect(train.inputs.arraySync()).toEqual([
      [0, 0.5, 1, 1.5],
      [2, 2.5, 3, 3.5],
    ]);
    expect(validation?.inputs.arraySync()).toEqual([[0.5, 0.5, 0.5, 0.5]]);
    expect(description).toMatchObject({ inputs: 4, classes: ["0", "1"] });
    const named = parse({ data: `{ npz: ${npz}, classes: [no, yes] }` });
    expect((await toDatasets(named, read)).train.classes).toEqual(["no", "yes"]);
    const wrong = parse({ data: "{ npz: { file: d.npz, inputs: z, targets: y } }" });
    const error = await rejection("bad-argument", toDatasets(wrong, read));
    expect(error.where).toContain("d.npz");
    expect(error.expected).toContain('"xv"');
  });
  it("from a table, divided, standardized, with notes", async () => {
    const network = parse({ data: `${csv(", missing: drop").slice(0, -1)}, validation: 0.4 }` });
    const { train, validation, notes, description } = await toDatasets(
      network,
      files({ "t.csv": table }),
    );
    expect([train.size, validation?.size]).toEqual([3, 2]);
    expect(notes).toEqual(["1 of 6 rows have missing values and were left out."]);
    expect(description).toMatchObject({ inputs: 2, classes: ["x", "y"], inputNames: ["a", "b"] });
    expect(description.preprocessing?.inputs[0]).toMatchObject({ kind: "number", name: "a" });
  });
  it("from two tables, the second treated like the first", async () => {
    const network = parse({
      data: `${csv(", missing: mean").slice(0, -1)}, validation: { csv: { file: v.csv } } }`,
    });
    const read = files({ "t.csv": table, "v.csv": "kind,b,a\ny,,3\n" });
    const { train, validation } = await toDatasets(network, read);
    expect([...validation!.inputs.dataSync()]).toEqual([...train.inputs.dataSync().subarray(2, 4)]);
    expect([...validation!.targets.dataSync()]).toEqual([1]);
  });
  it("from two tables, incomplete rows dropped from both", async () => {
    const network = parse({
      data: `${csv(", missing: drop").slice(0, -1)}, validation: { csv: { file: v.csv } } }`,
    });
    const read = files({ "t.csv": table, "v.csv": "a,b,kind\n1,2,x\n1,,x\n" });
    const { validation, notes } = await toDatasets(network, read);
    expect(validation?.size).toBe(1);
    expect(notes).toContain(
      "v.csv: 1 of 2 rows are empty or have missing values and were left out.",
    );
  });
  it.each([
    // The first row is empty, the third has no a.
    ["drop", [1, 3, 4], [2, 6, 8]],
    ["mean", [1, 2.5, 3, 4], [2, 4, 6, 8]],
  ])("validated with a Parquet file, missing: %s, row by row", async (missing, inputs, targets) => {
    const network = parse({
      layers: "[{ linear: { outputs: 1 } }]",
      loss: "meanSquaredError",
      data:
        `{ csv: { file: t.csv, target: y, inputs: [a], missing: ${missing}, standardize: false }, ` +
        "validation: { csv: { file: v.parquet } } }",
    });
    const tables = { "t.csv": "a,y\n2,1\n,1\n3,5\n", "v.parquet": bytesOf("gaps.parquet") };
    const { validation } = await toDatasets(network, files(tables));
    expect([...validation!.inputs.dataSync()]).toEqual(inputs);
    expect([...validation!.targets.dataSync()]).toEqual(targets);
  });
  it("from a Parquet file, of which only rows that are empty in all columns are left out", async () => {
    const data = (missing: string) =>
      parse({
        layers: "[{ linear: { outputs: 1 } }]",
        loss: "meanSquaredError",
        data: `{ csv: { file: t.parquet, target: y, inputs: [a], missing: ${missing} } }`,
      });
    const read = files({ "t.parquet": bytesOf("gaps.parquet") });
    const { train, notes } = await toDatasets(data("mean"), read);
    expect(train.size).toBe(4);
    expect(notes).toContain("1 of 5 rows is empty and was left out (first on line 1).");
    const error = await rejection("data-invalid", toDatasets(data("error"), read));
    expect(error.found).toBe('missing: 1 in "a" (first on line 3)');
  });
  it("validated with windows, which are not laid across an empty row", async () => {
    const network = parse({
      layers: "[{ linear: { outputs: 1 } }]",
      loss: "meanSquaredError",
      data:
        "{ csv: { file: t.csv, target: y, windows: { length: 2 } }, " +
        "validation: { csv: { file: v.csv } } }",
    });
    const read = (v: string) =>
      toDatasets(network, files({ "t.csv": "y,k\n1,a\n2,b\n4,a\n3,b\n", "v.csv": v }));
    // One at the end is none in between.
    const { validation, notes } = await read("y,k\n1,a\n2,b\n4,a\n3,b\n,\n");
    expect(validation?.size).toBe(2);
    expect(notes.at(-1)).toContain("1 of 5 rows");
    const error = await rejection("data-invalid", read("y,k\n1,a\n2,b\n,\n4,a\n3,b\n"));
    expect(error.message).toContain("A row in between cannot be used");
    expect(error.where).toMatch(/^v\.csv, line 4 \(named in n\.yaml:4:/);
  });
  it("from tables whose numbers have thousands and units, the second noted by its name", async () => {
    const network = parse({
      data: `${csv(', thousands: ",", units: true').slice(0, -1)}, validation: { csv: { file: v.csv } } }`,
    });
    const read = files({
      "t.csv": 'a,b,kind\n"1,200",$2,x\n"3,400",$4,y\n',
      "v.csv": 'kind,b,a\n#y,1,3\nx,$3,"1,000"\n,,\n',
    });
    const { train, validation, notes, description } = await toDatasets(network, read);
    expect([...train.inputs.dataSync()]).toEqual([-1, -1, 1, 1]);
    expect([...validation!.inputs.dataSync()]).toEqual([-1300 / 1100, 0]);
    expect(description.preprocessing).toMatchObject({ thousands: ",", units: true });
    expect(notes.filter((note) => note.startsWith("v.csv: "))).toEqual([
      'v.csv: Line 2 begins with "#" and was skipped.',
      "v.csv: 1 skipped line has as many cells as a row (line 2): if it is a row, say comment: false.",
      "v.csv: 1 of 2 rows are empty or have missing values and were left out.",
    ]);
  });
  it("from a table, with classes in a given order", async () => {
    const one = "a,b,kind\n1,2,x\n3,4,x\n";
    const given = (classes: string) =>
      toDatasets(parse({ data: `${csv().slice(0, -1)}${classes} }` }), files({ "t.csv": one }));
    const { train } = await given(", classes: [y, x]");
    expect([train.classes, [...train.targets.dataSync()]]).toEqual([
      ["y", "x"],
      [1, 1],
    ]);
    const error = await rejection("data-invalid", given(""));
    expect(error.fix).toContain("list its classes under `classes`");
  });
  it("of a single class, which is no data to learn from", async () => {
    const rows = "{ inputs: [1], targets: b }, { inputs: [2], targets: b }";
    const network = (more: string) => parse({ data: `{ examples: [${rows}]${more} }` });
    const error = await rejection("file-invalid", toDatasets(network(""), noFiles));
    expect(error.message).toContain("single class");
    expect(error.message).toContain("list all classes under data: classes");
    const { train } = await toDatasets(network(", classes: [a, b]"), noFiles);
    expect([...train.targets.dataSync()]).toEqual([1, 1]);
  });
  it("from images", async () => {
    const network = parse({
      layers: "[{ linear: { outputs: 3 } }]",
      data: "{ idx: { images: i, labels: l, scale: 1 }, validation: { idx: { images: j, labels: m } } }",
      training: "{ dtype: f32 }",
    });
    const read = files({
      i: idx([2, 1, 2], [1, 2, 3, 4]),
      l: idx([2], [2, 0]),
      j: idx([1, 1, 2], [5, 6]),
      m: idx([1], [1]),
    });
    const { train, validation } = await toDatasets(network, read);
    expect(train.inputs).toMatchObject({ dtype: "f32", shape: [2, 2] });
    expect(validation?.classes).toEqual(["0", "1", "2"]);
  });
  it("from images of which one file is wrong, which is named", async () => {
    const network = parse({ data: "{ idx: { images: pictures, labels: names } }" });
    const labels = idx([2], [1, 0]);
    const floats = Uint8Array.from([
      ...[0, 0, 13, 2, 0, 0, 0, 2, 0, 0, 0, 1],
      ...[0, 0, 0, 0, 0x7f, 0xc0, 0, 0],
    ]);
    const error = async (pictures: Uint8Array, names: Uint8Array) => {
      const read = files({ pictures, names });
      return toDatasets(network, read).then(
        () => undefined,
        ({ code, where, found }) => ({ code, where, found }),
      );
    };
    const pictures = "pictures (named in n.yaml:4:24)";
    expect(await error(floats, labels)).toEqual({
      code: "data-invalid",
      where: pictures,
      found: "NaN in image 1 at 0, counted from 0",
    });
    const none = { code: "data-empty", where: pictures, found: "none, of the shape [0, 4]" };
    expect(await error(idx([0, 4], []), labels)).toEqual(none);
    expect(await error(idx([2, 0], []), labels)).toMatchObject({ where: pictures });
    expect(await error(labels, labels)).toMatchObject({ where: pictures });
    const names = "names (named in n.yaml:4:42)";
    expect(await error(idx([2, 1], [1, 2]), idx([2, 1], [1, 2]))).toMatchObject({ where: names });
    expect(await error(idx([2, 1], [1, 2]), idx([3], [1, 2, 0]))).toMatchObject({ where: names });
  });
  it("generated, with data of their own to validate with", async () => {
    const network = parse({
      data: "{ generate: { moons: { noise: 0.1 } }, validation: { generate: { moons: { noise: 0.1, seed: 1, size: 50 } } } }",
    });
    const { train, validation } = await toDatasets(network, noFiles);
    expect([train.size, validation?.size]).toEqual([200, 50]);
    expect(train.inputs.dataSync()[0]).not.toBe(validation?.inputs.dataSync()[0]);
  });
  it("that are validated with must look like the others", async () => {
    const network = parse({
      data: "{ generate: { moons: {} }, validation: { generate: { blobs: {} } } }",
    });
    const error = await rejection("file-invalid", toDatasets(network, noFiles));
    expect(error.message).toContain("do not look like the training data");
  });
});

describe("targets are fitted to the loss", () => {
  const moons = (loss: string, outputs: number) =>
    toDatasets(parse({ loss, layers: `[{ linear: { outputs: ${outputs} } }]` }), noFiles);
  it("labels stay labels", async () => {
    expect((await moons("crossEntropy", 2)).train.targets).toMatchObject({
      dtype: "i32",
      shape: [200],
    });
  });
  it("one output: 0 and 1, or −1 and 1", async () => {
    const bits = await moons("binaryCrossEntropyWithLogits", 1);
    expect([...bits.train.targets.dataSync().subarray(0, 2)]).toEqual([0, 1]);
    expect(bits.description.classes).toEqual(["0", "1"]);
    const signs = await moons("hinge", 1);
    expect([...signs.train.targets.dataSync().subarray(0, 2)]).toEqual([-1, 1]);
  });
  it("as many outputs as classes: one-hot rows", async () => {
    const { train } = await moons("meanSquaredError", 2);
    expect(train.targets.shape).toEqual([200, 2]);
    expect([...train.targets.dataSync().subarray(0, 4)]).toEqual([1, 0, 0, 1]);
  });
  it.each([
    ["halfSquaredError", 1],
    ["meanSquaredError", 2],
    ["binaryCrossEntropyWithLogits", 1],
    ["hinge", 1],
    ["crossEntropy", 2],
    ["multiMargin", 2],
  ])("%s with %i outputs counts right predictions", async (loss, outputs) => {
    const network = parse({
      loss,
      layers: `[{ linear: { outputs: 8 } }, tanh, { linear: { outputs: ${outputs} } }]`,
      optimizer: "{ adam: { learningRate: 0.05 } }",
      training: "{ epochs: 40 }",
    });
    const { trainer, data, fit } = await prepareNetwork(network, noFiles);
    await trainer.fit(data.train, fit);
    expect(trainer.evaluate(data.train).accuracy).toBeGreaterThan(0.85);
  });
  it.each([
    ["crossEntropy", 1, "too few outputs", "binaryCrossEntropyWithLogits"],
    ["meanSquaredError", 3, "another number of outputs", "1 or 2 outputs"],
  ])("%s with %i outputs points at the layer", async (loss, outputs, message, detail) => {
    const error = await rejection("file-invalid", moons(loss, outputs));
    expect(error).toBeInstanceOf(NetworkFileError);
    expect(error.where).toMatch(/^n\.yaml:1:\d+$/);
    expect(error.message).toContain(message);
    expect(error.message).toContain(detail);
  });
  it("says why a target that looks like numbers became classes", async () => {
    const network = parse({
      loss: "meanSquaredError",
      layers: "[{ linear: { outputs: 1 } }]",
      data: "{ csv: { file: t.csv, target: y } }",
    });
    const read = (text: string) => async () => new TextEncoder().encode(text);
    const units = "x,y\n1,12 kg\n2,13 kg\n3,15 kg\n";
    const error = await rejection("file-invalid", toDatasets(network, read(units)));
    expect(error.fix).toMatch(/^Make it 3 outputs\. 3 of 3 cells of column "y".*units: true/);
    expect(error.found).toBe('1, and the classes "12 kg", "13 kg", "15 kg"');
    const words = "x,y\n1,2\n2,low\n3,high\n4,mid\n";
    const mixed = await rejection("file-invalid", toDatasets(network, read(words)));
    expect(mixed.fix).toContain('1 of 4 cells of column "y" are numbers');
    const csv = "{ csv: { file: t.csv, target: y, units: true } }";
    const repaired = parse({
      loss: "meanSquaredError",
      layers: "[{ linear: { outputs: 1 } }]",
      data: csv,
    });
    expect([...(await toDatasets(repaired, read(units))).train.targets.dataSync()]).toEqual([
      12, 13, 15,
    ]);
  });
  it("quotes the columns that there are, and takes a number for no header", async () => {
    const network = parse({ data: "{ csv: { file: t.csv, target: 1 } }" });
    const read = async () => new TextEncoder().encode("x\ta,y\n1,2\n2,3\n");
    const error = await rejection("data-invalid", toDatasets(network, read));
    expect(error.expected).toBe('one of "x\\ta", "y"');
    expect(error.fix).toBe("Name one of these columns.");
  });
  it("numbers need a loss for numbers", async () => {
    const network = parse({ data: "{ generate: { regression: {} } }" });
    const error = await rejection("file-invalid", toDatasets(network, noFiles));
    expect(error.message).toContain("crossEntropy needs class labels");
    expect(error.where).toBe("n.yaml:2:7");
  });
});

describe("errors in data", () => {
  it("name the table's line and the network file's", async () => {
    const bad = table.replace("9,9", "9,nine");
    const error = await rejection(
      "data-invalid",
      toDatasets(parse({ data: csv() }), files({ "t.csv": bad.replace("3,,", "3,3,") })),
    );
    expect(error.where).toBe('t.csv, line 6, column "b" (named in n.yaml:4:14)');
  });
  it("all columns that do not exist are named by their lines", async () => {
    const network = parse({ data: csv(", inputs: [a, c], types: { d: number }") });
    const error = await rejection("data-invalid", toDatasets(network, files({ "t.csv": table })));
    expect((error as NetworkFileError).problems.map((p) => p.message)).toEqual([
      'The table "t.csv" has no column "c".',
      'The table "t.csv" has no column "d".',
    ]);
    // "a" is near "c", and taken: so is the target; "b" is free.
    expect((error as NetworkFileError).problems.map((p) => p.fix)).toEqual([
      "Name one of these columns.",
      "Name one of these columns.",
    ]);
  });
  it.each([
    ["x1, x3", "Did you mean x2?"],
    ["x1, x2, x3", "Name one of these columns."],
  ])("no column is suggested that is named already: %s", async (inputs, fix) => {
    const network = parse({ data: csv(`, inputs: [${inputs}]`) });
    const read = files({ "t.csv": "x1,x2,kind\n1,2,a\n2,1,b\n" });
    const error = await rejection("data-invalid", toDatasets(network, read));
    expect((error as NetworkFileError).problems.map((p) => p.fix)).toEqual([fix]);
  });
  it("a column that is not there because of how the table was read", async () => {
    const read = files({ "t.csv": "a:b:kind\n1:2:x\n3:4:y\n" });
    const error = await rejection("data-invalid", toDatasets(parse({ data: csv() }), read));
    expect(error.message).toContain('If ":" divides the cells, say delimiter: ":".');
    const repaired = parse({ data: csv(", delimiter: ':'") });
    expect((await toDatasets(repaired, read)).train.size).toBe(2);
  });
  it("in a network that names none", async () => {
    const error = await rejection("file-invalid", toDatasets(parse({ data: undefined }), noFiles));
    expect(error.message).toContain("names no data");
  });
  it("in a number of inputs that is not the data's", async () => {
    const error = await rejection("file-invalid", toDatasets(parse({ inputs: "5" }), noFiles));
    expect(error.where).toBe("n.yaml:5:9");
  });
});
