/** Tables that commands write. */
import type { EpochReport } from "../train/fit.ts";

/** An epoch as it is written: with the time at which it was done. */
export interface TimedEpoch extends EpochReport {
  /** Seconds since the run began, where it was in this run. */
  readonly seconds?: number;
}

/** A row for each epoch, a column for each measure. */
export function epochsCsv(epochs: readonly TimedEpoch[]): string {
  const rows = epochs.map(({ validation, counts, ...own }) => {
    const named = (prefix: string, values: object | undefined) =>
      Object.entries(values ?? {}).map(([name, value]) => [`${prefix}${name}`, value] as const);
    const {
      counts: heldOutCounts,
      metrics,
      confusion: _,
      ...measures
    } = validation ?? { loss: undefined };
    const { epoch, loss, seconds, ...others } = own;
    return new Map<string, unknown>([
      ["epoch", epoch],
      ["loss", loss],
      ...named("", others),
      ...named("", counts),
      ...named("validation.", validation && measures),
      ...named("validation.", metrics),
      ...named("validation.", heldOutCounts),
      ["seconds", seconds === undefined ? undefined : Number(seconds.toFixed(3))],
    ]);
  });
  // The time stands last, wherever other columns first come.
  const names = [...new Set(rows.flatMap((row) => [...row.keys()]))].filter((n) => n !== "seconds");
  const columns = [...names, "seconds"];
  const text = (value: unknown) => (value === undefined ? "" : String(value));
  return csvOf([columns, ...rows.map((row) => columns.map((name) => text(row.get(name))))]);
}

/** Rows of texts as a table, with commas between cells: RFC 4180. */
export const csvOf = (rows: readonly (readonly string[])[]): string =>
  rows.map((row) => `${row.map(csvCell).join(",")}\n`).join("");

/** Text as a cell of a table: in quotation marks where it would be divided. */
const csvCell = (text: string): string =>
  /[",;\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
