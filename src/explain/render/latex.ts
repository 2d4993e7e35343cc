/** LaTeX for XeLaTeX: a document that also sets Chinese, or a fragment to be included. */

import { at } from "../../core/at.ts";
import { entryOf } from "../../core/by-name.ts";
import type { Diagram } from "../derivation.ts";
import { computed } from "../engine/expr.ts";
import { type Block, type Document, type Inline, printInline, styleOf } from "./blocks.ts";
import { drawing, radius } from "./drawing.ts";
import type { Point } from "./labels.ts";
import { signs } from "./mathml.ts";
import { printFormula, type Style } from "./print.ts";
import { texOf } from "./tex.ts";

/** How LaTeX is written. */
export interface LatexOptions {
  /** A whole document. Default true. */
  readonly standalone?: boolean;
}

/** What TeX calls the signs of running text, where that is not what MathML takes them from. */
const texts: Readonly<Record<string, string>> = /* @__PURE__ */ Object.fromEntries(
  /* @__PURE__ */ (() => [
    ...Object.entries(signs).map(([name, sign]) => [sign, `\\${name}`]),
    ["−", "-"],
    ["–", "-"],
    ["′", "'"],
    ["½", "\\tfrac12"],
  ])(),
);

const mathematical = (ch: string): string | undefined => {
  const plain = ch.normalize("NFKC");
  if (/[⁰¹²³⁴-⁹⁻ⁿᵀˣ]/.test(ch)) return `^{${texts[plain] ?? plain}}`;
  return /[₀-₉ⱼₖ]/.test(ch) ? `_{${plain}}` : texts[ch];
};

/** Running text: what TeX reads as a command is escaped, and mathematical signs become formulas. */
function escapeLatex(text: string): string {
  return text
    .replace(/[\\{}$&#^_~%]/g, (ch) =>
      ch === "\\"
        ? "\\textbackslash{}"
        : ch === "^"
          ? "\\textasciicircum{}"
          : ch === "~"
            ? "\\textasciitilde{}"
            : `\\${ch}`,
    )
    .replace(/[^\0-~]/gu, (ch) => {
      const tex = mathematical(ch);
      return tex ? `\\ensuremath{${tex}}` : ch;
    });
}

const packages = "amsmath,amssymb,longtable,booktabs,array,graphicx,tikz";

const preamble = (chinese: boolean): string =>
  [
    chinese
      ? "\\documentclass[a4paper,fontset=fandol]{ctexart}"
      : "\\documentclass[a4paper]{article}",
    "\\usepackage[margin=2cm]{geometry}",
    `\\usepackage{${packages}}`,
    // A formula wider than the page is shrunk to fit.
    "\\newsavebox{\\formula}",
    "\\newcommand{\\fit}[1]{\\sbox{\\formula}{$\\displaystyle #1$}\\ifdim\\wd\\formula>\\linewidth\\resizebox{\\linewidth}{!}{\\usebox{\\formula}}\\else\\usebox{\\formula}\\fi}",
    "\\setlength{\\parindent}{0pt}",
    "\\setlength{\\parskip}{4pt}",
    "\\allowdisplaybreaks",
  ].join("\n");

export function toLatex(d: Document, { standalone = true }: LatexOptions = {}): string {
  const style = styleOf(d, true);
  const inline = (text: readonly Inline[]) =>
    printInline(text, style, (tex) => `$${tex}$`, escapeLatex);
  const block = (b: Block): string => {
    switch (b.kind) {
      case "title":
        return `\\section*{${inline(b.text)}}`;
      case "heading":
        return `\\subsection*{${inline(b.text)}}`;
      case "paragraph":
        return inline(b.text);
      case "equation":
        return `\\[\n\\fit{${texOf(b, style)}}\n\\]`;
      case "table": {
        const long = (k: number) =>
          b.rows.some(
            (r) => at(r, k).reduce((n, x) => n + (typeof x === "string" ? x.length : 8), 0) > 40,
          );
        const spec = b.head.map((_, k) => (long(k) ? "p{0.62\\linewidth}" : "l")).join("");
        const row = (cells: readonly (readonly Inline[])[]) =>
          `${cells.map(inline).join(" & ")} \\\\`;
        const rows = b.rows.map(row).join("\n");
        return `{\\small\n\\begin{longtable}{@{}${spec}@{}}\n\\toprule\n${row(b.head)}\n\\midrule\n${rows}\n\\bottomrule\n\\end{longtable}}`;
      }
      case "figure":
        return `\\[\n\\fit{${picture(b.diagram, style)}}\n\\]`;
    }
  };
  const body = d.blocks
    .map(block)
    .filter((s) => s !== "")
    .join("\n\n");
  if (!standalone) return `% \\usepackage{${packages}}\n\\providecommand{\\fit}[1]{#1}\n${body}\n`;
  return `${preamble(d.language === "zh")}\n\\begin{document}\n${body}\n\\end{document}\n`;
}

/** A derivative on one line. */
const inline = (tex: string): string => tex.replace(/\\frac(?=\{\\partial)/g, "\\tfrac");

/** The network drawn with TikZ, a pixel being three quarters of a point. */
function picture(d: Diagram, style: Style): string {
  const value = (name: string): string => {
    const v = style.symbols[name]?.value;
    return v === undefined
      ? ""
      : printFormula(computed(v), { ...style, digits: Math.min(4, style.digits) });
  };
  const tex = (name: string) => entryOf(style.symbols, name).tex;
  const { edges, units } = drawing(d, style, ({ symbols }, given) =>
    symbols.flatMap((s) => [`$${tex(s)}${given ? "" : " ="}$`, `$${value(s)}$`]),
  );
  const at = ([x, y]: Point) => `(${x.toFixed(1)},${y.toFixed(1)})`;
  const node = (p: Point, look: string, text: string) =>
    `\\node[fill=white,inner sep=1pt,font=\\scriptsize${look}] at ${at(p)} {${text}};`;
  const valued = (...names: readonly (string | undefined)[]) =>
    names
      .flatMap((n) => (n === undefined ? [] : [`$${inline(tex(n))} = ${value(n)}$`]))
      .join("\\\\");
  const ring = `,draw,circle,align=center,minimum size=${1.5 * radius}pt`;
  return [
    "\\begin{tikzpicture}[x=.75pt,y=-.75pt]",
    ...edges.map((e) => `\\draw[${e.marked ? "very thick" : "thin"}] ${at(e.from)}--${at(e.to)};`),
    ...edges.map((e) => node(e.at, ",align=center", valued(e.symbol, e.local))),
    ...units.map((u) => node(u.at, ring, u.lines.join("\\\\"))),
    ...units.flatMap(({ at: [x, y], below }) =>
      below.map((name, i) => node([x, y + radius + 9 + 11 * i], "", valued(name))),
    ),
    "\\end{tikzpicture}",
  ].join("\n");
}
