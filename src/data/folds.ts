/** Cross-validation: every example is validated with once. */

import { elementsOf } from "../core/array-tensor.ts";
import { at } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import { aFlag, checkKind } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { shown } from "../core/wording.ts";
import { aDataset, type Dataset, subset } from "./dataset.ts";
import {
  checkGroupCount,
  cutAt,
  type DivisionOptions,
  divisionNames,
  divisionOf,
  membersOf,
} from "./divisions.ts";
import { areLabels, type SplitIndices, shuffledOrder, splitEpoch } from "./split.ts";

/** How examples are divided into folds. */
export interface KFoldOptions extends DivisionOptions {
  /** Draw the examples of a fold at random (default), or take them as they stand. */
  readonly shuffle?: boolean;
}

/**
 * k divisions of the rows 0 … n-1, in ascending order. Each row is in the validation part of one,
 * and in the training part of the k - 1 others: folds of n/k rows, the first n mod k with one more;
 * with `labels` of nearly the same proportions of classes; with `groups`, the largest first, each
 * in the fold that has the fewest rows yet. With `ordered`, fold i = 0 … k-1 validates with the
 * rows n - (k-i)·m … n - (k-i)·m + m - 1 of the order, m = ⌊n/(k+1)⌋, and trains on what is before
 * them, less the gap and what has the same time as the first.
 *
 * Source: scikit-learn 1.9, KFold, StratifiedKFold, GroupKFold and TimeSeriesSplit, whose folds these
 * are for `shuffle: false` (of groups: where no two are equally large; of times: where all differ).
 *
 * @throws ChainruleError "bad-argument" unless 2 ≤ k ≤ n, and as `splitIndices`; "data-empty" for
 *   fewer than k groups, and where a gap leaves nothing to train on.
 */
export function kFoldIndices(
  n: number,
  k: number,
  options: KFoldOptions = {},
  labels?: ArrayLike<number>,
): SplitIndices[] {
  checkNames("kFold", options, ["shuffle", ...divisionNames]);
  const { shuffle, seed = 0, ordered = false } = options;
  if (shuffle !== undefined) checkKind("shuffle", shuffle, aFlag);
  if (!Number.isSafeInteger(n) || (labels !== undefined && !areLabels(labels, n))) {
    fail("bad-argument", {
      message: "The rows that are to be divided are given by their number.",
      expected: "a whole number, and as many labels or none",
      found: `${shown(n)} and ${labels === undefined ? "no labels" : shown(labels)}`,
    });
  }
  const most = ordered === false ? n : n - 1;
  if (!Number.isSafeInteger(k) || k < 2 || k > most) {
    fail("bad-argument", {
      message: "The examples cannot be divided into so many folds.",
      expected: `a whole number from 2 to ${most}`,
      found: shown(k),
    });
  }
  if (shuffle === true && ordered !== false) {
    fail("bad-argument", {
      message: "What is divided by time is not shuffled.",
      expected: "ordered without shuffle",
      found: "shuffle: true",
    });
  }
  const { groups, timeline, gap, ...rest } = divisionOf(n, options, labels);
  if (timeline) {
    const size = Math.floor(n / (k + 1));
    return Array.from({ length: k }, (_, i) => {
      const start = n - (k - i) * size;
      return cutAt(timeline, start, start + size, gap);
    });
  }
  const drawn = shuffledOrder(n, seed, splitEpoch);
  const order = (shuffle ?? true) ? drawn : drawn.sort();
  const folds = groups
    ? groupFolds(order, groups, k)
    : classFolds(order, rest.labels ?? new Int32Array(n), k);
  return Array.from({ length: k }, (_, i) => {
    const train: number[] = [];
    const validation: number[] = [];
    for (let row = 0; row < n; row++) (folds[row] === i ? validation : train).push(row);
    return { train, validation };
  });
}

/** The fold of each row; labels are counted by their first rows in the data, as scikit-learn does. */
function classFolds(order: Int32Array, labels: ArrayLike<number>, k: number) {
  const n = order.length;
  const folds = new Int32Array(n);
  const classes = [...membersOf(order.slice().sort(), labels).keys()];
  const members = membersOf(order, labels);
  let place = 0;
  for (const label of classes) {
    const rows = members.get(label) ?? [];
    // Of the sorted labels each fold takes every k-th: so many of each class.
    const counts = new Array<number>(k).fill(0);
    for (const _ of rows) {
      counts[place % k] = at(counts, place % k) + 1;
      place++;
    }
    let next = 0;
    for (const [i, count] of counts.entries()) {
      for (const row of rows.slice(next, next + count)) folds[row] = i;
      next += count;
    }
  }
  return folds;
}

function groupFolds(order: Int32Array, groups: ArrayLike<number | string>, k: number): Int32Array {
  const members = [...membersOf(order, groups).values()].sort((a, b) => b.length - a.length);
  checkGroupCount(members.length, k);
  const folds = new Int32Array(order.length);
  const sizes = new Array<number>(k).fill(0);
  for (const rows of members) {
    const lightest = sizes.indexOf(Math.min(...sizes));
    for (const row of rows) folds[row] = lightest;
    sizes[lightest] = at(sizes, lightest) + rows.length;
  }
  return folds;
}

/**
 * k divisions of a dataset for cross-validation: `train` and `validation` of each, in the original
 * order. `shuffle` defaults to true, `seed` to 0, `stratify` to true for class labels. The folds are
 * those of `kFoldIndices`, and so are the errors.
 */
export function kFold(
  whole: Dataset,
  k: number,
  options: KFoldOptions = {},
): { readonly train: Dataset; readonly validation: Dataset }[] {
  checkKind("kFold", whole, aDataset);
  const labels = whole.targets.rank === 1 && whole.classes ? elementsOf(whole.targets) : undefined;
  return kFoldIndices(whole.size, k, options, labels).map(({ train, validation }) => ({
    train: subset(whole, train),
    validation: subset(whole, validation),
  }));
}
