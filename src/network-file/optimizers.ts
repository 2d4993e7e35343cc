import { isRecord } from "../core/kinds.ts";
import { adagrad, adam, adamW, rmsprop } from "../optim/adaptive.ts";
import type { CommonOptions, Optimizer } from "../optim/optimizer.ts";
import {
  cosineDecay,
  exponentialDecay,
  type Schedule,
  stepDecay,
  toSchedule,
  warmup,
} from "../optim/schedules.ts";
import { sgd } from "../optim/sgd.ts";
import {
  asRead,
  type Builder,
  built,
  type Chosen,
  choice,
  either,
  type Fields,
  flag,
  number,
  type OptionsOf,
  type PyTorchText,
  record,
  row,
  type ValueOf,
} from "./form.ts";

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

const toRate = (given: number | Chosen): number | Schedule =>
  typeof given === "number" || !isRecord(given) || !Object.hasOwn(schedules, given.name)
    ? toSchedule(given as number)
    : built(schedules, given, undefined);

const common = (usual: number) =>
  record({
    learningRate: {
      form: either(
        number({ least: 0 }),
        choice("schedule", () => schedules),
      ),
      doc: "η: a number, or a schedule.",
      default: usual,
    },
    clipValue: {
      form: number({ least: 0 }),
      doc: "Every entry of the gradient is cut to ± this.",
      otherwise: "not cut",
    },
    clipNorm: {
      form: number({ least: 0 }),
      doc: "All gradients together are scaled down to this length.",
      otherwise: "not scaled",
    },
  });

type Common = ValueOf<ReturnType<typeof common>>;

const share = (doc: string, usual: number) =>
  ({ form: number({ least: 0, most: 1 }), doc, default: usual }) as const;
const small = (doc: string, usual: number) =>
  ({ form: number({ least: 0 }), doc, default: usual }) as const;

/** An optimizer that a network file may name. */
export interface OptimizerRow extends Builder<Optimizer> {
  /** The call in a PyTorch script, where `trained` are the parameters and LR is the rate. */
  readonly pytorch?: (options: Chosen["options"]) => PyTorchText;
}

/** A row whose options are those of the library's function, except for the schedule. */
function optimizer<const F extends Fields>(
  doc: string,
  make: (options: OptionsOf<F> & CommonOptions) => Optimizer,
  usual: number,
  fields: F,
  pytorch?: (options: OptionsOf<F>) => PyTorchText,
): OptimizerRow {
  const shared = common(usual);
  const own: { readonly kind: "record"; readonly fields: F } = record(fields);
  return {
    doc,
    form: record({ ...shared.fields, ...fields }),
    build(options) {
      const rate = toRate(asRead(shared, options).learningRate);
      const rest: OptionsOf<F> = asRead(own, options);
      return make(Object.assign({}, rest, { learningRate: rate }));
    },
    ...(pytorch
      ? { pytorch: (options) => unsaid(asRead(shared, options)) ?? pytorch(asRead(own, options)) }
      : {}),
  };
}

/** What of the options that all have in common a PyTorch script cannot say. */
const unsaid = (common: Common): PyTorchText | undefined =>
  typeof common.learningRate !== "number"
    ? { cannot: "a schedule of the learning rate" }
    : common.clipValue !== undefined || common.clipNorm !== undefined
      ? { cannot: "clipping" }
      : undefined;

const flagOf = (v: boolean): string => (v ? "True" : "False");
const decay = (o: { readonly weightDecay: number }): string => `weight_decay=${o.weightDecay}`;

const adamFields = (weightDecay: number) => ({
  beta1: share("β₁, the decay of the mean gradient.", 0.9),
  beta2: share("β₂, the decay of the mean squared gradient.", 0.999),
  epsilon: small("ε, added to the root.", 1e-8),
  weightDecay: small("λ.", weightDecay),
  amsgrad: { form: flag, doc: "Use the largest mean square so far.", default: false },
});
const moments = (o: OptionsOf<ReturnType<typeof adamFields>>): string =>
  `trained, lr=LR, betas=(${o.beta1}, ${o.beta2}), eps=${o.epsilon}, ` +
  `${decay(o)}, amsgrad=${flagOf(o.amsgrad)}`;

/** Every optimizer that a network file may name. */
export const optimizers: Readonly<Record<string, OptimizerRow>> = {
  sgd: optimizer(
    "θ ← θ − ηg, with momentum if wanted.",
    sgd,
    0.01,
    {
      momentum: small("μ.", 0),
      dampening: small("The share of the gradient that does not enter the momentum.", 0),
      nesterov: { form: flag, doc: "Look ahead along the momentum.", default: false },
      weightDecay: small("λ of an added ½λ‖θ‖².", 0),
    },
    (o) =>
      `SGD(trained, lr=LR, momentum=${o.momentum}, dampening=${o.dampening}, ` +
      `nesterov=${flagOf(o.nesterov)}, ${decay(o)})`,
  ),
  adam: optimizer(
    "Steps divided by the root of the mean squared gradient.",
    adam,
    1e-3,
    adamFields(0),
    (o) => `Adam(${moments(o)})`,
  ),
  adamW: optimizer(
    "adam with parameters that shrink by ηλθ.",
    adamW,
    1e-3,
    adamFields(0.01),
    (o) => `AdamW(${moments(o)})`,
  ),
  rmsprop: optimizer(
    "θ ← θ − ηg/(√v + ε), v being the mean squared gradient.",
    rmsprop,
    0.01,
    {
      decay: share("ρ, the decay of the mean squared gradient.", 0.99),
      epsilon: small("ε.", 1e-8),
      momentum: small("μ.", 0),
      centered: { form: flag, doc: "Divide by the standard deviation.", default: false },
      weightDecay: small("λ of an added ½λ‖θ‖².", 0),
    },
    (o) =>
      `RMSprop(trained, lr=LR, alpha=${o.decay}, eps=${o.epsilon}, momentum=${o.momentum}, ` +
      `centered=${flagOf(o.centered)}, ${decay(o)})`,
  ),
  adagrad: optimizer(
    "θ ← θ − ηg/(√s + ε), s being the sum of squares.",
    adagrad,
    0.01,
    {
      learningRateDecay: small("η at step k is divided by 1 + k times this.", 0),
      initialAccumulator: small("The sum of squares before the first step.", 0),
      epsilon: small("ε.", 1e-10),
      weightDecay: small("λ of an added ½λ‖θ‖².", 0),
    },
    (o) =>
      `Adagrad(trained, lr=LR, lr_decay=${o.learningRateDecay}, eps=${o.epsilon}, ` +
      `initial_accumulator_value=${o.initialAccumulator}, ${decay(o)})`,
  ),
};
