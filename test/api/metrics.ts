/** Right arguments of metrics. */
import * as chainrule from "../../src/index.ts";
import { type Probe, probe } from "./samples.ts";

const labels = [0, 1, 1];
const scores = [0.1, 0.4, 0.3];
const rows = [
  [0.9, 0.1],
  [0.2, 0.8],
  [0.4, 0.6],
];
const weights = [1, 2, 1];
const classes = { average: "macro", positive: 1, classes: 2, zeroDivision: 0, weights };

export const metrics: Record<string, Probe> = {
  accuracyScore: probe(chainrule.accuracyScore, [labels, [0, 1, 0], { weights }]),
  averagePrecisionScore: probe(chainrule.averagePrecisionScore, [labels, scores, { weights }]),
  classificationReport: probe(chainrule.classificationReport, [
    labels,
    [0, 1, 0],
    { classes: 2, zeroDivision: 0, weights },
  ]),
  confusionMatrix: probe(chainrule.confusionMatrix, [
    labels,
    [0, 1, 0],
    { classes: 2, normalize: "all", weights },
  ]),
  f1Score: probe(chainrule.f1Score, [labels, [0, 1, 0], classes]),
  maeScore: probe(chainrule.maeScore, [scores, scores, { weights }]),
  precisionScore: probe(chainrule.precisionScore, [labels, [0, 1, 0], classes]),
  r2Score: probe(chainrule.r2Score, [scores, scores, { weights }]),
  recallScore: probe(chainrule.recallScore, [labels, [0, 1, 0], classes]),
  rmseScore: probe(chainrule.rmseScore, [scores, scores, { weights }]),
  rocAucScore: probe(chainrule.rocAucScore, [labels, rows, { average: "macro", weights }]),
  topKAccuracyScore: probe(chainrule.topKAccuracyScore, [labels, rows, { k: 1, weights }]),
};
