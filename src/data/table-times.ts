/** What the cells of a column say about the division of rows: groups and times. */

import { fail } from "../core/errors.ts";
import { shown } from "../core/wording.ts";
import { type CellSource, numberIn } from "./cells.ts";
import { readQuantity } from "./number-format.ts";

/** The cells of a column in which none is missing. */
export function valuesIn(
  source: CellSource,
  name: string,
  rows: readonly number[],
): (string | number)[] {
  const read = source.column(name);
  return rows.map((row) => read(row) ?? "");
}

/** Values asLabels as they come. */
export function asLabels(values: readonly (string | number)[]): number[] {
  const labels = new Map<string | number, number>();
  for (const value of values) if (!labels.has(value)) labels.set(value, labels.size);
  return values.map((value) => labels.get(value) ?? -1);
}

/** A date of ISO 8601, with or without a time; the order of its texts is not that of its times. */
const date =
  /^(\d{4})-(\d\d)(?:-(\d\d)(?:[T ](\d\d:\d\d)(:\d\d(?:\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?)?)?$/;

/** Milliseconds since 1970, UTC; undefined for what is no date, such as 2024-02-30. */
function timeOf(cell: string): number | undefined {
  const found = date.exec(cell);
  if (found === null) return undefined;
  const [, year, month, day = "01", clock = "00:00", seconds = ":00", zone = "Z"] = found;
  const whole = Date.parse(`${year}-${month}-${day}T00:00:00Z`);
  if (Number.isNaN(whole) || new Date(whole).getUTCDate() !== Number(day)) return undefined;
  const time = Date.parse(`${year}-${month}-${day}T${clock}${seconds}${zone}`);
  return Number.isNaN(time) ? undefined : time;
}

/**
 * The times that a column says: dates, or else numbers.
 *
 * @throws ChainruleError "data-invalid" with row and column for a cell that is neither.
 */
export function timesIn(source: CellSource, name: string, rows: readonly number[]): number[] {
  const cells = valuesIn(source, name, rows);
  const dates = typeof cells[0] === "string" && timeOf(cells[0]) !== undefined;
  const unit = dates ? undefined : readQuantity(String(cells[0]), source.format)?.unit;
  return cells.map((cell, i) => {
    const row = rows[i] ?? 0;
    if (typeof cell === "number" && Number.isFinite(cell)) return cell;
    const time = dates
      ? timeOf(String(cell))
      : readQuantity(String(cell), source.format) && numberIn(source, cell, row, name, unit);
    if (time !== undefined) return time;
    return fail("data-invalid", {
      message: `A cell of column ${shown(name)} says no time.`,
      expected: dates ? "a date such as 2024-12-31, as in the first row" : "a number or a date",
      found: shown(cell),
      where: source.where(row, name),
      fix: "Write dates as 2024-12-31, or say ordered: true where the rows stand in order.",
    });
  });
}
