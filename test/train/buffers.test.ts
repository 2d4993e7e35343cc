/** Buffers in a trainer: the steps renew them; all else uses, keeps, saves and resumes them. */
import { describe, expect, it, test } from "vitest";
import {
  adam,
  layer,
  linear,
  meanSquaredError,
  relu,
  sequential,
  sgd,
  type Tensor,
  type Trainer,
  type TrainerOptions,
  tensor,
  trainer,
} from "../../src/index.ts";
import { constantValue } from "../../src/nn/initializers.ts";
import type { FitOptions } from "../../src/train/fit.ts";
import { centred } from "../step/steps.ts";
import { expectClose } from "../support/close.ts";
import { failure } from "../support/failure.ts";

const make = (options: Partial<TrainerOptions> = {}): Trainer =>
  trainer(sequential(linear(3, 8, { bias: false }), centred(8), relu(), linear(8, 1)), {
    loss: meanSquaredError,
    optimizer: adam({ learningRate: 0.01 }),
    ...options,
  });
const rows = Array.from({ length: 48 }, (_, i) => [i % 5, (i * 7) % 11, i / 48]);
const data = {
  inputs: rows,
  targets: rows.map(([a = 0, b = 0, c = 0]) => [a - b * c]),
};
const batchSize = 8;
const state = (t: Trainer) => [...t.snapshot().values(), ...t.slots.values()].map((v) => v.slice());
const values = (t: Trainer, name: string) => [...(t.buffers[name]?.dataSync() ?? [])];

describe("buffers in training", () => {
  const model = centred(1, 0.5);
  const plain = (backend: "auto" | "interpreter") =>
    trainer(model, { loss: meanSquaredError, optimizer: sgd({ learningRate: 0 }), backend });
  test.each(["auto", "interpreter"] as const)("are renewed step by step: %s", async (backend) => {
    const t = plain(backend);
    expect(values(t, "mean")).toEqual([0]);
    await t.fit(
      { inputs: [[8], [16], [32], [64]], targets: [[0], [0], [0], [0]] },
      { batchSize: 2, shuffle: false, epochs: 2 },
    );
    // Batches have the means 12 and 48, and each counts one half.
    expect(values(t, "mean")).toEqual([((12 / 2 + 48) / 2 + 12) / 4 + 24]);
    expect(values(t, "batches")).toEqual([4]);
  });
  it("are what predictions and evaluations use, which renew none", () => {
    for (const backend of ["auto", "interpreter"] as const) {
      const t = plain(backend);
      t.step({ inputs: [[8], [16]], targets: [[0], [0]] });
      expect(values(t, "mean")).toEqual([6]);
      expect(t.predict([[7], [9]]).arraySync()).toEqual([[1], [3]]);
      expect(t.evaluate({ inputs: [[7], [9]], targets: [[1], [1]] }).loss).toBe(2);
      const own = model.apply(tensor([[7]]), { ...t.parameters, ...t.buffers });
      expect(own.arraySync()).toEqual([[1]]);
      expect(values(t, "mean")).toEqual([6]);
    }
  });
  // 48 examples make six whole batches of 8, or four of 11 and a rest.
  test.each([8, 11])("have the same bits whichever way is gone, in batches of %i", async (size) => {
    const options = { epochs: 6, batchSize: size };
    const awaited = make();
    await awaited.fit(data, options);
    const iterated = make();
    for await (const _ of iterated.fit(data, options));
    const counted = make();
    await counted.fit(data, { ...options, onStep: () => {} });
    const threads = make({ threads: 3 });
    await threads.fit(data, options);
    for (const t of [iterated, counted, threads]) expect(state(t)).toEqual(state(awaited));
    expect(values(awaited, "1.batches")).toEqual([6 * Math.ceil(48 / size)]);
    const definition = make({ backend: "interpreter" });
    await definition.fit(data, options);
    // 36 steps in f32 (6e-8), where Adam divides by small roots.
    for (const [i, found] of state(awaited).entries()) {
      expectClose(found, state(definition)[i] ?? [], { absolute: 2e-4 });
    }
  });
  it("are renewed from the batch before the layers in turn", async () => {
    const [a, b] = (["interpreter", "auto"] as const).map((backend) =>
      make({ backend, update: "sequential", dtype: "f64" }),
    ) as [Trainer, Trainer];
    for (const t of [a, b]) await t.fit(data, { batchSize, epochs: 2, shuffle: false });
    expectClose(values(a, "1.mean"), values(b, "1.mean"), { absolute: 1e-12 });
    expect(values(a, "1.batches")).toEqual([12]);
  });
});

describe("a state with buffers", () => {
  it.each(["auto", "interpreter"] as const)("goes on exactly where it was: %s", async (backend) => {
    const options: FitOptions = { batchSize, untilEpoch: 6 };
    const whole = make({ backend });
    await whole.fit(data, options);
    const begun = make({ backend });
    await begun.fit(data, { ...options, untilEpoch: 2 });
    // In the midst of an epoch.
    const stopping = { aborted: false };
    await begun.fit(data, {
      ...options,
      signal: stopping,
      onStep: ({ step }) => void (stopping.aborted = step === 4),
    });
    expect(begun.progress.position).toBe(32);
    const resumed = make({ backend });
    resumed.fromBytes(begun.toBytes());
    expect(values(resumed, "1.mean")).toEqual(values(begun, "1.mean"));
    await resumed.fit(data, options);
    expect(state(resumed)).toEqual(state(whole));
  });
  it("is refused where the model has others", () => {
    const t = make();
    const { buffers: _, ...parts } = centred(8);
    const plainShift = layer({ ...parts, apply: (x, { shift }) => x.add(shift as Tensor) });
    const other = trainer(
      sequential(linear(3, 8, { bias: false }), plainShift, relu(), linear(8, 1)),
      {
        ...{ loss: meanSquaredError, optimizer: adam() },
      },
    );
    const more = failure("checkpoint-mismatch", () => other.fromBytes(t.toBytes()));
    expect(more.message).toMatch(/found {4}1\.(mean|batches)/);
    const fewer = failure("checkpoint-mismatch", () => t.fromBytes(other.toBytes()));
    expect(fewer.message).toContain("fit this model at 1.mean");
  });
  it("comes back as a whole where early stopping goes back to the best", async () => {
    const t = make({ optimizer: sgd({ learningRate: 0.02, momentum: 0.9 }) });
    let best: { readonly loss: number; readonly state: Float64Array[] } | undefined;
    const fit = t.fit(data, {
      ...{ batchSize, epochs: 12, validation: data },
      earlyStopping: { patience: 50 },
    });
    for await (const { validation } of fit) {
      const loss = validation?.loss ?? Number.NaN;
      if (best === undefined || loss < best.loss) {
        best = { loss, state: [...t.snapshot().values()].map((v) => Float64Array.from(v)) };
      }
    }
    expect([...t.snapshot().values()].map((v) => Float64Array.from(v))).toEqual(best?.state);
    expect(t.evaluate(data).loss).toBe(best?.loss);
  });
  it("is set by name, and given away as a copy", () => {
    const t = make();
    t.setParameters({
      "1.mean": new Float32Array(8).fill(2),
      "1.shift": new Float32Array(8).fill(1),
    });
    expect(values(t, "1.mean")).toEqual(Array(8).fill(2));
    expect(Object.keys(t.parameters)).not.toContain("1.mean");
    const { buffers } = t;
    failure("bad-argument", () => (buffers["1.mean"] = tensor([1])));
    const short = failure("bad-argument", () => t.setParameters({ "1.mean": new Float32Array(3) }));
    expect(short.message).toContain("1.mean");
  });
});

it("a buffer that is not finite ends training, and the node is named", async () => {
  const runaway = layer({
    name: "runaway",
    inputSize: 1,
    outputSize: 1,
    parameters: { w: { shape: [], initial: constantValue(1), frozen: false } },
    buffers: { size: { shape: [], initial: constantValue(2) } },
    apply(x, { w, size }, { renew }) {
      renew?.("size", size.mul(size));
      return x.mul(w);
    },
  });
  for (const backend of ["auto", "interpreter"] as const) {
    const t = trainer(runaway, {
      loss: meanSquaredError,
      optimizer: sgd({ learningRate: 0 }),
      backend,
    });
    const fit = t.fit({ inputs: [[1], [1]], targets: [[1], [1]] }, { epochs: 20 });
    const error = await fit.then(
      () => undefined,
      (e: unknown) => e as Error,
    );
    // 2^(2^k) is beyond f32 from k = 7 on: the eighth step is the first to make it.
    expect(error?.message).toContain("Training stopped at step 6: mul made a number");
    expect(values(t, "size")).toEqual([2 ** 64]);
  }
});
