/**
 * A run as a folder: network.yaml (the file as it was trained), run.json (seed, versions, hashes of
 * the data), history.json, last.safetensors, best.safetensors, and result.json once it has ended. Each
 * is replaced as a whole; last.safetensors alone says how far the run is, the rest follows from it.
 */
import { createHash } from "node:crypto";
import { mkdir, readdir } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import type { Backend } from "../backends/backend.ts";
import { type BackendName, chooseBackend } from "../backends/registry.ts";
import { fail } from "../core/errors.ts";
import { numerics } from "../core/numerics.ts";
import { readBytes, writeAtomically } from "../files/node.ts";
import { decodeSafetensors } from "../files/safetensors.ts";
import { toMetadata } from "../network-file/checkpoint.ts";
import type { PreparedNetwork, ReadFile } from "../network-file/index.ts";
import { sourceOf } from "../network-file/source.ts";
import type { Evaluation } from "../train/evaluate.ts";
import type { EpochReport } from "../train/fit.ts";
import type { Progress } from "../train/progress.ts";
import { quoted, self } from "./files.ts";
import { isRunFolder, isThere, lastOf, networkOf, readJson, runFileOf } from "./run-place.ts";

/** Put here by the build. */
declare const CHAINRULE_VERSION: string;

const format = "chainrule-run-1";

/** What can make the bits of a run others. */
interface Versions {
  readonly chainrule: string;
  readonly numerics: number;
  readonly engine: string;
  readonly backend: string;
  readonly deterministic: boolean;
}

/** run.json */
export interface RunRecord {
  readonly format: string;
  /** The network file that it was trained from, and where its data are, seen from the run. */
  readonly file: string;
  readonly folder: string;
  readonly set: readonly string[];
  readonly seed: number;
  readonly backend: string;
  readonly versions: Versions;
  /** SHA-256 of the files of the data, by the names that the network file calls them. */
  readonly data: Readonly<Record<string, string>>;
}

/** result.json */
interface RunResult {
  readonly stopped: "finished" | "early";
  readonly epoch: number;
  readonly steps: number;
  /** Of training, evaluation and saving left out; all parts of a run that was resumed. */
  readonly seconds: number;
  readonly training: Evaluation;
  readonly heldOut?: Evaluation | undefined;
}

export const versionsOf = ({ trainer }: PreparedNetwork, deterministic: boolean): Versions => ({
  chainrule: CHAINRULE_VERSION,
  numerics,
  engine: `Node.js ${process.versions.node}, ${process.platform} ${process.arch}`,
  backend: trainer.backend.name,
  deterministic,
});

/** What is to run it: what is asked for, or what it was begun with, which may have to be loaded. */
export async function runBackend(
  { backend }: Pick<RunRecord, "backend">,
  asked: BackendName | undefined,
): Promise<BackendName> {
  const name = asked ?? (backend as BackendName);
  if (name === "c") await import("../backends/c/install.ts");
  return name;
}

/**
 * What trains a file: "auto" may choose C, or go over to it. A run can be repeated: it keeps to one backend,
 * unless their bits are the same.
 */
export async function trainingBackend(
  options: { readonly backend?: BackendName; readonly deterministic?: boolean },
  isRun: boolean,
): Promise<BackendName | Backend> {
  const { backend = "auto", deterministic = false } = options;
  if (backend !== "auto") return backend;
  if (isRun && !deterministic) return chooseBackend(backend);
  await import("../backends/c/install.ts");
  return backend;
}

const bestOf = (run: string): string => join(run, "best.safetensors");

export const writeJson = (path: string, value: unknown): Promise<void> =>
  writeAtomically(path, new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`));

/** The record of a run that is there. */
export async function readRun(run: string): Promise<RunRecord> {
  if (!(await isRunFolder(run))) {
    fail("usage", {
      message: "This is no folder of a run.",
      expected: "a folder that train --run has written",
      found: (await isThere(run)) ? "no run.json in it" : "nothing",
      where: run,
      fix: `Train one: ${self()} train FILE --run ${quoted(run)}`,
    });
  }
  return readJson<RunRecord>(runFileOf(run));
}

/** What came out, if the run has ended. */
export const resultOf = async (run: string): Promise<RunResult | undefined> =>
  (await isThere(join(run, "result.json"))) ? readJson(join(run, "result.json")) : undefined;

/** How far a run is, by its last checkpoint, if there is one yet. */
export async function progressOf(run: string): Promise<Progress | undefined> {
  if (!(await isThere(lastOf(run)))) return undefined;
  const { metadata } = decodeSafetensors(await readBytes(lastOf(run)));
  return (JSON.parse(metadata.training ?? "{}") as { progress?: Progress }).progress;
}

/** What the run is judged by: the loss on what was held out, or else the epoch's own. */
export const measureOf = ({ loss, validation }: EpochReport): number => validation?.loss ?? loss;

/** Reads files and remembers their hashes. */
export function hashing(read: ReadFile): {
  readonly read: ReadFile;
  readonly hashes: Record<string, string>;
} {
  const hashes: Record<string, string> = {};
  const hashed = async (name: string): Promise<Uint8Array> => {
    const bytes = await read(name);
    hashes[name] = createHash("sha256").update(bytes).digest("hex");
    return bytes;
  };
  return { hashes, read: Object.assign(hashed, read.list && { list: read.list }) };
}

/** Files of the data that are not what they were. */
export const changedFiles = (before: RunRecord["data"], now: RunRecord["data"]): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(now)])].filter((n) => before[n] !== now[n]);

/** Refuses to go on with other data: half of a run with each could not be repeated. */
export function checkData(run: string, record: RunRecord, now: RunRecord["data"]): void {
  const [changed] = changedFiles(record.data, now);
  if (changed === undefined) return;
  fail("checkpoint-mismatch", {
    message: `The data of this run have changed: ${changed}.`,
    expected: `SHA-256 ${record.data[changed]?.slice(0, 12) ?? "none"}…`,
    found: `SHA-256 ${now[changed]?.slice(0, 12) ?? "none"}…`,
    where: run,
    fix: "Put the old file back, or train the network again, into another folder.",
  });
}

/** Whether a folder can become a run: there is nothing in it, or what a killed process left. */
export async function checkNew(run: string): Promise<void> {
  const names: string[] = await readdir(run).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return [] as string[];
    return fail("file-unwritable", {
      message: "There is something else than a folder.",
      found: cause.code ?? cause.message,
      where: run,
      fix: "Choose another folder with --run.",
    });
  });
  const other = names.find((n) => n !== "network.yaml" && !/^\.chainrule-.*\.tmp$/.test(n));
  if (other === undefined) return;
  const begun = names.includes("run.json");
  fail("file-unwritable", {
    message: begun ? "There is a run in this folder already." : "This folder is not empty.",
    expected: "a new folder, or an empty one",
    found: other,
    where: run,
    fix: begun
      ? `Choose another folder with --run, or go on with this run: ${self()} train ${quoted(run)}`
      : "Choose another folder with --run.",
  });
}

/** Writes what a run begins with; run.json, which makes it one, last. */
export async function beginRun(
  run: string,
  prepared: PreparedNetwork,
  about: Pick<RunRecord, "file" | "set" | "data" | "backend"> & { deterministic: boolean },
): Promise<void> {
  const { deterministic, file, ...rest } = about;
  await mkdir(run, { recursive: true });
  const text = sourceOf(prepared.network)?.text ?? "";
  await writeAtomically(networkOf(run), new TextEncoder().encode(text));
  const record: RunRecord = {
    format,
    file: relative(run, file),
    folder: relative(run, dirname(resolve(file))) || ".",
    ...rest,
    seed: prepared.network.training.seed,
    versions: versionsOf(prepared, deterministic),
  };
  await writeJson(runFileOf(run), record);
}

/** Keeps the checkpoints of a run while it is trained. */
export class RunKeeper {
  readonly run: string;
  readonly #prepared: PreparedNetwork;
  #best: number | undefined;
  #bytes: Uint8Array | undefined;

  private constructor(run: string, prepared: PreparedNetwork) {
    this.run = run;
    this.#prepared = prepared;
  }

  static async of(run: string, prepared: PreparedNetwork): Promise<RunKeeper> {
    const keeper = new RunKeeper(run, prepared);
    if (await isThere(bestOf(run))) {
      const { metadata } = decodeSafetensors(await readBytes(bestOf(run)));
      keeper.#best = Number(metadata.run_best);
    }
    return keeper;
  }

  /** To be called after each epoch. */
  epoch(report: EpochReport): void {
    const measure = measureOf(report);
    if (!(measure < (this.#best ?? Number.POSITIVE_INFINITY))) return;
    this.#best = measure;
    this.#bytes = this.#prepared.trainer.toBytes({
      ...toMetadata(this.#prepared),
      run_best: String(measure),
    });
  }

  /** The best goes first: what is killed in between finds it again on its way, and keeps it. */
  async save(seconds: number): Promise<void> {
    const { trainer } = this.#prepared;
    if (this.#bytes) await writeAtomically(bestOf(this.run), this.#bytes);
    this.#bytes = undefined;
    const extra = { ...toMetadata(this.#prepared), run_seconds: String(seconds) };
    await writeAtomically(lastOf(this.run), trainer.toBytes(extra));
    await writeJson(join(this.run, "history.json"), trainer.progress.history);
  }

  async end(result: RunResult): Promise<void> {
    await writeJson(join(this.run, "result.json"), result);
  }
}

/** The seconds of training behind a checkpoint of a run. */
export async function secondsOf(run: string): Promise<number> {
  if (!(await isThere(lastOf(run)))) return 0;
  return Number(decodeSafetensors(await readBytes(lastOf(run))).metadata.run_seconds ?? 0);
}
