/** The rows of a table in order of time, as windows need them. */
import { at } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import { isRecord, isText } from "../core/kinds.ts";
import { shown } from "../core/wording.ts";
import { type CellSource, tableCells } from "./cells.ts";
import type { Table } from "./csv.ts";
import type { Preprocessing } from "./preprocessing.ts";
import { place } from "./records.ts";
import { writtenRows } from "./table-columns.ts";
import type { TableDatasetOptions } from "./table-dataset.ts";
import { timesIn } from "./table-times.ts";
import { windowStarts } from "./table-windows.ts";

/** Refuses what says nothing about rows in order of time. */
export function checkForWindows(options: TableDatasetOptions): void {
  const { groups, stratify, validation, inputs, ordered } = options;
  const odd =
    groups !== undefined
      ? "groups"
      : stratify === true
        ? "stratify"
        : ordered === false
          ? "ordered: false"
          : Array.isArray(validation)
            ? "validation by rows"
            : isRecord(inputs)
              ? "inputs in parts"
              : undefined;
  if (odd === undefined) return;
  fail("bad-argument", {
    message: "Windows are laid over one series of rows in order of time.",
    expected: "validation as a fraction, ordered: true or by a column, inputs as a list",
    found: odd,
    fix: `Leave out ${odd}, or windows.`,
  });
}

/** How rows that are in order of time are divided: the last are kept back. */
export function inTime({ ordered: _, stratify: __, ...options }: TableDatasetOptions) {
  const { validation } = options;
  const divided = validation !== undefined && validation !== 0;
  return divided ? { ...options, ordered: true } : options;
}

/**
 * Rows in order of time, by a column that says it.
 *
 * @throws ChainruleError "data-invalid" for two rows of the same time, and for what is no time.
 */
export function byTime(
  source: CellSource,
  rows: readonly number[],
  column: string,
): readonly number[] {
  const times = timesIn(source, column, rows);
  const order = rows.map((_, i) => i).sort((a, b) => at(times, a) - at(times, b));
  const twice = order.findIndex((i, k) => k > 0 && at(times, i) === at(times, at(order, k - 1)));
  if (twice > 0) {
    const row = at(rows, at(order, twice));
    fail("data-invalid", {
      message: "Two rows have the same time, and windows are laid over one series.",
      expected: `different times in column ${shown(column)}`,
      found: shown(source.column(column)(row)),
      where: source.where(row, column),
      fix: "Take the rows of one series, such as one place, at a time.",
    });
  }
  return order.map((i) => at(rows, i));
}

/**
 * The rows that are used, in order of time.
 *
 * @throws ChainruleError "data-invalid" where one in between is not used: the next would stand in its
 *   time.
 */
export function rowsInTime(
  table: Table,
  source: CellSource,
  kept: readonly number[],
  { ordered }: Pick<TableDatasetOptions, "ordered">,
): readonly number[] {
  const all = Array.from({ length: table.size }, (_, row) => row);
  const column = isText(ordered) ? ordered : undefined;
  const timed =
    column === undefined ? all : all.filter((row) => source.column(column)(row) !== undefined);
  const inOrder = column === undefined ? timed : byTime(source, timed, column);
  const used = new Uint8Array(table.size);
  for (const row of kept) used[row] = 1;
  const first = inOrder.findIndex((row) => used[row] === 1);
  const rows = inOrder.slice(first, inOrder.findLastIndex((row) => used[row] === 1) + 1);
  const hole = rows.find((row) => used[row] !== 1);
  if (hole === undefined) return rows;
  return fail("data-invalid", {
    message: "A row in between cannot be used, and the rows of a window follow each other.",
    expected: "a value in every cell that is used",
    found: "a row that is empty, or lacks a value",
    where: place(table.source, at(table.lines, hole)),
    fix: "Fill it in, or begin behind it.",
  });
}

/**
 * The written rows of a further table.
 *
 * @throws ChainruleError "data-invalid" for an empty one in between, where windows are laid over rows
 *   as they stand; by a column of times, a row without one is in no place.
 */
export function furtherRows(
  table: Table,
  windows: { readonly ordered?: unknown } | undefined,
): readonly number[] {
  const written = writtenRows(table);
  if (windows === undefined || isText(windows.ordered)) return written;
  return rowsInTime(table, tableCells(table), written, {});
}

/** The rows with which the windows of new rows end, where windows are laid over them. */
export function windowEnds(
  { windows }: Preprocessing | { readonly windows?: undefined } = {},
  table: Table,
): readonly number[] | undefined {
  if (windows === undefined) return undefined;
  const all = Array.from({ length: table.size }, (_, row) => row);
  const { ordered, length } = windows;
  const rows = ordered === undefined ? all : byTime(tableCells(table), all, ordered);
  return windowStarts(rows.length, windows, 0).map((start) => at(rows, start + length - 1));
}
