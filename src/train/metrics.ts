/** What is measured beside the loss, of numbers. */
import { at } from "../core/at.ts";
import { isConstant } from "../data/constant.ts";

/** confusion[actual][predicted]: how often each class was taken for each. */
export function confusionMatrix(
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
): number[][] {
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < actual.length; i++) {
    const row = at(matrix, at(actual, i));
    const label = at(predicted, i);
    row[label] = at(row, label) + 1;
  }
  return matrix;
}

const column = (values: ArrayLike<number>, c: number, columns: number): Float64Array =>
  Float64Array.from({ length: values.length / columns }, (_, row) => at(values, row * columns + c));

/** R² = 1 − Σ(t − o)²/Σ(t − t̄)², averaged over the columns; 1 is perfect, 0 is the mean's. */
export function coefficientOfDetermination(
  target: ArrayLike<number>,
  output: ArrayLike<number>,
  columns: number,
): number {
  const rows = target.length / columns;
  let total = 0;
  for (let c = 0; c < columns; c++) {
    const [targets, outputs] = [column(target, c, columns), column(output, c, columns)];
    // Of no rows there is no mean.
    const [first = Number.NaN] = targets;
    let mean = first;
    for (const t of targets) mean += (t - first) / rows;
    let [residual, spread] = [0, 0];
    for (const [r, t] of targets.entries()) {
      const missing = t - at(outputs, r);
      residual += missing * missing;
      // Taken from the first value on, the mean of equal values is exact, and their spread 0.
      spread += (t - mean) * (t - mean);
    }
    // A constant target has nothing to explain, and what rounding makes of it neither.
    const constant = spread === 0 || isConstant(targets);
    total += constant ? (residual === 0 ? 1 : 0) : 1 - residual / spread;
  }
  return total / columns;
}
