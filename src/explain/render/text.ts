/** For the terminal: Unicode, as wide as asked for, with colour where it is wanted. */
import { print } from "../print.ts";
import { type Block, type Document, type Inline, printInline, styleOf } from "./blocks.ts";

export interface TextOptions {
  /** Columns. Default 80. */
  readonly width?: number;
  /** Bold headings by escape codes. Default false. */
  readonly color?: boolean;
}

/** Columns that a string takes up: Chinese characters take two, combining marks none. */
export const widthOf = (text: string): number =>
  [...text].reduce(
    (n, ch) =>
      n +
      (/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/.test(ch)
        ? 2
        : 1),
    0,
  );

const pad = (text: string, width: number): string =>
  text + " ".repeat(Math.max(0, width - widthOf(text)));

/** Lines no wider than `width`, broken at spaces, or between Chinese characters. */
export function wrap(text: string, width: number, indent = ""): string[] {
  const words =
    text.match(
      /[\u2e80-\ua4cf\uff00-\uff60][，。；：、）？]*|[^\s\u2e80-\ua4cf\uff00-\uff60]+\s*|\s+/g,
    ) ?? [];
  const lines: string[] = [];
  let line = "";
  for (const word of words) {
    if (line !== "" && widthOf(line + word.trimEnd()) > width) {
      lines.push(line.trimEnd());
      line = indent + word.trimStart();
    } else line += word;
  }
  return [...lines, line.trimEnd()];
}

export function toText(d: Document, options: TextOptions = {}): string {
  const { width = 80, color = false } = options;
  const style = styleOf(d, false);
  const bold = (s: string) => (color ? `\u001b[1m${s}\u001b[0m` : s);
  const inline = (text: readonly Inline[]) =>
    printInline(
      text,
      style,
      (s) => s,
      (s) => s,
    );
  const block = (b: Block): string[] => {
    switch (b.kind) {
      case "title": {
        const title = inline(b.text);
        return [bold(title), "═".repeat(Math.min(width, widthOf(title)))];
      }
      case "heading":
        return ["", bold(inline(b.text))];
      case "paragraph":
        return wrap(inline(b.text), width);
      case "equation": {
        const left = print(b.result, style);
        const lines = b.lines.map(({ relation, expr }) => `${relation} ${print(expr, style)}`);
        const indent = " ".repeat(Math.min(widthOf(left) + 3, 20));
        const joined = `  ${left} ${lines.join(" ")}`;
        if (widthOf(joined) <= width) return [joined];
        return lines.flatMap((line, i) =>
          i === 0
            ? wrap(`  ${left} ${line}`, width, indent)
            : wrap(indent + line, width, `${indent}  `),
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

function table(head: string[], rows: string[][], width: number): string[] {
  const all = [head, ...rows];
  const widths = head.map((_, k) => Math.max(...all.map((r) => widthOf(r[k] ?? ""))));
  const last = widths.length - 1;
  const before = widths.slice(0, last).reduce((n, w) => n + w + 2, 2);
  const numeric = head.map((_, k) => rows.every((r) => /^(−?[\d.e−]+|–|)$/.test(r[k] ?? "")));
  const room = Math.max(20, width - before);
  const line = (r: string[]): string[] => {
    const cells = r
      .slice(0, last)
      .map((cell, k) =>
        numeric[k] ? " ".repeat(widths[k]! - widthOf(cell)) + cell : pad(cell, widths[k]!),
      );
    const parts = wrap(r[last] ?? "", room);
    return parts.map((part, i) =>
      (i === 0 ? `  ${[...cells, part].join("  ")}` : " ".repeat(before) + part).trimEnd(),
    );
  };
  const rule = `  ${widths.map((w, k) => "─".repeat(k === last ? Math.min(w, room) : w)).join("  ")}`;
  return [...line(head), rule, ...rows.flatMap(line)];
}
