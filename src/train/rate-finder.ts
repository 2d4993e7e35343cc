/** Which learning rate to begin with: the loss at rates that rise from step to step. */
import { at } from "../core/at.ts";
import { pow } from "../core/elementary/scalar.ts";
import { ChainruleError, fail } from "../core/errors.ts";
import { isNumber } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { shown } from "../core/wording.ts";
import { subset } from "../data/dataset.ts";
import { shuffledOrder } from "../data/split.ts";
import type { Ranks } from "../nn/layer.ts";
import { toSchedule } from "../optim/schedules.ts";
import { checkTrained } from "./averages.ts";
import { type Data, toDataset } from "./classes.ts";
import { usualBatch } from "./fit.ts";
import { Trainer } from "./trainer.ts";

/** How rates are tried. */
interface FinderOptions {
  /** The first rate. Default 1e-7. */
  readonly from?: number;
  /** The last. Default 10. */
  readonly to?: number;
  /** How many steps there are from one to the other, in equal ratios. Default 100. */
  readonly steps?: number;
  /** Examples in a step. Default 32. */
  readonly batchSize?: number;
  /** The share of the past in the smoothed loss. Default 0.9. */
  readonly smoothing?: number;
  /** It ends where the smoothed loss is so many times its least. Default 4. */
  readonly stopAt?: number;
}

/** The losses by learning rate, and the rate to begin with. */
export interface RateCurve {
  readonly curve: readonly {
    readonly learningRate: number;
    /** Of the batch, before the step with this rate. */
    readonly loss: number;
    /** Its average with those before, e ← βe + (1 − β)E, divided by 1 − βᵏ. */
    readonly smoothed: number;
  }[];
  /**
   * Where the smoothed loss falls fastest by the logarithm of the rate; undefined if it never does. The
   * slope is taken over 1/(1 − β) steps, which is how long a batch is remembered (a fifth of all at
   * most), in the last descent: from where the smoothed loss was last above its average in the first
   * half of the way to its least. What it does before is the chance of batches.
   */
  readonly suggestion: number | undefined;
}

/**
 * Trains a copy of the trainer step by step with rates from `from` to `to` (the range test of Smith
 * 2017): the curve of the loss, and where it falls fastest. The trainer itself stays as it is, and its
 * schedule is left aside; of `parameterGroups` the rates are factors of the groups'.
 *
 * ```ts
 * import { learningRateFinder, linear, meanSquaredError, sequential, sgd, trainer } from "chainrule";
 *
 * const data = { inputs: [[0], [1], [2], [3]], targets: [[1], [3], [5], [7]] };
 * const model = sequential(linear(1, 1));
 * const t = trainer(model, { loss: meanSquaredError, optimizer: sgd(), seed: 1 });
 * const { curve, suggestion = 0 } = await learningRateFinder(t, data, { batchSize: 4 });
 * console.log(curve.length > 50, suggestion > 1e-3 && suggestion < 1);
 * ```
 *
 * ```text
 * true true
 * ```
 */
export async function learningRateFinder<P extends Ranks>(
  trainer: Trainer<P>,
  data: Data,
  options: FinderOptions = {},
): Promise<RateCurve> {
  checkTrained("learningRateFinder", trainer);
  const { from, to, steps, batchSize, smoothing, stopAt } = checked(options);
  const { model, loss, seed, update, backend } = trainer;
  const dtype = trainer.dtype === "f64" ? "f64" : "f32";
  const optimizer = { ...trainer.optimizer, learningRate: toSchedule(from) };
  const t = new Trainer<P>(model, { loss, optimizer, seed, dtype, backend, update });
  t.setParameters(Object.fromEntries(trainer.snapshot()));
  t.classes = trainer.classes;
  const dataset = toDataset(data, { loss, classes: trainer.classes });
  const size = Math.min(batchSize, dataset.size);
  const perEpoch = Math.floor(dataset.size / size);
  const curve: RateCurve["curve"][number][] = [];
  let [sum, least] = [0, Number.POSITIVE_INFINITY];
  let order: Int32Array = new Int32Array();
  for (let k = 0; k < steps; k++) {
    const place = k % perEpoch;
    if (place === 0) order = shuffledOrder(dataset.size, seed, k / perEpoch);
    t.learningRate = from * pow(to / from, k / (steps - 1));
    const batch = subset(dataset, order.slice(place * size, (place + 1) * size));
    const found = await lossOf(() => t.stepAsync(batch));
    if (found === undefined) break;
    sum = smoothing * sum + (1 - smoothing) * found;
    const smoothed = sum / (1 - pow(smoothing, k + 1));
    curve.push({ learningRate: t.learningRate, loss: found, smoothed });
    least = Math.min(least, smoothed);
    if (smoothed > stopAt * Math.abs(least) && k > 0) break;
  }
  return { curve, suggestion: steepest(curve, smoothing) };
}

/** Undefined where a number was not finite: the rates are too large from here on. */
async function lossOf(step: () => Promise<number>): Promise<number | undefined> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof ChainruleError && error.code === "not-finite") return undefined;
    throw error;
  }
}

/** The rate in the middle of the steepest fall before the least smoothed loss. */
function steepest(curve: RateCurve["curve"], smoothing: number): number | undefined {
  const losses = curve.map(({ smoothed }) => smoothed);
  const end = losses.indexOf(Math.min(...losses));
  const memory = Math.min(1 / (1 - smoothing), curve.length / 5);
  const half = Math.max(1, Math.floor(memory / 2));
  const first = Math.max(half, Math.floor(memory));
  const early = losses.slice(first, first + Math.max(1, Math.ceil((end - first) / 2)));
  const level = early.reduce((a, b) => a + b, 0) / early.length;
  const descent = losses.slice(0, end).findLastIndex((loss) => loss >= level);
  let best: number | undefined;
  let fall = 0;
  for (let k = Math.max(first, descent); k + half <= end; k++) {
    const change = at(losses, k + half) - at(losses, k - half);
    if (change >= fall) continue;
    fall = change;
    best = at(curve, k).learningRate;
  }
  return best;
}

function checked(options: FinderOptions): Required<FinderOptions> {
  checkNames("learningRateFinder", options, [
    ...["from", "to", "steps", "batchSize", "smoothing", "stopAt"],
  ]);
  const { from = 1e-7, to = 10, steps = 100, batchSize = usualBatch } = options;
  const { smoothing = 0.9, stopAt = 4 } = options;
  const finite = (n: number) => Number.isFinite(n) && n > 0;
  const rules: readonly (readonly [string, unknown, boolean, string])[] = [
    ["from", from, isNumber(from, finite), "a finite number above 0"],
    [
      "to",
      to,
      isNumber(to, (n) => finite(n) && isNumber(from, (least) => n > least)),
      "a finite number above from",
    ],
    [
      "steps",
      steps,
      isNumber(steps, (n) => Number.isSafeInteger(n) && n > 1),
      "a whole number > 1",
    ],
    [
      ...(["batchSize", batchSize] as const),
      ...([
        isNumber(batchSize, (n) => Number.isSafeInteger(n) && n > 0),
        "a whole number ≥ 1",
      ] as const),
    ],
    [
      ...(["smoothing", smoothing] as const),
      ...([isNumber(smoothing, (n) => n >= 0 && n < 1), "a number ≥ 0 and < 1"] as const),
    ],
    ["stopAt", stopAt, isNumber(stopAt, (n) => n > 1), "a number above 1"],
  ];
  for (const [name, found, sound, expected] of rules) {
    if (sound) continue;
    fail("bad-argument", {
      message: `learningRateFinder cannot use this ${name}.`,
      expected,
      found: shown(found),
    });
  }
  return { from, to, steps, batchSize, smoothing, stopAt };
}
