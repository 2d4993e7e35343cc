/** Tables from comma-separated text (RFC 4180 and the dialects around it). */

import { fail } from "../core/errors.ts";
import { checkNames } from "../core/options.ts";
import { didYouMean, listed, shown } from "../core/wording.ts";
import { discoverDelimiter } from "./delimiter.ts";
import { eachRecord, place } from "./records.ts";

export type ColumnType = "number" | "category";

export interface TableColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** The text of each row's cell, without surrounding blanks. */
  readonly cells: readonly string[];
}

/** A parsed table: text still, but with names, types and the place of every row. */
export interface Table {
  readonly columns: readonly TableColumn[];
  /** The number of rows. */
  readonly size: number;
  /** The line of the text on which each row begins, counted from 1. */
  readonly lines: readonly number[];
  readonly delimiter: string;
  readonly decimal: "." | ",";
  /** The texts that stand for a missing value. */
  readonly missingValues: readonly string[];
  /** What error messages call the table: its file name. */
  readonly source?: string | undefined;
}

export interface TableOptions {
  /** Whether the first line holds names (default), or the names where no line does. */
  readonly header?: boolean | readonly string[];
  /** One character; default: whichever of tab, semicolon and comma divides the lines evenly. */
  readonly delimiter?: string;
  /** Lines that begin so are skipped; default "#"; false: there are no comments. */
  readonly comment?: string | false;
  /** The decimal sign, default ".". */
  readonly decimal?: "." | ",";
  /** Types of columns by name; the others are inferred: number where most cells are numbers. */
  readonly types?: Readonly<Record<string, ColumnType>>;
  /** Texts that stand for a missing value; default `defaultMissingValues`. */
  readonly missingValues?: readonly string[];
  /** The longest text that is parsed, in characters; default 512 million. */
  readonly limit?: number;
  /** What error messages call the table: its file name. */
  readonly source?: string | undefined;
}

const optionNames: Readonly<Record<keyof TableOptions, true>> = {
  header: true,
  delimiter: true,
  comment: true,
  decimal: true,
  types: true,
  missingValues: true,
  limit: true,
  source: true,
};

export const defaultMissingValues: readonly string[] = ["", "NA", "N/A", "NaN", "null", "?"];

const numeral = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
/** Looks like a number with the other decimal sign, or with a thousands separator. */
const doubtful = /^[+-]?\d+(?:[.,]\d+)+$/;
const notFinite = /^[+-]?(?:nan|inf|infinity)$/i;

/**
 * The number that a cell says, or undefined where it says none. "inf" and "nan" are numbers here
 * (and too large ones become infinite), so that they are reported and not taken for a category.
 */
export function parseNumber(cell: string, decimal: "." | ","): number | undefined {
  // With decimal commas a point would be a thousands separator; guessing is dangerous.
  if (decimal === "," && cell.includes(".")) return undefined;
  const text = decimal === "," ? cell.replace(",", ".") : cell;
  if (numeral.test(text)) return Number(text);
  if (!notFinite.test(text)) return undefined;
  return /nan/i.test(text) ? Number.NaN : text.startsWith("-") ? -Infinity : Infinity;
}

/**
 * Parses comma-separated text into a table. A byte order mark, LF, CRLF and CR line ends, quoted
 * cells ("" stands for a quotation mark), blank lines and comment lines are understood.
 *
 * @throws ChainruleError "data-invalid" with the line where rows differ in length, a quotation mark
 *   is out of place, or names are repeated or unknown; "data-empty" where there are no rows;
 *   "too-large".
 */
export function parseTable(text: string, options: TableOptions = {}): Table {
  checkNames("parseTable", options, Object.keys(optionNames));
  const { source, decimal = ".", missingValues = defaultMissingValues } = options;
  const clean = checkedText(text, options);
  const comment = options.comment === undefined ? "#" : options.comment || null;
  const delimiter = options.delimiter ?? discoverDelimiter(clean, comment);
  const header = options.header ?? true;
  let names = typeof header === "boolean" ? undefined : [...header];
  const cells: string[][] = [];
  const lines: number[] = [];
  const last = eachRecord(clean, { delimiter, comment, source }, (record, line) => {
    if (names === undefined) {
      names = header === true ? headerNames(record, line, options) : record.map(defaultName);
      if (header === true) return;
    }
    // With several columns, a line of blanks only is an empty line.
    if (record.length === 1 && record[0] === "" && names.length > 1) return;
    if (record.length !== names.length) ragged(record, names.length, line, delimiter, source);
    if (cells.length === 0) for (let j = 0; j < record.length; j++) cells.push([]);
    for (let j = 0; j < record.length; j++) cells[j].push(record[j]);
    lines.push(line);
  });
  if (names === undefined || lines.length === 0) {
    return fail("data-empty", {
      message: "The table has no rows.",
      expected: "at least one line of data",
      found: names === undefined ? "no line at all" : "a header line and nothing below it",
      where: source ?? `line ${last}`,
    });
  }
  checkColumns(names, options);
  const missing = new Set(missingValues);
  const columns = names.map((name, j) => ({
    name,
    type: ownType(options.types, name) ?? inferType(cells[j], missing, decimal),
    cells: cells[j],
  }));
  const size = lines.length;
  return { columns, size, lines, delimiter, decimal, missingValues, source };
}

function checkedText(text: string, options: TableOptions): string {
  const { source, delimiter, limit = 512_000_000 } = options;
  if (typeof text !== "string") {
    fail("bad-argument", { message: "A table is parsed from text.", found: shown(text) });
  }
  if (text.length > limit) {
    fail("too-large", {
      message: "The table is longer than the limit.",
      expected: `at most ${limit} characters`,
      found: `${text.length}`,
      where: source,
      fix: "Take fewer rows, or raise the option `limit`.",
    });
  }
  if (text.includes("\0")) {
    fail("data-invalid", {
      message: "This is not the text of a table: it has NUL characters.",
      expected: "UTF-8 text",
      found: "a binary file or UTF-16 text",
      where: source,
      fix: "Save the table as CSV in UTF-8.",
    });
  }
  if (delimiter !== undefined && (delimiter.length !== 1 || /["\r\n]/.test(delimiter))) {
    fail("bad-argument", {
      message: "A delimiter is a single character.",
      expected: "one character such as , or ; or a tab",
      found: shown(delimiter),
    });
  }
  // One kind of line end: csv-parse would count CRLF inside quotes as two lines.
  const body = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  return body.includes("\r") ? body.replace(/\r\n?/g, "\n") : body;
}

const defaultName = (_: string, j: number): string => `column${j + 1}`;

function headerNames(record: readonly string[], line: number, options: TableOptions): string[] {
  const decimal = options.decimal ?? ".";
  // Who says header: true has columns that are named by numbers, such as years.
  if (
    options.header === undefined &&
    record.every((cell) => parseNumber(cell, decimal) !== undefined)
  ) {
    fail("data-invalid", {
      message: "The first line should hold the names of the columns, but it holds numbers.",
      expected: "a header line",
      found: listed(record),
      where: place(options.source, line),
      fix: "Add a header line, or say header: false.",
    });
  }
  return record.map((cell, j) => cell || defaultName(cell, j));
}

function ragged(
  record: readonly string[],
  width: number,
  line: number,
  delimiter: string,
  source: string | undefined,
): never {
  return fail("data-invalid", {
    message: "A row has more or fewer cells than the table has columns.",
    expected: `${width} ${width === 1 ? "cell" : "cells"}, divided by ${shown(delimiter)}`,
    found: `${record.length}: ${listed(record)}`,
    where: place(source, line),
    fix: "Mend the line; quote cells that contain the delimiter; or give `delimiter` or `comment`.",
  });
}

function checkColumns(names: readonly string[], options: TableOptions): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) {
      fail("data-invalid", {
        message: "Two columns have the same name.",
        expected: "different names",
        found: `${shown(name)} twice, among ${listed(names)}`,
        where: options.source,
        fix: "Rename one of them in the header line.",
      });
    }
    seen.add(name);
  }
  for (const [name, type] of Object.entries(options.types ?? {})) {
    if (!seen.has(name)) unknownColumn(name, names, options.source);
    if (type === "number" || type === "category") continue;
    fail("bad-argument", {
      message: `Column ${shown(name)} is declared with an unknown type.`,
      expected: '"number" or "category"',
      found: shown(type),
    });
  }
}

/** @throws ChainruleError "data-invalid" that lists the columns and suggests the nearest. */
export function unknownColumn(name: string, names: readonly string[], source?: string): never {
  return fail("data-invalid", {
    message: `The table has no column ${shown(name)}.`,
    expected: `one of ${listed(names)}`,
    found: shown(name),
    where: source,
    fix: didYouMean(name, names),
  });
}

/** A column named like something that every object inherits has no declared type. */
function ownType(types: TableOptions["types"], name: string): ColumnType | undefined {
  return types !== undefined && Object.hasOwn(types, name) ? types[name] : undefined;
}

/**
 * Number where more than half of the cells that are not missing look like one. The others are then
 * reported when the column is used, rather than making a category of every number.
 */
function inferType(
  cells: readonly string[],
  missing: ReadonlySet<string>,
  decimal: "." | ",",
): ColumnType {
  let numbers = 0;
  let others = 0;
  for (const cell of cells) {
    if (missing.has(cell)) continue;
    if (parseNumber(cell, decimal) === undefined && !doubtful.test(cell)) others++;
    else numbers++;
  }
  return numbers > others ? "number" : "category";
}
