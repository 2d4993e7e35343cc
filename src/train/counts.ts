/** What is counted beside the loss, by name, and what a report makes of it. */
import { type ByName, entryOf } from "../core/by-name.ts";
import { normCount, stepCount } from "../step/gradient-norm.ts";

export const noCounts: ByName<number> = {};

/** Counts that are reported as a share of the examples, and the name of that. */
const shares: ByName<"accuracy"> = { correct: "accuracy" };
/** … or of so many places of them that have a label. */
const places = "labelled";

/** What a report says of counts. */
interface Counted {
  accuracy?: number;
  gradientNorm?: number;
  /** The sums of all others, by name. */
  counts?: ByName<number>;
}

/** The counts of a batch added to those before it. */
export function added(before: ByName<number>, more: ByName<number>): ByName<number> {
  if (more === noCounts) return before;
  const sums: Record<string, number> = {};
  // Nothing has been counted before the first batch.
  for (const name in more) sums[name] = (before[name] ?? 0) + entryOf(more, name);
  return sums;
}

/** Whether anything is counted; there is no list of names made for it. */
export function hasCounts(counts: ByName<number>): boolean {
  for (const _ in counts) return true;
  return false;
}

/**
 * Writes what was counted over so many examples into a report. An epoch of a small
 * network takes little time: there is no list of names made for it.
 */
export function reportCounts(report: Counted, counts: ByName<number>, examples: number): void {
  let others: Record<string, number> | undefined;
  for (const name in counts) {
    const sum = entryOf(counts, name);
    if (name === stepCount) continue;
    const share = shares[name];
    if (name === normCount) report.gradientNorm = sum / (counts[stepCount] ?? Number.NaN);
    else if (share !== undefined) report[share] = sum / (counts[places] ?? examples);
    else if (name !== places || counts.correct === undefined) {
      others ??= {};
      others[name] = sum;
    }
  }
  if (others !== undefined) report.counts = others;
}
