/** chainrule train FILE */

import { join } from "node:path";
import type { BackendName } from "../backends/registry.ts";
import { fail } from "../core/errors.ts";
import { inFile } from "../files/in-file.ts";
import { readBytes, writeAtomically } from "../files/node.ts";
import { scaleAdvice } from "../network-file/advice.ts";
import { toMetadata } from "../network-file/checkpoint.ts";
import { type PreparedNetwork, prepareNetwork, withTraining } from "../network-file/index.ts";
import { dataChanges, type Given, resumption } from "../network-file/resume.ts";
import { byRank, type Parallel } from "../parallel/parallel.ts";
import { parameterCounts } from "../report/layers.ts";
import { averaged } from "../train/averages.ts";
import { originNotes } from "../train/checkpoint.ts";
import { CheckpointWatch } from "../train/checkpoint-rule.ts";
import type { Evaluation } from "../train/evaluate.ts";
import type { EpochReport } from "../train/fit.ts";
import type { TimedEpoch } from "./csv.ts";
import { architecture, confusionLines, metrics, remarkLines } from "./describe.ts";
import { EpochTable, isShown } from "./epochs.ts";
import { exit } from "./failure.ts";
import { checkpointOf, quoted, readNetwork, self, takeOver } from "./files.ts";
import { takeFrom, tuned, tuningOf } from "./from.ts";
import { endWithParent, Interruption } from "./interruption.ts";
import { count, formatNumber, plural } from "./numbers.ts";
import { inCompany, isFollower, processesFor, quietly } from "./processes.ts";
import { interval, ProgressLine, ReadingLine, sparkline } from "./progress.ts";
import { rowsToTry } from "./rows-to-try.ts";
import {
  checkRunFiles,
  lightened,
  type RunFileOptions,
  wantsEpochs,
  writeRunFiles,
} from "./run-files.ts";
import {
  beginRun,
  checkData,
  checkNew,
  hashing,
  progressOf,
  RunKeeper,
  readRun,
  resultOf,
  runBackend,
  secondsOf,
  trainingBackend,
} from "./run-folder.ts";
import { besides, isRunFolder, lastOf, networkOf } from "./run-place.ts";
import { bold, dim, print, remark, wrapWords } from "./terminal.ts";
import { checkWritable } from "./writable.ts";

interface TrainOptions extends RunFileOptions {
  readonly set?: readonly string[];
  readonly run?: string;
  readonly threads?: number;
  readonly pauseAt?: number;
  readonly saveEvery?: number;
  readonly withParent?: boolean;
  readonly findRate?: boolean;
  readonly traceSteps?: number;
  readonly epochs?: number;
  readonly out?: string;
  readonly resume?: string;
  readonly from?: string;
  readonly freeze?: readonly string[];
  readonly lora?: number;
  readonly loraNames?: readonly string[];
  readonly seed?: number;
  readonly update?: "simultaneous" | "sequential";
  readonly backend?: BackendName;
  readonly deterministic?: boolean;
  /** false by --no-reproducible. */
  readonly reproducible?: boolean;
  readonly mpi?: boolean;
  readonly shard?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Long training is saved in between, at the end of an epoch. */
const secondsBetweenSaves = 60;

/** Where words and numbers go: lines for people, or one JSON object a line. */
interface Reporter {
  line(text?: string): void;
  event(event: Record<string, unknown>): void;
}

function reporter({ json, quiet }: TrainOptions): Reporter {
  return {
    line: (text = "") => {
      if (!json && !quiet) print(text);
    },
    event: (event) => {
      if (json) print(JSON.stringify(event));
    },
  };
}

export async function trainCommand(given: string, asked: TrainOptions): Promise<number> {
  if (asked.withParent) endWithParent();
  const parallel = await processesFor(asked);
  return inCompany(parallel, () =>
    trainFile(given, isFollower(parallel) ? quietly(asked) : asked, parallel),
  );
}

async function trainFile(
  given: string,
  asked: TrainOptions,
  parallel: Parallel | undefined,
): Promise<number> {
  const say = reporter(asked);
  const follows = isFollower(parallel);
  const { file, options, begun, begins } = await runOf(given, asked);
  const { resume } = options;
  const out = options.out ?? resume ?? checkpointOf(file);
  const { read, hashes } = hashing(besides(begun?.file ?? file));
  const { network, wrapped, notes } = await tuned(
    await readNetwork(file, options.set),
    options,
    read,
    file,
  );
  // Hours of training must not end at a folder that does not exist.
  if (begins === undefined && !options.findRate && !follows) await checkWritable(out);
  await checkRunFiles(options);
  const old = resume === undefined ? undefined : { path: resume, bytes: await readBytes(resume) };
  const settings = begins === undefined ? changes(options) : {};
  const resumed = old && inFile(old.path, () => resumption(network, old.bytes, settings));
  const reading = new ReadingLine(!options.json && !options.quiet);
  const prepared = await prepareNetwork(resumed?.network ?? withTraining(network, settings), read, {
    backend: await trainingBackend(options, begins !== undefined),
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    deterministic: options.deterministic ?? false,
    reproducible: options.reproducible ?? true,
    ...(parallel && { parallel, shard: options.shard ?? false }),
    onReading: (name, progress) => reading.update(name, progress),
  }).finally(() => reading.clear());
  const { trainer, data } = prepared;
  const changed = [...(resumed?.notes ?? []), ...notes];
  if (options.from !== undefined) changed.push(...(await takeFrom(trainer, options.from, wrapped)));
  if (old && resumed) {
    takeOver(trainer, old.bytes, old.path);
    changed.push(...inFile(old.path, () => dataChanges(old.bytes, data.description)));
    if (resumed.restart) trainer.restart();
  }
  if (begun) checkData(given, begun.record, hashes);
  if (options.findRate) {
    return (await import("./find-rate.ts")).findRate(prepared, options);
  }
  if (begins !== undefined) {
    const { set = [], deterministic = false, backend = "auto" } = options;
    await beginRun(begins, prepared, { file, set, deterministic, backend, data: hashes });
  }
  const run = begun ? given : begins;
  const keeper = run === undefined ? undefined : await RunKeeper.of(run, prepared);
  announce(say, file, prepared, changed);
  if (options.traceSteps !== undefined) {
    await (await import("./trace-steps.ts")).traceSteps(prepared, options.traceSteps, say);
  }
  const { epochs } = prepared.network.training;
  // What a resumed run went through before belongs to it, too.
  const seen: TimedEpoch[] = trainer.progress.history.map((report) => lightened(report));
  // A run that was killed behind its last step still has to say what came out.
  const ended = keeper === undefined || (await resultOf(keeper.run)) !== undefined;
  if (ended && trainer.progress.epoch >= epochs) {
    say.line(`Nothing is left to do: ${trainer.progress.epoch} of ${epochs} epochs are done.`);
    say.line(`Train on with --epochs ${2 * trainer.progress.epoch}, for example.`);
    say.event({ event: "end", stopped: "finished", epoch: trainer.progress.epoch });
    const past = { epochs: seen, stopped: "finished" } as const;
    for (const path of await writeRunFiles(file, prepared, options, past)) {
      say.line(`Written: ${quoted(path)}`);
    }
    return exit.ok;
  }
  const before = run === undefined ? 0 : await secondsOf(run);
  const save = async (seconds: number, part = "") => {
    if (follows) {
      // The first one asks for what they keep.
      if (options.shard) trainer.toBytes();
      return;
    }
    if (keeper && part === "") return keeper.save(before + seconds);
    const path = part === "" ? out : `${out.replace(/\.safetensors$/, "")}.${part}.safetensors`;
    await writeAtomically(path, trainer.toBytes(toMetadata(prepared)));
  };
  const together = options.shard ? parallel : undefined;
  const stopped = await train(prepared, options, { say, save, seen, keeper, together });
  await save(stopped.seconds);
  const why = stopped.signal ? "aborted" : stopped.early ? "early" : "finished";
  const files = await writeRunFiles(file, prepared, options, { epochs: seen, stopped: why });
  if (stopped.signal) {
    const { epoch, position } = trainer.progress;
    say.event({ event: "end", stopped: "interrupted", epoch, checkpoint: out });
    if (!options.quiet && !options.json) {
      const within = position > 0 ? ` and ${plural(position, "example")}` : "";
      remark(`Stopped after ${plural(epoch, "epoch")}${within}; saved to ${quoted(out)}.`);
      for (const path of files) remark(`Written: ${quoted(path)}`);
      const how =
        run === undefined
          ? `${quoted(file)}${tuningOf(options)} --resume ${quoted(out)}`
          : quoted(run);
      remark(`Go on with: ${self()} train ${how}`);
    }
    return stopped.signal.exitCode;
  }
  if (follows) return exit.ok;
  const { training, heldOut } = await conclude(say, prepared, out, stopped.early);
  const { epoch, steps } = trainer.progress;
  const seconds = before + stopped.seconds;
  await keeper?.end({
    stopped: stopped.early ? "early" : "finished",
    epoch,
    steps,
    seconds,
    training,
    heldOut,
  });
  for (const path of files) say.line(`Written: ${quoted(path)}`);
  if (data.description.preprocessing && !options.json && !options.quiet) {
    const names = data.description.preprocessing.inputs.map(({ name }) => name);
    say.line(dim(`The inputs are ${names.join(", ")}.`));
  }
  return exit.ok;
}

/** What is to be trained: a file, a file into a new folder, or a folder that is a run already. */
async function runOf(given: string, options: TrainOptions) {
  const vain = (["run", "out", "report", "csv", "tensorboard", "traceSteps"] as const).find(
    (name) => options.findRate && options[name] !== undefined,
  );
  if (vain !== undefined) {
    const name = vain === "traceSteps" ? "trace-steps" : vain;
    fail("usage", {
      message: "With --find-rate nothing is trained.",
      expected: `--find-rate or --${name}`,
      found: "both",
      where: "the command line",
      fix: `Leave --${name} out, or --find-rate.`,
    });
  }
  const nothing = { begun: undefined, begins: undefined };
  if (await isRunFolder(given)) {
    const record = await readRun(given);
    const taken = (
      [
        ...(["set", "epochs", "seed", "update", "out", "resume", "run", "from"] as const),
        ...(["freeze", "lora", "loraNames"] as const),
      ] as const
    ).find((name) => options[name] !== undefined);
    if (taken !== undefined) {
      const word = taken === "loraNames" ? "lora-names" : taken;
      fail("usage", {
        message: "A run goes on as it was begun.",
        expected: "no other settings",
        found: `--${word}`,
        where: given,
        fix: `Leave --${word} out, or train its ${quoted(networkOf(given))} as a file.`,
      });
    }
    const resume = (await progressOf(given)) && lastOf(given);
    const backend = await runBackend(record, options.backend);
    const { deterministic } = record.versions;
    const all = { ...options, backend, deterministic, out: lastOf(given) };
    const begun = { record, file: join(given, record.folder, "network.yaml") };
    const file = networkOf(given);
    return { file, options: { ...all, ...(resume ? { resume } : {}) }, begun, begins: undefined };
  }
  const { run } = options;
  if (options.from !== undefined && options.resume !== undefined) {
    fail("usage", {
      message: "Values come from one file.",
      expected: "--from or --resume",
      found: "both",
      where: "the command line",
      fix: "Leave --from out to go on with a checkpoint, or --resume to begin with other values.",
    });
  }
  if (run === undefined) return { ...nothing, file: given, options };
  const taken = (["out", "resume"] as const).find((name) => options[name] !== undefined);
  if (taken !== undefined) {
    fail("usage", {
      message: "A run saves into its folder, from its beginning.",
      expected: `--run or --${taken}`,
      found: "both",
      where: "the command line",
      fix: `Leave --${taken} out, or --run.`,
    });
  }
  await checkNew(run);
  // What the file in the run says is all that was asked for.
  const set = Object.entries(changes(options)).map(([name, v]) => `training.${name}=${v}`);
  const all = { ...options, set: [...(options.set ?? []), ...set], out: lastOf(run) };
  return { ...nothing, file: given, options: all, begins: run };
}

/** What the command line says that differs from the file. */
function changes({ seed, update, epochs }: TrainOptions): Given {
  return {
    ...(seed === undefined ? {} : { seed }),
    ...(update === undefined ? {} : { update }),
    ...(epochs === undefined ? {} : { epochs }),
  };
}

function announce(
  say: Reporter,
  file: string,
  prepared: PreparedNetwork,
  changed: readonly string[],
): void {
  const { network, data, model, trainer } = prepared;
  const { total, frozen } = parameterCounts(model);
  const { dtype, seed, update, batchSize, epochs } = network.training;
  say.line(`${bold(network.name ?? file)}`);
  for (const line of wrapWords(architecture(network, data.description.inputs), "  "))
    say.line(line);
  const held = data.validation ? `, ${count(data.validation.size)} held out` : "";
  const fixed = frozen > 0 ? ` (${count(frozen)} frozen)` : "";
  say.line(
    `  ${plural(data.train.size, "example")}${held}; ${plural(total, "parameter")}${fixed}; ` +
      `${network.optimizer.name}, batches of ${count(Math.min(batchSize, data.train.size))}`,
  );
  const notes = [...data.notes, ...originNotes(trainer)];
  for (const line of notes.flatMap((text) => wrapWords(text, "  "))) say.line(line);
  for (const line of remarkLines(prepared.remarks)) say.line(line);
  if (prepared.fit.validateAverages) {
    say.line("  what is held out measures the averages of the parameters (validateAverages)");
  }
  if (trainer.progress.steps > 0) {
    say.line(`  resumed after ${plural(trainer.progress.epoch, "epoch")}`);
  }
  for (const line of changed.flatMap((note) => wrapWords(note, "  "))) say.line(line);
  say.line();
  say.event({
    event: "start",
    file,
    name: network.name,
    examples: data.train.size,
    heldOut: data.validation?.size ?? 0,
    classes: data.description.classes,
    parameters: total,
    frozen,
    epochs,
    batchSize,
    dtype,
    seed,
    update,
    resumedAfter: trainer.progress.epoch,
    notes,
    remarks: prepared.remarks,
    ...(changed.length > 0 ? { changed } : {}),
  });
}

interface Running {
  readonly say: Reporter;
  /** Writes the checkpoint, or one beside it with a name of its own. */
  readonly save: (seconds: number, part?: string) => Promise<void>;
  readonly keeper: RunKeeper | undefined;
  /** The processes that save together, where they do. */
  readonly together: Parallel | undefined;
  /** Where epochs are put, if anybody will ask for them. */
  readonly seen: TimedEpoch[];
}

async function train(
  { network, data, trainer, fit }: PreparedNetwork,
  options: TrainOptions,
  { say, save, seen, keeper, together }: Running,
): Promise<{ signal: { exitCode: number } | undefined; early: boolean; seconds: number }> {
  const { epochs, batchSize } = network.training;
  const perEpoch = Math.ceil(data.train.size / batchSize);
  const done = () =>
    trainer.progress.epoch * perEpoch + Math.ceil(trainer.progress.position / batchSize);
  const progress = new ProgressLine(epochs * perEpoch, done(), !options.json && !options.quiet);
  const table = new EpochTable((line) => say.line(line));
  const interruption = new Interruption();
  // Asking after every step would slow down steps that are done many at a time.
  const timer = setInterval(() => {
    const { epoch, position, examples, loss, weight = position } = trainer.progress;
    // The epoch's own loss, as it will be if the rest is like what is done.
    const share = trainer.loss.adds ? position / examples : weight;
    const mean = position > 0 ? `loss ${formatNumber(loss / share, 5)}` : "";
    const course = sparkline(trainer.progress.history.map((report) => report.loss));
    const detail = [mean, course].filter((part) => part !== "").join("  ");
    progress.update(done(), `epoch ${count(epoch + 1)}/${count(epochs)}`, detail);
  }, interval);
  let saved = performance.now();
  let aborted = false;
  let last = trainer.progress.epoch;
  let unseen: EpochReport | undefined;
  const kept = wantsEpochs(options);
  const watch = new CheckpointWatch(network.training.checkpoints ?? {}, trainer.progress.history);
  const row = (report: EpochReport) => {
    progress.clear();
    table.row(report, progress.elapsed);
  };
  try {
    const run = trainer.fit(data.train, { ...fit, signal: interruption.signal });
    for await (const report of run) {
      last = report.epoch;
      keeper?.epoch(report);
      if (kept) seen.push(lightened(report, progress.elapsed));
      say.event({ event: "epoch", ...report, seconds: progress.elapsed });
      unseen = isShown(report.epoch, epochs) ? undefined : report;
      if (unseen === undefined) row(report);
      for (const rule of watch.due(report)) {
        await save(progress.elapsed, rule === "best" ? "best" : `epoch-${report.epoch}`);
      }
      if (last === options.pauseAt && last < epochs) interruption.pause();
      const due = performance.now() - saved > (options.saveEvery ?? secondsBetweenSaves) * 1000;
      if (together ? byRank(together, due ? 1 : 0)[0] === 1 : due) {
        await save(progress.elapsed);
        saved = performance.now();
      }
    }
    aborted = (await run).stopped === "aborted";
    // Training that ends before its time has a last epoch, too.
    if (unseen) row(unseen);
  } finally {
    clearInterval(timer);
    progress.clear();
    interruption.end();
  }
  // The signal may have come to another process.
  const elsewhere = aborted ? { exitCode: exit.interrupted } : undefined;
  const caught = interruption.caught ?? elsewhere;
  return { signal: caught, early: last < epochs && !caught, seconds: progress.elapsed };
}

async function conclude(
  say: Reporter,
  prepared: PreparedNetwork,
  out: string,
  early: boolean,
): Promise<{ training: Evaluation; heldOut: Evaluation | undefined }> {
  const { data } = prepared;
  const { classes } = data.description;
  // What was validated on the way is what is measured, and what predict uses.
  const trainer = prepared.fit.validateAverages ? averaged(prepared.trainer) : prepared.trainer;
  const training = await trainer.evaluateAsync(data.train);
  const heldOut = data.validation && (await trainer.evaluateAsync(data.validation));
  if (early) {
    const kept = prepared.fit.earlyStopping?.restoreBest === false ? "last" : "best";
    say.line(`Stopped early: no further improvement. The ${kept} parameters are kept.`);
  }
  say.line();
  const show = (title: string, result: Evaluation, size: number) =>
    say.line(`${bold(title.padEnd(10))} ${metrics(result, size)}`);
  show("trained", training, data.train.size);
  if (heldOut) show("held out", heldOut, data.validation?.size ?? 0);
  const advice = scaleAdvice(data, training);
  if (advice) for (const line of ["", ...wrapWords(advice, "")]) say.line(line);
  const matrix = heldOut?.confusion ?? training.confusion;
  if (matrix) for (const line of ["", ...confusionLines(matrix, classes)]) say.line(line);
  say.line();
  say.line(`Saved to ${quoted(out)}. Predict with:`);
  say.line(`  ${self()} predict ${quoted(out)} ${await rowsToTry(prepared)}`);
  say.event({
    event: "end",
    stopped: early ? "early" : "finished",
    epoch: prepared.trainer.progress.epoch,
    training,
    heldOut,
    checkpoint: out,
    ...(advice === undefined ? {} : { advice }),
  });
  return { training, heldOut };
}
