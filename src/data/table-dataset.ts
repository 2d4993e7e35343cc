import { at } from "../core/at.ts";
import { mapEntries } from "../core/by-name.ts";
import { fail } from "../core/errors.ts";
import { checkKind, isText } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { shown } from "../core/wording.ts";
import { aTable, type CellSource, tableCells } from "./cells.ts";
import { columnNotes, filledNotes, rowNumberNotes, totalNotes } from "./column-notes.ts";
import type { Table, TableColumn } from "./csv.ts";
import { checkIndices, type Dataset, firstNotFinite } from "./dataset.ts";
import {
  type ColumnScale,
  categoryRule,
  checkScales,
  classRule,
  constantNotes,
  type FittedRows,
  labelRule,
  numberRule,
  targetRule,
} from "./fit-rules.ts";
import { type ColumnRule, datasetOf, type Preprocessing } from "./preprocessing.ts";
import { place } from "./records.ts";
import { splitIndices } from "./split.ts";
import {
  checkColumnNames,
  chosenColumns,
  dividingColumns,
  emptyRowNotes,
  inputParts,
  writtenRows,
} from "./table-columns.ts";
import { checkForWindows, inTime, rowsInTime } from "./table-in-time.ts";
import { asLabels, timesIn, valuesIn } from "./table-times.ts";
import { type TableWindows, windowRule } from "./table-windows.ts";

/** What `tableDataset` makes of a table's columns. */
export interface TableDatasetOptions {
  /**
   * The column to predict: a category gives class labels, a number a regression. A list of columns
   * gives as many numbers for each row: its own of a number, 0 or 1 of a category of two values
   * (the second of them in order is 1), as several labels for each example are written.
   */
  readonly target: string | readonly string[];
  /**
   * The classes of the target in the order of their labels; the target is then a category. Default:
   * the values that occur, numbers by value and then text by code unit.
   */
  readonly classes?: readonly string[];
  /**
   * The columns to predict from, in this order; default: all others that have values. Or lists of
   * them by name, for a model of several inputs: the parts follow each other along the last axis,
   * and `inputSizes` of the dataset says how large each is.
   */
  readonly inputs?: readonly string[] | Readonly<Record<string, readonly string[]>>;
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
  /**
   * Scales of columns of numbers, inputs or target, in the place of those that are fitted: (x −
   * mean)/deviation, or (x − min)/(max − min).
   */
  readonly scales?: Readonly<Record<string, ColumnScale>>;
  /** The fraction set aside for validation, or the row numbers (from 0); default: none. */
  readonly validation?: number | readonly number[];
  /** The seed of a random division, default 0. */
  readonly seed?: number;
  /** Keep the proportions of the classes in a random division; default true. */
  readonly stratify?: boolean;
  /**
   * A column that says what belongs together, such as the patient: no value of it is in both parts.
   * It is no input unless `inputs` names it.
   */
  readonly groups?: string;
  /**
   * Validate with the last rows: `true` as the table stands, or by a column of numbers or of dates
   * such as 2024-12-31 or 2024-12-31T18:00 (UTC where no zone is said), which is no input unless
   * `inputs` names it.
   */
  readonly ordered?: boolean | string;
  /** With `ordered`: how many rows are left out just before the validation part; default 0. */
  readonly gap?: number;
  /** The most categories that one input column may have; default 1000. */
  readonly maxCategories?: number;
  /**
   * Windows over the rows, as of a time series: `length` rows go in, and the targets of the `horizon`
   * rows behind them come out. Rows are in order of time, as they stand or by the column that `ordered`
   * names, at equal distances. All columns but that go in, the targets' past, too, unless `inputs` names
   * them. A fraction for validation is that of the last rows, and no window reaches over the border.
   */
  readonly windows?: TableWindows;
}

const optionNames: Readonly<Record<keyof TableDatasetOptions, true>> = {
  target: true,
  classes: true,
  inputs: true,
  missing: true,
  standardize: true,
  standardizeTarget: true,
  scales: true,
  validation: true,
  seed: true,
  stratify: true,
  groups: true,
  ordered: true,
  gap: true,
  maxCategories: true,
  windows: true,
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
 * their sorted values. Inputs f64 [n, inputs]; targets i32 labels [n] or f64 [n, 1], of a list of
 * columns f64 [n, columns].
 *
 * @throws ChainruleError "data-invalid" for an unknown column, missing values (by default), a cell
 *   that is no number in a number column, numbers in different units, a target of a single class,
 *   or in a list of targets of more than two;
 *   "data-empty"; "bad-argument".
 */
export function tableDataset(table: Table, options: TableDatasetOptions): TableDataset {
  checkNames("tableDataset", options, Object.keys(optionNames));
  checkKind("tableDataset", table, aTable);
  checkColumnNames(options);
  const windows = options.windows && windowRule(options.windows);
  if (windows) checkForWindows(options);
  const policy = options.missing ?? "error";
  if (policy !== "error" && policy !== "drop" && policy !== "mean") {
    fail("bad-argument", {
      message: "This is no way to treat missing values.",
      expected: '"error", "drop" or "mean"',
      found: shown(policy),
    });
  }
  const notes: string[] = [...(table.notes ?? [])];
  const { targets, inputs } = chosenColumns(table, options, notes);
  const source = tableCells(table);
  const needed = [...targets.map(({ name }) => name), ...dividingColumns(options)];
  const used = [...new Set([...inputs.map(({ name }) => name), ...needed])];
  const found = keptRows(table, source, used, needed, policy, notes);
  const labelled = isText(options.target) ? targets[0] : undefined;
  const kept = windows ? rowsInTime(table, source, found, options) : found;
  // In order of time, the last rows are the last in the list.
  const dividing = windows ? inTime(options) : options;
  const parts = divide(table, source, labelled, kept, dividing, notes);
  const { scales } = options;
  checkScales(scales, [...inputs, ...targets]);
  const fit: FittedRows = {
    ...{ source, ...parts, all: kept, constant: [] },
    ...(scales === undefined ? {} : { scales }),
  };
  for (const column of [...inputs, ...targets]) notes.push(...columnNotes(table, column, kept));
  if (policy === "mean") notes.push(...filledNotes(table, inputs, kept));
  notes.push(...rowNumberNotes(inputs), ...totalNotes(table));
  const { standardize = true, standardizeTarget = false, maxCategories = 1000 } = options;
  const ruleOf = (target: TableColumn): ColumnRule => {
    if (target.type === "number") return targetRule(target, fit, standardizeTarget, notes);
    return labelled ? classRule(target, fit, options.classes) : labelRule(target, fit);
  };
  const named = inputParts(options.inputs);
  const preprocessing: Preprocessing = {
    version: 1,
    inputs: inputs.map((column) =>
      column.type === "number"
        ? numberRule(column, fit, standardize, policy === "mean")
        : categoryRule(column, fit, maxCategories),
    ),
    target: labelled ? ruleOf(labelled) : targets.map(ruleOf),
    ...(named === undefined ? {} : { parts: mapEntries(named, (columns) => columns.length) }),
    missingValues: table.missingValues,
    decimal: table.decimal,
    ...(table.thousands === undefined ? {} : { thousands: table.thousands }),
    ...(table.units === undefined ? {} : { units: table.units }),
    ...(windows && {
      windows: { ...windows, ...(isText(options.ordered) && { ordered: options.ordered }) },
    }),
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

/** The rows that can be used under the policy; reports what is missing where it must. */
function keptRows(
  table: Table,
  source: CellSource,
  used: readonly string[],
  needed: readonly string[],
  policy: "error" | "drop" | "mean",
  notes: string[],
): readonly number[] {
  const written = writtenRows(table);
  const keep = new Uint8Array(table.size);
  for (const row of written) keep[row] = 1;
  notes.push(...emptyRowNotes(table, written));
  const found: string[] = [];
  for (const column of used) {
    const { numbers } = table.columns.find(({ name }) => name === column) ?? {};
    // Most files of numbers lack none.
    if (numbers !== undefined && firstNotFinite(numbers) < 0) continue;
    const read = source.column(column);
    let count = 0;
    let first = -1;
    for (const row of written) {
      if (read(row) !== undefined) continue;
      if (count++ === 0) first = row;
      if (policy === "drop" || needed.includes(column)) keep[row] = 0;
    }
    if (count === written.length) {
      fail("data-invalid", {
        message: `Column ${shown(column)} has no values at all.`,
        expected: "at least one value",
        where: table.source,
        fix: "Leave it out of `inputs`, or check the delimiter and the list of missing values.",
      });
    }
    const where = first < 0 ? "" : place(undefined, at(table.lines, first));
    if (count > 0) found.push(`${count} in ${shown(column)} (first on ${where})`);
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
  target: TableColumn | undefined,
  kept: readonly number[],
  options: TableDatasetOptions,
  notes: string[],
): Pick<FittedRows, "train" | "validation"> {
  const { validation, seed = 0, stratify, groups, ordered, gap } = options;
  const dividing = { stratify, groups, ordered: ordered === false ? undefined : ordered, gap };
  const asked = Object.entries(dividing).filter(([, value]) => value !== undefined);
  if (typeof validation !== "number" || validation === 0) {
    // What is said about a division that is not made would be ignored in silence.
    const [odd] = asked.filter(([name]) => name !== "stratify");
    if (odd !== undefined) {
      fail("bad-argument", {
        message: `There is no division that ${shown(odd[0])} could decide.`,
        expected: "a fraction for validation, such as 0.2",
        found: `validation: ${shown(validation)}`,
        fix: "Say validation: 0.2, or another fraction.",
      });
    }
  }
  if (validation === undefined || validation === 0) return { train: kept, validation: [] };
  if (typeof validation === "number") {
    const alone = groups === undefined && dividing.ordered === undefined;
    const labelled = alone && stratify !== false && target?.type === "category";
    const parts = splitIndices(
      kept.length,
      {
        validation,
        seed,
        ...(stratify === undefined ? {} : { stratify }),
        ...(groups === undefined ? {} : { groups: valuesIn(source, groups, kept) }),
        ...(dividing.ordered === undefined
          ? {}
          : { ordered: isText(ordered) ? timesIn(source, ordered, kept) : true }),
        ...(gap === undefined ? {} : { gap }),
      },
      labelled ? asLabels(valuesIn(source, target.name, kept)) : undefined,
    );
    const left = kept.length - parts.train.length - parts.validation.length;
    if (left > 0) {
      const were = left === 1 ? "row is" : "rows are";
      notes.push(`${left} ${were} in neither part: just before the validation part in time.`);
    }
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
