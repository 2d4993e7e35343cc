/** When a training is saved on the way: every so many epochs, or where a measure is better than ever. */
import { fail } from "../core/errors.ts";
import { checkNames } from "../core/options.ts";
import { shown } from "../core/wording.ts";
import type { EpochReport } from "./fit.ts";
import { lessIsBetter, type MetricName, metricNames } from "./measures.ts";

/** What is measured of an epoch, and whether more of it is better. */
const measures = {
  loss: { of: (r: EpochReport) => r.loss, more: false },
  accuracy: { of: (r: EpochReport) => r.accuracy, more: true },
  "validation.loss": { of: (r: EpochReport) => r.validation?.loss, more: false },
  "validation.accuracy": { of: (r: EpochReport) => r.validation?.accuracy, more: true },
  "validation.r2": { of: (r: EpochReport) => r.validation?.r2, more: true },
} as const;

/**
 * What can be the best of all epochs: of losses, MAE and RMSE the least, of the others the largest.
 * Metrics of the validation are those that `fit` was asked for.
 */
type Measure = keyof typeof measures | `validation.${MetricName}`;

const heldOutMeasures = metricNames.map((name): [string, { of: Of; more: boolean }] => [
  `validation.${name}`,
  { of: (r) => r.validation?.metrics?.[name], more: !lessIsBetter(name) },
]);
type Of = (r: EpochReport) => number | undefined;
const allMeasures = { ...measures, ...Object.fromEntries(heldOutMeasures) } as Readonly<
  Record<Measure, { readonly of: Of; readonly more: boolean }>
>;
export const measureNames = Object.keys(allMeasures) as readonly Measure[];

/** When a training is saved on the way: after every n-th epoch, or after the best ones. */
export interface CheckpointRule {
  /** Save after the epochs whose number is a multiple of this. */
  readonly every?: number;
  /** Save after an epoch in which this measure is better than in all before it. */
  readonly best?: Measure;
}

/** A rule with the file to save to. */
export interface CheckpointOptions extends CheckpointRule {
  /** The file; "{epoch}" in it becomes the number of the epoch. What is there is replaced. */
  readonly path: string;
}

const ruleNames: Readonly<Record<keyof CheckpointRule, true>> = { every: true, best: true };

/** Refuses a rule that says nothing, or what there is not. */
export function checkCheckpoint(given: CheckpointOptions): void {
  checkNames("checkpoint", given, ["path", ...Object.keys(ruleNames)]);
  const { path, every, best } = given;
  if (typeof path !== "string" || path === "") {
    fail("bad-argument", {
      message: "checkpoint saves to a file.",
      expected: 'path: "model-{epoch}.safetensors", for example',
      found: shown(path),
    });
  }
  if (every !== undefined && !(Number.isSafeInteger(every) && every >= 1)) {
    fail("bad-argument", {
      message: "checkpoint cannot save every so many epochs.",
      expected: "every: a whole number ≥ 1",
      found: shown(every),
    });
  }
  if (best !== undefined && !(typeof best === "string" && Object.hasOwn(allMeasures, best))) {
    fail("bad-argument", {
      message: "checkpoint does not know this measure.",
      expected: `best: ${measureNames.join(", ")}`,
      found: shown(best),
    });
  }
  if (every !== undefined || best !== undefined) return;
  fail("bad-argument", {
    message: "checkpoint is not said when to save.",
    expected: "every: a number of epochs, or best: a measure",
    found: "neither",
    fix: 'Pass { path, every: 1 } to save after each epoch, or { path, best: "loss" }.',
  });
}

/** Follows a training, epoch by epoch. */
export class CheckpointWatch {
  readonly #rule: CheckpointRule;
  #best: number | undefined;

  /** @param past the epochs of a training that goes on */
  constructor(rule: CheckpointRule, past: readonly EpochReport[] = []) {
    this.#rule = rule;
    for (const report of past) this.#isBest(report);
  }

  /** What of the rule asks for saving after this epoch. */
  due(report: EpochReport): readonly ("every" | "best")[] {
    const { every } = this.#rule;
    const regular = every !== undefined && report.epoch % every === 0;
    return [
      ...(regular ? (["every"] as const) : []),
      ...(this.#isBest(report) ? (["best"] as const) : []),
    ];
  }

  /**
   * @throws ChainruleError "bad-argument" for a measure that this training does not take.
   */
  #isBest(report: EpochReport): boolean {
    const { best } = this.#rule;
    if (best === undefined) return false;
    const { of, more } = allMeasures[best];
    const value = of(report);
    if (value === undefined) {
      const heldOut = best.startsWith("validation.");
      fail("bad-argument", {
        message: "The measure that decides which checkpoint is the best is not taken.",
        expected: `epochs with ${best}`,
        found: "none",
        fix: heldOut
          ? 'Hold data out with validation, or choose another measure, such as best: "loss".'
          : 'Choose another measure, such as best: "loss".',
      });
    }
    const sofar = this.#best;
    const better = sofar === undefined || (more ? value > sofar : value < sofar);
    if (better) this.#best = value;
    return better;
  }
}
