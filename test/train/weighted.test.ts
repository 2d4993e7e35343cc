/** Losses of batches that are put together: sums, means and weighted means. */
import { describe, expect, it, test } from "vitest";
import { type Dataset, examples, subset } from "../../src/data/index.ts";
import {
  crossEntropy,
  halfSquaredError,
  type Loss,
  linear,
  meanSquaredError,
  negativeLogLikelihood,
  sequential,
  sgd,
  softmax,
  type Tensor,
  type TrainerOptions,
  tensor,
  trainer,
} from "../../src/index.ts";
import type { FitOptions } from "../../src/train/fit.ts";
import { expectClose } from "../support/close.ts";

type Backend = NonNullable<TrainerOptions["backend"]>;
const classWeights = [1, 9];
/** Outputs (1, −1), whatever comes in. */
const fixed = (loss: Loss, backend: Backend = "auto", learningRate = 0) =>
  trainer(sequential(linear(1, 2, { weight: 0, bias: [1, -1] })), {
    loss,
    optimizer: sgd({ learningRate }),
    dtype: "f64",
    backend,
  });
const labelled = (labels: number[]): Dataset =>
  examples({ inputs: labels.map((_, i) => [i / 64]), targets: labels, classes: ["a", "b"] });
const many = (label: number, n: number) => Array<number>(n).fill(label);
const sorted = labelled([...many(0, 256), ...many(1, 256)]);
const reversed = subset(
  sorted,
  Array.from({ length: 512 }, (_, i) => 511 - i),
);
const few = labelled([...many(0, 24), ...many(1, 24)]);

// Of softmax(1, −1): −ln p = ln(1 + e^−2) and 2 + that. The weights' mean of both, 1 to 9.
const cheap = Math.log1p(Math.exp(-2));
const whole = (cheap + 9 * (cheap + 2)) / 10;
const bound = { relative: 1e-13 };

/** Weighted means, the library's and one's own, with the same value. */
const weighted: Record<string, Loss> = {
  crossEntropy: (o, t) => crossEntropy(o, t, { classWeights }),
  "… smoothed by nothing": (o, t) => crossEntropy(o, t, { classWeights, labelSmoothing: 0 }),
  negativeLogLikelihood: (o, t) => negativeLogLikelihood(softmax(o).log(), t, { classWeights }),
  "by hand": (o, t) => {
    const w = tensor(classWeights, { dtype: "f64" }).take(t);
    return crossEntropy(o, t, { reduction: "none" }).mul(w).sum().div(w.sum());
  },
  "by hand, of means": (o, t) => {
    const w = tensor(classWeights, { dtype: "f64" }).take(t);
    return crossEntropy(o, t, { reduction: "none" }).mul(w).mean().div(w.mean());
  },
  "by hand, in one number that is not a scalar": (o, t) => {
    const w = tensor(classWeights, { dtype: "f64" }).take(t);
    return crossEntropy(o, t, { reduction: "none" }).mul(w).sum().div(w.sum()).reshape([1, 1]);
  },
  "with a guard": (o, t) => {
    const w = tensor(classWeights, { dtype: "f64" }).take(t);
    const total = w.sum().maximum(1);
    return crossEntropy(o, t, { reduction: "none" }).mul(w).sum().div(total);
  },
};

it("is 1.92693", () => expect(whole.toFixed(5)).toBe("1.92693"));

describe.each(Object.entries(weighted))("a weighted mean, %s", (_, loss) => {
  it("is Σ numerators/Σ denominators in any order and in any batches", () => {
    for (const data of [sorted, reversed]) {
      for (const batchSize of [1, 7, 100, 256, 300, 512, 1000]) {
        expectClose([fixed(loss).evaluate(data, { batchSize }).loss], [whole], bound);
      }
      expectClose([fixed(loss).evaluate(data).loss], [whole], bound);
    }
  });
  it.each(["auto", "interpreter"] as const)("is held out and reported as such, %s", async (b) => {
    for (const options of [
      { batchSize: 10 },
      { batchSize: 8, epochs: 2 },
      { batchSize: 1 },
      { batchSize: 6, shuffle: false, epochs: 2 },
      { batchSize: 30, earlyStopping: { patience: 9 } },
    ] satisfies FitOptions[]) {
      const { epochs } = await fixed(loss, b).fit(few, { ...options, validation: reversed });
      for (const report of epochs) {
        expectClose([report.validation!.loss, report.loss], [whole, whole], bound);
      }
      // Without validation several epochs may run at once.
      const more = await fixed(loss, b).fit(few, options);
      for (const report of more.epochs) expectClose([report.loss], [whole], bound);
    }
  });
});

describe("what is not changed by a weighted mean", () => {
  const outer: Record<string, [Loss, number]> = {
    "half of it": [(o, t) => weighted.crossEntropy!(o, t).mul(0.5), whole / 2],
    "less one, and negative": [(o, t) => weighted.crossEntropy!(o, t).sub(1).neg(), 1 - whole],
    "of f32": [(o, t) => weighted.crossEntropy!(o.cast("f32"), t), whole],
  };
  test.each(Object.entries(outer))("%s", (_, [loss, expected]) => {
    for (const batchSize of [3, 256]) {
      const found = fixed(loss).evaluate(sorted, { batchSize }).loss;
      expectClose([found], [expected], { relative: 1e-6 });
    }
  });
  it("batches whose weights are all 0 count for nothing", () => {
    const loss: Loss = (o, t) => crossEntropy(o, t, { classWeights: [0, 3] });
    for (const data of [sorted, reversed]) {
      expectClose([fixed(loss).evaluate(data).loss], [cheap + 2], bound);
    }
  });
  it("smoothed labels divide by the weights, too", () => {
    const loss: Loss = (o, t) => crossEntropy(o, t, { classWeights, labelSmoothing: 0.1 });
    const expected = fixed(loss).evaluate(sorted, { batchSize: 512 }).loss;
    expectClose([fixed(loss).evaluate(sorted, { batchSize: 100 }).loss], [expected], bound);
  });
  it("the mean over examples is one", () => {
    const loss: Loss = (o, t) => crossEntropy(o, t, { classWeights, reduction: "batchMean" });
    const expected = (cheap + 9 * (cheap + 2)) / 2;
    for (const batchSize of [1, 100, 512]) {
      expectClose([fixed(loss).evaluate(sorted, { batchSize }).loss], [expected], bound);
    }
  });
  it("a run that is broken off within an epoch comes to the same loss", async () => {
    const loss = weighted.crossEntropy!;
    const stop = new AbortController();
    const t = fixed(loss, "interpreter");
    await t.fit(sorted, { batchSize: 50, signal: stop.signal, onStep: () => stop.abort() });
    expect(t.progress.position).toBe(50);
    const later = fixed(loss);
    later.fromBytes(t.toBytes());
    const { epochs } = await later.fit(sorted, { batchSize: 50, untilEpoch: 1 });
    expectClose([epochs[0]!.loss], [whole], bound);
  });
});

describe("a sum", () => {
  const numbers = {
    inputs: Array.from({ length: 600 }, (_, i) => [i / 100]),
    targets: Array.from({ length: 600 }, () => [0]),
  };
  const sum = numbers.inputs.reduce((total, [x]) => total + x! * x!, 0);
  const line = (loss: Loss) =>
    trainer(sequential(linear(1, 1, { weight: 1, bias: 0 })), {
      loss,
      optimizer: sgd({ learningRate: 0 }),
      dtype: "f64",
    });
  const sums: Record<string, [Loss, number]> = {
    "of the library, with an option": [(o, t) => meanSquaredError(o, t, { reduction: "sum" }), sum],
    "of the library, by default": [(o, t) => halfSquaredError(o, t), sum / 2],
    "of one's own": [(o: Tensor, t: Tensor) => o.sub(t).square().sum().mul(3), 3 * sum],
    "that says so": [Object.assign((o: Tensor) => o.square().sum(), { adds: true }), sum],
    "a mean, with an option": [(o, t) => halfSquaredError(o, t, { reduction: "mean" }), sum / 1200],
    "a mean of one's own": [(o, t) => o.sub(t).square().div(o.shape[0]!).sum(), sum / 600],
    "what says that it is none": [
      Object.assign((o: Tensor) => o.square().mean(), { adds: false }),
      sum / 600,
    ],
  };
  test.each(Object.entries(sums))("%s", async (_, [loss, expected]) => {
    for (const batchSize of [1, 50, 256, 599, 600]) {
      expectClose([line(loss).evaluate(numbers, { batchSize }).loss], [expected], bound);
      const { epochs } = await line(loss).fit(numbers, { batchSize, epochs: 2 });
      for (const report of epochs) expectClose([report.loss], [expected], bound);
    }
  });
});

describe("early stopping reads the same numbers", () => {
  it("by the weighted loss of what is held out, whatever the order", async () => {
    const run = async (validation: Dataset) => {
      const t = fixed(weighted.crossEntropy!, "auto", 0.5);
      const data = labelled([1, 1, 0, 1]);
      // Where it no longer falls, rounding is not to decide.
      const earlyStopping = { patience: 2, minDelta: 1e-9 };
      const fit = t.fit(data, { epochs: 400, validation, earlyStopping });
      return { ...(await fit), kept: t.evaluate(sorted).loss };
    };
    const [a, b] = [await run(sorted), await run(reversed)];
    expect(a.epochs.length).toBe(b.epochs.length);
    expectClose([a.kept], [b.kept], bound);
    expect(a.stopped).toBe("early");
  });
});
