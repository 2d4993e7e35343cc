/** For the terminal: Unicode, as wide as asked for, with colour where it is wanted. */

import { at } from "../../core/at.ts";
import { type Block, type Document, type Inline, plainText, styleOf } from "./blocks.ts";
import { holdsMatrix, matrixLines } from "./matrix-text.ts";
import { printFormula } from "./print.ts";
import { widthOf } from "./width.ts";

/** How plain text is written. */
export interface TextOptions {
  /** Columns. Default 80. */
  readonly width?: number;
  /** Bold headings by escape codes. Default false. */
  readonly color?: boolean;
}

const pad = (text: string, width: number): string =>
  text + " ".repeat(Math.max(0, width - widthOf(text)));

/** Lines no wider than `width`, broken at spaces, or between Chinese characters. */
export function wrap(text: string, width: number, indent = ""): string[] {
  const words =
    text.match(
      /(?:[\u2e80-\ua4cf\uff00-\uff60]|[^\s\u2e80-\ua4cf\uff00-\uff60]+)[，。；：、）？]*\s*|\s+/g,
    ) ?? [];
  const lines: string[] = [];
  let [line, used] = ["", 0];
  const most = width - widthOf(indent);
  for (const word of words.flatMap((w) => pieces(w, most))) {
    if (line !== "" && used + widthOf(word.trimEnd()) > width) {
      lines.push(line.trimEnd());
      line = indent + word.trimStart();
      used = widthOf(line);
    } else {
      line += word;
      used += widthOf(word);
    }
  }
  return [...lines, line.trimEnd()];
}

/** A word that is wider than a whole line, in pieces that fit. */
function pieces(word: string, width: number): string[] {
  if (widthOf(word.trimEnd()) <= Math.max(1, width)) return [word];
  const found: string[] = [];
  let [piece, used] = ["", 0];
  for (const ch of word) {
    const own = widthOf(ch);
    if (used + own > Math.max(1, width)) {
      found.push(piece);
      [piece, used] = ["", 0];
    }
    piece += ch;
    used += own;
  }
  return [...found, piece];
}

export function toText(d: Document, options: TextOptions = {}): string {
  const { width = 80, color = false } = options;
  const style = styleOf(d, false);
  const bold = (s: string) => (color ? `\u001b[1m${s}\u001b[0m` : s);
  const inline = (text: readonly Inline[]) => plainText(text, style);
  const block = (b: Block): string[] => {
    switch (b.kind) {
      case "title": {
        const title = inline(b.text);
        return [...wrap(title, width).map(bold), "═".repeat(Math.min(width, widthOf(title)))];
      }
      case "heading":
        return ["", ...wrap(inline(b.text), width).map(bold)];
      case "paragraph":
        return wrap(inline(b.text), width);
      case "equation": {
        if (b.lines.some(({ expr }) => holdsMatrix(expr))) return matrixLines(b, style, width);
        const left = printFormula(b.result, style);
        const lines = b.lines.map(
          ({ relation, expr }) => `${relation} ${printFormula(expr, style)}`,
        );
        const indent = " ".repeat(Math.min(widthOf(left) + 3, 26));
        const joined = `  ${left} ${lines.join(" ")}`;
        if (widthOf(joined) <= width) return [joined];
        return lines.flatMap((line, i) =>
          wrap(i === 0 ? `  ${left} ${line}` : indent + line, width, `${indent}  `),
        );
      }
      case "table":
        return table(
          b.head.map(inline),
          b.rows.map((r) => r.map(inline)),
          width,
        );
      case "figure":
        return [];
    }
  };
  return `${d.blocks.flatMap(block).join("\n")}\n`;
}

const numeral = /^−?(?:\d[\d.]*(?:e−?\d+)?|∞)$/;
/** Columns of text are not made narrower than this. */
const narrowest = 10;

/** A grid no wider than `width`: cells of text are wrapped, numbers aligned at the point. */
function table(head: string[], rows: string[][], width: number): string[] {
  const numeric = head.map((_, k) => {
    const cells = rows.map((r) => r[k] ?? "").filter((cell) => cell !== "" && cell !== "–");
    return cells.length > 0 && cells.filter((cell) => numeral.test(cell)).length * 2 > cells.length;
  });
  const aligned = aligner(numeric, rows);
  const body = rows.map((r) => head.map((_, k) => aligned(r[k] ?? "", k)));
  const widths = columnWidths([head, ...body], numeric, width - 2);
  if (!widths) return records(head, rows, width);
  const last = widths.length - 1;
  const line = (r: string[], isHead: boolean): string[] => {
    const cells = r.map((cell, k) =>
      widthOf(cell) <= at(widths, k) ? [cell] : wrap(cell, at(widths, k)).map((s) => s.trim()),
    );
    const height = Math.max(...cells.map((c) => c.length));
    return Array.from({ length: height }, (_, i) => {
      const parts = cells.map((c, k) => {
        const part = c[i] ?? "";
        const right = isHead && numeric[k];
        if (right) return " ".repeat(Math.max(0, at(widths, k) - widthOf(part))) + part;
        return k === last ? part : pad(part, at(widths, k));
      });
      return `  ${parts.join("  ")}`.trimEnd();
    });
  };
  const rule = `  ${widths.map((w) => "─".repeat(w)).join("  ")}`;
  return [...line(head, true), rule, ...body.flatMap((r) => line(r, false))];
}

/** Numbers of a column with their points below each other. */
function aligner(numeric: readonly boolean[], rows: readonly string[][]) {
  const whole = (cell: string) => cell.replace(/[.e].*/, "").length;
  const before = numeric.map((is, k) =>
    is
      ? Math.max(0, ...rows.map(({ [k]: cell = "" }) => (numeral.test(cell) ? whole(cell) : 0)))
      : 0,
  );
  return (cell: string, k: number): string =>
    numeral.test(cell) && numeric[k] ? " ".repeat(at(before, k) - whole(cell)) + cell : cell;
}

/** Columns as wide as their cells; where that is too much, text shrinks, the widest first. */
function columnWidths(
  all: readonly string[][],
  numeric: readonly boolean[],
  width: number,
): number[] | undefined {
  const widths = numeric.map((_, k) => Math.max(1, ...all.map((r) => widthOf(r[k] ?? ""))));
  const least = numeric.map((is, k) => {
    if (!is) return Math.min(at(widths, k), narrowest);
    const cells = all.slice(1).map((r) => at(r, k));
    return Math.max(...cells.map((cell) => (numeral.test(cell.trim()) ? widthOf(cell) : 1)));
  });
  const total = () => widths.reduce((n, w) => n + w, 2 * (widths.length - 1));
  while (total() > width) {
    const shrinkable = widths.map((w, k) => (w > at(least, k) ? w : 0));
    const widest = Math.max(...shrinkable);
    if (widest === 0) return undefined;
    widths[shrinkable.indexOf(widest)] = widest - 1;
  }
  return widths;
}

/** Where the columns do not fit side by side: one cell below the other. */
function records(head: string[], rows: string[][], width: number): string[] {
  return rows.flatMap((r, i) => [
    ...(i > 0 ? [""] : []),
    ...head.flatMap((name, k) => {
      const cell = r[k] ?? "";
      if (cell === "") return [];
      return wrap(name === "" ? `  ${cell}` : `  ${name}: ${cell}`, width, "    ");
    }),
  ]);
}
