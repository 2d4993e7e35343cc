import { exp } from "../core/elementary/scalar.ts";
import type { Tensor } from "../core/tensor.ts";
import * as nn from "../nn/losses.ts";
import {
  asRead,
  type Builder,
  type Chosen,
  type Field,
  type Fields,
  number,
  numbers,
  type OptionsOf,
  type PyTorchText,
  record,
  word,
} from "./form.ts";

/** What a loss expects of its targets, and what the outputs then mean. */
export interface LossRow extends Builder<nn.Loss> {
  /** Labels 0, 1, 2 …; numbers; or numbers that are −1 and 1 where they say no and yes. */
  readonly targets: "labels" | "numbers" | "signs";
  /** In the place of labels it takes a number for each class, too: how likely it is to be right. */
  readonly distributions?: boolean;
  /** Outputs as probabilities, where they stand for such; undefined for outputs that do not. */
  readonly probabilities?: (outputs: readonly number[]) => readonly number[] | undefined;
  /** The body of a function in a PyTorch script: the error of outputs o and targets t. */
  readonly pytorch?: (options: Chosen["options"]) => PyTorchText;
}

const reduction = (usual: "mean" | "sum") => ({
  form: word("mean", "sum", "batchMean"),
  doc: "How the errors become one: mean, sum, or the sum per example averaged over the examples.",
  default: usual,
});
const weights = {
  form: numbers(0, 1),
  doc: "Factor of every error, or a list with one for each output.",
  default: 1,
};
const classWeights = {
  form: numbers(1),
  doc:
    "The weight of each class. The mean divides by the weights of the labels in the batch, so that " +
    "with a batchSize of 1 they change nothing; with the reduction batchMean it divides by the " +
    "number of examples.",
  otherwise: "all the same",
};

interface Rest extends Pick<LossRow, "probabilities" | "distributions"> {
  readonly targets?: LossRow["targets"];
  /** The errors of all outputs in a PyTorch script, where the options are as usual. */
  readonly terms?: string;
}

/** A row whose options are those of the library's function; its marks follow the options. */
function loss<const F extends Fields & { readonly reduction: Field }>(
  doc: string,
  f: nn.Loss & ((output: Tensor, target: Tensor, options: OptionsOf<F>) => Tensor),
  fields: F,
  { terms, ...rest }: Rest = {},
): LossRow {
  const form: { readonly kind: "record"; readonly fields: F } = record(fields);
  return {
    doc,
    form,
    targets: "numbers",
    build(given) {
      const options = asRead(form, given);
      const chosen = (output: Tensor, target: Tensor) => f(output, target, options);
      return Object.assign(chosen, f, { adds: asRead(reduced, given).reduction === "sum" });
    },
    ...(terms === undefined ? {} : { pytorch: (given) => scriptOf(terms, fields, given) }),
    ...rest,
  };
}

/** What all losses have in common. */
const reduced = record({ reduction: reduction("mean") });

/** A loss in a PyTorch script: nothing but the reduction may be other than usual. */
function scriptOf(terms: string, fields: Fields, given: Chosen["options"]): PyTorchText {
  const odd = Object.entries(given).find(
    ([name, value]) => name !== "reduction" && value !== fields[name]?.default,
  );
  if (odd) return { cannot: `${odd[0]} of the loss` };
  const reductions = { mean: "mean()", sum: "sum()", batchMean: "sum() / len(o)" };
  return `terms = ${terms}\nreturn terms.${reductions[asRead(reduced, given).reduction]}`;
}

const sigmoid = (z: number): number => 1 / (1 + exp(-z));

function softmax(z: readonly number[]): number[] {
  const largest = Math.max(...z);
  const powers = z.map((v) => exp(v - largest));
  const total = powers.reduce((sum, v) => sum + v, 0);
  return powers.map((v) => v / total);
}

/** What rounding may add to a probability, in f32 and over many classes. */
const rounding = 1e-3;

/**
 * The numbers, if they can be probabilities; those of all classes make 1 together. What is not
 * finite is given as it is, to be refused.
 */
function asProbabilities(p: readonly number[], together: boolean): readonly number[] | undefined {
  if (!p.every(Number.isFinite)) return p;
  if (p.some((v) => v < -rounding || v > 1 + rounding)) return undefined;
  const total = p.reduce((sum, v) => sum + v, 0);
  if (together && Math.abs(total - 1) > rounding) return undefined;
  return p.map((v) => Math.min(1, Math.max(0, v)));
}

/** Every loss that a network file may name. */
export const losses: Readonly<Record<string, LossRow>> = {
  halfSquaredError: loss(
    "E = Σ ½(t − o)².",
    nn.halfSquaredError,
    { reduction: reduction("sum") },
    { terms: "0.5 * (o - t) ** 2" },
  ),
  meanSquaredError: loss(
    "E = mean (o − t)².",
    nn.meanSquaredError,
    { reduction: reduction("mean") },
    { terms: "(o - t) ** 2" },
  ),
  meanAbsoluteError: loss(
    "E = mean |o − t|.",
    nn.meanAbsoluteError,
    { reduction: reduction("mean") },
    { terms: "(o - t).abs()" },
  ),
  huber: loss("E = mean of ½d² where |d| ≤ δ, else δ(|d| − ½δ), d = o − t.", nn.huber, {
    delta: { form: number({ above: 0 }), doc: "δ.", default: 1 },
    reduction: reduction("mean"),
  }),
  crossEntropy: loss(
    "E = mean of −ln softmax(o)_class; outputs are logits, one for each class.",
    nn.crossEntropy,
    {
      labelSmoothing: {
        form: number({ least: 0, most: 1 }),
        doc: "ε: the target becomes (1 − ε)·target + ε/classes.",
        default: 0,
      },
      classWeights,
      reduction: reduction("mean"),
    },
    {
      targets: "labels",
      distributions: true,
      probabilities: softmax,
      terms: 'F.cross_entropy(o, t, reduction="none")',
    },
  ),
  negativeLogLikelihood: loss(
    "E = mean of −o_class; outputs are log-probabilities, as logSoftmax makes them.",
    nn.negativeLogLikelihood,
    { classWeights, reduction: reduction("mean") },
    {
      targets: "labels",
      probabilities: (o) => asProbabilities(o.map(exp), true),
      terms: 'F.nll_loss(o, t, reduction="none")',
    },
  ),
  binaryCrossEntropy: loss(
    "E = mean of −t ln p − (1 − t) ln(1 − p); outputs are probabilities.",
    nn.binaryCrossEntropy,
    { weights, reduction: reduction("mean") },
    {
      probabilities: (p) => asProbabilities(p, false),
      terms: 'F.binary_cross_entropy(o, t, reduction="none")',
    },
  ),
  binaryCrossEntropyWithLogits: loss(
    "The same for logits z, p = σ(z).",
    nn.binaryCrossEntropyWithLogits,
    {
      weights,
      positiveWeight: {
        form: numbers(0, 1),
        doc: "Above 1, missing a yes costs more; a list has one for each output.",
        default: 1,
      },
      reduction: reduction("mean"),
    },
    {
      probabilities: (z) => z.map(sigmoid),
      terms: 'F.binary_cross_entropy_with_logits(o, t, reduction="none")',
    },
  ),
  klDivergence: loss("E = mean of t(ln t − o) for log-probabilities o.", nn.klDivergence, {
    reduction: reduction("mean"),
  }),
  hinge: loss(
    "E = mean of max(0, 1 − t·o) for targets −1 and 1.",
    nn.hinge,
    { reduction: reduction("mean") },
    { targets: "signs", terms: "torch.clamp(1 - t * o, min=0)" },
  ),
  multiMargin: loss(
    "E = mean of Σ max(0, margin − o_class + o_c)/classes over the other classes c.",
    nn.multiMargin,
    {
      margin: { form: number(), doc: "How far the right output must be ahead.", default: 1 },
      reduction: reduction("mean"),
    },
    { targets: "labels" },
  ),
};
