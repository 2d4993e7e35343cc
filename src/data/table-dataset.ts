import { at } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import { areTexts, checkKind, isText } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { listed, shown } from "../core/wording.ts";
import { aTable, type CellSource, tableCells } from "./cells.ts";
import { columnNotes, filledNotes, rowNumberNotes, totalNotes } from "./column-notes.ts";
import { type Table, type TableColumn, unknownColumn } from "./csv.ts";
import { checkIndices, type Dataset, firstNotFinite } from "./dataset.ts";
import {
  categoryRule,
  classRule,
  constantNotes,
  type FittedRows,
  numberRule,
  targetRule,
} from "./fit-rules.ts";
import { datasetOf, type Preprocessing } from "./preprocessing.ts";
import { place } from "./records.ts";
import { splitIndices } from "./split.ts";
import { columnAdvice } from "./table-advice.ts";

/** What `tableDataset` makes of a table's columns. */
export interface TableDatasetOptions {
  /** The column to predict: a category gives class labels, a number a regression. */
  readonly target: string;
  /**
   * The classes of the target in the order of their labels; the target is then a category. Default:
   * the values that occur, numbers by value and then text by code unit.
   */
  readonly classes?: readonly string[];
  /** The columns to predict from, in this order; default: all others that have values. */
  readonly inputs?: readonly string[];
  /**
   * What is done about missing values: "error" (default) reports them; "drop" leaves out their
   * rows; "mean" gives numbers the mean of the training part and categories a category of their
   * own (and leaves out rows without a target).
   */
  readonly missing?: "error" | "drop" | "mean";
  /** Scale number inputs to mean 0 and standard deviation 1; default true. */
  readonly standardize?: boolean;
  /** Scale a number target likewise; default false. */
  readonly standardizeTarget?: boolean;
  /** The fraction set aside for validation, or the row numbers (from 0); default: none. */
  readonly validation?: number | readonly number[];
  /** The seed of a random division, default 0. */
  readonly seed?: number;
  /** Keep the proportions of the classes in a random division; default true. */
  readonly stratify?: boolean;
  /** The most categories that one input column may have; default 1000. */
  readonly maxCategories?: number;
}

const optionNames: Readonly<Record<keyof TableDatasetOptions, true>> = {
  target: true,
  classes: true,
  inputs: true,
  missing: true,
  standardize: true,
  standardizeTarget: true,
  validation: true,
  seed: true,
  stratify: true,
  maxCategories: true,
};

/** A table as numbers: datasets, the rules that made them, and remarks. */
export interface TableDataset {
  readonly train: Dataset;
  readonly validation: Dataset | undefined;
  /** What was fitted, to be stored with the model and applied to new rows. */
  readonly preprocessing: Preprocessing;
  /** Remarks worth showing: what was left out, what could be meant otherwise, constant columns. */
  readonly notes: readonly string[];
}

/**
 * A table as datasets: number columns standardized (mean and population standard deviation of the
 * training part only; a constant column, but for rounding, is divided by 1), categories one-hot over
 * their sorted values. Inputs f64 [n, inputs]; targets i32 labels [n] or f64 [n, 1].
 *
 * @throws ChainruleError "data-invalid" for an unknown column, missing values (by default), a cell
 *   that is no number in a number column, numbers in different units, a target of a single class;
 *   "data-empty"; "bad-argument".
 */
export function tableDataset(table: Table, options: TableDatasetOptions): TableDataset {
  checkNames("tableDataset", options, Object.keys(optionNames));
  checkKind("tableDataset", table, aTable);
  checkColumnNames(options);
  const policy = options.missing ?? "error";
  if (policy !== "error" && policy !== "drop" && policy !== "mean") {
    fail("bad-argument", {
      message: "This is no way to treat missing values.",
      expected: '"error", "drop" or "mean"',
      found: shown(policy),
    });
  }
  const notes: string[] = [...(table.notes ?? [])];
  const { target, inputs } = chosenColumns(table, options, notes);
  const source = tableCells(table);
  const kept = keptRows(table, source, target, inputs, policy, notes);
  const parts = divide(table, source, target, kept, options);
  const fit: FittedRows = { source, ...parts, all: kept, constant: [] };
  for (const column of [...inputs, target]) notes.push(...columnNotes(table, column, kept));
  if (policy === "mean") notes.push(...filledNotes(table, inputs, kept));
  notes.push(...rowNumberNotes(inputs), ...totalNotes(table));
  const { standardize = true, standardizeTarget = false, maxCategories = 1000 } = options;
  const preprocessing: Preprocessing = {
    version: 1,
    inputs: inputs.map((column) =>
      column.type === "number"
        ? numberRule(column, fit, standardize, policy === "mean")
        : categoryRule(column, fit, maxCategories),
    ),
    target:
      target.type === "number"
        ? targetRule(target, fit, standardizeTarget, notes)
        : classRule(target, fit, options.classes),
    missingValues: table.missingValues,
    decimal: table.decimal,
    ...(table.thousands === undefined ? {} : { thousands: table.thousands }),
    ...(table.units === undefined ? {} : { units: table.units }),
  };
  notes.push(...constantNotes(fit.constant));
  return {
    train: datasetOf(preprocessing, source, parts.train),
    validation:
      parts.validation.length === 0
        ? undefined
        : datasetOf(preprocessing, source, parts.validation),
    preprocessing,
    notes,
  };
}

/** Some rows of a table, as a table. */
export const chosenRows = (table: Table, rows: readonly number[]): Table => ({
  ...table,
  size: rows.length,
  lines: rows.map((row) => at(table.lines, row)),
  columns: table.columns.map((column) => ({
    ...column,
    cells: rows.map((row) => at(column.cells, row)),
  })),
});

/** "2 of 4 rows are empty and were left out (first on line 3)." */
export function emptyRowNotes(table: Table, written: readonly number[]): string[] {
  const blank = table.size - written.length;
  if (blank === 0 || written.length === 0) return [];
  const gap = written.findIndex((row, i) => row !== i);
  const first = place(undefined, at(table.lines, gap < 0 ? written.length : gap));
  const [are, were] = blank === 1 ? ["is", "was"] : ["are", "were"];
  return [`${blank} of ${table.size} rows ${are} empty and ${were} left out (first on ${first}).`];
}

/** The names of columns, as they are given. */
function checkColumnNames({ target, inputs, validation }: TableDatasetOptions): void {
  if (!isText(target)) {
    fail("bad-argument", {
      message: "tableDataset predicts one column, given by its name.",
      expected: 'a text, such as target: "price"',
      found: shown(target),
      ...(Array.isArray(target)
        ? { fix: "Name one column; for several, make a dataset of each, or use examples." }
        : {}),
    });
  }
  if (inputs !== undefined && !areTexts(inputs)) {
    fail("bad-argument", {
      message: "tableDataset takes the columns to predict from by their names.",
      expected: 'an array of texts, such as inputs: ["size", "rooms"]',
      found: shown(inputs),
    });
  }
  if (validation === undefined || typeof validation === "number" || Array.isArray(validation))
    return;
  fail("bad-argument", {
    message: "tableDataset cannot set this aside for validation.",
    expected: "a fraction such as 0.2, or an array of row numbers",
    found: shown(validation),
  });
}

function chosenColumns(
  table: Table,
  options: TableDatasetOptions,
  notes: string[],
): { target: TableColumn; inputs: readonly TableColumn[] } {
  const names = table.columns.map((column) => column.name);
  const named = (name: string): TableColumn =>
    table.columns.find((column) => column.name === name) ??
    unknownColumn(name, names, table.source, columnAdvice(table, name));
  const target = named(options.target);
  const others = table.columns.filter((other) => other !== target);
  const empty = options.inputs === undefined ? others.filter((c) => isEmpty(table, c)) : [];
  const inputs =
    options.inputs?.map(named) ??
    (empty.length === others.length ? others : others.filter((c) => !empty.includes(c)));
  if (empty.length > 0 && empty.length < others.length) {
    const [have, were] = empty.length === 1 ? ["column has", "was"] : ["columns have", "were"];
    notes.push(
      `${empty.length} ${have} no values and ${were} left out: ${listed(empty.map((c) => c.name))}.`,
    );
  }
  if (inputs.length === 0 || inputs.includes(target) || new Set(inputs).size < inputs.length) {
    fail("bad-argument", {
      message: "These columns cannot be the inputs.",
      expected: "at least one column, each only once, and not the target",
      found: inputs.length === 0 ? "none" : inputs.map(({ name }) => shown(name)).join(", "),
      where: table.source,
    });
  }
  const { classes } = options;
  if (classes === undefined) return { target, inputs };
  if (!Array.isArray(classes) || classes.length === 0 || new Set(classes).size < classes.length) {
    fail("bad-argument", {
      message: "These cannot be the classes of the target.",
      expected: 'a list of different names, such as ["no", "yes"]',
      found: Array.isArray(classes) ? listed(classes) : shown(classes),
    });
  }
  return { target: { ...target, type: "category", declared: true }, inputs };
}

/** Whether no row has a value in a column. */
export function isEmpty(table: Table, column: TableColumn): boolean {
  if (column.numbers !== undefined) return column.numbers.every(Number.isNaN);
  const missing = new Set(table.missingValues);
  return column.cells.every((cell) => missing.has(cell));
}

/** The rows of a table in which something is written; spreadsheets put empty ones at the end. */
export function writtenRows(table: Table): number[] {
  const columns = table.columns.map((column) => {
    const { numbers } = column;
    if (numbers !== undefined) return (row: number) => !Number.isNaN(numbers[row]);
    const { cells } = column;
    return (row: number) => cells[row] !== "";
  });
  const rows: number[] = [];
  for (let row = 0; row < table.size; row++) {
    if (columns.some((isWritten) => isWritten(row))) rows.push(row);
  }
  return rows;
}

/** The rows that can be used under the policy; reports what is missing where it must. */
function keptRows(
  table: Table,
  source: CellSource,
  target: TableColumn,
  inputs: readonly TableColumn[],
  policy: "error" | "drop" | "mean",
  notes: string[],
): readonly number[] {
  const written = writtenRows(table);
  const keep = new Uint8Array(table.size);
  for (const row of written) keep[row] = 1;
  notes.push(...emptyRowNotes(table, written));
  const found: string[] = [];
  for (const column of [...inputs, target]) {
    // Most files of numbers lack none.
    if (column.numbers !== undefined && firstNotFinite(column.numbers) < 0) continue;
    const read = source.column(column.name);
    let count = 0;
    let first = -1;
    for (const row of written) {
      if (read(row) !== undefined) continue;
      if (count++ === 0) first = row;
      if (policy === "drop" || column === target) keep[row] = 0;
    }
    if (count === written.length) {
      fail("data-invalid", {
        message: `Column ${shown(column.name)} has no values at all.`,
        expected: "at least one value",
        where: table.source,
        fix: "Leave it out of `inputs`, or check the delimiter and the list of missing values.",
      });
    }
    const where = first < 0 ? "" : place(undefined, at(table.lines, first));
    if (count > 0) found.push(`${count} in ${shown(column.name)} (first on ${where})`);
  }
  if (policy === "error" && found.length > 0) {
    fail("data-invalid", {
      message: "Some values are missing.",
      expected: "a value in every cell that is used",
      found: `missing: ${found.slice(0, 20).join(", ")}`,
      where: table.source,
      fix: 'Say missing: "drop" to leave out such rows, or missing: "mean" to fill them in.',
    });
  }
  const rows: number[] = [];
  for (let row = 0; row < table.size; row++) if (keep[row] === 1) rows.push(row);
  const dropped = written.length - rows.length;
  if (rows.length === 0) {
    fail("data-empty", {
      message: "Every row has a missing value, so that none is left.",
      found: `missing: ${found.slice(0, 20).join(", ")}`,
      where: table.source,
      fix: 'Leave out the columns that lack most, or say missing: "mean".',
    });
  }
  if (dropped > 0) {
    const lacking = policy === "mean" ? "have no target" : "have missing values";
    notes.push(`${dropped} of ${written.length} rows ${lacking} and were left out.`);
  }
  return rows;
}

function divide(
  table: Table,
  source: CellSource,
  target: TableColumn,
  kept: readonly number[],
  { validation, seed = 0, stratify = true }: TableDatasetOptions,
): Pick<FittedRows, "train" | "validation"> {
  if (validation === undefined || validation === 0) return { train: kept, validation: [] };
  if (typeof validation === "number") {
    const read = source.column(target.name);
    const labels = new Map<string | number | undefined, number>();
    const classOf = (row: number): number => {
      const known = labels.get(read(row));
      if (known === undefined) labels.set(read(row), labels.size);
      return known ?? labels.size - 1;
    };
    const classes = stratify && target.type === "category" ? kept.map(classOf) : undefined;
    const parts = splitIndices(kept.length, { validation, seed, stratify }, classes);
    return {
      train: parts.train.map((i) => at(kept, i)),
      validation: parts.validation.map((i) => at(kept, i)),
    };
  }
  checkIndices(validation, table.size);
  const chosen = new Set(validation);
  const parts = {
    train: kept.filter((row) => !chosen.has(row)),
    validation: kept.filter((row) => chosen.has(row)),
  };
  if (chosen.size < validation.length || parts.train.length === 0) {
    fail("bad-argument", {
      message: "These rows cannot be the validation part.",
      expected: "different rows, and others that are left to train on",
      found: `${validation.length} rows of ${table.size}, ${chosen.size} of them different`,
    });
  }
  return parts;
}
