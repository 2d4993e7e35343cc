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
 * examples that are shown, before any training and now: the first epoch may have done the harm.
 */
export function risen(
  { epochs, losses }: HistoryView,
  ends?: readonly [start: number, now: number],
): Risen | undefined {
  if (ends && losses.length > 0 && ends[1] > 1.05 * ends[0]) {
    return { least: ends[0], epoch: 0, now: ends[1] };
  }
  const [first, now] = [losses[0], losses.at(-1)];
  if (first === undefined || now === undefined) return undefined;
  const least = losses.reduce((a, b) => Math.min(a, b), first);
  if (!(now - least > Math.max(0.25 * (first - least), 0.05 * first))) return undefined;
  return { least, epoch: epochs[losses.indexOf(least)]!, now };
}
