/** Tables from files whose columns have types: numbers as they are, and texts. */

import { allocate } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { areTexts, isRecord, isText } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { listed, shown } from "../core/wording.ts";
import { type ColumnType, type Table, type TableColumn, unknownColumn } from "./csv.ts";

/** How a file of typed columns is read. */
export interface TypedTableOptions {
  /** The columns that are read, in this order; default: all. */
  readonly columns?: readonly string[];
  /** Types of columns by name; default: as the file has them. A label that is a number is a category. */
  readonly types?: Readonly<Record<string, ColumnType>>;
  /**
   * Texts that stand for a missing value, as null does, and what numbers are missing: "-999" is −999, too.
   * Default: the empty text.
   */
  readonly missingValues?: readonly string[];
  /** The most bytes that the columns may take, 8 for each cell; default 4 GiB. */
  readonly limit?: number;
  /** What error messages call the table: its file name. */
  readonly source?: string | undefined;
}

const optionNames = ["columns", "types", "missingValues", "limit", "source"];

/** The options, as a program without types may give them. */
export function checkTypedOptions(
  what: string,
  options: TypedTableOptions,
  further: readonly string[],
): void {
  checkNames(what, options, [...optionNames, ...further]);
  const { columns, types, missingValues, limit, source } = options;
  const known = (name: keyof TypedTableOptions, fits: boolean, expected: string): void => {
    if (fits || options[name] === undefined) return;
    fail("bad-argument", {
      message: `${what} cannot use this ${name}.`,
      expected,
      found: shown(options[name]),
    });
  };
  known("columns", areTexts(columns), "an array of names");
  known("missingValues", areTexts(missingValues), "an array of texts");
  known("limit", typeof limit === "number", "a number of bytes");
  known("source", isText(source), "a text");
  const good = ["number", "category"];
  const typed = isRecord(types) && Object.values(types).every((t) => good.includes(t as string));
  known("types", typed, 'such as { zip: "category" }');
}

/** The columns that are asked for, or all; two of the same name are refused. */
export function chosenNames(all: readonly string[], options: TypedTableOptions): readonly string[] {
  const { columns = all, types = {}, source } = options;
  for (const name of [...columns, ...Object.keys(types)]) {
    if (!all.includes(name)) unknownColumn(name, all, source);
  }
  if (columns.length === 0 || all.length === 0) {
    fail("data-empty", { message: "No columns were chosen.", where: source });
  }
  if (new Set(columns).size === columns.length) return columns;
  return fail("data-invalid", {
    message: "Two columns have the same name.",
    expected: "different names",
    found: listed(columns),
    where: source,
    fix: "Rename one of them in the file, or name each column once.",
  });
}

/** @throws ChainruleError "too-large" or "data-empty" for a table of such a size. */
export function checkTableSize(rows: number, columns: number, options: TypedTableOptions): void {
  const { limit = 2 ** 32, source } = options;
  if (rows === 0) fail("data-empty", { message: "The table has no rows.", where: source });
  if (8 * rows * columns <= limit) return;
  fail("too-large", {
    message: "The table is larger than the limit.",
    expected: `at most ${limit} bytes`,
    found: `${rows} rows of ${columns} columns`,
    where: source,
    fix: "Name fewer `columns`, take fewer rows, or raise the option `limit`.",
  });
}

/** What a column of a file is read as. */
export interface Reading {
  readonly name: string;
  readonly type: ColumnType;
  readonly declared: boolean;
  /** How many rows have been put in. */
  readonly rows: number;
  put(values: ArrayLike<unknown>): void;
  column(): TableColumn;
}

/** A column of a type of the file, or of the type that is asked for. */
export function columnReading(
  name: string,
  own: ColumnType,
  rows: number,
  { types = {}, missingValues = [], source }: TypedTableOptions,
): Reading {
  const said = Object.hasOwn(types, name) ? types[name] : undefined;
  // Texts that are said to be numbers are parsed where the table is used, as in any other.
  const asNumbers = own === "number" && said !== "category";
  const type = said ?? own;
  let at = 0;
  const full = (count: number): void => {
    if (at + count <= rows) return;
    fail("file-corrupt", {
      message: `Column ${shown(name)} has more rows than the table.`,
      expected: `${rows}`,
      found: `${at + count} or more`,
      where: source,
    });
  };
  const common = { name, type, declared: said !== undefined };
  if (asNumbers) {
    const numbers = allocate("f64", rows) as Float64Array;
    const missing = new Set(
      missingValues
        .filter((text) => text.trim() !== "")
        .map(Number)
        .filter(Number.isFinite),
    );
    return {
      ...common,
      get rows() {
        return at;
      },
      put(values) {
        full(values.length);
        fill(numbers, at, values, name, source);
        if (missing.size > 0) {
          for (let i = at; i < at + values.length; i++) {
            if (missing.has(numbers[i] ?? Number.NaN)) numbers[i] = Number.NaN;
          }
        }
        at += values.length;
      },
      column: () => numberColumn(name, numbers, common.declared),
    };
  }
  const cells: string[] = [];
  return {
    ...common,
    get rows() {
      return at;
    },
    put(values) {
      full(values.length);
      for (let i = 0; i < values.length; i++) cells.push(cellOf(values[i]));
      at += values.length;
    },
    column: () => ({ name, type, cells, ...(common.declared ? { declared: true } : {}) }),
  };
}

const cellOf = (value: unknown): string =>
  typeof value === "string"
    ? value.trim()
    : value === undefined || value === null || Number.isNaN(value)
      ? ""
      : String(value);

function fill(
  numbers: Float64Array,
  from: number,
  values: ArrayLike<unknown>,
  name: string,
  source: string | undefined,
): void {
  if (values instanceof Float64Array || values instanceof Float32Array) {
    numbers.set(values, from);
    return;
  }
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    numbers[from + i] =
      typeof value === "number" ? value : otherNumber(value, from + i, name, source);
  }
}

function otherNumber(
  value: unknown,
  row: number,
  name: string,
  source: string | undefined,
): number {
  if (value === undefined || value === null) return Number.NaN;
  if (typeof value === "boolean") return Number(value);
  const number = typeof value === "bigint" ? Number(value) : Number.NaN;
  if (Number.isSafeInteger(number)) return number;
  if (typeof value === "bigint" && BigInt(number) === value) return number;
  return fail("data-invalid", {
    message: `An integer in column ${shown(name)} is too large to be exact as a number.`,
    expected: "integers between -2^53 and 2^53",
    found: shown(value),
    where: source === undefined ? `row ${row + 1}` : `${source}, row ${row + 1}`,
    fix: `Say types: { ${shown(name)}: "category" } if these are names, or leave it out of \`columns\`.`,
  });
}

/** A column of numbers, NaN where one is missing; its texts are made when they are asked for. */
function numberColumn(name: string, numbers: Float64Array, declared: boolean): TableColumn {
  let cells: readonly string[] | undefined;
  return {
    name,
    type: "number",
    numbers,
    ...(declared ? { declared } : {}),
    get cells() {
      cells ??= Array.from(numbers, (value) => (Number.isNaN(value) ? "" : String(value)));
      return cells;
    },
  };
}

/** The columns as a table; a row stands for a line. */
export function typedTable(
  readings: readonly Reading[],
  rows: number,
  { missingValues = [], source }: TypedTableOptions,
  notes: readonly string[],
): Table {
  const lines = new Array<number>(rows);
  for (let row = 0; row < rows; row++) lines[row] = row + 1;
  return {
    columns: readings.map((one) => one.column()),
    size: rows,
    lines,
    delimiter: ",",
    decimal: ".",
    missingValues: [...new Set(["", ...missingValues])],
    source,
    notes,
  };
}
