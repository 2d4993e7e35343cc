/** The schedules that a network file may name. */

import { isRecord } from "../core/kinds.ts";
import { chainedSchedule, perEpoch, sequentialSchedule, warmup } from "../optim/composed.ts";
import { cosineRestarts, cyclic, oneCycle, oneCycleMomentum } from "../optim/cycles.ts";
import {
  constantStart,
  cosineDecay,
  exponentialDecay,
  linearRamp,
  multiStepDecay,
  polynomialDecay,
  type Schedule,
  stepDecay,
  toSchedule,
} from "../optim/schedules.ts";
import {
  type Builder,
  built,
  type Chosen,
  choice,
  either,
  flag,
  list,
  number,
  numbers,
  row,
  whole,
  word,
} from "./form.ts";

const initial = {
  form: number({ least: 0 }),
  doc: "The rate at the start.",
  required: true,
} as const;
const span = (doc: string) => ({ form: number({ above: 0 }), doc, required: true }) as const;

const share = (doc: string, usual: number) =>
  ({ form: number({ least: 0 }), doc, default: usual }) as const;
const minimum = {
  form: number({ least: 0, most: 1 }),
  doc: "The share that is left at the end.",
  default: 0,
} as const;
/** A number, or a schedule by its name. */
const rate = () =>
  either(
    number({ least: 0 }),
    choice("schedule", () => schedules),
  );
const cycle = {
  steps: span("Steps in all."),
  riseShare: {
    form: number({ above: 0, below: 1 }),
    doc: "The share of the steps in which the rate rises.",
    default: 0.3,
  },
  shape: {
    form: word("cosine", "linear"),
    doc: "Half cosine waves, or straight lines.",
    default: "cosine",
  },
  threePhases: { form: flag, doc: "A third phase ends the way down.", default: false },
} as const;

/** Learning rates that change with the step. */
export const schedules: Readonly<Record<string, Builder<Schedule>>> = {
  exponentialDecay: row(
    "η·rate^(step/steps).",
    {
      initial,
      rate: { form: number({ above: 0 }), doc: "The factor.", required: true },
      steps: { form: number({ above: 0 }), doc: "Steps for one factor.", default: 1 },
    },
    ({ initial, ...options }) => exponentialDecay(initial, options),
  ),
  stepDecay: row(
    "η·rate^⌊step/steps⌋.",
    {
      initial,
      rate: { form: number({ above: 0 }), doc: "The factor.", default: 0.1 },
      steps: span("Steps between the drops."),
    },
    ({ initial, ...options }) => stepDecay(initial, options),
  ),
  cosineDecay: row(
    "Half a cosine wave from η down to η·minimum.",
    {
      initial,
      steps: span("Steps until the minimum."),
      minimum,
      periodic: {
        form: flag,
        doc: "It rises again after these steps, and so on.",
        default: false,
      },
    },
    ({ initial, ...options }) => cosineDecay(initial, options),
  ),
  multiStepDecay: row(
    "η times rate for each of the steps that are reached.",
    {
      initial,
      steps: { form: numbers(1), doc: "The steps, in rising order.", required: true },
      rate: { form: number({ above: 0 }), doc: "The factor.", default: 0.1 },
    },
    ({ initial, ...options }) => multiStepDecay(initial, options),
  ),
  linearRamp: row(
    "Evenly from one share of η to another.",
    {
      initial,
      steps: span("Steps of the ramp."),
      from: share("The share that it begins from.", 1 / 3),
      to: share("The share that it goes to.", 1),
    },
    ({ initial, ...options }) => linearRamp(initial, options),
  ),
  constantStart: row(
    "A share of η at first, then η.",
    {
      initial,
      steps: span("Steps of the start."),
      share: share("The share.", 1 / 3),
    },
    ({ initial, ...options }) => constantStart(initial, options),
  ),
  polynomialDecay: row(
    "η·(1 − step/steps)^power, down to η·minimum.",
    {
      initial,
      steps: span("Steps until the minimum."),
      power: { form: number({ above: 0 }), doc: "The power.", default: 1 },
      minimum,
    },
    ({ initial, ...options }) => polynomialDecay(initial, options),
  ),
  cosineRestarts: row(
    "The wave of cosineDecay, again and again, in longer and longer periods.",
    {
      initial,
      steps: span("Steps of the first period."),
      growth: { form: whole(), doc: "How many times as long the next one is.", default: 1 },
      minimum,
    },
    ({ initial, ...options }) => cosineRestarts(initial, options),
  ),
  cyclic: row(
    "Up to a peak and back in straight lines, again and again.",
    {
      initial: { ...initial, form: number({ above: 0 }) },
      peak: { form: number({ above: 0 }), doc: "The rate at the top.", required: true },
      rise: span("Steps up."),
      fall: { form: number({ above: 0 }), doc: "Steps down.", otherwise: "as many" },
      shape: {
        form: word("triangular", "triangular2", "exponential"),
        doc: "Every cycle as high, half as high as before, or lower at each step.",
        default: "triangular",
      },
      rate: { form: number({ above: 0 }), doc: "The factor of exponential.", default: 1 },
    },
    ({ initial, ...options }) => cyclic(initial, options),
  ),
  oneCycle: row(
    "Up to a peak and down to nearly nothing, once.",
    {
      peak: { form: number({ least: 0 }), doc: "The highest rate.", required: true },
      ...cycle,
      divisor: { form: number({ above: 0 }), doc: "The first rate is peak/divisor.", default: 25 },
      finalDivisor: {
        form: number({ above: 0 }),
        doc: "The last is peak/(divisor·finalDivisor).",
        default: 1e4,
      },
    },
    ({ peak, ...options }) => oneCycle(peak, options),
  ),
  oneCycleMomentum: row(
    "The momentum beside oneCycle: down while the rate rises, and back.",
    {
      ...cycle,
      high: { form: number({ above: 0 }), doc: "The momentum at both ends.", default: 0.95 },
      low: { form: number({ above: 0 }), doc: "The lowest momentum.", default: 0.85 },
    },
    (options) => oneCycleMomentum(options),
  ),
  sequentialSchedule: row(
    "One schedule after another; the steps of each begin with 0.",
    {
      parts: { form: list(rate(), 1), doc: "Schedules, or constant rates.", required: true },
      at: {
        form: numbers(1),
        doc: "The step at which each of them but the first begins.",
        required: true,
      },
    },
    ({ parts, at }) => sequentialSchedule(parts.map(toRate), { at }),
  ),
  chainedSchedule: row(
    "The product of several schedules.",
    { parts: { form: list(rate(), 1), doc: "Schedules, or constant rates.", required: true } },
    ({ parts }) => chainedSchedule(parts.map(toRate)),
  ),
  perEpoch: row(
    "A schedule that counts epochs in place of steps.",
    {
      schedule: { form: rate(), doc: "The schedule.", required: true },
      steps: span("Steps of an epoch: examples by batch size, rounded up."),
    },
    ({ schedule, steps }) => perEpoch(toSchedule(toRate(schedule)), { steps }),
  ),
  warmup: row(
    "Rises evenly to the rate that follows.",
    {
      steps: span("Steps of the rise."),
      after: {
        form: rate(),
        doc: "The rate, or the schedule, that follows.",
        required: true,
      },
    },
    ({ after, steps }) => warmup(toRate(after), { steps }),
  ),
};

/** A number or a chosen schedule, as an optimizer takes it. */
export const toRate = (given: number | Chosen): number | Schedule =>
  typeof given === "number" || !isRecord(given) || !Object.hasOwn(schedules, given.name)
    ? (given as number)
    : built(schedules, given, undefined);
