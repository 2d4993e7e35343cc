/** Training in the machine's own code: the bits of strict WebAssembly, the user's line, and order. */
import { describe, expect, test } from "vitest";
import { canRun } from "../../../src/backends/c/index.ts";
import "../../../src/backends/c/install.ts";
import {
  adam,
  compile,
  crossEntropy,
  dropout,
  linear,
  relu,
  sequential,
  type Tensor,
  tensor,
  trainer,
} from "../../../src/index.ts";

import { originNotes } from "../../../src/train/checkpoint.ts";

const here = canRun();
const title = here === true ? "C" : `C: skipped, since ${here}`;

const rows = Array.from({ length: 70 }, (_, i) => [Math.sin(i), Math.cos(1.7 * i), (i % 7) / 7]);
const data = { inputs: rows, targets: rows.map((_, i) => i % 3) };

const made = (backend: "c" | "wasm", deterministic = true) =>
  trainer(sequential(linear(3, 24), relu(), dropout(0.2), linear(24, 3)), {
    loss: crossEntropy,
    optimizer: adam({ learningRate: 0.01 }),
    backend,
    deterministic,
    seed: 4,
  });

describe.skipIf(here !== true)(title, () => {
  test("fit gives the bits of strict WebAssembly", async () => {
    const [own, other] = [made("c"), made("wasm")];
    const settings = { epochs: 5, batchSize: 16 };
    const found = await own.fit(data, settings);
    const expected = await other.fit(data, settings);
    expect(found.epochs.map((e) => e.loss)).toEqual(expected.epochs.map((e) => e.loss));
    expect(await own.predict(rows).array()).toEqual(await other.predict(rows).array());
  });

  test("a label outside the classes is an error, and training can go on", async () => {
    const own = made("c");
    const wrong = { ...data, targets: data.targets.map((t, i) => (i === 9 ? 3 : t)) };
    await expect(own.fit(wrong, { epochs: 1, batchSize: 16 })).rejects.toThrow();
    await own.fit(data, { epochs: 1, batchSize: 16 });
  });

  test("the checkpoint says on which backend it was trained", () => {
    const other = made("wasm", false);
    other.fromBytes(made("c", false).toBytes());
    expect(originNotes(other)).toEqual([
      expect.stringContaining('trained on the backend "c", and this is "wasm"'),
    ]);
    other.fromBytes(made("wasm", false).toBytes());
    expect(originNotes(other)).toEqual([]);
    // Strict bits are those of both; where one of the two was not strict, they are not.
    const strict = made("wasm");
    strict.fromBytes(made("c").toBytes());
    expect(originNotes(strict)).toEqual([]);
    strict.fromBytes(made("c", false).toBytes());
    expect(originNotes(strict)).toHaveLength(1);
  });

  test("compile makes a program of a function", () => {
    const work = (x: Tensor) => x.exp().mul(x).sum();
    const [own, other] = (["c", "wasm"] as const).map((backend) =>
      compile(work, { backend, deterministic: true })(tensor([0.1, 2, -3])).item(),
    );
    expect(own).toBe(other);
    expect(own).toBeCloseTo(0.1 * Math.exp(0.1) + 2 * Math.exp(2) - 3 * Math.exp(-3), 5);
  });
});
