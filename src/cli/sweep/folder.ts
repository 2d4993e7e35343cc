/**
 * A sweep as a folder: sweep.json (what it tries), a folder for each run (001, 002 …, see
 * run-folder.ts), and sweep.csv, sweep.svg and index.html, which follow from them. A run that cannot be
 * trained leaves error.json in its folder. So the runs' own folders say how far the sweep is.
 */

import { createHash } from "node:crypto";
import { mkdir, readdir } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import type { BackendName } from "../../backends/registry.ts";
import { fail } from "../../core/errors.ts";
import { readBytes, writeAtomically } from "../../files/node.ts";
import type { EpochReport } from "../../train/fit.ts";
import { quoted, self } from "../files.ts";
import { measureOf, progressOf, resultOf, writeJson } from "../run-folder.ts";
import { isThere, readJson } from "../run-place.ts";
import type { SearchMethod } from "./space.ts";

/** sweep.json */
export interface SweepRecord {
  readonly format: string;
  /** The network file, seen from the sweep's folder, and its SHA-256. */
  readonly file: string;
  readonly sha256: string;
  /** All settings, as they were given. */
  readonly set: readonly string[];
  readonly method: SearchMethod;
  readonly runs: number;
  readonly seed: number;
  readonly backend: BackendName;
  readonly deterministic: boolean;
  readonly reports: boolean;
}

const format = "chainrule-sweep-1";
const recordOf = (folder: string): string => join(folder, "sweep.json");

export const isSweepFolder = (path: string): Promise<boolean> => isThere(recordOf(path));

export const readSweep = (folder: string): Promise<SweepRecord> =>
  readJson<SweepRecord>(recordOf(folder));

/** The network file of a sweep, wherever one is. */
export const fileOf = (folder: string, { file }: SweepRecord): string => {
  const path = join(folder, file);
  return relative(".", path) || path;
};

async function hashOf(file: string): Promise<string> {
  return createHash("sha256")
    .update(await readBytes(file))
    .digest("hex");
}

/** What a new sweep begins with. */
export async function sweepRecord(
  folder: string,
  file: string,
  asked: Omit<SweepRecord, "format" | "file" | "sha256">,
): Promise<SweepRecord> {
  const from = relative(resolve(folder), resolve(file));
  return { format, file: from, sha256: await hashOf(file), ...asked };
}

/** Writes what a sweep begins with, or checks that it is what stands there; draws may be more. */
export async function beginSweep(folder: string, record: SweepRecord): Promise<void> {
  if (await isSweepFolder(folder)) {
    const old = await readSweep(folder);
    const more = record.method === "random" && old.method === "random" && record.runs >= old.runs;
    const same = (name: keyof SweepRecord) =>
      (name === "runs" && more) || JSON.stringify(old[name]) === JSON.stringify(record[name]);
    const other = (Object.keys(record) as (keyof SweepRecord)[]).find((name) => !same(name));
    if (other === undefined) return more ? writeJson(recordOf(folder), record) : undefined;
    const shown = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
    fail("file-unwritable", {
      message:
        other === "sha256"
          ? "There is a sweep in this folder already, of the network file as it was before."
          : `There is a sweep in this folder already, with another ${other}.`,
      expected: shown(old[other]),
      found: shown(record[other]),
      where: folder,
      fix: `Choose another folder with --out, or go on with this sweep: ${self()} sweep ${quoted(folder)}`,
    });
  }
  const names: string[] = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return [] as string[];
    return fail("file-unwritable", {
      message: "There is something else than a folder.",
      found: cause.code ?? cause.message,
      where: folder,
      fix: "Choose another folder with --out.",
    });
  });
  const other = names.find((n) => !/^\.chainrule-.*\.tmp$/.test(n));
  if (other !== undefined) {
    fail("file-unwritable", {
      message: "This folder is not empty.",
      expected: "a new folder, or an empty one",
      found: other,
      where: folder,
      fix: "Choose another folder with --out.",
    });
  }
  await mkdir(folder, { recursive: true });
  await writeJson(recordOf(folder), record);
}

/** Refuses to go on with another network: half of the runs with each could not be compared. */
export async function checkSameNetwork(folder: string, record: SweepRecord): Promise<void> {
  const file = fileOf(folder, record);
  if ((await hashOf(file)) === record.sha256) return;
  fail("checkpoint-mismatch", {
    message: "The network file has changed since the sweep began.",
    expected: `SHA-256 ${record.sha256.slice(0, 12)}…`,
    found: "another",
    where: file,
    fix: "Put the old file back, or begin a sweep in another folder with --out.",
  });
}

/** Why a run could not be trained to its end. */
export interface RunFailure {
  readonly code: string;
  readonly message: string;
}

/** How far a run is, and what came out. */
export interface RunState {
  readonly state: "finished" | "early" | "unfinished" | "failed" | "waiting";
  readonly epochs: number;
  /** On what was held out, or else the training data: at the end, or after the last epoch. */
  readonly loss?: number | undefined;
  readonly trainingLoss?: number | undefined;
  readonly accuracy?: number | undefined;
  readonly r2?: number | undefined;
  readonly seconds?: number | undefined;
  readonly failure?: RunFailure | undefined;
  readonly history: readonly EpochReport[];
}

const failureOf = (run: string): string => join(run, "error.json");

export async function writeFailure(run: string, failure: RunFailure): Promise<void> {
  await mkdir(run, { recursive: true });
  await writeJson(failureOf(run), failure);
}

export async function stateOf(run: string): Promise<RunState> {
  const progress = await progressOf(run);
  const { history = [], epoch: epochs = 0 } = progress ?? {};
  if (await isThere(failureOf(run))) {
    const failure = await readJson<RunFailure>(failureOf(run));
    return { state: "failed", epochs, failure, history };
  }
  const result = await resultOf(run);
  if (result) {
    const { training, heldOut, stopped, seconds, epoch } = result;
    const { loss, accuracy, r2 } = heldOut ?? training;
    const state = stopped === "early" ? "early" : "finished";
    return {
      ...{ state, epochs: epoch, loss, trainingLoss: training.loss, accuracy },
      ...{ r2, seconds, history },
    };
  }
  const last = history.at(-1);
  if (!last) return { state: "waiting", epochs, history };
  const { accuracy, r2 } = last.validation ?? (last as { accuracy?: number; r2?: number });
  return {
    ...{ state: "unfinished", epochs, loss: measureOf(last), trainingLoss: last.loss },
    ...{ accuracy, r2, history },
  };
}

/** A run's folder, by its number from 0. */
export const runName = (i: number, runs: number): string =>
  String(i + 1).padStart(Math.max(3, String(runs).length), "0");

/** Of successive halving: the runs that went on after each round. */
export const readRounds = async (folder: string): Promise<readonly (readonly string[])[]> =>
  (await isThere(join(folder, "rounds.json"))) ? readJson(join(folder, "rounds.json")) : [];

export const writeRounds = (folder: string, rounds: readonly (readonly string[])[]) =>
  writeJson(join(folder, "rounds.json"), rounds);

export const writeText = (folder: string, name: string, text: string): Promise<void> =>
  writeAtomically(join(folder, name), new TextEncoder().encode(text));
