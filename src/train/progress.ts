/** How far training has come: plain data, saved with the parameters. */
import type { ByName } from "../core/by-name.ts";
import { noCounts } from "./counts.ts";
import type { Evaluation } from "./evaluate.ts";
import type { EpochReport } from "./fit.ts";
import type { PlateauState } from "./plateau.ts";

/** How far training is: what a checkpoint needs, besides values, to go on. */
export interface Progress {
  steps: number;
  /** Epochs completed. */
  epoch: number;
  /** Examples of the present epoch that are done, and how many an epoch has. */
  position: number;
  examples: number;
  /** Sums over those that are done: of their losses, and of what is counted, by name. */
  loss: number;
  counts: ByName<number>;
  /** What they count for in the loss, where this is not their number. */
  weight?: number | undefined;
  /** Reports of past epochs, without confusion matrices; thinned out where there are many. */
  history: EpochReport[];
  /** Early stopping: the best loss, epochs since, and whether it has ended the run. */
  best: number | null;
  waited: number;
  stopped: boolean;
  /** What lowers the learning rate on a plateau remembers, where it is asked for. */
  plateau?: PlateauState | undefined;
}

export const freshProgress = (): Progress => ({
  steps: 0,
  epoch: 0,
  position: 0,
  examples: 0,
  loss: 0,
  counts: noCounts,
  history: [],
  best: null,
  waited: 0,
  stopped: false,
});

/** The epoch under way begins, with nothing done of it. */
export function beginEpoch(progress: Progress): void {
  progress.position = 0;
  progress.loss = 0;
  progress.counts = noCounts;
  progress.weight = undefined;
}

/** So many epochs are remembered one by one; of 2,001 to 4,000 every second, and so on. */
const remembered = 2000;

/** Of so many epochs, one in how many is remembered. */
function strideAt(epoch: number): number {
  let stride = 1;
  while (stride * remembered < epoch) stride *= 2;
  return stride;
}

/** Whether a report stays in the history when the next one is added. */
export const staysRemembered = (epoch: number): boolean => epoch % strideAt(epoch) === 0;

/**
 * Adds a report to the history. So that neither memory nor checkpoints grow for ever, it keeps
 * every 2^k-th epoch, k just large enough, and the last one.
 */
export function remember(history: EpochReport[], report: EpochReport): void {
  const stride = strideAt(report.epoch);
  const passes = (epoch: number): boolean => epoch % stride !== 0;
  const { validation } = report;
  const kept = validation === undefined ? report : withoutConfusion(report, validation);
  const last = history.at(-1);
  const length = history.length - (last !== undefined && passes(last.epoch) ? 1 : 0);
  if (length >= remembered) {
    history.splice(0, history.length, ...history.filter(({ epoch }) => !passes(epoch)), kept);
  } else history[length] = kept;
}

function withoutConfusion(report: EpochReport, validation: Evaluation): EpochReport {
  const { confusion: _, ...measured } = validation;
  return { ...report, validation: measured };
}
