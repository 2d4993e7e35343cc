/** What is likely behind a table that cannot be used as it is. Every advice does what it says. */

import { at } from "../core/at.ts";
import { didYouMean, nearest, shown } from "../core/wording.ts";
import type { Table, TableColumn } from "./csv.ts";
import {
  formatsFrom,
  kindOf,
  kindReader,
  type NumberFormat,
  parseNumber,
  readQuantity,
  splitUnit,
} from "./number-format.ts";
import { place } from "./records.ts";

/** More rows than this are not looked through for what their numbers have in common. */
const mostRows = 100_000;

/**
 * The way of writing numbers, as like the table's own as can be, that reads all numbers of its
 * number columns and of those with units; undefined where there is none.
 */
export function suggestedFormat(table: Table, also?: TableColumn): NumberFormat | undefined {
  const numbers = new Set<string>();
  const missing = new Set(table.missingValues);
  for (const column of table.columns) {
    const kinds = kindReader(table);
    for (const cell of column.cells.slice(0, mostRows)) {
      if (missing.has(cell)) continue;
      const kind = kinds(cell);
      const parts = kind === "quantity" ? splitUnit(cell) : undefined;
      if (parts) numbers.add(parts.digits);
      else if (column.type === "number" || column === also) {
        if (kind === "number" || kind === "doubtful") numbers.add(cell);
      }
    }
  }
  return formatsFrom(table).find((format) => {
    for (const text of numbers) if (readQuantity(text, format) === undefined) return false;
    return true;
  });
}

/** The settings that lead from one format to another, as they are written. */
function settings(from: NumberFormat, to: NumberFormat): string {
  const changed = [
    ...(to.units && !from.units ? ["units: true"] : []),
    ...(to.decimal === from.decimal ? [] : [`decimal: ${shown(to.decimal)}`]),
    ...(to.thousands === from.thousands || to.thousands === undefined
      ? []
      : [`thousands: ${shown(to.thousands)}`]),
  ];
  return changed.join(" and ");
}

/** What makes a number of a cell that is none in the table's format, if settings can. */
export function formatAdvice(table: Table, column: TableColumn, cell: string): string | undefined {
  const kind = kindOf(cell, table);
  if (kind !== "doubtful" && kind !== "quantity") return undefined;
  const format = suggestedFormat(table, column);
  const to = format && { ...format, units: table.units === true || kind === "quantity" };
  const value = to && readQuantity(cell, to)?.value;
  if (to === undefined || value === undefined || !Number.isFinite(value)) {
    return kind === "doubtful"
      ? `Write all numbers of the table in one way, such as 1234${table.decimal}5, or declare ` +
          `types: { ${shown(column.name)}: "category" }.`
      : undefined;
  }
  const shows = to.decimal === table.decimal ? undefined : decisive(table, column, cell);
  const since = shows === undefined ? "" : `, as ${shown(shows)} shows`;
  return `Say ${settings(table, to)} to read ${shown(cell)} as ${value}${since}.`;
}

/** Where a cell itself could have a sign between thousands: the number that cannot. */
function decisive(table: Table, column: TableColumn, cell: string): string | undefined {
  const { decimal } = table;
  const format = { decimal, thousands: decimal === "." ? "," : "." } as const;
  const grouped = (text: string) =>
    parseNumber(splitUnit(text)?.digits ?? text, format) !== undefined;
  return grouped(cell) ? column.cells.find((other) => !grouped(other)) : undefined;
}

/** Words with which spreadsheets begin a row that sums up the others. */
const totals =
  /^(?:(?:grand |sub)?totals?|sum|average|mean|summe|gesamt|gesamtergebnis|insgesamt|mittelwert|somme|moyenne|totale|suma|总计|合计|小计|平均):?$/i;

/** The cell by which the last row seems to sum up the others. */
export function totalIn(table: Table): string | undefined {
  const last = table.size - 1;
  const texts = table.columns.filter(({ numbers }) => numbers === undefined);
  const cells = texts.map((column) => column.cells[last]);
  const found = last > 0 ? cells.find((cell) => totals.test(cell ?? "")) : undefined;
  if (found === undefined) return undefined;
  const once = texts.every(({ cells: all }) => all[last] !== found || all.indexOf(found) === last);
  return once ? found : undefined;
}

/** The first row of a table in which no number column has a number: units, or a second header. */
function beginsWithWords(table: Table): boolean {
  const numbers = table.columns.filter(({ type }) => type === "number");
  return (
    table.size > 1 && numbers.every(({ cells }) => parseNumber(at(cells, 0), table) === undefined)
  );
}

/** What to do about a cell of a number column that is no number. */
export function cellAdvice(table: Table, name: string, row: number): string {
  const names = table.columns.map((other) => other.name);
  const column = at(table.columns, names.indexOf(name));
  const cell = at(column.cells, row);
  const format = formatAdvice(table, column, cell);
  if (format !== undefined) return format;
  const line = place(undefined, at(table.lines, row));
  const category = `declare types: { ${shown(name)}: "category" }`;
  if (kindOf(cell, table) === "date") {
    return `Write dates as numbers, such as days since the first of them, or ${category}.`;
  }
  if (row === table.size - 1 && totalIn(table) !== undefined) {
    return `Remove ${line} if it sums up the others, or correct the cell.`;
  }
  if (row === 0 && beginsWithWords(table)) {
    return `Remove ${line} if it holds units or further names; otherwise correct the cell.`;
  }
  return `${missingAdvice(table, column, cell)} Otherwise correct the cell, or ${category}.`;
}

/** How a text is declared to stand for a missing value. */
export const missingAdvice = (table: Table, column: TableColumn, cell: string): string =>
  `If ${shown(cell)} stands for a missing value, say missingValues: ${missingWith(table, column)}.`;

/** The texts for missing values that the table uses, and those that seem to be some. */
function missingWith(table: Table, column: TableColumn): string {
  const used = table.missingValues.filter((text) =>
    table.columns.some(({ cells }) => cells.includes(text)),
  );
  const kinds = kindReader(table);
  const texts = [...new Set(column.cells)].filter((cell) => kinds(cell) === "text");
  const also = texts.filter((cell) => !table.missingValues.includes(cell)).slice(0, 5);
  return `[${[...used, ...also].map((text) => JSON.stringify(text)).join(", ")}]`;
}

/** What may be wrong in how a table was read that lacks a column. */
export function likelyCauses(table: Table, name: string): string[] {
  const row = table.lines
    .slice(0, 20)
    .findIndex((_, i) => table.columns.some(({ cells }) => cells[i] === name));
  // A number is no name of a header, but the place of a column.
  if (row < 0 || /^\d+$/.test(name)) return [...(table.doubts ?? [])];
  const line = `line ${table.lines[row]}`;
  return [
    ...(table.doubts ?? []),
    `If ${line}, which holds ${shown(name)}, is the header, remove the lines above it.`,
  ];
}

/** What to do where a table lacks a column. */
export function columnAdvice(
  table: Table,
  name: string,
  /** Those that are named already, and so are not meant. */
  taken: readonly unknown[] = [],
): string {
  const names = table.columns.map((column) => column.name).filter((one) => !taken.includes(one));
  const causes = likelyCauses(table, name);
  if (causes.length === 0 || nearest(name, names) !== undefined) {
    causes.unshift(didYouMean(name, names));
  }
  return causes.join(" ");
}

/** Characters that divide cells in some tables and are not looked for. */
const otherDelimiters = [";", ",", "\t", "|", ":", " "];

/** The delimiter that a table of one column may have been divided by. */
export function delimiterAdvice(
  names: readonly string[],
  cells: readonly (readonly string[])[],
): string | undefined {
  const [[name, more], [column]] = [names, cells];
  if (name === undefined || more !== undefined || column === undefined) return undefined;
  const some = column.slice(0, 20);
  const first = at(some, 0);
  const count = (text: string, sign: string) => text.split(sign).length - 1;
  const sign = otherDelimiters.find((one) => {
    const n = count(first, one);
    return n > 0 && some.every((text) => count(text, one) === n);
  });
  if (sign === undefined) return undefined;
  return count(name, sign) === count(first, sign)
    ? `If ${shown(sign)} divides the cells, say delimiter: ${shown(sign)}.`
    : `If the first line is a title and ${shown(sign)} divides the cells below it, remove that line.`;
}
