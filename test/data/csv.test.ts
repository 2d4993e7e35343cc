import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseTable, type TableOptions } from "../../src/data/index.ts";
import { failure, harmless } from "../support/failure.ts";

/** Names, types and cells by column. */
const content = (text: string, options?: TableOptions) =>
  Object.fromEntries(
    parseTable(text, options).columns.map(({ name, cells }) => [name, [...cells]]),
  );

const types = (text: string, options?: TableOptions) =>
  parseTable(text, options).columns.map(({ type }) => type);

const wrong = (text: string, options?: TableOptions) =>
  failure("data-invalid", () => parseTable(text, { source: "t.csv", ...options }));

describe("parseTable: dialects", () => {
  it("reads header, quotes, byte order mark, blank lines and comments", () => {
    const text =
      '\uFEFF# a "comment\na, "b ""x"", y" ,c\n1,"two\nlines",3\n\n  \n# more\n4,"#no",6\n';
    const table = parseTable(text);
    expect(content(text)).toEqual({
      a: ["1", "4"],
      'b "x", y': ["two\nlines", "#no"],
      c: ["3", "6"],
    });
    expect(table.lines).toEqual([3, 8]);
  });
  it("gives the same table for LF, CRLF and CR", () => {
    const text = 'a,b\n1,"x\ny"\n\n2,z\n';
    const lf = parseTable(text);
    expect(lf.lines).toEqual([2, 5]);
    expect(parseTable(text.replaceAll("\n", "\r\n"))).toEqual(lf);
    expect(parseTable(text.replaceAll("\n", "\r"))).toEqual(lf);
  });
  it("finds the delimiter", () => {
    const found = (text: string, options?: TableOptions) => parseTable(text, options).delimiter;
    expect(found("a,b\n1,2\n")).toBe(",");
    expect(found("a;b\n1;2\n")).toBe(";");
    expect(found("a\tb\n1\t2\n")).toBe("\t");
    expect(found("a\n1\n2\n")).toBe(",");
    expect(found("a;b\n1,5;2,5\n", { decimal: "," })).toBe(";");
    expect(found('# x;y;"z\n"a;b",c\n"1;2",3\n')).toBe(",");
    expect(found("a,b\nx; y,1\nz,2\n")).toBe(",");
    expect(found("a|b\n1|2\n", { delimiter: "|" })).toBe("|");
    const long = `a,b\n${"1,2\n".repeat(40_000)}`;
    expect(parseTable(long).size).toBe(40_000);
  });
  it("takes names from the options, or none", () => {
    expect(content("1,2\n3,4\n", { header: false })).toEqual({
      column1: ["1", "3"],
      column2: ["2", "4"],
    });
    expect(content("1,2\n", { header: ["x", "y"] })).toEqual({ x: ["1"], y: ["2"] });
    expect(content(",y\n1,2\n")).toEqual({ column1: ["1"], y: ["2"] });
    expect(content("2001,2002\n1,2\n", { header: true })).toEqual({ "2001": ["1"], "2002": ["2"] });
  });
  it("turns comments off", () => {
    expect(content("a\n#ff0000\n", { comment: false })).toEqual({ a: ["#ff0000"] });
    expect(content("a\n% no\nx\n", { comment: "%" })).toEqual({ a: ["x"] });
  });
  it("keeps names that every object has", () => {
    const text = "constructor,__proto__,toString\n1,2,3\n";
    expect(parseTable(text).columns.map(({ name, type }) => [name, type])).toEqual([
      ["constructor", "number"],
      ["__proto__", "number"],
      ["toString", "number"],
    ]);
  });
});

describe("parseTable: types", () => {
  it("infers them from the cells that are not missing", () => {
    const text = "n,c,m,e,i\n1,a,NA,1e3,inf\n-.5,b,2.,?,1\n";
    expect(types(text)).toEqual(["number", "category", "number", "number", "number"]);
    expect(types("x\nNaN\n1\n")).toEqual(["number"]);
    expect(types("x\nNA\n?\n")).toEqual(["category"]);
    expect(types("x\n1\n2\nthree\n")).toEqual(["number"]);
    expect(types("x\none\n2\nthree\n")).toEqual(["category"]);
  });
  it("lets the user override types and missing values", () => {
    expect(types("x\n1\n", { types: { x: "category" } })).toEqual(["category"]);
    expect(types("x\na\n", { types: { x: "number" } })).toEqual(["number"]);
    expect(types("x\n-\n1\n-\n-\n", { missingValues: ["-"] })).toEqual(["number"]);
    expect(wrong("sepal\n1\n", { types: { sepel: "number" } }).fix).toBe('Did you mean "sepal"?');
    failure("bad-argument", () => parseTable("x\n1\n", { types: { x: "float" as "number" } }));
  });
});

describe("parseTable: errors", () => {
  it("gives the line of a ragged row", () => {
    const error = wrong("a,b\n1,2\n3\n");
    expect(error.where).toBe("t.csv, line 3");
    expect(error.expected).toContain("2 cells");
    expect(wrong('a,b\r\n"x\r\ny",2\r\n\r\n1,2,3\r\n').where).toBe("t.csv, line 5");
    expect(wrong('a,b\n1,2\n"x\ny"\n').where).toBe("t.csv, line 3");
  });
  it("gives the line of a quotation mark out of place", () => {
    expect(wrong('a,b\n1,x"y\n').where).toBe("t.csv, line 2");
    expect(wrong('a,b\n1,"x"y\n').where).toBe("t.csv, line 2");
    expect(wrong('a,b\n1,2\n3,"4\n5,6\n').where).toBe("t.csv, a row after line 2");
  });
  it("refuses repeated names, numbers as names, and NUL", () => {
    expect(wrong("a,b,a\n1,2,3\n").found).toContain('"a" twice');
    expect(wrong("5.1,3.5\n4.9,3.0\n").fix).toContain("header: false");
    wrong("a\0,b\n1,2\n");
    wrong("1,2\n", { header: ["a", "a"] });
  });
  it("refuses an empty table", () => {
    for (const text of ["", "\n\n", "# only\n", "a,b\n", "\uFEFF"]) {
      failure("data-empty", () => parseTable(text));
    }
  });
  it("refuses more than the limit", () => {
    failure("too-large", () => parseTable("a\n1\n", { limit: 3 }));
    const misspelt = () => parseTable("a\n1\n", { delimeter: ";" } as never);
    expect(failure("bad-argument", misspelt).fix).toBe('Did you mean "delimiter"?');
  });
  it("refuses a delimiter that is none", () => {
    for (const delimiter of ["", ",,", '"', "\n"]) {
      failure("bad-argument", () => parseTable("a\n1\n", { delimiter }));
    }
    failure("bad-argument", () => parseTable(new Uint8Array(3) as never as string));
  });
});

describe("parseTable: properties", () => {
  const cell = fc.string({
    unit: fc.constantFrom("a", "é", "漢", " ", '"', ",", ";", "\n", "#", "1"),
  });
  it("reads back what was written with quotes", () => {
    const rows = fc
      .integer({ min: 1, max: 5 })
      .chain((width) =>
        fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1 }),
      );
    fc.assert(
      fc.property(rows, fc.constantFrom(",", ";", "\t"), (table, delimiter) => {
        const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
        const text = table.map((row) => `${row.map(quote).join(delimiter)}\n`).join("");
        // Of a single empty column a line says nothing; there, quotes make it an empty cell.
        const parsed = parseTable(text, { header: false, delimiter });
        const back = parsed.lines.map((_, i) => parsed.columns.map(({ cells }) => cells[i]));
        expect(back).toEqual(table);
      }),
    );
  });
  it("divides text the same way whether or not it has quotation marks", () => {
    const pieces = fc.constantFrom(",", ";", "\t", " ", "\n", "\n", "#", "a", "1", "\u00a0", "\v");
    fc.assert(
      fc.property(
        fc.string({ unit: pieces, maxLength: 40 }),
        fc.constantFrom(",", ";", "\t", "a"),
        (text, delimiter) => {
          const outcome = (whole: string) => {
            try {
              return parseTable(whole, { header: false, delimiter });
            } catch (error) {
              return (error as { code: string }).code;
            }
          };
          // A comment with a quotation mark makes csv-parse read the text.
          expect(outcome(`#\n${text}`)).toEqual(outcome(`#"\n${text}`));
        },
      ),
      { numRuns: 3000 },
    );
  });
  it("ends in a table or in a ChainruleError, whatever the text", () => {
    const pieces = fc.constantFrom(
      '"',
      ",",
      ";",
      "\t",
      "\n",
      "\r",
      "#",
      "a",
      "1",
      ".",
      "\uFEFF",
      " ",
    );
    fc.assert(
      fc.property(fc.string({ unit: pieces, maxLength: 60 }), fc.boolean(), (text, header) => {
        harmless(() => parseTable(text, { header }));
      }),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => harmless(() => parseTable(text))),
    );
  });
});

describe("example tables", () => {
  it.each([
    ["iris", 150, ["number", "number", "number", "number", "category"]],
    ["penguins", 344, "category category number number number number category".split(" ")],
  ] as const)("%s", (name, size, expected) => {
    const text = readFileSync(new URL(`../../examples/data/${name}.csv`, import.meta.url), "utf8");
    const table = parseTable(text, { source: `${name}.csv` });
    expect(table.size).toBe(size);
    expect(table.columns.map(({ type }) => type)).toEqual(expected);
    expect(table.lines[size - 1]).toBe(size + 1);
  });
});
