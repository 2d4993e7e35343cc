/** What is likely behind a result that is worse than it could be. */
import { elementsOf } from "../core/array-tensor.ts";
import { isConstant } from "../core/constant.ts";
import type { Evaluation } from "../train/evaluate.ts";
import type { NetworkData } from "./prepare.ts";

/** Below this share of explained variance, the scale of the targets is worth a look. */
const poor = 0.5;

/** Deviations and means further from 1 and 0 than this are slow to learn. */
const far = 3;

/**
 * Where little of a number target is explained and it lies far from 0 ± 1, how to scale it;
 * undefined where that is not the likely cause.
 */
export function scaleAdvice(data: NetworkData, { r2 }: Evaluation): string | undefined {
  const rule = data.description.preprocessing?.target;
  const values = Array.from(elementsOf(data.train.targets));
  if (rule === undefined || !("kind" in rule)) return undefined;
  if (rule.kind !== "number" || rule.mean !== 0 || rule.scale !== 1) return undefined;
  if (r2 === undefined || r2 >= poor || isConstant(values)) return undefined;
  const mean = values.reduce((sum, t) => sum + t, 0) / values.length;
  const variance = values.reduce((sum, t) => sum + (t - mean) * (t - mean), 0) / values.length;
  const deviation = Math.sqrt(variance);
  if (Math.abs(mean) <= far && deviation <= far && deviation >= 1 / far) return undefined;
  const [m, d] = [mean, deviation].map((x) => Number(x.toPrecision(3)));
  return (
    `R² is low, and the target ${rule.name} is far from the 0 ± 1 that is learnt best: ${m} ± ${d}. ` +
    "Say standardizeTarget: true under csv, and predictions are still in the table's units."
  );
}
