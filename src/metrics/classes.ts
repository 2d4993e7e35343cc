/** How well predicted classes are the true ones. */
import { at, zip } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import { checkNames } from "../core/options.ts";
import { shown } from "../core/wording.ts";
import {
  type Columns,
  checkLabels,
  checkWidths,
  checkYesNo,
  type MetricOptions,
  type MetricValues,
  oneOf,
  pairOf,
  weightOf,
  wholeOption,
} from "./values.ts";

/** How the scores of classes become one: see `precisionScore`. */
export type ScoreAverage = "binary" | "macro" | "micro" | "weighted" | "samples";

/** What a score of classes takes. */
export interface ClassScoreOptions extends MetricOptions {
  /** How the scores of classes become one; default "binary", of rows of labels "macro". */
  readonly average?: ScoreAverage;
  /** With "binary": the label that is looked for; default 1. */
  readonly positive?: number;
  /** How many classes there are; default: those that occur, in truth or prediction. */
  readonly classes?: number;
  /** What 0/0 is: 0 (default), 1, or NaN, which averages leave out. */
  readonly zeroDivision?: number;
}

/** Of one class, or over all of them. */
export interface PrecisionRecall {
  /** right/(taken for it). */
  readonly precision: number;
  /** right/(of it). */
  readonly recall: number;
  /** 2·right/(taken for it + of it). */
  readonly f1: number;
}

/** Of one class, and how many examples are of it. */
export interface ClassScore extends PrecisionRecall {
  readonly label: number;
  readonly support: number;
}

/** Scores of all classes with their averages: what `classificationReport` gives. */
export interface ClassificationReport {
  readonly classes: readonly ClassScore[];
  readonly accuracy: number;
  readonly macro: PrecisionRecall;
  readonly micro: PrecisionRecall;
  readonly weighted: PrecisionRecall;
}

/** Counts of one class, or of what else is scored. */
export interface Tally {
  right: number;
  taken: number;
  support: number;
}

const classOptions = ["classes", "weights", "zeroDivision"] as const;
const averageOptions = [...classOptions, "average", "positive"] as const;
const averages: readonly ScoreAverage[] = ["binary", "macro", "micro", "weighted", "samples"];

const none = (): Tally => ({ right: 0, taken: 0, support: 0 });

function plus(tallies: Iterable<Tally>): Tally {
  const sum = none();
  for (const { right, taken, support } of tallies) {
    sum.right += right;
    sum.taken += taken;
    sum.support += support;
  }
  return sum;
}

/** Truth and prediction, checked: labels, or rows of 0 and 1. */
function compared(
  what: string,
  actual: MetricValues,
  predicted: MetricValues,
): readonly [Columns, Columns] {
  const both = pairOf(what, actual, ["predicted labels", predicted]);
  checkWidths(what, ...both);
  for (const values of both) {
    if (values.columns > 1) checkYesNo(what, values);
    else checkLabels(what, values);
  }
  return both;
}

/** Counts by label. */
function talliesOf(
  what: string,
  [actual, predicted]: readonly [Columns, Columns],
  options: Pick<ClassScoreOptions, "classes" | "weights">,
): Map<number, Tally> {
  const weight = weightOf(what, actual.rows, options);
  const { columns } = actual;
  const tallies = new Map<number, Tally>();
  const of = (label: number): Tally => {
    const found = tallies.get(label);
    if (found) return found;
    const tally = none();
    tallies.set(label, tally);
    return tally;
  };
  const count = (label: number, isOne: boolean, taken: boolean, w: number): void => {
    const tally = of(label);
    if (isOne && taken) tally.right += w;
    if (taken) tally.taken += w;
    if (isOne) tally.support += w;
  };
  if (columns === 1 && options.classes !== undefined) {
    const n = wholeOption(what, "number of classes", options.classes, 1);
    for (const values of [actual, predicted]) checkLabels(what, values, n);
    for (let label = 0; label < n; label++) of(label);
  }
  for (let i = 0; i < actual.data.length; i++) {
    const w = weight(Math.floor(i / columns));
    const [a, p] = [at(actual.data, i), at(predicted.data, i)];
    if (columns > 1) count(i % columns, a === 1, p === 1, w);
    else {
      count(a, true, a === p, w);
      if (a !== p) count(p, false, true, w);
    }
  }
  return new Map([...tallies].sort(([a], [b]) => a - b));
}

const scoresOf = ({ right, taken, support }: Tally, zero: number): PrecisionRecall => ({
  precision: taken === 0 ? zero : right / taken,
  recall: support === 0 ? zero : right / support,
  f1: taken + support === 0 ? zero : (2 * right) / (taken + support),
});

/** The mean by weights; NaN is left out. */
function mean(values: readonly number[], weights: readonly number[], zero: number): number {
  let [sum, total, counted] = [0, 0, 0];
  for (const [value, weight] of zip(values, weights)) {
    if (Number.isNaN(value)) continue;
    counted++;
    sum += weight * value;
    total += weight;
  }
  return counted === 0 ? Number.NaN : total === 0 ? zero : sum / total;
}

function averaged(
  tallies: readonly Tally[],
  weight: (tally: Tally) => number,
  zero: number,
): PrecisionRecall {
  const scores = tallies.map((tally) => scoresOf(tally, zero));
  const weights = tallies.map(weight);
  const of = (name: keyof PrecisionRecall) =>
    mean(
      scores.map((score) => score[name]),
      weights,
      zero,
    );
  return { precision: of("precision"), recall: of("recall"), f1: of("f1") };
}

function zeroOf(what: string, { zeroDivision = 0 }: ClassScoreOptions): number {
  if (zeroDivision === 0 || zeroDivision === 1 || Number.isNaN(zeroDivision)) return zeroDivision;
  return fail("bad-argument", {
    message: `${what} cannot use this zeroDivision.`,
    expected: "0, 1 or NaN",
    found: shown(zeroDivision),
  });
}

/** Each example's own scores, averaged over the examples. */
function bySample(
  what: string,
  [actual, predicted]: readonly [Columns, Columns],
  options: ClassScoreOptions,
): PrecisionRecall {
  const { rows, columns } = actual;
  const weight = weightOf(what, rows, options);
  const tallies = Array.from({ length: rows }, (_, row) => {
    const tally = none();
    for (let i = row * columns; i < (row + 1) * columns; i++) {
      tally.right += at(actual.data, i) * at(predicted.data, i);
      tally.taken += at(predicted.data, i);
      tally.support += at(actual.data, i);
    }
    return tally;
  });
  const weights = new Map(tallies.map((tally, row) => [tally, weight(row)]));
  return averaged(tallies, (tally) => weights.get(tally) ?? 0, zeroOf(what, options));
}

function scored(
  what: string,
  actual: MetricValues,
  predicted: MetricValues,
  options: ClassScoreOptions,
): PrecisionRecall {
  checkNames(what, options, averageOptions);
  const both = compared(what, actual, predicted);
  const several = both[0].columns > 1;
  const { average = several ? "macro" : "binary", positive = 1 } = options;
  oneOf(what, "average", average, averages);
  const zero = zeroOf(what, options);
  if ((average === "samples" && !several) || (average === "binary" && several)) {
    fail("bad-argument", {
      message: `${what} cannot average like this.`,
      expected: several ? '"macro", "micro", "weighted" or "samples"' : "no samples",
      found: shown(average),
    });
  }
  if (average === "samples") return bySample(what, both, options);
  const tallies = talliesOf(what, both, options);
  const all = [...tallies.values()];
  if (average === "micro") return scoresOf(plus(all), zero);
  if (average === "macro") return averaged(all, () => 1, zero);
  if (average === "weighted") return averaged(all, ({ support }) => support, zero);
  wholeOption(what, "positive label", positive, 0);
  if ([...tallies.keys()].some((label) => label !== positive && label > 1) || tallies.size > 2) {
    fail("bad-argument", {
      message: `${what} of more than two classes has to be averaged.`,
      expected: 'average: "macro", "micro" or "weighted"',
      found: `labels up to ${Math.max(...tallies.keys())}, and average: "binary"`,
      fix: 'Say average: "macro" to count each class alike, "weighted" to count it by its examples.',
    });
  }
  return scoresOf(tallies.get(positive) ?? none(), zero);
}

/**
 * accuracy = Σ wᵢ·[pᵢ = tᵢ]/Σ wᵢ: the share of examples that are right; of rows of labels, all of
 * a row have to be. `actual` and `predicted` are labels [n], or 0 and 1 [n, labels].
 *
 * Source: scikit-learn 1.9, accuracy_score.
 *
 * @throws ChainruleError "bad-argument" for other than labels and for different numbers of them;
 *   "data-empty".
 */
export function accuracyScore(
  actual: MetricValues,
  predicted: MetricValues,
  options: MetricOptions = {},
): number {
  checkNames("accuracyScore", options, ["weights"]);
  return accuracyOf("accuracyScore", compared("accuracyScore", actual, predicted), options);
}

function accuracyOf(
  what: string,
  [actual, predicted]: readonly [Columns, Columns],
  options: MetricOptions,
): number {
  const weight = weightOf(what, actual.rows, options);
  let [right, total] = [0, 0];
  for (let row = 0; row < actual.rows; row++) {
    let equal = true;
    for (let c = 0; c < actual.columns; c++) {
      const i = row * actual.columns + c;
      equal &&= actual.data[i] === predicted.data[i];
    }
    if (equal) right += weight(row);
    total += weight(row);
  }
  return right / total;
}

/**
 * precision = right/(taken for the class): of what is called so, the share that is. `average` makes
 * one number of the classes': "binary" is that of `positive`; "macro" their mean; "weighted" their
 * mean by numbers of examples; "micro" counts all classes together; "samples" is the mean of each
 * example's own, of rows of 0 and 1 [n, labels].
 *
 * Source: scikit-learn 1.9, precision_score.
 *
 * @throws ChainruleError "bad-argument" as `accuracyScore`, and for "binary" of more than two
 *   classes; "data-empty".
 */
export const precisionScore = (
  actual: MetricValues,
  predicted: MetricValues,
  options: ClassScoreOptions = {},
): number => scored("precisionScore", actual, predicted, options).precision;

/**
 * recall = right/(of the class): of what is so, the share that is called so. Averages and errors as
 * `precisionScore`.
 *
 * Source: scikit-learn 1.9, recall_score.
 */
export const recallScore = (
  actual: MetricValues,
  predicted: MetricValues,
  options: ClassScoreOptions = {},
): number => scored("recallScore", actual, predicted, options).recall;

/**
 * F₁ = 2·right/(taken for the class + of the class) = 2·precision·recall/(precision + recall).
 * Averages and errors as `precisionScore`.
 *
 * Source: scikit-learn 1.9, f1_score.
 */
export const f1Score = (
  actual: MetricValues,
  predicted: MetricValues,
  options: ClassScoreOptions = {},
): number => scored("f1Score", actual, predicted, options).f1;

/**
 * Precision, recall and F₁ of every class, with their averages and the accuracy; see
 * `precisionScore`. Of rows of 0 and 1 the labels are the columns.
 *
 * Source: scikit-learn 1.9, precision_recall_fscore_support and classification_report.
 *
 * @throws ChainruleError as `precisionScore`.
 */
export function classificationReport(
  actual: MetricValues,
  predicted: MetricValues,
  options: Omit<ClassScoreOptions, "average" | "positive"> = {},
): ClassificationReport {
  const what = "classificationReport";
  checkNames(what, options, classOptions);
  const both = compared(what, actual, predicted);
  const tallies = talliesOf(what, both, options);
  return reportOf(tallies, accuracyOf(what, both, options), zeroOf(what, options));
}

/** The report of counts by label. */
export function reportOf(
  tallies: ReadonlyMap<number, Tally>,
  accuracy: number,
  zero: number,
): ClassificationReport {
  const all = [...tallies.values()];
  return {
    classes: Array.from(tallies, ([label, tally]) => ({
      label,
      ...scoresOf(tally, zero),
      support: tally.support,
    })),
    accuracy,
    macro: averaged(all, () => 1, zero),
    micro: scoresOf(plus(all), zero),
    weighted: averaged(all, ({ support }) => support, zero),
  };
}

/**
 * confusion[actual][predicted]: how often each class was taken for each, by weights where there are
 * some; `normalize` divides by the examples of the true class ("actual"), by those taken for it
 * ("predicted"), or by all ("all"); 0/0 is 0. Labels [n] in, [classes, classes] out.
 *
 * Source: scikit-learn 1.9, confusion_matrix, in which only labels that occur have a row.
 *
 * @throws ChainruleError "bad-argument" as `accuracyScore`, and for a label beyond `classes`;
 *   "data-empty".
 */
export function confusionMatrix(
  actual: MetricValues,
  predicted: MetricValues,
  options: MetricOptions & {
    /** How many classes there are; default: up to the largest label. */
    readonly classes?: number;
    /** What counts are divided by; default: nothing. */
    readonly normalize?: "actual" | "predicted" | "all";
  } = {},
): number[][] {
  const what = "confusionMatrix";
  checkNames(what, options, ["classes", "normalize", "weights"]);
  const [a, p] = pairOf(what, actual, ["predicted labels", predicted]);
  const { classes, normalize } = options;
  const most = classes === undefined ? 2 ** 12 : wholeOption(what, "number of classes", classes, 1);
  for (const values of [a, p]) {
    checkWidths(what, { ...values, columns: 1 }, values);
    checkLabels(what, values, most);
  }
  const largest = Math.max(maximum(a.data), maximum(p.data));
  const matrix = countedPairs(
    a.data,
    p.data,
    classes ?? largest + 1,
    weightOf(what, a.rows, options),
  );
  if (normalize === undefined) return matrix;
  oneOf(what, "normalize", normalize, ["actual", "predicted", "all"]);
  const rows = matrix.map((row) => row.reduce((sum, n) => sum + n, 0));
  const columns = matrix.map((_, j) => matrix.reduce((sum, row) => sum + at(row, j), 0));
  const all = rows.reduce((sum, n) => sum + n, 0);
  return matrix.map((row, i) =>
    row.map((n, j) => {
      const whole =
        normalize === "all"
          ? all
          : at(normalize === "actual" ? rows : columns, normalize === "actual" ? i : j);
      return whole === 0 ? 0 : n / whole;
    }),
  );
}

/** The largest of many numbers. */
function maximum(values: ArrayLike<number>): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) most = Math.max(most, at(values, i));
  return most;
}

/** confusion[actual][predicted] of labels that are known to be some of these classes. */
export function countedPairs(
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
  weight: (row: number) => number = () => 1,
): number[][] {
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < actual.length; i++) {
    const row = at(matrix, at(actual, i));
    const label = at(predicted, i);
    row[label] = at(row, label) + weight(i);
  }
  return matrix;
}
