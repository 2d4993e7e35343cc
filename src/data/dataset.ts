/**
 * A dataset is two tensors with the same number of rows. Invariants, established by `dataset` and
 * relied on everywhere: inputs are floating point of shape [n, ...features] and finite; targets are
 * class labels (i32, shape [n], 0 ≤ label < number of classes, or of each place of sequences [n, ...],
 * where a negative one says that a place has none) or finite numbers (float, [n, ...]).
 */

import { elementsOf } from "../core/array-tensor.ts";
import { allocate, isFloat, type TypedArray } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { type ArgumentKind, areTexts, checkKind, object } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { sizeOf } from "../core/shape.ts";
import { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { constantTensor } from "../ops/leaf.ts";
import type { Preprocessing } from "./preprocessing.ts";

const isDataset = ({ inputs, targets, classes }: Readonly<Record<string, unknown>>): boolean =>
  inputs instanceof Tensor &&
  targets instanceof Tensor &&
  (classes === undefined || areTexts(classes));

const datasetParts = /* @__PURE__ */ object(
  "the parts of a dataset",
  "{ inputs, targets }, tensors, and the names of classes where there are some",
  isDataset,
);

/** What datasets are recognised by. */
export const aDataset = /* @__PURE__ */ object(
  "a dataset",
  "what dataset, examples, split or tableDataset give",
  (parts) => isDataset(parts) && parts.size === (parts.inputs as Tensor).shape[0],
);

/**
 * Examples to train on or to measure with: row i of the inputs goes with row i of the targets. To a
 * worker go its numbers, `inputs.dataSync()` with `inputs.shape` and likewise the targets: a tensor
 * holds functions, which `postMessage` and `structuredClone` refuse.
 */
export interface Dataset {
  /** Floating point, shape [n, ...features]. */
  readonly inputs: Tensor;
  /**
   * Class labels: i32 of shape [n], or of each place of sequences [n, ...], where −100, or another
   * negative number, says that there is none. Real targets: floating point of shape [n, ...].
   */
  readonly targets: Tensor;
  /** The number of examples, n. */
  readonly size: number;
  /** The name of each class; present exactly when the targets are class labels. */
  readonly classes?: readonly string[];
  readonly inputNames?: readonly string[];
  readonly targetNames?: readonly string[];
  /** Of inputs in parts: how many numbers along the last axis each has, in order, by its name. */
  readonly inputSizes?: Readonly<Record<string, number>>;
  /** How the inputs came from raw columns, to do the same to new rows. */
  readonly preprocessing?: Preprocessing;
}

/**
 * A dataset from its parts, after checking every invariant.
 *
 * @throws ChainruleError "data-empty" without rows, "shape-mismatch" where the numbers of rows
 *   differ, "bad-dtype", "index-out-of-range" for a label without a class, "data-invalid" for NaN
 *   or infinity.
 */
export function dataset(parts: Omit<Dataset, "size">): Dataset {
  checkKind("dataset", parts, datasetParts);
  const { inputs, targets, classes } = parts;
  const size = inputs.shape[0] ?? 0;
  if (inputs.shape.length < 2 || !isFloat(inputs.dtype)) {
    fail(inputs.shape.length < 2 ? "shape-mismatch" : "bad-dtype", {
      message: "The inputs of a dataset are one row of numbers for each example.",
      expected: "f64 or f32 of shape [examples, features] or with more axes",
      found: `${inputs.dtype} of shape [${inputs.shape.join(", ")}]`,
    });
  }
  if (size === 0 || inputs.size === 0) {
    fail("data-empty", { message: "The dataset has no examples, or its examples no features." });
  }
  checkRows({ size, targets });
  checkFiniteOnce(inputs, "input");
  if (isFloat(targets.dtype)) {
    if (targets.size === 0) fail("data-empty", { message: "The targets have no values." });
    checkFiniteOnce(targets, "target");
  } else checkLabels(targets, classes);
  return { ...parts, size };
}

/**
 * Checks a dataset that may have been put together of parts that do not belong together.
 *
 * @throws ChainruleError "shape-mismatch" unless there is one target for each example, "data-invalid"
 *   for NaN or infinity.
 */
export function checkParts({ size, inputs, targets }: Dataset): void {
  checkRows({ size, targets });
  checkFiniteOnce(inputs, "input");
  if (isFloat(targets.dtype)) checkFiniteOnce(targets, "target");
}

/** @throws ChainruleError "shape-mismatch" unless there is one target for each example. */
function checkRows({ size, targets }: Pick<Dataset, "size" | "targets">): void {
  const [rows] = targets.shape;
  if (rows === size) return;
  fail("shape-mismatch", {
    message: "Inputs and targets differ in their number of examples.",
    expected: `${size} targets, one for each row of the inputs`,
    found: rows === undefined ? "a single number" : `${rows} targets`,
    fix: "Give each input exactly one target.",
  });
}

/** Up to so many elements the engine's own searches are quicker than code that has not run yet. */
const fewElements = 2 ** 16;

/**
 * The first element that is NaN or infinite, or −1. They may be many, and all are almost always
 * finite: 0·x is 0 for finite x alone, and two sums of it are taken faster than one. All data pass
 * here, so nothing else is looked at, and what stands below the length is there (!).
 */
export function firstNotFinite(data: TypedArray): number {
  if (data.length <= fewElements) {
    const { NaN: none, POSITIVE_INFINITY: most, NEGATIVE_INFINITY: least } = Number;
    if (!data.includes(none) && !data.includes(most) && !data.includes(least)) return -1;
  } else {
    let [even, odd] = [0, 0];
    const paired = data.length - (data.length % 2);
    for (let i = 0; i < paired; i += 2) {
      even += 0 * data[i]!;
      odd += 0 * data[i + 1]!;
    }
    if (paired < data.length) even += 0 * data[paired]!;
    if (even + odd === 0) return -1;
  }
  return data.findIndex((value) => !Number.isFinite(value));
}

/** What was looked at and is finite. */
const finite = new WeakSet<TypedArray>();

/** `checkFinite`, of data that come again with every step, once. */
function checkFiniteOnce(tensor: Tensor, what: string): void {
  const data = elementsOf(tensor);
  if (finite.has(data)) return;
  checkFinite(tensor, what);
  finite.add(data);
}

/** @throws ChainruleError "data-invalid" for NaN or infinity, naming row and element. */
export function checkFinite(tensor: Tensor, what: string): void {
  const data = elementsOf(tensor);
  const at = firstNotFinite(data);
  if (at < 0) return;
  const width = sizeOf(tensor.shape.slice(1));
  fail("data-invalid", {
    message: `A value among the ${what}s is not finite.`,
    expected: "finite numbers",
    found: String(data[at]),
    where: `${what} ${Math.floor(at / width)}, element ${at % width} (both counted from 0)`,
  });
}

function checkLabels(targets: Tensor, classes: readonly string[] | undefined): void {
  if (targets.dtype !== "i32" || targets.shape.length < 1 || classes === undefined) {
    fail("bad-dtype", {
      message: "These targets are neither numbers nor class labels.",
      expected: "f64 or f32 of shape [n, ...], or i32 of such a shape together with the classes",
      found:
        `${targets.dtype} of shape [${targets.shape.join(", ")}]` +
        (classes === undefined ? " without classes" : ""),
    });
  }
  const labels = elementsOf(targets);
  const places = targets.shape.length > 1;
  const at = labels.findIndex((label) => (label < 0 && !places) || label >= classes.length);
  if (at < 0) return;
  fail("index-out-of-range", {
    message: "A label has no class.",
    expected: `labels from 0 to ${classes.length - 1}`,
    found: String(labels[at]),
    where: `target ${Math.floor(at / sizeOf(targets.shape.slice(1)))} (counted from 0)`,
  });
}

/** The rows of a tensor at the given indices, in that order. */
function rows(tensor: Tensor, indices: readonly number[] | Int32Array): Tensor {
  const [, ...rest] = tensor.shape;
  const width = sizeOf(rest);
  const whole = elementsOf(tensor);
  const data = allocate(tensor.dtype, indices.length * width);
  for (const [i, row] of indices.entries()) {
    data.set(whole.subarray(row * width, (row + 1) * width), i * width);
  }
  return constantTensor(data, [indices.length, ...rest]);
}

/**
 * The examples at the given indices, in that order (copied); an index may occur more than once.
 *
 * @throws ChainruleError "index-out-of-range" or "data-empty".
 */
export function subset(whole: Dataset, indices: readonly number[] | Int32Array): Dataset {
  checkKind("subset", whole, aDataset);
  checkKind("subset", indices, someRows);
  if (indices.length === 0) fail("data-empty", { message: "No examples were chosen." });
  checkIndices(indices, whole.size);
  return {
    ...whole,
    inputs: rows(whole.inputs, indices),
    targets: rows(whole.targets, indices),
    size: indices.length,
  };
}

const someRows: ArgumentKind = {
  name: "the numbers of rows in one array",
  example: "an array of whole numbers",
  fits: (list) => Array.isArray(list) || ArrayBuffer.isView(list),
};

/** @throws ChainruleError "index-out-of-range" unless every index is a row of n. */
export function checkIndices(indices: readonly number[] | Int32Array, n: number): void {
  for (const [i, index] of indices.entries()) {
    if (Number.isInteger(index) && index >= 0 && index < n) continue;
    fail("index-out-of-range", {
      message: "There is no such example.",
      expected: `a whole number from 0 to ${n - 1}`,
      found: shown(index),
      where: `index ${i} of the list`,
    });
  }
}

/**
 * The same examples with their class labels as numbers, for losses that compare numbers: one-hot
 * rows, f64 of shape [n, classes]; with `binary` (default false), for two classes, 0 or 1 of shape
 * [n, 1].
 * Source: Bishop 2006, section 4.1.2.
 *
 * @throws ChainruleError "bad-argument" where the targets are no labels, or not of two classes.
 */
export function numericTargets(labelled: Dataset, options: { binary?: boolean } = {}): Dataset {
  checkKind("numericTargets", labelled, aDataset);
  checkNames("numericTargets", options, ["binary"]);
  const { targets, classes, ...rest } = labelled;
  const binary = options.binary ?? false;
  if (classes === undefined || targets.rank > 1 || (binary && classes.length !== 2)) {
    return fail("bad-argument", {
      message: "These targets cannot be turned into numbers.",
      expected: binary ? "labels of two classes" : "class labels",
      found:
        classes === undefined
          ? "real targets"
          : targets.rank > 1
            ? "labels of sequences"
            : `${classes.length} classes`,
    });
  }
  const width = binary ? 1 : classes.length;
  const data = new Float64Array(labelled.size * width);
  for (const [i, label] of elementsOf(targets).entries()) {
    if (binary) data[i] = label;
    else data[i * width + label] = 1;
  }
  return {
    ...rest,
    targets: constantTensor(data, [labelled.size, width]),
    targetNames: binary ? classes.slice(1) : classes,
  };
}
