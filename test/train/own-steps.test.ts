/** trainer.step in a loop of one's own: data and state stay with the program, and nothing else changes. */
import "../support/backend.ts";
import { afterEach, describe, expect, it, vi } from "vitest";
import { wasm } from "../../src/backends/wasm/index.ts";
import { dataset } from "../../src/data/dataset.ts";
import { crossEntropy, meanSquaredError } from "../../src/nn/index.ts";
import { linear } from "../../src/nn/linear.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { adam, sgd } from "../../src/optim/index.ts";
import { Ring } from "../../src/train/ring.ts";
import { trainer } from "../../src/train/trainer.ts";

const numbers = (count: number, seed = 0) =>
  Float32Array.from({ length: count }, (_, i) => (((i + seed) * 37) % 101) / 101 - 0.5);
const batchOf = (rows: number, seed: number) => ({
  inputs: tensor(numbers(rows * 3, seed), { shape: [rows, 3] }),
  targets: tensor(numbers(rows * 2, seed + 5), { shape: [rows, 2] }),
});
const made = (learningRate = 0.1) =>
  trainer(linear(3, 2), {
    loss: meanSquaredError,
    optimizer: adam({ learningRate }),
    backend: wasm,
  });
type Trained = ReturnType<typeof made>;
const stateOf = (t: Trained) => [
  t.progress.steps,
  Object.fromEntries(t.snapshot()),
  Object.fromEntries(t.slots),
];
/** The same step by a program of its own, whose state is copied in and out. */
const alone = (t: Trained, data: ReturnType<typeof batchOf>): number => {
  const { inputs, targets } = t.batchOf(data);
  return t.stepOn(inputs, targets).loss;
};
afterEach(() => vi.restoreAllMocks());

describe("steps on batches that are given one by one", () => {
  it.each([1, 3, 16, 17, 40])(
    "have the bits of steps that copy, in turns of %i batches",
    (count) => {
      const [t, other] = [made(), made()];
      const batches = Array.from({ length: count }, (_, i) => batchOf(4, i));
      for (let i = 0; i < 100; i++) {
        const data = batches[i % count]!;
        expect(t.step(data)).toBe(alone(other, data));
      }
      expect(stateOf(t)).toEqual(stateOf(other));
    },
  );

  it("have them whatever comes in between", async () => {
    const [t, other] = [made(), made()];
    const [a, b, small] = [batchOf(4, 1), batchOf(4, 2), batchOf(2, 3)];
    const value = tensor([0.25, -0.5]);
    const both: ((t: Trained, step: (data: typeof a) => number) => unknown)[] = [
      (_, step) => [step(a), step(b), step(a), step(small), step(a), step(small)],
      (t, step) => [t.setParameters({ bias: value }), step(a)],
      (t, step) =>
        [0.5, 0.01].map((learningRate) => {
          t.learningRate = learningRate;
          return step(b);
        }),
      (t, step) => [t.evaluate(a).loss, step(b), t.predict(small.inputs).arraySync()],
      async (t, step) => [await t.fit(a, { epochs: 3, batchSize: 3 }), step(a)],
      (t, step) => [Object.assign(t.progress, { steps: 2 }).epoch, step(a), t.progress.steps],
      (t, step) => [t.fromBytes(t.toBytes()), step(a), step(b)],
      (_, step) => Array.from({ length: 1100 }, () => step(a)),
    ];
    for (const part of both) {
      const [own, copying] = [part(t, (x) => t.step(x)), part(other, (x) => alone(other, x))];
      expect(await own).toEqual(await copying);
      expect(stateOf(t)).toEqual(stateOf(other));
    }
  });

  it("read lists of numbers again each time, and tensors once", () => {
    const put = vi.spyOn(Ring.prototype, "put");
    const lists = { inputs: [[1, 2, 3]], targets: [[1, 0]] };
    const [t, other] = [made(), made()];
    const first = t.step(lists);
    lists.inputs[0]![0] = 5;
    const second = t.step(lists);
    expect(put).toHaveBeenCalledTimes(2);
    expect([first, second]).toEqual([
      other.step({ inputs: [[1, 2, 3]], targets: [[1, 0]] }),
      other.step({ inputs: [[5, 2, 3]], targets: [[1, 0]] }),
    ]);
    put.mockClear();
    const [data, whole] = [batchOf(1, 0), dataset(batchOf(1, 1))];
    for (let i = 0; i < 5; i++) for (const given of [data, whole, { ...data }]) t.step(given);
    expect(put).toHaveBeenCalledTimes(2);
  });

  it("know a batch by what was given at first, whatever becomes of it while they are awaited", async () => {
    const [t, other] = [made(), made()];
    const batches = Array.from({ length: 20 }, (_, i) => batchOf(4, i));
    const given = { ...batches[0]! };
    const awaited = t.stepAsync(given);
    given.inputs = batches[1]!.inputs;
    const losses = [await awaited, t.step(given)];
    expect(losses).toEqual([batches[0]!, given].map((data) => alone(other, data)));
    // Seventeen others: the last of them has the place of the first before that is known.
    const first = t.stepAsync(batches[2]!);
    for (const data of batches.slice(3)) t.step(data);
    await first;
    for (const data of batches.slice(2)) alone(other, data);
    expect(t.step(batches[2]!)).toBe(alone(other, batches[2]!));
    expect(stateOf(t)).toEqual(stateOf(other));
  });

  it("number labels once the classes are known", () => {
    const make = () =>
      trainer(linear(3, 4), {
        loss: crossEntropy,
        optimizer: sgd({ learningRate: 0.1 }),
        backend: wasm,
      });
    const inputs = tensor(numbers(6), { shape: [2, 3] });
    const labelled = { inputs, targets: tensor([0, 2], { dtype: "i32" }) };
    const [t, other] = [make(), make()];
    const losses = [0, 1, 2].map(() => t.step(labelled));
    expect(losses).toEqual([0, 1, 2].map(() => other.step({ inputs, targets: [0, 2] })));
    expect(t.classes).toEqual(other.classes);
    // Labels that stand for others than in training are refused, though the tensors are known.
    const named = { ...labelled, size: 2, classes: ["a", "b", "c"] };
    expect(() => t.step(named)).toThrow(/stands for another class/);
  });

  it("end in the error of the step that is not finite, with the state before it", () => {
    const [t, other] = [made(), made()];
    const [a, b] = [batchOf(4, 1), batchOf(4, 2)];
    for (const own of [t, other]) for (const data of [a, b, a]) own.step(data);
    const before = t.toBytes();
    t.learningRate = 1e38;
    expect(() => {
      for (let i = 0; i < 9; i++) t.step(b);
    }).toThrow(/Training stopped at step \d/);
    expect(t.learningRate).toBe(1e38);
    other.learningRate = 1e38;
    expect(() => {
      for (let i = 0; i < 9; i++) alone(other, b);
    }).toThrow(/Training stopped at step \d/);
    expect(stateOf(t)).toEqual(stateOf(other));
    expect(t.progress.steps).toBe(4);
    for (const own of [t, other]) own.fromBytes(before);
    expect(t.step(a)).toBe(alone(other, a));
  });

  it("are taken alone where a batch is too large to stay", () => {
    const put = vi.spyOn(Ring.prototype, "put");
    const rows = 2 ** 22;
    const data = { inputs: tensor(new Float32Array(rows * 3), { shape: [rows, 3] }), targets: tensor(new Float32Array(rows * 2), { shape: [rows, 2] }) }; // biome-ignore format: one
    expect(made().step(data)).toBe(alone(made(), data));
    expect(put).not.toHaveBeenCalled();
  });
});
