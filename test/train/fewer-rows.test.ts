/** Batches with fewer rows: what was compiled for more does for them, and nothing else is different. */
import { expect, test } from "vitest";
import * as c from "../../src/index.ts";
import "../support/backend.ts";

const numbers = (count: number, by: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(i * by + 1));

const rows = (count: number, by = 0.37) => ({
  inputs: c.tensor(numbers(count * 12, by), { shape: [count, 12] }),
  targets: c.tensor(
    Int32Array.from({ length: count }, (_, i) => (i * 7) % 5),
    { shape: [count] },
  ),
});

const make = (threads = 1) =>
  c.trainer(c.sequential(c.linear(12, 40), c.relu(), c.linear(40, 5)), {
    loss: c.crossEntropy,
    optimizer: c.adam({ learningRate: 0.01 }),
    threads,
  });

const state = (t: ReturnType<typeof make>) => Object.values(t.parameters).map((p) => p.arraySync());

test.each([1, 2])("steps of several sizes are compiled once, with %i threads", (threads) => {
  const sizes = [64, 48, 64, 17, 40];
  const one = make(threads);
  const losses = c.assertMaxCompiles(1, () => sizes.map((n, i) => one.step(rows(n, 0.1 * i))));
  // Each size by a trainer that has never seen another.
  let before = make();
  const alone = sizes.map((n, i) => {
    const next = make();
    next.fromBytes(before.toBytes());
    before = next;
    return next.step(rows(n, 0.1 * i));
  });
  expect(losses).toEqual(alone);
  expect(state(one)).toEqual(state(before));
});

test("a size that comes again and again gets a program of its own", () => {
  const t = make();
  const [large, small] = [rows(64), rows(48, 0.2)];
  t.step(large);
  const other = make();
  other.fromBytes(t.toBytes());
  const compiles = () => c.assertMaxCompiles(0, () => t.step(small));
  for (let i = 0; i < 4; i++) expect(compiles()).toBe(other.step(small));
  expect(() => {
    for (let i = 0; i < 40; i++) c.assertMaxCompiles(0, () => t.step(small));
  }).toThrow(/compiled/);
  t.step(small);
  t.step(large);
  expect(Number.isFinite(t.step(small))).toBe(true);
});

test("sizes that change from step to step are compiled once", () => {
  const t = make();
  t.step(rows(64));
  c.assertMaxCompiles(0, () => {
    for (let i = 0; i < 40; i++) t.step(rows(20 + ((i * 7) % 24), 0.1));
  });
  // One that comes often, between others, gets nothing of its own either.
  const often = rows(50);
  c.assertMaxCompiles(0, () => {
    for (let i = 0; i < 40; i++) t.step(i % 3 === 0 ? rows(30 + (i % 2)) : often);
  });
});

test("predict and evaluate on fewer rows", () => {
  const t = make();
  const data = rows(100);
  t.step(data);
  const all = t.predict(data.inputs);
  const whole = t.evaluate(data);
  for (const n of [99, 50, 16]) {
    const part = rows(n);
    const [found, measured] = c.assertMaxCompiles(0, () => [
      t.predict(part.inputs),
      t.evaluate(part, { batchSize: 100 }),
    ]);
    const alone = make();
    alone.fromBytes(t.toBytes());
    expect(found.arraySync()).toEqual(alone.predict(part.inputs).arraySync());
    expect(measured).toEqual(alone.evaluate(part, { batchSize: 100 }));
  }
  expect(t.predict(data.inputs).arraySync()).toEqual(all.arraySync());
  expect(t.evaluate(data)).toEqual(whole);
});
