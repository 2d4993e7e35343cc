/** A small network for each loss, activation, optimizer and layer that there is. */
import { uniformAt } from "../../src/core/random.ts";
import { layers as layerRows } from "../../src/network-file/layers.ts";
import { losses as lossRows } from "../../src/network-file/losses.ts";
import { optimizers as optimizerRows } from "../../src/network-file/optimizers.ts";
import { complete } from "../../src/network-file/validate.ts";
import * as nn from "../../src/nn/index.ts";
import type { Loss } from "../../src/nn/losses.ts";
import type { Optimizer } from "../../src/optim/optimizer.ts";

/** A loss, what lies before it, and targets that it takes. */
export interface LossCase {
  readonly name: string;
  readonly loss: Loss;
  /** Which outputs it takes: numbers, probabilities, their logarithms. */
  readonly before: "any" | "probability" | "log-softmax";
  readonly targets: "real" | "positive" | "bit" | "sign" | "label" | "share" | "one-hot" | "none";
  /** Numbers of targets for so many outputs. */
  readonly per: (outputs: number) => number;
}

const befores: Readonly<Record<string, LossCase["before"]>> = {
  ...{ binaryCrossEntropy: "probability", negativeLogLikelihood: "log-softmax" },
  klDivergence: "log-softmax",
};
const targetsOf: Readonly<Record<string, LossCase["targets"]>> = {
  poissonNegativeLogLikelihood: "positive",
  ...{ binaryCrossEntropy: "bit", binaryCrossEntropyWithLogits: "bit", focal: "bit" },
  ...{ klDivergence: "share", multiLabelSoftMargin: "bit", multiLabelMargin: "bit" },
};

/** Every loss of the network file whose outputs are a row of numbers. */
export const lossCases: readonly LossCase[] = Object.entries(lossRows).flatMap(([name, row]) => {
  // Rows of steps, and losses that are made of the others here.
  if (name === "ctc" || name === "combinedLoss") return [];
  const { targets, outputsFor = (n: number) => n } = row;
  const kind = { labels: "label", numbers: "real", signs: "sign" } as const;
  const form = row.form.kind === "record" ? row.form : undefined;
  return {
    name,
    loss: row.build(complete(form as never, {}) as never, {} as never),
    before: befores[name] ?? "any",
    targets: targetsOf[name] ?? kind[targets],
    per: (outputs: number) => (outputsFor(2) === 4 ? outputs / 2 : outputs),
  } satisfies LossCase;
});

export const optimizerCases: readonly (readonly [name: string, optimizer: Optimizer])[] =
  Object.entries(optimizerRows).flatMap(([name, row]) => {
    try {
      return [[name, row.build(complete(row.form as never, {}) as never, {} as never)] as const];
    } catch {
      return [];
    }
  });

export const activationCases: readonly string[] = Object.keys(layerRows).filter((name) => {
  const make = (nn as unknown as Record<string, () => nn.Layer>)[name];
  try {
    return make?.().kind === "activation";
  } catch {
    return false;
  }
});

/** Targets for a loss; everything follows from the seed. */
export function targetsFor(c: LossCase, n: number, outputs: number, seed: number) {
  let i = 0;
  const next = () => uniformAt(seed, 9, i++);
  const draw = {
    real: () => 2 * next() - 1,
    positive: () => 3 * next(),
    bit: () => Math.round(next()),
    sign: () => 2 * Math.round(next()) - 1,
    share: () => 0.1 + 0.8 * next(),
    label: () => Math.floor(next() * outputs),
  } as Readonly<Record<string, () => number>>;
  const one = draw[c.targets]!;
  if (c.targets === "label") return Array.from({ length: n }, one);
  const rows = Array.from({ length: n }, () => Array.from({ length: c.per(outputs) }, one));
  // Shares of one whole.
  const total = (row: readonly number[]) => row.reduce((s, v) => s + v, 0);
  return c.targets === "share" ? rows.map((row) => row.map((v) => v / total(row))) : rows;
}

/** What lies between the last numbers of a network and a loss. */
export const behind = ({ before }: LossCase): nn.Layer[] =>
  before === "probability" ? [nn.sigmoid()] : before === "log-softmax" ? [nn.logSoftmax()] : [];
