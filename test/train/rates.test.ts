/** Rates that fall on a plateau, and the search for one to begin with. */
import { describe, expect, test } from "vitest";
import { normalsOf } from "../../src/core/random.ts";
import {
  cosineDecay,
  learningRateFinder,
  linear,
  meanSquaredError,
  parameterGroups,
  reduceOnPlateau,
  sequential,
  sgd,
  trainer,
} from "../../src/index.ts";
import { expectClose } from "../support/close.ts";
import { failure, rejection } from "../support/failure.ts";
import { fixtures } from "../support/fixtures.ts";

interface Recorded {
  readonly name: string;
  readonly arguments: readonly [object];
  readonly metrics: readonly number[];
  readonly rates: readonly number[];
}
const recorded = fixtures<Recorded>("schedules").filter(({ name }) => name === "plateau");

const data = {
  inputs: [[0], [1], [2], [3]],
  targets: [[1], [3], [5], [7]],
};
const make = (learningRate: number, options: object = {}) =>
  trainer(sequential(linear(1, 1, { weight: 0, bias: 0 })), {
    ...{ loss: meanSquaredError, optimizer: sgd({ learningRate }), dtype: "f64" as const },
    ...options,
  });

describe("a plateau", () => {
  test.each(recorded.map((c) => [JSON.stringify(c.arguments[0]), c] as const))(
    "as in PyTorch, and goes on from what it remembers: %s",
    (_, c) => {
      let plateau = reduceOnPlateau(c.arguments[0]);
      let rate = 0.1;
      const rates = c.metrics.map((metric) => {
        const { state } = plateau;
        plateau = reduceOnPlateau(c.arguments[0]);
        plateau.state = JSON.parse(JSON.stringify(state)) as typeof state;
        rate = plateau.after(metric, rate);
        return rate;
      });
      expectClose(rates, c.rates, { absolute: 1e-12 });
    },
  );
  test("lowers the trainer's rate in a fit", async () => {
    // Beyond 2/λ the loss only rises.
    const t = make(0.5);
    const own = reduceOnPlateau({ factor: 0.5, patience: 1 });
    let rate = 0.5;
    const options = { epochs: 8, batchSize: 4, plateau: { factor: 0.5, patience: 1 } };
    for await (const { loss } of t.fit(data, options)) {
      rate = own.after(loss, rate);
      expect(t.learningRate).toBe(rate);
    }
    expect(rate).toBeLessThan(0.2);
    const before = t.learningRate;
    await t.fit(data, { epochs: 1, plateau: {} });
    expect(t.progress.plateau).toMatchObject({ waited: 0 });
    await t.fit(data, { epochs: 1 });
    expect(t.progress.plateau).toBeUndefined();
    expect(t.learningRate).toBe(before);
  });
  test("with settings that mean nothing is refused", () => {
    for (const bad of [
      { factor: 1 },
      { patience: -1 },
      { threshold: Number.NaN },
      { cooldown: 0.5 },
      { minimum: -1 },
      { mode: "min" },
      { thresholdMode: "rel" },
      { factr: 0.5 },
    ] as object[]) {
      failure("bad-argument", () => reduceOnPlateau(bad));
      failure("bad-argument", () => make(0.1).fit(data, { plateau: bad }));
    }
  });
});

describe("the search for a learning rate", () => {
  test("gives the losses of a training with those rates, and leaves the trainer alone", async () => {
    const t = make(0.01);
    t.step(data);
    const before = t.toBytes();
    const options = { from: 1e-4, to: 5, steps: 60, batchSize: 4, smoothing: 0.5 };
    const { curve, suggestion } = await learningRateFinder(t, data, options);
    expect(t.toBytes()).toEqual(before);
    const like = make(0.01);
    like.step(data);
    let sum = 0;
    curve.forEach(({ learningRate, loss, smoothed }, k) => {
      expectClose([learningRate], [1e-4 * 5e4 ** (k / 59)], { relative: 1e-12 });
      like.learningRate = learningRate;
      expectClose([like.step(data)], [loss], { relative: 1e-12 });
      sum = 0.5 * sum + 0.5 * loss;
      expectClose([smoothed], [sum / (1 - 0.5 ** (k + 1))], { relative: 1e-12 });
    });
    // It ends where the loss has become four times its least, long before the last rate.
    expect(curve.length).toBeLessThan(60);
    const losses = curve.map(({ smoothed }) => smoothed);
    expect(losses.at(-1)).toBeGreaterThan(4 * Math.min(...losses));
    // The steepest fall: no other place between the first steps and the minimum falls by more.
    const place = curve.findIndex(({ learningRate }) => learningRate === suggestion);
    const end = losses.indexOf(Math.min(...losses));
    const falls = losses.slice(2, end).map((_, i) => losses[i + 3]! - losses[i + 1]!);
    expect(falls[place - 2]).toBe(Math.min(...falls));
  });
  test("is not taken in by batches that differ", async () => {
    // Targets of chance, of which a straight line explains a part: rates below 1e-4 change nothing.
    const size = 64;
    const inputs = Array.from({ length: size }, (_, i) => [(4 * i) / size - 2]);
    for (let seed = 0; seed < 5; seed++) {
      const noise = normalsOf(seed, 0);
      const targets = inputs.map(([x = 0], i) => [3 * x + noise(i)]);
      const options = { batchSize: 8, steps: 200 };
      const { suggestion = 0 } = await learningRateFinder(
        make(0.1, { seed }),
        { inputs, targets },
        options,
      );
      expect(suggestion).toBeGreaterThan(1e-3);
    }
  });
  test("leaves a schedule aside, and takes factors of the rates of groups", async () => {
    const options = { from: 1e-4, to: 1e-2, steps: 10, batchSize: 4 };
    const plain = await learningRateFinder(make(0.3), data, options);
    const scheduled = sgd({ learningRate: cosineDecay(0.3, { steps: 2 }) });
    const t = make(0, { optimizer: scheduled });
    expect(await learningRateFinder(t, data, options)).toEqual(plain);
    const groups = parameterGroups([{ optimizer: sgd({ learningRate: 1 }) }]);
    const { curve } = await learningRateFinder(make(0, { optimizer: groups }), data, options);
    expectClose(
      curve.map(({ loss }) => loss),
      plain.curve.map(({ loss }) => loss),
      { relative: 1e-12 },
    );
  });
  test("ends where numbers are not finite, and says nothing where the loss never falls", async () => {
    const t = make(1, { dtype: "f32" });
    const options = { from: 1e10, to: 1e38, steps: 20, batchSize: 4, stopAt: 1e300 };
    const { curve, suggestion } = await learningRateFinder(t, data, options);
    expect(curve.length).toBeGreaterThan(0);
    expect(curve.length).toBeLessThan(20);
    expect(suggestion).toBeUndefined();
  });
  test("with settings that mean nothing is refused", async () => {
    for (const bad of [
      { from: 0 },
      { from: 1, to: 1 },
      { steps: 1 },
      { batchSize: 0 },
      { smoothing: 1 },
      { stopAt: 1 },
      { stop: 2 },
    ] as object[]) {
      await rejection("bad-argument", learningRateFinder(make(0.1), data, bad));
    }
    await rejection("bad-argument", learningRateFinder({} as never, data));
  });
});
