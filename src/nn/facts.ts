/**
 * What layers and losses say of themselves. Remarks on pairs that do not belong together and the
 * check of targets read these facts, and ask nobody for a name.
 */
import type { SomeAxes } from "../core/shape.ts";

/** The least and the largest number. */
export type Extent = readonly [low: number, high: number];

/**
 * What outputs stand for: logits, of which softmax or sigmoid would make probabilities; these
 * probabilities; their logarithms; or scores, which say yes above 0 and no below.
 */
type OutputForm = "logits" | "probabilities" | "logarithms" | "scores";

/** What is known of the outputs of a layer, whatever comes in. */
export interface OutputFacts {
  /** Between which numbers they lie; ±∞ where there is no end. */
  readonly range: Extent;
  /** What they stand for, if that is known: a layer without an activation gives logits. */
  readonly form?: OutputForm;
  /** The axis, or axes, along which outputs share a whole: their sum, or that of their powers, is 1. */
  readonly normalizes?: SomeAxes;
  /** The activation that gives the logarithms of these outputs: "logSoftmax". */
  readonly logarithm?: string;
}

/** An activation that a loss applies to its outputs itself. */
export interface AppliedActivation {
  readonly name: string;
  /** Whether the outputs of an example share a whole, as in softmax. Default false. */
  readonly normalizes?: boolean;
  /** Between which numbers probabilities lie for so many outputs within this range. */
  readonly probabilities: (range: Extent, outputs: number) => Extent;
}

/** What a loss says of outputs and targets, for remarks and errors before training. */
export interface LossFacts {
  /** As a person calls it. */
  readonly name: string;
  /** What it takes outputs for. */
  readonly takes?: OutputForm;
  /** What it makes probabilities of its outputs with. */
  readonly applies?: AppliedActivation;
  /** The same loss of outputs in another form: { logits: "crossEntropy" }. */
  readonly forms?: Readonly<Partial<Record<OutputForm, string>>>;
  /**
   * Targets that are numbers: each from 0 to 1 ("shares"); rows from 0 to 1 whose sum is 1
   * ("distributions"); −1 and 1 ("signs"; labels 0 and 1 stand for them); or from 0 up ("counts").
   * Default: any.
   */
  readonly targets?: "shares" | "distributions" | "signs" | "counts";
  /** Targets that are labels are places of outputs: each label needs one. Default false. */
  readonly places?: boolean;
  /** The axis of the classes. Default −1. */
  readonly axis?: number;
  /** "none" where labels do not say to which place of the outputs they belong. Default: they do. */
  readonly alignment?: "none";
  /** The label of places that have none. Default: every place has one. */
  readonly ignoreIndex?: number;
  /** It brings outputs as close to the targets as they can get. Default false. */
  readonly distance?: boolean;
}

export const anyNumber: Extent = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
export const upFrom = (low: number): Extent => [low, Number.POSITIVE_INFINITY];

/** What advice recommends: of the library's own, the usual one for a purpose. */
export const recommended = {
  /** Activations, by what is asked of outputs. */
  activation: { probabilities: "sigmoid", logarithms: "logSoftmax" },
  /** Losses, by what targets are; `yes` of questions of yes and no, one for each output. */
  loss: {
    numbers: "meanSquaredError",
    labels: "crossEntropy",
    yes: "binaryCrossEntropyWithLogits",
    signs: "hinge",
    signsOfLabels: "multiMargin",
  },
} as const;
