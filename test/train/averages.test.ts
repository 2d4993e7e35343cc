/** Validation with the averages of the parameters: what is measured, kept, saved and gone back to. */
import { expect, test } from "vitest";
import * as c from "../../src/index.ts";
import { averaged } from "../../src/train/averages.ts";
import { failure } from "../support/failure.ts";

const model = () => c.sequential(c.linear(2, 4), c.tanh(), c.linear(4, 1));
const make = (optimizer: c.Optimizer) =>
  c.trainer(model(), { loss: c.meanSquaredError, optimizer, dtype: "f64", seed: 3 });
const optimizer = () => c.adam({ learningRate: 0.2, averageDecay: 0.9 });
const rows = (n: number, from: number) => {
  const inputs = Array.from({ length: n }, (_, i) => [Math.sin(i + from), Math.cos(2 * i + from)]);
  return { inputs, targets: inputs.map(([a = 0, b = 0]) => a * b) };
};
const train = rows(20, 0);
const validation = rows(8, 0.5);
const numbers = (t: c.Trainer) => [...t.snapshot().values()].flatMap((v) => Array.from(v));

/** Each epoch's loss of the averages, measured by hand, and the averages themselves. */
async function byHand(epochs: number) {
  const t = make(optimizer());
  const found: { loss: number; values: number[] }[] = [];
  for (let k = 0; k < epochs; k++) {
    await t.fit(train, { batchSize: 5 });
    const other = averaged(t);
    found.push({ loss: other.evaluate(validation).loss, values: numbers(other) });
  }
  return found;
}

test("the reports have the loss of the averages", async () => {
  const t = make(optimizer());
  const options = { epochs: 4, batchSize: 5, validation, validateAverages: true };
  const { epochs } = await t.fit(train, options);
  const like = await byHand(4);
  expect(epochs.map((e) => e.validation!.loss)).toEqual(like.map(({ loss }) => loss));
  // The parameters themselves go on as without it.
  const plain = make(optimizer());
  await plain.fit(train, { epochs: 4, batchSize: 5 });
  expect(numbers(t)).toEqual(numbers(plain));
});

test("early stopping goes back to the best averages", async () => {
  const t = make(optimizer());
  const earlyStopping = { patience: 3 };
  const all = { untilEpoch: 60, batchSize: 5, validation, validateAverages: true, earlyStopping };
  const { epochs, stopped } = await t.fit(train, all);
  const like = await byHand(epochs.length);
  const best = like.reduce((a, b) => (b.loss < a.loss ? b : a));
  expect(stopped).toBe("early");
  expect(numbers(t)).toEqual(best.values);
  expect(numbers(averaged(t))).toEqual(best.values);
  expect(t.evaluate(validation).loss).toBe(best.loss);
});

test("a run that is broken off goes back to the same", async () => {
  const earlyStopping = { patience: 3 };
  const all = { batchSize: 5, validation, validateAverages: true, earlyStopping };
  const whole = make(optimizer());
  await whole.fit(train, { ...all, untilEpoch: 60 });
  const part = make(optimizer());
  for await (const { epoch } of part.fit(train, { ...all, untilEpoch: 60 })) if (epoch === 3) break;
  const rest = make(optimizer());
  rest.fromBytes(part.toBytes());
  await rest.fit(train, { ...all, untilEpoch: 60 });
  expect(numbers(rest)).toEqual(numbers(whole));
});

test("a stream's validation measures them, too", async () => {
  const t = make(optimizer());
  const blocks = async function* () {
    yield train;
  };
  const stream = c.stream(blocks, { shuffle: 1, size: 20 });
  const { epochs } = await t.fit(stream, {
    epochs: 2,
    batchSize: 5,
    validation,
    validateAverages: true,
  });
  expect(epochs.at(-1)!.validation!.loss).toBe(averaged(t).evaluate(validation).loss);
});

test("is refused without averages, or without validation", () => {
  const plain = make(c.adam());
  failure("bad-argument", () => plain.fit(train, { validation, validateAverages: true }));
  failure("bad-argument", () => make(optimizer()).fit(train, { validateAverages: true }));
  const wrong = { validation, validateAverages: 1 as never };
  failure("bad-argument", () => make(optimizer()).fit(train, wrong));
});
