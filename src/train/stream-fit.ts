/** Training on a stream: the backend's loop has one stretch of it, and the next is read meanwhile. */

import type { Later } from "../backends/backend.ts";
import { begunAt, fail } from "../core/errors.ts";
import { isFunction } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { Turns } from "../core/turns.ts";
import { shown } from "../core/wording.ts";
import type { Dataset } from "../data/dataset.ts";
import { constantTensor } from "../ops/leaf.ts";
import { Batches } from "./batches.ts";
import { type Data, isStream, toDataset } from "./classes.ts";
import { reportCounts } from "./counts.ts";
import { Course } from "./course.ts";
import { EpochRules } from "./epoch-rules.ts";
import { checkEvaluation, type Validated, validateInTurns } from "./evaluate.ts";
import { type EarlyStopping, type EpochReport, type FitOptions, usualBatch } from "./fit.ts";
import { checkFit } from "./options.ts";
import { beginEpoch, remember } from "./progress.ts";
import type { Loop } from "./resident.ts";
import type { Stream } from "./stream.ts";
import {
  asDataset,
  bytesOfRow,
  checkSize,
  emptyBlock,
  kindOfRow,
  noExamples,
  type StreamBlock,
  StreamRows,
} from "./stream-blocks.ts";
import type { Trainer } from "./trainer.ts";
import { UnderWay } from "./under-way.ts";

/**
 * How `fit` trains on a stream, whose own options say how it is shuffled. In `onStep`, `steps` is
 * Infinity where the stream's length is not known.
 */
export interface StreamFitOptions
  extends Pick<
    FitOptions,
    | "epochs"
    | "untilEpoch"
    | "batchSize"
    | "signal"
    | "onStep"
    | "metrics"
    | "validateAverages"
    | "onEpoch"
    | "checkpoint"
    | "plateau"
  > {
  /** Data to measure with after each epoch: in memory, or a stream of their own. */
  readonly validation?: Data | Stream;
  /** Stop when the validation loss no longer falls; it needs `validation`. */
  readonly earlyStopping?: EarlyStopping;
}

const optionNames: Readonly<Record<keyof StreamFitOptions, true>> = {
  epochs: true,
  untilEpoch: true,
  batchSize: true,
  signal: true,
  onStep: true,
  validation: true,
  metrics: true,
  validateAverages: true,
  onEpoch: true,
  checkpoint: true,
  plateau: true,
  earlyStopping: true,
};

/** So many bytes of examples are with the machine at a time, and as many are read meanwhile. */
const stretchBytes = 2 ** 24;

/** Examples that are trained on in one go, and where in the epoch they begin. */
interface Stretch {
  readonly block: StreamBlock;
  readonly data: Dataset;
  /** How many of its places are filled. */
  filled: number;
}

/** Training on a stream under way: await it, or iterate it epoch by epoch. */
export class StreamFit extends UnderWay {
  readonly #stream: Stream;
  readonly #options: StreamFitOptions;
  readonly #batchSize: number;
  readonly #rules: EpochRules;
  #validation: Dataset | Stream | undefined;
  /** What the machine trains on, and what is filled meanwhile; kept from epoch to epoch. */
  #stretches: [Stretch, Stretch] | undefined;
  #course: { readonly course: Course; readonly plan: { examples: number } } | undefined;
  #loop: Loop | undefined;

  constructor(trainer: Trainer, stream: Stream, options: StreamFitOptions) {
    super(trainer);
    checkNames("fit of a stream", options, Object.keys(optionNames));
    checkFit(options);
    const { validation, batchSize = usualBatch } = options;
    if (typeof validation === "number") {
      fail("bad-argument", {
        message: "Of a stream no share can be kept back for validation.",
        expected: "data of their own",
        found: shown(validation),
        fix: "Give examples of their own: validation: { inputs, targets }.",
      });
    }
    if (options.earlyStopping !== undefined && validation === undefined) {
      fail("bad-argument", {
        message: "Early stopping on a stream needs data to measure with.",
        expected: "validation: { inputs, targets }",
        found: "earlyStopping without validation",
        fix: "Give examples of their own as validation, or leave earlyStopping out.",
      });
    }
    this.#stream = stream;
    this.#rules = new EpochRules(trainer, options);
    this.#options = options;
    this.#batchSize = batchSize;
  }

  protected override async *epochByEpoch(): AsyncGenerator<EpochReport, void, undefined> {
    const trainer = this.trainer;
    const { untilEpoch, epochs = 1 } = this.#options;
    const end = untilEpoch ?? trainer.progress.epoch + epochs;
    const turns = new Turns();
    let failed = false;
    try {
      this.#begin(untilEpoch !== undefined);
      while (trainer.progress.epoch < end && !this.#rules.ended) {
        const report = await trainer.exclusively(() => this.#epoch(turns));
        if (report === undefined) return;
        this.epochs.push(report);
        if (this.#rules.tells) await this.#rules.tell(report);
        yield report;
      }
      this.stopped = this.#rules.ended ? "early" : "finished";
    } catch (error) {
      failed = true;
      throw begunAt(error, this.site);
    } finally {
      if (this.#loop) await trainer.release(this.#loop, failed);
      this.#loop = undefined;
    }
    this.#rules.restoreBest();
  }

  /** Goes on where a run was broken off, or begins another with the state that there is. */
  #begin(continues: boolean): void {
    const { progress } = this.trainer;
    if (!continues) beginEpoch(progress);
    this.#rules.begin(continues);
  }

  /** The rest of the present epoch with its measures; undefined if it was aborted. */
  async #epoch(turns: Turns): Promise<EpochReport | undefined> {
    const { progress } = this.trainer;
    const rows = new StreamRows(this.#stream.blocks(this.trainer, progress.epoch));
    try {
      if (!(await this.#train(rows, turns))) return undefined;
    } finally {
      await rows.close();
    }
    checkSize(this.#stream.size, progress.position);
    if (!this.#validation) return this.#complete();
    const { signal } = this.#options;
    const validated = await validateInTurns(
      this.trainer,
      this.#validation,
      turns,
      signal,
      this.#options,
    );
    return validated && this.#complete(validated);
  }

  /** Whether the examples were gone through to their end. */
  async #train(rows: StreamRows, turns: Turns): Promise<boolean> {
    const { progress, backend } = this.trainer;
    const { signal, onStep } = this.#options;
    const stopped = stopping(signal);
    const size = this.#stream.options.size ?? Number.POSITIVE_INFINITY;
    const steps = Math.ceil(size / this.#batchSize);
    try {
      const first = await stopped.or(this.#ready(rows));
      if (first === undefined) return false;
      let [now, next] = first;
      while (now.filled > 0) {
        const { course, plan } = await this.#enter(now);
        const end = progress.position + now.filled;
        plan.examples = end;
        progress.examples = Math.max(end, this.#stream.options.size ?? end);
        // It is read while the program runs: whenever others have their turn.
        const coming = now.filled < now.block.size ? undefined : this.#fill(rows, next);
        coming?.catch(() => {});
        while (progress.position < end) {
          if (signal?.aborted) return false;
          const whole = Math.floor((end - progress.position) / this.#batchSize);
          const loop = this.#loop;
          let later: Later<number>;
          if (loop && whole > 0) later = loop.steps(onStep ? 1 : whole);
          else later = backend.asynchronous ? course.singleLater() : course.single();
          const loss = typeof later === "number" ? later : await later;
          const step = Math.ceil(progress.position / this.#batchSize);
          onStep?.({ epoch: progress.epoch + 1, step, steps, loss });
          if (turns.due) await turns.give();
        }
        this.#loop?.settle();
        if (coming === undefined) break;
        if ((await stopped.or(coming.then(() => true))) === undefined) return false;
        [now, next] = [next, now];
      }
      return true;
    } finally {
      stopped.end();
    }
  }

  /** The first stretch of what is left of the epoch, filled, and another. */
  async #ready(rows: StreamRows): Promise<[Stretch, Stretch]> {
    const { position } = this.trainer.progress;
    const first = await rows.peek();
    if (first === undefined && position === 0) return noExamples();
    // What was trained on before a break is read again, and passed over.
    const passed = position > 0 ? await rows.fill(undefined, position) : 0;
    if (passed < position || first === undefined) {
      return fail("checkpoint-mismatch", {
        message: "Training was broken off within an epoch over more examples.",
        expected: `more than ${position} examples`,
        found: `${passed}`,
        fix: "Pass the same stream, or `epochs` to begin a new epoch.",
      });
    }
    const stretches = this.#stretchesFor(first);
    await this.#fill(rows, stretches[0]);
    return stretches;
  }

  #stretchesFor(like: StreamBlock): [Stretch, Stretch] {
    const known = this.#stretches;
    if (known && kindOfRow(known[0].block) === kindOfRow(like)) return known;
    const trainer = this.trainer;
    trainer.learn(like.classes);
    const { size = Number.POSITIVE_INFINITY } = this.#stream.options;
    const batch = this.#batchSize;
    const fitting = Math.floor(Math.min(stretchBytes / bytesOfRow(like), size) / batch);
    const capacity = batch * Math.max(1, fitting);
    const make = (): Stretch => {
      const block = emptyBlock(like, capacity);
      const [inputs, targets] = [block.inputs, block.targets].map(({ data, shape }) =>
        constantTensor(data, shape),
      ) as [Dataset["inputs"], Dataset["targets"]];
      return { block, data: asDataset(block, { inputs, targets }), filled: 0 };
    };
    this.#stretches = [make(), make()];
    const { validation } = this.#options;
    if (isStream(validation)) {
      this.#validation = validation;
      // Whatever it has, it is measured as the examples that are trained on would be.
      checkEvaluation(trainer, this.#stretches[0].data, this.#options.metrics);
    } else if (validation !== undefined) {
      const { loss } = trainer;
      this.#validation = toDataset(validation, { loss, classes: like.classes ?? trainer.classes });
      trainer.tasks.check(this.#validation, "validation");
      checkEvaluation(trainer, this.#validation, this.#options.metrics);
    }
    return this.#stretches;
  }

  async #fill(rows: StreamRows, to: Stretch): Promise<void> {
    to.filled = 0;
    to.filled = await rows.fill(to.block, to.block.size);
  }

  /** The machine gets a stretch, which begins where training is. */
  async #enter(stretch: Stretch) {
    const trainer = this.trainer;
    const batches = new Batches(stretch.data, trainer.dtype);
    const known = this.#course;
    if (known) {
      this.#loop?.settle();
      known.course.move(trainer.progress.position, batches);
      await this.#loop?.enter(known.course, stretch.block);
      const begun = this.#loop?.begin(undefined);
      if (begun) await begun;
      return known;
    }
    const batchSize = this.#batchSize;
    const plan = {
      ...{ examples: 0, batchSize, batches: 0, shuffle: false },
      adds: trainer.tasks.adds(stretch.block),
      complete: () => {},
    };
    const course = new Course(trainer, batches, plan);
    course.move(trainer.progress.position, batches);
    this.#loop = await trainer.resident(course, stretch.data);
    const begun = this.#loop?.begin(undefined);
    if (begun) await begun;
    this.#course = { course, plan };
    return this.#course;
  }

  #complete(validated?: Validated): EpochReport {
    const { progress, tasks } = this.trainer;
    const { loss, position, weight = position, counts } = progress;
    const adds = this.#stretches !== undefined && tasks.adds(this.#stretches[0].block);
    const report: { -readonly [Name in keyof EpochReport]: EpochReport[Name] } = {
      epoch: progress.epoch + 1,
      loss: adds ? loss : loss / weight,
    };
    reportCounts(report, counts, position);
    if (validated) report.validation = validated.validation;
    remember(progress.history, report);
    progress.epoch++;
    beginEpoch(progress);
    this.#rules.judge(report, validated?.averages);
    return report;
  }
}

/** Waits for something, or until a signal comes, where it can be listened to. */
function stopping(signal: FitOptions["signal"]) {
  const target = signal as Partial<AbortSignal> | undefined;
  let stop = (): void => {};
  const stopped = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined);
  });
  if (signal?.aborted) stop();
  if (isFunction(target?.addEventListener)) target.addEventListener("abort", stop);
  return {
    or: <T>(work: Promise<T>): Promise<T | undefined> => Promise.race([stopped, work]),
    end: (): void => {
      if (isFunction(target?.removeEventListener)) target.removeEventListener("abort", stop);
    },
  };
}
