/** What `explain`, `diagnose` and `gradientReport` take. */
import type { Tensor } from "../core/tensor.ts";
import type { Loss } from "../nn/losses.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import type { UpdateTiming } from "../step/update.ts";
import type { Data } from "../train/trainer.ts";
import { type Section, sections } from "./derivation.ts";
import type { Notation } from "./engine/notation.ts";
import { noSuch } from "./engine/notation.ts";
import type { Language } from "./messages.ts";

const levels = ["brief", "full", "every-step"] as const;
const forms = ["scalar", "index", "matrix"] as const;
/** How layers are written. */
type Form = (typeof forms)[number];

/** How much of a derivation is written down. */
type Level = (typeof levels)[number];

/** What `explain` takes: what is explained, on which data, and how it is written. */
export interface ExplainOptions {
  /**
   * The data of the step that is explained; for a trainer or a model. Default: the first batch of
   * the data that the trainer was last fitted to.
   */
  readonly data?: Data;
  /** The example that is shown in full, counted from 0. Default 0. */
  readonly example?: number;
  /**
   * One number: "0.weight[3,7]", or as a notation calls it, "w1" or "w^1_21", the chosen one
   * before the others. Default: the first trainable one.
   */
  readonly parameter?: string;
  /**
   * Every trained parameter of a small network, from the output layer on: one of each kind is worked
   * out, the others follow in a table. In a sequential update each is worked out.
   */
  readonly all?: boolean;
  /** The names of the quantities. Default "canonical", this library's. */
  readonly notation?: Notation;
  /** Default "en". */
  readonly language?: Language;
  /** Significant digits in print. Default 9. */
  readonly digits?: number;
  /**
   * "brief": the chain rule in a line, its numbers, the result and the check; "full"; "every-step":
   * each factor derived again, with the rule for its own derivative. Default "full".
   */
  readonly level?: Level;
  /**
   * "scalar": number by number; "index": sums over indices, then the numbers; "matrix": every layer
   * at once, with its matrices and a check of their shapes, examples being columns. The last two are
   * for dense layers, one after another. Default "scalar".
   */
  readonly form?: Form;
  /** Only these sections, such as ["chain", "result"]. Default: all that have something to say. */
  readonly sections?: readonly Section[];
  /** Default: the trainer's; without a trainer "simultaneous". */
  readonly update?: UpdateTiming;
  /** Take so many training steps on the data first. Default 0. */
  readonly step?: number;
  /** For a model that has no trainer: its loss. */
  readonly loss?: Loss;
  /** For a model that has no trainer. Default `sgd()`. */
  readonly optimizer?: Optimizer;
  /** Of the first values of a model that has no trainer. Default 0. */
  readonly seed?: number;
  /** What the loss is called, where its function has no name of its own. */
  readonly lossName?: string;
  /** Where the data are a part of others: the number of their first example there. */
  readonly firstExample?: number;
  /** For a function: its arguments, by name or in order. */
  readonly inputs?: Readonly<Record<string, Tensor>> | readonly Tensor[];
}

/** What all three functions take. */
export const optionNames = [
  "data",
  "example",
  "parameter",
  "all",
  "notation",
  "language",
  "digits",
  "level",
  "form",
  "sections",
  "update",
  "step",
  "loss",
  "optimizer",
  "seed",
  "lossName",
  "firstExample",
  "inputs",
] as const satisfies readonly (keyof ExplainOptions)[];

/** How much is written down, as it was asked for. */
export function amountOf(options: ExplainOptions): Amount {
  const { level = "full", form = "scalar", sections: some } = options;
  if (!forms.includes(form)) noSuch("form", form, forms);
  if (!levels.includes(level)) noSuch("level", level, levels);
  if (some !== undefined && !(Array.isArray(some) && some.length > 0))
    noSuch("list of sections", some, sections);
  for (const name of some ?? []) if (!sections.includes(name)) noSuch("section", name, sections);
  return { level, form, sections: some };
}

/** How much of a derivation is written down. */
export interface Amount {
  readonly level: Level;
  readonly form: Form;
  readonly sections: readonly Section[] | undefined;
}
