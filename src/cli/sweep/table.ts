/** The rows of a sweep: sorted, printed, and written as sweep.csv, sweep.svg and index.html. */

import { basename, join } from "node:path";
import { sweepPage } from "../../report/sweep-page.ts";
import { sweepPicture } from "../../report/sweep-picture.ts";
import type { SweepView } from "../../report/sweep-view.ts";
import { csvOf } from "../csv.ts";
import { duration, formatNumber, percent } from "../numbers.ts";
import { measureOf } from "../run-folder.ts";
import { isThere } from "../run-place.ts";
import { bold, columns, dim } from "../terminal.ts";
import { fileOf, type RunState, type SweepRecord, writeText } from "./folder.ts";
import { type Choice, type SweptSetting, shortNames } from "./space.ts";

/** A run with what was chosen for it. */
export interface SweepRow extends Omit<RunState, "state"> {
  readonly i: number;
  readonly run: string;
  readonly choice: Choice;
  /** "left": successive halving went on without it. */
  readonly state: RunState["state"] | "left";
}

const places = { finished: 0, early: 0, left: 1, unfinished: 1, waiting: 2, failed: 3 } as const;

/** Those that were trained to the end first, by their loss; then by how far they have come. */
export function byLoss(a: SweepRow, b: SweepRow): number {
  const place = places[a.state] - places[b.state];
  if (place !== 0) return place;
  if (places[a.state] === 1 && a.epochs !== b.epochs) return b.epochs - a.epochs;
  const [x, y] = [a.loss ?? Number.POSITIVE_INFINITY, b.loss ?? Number.POSITIVE_INFINITY];
  return x === y ? a.i - b.i : x - y;
}

const isHeldOut = (rows: readonly SweepRow[]): boolean =>
  rows.some(({ history }) => history.some(({ validation }) => validation !== undefined));

/** What there is to say of a run besides numbers. */
const remarkOf = ({ state, failure }: SweepRow): string =>
  failure
    ? `${failure.code}: ${failure.message}`
    : ({ finished: "", early: "stopped early", left: "left behind" }[state as "finished"] ??
      (state === "waiting" ? "not begun" : "not finished"));

export function shownTable(swept: readonly SweptSetting[], rows: readonly SweepRow[]): string[] {
  const names = shortNames(swept.map(({ path }) => path));
  const loss = isHeldOut(rows) ? "held-out loss" : "loss";
  const has = (key: "accuracy" | "r2") => rows.some((row) => row[key] !== undefined);
  const optional = (key: "accuracy" | "r2", title: string, text: (x: number) => string) =>
    has(key)
      ? [{ title, cell: (row: SweepRow) => (row[key] === undefined ? "" : text(row[key])) }]
      : [];
  const all = [
    { title: "run", cell: (row: SweepRow) => row.run },
    ...names.map((title, k) => ({
      title,
      cell: ({ choice }: SweepRow) => choice.get(swept[k]?.path ?? "") ?? "",
    })),
    {
      title: loss,
      cell: (row: SweepRow) => (row.loss === undefined ? "–" : formatNumber(row.loss, 6)),
    },
    ...optional("accuracy", "accuracy", percent),
    ...optional("r2", "R²", (x) => formatNumber(x, 4)),
    { title: "epochs", cell: (row: SweepRow) => String(row.epochs) },
    {
      title: "time",
      cell: (row: SweepRow) => (row.seconds === undefined ? "" : duration(row.seconds)),
    },
  ];
  // What stands last is as long as it is; it needs no column.
  const lines = columns(
    [all.map(({ title }) => dim(title)), ...rows.map((row) => all.map(({ cell }) => cell(row)))],
    "<>",
    2,
  );
  return lines.map((line, k) => {
    const row = rows[k - 1];
    const said = row ? remarkOf(row) : "";
    const whole = said === "" ? line : `${line}  ${said}`;
    return k === 1 ? bold(whole) : whole;
  });
}

function csvText(swept: readonly SweptSetting[], rows: readonly SweepRow[]): string {
  const text = (x: number | undefined) => (x === undefined ? "" : String(x));
  const paths = swept.map(({ path }) => path);
  const head = ["run", ...paths, "state", "loss", "training.loss", "accuracy", "r2", "epochs"];
  return csvOf([
    [...head, "seconds", "error"],
    ...rows.map((row) => [
      row.run,
      ...paths.map((path) => row.choice.get(path) ?? ""),
      row.state,
      ...[row.loss, row.trainingLoss, row.accuracy, row.r2, row.epochs].map(text),
      row.seconds === undefined ? "" : row.seconds.toFixed(3),
      row.failure ? `${row.failure.code}: ${row.failure.message}` : "",
    ]),
  ]);
}

/** Writes table, picture and page; returns their paths. */
export async function writeSweepFiles(
  folder: string,
  record: SweepRecord,
  swept: readonly SweptSetting[],
  rows: readonly SweepRow[],
): Promise<string[]> {
  const names = shortNames(swept.map(({ path }) => path));
  const view: SweepView = {
    title: `Sweep of ${basename(fileOf(folder, record))}`,
    method: record.method,
    measure: isHeldOut(rows) ? "held-out loss" : "loss",
    settings: swept.map(({ path, text, range }, k) => ({
      ...{ path, text, name: names[k] ?? path, byPowers: range?.byPowers },
    })),
    rows: await Promise.all(
      rows.map(async (row) => ({
        ...{ run: row.run, values: swept.map(({ path }) => row.choice.get(path) ?? "") },
        ...{ loss: row.loss, accuracy: row.accuracy, r2: row.r2, epochs: row.epochs },
        ...{ seconds: row.seconds, remark: remarkOf(row), failed: row.state === "failed" },
        course: row.history.map((report) => [report.epoch, measureOf(report)] as const),
        link: (await isThere(join(folder, row.run, "report.html")))
          ? `${row.run}/report.html`
          : undefined,
      })),
    ),
  };
  await writeText(folder, "sweep.csv", csvText(swept, rows));
  await writeText(folder, "sweep.svg", sweepPicture(view));
  await writeText(folder, "index.html", sweepPage(view));
  return ["sweep.csv", "sweep.svg", "index.html"].map((name) => join(folder, name));
}
