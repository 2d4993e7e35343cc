import { type ArrayTensor, arrayTensor } from "../core/array-tensor.ts";
import { only } from "../core/at.ts";
import { arrayOf, isFloat, type TypedArray } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { areTexts } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { readValues } from "../core/runtime.ts";
import { Tensor } from "../core/tensor.ts";
import { didYouMean, listed, shown } from "../core/wording.ts";
import { type Dataset, dataset } from "./dataset.ts";
import { classCount } from "./idx.ts";

/** Examples written down in a program or in a network file. */
export interface InlineExamples {
  /** One row of numbers for each example, all of the same length; or a tensor of such rows. */
  readonly inputs: Tensor | readonly (readonly number[])[];
  /**
   * One target for each example: a row of numbers (shape [n, k]), a number (shape [n, 1]), or the
   * name of a class; or a tensor of shape [n, ...] or [n]. Numbers are labels 0, 1, 2 … only where
   * `classes` is given; those of an i32 tensor of shape [n] always are.
   */
  readonly targets: Tensor | readonly (readonly number[])[] | readonly number[] | readonly string[];
  /**
   * The classes in the order of their labels; default: the names that occur, sorted, and for a
   * tensor of labels "0", "1", … up to the largest.
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
  checkNames("{ inputs, targets }", inline, ["inputs", "targets", "classes"]);
  const { classes } = inline;
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
  if (inline.targets instanceof Tensor) {
    return dataset({ inputs, ...heldTargets(inline.targets, classes) });
  }
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
  if (typeof targets[0] === "string") return dataset({ inputs, ...namedLabels(targets, classes) });
  if (Array.isArray(targets[0])) return dataset({ inputs, targets: matrix(targets, "targets") });
  const values = Array.from(targets, (value, row) => finite(value, "targets", row));
  if (classes === undefined) {
    return dataset({
      inputs,
      targets: arrayTensor("f64", [values.length, 1], Float64Array.from(values)),
    });
  }
  return dataset({ inputs, targets: labels(values, classes), classes });
}

function labels(values: readonly number[] | TypedArray, classes: readonly string[]): ArrayTensor {
  for (const [row, label] of values.entries()) {
    if (Number.isInteger(label) && label >= 0 && label < classes.length) continue;
    fail("index-out-of-range", {
      message: "A label has no class.",
      expected: `a whole number from 0 to ${classes.length - 1}`,
      found: String(label),
      where: `targets, row ${row} (counted from 0)`,
    });
  }
  return arrayTensor("i32", [values.length], Int32Array.from(values));
}

/** A tensor's elements, in f64 where they are not real. */
function held(tensor: Tensor): ArrayTensor {
  const data = only(readValues([tensor]));
  const { dtype, shape } = tensor;
  return isFloat(dtype)
    ? arrayTensor(dtype, shape, data)
    : arrayTensor("f64", shape, arrayOf("f64", data));
}

function heldTargets(
  tensor: Tensor,
  given: readonly string[] | undefined,
): Pick<Dataset, "targets" | "classes"> {
  const targets = held(tensor);
  if (tensor.rank !== 1) return { targets };
  if (given === undefined && tensor.dtype !== "i32") {
    return { targets: { ...targets, shape: [tensor.size, 1] } };
  }
  const classes = given ?? Array.from({ length: classCount(targets.data) }, (_, i) => String(i));
  return { targets: labels(targets.data, classes), classes };
}

/** @internal Rows of finite numbers as a tensor of shape [rows, numbers]. */
export function matrix(given: unknown, what: string): ArrayTensor {
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
    for (const [j, cell] of row.entries()) data[i * width + j] = finite(cell, what, i, j);
  }
  return arrayTensor("f64", [cells.length, width], data);
}

function finite(value: unknown, what: string, row: number, column?: number): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  return fail("data-invalid", {
    message: `One of the ${what} is not a finite number.`,
    expected: "a finite number",
    found: shown(value),
    where:
      `${what}, row ${row}` +
      (column === undefined ? " (counted from 0)" : `, column ${column} (both counted from 0)`),
  });
}

function namedLabels(
  names: readonly unknown[],
  given: readonly string[] | undefined,
): { targets: ArrayTensor; classes: readonly string[] } {
  const all = Array.from(names, (name, row) => {
    if (typeof name === "string") return name;
    return fail("data-invalid", {
      message: "Some targets are names of classes and others are not.",
      expected: "a name, as in row 0",
      found: shown(name),
      where: `targets, row ${row} (counted from 0)`,
    });
  });
  const classes = given ?? [...new Set(all)].sort();
  const labelOf = new Map(classes.map((name, label) => [name, label]));
  const labels = all.map((name, row) => {
    return (
      labelOf.get(name) ??
      fail("data-invalid", {
        message: "A target is none of the given classes.",
        expected: `one of ${listed(classes)}`,
        found: shown(name),
        where: `targets, row ${row} (counted from 0)`,
        fix: didYouMean(name, classes),
      })
    );
  });
  return { targets: arrayTensor("i32", [labels.length], Int32Array.from(labels)), classes };
}

const rows = "one entry for each example, such as [[0, 0], [0, 1]]";

function wrongKind(what: string, found: unknown, expected = rows): never {
  return fail("data-invalid", {
    message: `${what.charAt(0).toUpperCase()}${what.slice(1)} must be a list.`,
    expected: `a list: ${expected}`,
    found: shown(found),
  });
}
