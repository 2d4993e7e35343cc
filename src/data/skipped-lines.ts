/** What was left out while a table was read, counted, so that nobody loses rows unawares. */

import { at } from "../core/at.ts";
import { shown } from "../core/wording.ts";

/** The lines that are named in a note; more are counted. */
const mostNamed = 5;

/** "line 3", "lines 3 and 7", "lines 1, 2, 3, 4, 5 and 8 more". */
function linesNamed(lines: readonly number[], count: number): string {
  if (count === 1) return `line ${lines[0]}`;
  const more = count - lines.length;
  const [last] = more > 0 ? [`${more} more`] : lines.slice(-1);
  const rest = more > 0 ? lines : lines.slice(0, -1);
  return `lines ${rest.join(", ")} and ${last}`;
}

interface Tally {
  add(line: number): void;
  readonly count: number;
  /** "line 3" or "lines 3 and 7". */
  readonly where: string;
}

function tally(): Tally {
  const lines: number[] = [];
  let count = 0;
  return {
    add(line) {
      count++;
      if (lines.length < mostNamed) lines.push(line);
    },
    get count() {
      return count;
    },
    get where() {
      return linesNamed(lines, count);
    },
  };
}

export interface SkippedLines {
  /** A line that begins with the comment sign. */
  comment(content: string, line: number): void;
  /** The columns are known; lines before may have been rows where there is no header line. */
  header(width: number, rowsBefore: boolean): void;
  /** A row whose cells beyond the last column are empty. */
  trailing(line: number): void;
  /** The last skipped line before the header, if it has as many cells. */
  readonly likelyHeader: { readonly line: number; readonly first: string } | undefined;
  /** What to do if that line is the header. */
  readonly headerAdvice: string | undefined;
  notes(): string[];
}

export function skippedLines(delimiter: string, sign: string | null): SkippedLines {
  const comments = tally();
  const rows = tally();
  const trailing = tally();
  let width = 0;
  const before: { line: number; cells: string[] }[] = [];
  let named = false;
  const likelyHeader = () => {
    const last = before.at(-1);
    if (!named || last === undefined || width < 2 || last.cells.length !== width) return undefined;
    return { line: last.line, first: at(last.cells, 0).trim() };
  };
  return {
    comment(content, line) {
      comments.add(line);
      const cells = content.split(delimiter);
      if (width === 0) before.push({ line, cells });
      else if (width > 1 && cells.length === width) rows.add(line);
    },
    header(columns, rowsBefore) {
      width = columns;
      named = !rowsBefore;
      if (!rowsBefore || width < 2) return;
      for (const { line, cells } of before) if (cells.length === width) rows.add(line);
    },
    trailing: (line) => trailing.add(line),
    get likelyHeader() {
      return likelyHeader();
    },
    get headerAdvice() {
      const header = likelyHeader();
      if (header === undefined) return undefined;
      const how =
        comments.count === 1
          ? `say comment: false (its first column is then called ${shown(header.first)})`
          : `remove the ${shown(sign)}`;
      return `Line ${header.line} begins with ${shown(sign)} and was skipped; if it is the header, ${how}.`;
    },
    notes() {
      const notes: string[] = [];
      if (comments.count > 0) {
        const [are, were] = comments.count === 1 ? ["begins", "was"] : ["begin", "were"];
        const name = comments.where;
        notes.push(
          `${name.charAt(0).toUpperCase()}${name.slice(1)} ${are} with ${shown(sign)} and ${were} ` +
            `skipped${comments.count > mostNamed ? `: ${comments.count} in all` : ""}.`,
        );
      }
      if (rows.count > 0) {
        const all = rows.count === comments.count;
        const one = rows.count === 1;
        notes.push(
          `${rows.count} skipped ${one ? "line has" : "lines have"} as many cells as a row ` +
            `(${rows.where}): if ${one ? "it is a row" : "they are rows"}, ` +
            `${all ? "say comment: false" : "put quotation marks around the first cell"}.`,
        );
      }
      if (trailing.count > 0) {
        const [have, were] = trailing.count === 1 ? ["row has", "was"] : ["rows have", "were"];
        notes.push(
          `${trailing.count} ${have} empty cells beyond the last column, and ${were} cut to the ` +
            `columns that have a name (${trailing.where}).`,
        );
      }
      return notes;
    },
  };
}
