import { elementsOf } from "../core/array-tensor.ts";
import { arrayOf, isFloat, type TypedArray } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { areTexts, isRecord } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { formatShape } from "../core/shape.ts";
import { Tensor } from "../core/tensor.ts";
import { didYouMean, listed, shown } from "../core/wording.ts";
import { constantTensor } from "../ops/leaf.ts";
import { type Dataset, dataset } from "./dataset.ts";
import { classCount } from "./idx.ts";

/** Numbers in an array of one type. */
type NumberArray =
  | TypedArray
  | Int8Array
  | Int16Array
  | Uint16Array
  | Uint32Array
  | Uint8ClampedArray;

/** Examples written down in a program or in a network file. */
export interface InlineExamples
  extends Pick<Dataset, "inputNames" | "targetNames" | "preprocessing"> {
  /** One row of numbers for each example, all of the same length; or a tensor of such rows. */
  readonly inputs: Tensor | readonly (readonly number[])[];
  /**
   * One target for each example: a row of numbers (shape [n, k]), a number (shape [n, 1]), or the
   * name of a class; or a tensor of shape [n, ...] or [n]. Numbers are labels 0, 1, 2 … where
   * `classes` is given, in a typed array of integers or an i32 tensor of shape [n], and for a trainer
   * whose loss takes labels, such as crossEntropy. Labels of the places of sequences are a list of
   * names for each example, where shorter ones are filled up with −100, or an i32 tensor [n, ...]
   * together with `classes`.
   */
  readonly targets:
    | Tensor
    | NumberArray
    | readonly (readonly number[])[]
    | readonly number[]
    | readonly string[]
    | readonly (readonly string[])[];
  /**
   * The classes in the order of their labels; default: the names that occur, sorted, and for a
   * tensor of labels "0", "1", … up to the largest. With rows of numbers, one for each class, they
   * become the targets' names.
   */
  readonly classes?: readonly string[];
}

/**
 * A dataset of inline examples: inputs f64 [n, features]; targets f64 [n, k], or i32 labels [n].
 * Real tensors keep their element type and their axes.
 *
 * @throws ChainruleError "data-invalid" for ragged rows, for anything but finite numbers (naming
 *   row and column, counted from 0), for mixed kinds of targets or an unknown class; "data-empty".
 */
export function examples(inline: InlineExamples): Dataset {
  checkNames("{ inputs, targets }", inline, ["inputs", "targets", "classes", ...names]);
  const { classes } = inline;
  const made = (parts: Pick<Dataset, "inputs" | "targets" | "classes">): Dataset => {
    const kept = names.flatMap((name) =>
      inline[name] === undefined ? [] : [[name, inline[name]] as const],
    );
    const named = classes !== undefined && parts.classes === undefined;
    if (named) checkWidth(parts.targets, classes);
    return dataset({
      ...parts,
      ...(named ? { targetNames: classes } : {}),
      ...Object.fromEntries(kept),
    });
  };
  if (classes !== undefined && !areTexts(classes))
    wrongKind("the classes", classes, 'their names, such as ["cat", "dog"]');
  if (classes !== undefined && new Set(classes).size !== classes.length) {
    fail("data-invalid", {
      message: "A class is listed more than once.",
      expected: "different names",
      found: listed(classes),
    });
  }
  const inputs = matrix(inline.inputs, "inputs");
  const given = isNumberArray(inline.targets) ? listTensor(inline.targets) : inline.targets;
  if (given instanceof Tensor) return made({ inputs, ...heldTargets(given, classes) });
  if (!Array.isArray(inline.targets)) return wrongKind("the targets", inline.targets);
  if (inline.targets.length !== inputs.shape[0]) {
    fail("data-invalid", {
      message: "There is not exactly one target for each input.",
      expected: `${inputs.shape[0]} targets`,
      found: `${inline.targets.length}`,
      fix: "Add or remove rows so that inputs and targets pair up.",
    });
  }
  const targets: readonly unknown[] = inline.targets;
  if (typeof targets[0] === "string") return made({ inputs, ...namedLabels(targets, classes) });
  if (Array.isArray(targets[0]) && typeof targets[0][0] === "string")
    return made({ inputs, ...sequencesOfLabels(targets, classes) });
  if (Array.isArray(targets[0])) return made({ inputs, targets: matrix(targets, "targets") });
  const values = Array.from(targets, (value, row) => finite(value, "targets", row));
  if (classes === undefined) {
    return made({
      inputs,
      targets: constantTensor(Float64Array.from(values), [values.length, 1]),
    });
  }
  return made({ inputs, targets: labels(values, classes), classes });
}

/** What a dataset says besides; one whose size was taken away still has it. */
const names = ["inputNames", "targetNames", "preprocessing"] as const;

/** Rows of targets that stand for classes have a number for each. */
function checkWidth({ shape }: Tensor, classes: readonly string[]): void {
  if (shape.length === 2 && shape[1] === classes.length) return;
  fail("shape-mismatch", {
    message: "Rows of targets have one number for each of the classes.",
    expected: `${classes.length} numbers in each row, for ${listed(classes)}`,
    found: `targets of shape ${formatShape(shape)}`,
    fix: "Give each example the name of its class, or leave `classes` out.",
  });
}

/** @internal Numbers in an array of one type; no BigInts. */
export const isNumberArray = (list: unknown): list is NumberArray =>
  ArrayBuffer.isView(list) &&
  !(list instanceof DataView || list instanceof BigInt64Array || list instanceof BigUint64Array);

/** A tensor of shape [n]: i32 for integers of any width. */
function listTensor(list: NumberArray): Tensor {
  const real = list instanceof Float32Array || list instanceof Float64Array;
  return constantTensor(real ? list.slice() : Int32Array.from(list), [list.length]);
}

function labels(values: readonly number[] | TypedArray, classes: readonly string[]): Tensor {
  for (const [row, label] of values.entries()) {
    if (Number.isInteger(label) && label >= 0 && label < classes.length) continue;
    fail("index-out-of-range", {
      message: "A label has no class.",
      expected: `a whole number from 0 to ${classes.length - 1}`,
      found: String(label),
      where: `targets, row ${row} (counted from 0)`,
    });
  }
  return constantTensor(Int32Array.from(values), [values.length]);
}

/** A tensor of values alone, in f64 where they are not real. */
function held(tensor: Tensor): Tensor {
  const data = elementsOf(tensor);
  return constantTensor(isFloat(tensor.dtype) ? data : arrayOf("f64", data), tensor.shape);
}

function heldTargets(
  tensor: Tensor,
  given: readonly string[] | undefined,
): Pick<Dataset, "targets" | "classes"> {
  if (tensor.rank > 1 && tensor.dtype === "i32" && given !== undefined)
    return { targets: constantTensor(elementsOf(tensor), tensor.shape), classes: given };
  const targets = held(tensor);
  if (tensor.rank !== 1) return { targets };
  if (given === undefined && tensor.dtype !== "i32") {
    return { targets: constantTensor(elementsOf(targets), [tensor.size, 1]) };
  }
  const numbers = elementsOf(targets);
  const classes = given ?? Array.from({ length: classCount(numbers) }, (_, i) => String(i));
  return { targets: labels(numbers, classes), classes };
}

/** @internal Rows of finite numbers as a tensor of shape [rows, numbers]. */
export function matrix(given: unknown, what: string): Tensor {
  if (given instanceof Tensor) return held(given);
  if (!Array.isArray(given)) return wrongKind(`the ${what}`, given);
  const table: readonly unknown[] = given;
  if (table.length === 0) fail("data-empty", { message: `The ${what} have no rows.` });
  const width = Array.isArray(table[0]) ? table[0].length : 0;
  if (Array.isArray(table[0]) && width === 0) {
    fail("data-empty", { message: `The first row of the ${what} has no numbers.` });
  }
  // Rows are checked before anything of their total size is allocated.
  const cells = Array.from(table, (row, at) => {
    if (!Array.isArray(row)) return wrongKind(`row ${at} of the ${what}`, row);
    if (row.length !== width) {
      fail("data-invalid", {
        message: `The rows of the ${what} differ in length.`,
        expected: `${width} numbers, as in row 0`,
        found: `${row.length}`,
        where: `${what}, row ${at} (counted from 0)`,
      });
    }
    return row as readonly unknown[];
  });
  const data = new Float64Array(cells.length * width);
  for (const [i, row] of cells.entries()) {
    for (let j = 0; j < width; j++) data[i * width + j] = finite(row[j], what, i, j);
  }
  return constantTensor(data, [cells.length, width]);
}

function finite(value: unknown, what: string, row: number, column?: number): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  return fail("data-invalid", {
    message: `One of the ${what} is not a finite number.`,
    expected: Array.isArray(value)
      ? "a finite number; what has more axes comes as a tensor: tensor(rows)"
      : "a finite number",
    found: shown(value),
    where:
      `${what}, row ${row}` +
      (column === undefined ? " (counted from 0)" : `, column ${column} (both counted from 0)`),
  });
}

/** A target that is to be the name of a class. */
function className(name: unknown, row: number): string {
  if (typeof name === "string") return name;
  return fail("data-invalid", {
    message: "Some targets are names of classes and others are not.",
    expected: "a name, as in row 0",
    found: shown(name),
    where: `targets, row ${row} (counted from 0)`,
  });
}

/** The label of a name in each row, and the classes: those given, or all names, sorted. */
function labelled(names: Iterable<string>, given: readonly string[] | undefined) {
  const classes = given ?? [...new Set(names)].sort();
  const labels = new Map(classes.map((name, label) => [name, label]));
  const labelOf = (name: string, row: number): number =>
    labels.get(name) ??
    fail("data-invalid", {
      message: "A target is none of the given classes.",
      expected: `one of ${listed(classes)}`,
      found: shown(name),
      where: `targets, row ${row} (counted from 0)`,
      fix: didYouMean(name, classes),
    });
  return { classes, labelOf };
}

type Labelled = { targets: Tensor; classes: readonly string[] };

function namedLabels(names: readonly unknown[], given: readonly string[] | undefined): Labelled {
  const all = Array.from(names, className);
  const { classes, labelOf } = labelled(all, given);
  return { targets: constantTensor(Int32Array.from(all.map(labelOf)), [all.length]), classes };
}

/** What stands where a sequence is shorter than others: PyTorch's number for no label. */
const noLabel = -100;

function sequencesOfLabels(
  lists: readonly unknown[],
  given: readonly string[] | undefined,
): Labelled {
  const all = Array.from(lists, (names, row) => {
    if (!Array.isArray(names)) return wrongKind(`row ${row} of the targets`, names);
    return Array.from(names, (name) => className(name, row));
  });
  const { classes, labelOf } = labelled(all.flat(), given);
  const most = all.reduce((longest, names) => Math.max(longest, names.length), 0);
  const labels = new Int32Array(all.length * most).fill(noLabel);
  for (const [row, names] of all.entries()) {
    for (const [at, name] of names.entries()) labels[row * most + at] = labelOf(name, row);
  }
  return { targets: constantTensor(labels, [all.length, most]), classes };
}

/** BigInts, as PyTorch's files of labels have them, or an entry of such a file. */
const isBig = (list: unknown): boolean =>
  list instanceof BigInt64Array ||
  list instanceof BigUint64Array ||
  (isRecord(list) && isBig(list.data));

const rows = "one entry for each example, such as [[0, 0], [0, 1]]";

function wrongKind(what: string, found: unknown, expected = rows): never {
  return fail("data-invalid", {
    message: `${what.charAt(0).toUpperCase()}${what.slice(1)} must be a list.`,
    expected: `a list: ${expected}`,
    found: shown(found),
    ...(isBig(found) ? { fix: "Make BigInts numbers: Int32Array.from(list, Number)." } : {}),
  });
}
