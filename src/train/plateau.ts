/** Learning rates that fall when a measure no longer improves. */
import { fail } from "../core/errors.ts";
import { isNumber } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { shown } from "../core/wording.ts";

/** When the learning rate is lowered, and by how much. */
export interface PlateauOptions {
  /** What the rate is multiplied by. Default 0.1. */
  readonly factor?: number;
  /** So many epochs without improvement are borne; the next one lowers the rate. Default 10. */
  readonly patience?: number;
  /** An improvement is larger than this. Default 1e-4. */
  readonly threshold?: number;
  /** Of the best measure so far ("relative"), or as it is ("absolute"). Default "relative". */
  readonly thresholdMode?: "relative" | "absolute";
  /** Epochs after a change that do not count. Default 0. */
  readonly cooldown?: number;
  /** The rate is not made smaller than this. Default 0. */
  readonly minimum?: number;
  /** Which measure is better: the "lowest", as of a loss, or the "highest". Default "lowest". */
  readonly mode?: "lowest" | "highest";
}

/** What is remembered from epoch to epoch: plain data. */
export interface PlateauState {
  readonly best: number | null;
  readonly waited: number;
  readonly cooling: number;
}

/** A rate that falls when a measure no longer improves, for a loop of one's own. */
export interface RatePlateau {
  /** What it remembers; save it, and set it again to go on. */
  state: PlateauState;
  /** The learning rate after an epoch with this measure, from the one before. */
  after(measure: number, learningRate: number): number;
}

export const freshPlateau: PlateauState = { best: null, waited: 0, cooling: 0 };

/**
 * η ← max(factor·η, minimum) after more than `patience` epochs without an improvement of the measure,
 * as PyTorch's ReduceLROnPlateau. `fit(data, { plateau })` does it with the validation loss.
 *
 * ```ts
 * import { reduceOnPlateau } from "chainrule";
 *
 * const plateau = reduceOnPlateau({ factor: 0.5, patience: 1 });
 * let rate = 0.1;
 * for (const loss of [1, 0.9, 0.9, 0.9]) rate = plateau.after(loss, rate);
 * console.log(rate);
 * ```
 *
 * ```text
 * 0.05
 * ```
 *
 * @throws ChainruleError "bad-argument" for settings that mean nothing.
 */
export function reduceOnPlateau(options: PlateauOptions = {}): RatePlateau {
  checkPlateau("reduceOnPlateau", options);
  const own: RatePlateau = {
    state: freshPlateau,
    after(measure, learningRate) {
      for (const [what, value] of Object.entries({ measure, learningRate })) {
        if (typeof value === "number") continue;
        fail("bad-argument", {
          message: `reduceOnPlateau().after takes numbers, and this ${what} is none.`,
          expected: "a measure and a learning rate",
          found: shown(value),
        });
      }
      const next = afterEpoch(options, own.state, measure, learningRate);
      own.state = next.state;
      return next.learningRate;
    },
  };
  return own;
}

/** State and rate after an epoch. */
export function afterEpoch(
  options: PlateauOptions,
  { best, waited, cooling }: PlateauState,
  measure: number,
  learningRate: number,
): { readonly state: PlateauState; readonly learningRate: number } {
  const { factor = 0.1, patience = 10, cooldown = 0, minimum = 0 } = options;
  const better = best === null ? !Number.isNaN(measure) : improves(options, best, measure);
  const count = cooling > 0 || better ? 0 : waited + 1;
  const state = { best: better ? measure : best, waited: count, cooling: Math.max(0, cooling - 1) };
  if (count <= patience) return { state, learningRate };
  const lower = Math.max(learningRate * factor, minimum);
  // As in PyTorch, no change that nobody would notice.
  const changed = learningRate - lower > 1e-8 ? lower : learningRate;
  return { state: { ...state, waited: 0, cooling: cooldown }, learningRate: changed };
}

function improves(options: PlateauOptions, best: number, measure: number): boolean {
  const { threshold = 1e-4, thresholdMode = "relative", mode = "lowest" } = options;
  const up = mode === "highest";
  const margin = up ? threshold : -threshold;
  const bound = thresholdMode === "relative" ? best * (1 + margin) : best + margin;
  return up ? measure > bound : measure < bound;
}

/** Refuses settings that mean nothing. */
export function checkPlateau(what: string, options: PlateauOptions): void {
  checkNames(what, options, [
    ...["factor", "patience", "threshold", "thresholdMode", "cooldown", "minimum", "mode"],
  ]);
  const { factor = 0.1, patience = 10, threshold = 1e-4, cooldown = 0, minimum = 0 } = options;
  const { thresholdMode = "relative", mode = "lowest" } = options;
  const finite = (n: number) => Number.isFinite(n) && n >= 0;
  const whole = (n: number) => Number.isSafeInteger(n) && n >= 0;
  const rules: readonly (readonly [string, unknown, boolean, string])[] = [
    ["factor", factor, isNumber(factor, (n) => n >= 0 && n < 1), "a number ≥ 0 and < 1"],
    ["patience", patience, isNumber(patience, whole), "a whole number ≥ 0"],
    ["threshold", threshold, isNumber(threshold, finite), "a finite number ≥ 0"],
    ["cooldown", cooldown, isNumber(cooldown, whole), "a whole number ≥ 0"],
    ["minimum", minimum, isNumber(minimum, finite), "a finite number ≥ 0"],
    [
      ...(["thresholdMode", thresholdMode] as const),
      ...([
        thresholdMode === "relative" || thresholdMode === "absolute",
        '"relative" or "absolute"',
      ] as const),
    ],
    ["mode", mode, mode === "lowest" || mode === "highest", '"lowest" or "highest"'],
  ];
  for (const [name, found, sound, expected] of rules) {
    if (sound) continue;
    fail("bad-argument", {
      message: `${what} cannot use this ${name}.`,
      expected,
      found: shown(found),
    });
  }
}
