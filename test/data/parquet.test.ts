import { describe, expect, it } from "vitest";
import { parseParquet, tableDataset } from "../../src/data/index.ts";
import { chosenRows, writtenRows } from "../../src/data/table-columns.ts";
import { neededTable, typedFile } from "../../src/data/table-file.ts";
import { toDatasets } from "../../src/network-file/index.ts";
import { parse } from "../network-file/sample.ts";
import { rejection } from "../support/failure.ts";
import { mutated } from "../support/mutations.ts";
import { bytesOf, types, valuesOf } from "./recorded-tables.ts";

const n = 40;
const ways = {
  x: Array.from({ length: n }, (_, i) => i / 8),
  i: Array.from({ length: n }, (_, i) => (i % 7 === 3 ? null : i * i)),
  k: Array.from({ length: n }, (_, i) => ["north", "south", null, "west"][i % 4]),
  b: Array.from({ length: n }, (_, i) => `${i % 3 === 0}`),
};

describe("parseParquet", () => {
  it("says each type exactly", async () => {
    const table = await parseParquet(bytesOf("types.parquet"));
    const read = valuesOf(table);
    expect(Object.keys(read)).toEqual(Object.keys(types));
    for (const [name, values] of Object.entries(types)) expect(read[name], name).toEqual(values);
    expect(table.notes).toEqual([
      'Column "long decimal" has decimals of up to 30 digits, of which f64 keeps 15.',
      'Column "date" is in days since 1970-01-01.',
      ...["ms", "us", "ns"].map((c) => `Column "${c}" is in seconds since 1970-01-01 (UTC).`),
    ]);
    expect(table.columns.find(({ name }) => name === "i8")!.cells).toEqual(["-128", "", "127"]);
  });
  const files = "none snappy gzip brotli zstd lz4 v2 v2-plain plain groups pages delta split";
  it.each(files.split(" "))("reads the same from %s", async (way) => {
    expect(valuesOf(await parseParquet(bytesOf(`ways-${way}.parquet`)))).toEqual(ways);
  });
  it("takes columns and types as asked for", async () => {
    const bytes = bytesOf("ways-snappy.parquet");
    const options = { columns: ["b", "i"], types: { b: "category", i: "category" } } as const;
    const table = await parseParquet(bytes, { ...options, missingValues: ["16"] });
    expect(table.columns.map(({ name }) => name)).toEqual(["b", "i"]);
    expect(table.columns[1]!.cells.slice(0, 5)).toEqual(["0", "1", "4", "", "16"]);
    expect(table.missingValues).toEqual(["", "16"]);
    const gaps = await parseParquet(bytes, { columns: ["i"], missingValues: ["16", " ", "x"] });
    expect([...gaps.columns[0]!.numbers!.slice(0, 5)]).toEqual([0, 1, 4, Number.NaN, Number.NaN]);
    const wide = await rejection("data-invalid", parseParquet(bytesOf("wide.parquet")));
    expect(wide.where).toBe("row 2");
    const names = await parseParquet(bytesOf("wide.parquet"), { types: { id: "category" } });
    expect(names.columns[0]!.cells).toEqual(["1", "9007199254740993"]);
    const none = await rejection("data-invalid", parseParquet(bytes, { columns: ["kk"] }));
    expect(none.fix).toBe('Did you mean "k"?');
    await rejection("too-large", parseParquet(bytes, { limit: 100 }));
    await rejection("data-invalid", parseParquet(bytes, { columns: ["x", "x"] }));
    await rejection("bad-argument", parseParquet(bytes, { types: { x: "date" as never } }));
  });
  it("of a file of a network the columns that it names are read, or all where one is not there", async () => {
    const typed = typedFile("wide.parquet");
    if (!typed) throw new Error("no reader");
    const read = (...columns: string[]) =>
      neededTable(typed, bytesOf("wide.parquet"), { source: "wide.parquet", columns });
    // The column beside holds what no number can be.
    expect(valuesOf(await read("x"))).toEqual({ x: [1, 2] });
    await rejection("data-invalid", read("x", "id"));
    const ways = { source: "w.parquet", columns: ["x", "y"] };
    const whole = await neededTable(typed, bytesOf("ways-plain.parquet"), ways);
    expect(whole.columns.map(({ name }) => name)).toEqual(["x", "i", "k", "b"]);
    // Of JSON lines, columns do not lie apart: all are there.
    const lines = typedFile("t.jsonl");
    const all = new TextEncoder().encode('{"a": 1, "b": 2}\n');
    const options = { source: "t.jsonl", columns: ["a"] };
    expect(lines && (await neededTable(lines, all, options)).columns).toHaveLength(2);
    const network = parse({
      data: "{ csv: { file: w.parquet, inputs: [x], target: b } }",
    });
    const { train } = await toDatasets(network, async () => bytesOf("ways-plain.parquet"));
    expect(train.inputNames).toEqual(["x"]);
    const wrong = parse({ data: "{ csv: { file: w.parquet, inputs: [x, j], target: b } }" });
    const error = await rejection(
      "data-invalid",
      toDatasets(wrong, async () => bytesOf("ways-plain.parquet")),
    );
    expect(error.where).toMatch(/^n\.yaml:4:/);
  });
  it.each([
    ["gaps.parquet", ["y"], ["a", "y"], [1, 2, 3, 4]],
    ["gaps.parquet", ["a"], ["a", "y"], [1, 2, 3, 4]],
    // What stands in a column that cannot be read is not known.
    ["gaps-list.parquet", ["a"], ["a"], [0, 1, 2, 3, 4]],
    ["ways-plain.parquet", ["x"], ["x"], ways.x.map((_, i) => i)],
    ["ways-plain.parquet", ["i"], ["x", "i", "k", "b"], ways.x.map((_, i) => i)],
  ])(
    "of %s, where %j are needed, %j say which rows are empty",
    async (file, needed, read, rows) => {
      const options = { source: file, columns: needed };
      const table = await neededTable(typedFile(file)!, bytesOf(file), options);
      expect(table.columns.map(({ name }) => name)).toEqual(read);
      expect(writtenRows(table)).toEqual(rows);
    },
  );
  it("has numbers and texts of the rows that are chosen", async () => {
    const rows = chosenRows(await parseParquet(bytesOf("gaps.parquet")), [1, 2, 4]);
    expect(valuesOf(rows)).toEqual({ a: [1, null, 4], y: [2, 4, 8] });
    expect(rows.columns.map(({ cells }) => cells)).toEqual([
      ["1", "", "4"],
      ["2", "4", "8"],
    ]);
    expect(rows.lines).toEqual([2, 3, 5]);
  });
  it("makes a data set of it, as of any table", async () => {
    const table = await parseParquet(bytesOf("ways-zstd.parquet"));
    const made = tableDataset(table, { target: "b", missing: "drop", standardize: false });
    const rows = ways.x.flatMap((x, i) =>
      ways.i[i] === null || ways.k[i] === null ? [] : [[x, ways.i[i]!, ways.k[i]!]],
    );
    expect(made.train.size).toBe(rows.length);
    const kinds = ["north", "south", "west"];
    expect(made.train.inputs.arraySync()).toEqual(
      rows.map(([x, i, k]) => [x, i, ...kinds.map((kind) => Number(kind === k))]),
    );
    expect(made.train.classes).toEqual(["false", "true"]);
    expect(made.notes).toContain("14 of 40 rows have missing values and were left out.");
    // Texts of the same numbers give the same bits.
    const columns = table.columns.map(({ name, type, cells }) => ({ name, type, cells }));
    for (const options of [
      { target: "b", missing: "mean" },
      { target: "x", missing: "drop", validation: 0.3, standardizeTarget: true },
      { target: "i", missing: "drop", classes: [...new Set(ways.i.map(String))] },
    ] as const) {
      const [one, other] = [table, { ...table, columns }].map((t) => tableDataset(t, options));
      expect(one!.preprocessing).toEqual(other!.preprocessing);
      expect([...one!.train.inputs.dataSync()]).toEqual([...other!.train.inputs.dataSync()]);
      expect([...one!.train.targets.dataSync()]).toEqual([...other!.train.targets.dataSync()]);
      expect(one!.notes).toEqual(other!.notes);
    }
  });
  it("refuses what has no place in a table, and says what to leave out", async () => {
    const error = await rejection("unsupported", parseParquet(bytesOf("refused.parquet")));
    expect(error.found).toBe(
      '"list" (lists or structs), "struct" (lists or structs), "bytes" (bytes), "time" (times of day)',
    );
    expect(error.fix).toBe('Name the others: columns: ["x"].');
    const rest = await parseParquet(bytesOf("refused.parquet"), { columns: ["x"] });
    expect(valuesOf(rest)).toEqual({ x: [1.5, 2.5] });
    const texts = await rejection("unsupported", parseParquet(bytesOf("ways-delta-texts.parquet")));
    expect(texts.found).toBe("DELTA_BYTE_ARRAY");
    await rejection("file-corrupt", parseParquet(new Uint8Array(0)));
    await rejection("file-corrupt", parseParquet(bytesOf("ways-none.arrow")));
    const encrypted = bytesOf("ways-none.parquet");
    encrypted.set(Buffer.from("PARE"), encrypted.length - 4);
    await rejection("unsupported", parseParquet(encrypted));
    const modules = { hyparquet: {} };
    await rejection("bad-argument", parseParquet(bytesOf("ways-none.parquet"), modules));
  });
  it("ends in a table or in a ChainruleError, whatever is cut off or changed", async () => {
    for (const way of ["none", "v2-plain", "zstd", "delta"]) {
      await mutated(way, bytesOf(`ways-${way}.parquet`), 250, parseParquet);
    }
  });
});
