/** What a person should know about the course of training. */
import type { HistoryView } from "../protocol.ts";
import { at } from "./read.ts";

interface Risen {
  readonly least: number;
  /** The epoch after which it was so. */
  readonly epoch: number;
  readonly now: number;
}

/** Where the course that counts begins: the error there, if it is known, and after which epoch. */
export interface Beginning {
  readonly error: number | undefined;
  readonly epoch: number;
}

/**
 * Whether the error has risen by more than the usual ups and downs: a quarter of what had been
 * gained, and no less than a twentieth of what it was at first. The first epoch may have done the
 * harm already. What was before the beginning does not count: somebody has changed a number since.
 */
export function risen(
  history: HistoryView,
  { error, epoch: from }: Beginning = { error: undefined, epoch: 0 },
): Risen | undefined {
  const start = history.epochs.findIndex((epoch) => epoch > from);
  if (start < 0) return undefined;
  const [epochs, losses] = [history.epochs.subarray(start), history.losses.subarray(start)];
  const [first, now] = [losses[0], losses.at(-1)];
  if (first === undefined || now === undefined) return undefined;
  if (error !== undefined && now > 1.05 * error) return { least: error, epoch: from, now };
  const least = losses.reduce((a, b) => Math.min(a, b), first);
  if (!(now - least > Math.max(0.25 * (first - least), 0.05 * first))) return undefined;
  return { least, epoch: at(epochs, losses.indexOf(least)), now };
}
