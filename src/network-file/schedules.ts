/** The schedules that a network file may name. */

import { isRecord } from "../core/kinds.ts";
import {
  cosineDecay,
  exponentialDecay,
  type Schedule,
  stepDecay,
  warmup,
} from "../optim/schedules.ts";
import { type Builder, built, type Chosen, choice, either, number, row } from "./form.ts";

const initial = {
  form: number({ least: 0 }),
  doc: "The rate at the start.",
  required: true,
} as const;
const span = (doc: string) => ({ form: number({ above: 0 }), doc, required: true }) as const;

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
      minimum: {
        form: number({ least: 0, most: 1 }),
        doc: "The share that is left at the end.",
        default: 0,
      },
    },
    ({ initial, ...options }) => cosineDecay(initial, options),
  ),
  warmup: row(
    "Rises evenly to the rate that follows.",
    {
      steps: span("Steps of the rise."),
      after: {
        form: either(
          number({ least: 0 }),
          choice("schedule", () => schedules),
        ),
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
