/** How well scores put what is so before what is not. */
import { at } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import { checkNames } from "../core/options.ts";
import {
  type Columns,
  checkLabels,
  checkYesNo,
  type MetricOptions,
  type MetricValues,
  metricColumns,
  oneOf,
  pairOf,
  weightOf,
  wholeOption,
} from "./values.ts";

/** How the scores of several classes or labels become one. */
export interface RankingOptions extends MetricOptions {
  /** "macro" (default) is their mean, "weighted" that by examples, "micro" ranks all together. */
  readonly average?: "macro" | "weighted" | "micro";
}

/** Right and wrong ones with equal scores, from the largest score down. */
function* ties(
  right: (i: number) => boolean,
  scores: (i: number) => number,
  weights: (i: number) => number,
  count: number,
): Generator<readonly [right: number, wrong: number]> {
  const given = new Float64Array(count);
  for (let i = 0; i < count; i++) given[i] = scores(i);
  // Numbers by themselves are sorted ten times as fast as places by a function that compares.
  const different = given.toSorted().filter((x, i, all) => x !== all[i - 1]);
  const [yes, no] = [new Float64Array(different.length), new Float64Array(different.length)];
  for (let i = 0; i < count; i++) {
    const own = right(i) ? yes : no;
    // A score is one of the different ones (!).
    const place = placeOf(different, given[i]!);
    own[place] = own[place]! + weights(i);
  }
  for (let k = different.length - 1; k >= 0; k--) yield [at(yes, k), at(no, k)];
}

/** Where a number stands among different ones that rise; what is looked at lies between two of them (!). */
function placeOf(numbers: Float64Array, x: number): number {
  let [from, to] = [0, numbers.length - 1];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (numbers[middle]! < x) from = middle + 1;
    else to = middle;
  }
  return from;
}

type Ranked = Parameters<typeof ties>;

/** Of yes and no: the area under the curve; NaN where one of them does not occur. */
function rocArea(...ranked: Ranked): number {
  let [area, yes, no] = [0, 0, 0];
  for (const [right, wrong] of ties(...ranked)) {
    // Of equal scores, half of the pairs are in order.
    area += wrong * (yes + right / 2);
    yes += right;
    no += wrong;
  }
  return yes === 0 || no === 0 ? Number.NaN : area / (yes * no);
}

/** Σ (recall − recall before) · precision, 0 where nothing is so. */
function precisionArea(...ranked: Ranked): number {
  let [sum, yes, taken] = [0, 0, 0];
  for (const [right, wrong] of ties(...ranked)) {
    yes += right;
    taken += right + wrong;
    if (taken > 0) sum += right * (yes / taken);
  }
  return yes === 0 ? 0 : sum / yes;
}

/**
 * The area for each class or label; where there is one column of scores, of label 1.
 *
 * @returns areas, and what each counts with "weighted"
 */
function byColumn(
  what: string,
  area: (...ranked: Ranked) => number,
  [actual, scores]: readonly [Columns, Columns],
  options: RankingOptions,
): { areas: number[]; support: number[] } {
  const { rows, columns } = scores;
  const weight = weightOf(what, rows, options);
  const areas: number[] = [];
  const support: number[] = [];
  for (let c = 0; c < columns; c++) {
    const right = isOne(actual, scores, c);
    areas.push(area(right, (row) => at(scores.data, row * columns + c), weight, rows));
    let sum = 0;
    for (let row = 0; row < rows; row++) if (right(row)) sum += weight(row);
    support.push(sum);
  }
  return { areas, support };
}

/** Whether the example of a row has the label that a column of scores is for. */
const isOne =
  (actual: Columns, { columns }: Columns, c: number) =>
  (row: number) =>
    actual.columns > 1
      ? actual.data[row * actual.columns + c] === 1
      : actual.data[row] === (columns === 1 ? 1 : c);

function ranked(
  what: string,
  area: (...ranked: Ranked) => number,
  given: readonly [MetricValues, MetricValues],
  options: RankingOptions,
): number {
  checkNames(what, options, ["average", "weights"]);
  const both = pairOf(what, given[0], ["scores", given[1]]);
  const [actual, scores] = both;
  if (actual.columns > 1 ? actual.columns !== scores.columns : false) {
    fail("bad-argument", {
      message: `${what} takes a score for each label of an example.`,
      expected: `${actual.columns} for each`,
      found: `${scores.columns}`,
    });
  }
  if (actual.columns > 1 || scores.columns === 1) checkYesNo(what, actual);
  else checkLabels(what, actual, scores.columns);
  const average = oneOf(what, "average", options.average ?? "macro", [
    "macro",
    "weighted",
    "micro",
  ]);
  if (average === "micro") {
    const { columns, rows } = scores;
    const weight = weightOf(what, rows, options);
    return area(
      (i) => isOne(actual, scores, i % columns)(Math.floor(i / columns)),
      (i) => at(scores.data, i),
      (i) => weight(Math.floor(i / columns)),
      rows * columns,
    );
  }
  const { areas, support } = byColumn(what, area, both, options);
  const weights = average === "macro" ? areas.map(() => 1) : support;
  const whole = weights.reduce((sum, w) => sum + w, 0);
  return (
    areas.reduce((sum, a, i) => sum + (at(weights, i) === 0 ? 0 : at(weights, i) * a), 0) / whole
  );
}

/**
 * ROC-AUC = P(s⁺ > s⁻) + ½·P(s⁺ = s⁻): how often an example that is so scores more than one that is
 * not. `actual` are 0 and 1 [n] with scores [n]; labels [n] with scores [n, classes], each class
 * against the rest; or rows of 0 and 1 [n, labels] with scores of the same shape. Any scores that
 * rise with the probability do for one column; classes are compared by probabilities. NaN where a
 * class has all examples or none.
 *
 * Source: scikit-learn 1.9, roc_auc_score with multi_class="ovr", which refuses a class without
 * examples.
 *
 * @throws ChainruleError "bad-argument" for other than labels, and for different numbers of them;
 *   "data-empty".
 */
export const rocAucScore = (
  actual: MetricValues,
  scores: MetricValues,
  options: RankingOptions = {},
): number => ranked("rocAucScore", rocArea, [actual, scores], options);

/**
 * AP = Σ (Rₙ − Rₙ₋₁)·Pₙ with precision and recall at each score, equal ones together: the area
 * under precision over recall. Arguments and errors as `rocAucScore`; 0 where no example is so.
 *
 * Source: scikit-learn 1.9, average_precision_score.
 */
export const averagePrecisionScore = (
  actual: MetricValues,
  scores: MetricValues,
  options: RankingOptions = {},
): number => ranked("averagePrecisionScore", precisionArea, [actual, scores], options);

/**
 * Σ wᵢ·[tᵢ is among the k largest scores]/Σ wᵢ, of equal scores the lower label first, so that k = 1
 * is the accuracy of `argmax`. Labels [n], scores [n, classes]. Default k 5, or as many as there are.
 *
 * Source: scikit-learn 1.9, top_k_accuracy_score, in which equal scores put the higher label first.
 *
 * @throws ChainruleError "bad-argument" for other than labels of these scores; "data-empty".
 */
export function topKAccuracyScore(
  actual: MetricValues,
  scores: MetricValues,
  options: MetricOptions & {
    /** How many classes may be named; default 5. */
    readonly k?: number;
  } = {},
): number {
  const what = "topKAccuracyScore";
  checkNames(what, options, ["k", "weights"]);
  const labels = metricColumns(what, "true values", actual);
  const [, { data, rows, columns }] = pairOf(what, actual, ["scores", scores]);
  const k = wholeOption(what, "k", options.k ?? 5, 1);
  checkLabels(what, labels, columns);
  const weight = weightOf(what, rows, options);
  let [right, total] = [0, 0];
  for (let row = 0; row < rows; row++) {
    const label = at(labels.data, row);
    const own = at(data, row * columns + label);
    let before = 0;
    for (let c = 0; c < columns; c++) {
      const other = at(data, row * columns + c);
      if (other > own || (other === own && c < label)) before++;
    }
    if (before < k) right += weight(row);
    total += weight(row);
  }
  return right / total;
}
