/** Metrics that are asked for by name, of what `evaluate` has seen. */
import { at } from "../core/at.ts";
import type { ByName } from "../core/by-name.ts";
import { fail } from "../core/errors.ts";
import type { Tensor } from "../core/tensor.ts";
import { listed, shown } from "../core/wording.ts";
import { accuracyScore, classificationReport } from "../metrics/classes.ts";
import { numberScores } from "../metrics/numbers.ts";
import { averagePrecisionScore, rocAucScore, topKAccuracyScore } from "../metrics/ranking.ts";
import type { MetricValues } from "../metrics/values.ts";
import { constantTensor } from "../ops/leaf.ts";

/** What was asked and answered: classes, several yes and no for each example, or numbers. */
export interface Answers {
  readonly kind: "classes" | "labels" | "numbers";
  /** Labels; or rows of so many columns, 0 and 1 or numbers. */
  readonly actual: ArrayLike<number>;
  readonly predicted: ArrayLike<number>;
  /** Outputs that rank the examples, row by row. */
  readonly scores: ArrayLike<number>;
  readonly columns: number;
  /** What was counted on the way, in the place of what it could be taken of. */
  readonly known?: Partial<Record<MetricName, number>>;
}

interface Measure {
  readonly of: readonly Answers["kind"][];
  /** Whether it is taken of scores. */
  readonly ranks?: boolean;
  /** Whether less of it is better. */
  readonly less?: boolean;
  /** In pieces where it takes long: others may have their turn between them. */
  readonly measure: (answers: Answers) => number | Generator<undefined, number>;
}

/** Numbers as rows of so many columns. */
const tableOf = (values: ArrayLike<number>, columns: number): Tensor =>
  constantTensor(Float64Array.from(values), [values.length / columns, columns]);

type Both = readonly [actual: MetricValues, other: MetricValues];

function truthOf({ kind, actual, predicted, columns }: Answers): Both {
  if (kind !== "labels") return [actual, predicted];
  return [tableOf(actual, columns), tableOf(predicted, columns)];
}

/** Several metrics are read off one. */
const reports = /* @__PURE__ */ new WeakMap<Answers, ReturnType<typeof classificationReport>>();

function report(answers: Answers): ReturnType<typeof classificationReport> {
  const known = reports.get(answers) ?? classificationReport(...truthOf(answers));
  reports.set(answers, known);
  return known;
}

const ranks = ({ actual, scores, columns }: Answers): Both => [actual, tableOf(scores, columns)];

/** The mean over the classes, or labels, each against the rest: one after another. */
const eachClass = (score: (actual: MetricValues, scores: MetricValues) => number) =>
  function* ({ kind, actual, scores, columns }: Answers): Generator<undefined, number> {
    const rows = scores.length / columns;
    const [own, one] = [new Float64Array(rows), new Float64Array(rows)];
    let sum = 0;
    for (let c = 0; c < columns; c++) {
      for (let i = 0; i < rows; i++) {
        const is = kind === "labels" ? at(actual, i * columns + c) === 1 : at(actual, i) === c;
        own[i] = Number(columns === 1 ? at(actual, i) : is);
        one[i] = at(scores, i * columns + c);
      }
      sum += score(own, one);
      yield;
    }
    return sum / columns;
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
  rocAuc: { of: byClass, ranks: true, measure: eachClass(rocAucScore) },
  averagePrecision: {
    of: byClass,
    ranks: true,
    measure: eachClass(averagePrecisionScore),
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

/** Those of which every score has to be there at once. */
export const rankingNames = ["rocAuc", "averagePrecision"] as const satisfies readonly MetricName[];

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
 * not occur, is left out. In pieces, between which others may have their turn.
 *
 * @throws ChainruleError "bad-argument" for a metric of another kind of task.
 */
export function* measured(
  asked: readonly MetricName[] | "all",
  answers: Answers | undefined,
): Generator<undefined, ByName<number>> {
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
  const values: Record<string, number> = {};
  if (answers === undefined) return values;
  for (const name of metricNames) {
    if (!fits(name) || (asked !== "all" && !asked.includes(name))) continue;
    const { measure, ranks } = measures[name] as Measure;
    const counted = answers.known?.[name];
    if (ranks && counted === undefined && answers.scores.length === 0) continue;
    yield;
    const found = counted ?? measure(answers);
    const value = typeof found === "number" ? found : yield* found;
    if (Number.isFinite(value)) values[name] = value;
  }
  return values;
}
