/** Exercises drawn for a network: small numbers, one question each, and the answer. */

import { isFloat } from "../../core/dtype.ts";
import { fail } from "../../core/errors.ts";
import { uniformAt } from "../../core/random.ts";
import { sizeOf } from "../../core/shape.ts";
import { type Dataset, subset } from "../../data/dataset.ts";
import type { LossFacts } from "../../nn/facts.ts";
import { constantTensor } from "../../ops/leaf.ts";
import { Trainer } from "../../train/trainer.ts";
import { numeral } from "../diagnose/agreement.ts";
import type { Diagnosis } from "../diagnose/diagnosis.ts";
import { askedFor, type Quantity } from "../diagnose/results.ts";
import { Tried } from "../diagnose/tried.ts";
import { entriesOf, entryText, firstOf } from "../engine/parameters.ts";
import { isNetwork, type NetworkTrace } from "../engine/trace.ts";
import type { Language } from "../messages.ts";
import { timingOf, traceOf } from "../subject.ts";

const quantityOf = { gradient: "gradient", forward: "loss", update: "newValue" } as const;
export type ExerciseKind = keyof typeof quantityOf;

/** One exercise: everything that its answer follows from, besides the network. */
export interface Exercise {
  readonly id: number;
  readonly quantity: Quantity;
  /** The number that is asked about; of a forward pass none. */
  readonly parameter: string;
  readonly parameters: Readonly<Record<string, readonly number[]>>;
  readonly inputs: readonly number[];
  readonly targets: readonly number[];
}

/** Answers have so many significant digits. */
export const answerDigits = 4;
/** After so many draws the largest answer is taken, however small. */
const mostDraws = 60;

/** The trainer in f64 with an exercise's numbers, and its one example. */
function posed(
  trainer: Trainer,
  data: Dataset,
  e: Pick<Exercise, "parameters" | "inputs" | "targets">,
) {
  const { model, loss, optimizer, seed, update } = trainer;
  const own = new Trainer(model, { loss, optimizer, seed, update, dtype: "f64" });
  const values = Object.entries(e.parameters).map(([name, v]) => [name, Float64Array.from(v)]);
  own.setParameters(Object.fromEntries(values));
  const one = subset(data, [0]);
  const { inputs, targets } = one;
  const floats = (shape: readonly number[], values: readonly number[]) =>
    constantTensor(Float64Array.from(values), shape);
  const batch: Dataset = {
    ...one,
    inputs: floats(inputs.shape, e.inputs),
    targets: isFloat(targets.dtype)
      ? floats(targets.shape, e.targets)
      : constantTensor(Int32Array.from(e.targets), targets.shape),
  };
  return { own, batch };
}

/** What was posed, with its procedures. */
function triedOf(trainer: Trainer, data: Dataset, e: Exercise): { t: NetworkTrace; tried: Tried } {
  const { own, batch } = posed(trainer, data, e);
  const t = traceOf(own, { data: batch }, true);
  if (!isNetwork(t)) return fail("invalid-graph", { message: "A trainer is a network." });
  return { t, tried: new Tried(t, timingOf(t, {})) };
}

/** An answer, right or wrong, and why. */
export function graded(
  trainer: Trainer,
  data: Dataset,
  e: Exercise,
  answer: string,
  language: Language,
): Diagnosis | undefined {
  const got = numeral(answer);
  if (!got) return undefined;
  const { t, tried } = triedOf(trainer, data, e);
  const { parameter, quantity } = e;
  return tried.diagnose(got, askedFor(t, { parameter }), { parameter, quantity, language });
}

const answerOf = (trainer: Trainer, data: Dataset, e: Exercise): number =>
  graded(trainer, data, e, "1e300", "en")?.expected ?? Number.NaN;

interface Draw {
  readonly seed: number;
  readonly kind: ExerciseKind;
  readonly count: number;
}

/** The exercises of a seed: the same for the same network, kind and seed. */
export function exercisesFor(trainer: Trainer, data: Dataset, { seed, kind, count }: Draw) {
  return Array.from({ length: count }, (_, i) => oneFor(trainer, data, seed, kind, i + 1));
}

/** Targets that the loss has a meaning for: one class of each row, −1 and 1, or 0 and 1. */
function goalsFor(
  kind: LossFacts["targets"],
  shape: readonly number[],
  whole: (low: number, high: number) => number,
): number[] {
  const goals = Array.from({ length: sizeOf(shape) }, () => 0);
  if (kind !== "distributions")
    return goals.map(() => (kind === "signs" ? 2 * whole(0, 1) - 1 : whole(0, 1)));
  const classes = shape.at(-1) ?? 1;
  for (let row = 0; row < goals.length; row += classes) goals[row + whole(0, classes - 1)] = 1;
  return goals;
}

function oneFor(trainer: Trainer, data: Dataset, seed: number, kind: ExerciseKind, id: number) {
  const { inputs, targets } = subset(data, [0]);
  const names = Object.entries(trainer.parameters);
  let best: { exercise: Exercise; answer: number; size: number } | undefined;
  for (let draw = 0; draw < mostDraws; draw++) {
    let n = 0;
    const next = () => uniformAt(seed, 100 * id + draw, n++);
    const whole = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
    /** ±0.1 … ±0.9 */
    const tenth = () => (whole(1, 9) * (next() < 0.5 ? -1 : 1)) / 10;
    const many = (size: number, f: () => number) => Array.from({ length: size }, f);
    const parameters = Object.fromEntries(
      names.map(([name, { size }]) => [name, many(size, tenth)]),
    );
    const given = many(sizeOf(inputs.shape), () => [-2, -1, 1, 2, 3][whole(0, 4)] as number);
    const classes = (data.classes ?? []).length;
    const goals = isFloat(targets.dtype)
      ? goalsFor(trainer.loss.facts?.targets, targets.shape, whole)
      : many(sizeOf(targets.shape), () => whole(0, Math.max(0, classes - 1)));
    const posing = { parameters, inputs: given, targets: goals };
    const { own, batch } = posed(trainer, data, posing);
    const t = traceOf(own, { data: batch }, true);
    const all = t.parameters.filter((p) => p.trained).flatMap(entriesOf);
    // One parameter after another, so that a sheet asks for many.
    const from = Math.floor(uniformAt(seed, 0, 0) * all.length);
    const entry = all[(from + id + draw) % all.length] ?? firstOf(t.parameters);
    const exercise = { id, quantity: quantityOf[kind], parameter: entryText(entry), ...posing };
    const answer = answerOf(trainer, data, exercise);
    const old = kind === "update" ? (parameters[entry.parameter.name]?.[entry.index] ?? 0) : 0;
    // What is almost nothing would be the work of many digits, or of none.
    const size = Math.min(Math.abs(answer - old), Math.abs(answer));
    if (size > 0.002 && Math.abs(answer) < 1000) return { exercise, answer };
    if (best === undefined || size > best.size) best = { exercise, answer, size };
  }
  return best as NonNullable<typeof best>;
}
