/** Advice about data, followed. */
import { gzipSync } from "node:zlib";
import * as d from "../../src/data/index.ts";
import { tensor } from "../../src/index.ts";
import type { Row } from "./row.ts";

const table = (text: string, options: Parameters<typeof d.parseTable>[1] = {}) =>
  d.parseTable(text, options);
const set = (text: string, options: Parameters<typeof d.tableDataset>[1]) =>
  d.tableDataset(table(text), options);
const any = (f: unknown) => f as (...given: unknown[]) => unknown;
const idx = Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 1, 5, 6);
const images = d.parseIdx(idx);
const labels = d.parseIdx(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 0, 1));
const pixels = (...values: number[]) => tensor(Float32Array.from(values), { shape: [2, 1] });
const list = (...values: number[]) => tensor(Int32Array.from(values), { shape: [values.length] });
const fitted = set("a,kind\n1,x\n2,y\n", { target: "kind" }).preprocessing;
const numeric = set("a,b\n1,2\n2,3\n", { target: "b" }).preprocessing;
const categories = (n: number) =>
  `zip,y\n${Array.from({ length: n }, (_, i) => `z${i},${i}`).join("\n")}\n`;
const huge = "1e308";
const inputs = tensor(Float64Array.of(1, 2), { shape: [2, 1] });

const bigLabels = BigInt64Array.of(0n, 1n);

export const data: readonly Row[] = [
  [
    "Give weights by name, such as { …: 1 }, or leave the class out.",
    () => d.classWeights(d.examples({ inputs: [[1]], targets: ["a"], classes: ["a", "b"] })),
    () => {
      const targets = ["a"];
      d.classWeights(d.examples({ inputs: [[1]], targets, classes: ["a", "b"] }), { b: 1 });
    },
    () => d.classWeights(d.examples({ inputs: [[1]], targets: ["a"], classes: ["a"] })),
  ],
  [
    "Make BigInts numbers: Int32Array.from(list, Number).",
    () => d.examples({ inputs: [[1], [2]], targets: bigLabels as never }),
    () => d.examples({ inputs: [[1], [2]], targets: Int32Array.from(bigLabels, Number) }),
  ],
  [
    "Give each example the name of its class, or leave `classes` out.",
    () => d.examples({ inputs: [[1]], targets: [[0, 1]], classes: ["cat", "dog", "cow"] }),
    () => d.examples({ inputs: [[1]], targets: ["dog"], classes: ["cat", "dog", "cow"] }),
    () => d.examples({ inputs: [[1]], targets: [[0, 1]] }),
  ],
  [
    "Of a response, pass its body; of text, call parseTable.",
    () => d.readTable(new Response("a\n1\n") as never),
    () => d.readTable(new Response("a\n1\n").body as never),
    () => d.parseTable("a\n1\n"),
  ],
  [
    "Pass numbers that the same tokenizer has given.",
    () => d.characters("ab").decode([7]),
    () => d.characters("ab").decode(d.characters("ab").encode("ba")),
  ],
  [
    "Name a column as the target.",
    () => set("a,b\n1,2\n2,4\n", { target: [] }),
    () => set("a,b\n1,2\n2,4\n", { target: ["b"] }),
  ],
  [
    "Name each target once.",
    () => set("a,b\n1,2\n2,4\n", { target: ["b", "b"] }),
    () => set("a,b\n1,2\n2,4\n", { target: ["b"] }),
  ],
  [
    "Name a column that is no target, or leave `inputs` out: all others are taken.",
    () => set("a,b\n1,2\n2,4\n", { target: "b", inputs: [] }),
    () => set("a,b\n1,2\n2,4\n", { target: "b", inputs: ["a"] }),
    () => set("a,b\n1,2\n2,4\n", { target: "b" }),
  ],
  [
    "Name each input once, and no target among them.",
    () => set("a,b\n1,2\n2,4\n", { target: "b", inputs: ["a", "b"] }),
    () => set("a,b\n1,2\n2,4\n", { target: "b", inputs: ["a"] }),
  ],
  [
    "Leave `classes` out: in a list each target is a number, or one of two values.",
    () => set("a,b\n1,x\n2,y\n", { target: ["b"], classes: ["x", "y"] }),
    () => set("a,b\n1,x\n2,y\n", { target: ["b"] }),
  ],
  [
    'Make the tokens of all texts together, or say unknown: "?".',
    () => d.characters("ab").encode("abc"),
    () => d.characters(["ab", "abc"]).encode("abc"),
    () => d.characters("ab", { unknown: "?" }).encode("abc"),
  ],
  [
    "Take a larger `step`, or part of the text.",
    () => d.nextTokens("ab".repeat(2 ** 15), d.utf8Bytes, { length: 2 ** 15, step: 1 }),
    () => d.nextTokens("ab".repeat(2 ** 15), d.utf8Bytes, { length: 2 ** 15, step: 2 ** 13 }),
    () => d.nextTokens("ab".repeat(2 ** 10), d.utf8Bytes, { length: 2 ** 10, step: 1 }),
  ],
  [
    "Take a smaller `length` or `horizon`, or a longer series.",
    () => d.slidingWindows([1, 2, 3], { length: 2, horizon: 2 }),
    () => d.slidingWindows([1, 2, 3], { length: 1, horizon: 2 }),
    () => d.slidingWindows([1, 2, 3], { length: 2, horizon: 1 }),
    () => d.slidingWindows([1, 2, 3, 4], { length: 2, horizon: 2 }),
  ],
  [
    "Take a larger `step`, or a smaller `length`.",
    () => d.slidingWindows(new Float32Array(2 ** 17), { length: 2 ** 16 }),
    () => d.slidingWindows(new Float32Array(2 ** 17), { length: 2 ** 16, step: 2 ** 12 }),
    () => d.slidingWindows(new Float32Array(2 ** 17), { length: 8 }),
  ],
  [
    "Make a column for each of its values, or predict it alone.",
    () => set("a,b,c\n1,x,0\n2,y,1\n3,z,0\n", { target: ["b", "c"] }),
    () => set("a,b=x,b=y,c\n1,1,0,0\n2,0,1,1\n3,0,0,0\n", { target: ["b=x", "b=y", "c"] }),
    () => set("a,b,c\n1,x,0\n2,y,1\n3,z,0\n", { target: "b" }),
  ],
  [
    'Leave it out, or write 0 and 1, and types: { …: "number" }.',
    () => set("a,b,c\n1,no,0\n2,no,1\n", { target: ["b", "c"] }),
    () => set("a,b,c\n1,no,0\n2,no,1\n", { target: ["c"] }),
    () =>
      d.tableDataset(table("a,b,c\n1,0,0\n2,0,1\n", { types: { b: "number" } }), {
        target: ["b", "c"],
      }),
  ],
  [
    "Convert them to one unit.",
    () => d.tableDataset(table("a,y\n1 m,1\n2 cm,2\n", { units: true }), { target: "y" }),
    () => d.tableDataset(table("a,y\n100 cm,1\n2 cm,2\n", { units: true }), { target: "y" }),
  ],
  [
    'Say decimal: ",", too.',
    () => table("a\n1\n", { thousands: "." }),
    () => table("a\n1\n", { thousands: ".", decimal: "," }),
  ],
  [
    "If empty cells are the other class, say missingValues: [] to keep them.",
    () => set("a,y\n1,yes\n2,\n3,yes\n", { target: "y", missing: "drop" }),
    () => {
      const kept = table("a,y\n1,yes\n2,\n3,yes\n", { missingValues: [] });
      d.tableDataset(kept, { target: "y" });
    },
  ],
  [
    "Choose another target, or list its classes under `classes` if others are to come.",
    () => set("a,y\n1,yes\n2,yes\n", { target: "y" }),
    () => set("a,y\n1,yes\n2,yes\n", { target: "a" }),
    () => set("a,y\n1,yes\n2,yes\n", { target: "y", classes: ["no", "yes"] }),
  ],
  [
    "List it, too.",
    () => set("a,y\n1,yes\n2,no\n3,perhaps\n", { target: "y", classes: ["yes", "no"] }),
    () => set("a,y\n1,yes\n2,no\n3,perhaps\n", { target: "y", classes: ["yes", "no", "perhaps"] }),
  ],
  [
    "Train again on rows that have it, or, if it is a class, list all under `classes`.",
    () => d.preprocessDataset(fitted, [{ a: 1, kind: "perhaps" }]),
    () => {
      const again = set("a,kind\n1,x\n2,y\n3,perhaps\n", { target: "kind" });
      d.preprocessDataset(again.preprocessing, [{ a: 1, kind: "perhaps" }]);
    },
    () => {
      const again = set("a,kind\n1,x\n2,y\n", { target: "kind", classes: ["x", "y", "perhaps"] });
      d.preprocessDataset(again.preprocessing, [{ a: 1, kind: "perhaps" }]);
    },
  ],
  [
    "If the line above is a title and no header, remove it; or give `delimiter`.",
    () => table("A title\n1,2\n3,4\n"),
    () => table("1,2\n3,4\n", { header: false }),
    () => table("A title\n1,2\n3,4\n", { delimiter: ";" }),
  ],
  [
    "If the rows begin with a name or number that has no column, add a name to the header line.",
    () => table("b,c\n0,1,2\n1,3,4\n"),
    () => table("a,b,c\n0,1,2\n1,3,4\n"),
  ],
  [
    'Quote numbers that contain the delimiter, such as "1,5", or divide the cells by semicolons.',
    () => table("a,b\n1,2\n1,5,2\n"),
    () => table('a,b\n1,2\n"1,5",2\n'),
    () => table("a;b\n1;2\n1,5;2\n"),
  ],
  [
    "Take fewer rows, or raise the option `limit`.",
    () => table("a\n1\n2\n3\n", { limit: 5 } as never),
    () => table("a\n1\n", { limit: 5 } as never),
    () => table("a\n1\n2\n3\n", { limit: 50 } as never),
  ],
  ["Save the table as CSV in UTF-8.", () => table("a\0b"), () => table("a\n1\n")],
  [
    "Add a header line, or say header: false.",
    () => table("1,2\n3,4\n"),
    () => table("a,b\n1,2\n3,4\n"),
    () => table("1,2\n3,4\n", { header: false }),
  ],
  [
    "Correct the line; quote cells that contain the delimiter; or give `delimiter` or `comment`.",
    () => table("a,b\n1,2\n1,x,3\n"),
    () => table("a,b\n1,2\n"),
    () => table('a,b\n1,"2,3"\n'),
    () => table("a;b\n1,2;3\n", { delimiter: ";" }),
    () => table("a,b\n% x\n1,2\n", { comment: "%" }),
  ],
  ["Rename one of them in the header line.", () => table("a,a\n1,2\n"), () => table("a,b\n1,2\n")],
  [
    "Give each input exactly one target.",
    () => d.dataset({ inputs, targets: tensor(Float64Array.of(1), { shape: [1, 1] }) }),
    () => d.dataset({ inputs, targets: inputs }),
  ],
  [
    "Add or remove rows so that inputs and targets pair up.",
    () => d.examples({ inputs: [[1], [2]], targets: [1] }),
    () => d.examples({ inputs: [[1]], targets: [1] }),
    () => d.examples({ inputs: [[1], [2]], targets: [1, 2] }),
  ],
  ["Read the file without unpacking it.", () => d.gunzip(idx), () => d.parseIdx(idx)],
  [
    "Unpack the file beforehand.",
    () => withoutStreams(() => d.gunzip(gzipSync(idx))),
    () => withoutStreams(() => d.readIdx(idx)),
  ],
  [
    "Remove what follows, or unpack a file of several parts beforehand.",
    () => d.gunzip(Buffer.concat([gzipSync(idx), gzipSync(idx)])),
    () => d.gunzip(gzipSync(idx)),
    () => d.readIdx(idx),
  ],
  [
    "Call readIdx(bytes), or gunzip(bytes) first.",
    () => d.parseIdx(gzipSync(idx)),
    () => d.readIdx(gzipSync(idx)),
    async () => d.parseIdx(await d.gunzip(gzipSync(idx))),
  ],
  ["Fetch or write the file again.", () => d.parseIdx(idx.slice(0, 13)), () => d.parseIdx(idx)],
  [
    "Correct or leave out this image.",
    () => d.idxDataset(pixels(1, Number.NaN), labels),
    () => d.idxDataset(pixels(1, 2), labels),
    () => d.idxDataset(tensor(Float32Array.of(1), { shape: [1, 1] }), list(0)),
  ],
  [
    "Check that the files of images and labels have not been exchanged.",
    () => d.idxDataset(labels, images),
    () => d.idxDataset(images, labels),
  ],
  [
    "Take the labels that belong to these images.",
    () => d.idxDataset(images, list(0)),
    () => d.idxDataset(images, labels),
  ],
  [
    "Check that these are the labels, or say which classes there are.",
    () => d.idxDataset(images, list(0, 1e6)),
    () => d.idxDataset(images, labels),
    () => d.idxDataset(images, list(0, 1e6), { classes: 1e6 + 1 }),
  ],
  [
    "Save the model again after training, or pass the preprocessing that tableDataset gave.",
    () => any(d.applyPreprocessing)({ version: 1 }, []),
    () => d.applyPreprocessing(fitted, [{ a: 1 }]),
    () => d.checkPreprocessing(JSON.parse(JSON.stringify(fitted))),
  ],
  [
    "Take fewer rows, or leave out columns with many categories.",
    () => d.applyPreprocessing(many, new Array(2 ** 16).fill({ a: 1, zip: "z1" })),
    () => d.applyPreprocessing(many, [{ a: 1, zip: "z1" }]),
    () => d.applyPreprocessing(numeric, new Array(2 ** 16).fill({ a: 1 })),
  ],
  [
    'Fill it in, or train again with missing: "mean" on a table that lacks some.',
    () => d.applyPreprocessing(numeric, [{ a: null }]),
    () => d.applyPreprocessing(numeric, [{ a: 1 }]),
    () => {
      const trained = set("a,b\n1,2\n,3\n", { target: "b", missing: "mean" });
      d.applyPreprocessing(trained.preprocessing, [{ a: null }]);
    },
  ],
  [
    'Close the quotation mark, or write "" for one inside a quoted cell.',
    () => table('a\n"x\n'),
    () => table('a\n"x"\n'),
    () => table('a\n"x"" inch"\n'),
  ],
  [
    "Train without a validation part, or bring more examples.",
    () => d.split(d.subset(points, [0]), { validation: 0.5 }),
    () => d.subset(points, [0]),
    () => d.split(points, { validation: 0.5 }),
  ],
  [
    "Leave out all but one of them.",
    () => d.kFoldIndices(4, 2, { groups: [1, 1, 2, 2], ordered: true }),
    () => d.kFoldIndices(4, 2, { groups: [1, 1, 2, 2] }),
    () => d.kFoldIndices(4, 2, { ordered: true }),
  ],
  [
    "Make the gap or the part for validation smaller.",
    () => d.splitIndices(4, { validation: 0.5, ordered: true, gap: 2 }),
    () => d.splitIndices(4, { validation: 0.5, ordered: true, gap: 1 }),
    () => d.splitIndices(4, { validation: 0.25, ordered: true, gap: 2 }),
  ],
  [
    "Divide without `groups`, or bring examples of more groups.",
    () => d.splitIndices(2, { validation: 0.5, groups: ["a", "a"] }),
    () => d.splitIndices(2, { validation: 0.5 }),
    () => d.splitIndices(3, { validation: 0.5, groups: ["a", "a", "b"] }),
  ],
  [
    "Say validation: 0.2, or another fraction.",
    () => set("a,y\n1,2\n2,3\n", { target: "y", ordered: true }),
    () => set("a,y\n1,2\n2,3\n", { target: "y", ordered: true, validation: 0.2 }),
  ],
  [
    "Write dates as 2024-12-31, or say ordered: true where the rows stand in order.",
    () => set("a,d,y\n1,1.2.24,2\n2,2.2.24,3\n", { target: "y", ordered: "d", validation: 0.2 }),
    () =>
      set("a,d,y\n1,2024-02-01,2\n2,2024-02-02,3\n", {
        target: "y",
        ordered: "d",
        validation: 0.2,
      }),
    () =>
      set("a,d,y\n1,1.2.24,2\n2,2.2.24,3\n", {
        target: "y",
        inputs: ["a"],
        ordered: true,
        validation: 0.2,
      }),
  ],
  [
    "Leave it out of `inputs`, or check the delimiter and the list of missing values.",
    () => set("a,b,c\n1,,3\n2,,4\n", { target: "c", inputs: ["a", "b"], missing: "mean" }),
    () => set("a,b,c\n1,,3\n2,,4\n", { target: "c", inputs: ["a"] }),
    () => {
      const text = "a,b,c\n1,?,3\n2,!,4\n";
      d.tableDataset(table(text, { missingValues: [""] }), { target: "c" });
    },
  ],
  [
    'Say missing: "drop" to leave out such rows, or missing: "mean" to fill them in.',
    () => set("a,b\n1,2\n,3\n", { target: "b" }),
    () => set("a,b\n1,2\n,3\n", { target: "b", missing: "drop" }),
    () => set("a,b\n1,2\n,3\n", { target: "b", missing: "mean" }),
  ],
  [
    'Leave out the columns that lack most, or say missing: "mean".',
    () => set("a,b,y\n1,,2\n,1,3\n", { target: "y", missing: "drop" }),
    () => set("a,b,y\n1,,2\n,1,3\n", { target: "y", missing: "drop", inputs: ["a"] }),
    () => set("a,b,y\n1,,2\n,1,3\n", { target: "y", missing: "mean" }),
  ],
  [
    "Leave it out of `inputs`, or divide the rows differently.",
    () => set(gap, { target: "y", missing: "mean", validation: [1] }),
    () => set(gap, { target: "y", missing: "mean", validation: [1], inputs: ["b"] }),
    () => set(gap, { target: "y", missing: "mean", validation: [0] }),
  ],
  [
    "Use other units, such as millions.",
    () => set(`a,y\n${huge},1\n${huge},2\n-${huge},3\n`, { target: "y" }),
    () => set("a,y\n1e302,1\n1e302,2\n-1e302,3\n".replaceAll("e302", ""), { target: "y" }),
  ],
  [
    "Leave it out by listing the other columns in `inputs`, or raise maxCategories.",
    () => set(categories(4), { target: "y", maxCategories: 3 }),
    () => set("zip,b,y\nz1,1,1\nz2,2,2\n", { target: "y", inputs: ["b"], maxCategories: 1 }),
    () => set(categories(4), { target: "y", maxCategories: 4 }),
  ],
  [
    "Correct the cell, or leave it empty and choose how missing values are treated.",
    () => set("a,y\n1,1\ninf,2\n", { target: "y" }),
    () => set("a,y\n1,1\n3,2\n", { target: "y" }),
    () => set("a,y\n1,1\n,2\n", { target: "y", missing: "mean" }),
  ],
  [
    "Correct the row that the message points at, or say how such cells are to be treated.",
    () => d.examples({ inputs: [[1], [Number.NaN]], targets: [1, 2] }),
    () => d.examples({ inputs: [[1], [2]], targets: [1, 2] }),
    () => set("a,y\n1,1\nNaN,2\n", { target: "y", missing: "mean" }),
  ],
  [
    "Check the file, its header setting and the split.",
    () => table("a,b\n"),
    () => table("a,b\n1,2\n"),
    () => table("1,2\n", { header: false }),
    () => d.subset(points, [0]),
  ],
  [
    "Use a smaller file, or raise the limit if the file can be trusted.",
    () => d.gunzip(gzipSync(new Uint8Array(100)), 10),
    () => d.gunzip(gzipSync(new Uint8Array(10)), 10),
    () => d.gunzip(gzipSync(new Uint8Array(100)), 100),
  ],
];

const points = d.xor();
const gap = "a,b,y\n,1,1\n2,2,2\n,3,3\n";
const many = {
  ...numeric,
  inputs: [
    ...numeric.inputs,
    {
      kind: "category" as const,
      name: "zip",
      values: Array.from({ length: 2 ** 14 }, (_, i) => `z${i}`),
    },
  ],
};

async function withoutStreams<T>(work: () => Promise<T>): Promise<T> {
  const { DecompressionStream } = globalThis;
  globalThis.DecompressionStream = undefined as never;
  try {
    return await work();
  } finally {
    globalThis.DecompressionStream = DecompressionStream;
  }
}
