import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { launch, launchers, programs } from "./launch.ts";

const folder = mkdtempSync(join(tmpdir(), "chainrule-mpi-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const program = programs();

/** Trains, perhaps on from a checkpoint; the first process says what has come of it. */
const trains = program(
  "trains",
  `
  import { createHash } from "node:crypto";
  import { adam, cosineDecay, crossEntropy, dropout, linear, relu, sequential, trainer } from "./src/index.ts";
  import { mpi } from "./src/mpi/index.ts";

  const [mode, until, from, to, clipNorm] = process.argv.slice(2);
  const sharded = mode.startsWith("sharded");
  const parallel = await mpi({ timeout: 20 });
  const inputs = Array.from({ length: 203 }, (_, i) =>
    Array.from({ length: 5 }, (_, j) => Math.sin(i * 7 + j * 3)),
  );
  const targets = inputs.map(([a, b]) => Number(a * b > 0) + Number(a > 0.5));
  const t = trainer(sequential(linear(5, 17), relu(), dropout(0.2), linear(17, 3)), {
    loss: crossEntropy,
    optimizer: adam({ learningRate: cosineDecay(0.02, { steps: 60 }), ...(clipNorm === "none" ? {} : { clipNorm: 1 }) }),
    deterministic: !mode.endsWith("free"),
    shard: sharded,
    parallel,
  });
  if (from !== "-") await t.load(from);
  const { epochs } = await t.fit(
    { inputs, targets },
    { untilEpoch: Number(until), batchSize: 32, validation: 0.2, earlyStopping: { patience: 50, restoreBest: false } },
  );
  if (to !== undefined) await t.save(to);
  const hash = createHash("sha256");
  for (const [, values] of [...t.snapshot(), ...t.slots]) hash.update(values);
  const last = epochs.at(-1);
  const kept = [...Object.values(t.ownState().slots)].reduce((n, { length }) => n + length, 0);
  if (parallel.rank === 0) {
    console.log(JSON.stringify({
      hash: hash.digest("hex"), steps: t.progress.steps, loss: last.loss,
      accuracy: last.accuracy, validation: last.validation,
      ...(sharded && { kept }),
    }));
  }
`,
);

const run = async (launcher: (typeof launchers)[number], size: number, ...args: string[]) => {
  const { code, stdout, stderr } = await launch(launcher, size, [trains, ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout);
};

const [first, ...others] = launchers;
if (first) {
  describe("training on several processes", () => {
    it("gives the same bits on 1, 2, 4 and 8, and on from a checkpoint of another number", async () => {
      const half = join(folder, "half.safetensors");
      const one = await run(first, 1, "ordered", "10", "-");
      expect(one).toMatchObject({ steps: 60, hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
      expect(await run(first, 4, "ordered", "10", "-")).toEqual(one);
      await run(first, 2, "ordered", "5", "-", half);
      expect(await run(first, 8, "ordered", "10", half)).toEqual(one);
      for (const launcher of others) {
        expect(await run(launcher, 2, "ordered", "10", "-")).toEqual(one);
      }
    });

    it("keeps the optimizer's memory in shards, with its bits", async () => {
      const [half, end] = [join(folder, "shards.safetensors"), join(folder, "end.safetensors")];
      const whole = await run(first, 1, "ordered", "10", "-", end, "none");
      // Of 312 numbers the largest matrix has 170, and whole matrices are shared out.
      expect(await run(first, 4, "sharded", "5", "-", half, "none")).toMatchObject({ kept: 170 });
      // With more processes than parameters, and on in one that keeps everything.
      expect(await run(first, 8, "sharded", "10", half, end, "none")).toEqual({
        ...whole,
        kept: 170,
      });
      expect(await run(first, 1, "ordered", "10", half, end, "none")).toEqual(whole);
      // The norm of all gradients is everybody's.
      const clipped = await run(first, 1, "ordered", "10", "-");
      expect(await run(first, 2, "sharded", "10", "-")).toEqual({ ...clipped, kept: 170 });
    });

    it("adds by MPI's own sum otherwise", async () => {
      const { loss, steps } = await run(first, 3, "free", "10", "-");
      expect(steps).toBe(60);
      expect(loss).toBeLessThan(0.7);
      const shards = await run(first, 3, "sharded-free", "10", "-");
      expect(shards.loss).toBe(loss);
    });
  });
} else {
  it.skip("training on several processes needs MPI", () => {});
}
