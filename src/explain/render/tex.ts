/** A formula as TeX: one line, or several aligned at their relations. */

import type { Block } from "./blocks.ts";
import { printFormula, type Style } from "./print.ts";

type Equation = Extract<Block, { kind: "equation" }>;

const relations = { "=": "=", "≈": "\\approx", "": "" } as const;

/** Formulas longer than this (as TeX source) are broken before each relation. */
const longest = 110;
/** So many characters, as the eye sees them, go across a page. */
const widest = 84;

export function texOf(b: Equation, style: Style): string {
  const left = printFormula(b.result, style);
  const parts = b.lines.map((l) => `${relations[l.relation]} ${printFormula(l.expr, style)}`);
  const joined = [left, ...parts].join(" ");
  const rows = parts.map((part) => broken(part, widest - width(left)));
  const fits = rows.every((r) => r.length === 1);
  if (fits && (parts.length < 2 || joined.length <= longest)) return joined;
  const all = rows.map((r) => r.join(" \\\\\n&\\quad "));
  return `\\begin{aligned}\n${left} &${all.join(" \\\\\n&")}\n\\end{aligned}`;
}

const width = (tex: string): number => tex.replace(/\\[a-z]+/gi, "x").replace(/[{}^_]/g, "").length;

/** The formula in rows that are not too wide, broken before signs outside all brackets. */
function broken(tex: string, room: number): string[] {
  const rows: string[] = [];
  let row = "";
  for (const term of terms(tex)) {
    if (row !== "" && width(row + term) > room) {
      rows.push(row.trim());
      row = "";
    }
    row += term;
  }
  return [...rows, row.trim()];
}

/** The formula cut before each sign that stands outside all brackets. */
function terms(tex: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let from = 0;
  for (const { 0: token, index } of tex.matchAll(/\\left\b|\\right\b|[{}]| [+-] /g)) {
    if (token === "{" || token === "\\left") depth++;
    else if (token === "}" || token === "\\right") depth--;
    else if (depth === 0) {
      found.push(tex.slice(from, index));
      from = index;
    }
  }
  return [...found, tex.slice(from)];
}
