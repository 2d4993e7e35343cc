/**
 * Pairs that do not belong together: what the last activation gives, what the loss takes, and what
 * the targets are. Nothing of it is an error, since each part works; but no training gets right
 * what they say together.
 */

import { type ArrayTensor, elementsOf } from "../core/array-tensor.ts";
import type { TypedArray } from "../core/dtype.ts";
import type { SomeAxes } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import type { LossCall, Maker } from "../nn/calls.ts";
import { type Extent, recommended } from "../nn/facts.ts";
import type { Task } from "./task.ts";

/** Something that is probably not meant, and how to correct it. */
export interface Remark {
  readonly message: string;
  readonly fix: string;
}

/** A loss and what made its outputs: what the rules look at. */
interface Pair {
  readonly loss: LossCall["facts"];
  /** Undefined where nothing is known of it. */
  readonly made: Maker | undefined;
  /** Whether that makes the outputs of each example share a whole. */
  readonly normalized: boolean;
  /** Outputs for each example. */
  readonly width: number;
  /** The least and the largest target, where they are numbers that the loss gets as they are. */
  readonly targets: Extent | undefined;
}

/** One where it is known what made the outputs. */
interface KnownPair extends Pair {
  readonly made: Maker;
}

const num = (x: number): string => String(Number(x.toPrecision(4))).replace("-", "−");
const share = (p: number): string => `${(100 * p).toFixed(0)} %`;
/** "without an activation", "after relu" */
const source = ({ name, facts }: Maker): string =>
  facts.form === "logits" ? "without an activation" : `after ${name}`;
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const between = ([low, high]: Extent): string =>
  high === Number.POSITIVE_INFINITY
    ? `from ${num(low)} up`
    : low === Number.NEGATIVE_INFINITY
      ? `from ${num(high)} down`
      : `between ${num(low)} and ${num(high)}`;

/** Of one number, normalizing over classes makes 1. */
function oneClass({ loss, made, normalized, width }: Pair): Remark | undefined {
  if (width !== 1) return undefined;
  const instead = recommended.loss.yes;
  if (made && normalized) {
    const always = made.facts.form === "logarithms" ? "0" : "1";
    return {
      message: `${made.name} of a single output is always ${always}: nothing can be learned.`,
      fix: `Leave out ${made.name} and take ${instead}, or make an output for each class.`,
    };
  }
  if (!loss.applies?.normalizes) return undefined;
  return {
    message: `${loss.name} of a single output is always 0: nothing can be learned.`,
    fix: `Take the loss ${instead}, or make an output for each class.`,
  };
}

const rules: Readonly<Record<string, (pair: KnownPair) => Remark | undefined>> = {
  /** The loss applies softmax or sigmoid itself: before it, either bounds what can be said. */
  bounded({ loss, made, width }) {
    const { applies, forms = {} } = loss;
    const { range, logarithm } = made.facts;
    if (applies === undefined || (width === 1 && applies.normalizes)) return undefined;
    const [low, high] = range;
    const [least, most] = applies.probabilities(range, width);
    // Where outputs share a whole, differences decide; else on which side of ½ one comes to lie.
    const oneSided = !applies.normalizes && (least >= 0.5 || most <= 0.5);
    if (!(high - low <= 2 || oneSided)) return undefined;
    const bounds = applies.normalizes
      ? `is never above ${share(most)}`
      : `is always between ${share(least)} and ${share(most)}`;
    const instead =
      made.name !== applies.name
        ? ""
        : logarithm !== undefined && forms.logarithms !== undefined
          ? `, or make it ${logarithm} with the loss ${forms.logarithms}`
          : forms.probabilities !== undefined
            ? `, or take the loss ${forms.probabilities}`
            : "";
    return {
      message:
        `${loss.name} applies ${applies.name} itself. ${capital(source(made))} its inputs lie ` +
        `${between(range)}, and a predicted probability ${bounds}.`,
      fix: `Leave out ${made.name}${instead}.`,
    };
  },
  /** Logarithms of what is no probability. */
  noProbability({ loss, made }) {
    const { range, form } = made.facts;
    if (loss.takes !== "probabilities" || (range[0] >= 0 && range[1] <= 1)) return undefined;
    const usual = recommended.activation.probabilities;
    const better = loss.forms?.logits ? `, or better, take the loss ${loss.forms.logits}` : "";
    return {
      message:
        `${loss.name} takes probabilities. Outputs ${source(made)} can be ` +
        `${range[0] < 0 ? "negative or above 1" : "above 1"}, where its logarithms end.`,
      fix:
        form === "logits"
          ? `Put ${usual} last${better}.`
          : `Put ${usual} in the place of ${made.name}.`,
    };
  },
  /** Numbers in the place of log-probabilities: the loss has no least value. */
  noLogarithm({ loss, made }) {
    const { range, form, logarithm } = made.facts;
    if (loss.takes !== "logarithms" || form === "logarithms") return undefined;
    const usual = recommended.activation.logarithms;
    const endless = range[1] === Number.POSITIVE_INFINITY;
    const better = loss.forms?.logits ? `, or take the loss ${loss.forms.logits}` : "";
    return {
      message:
        `${loss.name} takes logarithms of probabilities. Outputs ${source(made)} are none` +
        (endless
          ? ": the loss falls for ever, and what is predicted are no probabilities."
          : ": what is predicted are no probabilities."),
      fix:
        endless && range[0] === Number.NEGATIVE_INFINITY
          ? `Put ${usual} last${better}.`
          : logarithm === undefined
            ? `Put ${usual} in the place of ${made.name}.`
            : `Make it ${logarithm}.`,
    };
  },
  /** Scores of −1 and 1 at least are what the hinge wants. */
  oneSided({ loss, made }) {
    const { range } = made.facts;
    if (loss.takes !== "scores" || (range[0] <= -1 && range[1] >= 1)) return undefined;
    return {
      message:
        `${loss.name} wants scores from 1 up for yes and from −1 down for no. ` +
        `Outputs ${source(made)} lie ${between(range)}.`,
      fix: `Leave out ${made.name}.`,
    };
  },
  /** Targets that no output can reach. */
  outOfReach({ loss, made, targets }) {
    const { range } = made.facts;
    if (!loss.distance || !targets) return undefined;
    if (targets[0] >= range[0] && targets[1] <= range[1]) return undefined;
    return {
      message:
        `Outputs ${source(made)} lie ${between(range)}, and the targets go from ` +
        `${num(targets[0])} to ${num(targets[1])}: some are out of reach.`,
      fix: `Leave out ${made.name}, or scale the targets into that range.`,
    };
  },
};

/** Whether it is the classes, of the last or a given axis, that share a whole. */
function overClasses(axes: SomeAxes | undefined, rank: number, classes = -1): boolean {
  const [axis, ...others] = [axes ?? []].flat();
  return (
    others.length === 0 && axis !== undefined && (axis + rank) % rank === (classes + rank) % rank
  );
}

/** The least and the largest of numbers. */
function extent(data: TypedArray): Extent {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const v of data) {
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
  data?: { readonly targets: Tensor | ArrayTensor; readonly classes?: readonly string[] },
): Remark[] {
  if (task === undefined) return [];
  const targets = data && extent(elementsOf(data.targets));
  const found = task.calls.flatMap(({ facts: loss, output, target }) => {
    const made = task.makerOf(output);
    const pair: Pair = {
      loss,
      made,
      normalized: overClasses(made?.facts.normalizes, output.rank, loss.axis),
      width: output.shape.at(loss.axis ?? -1) ?? 1,
      targets: target === task.target ? targets : undefined,
    };
    const own =
      made === undefined ? [] : Object.values(rules).map((rule) => rule({ ...pair, made }));
    return [oneClass(pair), ...own].flatMap((remark) => remark ?? []);
  });
  // A loss may call another twice.
  const own = [...new Map(found.map((remark) => [remark.message, remark])).values()];
  return targets && data.classes
    ? [...own, ...fromOne(targets, data.classes, data.targets.shape.length)]
    : own;
}

/** Labels that seem to be counted from 1. */
function fromOne([least, most]: Extent, classes: readonly string[], rank: number): Remark[] {
  if (least < 1) return [];
  const numbered = classes.every((name, i) => name === String(i));
  // Named labels at each place of a sequence are tokens, whose first a text need not have.
  if (rank > 1 && !numbered) return [];
  const [first = ""] = classes;
  const unused = numbered ? "" : ` (${/\p{Cc}/u.test(first) ? shown(first) : first})`;
  return [
    {
      message: `The label 0${unused} never occurs; labels go from ${least} to ${most}.`,
      fix: "Labels count from 0: if these count from 1, subtract 1.",
    },
  ];
}

/** A remark as a line of text. */
export const remarkText = ({ message, fix }: Remark): string => `${message} ${fix}`;
