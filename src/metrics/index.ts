/** Metrics: what predictions are measured by. */
export {
  accuracyScore,
  type ClassificationReport,
  type ClassScore,
  type ClassScoreOptions,
  classificationReport,
  confusionMatrix,
  f1Score,
  type PrecisionRecall,
  precisionScore,
  recallScore,
  type ScoreAverage,
} from "./classes.ts";
export { maeScore, r2Score, rmseScore } from "./numbers.ts";
export {
  averagePrecisionScore,
  type RankingOptions,
  rocAucScore,
  topKAccuracyScore,
} from "./ranking.ts";
export type { MetricOptions, MetricValues } from "./values.ts";
