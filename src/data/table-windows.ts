/** Windows over the rows of a table: what `slidingWindows` does to a series, by rules that are kept. */
import { elementsOf } from "../core/array-tensor.ts";
import { allocate } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { isNumber, isRecord, isText } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { sizeOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { constantTensor } from "../ops/leaf.ts";

/** Windows over rows in order of time. */
export interface TableWindows {
  /** How many rows go in. */
  readonly length: number;
  /** How many rows behind a window are to come out; default 1. */
  readonly horizon?: number;
  /** How many rows one window begins behind the other; default 1. */
  readonly step?: number;
  /** How many rows lie between a window and its horizon; default 0. */
  readonly gap?: number;
}

/** The same with all numbers, as it is stored with a model. */
export interface WindowRule extends Required<TableWindows> {
  /** The column that says the order of the rows. */
  readonly ordered?: string;
}

const least: Readonly<Record<keyof TableWindows, number>> = {
  length: 1,
  horizon: 1,
  step: 1,
  gap: 0,
};

/** @throws ChainruleError "bad-argument" for what is no number of rows. */
export function windowRule(given: TableWindows): WindowRule {
  checkNames("windows", given, Object.keys(least));
  const rule = { horizon: 1, step: 1, gap: 0, ...given };
  for (const [name, lowest] of Object.entries(least)) {
    const value = rule[name as keyof TableWindows];
    if (isNumber(value, (n) => Number.isSafeInteger(n) && n >= lowest)) continue;
    fail("bad-argument", {
      message: `windows cannot use this ${name}.`,
      expected: `a whole number ≥ ${lowest} of rows`,
      found: shown(value),
    });
  }
  return rule;
}

/** Whether something, such as a part of a checkpoint, is a rule. */
export const isWindowRule = (given: unknown): given is WindowRule =>
  isRecord(given) &&
  (given.ordered === undefined || isText(given.ordered)) &&
  Object.entries(least).every(([name, lowest]) =>
    isNumber(given[name], (n) => Number.isSafeInteger(n) && n >= lowest),
  );

/**
 * The rows at which windows begin; each has `ahead` further rows behind it.
 *
 * @throws ChainruleError "data-empty" where there is none.
 */
export function windowStarts(
  rows: number,
  { length, step }: WindowRule,
  ahead: number,
): readonly number[] {
  const count = Math.floor((rows - length - ahead) / step) + 1;
  if (count >= 1) return Array.from({ length: count }, (_, i) => i * step);
  return fail("data-empty", {
    message: "There are too few rows for a window.",
    expected:
      ahead === 0
        ? `at least ${length} rows, the length of a window`
        : `at least ${length + ahead} rows in a part, for length, gap and horizon`,
    found: `${rows}`,
    fix: "Give more rows, or take a smaller `length` or `horizon`.",
  });
}

/** More elements (4 GiB in f64) are refused rather than tried. */
const mostElements = 2 ** 29;

/** So many rows from each start on: [starts, length, …]. */
export function rowsFrom(
  rows: Tensor,
  starts: readonly number[],
  offset: number,
  length: number,
): Tensor {
  const features = rows.shape.slice(1);
  const width = sizeOf(features);
  const total = starts.length * length * width;
  if (total > mostElements) {
    fail("out-of-memory", {
      message: "These windows would not fit into memory: most rows stand in many of them.",
      expected: `at most ${mostElements} numbers`,
      found: `${total}`,
      fix: "Take a larger `step`, or a smaller `length`.",
    });
  }
  const values = elementsOf(rows);
  const data = allocate(rows.dtype, total);
  for (const [i, start] of starts.entries()) {
    const from = (start + offset) * width;
    data.set(values.subarray(from, from + length * width), i * length * width);
  }
  return constantTensor(data, [starts.length, length, ...features]);
}

/**
 * Inputs and targets of rows as windows: [windows, length, inputs] and [windows, horizon, targets], of
 * classes [windows, horizon] or, where the horizon is 1, [windows].
 */
export function windowed(
  { inputs, targets }: { readonly inputs: Tensor; readonly targets: Tensor },
  rule: WindowRule,
): { readonly inputs: Tensor; readonly targets: Tensor } {
  const { length, horizon, gap } = rule;
  const starts = windowStarts(inputs.shape[0] ?? 0, rule, gap + horizon);
  const behind = rowsFrom(targets, starts, length + gap, horizon);
  const one = targets.rank === 1 && horizon === 1;
  return {
    inputs: rowsFrom(inputs, starts, 0, length),
    targets: one ? constantTensor(elementsOf(behind), [starts.length]) : behind,
  };
}
