/** What fit calls and saves after an epoch. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import {
  type EpochReport,
  linear,
  meanSquaredError,
  sequential,
  sgd,
  trainer,
} from "../../src/index.ts";

const data = {
  inputs: [[0], [1], [2], [3]],
  targets: [[1], [3], [5], [7]],
};
const make = (backend: "wasm" | "interpreter") =>
  trainer(sequential(linear(1, 1)), {
    loss: meanSquaredError,
    optimizer: sgd({ learningRate: 0.05 }),
    dtype: "f64",
    backend,
  });
const folder = mkdtempSync(join(tmpdir(), "chainrule-callbacks-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(["wasm", "interpreter"] as const)("%s", (backend) => {
  test.each([4, 2])("onEpoch is called once an epoch, in batches of %i", async (batchSize) => {
    const t = make(backend);
    const seen: (readonly [EpochReport, number])[] = [];
    const onEpoch = async (report: EpochReport) => {
      await Promise.resolve();
      seen.push([report, t.evaluate(data).loss]);
    };
    const { epochs } = await t.fit(data, { epochs: 5, batchSize, onEpoch });
    expect(seen.map(([report]) => report)).toEqual(epochs);
    // The state that is read is that of the epoch's end: with one step, the next one's loss.
    const after = seen.map(([, loss]) => loss);
    if (batchSize === 4)
      for (let i = 0; i < 4; i++) expect(after[i]).toBeCloseTo(epochs[i + 1]!.loss, 12);
    // To be watched changes no bit.
    const alone = make(backend);
    const unseen = await alone.fit(data, { epochs: 5, batchSize });
    expect(unseen.epochs).toEqual(epochs);
    expect(alone.toBytes()).toEqual(t.toBytes());
  });
  test("every n-th epoch is saved, and goes on with the same bits", async () => {
    const t = make(backend);
    const path = join(folder, `${backend}-{epoch}.safetensors`);
    await t.fit(data, { epochs: 7, batchSize: 2, checkpoint: { path, every: 3 } });
    const files = readdirSync(folder).filter((name) => name.startsWith(`${backend}-`));
    expect(files.sort()).toEqual([`${backend}-3.safetensors`, `${backend}-6.safetensors`]);
    const again = make(backend);
    await again.load(join(folder, `${backend}-3.safetensors`));
    await again.fit(data, { untilEpoch: 7, batchSize: 2 });
    expect(again.toBytes()).toEqual(t.toBytes());
  });
  test("the best is saved, and not what is worse", async () => {
    const t = make(backend);
    const path = join(folder, `best-${backend}.safetensors`);
    const losses: number[] = [];
    const saved: number[] = [];
    let before = "";
    const onEpoch = ({ epoch, validation }: EpochReport) => {
      losses.push(validation!.loss);
      const now = existsSync(path) ? readFileSync(path, "hex") : "";
      if (now !== before) saved.push(epoch);
      before = now;
      // Worse for two epochs, then better than ever.
      t.learningRate = epoch === 2 ? 0.3 : 0.05;
    };
    const checkpoint = { path, best: "validation.loss" } as const;
    await t.fit(data, { epochs: 8, batchSize: 4, validation: data, checkpoint, onEpoch });
    const best = losses.flatMap((loss, i) =>
      loss < Math.min(...losses.slice(0, i), Infinity) ? [i + 1] : [],
    );
    expect(saved).toEqual(best);
    expect(saved.length).toBeLessThan(8);
  });
});

test("what onEpoch throws ends the training", async () => {
  const t = make("wasm");
  const onEpoch = ({ epoch }: EpochReport) => {
    if (epoch === 2) throw new Error("enough");
  };
  await expect(t.fit(data, { epochs: 9, onEpoch })).rejects.toThrow("enough");
  expect(t.progress.epoch).toBe(2);
});

test.each([
  [{ path: "", every: 1 }, /saves to a file/],
  [{ path: "a", every: 0 }, /whole number ≥ 1/],
  [{ path: "a", best: "r2" }, /does not know this measure/],
  [{ path: "a" }, /not said when/],
])("%j is refused before the first step", (checkpoint, message) => {
  const t = make("interpreter");
  expect(() => t.fit(data, { checkpoint: checkpoint as never })).toThrow(message);
});
