/** A step that takes long is done in portions: others get their turn, and nothing else changes. */
import "../support/backend.ts";
import { createHash } from "node:crypto";
import { afterEach, describe, expect, it, vi } from "vitest";
import { meanSquaredError, relu, sequential } from "../../src/nn/index.ts";
import { linear } from "../../src/nn/linear.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { adam } from "../../src/optim/index.ts";
import { trainer } from "../../src/train/trainer.ts";

const [rows, width] = [1200, 512];
const numbers = (count: number) => Float32Array.from({ length: count }, (_, i) => ((i * 37) % 101) / 101 - 0.5); // biome-ignore format: one
const dataOf = (rows: number, width: number) => ({
  inputs: tensor(numbers(rows * width), { shape: [rows, width] }),
  targets: tensor(numbers(rows), { shape: [rows, 1] }),
});
const data = dataOf(rows, width);
const made = (threads: number, { learningRate = 0.1, inputs = width } = {}) =>
  trainer(sequential(linear(inputs, inputs), relu(), linear(inputs, 1)), {
    loss: meanSquaredError,
    optimizer: adam({ learningRate }),
    threads,
  });
type Trained = ReturnType<typeof made>;
const whole = { batchSize: rows, shuffle: false } as const;
const stateOf = (t: Trained) => {
  const hash = createHash("sha1");
  for (const [name, values] of [...t.snapshot(), ...t.slots]) hash.update(name).update(values);
  return [t.progress.steps, hash.digest("hex")];
};

/** Every look at the clock finds it later: each portion seems to take as long as others may wait. */
const slowly = () => {
  let time = 0;
  vi.spyOn(performance, "now").mockImplementation(() => (time += 15));
};
/** Calls `seen` at each turn of the event loop, until what it gives is called. */
const atTurns = (seen: (turn: number) => void) => {
  let [turn, ends] = [0, false];
  const next = () => {
    if (ends) return;
    seen(turn++);
    setImmediate(next);
  };
  setImmediate(next);
  return () => {
    ends = true;
    return turn;
  };
};
afterEach(() => vi.restoreAllMocks());

describe.each([1, 2])("a long step by %i threads", (threads) => {
  const stepped = made(1);
  const losses = [0, 1, 2].map(() => stepped.step(data));

  it("has the bits of one that is done at once, and lets others have their turn", async () => {
    const t = made(threads);
    slowly();
    const end = atTurns(() => {});
    const { epochs } = await t.fit(data, { ...whole, epochs: 3 });
    // Alone, groups of columns of every block of rows are units; of several, each packs the rows.
    expect(end()).toBeGreaterThan(3 * (threads === 1 ? 20 : 5));
    expect(epochs.map(({ loss }) => loss)).toEqual(losses);
    expect(stateOf(t)).toEqual(stateOf(stepped));
  });

  it("lets others have their turn where it is awaited by itself, too", async () => {
    const t = made(threads);
    slowly();
    const found: number[] = [];
    const end = atTurns((turn) => {
      if (turn === 4) found.push(t.progress.steps, t.slots.size, t.progress.steps);
    });
    const own: number[] = [];
    for (let i = 0; i < 2; i++) own.push(await t.stepAsync(data));
    expect(end()).toBeGreaterThan(5);
    // Who reads the state has the rest of the step done at once; so has the next step.
    expect([found[0], found[2]]).toEqual([0, 1]);
    const [last, next] = [t.stepAsync(data), t.step(data)];
    expect([...own, await last, next]).toEqual([...losses, expect.any(Number)]);
    expect(t.progress.steps).toBe(4);
  });

  it("is ended at once where somebody reads the state meanwhile", async () => {
    const t = made(threads);
    const found: number[] = [];
    slowly();
    const end = atTurns((turn) => {
      if (turn % 3 === 2) found.push(t.parameters["0.weight"]!.dataSync()[0]!, t.progress.steps);
    });
    await t.fit(data, { ...whole, epochs: 3 });
    end();
    expect(found.length).toBeGreaterThan(3);
    expect(stateOf(t)).toEqual(stateOf(stepped));
    // What was read is the state after the step that was under way.
    const [first, steps] = found;
    const once = made(1);
    once.step(data);
    expect([first, steps]).toEqual([once.parameters["0.weight"]!.dataSync()[0], 1]);
  });

  it("is ended before training stops at a signal", async () => {
    const t = made(threads);
    const controller = new AbortController();
    slowly();
    const end = atTurns((turn) => {
      if (turn === 2) controller.abort();
    });
    const { stopped } = await t.fit(data, { ...whole, epochs: 9, signal: controller.signal });
    end();
    expect([stopped, t.progress.steps]).toEqual(["aborted", 1]);
    vi.restoreAllMocks();
    await t.fit(data, { ...whole, untilEpoch: 3 });
    expect(stateOf(t)).toEqual(stateOf(stepped));
  });
});

it("takes other steps and values between portions", async () => {
  const t = made(1);
  slowly();
  const end = atTurns((turn) => {
    if (turn === 2) t.step(data);
    if (turn === 9) t.setParameters({ "2.bias": tensor([0]) });
  });
  await t.fit(data, { ...whole, epochs: 3 });
  end();
  expect(t.progress.steps).toBe(4);
});

it("is ended before another state is loaded in its midst", async () => {
  const t = made(1);
  slowly();
  const first = t.toBytes();
  await t.stepAsync(data);
  const end = atTurns((turn) => {
    if (turn === 2) t.fromBytes(first);
  });
  await t.stepAsync(data);
  expect(end()).toBeGreaterThan(2);
  expect(stateOf(t)).toEqual(stateOf(made(1)));
});

it("leaves the trainer as it was where a step is not finite", async () => {
  const [small, options] = [dataOf(400, 256), { learningRate: 1e30, inputs: 256 }];
  const t = made(1, options);
  slowly();
  await expect(t.fit(small, { epochs: 3, batchSize: 400, shuffle: false })).rejects.toMatchObject({
    code: "not-finite",
  });
  const once = made(1, options);
  expect(() => [0, 1, 2].map(() => once.step(small))).toThrow();
  expect(stateOf(t)).toEqual(stateOf(once));
});

describe("what is not the loop's", () => {
  const partial = { batchSize: 800, shuffle: false } as const;

  it("a last batch that is smaller is done in portions, too, with the same bits", async () => {
    const once = made(1);
    await once.fit(data, { ...partial, epochs: 2 });
    const t = made(1);
    slowly();
    let [within, read] = [0, 0];
    const end = atTurns(() => {
      if (t.progress.position !== 800) return;
      within++;
      // Who reads the state, in the second epoch's, has the rest of the step done.
      if (t.progress.steps === 3 && t.parameters["2.bias"]) read = t.progress.steps;
    });
    await t.fit(data, { ...partial, epochs: 2 });
    end();
    expect(within).toBeGreaterThan(5);
    expect(read).toBe(4);
    expect(stateOf(t)).toEqual(stateOf(once));
  });

  it("a smaller last batch that is not finite leaves the trainer as it was", async () => {
    const [small, options] = [dataOf(500, 256), { learningRate: 1e30, inputs: 256 }];
    const t = made(1, options);
    slowly();
    await expect(t.fit(small, { epochs: 3, batchSize: 400, shuffle: false })).rejects.toMatchObject(
      { code: "not-finite" },
    );
    const once = made(1, options);
    expect(() => once.step(small)).not.toThrow();
    expect(t.progress.steps).toBeGreaterThan(0);
    expect([...t.snapshot().values()].every((values) => values.every(Number.isFinite))).toBe(true);
  });

  it("validation is done in portions, also where somebody evaluates meanwhile", async () => {
    const validation = dataOf(600, width);
    const once = made(1);
    once.step(data);
    const expected = once.evaluate(validation);
    const other = once.evaluate(dataOf(256, width));
    const t = made(1);
    slowly();
    const found: unknown[] = [];
    const end = atTurns(() => {
      if (t.progress.position === rows) found.push(t.evaluate(dataOf(256, width)));
    });
    const { epochs } = await t.fit(data, { ...whole, epochs: 1, validation });
    end();
    expect(found.length).toBeGreaterThan(2);
    for (const one of found) expect(one).toEqual(other);
    expect(epochs[0]!.validation).toEqual(expected);
  });
});
