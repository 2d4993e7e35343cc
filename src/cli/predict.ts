/** chainrule predict CHECKPOINT | FILE: what a trained network says to new rows. */

import { type ArrayTensor, elementsOf } from "../core/array-tensor.ts";
import { at } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import type { Tensor } from "../core/tensor.ts";
import { listed } from "../core/wording.ts";
import type { Table } from "../data/csv.ts";
import { imageTensor } from "../data/images.ts";
import { npzDataset, parseNpz } from "../data/npz.ts";
import type { NumberFormat } from "../data/number-format.ts";
import { applyPreprocessing, type ColumnRule, type Preprocessing } from "../data/preprocessing.ts";
import { eachRecord, place } from "../data/records.ts";
import { chosenRows } from "../data/table-columns.ts";
import { windowEnds } from "../data/table-in-time.ts";
import { readBytes, writeAtomically, writeInPieces } from "../files/node.ts";
import { exampleRows } from "../network-file/datasets.ts";
import { imageOptions } from "../network-file/image-folders.ts";
import { type DataDescription, type Prediction, reader } from "../network-file/index.ts";
import { constantTensor } from "../ops/leaf.ts";
import { csvOf } from "./csv.ts";
import { exit } from "./failure.ts";
import { dividerOf, quoted, self } from "./files.ts";
import { formatNumber, percent, plural } from "./numbers.ts";
import type { WritingOptions } from "./predict-text.ts";
import { ReadingLine } from "./progress.ts";
import {
  checkWidth,
  comeInPieces,
  imagesAt,
  inFileLater,
  isArchive,
  readRows,
  rowPieces,
} from "./rows.ts";
import { bold, columns, dim, print, printJson, remark } from "./terminal.ts";
import { type Loaded, loadTrained, type ValueOptions } from "./trained.ts";
import { checkTable } from "./writable.ts";

/** The options of predict. */
export interface PredictOptions extends WritingOptions, ValueOptions {
  /** Another word for `data`. */
  readonly csv?: string;
  readonly out?: string;
  readonly json?: boolean;
}

interface Rows {
  readonly inputs: Tensor;
  /** The table that they come from. */
  readonly table?: Table;
  /** What was left out or could be meant otherwise. */
  readonly notes: readonly string[];
  /** Of images: where each comes from. */
  readonly files?: readonly string[];
  /** Which rows of the file they are, counted from 0; of windows, those with which they end. */
  readonly numbers?: readonly number[];
}

/**
 * A row of the command line: "5.1,3.5,1.4,0.2", or with semicolons, which a decimal comma needs.
 * As in a table, a cell in quotation marks may hold what divides others.
 */
function cellsOf(
  row: string,
  { decimal, thousands }: Partial<NumberFormat>,
  at: number,
): readonly string[] {
  const usual = dividerOf(decimal);
  const unquoted = row.replaceAll(/"[^"]*"/g, "");
  const semicolons = !unquoted.includes(usual) || (thousands === "," && unquoted.includes(";"));
  const delimiter = semicolons ? ";" : usual;
  const cells: string[] = [];
  eachRecord(row, { delimiter, comment: null, source: inputAt(at) }, (record) => {
    cells.push(...record);
  });
  return cells.length === 0 ? [""] : cells;
}

const inputAt = (at: number): string => `--input ${at + 1}`;

/** Rows as inputs, treated as the training rows were. */
function inputsOf({ description }: Loaded, rows: Table | readonly (readonly string[])[]): Tensor {
  const { preprocessing, inputs } = description;
  const named = "columns" in rows ? rows : undefined;
  if (preprocessing !== undefined) {
    const rules = preprocessing.inputs;
    if (named) return exampleRows(applyPreprocessing(preprocessing, named));
    const typed = (rows as readonly (readonly string[])[]).map(toRow(rules, preprocessing.decimal));
    return exampleRows(applyPreprocessing(asTheyStand(preprocessing), typed));
  }
  const names = named?.columns.map(({ name }) => name);
  if (names && names.length < inputs) {
    fail("data-invalid", {
      message: "The table has fewer columns than the network has inputs.",
      expected: `at least ${plural(inputs, "column")}`,
      found: `${names.length}: ${listed(names.slice(0, 20))}`,
      where: named?.source,
      fix: "Give a column of numbers for each input, in the order of training.",
    });
  }
  const cells = named
    ? Array.from({ length: named.size }, (_, i) => named.columns.map((c) => c.cells[i] ?? ""))
    : (rows as readonly (readonly string[])[]);
  const data = new Float64Array(cells.length * inputs);
  cells.forEach((row, i) => {
    const where = named ? place(named.source, at(named.lines, i)) : inputAt(i);
    // A table may hold targets behind the inputs.
    if (!named && row.length !== inputs) {
      fail("data-invalid", {
        message: "A row has another number of values than the network has inputs.",
        expected: plural(inputs, "number"),
        found: `${row.length}`,
        where,
      });
    }
    row.slice(0, inputs).forEach((cell, j) => {
      const value = cell === "" ? Number.NaN : Number(cell);
      if (!Number.isFinite(value)) {
        fail("data-invalid", {
          message: "A value is not a finite number.",
          expected: "a number such as 0.5",
          found: JSON.stringify(cell),
          where: `${where}, ${names?.[j] ?? `value ${j + 1}`}`,
        });
      }
      data[i * inputs + j] = value;
    });
  });
  return constantTensor(data, [cells.length, inputs]);
}

/** The columns that rules read to make inputs. */
export const inputsNamed = ({ inputs, windows }: Preprocessing): string[] => [
  ...inputs.map(({ name }) => name),
  ...(windows?.ordered === undefined ? [] : [windows.ordered]),
];

/** Rows that are typed are in order, and have no column that says it. */
function asTheyStand({ windows, ...rules }: Preprocessing): Preprocessing {
  if (windows === undefined) return rules;
  const { ordered: _, ...rule } = windows;
  return { ...rules, windows: rule };
}

const toRow =
  (rules: readonly ColumnRule[], decimal: "." | ",") =>
  (row: readonly string[], at: number): Record<string, string> => {
    if (row.length !== rules.length) {
      fail("data-invalid", {
        message: "A row has another number of values than the network has input columns.",
        expected: `${plural(rules.length, "value")}: ${rules.map(({ name }) => name).join(", ")}`,
        found: `${row.length}`,
        where: inputAt(at),
        fix: `Give each of them, divided by "${dividerOf(decimal)}".`,
      });
    }
    return Object.fromEntries(rules.map(({ name }, i) => [name, row[i] ?? ""]));
  };

async function rowsOf(loaded: Loaded, path: string, options: PredictOptions): Promise<Rows> {
  const { preprocessing } = loaded.description;
  if (options.input !== undefined) {
    const rows = options.input.map((row, i) => cellsOf(row, preprocessing ?? {}, i));
    return { inputs: inputsOf(loaded, rows), notes: [] };
  }
  if (options.data === undefined) {
    const inputs =
      loaded.own ??
      fail("usage", {
        message: "There are no rows to predict.",
        expected: '--input "1,2,3" or --data rows.csv',
        found: "neither",
        where: "the command line",
        fix: `Say for example: ${self()} predict ${quoted(path)} --input "…"`,
      });
    return { inputs, notes: [] };
  }
  const { images } = loaded.network.data ?? {};
  if (images) {
    const { files, notes } = await imagesAt(options.data);
    const form = imageOptions(images, loaded.network.training.dtype);
    const inputs = await imageTensor(files, form);
    return { inputs, notes, files: files.map(({ where }) => where) };
  }
  if (isArchive(options.data)) return { inputs: await arrayRows(options.data, loaded), notes: [] };
  // What is written out stands beside all columns.
  const needed =
    options.out === undefined ? preprocessing && inputsNamed(preprocessing) : undefined;
  const { table, notes, rows } = await readRows(options.data, loaded, needed);
  const inputs = inputsOf(loaded, table);
  const ends = windowEnds(preprocessing, table);
  const numbers = ends ? ends.map((end) => at(rows, end)) : rows;
  return { inputs, notes, table: ends ? chosenRows(table, ends) : table, numbers };
}

/** Rows of the array that goes in, of a network that was trained on such. */
async function arrayRows(path: string, { network, description }: Loaded): Promise<Tensor> {
  const { npz } = network.data ?? {};
  if (npz === undefined) {
    return fail("usage", {
      message: "This network was not trained on arrays, so that no name says which goes in.",
      expected: "a network file with data: { npz: … }",
      found: quoted(path),
      fix: "Give rows as a table: --data rows.csv.",
    });
  }
  const bytes = await readBytes(path);
  return inFileLater(path, async () => {
    const name = npz.inputs;
    const arrays = await parseNpz(bytes, { names: [name] });
    // Without targets of their own, what goes in stands for them.
    const { inputs } = npzDataset(arrays, {
      ...{ inputs: name, targets: name, targetType: "number", scale: npz.scale },
      dtype: network.training.dtype,
    });
    checkWidth(inputs, description, name);
    return exampleRows(inputs);
  });
}

/** What is a number in the table may be none in the network: 1e308 is beyond f32. */
function checkInputs(
  { data, dtype }: ArrayTensor,
  given: Tensor,
  { inputs, inputNames }: DataDescription,
  numbers: readonly number[] | undefined,
): void {
  const at = data.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  const column = at % inputs;
  fail("data-invalid", {
    message: `A number is too large for this network, which computes in ${dtype}.`,
    expected: `a finite ${dtype}, of the size of those in training`,
    found: String(elementsOf(given)[at]),
    where: `row ${numberOf(Math.floor(at / inputs), numbers)}, ${inputNames?.[column] ?? `value ${column + 1}`}`,
    fix: "Give rows of the size of those in training.",
  });
}

/** What a row is called, counted from 1 in its file. */
const numberOf = (row: number, numbers: readonly number[] | undefined): number =>
  (numbers?.[row] ?? row) + 1;

/** Outputs are finite, or there are none; what is made of them may still overflow. */
function checkPrediction(prediction: Prediction, row: number): void {
  const { probabilities = [], value: single = 0, values = [] } = prediction;
  const at = probabilities.findIndex((p) => !Number.isFinite(p));
  const value = [single, ...values].find((v) => !Number.isFinite(v)) ?? 0;
  if (at < 0 && Number.isFinite(value)) return;
  fail("not-finite", {
    message: "What the outputs for a row stand for is not finite.",
    expected: "finite numbers",
    found: at < 0 ? `the value ${value}` : `${probabilities[at]} as the probability of class ${at}`,
    where: `row ${row}`,
    fix: "Scale the inputs as in training; if training diverged, start it again.",
  });
}

/** The outputs for rows, and what they say; each is checked. */
async function predictionsFor(
  { network, description, marks, trainer }: Loaded,
  x: Tensor,
  numbers: readonly number[] | undefined,
): Promise<Prediction[]> {
  const read = reader(network, description, marks);
  const { inputs } = trainer.batchOf({ inputs: x, targets: x });
  checkInputs(inputs, x, description, numbers);
  const outputs = await trainer.predict(x).data();
  const n = at(x.shape, 0);
  const width = outputs.length / n;
  const predictions = Array.from({ length: n }, (_, i) =>
    read([...outputs.subarray(i * width, (i + 1) * width)]),
  );
  for (const [i, prediction] of predictions.entries()) {
    checkPrediction(prediction, numberOf(i, numbers));
  }
  return predictions;
}

/** Predicts a table of text piece by piece into another, in constant memory; how many rows. */
async function predictPieces(
  loaded: Loaded,
  { data, out, json }: { data: string; out: string; json: boolean },
): Promise<{ readonly rows: number; readonly notes: readonly string[] }> {
  const notes: string[] = [];
  const line = new ReadingLine(!json);
  let rows = 0;
  async function* texts(): AsyncGenerator<Uint8Array, void, undefined> {
    const pieces = rowPieces(
      data,
      loaded,
      (more) => notes.push(...more),
      (progress) => line.update(data, progress),
    );
    for await (const { table, rows: numbers } of pieces) {
      const predictions = await predictionsFor(loaded, inputsOf(loaded, table), numbers);
      const text = predictionsCsv(predictions, loaded.description, table, rows === 0);
      rows += predictions.length;
      yield new TextEncoder().encode(text);
    }
  }
  await writeInPieces(out, texts()).finally(() => line.clear());
  return { rows, notes };
}

/** A row for each prediction, behind the columns of the table that it is for. */
function predictionsCsv(
  predictions: readonly Prediction[],
  { classes, targetNames }: DataDescription,
  table: Table | undefined,
  /** Whether the names of the columns stand above them. */
  headed = true,
  files?: readonly string[],
): string {
  const name = targetNames?.[0];
  const outputsOf = (p: Prediction): readonly (string | number)[] =>
    p.class !== undefined
      ? [p.class]
      : (p.labels ?? p.values ?? (p.value === undefined ? p.outputs : [p.value]));
  // All rows have the columns of the first: of a table of millions they are named once.
  const [first] = predictions;
  const own = first ? outputsOf(first) : [];
  const added = [
    ...own.map((_, i) => (own.length === 1 ? "predicted" : `predicted.${targetNames?.[i] ?? i}`)),
    ...(first?.probabilities ?? []).map(
      (_, i) => `probability.${classes?.[i] ?? targetNames?.[i] ?? i}`,
    ),
  ];
  // What a table is called like that already stays what it is.
  const taken = new Set(table?.columns.map((c) => c.name));
  const title = (column: string) =>
    taken.has(column) ? `${column} (${name ?? "network"})` : column;
  const given: readonly Pick<Table["columns"][number], "name" | "cells">[] =
    table?.columns ?? (files ? [{ name: "file", cells: files }] : []);
  return csvOf([
    ...(headed ? [[...given.map((c) => c.name), ...added.map(title)]] : []),
    ...predictions.map((p, i) => [
      ...given.map((c) => c.cells[i] ?? ""),
      ...outputsOf(p).map(String),
      ...(p.probabilities ?? []).map(String),
    ]),
  ]);
}

/** The options with `csv`, which is another word for it, as `data`. */
export function withData<T extends Pick<PredictOptions, "csv" | "data">>(given: T): Omit<T, "csv"> {
  const { csv, ...options } = given;
  if (csv === undefined) return options;
  if (given.data === undefined) return { ...options, data: csv };
  return fail("usage", {
    message: "Rows are given twice.",
    expected: "--csv PATH, or --data PATH",
    found: "both",
    where: "the command line",
    fix: "Leave one of the two out: they mean the same.",
  });
}

export async function predictCommand(path: string, given: PredictOptions): Promise<number> {
  const options = withData(given);
  if (options.out !== undefined) await checkTable(options.out);
  const loaded = await loadTrained(path, options);
  const { network, description } = loaded;
  const { text } = network.data ?? {};
  if (text && (options.input ?? options.data) !== undefined) {
    return (await import("./predict-text.ts")).predictTexts(loaded, text, options);
  }
  checkNoWriting(options, path);
  const { data, out } = options;
  if (out !== undefined && data !== undefined && comeInPieces(data, loaded)) {
    const { rows, notes } = await predictPieces(loaded, { data, out, json: options.json === true });
    return written(rows, notes, { ...options, out });
  }
  const { inputs: x, notes, table, numbers, files } = await rowsOf(loaded, path, options);
  const predictions = await predictionsFor(loaded, x, numbers);
  if (options.out !== undefined) {
    const text = predictionsCsv(predictions, description, table, true, files);
    await writeAtomically(options.out, new TextEncoder().encode(text));
    return written(predictions.length, notes, { ...options, out: options.out });
  }
  if (options.json) {
    printJson({
      classes: description.classes,
      predictions: files ? predictions.map((p, i) => ({ file: files[i], ...p })) : predictions,
      ...(notes.length === 0 ? {} : { notes }),
    });
    return exit.ok;
  }
  for (const note of notes) remark(note);
  const alignment = `${files ? "<" : ">"}<${description.classes === undefined ? "" : ">"}`;
  for (const line of columns(linesOf(predictions, loaded, { numbers, files }), alignment, 3))
    print(line);
  return exit.ok;
}

function written(
  rows: number,
  notes: readonly string[],
  { out, json }: { readonly out: string; readonly json?: boolean },
): number {
  for (const note of notes) remark(note);
  if (json) printJson({ rows, out, notes });
  else print(`${plural(rows, "row")} written to ${quoted(out)}.`);
  return exit.ok;
}

/** How text is written says nothing about other networks, and nothing without a beginning. */
function checkNoWriting({ length, temperature, seed }: WritingOptions, path: string): void {
  const [odd] =
    Object.entries({ length, temperature, seed }).find(([, v]) => v !== undefined) ?? [];
  if (odd === undefined) return;
  fail("usage", {
    message: `--${odd} says how a text is written on, and there is none.`,
    expected: 'a network with data: { text: … }, and --input "a text"',
    found: `--${odd}`,
    where: quoted(path),
    fix: `Leave --${odd} out, or say how the text begins: --input "…"`,
  });
}

/** What a prediction of numbers, or of several labels, says. */
function saidOf({ outputs, value, values, labels, probabilities }: Prediction): string[] {
  if (labels === undefined) {
    return (values ?? (value === undefined ? outputs : [value])).map((v) => formatNumber(v));
  }
  const share = (i: number) => (probabilities ? ` ${dim(percent(at(probabilities, i)))}` : "");
  return labels.map((label, i) => `${label}${share(i)}`);
}

/** The most columns of numbers that fit beside each other. */
const mostColumns = 6;

function linesOf(
  predictions: readonly Prediction[],
  { description }: Loaded,
  { numbers, files }: { readonly [name in "numbers" | "files"]?: Rows[name] | undefined },
): string[][] {
  const row = (i: number): string => dim(files?.[i] ?? String(numberOf(i, numbers)));
  const title = files ? "file" : "row";
  const [first] = predictions;
  const { classes, targetNames } = description;
  if (first?.class !== undefined) {
    const all = first.probabilities !== undefined && (classes?.length ?? 0) <= mostColumns;
    const header = [title, targetNames?.[0] ?? "class"].map(dim);
    if (all) header.push(...(classes ?? []).map(dim));
    return [
      header,
      ...predictions.map((p, i) => [
        row(i),
        bold(p.class ?? ""),
        ...(all ? (p.probabilities ?? []).map(percent) : []),
      ]),
    ];
  }
  const names = (i: number) =>
    targetNames?.[i] ?? (first?.outputs.length === 1 ? "output" : `output ${i}`);
  const shown = first?.outputs.slice(0, 20) ?? [];
  return [
    [title, ...shown.map((_, i) => names(i))].map(dim),
    ...predictions.map((p, i) => [row(i), ...saidOf(p).slice(0, 20)]),
  ];
}
