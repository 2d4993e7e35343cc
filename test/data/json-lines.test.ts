import { describe, expect, it } from "vitest";
import { parseJsonLines, tableDataset } from "../../src/data/index.ts";
import { failure } from "../support/failure.ts";
import { mutated } from "../support/mutations.ts";

const rows = [
  '{"size": 80, "kind": "a", "sold": true}',
  "",
  '{"kind": "b", "size": 1.5e2, "sold": false, "note": null}',
  '{"size": -0, "kind": " a ", "sold": true, "note": "x"}',
];
const invalid = (text: string, options = {}) =>
  failure("data-invalid", () => parseJsonLines(text, { source: "t.jsonl", ...options }));

describe("parseJsonLines", () => {
  it("gives a table like others", () => {
    const table = parseJsonLines(`\ufeff${rows.join("\r\n")}\n`);
    expect(table.columns).toEqual([
      { name: "size", type: "number", cells: ["80", "150", "0"] },
      { name: "kind", type: "category", cells: ["a", "b", "a"] },
      { name: "sold", type: "category", cells: ["true", "false", "true"] },
      { name: "note", type: "category", cells: ["", "", "x"] },
    ]);
    expect(table.lines).toEqual([1, 3, 4]);
    const { train } = tableDataset(table, { target: "sold", inputs: ["size"], standardize: false });
    expect([...train.inputs.dataSync()]).toEqual([80, 150, 0]);
    expect(train.classes).toEqual(["false", "true"]);
  });
  it("keeps every digit of a number", () => {
    const numbers = [0.1, 5e-324, 1.7976931348623157e308, -123456789012345.67, 2 ** 53 - 1];
    const table = parseJsonLines(numbers.map((x) => JSON.stringify({ x, y: 1 })).join("\n"));
    const { train } = tableDataset(table, { target: "y", inputs: ["x"], standardize: false });
    expect([...train.inputs.dataSync()]).toEqual(numbers);
  });
  it("has columns of any name", () => {
    const table = parseJsonLines('{"__proto__": 1, "constructor": "a", "a\\"b\\\\": ": \\""}');
    expect(table.columns.map(({ name }) => name)).toEqual(["__proto__", "constructor", 'a"b\\']);
    expect(table.columns[0]!.type).toBe("number");
  });
  it("takes texts for what they are said to be", () => {
    const codes = '{"zip": "01234", "y": 1}\n{"zip": "NA", "y": 2}';
    expect(parseJsonLines(codes).columns[0]!.type).toBe("category");
    const said = parseJsonLines(codes, { types: { zip: "number" } }).columns[0]!;
    expect(said).toMatchObject({ type: "number", declared: true });
    const marked = parseJsonLines('{"x": 1}\n{"x": "NA"}\n{"x": "-"}', {
      missingValues: ["NA", "-"],
    });
    expect(marked.columns[0]!.type).toBe("number");
    expect(marked.missingValues).toEqual(["NA", "-", ""]);
    const mixed = '{"x": 1}\n{"x": "a"}';
    expect(parseJsonLines(mixed, { types: { x: "category" } }).columns[0]!.cells).toEqual([
      "1",
      "a",
    ]);
    expect(invalid(mixed)).toMatchObject({ where: "t.jsonl, line 2", found: 'a text: "a"' });
    expect(invalid('{"x": true}\n\n{"x": 0}').where).toBe("t.jsonl, line 3");
    expect(invalid(mixed, { types: { z: "number" } }).fix).toBe("Use one of these names.");
    failure("bad-argument", () => parseJsonLines(mixed, { types: { x: "text" as never } }));
  });
  it("refuses what is no row, with its line", () => {
    const first = '{"x": 1}\n';
    expect(invalid(`${first}{"x": 1},`).where).toBe("t.jsonl, line 2");
    expect(invalid(`${first}[1]`).fix).toContain("JSON.stringify");
    expect(invalid(`${first}null`).message).toContain("no object");
    expect(invalid(`${first}{"x": {"y": 1}}`).message).toContain('"x"');
    expect(invalid(`${first}{"x": []}`).found).toBe("an array of 0");
    expect(invalid(`${first}{"x": 1, "x": 2}`).message).toContain("twice");
    expect(invalid(`${first}{"__proto__": 1, "__proto__": 2}`).message).toContain("twice");
    expect(invalid(`${first}{"x": 12345678901234567}`).message).toContain("too large");
    expect(invalid(`${first}{"x": 1e400}`).fix).toContain("null");
    expect(parseJsonLines(`${first}{"x": 1e300}`).size).toBe(2);
    for (const text of ["", "\n \n", "{}\n{}"]) failure("data-empty", () => parseJsonLines(text));
    failure("too-large", () => parseJsonLines(first, { limit: 3 }));
  });
  it("takes no more memory than the text is long", () => {
    const many = Array.from({ length: 20_000 }, (_, i) => `{"name${i}": 1}`).join("\n");
    failure("too-large", () => parseJsonLines(many));
    const wide = `{${Array.from({ length: 20_000 }, (_, i) => `"n${i}":1`).join()}}`;
    failure("too-large", () => parseJsonLines(`${'{"x":1}\n'.repeat(20_000)}${wide}`));
  });
  it("ends in a table or in a ChainruleError, whatever is cut off or changed", async () => {
    const file = new TextEncoder().encode(rows.join("\n"));
    await mutated("jsonl", file, 1000, (bytes) => parseJsonLines(new TextDecoder().decode(bytes)));
  });
});
