/** The gradient's norm in the record of epochs: the mean over the steps, by every way to train. */
import { expect, it } from "vitest";
import {
  adam,
  crossEntropy,
  freeze,
  linear,
  meanSquaredError,
  parameterGroups,
  sequential,
  sgd,
  stream,
  tanh,
  trainer,
} from "../../src/index.ts";
import { failure } from "../support/failure.ts";

const inputs = Array.from({ length: 10 }, (_, i) => [Math.sin(i), Math.cos(3 * i)]);
const targets = inputs.map(([a = 0, b = 0]) => [a * b]);
const data = { inputs, targets };
const made = (options: object = {}) =>
  trainer(sequential(linear(2, 4), tanh(), linear(4, 1)), {
    loss: meanSquaredError,
    optimizer: sgd({ learningRate: 0.1 }),
    dtype: "f64",
    seed: 3,
    gradientNorm: true,
    ...options,
  });

/** What a loop of one's own finds: ‖(θ − θ′)/η‖₂ at each step of plain gradient descent. */
function means(batchSize: number, epochs: number): number[] {
  const t = made({ gradientNorm: false, backend: "interpreter" });
  return Array.from({ length: epochs }, () => {
    const norms: number[] = [];
    for (let from = 0; from < inputs.length; from += batchSize) {
      const before = t.snapshot();
      t.step({
        inputs: inputs.slice(from, from + batchSize),
        targets: targets.slice(from, from + batchSize),
      });
      let squares = 0;
      for (const [name, values] of t.snapshot()) {
        values.forEach((v, i) => {
          const g = ((before.get(name)?.[i] ?? 0) - v) / 0.1;
          squares += g * g;
        });
      }
      norms.push(Math.sqrt(squares));
    }
    return norms.reduce((a, b) => a + b) / norms.length;
  });
}

it("is that of what is trained, by layer or by group", async () => {
  const layers = () => [linear(2, 4), tanh(), linear(4, 1)] as const;
  const [first, ...others] = layers();
  const groups = parameterGroups([
    { names: "0.*", frozen: true },
    { optimizer: sgd({ learningRate: 0.1 }) },
  ]);
  const norms: unknown[] = [];
  for (const t of [
    made({ optimizer: groups }),
    trainer(sequential(freeze(first), ...others), {
      ...{ loss: meanSquaredError, optimizer: sgd({ learningRate: 0.1 }), dtype: "f64", seed: 3 },
      gradientNorm: true,
    }),
  ]) {
    await t.fit(data, { epochs: 2, batchSize: 4 });
    norms.push(t.progress.history.map((epoch) => epoch.gradientNorm));
  }
  expect(norms[0]).toEqual(norms[1]);
});

it.each([
  ["wasm", 4],
  ["wasm", 5],
  ["wasm", 10],
  ["interpreter", 4],
] as const)("%s, batches of %d", async (backend, batchSize) => {
  const expected = means(batchSize, 3);
  const t = made({ backend });
  const { epochs } = await t.fit(data, { epochs: 3, batchSize, shuffle: false });
  expect(epochs).toHaveLength(3);
  epochs.forEach(({ gradientNorm, counts }, i) => {
    expect(gradientNorm).toBeCloseTo(expected[i] ?? Number.NaN, 12);
    expect(counts).toBeUndefined();
  });
  // Parameters are those of a training that does not measure it.
  const plain = made({ backend, gradientNorm: false });
  const { epochs: without } = await plain.fit(data, { epochs: 3, batchSize, shuffle: false });
  expect(without[0]).not.toHaveProperty("gradientNorm");
  expect(t.snapshot()).toEqual(plain.snapshot());
});
it("of a stream, and of a training that was broken off within an epoch", async () => {
  const [expected] = means(4, 1);
  const blocks = stream([
    { inputs: inputs.slice(0, 3), targets: targets.slice(0, 3) },
    {
      inputs: inputs.slice(3),
      targets: targets.slice(3),
    },
  ]);
  const { epochs } = await made().fit(blocks, { batchSize: 4 });
  expect(epochs[0]?.gradientNorm).toBeCloseTo(expected ?? Number.NaN, 12);

  const first = made();
  const controller = new AbortController();
  const options = { untilEpoch: 1, batchSize: 4, shuffle: false };
  await first.fit(data, {
    ...options,
    signal: controller.signal,
    onStep: () => controller.abort(),
  });
  const second = made();
  second.fromBytes(first.toBytes());
  const rest = await second.fit(data, options);
  expect(rest.epochs[0]?.gradientNorm).toBeCloseTo(expected ?? Number.NaN, 12);
});
it("is that before clipping, and stands beside the share of right predictions", async () => {
  const t = trainer(linear(2, 2), {
    loss: crossEntropy,
    optimizer: adam({ clipNorm: 1e-3 }),
    seed: 1,
    gradientNorm: true,
  });
  const labels = inputs.map(([a = 0]) => (a > 0 ? 1 : 0));
  const { epochs } = await t.fit({ inputs, targets: labels }, { batchSize: 10 });
  expect(epochs[0]?.gradientNorm).toBeGreaterThan(0.05);
  expect(epochs[0]?.accuracy).toBeGreaterThanOrEqual(0);
  failure("bad-argument", () => made({ gradientNorm: 1 }));
});
