/** Windows over the rows of a table, in the library, in network files and on the command line. */
import { describe, expect, it } from "vitest";
import {
  applyPreprocessing,
  parseTable,
  preprocessDataset,
  slidingWindows,
  type TableDatasetOptions,
  tableDataset,
} from "../../src/data/index.ts";
import { prepareNetwork, toDatasets } from "../../src/network-file/index.ts";
import { files, parse, rejection } from "../network-file/sample.ts";
import { failure } from "../support/failure.ts";

const rows = Array.from({ length: 20 }, (_, t) => [t, t * t, t % 3]);
const csv = (list: readonly (readonly (number | string)[])[] = rows, head = "t,y,k"): string =>
  `${head}\n${list.map((row) => row.join(",")).join("\n")}\n`;
const made = (options: Partial<TableDatasetOptions>, text = csv()) =>
  tableDataset(parseTable(text), { target: "y", standardize: false, ...options });

describe("windows of tableDataset", () => {
  it("are those of slidingWindows, with the target's past", () => {
    const windows = { length: 4, horizon: 2, step: 3, gap: 1 };
    const { train, preprocessing } = made({ windows });
    const same = slidingWindows(rows, { ...windows, targets: [1] });
    expect(train.inputs.arraySync()).toEqual(same.inputs.arraySync());
    expect(train.targets.arraySync()).toEqual(same.targets.arraySync());
    expect(preprocessing.windows).toEqual(windows);
  });
  it("keep back the last rows, and none reaches over the border", () => {
    const { train, validation } = made({ windows: { length: 3 }, validation: 0.25 });
    const numbers = (data: typeof train | undefined) => [...(data?.inputs.dataSync() ?? [])];
    // Rows 0 to 14 and 15 to 19, of three columns.
    expect(train.size).toBe(15 - 3);
    expect(validation?.size).toBe(5 - 3);
    expect(Math.max(...numbers(train).filter((_, i) => i % 3 === 0))).toBe(13);
    expect(numbers(validation)[0]).toBe(15);
  });
  it("scale by the training part alone", () => {
    const { preprocessing } = made({
      windows: { length: 3 },
      validation: 0.25,
      standardize: true,
      inputs: ["t"],
    });
    expect(preprocessing.inputs[0]).toMatchObject({ mean: 7 });
  });
  it("follow the time that a column says, in new rows, too", () => {
    const days = rows.map(([t = 0, y = 0]) => [`2024-01-${String(t + 1).padStart(2, "0")}`, y]);
    const mixed = [...days.slice(7), ...days.slice(0, 7).reverse()];
    const [sorted, shuffled] = [days, mixed].map((list) =>
      made({ windows: { length: 3 }, ordered: "day", validation: 0.2 }, csv(list, "day,y")),
    );
    expect(shuffled?.train.inputs.arraySync()).toEqual(sorted?.train.inputs.arraySync());
    expect(shuffled?.validation?.targets.arraySync()).toEqual(
      sorted?.validation?.targets.arraySync(),
    );
    if (!sorted) throw new Error("no dataset");
    const rules = sorted.preprocessing;
    const again = preprocessDataset(rules, parseTable(csv(mixed, "day,y")));
    expect(again.size).toBe(17);
    expect(again.inputs.arraySync()).toEqual(
      preprocessDataset(rules, parseTable(csv(days, "day,y"))).inputs.arraySync(),
    );
    const twice = csv([...days, ["2024-01-03", 5]], "day,y");
    expect(
      failure("data-invalid", () => made({ windows: { length: 3 }, ordered: "day" }, twice)).where,
    ).toContain('line 22, column "day"');
  });
  it("of a class give a label for each window, or for each row of the horizon", () => {
    const classed = csv(
      rows.map(([t = 0, , k = 0]) => [t, "abc".charAt(k)]),
      "t,kind",
    );
    const of = (horizon: number) =>
      made({ target: "kind", windows: { length: 2, horizon } }, classed).train;
    expect([of(1).targets.shape, [...of(1).targets.dataSync()].slice(0, 3)]).toEqual([
      [18],
      [2, 0, 1],
    ]);
    expect(of(2).targets.shape).toEqual([17, 2]);
    // The kind itself goes in as three numbers beside t.
    expect(of(1).inputs.shape).toEqual([18, 2, 4]);
  });
  it("predict beyond the last row", () => {
    const { preprocessing } = made({ windows: { length: 3 }, inputs: ["t"] });
    const x = applyPreprocessing(preprocessing, [{ t: 7 }, { t: 8 }, { t: 9 }, { t: 10 }]);
    expect(x.arraySync()).toEqual([
      [[7], [8], [9]],
      [[8], [9], [10]],
    ]);
    const few = failure("data-empty", () => applyPreprocessing(preprocessing, [{ t: 7 }]));
    expect(few.expected).toBe("at least 3 rows, the length of a window");
  });
  it("refuse a row that is missing in between, and none at the ends", () => {
    const holes = (...missing: number[]) =>
      csv(rows.map((row, t) => (missing.includes(t) ? [t, "", 0] : row)));
    const drop = { windows: { length: 3 }, missing: "drop" } as const;
    expect(made(drop, holes(0, 19)).train.size).toBe(15);
    expect(failure("data-invalid", () => made(drop, holes(8))).where).toBe("line 10");
    const mean = { ...drop, missing: "mean" } as const;
    failure("data-invalid", () => made(mean, holes(8)));
  });
  it("refuse what says nothing about rows in order", () => {
    const refused = (options: object) =>
      failure("bad-argument", () => made({ windows: { length: 3 }, ...options }));
    expect(refused({ groups: "k" }).fix).toBe("Leave out groups, or windows.");
    refused({ stratify: true, validation: 0.2 });
    refused({ ordered: false });
    refused({ validation: [1, 2] });
    refused({ inputs: { a: ["t"], b: ["k"] } });
    for (const odd of [{ length: 0 }, { length: 2, gap: -1 }, { length: 2, width: 1 }, {}]) {
      failure("bad-argument", () => made({ windows: odd as { length: number } }));
    }
    failure("data-empty", () => made({ windows: { length: 20 } }));
    failure("file-corrupt", () =>
      applyPreprocessing(
        { ...made({ windows: { length: 3 } }).preprocessing, windows: { length: 3 } as never },
        [{ t: 1 }],
      ),
    );
  });
  it("slidingWindows says which row of a series is short", () => {
    const error = failure("data-invalid", () =>
      slidingWindows([[1, 2], [3, 4], [5]], { length: 1 }),
    );
    expect(error).toMatchObject({ found: "1", where: "row 2 of the series (counted from 0)" });
  });
});

describe("windows in a network file", () => {
  const file = (parts = "", data = "") =>
    parse({
      layers:
        "[{ reshapeTo: { sizes: [4, 2] } }, { lstm: { hidden: 3, output: last } }, { linear: { outputs: 2 } }]",
      loss: "meanSquaredError",
      data: `{ csv: { file: t.csv, target: y, inputs: [y, k], standardizeTarget: true, windows: { length: 4, horizon: 2 }${parts} }${data} }`,
    });
  it("make rows of numbers, each with a name", async () => {
    const { train, validation, description } = await toDatasets(
      file("", ", validation: 0.4"),
      files({ "t.csv": csv() }),
    );
    expect([train.inputs.shape, train.targets.shape, validation?.size]).toEqual([
      [7, 8],
      [7, 2],
      3,
    ]);
    expect(description.inputNames).toEqual([
      ...["y −3", "k −3", "y −2", "k −2", "y −1", "k −1", "y", "k"],
    ]);
    expect(description.targetNames).toEqual(["y +1", "y +2"]);
  });
  it("train, and validate with a table of its own", async () => {
    const { trainer, data, fit } = await prepareNetwork(
      file("", ", validation: { csv: { file: v.csv } }"),
      files({ "t.csv": csv(), "v.csv": csv(rows.slice(0, 8)) }),
    );
    expect(data.validation?.size).toBe(3);
    await trainer.fit(data.train, { ...fit, untilEpoch: 1 });
    expect(trainer.predict(data.train.inputs).shape).toEqual([15, 2]);
  });
  it("point at the table's line where rows are missing", async () => {
    const error = await rejection(
      "data-invalid",
      toDatasets(
        file(", missing: drop"),
        files({ "t.csv": csv(rows.map((r, t) => (t === 5 ? [t, "", 1] : r))) }),
      ),
    );
    expect(error.where).toContain("t.csv, line 7");
  });
});
