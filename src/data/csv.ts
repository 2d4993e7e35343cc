/** Tables from comma-separated text (RFC 4180 and the dialects around it). */

import { zip } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import { areTexts, isRecord, isText } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { didYouMean, listed, shown } from "../core/wording.ts";
import { declaredDelimiter, discoverDelimiter } from "./delimiter.ts";
import {
  kindReader,
  type NumberFormat,
  parseNumber,
  type Thousands,
  thousandsSigns,
} from "./number-format.ts";
import { eachRecord, place } from "./records.ts";
import { type SkippedLines, skippedLines } from "./skipped-lines.ts";
import { delimiterAdvice } from "./table-advice.ts";

/** Whether a column's cells are numbers or names of categories. */
export type ColumnType = "number" | "category";

/** One column of a parsed table: its cells are text still. */
export interface TableColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** The text of each row's cell, without surrounding blanks. */
  readonly cells: readonly string[];
  /** Whether the type was said and not inferred. */
  readonly declared?: boolean;
  /** Whether the header line gave it no name. */
  readonly unnamed?: boolean;
}

/** A parsed table: text still, but with names, types and the place of every row. */
export interface Table extends NumberFormat {
  readonly columns: readonly TableColumn[];
  /** The number of rows. */
  readonly size: number;
  /** The line of the text on which each row begins, counted from 1. */
  readonly lines: readonly number[];
  readonly delimiter: string;
  /** Remarks worth showing: lines that were skipped. */
  readonly notes?: readonly string[];
  /** What to do if the table has been divided wrongly, for errors about its columns. */
  readonly doubts?: readonly string[];
  /** The texts that stand for a missing value. */
  readonly missingValues: readonly string[];
  /** What error messages call the table: its file name. */
  readonly source?: string | undefined;
}

/** How a table's text is written. */
export interface TableOptions {
  /** Whether the first line holds names, or the names, where no line does. Default true. */
  readonly header?: boolean | readonly string[];
  /**
   * One character; default: what a first line such as "sep=;" says, or whichever of tab, semicolon,
   * comma and bar divides the lines evenly.
   */
  readonly delimiter?: string;
  /** Lines that begin so are skipped; default "#"; false: there are no comments. */
  readonly comment?: string | false;
  /** The decimal sign, default ".". */
  readonly decimal?: "." | ",";
  /** The sign between groups of three digits, as in 1,200; default: none is understood. */
  readonly thousands?: Thousands;
  /** Read numbers with a unit, such as 12 kg, 5 % or $3, as numbers (12, 5, 3); default false. */
  readonly units?: boolean;
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
  thousands: true,
  units: true,
  types: true,
  missingValues: true,
  limit: true,
  source: true,
};

/** The cells that stand for a missing value, where nothing else is said. */
export const defaultMissingValues: readonly string[] = ["", "NA", "N/A", "NaN", "null", "?"];

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
  checkOptions(options);
  const { source, missingValues = defaultMissingValues } = options;
  const format = checkedFormat(options);
  const clean = checkedText(text, options);
  const declared = declaredDelimiter(clean);
  const body = declared?.text ?? clean;
  const comment = options.comment === undefined ? "#" : options.comment || null;
  const delimiter = options.delimiter ?? declared?.delimiter ?? discoverDelimiter(body, comment);
  const header = options.header ?? true;
  const skipped = skippedLines(delimiter, comment);
  let names: string[] | undefined;
  let given: readonly string[] = [];
  const begin = (all: readonly string[]): string[] => {
    given = all;
    names = all.map(nameOf);
    skipped.header(all.length, header !== true);
    return names;
  };
  if (typeof header !== "boolean") begin(header);
  const cells: string[][] = [];
  const lines: number[] = [];
  const last = eachRecord(
    body,
    { delimiter, comment, source },
    (record, line) => {
      if (names === undefined && header === true) {
        begin(record);
        return checkHeader(record, line, options, skipped);
      }
      const { length: width } = names ?? begin(record.map(() => ""));
      // With several columns, a line of blanks only is an empty line.
      if (record.length === 1 && record[0] === "" && width > 1) return;
      if (record.length > width && record.every((cell, j) => j < width || cell === "")) {
        skipped.trailing(line);
      } else if (record.length !== width) {
        ragged(record, { width, line, delimiter, source, first: cells.length === 0 });
      }
      if (cells.length === 0) for (let j = 0; j < width; j++) cells.push([]);
      // What stands behind the last column is empty, and has none to go to.
      record.forEach((cell, j) => {
        cells[j]?.push(cell);
      });
      lines.push(line);
    },
    skipped.comment,
  );
  if (names === undefined || lines.length === 0) {
    return fail("data-empty", {
      message: "The table has no rows.",
      expected: "at least one line of data",
      found: names === undefined ? "no line at all" : "a header line and nothing below it",
      where: source ?? `line ${last}`,
      ...withNotes(skipped.notes()),
    });
  }
  checkColumns(names, options);
  const missing = new Set(missingValues);
  const columns = zip(names, cells).map(([name, column], j): TableColumn => {
    const type = ownType(options.types, name);
    return {
      name,
      type: type ?? inferType(column, missing, format),
      cells: column,
      ...(type === undefined ? {} : { declared: true }),
      ...(header === true && given[j] === "" ? { unnamed: true } : {}),
    };
  });
  const size = lines.length;
  const notes = [...declarationNotes(declared?.delimiter, delimiter), ...skipped.notes()];
  // A header of numbers is more likely to be a row.
  const advice = skipped.headerAdvice;
  if (advice && given.some((name) => parseNumber(name, format) !== undefined)) notes.push(advice);
  notes.push(...decodingNotes(clean));
  const doubts = [delimiterAdvice(names, cells), advice].filter((one) => one !== undefined);
  const dialect = { delimiter, ...format, missingValues, source };
  return { columns, size, lines, ...dialect, notes, doubts };
}

/** Where lines were skipped, that is the likely cause. */
const withNotes = (notes: readonly string[]) =>
  notes.length === 0 ? {} : { fix: notes.join(" ") };

const declarationNotes = (declared: string | undefined, delimiter: string): string[] =>
  declared === undefined || declared === delimiter
    ? []
    : [
        `Line 1 declares ${shown(declared)} to be the delimiter; ${shown(delimiter)} was taken, as said.`,
      ];

/** U+FFFD stands where bytes could not be decoded. */
function decodingNotes(text: string): string[] {
  const count = text.includes("\ufffd") ? text.split("\ufffd").length - 1 : 0;
  if (count === 0) return [];
  const characters = count === 1 ? "1 character" : `${count} characters`;
  return [`${characters} could not be decoded (\ufffd): save the table as CSV in UTF-8.`];
}

function checkedFormat({ decimal = ".", thousands, units }: TableOptions): NumberFormat {
  if (decimal !== "." && decimal !== ",") {
    fail("bad-argument", {
      message: "This is no decimal sign.",
      expected: '"." or ","',
      found: shown(decimal),
    });
  }
  if (thousands !== undefined && (!thousandsSigns.includes(thousands) || thousands === decimal)) {
    fail("bad-argument", {
      message:
        thousands === decimal
          ? "The sign between thousands is the decimal sign, too."
          : "This is no sign between thousands.",
      expected: `one of ${listed(thousandsSigns.filter((sign) => sign !== decimal))}`,
      found: shown(thousands),
      ...(thousands === "." ? { fix: 'Say decimal: ",", too.' } : {}),
    });
  }
  if (units !== undefined && typeof units !== "boolean") {
    fail("bad-argument", {
      message: "`units` says whether numbers may have units.",
      expected: "true or false",
      found: shown(units),
    });
  }
  return {
    decimal,
    ...(thousands === undefined ? {} : { thousands }),
    ...(units === undefined ? {} : { units }),
  };
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

const nameOf = (cell: string, j: number): string => cell || `column${j + 1}`;

function checkHeader(
  record: readonly string[],
  line: number,
  options: TableOptions,
  skipped: SkippedLines,
): void {
  const format = checkedFormat(options);
  // Who says header: true has columns that are named by numbers, such as years.
  if (options.header === true) return;
  if (record.every((cell) => parseNumber(cell, format) !== undefined)) {
    fail("data-invalid", {
      message: "The first line should hold the names of the columns, but it holds numbers.",
      expected: "a header line",
      found: listed(record),
      where: place(options.source, line),
      fix: skipped.headerAdvice ?? "Add a header line, or say header: false.",
    });
  }
}

interface RaggedRow {
  readonly width: number;
  readonly line: number;
  readonly delimiter: string;
  readonly source: string | undefined;
  /** Whether it is the first row below the header. */
  readonly first: boolean;
}

function ragged(record: readonly string[], row: RaggedRow): never {
  const { width, line, delimiter, source } = row;
  return fail("data-invalid", {
    message: "A row has more or fewer cells than the table has columns.",
    expected: `${width} ${width === 1 ? "cell" : "cells"}, divided by ${shown(delimiter)}`,
    found: `${record.length}: ${listed(record)}`,
    where: place(source, line),
    fix: raggedAdvice(record, row),
  });
}

function raggedAdvice(record: readonly string[], { width, delimiter, first }: RaggedRow): string {
  if (first && width === 1) {
    return `If the line above is a title and no header, remove it; or give \`delimiter\`.`;
  }
  if (first && record.length === width + 1) {
    return "If the rows begin with a name or number that has no column, add a name to the header line.";
  }
  const digits = record.every((cell) => /^[+-]?\d+$/.test(cell));
  return record.length > width && digits && delimiter === ","
    ? 'Quote numbers that contain the delimiter, such as "1,5", or divide the cells by semicolons.'
    : "Correct the line; quote cells that contain the delimiter; or give `delimiter` or `comment`.";
}

/** The options, as a program without types may give them. */
function checkOptions(options: TableOptions): void {
  const { source, delimiter, header, comment, missingValues, types } = options;
  const known = (name: keyof TableOptions, fits: boolean, expected: string): void => {
    if (fits || options[name] === undefined) return;
    fail("bad-argument", {
      message: `parseTable cannot use this ${name}.`,
      expected,
      found: shown(options[name]),
    });
  };
  known("source", isText(source), "a text");
  known("delimiter", isText(delimiter), "one character");
  known("header", typeof header === "boolean" || areTexts(header), "true, false or names");
  known("comment", isText(comment) || comment === false, "a text, or false");
  known("missingValues", areTexts(missingValues), "an array of texts");
  known("types", isRecord(types), 'such as { zip: "category" }');
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
export function unknownColumn(
  name: string,
  names: readonly string[],
  source?: string,
  fix = didYouMean(name, names),
): never {
  return fail("data-invalid", {
    message: `The table has no column ${shown(name)}.`,
    expected: `one of ${listed(names)}`,
    found: shown(name),
    where: source,
    fix,
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
  format: NumberFormat,
): ColumnType {
  const kindOf = kindReader(format);
  let numbers = 0;
  let others = 0;
  for (const cell of cells) {
    if (missing.has(cell)) continue;
    const kind = kindOf(cell);
    if (kind === "number" || kind === "doubtful") numbers++;
    else others++;
  }
  return numbers > others ? "number" : "category";
}
