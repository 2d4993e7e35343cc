/**
 * What a fit has set up is kept for the next one. Nobody may notice but by the clock: whatever was
 * done in between, the bits are those of trainers that keep nothing.
 */

import { describe, expect, it, test, vi } from "vitest";
import type { Session, SynchronousBackend } from "../../src/backends/backend.ts";
import { keptBy, keptLimits, letGoOfAll } from "../../src/backends/kept.ts";
import { wasm } from "../../src/backends/wasm/index.ts";
import { elementsOf } from "../../src/core/array-tensor.ts";
import { moons } from "../../src/data/index.ts";
import {
  adam,
  crossEntropy,
  dropout,
  linear,
  meanSquaredError,
  relu,
  sequential,
  sgd,
  type Trainer,
  tensor,
  trainer,
} from "../../src/index.ts";
import type { FitOptions } from "../../src/train/fit.ts";
import { centred } from "../step/steps.ts";
import { failure, rejection } from "../support/failure.ts";
import { laterBackend } from "../support/later.ts";
import { stateBits } from "../support/state-bits.ts";

/** WebAssembly that counts the loops that are opened and closed. */
function counting(more: Partial<Session> = {}) {
  const log = { opened: 0, closed: 0 };
  const backend: SynchronousBackend = {
    ...wasm,
    session(...given) {
      log.opened++;
      const session = wasm.session!(...given);
      const close = () => {
        log.closed++;
        session.close();
      };
      return { ...session, ...more, close };
    },
  };
  return { backend, log };
}

const points = moons({ size: 48, noise: 0.2 });
const make = (backend: SynchronousBackend = wasm) =>
  trainer(sequential(linear(2, 8), centred(8, 0.5), relu(), dropout(0.2), linear(8, 2)), {
    ...{ loss: crossEntropy, optimizer: adam({ learningRate: 0.01 }), backend },
  });
const options: FitOptions = { epochs: 3, batchSize: 8 };
const copy = (seed?: number) => moons({ size: 48, noise: 0.2, ...(seed ? { seed } : {}) });

describe("between two fits", () => {
  /** What is done to a trainer and its data; how often a loop is opened by both fits. */
  type Act = (t: Trainer, data: ReturnType<typeof copy>) => unknown;
  const acts: Record<string, [opened: number, act: Act]> = {
    nothing: [1, () => {}],
    "data are changed in place": [
      1,
      (_, data) => {
        const [inputs, targets] = [elementsOf(data.inputs), elementsOf(data.targets)];
        inputs[3] = -4;
        targets[0] = 1 - targets[0]!;
      },
    ],
    "parameters are set": [1, (t) => t.setParameters({ "0.bias": new Float32Array(8).fill(0.25) })],
    "the learning rate is changed": [
      1,
      (t) => {
        t.learningRate = 0.3;
      },
    ],
    "steps are counted from elsewhere": [
      1,
      (t) => {
        t.progress.steps = 70;
      },
    ],
    // Steps have a loop of their own.
    "a step is taken": [2, (t) => t.step(copy(5))],
    "it is looked at": [
      1,
      (t, data) => [t.parameters, t.buffers, t.slots, t.evaluate(data), t.predict([[1, 2]])],
    ],
    "a checkpoint is loaded": [
      1,
      async (t) => {
        const other = make();
        await other.fit(copy(9), { epochs: 1, batchSize: 11 });
        t.fromBytes(other.toBytes());
      },
    ],
    "as many other data are trained on": [1, (t) => t.fit(copy(3), options).then()],
    "more data are trained on": [3, (t) => t.fit(moons({ size: 56, noise: 0.1 }), options).then()],
    "other batches are trained on": [3, (t, data) => t.fit(data, { batchSize: 12 }).then()],
    "it is trained by steps that are watched": [
      1,
      (t, data) => t.fit(data, { ...options, onStep: () => {} }).then(),
    ],
    "it is trained with early stopping": [
      1,
      (t, data) => t.fit(data, { ...options, earlyStopping: { patience: 1 } }).then(),
    ],
    "training is left in the midst of it": [
      1,
      async (t, data) => {
        for await (const { epoch } of t.fit(data, { ...options, epochs: 9 })) if (epoch > 5) break;
      },
    ],
    "training is aborted within an epoch": [
      1,
      async (t, data) => {
        const signal = { aborted: false };
        const onStep = ({ step }: { step: number }) => {
          signal.aborted = step === 4;
        };
        await t.fit(data, { ...options, signal, onStep });
        expect(t.progress.position).toBe(32);
      },
    ],
    "training fails": [
      2,
      async (t, data) => {
        const inputs = elementsOf(data.inputs);
        const good = inputs[11]!;
        inputs[11] = Number.NaN;
        await rejection("not-finite", t.fit(data, options).then());
        inputs[11] = good;
      },
    ],
    "another trainer trains on the same data": [2, (t, data) => make(t.backend as never).fit(data)],
  };
  test.each(Object.entries(acts))("%s", async (_, [opened, act]) => {
    const { backend, log } = counting();
    const [t, data] = [make(backend), copy()];
    await t.fit(data, options);
    await act(t, data);
    await t.fit(data, { untilEpoch: t.progress.epoch + 3, batchSize: 8 });
    expect(log.opened).toBe(opened);
    // The same by three trainers, one after the other.
    const [first, same] = [make(), copy()];
    await first.fit(same, options);
    const second = make();
    second.fromBytes(first.toBytes());
    await act(second, same);
    const third = make();
    third.fromBytes(second.toBytes());
    third.learningRate = second.learningRate;
    await third.fit(same, { untilEpoch: third.progress.epoch + 3, batchSize: 8 });
    expect(stateBits(t)).toBe(stateBits(third));
  });
});

test("parts that do not belong together are refused by the second fit, too", async () => {
  const t = make();
  await t.fit(points, options);
  const before = stateBits(t);
  for (const rows of [7, points.size + 1]) {
    const targets = tensor(new Int32Array(rows), { shape: [rows] });
    failure("shape-mismatch", () => t.fit({ ...points, targets }, options));
  }
  expect(stateBits(t)).toBe(before);
});

describe("data in any form", () => {
  const rows = points.inputs.arraySync() as number[][];
  const targets = points.targets.arraySync() as number[];
  const forms = {
    "rows of numbers": () => ({ inputs: rows, targets: targets.map(String) }),
    tensors: () => ({
      inputs: tensor(rows, { dtype: "f32" }),
      targets: tensor(targets, { dtype: "i32" }),
    }),
    "f64 where it trains in f32": () => ({
      ...points,
      inputs: tensor(rows, { dtype: "f64" }),
    }),
  };
  test.each(Object.entries(forms))("%s: one loop for two fits", async (_, form) => {
    const { backend, log } = counting();
    const [t, all] = [make(backend), make()];
    await t.fit(form(), options);
    await t.fit(form(), options);
    await all.fit(form(), { ...options, epochs: 6 });
    expect(log.opened).toBe(1);
    expect(stateBits(t)).toBe(stateBits(all));
  });
});

describe("one loop is for one training at a time", () => {
  it("two fits of one trainer, epoch by epoch in turns", async () => {
    const { backend, log } = counting();
    const t = make(backend);
    const sets = [copy(), copy(4)];
    // Each ends when the trainer has gone through so many epochs since it began: the first after 3.
    const runs = sets.map((data) => t.fit(data, options)[Symbol.asyncIterator]());
    for (let i = 0; i < 3; i++) for (const run of runs) await run.next();
    expect(t.progress.epoch).toBe(4);
    // The one that ended last is kept.
    expect(log).toEqual({ opened: 2, closed: 1 });
    const plain = make();
    for (let i = 0; i < 2; i++) {
      for (const data of sets) await plain.fit(data, { ...options, epochs: 1 });
    }
    expect([...t.snapshot()]).toEqual([...plain.snapshot()]);
  });

  it("an asynchronous backend's, too", async () => {
    const { backend, log } = counting();
    const later = laterBackend({ around: backend });
    const make = (backend: never) =>
      trainer(sequential(linear(2, 4), relu(), linear(4, 2)), {
        ...{ loss: crossEntropy, optimizer: sgd(), backend },
      });
    const [t, own] = [make(later.backend as never), make(wasm as never)];
    for (const one of [t, own]) {
      await one.fit(points, options);
      await one.fit(copy(7), options);
    }
    expect(log).toEqual({ opened: 1, closed: 0 });
    expect(later.log.overlapping).toBe(0);
    expect(stateBits(t)).toBe(stateBits(own));
  });
});

describe("fewer examples than a batch has", () => {
  it("are one batch, which the backend's loop takes, with the bits of single steps", async () => {
    const { backend, log } = counting();
    const [t, single] = [make(backend), make()];
    const step = vi.spyOn(t, "stepInTurns");
    const seen: number[] = [];
    const onStep = ({ loss }: { loss: number }) => seen.push(loss);
    const { epochs } = await t.fit(points, { epochs: 5, batchSize: 100, shuffle: false });
    await t.fit(points, { epochs: 5, batchSize: 100, shuffle: false, onStep });
    expect(step).not.toHaveBeenCalled();
    expect(log.opened).toBe(1);
    const losses = Array.from({ length: 10 }, () => single.step(points));
    expect([...epochs.map(({ loss }) => loss), ...seen]).toEqual(losses);
    expect([...t.snapshot()]).toEqual([...single.snapshot()]);
    expect(t.progress).toMatchObject({ steps: 10, epoch: 10, position: 0 });
  });

  it("onStep finds the trainer as that step has left it, and its epoch still open", async () => {
    const t = make();
    const found: unknown[] = [];
    const onStep = (report: object) => {
      const { steps, epoch, position } = t.progress;
      found.push({ ...report, steps, epoch, position, state: [...t.snapshot()] });
    };
    await t.fit(points, { epochs: 3, batchSize: 48, shuffle: false, onStep });
    const single = make();
    const expected = Array.from({ length: 3 }, (_, i) => {
      const loss = single.step(points);
      const state = [...single.snapshot()];
      return { step: 1, loss, steps: i + 1, epoch: i, position: 48, state };
    });
    expect(found).toMatchObject(expected);
  });
});

describe("what is kept is let go", () => {
  const train = async (t: Trainer) => {
    await t.fit(points, options);
  };

  it("when there are many, the oldest first", async () => {
    letGoOfAll();
    const all = Array.from({ length: keptLimits.things + 1 }, () => counting());
    const trainers = all.map(({ backend }) => make(backend));
    for (const t of trainers) await train(t);
    expect(all.map(({ log }) => log.closed)).toEqual(all.map((_, i) => (i === 0 ? 1 : 0)));
    await train(trainers[1]!);
    await train(trainers[0]!);
    expect(all.map(({ log }) => log.opened)).toEqual(all.map((_, i) => (i === 0 ? 2 : 1)));
    // The second was used again, so that the third is the oldest.
    expect(all.map(({ log }) => log.closed)).toEqual(
      all.map((_, i) => (i % 2 === 0 && i < 3 ? 1 : 0)),
    );
  });

  it("when they are large together, and at once when one is", async () => {
    letGoOfAll();
    const part = counting({ bytes: 0.6 * keptLimits.bytes });
    const [a, b] = [make(part.backend), make(part.backend)];
    await train(a);
    await train(b);
    expect(part.log).toEqual({ opened: 2, closed: 1 });
    const large = counting({ bytes: keptLimits.bytes + 1 });
    const t = make(large.backend);
    await train(t);
    await train(t);
    expect(large.log).toEqual({ opened: 2, closed: 2 });
  });

  it("when there is no memory for something else", async () => {
    const { Memory } = WebAssembly;
    const { backend, log } = counting();
    const t = make(backend);
    await train(t);
    let kept = true;
    const keeper = { bytes: 1, letGo: () => (kept = false) };
    keptBy(keeper);
    WebAssembly.Memory = class extends Memory {
      constructor(descriptor: WebAssembly.MemoryDescriptor) {
        if (kept) throw new RangeError("could not allocate memory");
        super(descriptor);
      }
    };
    try {
      await make().fit(points, options);
    } finally {
      WebAssembly.Memory = Memory;
    }
    expect(log.closed).toBe(1);
    await train(t);
    expect(log.opened).toBe(2);
  });
});

it("a learning rate that diverges is found in the second fit as in the first", async () => {
  const data = {
    inputs: Array.from({ length: 24 }, (_, i) => [Math.sin(i), i % 3]),
    targets: Array.from({ length: 24 }, (_, i) => [i % 5]),
  };
  const t = trainer(sequential(linear(2, 1)), {
    loss: meanSquaredError,
    optimizer: sgd({ learningRate: 0.01 }),
  });
  await t.fit(data, options);
  const kept = t.toBytes();
  t.learningRate = 1e30;
  const error = await rejection("not-finite", t.fit(data, { ...options, epochs: 500 }).then());
  const { steps } = t.progress;
  expect(error.message).toContain(`at step ${steps}:`);
  t.fromBytes(kept);
  t.learningRate = 0.01;
  await t.fit(data, options);
  const plain = trainer(sequential(linear(2, 1)), {
    loss: meanSquaredError,
    optimizer: sgd({ learningRate: 0.01 }),
  });
  await plain.fit(data, { ...options, epochs: 6 });
  expect([...t.snapshot()]).toEqual([...plain.snapshot()]);
});

describe("two fits of one trainer at the same time", () => {
  const pair = { inputs: [[0.05, 0.1]], targets: [[0.01, 0.99]] };
  const tiny = () =>
    trainer(sequential(linear(2, 2)), { loss: meanSquaredError, optimizer: sgd(), seed: 1 });

  it("are refused where both are awaited, however small they are", async () => {
    const t = tiny();
    const first = t.fit(pair, { epochs: 50 }).then(({ epochs }) => epochs.map((e) => e.epoch));
    await expect(t.fit(pair, { epochs: 50 })).rejects.toMatchObject({
      code: "bad-argument",
      fix: "Await the other fit first, or stop it by its signal.",
    });
    expect(await first).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    // It may train again afterwards.
    expect((await t.fit(pair, { epochs: 2 })).epochs.map((e) => e.epoch)).toEqual([51, 52]);
  });

  it("may take turns where the first is iterated", async () => {
    const t = tiny();
    for await (const { epoch } of t.fit(pair, { untilEpoch: 4 })) {
      if (epoch === 1) await t.fit(pair, { epochs: 2 });
    }
    expect(t.progress.epoch).toBe(4);
  });
});

describe("an error of a fit names the line that began it", () => {
  const pair = { inputs: [[0.05, 0.1]], targets: [[0.01, 0.99]] };
  const here = /again\.test\.ts:\d+/;
  const tiny = () => trainer(linear(2, 2), { loss: meanSquaredError, optimizer: sgd() });

  it("where no line of the program is at work any more", async () => {
    const t = tiny();
    const first = t.fit(pair, { epochs: 50 }).then();
    const error = await rejection("bad-argument", t.fit(pair, { epochs: 50 }).then());
    await first;
    expect(error.where).toMatch(here);
    expect(error.message).toMatch(/\n {2}at {7}.*again\.test\.ts:\d+:\d+\n {2}fix /);
    expect(error.stack).toContain(error.message);
  });

  it("where it is continued with other data", async () => {
    const t = tiny();
    const signal = { aborted: false };
    const onStep = () => {
      signal.aborted = true;
    };
    const three = { inputs: [[1, 2], [3, 4], [5, 6]], targets: [[1, 2], [3, 4], [5, 6]] }; // biome-ignore format: one
    await t.fit(three, { batchSize: 1, signal, onStep });
    const error = await rejection("checkpoint-mismatch", t.fit(pair, { untilEpoch: 4 }).then());
    expect(error.where).toMatch(here);
    expect(error.found).toBe("1 examples");
  });

  it("and is as it was where it names a line, or is none of ours", async () => {
    const own = new TypeError("mine");
    const onStep = () => {
      throw own;
    };
    await expect(tiny().fit(pair, { onStep }).then()).rejects.toBe(own);
    const wide = { inputs: [[1, 2, 3]], targets: [[1, 2]] };
    const error = await rejection("shape-mismatch", tiny().fit(wide).then());
    expect(error.where).toMatch(here);
  });
});
