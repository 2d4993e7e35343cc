/** The loop over epochs and batches: what it does, in which order, and how it ends. */
import { describe, expect, it, test } from "vitest";
import { dataset, moons, subset } from "../../src/data/index.ts";
import {
  adam,
  crossEntropy,
  halfSquaredError,
  linear,
  meanSquaredError,
  relu,
  sequential,
  sgd,
  type Tensor,
  type Trainer,
  type TrainerOptions,
  trainer,
} from "../../src/index.ts";
import type { FitOptions, StepReport } from "../../src/train/fit.ts";
import { expectClose } from "../support/close.ts";
import { failure, rejection } from "../support/failure.ts";

const points = moons({ size: 50, noise: 0.1, seed: 3 });
type Backend = NonNullable<TrainerOptions["backend"]>;
const classifier = (seed = 0, learningRate = 0.1, backend: Backend = "auto") =>
  trainer(sequential(linear(2, 8), relu(), linear(8, 2)), {
    loss: crossEntropy,
    optimizer: sgd({ learningRate, momentum: 0.9 }),
    seed,
    backend,
  });
/** y = w·x with w = 0 at first. */
const line = (
  learningRate = 0.1,
  loss: typeof meanSquaredError = meanSquaredError,
  backend: Backend = "auto",
) =>
  trainer(sequential(linear(1, 1, { weight: 0, bias: false })), {
    loss,
    optimizer: sgd({ learningRate }),
    dtype: "f64",
    backend,
  });
/** … one step at a time: other backends may take several before they report. */
const stepwise = (learningRate = 0.1) => line(learningRate, meanSquaredError, "interpreter");
const weight = (t: Trainer) => t.parameters["0.weight"]!.item();
const state = (t: Trainer) => [...t.snapshot().values()];
/** Examples y = 2x at x = 1 … n, whose losses all differ. */
const numbers = (n: number) => ({
  inputs: Array.from({ length: n }, (_, i) => [i + 1]),
  targets: Array.from({ length: n }, (_, i) => [2 * (i + 1)]),
});
async function losses(t: Trainer, n: number, options: FitOptions = {}): Promise<number[]> {
  const seen: number[] = [];
  await t.fit(numbers(n), { ...options, onStep: ({ loss }) => void seen.push(loss) });
  return seen;
}

describe("awaiting and iterating", () => {
  it("come to the same", async () => {
    const [a, b] = [classifier(), classifier()];
    const history = await a.fit(points, { epochs: 4, batchSize: 8, validation: 0.2 });
    const reports = [];
    for await (const report of b.fit(points, { epochs: 4, batchSize: 8, validation: 0.2 })) {
      reports.push(report);
    }
    expect(reports).toEqual(history.epochs);
    expect(reports.map((r) => r.epoch)).toEqual([1, 2, 3, 4]);
    expect(history.stopped).toBe("finished");
    expect(state(b)).toEqual(state(a));
  });
  it("do nothing before", async () => {
    const t = classifier();
    const fit = t.fit(points);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(t.progress.steps).toBe(0);
    await fit;
    expect(t.progress.steps).toBe(2);
  });
  it("train once, however often", async () => {
    const t = classifier();
    const fit = t.fit(points, { epochs: 3 });
    for await (const { epoch } of fit) if (epoch === 2) expect(t.progress.epoch).toBe(2);
    const history = await fit;
    expect(await fit).toBe(history);
    expect(history.epochs).toHaveLength(3);
    expect(t.progress.epoch).toBe(3);
  });
  it("who leaves the loop has stopped the training", async () => {
    const t = classifier();
    const fit = t.fit(points, { epochs: 9 });
    for await (const { epoch } of fit) if (epoch === 2) break;
    expect(await fit).toMatchObject({ stopped: "aborted", epochs: [{ epoch: 1 }, { epoch: 2 }] });
    expect(t.progress.epoch).toBe(2);
  });
  it("errors come to whoever waits, by catch too", async () => {
    const options = {
      onStep: () => {
        throw new Error("enough");
      },
    };
    const t = classifier();
    await expect(t.fit(points, options)).rejects.toThrow("enough");
    expect(t.progress).toMatchObject({ steps: 1, epoch: 0, position: 32 });
    expect(await t.fit(points, options).catch(String)).toBe("Error: enough");
    expect(t.progress).toMatchObject({ steps: 2, epoch: 0, position: 50 });
    // Both steps of the epoch are done, so that it only remains to be reported.
    const { epochs } = await t.fit(points);
    expect(t.progress).toMatchObject({ steps: 2, epoch: 1, position: 0 });
    expect(epochs).toHaveLength(1);
  });
});

describe("batches", () => {
  it("that do not divide the data: the rest comes last, and counts by its size", async () => {
    const [a, b] = [line(0.01), line(0.01)];
    const { epochs } = await a.fit(numbers(5), { batchSize: 2, shuffle: false });
    const { inputs, targets } = numbers(5);
    const parts = [
      [0, 2],
      [2, 4],
      [4, 5],
    ].map(([from, to]) =>
      b.step({ inputs: inputs.slice(from, to), targets: targets.slice(from, to) }),
    );
    expect(weight(a)).toBe(weight(b));
    const [first, second, third] = parts as [number, number, number];
    expectClose([epochs[0]!.loss], [(2 * first + 2 * second + third) / 5], { relative: 1e-15 });
  });
  it("larger than the data, one example, one by one", async () => {
    expect(await losses(stepwise(), 3, { batchSize: 100 })).toHaveLength(1);
    expect(await losses(stepwise(), 1)).toEqual([4]);
    expect(await losses(stepwise(1e-3), 7, { batchSize: 1 })).toHaveLength(7);
    const t = line();
    const { epochs } = await t.fit(numbers(1), { epochs: 200 });
    expectClose([weight(t)], [2], { absolute: 1e-12 });
    expect(epochs).toHaveLength(200);
  });
  it("of any number of sizes", async () => {
    const t = line(1e-6);
    for (let n = 1; n <= 40; n++) t.step(numbers(n));
    expect(t.step(numbers(1))).toBeLessThan(4);
    expect(t.progress.steps).toBe(41);
  });
  it("whose loss is a sum give the sum over all, however they are cut", async () => {
    // At a learning rate of 0 nothing moves: Σ ½(2x)² for x = 1 … 5.
    for (const batchSize of [1, 2, 5]) {
      const t = line(0, halfSquaredError);
      const { epochs } = await t.fit(numbers(5), { batchSize, validation: numbers(5) });
      expect(epochs[0]!.loss).toBe(110);
      expect(epochs[0]!.validation!.loss).toBe(110);
      expect(t.evaluate(numbers(5), { batchSize }).loss).toBe(110);
      // … and whose loss is a mean, the mean.
      const mean = await line(0).fit(numbers(5), { batchSize });
      expectClose([mean.epochs[0]!.loss], [44], { relative: 1e-15 });
    }
  });
  it("count right predictions before each update", async () => {
    const t = classifier(0, 0);
    const { epochs } = await t.fit(points, { batchSize: 7 });
    expect(epochs[0]!.accuracy).toBe(t.evaluate(points).accuracy);
    expect((await line().fit(numbers(3))).epochs[0]).not.toHaveProperty("accuracy");
  });
});

describe("order", () => {
  const still = { epochs: 3, batchSize: 1 };
  it("is the data's own with shuffle: false", async () => {
    // 4x² at w = 0.
    const own = [4, 16, 36, 64];
    expect(await losses(stepwise(0), 4, { ...still, shuffle: false })).toEqual([
      ...own,
      ...own,
      ...own,
    ]);
  });
  it("is new in each epoch, and every example comes once", async () => {
    const seen = await losses(stepwise(0), 20, still);
    const epochs = [0, 1, 2].map((e) => seen.slice(20 * e, 20 * e + 20));
    const sorted = epochs.map((e) => [...e].sort((a, b) => a - b));
    expect(sorted[0]).toEqual(Array.from({ length: 20 }, (_, i) => 4 * (i + 1) ** 2));
    expect(sorted[1]).toEqual(sorted[0]);
    expect(sorted[2]).toEqual(sorted[0]);
    expect(epochs[0]).not.toEqual(epochs[1]);
    expect(epochs[1]).not.toEqual(epochs[2]);
  });
  it("follows from the seed", async () => {
    const run = async (seed: number) => {
      const t = classifier(seed);
      await t.fit(points, { epochs: 3, batchSize: 6 });
      return state(t);
    };
    expect(await run(1)).toEqual(await run(1));
    expect(await run(1)).not.toEqual(await run(2));
  });
});

describe("validation", () => {
  it("on a share, which the seed decides", async () => {
    const steps: StepReport[] = [];
    const options = {
      validation: 0.2,
      batchSize: 10,
      onStep: (s: StepReport) => void steps.push(s),
    };
    const t = classifier();
    const { epochs } = await t.fit(points, options);
    expect(steps.at(-1)).toMatchObject({ epoch: 1, step: 4, steps: 4 });
    const { accuracy, confusion } = epochs[0]!.validation!;
    // Ten examples, five of each class.
    expect(confusion!.map((row) => row.reduce((a, b) => a + b))).toEqual([5, 5]);
    expect(accuracy! * 10).toBeCloseTo(confusion![0]![0]! + confusion![1]![1]!, 12);
    const again = await classifier().fit(points, options);
    expect(again.epochs).toEqual(epochs);
  });
  it("on other data, as evaluate measures it", async () => {
    const t = classifier();
    const other = moons({ size: 30, noise: 0.2, seed: 9 });
    const { epochs } = await t.fit(points, { epochs: 2, validation: other });
    expect(epochs[1]!.validation).toEqual(t.evaluate(other));
    expect(epochs[0]!.validation).not.toEqual(epochs[1]!.validation);
  });
  it("on data that do not fit is an error before the first step", async () => {
    const t = line();
    const wide = { inputs: [[1, 2]], targets: [[1]] };
    const error = await rejection("shape-mismatch", t.fit(numbers(3), { validation: wide }).then());
    expect(error.expected).toContain("1 values");
    expect(t.progress.steps).toBe(0);
  });
});

describe("early stopping", () => {
  // w_k = 1 − 0.9ᵏ goes to 1 and passes 0.5, where the validation loss is least, after epoch 7.
  const train = { inputs: [[1]], targets: [[1]] };
  const validation = { inputs: [[1]], targets: [[0.5]] };
  const slow = () => line(0.05);
  const reached = (k: number) => 1 - 0.9 ** k;
  const bound = { relative: 1e-14 };
  it("waits, stops, and goes back to the best", async () => {
    const t = slow();
    const earlyStopping = { patience: 3 };
    const { epochs, stopped } = await t.fit(train, { epochs: 50, validation, earlyStopping });
    expect([epochs.length, stopped]).toEqual([10, "early"]);
    expectClose([weight(t)], [reached(7)], bound);
    expectClose([t.evaluate(validation).loss], [epochs[6]!.validation!.loss]);
  });
  it("leaves the last parameters with restoreBest: false", async () => {
    const t = slow();
    const earlyStopping = { patience: 3, restoreBest: false };
    await t.fit(train, { epochs: 50, validation, earlyStopping });
    expectClose([weight(t)], [reached(10)], bound);
  });
  it("goes back to the best also where the epochs end first", async () => {
    const t = slow();
    const options = { epochs: 9, validation, earlyStopping: { patience: 3 } };
    expect((await t.fit(train, options)).stopped).toBe("finished");
    expectClose([weight(t)], [reached(7)], bound);
  });
  it("counts only improvements larger than minDelta", async () => {
    // (1 − w)² = 0.81ᵏ: the improvement 0.19·0.81ᵏ⁻¹ is below 0.05 from k = 8 on.
    const earlyStopping = { patience: 2, minDelta: 0.05 };
    const { epochs } = await slow().fit(train, { epochs: 50, earlyStopping });
    // The report is of the loss before the update, so it lags by one epoch. From epoch 8 to 9 it
    // falls by 0.043 (waited 1), from 8 to 10 by 0.079: an improvement again, and so on to 14.
    const seen = epochs.map((e) => e.loss);
    let [best, waited, expected] = [Infinity, 0, 0];
    for (let k = 0; waited < 2; k++, expected++) {
      const loss = 0.81 ** k;
      if (loss < best - 0.05) [best, waited] = [loss, 0];
      else waited++;
    }
    expect(seen).toHaveLength(expected);
    expect(expected).toBeLessThan(20);
  });
  it("without validation keeps the parameters whose loss it measured", async () => {
    // Large steps with momentum overshoot: the loss of one epoch says nothing of the next.
    const make = () =>
      trainer(sequential(linear(1, 1, { weight: 0, bias: false })), {
        loss: meanSquaredError,
        optimizer: sgd({ learningRate: 0.9, momentum: 0.7 }),
        dtype: "f64",
      });
    const one = { inputs: [[1]], targets: [[1]] };
    for (const batchSize of [1, 32]) {
      const t = make();
      const fit = t.fit(one, { epochs: 60, batchSize, earlyStopping: { patience: 6 } });
      const { epochs, stopped } = await fit;
      const least = Math.min(...epochs.map((e) => e.loss));
      expect(stopped).toBe("early");
      expect(epochs.length).toBe(epochs.findIndex((e) => e.loss === least) + 7);
      expect(t.evaluate(one).loss).toBe(least);
    }
    // Where the epochs end first, the last step is measured, too.
    for (const epochs of [1, 2, 3, 9, 10, 11]) {
      const [t, plain] = [make(), make()];
      const history = await t.fit(one, { epochs, earlyStopping: { patience: 99 } });
      await plain.fit(one, { epochs });
      const seen = [...history.epochs.map((e) => e.loss), plain.evaluate(one).loss];
      expect(t.evaluate(one).loss).toBe(Math.min(...seen));
    }
  });
  it("without validation measures once an epoch where it has several steps", async () => {
    // No line goes through these, so that no loss is 0.
    const data = { ...numbers(6), targets: [[2], [5], [6], [7], [11], [12]] };
    for (const backend of ["auto", "interpreter"] as const) {
      const options = { batchSize: 4, epochs: 60, earlyStopping: { patience: 4 } };
      // Each update overshoots, by how much depends on the order.
      const t = line(0.055, meanSquaredError, backend);
      const { epochs } = await t.fit(data, options);
      const after = epochs.map((e) => e.lossAfter!);
      expect(t.evaluate(data).loss).toBe(Math.min(...after));
      const alone = line(0.055, meanSquaredError, backend);
      let i = 0;
      for await (const report of alone.fit(data, { ...options, earlyStopping: { patience: 99 } })) {
        // The parameters after the epoch, and what they had been on the way.
        expect(report.lossAfter).toBe(alone.evaluate(data).loss);
        expect(report.lossAfter).not.toBe(report.loss);
        if (i < after.length) expect(report.lossAfter).toBe(after[i++]);
      }
    }
    const held = { earlyStopping: { patience: 9 }, validation: data };
    const plain = [await line().fit(data), await line().fit(data, { ...held, batchSize: 2 })];
    for (const { epochs } of plain) expect(epochs[0]).not.toHaveProperty("lossAfter");
  });
  it("keeps them with every class of backend and through a file, broken off or not", async () => {
    const options = { batchSize: 4, earlyStopping: { patience: 5 } };
    const whole = line(0.055);
    await whole.fit(numbers(6), { ...options, untilEpoch: 30 });
    const stop = new AbortController();
    const t = line(0.055);
    const onStep = ({ epoch }: StepReport) => void (epoch === 4 && stop.abort());
    await t.fit(numbers(6), { ...options, untilEpoch: 30, signal: stop.signal, onStep });
    const loaded = line(0.055);
    loaded.fromBytes(t.toBytes());
    await loaded.fit(numbers(6), { ...options, untilEpoch: 30 });
    expect(state(loaded)).toEqual(state(whole));
    expect(loaded.progress).toEqual(whole.progress);
  });
  it("a loss that is not a number is never the best", async () => {
    // ln w·x is NaN for the validation's x = −1.
    const t = trainer(sequential(linear(1, 1, { weight: 1, bias: false })), {
      loss: (output: Tensor) => output.log().mean(),
      optimizer: sgd({ learningRate: 1e-3 }),
      dtype: "f64",
    });
    const negative = { inputs: [[-1]], targets: [[0]] };
    const options = { epochs: 50, validation: negative, earlyStopping: { patience: 4 } };
    const { epochs, stopped } = await t.fit({ inputs: [[1]], targets: [[0]] }, options);
    expect([epochs.length, stopped]).toEqual([4, "early"]);
    expect(t.progress.best).toBeNull();
  });
  it("begins anew with `epochs`, and goes on where it was with `untilEpoch`", async () => {
    const t = slow();
    const options = { validation, earlyStopping: { patience: 3, restoreBest: false } };
    await t.fit(train, { ...options, epochs: 50 });
    expect(t.progress).toMatchObject({ epoch: 10, stopped: true });
    const none = await t.fit(train, { ...options, untilEpoch: 50 });
    expect(none).toEqual({ epochs: [], stopped: "early" });
    const more = await t.fit(train, { ...options, epochs: 50 });
    // The first of these epochs is the best of its run, and the three after it are worse.
    expect(more.epochs.map((e) => e.epoch)).toEqual([11, 12, 13, 14]);
  });
  it("does not hinder a fit without it", async () => {
    const t = slow();
    await t.fit(train, { epochs: 50, validation, earlyStopping: { patience: 1 } });
    const before = t.progress.epoch;
    expect((await t.fit(train, { untilEpoch: before + 5 })).epochs).toHaveLength(5);
  });
  it.each([{ epochs: 20 }, { untilEpoch: 23 }])(
    "a later fit keeps what it learns, %o",
    async (more) => {
      // Three epochs that end before patience does leave a best behind.
      const t = slow();
      expect((await t.fit(train, { epochs: 3, earlyStopping: { patience: 50 } })).stopped).toBe(
        "finished",
      );
      const loaded = slow();
      loaded.fromBytes(t.toBytes());
      for (const later of [t, loaded]) {
        await later.fit(train, more);
        expectClose([weight(later)], [reached(23)], bound);
        expect(later.best).toBeUndefined();
        // Nor does early stopping that begins anew go back to it.
        await later.fit(train, { epochs: 2, earlyStopping: { patience: 50 } });
        expectClose([weight(later)], [reached(25)], bound);
      }
    },
  );
  it("goes on after the best that is gone back to, and after files", async () => {
    const options = { validation, earlyStopping: { patience: 3 } };
    const t = slow();
    await t.fit(train, { ...options, epochs: 9 });
    const loaded = slow();
    loaded.fromBytes(t.toBytes());
    for (const later of [t, loaded]) {
      // Epochs 8 and 9 were worse; so is the next, though it begins from the best.
      expect((await later.fit(train, { ...options, untilEpoch: 50 })).epochs).toHaveLength(1);
      expectClose([weight(later)], [reached(7)], bound);
    }
  });
});

describe("reports of steps", () => {
  it("come after each, where the backend takes them one by one", async () => {
    const seen: StepReport[] = [];
    await stepwise(0).fit(numbers(5), {
      epochs: 2,
      batchSize: 2,
      shuffle: false,
      onStep: (report) => void seen.push(report),
    });
    // 4x² in batches 1 2, 3 4, 5.
    const epoch = (n: number) =>
      [10, 50, 100].map((loss, i) => ({ epoch: n, step: i + 1, steps: 3, loss }));
    expect(seen).toEqual([...epoch(1), ...epoch(2)]);
  });
  it("come in order and leave nothing out where it takes several at once", async () => {
    const seen: StepReport[] = [];
    const onStep = (report: StepReport) => void seen.push(report);
    const t = line(0);
    await t.fit(numbers(50), { epochs: 3, batchSize: 2, onStep });
    expect(t.progress.steps).toBe(75);
    for (const epoch of [1, 2, 3]) {
      const own = seen.filter((r) => r.epoch === epoch);
      const steps = own.map((r) => r.step);
      expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
      expect(own.at(-1)).toMatchObject({ step: 25, steps: 25 });
      // Each is the mean over the steps since the one before: together the epoch's mean.
      const sum = own.reduce((total, r, i) => total + r.loss * (r.step - (steps[i - 1] ?? 0)), 0);
      expectClose([sum / 25], [t.progress.history[epoch - 1]!.loss], { relative: 1e-14 });
    }
  });
});

describe("stopping by signal", () => {
  it.each(["auto", "interpreter"] as const)("in the middle of an epoch, %s", async (backend) => {
    const options = { batchSize: 6, validation: 0.1 };
    const whole = classifier(0, 0.1, backend);
    await whole.fit(points, { ...options, epochs: 4 });
    const t = classifier(0, 0.1, backend);
    const stop = new AbortController();
    const onStep = ({ epoch }: StepReport) => {
      if (epoch === 3) stop.abort();
    };
    const first = await t.fit(points, { ...options, epochs: 4, signal: stop.signal, onStep });
    expect(first).toMatchObject({ stopped: "aborted", epochs: [{ epoch: 1 }, { epoch: 2 }] });
    expect(t.progress).toMatchObject({ epoch: 2, examples: 45 });
    expect(t.progress.position).toBeGreaterThan(0);
    if (backend === "interpreter") expect(t.progress.position).toBe(6);
    const second = await t.fit(points, { ...options, untilEpoch: 4 });
    expect(second.epochs.map((e) => e.epoch)).toEqual([3, 4]);
    expect(state(t)).toEqual(state(whole));
    expect(t.progress).toEqual(whole.progress);
  });
  it("before the first step", async () => {
    const t = classifier();
    const history = await t.fit(points, { signal: AbortSignal.abort() });
    expect(history).toEqual({ epochs: [], stopped: "aborted" });
    expect(t.progress.steps).toBe(0);
  });
  it("by a timer: the event loop has its turn", async () => {
    const t = classifier();
    const begun = performance.now();
    const { stopped } = await t.fit(points, { epochs: 1e9, signal: AbortSignal.timeout(100) });
    expect(stopped).toBe("aborted");
    // Although an epoch takes no time at all. Generous, since other tests run beside.
    expect(performance.now() - begun).toBeLessThan(2000);
  });
  it("the next data may have another size only if a new epoch begins", async () => {
    const t = classifier();
    const stop = new AbortController();
    await t.fit(points, { batchSize: 20, signal: stop.signal, onStep: () => stop.abort() });
    expect(t.progress.position).toBe(20);
    const fewer = subset(points, [0, 1, 2, 3, 4]);
    const error = await rejection("checkpoint-mismatch", t.fit(fewer, { untilEpoch: 9 }).then());
    expect(error.found).toBe("5 examples");
    const { epochs } = await t.fit(fewer);
    expect(epochs).toHaveLength(1);
    expect(t.progress).toMatchObject({ epoch: 1, position: 0, examples: 5, steps: 2 });
  });
});

describe("fit and fit again", () => {
  it("goes on counting, and comes to the bits of one run", async () => {
    const [a, b] = [classifier(), classifier()];
    await a.fit(points, { epochs: 2 });
    const { epochs } = await a.fit(points, { epochs: 3 });
    expect(epochs.map((e) => e.epoch)).toEqual([3, 4, 5]);
    await b.fit(points, { epochs: 5 });
    expect(state(a)).toEqual(state(b));
    expect(a.progress.history).toHaveLength(5);
  });
  it("no epochs: nothing", async () => {
    const t = classifier();
    expect(await t.fit(points, { epochs: 0 })).toEqual({ epochs: [], stopped: "finished" });
    expect(await t.fit(points, { untilEpoch: 0 })).toEqual({ epochs: [], stopped: "finished" });
    expect(t.progress.steps).toBe(0);
  });
  it("not both at once", async () => {
    const t = classifier();
    const bytes = t.toBytes();
    const many = t.fit(moons({ size: 2000 }), { epochs: 50 });
    const first = many.then();
    await rejection("bad-argument", t.fit(points).then());
    failure("bad-argument", () => t.fromBytes(bytes));
    expect((await first).epochs).toHaveLength(50);
    t.fromBytes(bytes);
    expect(t.progress.epoch).toBe(0);
  });
});

describe("time", () => {
  it.each(["auto", "interpreter"] as const)("others get their turn, %s", async (backend) => {
    const big = moons({ size: 4000, noise: 0.1 });
    const few = subset(big, [...Array(200).keys()]);
    const t = trainer(sequential(linear(2, 64), relu(), linear(64, 2)), {
      loss: crossEntropy,
      optimizer: adam(),
      backend,
    });
    // By the processor's time, for other tests run beside; in ms.
    const begun = process.cpuUsage();
    const worked = () => process.cpuUsage(begun).user / 1000;
    const stop = new AbortController();
    let ticks = 0;
    const timer = setInterval(() => {
      ticks++;
      if (worked() > 600) stop.abort();
    }, 1);
    // Steps and, of which there are more, batches of validation.
    await t.fit(few, { epochs: 1e6, batchSize: 16, validation: big, signal: stop.signal });
    clearInterval(timer);
    // On average a turn for every 100 ms of work at least, compiling included; they are meant to
    // come every 20 ms.
    expect(ticks).toBeGreaterThan(worked() / 100);
  });
});

describe("settings outside their domain", () => {
  const bad: FitOptions[] = [
    { batchSize: 0 },
    { batchSize: 1.5 },
    { epochs: -1 },
    { epochs: Number.NaN },
    { untilEpoch: Number.NaN },
    { untilEpoch: Infinity },
    { validation: 0 },
    { validation: 1 },
    { earlyStopping: { patience: 0 } },
    { earlyStopping: { patience: Number.NaN } },
    { earlyStopping: { patience: 1, minDelta: -1 } },
    { earlyStopping: { patience: 1, minDelta: Number.NaN } },
  ];
  test.each(bad)("%o", (options) => {
    failure("bad-argument", () => classifier().fit(points, options));
  });
  it("data without examples", () => {
    failure("data-empty", () => line().fit({ inputs: [], targets: [] }));
    failure("data-invalid", () => line().fit({ inputs: [[1]], targets: [[Number.NaN]] }));
    failure("data-empty", () =>
      dataset({ ...points, inputs: { dtype: "f64", shape: [0, 2], data: new Float64Array() } }),
    );
  });
});
