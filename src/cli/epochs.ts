/** The table of epochs: a row now and then, so that thousands of epochs fit on a page. */
import { powerOfTen } from "../core/powers.ts";
import type { EpochReport } from "../train/fit.ts";
import { count, duration, formatNumber, percent } from "./numbers.ts";
import { dim, padStart } from "./terminal.ts";

/** Up to so many epochs each has its row. */
const few = 20;

/** Whether an epoch has a row: all of a few, else 1, 2, 5, 10, 20, 50 … and the last. */
export function isShown(epoch: number, total: number): boolean {
  if (total <= few || epoch === total) return true;
  const power = powerOfTen(String(epoch).length - 1);
  return [1, 2, 5].includes(epoch / power);
}

type Column = readonly [title: string, width: number, cell: (r: EpochReport) => string | undefined];

const all: readonly Column[] = [
  ["epoch", 9, (r) => count(r.epoch)],
  ["loss", 14, (r) => formatNumber(r.loss, 6)],
  ["accuracy", 10, (r) => (r.accuracy === undefined ? undefined : percent(r.accuracy))],
  ["held-out loss", 15, (r) => r.validation && formatNumber(r.validation.loss, 6)],
  [
    "accuracy",
    10,
    (r) => (r.validation?.accuracy === undefined ? undefined : percent(r.validation.accuracy)),
  ],
  [
    "R²",
    10,
    (r) => (r.validation?.r2 === undefined ? undefined : formatNumber(r.validation.r2, 4)),
  ],
];

/** Metrics that were asked for. */
const metricColumns = ({ validation }: EpochReport): Column[] =>
  Object.keys(validation?.metrics ?? {}).map((name) => [
    name,
    Math.max(10, name.length + 2),
    (r) => {
      const value = r.validation?.metrics?.[name];
      return value === undefined ? undefined : formatNumber(value, 4);
    },
  ]);

/** Prints reports as rows; the columns are those that the first report has. */
export class EpochTable {
  #columns: readonly Column[] | undefined;
  readonly #print: (line: string) => void;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  row(report: EpochReport, seconds: number): void {
    if (this.#columns === undefined) {
      this.#columns = [...all, ...metricColumns(report)].filter(
        ([, , cell]) => cell(report) !== undefined,
      );
      const titles = this.#columns.map(([title, width]) => padStart(title, width));
      this.#print(dim([...titles, padStart("time", 9)].join("")));
    }
    const cells = this.#columns.map(([, width, cell]) => padStart(cell(report) ?? "", width));
    this.#print([...cells, padStart(duration(seconds), 9)].join(""));
  }
}
