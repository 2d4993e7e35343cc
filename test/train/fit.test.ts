/** The loop over epochs and batches: what it does, in which order, and how it ends. */

import { describe, expect, it, test } from "vitest";
import { dataset, moons, subset } from "../../src/data/index.ts";
import {
  adam,
  crossEntropy,
  halfSquaredError,
  linear,
  relu,
  sequential,
  trainer,
} from "../../src/index.ts";
import { tensor } from "../../src/ops/leaf.ts";
import type { FitOptions, StepReport } from "../../src/train/fit.ts";
import { expectClose } from "../support/close.ts";
import { failure, rejection } from "../support/failure.ts";
import { classifier, line, losses, numbers, points, state, stepwise, weight } from "./small.ts";

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
  it("errors reach the caller that waits, by catch too", async () => {
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
    // Epochs that somebody looks into are trained on step by step.
    const many = t.fit(moons({ size: 2000 }), { epochs: 50, validation: 0.1 });
    const first = many.then();
    // Both are asked before anything is awaited: the first fit may have ended by then.
    const refused = rejection("bad-argument", t.fit(points).then());
    failure("bad-argument", () => t.fromBytes(bytes));
    await refused;
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
      dataset({ ...points, inputs: tensor(new Float64Array(), { shape: [0, 2] }) }),
    );
  });
});
