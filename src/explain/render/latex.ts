/** LaTeX for XeLaTeX: a document that also sets Chinese, or a fragment to be included. */
import { type Block, type Document, type Inline, printInline, styleOf } from "./blocks.ts";
import { texOf } from "./tex.ts";

export interface LatexOptions {
  /** A whole document. Default true. */
  readonly standalone?: boolean;
}

const greek: Readonly<Record<string, string>> = {
  "∂": "\\partial",
  "·": "\\cdot",
  "×": "\\times",
  "−": "-",
  "≤": "\\le",
  "≈": "\\approx",
  Σ: "\\Sigma",
  σ: "\\sigma",
  δ: "\\delta",
  η: "\\eta",
  φ: "\\varphi",
  "′": "'",
  "‖": "\\Vert",
  "²": "^{2}",
  ᵀ: "^{\\mathsf T}",
  "½": "\\tfrac12",
  "√": "\\surd",
  "∞": "\\infty",
  "→": "\\to",
  "⊙": "\\odot",
  θ: "\\theta",
  Δ: "\\Delta",
  ⁿ: "^{n}",
  "⁻": "^{-}",
  π: "\\pi",
  α: "\\alpha",
  β: "\\beta",
  "₁": "_{1}",
  "₀": "_{0}",
  ⱼ: "_{j}",
  ₖ: "_{k}",
  "⌊": "\\lfloor",
  "⌋": "\\rfloor",
  "–": "-",
};

/** Running text: what TeX reads as a command is escaped, and mathematical signs become formulas. */
export function escapeLatex(text: string): string {
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
    .replace(/./gu, (ch) => (greek[ch] ? `\\ensuremath{${greek[ch]}}` : ch));
}

const preamble = (chinese: boolean): string =>
  [
    chinese
      ? "\\documentclass[a4paper,fontset=fandol]{ctexart}"
      : "\\documentclass[a4paper]{article}",
    "\\usepackage[margin=2cm]{geometry}",
    "\\usepackage{amsmath,amssymb,longtable,booktabs,array,graphicx}",
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
            (r) => r[k]!.reduce((n, x) => n + (typeof x === "string" ? x.length : 8), 0) > 40,
          );
        const spec = b.head.map((_, k) => (long(k) ? "p{0.62\\linewidth}" : "l")).join("");
        const row = (cells: readonly (readonly Inline[])[]) =>
          `${cells.map(inline).join(" & ")} \\\\`;
        const rows = b.rows.map(row).join("\n");
        return `{\\small\n\\begin{longtable}{@{}${spec}@{}}\n\\toprule\n${row(b.head)}\n\\midrule\n${rows}\n\\bottomrule\n\\end{longtable}}`;
      }
      case "figure":
        return "";
    }
  };
  const body = d.blocks
    .map(block)
    .filter((s) => s !== "")
    .join("\n\n");
  // A fragment needs amsmath, longtable, booktabs and graphicx, and says itself what \\fit is.
  if (!standalone) return `\\providecommand{\\fit}[1]{#1}\n${body}\n`;
  return `${preamble(d.language === "zh")}\n\\begin{document}\n${body}\n\\end{document}\n`;
}
