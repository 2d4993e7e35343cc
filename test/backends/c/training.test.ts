/** Training in the machine's own code: the bits of strict WebAssembly, the user's line, and order. */
import { describe, expect, test } from "vitest";
import { canRun, makeNativeBackend } from "../../../src/backends/c/index.ts";
import {
  adam,
  crossEntropy,
  dropout,
  linear,
  relu,
  sequential,
  trainer,
} from "../../../src/index.ts";

const here = canRun();
const title = here === true ? "C" : `C: skipped, since ${here}`;

const rows = Array.from({ length: 70 }, (_, i) => [Math.sin(i), Math.cos(1.7 * i), (i % 7) / 7]);
const data = { inputs: rows, targets: rows.map((_, i) => i % 3) };

const made = (backend: "c" | "wasm") =>
  trainer(sequential(linear(3, 24), relu(), dropout(0.2), linear(24, 3)), {
    loss: crossEntropy,
    optimizer: adam({ learningRate: 0.01 }),
    backend: backend === "c" ? makeNativeBackend({ deterministic: true }) : backend,
    deterministic: true,
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
});
