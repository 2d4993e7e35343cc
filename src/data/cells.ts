/** One way to read cells, whether they come from a table or from rows given by a program. */

import { at } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import { type ArgumentKind, areTexts, isRecord, isText, object } from "../core/kinds.ts";
import { shown } from "../core/wording.ts";
import { type Table, unknownColumn } from "./csv.ts";
import { type NumberFormat, type NumberWithUnit, readQuantity } from "./number-format.ts";
import { place } from "./records.ts";
import { cellAdvice, columnAdvice } from "./table-advice.ts";

/** A row given by a program: column names with text, numbers, or null where a value is missing. */
export type Row = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** A cell as found; undefined where the value is missing. */
type Cell = string | number | undefined;

export interface CellSource {
  /** The number of rows. */
  readonly size: number;
  readonly format: NumberFormat;
  /** A reader of one column. @throws ChainruleError "data-invalid" where there is none. */
  column(name: string): (row: number) => Cell;
  /** The numbers of a column that holds such, NaN where one is missing. */
  numbers?(name: string): Float64Array | undefined;
  /** Where a row's cell stands, for error messages. */
  where(row: number, name: string): string;
  /** What to do about a row's cell that should be a number. */
  advice(row: number, name: string): string;
}

/** How rows write missing values and numbers: what the table they continue said. */
interface Dialect extends NumberFormat {
  readonly missingValues: readonly string[];
}

const isColumn = (column: unknown): boolean =>
  isRecord(column) &&
  isText(column.name) &&
  // Of numbers, texts are made when they are asked for.
  (column.numbers instanceof Float64Array || Array.isArray(column.cells));

const isParsed = ({ columns, lines, size, missingValues, decimal, notes }: Parts): boolean =>
  Array.isArray(columns) &&
  Array.from(columns).every(isColumn) &&
  Array.isArray(lines) &&
  size === lines.length &&
  areTexts(missingValues) &&
  isText(decimal) &&
  (notes === undefined || areTexts(notes));

type Parts = Readonly<Record<string, unknown>>;

/** What tables are recognised by. */
export const aTable = object("a table", "what parseTable gives", isParsed);
export const tableOrRows: ArgumentKind = {
  name: "a table or rows",
  example: "what parseTable gives, or an array of objects by the names of columns",
  fits: (given) => Array.isArray(given) || aTable.fits(given),
};

function isTable(given: Table | readonly Row[]): given is Table {
  return !Array.isArray(given);
}

/** The cells of a table (read in its own dialect) or of rows (read in the given one). */
export function cellsOf(given: Table | readonly Row[], dialect: Dialect): CellSource {
  return isTable(given) ? tableCells(given) : rowCells(given, dialect);
}

export function tableCells(table: Table): CellSource {
  const byName = new Map(table.columns.map((column) => [column.name, column]));
  const missing = new Set(table.missingValues);
  return {
    size: table.size,
    format: table,
    column(name) {
      const found = byName.get(name);
      if (found === undefined) {
        const { source } = table;
        return unknownColumn(name, [...byName.keys()], source, columnAdvice(table, name));
      }
      const { numbers } = found;
      if (numbers !== undefined) {
        return (row) => {
          const value = numbers[row];
          return value === undefined || Number.isNaN(value) ? undefined : value;
        };
      }
      const { cells } = found;
      return (row) => {
        const cell = cells[row];
        return cell === undefined || missing.has(cell) ? undefined : cell;
      };
    },
    numbers: (name) => byName.get(name)?.numbers,
    where: (row, name) => place(table.source, at(table.lines, row), name),
    advice: (row, name) => cellAdvice(table, name, row),
  };
}

function rowCells(rows: readonly Row[], dialect: Dialect): CellSource {
  const missing = new Set(dialect.missingValues);
  return {
    size: rows.length,
    format: dialect,
    column: (name) => (index) => {
      const row: unknown = rows[index];
      if (typeof row !== "object" || row === null) {
        return fail("data-invalid", {
          message: "A row must be an object with the names of the columns as keys.",
          expected: `for example { ${shown(name)}: 1.5 }`,
          found: shown(row),
          where: `row ${index} (counted from 0)`,
        });
      }
      if (!Object.hasOwn(row, name)) {
        return unknownColumn(name, Object.keys(row), `row ${index} (counted from 0)`);
      }
      const value = (row as Row)[name];
      if (value === null || value === undefined) return undefined;
      if (typeof value === "number") return value;
      if (typeof value !== "string" && typeof value !== "boolean") {
        return fail("data-invalid", {
          message: `A cell of column ${shown(name)} is neither text nor a number.`,
          expected: "text, a number, or null for a missing value",
          found: shown(value),
          where: `row ${index} (counted from 0)`,
        });
      }
      const text = String(value).trim();
      return missing.has(text) ? undefined : text;
    },
    where: (row, name) => `row ${row} (counted from 0), column ${shown(name)}`,
    advice: () =>
      `Give a number such as ${dialect.decimal === "." ? "1234.5" : "1234,5"}, or null for a ` +
      "missing value.",
  };
}

/** @throws ChainruleError "data-invalid" with row and column unless the cell is a finite number. */
export function quantityIn(
  source: CellSource,
  cell: string | number,
  row: number,
  name: string,
): NumberWithUnit {
  const found =
    typeof cell === "number" ? { value: cell, unit: "" } : readQuantity(cell, source.format);
  if (found !== undefined && Number.isFinite(found.value)) return found;
  return fail("data-invalid", {
    message:
      found === undefined
        ? `A cell of the number column ${shown(name)} is not a number.`
        : `A number in column ${shown(name)} is not finite.`,
    expected: "a finite number",
    found: shown(cell),
    where: source.where(row, name),
    fix:
      found === undefined
        ? source.advice(row, name)
        : "Correct the cell, or leave it empty and choose how missing values are treated.",
  });
}

/**
 * The number that a cell says, in the column's unit; no unit is taken for that one.
 *
 * @throws ChainruleError "data-invalid" with row and column.
 */
export function numberIn(
  source: CellSource,
  cell: string | number,
  row: number,
  name: string,
  unit: string | undefined,
): number {
  const found = quantityIn(source, cell, row, name);
  if (found.unit === "" || found.unit === (unit ?? "")) return found.value;
  return fail("data-invalid", {
    message: `The numbers of column ${shown(name)} have different units.`,
    expected: unit === undefined ? "numbers without a unit" : `numbers in ${shown(unit)}`,
    found: shown(cell),
    where: source.where(row, name),
    fix: "Convert them to one unit.",
  });
}
