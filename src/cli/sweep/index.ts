/** chainrule sweep FILE | FOLDER: many runs of a network file with other settings, and which is best. */

import { mkdir } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import type { BackendName } from "../../backends/registry.ts";
import { fail } from "../../core/errors.ts";
import { exit } from "../failure.ts";
import { quoted, readNetwork, self } from "../files.ts";
import { Interruption } from "../interruption.ts";
import { plural } from "../numbers.ts";
import { cores } from "../processor.ts";
import { SweepLine } from "../progress.ts";
import { measureOf, readRun } from "../run-folder.ts";
import { isRunFolder } from "../run-place.ts";
import { print, printJson, remark, wrapWords } from "../terminal.ts";
import { Children, inTurn } from "./child.ts";
import {
  beginSweep,
  checkSameNetwork,
  fileOf,
  isSweepFolder,
  type RunFailure,
  readRounds,
  readSweep,
  runName,
  type SweepRecord,
  stateOf,
  sweepRecord,
  writeFailure,
  writeRounds,
} from "./folder.ts";
import {
  type Choice,
  choicesOf,
  halvingFactor,
  halvingRounds,
  type SearchMethod,
  type SweptSetting,
  sweptSetting,
  usualSearch,
} from "./space.ts";
import { byLoss, type SweepRow, shownTable, writeSweepFiles } from "./table.ts";

interface SweepOptions {
  readonly set?: readonly string[];
  readonly runs?: number;
  readonly method?: SearchMethod;
  readonly seed?: number;
  readonly epochs?: number;
  readonly jobs?: number;
  readonly out?: string;
  readonly backend?: BackendName;
  readonly deterministic?: boolean;
  readonly reports?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export async function sweepCommand(given: string, options: SweepOptions): Promise<number> {
  const { folder, record } = await sweepOf(given, options);
  const sweep = new Sweep(folder, record, options);
  return sweep.run();
}

/** A sweep that begins, or one that is there and goes on. */
async function sweepOf(given: string, options: SweepOptions) {
  if (await isSweepFolder(given)) {
    const taken = (
      [
        "set",
        "runs",
        "method",
        "seed",
        "epochs",
        "out",
        "backend",
        "deterministic",
        "reports",
      ] as const
    ).find((name) => options[name] !== undefined);
    if (taken !== undefined) {
      fail("usage", {
        message: "A sweep goes on as it was begun.",
        expected: "no other settings",
        found: `--${taken}`,
        where: given,
        fix: `Leave --${taken} out, or give the network file and another folder with --out.`,
      });
    }
    const record = await readSweep(given);
    await checkSameNetwork(given, record);
    return { folder: given, record };
  }
  const { epochs, out, deterministic = false, backend = "auto", reports = false } = options;
  const fixed = epochs === undefined ? [] : [`training.epochs=${epochs}`];
  const set = [...(options.set ?? []), ...fixed];
  const swept = set.flatMap((text) => sweptSetting(text) ?? []);
  if (swept.length === 0) {
    fail("usage", {
      message: "A sweep needs a setting with several values.",
      expected: "--set optimizer.adam.learningRate=1e-4..1e-1, for example",
      found: set.length === 0 ? "no --set" : `--set ${set.join(" --set ")}`,
      where: "the command line",
      fix: "Give a range (1e-4..1e-1) or a list (32,64,128) with --set.",
    });
  }
  const twice = swept.find(({ path }, i) => swept.findIndex((s) => s.path === path) < i);
  if (twice !== undefined) {
    fail("usage", {
      message: `The setting ${twice.path} is given twice.`,
      expected: "each setting once",
      where: "the command line",
      fix: `Leave one --set ${twice.path} out.`,
    });
  }
  const search = usualSearch(swept, options);
  const asked = { ...search, set, seed: options.seed ?? 0, backend, deterministic, reports };
  const folder = out ?? `${basename(given, extname(given))}-sweep`;
  await checkChoices(given, set, swept, asked);
  const record = await sweepRecord(folder, given, asked);
  await beginSweep(folder, record);
  return { folder, record };
}

/** What is wrong with all choices is wrong with the command line. */
async function checkChoices(
  file: string,
  set: readonly string[],
  swept: readonly SweptSetting[],
  asked: Pick<SweepRecord, "method" | "runs" | "seed">,
): Promise<void> {
  let first: unknown;
  await readNetwork(file);
  for (const choice of choicesOf(swept, asked)) {
    try {
      await readNetwork(file, settingsOf(set, choice));
      return;
    } catch (error) {
      first ??= error;
    }
  }
  throw first;
}

/** All settings of a run, in the order in which they were given. */
const settingsOf = (set: readonly string[], choice: Choice): string[] =>
  set.map((text) => {
    const path = sweptSetting(text)?.path;
    const value = path === undefined ? undefined : choice.get(path);
    return value === undefined ? text : `${path}=${value}`;
  });

/** A run that is to be trained up to some epoch. */
interface Task {
  readonly i: number;
  readonly path: string;
  readonly until: number | undefined;
}

/** What may be otherwise the next time: it is tried again then. */
const passing = ["file-unwritable", "file-unreadable", "not-permitted", "out-of-memory"];

/** What a process had to say, on a line. */
function wordsOf(said: Record<string, unknown> | undefined, errors: string, code: number): string {
  if (said === undefined) return errors.split("\n")[0] || `It ended with exit code ${code}.`;
  const [problem] = (said.problems ?? []) as Record<string, unknown>[];
  const { message, expected, found } = { ...said, ...problem } as Record<string, string>;
  const facts = [expected && `expected ${expected}`, found && `found ${found}`].filter(Boolean);
  const whole = `${message}${facts.length > 0 ? ` (${facts.join("; ")})` : ""}`;
  return whole.replace(/\s+/g, " ");
}

class Sweep {
  readonly #folder: string;
  readonly #record: SweepRecord;
  readonly #options: SweepOptions;
  readonly #swept: readonly SweptSetting[];
  readonly #choices: readonly Choice[];
  readonly #names: readonly string[];
  readonly #children = new Children();
  readonly #line: SweepLine;
  /** What went wrong this time only. */
  readonly #passing = new Map<number, RunFailure>();
  /** Of halving: the round in which a run was left behind. */
  readonly #left = new Set<number>();
  #epochs = 0;
  #done = 0;
  #first = 0;
  #ended = 0;

  constructor(folder: string, record: SweepRecord, options: SweepOptions) {
    this.#folder = folder;
    this.#record = record;
    this.#options = options;
    this.#swept = record.set.flatMap((text) => sweptSetting(text) ?? []);
    this.#choices = choicesOf(this.#swept, record);
    this.#names = this.#choices.map((_, i) => runName(i, record.runs));
    this.#line = new SweepLine(!options.json && !options.quiet);
  }

  async run(): Promise<number> {
    const { jobs = cores(), json, quiet } = this.#options;
    const rounds = await this.#rounds();
    const say = (text: string) => {
      if (!json && !quiet) for (const line of wrapWords(text)) print(line);
    };
    const n = this.#choices.length;
    const { method } = this.#record;
    say(`${plural(n, "run")} (${method}), ${jobs} at a time, in ${quoted(this.#folder)}`);
    if (method === "halving") {
      say(`The best third goes on after epoch ${rounds.slice(0, -1).join(", ") || "–"}.`);
    }
    const interruption = new Interruption();
    const end = () => this.#children.end();
    interruption.signal.addEventListener("abort", end);
    let alive = this.#choices.map((_, i) => i);
    try {
      for (const [r, until] of rounds.entries()) {
        const last = r === rounds.length - 1;
        await this.#round(alive, last ? undefined : until, jobs, interruption.signal);
        if (last || interruption.signal.aborted) break;
        const go = await this.#best(alive, r, until);
        for (const i of alive) if (!go.includes(i)) this.#left.add(i);
        alive = go;
      }
    } finally {
      interruption.end();
      this.#line.clear();
    }
    const rows = (await this.#rows(this.#choices.map((_, i) => i))).sort(byLoss);
    const files = await writeSweepFiles(this.#folder, this.#record, this.#swept, rows);
    const best = rows.find(({ loss, state }) => loss !== undefined && state !== "failed");
    if (json) {
      printJson({
        folder: this.#folder,
        method,
        best: best?.run ?? null,
        runs: rows.map(({ i: _, history: __, choice, ...row }) => ({
          ...{ run: row.run, settings: Object.fromEntries(choice) },
          ...row,
        })),
      });
    } else if (!quiet) {
      print();
      for (const line of shownTable(this.#swept, rows)) print(line);
      print();
      for (const path of files) print(`Written: ${quoted(path)}`);
      if (best) {
        const model = quoted(join(this.#folder, best.run, "last.safetensors"));
        print(
          `The best is ${best.run}: ${self()} evaluate ${quoted(join(this.#folder, best.run))}`,
        );
        print(`  ${self()} predict ${model} --data rows.csv`);
      }
    }
    await this.#checkSameData();
    if (interruption.caught) {
      remark(`Stopped. Go on with: ${self()} sweep ${quoted(this.#folder)}`);
      return interruption.caught.exitCode;
    }
    return best === undefined ? exit.no : exit.ok;
  }

  /** The epochs after which runs are compared. */
  async #rounds(): Promise<number[]> {
    const { method, set } = this.#record;
    const file = fileOf(this.#folder, this.#record);
    const network = await readNetwork(file, settingsOf(set, this.#choices[0] ?? new Map())).catch(
      () => undefined,
    );
    this.#epochs = network?.training.epochs ?? (await readNetwork(file)).training.epochs;
    if (method !== "halving") return [this.#epochs];
    if (this.#swept.some(({ path }) => path === "training.epochs")) {
      fail("usage", {
        message: "Successive halving decides itself how many epochs a run gets.",
        expected: "one value of training.epochs",
        where: "the command line",
        fix: "Leave --set training.epochs out, or choose --method random.",
      });
    }
    return halvingRounds(this.#choices.length, this.#epochs);
  }

  /** Which third goes on after a round; decided once, so that it is the same when the sweep goes on. */
  async #best(alive: readonly number[], round: number, until: number): Promise<number[]> {
    const known = await readRounds(this.#folder);
    const before = known[round];
    if (before) return before.map((name) => this.#names.indexOf(name));
    const measured = (await this.#rows(alive)).map(({ i, state, history }) => {
      const report = state === "failed" ? undefined : history.findLast((r) => r.epoch <= until);
      return { i, loss: report ? measureOf(report) : Number.POSITIVE_INFINITY };
    });
    measured.sort((a, b) => (a.loss === b.loss ? a.i - b.i : a.loss - b.loss));
    const go = measured.slice(0, Math.ceil(measured.length / halvingFactor)).map(({ i }) => i);
    go.sort((a, b) => a - b);
    await writeRounds(this.#folder, [...known, go.map((i) => this.#names[i] ?? "")]);
    return go;
  }

  /** Trains these runs up to an epoch, those that are not there yet. */
  async #round(
    alive: readonly number[],
    until: number | undefined,
    jobs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const tasks: Task[] = [];
    this.#done = 0;
    this.#ended = 0;
    for (const i of alive) {
      const path = join(this.#folder, this.#names[i] ?? "");
      const { state, epochs } = await stateOf(path);
      const ready = state === "finished" || state === "early" || state === "failed";
      this.#done += ready ? (until ?? this.#epochs) : epochs;
      if (ready || (until !== undefined && epochs >= until)) this.#ended++;
      else tasks.push({ i, path, until });
    }
    const total = alive.length * (until ?? this.#epochs);
    this.#first = this.#done / total;
    const threads = Math.max(1, Math.floor(cores() / jobs));
    await inTurn(tasks, jobs, signal, async (task) => {
      await this.#train(task, jobs > 1 ? threads : undefined, total, alive.length);
      this.#ended++;
    });
  }

  async #train(
    { i, path, until }: Task,
    threads: number | undefined,
    total: number,
    runs: number,
  ): Promise<void> {
    const { set, backend, deterministic, reports } = this.#record;
    const choice = this.#choices[i] ?? new Map();
    const begun = await isRunFolder(path);
    // Its page is to be written there, and that is looked into first.
    if (reports && !begun) await mkdir(path, { recursive: true });
    const words = begun
      ? [path]
      : [
          ...[fileOf(this.#folder, this.#record), "--run", path, "--backend", backend],
          ...settingsOf(set, choice).flatMap((text) => ["--set", text]),
          ...(deterministic ? ["--deterministic"] : []),
        ];
    const before = this.#done;
    let own = 0;
    const { code, last, errors } = await this.#children.train(
      [
        ...words,
        ...(threads === undefined ? [] : ["--threads", String(threads)]),
        ...(until === undefined ? [] : ["--pause-at", String(until)]),
        ...(reports && until === undefined ? ["--report", join(path, "report.html")] : []),
      ],
      () => {
        own++;
        this.#done++;
        this.#line.update(this.#done / total, this.#first, `${this.#ended} of ${runs} runs`);
      },
    );
    if (code === 0 || code === undefined || code >= 128) return;
    const said = last.error as (RunFailure & Record<string, unknown>) | undefined;
    const failure = { code: said?.code ?? "internal", message: wordsOf(said, errors, code) };
    this.#done = Math.max(this.#done, before + own);
    if (passing.includes(failure.code)) this.#passing.set(i, failure);
    else await writeFailure(path, failure);
  }

  #rows(runs: readonly number[]): Promise<SweepRow[]> {
    return Promise.all(
      runs.map(async (i): Promise<SweepRow> => {
        const run = this.#names[i] ?? "";
        const found = await stateOf(join(this.#folder, run));
        const failure = found.failure ?? this.#passing.get(i);
        const state = this.#left.has(i) && found.state === "unfinished" ? "left" : found.state;
        const choice = this.#choices[i] ?? new Map();
        return {
          ...{ i, run, choice, ...found, state: failure ? "failed" : state },
          ...(failure ? { failure, loss: undefined } : {}),
        };
      }),
    );
  }

  /** Runs on data that have changed in between cannot be compared. */
  async #checkSameData(): Promise<void> {
    let first: { readonly run: string; readonly data: string } | undefined;
    for (const run of this.#names) {
      const path = join(this.#folder, run);
      if (!(await isRunFolder(path))) continue;
      const data = JSON.stringify((await readRun(path)).data);
      first ??= { run, data };
      const swept = this.#swept.some(({ path: p }) => p.startsWith("data"));
      if (data === first.data || swept) continue;
      remark(`The data of ${run} are other files than those of ${first.run}: they have changed.`);
      return;
    }
  }
}
