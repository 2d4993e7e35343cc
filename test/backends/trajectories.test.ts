/**
 * Thirty steps of training, with a learning rate that changes by schedule and by hand, on every
 * backend: parameters, the optimizer's memory and the reported losses stay together.
 */
import { describe, expect, test, vi } from "vitest";
import type { InlineExamples } from "../../src/data/examples.ts";
import {
  adagrad,
  adam,
  adamW,
  binaryCrossEntropyWithLogits,
  cosineDecay,
  crossEntropy,
  dropout,
  exponentialDecay,
  gelu,
  halfSquaredError,
  huber,
  linear,
  type Optimizer,
  rmsprop,
  sequential,
  sgd,
  sigmoid,
  stepDecay,
  type Trainer,
  tanh,
  trainer,
  warmup,
} from "../../src/index.ts";
import type { Loss } from "../../src/nn/losses.ts";
import { expectClose } from "../support/close.ts";

/** Each with a schedule of its own; all change from step to step. */
const optimizers: Record<string, Optimizer> = {
  "descent, cosine": sgd({ learningRate: cosineDecay(0.1, { steps: 25 }) }),
  "momentum, exponential": sgd({
    learningRate: exponentialDecay(0.2, { rate: 0.9 }),
    momentum: 0.9,
    dampening: 0.1,
    weightDecay: 0.01,
  }),
  "Nesterov, in stairs": sgd({
    learningRate: stepDecay(0.1, { rate: 0.5, steps: 7 }),
    momentum: 0.8,
    nesterov: true,
    clipValue: 0.5,
  }),
  "Adam, warmed up": adam({ learningRate: warmup(0.05, { steps: 9 }) }),
  "AMSGrad, clipped": adam({
    learningRate: warmup(cosineDecay(0.05, { steps: 30, minimum: 0.1 }), { steps: 4 }),
    amsgrad: true,
    clipNorm: 0.7,
  }),
  "AdamW, exponential": adamW({ learningRate: exponentialDecay(0.05, { rate: 0.95 }) }),
  "RMSprop, cosine": rmsprop({
    learningRate: cosineDecay(0.02, { steps: 40 }),
    centered: true,
    momentum: 0.5,
  }),
  "Adagrad, in stairs": adagrad({
    learningRate: stepDecay(0.1, { rate: 0.3, steps: 11 }),
    learningRateDecay: 0.05,
  }),
};

const count = 48;
const rows = (width: number, f: (i: number, k: number) => number) =>
  Array.from({ length: count }, (_, i) => Array.from({ length: width }, (_, k) => f(i, k)));
const inputs = rows(3, (i, k) => Math.sin(1.3 * i + 2.1 * k + 0.4));
const classes = Array.from({ length: count }, (_, i) => (i % 3 === 0 ? "yes" : "no"));
const wave = rows(2, (i, k) => 0.5 + 0.4 * Math.cos(0.7 * i + k));

interface Task {
  readonly loss: Loss;
  readonly data: InlineExamples;
}
const tasks: Record<string, Task> = {
  "half the squared error": { loss: halfSquaredError, data: { inputs, targets: wave } },
  "Huber's loss": {
    loss: (y, t) => huber(y, t, { delta: 0.2 }),
    data: { inputs, targets: wave },
  },
  "cross entropy": { loss: crossEntropy, data: { inputs, targets: classes } },
  "binary cross entropy": {
    loss: binaryCrossEntropyWithLogits,
    data: { inputs, targets: rows(2, (i, k) => (i + k) % 2) },
  },
};

type Backend = "interpreter" | "wasm";
interface Trajectory {
  readonly losses: number[];
  readonly state: ReadonlyMap<string, ArrayLike<number>>;
}

/** Five epochs of six batches; the rate is halved by hand after the third. */
async function train(t: Trainer, { data }: Task, stepwise: boolean): Promise<Trajectory> {
  const losses: number[] = [];
  const report = stepwise ? { onStep: () => {} } : {};
  // Steps that go wrong are taken again one by one, which would hide it.
  const single = vi.spyOn(t, "stepInTurns");
  for (const epochs of [3, 2]) {
    const history = await t.fit(data, { epochs, batchSize: 8, ...report });
    losses.push(...history.epochs.map((e) => e.loss));
    t.learningRate /= 2;
  }
  expect(t.progress.steps).toBe(30);
  expect(single).toHaveBeenCalledTimes(t.backend.session ? 0 : 30);
  return { losses, state: new Map([...t.snapshot(), ...t.slots].map(([k, v]) => [k, v.slice()])) };
}

const make = (optimizer: Optimizer, loss: Loss, backend: Backend, dtype: "f32" | "f64") =>
  trainer(sequential(linear(3, 8), tanh(), dropout(0.1), linear(8, 5), gelu(), linear(5, 2)), {
    ...{ loss, optimizer, backend, dtype, seed: 3 },
  });

const names = Object.keys(optimizers);

describe.each(Object.entries(optimizers))("%s", (method, optimizer) => {
  test.each(Object.entries(tasks))("%s", async (name, task) => {
    // f32 with one loss each.
    const both = name === Object.keys(tasks)[names.indexOf(method) % 4];
    for (const dtype of both ? (["f64", "f32"] as const) : (["f64"] as const)) {
      const run = (backend: Backend, stepwise: boolean) =>
        train(make(optimizer, task.loss, backend, dtype), task, stepwise);
      const expected = await run("interpreter", false);
      const found = await run("wasm", false);
      // Some 1000 roundings in a row, and Adam's divisions by small roots.
      const relative = dtype === "f64" ? 1e-10 : 2e-3;
      const tolerance = { relative, absolute: relative / 10 };
      expectClose(found.losses, expected.losses, tolerance, `${dtype}: loss of epoch`);
      for (const [name, values] of expected.state) {
        expectClose(found.state.get(name)!, values, tolerance, `${dtype}: ${name}`);
      }
      // One step at a time the program is the same, and so are the bits.
      if (dtype === "f32") expect(await run("wasm", true)).toEqual(found);
    }
  });
});

test("a network of sigmoids in f64 keeps ten digits through a thousand steps", async () => {
  const losses = await Promise.all(
    (["interpreter", "wasm"] as const).map(async (backend) => {
      const t = trainer(sequential(linear(3, 4), sigmoid(), linear(4, 2), sigmoid()), {
        loss: halfSquaredError,
        optimizer: sgd({ learningRate: cosineDecay(0.5, { steps: 1500 }) }),
        ...{ backend, dtype: "f64", seed: 5 },
      });
      const { epochs } = await t.fit(tasks["half the squared error"]!.data, {
        epochs: 170,
        batchSize: 8,
      });
      return epochs.map((e) => e.loss);
    }),
  );
  expect(losses[0]!.at(-1)).toBeLessThan(0.95 * losses[0]![0]!);
  expectClose(losses[1]!, losses[0]!, { relative: 1e-10 });
});
