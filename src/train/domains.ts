/** Targets that a loss has no meaning for: found before training, and named with their row. */
import { type ArrayTensor, arraysOf } from "../core/array-tensor.ts";
import { at } from "../core/at.ts";
import { isFloat, type TypedArray } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { shown } from "../core/wording.ts";
import type { Dataset } from "../data/dataset.ts";
import { type LossFacts, recommended } from "../nn/facts.ts";
import type { Task } from "./task.ts";

type Targets = Pick<Dataset, "targets" | "classes">;

/** A target that does not belong, and what all of them look like. */
interface Complaint {
  readonly message: string;
  readonly expected: string;
  readonly found: string;
  /** Counted from 0. */
  readonly row: number;
  /** A target as it stands in the data. */
  readonly value: number;
  readonly fix: string;
}

/** By how much a row of probabilities may miss 1: they may have been typed. */
const rounding = 1e-3;

/** What may stand in the targets of a loss. */
type Domain = (loss: LossFacts, targets: ArrayTensor) => Complaint | undefined;

const usual = recommended.loss;

/** Numbers from 0 to 1. */
const shares: Domain = (loss, targets) => {
  const index = first(targets, (t) => t >= 0 && t <= 1);
  if (index < 0) return undefined;
  return {
    ...place(targets, index),
    message: `${loss.name} takes targets from 0 to 1: no, yes, or a probability.`,
    expected: "numbers from 0 to 1",
    fix: shareFix(loss.name, surveyOf(targets.data)),
  };
};

function shareFix(loss: string, { whole, least, most }: Survey): string {
  // Of a few examples, some values may not occur.
  if (whole && least >= 1 && most === 2) return "These look like the classes 1 and 2: subtract 1.";
  if (whole && least === -1 && most <= 1) {
    return `These look like −1 and 1: take (t + 1)/2, or the loss ${usual.signs}.`;
  }
  if (whole && least >= 0 && most === 255) return "These look like bytes: divide by 255.";
  if (whole && least >= 0 && most < 20) {
    return `These look like labels of classes: take ${usual.labels} and one output for each class.`;
  }
  if (least >= 0 && most <= 100) return "If these are percentages, divide by 100.";
  return `Scale them to 0 … 1, or take ${usual.numbers} in the place of ${loss}.`;
}

/** Rows of probabilities that add up to 1. */
const distributions: Domain = (loss, targets) => {
  const { data, shape } = targets;
  // Those of a place lie so far apart: the axis of the classes need not be the last.
  const axis =
    loss.axis === undefined || loss.axis < 0 ? shape.length + (loss.axis ?? -1) : loss.axis;
  const width = shape[axis] ?? 1;
  const apart = shape.slice(axis + 1).reduce((size, n) => size * n, 1);
  for (let k = 0; k < data.length / width; k++) {
    const start = Math.floor(k / apart) * apart * width + (k % apart);
    const shares =
      apart === 1
        ? data.subarray(start, start + width)
        : Float64Array.from({ length: width }, (_, c) => at(data, start + c * apart));
    let [sum, least] = [0, 0];
    for (const share of shares) {
      sum += share;
      least = Math.min(least, share);
    }
    if (least >= 0 && Math.abs(sum - 1) <= rounding) continue;
    const negative = least < 0 ? shares.findLastIndex((share) => share < 0) : -1;
    const { row, value } = place(targets, start + Math.max(0, negative) * apart);
    return {
      row,
      value,
      message: `${loss.name} takes one probability for each class, which make 1 together.`,
      expected: "rows of numbers from 0 to 1 whose sum is 1",
      found:
        negative < 0
          ? `the sum ${Number(sum.toPrecision(6))} in row ${row}`
          : `${value} in row ${row}`,
      fix:
        width === 1
          ? `One output says yes or no: take ${usual.yes}.`
          : distributionFix(loss, sum, surveyOf(shares)),
    };
  }
  return undefined;
};

function distributionFix(
  { takes }: LossFacts,
  sum: number,
  { whole, least, most }: Survey,
): string {
  if (least < 0) {
    return takes === "logarithms" && most <= 0
      ? "These look like logarithms: the targets are the probabilities themselves."
      : `Give probabilities, or take a loss for numbers such as ${usual.numbers}.`;
  }
  if (sum === 0) return "Every row needs a class; leave out rows without one.";
  if (whole && most === 1) {
    return `These look like several classes at once: take ${usual.yes}.`;
  }
  if (Math.abs(sum - 100) <= 1) return "These look like percentages: divide by 100.";
  return "Divide each row by its sum.";
}

/** −1 and 1; labels 0 and 1 stand for them. */
const signs: Domain = (loss, targets) => {
  const labels = !isFloat(targets.dtype);
  const index = first(targets, (t) => t === 1 || t === -1 || (labels && t === 0));
  if (index < 0) return undefined;
  const { whole, least, most } = surveyOf(targets.data);
  return {
    ...place(targets, index),
    message: `${loss.name} takes targets −1 and 1.`,
    expected: labels ? "labels of two classes" : "−1 or 1",
    fix:
      labels || (whole && most > 1 && most < 20 && least >= 0 && least + 1 !== most)
        ? `These look like labels of several classes: take ${usual.signsOfLabels} and one output for each.`
        : whole && least === 0 && most <= 1
          ? "These look like 0 and 1: write −1 in the place of 0, as 2t − 1."
          : whole && least >= 1 && most === 2
            ? "These look like the classes 1 and 2: write −1 and 1, as 2t − 3."
            : "Write −1 for no and 1 for yes.",
  };
};

/** Numbers from 0 up. */
const counts: Domain = (loss, targets) => {
  const index = first(targets, (t) => t >= 0);
  if (index < 0) return undefined;
  return {
    ...place(targets, index),
    message: `${loss.name} takes counts, or rates, which are never negative.`,
    expected: "numbers from 0 up",
    fix: `Take a loss for numbers such as ${usual.numbers}.`,
  };
};

const domains: Readonly<Record<NonNullable<LossFacts["targets"]>, Domain>> = {
  shares,
  distributions,
  signs,
  counts,
};

/** The first target that the loss of a task has no meaning for. */
export function outside(task: Task | undefined, data: Targets): Complaint | undefined {
  if (task === undefined) return undefined;
  const { classes } = data;
  const targets = arraysOf(data.targets);
  const labels = !isFloat(targets.dtype);
  if (task.calls.length === 0 && task.classes && labels) {
    return beyond(targets, classes, task.output.shape.at(-1) ?? 1);
  }
  for (const { facts, target, output } of task.calls) {
    // What a loss of one's own makes of the targets first is its own affair.
    if (target !== task.target) continue;
    const found =
      labels && facts.places
        ? beyond(targets, classes, output.shape.at(facts.axis ?? -1) ?? 1, facts.ignoreIndex)
        : facts.targets && domains[facts.targets](facts, targets);
    if (found) return found;
  }
  return undefined;
}

/** A label for which there is no output. */
function beyond(
  targets: ArrayTensor,
  classes: readonly string[] = [],
  outputs: number,
  ignored?: number,
): Complaint | undefined {
  const index = first(targets, (label) => (label >= 0 && label < outputs) || label === ignored);
  if (index < 0) return undefined;
  const { row, value } = place(targets, index);
  if (value < 0) return unlabelled(row, value);
  const { least, most } = surveyOf(targets.data);
  return {
    row,
    value,
    message: "The model has no output for one of the labels.",
    expected: `labels from 0 to ${outputs - 1}, one for each of the model's ${outputs} outputs`,
    found: `${value} (${shown(classes[value])}), of ${classes.length} classes`,
    fix:
      least >= 1 && most === outputs
        ? `These look like labels from 1 to ${outputs}: subtract 1.`
        : outputs === 1 && most === 1
          ? `One output says yes or no: take ${usual.yes}.`
          : `Make the last layer ${Math.max(classes.length, most + 1)} outputs wide, or correct the label.`,
  };
}

/** Sequences have places without a label, of which the loss has to know. */
const unlabelled = (row: number, value: number): Complaint => ({
  row,
  value,
  message: "A place has no label, and the loss does not leave it out.",
  expected: "labels from 0 on, or an ignoreIndex",
  found: `${value} in row ${row}`,
  fix: `Pass { ignoreIndex: ${value} } to the loss.`,
});

/** @throws ChainruleError for a target outside of the loss's domain, naming its row. */
export function checkDomain(task: Task | undefined, data: Targets, what: string): void {
  const found = outside(task, data);
  if (found === undefined) return;
  const { row, value: _, ...facts } = found;
  const labels = data.classes !== undefined;
  fail(labels ? "index-out-of-range" : "data-invalid", {
    ...facts,
    where: `${what}, target ${row} (counted from 0)`,
  });
}

/** The first element for which it does not hold, or −1. */
function first({ data }: ArrayTensor, holds: (value: number) => boolean): number {
  for (let i = 0; i < data.length; i++) if (!holds(at(data, i))) return i;
  return -1;
}

function place({ data, shape }: ArrayTensor, index: number) {
  const row = Math.floor(index / (data.length / at(shape, 0)));
  const value = at(data, index);
  return { row, value, found: `${value} in row ${row}` };
}

interface Survey {
  readonly least: number;
  readonly most: number;
  readonly whole: boolean;
}

/** What the numbers look like, once one of them does not belong. */
function surveyOf(data: TypedArray): Survey {
  let [least, most, whole] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, true];
  for (const value of data) {
    least = Math.min(least, value);
    most = Math.max(most, value);
    whole &&= Number.isInteger(value);
  }
  return { least, most, whole };
}
