/** What a person should be told of the course of training. */
import type { HistoryView } from "../protocol.ts";

export interface Risen {
  readonly least: number;
  /** The epoch after which it was so. */
  readonly epoch: number;
  readonly now: number;
}

/**
 * Whether the error has risen by more than the usual ups and downs: a quarter of what had been
 * gained, and no less than a twentieth of what it was at first. `ends` are the errors of the
 * examples that are shown, after the epoch `from` and now: the first epoch may have done the harm.
 * What was before `from` does not count: somebody has changed a number since.
 */
export function risen(
  history: HistoryView,
  ends?: readonly [start: number, now: number],
  from = 0,
): Risen | undefined {
  const start = history.epochs.findIndex((epoch) => epoch > from);
  if (start < 0) return undefined;
  const [epochs, losses] = [history.epochs.subarray(start), history.losses.subarray(start)];
  if (ends && ends[1] > 1.05 * ends[0]) return { least: ends[0], epoch: from, now: ends[1] };
  const [first, now] = [losses[0], losses.at(-1)];
  if (first === undefined || now === undefined) return undefined;
  const least = losses.reduce((a, b) => Math.min(a, b), first);
  if (!(now - least > Math.max(0.25 * (first - least), 0.05 * first))) return undefined;
  return { least, epoch: epochs[losses.indexOf(least)]!, now };
}
