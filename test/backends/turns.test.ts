/** What is awaited lets others have their turn in the midst of one kernel, and has the same bits. */
import { afterEach, describe, expect, it, vi } from "vitest";
import * as c from "../../src/index.ts";

const wave = (size: number) =>
  c.tensor(Float32Array.from({ length: size }, (_, i) => Math.fround(((i * 7919) % 1009) - 500)));
/** Where two lists differ first, −1 if nowhere: they are too long for messages. */
const difference = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  if (a.length !== b.length) return Math.min(a.length, b.length);
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return i;
  return -1;
};
/** More to compute for each element, so that fewer suffice. */
const longer = (x: c.Tensor): c.Tensor => {
  let y = x;
  for (let i = 0; i < 24; i++) y = y.mul(1.01).add(0.1);
  return y;
};

/** Every look at the clock finds it later: each portion seems to take as long as others may wait. */
const slowly = () => {
  let time = 0;
  vi.spyOn(performance, "now").mockImplementation(() => (time += 15));
};
/** How often the event loop has its turn until a promise is kept, and what it gives. */
async function inTurns<T>(work: () => Promise<T>): Promise<{ turns: number; result: T }> {
  slowly();
  let [turns, ends] = [0, false];
  const next = () => {
    if (ends) return;
    turns++;
    setImmediate(next);
  };
  setImmediate(next);
  const result = await work();
  ends = true;
  vi.restoreAllMocks();
  return { turns, result };
}
afterEach(() => vi.restoreAllMocks());

describe("kernels whose parts build upon each other", () => {
  const [n, few] = [180_001, 2];
  const gaps = c.tensor(
    Float32Array.from({ length: n * few }, (_, i) => (i % 9973 === 5 ? Number.NaN : (i * 7919) % 1009)), // biome-ignore format: one
    { shape: [few, n] },
  );

  it.each([false, true])("an order of two rows, descending %s", async (descending) => {
    const { turns, result } = await inTurns(() => c.argsort(gaps, { axis: 1, descending }).data());
    expect(turns).toBeGreaterThan(5);
    const sign = descending ? -1 : 1;
    const rank = (x: number) => (Number.isNaN(x) ? Number.MAX_VALUE : x);
    const given = gaps.dataSync();
    const wanted = Array.from({ length: few }, (_, r) => {
      const row = given.subarray(r * n, r * n + n).map(rank);
      return Int32Array.from(row.keys()).sort((i, j) => sign * (row[i]! - row[j]!) || i - j);
    }).flatMap((row) => [...row]);
    expect(difference(result, wanted)).toBe(-1);
    const atOnce = c.argsort(gaps.add(0), { axis: 1, descending }).dataSync();
    expect(difference(atOnce, result)).toBe(-1);
  });

  it.each([1, 2])("sums of what came before, in %i rows", async (few) => {
    const n = 1_200_000;
    const x = wave(n * few).reshape([few, n]);
    const make = () => c.cumsum(longer(x), { axis: 1 });
    const { turns, result } = await inTurns(() => make().data());
    expect(turns).toBeGreaterThan(4);
    const wanted = longer(x).dataSync();
    for (let i = 1; i < wanted.length; i++) if (i % n > 0) wanted[i] = wanted[i]! + wanted[i - 1]!;
    expect(difference(result, wanted)).toBe(-1);
    expect(difference(make().dataSync(), result)).toBe(-1);
  });

  it("sums at places that come from data", async () => {
    const [size, places] = [2_500_000, 1009];
    const at = c.tensor(Int32Array.from({ length: size }, (_, i) => (i * 7919) % places));
    const make = () => c.zeros([places]).scatterAdd(at, wave(size), { axis: 0 });
    const { turns, result } = await inTurns(() => make().data());
    expect(turns).toBeGreaterThan(4);
    const wanted = new Float32Array(places);
    for (const [i, v] of wave(size).dataSync().entries()) {
      const place = (i * 7919) % places;
      wanted[place] = wanted[place]! + v;
    }
    expect(difference(result, wanted)).toBe(-1);
    expect(difference(make().dataSync(), result)).toBe(-1);
  });
});

describe("a trainer that is asked", () => {
  const [size, width] = [4000, 128];
  const t = c.trainer(c.sequential(c.linear(width, width), c.relu(), c.linear(width, 3)), {
    loss: c.crossEntropy,
    optimizer: c.sgd(),
  });
  const inputs = wave(size * width).reshape([size, width]);
  const targets = c.tensor(Int32Array.from({ length: size }, (_, i) => i % 3));

  it("evaluates in turns, batch by batch, and within a large one", async () => {
    const data = { inputs, targets };
    for (const batchSize of [256, size]) {
      const { turns, result } = await inTurns(() => t.evaluateAsync(data, { batchSize }));
      expect(turns).toBeGreaterThan(1);
      expect(result).toEqual(t.evaluate(data, { batchSize }));
    }
  });

  it("takes a turn between metrics, class by class", async () => {
    const data = { inputs, targets };
    const batchSize = size;
    const alone = await inTurns(() => t.evaluateAsync(data, { batchSize }));
    const { turns, result } = await inTurns(() =>
      t.evaluateAsync(data, { batchSize, metrics: "all" }),
    );
    // Two that rank, of three classes: every other look at this clock is a turn.
    expect(turns).toBeGreaterThan(alone.turns + 2);
    expect(result).toEqual(t.evaluate(data, { batchSize, metrics: "all" }));
    expect(Object.keys(result.metrics ?? {})).toContain("rocAuc");
  });

  it("predicts in turns", async () => {
    const { turns, result } = await inTurns(() => t.predictAsync(inputs));
    expect(turns).toBeGreaterThan(1);
    expect(result.shape).toEqual([size, 3]);
    expect(difference(result.dataSync(), t.predict(inputs).dataSync())).toBe(-1);
  });

  it("predicts with the parameters as they were when it was asked", async () => {
    const before = t.predict(inputs).dataSync();
    const asked = t.predictAsync(inputs);
    t.setParameters({ "2.bias": c.tensor([1, 2, 3]) });
    expect(difference((await asked).dataSync(), before)).toBe(-1);
  });

  it("refuses to predict inside of a function that is differentiated", async () => {
    let refused: Promise<unknown> | undefined;
    c.grad((x: c.Tensor) => {
      refused = t.predictAsync(x);
      return x.sum();
    })(inputs);
    await expect(refused).rejects.toMatchObject({ code: "bad-argument" });
  });
});
