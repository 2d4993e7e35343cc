/** Arrow files and streams, as pyarrow 25 writes them. */
import { describe, expect, it } from "vitest";
import { parseArrow } from "../../src/data/index.ts";
import { toDatasets } from "../../src/network-file/index.ts";
import { files, parse } from "../network-file/sample.ts";
import { failure } from "../support/failure.ts";
import { mutated } from "../support/mutations.ts";
import { bytesOf, types, valuesOf } from "./recorded-tables.ts";

const waysOf = (n: number) => ({
  x: Array.from({ length: n }, (_, i) => (i % 40) / 8),
  i: Array.from({ length: n }, (_, i) => ((i % 40) % 7 === 3 ? null : (i % 40) ** 2)),
  k: Array.from({ length: n }, (_, i) => ["north", "south", null, "west"][i % 4]),
  b: Array.from({ length: n }, (_, i) => `${(i % 40) % 3 === 0}`),
});

describe("parseArrow", () => {
  it("says each type exactly", () => {
    const table = parseArrow(bytesOf("types.arrow"));
    const read = valuesOf(table);
    expect(Object.keys(read)).toEqual(Object.keys(types));
    for (const [name, values] of Object.entries(types)) expect(read[name], name).toEqual(values);
    expect(table.notes).toEqual([
      'Column "long decimal" has decimals of up to 30 digits, of which f64 keeps 15.',
      'Column "date" is in days since 1970-01-01.',
      ...["ms", "us", "ns"].map((c) => `Column "${c}" is in seconds since 1970-01-01 (UTC).`),
    ]);
  });
  it.each([
    ["none", 40],
    ["stream", 40],
    ["lz4", 2400],
  ])("reads the same from %s, of several batches", (way, n) => {
    expect(valuesOf(parseArrow(bytesOf(`ways-${way}.arrow`)))).toEqual(waysOf(n));
  });
  it("takes columns and types as asked for", () => {
    const options = { columns: ["b", "i"], types: { i: "category" } } as const;
    const table = parseArrow(bytesOf("ways-stream.arrow"), options);
    expect(table.columns.map(({ name }) => name)).toEqual(["b", "i"]);
    expect(table.columns[1]!.cells.slice(0, 5)).toEqual(["0", "1", "4", "", "16"]);
    const rest = parseArrow(bytesOf("refused.arrow"), { columns: ["x"] });
    expect(valuesOf(rest)).toEqual({ x: [1.5, 2.5] });
  });
  it("refuses what it does not read", () => {
    const refused = failure("unsupported", () => parseArrow(bytesOf("refused.arrow")));
    expect(refused.found).toBe(
      '"list" (lists or structs), "struct" (lists or structs), "bytes" (bytes), "time" (times of day)',
    );
    expect(failure("unsupported", () => parseArrow(bytesOf("views.arrow"))).found).toContain('"t"');
    const packed = failure("unsupported", () => parseArrow(bytesOf("ways-zstd.arrow")));
    expect(packed.found).toBe("zstd");
    const bytes = bytesOf("ways-none.arrow");
    failure("too-large", () => parseArrow(bytes, { limit: 100 }));
    failure("data-invalid", () => parseArrow(bytes, { columns: ["xx"] }));
    failure("file-corrupt", () => parseArrow(new Uint8Array(0)));
    failure("file-corrupt", () => parseArrow(bytesOf("ways-none.parquet")));
    failure("unsupported", () => parseArrow(new TextEncoder().encode("FEA1....FEA1")));
  });
  it("ends in a table or in a ChainruleError, whatever is cut off or changed", async () => {
    for (const way of ["types", "ways-none", "ways-lz4", "ways-stream"]) {
      await mutated(way, bytesOf(`${way}.arrow`), 250, parseArrow);
    }
  });
  it("is a table of a network file, by its name", async () => {
    const network = parse({ data: "{ csv: { file: t.feather, target: k, missing: drop } }" });
    const layers = parse({
      data: "{ csv: { file: t.feather, target: k, missing: drop } }",
      layers: "[{ linear: { outputs: 3 } }]",
    });
    const read = files({ "t.feather": bytesOf("ways-none.arrow") });
    const { train } = await toDatasets(layers, read);
    expect(train.classes).toEqual(["north", "south", "west"]);
    await expect(toDatasets(network, read)).rejects.toThrow("too few outputs");
  });
});
