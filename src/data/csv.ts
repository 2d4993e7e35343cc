/** Tables from comma-separated text (RFC 4180 and the dialects around it). */

import { fail } from "../core/errors.ts";
import { checkNames } from "../core/options.ts";
import { shown } from "../core/wording.ts";
import type { NumberFormat, Thousands } from "./number-format.ts";
import {
  checkOptions,
  defaultMissingValues,
  TableReading,
  unknownColumn,
} from "./table-reading.ts";

export { defaultMissingValues, unknownColumn };

/** Whether a column's cells are numbers or names of categories. */
export type ColumnType = "number" | "category";

/** One column of a parsed table: its cells are text still. */
export interface TableColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** The text of each row's cell, without surrounding blanks. */
  readonly cells: readonly string[];
  /** Of a file that holds numbers, not text: the cells as they are, NaN where one is missing. */
  readonly numbers?: Float64Array;
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
  /** Whether the file has further columns that could not be read: no row then counts as empty. */
  readonly partial?: boolean;
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

/** The options of a table, for checks of their names. */
export const tableOptionNames: Readonly<Record<keyof TableOptions, true>> = {
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

/**
 * Parses comma-separated text into a table. A byte order mark, LF, CRLF and CR line ends, quoted
 * cells ("" stands for a quotation mark), blank lines and comment lines are understood.
 *
 * @throws ChainruleError "data-invalid" with the line where rows differ in length, a quotation mark
 *   is out of place, or names are repeated or unknown; "data-empty" where there are no rows;
 *   "too-large".
 */
export function parseTable(text: string, options: TableOptions = {}): Table {
  checkNames("parseTable", options, Object.keys(tableOptionNames));
  checkOptions("parseTable", options);
  const reading = new TableReading(options);
  if (typeof text !== "string") {
    fail("bad-argument", { message: "A table is parsed from text.", found: shown(text) });
  }
  reading.push(text);
  return reading.end();
}
