import { exp } from "../core/elementary/scalar.ts";
import type { Tensor } from "../core/tensor.ts";
import * as nn from "../nn/losses.ts";
import { reshape, stretch } from "../ops/move.ts";
import { combinedRow } from "./combined-row.ts";
import {
  type Chosen,
  either,
  type Form,
  flag,
  map,
  number,
  numbers,
  rowOf,
  whole,
  word,
} from "./form.ts";
import { type LossComplaint, type LossRow, lossRow } from "./loss-row.ts";

/** When the loss is made, names have become numbers: class-weights.ts. */
type AsNumbers = { readonly kind: "numbers"; readonly depths: readonly [1] };
const asNumbers = (form: Form) => form as AsNumbers;
const classWeights = {
  form: asNumbers(either(numbers(1), word("balanced"), map(number({ least: 0 })))),
  doc:
    "The weight of each class: a list in the order of the classes, weights by their names, or " +
    "balanced: such that each class counts alike. The mean divides by the weights of the labels in the batch, so that " +
    "with a batchSize of 1 they change nothing; with the reduction batchMean it divides by the " +
    "number of examples.",
  otherwise: "all the same",
};
const ignoreIndex = {
  form: whole(Number.MIN_SAFE_INTEGER),
  doc: "Places with this label have no part in the loss, nor in the accuracy.",
  otherwise: "every place has a label",
};
const margin = (doc: string, usual: number) => ({
  form: number({ least: 0 }),
  doc,
  default: usual,
});
const full = {
  form: flag,
  doc: "Whether what no weight changes is added, too.",
  default: false,
};

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

/** Twice as many outputs as targets. */
const twice = {
  outputsFor: (targets: number) => 2 * targets,
};

/** The two halves of an example's outputs, along its first axis: [n, features] each. */
function halves(output: Tensor): [first: Tensor, second: Tensor] {
  const [n = 1, width = 0] = output.shape;
  const rows = (x: Tensor) => reshape(x, [n, x.size / n]);
  return [rows(stretch(output, 1, 0, width / 2)), rows(stretch(output, 1, width / 2, width))];
}
const inHalves = { takes: "a, b, t", before: "a, b = o.flatten(1).chunk(2, 1)" };

/** Every loss that a network file may name. */
export const losses: Readonly<Record<string, LossRow>> = {
  halfSquaredError: lossRow(
    "E = Σ ½(t − o)².",
    nn.halfSquaredError,
    {},
    { terms: "0.5 * (o - t) ** 2" },
  ),
  meanSquaredError: lossRow(
    "E = mean (o − t)².",
    nn.meanSquaredError,
    {},
    { terms: "(o - t) ** 2" },
  ),
  meanAbsoluteError: lossRow(
    "E = mean |o − t|.",
    nn.meanAbsoluteError,
    {},
    { terms: "(o - t).abs()" },
  ),
  huber: lossRow(
    "E = mean of ½d² where |d| ≤ δ, else δ(|d| − ½δ), d = o − t.",
    nn.huber,
    { delta: { form: number({ above: 0 }), doc: "δ.", default: 1 } },
    { terms: { call: "F.huber_loss", options: { delta: "delta" } }, byNumber: true },
  ),
  smoothL1: lossRow(
    "E = mean of ½d²/β where |d| < β, else |d| − ½β, d = o − t.",
    nn.smoothL1,
    { beta: { form: number({ least: 0 }), doc: "β; 0 makes it |d|.", default: 1 } },
    { terms: { call: "F.smooth_l1_loss", options: { beta: "beta" } } },
  ),
  poissonNegativeLogLikelihood: lossRow(
    "E = mean of λ − t ln λ for counts t with the mean λ.",
    nn.poissonNegativeLogLikelihood,
    {
      logInput: { form: flag, doc: "Whether outputs are ln λ, not λ.", default: true },
      full,
      epsilon: {
        form: number({ least: 0 }),
        doc: "Added to λ under the logarithm, without logInput.",
        default: 1e-8,
      },
    },
    {
      terms: {
        call: "F.poisson_nll_loss",
        options: { logInput: "log_input", full: "full", epsilon: "eps" },
      },
    },
  ),
  gaussianNegativeLogLikelihood: lossRow(
    "E = mean of ½(ln σ² + (m − t)²/σ²); outputs are the means m of all targets, then all ln σ².",
    nn.gaussianNegativeLogLikelihood,
    {
      full,
      epsilon: { form: number({ above: 0 }), doc: "σ² is this at least.", default: 1e-6 },
      variance: {
        form: number({ least: 0 }),
        doc: "σ², where it is known: the outputs are the means alone.",
        otherwise: "outputs say it",
      },
    },
    {
      ...twice,
      resolved: (row, { variance }) =>
        variance === undefined ? row : { ...row, outputsFor: (targets) => targets },
      terms: ({ full, epsilon, variance }) => {
        const rest = `full=${full ? "True" : "False"}, eps=${epsilon}, reduction="none"`;
        // The slope of ln σ² is not cut where σ² is; PyTorch's function does not cut that of σ².
        const logs = "o.chunk(2, -1)[1]";
        const least = `${logs}.clamp(min=torch.tensor(${epsilon}).log())`;
        return variance === undefined
          ? `F.gaussian_nll_loss(o.chunk(2, -1)[0], t, (${logs} + (${least} - ${logs}).detach()).exp(), ${rest})`
          : `F.gaussian_nll_loss(o, t, torch.full_like(o, ${variance}), ${rest})`;
      },
    },
  ),
  crossEntropy: lossRow(
    "E = mean of −ln softmax(o)_class; outputs are logits, one for each class.",
    nn.crossEntropy,
    {
      labelSmoothing: {
        form: number({ least: 0, most: 1 }),
        doc: "ε: the target becomes (1 − ε)·target + ε/classes.",
        default: 0,
      },
      classWeights,
      ignoreIndex,
    },
    {
      targets: "labels",
      distributions: true,
      rows: true,
      probabilities: softmax,
      terms: {
        call: "F.cross_entropy",
        options: {
          labelSmoothing: "label_smoothing",
          classWeights: "weight",
          ignoreIndex: "ignore_index",
        },
      },
    },
  ),
  negativeLogLikelihood: lossRow(
    "E = mean of −o_class; outputs are log-probabilities, as logSoftmax makes them.",
    nn.negativeLogLikelihood,
    { classWeights, ignoreIndex },
    {
      targets: "labels",
      rows: true,
      probabilities: (o) => asProbabilities(o.map(exp), true),
      terms: {
        call: "F.nll_loss",
        options: { classWeights: "weight", ignoreIndex: "ignore_index" },
      },
    },
  ),
  binaryCrossEntropy: lossRow(
    "E = mean of −t ln p − (1 − t) ln(1 − p); outputs are probabilities.",
    nn.binaryCrossEntropy,
    {},
    {
      probabilities: (p) => asProbabilities(p, false),
      terms: { call: "F.binary_cross_entropy", options: {} },
      byNumber: true,
    },
  ),
  binaryCrossEntropyWithLogits: lossRow(
    "The same for logits z, p = σ(z).",
    nn.binaryCrossEntropyWithLogits,
    {
      positiveWeight: {
        form: numbers(0, 1),
        doc: "Above 1, missing a yes costs more; a list has one for each output.",
        default: 1,
      },
    },
    {
      probabilities: (z) => z.map(sigmoid),
      terms: {
        call: "F.binary_cross_entropy_with_logits",
        options: { positiveWeight: "pos_weight" },
      },
      byNumber: true,
    },
  ),
  focal: lossRow(
    "E = mean of −α_t(1 − p_t)^γ ln p_t for logits: what is sure and right counts less.",
    nn.focal,
    {
      gamma: { form: number({ least: 0 }), doc: "γ; 0 makes it the cross-entropy.", default: 2 },
      alpha: {
        form: either(number({ least: 0, most: 1 }), word(false)),
        doc: "The weight of a yes, that of a no being the rest to 1; false: none.",
        default: 0.25,
      },
    },
    {
      probabilities: (z) => z.map(sigmoid),
      terms: ({ gamma, alpha }) => {
        const missed = "(torch.sigmoid(-o) * t + torch.sigmoid(o) * (1 - t))";
        const each = alpha === false ? "" : ` * (${alpha} * t + (1 - ${alpha}) * (1 - t))`;
        const entropy = 'F.binary_cross_entropy_with_logits(o, t, reduction="none")';
        return `${entropy} * ${missed} ** ${gamma}${each}`;
      },
    },
  ),
  klDivergence: lossRow(
    "E = mean of t(ln t − o) for log-probabilities o.",
    nn.klDivergence,
    { logTarget: { form: flag, doc: "Whether targets are logarithms, too.", default: false } },
    { terms: { call: "F.kl_div", options: { logTarget: "log_target" } } },
  ),
  hinge: lossRow(
    "E = mean of max(0, 1 − t·o) for targets −1 and 1.",
    nn.hinge,
    {},
    { targets: "signs", terms: "torch.clamp(1 - t * o, min=0)" },
  ),
  softMargin: lossRow(
    "E = mean of ln(1 + e^(−t·o)) for targets −1 and 1.",
    nn.softMargin,
    {},
    {
      targets: "signs",
      probabilities: (z) => z.map(sigmoid),
      terms: { call: "F.soft_margin_loss", options: {} },
    },
  ),
  hingeEmbedding: lossRow(
    "E = mean of o where t is 1, and of max(0, margin − o) where it is −1; outputs are distances.",
    nn.hingeEmbedding,
    { margin: margin("How far apart others are to be.", 1) },
    { targets: "signs", terms: { call: "F.hinge_embedding_loss", options: { margin: "margin" } } },
  ),
  multiMargin: lossRow(
    "E = mean of Σ max(0, margin − o_class + o_c)^p/classes over the other classes c.",
    nn.multiMargin,
    {
      margin: margin("How far the right output must be ahead.", 1),
      p: { form: whole(1, 2), doc: "The power of what is missing.", default: 1 },
      classWeights: {
        form: numbers(1),
        doc: "The weight of each class; the mean divides by the number of examples.",
        otherwise: "all the same",
      },
    },
    {
      targets: "labels",
      rows: true,
      terms: {
        call: "F.multi_margin_loss",
        options: { margin: "margin", p: "p", classWeights: "weight" },
      },
    },
  ),
  multiLabelSoftMargin: lossRow(
    "E = mean of −t_c ln σ(o_c) − (1 − t_c) ln(1 − σ(o_c)) over the classes, then the examples.",
    nn.multiLabelSoftMargin,
    {
      classWeights: {
        form: numbers(1),
        doc: "The weight of each class within an example.",
        otherwise: "all the same",
      },
    },
    {
      rows: true,
      probabilities: (z) => z.map(sigmoid),
      terms: { call: "F.multilabel_soft_margin_loss", options: { classWeights: "weight" } },
    },
  ),
  multiLabelMargin: lossRow(
    "E = mean of ΣΣ max(0, 1 − o_y + o_c)/classes over the right classes y and the others c.",
    nn.multiLabelMargin,
    {},
    {
      rows: true,
      terms:
        "(torch.clamp(1 - o[..., :, None] + o[..., None, :], min=0) * t[..., :, None]" +
        " * (t == 0)[..., None, :]).sum((-2, -1)) / o.shape[-1]",
    },
  ),
  ctc: lossRow(
    "E = mean of −ln p(labels)/labels over all ways to write the labels with blanks; outputs are " +
      "log-probabilities of the classes at each step, as logSoftmax makes them.",
    nn.ctc,
    {
      blank: { form: whole(0), doc: "The place of the class that is no label.", default: 0 },
      zeroInfinity: {
        form: flag,
        doc: "Whether a sequence too short for its labels costs 0 in the place of ∞.",
        default: false,
      },
    },
    {
      targets: "labels",
      rows: true,
      terms: ({ blank, zeroInfinity }, reduction) => {
        const sizes = "torch.full((len(o),), o.shape[1]), (t >= 0).sum(1)";
        const rest = `${blank}, "none", ${zeroInfinity ? "True" : "False"}`;
        const each = reduction === "mean" ? " / (t >= 0).sum(1).clamp(min=1)" : "";
        return `F.ctc_loss(o.transpose(0, 1), t.clamp(min=0), ${sizes}, ${rest})${each}`;
      },
    },
  ),
  marginRanking: lossRow(
    "E = mean of max(0, margin − t(a − b)); outputs are the scores a, then as many b.",
    (output, target, options) => nn.marginRanking(...halves(output), target, options),
    { margin: margin("By how much one is to be ahead.", 0) },
    {
      ...twice,
      targets: "signs",
      terms: { call: "F.margin_ranking_loss", options: { margin: "margin" }, ...inHalves },
    },
  ),
  cosineEmbedding: lossRow(
    "E = mean of 1 − cos(a, b) where t is 1, and of max(0, cos(a, b) − margin) where it is −1; " +
      "outputs are the vector a, then as many numbers for b.",
    (output, target, options) =>
      nn.cosineEmbedding(...halves(output), reshape(target, [target.size]), options),
    {
      margin: { form: number({ least: -1, most: 1 }), doc: "The cosine of others.", default: 0 },
    },
    {
      rows: true,
      targets: "signs",
      outputsFor: () => 2,
      fits: (outputs, targets) => targets === 1 && outputs % 2 === 0,
      terms: {
        call: "F.cosine_embedding_loss",
        options: { margin: "margin" },
        ...inHalves,
        takes: "a, b, t.flatten()",
      },
    },
  ),
  combinedLoss: combinedRow(() => losses),
};

/** The row of a loss with its options: a loss of several parts is as they are. */
export function resolvedLoss({ name, options }: Chosen): LossRow {
  const row = rowOf(losses, name);
  return row.resolved?.(options) ?? row;
}

/** What in a loss's options is at odds. */
export const lossProblems = ({ name, options }: Chosen): readonly LossComplaint[] =>
  rowOf(losses, name).check?.(options) ?? [];
