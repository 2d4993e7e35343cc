/** The columns of a table that a dataset is made of, and the rows in which something is written. */

import { at } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import { areTexts, isRecord, isText } from "../core/kinds.ts";
import { listed, shown } from "../core/wording.ts";
import { type Table, type TableColumn, unknownColumn } from "./csv.ts";
import { place } from "./records.ts";
import { columnAdvice } from "./table-advice.ts";
import type { TableDatasetOptions } from "./table-dataset.ts";

/** Some rows of a table, as a table. */
export const chosenRows = (table: Table, rows: readonly number[]): Table => ({
  ...table,
  size: rows.length,
  lines: rows.map((row) => at(table.lines, row)),
  columns: table.columns.map((column) => ({
    ...column,
    cells: rows.map((row) => at(column.cells, row)),
    ...(column.numbers && { numbers: picked(column.numbers, rows) }),
  })),
});

const picked = (numbers: Float64Array, rows: readonly number[]): Float64Array =>
  Float64Array.from(rows, (row) => at(numbers, row));

/** "2 of 4 rows are empty and were left out (first on line 3)." */
export function emptyRowNotes(table: Table, written: readonly number[]): string[] {
  const blank = table.size - written.length;
  if (blank === 0 || written.length === 0) return [];
  const gap = written.findIndex((row, i) => row !== i);
  return blankNotes(blank, table.size, at(table.lines, gap < 0 ? written.length : gap));
}

/** The same of so many empty rows, the first of which stands on that line. */
export function blankNotes(blank: number, size: number, line: number): string[] {
  if (blank === 0) return [];
  const [are, were] = blank === 1 ? ["is", "was"] : ["are", "were"];
  const first = place(undefined, line);
  return [`${blank} of ${size} rows ${are} empty and ${were} left out (first on ${first}).`];
}

/** The names of columns, as they are given. */
export function checkColumnNames(options: TableDatasetOptions): void {
  const { target, inputs, validation, groups, ordered } = options;
  if (!isText(target) && !areTexts(target)) {
    fail("bad-argument", {
      message: "tableDataset predicts a column, given by its name, or several.",
      expected: 'a text, such as target: "price", or an array of texts',
      found: shown(target),
    });
  }
  const parts = isRecord(inputs) ? Object.values(inputs) : [inputs ?? []];
  if (!parts.every((part) => areTexts(part))) {
    fail("bad-argument", {
      message: "tableDataset takes the columns to predict from by their names.",
      expected: 'an array of texts, such as inputs: ["size", "rooms"], or such arrays by name',
      found: shown(inputs),
    });
  }
  for (const [name, value] of Object.entries({ groups, ordered })) {
    if (value === undefined || isText(value)) continue;
    if (name === "ordered" && typeof value === "boolean") continue;
    fail("bad-argument", {
      message: `tableDataset takes a column for ${shown(name)}, by its name.`,
      expected: name === "groups" ? 'a text, such as groups: "patient"' : 'true, or "day"',
      found: shown(value),
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

export function chosenColumns(
  table: Table,
  options: TableDatasetOptions,
  notes: string[],
): { targets: readonly TableColumn[]; inputs: readonly TableColumn[] } {
  const names = table.columns.map((column) => column.name);
  const taken = [options.target, Object.values(options.inputs ?? {})].flat(3);
  const named = (name: string): TableColumn =>
    table.columns.find((column) => column.name === name) ??
    unknownColumn(name, names, table.source, columnAdvice(table, name, taken));
  const targets = [options.target].flat().map(named);
  if (targets.length === 0 || new Set(targets).size < targets.length) {
    fail("bad-argument", {
      message: "These columns cannot be the targets.",
      expected: "at least one column, each only once",
      found: targets.length === 0 ? "none" : targets.map(({ name }) => shown(name)).join(", "),
      where: table.source,
      fix: targets.length === 0 ? "Name a column as the target." : "Name each target once.",
    });
  }
  const dividing = dividingColumns(options).map(named);
  // What was is known when what comes is foretold.
  const past = options.windows !== undefined;
  const others = table.columns.filter(
    (c) => (past || !targets.includes(c)) && !dividing.includes(c),
  );
  const empty = options.inputs === undefined ? others.filter((c) => isEmpty(table, c)) : [];
  const inputs =
    inputColumns(options.inputs)?.map(named) ??
    (empty.length === others.length ? others : others.filter((c) => !empty.includes(c)));
  if (empty.length > 0 && empty.length < others.length) {
    const [have, were] = empty.length === 1 ? ["column has", "was"] : ["columns have", "were"];
    notes.push(
      `${empty.length} ${have} no values and ${were} left out: ${listed(empty.map((c) => c.name))}.`,
    );
  }
  const mixed = !past && inputs.some((column) => targets.includes(column));
  if (inputs.length === 0 || mixed || new Set(inputs).size < inputs.length) {
    fail("bad-argument", {
      message: "These columns cannot be the inputs.",
      expected: "at least one column, each only once, and no target",
      found: inputs.length === 0 ? "none" : inputs.map(({ name }) => shown(name)).join(", "),
      where: table.source,
      fix:
        inputs.length === 0
          ? "Name a column that is no target, or leave `inputs` out: all others are taken."
          : "Name each input once, and no target among them.",
    });
  }
  checkParts(options.inputs);
  const { classes } = options;
  if (classes === undefined) return { targets, inputs };
  if (!isText(options.target)) {
    fail("bad-argument", {
      message: "Classes are those of one target, and here the targets are a list.",
      expected: "classes with a single target",
      found: `${listed(classes)} with ${targets.length} in a list`,
      fix: "Leave `classes` out: in a list each target is a number, or one of two values.",
    });
  }
  if (!Array.isArray(classes) || classes.length === 0 || new Set(classes).size < classes.length) {
    fail("bad-argument", {
      message: "These cannot be the classes of the target.",
      expected: 'a list of different names, such as ["no", "yes"]',
      found: Array.isArray(classes) ? listed(classes) : shown(classes),
    });
  }
  return { targets: targets.map((t) => ({ ...t, type: "category", declared: true })), inputs };
}

/** The names of the columns to predict from, in order. */
export const inputColumns = (
  inputs: TableDatasetOptions["inputs"],
): readonly string[] | undefined =>
  isRecord(inputs) ? Object.values(inputs as InputParts).flat() : inputs;

/** The parts of the inputs by name, where there are such. */
export const inputParts = (inputs: TableDatasetOptions["inputs"]): InputParts | undefined =>
  isRecord(inputs) ? (inputs as InputParts) : undefined;

type InputParts = Readonly<Record<string, readonly string[]>>;

/** A part without a column could not be fed. */
function checkParts(inputs: TableDatasetOptions["inputs"]): void {
  const [empty] = Object.entries(inputParts(inputs) ?? {}).find(([, c]) => c.length === 0) ?? [];
  if (empty === undefined) return;
  fail("bad-argument", {
    message: `The part ${shown(empty)} of the inputs has no columns.`,
    expected: "at least one column in each part",
    found: "none",
  });
}

/** Whether no row has a value in a column. */
export function isEmpty(table: Table, column: TableColumn): boolean {
  if (column.numbers !== undefined) return column.numbers.every(Number.isNaN);
  const missing = new Set(table.missingValues);
  return column.cells.every((cell) => missing.has(cell));
}

/** The rows of a table in which something is written; spreadsheets put empty ones at the end. */
export function writtenRows(table: Table): number[] {
  if (table.partial) return Array.from({ length: table.size }, (_, row) => row);
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

/** The columns that the division of the rows reads. */
export const dividingColumns = ({ groups, ordered }: TableDatasetOptions): string[] =>
  [groups, ordered].filter(isText);
