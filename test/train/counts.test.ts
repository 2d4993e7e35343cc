/** What a loss counts beside itself: by name, over an epoch, on every way of training. */
import { describe, expect, it, test } from "vitest";
import type { Backend } from "../../src/backends/backend.ts";
import { makeBackend } from "../../src/backends/wasm/index.ts";
import {
  crossEntropy,
  type FitOptions,
  type Loss,
  linear,
  meanSquaredError,
  sequential,
  sgd,
  type Tensor,
  tensor,
  trainer,
} from "../../src/index.ts";
import { failure } from "../support/failure.ts";
import { laterBackend } from "../support/later.ts";

const one = tensor([1]);
const deterministic = makeBackend({ deterministic: true });
const backends: readonly (readonly [string, () => Backend | "interpreter"])[] = [
  ["the interpreter", () => "interpreter"],
  ["the compiled loop", () => deterministic],
  ["an asynchronous backend", () => laterBackend().backend],
  ["an asynchronous backend with a loop", () => laterBackend({ around: deterministic }).backend],
];
const ways: readonly (readonly [string, FitOptions])[] = [
  ["many epochs at once", {}],
  ["step by step", { onStep: () => undefined }],
  ["with batches that do not fit", { batchSize: 5 }],
];

const near: Loss = Object.assign((o: Tensor, t: Tensor) => meanSquaredError(o, t), {
  counts: (o: Tensor, t: Tensor) => ({
    near: o.sub(t).abs().less(1).sum(),
    "far off": o.sub(t).abs().greaterEqual(1).cast("f32").sum(),
    steps: o.mul(0).mean().add(1),
  }),
});
const numbers = {
  inputs: Array.from({ length: 12 }, (_, i) => [i]),
  targets: Array.from({ length: 12 }, (_, i) => i),
};
/** y = 0, held. */
const still = (loss: Loss, backend: Backend | "interpreter") =>
  trainer(sequential(linear(1, 1, { weight: 0, bias: 0 })), {
    loss,
    optimizer: sgd({ learningRate: 0 }),
    backend,
  });

describe.each(backends)("on %s", (_, backend) => {
  test.each(ways)("counts are in the reports of %s", async (_, options) => {
    const t = still(near, backend());
    const { batchSize = 4 } = options;
    const { epochs } = await t.fit(numbers, { epochs: 6, batchSize, ...options });
    expect(epochs).toHaveLength(6);
    for (const { counts, accuracy } of epochs) {
      expect(counts).toEqual({ near: 1, "far off": 11, steps: Math.ceil(12 / batchSize) });
      expect(accuracy).toBeUndefined();
    }
  });
  it("and in what is evaluated, held back or not", async () => {
    const t = still(near, backend());
    const { counts } = await t.evaluateAsync(numbers, { batchSize: 5 });
    expect(counts).toEqual({ near: 1, "far off": 11, steps: 3 });
    const { epochs } = await t.fit(numbers, { epochs: 2, validation: numbers });
    expect(epochs.map(({ validation }) => validation?.counts)).toEqual(
      epochs.map(() => ({ near: 1, "far off": 11, steps: 1 })),
    );
  });
  it("beside right predictions, which are the accuracy", async () => {
    const loss: Loss = Object.assign((o: Tensor, t: Tensor) => crossEntropy(o, t), {
      ...crossEntropy,
      counts: (o: Tensor) => ({ first: o.argmax().equal(0).cast("i32").sum() }),
    });
    const t = trainer(sequential(linear(1, 2, { weight: 0, bias: [1, 0] })), {
      ...{ loss, optimizer: sgd({ learningRate: 0 }), backend: backend() },
    });
    const data = { inputs: [[1], [2], [3], [4]], targets: ["a", "b", "a", "a"] };
    const { epochs } = await t.fit(data, { epochs: 2, batchSize: 2 });
    for (const report of epochs) {
      expect(report).toMatchObject({ accuracy: 0.75, counts: { first: 4 } });
    }
    expect(await t.evaluateAsync(data)).toMatchObject({ accuracy: 0.75, counts: { first: 4 } });
  });
});

it("goes on within an epoch after a checkpoint", async () => {
  const [one, other] = [still(near, "interpreter"), still(near, "interpreter")];
  const stop = { aborted: false };
  const options = { untilEpoch: 1, batchSize: 4, shuffle: false };
  const onStep = ({ step }: { readonly step: number }) => {
    stop.aborted = step === 2;
  };
  await one.fit(numbers, { ...options, signal: stop, onStep });
  expect(one.progress.counts).toEqual({ near: 1, "far off": 7, steps: 2 });
  other.fromBytes(one.toBytes());
  const { epochs } = await other.fit(numbers, options);
  expect(epochs[0]?.counts).toEqual({ near: 1, "far off": 11, steps: 3 });
});

it("takes checkpoints from when right predictions were all that was counted", () => {
  const t = still(crossEntropy, "interpreter");
  const bytes = t.toBytes();
  const [own, former] = ['\\"counts\\":{}', '\\"correct\\":7'];
  const text = Buffer.from(bytes).toString("latin1");
  expect(text).toContain(own);
  // As long as before, since the header says how long it is.
  const old = text.replace(own, former.padEnd(own.length));
  t.fromBytes(Uint8Array.from(Buffer.from(old, "latin1")));
  expect(t.progress.counts).toEqual({ correct: 7 });
});

it("refuses a count that is none", () => {
  const many: Loss = Object.assign((o: Tensor, t: Tensor) => meanSquaredError(o, t), {
    counts: (o: Tensor) => ({ near: o }),
  });
  const error = failure("shape-mismatch", () => still(many, "interpreter").step(numbers));
  expect(error.message).toContain('The count "near" is one number for a batch.');
  const odd = { counts: () => ({ near: 3 as unknown as Tensor }) };
  const none: Loss = Object.assign((o: Tensor, t: Tensor) => meanSquaredError(o, t), odd);
  failure("bad-argument", () => still(none, "interpreter").step(numbers));
});

it("may have the names of the other sums", async () => {
  const own: Loss = Object.assign((o: Tensor, t: Tensor) => meanSquaredError(o, t), {
    counts: () => ({ loss: meanSquaredError(one, one).add(2), weight: one.sum() }),
  });
  const t = still(own, deterministic);
  const { epochs } = await t.fit(numbers, { epochs: 2, batchSize: 4 });
  expect(epochs[1]?.counts).toEqual({ loss: 6, weight: 3 });
  expect(epochs[1]?.loss).toBeCloseTo(506 / 12, 4);
});
