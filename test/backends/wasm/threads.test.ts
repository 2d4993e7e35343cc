/** Several threads: the same bits, nobody left behind, and a word when one dies. */

import { describe, expect, test, vi } from "vitest";
import { letGoOfAll } from "../../../src/backends/kept.ts";
import {
  adam,
  cosineDecay,
  crossEntropy,
  dropout,
  type FitOptions,
  halfSquaredError,
  layer,
  linear,
  relu,
  scan,
  sequential,
  sgd,
  type Tensor,
  type Trainer,
  tanh,
  trainer,
  zeros,
} from "../../../src/index.ts";
import { rejection } from "../../support/failure.ts";
import { convolution2d } from "../../support/windows.ts";
import { ready, team, type Watched, watching } from "./spy.ts";

const examples = 96;
const rows = (width: number, f: (i: number, k: number) => number) =>
  Array.from({ length: examples }, (_, i) => Array.from({ length: width }, (_, k) => f(i, k)));
const inputs = rows(33, (i, k) => Math.sin(1.1 * i + 0.7 * k));
const classes = { inputs, targets: inputs.map((row) => (row[3]! + row[9]! > 0 ? "yes" : "no")) };
const curves = { inputs, targets: rows(5, (i, k) => Math.cos(0.3 * i + k)) };

const classifier = (threads: number) =>
  trainer(sequential(linear(33, 70), relu(), dropout(0.1), linear(70, 50), tanh(), linear(50, 2)), {
    loss: crossEntropy,
    optimizer: adam({ learningRate: cosineDecay(0.01, { steps: 50 }), clipNorm: 1 }),
    ...{ threads, seed: 2 },
  });
// For large numbers a sine calls into JavaScript, which only the first thread can.
const wave = (x: Tensor) => x.mul(1e7).sin();
const curve = (threads: number) =>
  trainer(sequential(linear(33, 130), tanh(), wave, linear(130, 5)), {
    loss: halfSquaredError,
    optimizer: sgd({ learningRate: cosineDecay(1e-12, { steps: 60 }), momentum: 0.9 }),
    ...{ threads, dtype: "f64", seed: 4 },
  });

/** Activations folded with each other, so that both factors have gradients. */
const fold = (h: Tensor) => {
  const batch = h.shape[0]!;
  const x = h.slice({ end: [batch, 162] }).reshape([batch, 2, 9, 9]);
  const w = h.slice({ start: [0, 162], end: [1, 234] }).reshape([4, 2, 3, 3]);
  return convolution2d(x, w, { padding: 1, stride: 2 }).reshape([batch, 100]);
};
const folded = layer({
  ...{ name: "fold", inputSize: 234, outputSize: 100 },
  ...{ parameters: {}, apply: fold },
});
const convolutional = (threads: number) =>
  trainer(sequential(linear(33, 234), tanh(), folded, linear(100, 2)), {
    loss: crossEntropy,
    optimizer: adam({ learningRate: 0.01 }),
    ...{ threads, seed: 3 },
  });

/** A recurrence over groups of activations, by the weights of one of them. */
const recur = (h: Tensor) => {
  const [batch = 0] = h.shape;
  const parts = h.reshape([batch, 12, 20]).transpose([1, 0, 2]);
  const w = h.slice({ end: [20, 20] }).mul(0.2);
  return scan((s, x) => [s.matmul(w).add(x).tanh(), undefined], zeros([batch, 20]), parts)[0];
};
const recurrence = layer({
  ...{ name: "recur", inputSize: 240, outputSize: 20 },
  ...{ parameters: {}, apply: recur },
});
const recurrent = (threads: number) =>
  trainer(sequential(linear(33, 240), tanh(), recurrence, linear(20, 2)), {
    loss: crossEntropy,
    optimizer: adam({ learningRate: 0.01 }),
    ...{ threads, seed: 5 },
  });

/** One epoch so that workers are there, then thirty steps and more in which all take part. */
async function train(t: Trainer, data: typeof classes | typeof curves, threads: number) {
  // Steps that go wrong are taken again one by one, which would come to the same.
  const again = vi.spyOn(t, "stepInTurns");
  return watching(async (started) => {
    let together = 1;
    const options: FitOptions = { epochs: 9, batchSize: 24 };
    for await (const _ of t.fit(data, options)) {
      if (threads === 1) continue;
      await vi.waitUntil(() => ready(started[0]!) === threads - 1, { timeout: 20_000 });
      together = Math.max(together, team(started[0]!));
    }
    expect(together).toBe(threads);
    expect(again).not.toHaveBeenCalled();
    expect(started).toHaveLength(threads - 1);
    // The loop is kept for the next fit, with its workers, until it is let go.
    letGoOfAll();
    await Promise.all(started.map(({ ended }) => ended));
    return { state: [...t.snapshot(), ...t.slots], history: t.progress.history };
  });
}

describe.each([
  ["a classifier in f32", classifier, classes],
  ["a curve in f64", curve, curves],
  ["a convolution", convolutional, classes],
  ["a recurrence", recurrent, classes],
] as const)("%s", (_, make, data) => {
  test("has the same bits on 1, 2, 3 and 5 threads, and sends all workers home", async () => {
    const alone = await train(make(1), data, 1);
    for (const threads of [2, 3, 5]) {
      expect(await train(make(threads), data, threads)).toEqual(alone);
    }
  });
});

/** Training that is interrupted after its second epoch, when all workers wait for commands. */
async function duringTraining(act: (workers: readonly Watched[]) => Promise<unknown>) {
  const t = classifier(3);
  // The same by one thread, as far as it goes.
  const plain = classifier(1);
  await plain.fit(classes, { epochs: 2, batchSize: 24 });
  return watching(async (started) => {
    const run = t.fit(classes, { epochs: 1000, batchSize: 24 })[Symbol.asyncIterator]();
    await run.next();
    await vi.waitUntil(() => ready(started[0]!) === 2, { timeout: 20_000 });
    await run.next();
    await act(started);
    const began = performance.now();
    const outcome = { t, plain, next: run.next(), end: () => run.return() };
    return { ...outcome, took: () => performance.now() - began, started };
  });
}

test("a stop in the middle leaves no worker behind", async () => {
  const { end, next, started, t, plain } = await duringTraining(async () => {});
  await next;
  await end();
  letGoOfAll();
  await Promise.all(started.map(({ ended }) => ended));
  // Three epochs, of which the first two are those of a single thread.
  await plain.fit(classes, { epochs: 1, batchSize: 24 });
  expect([...t.snapshot()]).toEqual([...plain.snapshot()]);
});

test("a worker that has died between steps: an error at once", async () => {
  const { next, took, t, plain, started } = await duringTraining(async (workers) => {
    await workers[0]!.worker.terminate();
  });
  const error = await rejection("unsupported", next);
  expect(took()).toBeLessThan(15_000);
  expect(error.message).toContain("worker thread has died");
  expect(error.fix).toContain("threads: 1");
  await Promise.all(started.map(({ ended }) => ended));
  // The steps that are counted were taken, by one thread in the end.
  const { steps, epoch, position } = t.progress;
  expect(steps).toBe(4 * epoch + position / 24);
  const losses = t.progress.history.map(({ loss }) => loss);
  expect(losses).toEqual(plain.progress.history.map(({ loss }) => loss));
});

test("a worker that dies in the midst of a step: an error instead of waiting forever", async () => {
  const { next } = await duringTraining(async (workers) => {
    // Not awaited: the thread is gone before it has done its share of the next step.
    void workers[1]!.worker.terminate();
  });
  const error = await rejection("unsupported", next);
  expect(error.message).toContain("worker thread has died");
  // Silence counts as death after twenty seconds.
}, 180_000);
