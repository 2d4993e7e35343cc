import { elementsOf } from "../core/array-tensor.ts";
import { allocate } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { checkKind, isNumber } from "../core/kinds.ts";
import { partnerAt } from "../core/number-words.ts";
import { checkNames } from "../core/options.ts";
import { seedKey } from "../core/random.ts";
import { shown } from "../core/wording.ts";
import { aDataset, type Dataset, subset } from "./dataset.ts";
import {
  cutAt,
  type Division,
  type DivisionOptions,
  divisionNames,
  divisionOf,
  membersOf,
  wholeGroups,
} from "./divisions.ts";

/** The split draws from an epoch that no training reaches. */
export const splitEpoch = 0xffffffff;

/**
 * A permutation of 0 … n-1, a pure function of its arguments.
 *
 * Exactly, so that any machine can draw the same: begin with the identity; for i = n-1 down to 1
 * let r be the first word of threefry2x32(key0, key1, counter0 = i, counter1 = epoch), where key0
 * is the low word of the seed and key1 its high word xor 0x73687566; let j be the upper 32 bits of
 * the 64-bit product r·(i+1); exchange entries i and j. There is no rejection: the probability of
 * each j differs from 1/(i+1) by less than 2^-32.
 *
 * Source: Durstenfeld 1964 (Fisher and Yates); bounded integer as in Lemire 2019, section 3.
 *
 * @param n number of entries, 0 ≤ n < 2^31
 * @throws ChainruleError "bad-argument".
 */
export function shuffledOrder(n: number, seed: number, epoch: number): Int32Array {
  if (!Number.isInteger(n) || n < 0 || n >= 2 ** 31) {
    fail("bad-argument", {
      message: "This number of examples cannot be shuffled.",
      expected: "a whole number from 0 to 2^31 - 1",
      found: shown(n),
    });
  }
  if (!Number.isFinite(epoch)) {
    fail("bad-argument", {
      message: "The order of the examples is a function of the epoch.",
      expected: "a number",
      found: shown(epoch),
    });
  }
  const [key0, key1] = seedKey(seed);
  const order = allocate("i32", n) as Int32Array;
  for (let i = 0; i < n; i++) order[i] = i;
  for (let i = n - 1; i > 0; i--) {
    const j = partnerAt(key0, key1, i, epoch);
    // Of each epoch, and 0 ≤ j ≤ i < n (!).
    const kept = order[i]!;
    order[i] = order[j]!;
    order[j] = kept;
  }
  return order;
}

/** How examples are divided into training and validation. */
export interface SplitOptions extends DivisionOptions {
  /** The fraction of the examples that is set aside for validation, between 0 and 1. */
  readonly validation: number;
}

export const areLabels = (labels: ArrayLike<number>, n: number): boolean =>
  labels?.length === n &&
  (ArrayBuffer.isView(labels) || Array.from(labels).every((l) => typeof l === "number"));

/** Row numbers of the two parts, each in ascending order. */
export interface SplitIndices {
  readonly train: readonly number[];
  readonly validation: readonly number[];
}

/**
 * Divides the rows 0 … n-1 into two parts at random: round(fraction · n) for validation, at least
 * one for each part. With `labels`, each class gives its share (largest remainders first, and a
 * class of one example stays with the training part as long as that is possible). With `groups`
 * whole groups are drawn, whose rows come near that number. With `ordered` the last rows are
 * taken, without chance; the `gap` before them is in neither part, nor is what has the same time as
 * the first of them.
 *
 * @throws ChainruleError "bad-argument" for a fraction that is not between 0 and 1, and for more than one
 *   of stratify, groups and ordered; "data-empty" for fewer than two rows or groups, and where no
 *   row is left to train on.
 */
export function splitIndices(
  n: number,
  options: SplitOptions,
  labels?: ArrayLike<number>,
): SplitIndices {
  checkNames("split", options, ["validation", ...divisionNames]);
  if (!Number.isSafeInteger(n) || (labels !== undefined && !areLabels(labels, n))) {
    fail("bad-argument", {
      message: "The rows that are to be divided are given by their number.",
      expected: "a whole number, and as many labels or none",
      found: `${shown(n)} and ${labels === undefined ? "no labels" : shown(labels)}`,
    });
  }
  const fraction = options.validation;
  if (!isNumber(fraction, (f) => f > 0 && f < 1)) {
    fail("bad-argument", {
      message: "The fraction for validation must lie between 0 and 1.",
      expected: "a number above 0 and below 1, such as 0.2",
      found: shown(fraction),
    });
  }
  if (n < 2) {
    fail("data-empty", {
      message: "There are too few examples to set some aside for validation.",
      expected: "at least 2",
      found: String(n),
      fix: "Train without a validation part, or bring more examples.",
    });
  }
  const total = Math.min(n - 1, Math.max(1, Math.round(fraction * n)));
  const division = divisionOf(n, options, labels);
  const order = shuffledOrder(n, options.seed ?? 0, splitEpoch);
  if (division.timeline) return cutAt(division.timeline, n - total, n, division.gap);
  const inValidation = new Uint8Array(n);
  for (const row of drawn(order, total, division)) inValidation[row] = 1;
  const train: number[] = [];
  const validation: number[] = [];
  for (let row = 0; row < n; row++) (inValidation[row] === 1 ? validation : train).push(row);
  return { train, validation };
}

/** Rows for validation: about `total` of them in whole groups, or each class's share. */
function drawn(order: Int32Array, total: number, { labels, groups }: Division): number[] {
  if (groups) return wholeGroups([...membersOf(order, groups).values()], total);
  const classes = labels
    ? [...membersOf(order, labels)].sort(([a], [b]) => a - b).map(([, rows]) => rows)
    : [[...order]];
  const sizes = classes.map((rows) => rows.length);
  const quotas = shares(sizes, total);
  return classes.flatMap((rows, i) => rows.slice(0, quotas[i]));
}

/**
 * Distributes `total` over groups in proportion to their sizes: whole parts first, then one each
 * by largest remainder, where a group that would thereby be used up comes last.
 */
function shares(sizes: readonly number[], total: number): number[] {
  const n = sizes.reduce((sum, size) => sum + size, 0);
  const groups = sizes.map((size, i) => {
    const exact = (size * total) / n;
    const quota = Math.floor(exact);
    return { i, quota, remainder: exact - quota, usedUp: quota + 1 >= size ? 1 : 0 };
  });
  const left = total - groups.reduce((sum, { quota }) => sum + quota, 0);
  const byRemainder = [...groups].sort(
    (a, b) => a.usedUp - b.usedUp || b.remainder - a.remainder || a.i - b.i,
  );
  for (const group of byRemainder.slice(0, left)) group.quota++;
  return groups.map(({ quota }) => quota);
}

/**
 * Divides a dataset into a training and a validation part, both in the original order.
 * `seed` defaults to 0; `stratify` to true for class labels, unless `groups` or `ordered` is given.
 * Errors as in `splitIndices`.
 */
export function split(
  whole: Dataset,
  options: SplitOptions,
): { readonly train: Dataset; readonly validation: Dataset } {
  checkKind("split", whole, aDataset);
  const labels = whole.targets.rank === 1 && whole.classes ? elementsOf(whole.targets) : undefined;
  const parts = splitIndices(whole.size, options, labels);
  return { train: subset(whole, parts.train), validation: subset(whole, parts.validation) };
}
