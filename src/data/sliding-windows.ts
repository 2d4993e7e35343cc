/** Windows over a time series, as examples to forecast with. */
import { elementsOf } from "../core/array-tensor.ts";
import { allocate } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { type ArgumentKind, checkKind, isNumber } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { constantTensor, tensor } from "../ops/leaf.ts";
import { type Dataset, dataset } from "./dataset.ts";

/** How windows are laid over a series. */
export interface SlidingWindowsOptions {
  /** How many steps of time go in. */
  readonly length: number;
  /** How many steps behind a window are to come out; default 1. */
  readonly horizon?: number;
  /** How many steps one window begins behind the other; default 1. */
  readonly step?: number;
  /** How many steps lie between a window and its horizon; default 0. */
  readonly gap?: number;
  /** Which columns are to come out, counted from 0; default: all. All of them go in. */
  readonly targets?: readonly number[];
}

const optionNames: Readonly<Record<keyof SlidingWindowsOptions, true>> = {
  length: true,
  horizon: true,
  step: true,
  gap: true,
  targets: true,
};

const aSeries: ArgumentKind = {
  name: "a series",
  example: "a list of numbers, rows of them, or a tensor",
  fits: (given) => given instanceof Tensor || Array.isArray(given) || ArrayBuffer.isView(given),
};

/**
 * Windows over a series as a dataset: example i has x = s[i·step … i·step + length − 1] and y = the
 * `horizon` steps from i·step + length + gap on; there are as many as fit. Of a series of numbers [n],
 * inputs are [windows, length] and targets [windows, horizon]; of rows [n, columns] they are
 * [windows, length, columns] and [windows, horizon, targets]. Rows stand in order of time, at equal
 * distances. f32 for an f32 series, else f64.
 *
 * Windows that overlap know of each other: validate with the last, and leave out those between,
 * `split(data, { validation: 0.2, ordered: true, gap: length + horizon − 1 })` for a step of 1.
 *
 * Source: Keras 3, timeseries_dataset_from_array(sequence_length, sequence_stride).
 *
 * @throws ChainruleError "bad-argument"; "data-empty" for a series that is too short for one window;
 *   "data-invalid" for NaN or infinity.
 */
export function slidingWindows(
  series: Tensor | ArrayLike<number> | readonly (readonly number[])[],
  options: SlidingWindowsOptions,
): Dataset {
  checkKind("slidingWindows", series, aSeries);
  checkNames("slidingWindows", options, Object.keys(optionNames));
  const { length, horizon = 1, step = 1, gap = 0 } = options;
  for (const [name, value] of Object.entries({ length, horizon, step, gap })) {
    const least = name === "gap" ? 0 : 1;
    if (isNumber(value, (n) => Number.isSafeInteger(n) && n >= least)) continue;
    fail("bad-argument", {
      message: `slidingWindows cannot use this ${name}.`,
      expected: `a whole number ≥ ${least} of steps`,
      found: shown(value),
    });
  }
  checkEven(series);
  const whole = series instanceof Tensor ? series : tensor(series as number[][], { dtype: "f64" });
  const [n = 0, columns = 1] = whole.shape;
  if (whole.rank < 1 || whole.rank > 2) {
    fail("bad-argument", {
      message: "A series is a list of numbers, or of rows of them.",
      expected: "the shape [n] or [n, columns]",
      found: `[${whole.shape.join(", ")}]`,
    });
  }
  const targets = checkedTargets(options.targets, whole.rank === 1 ? 1 : columns);
  const count = Math.floor((n - length - gap - horizon) / step) + 1;
  if (count < 1 || columns === 0) {
    fail("data-empty", {
      message: "The series is too short for a window.",
      expected: `at least ${length + gap + horizon} steps, for length, gap and horizon`,
      found: `${n}${columns === 0 ? " without columns" : ""}`,
      fix: "Take a smaller `length` or `horizon`, or a longer series.",
    });
  }
  const dtype = whole.dtype === "f32" ? "f32" : "f64";
  checkSize(count * length * columns + count * horizon * targets.length);
  const values = elementsOf(whole);
  const x = allocate(dtype, count * length * columns);
  const y = allocate(dtype, count * horizon * targets.length);
  let at = 0;
  for (let i = 0; i < count; i++) {
    const begin = i * step * columns;
    x.set(values.subarray(begin, begin + length * columns), i * length * columns);
    const ahead = i * step + length + gap;
    for (let h = 0; h < horizon; h++) {
      for (const c of targets) y[at++] = values[(ahead + h) * columns + c] ?? Number.NaN;
    }
  }
  const rows = whole.rank === 2;
  return dataset({
    inputs: constantTensor(x, rows ? [count, length, columns] : [count, length]),
    targets: constantTensor(y, rows ? [count, horizon, targets.length] : [count, horizon]),
  });
}

/** Rows of a series have one number of each column. */
function checkEven(series: unknown): void {
  if (!Array.isArray(series) || !Array.isArray(series[0])) return;
  const columns = series[0].length;
  const at = series.findIndex((row) => !Array.isArray(row) || row.length !== columns);
  if (at < 0) return;
  const row: unknown = series[at];
  fail("data-invalid", {
    message: "The rows of the series have different lengths.",
    expected: `${columns} numbers in each row, as in the first`,
    found: Array.isArray(row) ? `${row.length}` : shown(row),
    where: `row ${at} of the series (counted from 0)`,
    fix: "Fill in what is missing: each row is a moment, and each place in it a column.",
  });
}

/** More elements (4 GiB in f64) are refused rather than tried. */
const mostElements = 2 ** 29;

function checkSize(elements: number): void {
  if (elements <= mostElements) return;
  fail("out-of-memory", {
    message: "These windows would not fit into memory: most steps stand in many of them.",
    expected: `at most ${mostElements} numbers`,
    found: `${elements}`,
    fix: "Take a larger `step`, or a smaller `length`.",
  });
}

function checkedTargets(given: unknown, columns: number): readonly number[] {
  if (given === undefined) return Array.from({ length: columns }, (_, c) => c);
  const list: readonly unknown[] = Array.isArray(given) ? given : [];
  const good = list.every((c) => isNumber(c, (n) => Number.isInteger(n) && n >= 0 && n < columns));
  if (good && list.length > 0 && new Set(list).size === list.length) {
    return list as readonly number[];
  }
  return fail("bad-argument", {
    message: "slidingWindows cannot use these targets.",
    expected: `different columns of the series, from 0 to ${columns - 1}`,
    found: shown(given),
  });
}
