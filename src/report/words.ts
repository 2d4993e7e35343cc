/** Numbers and texts of a report, as HTML. */
import { escapeText } from "./escape.ts";

/** At most so many significant digits, without zeros at the end: 0.0833, 1.2e−5, 12345. */
export function num(x: number, digits = 4): string {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "NaN" : x > 0 ? "∞" : "−∞";
  const size = Math.abs(x);
  const whole = Number.isInteger(x) && size < 1e6;
  const plain = size === 0 || (size >= 1e-4 && size < 1e6);
  const text = whole
    ? String(x)
    : plain
      ? String(Number(x.toPrecision(digits)))
      : x.toExponential(digits - 1).replace(/\.?0*e/, "e");
  return text.replaceAll("-", "−").replace("e+", "e");
}

/** 12345 as "12,345". */
export const counted = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ",");
export const percentage = (share: number): string => `${(100 * share).toFixed(1)} %`;
export const several = (n: number, one: string): string =>
  `${counted(n)} ${n === 1 ? one : `${one}s`}`;

/** A cell of a table: text, or a number that stands at the right. */
type Cell = string | { readonly number: string };

/** A table that scrolls sideways where the screen is narrow. */
export function tableHtml(head: readonly Cell[], rows: readonly (readonly Cell[])[]): string {
  const cell = (tag: string) => (c: Cell) =>
    typeof c === "string"
      ? `<${tag}>${escapeText(c)}</${tag.split(" ")[0]}>`
      : `<${tag} class="n">${escapeText(c.number)}</${tag.split(" ")[0]}>`;
  const body = rows.map((row) => `<tr>${row.map(cell("td")).join("")}</tr>`).join("\n");
  return (
    `<div class="scroll"><table><thead><tr>${head.map(cell('th scope="col"')).join("")}</tr></thead>` +
    `<tbody>\n${body}\n</tbody></table></div>`
  );
}
