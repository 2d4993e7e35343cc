/** What a loss is, and what all losses share: reductions, weights, and checks of what comes in. */

import { at } from "../../core/at.ts";
import { isFloat } from "../../core/dtype.ts";
import { fail } from "../../core/errors.ts";
import { isNumber } from "../../core/kinds.ts";
import { checkNames } from "../../core/options.ts";
import { formatShape, sameShape } from "../../core/shape.ts";
import { asTensor, Tensor } from "../../core/tensor.ts";
import { shown } from "../../core/wording.ts";
import { div, mul } from "../../ops/arithmetic.ts";
import { broadcastTo, sum } from "../../ops/broadcast.ts";
import { cast } from "../../ops/cast.ts";
import { greater, where } from "../../ops/compare.ts";
import { tensor } from "../../ops/leaf.ts";
import { expandDims } from "../../ops/move.ts";
import { mean } from "../../ops/reduce.ts";
import { recordLoss } from "../calls.ts";
import type { LossFacts } from "../facts.ts";

/**
 * How the losses of all elements become one number: their mean, their sum, their sum per example
 * averaged over the examples, or not at all.
 */
export type Reduction = "mean" | "sum" | "batchMean" | "none";

/** Factors for all elements (a number), per output (a list), or a tensor that stretches to them. */
export type Weights = Tensor | number | readonly number[];

/** What every loss takes. `reduction` defaults to the usual one of the loss, given there. */
export interface LossOptions {
  /** How the losses of a batch become one number. Default "mean". */
  readonly reduction?: Reduction;
  /**
   * Factors of the single losses, in the shape that `reduction: "none"` gives them, or one that
   * stretches to it: 0 leaves one out, as a mask does. "mean" then divides by the sum of the
   * weights, but in huber and the binary cross-entropies by the number of losses (PyTorch's
   * conventions). A number scales the loss. Default 1.
   */
  readonly weights?: Weights;
}

/** What a trainer minimizes, and what an output then means. */
export interface Loss {
  (output: Tensor, target: Tensor): Tensor;
  /** Outputs above it count as "yes" in a yes-no question. */
  readonly threshold?: number;
  /** The largest output names the class. */
  readonly classes?: boolean;
  /** The loss of a batch is the sum of its examples' losses, not their mean. */
  readonly adds?: boolean;
  /**
   * What is counted beside the loss, by name: of a batch one number each, such as how many outputs
   * are near their target. Reports of `fit` and `evaluate` have the sums over all examples under
   * `counts`.
   */
  counts?(output: Tensor, target: Tensor): Readonly<Record<string, Tensor>>;
  /**
   * What outputs and targets are to be, for remarks and errors before training. Where a loss does
   * not say it, the losses of the library that it calls do.
   */
  readonly facts?: LossFacts;
}

/** Losses of single elements with what each counts for, where a mean divides by that. */
export interface Counted {
  readonly losses: Tensor;
  readonly counts?: Tensor;
}

/** Σ losses / Σ counts, or one of the other reductions. */
function reduce({ losses, counts }: Counted, reduction: Reduction): Tensor {
  switch (reduction) {
    case "mean":
      return counts === undefined ? mean(losses) : div(sum(losses), sum(counts));
    case "sum":
      return sum(losses);
    case "batchMean":
      return div(sum(losses), losses.shape[0] ?? 1);
    case "none":
      return losses;
    default:
      return fail("bad-argument", {
        message: "There is no such reduction.",
        expected: "mean, sum, batchMean or none",
        found: shown(reduction),
      });
  }
}

/** The losses times their weights. */
function weighed({ losses, counts }: Counted, weights: Weights, byNumber: boolean): Counted {
  if (weights === 1) return counts ? { losses, counts } : { losses };
  const factor = weightFactors("weights", weights, losses);
  const all = { losses: mul(losses, factor) };
  if (typeof factor === "number") return counts ? { ...all, counts } : all;
  if (counts) return { ...all, counts: mul(counts, factor) };
  if (byNumber) return all;
  return { ...all, counts: broadcastTo(cast(factor, losses.dtype), losses.shape) };
}

/** A loss of the library: it computes, and says what its outputs and targets are to be. */
export interface LossFunction<Options extends LossOptions = LossOptions>
  extends Pick<Loss, "threshold" | "classes" | "adds"> {
  (output: Tensor, target: Tensor, options?: Options): Tensor;
  readonly facts: LossFacts;
}

/** What a loss may say of itself beside its facts. */
interface Marks<Options> extends Pick<Loss, "threshold" | "classes" | "adds"> {
  /** With weights, the mean still divides by the number of losses. */
  readonly byNumber?: boolean;
  /** Its facts with these options. */
  readonly told?: (facts: LossFacts, options: Options) => LossFacts;
}

/**
 * A loss of these facts. Called at the top of a module, and pure: a bundler drops what is not
 * imported.
 *
 * @param own the names of its options beside those of all losses; a misspelt one would silently do
 *   nothing
 * @param terms the losses of single elements, before they are weighed and reduced
 */
export function loss<Options extends LossOptions = LossOptions>(
  facts: LossFacts,
  own: readonly (keyof Options & string)[],
  terms: (output: Tensor, target: Tensor, options: Options) => Tensor | Counted,
  { byNumber = false, told, ...marks }: Marks<Options> = {},
): LossFunction<Options> {
  const usual = marks.adds ? "sum" : "mean";
  const call = (output: Tensor, target: Tensor, options = {} as Options): Tensor => {
    checkNames(facts.name, options, [...own, ...shared]);
    for (const t of [output, target]) asTensor(facts.name, t);
    recordLoss({ facts: told?.(facts, options) ?? facts, output, target });
    return total(terms(output, target, options), { reduction: usual, ...options }, byNumber);
  };
  Object.defineProperty(call, "name", { value: facts.name });
  return Object.assign(call, { facts, ...marks });
}

const shared = ["reduction", "weights"] as const satisfies readonly (keyof LossOptions)[];

function total(
  terms: Tensor | Counted,
  { reduction = "mean", weights = 1 }: LossOptions,
  byNumber = false,
): Tensor {
  const counted = terms instanceof Tensor ? { losses: terms } : terms;
  return reduce(weighed(counted, weights, byNumber), reduction);
}

/** A loss of three tensors, such as two outputs and what is said of the pair. */
type Comparison<Options> = (a: Tensor, b: Tensor, c: Tensor, options?: Options) => Tensor;

/** The same for a loss of three tensors, for objectives of one's own. */
export function comparison<Options extends LossOptions>(
  name: string,
  own: readonly (keyof Options & string)[],
  terms: (a: Tensor, b: Tensor, c: Tensor, options: Options) => Tensor,
): Comparison<Options> {
  const call: Comparison<Options> = (a, b, c, options = {} as Options) => {
    checkNames(name, options, [...own, ...shared]);
    for (const t of [a, b, c]) asTensor(name, t);
    return total(terms(a, b, c, options), options);
  };
  Object.defineProperty(call, "name", { value: name });
  return call;
}

/** A number among the options of a loss that is in its range. */
export function setting(
  what: string,
  name: string,
  value: number,
  [expected, fits]: readonly [expected: string, fits: (n: number) => boolean],
): number {
  if (isNumber(value, fits)) return value;
  return fail("bad-argument", {
    message: `${what} cannot use this ${name}.`,
    expected,
    found: shown(value),
  });
}

/** Ranges of settings. */
export const fromZero = ["a finite number ≥ 0", (n: number) => n >= 0 && n < Infinity] as const;
export const aboveZero = ["a finite number > 0", (n: number) => n > 0 && n < Infinity] as const;

/** Target as numbers of the output's type and shape; [n] is taken for [n, 1]. */
export function like(output: Tensor, target: Tensor, what: string): Tensor {
  const t = cast(asTensor(what, target), asTensor(what, output).dtype);
  if (sameShape(t.shape, output.shape)) return t;
  const column = t.rank === output.rank - 1 && output.shape[output.rank - 1] === 1;
  if (column && sameShape(t.shape, output.shape.slice(0, -1))) return expandDims(t, -1);
  return fail("shape-mismatch", {
    message: `${what} compares output and target element by element.`,
    expected: `a target of shape ${formatShape(output.shape)}, like the output`,
    found: formatShape(t.shape),
    fix: isFloat(target.dtype)
      ? "Give each example as many targets as the model has outputs."
      : "Class labels need crossEntropy.",
  });
}

/** How many classes an output tells apart: those of its last axis. */
export const classesOf = (output: Tensor): number => at(output.shape, output.rank - 1);

/** Targets −1 and 1 in the shape of the output; of labels, 0 stands for −1. */
export function signsLike(output: Tensor, target: Tensor, what: string): Tensor {
  const t = like(output, target, what);
  return isFloat(target.dtype) ? t : where(greater(t, 0), t, -1);
}

/** Numbers and lists are known here; what a tensor holds may be a placeholder. */
function asFactor(name: string, weights: Weights, like: Tensor): Tensor | number {
  if (weights instanceof Tensor) return weights;
  const given: readonly unknown[] = Array.isArray(weights) ? weights.flat(9) : [weights];
  const wrong = given.findIndex((w) => !(Number.isFinite(w) && (w as number) >= 0));
  if (wrong >= 0) {
    const one = name === "classWeights" ? "class" : "output";
    fail("bad-argument", {
      message: `${name} cannot be this.`,
      expected: "finite numbers ≥ 0",
      found: shown(given[wrong]),
      fix: `Give a list such as [1, 5], one number for each ${one}.`,
    });
  }
  return Array.isArray(weights) ? tensor(weights, { dtype: like.dtype }) : (weights as number);
}

/** A list of another length would be stretched over the outputs, or stretch these, unnoticed. */
export function weightFactors(name: string, weights: Weights, output: Tensor): Tensor | number {
  const factor = asFactor(name, weights, output);
  if (typeof factor === "number") return factor;
  const { shape } = factor;
  const outputs = output.shape.at(-1) ?? 1;
  const fits =
    factor.rank === 1
      ? shape[0] === outputs
      : factor.rank <= output.rank &&
        shape.every((n, i) => n === 1 || n === output.shape[output.rank - factor.rank + i]);
  if (fits) return factor;
  return fail("shape-mismatch", {
    message: `${name} takes one factor for all outputs, or one for each.`,
    expected: outputs === 1 ? "1 number" : `a number, or a list of ${outputs}`,
    found: factor.rank === 1 ? `a list of ${factor.size}` : `shape ${formatShape(shape)}`,
    fix:
      factor === weights && shape[0] === output.shape[0]
        ? "Give each output its factor; factors of examples need the shape [examples, 1]."
        : `Give ${outputs === 1 ? "one number" : `one number, or ${outputs} numbers`}.`,
  });
}

/** One weight for each class: with fewer or more, some would be repeated or ignored without a word. */
export function weightsOfClasses(given: readonly number[] | Tensor, output: Tensor): Tensor {
  const weights = asFactor("classWeights", given, output);
  const classes = classesOf(output);
  const shape = typeof weights === "number" ? undefined : weights.shape;
  if (shape && sameShape(shape, [classes])) return weights as Tensor;
  return fail("shape-mismatch", {
    message: "classWeights are one number for each class.",
    expected: `a list of ${classes}, as many as the model has outputs`,
    found:
      shape === undefined
        ? `the number ${weights}`
        : shape.length === 1
          ? `a list of ${shape[0]}`
          : `shape ${formatShape(shape)}`,
    fix: `Give ${classes} numbers, in the order of the classes.`,
  });
}
