/** chainrule compare A B: two runs side by side. */

import { basename } from "node:path";
import { fileDifferences } from "../network-file/resume.ts";
import type { EpochReport } from "../train/fit.ts";
import { exit } from "./failure.ts";
import { readNetwork } from "./files.ts";
import { formatNumber, percent } from "./numbers.ts";
import {
  changedFiles,
  measureOf,
  progressOf,
  type RunRecord,
  readRun,
  resultOf,
} from "./run-folder.ts";
import { networkOf } from "./run-place.ts";
import { bold, columns, dim, print, printJson } from "./terminal.ts";

/** What is known of a run that is there. */
async function about(run: string) {
  const record = await readRun(run);
  const network = await readNetwork(networkOf(run));
  const progress = await progressOf(run);
  return { run, record, network, result: await resultOf(run), progress };
}

/** The first epoch of both that is not the same in each number; of those that both remember. */
export function partingEpoch(
  a: readonly EpochReport[],
  b: readonly EpochReport[],
): number | undefined {
  const others = new Map(b.map((report) => [report.epoch, report]));
  return a.find((report) => {
    const other = others.get(report.epoch);
    return other !== undefined && JSON.stringify(report) !== JSON.stringify(other);
  })?.epoch;
}

/** In what the versions of two runs differ. */
export const versionDifferences = (
  a: RunRecord["versions"],
  b: RunRecord["versions"],
): { readonly name: string; readonly a: unknown; readonly b: unknown }[] =>
  (Object.keys(a) as (keyof RunRecord["versions"])[]).flatMap((name) =>
    a[name] === b[name] ? [] : [{ name, a: a[name], b: b[name] }],
  );

const shownValue = (value: unknown): string =>
  value === undefined ? "–" : typeof value === "string" ? value : JSON.stringify(value);

export async function compareCommand(
  first: string,
  second: string,
  { json }: { readonly json?: boolean },
): Promise<number> {
  const [a, b] = [await about(first), await about(second)];
  const settings = [...fileDifferences(a.network, b.network)].map(({ path, from, to }) => ({
    name: path,
    a: from,
    b: to,
  }));
  const data = changedFiles(a.record.data, b.record.data);
  const versions = versionDifferences(a.record.versions, b.record.versions);
  const histories = [a.progress?.history ?? [], b.progress?.history ?? []] as const;
  const parts = partingEpoch(...histories);
  const figures = [a, b].map(({ result, progress }) => {
    const history = progress?.history ?? [];
    const best = history.reduce<EpochReport | undefined>(
      (found, r) => (found && measureOf(found) <= measureOf(r) ? found : r),
      undefined,
    );
    return {
      stopped: result?.stopped ?? "unfinished",
      epochs: progress?.epoch ?? 0,
      loss: result?.training.loss ?? history.at(-1)?.loss,
      accuracy: result?.training.accuracy,
      heldOutLoss: result?.heldOut?.loss,
      heldOutAccuracy: result?.heldOut?.accuracy,
      heldOutR2: result?.heldOut?.r2,
      best: best && measureOf(best),
      bestEpoch: best?.epoch,
      seconds: result?.seconds,
      stepsPerSecond: result && result.steps / result.seconds,
    };
  });
  if (json) {
    printJson({
      a: figures[0],
      b: figures[1],
      settings,
      data,
      versions,
      partAtEpoch: parts ?? null,
    });
    return exit.ok;
  }
  const names = [basename(first), basename(second)];
  const heads = names[0] === names[1] ? [first, second] : names;
  const table = (title: string, rows: readonly (readonly string[])[]) => {
    if (rows.length === 0) return;
    for (const line of columns([[bold(title), ...heads.map(dim)], ...rows], "<<<", 3)) print(line);
    print();
  };
  table(
    "settings",
    settings.map(({ name, a: x, b: y }) => [name, shownValue(x), shownValue(y)]),
  );
  table(
    "data",
    data.map((name) => [
      name,
      ...[a, b].map(({ record }) => record.data[name]?.slice(0, 12) ?? "–"),
    ]),
  );
  table(
    "versions",
    versions.map(({ name, a: x, b: y }) => [name, shownValue(x), shownValue(y)]),
  );
  if (settings.length + data.length + versions.length === 0) {
    print("Settings, data and versions are the same.");
    print();
  }
  const row = (title: string, key: keyof (typeof figures)[number], text: (x: number) => string) => {
    const values = figures.map((f) => f[key]);
    if (values.every((v) => v === undefined)) return [];
    return [[title, ...values.map((v) => (typeof v === "number" ? text(v) : shownValue(v)))]];
  };
  const number = (x: number) => formatNumber(x);
  table("results", [
    ...row("ended", "stopped", number),
    ...row("epochs", "epochs", String),
    ...row("loss", "loss", number),
    ...row("accuracy", "accuracy", percent),
    ...row("held-out loss", "heldOutLoss", number),
    ...row("held-out accuracy", "heldOutAccuracy", percent),
    ...row("held-out R²", "heldOutR2", number),
    ...row("best loss of an epoch", "best", number),
    ...row("  at epoch", "bestEpoch", String),
    ...row("seconds of training", "seconds", (x) => formatNumber(x, 3)),
    ...row("steps per second", "stepsPerSecond", (x) => formatNumber(x, 3)),
  ]);
  const both = Math.min(histories[0].at(-1)?.epoch ?? 0, histories[1].at(-1)?.epoch ?? 0);
  print(
    parts !== undefined
      ? `The histories part at epoch ${parts}.`
      : `All epochs that both have are the same, up to epoch ${both}.`,
  );
  return exit.ok;
}
