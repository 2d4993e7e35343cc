/** What is measured beside the loss, of numbers. */
import { isConstant } from "../data/constant.ts";

/** confusion[actual][predicted]: how often each class was taken for each. */
export function confusionMatrix(
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
): number[][] {
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < actual.length; i++) matrix[actual[i]!]![predicted[i]!]!++;
  return matrix;
}

const column = (values: ArrayLike<number>, at: number, columns: number): Float64Array =>
  Float64Array.from({ length: values.length / columns }, (_, row) => values[row * columns + at]!);

/** R² = 1 − Σ(t − o)²/Σ(t − t̄)², averaged over the columns; 1 is perfect, 0 is the mean's. */
export function coefficientOfDetermination(
  target: ArrayLike<number>,
  output: ArrayLike<number>,
  columns: number,
): number {
  const rows = target.length / columns;
  let total = 0;
  for (let c = 0; c < columns; c++) {
    const first = target[c]!;
    let mean = first;
    for (let r = 0; r < rows; r++) mean += (target[r * columns + c]! - first) / rows;
    let [residual, spread] = [0, 0];
    for (let r = 0; r < rows; r++) {
      const t = target[r * columns + c]!;
      const missing = t - output[r * columns + c]!;
      residual += missing * missing;
      // Taken from the first value on, the mean of equal values is exact, and their spread 0.
      spread += (t - mean) * (t - mean);
    }
    // A constant target has nothing to explain, and what rounding makes of it neither.
    const constant = spread === 0 || isConstant(column(target, c, columns));
    total += constant ? (residual === 0 ? 1 : 0) : 1 - residual / spread;
  }
  return total / columns;
}
