/** What a terminal can show: colours, its width, a line that is rewritten. */
import { at } from "../core/at.ts";
import { columnsOf } from "../core/excerpt.ts";
import { variable } from "../core/permission.ts";

const { stdout, stderr } = process;

/** NO_COLOR (no-color.org) goes before everything, FORCE_COLOR before what the terminal says. */
function colours(stream: NodeJS.WriteStream): boolean {
  if (variable("NO_COLOR")) return false;
  const forced = variable("FORCE_COLOR");
  if (forced !== undefined) return forced !== "0";
  return stream.isTTY === true && variable("TERM") !== "dumb" && stream.hasColors();
}

type Style = (text: string) => string;

const styleOf =
  (on: boolean) =>
  (open: number, close: number): Style =>
  (text) =>
    on && text !== "" ? `\x1b[${open}m${text}\x1b[${close}m` : text;

const out = styleOf(colours(stdout));
const err = styleOf(colours(stderr));

export const bold = out(1, 22);
export const dim = out(2, 22);
export const green = out(32, 39);
export const red = out(31, 39);
export const cyan = out(36, 39);
/** For messages on the error stream. */
export const alarming = err(31, 39);
export const faint = err(2, 22);

/** Columns of the terminal; 80 where there is none. */
export const width = (stream: NodeJS.WriteStream = stdout): number =>
  Math.max(20, stream.columns || Number(variable("COLUMNS")) || 80);

/** Whether somebody is watching. */
export const watched = (): boolean => stderr.isTTY === true && variable("TERM") !== "dumb";

export const print = (line = ""): void => {
  stdout.write(`${line}\n`);
};

/** Plain data for another program. */
export const printJson = (value: unknown): void => print(JSON.stringify(value, null, 2));

/** A remark that is no result: it goes to the error stream. */
export const remark = (line = ""): void => {
  stderr.write(`${line}\n`);
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the escapes that styles write.
const escapes = /\x1b\[\d+m/g;
export const visible = (text: string): number => columnsOf(text.replace(escapes, ""));

const padEnd = (text: string, columns: number): string =>
  text + " ".repeat(Math.max(0, columns - visible(text)));
export const padStart = (text: string, columns: number): string =>
  " ".repeat(Math.max(0, columns - visible(text))) + text;

/**
 * Rows as aligned columns: "<" left, ">" right; one letter of `alignment` for each column, the last
 * repeats.
 */
export function columns(rows: readonly (readonly string[])[], alignment = "<>", gap = 2): string[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, c) =>
    Math.max(0, ...rows.map((row) => visible(row[c] ?? ""))),
  );
  return rows.map((row) =>
    row
      .map((cell, c) => {
        const side = alignment[Math.min(c, alignment.length - 1)];
        return side === ">" ? padStart(cell, at(widths, c)) : padEnd(cell, at(widths, c));
      })
      .join(" ".repeat(gap))
      .trimEnd(),
  );
}

/** Words as lines no longer than the terminal is wide. */
export function wrapWords(text: string, indent = "", columns = Math.min(width(), 80)): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? indent + word : `${line} ${word}`;
    if (line !== "" && visible(longer) > columns) {
      lines.push(line);
      line = indent + word;
    } else line = longer;
  }
  return line === "" ? lines : [...lines, line];
}
