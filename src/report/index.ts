/** runReport: how a training run went, as data and as a page. */
import type { EpochReport, History } from "../train/fit.ts";
import type { Trainer } from "../train/trainer.ts";
import { collected } from "./collect.ts";
import type { RunReport, RunReportOptions } from "./report.ts";

export type { RunReport, RunReportData, RunReportOptions } from "./report.ts";

/**
 * Shows a run to somebody who has not seen it: curves of loss and metrics, confusion matrix or
 * predictions beside targets, the worst examples, the sizes of weights, gradients and updates layer by
 * layer, dead units, what the first layer looks at where inputs are images, the network, settings.
 * `report.data` is plain data, `report.toHtml()` one page without scripts, which loads nothing.
 *
 * ```ts
 * import { linear, meanSquaredError, runReport, sequential, sgd, trainer } from "chainrule";
 *
 * const data = { inputs: [[0], [1], [2]], targets: [[1], [3], [5]] };
 * const t = trainer(sequential(linear(1, 1)), { loss: meanSquaredError, optimizer: sgd({ learningRate: 0.1 }) });
 * const history = await t.fit(data, { epochs: 5 });
 * const report = await runReport(t, history, { data, title: "A line" });
 * console.log(report.data.epochs.length, report.toHtml().startsWith("<!doctype html>"));
 * ```
 *
 * ```text
 * 5 true
 * ```
 *
 * @param history what `fit` gave, or the reports of its epochs
 * @throws ChainruleError "bad-argument" for options that there are not, and what `evaluate` throws
 */
export function runReport(
  trainer: Trainer,
  history: History | readonly EpochReport[],
  options: RunReportOptions,
): Promise<RunReport> {
  return collected(trainer, history, options);
}
