/** The optimizers that a network file may name. */
import { adadelta, adagrad, adam, adamW, rmsprop } from "../optim/adaptive.ts";
import { parameterGroups } from "../optim/groups.ts";
import { adamax, nadam, radam } from "../optim/moments.ts";
import { muon } from "../optim/muon.ts";
import type { CommonOptions, Optimizer } from "../optim/optimizer.ts";
import type { Schedule } from "../optim/schedules.ts";
import { asgd, sgd } from "../optim/sgd.ts";
import { lion, rprop } from "../optim/signs.ts";
import {
  asRead,
  type Builder,
  built,
  type Chosen,
  choice,
  either,
  type Fields,
  flag,
  list,
  number,
  numbers,
  type OptionsOf,
  type PyTorchText,
  record,
  text,
  type ValueOf,
  whole,
  word,
} from "./form.ts";
import { schedules, toRate } from "./schedules.ts";

const clipValue = {
  form: number({ least: 0 }),
  doc: "Every entry of the gradient is cut to ± this.",
  otherwise: "not cut",
} as const;
const clipNorm = {
  form: number({ least: 0 }),
  doc: "All gradients together are scaled down to this length.",
  otherwise: "not scaled",
} as const;

const clipNormOrder = {
  form: number({ least: 1, infinite: true }),
  doc: "p of that length, (Σ |g|^p)^(1/p); .inf for the largest |g|.",
  otherwise: "2",
} as const;

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
    clipValue,
    clipNorm,
    clipNormOrder,
    accumulate: {
      form: whole(),
      doc: "Steps for one update, by the mean of their gradients.",
      otherwise: "1",
    },
    averageDecay: {
      form: number({ least: 0, below: 1 }),
      doc: "β of a moving average of the parameters, kept beside them.",
      otherwise: "no average",
    },
    maximize: { form: flag, doc: "Climb: the gradient's sign is turned.", otherwise: "descend" },
  });

type Common = ValueOf<ReturnType<typeof common>>;

const share = (doc: string, usual: number) =>
  ({ form: number({ least: 0, below: 1 }), doc, default: usual }) as const;
const option = (doc: string, usual = false) => ({ form: flag, doc, default: usual }) as const;
const small = (doc: string, usual: number) =>
  ({ form: number({ least: 0 }), doc, default: usual }) as const;

/** An optimizer that a network file may name. */
export interface OptimizerRow extends Builder<Optimizer> {
  /** The call in a PyTorch script, where `trained` are the parameters and LR is the rate. */
  readonly pytorch?: (options: Chosen["options"]) => PyTorchText;
}

/** The options that may have a schedule. */
const momenta: readonly string[] = ["momentum", "beta1"];
/** Options with their schedules built. */
type Made<O> = { [N in keyof O]: Chosen extends O[N] ? Exclude<O[N], Chosen> | Schedule : O[N] };

/** A row whose options are those of the library's function, except for the schedule. */
function optimizer<const F extends Fields>(
  doc: string,
  make: (options: Made<OptionsOf<F>> & CommonOptions) => Optimizer,
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
      const rest = Object.entries(asRead(own, options)).map(([name, value]) => [
        name,
        momenta.includes(name) ? toRate(value as number | Chosen) : value,
      ]);
      const made = Object.fromEntries(rest) as Made<OptionsOf<F>>;
      return make(Object.assign({}, made, { learningRate: rate }));
    },
    ...(pytorch
      ? {
          pytorch(options) {
            const all = asRead(shared, options);
            const call = unsaid(all) ?? pytorch(asRead(own, options));
            if (typeof call !== "string" || !all.maximize) return call;
            return `${call.slice(0, -1)}, maximize=True)`;
          },
        }
      : {}),
  };
}

/** What of the options that all have in common a PyTorch script cannot say. */
const unsaid = (common: Common): PyTorchText | undefined =>
  typeof common.learningRate !== "number"
    ? { cannot: "a schedule of the learning rate" }
    : common.clipValue !== undefined || common.clipNorm !== undefined
      ? { cannot: "clipping" }
      : (common.accumulate ?? 1) !== 1
        ? { cannot: "accumulated gradients" }
        : common.averageDecay !== undefined
          ? { cannot: "a moving average of the parameters" }
          : undefined;

const flagOf = (v: boolean): string => (v ? "True" : "False");
const decay = (o: { readonly weightDecay: number }): string => `weight_decay=${o.weightDecay}`;

/** A momentum may have a schedule, which PyTorch's optimizers know nothing of. */
const momentum = (doc: string, usual: number, bound: { least: 0; below?: number }) =>
  ({
    form: either(
      number(bound),
      choice("schedule", () => schedules),
    ),
    doc,
    default: usual,
  }) as const;
const below1 = { least: 0, below: 1 } as const;
const scheduled: PyTorchText = { cannot: "a schedule of the momentum" };

const betas = {
  beta1: share("β₁, the decay of the mean gradient.", 0.9),
  beta2: share("β₂, the decay of the mean squared gradient.", 0.999),
  epsilon: small("ε, added to the root.", 1e-8),
};
const added = small("λ of an added ½λ‖θ‖².", 0);
const decoupled = option("θ shrinks by ηλθ in place of the added ½λ‖θ‖².");
const adamFields = (weightDecay: number) => ({
  ...betas,
  beta1: momentum("β₁, the decay of the mean gradient: a number, or a schedule.", 0.9, below1),
  weightDecay: small("λ.", weightDecay),
  amsgrad: option("Use the largest mean square so far."),
  epsilonBeforeCorrection: option("ε is added before the root is corrected, as in Keras."),
  epsilonInsideRoot: option("ε is added to what the root is taken of, as optax's eps_root."),
});
type Betas = { readonly beta1: unknown } & Readonly<
  Record<"beta2" | "epsilon" | "weightDecay", number>
>;
const withBetas = (o: Betas): string =>
  `trained, lr=LR, betas=(${o.beta1}, ${o.beta2}), eps=${o.epsilon}, ${decay(o)}`;

/** PyTorch has one place for ε in each of its optimizers. */
const elsewhere: PyTorchText = { cannot: "another place for the optimizer's ε" };
const adamCall = (name: string, o: OptionsOf<ReturnType<typeof adamFields>>): PyTorchText =>
  o.epsilonBeforeCorrection || o.epsilonInsideRoot
    ? elsewhere
    : typeof o.beta1 !== "number"
      ? scheduled
      : `${name}(${withBetas(o)}, amsgrad=${flagOf(o.amsgrad)})`;

type Three = readonly [number, number, number];

const groupsForm = record({
  groups: {
    form: list(
      record({
        names: {
          form: text("a name, with * for anything"),
          doc: "Which parameters, such as *.bias or 0.*.",
          otherwise: "every name",
        },
        rank: { form: whole(0), doc: "Only those with so many axes.", otherwise: "any" },
        optimizer: {
          form: choice("optimizer", () => optimizers),
          doc: "What changes them.",
          otherwise: "they are frozen",
        },
        frozen: { form: flag, doc: "They stay as they are.", otherwise: "false" },
      }),
      1,
    ),
    doc: "The groups.",
    required: true,
  },
  clipValue,
  clipNorm,
  clipNormOrder,
});

/** Every optimizer that a network file may name. */
export const optimizers: Readonly<Record<string, OptimizerRow>> = {
  sgd: optimizer(
    "θ ← θ − ηg, with momentum if wanted.",
    sgd,
    0.01,
    {
      momentum: momentum("μ: a number, or a schedule.", 0, { least: 0 }),
      dampening: small("The share of the gradient that does not enter the momentum.", 0),
      nesterov: option("Look ahead along the momentum."),
      weightDecay: added,
    },
    (o) =>
      typeof o.momentum !== "number"
        ? scheduled
        : `SGD(trained, lr=LR, momentum=${o.momentum}, dampening=${o.dampening}, ` +
          `nesterov=${flagOf(o.nesterov)}, ${decay(o)})`,
  ),
  adam: optimizer(
    "Steps divided by the root of the mean squared gradient.",
    adam,
    1e-3,
    adamFields(0),
    (o) => adamCall("Adam", o),
  ),
  adamW: optimizer("adam with parameters that shrink by ηλθ.", adamW, 1e-3, adamFields(0.01), (o) =>
    adamCall("AdamW", o),
  ),
  rmsprop: optimizer(
    "θ ← θ − ηg/(√v + ε), v being the mean squared gradient.",
    rmsprop,
    0.01,
    {
      decay: share("ρ, the decay of the mean squared gradient.", 0.99),
      epsilon: small("ε.", 1e-8),
      momentum: momentum("μ: a number, or a schedule.", 0, { least: 0 }),
      centered: option("Divide by the standard deviation."),
      weightDecay: added,
      epsilonInsideRoot: option("√(v + ε) in the place of √v + ε, as in Keras and optax."),
      initialAccumulator: small("The mean square before the first step.", 0),
    },
    (o) =>
      o.epsilonInsideRoot
        ? elsewhere
        : o.initialAccumulator !== 0
          ? { cannot: "a mean square before the first step" }
          : typeof o.momentum !== "number"
            ? scheduled
            : `RMSprop(trained, lr=LR, alpha=${o.decay}, eps=${o.epsilon}, momentum=${o.momentum}, ` +
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
      weightDecay: added,
      epsilonInsideRoot: option("√(s + ε) in the place of √s + ε, as in Keras and optax."),
    },
    (o) =>
      o.epsilonInsideRoot
        ? elsewhere
        : `Adagrad(trained, lr=LR, lr_decay=${o.learningRateDecay}, eps=${o.epsilon}, ` +
          `initial_accumulator_value=${o.initialAccumulator}, ${decay(o)})`,
  ),
  adadelta: optimizer(
    "Steps in the parameter's unit: g times the root of the mean squared step over that of g.",
    adadelta,
    1,
    {
      decay: share("ρ, the decay of both means.", 0.9),
      epsilon: small("ε, inside of both roots.", 1e-6),
      weightDecay: added,
    },
    (o) => `Adadelta(trained, lr=LR, rho=${o.decay}, eps=${o.epsilon}, ${decay(o)})`,
  ),
  adamax: optimizer(
    "adam with the largest gradient, fading, in place of the root.",
    adamax,
    2e-3,
    {
      ...betas,
      weightDecay: added,
      epsilonOutsideMaximum: option("ε is added to the maximum, not within it, as in Keras."),
    },
    (o) => (o.epsilonOutsideMaximum ? elsewhere : `Adamax(${withBetas(o)})`),
  ),
  nadam: optimizer(
    "adam with Nesterov's momentum.",
    nadam,
    2e-3,
    {
      ...betas,
      weightDecay: added,
      momentumDecay: small("ψ: how slowly the momentum rises from β₁/2; Keras has 1.", 4e-3),
      constantMomentum: option("The momentum is β₁ from the first step on, as in optax."),
      decoupledWeightDecay: decoupled,
    },
    (o) =>
      o.constantMomentum
        ? { cannot: "a constant momentum of nadam" }
        : `NAdam(${withBetas(o)}, momentum_decay=${o.momentumDecay}, ` +
          `decoupled_weight_decay=${flagOf(o.decoupledWeightDecay)})`,
  ),
  radam: optimizer(
    "adam whose first steps, before the root can be relied on, are plain.",
    radam,
    1e-3,
    {
      ...betas,
      weightDecay: added,
      decoupledWeightDecay: decoupled,
      epsilonBeforeCorrection: option(
        "ε is added before the root is corrected, as in PyTorch; false as in optax.",
        true,
      ),
    },
    (o) =>
      o.epsilonBeforeCorrection
        ? `RAdam(${withBetas(o)}, decoupled_weight_decay=${flagOf(o.decoupledWeightDecay)})`
        : elsewhere,
  ),
  asgd: optimizer(
    "θ ← (1 − ηλ)θ − ηg with η that falls, and the mean of θ beside it.",
    asgd,
    0.01,
    {
      decay: small("λ.", 1e-4),
      power: small("α: η at step k is divided by (1 + ληk)^α.", 0.75),
      averageFrom: small("The step from which θ is averaged.", 1e6),
      weightDecay: added,
    },
    (o) =>
      `ASGD(trained, lr=LR, lambd=${o.decay}, alpha=${o.power}, t0=${o.averageFrom}, ${decay(o)})`,
  ),
  rprop: optimizer(
    "Steps whose size follows from the gradient's sign, entry by entry; for whole batches.",
    rprop,
    0.01,
    {
      decrease: share("The factor where a gradient has turned.", 0.5),
      increase: { form: number({ above: 1 }), doc: "The factor where it has not.", default: 1.2 },
      smallestStep: small("The smallest step.", 1e-6),
      largestStep: small("The largest step.", 50),
    },
    (o) =>
      `Rprop(trained, lr=LR, etas=(${o.decrease}, ${o.increase}), ` +
      `step_sizes=(${o.smallestStep}, ${o.largestStep}))`,
  ),
  lion: optimizer("θ ← θ − η·sign(β₁m + (1 − β₁)g).", lion, 1e-4, {
    beta1: share("β₁, the share of the past in the direction.", 0.9),
    beta2: share("β₂, the share of the past in the memory.", 0.99),
    weightDecay: small("λ: θ shrinks by ηλθ.", 0),
  }),
  muon: optimizer(
    "Steps along an orthogonal matrix; for matrices alone, the others in parameterGroups.",
    // That there are three, the library says.
    (o) => muon({ ...o, coefficients: o.coefficients as Three }),
    1e-3,
    {
      momentum: share("μ, the decay of the mean gradient.", 0.95),
      nesterov: option("Look ahead along the mean.", true),
      weightDecay: small("λ: θ shrinks by ηλθ.", 0.1),
      epsilon: small("The least norm that a matrix is divided by.", 1e-7),
      coefficients: {
        form: numbers(1),
        doc: "a, b, c of their polynomial.",
        default: [3.4445, -4.775, 2.0315],
      },
      iterations: {
        form: whole(1, 99),
        doc: "Steps of Newton's and Schulz's iteration.",
        default: 5,
      },
      scale: {
        form: word("original", "adamW"),
        doc: "η times √max(1, rows/columns), or times 0.2·√max(rows, columns).",
        default: "original",
      },
    },
    (o) =>
      `Muon(trained, lr=LR, momentum=${o.momentum}, nesterov=${flagOf(o.nesterov)}, ` +
      `${decay(o)}, ns_coefficients=(${o.coefficients.join(", ")}), eps=${o.epsilon}, ns_steps=${o.iterations}, ` +
      `adjust_lr_fn="${o.scale === "adamW" ? "match_rms_adamw" : "original"}")`,
  ),
  parameterGroups: {
    doc: "An optimizer for each group of parameters: the first group that fits.",
    form: groupsForm,
    build(given) {
      const { groups, ...clipping } = asRead(groupsForm, given);
      return parameterGroups(
        groups.map(({ optimizer: chosen, ...group }) => ({
          ...group,
          ...(chosen ? { optimizer: built(optimizers, chosen, undefined) } : {}),
        })),
        clipping,
      );
    },
    pytorch: () => ({ cannot: "groups of parameters" }),
  },
};
