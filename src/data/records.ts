// This entry of csv-parse carries its own Buffer, so that it runs in Node and in browsers alike.

import { parse } from "csv-parse/browser/esm/sync";
import { at } from "../core/at.ts";
import { ChainruleError, fail } from "../core/errors.ts";
import { shown } from "../core/wording.ts";

/** A row longer than this is more likely an unclosed quotation mark. */
const longestRow = 10_000_000;

/** "file.csv, line 3" or "line 3". */
export function place(source: string | undefined, line: number, column?: string): string {
  const at = source === undefined ? `line ${line}` : `${source}, line ${line}`;
  return column === undefined ? at : `${at}, column ${shown(column)}`;
}

interface Dialect {
  readonly delimiter: string;
  readonly comment: string | null;
  readonly source: string | undefined;
}

/**
 * Divides text with LF line ends into records and calls back with each and the line on which it
 * begins, and with each comment, in the order of the text; gives the last line of the last record.
 *
 * @throws ChainruleError "data-invalid" where a quotation mark is out of place.
 */
export function eachRecord(
  text: string,
  { delimiter, comment, source }: Dialect,
  visit: (record: readonly string[], line: number) => void,
  skip: Skip = () => {},
): number {
  if (!text.includes('"')) return eachLine(text, { delimiter, comment, source }, visit, skip);
  let last = 1;
  const between = linesBetween(text, skip);
  try {
    // Bytes, since csv-parse's own conversion of a long string takes twice the time.
    parse(new TextEncoder().encode(text), {
      delimiter,
      comment,
      comment_no_infix: true,
      record_delimiter: "\n",
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
      max_record_size: longestRow,
      on_record: (record: string[], context) => {
        last = context.lines;
        let breaks = 0;
        for (const cell of record) {
          for (let at = cell.indexOf("\n"); at >= 0; at = cell.indexOf("\n", at + 1)) breaks++;
        }
        between(last - breaks, last);
        visit(record, last - breaks);
        return null;
      },
    });
  } catch (error) {
    if (error instanceof ChainruleError) throw error;
    syntaxError(error, last, source);
  }
  between(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  return last;
}

type Skip = (content: string, line: number) => void;

/** Passes on the lines between records; those that are not blank are comments. */
function linesBetween(text: string, skip: Skip): (first: number, last: number) => void {
  let line = 1;
  let at = 0;
  return (first, last) => {
    for (; line <= last && at < text.length; line++) {
      const next = text.indexOf("\n", at);
      const end = next < 0 ? text.length : next;
      if (line < first) {
        const content = text.slice(at, end);
        if (content.trim() !== "") skip(content, line);
      }
      at = end + 1;
    }
  };
}

/** Without quotation marks every line is a record, and dividing it is thirty times as fast. */
function eachLine(
  text: string,
  { delimiter, comment }: Dialect,
  visit: (record: readonly string[], line: number) => void,
  skip: Skip,
): number {
  let line = 0;
  for (let start = 0; start < text.length; ) {
    const next = text.indexOf("\n", start);
    const end = next < 0 ? text.length : next;
    line++;
    const content = text.slice(start, end);
    const cells = content.split(delimiter);
    const first = at(cells, 0);
    start = end + 1;
    // Blanks before a comment do not count, but a tab that delimits an empty cell does.
    if (comment && (content.startsWith(comment) || first.trimStart().startsWith(comment))) {
      skip(content, line);
      continue;
    }
    if (cells.length > 1 || first.trim() !== "") {
      visit(
        cells.map((cell) => cell.trim()),
        line,
      );
    }
  }
  return Math.max(1, line);
}

const syntaxMessages: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: "A quotation mark is opened and never closed.",
  CSV_INVALID_CLOSING_QUOTE: "After a closing quotation mark the cell goes on.",
  CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE: "After a closing quotation mark the cell goes on.",
  INVALID_OPENING_QUOTE: "A quotation mark stands in the middle of a cell.",
  CSV_MAX_RECORD_SIZE: "A row is longer than ten million characters.",
};

function syntaxError(error: unknown, last: number, source: string | undefined): never {
  const { code, lines } = error as { code?: unknown; lines?: unknown };
  const known = typeof code === "string" ? syntaxMessages[code] : undefined;
  const far = code === "CSV_QUOTE_NOT_CLOSED" || code === "CSV_MAX_RECORD_SIZE";
  const line = typeof lines === "number" && !far ? lines : last;
  return fail("data-invalid", {
    message: known ?? "The text cannot be divided into cells.",
    expected: 'cells such as 1.5 or "with, comma" or "with ""quotes"""',
    where: far
      ? `${source === undefined ? "" : `${source}, `}a row after line ${line}`
      : place(source, line),
    fix: 'Close the quotation mark, or write "" for one inside a quoted cell.',
    cause: error,
  });
}
