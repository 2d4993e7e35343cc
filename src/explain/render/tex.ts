/** A formula as TeX: one line, or several aligned at their relations. */
import { print, type Style } from "../print.ts";
import type { Block } from "./blocks.ts";

type Equation = Extract<Block, { kind: "equation" }>;

const relations = { "=": "=", "≈": "\\approx", "": "" } as const;

/** Formulas longer than this (as TeX source) are broken before each relation. */
const longest = 110;

export function texOf(b: Equation, style: Style): string {
  const left = print(b.result, style);
  const parts = b.lines.map((l) => `${relations[l.relation]} ${print(l.expr, style)}`);
  const joined = [left, ...parts].join(" ");
  if (parts.length < 2 || joined.length <= longest) return joined;
  return `\\begin{aligned}\n${left} &${parts.join(" \\\\\n&")}\n\\end{aligned}`;
}
