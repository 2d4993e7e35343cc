/**
 * How raw columns become numbers, as plain JSON data: stored with a trained model, it makes a new
 * row go through exactly what the training rows went through.
 */

import { mapEntries } from "../core/by-name.ts";
import { allocate, type TypedArray } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { checkKind } from "../core/kinds.ts";
import type { Tensor } from "../core/tensor.ts";
import { didYouMean, listed, nearest, shown } from "../core/wording.ts";
import { constantTensor } from "../ops/leaf.ts";
import { type CellSource, cellsOf, numberIn, type Row, tableOrRows } from "./cells.ts";
import type { Table } from "./csv.ts";
import { type Dataset, dataset } from "./dataset.ts";
import type { NumberFormat } from "./number-format.ts";
import { checkPreprocessing } from "./preprocessing-check.ts";
import { byTime } from "./table-in-time.ts";
import { rowsFrom, type WindowRule, windowed, windowStarts } from "./table-windows.ts";

/** x becomes (x − mean) / scale; a missing one becomes `fill` first, if there is one. */
export interface NumberRule {
  readonly kind: "number";
  readonly name: string;
  readonly mean: number;
  readonly scale: number;
  readonly fill?: number;
  /** What its numbers are in, where they were written with a unit. */
  readonly unit?: string;
}

/** A category becomes a one-hot row over `values`, and over one more place for missing ones. */
export interface CategoryRule {
  readonly kind: "category";
  readonly name: string;
  readonly values: readonly string[];
  readonly missing?: boolean;
}

/** What becomes of one column. */
export type ColumnRule = NumberRule | CategoryRule;

/** The rules of all columns, fitted on the training part of a table: plain JSON data. */
export interface Preprocessing extends NumberFormat {
  readonly version: 1;
  readonly inputs: readonly ColumnRule[];
  /** Of the column to predict; of a list of columns a list. */
  readonly target: ColumnRule | readonly ColumnRule[];
  /** How many columns the parts of the inputs have, by name, where they have such. */
  readonly parts?: Readonly<Record<string, number>>;
  /** How the training table wrote missing values (and numbers); rows of text are read likewise. */
  readonly missingValues: readonly string[];
  /** Of rows in order of time: the windows that are laid over them. */
  readonly windows?: WindowRule;
}

/** More elements (4 GiB in f64) are refused rather than tried. */
const mostElements = 2 ** 29;

/** The names of the inputs that the rules make: a number's own name; "column=category". */
function inputNamesOf(preprocessing: Preprocessing): string[] {
  return preprocessing.inputs.flatMap((rule) =>
    rule.kind === "number"
      ? [rule.name]
      : [
          ...rule.values.map((value) => `${rule.name}=${value}`),
          ...(rule.missing ? [`${rule.name} is missing`] : []),
        ],
  );
}

const widthOf = (rule: ColumnRule): number =>
  rule.kind === "number" ? 1 : rule.values.length + (rule.missing ? 1 : 0);

/**
 * New rows as inputs for prediction: f64 of shape [rows, inputs], by the rules fitted in training; where
 * these lay windows, all that fit, [windows, length, inputs], the last of them at the end of the rows or
 * less than a step before it. Rows are objects by column name, or a parsed table; further columns are ignored.
 *
 * @throws ChainruleError "data-invalid" for a missing column, a category that did not occur (the
 *   known ones are listed), a cell that is no number, a missing value that training had no rule
 *   for; "data-empty"; "file-corrupt" where the preprocessing itself is damaged.
 */
export function applyPreprocessing(
  preprocessing: Preprocessing,
  rows: Table | readonly Row[],
): Tensor {
  checkPreprocessing(preprocessing);
  checkKind("applyPreprocessing", rows, tableOrRows);
  const source = cellsOf(rows, preprocessing);
  const { windows } = preprocessing;
  const inputs = inputsOf(preprocessing, source, orderOf(preprocessing, source));
  if (windows === undefined) return inputs;
  return rowsFrom(inputs, windowStarts(inputs.shape[0] ?? 0, windows, 0), 0, windows.length);
}

/** New rows with their targets as a dataset, by the rules fitted in training. Errors likewise. */
export function preprocessDataset(
  preprocessing: Preprocessing,
  rows: Table | readonly Row[],
): Dataset {
  checkPreprocessing(preprocessing);
  checkKind("preprocessDataset", rows, tableOrRows);
  const source = cellsOf(rows, preprocessing);
  return datasetOf(preprocessing, source, orderOf(preprocessing, source));
}

/** All rows, in order of time where windows are laid over them and a column says it. */
function orderOf({ windows }: Preprocessing, source: CellSource): readonly number[] | undefined {
  if (windows?.ordered === undefined) return undefined;
  return byTime(
    source,
    Array.from({ length: source.size }, (_, row) => row),
    windows.ordered,
  );
}

/**
 * A prediction of a number target in the units of the table: undoes its standardization. Of a list
 * of targets, that at `index` (default 0).
 *
 * @throws ChainruleError "bad-argument" where there is no such target; "file-corrupt".
 */
export function originalTarget(preprocessing: Preprocessing, value: number, index = 0): number {
  const targets = [checkPreprocessing(preprocessing).target].flat();
  const target = targets[index];
  if (target === undefined) {
    return fail("bad-argument", {
      message: "There is no such target.",
      expected: `a whole number from 0 to ${targets.length - 1}`,
      found: shown(index),
    });
  }
  return target.kind === "number" ? value * target.scale + target.mean : value;
}

/** Inputs and targets of all cells of a source, or of the given rows. */
export function datasetOf(
  preprocessing: Preprocessing,
  source: CellSource,
  rows?: readonly number[],
): Dataset {
  const inputs = inputsOf(preprocessing, source, rows);
  const n = rows?.length ?? source.size;
  const targets = [preprocessing.target].flat();
  const width = targets.length;
  const { values: classes } = classRuleOf(preprocessing) ?? {};
  const data = allocate(classes ? "i32" : "f64", n * width);
  for (const [k, target] of targets.entries()) {
    encodeColumn(target, source, rows, n, (i, place, value) => {
      data[i * width + k] = target.kind === "number" ? value : place;
    });
  }
  const { parts, windows } = preprocessing;
  const each = { inputs, targets: constantTensor(data, classes ? [n] : [n, width]) };
  return dataset({
    ...(windows ? windowed(each, windows) : each),
    ...(classes ? { classes } : {}),
    inputNames: inputNamesOf(preprocessing),
    targetNames: targets.map(({ name }) => name),
    ...(parts ? { inputSizes: partSizes(preprocessing, parts) } : {}),
    preprocessing,
  });
}

/** The rule of a single target that is a class. */
const classRuleOf = ({ target }: Preprocessing): CategoryRule | undefined =>
  "kind" in target && target.kind === "category" ? target : undefined;

/** How many numbers the parts of the inputs have. */
function partSizes(
  { inputs }: Preprocessing,
  parts: Readonly<Record<string, number>>,
): Record<string, number> {
  let from = 0;
  return mapEntries(parts, (columns) => {
    const own = inputs.slice(from, from + columns);
    from += columns;
    return own.reduce((sum, rule) => sum + widthOf(rule), 0);
  });
}

function inputsOf(
  preprocessing: Preprocessing,
  source: CellSource,
  rows?: readonly number[],
): Tensor {
  const n = rows?.length ?? source.size;
  if (n === 0) fail("data-empty", { message: "There are no rows." });
  const width = preprocessing.inputs.reduce((sum, rule) => sum + widthOf(rule), 0);
  if (n * width > mostElements) {
    fail("out-of-memory", {
      message: "The inputs of this table would not fit into memory.",
      expected: `at most ${mostElements} numbers`,
      found: `${n} rows of ${width} inputs`,
      fix: "Take fewer rows, or leave out columns with many categories.",
    });
  }
  const data = allocate("f64", n * width);
  let first = 0;
  const places = preprocessing.inputs.map((rule) => {
    const offset = first;
    first += widthOf(rule);
    return { rule, offset, numbers: rule.kind === "number" && source.numbers?.(rule.name) };
  });
  // Rows of a column lie far apart: some at a time, for all columns, stay with the processor.
  const finite = places.map(() => true);
  for (let begin = 0; begin < n; begin += rowsAtOnce) {
    const end = Math.min(n, begin + rowsAtOnce);
    for (const [i, { rule, offset, numbers }] of places.entries()) {
      if (rule.kind !== "number" || !numbers || !finite[i]) continue;
      const target = { data, width, offset };
      finite[i] = encodedNumbers(rule, numbers, rows, begin, end, target);
    }
  }
  for (const [i, { rule, offset, numbers }] of places.entries()) {
    if (numbers && finite[i]) continue;
    encodeColumn(rule, source, rows, n, (row, place, value) => {
      data[row * width + offset + place] = value;
    });
  }
  return constantTensor(data, [n, width]);
}

/** So many rows of all columns are encoded together. */
const rowsAtOnce = 1024;

/**
 * Numbers that were no text go in directly, since they may be millions; whether they could. Where one
 * cannot be said, all are done again one by one, so that the error names it.
 */
function encodedNumbers(
  { mean, scale, fill = Number.NaN }: NumberRule,
  numbers: Float64Array,
  rows: readonly number[] | undefined,
  begin: number,
  end: number,
  { data, width, offset }: { data: TypedArray; width: number; offset: number },
): boolean {
  let finite = 0;
  for (let i = begin, at = begin * width + offset; i < end; i++, at += width) {
    const raw = numbers[rows === undefined ? i : (rows[i] ?? 0)] ?? Number.NaN;
    const value = ((Number.isNaN(raw) ? fill : raw) - mean) / scale;
    finite += 0 * value;
    data[at] = value;
  }
  return finite === 0;
}

/** Gives each row's value and its place among the rule's inputs: 1 at a category's place. */
function encodeColumn(
  rule: ColumnRule,
  source: CellSource,
  rows: readonly number[] | undefined,
  n: number,
  put: (i: number, place: number, value: number) => void,
): void {
  const read = source.column(rule.name);
  const encode = rule.kind === "number" ? numberEncoder(rule) : categoryEncoder(rule);
  let i = 0;
  const own = (place: number, value: number): void => put(i, place, value);
  for (; i < n; i++) {
    const row = rows === undefined ? i : (rows[i] ?? 0);
    encode(source, read(row), row, own);
  }
}

type Encoder = (
  source: CellSource,
  cell: string | number | undefined,
  row: number,
  put: (place: number, value: number) => void,
) => void;

function numberEncoder({ name, mean, scale, fill, unit }: NumberRule): Encoder {
  return (source, cell, row, put) => {
    const raw = cell === undefined ? fill : numberIn(source, cell, row, name, unit);
    if (raw === undefined) return missingCell(source, row, name, "had no missing values");
    const value = (raw - mean) / scale;
    if (!Number.isFinite(value)) {
      fail("data-invalid", {
        message: `A number in column ${shown(name)} is too large to be standardized.`,
        expected: `a number of the order of ${scale}, as in training`,
        found: shown(cell),
        where: source.where(row, name),
      });
    }
    put(0, value);
  };
}

function categoryEncoder({ name, values, missing }: CategoryRule): Encoder {
  const places = new Map(values.map((value, i) => [value, i]));
  return (source, cell, row, put) => {
    if (cell === undefined) {
      if (!missing) return missingCell(source, row, name, "had no missing values");
      return put(values.length, 1);
    }
    const place = places.get(String(cell));
    if (place === undefined) {
      return fail("data-invalid", {
        message: `The column ${shown(name)} has a category that did not occur in training.`,
        expected: `one of ${listed(values)}`,
        found: shown(String(cell)),
        where: source.where(row, name),
        fix:
          nearest(String(cell), values) === undefined
            ? "Train again on rows that have it, or, if it is a class, list all under `classes`."
            : didYouMean(String(cell), values),
      });
    }
    put(place, 1);
  };
}

function missingCell(source: CellSource, row: number, name: string, why: string): never {
  return fail("data-invalid", {
    message: `A value of column ${shown(name)} is missing.`,
    expected: `a value, since this column ${why} in training`,
    where: source.where(row, name),
    fix: 'Fill it in, or train again with missing: "mean" on a table that lacks some.',
  });
}
