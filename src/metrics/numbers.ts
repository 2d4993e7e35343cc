/** How near predicted numbers are to the true ones. */
import { at } from "../core/at.ts";
import { isConstant } from "../core/constant.ts";
import { checkNames } from "../core/options.ts";
import {
  type Columns,
  checkWidths,
  type MetricOptions,
  type MetricValues,
  pairOf,
  weightOf,
} from "./values.ts";

/** Sums over the examples, column by column, averaged over the columns. */
function byColumns(
  what: string,
  given: readonly [MetricValues, MetricValues],
  options: MetricOptions,
  measure: (
    both: readonly [Columns, Columns],
    c: number,
    weight: (row: number) => number,
  ) => number,
): number {
  checkNames(what, options, ["weights"]);
  const both = pairOf(what, given[0], ["predictions", given[1]]);
  checkWidths(what, ...both);
  const [{ rows, columns }] = both;
  const weight = weightOf(what, rows, options);
  let sum = 0;
  for (let c = 0; c < columns; c++) sum += measure(both, c, weight);
  return sum / columns;
}

const column = ({ data, rows, columns }: Columns, c: number): Float64Array =>
  Float64Array.from({ length: rows }, (_, row) => at(data, row * columns + c));

/** The mean of f(t, p) over the examples. */
const meanOf =
  (f: (target: number, predicted: number) => number) =>
  (
    [target, predicted]: readonly [Columns, Columns],
    c: number,
    weight: (row: number) => number,
  ) => {
    const { rows, columns } = target;
    let [sum, total] = [0, 0];
    for (let row = 0; row < rows; row++) {
      const i = row * columns + c;
      sum += weight(row) * f(at(target.data, i), at(predicted.data, i));
      total += weight(row);
    }
    return sum / total;
  };

/**
 * R² = 1 − Σ wᵢ(tᵢ − pᵢ)²/Σ wᵢ(tᵢ − t̄)²: 1 is perfect, 0 is as good as always saying the mean. Of
 * targets that do not differ it is 1 for perfect predictions and else 0; of fewer than two examples
 * NaN. Numbers [n] or [n, columns], whose mean it then is.
 *
 * Source: scikit-learn 1.9, r2_score.
 *
 * @throws ChainruleError "bad-argument" for different shapes; "data-empty".
 */
export const r2Score = (
  actual: MetricValues,
  predicted: MetricValues,
  options: MetricOptions = {},
): number =>
  byColumns("r2Score", [actual, predicted], options, ([target, output], c, weight) =>
    target.rows < 2 ? Number.NaN : determination(column(target, c), column(output, c), weight),
  );

/** R² of one column. */
function determination(
  targets: Float64Array,
  outputs: Float64Array,
  weight: (row: number) => number = () => 1,
): number {
  // Taken from the first value on, the mean of equal values is exact, and their spread 0.
  const [first = Number.NaN] = targets;
  let [mean, total] = [0, 0];
  for (let row = 0; row < targets.length; row++) total += weight(row);
  for (const [row, t] of targets.entries()) mean += ((t - first) * weight(row)) / total;
  mean += first;
  let [residual, spread] = [0, 0];
  for (const [row, t] of targets.entries()) {
    const missing = t - at(outputs, row);
    residual += weight(row) * missing * missing;
    spread += weight(row) * (t - mean) * (t - mean);
  }
  // A constant target has nothing to explain, and what rounding makes of it neither.
  if (spread === 0 || isConstant(targets)) return residual === 0 ? 1 : 0;
  return 1 - residual / spread;
}

/**
 * MAE = Σ wᵢ·|tᵢ − pᵢ|/Σ wᵢ, in the units of the target. Numbers [n] or [n, columns], over which it
 * is averaged. The loss is called `meanAbsoluteError`.
 *
 * Source: scikit-learn 1.9, mean_absolute_error.
 *
 * @throws ChainruleError "bad-argument" for different shapes; "data-empty".
 */
export const maeScore = (
  actual: MetricValues,
  predicted: MetricValues,
  options: MetricOptions = {},
): number =>
  byColumns(
    "maeScore",
    [actual, predicted],
    options,
    meanOf((t, p) => Math.abs(t - p)),
  );

/**
 * RMSE = √(Σ wᵢ(tᵢ − pᵢ)²/Σ wᵢ), in the units of the target. Numbers [n] or [n, columns]: the mean
 * of the columns' own.
 *
 * Source: scikit-learn 1.9, root_mean_squared_error.
 *
 * @throws ChainruleError "bad-argument" for different shapes; "data-empty".
 */
export const rmseScore = (
  actual: MetricValues,
  predicted: MetricValues,
  options: MetricOptions = {},
): number => {
  const square = meanOf((t, p) => (t - p) * (t - p));
  return byColumns("rmseScore", [actual, predicted], options, (...column) =>
    Math.sqrt(square(...column)),
  );
};

/** What numbers are measured by, averaged over columns: one pass over what is known to be right. */
export function numberScores(
  target: ArrayLike<number>,
  output: ArrayLike<number>,
  columns: number,
): { r2: number; mae: number; rmse: number } {
  const rows = target.length / columns;
  const both = [target, output].map((data) => ({ data, rows, columns, table: true })) as [
    Columns,
    Columns,
  ];
  const one = () => 1;
  const absolute = meanOf((t, p) => Math.abs(t - p));
  const square = meanOf((t, p) => (t - p) * (t - p));
  const found = { r2: 0, mae: 0, rmse: 0 };
  for (let c = 0; c < columns; c++) {
    found.r2 += determination(column(both[0], c), column(both[1], c)) / columns;
    found.mae += absolute(both, c, one) / columns;
    found.rmse += Math.sqrt(square(both, c, one)) / columns;
  }
  return found;
}
