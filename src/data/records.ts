/** Text divided into records: RFC 4180, with blanks around cells, comments and blank lines. */

import { at } from "../core/at.ts";
import { fail } from "../core/errors.ts";
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

type Visit = (record: readonly string[], line: number) => void;
type Skip = (content: string, line: number) => void;

/**
 * Divides text with LF line ends into records and calls back with each and the line on which it
 * begins, and with each comment, in the order of the text; gives the last line of the last record.
 *
 * @throws ChainruleError "data-invalid" where a quotation mark is out of place.
 */
export function eachRecord(text: string, dialect: Dialect, visit: Visit, skip?: Skip): number {
  const records = new Records(dialect, visit, skip);
  records.push(text);
  return records.end();
}

/** The same for text that comes in pieces, wherever they are cut. */
export class Records {
  readonly #dialect: Dialect;
  readonly #visit: Visit;
  readonly #skip: Skip;
  /** The beginning of a record whose end has not come, and the line on which it stands. */
  #rest: string[] = [];
  #line = 1;
  /** The last line of the last record. */
  #last = 1;

  constructor(dialect: Dialect, visit: Visit, skip: Skip = () => {}) {
    this.#dialect = dialect;
    this.#visit = visit;
    this.#skip = skip;
  }

  push(text: string): void {
    if (text === "") return;
    this.#rest.push(text);
    // Pieces are put together once a line ends: the text of a long line is not copied with each.
    if (text.includes("\n")) this.#divide(this.#rest.join(""), false);
  }

  /** Nothing more comes: the last line of the last record. */
  end(): number {
    this.#divide(this.#rest.join(""), true);
    return this.#last;
  }

  #divide(text: string, final: boolean): void {
    const { delimiter, comment } = this.#dialect;
    let start = 0;
    while (start < text.length) {
      const next = text.indexOf("\n", start);
      if (next < 0 && !final) break;
      const end = next < 0 ? text.length : next;
      const content = text.slice(start, end);
      if (comment !== null && isComment(content, comment, delimiter)) {
        this.#skip(content, this.#line);
      } else if (content.includes('"')) {
        const quoted = this.#quoted(text, start, final);
        if (quoted < 0) break;
        start = quoted;
        continue;
      } else {
        // Without quotation marks a line is a record, and quickly divided.
        const cells = content.split(delimiter);
        if (cells.length > 1 || at(cells, 0).trim() !== "") {
          for (let j = 0; j < cells.length; j++) cells[j] = at(cells, j).trim();
          this.#last = this.#line;
          this.#visit(cells, this.#line);
        }
      }
      this.#line++;
      start = end + 1;
    }
    this.#rest = start < text.length ? [text.slice(start)] : [];
  }

  /** A record with quotation marks, from `start` on: where the next begins; −1 if its end is not there. */
  #quoted(text: string, start: number, final: boolean): number {
    const { delimiter } = this.#dialect;
    const cells: string[] = [];
    let line = this.#line;
    let to = start;
    do {
      const begin = afterBlanks(text, cells.length === 0 ? start : to + 1, delimiter);
      if (text[begin] === '"') {
        const close = closing(text, begin + 1);
        const cell = text.slice(begin + 1, close < 0 ? text.length : close);
        to = close < 0 ? text.length : afterBlanks(text, close + 1, delimiter);
        if (to === text.length && (!final || close < 0)) {
          const known = to - start > longestRow ? "long" : "open";
          return final || known === "long" ? this.#syntaxError(known, this.#last) : -1;
        }
        for (let i = cell.indexOf("\n"); i >= 0; i = cell.indexOf("\n", i + 1)) line++;
        const sign = text[to];
        if (sign !== undefined && sign !== delimiter && sign !== "\n") {
          return this.#syntaxError("closed", line);
        }
        cells.push(cell.includes('"') ? cell.replaceAll('""', '"') : cell);
      } else {
        to = cellEnd(text, begin, delimiter);
        if (to === text.length && !final) return -1;
        const cell = text.slice(begin, to);
        if (cell.includes('"')) return this.#syntaxError("inside", line);
        cells.push(cell.trim());
      }
    } while (text[to] === delimiter);
    if (to - start > longestRow) return this.#syntaxError("long", this.#last);
    this.#last = line;
    this.#visit(cells, this.#line);
    this.#line = line + 1;
    return to + 1;
  }

  #syntaxError(what: keyof typeof syntaxMessages, line: number): never {
    const { source } = this.#dialect;
    const far = what === "open" || what === "long";
    return fail("data-invalid", {
      message: syntaxMessages[what],
      expected: 'cells such as 1.5 or "with, comma" or "with ""quotes"""',
      where: far
        ? `${source === undefined ? "" : `${source}, `}a row after line ${line}`
        : place(source, line),
      fix: 'Close the quotation mark, or write "" for one inside a quoted cell.',
    });
  }
}

const syntaxMessages = {
  open: "A quotation mark is opened and never closed.",
  closed: "After a closing quotation mark the cell goes on.",
  inside: "A quotation mark stands in the middle of a cell.",
  long: "A row is longer than ten million characters.",
};

/** Blanks before a comment do not count, but a tab that delimits an empty cell does. */
function isComment(content: string, comment: string, delimiter: string): boolean {
  if (content.startsWith(comment)) return true;
  // Anything else than a blank is the beginning of a cell.
  const code = content.charCodeAt(0);
  if (code > 32 && code < 128) return false;
  const end = content.indexOf(delimiter);
  return (end < 0 ? content : content.slice(0, end)).trimStart().startsWith(comment);
}

/** The first place from `start` on where no blank stands; ends of lines and delimiters are none. */
function afterBlanks(text: string, start: number, delimiter: string): number {
  let to = start;
  for (; to < text.length; to++) {
    const sign = text.charAt(to);
    if (sign === "\n" || sign === delimiter || sign.trim() !== "") break;
  }
  return to;
}

/** The quotation mark that closes a cell, or −1; two stand for one inside it. */
function closing(text: string, start: number): number {
  let close = text.indexOf('"', start);
  while (close >= 0 && text[close + 1] === '"') close = text.indexOf('"', close + 2);
  return close;
}

/** Where a cell without quotation marks ends. */
function cellEnd(text: string, start: number, delimiter: string): number {
  let to = start;
  while (to < text.length && text[to] !== delimiter && text[to] !== "\n") to++;
  return to;
}
