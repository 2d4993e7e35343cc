/**
 * A backend that has the training loop inside keeps the state to itself for a while. Nobody may
 * notice: whatever is done to the trainer meanwhile, the bits are those of steps taken one by one.
 */
import { describe, expect, it, test } from "vitest";
import { moons } from "../../src/data/index.ts";
import {
  adam,
  type ChainruleError,
  crossEntropy,
  dropout,
  linear,
  meanSquaredError,
  relu,
  sequential,
  sgd,
  type Trainer,
  trainer,
} from "../../src/index.ts";
import type { FitOptions } from "../../src/train/fit.ts";
import { expectClose } from "../support/close.ts";
import { rejection } from "../support/failure.ts";

const points = moons({ size: 48, noise: 0.2 });
const others = moons({ size: 40, noise: 0.1, seed: 8 });
const make = (backend: "auto" | "interpreter" = "auto") =>
  trainer(sequential(linear(2, 8), relu(), dropout(0.2), linear(8, 2)), {
    loss: crossEntropy,
    optimizer: adam({ learningRate: 0.01 }),
    backend,
  });
const state = (t: Trainer) => [...t.snapshot().values(), ...t.slots.values()].map((v) => v.slice());
const batchSize = 8;

/** Trains to the end with a backend that is not asked to hurry: it reports every step. */
const stepwise = (t: Trainer, options: FitOptions) =>
  t.fit(points, { batchSize, onStep: () => {}, ...options }).then();

describe("ways to train come to the same bits", () => {
  // 48 examples make six whole batches of 8, or four of 11 and a rest.
  test.each([8, 11])("in batches of %i", async (size) => {
    const options = { epochs: 12, batchSize: size };
    const awaited = make();
    const { epochs } = await awaited.fit(points, options);
    const iterated = make();
    const seen = [];
    for await (const report of iterated.fit(points, options)) seen.push(report);
    const counted = make();
    await stepwise(counted, options);
    expect(state(iterated)).toEqual(state(awaited));
    expect(state(counted)).toEqual(state(awaited));
    // Sums over an epoch may be taken in another order: a few units in the last place.
    for (const [i, { loss, accuracy }] of seen.entries()) {
      expectClose([loss], [epochs[i]!.loss], { relative: 1e-14 });
      expect(accuracy).toBe(epochs[i]!.accuracy);
    }
    expect(awaited.progress.steps).toBe(counted.progress.steps);
  });
  it("and to the interpreter's numbers, nearly", async () => {
    const options = { epochs: 5, batchSize };
    const [a, b] = [make(), make("interpreter")];
    await a.fit(points, options);
    await b.fit(points, options);
    // 30 steps in f32 (6e-8), where Adam divides by small roots.
    a.snapshot().forEach((values, name) => {
      expectClose(values, b.snapshot().get(name)!, { absolute: 1e-4 }, name);
    });
  });
});

describe("whatever is done between epochs", () => {
  const acts: Record<string, (t: Trainer) => unknown> = {
    "parameters set": (t) => t.setParameters({ "0.bias": new Float32Array(8).fill(0.25) }),
    "the learning rate changed": (t) => {
      t.learningRate = 0.5;
    },
    "a step taken": (t) => t.step(others),
    "a checkpoint loaded": (t) => {
      const other = make();
      other.step(others);
      other.progress.epoch = t.progress.epoch;
      t.fromBytes(other.toBytes());
    },
    "trained on other data": (t) => t.fit(others, { batchSize: 5, epochs: 2 }).then(),
    "looked at": (t) => [
      t.parameters,
      t.slots,
      t.toBytes(),
      t.evaluate(others),
      t.predict([[1, 2]]),
    ],
  };
  test.each(Object.entries(acts))("%s", async (name, act) => {
    const t = make();
    let done = 0;
    for await (const _ of t.fit(points, { epochs: 6, batchSize })) if (++done === 3) await act(t);
    // The same in two fits of their own.
    const apart = make();
    await apart.fit(points, { epochs: 3, batchSize });
    await act(apart);
    await apart.fit(points, { untilEpoch: 6, batchSize });
    expect(state(t)).toEqual(state(apart));
    expect(t.progress).toMatchObject({ steps: apart.progress.steps, epoch: 6, examples: 48 });
    if (name === "looked at") return;
    const plain = make();
    await plain.fit(points, { epochs: 6, batchSize });
    expect(state(t)).not.toEqual(state(plain));
  });
});

describe("reading in the middle of an epoch", () => {
  // An epoch of these takes about as long as others wait for their turn.
  const many = moons({ size: 100_000, noise: 0.2 });
  it("sees a state from which training can go on, and changes nothing", async () => {
    const t = make();
    const saved: { bytes: Uint8Array; position: number }[] = [];
    const timer = setInterval(() => {
      t.predict([[0, 0]]);
      saved.push({ bytes: t.toBytes(), position: t.progress.position });
    }, 1);
    // As many epochs as it takes until a timer has come within one, on however quick a machine.
    let epochs = 0;
    for await (const _ of t.fit(many, { epochs: 200, batchSize }))
      if (++epochs >= 3 && saved.some(({ position }) => position > 0)) break;
    clearInterval(timer);
    const within = saved.find(({ position }) => position > 0)!;
    expect(within, "no timer came within an epoch").toBeDefined();
    const plain = make();
    await plain.fit(many, { epochs, batchSize });
    expect(t.toBytes()).toEqual(plain.toBytes());
    const resumed = make();
    resumed.fromBytes(within.bytes);
    await resumed.fit(many, { untilEpoch: epochs, batchSize });
    expect(state(resumed)).toEqual(state(t));
  });
});

describe("numbers that are not finite", () => {
  const steep = (backend: "auto" | "interpreter") =>
    trainer(sequential(linear(2, 1)), {
      loss: meanSquaredError,
      optimizer: sgd({ learningRate: 1.2 }),
      backend,
    });
  const data = {
    inputs: Array.from({ length: 24 }, (_, i) => [Math.sin(i), Math.cos(3 * i)]),
    targets: Array.from({ length: 24 }, (_, i) => [i % 5]),
  };
  /** Trains until it diverges; the error, and what was left. */
  async function diverge(how: (t: Trainer) => Promise<unknown>, t: Trainer) {
    const error: ChainruleError = await how(t).then(
      () => expect.fail("it did not diverge"),
      (reason) => reason,
    );
    const { steps, epoch, position } = t.progress;
    const line = error.message.split("\n")[0];
    return { code: error.code, line, steps, epoch, position, state: state(t) };
  }
  const ways = (size: number): Record<string, (t: Trainer) => Promise<unknown>> => ({
    awaited: (t) => t.fit(data, { epochs: 1e5, batchSize: size }).then(),
    iterated: async (t) => {
      for await (const _ of t.fit(data, { epochs: 1e5, batchSize: size }));
    },
    "step by step": (t) => t.fit(data, { epochs: 1e5, batchSize: size, onStep: () => {} }).then(),
  });
  describe.each([2, 7])("in batches of %i", (size) => {
    test.each(Object.keys(ways(size)))("%s: stops where single steps do", async (way) => {
      const found = await diverge(ways(size)[way]!, steep("auto"));
      expect(found.code).toBe("not-finite");
      expect(found.epoch).toBeGreaterThan(1);
      // The state is that after exactly the steps that are counted.
      const perEpoch = Math.ceil(24 / size);
      expect(found.position % size).toBe(0);
      expect(found.epoch * perEpoch + found.position / size).toBe(found.steps);
      expect(found.line).toContain(`at step ${found.steps}:`);
      const single = await diverge(ways(size)["step by step"]!, steep("auto"));
      expect(found).toEqual(single);
    });
  });
  it("training goes on from there", async () => {
    const t = steep("auto");
    await diverge(ways(2).iterated!, t);
    const { steps, epoch } = t.progress;
    t.setParameters(steep("auto").parameters);
    t.learningRate = 0.01;
    await t.fit(data, { untilEpoch: epoch + 2, batchSize: 2 });
    expect(t.progress).toMatchObject({ epoch: epoch + 2, position: 0 });
    expect(t.progress.steps).toBe((epoch + 2) * 12);
    expect(t.progress.steps).toBeGreaterThan(steps);
  });
  // Of an odd number of weights the last, too.
  test.each([2, 3])("one of %i weights that overflows although no loss does", async (width) => {
    // E = Σ xw, so that w − 1e9·1e30 at the last step: its loss was taken before.
    const t = trainer(sequential(linear(width, 1, { weight: 0, bias: false })), {
      loss: (output) => output.sum(),
      optimizer: sgd({ learningRate: 1e9 }),
    });
    const row = (x: number) => Array.from({ length: width }, (_, i) => (i === width - 1 ? x : 0));
    const rows = { inputs: [1, 1, 1, 1e30].map(row), targets: [[0], [0], [0], [0]] };
    const run = t.fit(rows, { epochs: 1, batchSize: 1, shuffle: false });
    const error = await rejection("not-finite", run.then());
    expect(error.message).toContain("at step 3");
    expect(t.progress).toMatchObject({ steps: 3, epoch: 0, position: 3 });
    expect(t.parameters["0.weight"]!.dataSync()[width - 1]).toBe(Math.fround(-3e9));
  });
});
