/** What a derivation prints, read back and recomputed by an evaluator that is independent of it. */
import type { DerivationData, Slot } from "../../src/explain/derivation.ts";
import type { Formula } from "../../src/explain/engine/expr.ts";
import { printFormula } from "../../src/explain/render/print.ts";
import { evaluateText } from "./evaluator.ts";

const close = (a: number, b: number, scale: number): boolean =>
  Object.is(a, b) || Math.abs(a - b) <= scale * Math.max(1e-3, Math.abs(a), Math.abs(b));

type Signs = DerivationData["symbols"];
const valuesOf = (symbols: Signs): Record<string, number> => {
  const values: Record<string, number> = {};
  for (const [name, { value }] of Object.entries(symbols))
    if (value !== undefined) values[name] = value;
  return values;
};

/** What stands between equals signs; a condition inside a bracket has one of its own. */
function sidesOf(line: string): string[] {
  const sides = [""];
  let depth = 0;
  for (const part of line.split(/( [=≈] |[()])/)) {
    if (/^ [=≈] $/.test(part) && depth === 0) {
      sides.push("");
      continue;
    }
    depth += part === "(" ? 1 : part === ")" ? -1 : 0;
    sides.push(sides.pop()! + part);
  }
  return sides;
}

/** Every chain of equations in the text: all sides have the same value. */
export function readBack(text: string, symbols: Signs, what: string, least = 4): number {
  const values = valuesOf(symbols);
  let lines = 0;
  for (const line of text.split("\n")) {
    if (!/^ {2}\S+ (=|≈) /.test(line)) continue;
    if (/NaN/.test(line)) throw new Error(`${what}: NaN in ${line}`);
    const sides = sidesOf(line.trim());
    const last = evaluateText(sides.at(-1)!, values);
    for (const side of sides) {
      const value = evaluateText(side, values);
      if (close(value, last, 1e-9)) continue;
      throw new Error(`${what}: ${value} ≠ ${last} in\n${line}\n${side}`);
    }
    lines++;
  }
  if (lines < least) throw new Error(`${what}: ${lines} lines are read`);
  return lines;
}

const isFormula = (cell: Slot | undefined): cell is Formula =>
  typeof cell === "object" && "kind" in cell;
const keyOf = (cell: Slot): string => (typeof cell === "object" && "key" in cell ? cell.key : "");

/** Every row of a table of products: the formula, its numbers and what comes out agree. */
export function readTables(data: DerivationData, what: string): number {
  const { symbols, operators } = data;
  const values = valuesOf(symbols);
  const style = { tex: false, digits: 17, symbols, operators };
  let rows = 0;
  for (const { table } of data.steps) {
    const from = table?.columns.findIndex((cell) => keyOf(cell) === "product") ?? -1;
    for (const row of from < 0 ? [] : table!.rows) {
      const cells = row.slice(from, from + 3);
      if (!cells.every(isFormula)) continue;
      const printed = cells.map((cell) => printFormula(cell, style));
      const found = printed.map((cell) => evaluateText(cell, values));
      const last = found.at(-1)!;
      if (!found.every((value) => close(value, last, 1e-9)))
        throw new Error(`${what}: ${found.join(" ≠ ")} in ${printed.join(" | ")}`);
      rows++;
    }
  }
  return rows;
}
