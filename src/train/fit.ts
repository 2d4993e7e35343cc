/** The loop over epochs and batches. */
import type { ArrayTensor } from "../core/array-tensor.ts";
import { allocate, type TypedArray } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import type { Dataset } from "../data/dataset.ts";
import { shuffledOrder, split } from "../data/split.ts";
import type { Evaluation } from "./evaluate.ts";
import type { Data, Trainer } from "./trainer.ts";
import { toDataset } from "./trainer.ts";

export interface EarlyStopping {
  /** Epochs without improvement that are waited for. */
  readonly patience: number;
  /** Improvements must be larger than this. Default 0. */
  readonly minDelta?: number;
  /** Go back to the best parameters at the end. Default true. */
  readonly restoreBest?: boolean;
}

export interface FitOptions {
  /** How many epochs to train on (from here). Default 1. */
  readonly epochs?: number;
  /** Train until so many epochs are done in all, earlier ones included; in place of `epochs`. */
  readonly untilEpoch?: number;
  /** Examples per step; the last batch of an epoch may be smaller. Default 32. */
  readonly batchSize?: number;
  /** Take the examples in a new order each epoch, decided by seed and epoch. Default true. */
  readonly shuffle?: boolean;
  /** Data to measure with after each epoch, or the share of the data to keep back for it. */
  readonly validation?: Data | number;
  /** Stop when the validation loss (or, without validation, the loss) no longer falls. */
  readonly earlyStopping?: EarlyStopping;
  /** Stops after the step that is under way. */
  readonly signal?: AbortSignal;
  /** Called after each step. */
  readonly onStep?: (report: StepReport) => void;
}

export interface StepReport {
  readonly epoch: number;
  /** Step within the epoch, from 1. */
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
}

export interface EpochReport {
  /** Counted from 1. */
  readonly epoch: number;
  /** Mean over the epoch's batches of the loss before each update, weighted by batch size. */
  readonly loss: number;
  /** Share of right predictions, before each update, if the task has any. */
  readonly accuracy?: number;
  readonly validation?: Evaluation;
}

/** Where training stands. Plain data: it is saved with the parameters. */
export interface Progress {
  steps: number;
  /** Epochs completed. */
  epoch: number;
  /** Examples of the present epoch that are done. */
  position: number;
  /** Sums over those. */
  loss: number;
  correct: number;
  history: EpochReport[];
  /** Early stopping: the best loss, epochs since, and whether it has stopped. */
  best: number | null;
  waited: number;
}

export const freshProgress = (): Progress => ({
  steps: 0,
  epoch: 0,
  position: 0,
  loss: 0,
  correct: 0,
  history: [],
  best: null,
  waited: 0,
});

export interface History {
  readonly epochs: readonly EpochReport[];
  readonly stopped: "finished" | "early" | "aborted";
}

/** Time after which the event loop gets its turn, in ms. */
const patienceOfOthers = 20;

/** Training under way: await it, or iterate it epoch by epoch. */
export class Fit implements PromiseLike<History>, AsyncIterable<EpochReport> {
  readonly #trainer: Trainer;
  readonly #train: Dataset;
  readonly #validation: Dataset | undefined;
  readonly #options: FitOptions;
  #stopped: History["stopped"] = "finished";
  #result: Promise<History> | undefined;

  constructor(trainer: Trainer, data: Dataset, options: FitOptions) {
    const { validation, batchSize = 32, epochs = 1 } = options;
    for (const [what, n] of Object.entries({ batchSize, epochs })) {
      if (!Number.isInteger(n) || n < (what === "epochs" ? 0 : 1)) {
        fail("bad-argument", {
          message: `fit cannot use this ${what}.`,
          expected: `a whole number ≥ ${what === "epochs" ? 0 : 1}`,
          found: String(n),
        });
      }
    }
    this.#trainer = trainer;
    this.#options = options;
    if (typeof validation === "number") {
      const parts = split(data, { validation, seed: trainer.seed });
      this.#train = parts.train;
      this.#validation = parts.validation;
    } else {
      this.#train = data;
      this.#validation = validation && toDataset(validation);
    }
  }

  // biome-ignore lint/suspicious/noThenProperty: `await trainer.fit(…)` is the contract.
  then<A = History, B = never>(
    onDone?: ((history: History) => A | PromiseLike<A>) | null,
    onError?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#result ??= this.#collect();
    return this.#result.then(onDone, onError);
  }

  async #collect(): Promise<History> {
    const epochs: EpochReport[] = [];
    for await (const epoch of this) epochs.push(epoch);
    return { epochs, stopped: this.#stopped };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<EpochReport, void, undefined> {
    const trainer = this.#trainer;
    const { earlyStopping } = this.#options;
    const last = this.#options.untilEpoch ?? trainer.progress.epoch + (this.#options.epochs ?? 1);
    const batches = new Batches(trainer.batchOf(this.#train));
    let best: Map<string, TypedArray> | undefined;
    while (trainer.progress.epoch < last) {
      if (!(await this.#epoch(batches))) {
        this.#stopped = "aborted";
        return;
      }
      const { progress } = trainer;
      const report = this.#report();
      progress.history.push(report);
      Object.assign(progress, { epoch: progress.epoch + 1, position: 0, loss: 0, correct: 0 });
      if (earlyStopping) {
        const loss = report.validation?.loss ?? report.loss;
        const { minDelta = 0, patience, restoreBest = true } = earlyStopping;
        if (progress.best === null || loss < progress.best - minDelta) {
          progress.best = loss;
          progress.waited = 0;
          if (restoreBest) best = trainer.snapshot();
        } else progress.waited++;
        yield report;
        if (progress.waited >= patience) {
          this.#stopped = "early";
          break;
        }
      } else yield report;
    }
    if (best) trainer.setParameters(Object.fromEntries(best));
  }

  #report(): EpochReport {
    const { progress } = this.#trainer;
    const n = this.#train.size;
    return {
      epoch: progress.epoch + 1,
      loss: progress.loss / n,
      ...(Number.isNaN(progress.correct) ? {} : { accuracy: progress.correct / n }),
      ...(this.#validation ? { validation: this.#trainer.evaluate(this.#validation) } : {}),
    };
  }

  /** The rest of the present epoch; false if it was aborted. */
  async #epoch(batches: Batches): Promise<boolean> {
    const trainer = this.#trainer;
    const { progress, seed } = trainer;
    const { batchSize = 32, shuffle = true, signal, onStep } = this.#options;
    const n = this.#train.size;
    const order = shuffle ? shuffledOrder(n, seed, progress.epoch) : undefined;
    const steps = Math.ceil(n / batchSize);
    let turn = performance.now();
    while (progress.position < n) {
      if (signal?.aborted) return false;
      const size = Math.min(batchSize, n - progress.position);
      const { inputs, targets } = batches.take(order, progress.position, size);
      const { loss, correct } = trainer.stepOn(inputs, targets);
      progress.position += size;
      progress.loss += loss * size;
      progress.correct += correct ?? Number.NaN;
      const step = Math.ceil(progress.position / batchSize);
      onStep?.({ epoch: progress.epoch + 1, step, steps, loss });
      if (performance.now() - turn > patienceOfOthers) {
        await new Promise((resolve) => setTimeout(resolve));
        turn = performance.now();
      }
    }
    return true;
  }
}

/** Gathers batches into buffers that are used again for every batch of the same size. */
class Batches {
  readonly #data: { readonly inputs: ArrayTensor; readonly targets: ArrayTensor };
  readonly #buffers = new Map<number, { inputs: ArrayTensor; targets: ArrayTensor }>();

  constructor(data: { readonly inputs: ArrayTensor; readonly targets: ArrayTensor }) {
    this.#data = data;
  }

  take(order: Int32Array | undefined, start: number, size: number) {
    let batch = this.#buffers.get(size);
    if (batch === undefined) {
      const buffer = (t: ArrayTensor): ArrayTensor => {
        const width = t.data.length / t.shape[0]!;
        const shape = [size, ...t.shape.slice(1)];
        return { dtype: t.dtype, shape, data: allocate(t.dtype, size * width) };
      };
      batch = { inputs: buffer(this.#data.inputs), targets: buffer(this.#data.targets) };
      this.#buffers.set(size, batch);
    }
    for (const part of ["inputs", "targets"] as const) {
      const from = this.#data[part];
      const width = from.data.length / from.shape[0]!;
      for (let i = 0; i < size; i++) {
        const row = order ? order[start + i]! : start + i;
        batch[part].data.set(from.data.subarray(row * width, (row + 1) * width), i * width);
      }
    }
    return batch;
  }
}
