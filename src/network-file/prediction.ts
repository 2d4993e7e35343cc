/** What a network's outputs say. */

import { checkKind, type Kind, object } from "../core/kinds.ts";
import { originalTarget } from "../data/preprocessing.ts";
import { checkNetwork, described } from "./kinds.ts";
import { losses } from "./losses.ts";
import type { NetworkFile } from "./network.ts";
import { type DataDescription, markedLoss } from "./prepare.ts";
import type { Fitted } from "./targets.ts";

/** The outputs for one row, and what they mean. */
export interface Prediction {
  readonly outputs: readonly number[];
  /** The class that is most likely, where the network was trained on classes. */
  readonly class?: string;
  /** One for each class, where the loss makes outputs mean probabilities. */
  readonly probabilities?: readonly number[];
  /** A number target in the units of its table. */
  readonly value?: number;
}

const row: Kind = {
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
  const { classes, preprocessing } = description;
  const { probabilities } = losses[network.loss.name]!;
  const { threshold = 0.5 } = markedLoss(network, marks);
  return (outputs) => {
    checkKind("reader", outputs, row);
    if (classes === undefined) {
      const [only] = outputs;
      return preprocessing === undefined || outputs.length !== 1
        ? { outputs }
        : { outputs, value: originalTarget(preprocessing, only!) };
    }
    const p = probabilities?.(outputs);
    if (outputs.length === 1 && classes.length === 2) {
      const yes = outputs[0]! > threshold;
      return {
        outputs,
        class: classes[yes ? 1 : 0]!,
        ...(p ? { probabilities: [1 - p[0]!, p[0]!] } : {}),
      };
    }
    const best = outputs.indexOf(Math.max(...outputs));
    return { outputs, class: classes[best] ?? String(best), ...(p ? { probabilities: p } : {}) };
  };
}
