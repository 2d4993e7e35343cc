/** Fits the targets of the data to the loss and to the number of outputs. */

import { elementsOf } from "../core/array-tensor.ts";
import { fail } from "../core/errors.ts";
import { listed, shown } from "../core/wording.ts";
import { type Dataset, numericTargets } from "../data/dataset.ts";
import type { Loss } from "../nn/losses.ts";
import { constantTensor } from "../ops/leaf.ts";
import { outside } from "../train/domains.ts";
import type { Trainer } from "../train/trainer.ts";
import { buildModel } from "./build.ts";
import type { RawData } from "./datasets.ts";
import { rowOf } from "./form.ts";
import { layers as rows } from "./layers.ts";
import { fittingOf } from "./loss-row.ts";
import { resolvedLoss } from "./losses.ts";
import type { ExamplesSection, NetworkFile } from "./network.ts";
import { type Complaint, NetworkFileError, type Path, sourceOf } from "./source.ts";
import { show } from "./wording.ts";

/** How a dataset's targets go into the loss, and how a class follows from the outputs. */
export interface Fitted {
  readonly convert: (data: Dataset) => Dataset;
  /** Marks for the loss, so that right predictions are counted. */
  readonly marks: Pick<Loss, "classes" | "threshold"> & {
    /** In the order of the classes, where the loss weighs them by name. */
    readonly classWeights?: readonly number[];
  };
}

const same: Fitted = { convert: (data) => data, marks: {} };

/**
 * Class labels become what the loss wants: themselves, one-hot rows, or, for two classes and one
 * output, 0 and 1 (−1 and 1 for the hinge).
 *
 * @param notes what was made of the data
 * @throws NetworkFileError that points at the layer or at the loss that does not fit.
 */
export function fitTargets(
  network: NetworkFile,
  data: Dataset,
  outputs: number,
  notes: readonly string[] = [],
): Fitted {
  const { name } = network.loss;
  const row = resolvedLoss(network.loss);
  const { targets: wants, distributions } = row;
  const { outputsFor, fits } = fittingOf(row);
  const width = data.targets.shape.slice(1).reduce((product, n) => product * n, 1);
  if (data.classes === undefined) {
    if (wants === "labels" && (!distributions || width !== outputs)) {
      return mismatch(network, ["loss"], {
        message: `${name} needs class labels, and the targets of these data are numbers.`,
        expected: "targets that are names of classes, or another loss",
        found: `${width === 1 ? "one number" : `${width} numbers`} for each example`,
        fix:
          network.data?.csv === undefined
            ? "Write the targets as names, list the classes, or take meanSquaredError."
            : typeof network.data.csv.target === "string"
              ? `Say types: { ${network.data.csv.target}: category }, or take meanSquaredError.`
              : "Take binaryCrossEntropyWithLogits for yes and no, or meanSquaredError.",
      });
    }
    const rules = data.preprocessing?.target;
    const yesOrNo = rules && !("kind" in rules) && rules.every(({ kind }) => kind === "category");
    if (fits(outputs, width)) {
      return yesOrNo ? { convert: (d) => toSigns(d, wants === "signs"), marks: {} } : same;
    }
    const needed = outputsFor(width);
    return mismatch(network, decisive(network, data), {
      message: "The network has another number of outputs than the examples have targets.",
      expected: needed === width ? `${width}, the number of targets` : `${needed} for ${name}`,
      found: `${outputs} outputs`,
      fix: `Make it ${needed === 1 ? "1 output" : `${needed} outputs`}.`,
    });
  }
  const count = data.classes.length;
  if (count < 2) {
    return mismatch(network, ["data"], {
      message: "The data have a single class, so there is nothing to tell apart.",
      expected: "at least two classes",
      found: data.classes.map(show).join(", "),
      fix: singleClassFix(network),
    });
  }
  if (wants === "labels") {
    if (outputs >= count && outputs > 1) return same;
    return mismatch(network, decisive(network, data), {
      message: "The network has too few outputs for the classes of the data.",
      expected: `${Math.max(2, count)} outputs, one for each class`,
      found: `${outputs} for the labels 0 to ${count - 1}`,
      fix:
        count === 2
          ? "Make it 2 outputs, or take the loss binaryCrossEntropyWithLogits."
          : `Make it ${count} outputs.`,
    });
  }
  const signs = wants === "signs";
  const [one, all] = [outputsFor(1), outputsFor(count)];
  if (fits(outputs, 1) && count === 2) {
    const convert = (d: Dataset) => toSigns(numericTargets(d, { binary: true }), signs);
    return { convert, marks: { threshold: signs ? 0 : 0.5 } };
  }
  if (fits(outputs, count)) {
    return { convert: (d) => toSigns(numericTargets(d), signs), marks: { classes: true } };
  }
  return mismatch(network, decisive(network, data), {
    message: "The network has another number of outputs than the data have classes.",
    expected: count === 2 ? `${one} or ${all} outputs for two classes` : `${all} outputs`,
    found: `${outputs}, and the classes ${listed(data.classes.slice(0, 9))}${count > 9 ? " …" : ""}`,
    fix: [
      count === 2 ? `Make it ${one} or ${all} outputs.` : `Make it ${all} outputs.`,
      ...notesOn(network.data?.csv?.target, notes),
    ].join(" "),
  });
}

/** What says why a target became classes: numbers with a unit, or words among them. */
const notesOn = (
  target: string | readonly string[] | undefined,
  notes: readonly string[],
): readonly string[] =>
  typeof target === "string"
    ? notes.filter((note) => note.includes(`column ${shown(target)}`))
    : [];

/** Whether the classes of data can be listed depends on where they come from. */
const singleClassFix = ({ data }: NetworkFile): string =>
  data?.idx
    ? "Say how many there are under idx: classes."
    : data?.generate
      ? "Ask for more of them."
      : "Add examples of others, or list all classes under data: classes.";

/**
 * Refuses targets that the loss of a network has no meaning for.
 *
 * @throws NetworkFileError that points at the example, or names the line of the table.
 */
export function checkTargets(
  network: NetworkFile,
  trainer: Trainer,
  { train, validation, lineOf }: RawData,
): void {
  for (const [part, data] of [
    ["", train],
    ["validation", validation],
  ] as const) {
    const found = data && outside(trainer.tasks.of(data), data);
    if (!found) continue;
    const { row, value, ...complaint } = found;
    const own = part === "" || typeof network.data?.validation === "number";
    // A share that is kept back comes from the same place.
    const inside = own ? [] : [part];
    const held = network.data?.validation;
    const examples = own ? network.data?.examples : typeof held === "object" && held.examples;
    const numbers = elementsOf(data.targets);
    const width = numbers.length / data.size;
    const target = numbers.subarray(row * width, (row + 1) * width);
    const alike = ({ targets }: ExamplesSection[number]) => sameNumbers([targets].flat(), target);
    const at = examples ? examples.findIndex(alike) : -1;
    if (at >= 0) {
      const targets = [...target].join(", ");
      mismatch(network, ["data", ...inside, "examples", at, "targets"], {
        ...complaint,
        found: target.length === 1 ? targets : `[${targets}]`,
      });
    }
    const csv = own ? network.data?.csv : undefined;
    if (csv?.standardizeTarget) {
      mismatch(network, ["data", "csv", "standardizeTarget"], {
        ...complaint,
        fix: "Leave out standardizeTarget, which makes the targets other numbers.",
      });
    }
    const line = own ? lineOf?.(value) : undefined;
    mismatch(
      network,
      csv ? ["data", "csv", "target"] : ["data", ...inside],
      line === undefined ? complaint : { ...complaint, found: `${value} in ${line}` },
    );
  }
}

const sameNumbers = (a: readonly unknown[], b: ArrayLike<number>): boolean =>
  a.length === b.length && a.every((x, i) => x === b[i]);

/** 0 and 1 as −1 and 1. */
function toSigns(data: Dataset, signs: boolean): Dataset {
  if (!signs) return data;
  const { targets } = data;
  const numbers = elementsOf(targets).map((t) => 2 * t - 1);
  return { ...data, targets: constantTensor(numbers, targets.shape) };
}

/** The layer that decides the number of outputs: the last that makes another size of its input's. */
function decisive(network: NetworkFile, { inputs }: Dataset): Path {
  const width = inputs.shape.slice(1).reduce((product, n) => product * n, 1);
  const { layers } = buildModel(network, width);
  const at = layers.findLastIndex(({ outputSize }) => outputSize !== "same");
  const chosen = network.layers[at];
  if (chosen === undefined) return ["layers", network.layers.length - 1];
  const { form } = rowOf(rows, chosen.name);
  const fields = form.kind === "record" ? Object.entries(form.fields) : [];
  const [field] = fields.find(([, { decides }]) => decides === "outputs") ?? [];
  return ["layers", at, chosen.name, ...(field === undefined ? [] : [field])];
}

function mismatch(network: NetworkFile, path: Path, complaint: Complaint): never {
  const source = sourceOf(network);
  if (source) throw new NetworkFileError([source.problem(path, complaint)]);
  return fail("file-invalid", { ...complaint });
}
