/** Formulas with matrices in a terminal: boxes of several lines, side by side. */
import { at } from "../../core/at.ts";
import type { Formula, Matrix } from "../engine/expr.ts";
import type { Block } from "./blocks.ts";
import { matrixCells, printFormula, type Style } from "./print.ts";
import { widthOf } from "./width.ts";

/** Whether a formula holds a matrix of numbers. */
export const holdsMatrix = (e: Formula): boolean =>
  e.kind === "matrix" || ("args" in e && e.args.some(holdsMatrix));

/** Lines of one width; what stands beside it is put at the middle one. */
type Box = readonly string[];

/** result = a · b: as many boxes in a row as fit. */
export function matrixLines(
  { result, lines }: Extract<Block, { kind: "equation" }>,
  style: Style,
  width: number,
): string[] {
  const left = `  ${printFormula(result, style)} `;
  const indent = " ".repeat(Math.min(widthOf(left), 24));
  const rows: Box[] = [];
  let row: Box = [left];
  lines.forEach(({ relation, expr }, i) => {
    const parts = partsOf(expr, style);
    parts.forEach((part, k) => {
      const sign = k === 0 ? [`${relation} `] : [];
      const next = beside([...sign.map((s): Box => [s]), part]);
      const full = widthOf(at(row, 0)) + widthOf(at(next, 0)) > width;
      if ((k === 0 && i > 0) || (full && row.length + widthOf(at(row, 0)) > indent.length + 1)) {
        rows.push(row);
        row = [k === 0 ? indent : `${indent}  `];
      }
      row = beside([row, next]);
    });
  });
  return [...rows, row].flatMap((box) => box.map((line) => line.trimEnd()));
}

/** A product or a sum, cut where a line may end. */
function partsOf(e: Formula, style: Style): Box[] {
  const sign = signOf(e, style);
  if (sign === undefined || !("args" in e)) return [boxOf(e, style)];
  return e.args.map((arg, i) => {
    const own = signOf(arg, style) === undefined || e.kind === "sum";
    const box = own
      ? boxOf(arg, style)
      : framed(boxOf(arg, style), ["(", "⎛", "⎜", "⎝"], [")", "⎞", "⎟", "⎠"]);
    return i === 0 ? box : beside([[` ${sign} `], box]);
  });
}

/** What joins the arguments. */
function signOf(e: Formula, style: Style): string | undefined {
  if (!("args" in e) || !holdsMatrix(e)) return undefined;
  if (e.kind === "sum") return "+";
  if (e.kind !== "apply") return "·";
  return /^#0 (.) #1$/.exec(style.operators[e.op]?.text ?? "")?.[1];
}

function boxOf(e: Formula, style: Style): Box {
  if (e.kind === "matrix") return matrixBox(e, style);
  return signOf(e, style) === undefined ? [printFormula(e, style)] : beside(partsOf(e, style));
}

function matrixBox(e: Matrix, style: Style): Box {
  const cells = matrixCells(e, style);
  // Numbers with their points below each other.
  const before = (cell: string) => cell.replace(/[.e].*/, "").length;
  const most = (k: number, f: (cell: string) => number) =>
    Math.max(...cells.map((row) => f(at(row, k))));
  const sizes = at(cells, 0).map(
    (_, k) => [most(k, before), most(k, (s) => s.length - before(s))] as const,
  );
  const inner = cells.map((row) =>
    row
      .map((cell, k) => {
        const [left, right] = at(sizes, k);
        return cell.padStart(cell.length + left - before(cell)).padEnd(left + right);
      })
      .join("  "),
  );
  return framed(inner, ["[", "⎡", "⎢", "⎣"], ["]", "⎤", "⎥", "⎦"]);
}

/** Brackets of one line, or the top, the middle and the bottom of taller ones. */
function framed(inner: Box, open: readonly string[], close: readonly string[]): Box {
  const end = inner.length - 1;
  const piece = (i: number) => (end === 0 ? 0 : i === 0 ? 1 : i === end ? 3 : 2);
  return inner.map((line, i) => at(open, piece(i)) + line + at(close, piece(i)));
}

/** Boxes side by side, their middles on one line. */
function beside(boxes: readonly Box[]): Box {
  const middle = (b: Box) => Math.floor((b.length - 1) / 2);
  const above = Math.max(...boxes.map(middle));
  const below = Math.max(...boxes.map((b) => b.length - 1 - middle(b)));
  return Array.from({ length: above + below + 1 }, (_, i) =>
    boxes
      .map((b) => {
        const line = b[i - above + middle(b)];
        const wide = widthOf(at(b, 0));
        return line === undefined
          ? " ".repeat(wide)
          : line + " ".repeat(Math.max(0, wide - widthOf(line)));
      })
      .join(""),
  );
}
