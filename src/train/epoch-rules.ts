/** What follows an epoch, whatever it was trained on: early stopping, plateau, checkpoints, listeners. */
import type { TypedArray } from "../core/dtype.ts";
import { averageSlots, setAverages } from "./average-values.ts";
import { CheckpointWatch } from "./checkpoint-rule.ts";
import type { EpochReport, FitOptions } from "./fit.ts";
import { afterEpoch, freshPlateau } from "./plateau.ts";
import type { Trainer } from "./trainer.ts";

type RuleOptions = Pick<
  FitOptions,
  "earlyStopping" | "plateau" | "checkpoint" | "onEpoch" | "validateAverages"
>;

export class EpochRules {
  readonly #trainer: Trainer;
  readonly #options: RuleOptions;
  #watch: CheckpointWatch | undefined;

  constructor(trainer: Trainer, options: RuleOptions) {
    this.#trainer = trainer;
    this.#options = options;
    // An optimizer without averages says so before any time is spent.
    if (options.validateAverages) averageSlots(trainer.model, trainer.optimizer);
  }

  /** A fit begins, or goes on with what these rules remember. */
  begin(continues: boolean): void {
    const { progress } = this.#trainer;
    // What an earlier fit called the best says nothing of training that it did not watch.
    const { earlyStopping, plateau, checkpoint } = this.#options;
    // More patience than it had when it stopped asks for more training.
    const patient = earlyStopping && progress.stopped && progress.waited < earlyStopping.patience;
    if (!continues || !earlyStopping || patient) {
      Object.assign(progress, { best: null, waited: 0, stopped: false });
      this.#trainer.best = undefined;
    }
    if (!continues || plateau === undefined) progress.plateau = undefined;
    this.#watch = checkpoint && new CheckpointWatch(checkpoint, continues ? progress.history : []);
  }

  /** Whether early stopping has ended the training. */
  get ended(): boolean {
    return this.#options.earlyStopping !== undefined && this.#trainer.progress.stopped;
  }

  /** Whether anything is to be done after an epoch. */
  get tells(): boolean {
    return this.#options.onEpoch !== undefined || this.#watch !== undefined;
  }

  /** Tells those who wait for an epoch, and saves where that is asked for. */
  async tell(report: EpochReport): Promise<void> {
    const { onEpoch, checkpoint } = this.#options;
    if (checkpoint !== undefined && this.#watch?.due(report).length) {
      await this.#trainer.save(checkpoint.path.replaceAll("{epoch}", String(report.epoch)));
    }
    if (onEpoch !== undefined) await onEpoch(report);
  }

  /**
   * Bookkeeping, done before the report is seen, so that it can be saved then. `measured` are the
   * parameters whose loss it is, where they are not the present ones.
   */
  judge(report: EpochReport, measured?: ReadonlyMap<string, TypedArray>): void {
    const trainer = this.#trainer;
    const { progress } = trainer;
    const { earlyStopping, plateau } = this.#options;
    const loss = report.validation?.loss ?? report.lossAfter ?? report.loss;
    if (earlyStopping !== undefined) {
      const { minDelta = 0, patience, restoreBest = true } = earlyStopping;
      if (loss < (progress.best ?? Number.POSITIVE_INFINITY) - minDelta) {
        progress.best = loss;
        progress.waited = 0;
        trainer.best = restoreBest ? (measured ?? trainer.snapshot()) : undefined;
      } else progress.waited++;
      progress.stopped = progress.waited >= patience;
    }
    if (plateau === undefined) return;
    const state = progress.plateau ?? freshPlateau;
    const after = afterEpoch(plateau, state, loss, trainer.learningRate);
    progress.plateau = after.state;
    trainer.learningRate = after.learningRate;
  }

  /** Goes back to the best parameters, where that is asked for and there are some. */
  restoreBest(): void {
    const { earlyStopping } = this.#options;
    const trainer = this.#trainer;
    if (!earlyStopping || earlyStopping.restoreBest === false || !trainer.best) return;
    trainer.setParameters(Object.fromEntries(trainer.best));
    if (this.#options.validateAverages) setAverages(trainer, trainer.best);
    if (this.ended) trainer.best = undefined;
  }
}
