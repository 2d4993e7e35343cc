/** Metrics that are asked for by name, of what `evaluate` has seen. */
import { at } from "../core/at.ts";
import type { ByName } from "../core/by-name.ts";
import { fail } from "../core/errors.ts";
import { listed, shown } from "../core/wording.ts";
import { accuracyScore, classificationReport } from "../metrics/classes.ts";
import { numberScores } from "../metrics/numbers.ts";
import { averagePrecisionScore, rocAucScore, topKAccuracyScore } from "../metrics/ranking.ts";
import type { MetricValues } from "../metrics/values.ts";

/** What was asked and answered: classes, several yes and no for each example, or numbers. */
export interface Answers {
  readonly kind: "classes" | "labels" | "numbers";
  /** Labels; or rows of so many columns, 0 and 1 or numbers. */
  readonly actual: ArrayLike<number>;
  readonly predicted: ArrayLike<number>;
  /** Outputs that rank the examples, row by row. */
  readonly scores: ArrayLike<number>;
  readonly columns: number;
}

interface Measure {
  readonly of: readonly Answers["kind"][];
  /** Whether it is taken of scores. */
  readonly ranks?: boolean;
  /** Whether less of it is better. */
  readonly less?: boolean;
  readonly measure: (answers: Answers) => number;
}

/** Numbers as rows, where each example has several. */
function rowsOf(values: ArrayLike<number>, columns: number): number[][] {
  return Array.from({ length: values.length / columns }, (_, row) =>
    Array.from({ length: columns }, (_, c) => at(values, row * columns + c)),
  );
}

type Both = readonly [actual: MetricValues, other: MetricValues];

function truthOf({ kind, actual, predicted, columns }: Answers): Both {
  if (kind !== "labels") return [actual, predicted];
  return [rowsOf(actual, columns), rowsOf(predicted, columns)];
}

const report = (answers: Answers) => classificationReport(...truthOf(answers));
const ranks = (answers: Answers): Both => {
  const { scores, columns } = answers;
  return [truthOf(answers)[0], columns === 1 ? scores : rowsOf(scores, columns)];
};
const byClass = ["classes", "labels"] as const;
const classes = ["classes"] as const;
const numbers = ["numbers"] as const;
const numbersOf = ({ actual, predicted, columns }: Answers) =>
  numberScores(actual, predicted, columns);
/** Of no more classes the k likeliest are all of them. */
const among = (k: number) => (answers: Answers) =>
  answers.columns > k ? topKAccuracyScore(...ranks(answers), { k }) : Number.NaN;

const measures = {
  precision: { of: byClass, measure: (a) => report(a).macro.precision },
  recall: { of: byClass, measure: (a) => report(a).macro.recall },
  f1: { of: byClass, measure: (a) => report(a).macro.f1 },
  weightedF1: { of: byClass, measure: (a) => report(a).weighted.f1 },
  microF1: { of: ["labels"], measure: (a) => report(a).micro.f1 },
  exactMatch: { of: ["labels"], measure: (a) => accuracyScore(...truthOf(a)) },
  rocAuc: { of: byClass, ranks: true, measure: (a) => rocAucScore(...ranks(a)) },
  averagePrecision: {
    of: byClass,
    ranks: true,
    measure: (a) => averagePrecisionScore(...ranks(a)),
  },
  top3Accuracy: { of: classes, ranks: true, measure: among(3) },
  top5Accuracy: { of: classes, ranks: true, measure: among(5) },
  mae: { of: numbers, less: true, measure: (a) => numbersOf(a).mae },
  rmse: { of: numbers, less: true, measure: (a) => numbersOf(a).rmse },
} as const satisfies Readonly<Record<string, Measure>>;

/**
 * A metric by its name. Of classes, and of several labels for each example: `precision`, `recall`
 * and `f1`, the means of the classes' own, `weightedF1`, `rocAuc` and `averagePrecision`, each class
 * against the rest; of classes `top3Accuracy` and `top5Accuracy`; of labels `microF1` and
 * `exactMatch`, the share of examples of which all labels are right; of numbers `mae` and `rmse`.
 */
export type MetricName = keyof typeof measures;

export const metricNames = Object.keys(measures) as readonly MetricName[];
export const lessIsBetter = (name: MetricName): boolean => "less" in measures[name];

/** Refuses what is no list of names. */
export function checkMetrics(given: unknown): void {
  if (given === "all" || given === undefined) return;
  const list: readonly unknown[] = Array.isArray(given) ? Array.from(given) : [given];
  const odd = list.find((name) => !metricNames.includes(name as MetricName));
  if (Array.isArray(given) && odd === undefined && list.length > 0) return;
  fail("bad-argument", {
    message: "This is no list of metrics.",
    expected: `"all", or some of ${listed(metricNames)}`,
    found: list.length === 0 ? "an empty list" : shown(odd ?? given),
  });
}

/**
 * What is asked for, of those that fit; one without a value, such as the area of a class that does
 * not occur, is left out.
 *
 * @throws ChainruleError "bad-argument" for a metric of another kind of task.
 */
export function measured(
  asked: readonly MetricName[] | "all",
  answers: Answers | undefined,
): ByName<number> {
  const fits = (name: MetricName) =>
    answers !== undefined && (measures[name] as Measure).of.includes(answers.kind);
  const odd = asked === "all" ? undefined : asked.find((name) => !fits(name));
  if (odd !== undefined) {
    const fitting = metricNames.filter(fits);
    fail("bad-argument", {
      message: `What this model is asked for cannot be measured by ${odd}.`,
      expected: fitting.length === 0 ? "no metrics" : `some of ${listed(fitting)}`,
      found: odd,
    });
  }
  const found: Record<string, number> = {};
  if (answers === undefined) return found;
  for (const name of metricNames) {
    if (!fits(name) || (asked !== "all" && !asked.includes(name))) continue;
    const { measure, ranks } = measures[name] as Measure;
    if (ranks && answers.scores.length === 0) continue;
    const value = measure(answers);
    if (Number.isFinite(value)) found[name] = value;
  }
  return found;
}
