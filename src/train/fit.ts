/** The loop over epochs and batches. */
import type { Later } from "../backends/backend.ts";
import { last } from "../core/at.ts";
import { begunAt, fail } from "../core/errors.ts";
import { Turns } from "../core/turns.ts";
import type { Dataset } from "../data/dataset.ts";
import { split } from "../data/split.ts";
import { Batches } from "./batches.ts";
import type { CheckpointOptions } from "./checkpoint-rule.ts";
import { type Data, toDataset } from "./classes.ts";
import { hasCounts, reportCounts } from "./counts.ts";
import { Course } from "./course.ts";
import { EpochRules } from "./epoch-rules.ts";
import {
  checkEvaluation,
  type Evaluation,
  evaluateInTurns,
  type Validated,
  validateInTurns,
} from "./evaluate.ts";
import { checkLastBatch } from "./last-batch.ts";
import type { MetricName } from "./measures.ts";
import { checkFit } from "./options.ts";
import type { PlateauOptions } from "./plateau.ts";
import { beginEpoch, remember, staysRemembered } from "./progress.ts";
import type { Remark } from "./remarks.ts";
import type { Loop } from "./resident.ts";
import type { Trainer } from "./trainer.ts";
import { UnderWay } from "./under-way.ts";

/** Examples per step, where nothing else is said. */
export const usualBatch = 32;

/**
 * Ends training when the loss (that of the held-out examples, if there are any) no longer falls.
 */
export interface EarlyStopping {
  /** So many epochs in a row without improvement end the training. */
  readonly patience: number;
  /** Improvements must be larger than this. Default 0. */
  readonly minDelta?: number;
  /** Go back to the best parameters at the end. Default true. */
  readonly restoreBest?: boolean;
}

/** How long `fit` trains, in which batches, and what is measured on the way. */
export interface FitOptions {
  /** How many epochs to train on from here; early stopping starts over. Default 1. */
  readonly epochs?: number;
  /**
   * In place of `epochs`: go on until so many epochs are done in all, earlier ones included, and
   * with early stopping where it was. This is what continues a run that was broken off.
   */
  readonly untilEpoch?: number;
  /** Examples per step; the last batch of an epoch may be smaller. Default 32. */
  readonly batchSize?: number;
  /** Take the examples in a new order each epoch, decided by seed and epoch. Default true. */
  readonly shuffle?: boolean;
  /** Data to measure with after each epoch, or the share of the data to keep back for it. */
  readonly validation?: Data | number;
  /**
   * Measure the validation with the averages that the optimizer keeps of the parameters (`averageDecay`),
   * and let early stopping, plateau and checkpoints go by that. What early stopping goes back to are the
   * best averages, in the place of the parameters, too; otherwise `averaged(trainer)` is what was
   * measured. Default false.
   */
  readonly validateAverages?: boolean;
  /** Metrics of the validation, by name, or all that fit the task; default: accuracy or R² alone. */
  readonly metrics?: readonly MetricName[] | "all";
  /**
   * Stop when the validation loss (or, without validation, the loss on the data) no longer falls.
   * Parameters are kept together with their own loss: one step an epoch measures it before its
   * update, and they are kept as they were then; with several steps it is measured once more at the
   * end of each epoch (`lossAfter` in the reports), which takes the time of a forward pass.
   */
  readonly earlyStopping?: EarlyStopping;
  /**
   * Lowers the trainer's learning rate when the loss no longer falls: that of the validation, or what
   * early stopping measures, or else the epoch's. It is `reduceOnPlateau`, once an epoch.
   */
  readonly plateau?: PlateauOptions;
  /** An AbortSignal: stops after the step, or the batch of validation, that is under way. */
  readonly signal?: { readonly aborted: boolean };
  /**
   * Called after each epoch with its report, before the next begins; a promise is waited for. The
   * trainer may be read and saved then, and its learning rate changed.
   */
  readonly onEpoch?: (report: EpochReport) => unknown;
  /**
   * Saves the trainer to a file on the way, after every n-th epoch, or where a measure is better than
   * in all epochs before: `{ path: "model-{epoch}.safetensors", every: 10 }`,
   * `{ path: "best.safetensors", best: "validation.loss" }`.
   */
  readonly checkpoint?: CheckpointOptions;
  /** Called after each step; what it returns is not waited for. */
  readonly onStep?: (report: StepReport) => void;
}

/** One training step, as `onStep` gets it. */
export interface StepReport {
  readonly epoch: number;
  /** Step within the epoch, from 1. */
  readonly step: number;
  readonly steps: number;
  /** Of its batch, before the update. */
  readonly loss: number;
}

/** One epoch: what iterating over `fit` gives. */
export interface EpochReport {
  /** Counted from 1. */
  readonly epoch: number;
  /**
   * The loss of all examples, each batch's before its update, added up as `evaluate` does: their
   * mean by the number of examples, by the weights where it is a weighted mean, or their sum. So
   * it is what was seen on the way, as in Keras and in most loops for PyTorch, and not the loss of
   * the parameters at the end of the epoch.
   */
  readonly loss: number;
  /** The loss of the parameters at the end of the epoch, where early stopping had it measured. */
  readonly lossAfter?: number;
  /** Share of right predictions, before each update, if the task has any. */
  readonly accuracy?: number;
  /** The mean over the steps of ‖∂E/∂θ‖₂ before it was clipped, where the trainer measures it. */
  readonly gradientNorm?: number;
  /** The sums of what else the loss counts, by name: see `Loss.counts`. */
  readonly counts?: Readonly<Record<string, number>>;
  readonly validation?: Evaluation;
}

/** A whole training: what awaiting `fit` gives. */
export interface History {
  readonly epochs: readonly EpochReport[];
  readonly stopped: "finished" | "early" | "aborted";
}

/** Filled in field by field: an epoch of a small network takes less time than a spread. */
const reportOf = (
  epoch: number,
  loss: number,
): { -readonly [Name in keyof EpochReport]: EpochReport[Name] } => ({ epoch, loss });

/** Training under way: await it, or iterate it epoch by epoch. */
export class Fit extends UnderWay {
  /** All that was given, of which a share may be kept back. */
  readonly #data: Dataset;
  readonly #train: Dataset;
  readonly #validation: Dataset | undefined;
  readonly #options: FitOptions;
  readonly #rules: EpochRules;
  /** As all processes see it, where there are several. */
  #signal: FitOptions["signal"];

  constructor(trainer: Trainer, data: Dataset, options: FitOptions) {
    super(trainer);
    checkFit(options);
    const { validation } = options;
    this.#data = data;
    this.#options = options;
    this.#rules = new EpochRules(trainer, options);
    this.#signal = options.signal;
    if (typeof validation === "number") {
      const parts = split(data, { validation, seed: trainer.seed });
      this.#train = parts.train;
      this.#validation = parts.validation;
    } else {
      this.#train = data;
      this.#validation =
        validation && toDataset(validation, { loss: trainer.loss, classes: data.classes });
    }
  }

  /** What in model, loss and data does not belong together, as `trainer.remarks` says it. */
  get remarks(): readonly Remark[] {
    return this.trainer.remarks(this.#data);
  }

  protected override async *epochByEpoch(): AsyncGenerator<EpochReport, void, undefined> {
    const trainer = this.trainer;
    const { untilEpoch, epochs = 1, earlyStopping } = this.#options;
    const signal = this.#signal;
    const end = untilEpoch ?? trainer.progress.epoch + epochs;
    // One for all epochs: they may be short.
    const turns = new Turns();
    const ended = () => this.#rules.ended;
    const more = () => trainer.progress.epoch < end && !ended();
    let resident: Loop | undefined;
    let failed = false;
    try {
      this.#begin(untilEpoch !== undefined);
      const course = this.#course();
      const opened = more() ? trainer.resident(course, this.#train) : undefined;
      resident = opened instanceof Promise ? await opened : opened;
      while (more()) {
        const whole = trainer.progress.position === 0 && !signal?.aborted;
        if (resident && whole && this.#mayRunTogether(resident)) {
          const passed = this.#together(resident, course, end);
          const count = typeof passed === "number" ? passed : await passed;
          if (turns.due) await turns.give();
          if (count > 0) {
            if (this.#rules.tells) await this.#rules.tell(last(this.epochs));
            if (this.watched) yield last(this.epochs);
            continue;
          }
        }
        const report = await trainer.exclusively(() => this.#epoch(course, turns, resident));
        if (report === undefined) return;
        this.epochs.push(report);
        if (this.#rules.tells) await this.#rules.tell(report);
        yield report;
      }
    } catch (error) {
      failed = true;
      throw begunAt(error, this.site);
    } finally {
      if (resident) await trainer.release(resident, failed);
    }
    this.stopped = ended() ? "early" : "finished";
    if (earlyStopping && earlyStopping.restoreBest !== false && trainer.best) {
      if (!ended() && (await this.#endsBetter(turns))) return;
      this.#rules.restoreBest();
    }
  }

  /** Whether the last step, after which there was no other to measure it, has made the best. */
  async #endsBetter(turns: Turns): Promise<boolean> {
    const { best } = this.trainer.progress;
    if (this.#validation || this.#train.size > this.#batchSize || best === null) return false;
    const found = await evaluateInTurns(this.trainer, this.#train, turns, undefined);
    return found !== undefined && found.loss < best;
  }

  /** Goes on where a run was broken off, or begins another with the state that there is. */
  #begin(continues: boolean): void {
    const { progress } = this.trainer;
    if (progress.position > 0 && progress.examples !== this.#train.size) {
      if (continues) {
        fail("checkpoint-mismatch", {
          message: "Training was broken off within an epoch over another number of examples.",
          expected: `${progress.examples} examples, of which ${progress.position} are done`,
          found: `${this.#train.size} examples`,
          fix: "Pass the same data and validation share, or `epochs` to begin a new epoch.",
        });
      }
      beginEpoch(progress);
    }
    progress.examples = this.#train.size;
    this.#rules.begin(continues);
    this.trainer.tasks.check(this.#data, "data");
    if (this.#validation) {
      if (typeof this.#options.validation !== "number") {
        this.trainer.tasks.check(this.#validation, "validation");
      }
      checkEvaluation(this.trainer, this.#validation, this.#options.metrics);
    }
    checkLastBatch(this.trainer, this.#train, this.#batchSize);
    this.trainer.learn(this.#data.classes);
    const { joint } = this.trainer;
    if (joint === undefined) return;
    const { epochs = 1, untilEpoch = -1, shuffle = true } = this.#options;
    joint.begin(this.#train, [this.#batchSize, epochs, untilEpoch, Number(shuffle)]);
    this.#signal = joint.agreed(this.#options.signal);
  }

  /** Where this training is, for its backend's loop. */
  #course(): Course {
    const { shuffle = true, onStep } = this.#options;
    const { tasks, dtype } = this.trainer;
    const [examples, batchSize] = [this.#train.size, this.#batchSize];
    const batches = Math.ceil(examples / batchSize);
    const adds = tasks.adds(this.#train);
    const course: Course = new Course(this.trainer, new Batches(this.#train, dtype), {
      ...{ examples, batchSize, batches, shuffle, adds },
      complete: (passed, lastLoss) => {
        const { progress } = this.trainer;
        const epochs = this.epochs;
        // An epoch of a small network takes less time than to remember it: most are passed over.
        let left = passed.length;
        const counted = passed.length > 0 && hasCounts(last(passed).counts);
        for (const sums of passed) {
          if (onStep !== undefined) {
            course.reach(sums, examples);
            onStep({ epoch: progress.epoch + 1, step: 1, steps: 1, loss: lastLoss });
          }
          const report = reportOf(progress.epoch + 1, adds ? sums.loss : sums.loss / sums.weight);
          if (counted) reportCounts(report, sums.counts, examples);
          epochs.push(report);
          progress.epoch++;
          left--;
          if (left === 0 || staysRemembered(report.epoch)) remember(progress.history, report);
        }
        beginEpoch(progress);
      },
    });
    return course;
  }

  /** The rest of the present epoch with its measures; undefined if it was aborted. */
  async #epoch(
    course: Course,
    turns: Turns,
    resident: Loop | undefined,
  ): Promise<EpochReport | undefined> {
    const trainer = this.trainer;
    const { progress } = trainer;
    const { onStep, earlyStopping } = this.#options;
    const signal = this.#signal;
    const { examples: n, batchSize, adds, shuffle } = course.plan;
    // Another fit may have been between two epochs of this one.
    progress.examples = n;
    trainer.joint?.agree();
    const steps = Math.ceil(n / batchSize);
    const byLoss = earlyStopping !== undefined && this.#validation === undefined;
    // A single step measures the loss of the parameters that it begins with.
    const measures = byLoss && steps === 1 && progress.position === 0;
    const keeps = measures && earlyStopping.restoreBest !== false;
    const before = keeps ? trainer.snapshot() : undefined;
    const { asynchronous } = trainer.backend;
    const alone = (): Later<number> =>
      asynchronous ? course.singleLater() : course.singleInTurns();
    const begun = resident?.begin(shuffle ? progress.epoch : undefined);
    if (begun) await begun;
    while (progress.position < n) {
      if (signal?.aborted) return undefined;
      const { position } = progress;
      const left = position % batchSize === 0 ? (n - position) / batchSize : 0;
      const batches = resident?.takesRest ? Math.ceil(left) : Math.floor(left);
      const later = resident && batches > 0 ? resident.steps(onStep ? 1 : batches) : alone();
      const loss = typeof later === "number" ? later : await later;
      const step = Math.ceil(progress.position / batchSize);
      onStep?.({ epoch: progress.epoch + 1, step, steps, loss });
      if (turns.due) await turns.give();
    }
    resident?.settle();
    let validated: Validated | undefined;
    if (this.#validation) {
      validated = await validateInTurns(trainer, this.#validation, turns, signal, this.#options);
      // The epoch's steps are done: training goes on with this validation.
      if (validated === undefined) return undefined;
    }
    let lossAfter: number | undefined;
    if (byLoss && !measures) {
      lossAfter = (await evaluateInTurns(trainer, this.#train, turns, signal))?.loss;
      if (lossAfter === undefined) return undefined;
    }
    const { loss, weight } = course.sums();
    const mean = adds ? loss : loss / weight;
    const report = this.#complete(mean, validated?.validation, lossAfter);
    this.#rules.judge(report, validated?.averages ?? before);
    return report;
  }

  get #batchSize(): number {
    return Math.min(this.#options.batchSize ?? usualBatch, this.#train.size);
  }

  /** Whether epochs may be gone through as a whole: nobody looks at what is within them. */
  #mayRunTogether({ takesRest }: Loop): boolean {
    const { onStep, earlyStopping, plateau } = this.#options;
    const [n, batchSize] = [this.#train.size, this.#batchSize];
    const { asynchronous } = this.trainer.backend;
    const looks = onStep !== undefined && (n > batchSize || asynchronous === true);
    return (
      !this.#validation &&
      !earlyStopping &&
      !plateau &&
      !looks &&
      (takesRest || n % batchSize === 0)
    );
  }

  /**
   * Whole epochs in one go, several where nobody looks between them: how many. None if the next one
   * has to be gone through step by step, as it takes too long or something in it was not finite.
   */
  #together(resident: Loop, { plan }: Course, end: number): Later<number> {
    const { progress } = this.trainer;
    progress.examples = plan.examples;
    const one = this.watched || this.#rules.tells || this.#options.onStep !== undefined;
    const most = one ? 1 : end - progress.epoch;
    return this.trainer.exclusively(() => resident.epochs(progress.epoch, most));
  }

  /** Closes an epoch that was gone through step by step. */
  #complete(loss: number, validation?: Evaluation, lossAfter?: number): EpochReport {
    const { progress } = this.trainer;
    const report = reportOf(progress.epoch + 1, loss);
    if (lossAfter !== undefined) report.lossAfter = lossAfter;
    reportCounts(report, progress.counts, this.#train.size);
    if (validation) report.validation = validation;
    remember(progress.history, report);
    progress.epoch++;
    beginEpoch(progress);
    return report;
  }
}
