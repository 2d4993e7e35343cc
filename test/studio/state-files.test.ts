/** Files that the page makes and takes in: pure functions. */
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import "../../src/index.ts";
import { compare } from "../../studio/src/engine/compare.ts";
import { Engine } from "../../studio/src/engine/engine.ts";
import { formsOf } from "../../studio/src/engine/forms.ts";
import { overTable } from "../../studio/src/engine/over-table.ts";
import {
  allows,
  buildOf,
  type DataKind,
  fileOf,
  itemOf,
  outputsOf,
  valueOf,
  withLayer,
} from "../../studio/src/state/build.ts";
import { sorted } from "../../studio/src/state/files.ts";
import { rejection } from "../support/failure.ts";

describe("files", () => {
  const forms = formsOf();
  const text =
    "layers: [linear: { outputs: 2, weight: [[1, 2], [3, 4]] }, sigmoid]\nloss: halfSquaredError\noptimizer: sgd\ndata: { generate: moons }\n";
  it("make a network over a table", () => {
    const { text: made, files } = overTable(text, {
      name: "t.csv",
      text: "a;b;kind\n1;2;x\n3;4;y\n5;6;z",
    });
    expect(Object.keys(files)).toEqual(["t.csv"]);
    expect(made).toContain("outputs: 3");
    expect(made).toContain("crossEntropy");
    expect(made).not.toContain("weight");
  });
  it.each([
    ["commas in quotes", '"a, of b","b","kind, of"\n1,2,"x, y"\n2,3,z\n3,4,z', 2],
    ["names that are quoted among numbers", 'a,name,b\n1,"Smith, J",2\n3,"Doe, A",4', 1],
    ["decimal commas", "a;b;y\n1,5;2,5;3,5\n2,5;1,0;2,0\n1,0;1,0;1,0", 1],
    ["decimal commas and points between thousands", "a;b;y\n1.200,5;2;3,5\n900,25;1;2,0", 1],
    ["commas between thousands", 'a,y\n"1,200",1\n"3,400",2', 1],
    ["columns that end empty", "a,y,,\n1,2,,\n2,3,,", 1],
    ["a byte order mark", "\ufeffa,y\r\n1,2\r\n2,3\r\n3,4", 1],
  ])("make a network over a table with %s", async (_, table, outputs) => {
    const made = overTable(text, { name: "t.csv", text: table });
    expect(made.text).toContain(`outputs: ${outputs}`);
    const opened = await new Engine().open(made, {
      example: 0,
      notation: "canonical",
      language: "en",
    });
    expect(opened.examples).toBe(table.trim().split("\n").length - 1);
  });
  it.each([
    "weightNorm: [tanh, linear: { outputs: 2 }]",
    "lora: { rank: 1, layers: [linear: { outputs: 2 }] }",
  ])("keep the layers inside of %s over a table", (row) => {
    const inside = text.replace("layers: [", `layers: [{ ${row} }, `);
    const { text: made } = overTable(inside, { name: "t.csv", text: "a,b,y\n1,2,3\n2,3,4" });
    expect(parse(made).layers[0]).toEqual(parse(`{ ${row} }`));
  });
  it("are opened with windows over a table; a table that is missing is named", async () => {
    const over = `
layers: [reshapeTo: { sizes: [3, 2] }, gru: { hidden: 2, output: last }, linear: { outputs: 2 }]
loss: meanSquaredError
optimizer: adam
data: { csv: { file: t.csv, target: b, inputs: [a, b], windows: { length: 3, horizon: 2 } } }
`;
    const rows = Array.from({ length: 12 }, (_, i) => `${i},${(i * 7) % 5}`);
    const look = { example: 0, notation: "canonical", language: "en" } as const;
    const files = { "t.csv": ["a,b", ...rows].join("\n") };
    const engine = new Engine();
    const { structure, examples } = await engine.open({ text: over, files }, look);
    expect(structure.columns[0]?.size).toBe(6);
    expect(examples).toBe(8);
    expect(() => engine.setBatchSize(2)).not.toThrow();
    const alone = await rejection("file-unreadable", engine.open({ text: over, files: {} }, look));
    expect(alone.message).toContain("t.csv");
    const long = over.replace("length: 3", "length: 5000");
    await rejection("too-large", engine.open({ text: long, files }, look));
    const settings = { bias: "file", timing: "simultaneous", learningRate: 0.1 } as const;
    const [first] = await compare({ text: over, files }, [settings, settings], 1);
    expect(Number.isFinite(first.loss)).toBe(true);
  });
  it("go together with the tables that they name", () => {
    const table = { name: "iris.csv", text: "a,b\n1,2" };
    const named = { name: "n.yaml", text: `${text}# data/iris.csv` };
    expect(sorted([table, named])).toHaveProperty(["files", "data/iris.csv"]);
    expect(sorted([table])).toBe(table);
    expect(sorted([])).toBeUndefined();
  });
  it("are what a filled form says", () => {
    const form = buildOf(text);
    expect(form).toMatchObject({
      layers: [{ name: "linear" }, { name: "sigmoid" }],
      loss: "halfSquaredError",
      optimizer: "sgd",
    });
    const layers = [
      { name: "linear", options: { outputs: 5, weight: [[1], [2]], frozen: true } },
      { name: "relu", options: {} },
      { name: "dropout", options: { rate: 0.25 } },
      ...form.layers,
    ];
    const made = fileOf({ ...form, layers, data: "xor" }, text, forms);
    expect(buildOf(made)).toMatchObject({
      layers: [
        { name: "linear", options: { outputs: 5, weight: "heNormal", bias: 0 } },
        { name: "relu", options: {} },
        { name: "dropout", options: { rate: 0.25 } },
        { name: "linear", options: { outputs: 1, weight: "xavierUniform", bias: 0 } },
        { name: "sigmoid", options: {} },
      ],
    });
    expect(made).toContain("xor");
    expect(made).not.toContain("frozen");
  });
  it("have as many outputs as the loss needs for the data", () => {
    const form = buildOf(text);
    const outputs = (loss: string, data: DataKind) =>
      outputsOf(forms, buildOf(fileOf({ ...form, loss, data }, text, forms)).layers[0]!);
    expect(outputs("crossEntropy", "moons")).toBe(2);
    expect(outputs("multiMargin", "moons")).toBe(2);
    expect(outputs("hinge", "moons")).toBe(1);
    expect(outputs("crossEntropy", "blobs")).toBe(3);
    expect(outputs("halfSquaredError", "keep")).toBe(outputsOf(forms, form.layers[0]!));
  });
  it("get another dense layer in front of the outputs, and other layers with what they need", () => {
    const { layers } = buildOf(text);
    expect(withLayer(forms, layers).map(({ name }) => name)).toEqual([
      ...["linear", "tanh"],
      ...layers.map(({ name }) => name),
    ]);
    const row = (name: string) => forms.layers.find((form) => form.name === name)!;
    expect(itemOf(row("linear"), 7)).toEqual({ name: "linear", options: { outputs: 7 } });
    expect(itemOf(row("dropout"), 7)).toEqual({ name: "dropout", options: {} });
    const [rate] = row("dropout").fields;
    expect(valueOf(itemOf(row("dropout"), 7), rate!)).toBe(0.5);
    const form = rate!.form.kind === "number" ? rate!.form : undefined;
    expect([-0.1, 0, 1, 1.01].map((n) => form && allows(form, n))).toEqual([
      ...[false, true, true, false],
    ]);
  });
});
