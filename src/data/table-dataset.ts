import { fail } from "../core/errors.ts";
import { checkNames } from "../core/options.ts";
import { listed, shown } from "../core/wording.ts";
import { type CellSource, numberIn, tableCells } from "./cells.ts";
import { type Table, type TableColumn, unknownColumn } from "./csv.ts";
import { checkIndices, type Dataset } from "./dataset.ts";
import {
  type CategoryRule,
  datasetOf,
  type NumberRule,
  type Preprocessing,
} from "./preprocessing.ts";
import { place } from "./records.ts";
import { splitIndices } from "./split.ts";

export interface TableDatasetOptions {
  /** The column to predict: a category gives class labels, a number a regression. */
  readonly target: string;
  /** The columns to predict from, in this order; default: all others. */
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
  inputs: true,
  missing: true,
  standardize: true,
  standardizeTarget: true,
  validation: true,
  seed: true,
  stratify: true,
  maxCategories: true,
};

export interface TableDataset {
  readonly train: Dataset;
  readonly validation: Dataset | undefined;
  /** What was fitted, to be stored with the model and applied to new rows. */
  readonly preprocessing: Preprocessing;
  /** Remarks worth showing: constant columns, rows left out. */
  readonly notes: readonly string[];
}

/**
 * A table as datasets: number columns standardized (mean and population standard deviation of the
 * training part only; a constant column is divided by 1), categories one-hot over their sorted
 * values. Inputs f64 [n, inputs]; targets i32 labels [n] or f64 [n, 1].
 *
 * @throws ChainruleError "data-invalid" for an unknown column, missing values (by default), a cell
 *   that is no number in a number column; "data-empty"; "bad-argument".
 */
export function tableDataset(table: Table, options: TableDatasetOptions): TableDataset {
  checkNames("tableDataset", options, Object.keys(optionNames));
  const policy = options.missing ?? "error";
  if (policy !== "error" && policy !== "drop" && policy !== "mean") {
    fail("bad-argument", {
      message: "This is no way to treat missing values.",
      expected: '"error", "drop" or "mean"',
      found: shown(policy),
    });
  }
  const { target, inputs } = chosenColumns(table, options);
  const source = tableCells(table);
  const notes: string[] = [];
  const kept = keptRows(table, source, target, inputs, policy, notes);
  const parts = divide(table, source, target, kept, options);
  const fit: Fit = { source, ...parts, all: kept, constant: [] };
  const preprocessing: Preprocessing = {
    version: 1,
    inputs: inputs.map((column) =>
      column.type === "number"
        ? numberRule(column, fit, options.standardize ?? true, policy === "mean")
        : categoryRule(column, fit, options.maxCategories ?? 1000),
    ),
    target:
      target.type === "number"
        ? numberRule(target, fit, options.standardizeTarget ?? false, false)
        : categoryRule(target, fit, Number.POSITIVE_INFINITY),
    missingValues: table.missingValues,
    decimal: table.decimal,
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

function chosenColumns(
  table: Table,
  options: TableDatasetOptions,
): { target: TableColumn; inputs: readonly TableColumn[] } {
  const names = table.columns.map((column) => column.name);
  const named = (name: string): TableColumn =>
    table.columns.find((column) => column.name === name) ??
    unknownColumn(name, names, table.source);
  const target = named(options.target);
  const inputs = options.inputs?.map(named) ?? table.columns.filter((other) => other !== target);
  if (inputs.length === 0 || inputs.includes(target) || new Set(inputs).size < inputs.length) {
    fail("bad-argument", {
      message: "These columns cannot be the inputs.",
      expected: "at least one column, each only once, and not the target",
      found: inputs.length === 0 ? "none" : inputs.map(({ name }) => shown(name)).join(", "),
      where: table.source,
    });
  }
  return { target, inputs };
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
  const keep = new Uint8Array(table.size).fill(1);
  const found: string[] = [];
  for (const column of [...inputs, target]) {
    const read = source.column(column.name);
    let count = 0;
    let first = -1;
    for (let row = 0; row < table.size; row++) {
      if (read(row) !== undefined) continue;
      if (count++ === 0) first = row;
      if (policy === "drop" || column === target) keep[row] = 0;
    }
    if (count === table.size) {
      fail("data-invalid", {
        message: `Column ${shown(column.name)} has no values at all.`,
        expected: "at least one value",
        where: table.source,
        fix: "Leave it out of `inputs`, or check the delimiter and the list of missing values.",
      });
    }
    const at = first < 0 ? "" : place(undefined, table.lines[first]);
    if (count > 0) found.push(`${count} in ${shown(column.name)} (first on ${at})`);
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
  const dropped = table.size - rows.length;
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
    notes.push(`${dropped} of ${table.size} rows ${lacking} and were left out.`);
  }
  return rows;
}

interface Parts {
  readonly train: readonly number[];
  readonly validation: readonly number[];
}

function divide(
  table: Table,
  source: CellSource,
  target: TableColumn,
  kept: readonly number[],
  { validation, seed = 0, stratify = true }: TableDatasetOptions,
): Parts {
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
      train: parts.train.map((i) => kept[i]),
      validation: parts.validation.map((i) => kept[i]),
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

interface Fit extends Parts {
  readonly source: CellSource;
  readonly all: readonly number[];
  /** Columns that are to be scaled but have one value, with this value. */
  readonly constant: [name: string, value: number][];
}

/** More constant columns than this share a note. */
const mostNotes = 5;

function constantNotes(columns: Fit["constant"]): string[] {
  const where = "constant in the training part";
  if (columns.length > mostNotes) {
    return [`${columns.length} columns are ${where}: ${listed(columns.map(([name]) => name))}.`];
  }
  return columns.map(([name, value]) => `Column ${shown(name)} is ${where} (${value}).`);
}

/** Mean and population standard deviation of the training rows. */
function numberRule({ name }: TableColumn, fit: Fit, scale: boolean, fill: boolean): NumberRule {
  const read = fit.source.column(name);
  const values: number[] = [];
  for (const row of fit.train) {
    const cell = read(row);
    if (cell !== undefined) values.push(numberIn(fit.source, cell, row, name));
  }
  if (values.length === 0) {
    fail("data-invalid", {
      message: `Column ${shown(name)} has no value in the training part, so it has no mean.`,
      fix: "Leave it out of `inputs`, or divide the rows differently.",
    });
  }
  let mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  // Rounding could leave the mean of equal values beside them.
  const constant = values.every((value) => value === values[0]);
  if (constant) mean = values[0];
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / values.length);
  if ((scale && !Number.isFinite(deviation)) || ((scale || fill) && !Number.isFinite(mean))) {
    fail("data-invalid", {
      message: `The numbers in column ${shown(name)} are too large to be averaged.`,
      fix: "Use other units, such as millions.",
    });
  }
  const plain = deviation === 0 || !scale;
  if (constant && scale) fit.constant.push([name, mean]);
  return {
    kind: "number",
    name,
    mean: scale ? mean : 0,
    scale: plain ? 1 : deviation,
    ...(fill ? { fill: mean } : {}),
  };
}

/** The values of all rows, sorted, so that no part of a division lacks one. */
function categoryRule({ name }: TableColumn, fit: Fit, most: number): CategoryRule {
  const read = fit.source.column(name);
  const values = new Set<string>();
  let missing = false;
  for (const row of fit.all) {
    const cell = read(row);
    if (cell === undefined) missing = true;
    else values.add(String(cell));
  }
  if (values.size > most) {
    fail("data-invalid", {
      message: `Column ${shown(name)} has too many categories: each would become an input.`,
      expected: `at most ${most} (the option maxCategories)`,
      found: `${values.size} in ${fit.all.length} rows`,
      fix: "Leave it out by listing the other columns in `inputs`, or raise maxCategories.",
    });
  }
  return {
    kind: "category",
    name,
    values: [...values].sort(byValue),
    ...(missing ? { missing: true } : {}),
  };
}

/** Numbers by value, then text by code unit: the order depends on no locale. */
function byValue(a: string, b: string): number {
  const [x, y] = [Number(a), Number(b)];
  const order = Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || x - y;
  return order || (a < b ? -1 : a > b ? 1 : 0);
}
