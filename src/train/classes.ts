/** Labels are numbers; which class each stands for is to be the same in all data of a trainer. */

import { fail } from "../core/errors.ts";
import { checkKind } from "../core/kinds.ts";
import { Tensor } from "../core/tensor.ts";
import { listed, shown } from "../core/wording.ts";
import { aDataset, type Dataset } from "../data/dataset.ts";
import { examples, type InlineExamples } from "../data/examples.ts";

/** What can be trained on: a dataset, or rows of numbers. */
export type Data = Dataset | InlineExamples;

/**
 * The data as a dataset whose labels mean what they meant in training. Names of classes are
 * numbered as they were then; some of them may not occur here.
 *
 * @throws ChainruleError "data-invalid" where a label stands for another class than in training.
 */
export function toDataset(data: Data, known?: readonly string[]): Dataset {
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
    return alike(data, known);
  }
  const { targets } = data;
  const unnamed = known !== undefined && data.classes === undefined;
  // The labels in a tensor are numbers from the start.
  if (unnamed && targets instanceof Tensor) return examples(data);
  const names = new Set<unknown>(known);
  const familiar = unnamed && Array.isArray(targets) && targets.every((t) => names.has(t));
  return alike(examples(familiar ? { ...data, classes: known } : data), known);
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
