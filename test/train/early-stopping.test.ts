/** Early stopping: when it ends training, and which parameters it keeps. */
import { describe, expect, it } from "vitest";
import {
  linear,
  meanSquaredError,
  sequential,
  sgd,
  type Tensor,
  trainer,
} from "../../src/index.ts";
import type { StepReport } from "../../src/train/fit.ts";
import { expectClose } from "../support/close.ts";
import { line, numbers, state, weight } from "./small.ts";

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
  it("starts again with `epochs`, and goes on where it was with `untilEpoch`", async () => {
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
        // Nor does early stopping that starts again go back to it.
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
