/** Stopping by signal where nobody looks: in long epochs, and in the middle of validation. */
import { describe, expect, it, test } from "vitest";
import { moons } from "../../src/data/index.ts";
import {
  adam,
  crossEntropy,
  linear,
  relu,
  sequential,
  type Trainer,
  trainer,
} from "../../src/index.ts";
import type { FitOptions } from "../../src/train/fit.ts";

const make = (width = 8, backend: "auto" | "interpreter" = "auto") =>
  trainer(sequential(linear(2, width), relu(), linear(width, 2)), {
    loss: crossEntropy,
    optimizer: adam({ learningRate: 0.01 }),
    backend,
  });

describe("awaited, in whole batches, without validation", () => {
  // An epoch of this takes seconds.
  const large = moons({ size: 200_000, noise: 0.2 });
  it("an epoch that takes longer than a turn is left in its middle", async () => {
    const t = make(256);
    const options = { batchSize: 10 };
    const signal = AbortSignal.timeout(30);
    expect(await t.fit(large, { ...options, epochs: 5, signal })).toEqual({
      epochs: [],
      stopped: "aborted",
    });
    const { epoch, position } = t.progress;
    expect(epoch).toBe(0);
    expect(position).toBeLessThan(large.size);
  });
  it("short epochs are taken many at a time once that is known", async () => {
    const points = moons({ size: 64, noise: 0.2 });
    const [a, b] = [make(), make()];
    const { epochs } = await a.fit(points, { epochs: 300, batchSize: 8 });
    const seen = [];
    for await (const report of b.fit(points, { epochs: 300, batchSize: 8 })) seen.push(report);
    // However many steps were taken at once: the same bits, those of the sums as well.
    expect(seen).toEqual(epochs);
    expect(b.toBytes()).toEqual(a.toBytes());
  });
});

describe("in the middle of validation", () => {
  const points = moons({ size: 50, noise: 0.2, seed: 2 });
  const validation = moons({ size: 2000, noise: 0.2, seed: 3 });
  const options: FitOptions = {
    untilEpoch: 4,
    batchSize: 8,
    validation,
    earlyStopping: { patience: 9 },
  };
  /** Says stop when it is asked for the third time while the epoch's steps are done. */
  function stopIn(t: Trainer) {
    let asked = 0;
    const signal = {
      get aborted() {
        return t.progress.epoch === 1 && t.progress.position === points.size && ++asked >= 3;
      },
    } as AbortSignal;
    return { signal, asked: () => asked };
  }
  test.each(["auto", "interpreter"] as const)(
    "%s: goes on as if never stopped",
    async (backend) => {
      const whole = make(8, backend);
      const { epochs } = await whole.fit(points, options);
      const t = make(8, backend);
      const { signal, asked } = stopIn(t);
      expect(await t.fit(points, { ...options, signal })).toEqual({
        epochs: epochs.slice(0, 1),
        stopped: "aborted",
      });
      // After two batches of eight it was told to stop, and has asked no more.
      expect(asked()).toBe(3);
      expect(t.progress).toMatchObject({ epoch: 1, position: points.size });
      const loaded = make(8, backend);
      loaded.fromBytes(t.toBytes());
      for (const later of [t, loaded]) {
        const rest = await later.fit(points, options);
        expect(rest).toEqual({ epochs: epochs.slice(1), stopped: "finished" });
        expect(later.progress).toEqual(whole.progress);
        expect(later.toBytes()).toEqual(whole.toBytes());
      }
    },
  );
  it("a signal that comes by the clock is heard, too", async () => {
    const t = make(512, "interpreter");
    const slow = moons({ size: 100_000, noise: 0.2 });
    const stop = new AbortController();
    const timer = setInterval(() => {
      if (t.progress.position === points.size) stop.abort();
    }, 1);
    const { stopped } = await t.fit(points, { validation: slow, signal: stop.signal });
    clearInterval(timer);
    expect(stopped).toBe("aborted");
    expect(t.progress).toMatchObject({ epoch: 0, position: points.size });
  });
});
