/** What a table of someone's own says about what was made of it; every advice is followed. */
import { describe, expect, it } from "vitest";
import {
  applyPreprocessing,
  parseTable,
  preprocessDataset,
  type TableDatasetOptions,
  type TableOptions,
  tableDataset,
} from "../../src/data/index.ts";
import { failure } from "../support/failure.ts";

const build = (
  text: string,
  target: string,
  options: TableOptions = {},
  further: Partial<TableDatasetOptions> = {},
) => tableDataset(parseTable(text, { source: "t.csv", ...options }), { target, ...further });

const wrong = (...all: Parameters<typeof build>) => failure("data-invalid", () => build(...all));

/** The inputs as they are, without scaling. */
const plain = { standardize: false };

/** The settings that an advice names, as options. */
function settings(advice: string): TableOptions {
  const found: Record<string, unknown> = {};
  const settings = /(\w+): (true|false|"(?:[^"\\]|\\.)*"|\[[^\]]*\]|\{[^}]*\})/g;
  for (const [, name, value] of advice.matchAll(settings)) found[name!] = JSON.parse(value!);
  return found as TableOptions;
}

describe("skipped lines", () => {
  it("that look like rows are counted, and kept as advised", () => {
    const text = "name,b\n#1,2\nx,4\n#3,6\ny,3\n";
    const { train, notes } = build(text, "b");
    expect(train.size).toBe(2);
    expect(notes).toEqual([
      'Lines 2 and 4 begin with "#" and were skipped.',
      "2 skipped lines have as many cells as a row (lines 2 and 4): if they are rows, say comment: false.",
    ]);
    const kept = build(text, "b", settings(notes[1]!));
    expect([kept.train.size, kept.notes]).toEqual([4, []]);
  });
  it.each([
    ["n,b\n#1,2\n", ""],
    ['n,b\n#1,2\n"x, y",1\n', "with quotation marks"],
    ['n,b\n#1,2\n"x\ny",1\n#8,9', "between rows of several lines"],
  ])("are the same however the text is divided: %j", (text) => {
    const { size, notes } = parseTable(`${text}\nx,4`);
    const marks = text.split("#").length - 1;
    expect([size, notes!.length]).toEqual([text.includes('"') ? 2 : 1, 2]);
    expect(notes![1]).toContain(`${marks} skipped line`);
  });
  it("above the first row are rows, too, where there is no header", () => {
    const text = "#1,2\n3,4\n5,6\n";
    const { notes } = parseTable(text, { header: false });
    expect(notes![1]).toContain("1 skipped line has as many cells as a row (line 1)");
    expect(parseTable(text, { header: ["a", "b"] }).notes).toEqual(notes);
    expect(parseTable(text, { header: false, ...settings(notes![1]!) }).size).toBe(3);
  });
  it("that are remarks are counted, too, and many are not listed", () => {
    const text = `# made by hand\na,b\n1,2\n2,3\n${"# x\n".repeat(8)}`;
    expect(build(text, "b").notes).toEqual([
      'Lines 1, 5, 6, 7, 8 and 4 more begin with "#" and were skipped: 9 in all.',
    ]);
  });
  it("that may be the header are named where one is looked for", () => {
    const numbers = "#a,b\n1,2\n3,4\n5,6\n";
    const { fix } = wrong(numbers, "b");
    expect(fix).toBe(
      'Line 1 begins with "#" and was skipped; if it is the header, say comment: false (its first column is then called "#a").',
    );
    expect(build(numbers, "b", settings(fix!)).train.inputNames).toEqual(["#a"]);
    const words = "# a,b\nx,1\ny,2\nz,3\n";
    expect(wrong(words, "b").fix).toContain("if it is the header, say comment: false");
    expect(build(words, "b", settings(wrong(words, "b").fix!)).train.size).toBe(3);
    expect(parseTable(words).notes!.at(-1)).toContain("if it is the header, say comment: false");
    expect(wrong(`${words}# remark\n`, "b").fix).toContain('if it is the header, remove the "#".');
  });
  it("are the cause where no row is left", () => {
    const error = failure("data-empty", () => parseTable("id,b\n#1,1\n#2,2\n"));
    expect(error.fix).toContain("if they are rows, say comment: false");
    expect(parseTable("id,b\n#1,1\n#2,2\n", settings(error.fix!)).size).toBe(2);
  });
});

describe("numbers with a unit, a percent sign or a currency sign", () => {
  it.each([
    ["h,y\n180 cm,1\n170 cm,0\n160 cm,1\n", [180, 170, 160], '"180 cm"', "cm"],
    ["h,y\n18%,1\n17 %,0\n16%,1\n", [18, 17, 16], '"18%"', "%"],
    ["h,y\n$18,1\n-$17.50,0\n$16,1\n", [18, -17.5, 16], '"$18"', "$"],
    ['h,y\n"$1,200",1\n"$3,400.50",0\n$900,1\n', [1200, 3400.5, 900], '"$1,200"', "$"],
    ["h;y\n1.200,50 €;1\n3.400,00 €;0\n900,00 €;1\n", [1200.5, 3400, 900], '"1.200,50 €"', "€"],
    ["h,y\nCHF 1'200,1\nCHF 3'400,0\nCHF 900,1\n", [1200, 3400, 900], '"CHF 1\'200"', "CHF"],
  ])("are a note that says how to read them: %j", (text, values, example, unit) => {
    const { train, notes } = build(text, "y");
    expect(train.inputs.shape).toEqual([3, 3]);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toContain(
      `3 of 3 cells of column "h" are numbers with a unit, such as ${example}; they became 3 categories.`,
    );
    const read = build(text, "y", settings(notes[0]!), plain);
    expect([...read.train.inputs.dataSync()]).toEqual(values);
    expect(read.train.inputNames).toEqual(["h"]);
    expect(read.notes.at(-1)).toBe(`Column "h" is in "${unit}": ${example} was read as a number.`);
    const { preprocessing } = read;
    const again = JSON.parse(JSON.stringify(preprocessing)) as typeof preprocessing;
    expect(applyPreprocessing(again, [{ h: example.slice(1, -1) }, { h: 7 }]).dataSync()).toEqual(
      Float64Array.of(values[0]!, 7),
    );
    const other = failure("data-invalid", () => applyPreprocessing(again, [{ h: "7 lb" }]));
    expect(other.expected).toBe(`numbers in "${unit}"`);
  });
  it("among numbers without are an error that says so", () => {
    const text = "h,y\n180,1\n170 cm,0\n160,1\n";
    const error = wrong(text, "y");
    expect(error.where).toBe('t.csv, line 3, column "h"');
    expect(error.fix).toBe('Say units: true to read "170 cm" as 170.');
    const { train, notes } = build(text, "y", settings(error.fix!), plain);
    expect([...train.inputs.dataSync()]).toEqual([180, 170, 160]);
    expect(notes[0]).toContain("and so were 2 cells without a unit");
  });
  it("of two kinds are not mixed", () => {
    const error = wrong("h,y\n180 cm,1\n1.7 m,0\n160 cm,1\n", "y", { units: true });
    expect(error).toMatchObject({ found: '"1.7 m"', expected: 'numbers in "cm"' });
    expect(error.where).toBe('t.csv, line 3, column "h"');
    expect(build("h,y\n5 kg,1\n6 lb,2\n7 g,3\n", "y").notes[0]).toContain(
      '3 of 3 cells of column "h" are numbers with different units, such as "5 kg"',
    );
    const bare = build("h,y\n1,1\n2,0\n", "y", { units: true }).preprocessing;
    failure("data-invalid", () => applyPreprocessing(bare, [{ h: "3 m" }]));
  });
  it("as a target, and not where a category was asked for", () => {
    const text = "h,price\n1,$80\n2,$70\n3,$55\n";
    const { notes } = build(text, "price");
    expect(notes[0]).toContain("they became 3 categories");
    const read = build(text, "price", settings(notes[0]!));
    expect([...read.train.targets.dataSync()]).toEqual([80, 70, 55]);
    expect(build(text, "price", { types: { price: "category" } }).notes).toEqual([]);
    expect(build("g,y\n3a,1\n3b,0\n4c,1\n", "y").notes).toEqual([]);
  });
});

describe("thousands separators", () => {
  it.each([
    ['x,y\n"1,200",1\n"3,400",2\n"12,000",3\n', [1200, 3400, 12000]],
    ['x,y\n"1,200.50",1\n900,2\n"1,234,567",3\n', [1200.5, 900, 1234567]],
    ["x;y\n1,200;1\n3,400;2\n", [1200, 3400]],
    ["x;y\n1'200;1\n3’400;2\n", [1200, 3400]],
    ["x;y\n1 200,5;1\n3\u202f400,5;2\n", [1200.5, 3400.5]],
    ["x;z;y\n1.200;1,5;1\n3.400;2,25;2\n", [1200, 1.5, 3400, 2.25]],
    ["x;y\n1.234.567;1\n2.345.678;2\n", [1234567, 2345678]],
    ["x;y\n1,80;1\n2,5;2\n", [1.8, 2.5]],
    ["x;y\n1,800;1\n0,125;2\n", [1.8, 0.125]],
  ])("%j is an error whose advice reads it", (text, values) => {
    const { fix } = wrong(text, "y");
    const { train, notes } = build(text, "y", settings(fix!), plain);
    expect([...train.inputs.dataSync()]).toEqual(values);
    if (fix!.includes("thousands")) expect(notes.join(" ")).toContain("between thousands");
  });
  it("never turn 1,200 into 1.2 where nothing shows it", () => {
    expect(wrong('x,y\n"1,200",1\n3,2\n', "y").fix).toBe(
      'Say thousands: "," to read "1,200" as 1200.',
    );
    expect(wrong("x;y\n1,200;1\n0,125;2\n", "y").fix).toBe(
      'Say decimal: "," to read "1,200" as 1.2, as "0,125" shows.',
    );
  });
  it.each([
    ["x;y\n1.200;1\n3.400;0\n", {}, 2],
    ["x,y\n1.200,1\n900,0\n12.500,0\n", {}, 2],
    ["x;y\n1,200;1\n900;0\n", { decimal: "," }, 1],
  ] as const)("that were read as decimals are a note: %j", (text, options, count) => {
    const { notes } = build(text, "y", options);
    expect(notes[0]).toContain(`${count} of ${text.split("\n").length - 2} cells of column "x"`);
    expect(notes[0]).toMatch(/1[.,]200 was read as 1\.2\. If that is 1200, say /);
    const read = build(text, "y", settings(notes[0]!), plain);
    expect(read.train.inputs.dataSync()[0]).toBe(1200);
  });
  it("are no remark on measurements", () => {
    expect(build("x,y\n1.125,1\n3.400,0\n9.000,1\n", "y").notes).toEqual([]);
    expect(build("x;y\n1.125;1\n3.4;0\n9;1\n", "y").notes).toEqual([]);
  });
  it("that go with no format are an error", () => {
    const { fix } = wrong("x;z;y\n1,5;2.5;1\n2,5;3.5;0\n", "y");
    expect(fix).toContain("Write all numbers of the table in one way");
  });
  it("cannot be the decimal sign, too, or anything else", () => {
    const bad = (options: object) => failure("bad-argument", () => parseTable("a\n1", options));
    expect(bad({ thousands: "." }).fix).toBe('Say decimal: ",", too.');
    for (const options of [
      { thousands: "," as const, decimal: "," },
      { thousands: "_" },
      { decimal: ";" },
      { units: "kg" },
    ]) {
      bad(options);
    }
  });
});

describe("other cells that can be understood in two ways", () => {
  it.each(["2024-01-31", "31.01.2024", "1/31/2024", "12:30"])("dates: %s", (date) => {
    const text = `d;x;y\n${date};1;1\n${date.replace("31", "12").replace("30", "40")};2;2\n`;
    const { train, notes } = build(text, "y");
    expect(train.inputNames).toHaveLength(3);
    expect(notes[0]).toContain('2 of 2 cells of column "d" are dates or times, such as ');
    expect(notes[0]).toContain("they became 2 categories");
  });
  it("codes that begin with 0", () => {
    const text = "zip,y\n01234,1\n98765,2\n";
    const { notes } = build(text, "y");
    expect(notes[0]).toContain('1 of 2 cells of column "zip" begin with 0, such as "01234"');
    const read = build(text, "y", settings(notes[0]!));
    expect(read.train.inputNames).toEqual(["zip=01234", "zip=98765"]);
  });
  it("words that differ in capitals only", () => {
    expect(build("a,y\ntrue,1\nTRUE,2\nno,3\n", "y").notes).toEqual([
      'Column "a" has categories that differ in capitals only, such as "true" and "TRUE".',
    ]);
  });
  it("numbers beside as many marks for missing values", () => {
    const text = "b,a\n1,2\n2,#N/A\n3,#N/A\n5,5\n";
    const { notes } = build(text, "b");
    expect(notes[0]).toContain('2 of 4 cells of column "a" are numbers');
    const read = build(text, "b", settings(notes[0]!), { missing: "mean", standardize: false });
    expect([...read.train.inputs.dataSync()]).toEqual([2, 3.5, 3.5, 5]);
  });
  it("a single category", () => {
    const [note] = build("a,y\nx,3\nx,4\n", "y").notes;
    expect(note).toBe('Column "a" has a single category, "x".');
  });
  it.each(["(12)", "1.200,00-", "1.2.3"])("numbers that are written otherwise: %s", (cell) => {
    const text = `a;y\n${cell};1\n300;2\n400;3\n`;
    expect(wrong(text, "y").fix).toContain("Write all numbers of the table in one way");
  });
  it("a column of names", () => {
    const rows = Array.from({ length: 30 }, (_, i) => `n${i},${i}\n`).join("");
    expect(build(`name,y\n${rows}`, "y").notes[0]).toContain("30 categories in 30 rows");
  });
});

describe("what other programs write around the rows", () => {
  it.each([
    ["sep=;\na;b\n1;2\n3;4\n", ";"],
    ["\uFEFFsep=,\r\na,b\r\n1,2\r\n3,4\r\n", ","],
    ["SEP=|\na|b\n1|2\n3|4\n", "|"],
    ["sep=\t\na\tb\n1\t2\n3\t4\n", "\t"],
    ['"sep=;"\na;b\n1;2\n3;4\n', ";"],
    ["sep=:\na:b\n1:2\n3:4\n", ":"],
  ])("the first line of %j names the delimiter", (text, delimiter) => {
    const table = parseTable(text);
    expect(table).toMatchObject({ delimiter, size: 2, lines: [3, 4], notes: [] });
    expect(table.columns.map(({ name }) => name)).toEqual(["a", "b"]);
  });
  it("but an option goes first, with a note", () => {
    const { columns, notes } = parseTable("sep=;\na,b\n1,2\n", { delimiter: "," });
    expect(columns).toHaveLength(2);
    expect(notes![0]).toContain('Line 1 declares ";"');
  });
  it("columns without a name or value, at the end of the header or of the rows", () => {
    const { train, notes } = build("a,b,,\n1,2,,\n3,4,,\n", "b");
    expect(train.inputNames).toEqual(["a"]);
    expect(notes).toEqual(['2 columns have no values and were left out: "column3", "column4".']);
    const rows = build("a;b\n1;2;\n3;4;;\n", "b");
    expect([...rows.train.targets.dataSync()]).toEqual([2, 4]);
    expect(rows.notes[0]).toContain("2 rows have empty cells beyond the last column");
    wrong("a;b\n1;2;3\n", "b");
    wrong("a,x,b\n1,,2\n3,,4\n", "b", {}, { inputs: ["a", "x"] });
  });
  it("empty rows", () => {
    const { train, notes } = build("a,b\n1,2\n,\n3,4\n,\n", "b");
    expect(train.size).toBe(2);
    expect(notes).toEqual(["2 of 4 rows are empty and were left out (first on line 3)."]);
    wrong("a,b\n1,2\n,5\n", "b");
  });
  it("a row of sums", () => {
    expect(build("region,sales\nN,10\nS,20\nTotal,30\n", "sales").notes).toEqual([
      'The last row (line 4) has "Total": if it sums up the others, remove it.',
    ]);
    expect(wrong("x,sales\n1,10\n2,20\nSumme:,30\n", "sales").fix).toContain("Remove line 4 if");
    expect(build("kind,y\ntotal,1\npart,2\ntotal,3\n", "y").notes).toEqual([]);
  });
  it("a row of units below the header", () => {
    expect(wrong("h,w\ncm,kg\n1,2\n3,4\n", "w").fix).toContain("Remove line 2 if it holds units");
  });
  it("row numbers without a name, and rows with one cell more than the header", () => {
    expect(build('"","x","y"\n"1",5,6\n"2",7,8\n', "y").notes[0]).toContain(
      'called "column1" and counts the rows',
    );
    expect(build(",x,y\n7,5,6\n2,7,8\n", "y").notes[0]).toBe(
      'The column without a name is called "column1".',
    );
    expect(wrong('"x","y"\n"1",5,6\n"2",7,8\n', "y").fix).toContain("add a name to the header");
  });
  it("titles above the header", () => {
    expect(wrong("Report 2024,,\n,,\na,b,c\n1,2,3\n2,3,4\n", "c").fix).toContain(
      'If line 3, which holds "c", is the header, remove the lines above it.',
    );
    expect(wrong("My report\n\na,b,c\n1,2,3\n", "c").fix).toContain("is a title and no header");
    expect(wrong("My report\n\na;b\n1;2\n3;4\n", "b").fix).toContain(
      "If the first line is a title",
    );
  });
  it("characters that no UTF-8 stands for", () => {
    expect(build("Gr\ufffd\ufffde,b\n1,2\n3,4\n", "b").notes).toEqual([
      "2 characters could not be decoded (\ufffd): save the table as CSV in UTF-8.",
    ]);
  });
});

describe("advice names the likely cause", () => {
  it.each([
    ["a b\n1 2\n3 4\n", " "],
    ["a:b\n1:2\n3:4\n", ":"],
  ])("another delimiter: %j", (text, delimiter) => {
    const { fix } = wrong(text, "b");
    expect(fix).toBe(
      `If ${JSON.stringify(delimiter)} divides the cells, say delimiter: ${JSON.stringify(delimiter)}.`,
    );
    expect(build(text, "b", settings(fix!)).train.size).toBe(2);
  });
  it("a bar is found by itself", () => {
    expect(parseTable("a|b\n1|2\n3|4\n").delimiter).toBe("|");
  });
  it("numbers with commas that are not quoted", () => {
    expect(wrong("a,b\n1,5,2,5\n3,5,4,5\n", "b").fix).toContain("Quote numbers that contain");
  });
  it.each(["-", "n/a", "na", "none", "."])("a mark for missing values: %s", (mark) => {
    const text = `a,y\n1,2\n${mark},3\n3,4\n,5\n7,8\n`;
    const { fix } = wrong(text, "y", {}, { missing: "drop" });
    expect(fix).toContain(
      `If "${mark}" stands for a missing value, say missingValues: ["", "${mark}"]`,
    );
    const { missingValues } = settings(fix!);
    const { train } = build(text, "y", { missingValues: missingValues! }, { missing: "drop" });
    expect(train.size).toBe(3);
  });
});

describe("classes", () => {
  const text = "a,k\n1,yes\n2,yes\n3,yes\n";
  it("a second one is not invented", () => {
    const error = wrong(text, "k");
    expect(error).toMatchObject({ found: '"yes" in all 3 rows', expected: "at least two classes" });
    expect(error.fix).toContain("`classes`");
    const { train } = build(text, "k", {}, { classes: ["no", "yes"] });
    expect(train.classes).toEqual(["no", "yes"]);
    expect([...train.targets.dataSync()]).toEqual([1, 1, 1]);
  });
  it("an empty cell can be one", () => {
    const done = "a,done\n1,x\n2,\n3,x\n4,\n";
    const { fix } = wrong(done, "done", {}, { missing: "drop" });
    expect(build(done, "done", settings(fix!)).train.classes).toEqual(["", "x"]);
  });
  it("are in the given order, and all that there are", () => {
    const numbers = build("a,k\n1,1\n2,2\n3,1\n", "k", {}, { classes: ["2", "1"] });
    expect([...numbers.train.targets.dataSync()]).toEqual([1, 0, 1]);
    const typo = wrong("a,k\n1,yes\n2,yse\n", "k", {}, { classes: ["no", "yes"] });
    expect(typo).toMatchObject({ fix: 'Did you mean "yes"?', where: 't.csv, line 3, column "k"' });
    for (const classes of [[], ["a", "a"], "ab"]) {
      failure("bad-argument", () => build(text, "k", {}, { classes: classes as string[] }));
    }
    const { preprocessing } = build("a,k\n1,yes\n2,no\n", "k");
    const later = failure("data-invalid", () =>
      preprocessDataset(preprocessing, [{ a: 1, k: "perhaps" }]),
    );
    expect(later.fix).toContain("list all under `classes`");
  });
});

describe("a column that is constant but for rounding", () => {
  it.each([
    ["0.3", "0.30000000000000004"],
    ["-0.1", "-0.09999999999999999"],
    ["100", "99.9999999999986"],
    ["1e-20", "1.0000000000000002e-20"],
    ["1e300", "1.0000000000000002e300"],
  ])("counts as constant: %s and %s", (a, b) => {
    const { train, notes, preprocessing } = build(`k,y\n${a},1\n${b},2\n${a},3\n`, "y");
    expect(notes[0]).toMatch(
      /^Column "k" is constant in the training part \(.* but for rounding\)\.$/,
    );
    expect(preprocessing.inputs[0]).toMatchObject({ scale: 1, mean: Number(a) });
    for (const value of train.inputs.dataSync())
      expect(Math.abs(value)).toBeLessThan(1e-9 * Math.abs(Number(a)) + 1e-30);
  });
  it.each([
    ["0.3", "0.3000000001"],
    ["1700000000000001", "1700000000000002"],
    ["0", "1e-300"],
    ["1e-20", "2e-20"],
  ])("but not %s and %s", (a, b) => {
    const { train, notes } = build(`k,y\n${a},1\n${b},2\n`, "y");
    expect(notes).toEqual([]);
    expect(train.inputs.dataSync()[1]! - train.inputs.dataSync()[0]!).toBeCloseTo(2, 6);
  });
  it("is a remark where it is the target", () => {
    expect(build("k,y\n1,7\n2,7\n", "y").notes).toEqual([
      'The target "y" is constant in the training part (7): there is nothing to predict.',
    ]);
    expect(build("k,y\n1,0.3\n2,0.30000000000000004\n", "y").notes[0]).toContain("for rounding");
  });
});

describe("missing values that are filled in", () => {
  it("are counted", () => {
    const text = "x,k,y\n1,a,1\n,,2\n3,,3\n4,b,4\n";
    const { notes } = tableDataset(parseTable(text), { target: "y", missing: "mean" });
    expect(notes).toContain(
      '1 of 4 cells of column "x" is missing and became the mean of the training part.',
    );
    expect(notes).toContain(
      '2 of 4 cells of column "k" are missing and became a category of their own.',
    );
    const whole = tableDataset(parseTable("x,y\n1,1\n2,2\n"), { target: "y", missing: "mean" });
    expect(whole.notes).toEqual([]);
  });
});
