/** Several targets and several inputs of one table, in programs and in network files. */
import { describe, expect, it } from "vitest";
import {
  applyPreprocessing,
  checkPreprocessing,
  originalTarget,
  parseTable,
  preprocessDataset,
  tableDataset,
} from "../../src/data/index.ts";
import { binaryCrossEntropyWithLogits, linear, sgd, trainer } from "../../src/index.ts";
import { prepareNetwork, reader, toDatasets } from "../../src/network-file/index.ts";
import { files, parse, rejection } from "../network-file/sample.ts";
import { failure } from "../support/failure.ts";

const text = `area,rooms,town,sunny,quiet,price
80,3,a,yes,no,4
120,4,b,no,no,7
50,1,c,yes,yes,2
60,2,a,no,yes,3
`;
const table = parseTable(text, { source: "t.csv" });
const labels = ["sunny", "quiet"];

describe("a list of targets", () => {
  it("gives numbers as they are, and of two values the second as 1", () => {
    const target = ["sunny", "price", "quiet"];
    const { train, preprocessing } = tableDataset(table, { target, standardizeTarget: true });
    const z = (x: number) => (x - 4) / Math.sqrt(3.5);
    expect(train.targets.arraySync()).toEqual([
      [1, z(4), 0],
      [0, z(7), 0],
      [1, z(2), 1],
      [0, z(3), 1],
    ]);
    expect(train.targetNames).toEqual(target);
    expect(train.classes).toBeUndefined();
    expect(originalTarget(preprocessing, z(7), 1)).toBeCloseTo(7, 14);
    expect(originalTarget(preprocessing, 0.25, 2)).toBe(0.25);
    const again = preprocessDataset(checkPreprocessing(JSON.parse(JSON.stringify(preprocessing))), [
      { area: 1, rooms: 1, town: "b", sunny: "no", quiet: "yes", price: 4 },
    ]);
    expect(again.targets.arraySync()).toEqual([[0, 0, 1]]);
  });
  it("is trained on and measured as several labels", async () => {
    const { train } = tableDataset(table, { target: labels });
    const t = trainer(linear(train.inputs.shape[1]!, 2), {
      loss: binaryCrossEntropyWithLogits,
      optimizer: sgd({ learningRate: 1 }),
    });
    await t.fit(train, { epochs: 200 });
    const { metrics } = t.evaluate(train, { metrics: "all" });
    expect(metrics).toMatchObject({ exactMatch: 1, microF1: 1, f1: 1, rocAuc: 1 });
  });
  it("holds one column, too, which is then no class", () => {
    const { train } = tableDataset(table, { target: ["sunny"] });
    expect(train.targets.arraySync()).toEqual([[1], [0], [1], [0]]);
  });
  it("is refused where it says nothing", () => {
    const wrong = (target: readonly string[], more = {}) =>
      failure("bad-argument", () => tableDataset(table, { target, ...more })).found;
    expect(wrong([])).toBe("none");
    expect(wrong(["sunny", "sunny"])).toBe('"sunny", "sunny"');
    expect(wrong(labels, { classes: ["no", "yes"] })).toBe('"no", "yes" with 2 in a list');
    expect(wrong(labels, { inputs: ["area", "quiet"] })).toBe('"area", "quiet"');
    const three = failure("data-invalid", () => tableDataset(table, { target: ["town", "price"] }));
    expect(three).toMatchObject({ found: '"a", "b", "c"' });
    expect(failure("data-invalid", () => tableDataset(table, { target: ["sun"] })).fix).toContain(
      '"sunny"',
    );
    const { preprocessing } = tableDataset(table, { target: labels });
    expect(failure("bad-argument", () => originalTarget(preprocessing, 1, 2)).expected).toBe(
      "a whole number from 0 to 1",
    );
    const damaged = { ...preprocessing, target: [] };
    expect(failure("file-corrupt", () => checkPreprocessing(damaged)).where).toBe("target");
  });
});

describe("inputs in parts", () => {
  const inputs = { size: ["area", "rooms"], place: ["town"] };
  it("follow each other, with their sizes", () => {
    const { train, preprocessing } = tableDataset(table, {
      target: "price",
      inputs,
      standardize: false,
    });
    expect(train.inputSizes).toEqual({ size: 2, place: 3 });
    expect((train.inputs.arraySync() as number[][])[0]).toEqual([80, 3, 1, 0, 0]);
    expect(preprocessDataset(preprocessing, table).inputSizes).toEqual({ size: 2, place: 3 });
    const row = { area: 2, rooms: 1, town: "c" };
    expect(applyPreprocessing(preprocessing, [row]).arraySync()).toEqual([[2, 1, 0, 0, 1]]);
    const damaged = { ...preprocessing, parts: { size: 2 } };
    expect(failure("file-corrupt", () => checkPreprocessing(damaged)).where).toBe("parts");
  });
  it("need columns", () => {
    const empty = { size: ["area"], place: [] };
    const { message } = failure("bad-argument", () =>
      tableDataset(table, { target: "price", inputs: empty }),
    );
    expect(message).toContain('"place"');
  });
});

const network = (layers: string, data: string, loss = "meanSquaredError") =>
  parse({ layers, loss, data: `{ csv: { file: t.csv, ${data} } }` });
const read = files({ "t.csv": text });

describe("in a network file", () => {
  it("several labels are told apart", async () => {
    const file = network(
      "[{ linear: { outputs: 2 } }]",
      "target: [sunny, quiet], inputs: [area, town]",
      "binaryCrossEntropyWithLogits",
    );
    const { data, trainer: t } = await prepareNetwork(file, read);
    expect(data.train.targets.shape).toEqual([4, 2]);
    expect(t.evaluate(data.train, { metrics: ["exactMatch"] }).metrics).toBeDefined();
    const said = reader(file, data.description, data.marks)([2, -1]);
    expect(said.labels).toEqual(["yes", "no"]);
    expect(said.probabilities?.[1]).toBeCloseTo(1 / (1 + Math.E), 14);
  });
  it("of yes and no a loss of signs takes −1 and 1", async () => {
    const file = network("[{ linear: { outputs: 2 } }]", "target: [sunny, quiet]", "hinge");
    const { train } = await toDatasets(file, read);
    expect([...train.targets.dataSync()]).toEqual([1, -1, -1, -1, 1, 1, -1, 1]);
  });
  it("several numbers are in their own units", async () => {
    const file = network(
      "[{ linear: { outputs: 2 } }]",
      "target: [price, rooms], standardizeTarget: true, inputs: [area]",
    );
    const { description, marks } = await toDatasets(file, read);
    const { values } = reader(file, description, marks)([0, 1]);
    expect(values?.[0]).toBe(4);
    expect(values?.[1]).toBeCloseTo(2.5 + Math.sqrt(1.25), 14);
  });
  const graph = (place: number) => `[{ graph: {
    inputs: { size: 2, place: ${place} },
    layers: { a: [{ linear: { outputs: 2 } }, tanh], b: [{ linear: { outputs: 2 } }], out: [{ linear: { outputs: 1 } }] },
    nodes: { x: { layer: a, of: size }, y: { layer: b, of: place }, both: { join: concatenate, of: [x, y] }, end: { layer: out, of: both } } } }]`;
  const parts = "target: price, inputs: { size: [area, rooms], place: [town] }";
  it("parts go into a graph that takes them", async () => {
    const { data, trainer: t } = await prepareNetwork(network(graph(3), parts), read);
    expect(t.predict(data.train.inputs).shape).toEqual([4, 1]);
  });
  it("other parts are refused where the graph stands", async () => {
    for (const layers of [graph(2), "[{ linear: { outputs: 1 } }]"]) {
      const error = await rejection("file-invalid", toDatasets(network(layers, parts), read));
      expect(error).toMatchObject({ problems: [{ fix: expect.stringContaining("place: 3") }] });
    }
  });
  it("a column that is not there is named where it is written", async () => {
    const wrong = network(
      "[{ linear: { outputs: 1 } }]",
      "target: [price, sun], inputs: { a: [are] }",
    );
    const error = await rejection("data-invalid", toDatasets(wrong, read));
    expect(String(error)).toContain('no column "sun"');
    expect(String(error)).toContain('no column "are"');
  });
});
