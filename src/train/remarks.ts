/**
 * Pairs that do not belong together: what the last activation gives, what the loss takes, and what
 * the targets are. Nothing of it is an error, since each part works; but no training gets right
 * what they say together.
 */

import type { TypedArray } from "../core/dtype.ts";
import { exp } from "../core/elementary/scalar.ts";
import type { Dataset } from "../data/dataset.ts";
import type { LossCall, Maker } from "../nn/calls.ts";
import type { Task } from "./task.ts";

/** Something that is probably not meant, and how to correct it. */
export interface Remark {
  readonly message: string;
  readonly fix: string;
}

type Range = readonly [low: number, high: number];

const everything: Range = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
const positive: Range = [0, Number.POSITIVE_INFINITY];
const upFrom = (low: number): Range => [low, Number.POSITIVE_INFINITY];
const option = ({ options }: Maker, name: string, otherwise: number): number =>
  Number(options[name] ?? otherwise);

/** What comes out of a layer or an activation. Of one that is not listed nothing is said. */
const ranges: Readonly<Record<string, Range | ((made: Maker) => Range)>> = {
  linear: everything,
  leakyRelu: everything,
  softmax: [0, 1],
  sigmoid: [0, 1],
  hardsigmoid: [0, 1],
  logSoftmax: [Number.NEGATIVE_INFINITY, 0],
  tanh: [-1, 1],
  softsign: [-1, 1],
  hardtanh: (made) => [option(made, "min", -1), option(made, "max", 1)],
  relu: positive,
  relu6: [0, 6],
  softplus: positive,
  exp: positive,
  elu: (made) => upFrom(-option(made, "alpha", 1)),
  selu: upFrom(-1.7581),
  gelu: upFrom(-0.17),
  geluTanh: upFrom(-0.1701),
  silu: upFrom(-0.2785),
  mish: upFrom(-0.3089),
  hardswish: upFrom(-0.375),
};

/** What a loss takes its outputs for. */
const takes: Readonly<Record<string, "logits" | "probabilities" | "logarithms" | "scores">> = {
  crossEntropy: "logits",
  binaryCrossEntropyWithLogits: "logits",
  binaryCrossEntropy: "probabilities",
  negativeLogLikelihood: "logarithms",
  klDivergence: "logarithms",
  hinge: "scores",
};

/** Losses that bring outputs as close to targets as they can get. */
const distances = ["halfSquaredError", "meanSquaredError", "meanAbsoluteError", "huber"];

/** What the rules look at. */
interface Facts {
  readonly call: LossCall;
  readonly made: Maker;
  /** Undefined where nothing is known of it. */
  readonly range: Range | undefined;
  /** Outputs for each example. */
  readonly width: number;
  /** The least and the largest target, where they are numbers that the loss gets as they are. */
  readonly targets: Range | undefined;
}

type Rule = (facts: Facts) => Remark | undefined;

const num = (x: number): string => String(Number(x.toPrecision(4))).replace("-", "−");
const share = (p: number): string => `${(100 * p).toFixed(0)} %`;
/** "without an activation", "after relu" */
const source = ({ name }: Maker): string =>
  name === "linear" ? "without an activation" : `after ${name}`;

const rules: Readonly<Record<string, Rule>> = {
  /** Of one number, normalizing over classes makes 1. */
  oneClass({ call, made, width }) {
    const over = Number(made.options.axis ?? -1);
    const normalizes = /^(softmax|logSoftmax)$/.test(made.name) && (over === -1 || over === 1);
    if (width !== 1 || !(normalizes || call.loss === "crossEntropy")) return undefined;
    const always = made.name === "logSoftmax" ? "0" : "1";
    return {
      message: normalizes
        ? `${made.name} of a single output is always ${always}: nothing can be learned.`
        : "crossEntropy of a single output is always 0: nothing can be learned.",
      fix: normalizes
        ? `Leave out ${made.name} and take binaryCrossEntropyWithLogits, or make an output for each class.`
        : "Take the loss binaryCrossEntropyWithLogits, or make an output for each class.",
    };
  },
  /** The loss applies softmax or sigmoid itself: before it, either bounds what can be said. */
  bounded({ call, made, range, width }) {
    if (takes[call.loss] !== "logits" || !range) return undefined;
    if (width === 1 && call.loss === "crossEntropy") return undefined;
    const [low, high] = range;
    const own = call.loss === "crossEntropy" ? "softmax" : "sigmoid";
    // Differences decide in softmax, and in sigmoid the sign.
    const oneSided = own === "sigmoid" && (low >= 0 || high <= 0);
    if (!(high - low <= 2 || oneSided)) return undefined;
    const s = (z: number) => 1 / (1 + exp(-z));
    const most =
      own === "sigmoid"
        ? `is always between ${share(s(low))} and ${share(s(high))}`
        : `is never above ${share(1 / (1 + (width - 1) * exp(low - high)))}`;
    const other = own === "softmax" ? "negativeLogLikelihood" : "binaryCrossEntropy";
    const instead =
      made.name === "softmax" && own === "softmax"
        ? `, or make it logSoftmax with the loss ${other}`
        : made.name === "sigmoid" && own === "sigmoid"
          ? `, or take the loss ${other}`
          : "";
    return {
      message:
        `${call.loss} applies ${own} itself. ${capital(source(made))} its inputs lie ` +
        `${between(range)}, and a predicted probability ${most}.`,
      fix: `Leave out ${made.name}${instead}.`,
    };
  },
  /** Logarithms of what is no probability. */
  noProbability({ call, made, range }) {
    if (takes[call.loss] !== "probabilities" || !range) return undefined;
    if (range[0] >= 0 && range[1] <= 1) return undefined;
    return {
      message:
        `${call.loss} takes probabilities. Outputs ${source(made)} can be ` +
        `${range[0] < 0 ? "negative or above 1" : "above 1"}, where its logarithms end.`,
      fix:
        made.name === "linear"
          ? "Put sigmoid last, or better, take the loss binaryCrossEntropyWithLogits."
          : `Put sigmoid in the place of ${made.name}.`,
    };
  },
  /** Numbers in the place of log-probabilities: the loss has no least value. */
  noLogarithm({ call, made, range }) {
    if (takes[call.loss] !== "logarithms" || !range || made.name === "logSoftmax") return undefined;
    const plain = made.name === "linear" || made.name === "leakyRelu";
    const better = call.loss === "negativeLogLikelihood" ? ", or take the loss crossEntropy" : "";
    return {
      message:
        `${call.loss} takes logarithms of probabilities. Outputs ${source(made)} are none` +
        (range[1] === Number.POSITIVE_INFINITY
          ? ": the loss falls for ever, and what is predicted are no probabilities."
          : ": what is predicted are no probabilities."),
      fix: plain
        ? `Put logSoftmax last${better}.`
        : made.name === "softmax"
          ? "Make it logSoftmax."
          : `Put logSoftmax in the place of ${made.name}.`,
    };
  },
  /** Scores of −1 and 1 at least are what the hinge wants. */
  oneSided({ call, made, range }) {
    if (takes[call.loss] !== "scores" || !range) return undefined;
    if (range[0] <= -1 && range[1] >= 1) return undefined;
    return {
      message:
        `${call.loss} wants scores from 1 up for yes and from −1 down for no. ` +
        `Outputs ${source(made)} lie ${between(range)}.`,
      fix: `Leave out ${made.name}.`,
    };
  },
  /** Targets that no output can reach. */
  outOfReach({ call, made, range, targets }) {
    if (!distances.includes(call.loss) || !range || !targets) return undefined;
    if (targets[0] >= range[0] && targets[1] <= range[1]) return undefined;
    return {
      message:
        `Outputs ${source(made)} lie ${between(range)}, and the targets go from ` +
        `${num(targets[0])} to ${num(targets[1])}: some are out of reach.`,
      fix: `Leave out ${made.name}, or scale the targets into that range.`,
    };
  },
};

const capital = (text: string): string => text[0]!.toUpperCase() + text.slice(1);
const between = ([low, high]: Range): string =>
  high === Number.POSITIVE_INFINITY
    ? `from ${num(low)} up`
    : low === Number.NEGATIVE_INFINITY
      ? `from ${num(high)} down`
      : `between ${num(low)} and ${num(high)}`;

/** The least and the largest of numbers. */
function extent(data: TypedArray): Range {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < data.length; i++) {
    const v = data[i]!;
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return [low, high];
}

/**
 * What does not belong together in a task, without data or with them.
 *
 * @param data gone through once
 */
export function remarksOn(
  task: Task | undefined,
  data?: Pick<Dataset, "targets" | "classes">,
): Remark[] {
  if (task === undefined) return [];
  const targets = data && extent(data.targets.data);
  const found = task.calls.flatMap((call) => {
    const makers = task.makersOf(call.output);
    const made = makers.find(({ name }) => Object.hasOwn(ranges, name)) ?? makers[0]!;
    const known = Object.hasOwn(ranges, made.name) ? ranges[made.name]! : undefined;
    const facts: Facts = {
      call,
      made,
      range: typeof known === "function" ? known(made) : known,
      width: call.output.shape.at(-1) ?? 1,
      targets: call.target === task.target ? targets : undefined,
    };
    return Object.values(rules).flatMap((rule) => rule(facts) ?? []);
  });
  // A loss may call another twice.
  const own = [...new Map(found.map((remark) => [remark.message, remark])).values()];
  return targets && data.classes ? [...own, ...fromOne(targets, data.classes)] : own;
}

/** Labels that seem to be counted from 1. */
function fromOne([least, most]: Range, classes: readonly string[]): Remark[] {
  if (least < 1) return [];
  const numbered = classes.every((name, i) => name === String(i));
  const unused = numbered ? "" : ` (${classes[0]})`;
  return [
    {
      message: `The label 0${unused} never occurs; labels go from ${least} to ${most}.`,
      fix: "Labels count from 0: if these count from 1, subtract 1.",
    },
  ];
}

/** A remark as a line of text. */
export const remarkText = ({ message, fix }: Remark): string => `${message} ${fix}`;
