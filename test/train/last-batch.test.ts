/**
 * The smaller last batch of an epoch, inside the backend's loop: by fewer rows of its program, or by a
 * program of its own beside it. Nobody may notice: bits and reports are those of steps taken one by one,
 * each by a program that was made for its batch. CHAINRULE_FUZZ_RUNS and CHAINRULE_FUZZ_SEED look further.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SynchronousBackend } from "../../src/backends/backend.ts";
import { wasm } from "../../src/backends/wasm/index.ts";
import * as c from "../../src/index.ts";
import type { FitOptions } from "../../src/train/fit.ts";
import "../support/backend.ts";
import { rejection } from "../support/failure.ts";
import { networkChoices, randomNetwork } from "../support/random-networks.ts";

/** Without a loop: each step runs by itself. */
const stepwise: SynchronousBackend = { name: "stepwise", compile: wasm.compile };

const state = (t: c.Trainer) =>
  [...t.snapshot().values(), ...t.slots.values()].map((v) => v.slice());

const points = (size: number) => ({
  inputs: c.tensor(
    Float32Array.from({ length: size * 12 }, (_, i) => Math.sin(i * 0.37 + 1)),
    { shape: [size, 12] },
  ),
  targets: c.tensor(
    Int32Array.from({ length: size }, (_, i) => (i * 7) % 5),
    { shape: [size] },
  ),
});

const makers = {
  "a small network": (options: object) =>
    c.trainer(c.sequential(c.linear(12, 3), c.tanh(), c.linear(3, 5)), {
      ...{ loss: c.crossEntropy, optimizer: c.adam({ learningRate: 0.01 }) },
      ...options,
    }),
  "one with buffers, dropout and momentum": (options: object) =>
    c.trainer(
      c.sequential(c.linear(12, 40), c.batchNorm1d(40), c.relu(), c.dropout(0.3), c.linear(40, 5)),
      {
        ...{ loss: c.crossEntropy, optimizer: c.sgd({ learningRate: 0.1, momentum: 0.9 }) },
        ...options,
      },
    ),
  "a weighted loss": (options: object) =>
    c.trainer(c.sequential(c.linear(12, 40), c.relu(), c.linear(40, 5)), {
      loss: (o, t) =>
        c.crossEntropy(o, t, { classWeights: [1, 2, 0.5, 3, 1], labelSmoothing: 0.1 }),
      optimizer: c.adamW({ clipNorm: 1 }),
      ...options,
    }),
};

// Fewer rows of 32 do for 22, and not for 9; one batch and a rest, and several.
describe.each(Object.entries(makers))("%s", (_, make) => {
  test.each([
    [54, 32, 1],
    [54, 32, 2],
    [33, 10, 1],
    [41, 32, 2],
  ])("%i examples in batches of %i, with %i threads", async (size, batchSize, threads) => {
    const data = points(size);
    const options = { epochs: 3, batchSize };
    const [own, one, seen] = [
      make({ backend: "wasm", threads }),
      make({ backend: stepwise }),
      make({ backend: "wasm", threads }),
    ];
    const { epochs } = await own.fit(data, options);
    expect(epochs).toEqual((await one.fit(data, options)).epochs);
    expect(state(own)).toEqual(state(one));
    const losses: [number, number][] = [];
    const onStep: FitOptions["onStep"] = ({ step, loss }) => losses.push([step, loss]);
    const validation = points(20);
    await seen.fit(data, { ...options, onStep, validation });
    expect(state(seen)).toEqual(state(one));
    const again = make({ backend: stepwise });
    const wanted: typeof losses = [];
    await again.fit(data, { ...options, onStep: ({ step, loss }) => wanted.push([step, loss]) });
    expect(losses).toEqual(wanted);
    // The loop that was kept goes on, and so does one that begins at the last batch.
    await own.fit(data, options);
    await one.fit(data, options);
    const signal = { aborted: false };
    const stopping = {
      signal,
      onStep: ({ step }: { step: number }) =>
        void (signal.aborted = step === Math.floor(size / batchSize)),
    };
    for (const t of [own, one]) {
      await t.fit(data, { ...options, ...stopping });
      expect(t.progress.position).toBe(batchSize * Math.floor(size / batchSize));
      signal.aborted = false;
      await t.fit(data, { ...options, untilEpoch: 7 });
    }
    expect(state(own)).toEqual(state(one));
    expect(own.progress).toEqual(one.progress);
  });
});

test("what is not finite in the last batch is named, and nothing of it stays", async () => {
  const size = 150;
  const data = points(size);
  const numbers = Float32Array.from({ length: size * 12 }, (_, i) => Math.sin(i));
  numbers[12 * 140] = 3e38;
  const bad = { ...data, inputs: c.tensor(numbers, { shape: [size, 12] }) };
  const [own, one] = [
    makers["one with buffers, dropout and momentum"]({ backend: "wasm" }),
    makers["one with buffers, dropout and momentum"]({ backend: stepwise }),
  ];
  const options = { epochs: 2, batchSize: 32, shuffle: false };
  const [a, b] = [
    await rejection("not-finite", own.fit(bad, options).then()),
    await rejection("not-finite", one.fit(bad, options).then()),
  ];
  expect(a.message).toBe(b.message);
  expect(state(own)).toEqual(state(one));
  expect(own.progress).toEqual(one.progress);
});

test("where training diverges in a last batch, batch by batch goes on from the same state", async () => {
  const size = 54;
  for (const seed of [31, 39, 41]) {
    const wave = (count: number, f: (i: number) => number) =>
      c.tensor(
        Float32Array.from({ length: size * count }, (_, i) => f(i)),
        {
          shape: [size, count],
        },
      );
    const data = {
      inputs: wave(12, (i) => Math.sin(i * i * 0.37 + seed)),
      targets: wave(5, (i) => Math.cos(i * 0.7 + seed)),
    };
    const found = [];
    for (const backend of ["wasm", stepwise] as const) {
      const t = c.trainer(c.sequential(c.linear(12, 40), c.relu(), c.linear(40, 5)), {
        ...{ loss: c.meanSquaredError, seed, backend },
        optimizer: c.sgd({ learningRate: 2 + seed * 0.1, momentum: 0.5 }),
      });
      const { message } = await rejection(
        "not-finite",
        t.fit(data, { epochs: 40, batchSize: 32 }).then(),
      );
      found.push({ message, state: state(t), progress: t.progress });
    }
    expect(found[0]).toEqual(found[1]);
  }
});

test("random networks, whatever is left over", async () => {
  const cases = fc.record({
    network: networkChoices,
    batchSize: fc.oneof(fc.integer({ min: 2, max: 40 }), fc.integer({ min: 17, max: 40 })),
    whole: fc.integer({ min: 1, max: 2 }),
    rest: fc.nat(100),
    shuffle: fc.boolean(),
    optimizer: fc.constantFrom(c.sgd({ learningRate: 0.1 }), c.adam(), c.rmsprop()),
  });
  type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;
  const same = async ({ network, batchSize, whole, rest, shuffle, optimizer }: Case) => {
    const size = batchSize * whole + 1 + (rest % (batchSize - 1));
    const { model, input, words } = randomNetwork({ ...network, batch: size });
    const count = input.reduce((n, k) => n * k, 1);
    const numbers = Array.from({ length: count }, (_, i) =>
      words ? (i * i + network.seed) % 6 : Math.sin(i * i + network.seed + 1),
    );
    const inputs = c.tensor(numbers, { shape: input, dtype: words ? "i32" : "f32" });
    const targets = Array.from({ length: size }, (_, i) => (i + network.seed) % 2);
    const trained = async (backend: "wasm" | SynchronousBackend) => {
      const t = c.trainer(model, { loss: c.crossEntropy, optimizer, seed: network.seed, backend });
      try {
        const { epochs } = await t.fit({ inputs, targets }, { epochs: 2, batchSize, shuffle });
        return [state(t), epochs, t.progress];
      } catch (error) {
        return [state(t), (error as Error).message, t.progress];
      }
    };
    const layers = model.layers.map((l) => `${l.name}${JSON.stringify(l.settings)}`).join(" ");
    expect(await trained("wasm"), layers).toEqual(await trained(stepwise));
  };
  await fc.assert(fc.asyncProperty(cases, same), {
    seed: Number(process.env.CHAINRULE_FUZZ_SEED ?? 1),
    numRuns: Number(process.env.CHAINRULE_FUZZ_RUNS ?? 4),
    endOnFailure: true,
  });
});
