/** Classes of which there are few: weights that make up for it, and rows that come again. */
import { elementsOf } from "../core/array-tensor.ts";
import { at } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import { checkKind, isNumber, isRecord } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { didYouMean, listed, shown } from "../core/wording.ts";
import { aDataset, type Dataset, subset } from "./dataset.ts";
import { shuffledOrder } from "./split.ts";

/** Weights by the names of classes, 1 where none is named; or such that all classes count alike. */
export type NamedClassWeights = "balanced" | Readonly<Record<string, number>>;

/** An epoch that no training reaches: what comes again is drawn from numbers of its own. */
const drawEpoch = 0xffff_fffe;

/** The rows of each class. */
function rowsByClass(
  what: string,
  data: Dataset,
): { classes: readonly string[]; rows: number[][] } {
  checkKind(what, data, aDataset);
  const { classes, targets, size } = data;
  if (classes === undefined || targets.rank !== 1) {
    return fail("bad-argument", {
      message: `${what} is for data with one class for each example.`,
      expected: "targets that are labels, with their classes",
      found: classes === undefined ? "targets that are numbers" : "labels of sequences",
    });
  }
  const labels = elementsOf(targets);
  const rows: number[][] = classes.map(() => []);
  for (let row = 0; row < size; row++) at(rows, at(labels, row)).push(row);
  return { classes, rows };
}

/**
 * A weight for each class, for the option `classWeights` of `crossEntropy` and other losses:
 * "balanced" (default) is w_c = n/(C·n_c) for n examples of C classes, n_c of them of the class c, so that every
 * class weighs as much as the others; a record names some, and the others have 1.
 *
 * Source: scikit-learn 1.9, compute_class_weight; King and Zeng 2001.
 *
 * @throws ChainruleError "bad-argument" for a name that is no class, a weight below 0, and targets
 *   that are no classes; "data-empty" for "balanced" where a class has no example.
 */
export function classWeights(data: Dataset, weights: NamedClassWeights = "balanced"): number[] {
  const { classes, rows } = rowsByClass("classWeights", data);
  if (weights === "balanced") {
    const empty = rows.findIndex((own) => own.length === 0);
    if (empty < 0) return rows.map((own) => data.size / (classes.length * own.length));
    return fail("data-empty", {
      message: `Of the class ${shown(classes[empty])} there are no examples to count.`,
      expected: "at least one example of each class",
      fix: `Give weights by name, such as { ${shown(classes[empty])}: 1 }, or leave the class out.`,
    });
  }
  if (!isRecord(weights)) {
    return fail("bad-argument", {
      message: "classWeights takes weights by the names of classes.",
      expected: `"balanced", or for example { ${shown(classes[0])}: 2 }`,
      found: shown(weights),
    });
  }
  for (const [name, weight] of Object.entries(weights)) {
    if (!classes.includes(name)) {
      fail("bad-argument", {
        message: `The data have no class ${shown(name)}.`,
        expected: `some of ${listed(classes)}`,
        found: shown(name),
        fix: didYouMean(name, classes),
      });
    }
    if (isNumber(weight, (w) => w >= 0 && w < Infinity)) continue;
    fail("bad-argument", {
      message: `This is no weight of the class ${shown(name)}.`,
      expected: "a finite number ≥ 0",
      found: shown(weight),
    });
  }
  return classes.map((name) => (Object.hasOwn(weights, name) ? (weights[name] ?? 1) : 1));
}

/**
 * The same examples, with those of rare classes more than once, so that every class has as many as
 * the largest: all of a class come ⌊n_max/n_c⌋ times, and which come once more is drawn by `seed`
 * (default 0). In the order of the rows, and those that come again behind them. For the training part
 * alone: what is measured must not be counted twice.
 *
 * Source: Japkowicz and Stephen 2002 (random oversampling), without drawing one row much oftener than
 * another.
 *
 * @throws ChainruleError "bad-argument" for targets that are no classes.
 */
export function oversample(data: Dataset, options: { readonly seed?: number } = {}): Dataset {
  const { rows } = rowsByClass("oversample", data);
  checkNames("oversample", options, ["seed"]);
  const most = Math.max(...rows.map((own) => own.length));
  const again: number[] = [];
  for (const [label, own] of rows.entries()) {
    if (own.length === 0) continue;
    const times = Math.floor(most / own.length);
    for (let k = 1; k < times; k++) again.push(...own);
    const order = shuffledOrder(own.length, options.seed ?? 0, drawEpoch - label);
    const further = order.subarray(0, most - times * own.length).sort();
    for (const i of further) again.push(at(own, i));
  }
  const all = Int32Array.from({ length: data.size + again.length }, (_, i) =>
    i < data.size ? i : at(again, i - data.size),
  );
  return again.length === 0 ? data : subset(data, all);
}
