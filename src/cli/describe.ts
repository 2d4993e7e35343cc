/** Networks and results in a few words. */
import type { Chosen, NetworkFile } from "../network-file/index.ts";
import type { Evaluation } from "../train/evaluate.ts";
import type { Remark } from "../train/remarks.ts";
import { formatNumber, percent } from "./numbers.ts";
import { bold, columns, dim, wrapWords } from "./terminal.ts";

/** "linear 16" */
function layerName({ name, options }: Chosen): string {
  const { outputs } = options as { outputs?: number };
  return outputs === undefined ? name : `${name} ${outputs}`;
}

/** "4 inputs → linear 16 → tanh → linear 3 → crossEntropy" */
export function architecture(network: NetworkFile, inputs: number): string {
  const steps = network.layers.map(layerName);
  return [`${inputs} ${inputs === 1 ? "input" : "inputs"}`, ...steps, network.loss.name].join(
    " → ",
  );
}

/** Remarks with their fixes, each set off by an empty line. */
export const remarkLines = (remarks: readonly Remark[]): string[] =>
  remarks.flatMap(({ message, fix }) => [
    "",
    ...wrapWords(`${bold("remark")}  ${message}`, "  "),
    ...wrapWords(`${bold("fix")}     ${fix}`, "  "),
  ]);

/** "loss 0.0833   accuracy 96.7 %" */
export function metrics({ loss, accuracy, r2 }: Evaluation, examples: number): string {
  return [
    `loss ${formatNumber(loss)}`,
    ...(accuracy === undefined ? [] : [`accuracy ${percent(accuracy)}`]),
    // What a single example varies by is nothing, so nothing can be explained of it.
    ...(r2 === undefined || examples < 2 ? [] : [`R² ${formatNumber(r2, 6)}`]),
  ].join("   ");
}

/** The number of classes up to which a confusion matrix can be read. */
const mostClasses = 20;

/** How often each class was taken for each, as lines. */
export function confusionLines(
  matrix: readonly (readonly number[])[],
  names: readonly string[] | undefined,
): string[] {
  if (matrix.length > mostClasses) return [];
  const label = (i: number) => names?.[i] ?? String(i);
  const rows = matrix.map((row, i) => [
    label(i),
    ...row.map((n, j) => (n === 0 ? dim("·") : i === j ? String(n) : `${n}`)),
  ]);
  return columns([[dim("actual \\ predicted"), ...matrix.map((_, i) => dim(label(i)))], ...rows]);
}
