/** A table piece by piece: the rows, lines, notes and errors of the table as a whole. */
import { expect, it } from "vitest";
import { parseTable, type Table, type TableOptions } from "../../src/data/index.ts";
import { tablePieces } from "../../src/data/read-table.ts";
import { failure, rejection } from "../support/failure.ts";

async function joined(text: string, rows: number, options: TableOptions = {}) {
  const tables: Table[] = [];
  const bytes = new TextEncoder().encode(text);
  // Pieces of seven bytes, so that rows come one by one.
  const cut = function* () {
    for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7);
  };
  for await (const table of tablePieces(cut(), options, rows)) tables.push(table);
  const last = tables.at(-1)!;
  return {
    tables,
    size: tables.reduce((n, { size }) => n + size, 0),
    lines: tables.flatMap(({ lines }) => lines),
    cells: last.columns.map((_, j) => tables.flatMap(({ columns }) => columns[j]!.cells)),
    names: last.columns.map(({ name }) => name),
    notes: last.notes,
  };
}

const long = Array.from(
  { length: 12_000 },
  (_, i) => `${i},"a ""b"", ${i % 7}\n",${i % 3 ? "" : "x"}`,
);

it.each([
  ["n,t,e\n".concat(long.join("\n")), {}],
  ["sep=;\r\na;b\r\n1;2\r\n\r\n# no\r\n3;4\r\n", {}],
  [`1,2\n3,4\n${"5,6\n".repeat(60_000)}`, { header: false as const }],
  ["\ufeffa|b\n1|é\n2|漢\n", {}],
])("has the same rows: %#", async (text, options) => {
  const whole = parseTable(text, options);
  for (const rows of [1, 1e6]) {
    const found = await joined(text, rows, options);
    expect(found.size).toBe(whole.size);
    expect(found.lines).toEqual(whole.lines);
    expect(found.names).toEqual(whole.columns.map(({ name }) => name));
    expect(found.cells).toEqual(whole.columns.map(({ cells }) => cells));
    expect(found.notes).toEqual(whole.notes);
    if (rows === 1 && whole.size > 2000) expect(found.tables.length).toBeGreaterThan(100);
  }
});

it("does not keep what it has given", async () => {
  const text = "n,t,e\n".concat(long.join("\n"));
  const { tables } = await joined(text, 100);
  // The first has what the delimiter was found in.
  expect(Math.max(...tables.slice(1).map(({ size }) => size))).toBeLessThan(110);
  expect(tables.length).toBeGreaterThan(50);
});

it("names the line of an error", async () => {
  const text = `a,b\n${"1,2\n".repeat(3000)}1,2,3\n`;
  const whole = failure("data-invalid", () => parseTable(text));
  const error = await rejection("data-invalid", joined(text, 50));
  expect(error.message).toBe(whole.message);
  await rejection("data-empty", joined("a,b\n", 50));
});
