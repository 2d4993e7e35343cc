/** Labels are numbers; which class each stands for is to be the same in all data of a trainer. */

import { elementsOf } from "../core/array-tensor.ts";
import { fail } from "../core/errors.ts";
import { checkKind, isFunction, isRecord } from "../core/kinds.ts";
import { Tensor } from "../core/tensor.ts";
import { listed, shown } from "../core/wording.ts";
import { aDataset, checkParts, type Dataset } from "../data/dataset.ts";
import { examples, type InlineExamples, isNumberArray } from "../data/examples.ts";
import { classCount } from "../data/idx.ts";
import type { Loss } from "../nn/losses.ts";
import type { Stream } from "./stream.ts";

/** What can be trained on: a dataset, or rows of numbers. */
export type Data = Dataset | InlineExamples;

/** Whether something comes block by block. */
export const isStream = (data: unknown): data is Stream =>
  isRecord(data) && isFunction(data.blocks) && isFunction(data.fit);

/** What says how targets are meant. */
interface Meant {
  readonly loss: Loss;
  /** The classes known from training. */
  readonly classes: readonly string[] | undefined;
}

/**
 * The data as a dataset whose labels mean what they meant in training. Names of classes are
 * numbered as they were then; some of them may not occur here. Whole numbers from 0 on are labels
 * where the loss takes labels for places of outputs.
 *
 * @throws ChainruleError "data-invalid" where a label stands for another class than in training.
 */
export function toDataset(data: Data, { loss, classes: known }: Meant): Dataset {
  if (typeof data !== "object" || data === null) {
    fail("bad-argument", {
      message: "There are no data.",
      expected: "a dataset, or { inputs, targets }",
      found: shown(data),
      fix: "Pass { inputs: [[0, 1], …], targets: [[1], …] }, or what a loader of data gives.",
    });
  }
  if ("size" in data) {
    checkKind("A trainer", data, aDataset);
    checkParts(data);
    return alike(data, known);
  }
  const { targets } = data;
  if (data.classes === undefined && loss.facts?.places === true) {
    const numbers = labelsIn(targets);
    if (numbers) return alike(examples({ ...data, classes: numbered(numbers, known) }), known);
  }
  // Of a loss that measures distances, no integer is a label.
  if (data.classes === undefined && loss.facts?.distance === true && isNumberArray(targets))
    return examples({ ...data, targets: Float64Array.from(targets) });
  const unnamed = known !== undefined && data.classes === undefined;
  // The labels in a tensor are numbers from the start.
  if (unnamed && targets instanceof Tensor) return examples(data);
  const names = new Set<unknown>(known);
  const familiar = unnamed && Array.isArray(targets) && targets.every((t) => names.has(t));
  return alike(examples(familiar ? { ...data, classes: known } : data), known);
}

/**
 * One number for each example, where targets are that.
 *
 * @throws ChainruleError "data-invalid" for a number that cannot be a label.
 */
function labelsIn(targets: unknown): readonly number[] | undefined {
  const given = targets instanceof Tensor ? targets.rank === 1 && elementsOf(targets) : targets;
  if (!isList(given) || given.length === 0) return undefined;
  const list = Array.from(given);
  if (!list.every((value) => typeof value === "number")) return undefined;
  const row = list.findIndex((label) => !Number.isSafeInteger(label) || label < 0);
  if (row < 0) return list;
  return fail("data-invalid", {
    message: "A target is no label.",
    expected: "whole numbers from 0 on, or names of classes",
    found: String(list[row]),
    where: `targets, row ${row} (counted from 0)`,
    fix: "Give each example the place of its class, counted from 0, or the name of its class.",
  });
}

const isList = (list: unknown): list is ArrayLike<unknown> =>
  Array.isArray(list) || (ArrayBuffer.isView(list) && "length" in list);

/** Names of classes for labels: those known; numbers are continued where more occur. */
function numbered(labels: Iterable<number>, known: readonly string[] = []): readonly string[] {
  if (known.some((name, label) => name !== String(label) && /^\d+$/.test(name))) {
    fail("data-invalid", {
      message: "These numbers may be the names of classes, or their places.",
      expected: `names, since training knew the classes ${listed(known)}`,
      found: "numbers",
      fix: "Give names: targets.map(String).",
    });
  }
  if (known.some((name, label) => name !== String(label))) return known;
  const count = Math.max(known.length, classCount(labels));
  return Array.from({ length: count }, (_, label) => String(label));
}

function alike(data: Dataset, known: readonly string[] | undefined): Dataset {
  const { classes } = data;
  if (known === undefined || classes === undefined) return data;
  const at = classes.findIndex((name, label) => label < known.length && name !== known[label]);
  if (at < 0) return data;
  return fail("data-invalid", {
    message: `In these data label ${at} stands for another class than in training.`,
    expected: `the classes in the order ${listed(known)}`,
    found: listed(classes),
    fix: "Name all `classes` in the same order with all data, also those that do not occur.",
  });
}
