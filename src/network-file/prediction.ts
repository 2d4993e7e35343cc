/** What a network's outputs say. */

import { at, only } from "../core/at.ts";
import { type ArgumentKind, checkKind, object } from "../core/kinds.ts";
import { originalTarget } from "../data/preprocessing.ts";
import { checkNetwork, described } from "./kinds.ts";
import { resolvedLoss } from "./losses.ts";
import type { NetworkFile } from "./network.ts";
import { type DataDescription, markedLoss } from "./prepare.ts";
import type { Fitted } from "./targets.ts";

/** The outputs for one row, and what they mean. */
export interface Prediction {
  readonly outputs: readonly number[];
  /**
   * The class that is most likely, where the network was trained on classes; of sequences that of
   * each place, with spaces between them.
   */
  readonly class?: string;
  /** One for each class, or of a list of targets for each, where outputs mean probabilities. */
  readonly probabilities?: readonly number[];
  /** A number target in the units of its table. */
  readonly value?: number;
  /** Of a list of targets, and a loss that tells yes from no: what each is, as its table says it. */
  readonly labels?: readonly string[];
  /** Of a list of targets and another loss: each in the units of its table. */
  readonly values?: readonly number[];
}

const row: ArgumentKind = {
  name: "the outputs for one row",
  example: "an array of numbers, at least one",
  fits: (list) =>
    Array.isArray(list) && list.length > 0 && list.every((x) => typeof x === "number"),
};
const marked = object("marks", "what toDatasets gives as marks, or {}", () => true);

/** The function that reads the outputs of one row. */
export function reader(
  network: NetworkFile,
  description: DataDescription,
  marks: Fitted["marks"],
): (outputs: readonly number[]) => Prediction {
  checkNetwork("reader", network);
  checkKind("reader", description, described);
  checkKind("reader", marks, marked);
  const { classes, preprocessing, perPlace } = description;
  const { probabilities } = resolvedLoss(network.loss);
  const { threshold: yesFrom } = markedLoss(network, marks);
  const threshold = yesFrom ?? 0.5;
  return (outputs) => {
    checkKind("reader", outputs, row);
    // The one output of a network that says a number, or yes or no.
    const single = outputs.length === 1 ? only(outputs) : undefined;
    if (preprocessing && !("kind" in preprocessing.target)) {
      const targets = preprocessing.target;
      // Of windows, each row of the horizon has them all.
      const rows = preprocessing.windows?.horizon ?? 1;
      if (targets.length * rows !== outputs.length) return { outputs };
      if (yesFrom === undefined) {
        const values = outputs.map((output, k) =>
          originalTarget(preprocessing, output, k % targets.length),
        );
        return { outputs, values };
      }
      const p = probabilities?.(outputs);
      const labels = outputs.map((_, k) => {
        const rule = at(targets, k % targets.length);
        const yes = at(outputs, k) > yesFrom ? 1 : 0;
        return rule.kind === "category" ? at(rule.values, yes) : String(yes);
      });
      return { outputs, labels, ...(p ? { probabilities: p } : {}) };
    }
    if (classes === undefined) {
      if (preprocessing?.windows && single === undefined) {
        return { outputs, values: outputs.map((output) => originalTarget(preprocessing, output)) };
      }
      return preprocessing === undefined || single === undefined
        ? { outputs }
        : { outputs, value: originalTarget(preprocessing, single) };
    }
    if (perPlace !== undefined) {
      const places = Array.from({ length: outputs.length / perPlace }, (_, k) =>
        outputs.slice(k * perPlace, (k + 1) * perPlace),
      );
      const names = places.map((each) => best(each, classes));
      return { outputs, class: names.join(" ") };
    }
    const p = probabilities?.(outputs);
    if (single !== undefined && classes.length === 2) {
      const yes = p && only(p);
      return {
        outputs,
        class: at(classes, single > threshold ? 1 : 0),
        ...(yes === undefined ? {} : { probabilities: [1 - yes, yes] }),
      };
    }
    return { outputs, class: best(outputs, classes), ...(p ? { probabilities: p } : {}) };
  };
}

/** The name of the class with the largest output. */
function best(outputs: readonly number[], classes: readonly string[]): string {
  const label = outputs.indexOf(Math.max(...outputs));
  return classes[label] ?? String(label);
}
