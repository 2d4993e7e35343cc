/** What was made of a column whose cells can be understood in more than one way. */

import { at } from "../core/at.ts";
import { listed, shown } from "../core/wording.ts";
import type { Table, TableColumn } from "./csv.ts";
import { kindReader, parseNumber, splitUnit } from "./number-format.ts";
import { place } from "./records.ts";
import { formatAdvice, missingAdvice, totalIn } from "./table-advice.ts";

interface Counted {
  readonly count: number;
  readonly example: string;
}

/** The cells of a column that are not missing, of the given rows. */
function present(table: Table, column: TableColumn, rows: readonly number[]): string[] {
  const missing = new Set(table.missingValues);
  const cells: string[] = [];
  for (const row of rows) {
    const cell = column.cells[row];
    if (cell !== undefined && !missing.has(cell)) cells.push(cell);
  }
  return cells;
}

function counted(cells: readonly string[], wanted: (cell: string) => boolean): Counted | undefined {
  let count = 0;
  let example = "";
  for (const cell of cells) if (wanted(cell) && count++ === 0) example = cell;
  return count === 0 ? undefined : { count, example };
}

const cellsOf = ({ count }: Counted, column: TableColumn, all: number): string =>
  `${count} of ${all} ${all === 1 ? "cell" : "cells"} of column ${shown(column.name)}`;

/** Notes on a column that is used. */
export function columnNotes(table: Table, column: TableColumn, rows: readonly number[]): string[] {
  // Numbers that were no text can be understood in one way only.
  if (column.numbers !== undefined && column.type === "number") return [];
  const cells = present(table, column, rows);
  return column.type === "number"
    ? numberNotes(table, column, cells)
    : column.declared
      ? []
      : categoryNotes(table, column, cells);
}

/** How many missing cells of the inputs were filled in, where that is asked for. */
export function filledNotes(
  table: Table,
  inputs: readonly TableColumn[],
  rows: readonly number[],
): string[] {
  return inputs.flatMap((column) => {
    const { numbers } = column;
    const count =
      numbers === undefined
        ? rows.length - present(table, column, rows).length
        : rows.reduce((sum, row) => sum + Number(Number.isNaN(numbers[row])), 0);
    if (count === 0) return [];
    const became =
      column.type === "number"
        ? "became the mean of the training part"
        : `became ${count === 1 ? "a category of its own" : "a category of their own"}`;
    const are = count === 1 ? "is" : "are";
    return `${cellsOf({ count, example: "" }, column, rows.length)} ${are} missing and ${became}.`;
  });
}

function categoryNotes(table: Table, column: TableColumn, cells: readonly string[]): string[] {
  // Of many rows, most are the same few texts.
  const distinct = new Set(cells);
  const kindOfCell = kindReader(table);
  const known = new Map(Array.from(distinct, (cell) => [cell, kindOfCell(cell)]));
  const kinds = (cell: string) => known.get(cell) ?? kindOfCell(cell);
  const became = `became ${distinct.size === 1 ? "a category" : `${distinct.size} categories`}`;
  const notes: string[] = [];
  const units = counted(cells, (cell) => kinds(cell) === "quantity");
  const unit = units && commonUnit(cells.filter((cell) => kinds(cell) === "quantity"));
  if (units && unit && 2 * unit.count > cells.length) {
    const advice = formatAdvice(table, column, unit.example);
    notes.push(
      `${cellsOf(units, column, cells.length)} are numbers with a unit, such as ` +
        `${shown(units.example)}; they ${became}.${advice === undefined ? "" : ` ${advice}`}`,
    );
  }
  const written = counted(cells, (cell) => kinds(cell) === "quantity" && !/\d\p{L}/u.test(cell));
  if (notes.length === 0 && written && 2 * written.count > cells.length) {
    notes.push(
      `${cellsOf(written, column, cells.length)} are numbers with different units, such as ` +
        `${shown(written.example)}; they ${became}. To read them as numbers, convert them to one unit.`,
    );
  }
  const dates = counted(cells, (cell) => kinds(cell) === "date");
  if (dates && 2 * dates.count > cells.length) {
    notes.push(
      `${cellsOf(dates, column, cells.length)} are dates or times, such as ` +
        `${shown(dates.example)}; they ${became}. To learn from them, put numbers in their place, ` +
        "such as days since the first of them.",
    );
  }
  if (distinct.size === 1 && cells.length > 1) {
    notes.push(`Column ${shown(column.name)} has a single category, ${shown(cells[0])}.`);
  }
  notes.push(...mixedNotes(table, column, cells, kinds));
  if (notes.length === 0 && distinct.size > fewCategories && 2 * distinct.size > cells.length) {
    notes.push(
      `Column ${shown(column.name)} has ${distinct.size} categories in ${cells.length} rows: names ` +
        "that hardly ever come again say little about other rows.",
    );
  }
  const spelt = new Map<string, string>();
  for (const cell of distinct) {
    const folded = cell.toLowerCase();
    const other = spelt.get(folded);
    if (other === undefined) spelt.set(folded, cell);
    else {
      notes.push(
        `Column ${shown(column.name)} has categories that differ in capitals only, such as ` +
          `${shown(other)} and ${shown(cell)}.`,
      );
      break;
    }
  }
  return notes;
}

/** So many categories are no remark, however few rows there are. */
const fewCategories = 20;

/** More words than this beside numbers are categories rather than marks of what is missing. */
const mostMarks = 5;

/** Numbers that became categories because of a few words that occur as often. */
function mixedNotes(
  table: Table,
  column: TableColumn,
  cells: readonly string[],
  kinds: ReturnType<typeof kindReader>,
): string[] {
  const numbers = counted(cells, (cell) => kinds(cell) === "number");
  const words = new Set(cells.filter((cell) => kinds(cell) === "text"));
  if (!numbers || 4 * numbers.count < cells.length) return [];
  const [word] = words;
  if (word === undefined || words.size > mostMarks) return [];
  return [
    `${cellsOf(numbers, column, cells.length)} are numbers, which became categories, as did ` +
      `${listed([...words])}. ${missingAdvice(table, column, word)}`,
  ];
}

/** The unit of most of the cells, and a cell that has it. */
function commonUnit(cells: readonly string[]): Counted | undefined {
  const units = new Map<string, { count: number; example: string }>();
  for (const cell of cells) {
    const unit = splitUnit(cell)?.unit;
    if (unit === undefined) continue;
    const known = units.get(unit);
    if (known) known.count++;
    else units.set(unit, { count: 1, example: cell });
  }
  return [...units.values()].sort((a, b) => b.count - a.count)[0];
}

function numberNotes(table: Table, column: TableColumn, cells: readonly string[]): string[] {
  const { decimal, thousands, units } = table;
  const notes: string[] = [];
  const name = shown(column.name);
  if (thousands !== undefined) {
    const plain = { decimal };
    const divided = counted(cells, (cell) => {
      const digits = (units && splitUnit(cell)?.digits) || cell;
      return parseNumber(digits, plain) === undefined && parseNumber(digits, table) !== undefined;
    });
    if (divided) {
      notes.push(
        `${cellsOf(divided, column, cells.length)} have ${shown(thousands)} between thousands, ` +
          `such as ${shown(divided.example)}.`,
      );
    }
  }
  const quantities = units ? counted(cells, (cell) => hasUnit(cell)) : undefined;
  const unit = quantities && splitUnit(quantities.example)?.unit;
  if (quantities && unit !== undefined) {
    const without = cells.length - quantities.count;
    notes.push(
      `Column ${name} is in ${shown(unit)}: ${shown(quantities.example)} was read as a number` +
        `${without === 0 ? "" : `, and so ${without === 1 ? "was 1 cell" : `were ${without} cells`} without a unit`}.`,
    );
  }
  notes.push(...groupNotes(table, column, cells));
  const codes = counted(cells, (cell) => /^0\d+$/.test(cell));
  if (codes) {
    notes.push(
      `${cellsOf(codes, column, cells.length)} begin with 0, such as ${shown(codes.example)}, and ` +
        `were read as numbers. If they are codes, say types: { ${name}: "category" }.`,
    );
  }
  return notes;
}

const hasUnit = (cell: string): boolean =>
  !/^[\d.,+-]*$/.test(cell) && splitUnit(cell) !== undefined;

/**
 * Numbers whose decimal sign may divide thousands: behind every one stand three digits, and other
 * numbers have none, as 900 beside 1.200; or the cells are divided by semicolons.
 */
function groupNotes(table: Table, column: TableColumn, cells: readonly string[]): string[] {
  const { decimal, thousands, units } = table;
  if (thousands !== undefined) return [];
  const sign = decimal === "." ? "\\." : ",";
  const group = new RegExp(`^[+-]?[1-9]\\d{0,2}${sign}\\d{3}$`);
  const divided = counted(cells, (cell) => cell.includes(decimal));
  if (!divided || !cells.every((cell) => !cell.includes(decimal) || group.test(cell))) return [];
  if (divided.count === cells.length && (table.delimiter !== ";" || decimal === ",")) return [];
  const other = decimal === "." ? "," : ".";
  const format = { decimal: other, thousands: decimal, units } as const;
  const [read, meant] = [table, format].map((one) => parseNumber(divided.example, one));
  return [
    `${cellsOf(divided, column, cells.length)} have three digits behind the ` +
      `${decimal === "." ? "point" : "comma"}: ${divided.example} was read as ${read}. If that is ` +
      `${meant}, say decimal: ${shown(other)} and thousands: ${shown(decimal)}.`,
  ];
}

/** A note where the last row seems to sum up the others. */
export function totalNotes(table: Table): string[] {
  const total = totalIn(table);
  if (total === undefined) return [];
  const line = place(undefined, at(table.lines, table.size - 1));
  return [`The last row (${line}) has ${shown(total)}: if it sums up the others, remove it.`];
}

/** A column without a name that counts the rows, as other programs write it. */
export function rowNumberNotes(inputs: readonly TableColumn[]): string[] {
  return inputs
    .filter(({ unnamed, type }) => unnamed && type === "number")
    .map(({ name, cells }) => {
      const first = Number(cells[0]);
      const counts = first <= 1 && cells.every((cell, row) => Number(cell) === first + row);
      const called = `The column without a name is called ${shown(name)}`;
      return counts
        ? `${called} and counts the rows: leave it out by listing the others in \`inputs\`.`
        : `${called}.`;
    });
}
