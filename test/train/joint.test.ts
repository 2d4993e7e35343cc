import { describe, expect, it } from "vitest";
import {
  adam,
  batchNorm1d,
  crossEntropy,
  dropout,
  type Loss,
  layer,
  linear,
  meanSquaredError,
  penalized,
  relu,
  sequential,
  sgd,
  tanh,
  trainer,
} from "../../src/index.ts";
import { alone, besideOther } from "../support/processes.ts";

const rows = Array.from({ length: 45 }, (_, i) => [Math.sin(7 * i), Math.cos(3 * i)]);
const kinds = rows.map(([a, b]) => Number(a! * b! > 0) + Number(a! > 0.5));
const sums = rows.map(([a, b]) => [a! * b!, a!]);
const model = () => sequential(linear(2, 6), tanh(), linear(6, 3));
const labelled = { inputs: rows, targets: kinds, classes: ["a", "b", "c"] };

const entropy =
  (options: Parameters<typeof crossEntropy>[2]): Loss =>
  (output, target) =>
    crossEntropy(output, target, options);
const sumSquaredError: Loss = (output, target) =>
  meanSquaredError(output, target, { reduction: "sum" });

describe("training in pieces", () => {
  it.each([
    ["a mean", crossEntropy as Loss],
    ["a weighted mean", entropy({ classWeights: [1, 2, 3] })],
    ["a sum", entropy({ reduction: "sum" })],
  ] as const)("takes the steps of one process where the loss is %s", async (_, loss) => {
    const options = { loss, optimizer: adam({ clipNorm: 0.5 }), dtype: "f64" } as const;
    const one = trainer(model(), options);
    const cut = trainer(model(), { ...options, parallel: alone(), deterministic: true });
    const fit = { epochs: 4, batchSize: 10, validation: 0.2, metrics: "all" } as const;
    const [expected, found] = [await one.fit(labelled, fit), await cut.fit(labelled, fit)];
    expect(cut.progress.steps).toBe(one.progress.steps);
    for (const [name, values] of cut.snapshot()) {
      const other = one.snapshot().get(name)!;
      for (const [i, v] of values.entries()) expect(v).toBeCloseTo(other[i]!, 10);
    }
    expected.epochs.forEach((epoch, i) => {
      expect(found.epochs[i]!.loss).toBeCloseTo(epoch.loss, 10);
      expect(found.epochs[i]!.accuracy).toBe(epoch.accuracy);
      expect(found.epochs[i]!.validation!.metrics!.f1).toBeCloseTo(
        epoch.validation!.metrics!.f1!,
        10,
      );
    });
  });
});

const numbers = { inputs: rows, targets: sums };
const free = { parallel: alone(), optimizer: sgd({ learningRate: 0.1 }) };
const onNumbers = (net: Parameters<typeof trainer>[0], more: object = {}) =>
  trainer(net, { loss: meanSquaredError, ...free, ...more } as Parameters<typeof trainer>[1]);
const looking = { ...sgd(), name: "looking", updateAll: () => ({}) };
const pair = () => sequential(linear(2, 5), relu(), linear(5, 2));

describe("what cannot be shared out", () => {
  it.each([
    [
      "statistics of a batch",
      () => sequential(linear(2, 4), batchNorm1d(4), linear(4, 2)),
      {},
      "running_mean",
    ],
    [
      "examples that meet in a layer",
      () =>
        sequential(
          linear(2, 2),
          layer({
            name: "centred",
            inputSize: "same",
            outputSize: "same",
            parameters: {},
            apply: (x) => x.sub(x.mean({ axis: 0, keepDims: true })),
          }),
        ),
      {},
      "depends on the others",
    ],
    [
      "the root of a mean",
      pair,
      { loss: (y: never, t: never) => meanSquaredError(y, t).sqrt() },
      "depends on the others",
    ],
    [
      "penalties beside a sum",
      () => penalized(pair(), { l2: 1e-3 }),
      { loss: sumSquaredError },
      "penalties",
    ],
    ["a rule that looks at the loss", pair, { optimizer: looking }, "looking looks at the loss"],
  ] as const)("is refused by name: %s", async (_, net, more, message) => {
    const t = onNumbers(net() as Parameters<typeof trainer>[0], more);
    await expect(t.fit(numbers, { batchSize: 9 })).rejects.toThrow(message);
    expect(t.progress.steps).toBe(0);
  });

  it.each([
    [{ update: "sequential" }, "sequential"],
    [{ threads: 2 }, "threads: 2"],
    [{ deterministic: true, parallel: { ...alone(), size: 3 } }, "1, 2, 4 or 8 processes"],
    [{ parallel: {} }, "chainrule/mpi"],
  ])("nor can %j", (more, message) => {
    expect(() => onNumbers(pair(), more)).toThrow(message);
  });

  it("but penalties beside a mean, and dropout", async () => {
    const net = () => sequential(penalized(linear(2, 5), { l2: 1e-2 }), dropout(0.5), linear(5, 2));
    const { epochs } = await onNumbers(net(), { deterministic: true }).fit(numbers, { epochs: 2 });
    expect(epochs[1]!.loss).toBeLessThan(epochs[0]!.loss);
  });
});

describe("several processes", () => {
  it("name the one that has other data", async () => {
    const t = onNumbers(pair(), { parallel: besideOther((own) => own + 1) });
    await expect(t.fit(numbers)).rejects.toThrow("Process 1 has another data than the others.");
  });

  it("say where a number came from that is not finite, with the state as it was", async () => {
    const t = onNumbers(pair(), { optimizer: sgd({ learningRate: 1e30 }) });
    await expect(t.fit(numbers, { epochs: 9 })).rejects.toThrow(/Training stopped at step \d+/);
    for (const [, values] of t.snapshot()) expect(values.every(Number.isFinite)).toBe(true);
  });

  it("go on exactly from a checkpoint", async () => {
    const options = { deterministic: true, optimizer: adam() };
    const fit = { untilEpoch: 6, batchSize: 10 };
    const whole = onNumbers(pair(), options);
    await whole.fit(numbers, fit);
    const first = onNumbers(pair(), options);
    await first.fit(numbers, { ...fit, untilEpoch: 3 });
    const second = onNumbers(pair(), options);
    second.fromBytes(first.toBytes());
    await second.fit(numbers, fit);
    expect(second.snapshot()).toEqual(whole.snapshot());
  });

  it("step on batches of one's own", () => {
    const [one, cut] = [onNumbers(pair(), { parallel: undefined }), onNumbers(pair())];
    for (let i = 0; i < 3; i++) expect(cut.step(numbers)).toBeCloseTo(one.step(numbers), 6);
  });

  it("stop at the step at which one of them is to", async () => {
    const t = onNumbers(pair());
    const signal = { aborted: false };
    const onStep = ({ step }: { step: number }) => {
      signal.aborted = step === 2;
    };
    const { stopped } = await t.fit(numbers, { epochs: 3, batchSize: 10, signal, onStep });
    expect({ stopped, steps: t.progress.steps }).toEqual({ stopped: "aborted", steps: 3 });
  });
});
