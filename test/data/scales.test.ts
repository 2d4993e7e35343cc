/** Scales that are given are not fitted; tables of other files in a network file. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { originalTarget, parseTable, tableDataset } from "../../src/data/index.ts";
import { parseNetwork, toDatasets } from "../../src/network-file/index.ts";
import { failure, rejection } from "../support/failure.ts";

const table = parseTable("a,b,kind,y\n10,1,x,100\n20,2,z,300\n30,6,x,200\n");

describe("scales", () => {
  it("are (x − mean)/deviation or (x − min)/(max − min), of inputs and of the target", () => {
    const made = tableDataset(table, {
      target: "y",
      inputs: ["a", "b"],
      scales: { a: { mean: 20, deviation: 5 }, y: { min: 100, max: 500 } },
    });
    const inputs = Array.from(made.train.inputs.dataSync());
    expect([inputs[0], inputs[2], inputs[4]]).toEqual([-2, 0, 2]);
    // The others are fitted as ever.
    const fitted = tableDataset(table, { target: "y", inputs: ["a", "b"] });
    expect(inputs[1]).toBe(fitted.train.inputs.dataSync()[1]);
    expect(Array.from(made.train.targets.dataSync())).toEqual([0, 0.5, 0.25]);
    expect(originalTarget(made.preprocessing, 0.5)).toBe(300);
  });
  it("hold without standardize, and of a column that is constant", () => {
    const same = parseTable("a,y\n5,1\n5,2\n");
    const made = tableDataset(same, {
      ...{ target: "y", standardize: false },
      scales: { a: { min: 0, max: 10 } },
    });
    expect(Array.from(made.train.inputs.dataSync())).toEqual([0.5, 0.5]);
  });
  it("of what has none are refused", () => {
    const make = (scales: object) => () =>
      tableDataset(table, { target: "y", scales: scales as Record<string, never> });
    for (const scales of [
      { kind: { mean: 0, deviation: 1 } },
      { nobody: { mean: 0, deviation: 1 } },
      { a: { mean: 0 } },
      { a: { mean: 0, deviation: 0 } },
      { a: { min: 1, max: 1 } },
      { a: { mean: 0, deviation: 1, min: 0 } },
      { a: 3 },
      [],
    ]) {
      failure("bad-argument", make(scales));
    }
  });
});

describe("in a network file", () => {
  const text = (csv: string) => `
layers: [{ linear: { outputs: 1 } }]
loss: meanSquaredError
optimizer: sgd
data: { csv: { ${csv} } }
`;
  const lines =
    '{"a": 10, "b": 1, "y": 100}\n{"a": 20, "b": 2, "y": 300}\n{"a": 30, "b": 6, "y": 200}\n';
  const csv = "a,b,y\n10,1,100\n20,2,300\n30,6,200\n";
  const bytes = (content: string) => async () => new TextEncoder().encode(content);
  it("scales are what tableDataset takes, and wrong ones are pointed at", async () => {
    const given = "file: t.csv, target: y, inputs: [a], scales: { a: { mean: 20, deviation: 5 } }";
    const { train } = await toDatasets(parseNetwork(text(given)), bytes(csv));
    expect(Array.from(train.inputs.dataSync())).toEqual([-2, 0, 2]);
    const wrong = parseNetwork(text("file: t.csv, target: y, scales: { a: { mean: 20 } }"));
    const error = await rejection("bad-argument", toDatasets(wrong, bytes(csv)));
    expect(error.where).toContain(":5:");
  });
  it("JSON lines and Parquet are tables, told by their names", async () => {
    const plain = await toDatasets(parseNetwork(text("file: t.csv, target: y")), bytes(csv));
    const network = parseNetwork(text("file: t.jsonl, target: y"));
    const { train } = await toDatasets(network, bytes(lines));
    expect(train.inputs.dataSync()).toEqual(plain.train.inputs.dataSync());
    expect(train.targets.dataSync()).toEqual(plain.train.targets.dataSync());
    const odd = parseNetwork(text('file: t.jsonl, target: y, delimiter: ";"'));
    const error = await rejection("bad-argument", toDatasets(odd, bytes(lines)));
    expect(error.message).toContain("A file of JSON lines has no delimiter.");
    const file = new URL("../fixtures/tables/ways-snappy.parquet", import.meta.url);
    const parquet = parseNetwork(text("file: t.parquet, target: x, inputs: [b]"));
    const read = await toDatasets(parquet, async () => new Uint8Array(readFileSync(file)));
    expect(Array.from(read.train.inputs.dataSync()).slice(0, 4)).toEqual([0, 1, 1, 0]);
    expect(read.train.size).toBe(40);
  });
});
