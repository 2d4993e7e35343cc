/** A table from text that comes in pieces: its columns, their types, and what is worth remarking. */

import { at, last } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import { areTexts, isRecord, isText } from "../core/kinds.ts";
import { didYouMean, listed, shown } from "../core/wording.ts";
import type { ColumnType, Table, TableColumn, TableOptions } from "./csv.ts";
import { declaredDelimiter, discoverDelimiter, sampleSize } from "./delimiter.ts";
import { kindReader, type NumberFormat, parseNumber, thousandsSigns } from "./number-format.ts";
import { place, Records } from "./records.ts";
import { type SkippedLines, skippedLines } from "./skipped-lines.ts";
import { delimiterAdvice } from "./table-advice.ts";

/** The cells that stand for a missing value, where nothing else is said. */
export const defaultMissingValues: readonly string[] = ["", "NA", "N/A", "NaN", "null", "?"];

/** A declaration such as "sep=;" before the sample that shows the delimiter. */
const longestDeclaration = 16;

/** What is known of a column while its cells come. */
interface ColumnReading {
  /** Block by block: one array would be copied again and again as it grows, all columns' at once. */
  readonly blocks: string[][];
  readonly kinds: TypeReading | undefined;
}

/** What is read and not yet divided into records, and what goes on with them. */
interface Division {
  readonly records: Records;
  readonly skipped: SkippedLines;
  readonly delimiter: string;
  readonly declared: string | undefined;
}

/** So many rows' cells stand in one array. */
const blockSize = 4096;

/** The table of a text that is pushed piece by piece, wherever it is cut. */
export class TableReading {
  readonly #options: TableOptions;
  readonly #format: NumberFormat;
  readonly #missing: ReadonlySet<string>;
  /** Text before the delimiter is known. */
  #head: string[] = [];
  #headLength = 0;
  #division: Division | undefined;
  /** Characters that have come. */
  #length = 0;
  /** A carriage return at the end of a piece: a line feed may follow. */
  #held = "";
  #undecoded = 0;
  #names: string[] | undefined;
  /** The cells of the header. */
  #given: readonly string[] = [];
  readonly #columns: ColumnReading[] = [];
  #lines: number[] = [];
  /** Rows that were handed out before. */
  #taken = 0;

  /** @param options which are checked */
  constructor(options: TableOptions) {
    const { missingValues = defaultMissingValues, delimiter } = options;
    this.#options = options;
    this.#format = checkedFormat(options);
    this.#missing = new Set(missingValues);
    if (delimiter !== undefined && (delimiter.length !== 1 || /["\r\n]/.test(delimiter))) {
      fail("bad-argument", {
        message: "A delimiter is a single character.",
        expected: "one character such as , or ; or a tab",
        found: shown(delimiter),
      });
    }
  }

  /** The rows that are complete. */
  get rows(): number {
    return this.#taken + this.#lines.length;
  }

  /** Those of them that are here. */
  get waiting(): number {
    return this.#lines.length;
  }

  /** The rows that are here as a table of their own, of which this one then knows nothing any more. */
  take(): Table {
    const parts = this.#gathered([]);
    let next = parts.next();
    while (!next.done) next = parts.next();
    this.#taken += this.#lines.length;
    this.#lines = [];
    return next.value;
  }

  push(piece: string): void {
    this.#take(this.#clean(piece));
  }

  #take(text: string): void {
    if (this.#division) this.#division.records.push(text);
    else {
      this.#head.push(text);
      this.#headLength += text.length;
      if (this.#headLength > sampleSize + longestDeclaration) this.#divide();
    }
  }

  /**
   * Nothing more comes.
   *
   * @throws ChainruleError "data-empty" where there are no rows.
   */
  end(): Table {
    const parts = this.ending();
    let next = parts.next();
    while (!next.done) next = parts.next();
    return next.value;
  }

  /** The same in portions, between which others may have their turn. */
  *ending(): Generator<void, Table, void> {
    if (this.#held !== "") this.#take("\n");
    const { records, skipped, delimiter, declared } = this.#division ?? this.#divide();
    const lastLine = records.end();
    const { source } = this.#options;
    const names = this.#names;
    if (names === undefined || this.rows === 0) {
      return fail("data-empty", {
        message: "The table has no rows.",
        expected: "at least one line of data",
        found: names === undefined ? "no line at all" : "a header line and nothing below it",
        where: source ?? `line ${lastLine}`,
        ...withNotes(skipped.notes()),
      });
    }
    const notes = [...declarationNotes(declared, delimiter), ...skipped.notes()];
    // A header of numbers is more likely to be a row.
    const advice = skipped.headerAdvice;
    if (advice && this.#given.some((name) => parseNumber(name, this.#format) !== undefined)) {
      notes.push(advice);
    }
    notes.push(...decodingNotes(this.#undecoded));
    return yield* this.#gathered(notes);
  }

  /** What is here, in portions. */
  *#gathered(notes: readonly string[]): Generator<void, Table, void> {
    const { missingValues = defaultMissingValues, types, source, header = true } = this.#options;
    const { skipped, delimiter } = this.#division ?? this.#divide();
    const names = this.#names ?? [];
    checkColumns(names, this.#options);
    const columns: TableColumn[] = [];
    for (const [j, name] of names.entries()) {
      const { blocks = [], kinds } = this.#columns[j] ?? {};
      const type = ownType(types, name);
      columns.push({
        name,
        type: type ?? kinds?.type ?? "category",
        cells: ([] as string[]).concat(...blocks),
        ...(type === undefined ? {} : { declared: true }),
        ...(header === true && this.#given[j] === "" ? { unnamed: true } : {}),
      });
      blocks.length = 0;
      yield;
    }
    const cells = columns.map((column) => column.cells);
    const doubts = [delimiterAdvice(names, cells), skipped.headerAdvice].filter(
      (one) => one !== undefined,
    );
    const dialect = { delimiter, ...this.#format, missingValues, source };
    return { columns, size: this.#lines.length, lines: this.#lines, ...dialect, notes, doubts };
  }

  /** The piece with one kind of line end, and without a byte order mark. */
  #clean(piece: string): string {
    const { source, limit = 512_000_000 } = this.#options;
    const first = this.#length === 0;
    this.#length += piece.length;
    if (this.#length > limit) {
      fail("too-large", {
        message: "The table is longer than the limit.",
        expected: `at most ${limit} characters`,
        found: `${this.#length}`,
        where: source,
        fix: "Take fewer rows, or raise the option `limit`.",
      });
    }
    if (piece.includes("\0")) {
      fail("data-invalid", {
        message: "This is not the text of a table: it has NUL characters.",
        expected: "UTF-8 text",
        found: "a binary file or UTF-16 text",
        where: source,
        fix: "Save the table as CSV in UTF-8.",
      });
    }
    if (piece.includes("\ufffd")) this.#undecoded += piece.split("\ufffd").length - 1;
    let text = first && piece.charCodeAt(0) === 0xfeff ? piece.slice(1) : piece;
    if (text === "") return text;
    text = this.#held + text;
    if (!text.includes("\r")) return text;
    this.#held = text.endsWith("\r") ? "\r" : "";
    if (this.#held !== "") text = text.slice(0, -1);
    return text.replace(/\r\n?/g, "\n");
  }

  /** The delimiter is found, and the text before it is divided. */
  #divide(): Division {
    const head = this.#head.join("");
    this.#head = [];
    const found = declaredDelimiter(head);
    const body = found?.text ?? head;
    const { header = true, source } = this.#options;
    const comment = this.#options.comment === undefined ? "#" : this.#options.comment || null;
    const delimiter =
      this.#options.delimiter ?? found?.delimiter ?? discoverDelimiter(body, comment);
    const skipped = skippedLines(delimiter, comment);
    const visit = (record: readonly string[], line: number) => this.#row(record, line);
    const records = new Records({ delimiter, comment, source }, visit, skipped.comment);
    const division = { records, skipped, delimiter, declared: found?.delimiter };
    this.#division = division;
    if (typeof header !== "boolean") this.#begin(header);
    records.push(body);
    return division;
  }

  #begin(all: readonly string[]): string[] {
    this.#given = all;
    this.#names = all.map(nameOf);
    this.#division?.skipped.header(all.length, (this.#options.header ?? true) !== true);
    return this.#names;
  }

  #row(record: readonly string[], line: number): void {
    const division = this.#division;
    if (division === undefined) return;
    const { skipped, delimiter } = division;
    const { header = true, source } = this.#options;
    if (this.#names === undefined && header === true) {
      this.#begin(record);
      checkHeader(record, line, this.#options, skipped);
      return;
    }
    const names = this.#names ?? this.#begin(record.map(() => ""));
    const { length: width } = names;
    // With several columns, a line of blanks only is an empty line.
    if (record.length === 1 && record[0] === "" && width > 1) return;
    const columns = this.#columns;
    if (record.length > width && record.every((cell, j) => j < width || cell === "")) {
      skipped.trailing(line);
    } else if (record.length !== width) {
      ragged(record, { width, line, delimiter, source, first: columns.length === 0 });
    }
    if (columns.length === 0) for (const name of names) columns.push(this.#column(name));
    const begins = this.#lines.length % blockSize === 0;
    // What stands behind the last column is empty, and has none to go to.
    for (let j = 0; j < width; j++) {
      const { blocks, kinds } = at(columns, j);
      const cell = at(record, j);
      if (begins) blocks.push([]);
      last(blocks).push(cell);
      kinds?.learn(cell);
    }
    this.#lines.push(line);
  }

  #column(name: string): ColumnReading {
    const declared = ownType(this.#options.types, name) !== undefined;
    const kinds = declared ? undefined : new TypeReading(this.#missing, this.#format);
    return { blocks: [], kinds };
  }
}

/**
 * Number where more than half of the cells that are not missing look like one. The others are then
 * reported when the column is used, rather than making a category of every number.
 */
class TypeReading {
  readonly #missing: ReadonlySet<string>;
  readonly #kinds: ReturnType<typeof kindReader>;
  /** Whether plain numbers need no further look: nearly all cells are, and most take one. */
  readonly #plain: boolean;
  #numbers = 0;
  #others = 0;

  constructor(missing: ReadonlySet<string>, format: NumberFormat) {
    this.#missing = missing;
    this.#kinds = kindReader(format);
    this.#plain = format.decimal === "." && ![...missing].some(isPlain);
  }

  get type(): ColumnType {
    return this.#numbers > this.#others ? "number" : "category";
  }

  learn(cell: string): void {
    if (this.#plain && isPlain(cell)) this.#numbers++;
    else if (!this.#missing.has(cell)) {
      const kind = this.#kinds(cell);
      if (kind === "number" || kind === "doubtful") this.#numbers++;
      else this.#others++;
    }
  }
}

/** Whether a cell is digits with at most a sign before and a point among or behind them. */
function isPlain(cell: string): boolean {
  const { length } = cell;
  const sign = cell.charCodeAt(0);
  let i = sign === 45 || sign === 43 ? 1 : 0;
  const begin = i;
  while (i < length && isDigit(cell.charCodeAt(i))) i++;
  if (i === begin) return false;
  if (i < length && cell.charCodeAt(i) === 46) i++;
  while (i < length && isDigit(cell.charCodeAt(i))) i++;
  return i === length;
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57;

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
function decodingNotes(count: number): string[] {
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
export function checkOptions(what: string, options: TableOptions): void {
  const { source, delimiter, header, comment, missingValues, types } = options;
  const known = (name: keyof TableOptions, fits: boolean, expected: string): void => {
    if (fits || options[name] === undefined) return;
    fail("bad-argument", {
      message: `${what} cannot use this ${name}.`,
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
