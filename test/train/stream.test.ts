import { describe, expect, it } from "vitest";
import {
  adam,
  crossEntropy,
  type Data,
  linear,
  meanSquaredError,
  relu,
  type Stream,
  sequential,
  sgd,
  stream,
  type Trainer,
  tensor,
  trainer,
} from "../../src/index.ts";
import { failure, rejection } from "../support/failure.ts";

const size = 103;
const rows = Array.from({ length: size }, (_, i) => [Math.sin(i), Math.cos(1.7 * i), (i % 7) / 7]);
const numbers = rows.map(([a = 0, b = 0, c = 0]) => [a * b + c]);
const labels = rows.map(([a = 0]) => (a > 0.3 ? "up" : a < -0.3 ? "down" : "flat"));
const classes = ["down", "flat", "up"];

type Targets = readonly (readonly number[])[] | readonly string[];

/** Blocks of such sizes, again and again, of all examples. */
function* blocks(targets: Targets, sizes: readonly number[]): Generator<Data> {
  for (let [at, k] = [0, 0]; at < size; k++) {
    const end = at + (sizes[k % sizes.length] ?? 1);
    yield { inputs: rows.slice(at, end), targets: targets.slice(at, end) } as Data;
    at = end;
  }
}

type Kind = "numbers" | "labels";

const made = (kind: Kind, backend: "wasm" | "interpreter" = "wasm") =>
  trainer(
    kind === "numbers"
      ? sequential(linear(3, 5), relu(), linear(5, 1))
      : sequential(linear(3, 5), relu(), linear(5, 3)),
    {
      loss: kind === "numbers" ? meanSquaredError : crossEntropy,
      optimizer: adam({ learningRate: 0.01 }),
      seed: 3,
      backend,
    },
  );

const targetsOf = (kind: Kind): Targets => (kind === "numbers" ? numbers : labels);
const named = (kind: Kind) => (kind === "labels" ? { classes } : {});
const wholeOf = (kind: Kind) =>
  ({ inputs: rows, targets: targetsOf(kind), ...named(kind) }) as Data;
const bytes = (t: Trainer) => t.toBytes();

describe("a stream trains as a data set in memory does", () => {
  it.each([
    ["numbers", "wasm", 8],
    ["labels", "wasm", 8],
    ["numbers", "wasm", 1],
    ["labels", "wasm", 103],
    ["labels", "interpreter", 32],
  ] as const)("%s, %s, batches of %i: the same bits and reports", async (kind, backend, batch) => {
    const whole = made(kind, backend);
    const options = { epochs: 3, batchSize: batch };
    const history = await whole.fit(wholeOf(kind), { ...options, shuffle: false });
    for (const sizes of [[1], [7, 3, 50], [200]]) {
      const t = made(kind, backend);
      const data = stream(() => blocks(targetsOf(kind), sizes), named(kind));
      expect(await t.fit(data, options)).toEqual(history);
      expect(bytes(t)).toEqual(bytes(whole));
    }
  });
  it("with early stopping, a plateau, and what is called after an epoch", async () => {
    const validation = { inputs: rows.slice(0, 20), targets: numbers.slice(0, 20) } as Data;
    const run = async (t: Trainer, data: Data | Stream, more: object) => {
      const seen: (readonly [number, number])[] = [];
      const history = await t.fit(data as Data, {
        ...{ epochs: 60, batchSize: 8, validation, ...more },
        // Rises again and again, so that the rules have something to do.
        earlyStopping: { patience: 3, minDelta: 1e-3 },
        plateau: { factor: 0.5, patience: 1, threshold: 1e-2 },
        onEpoch: ({ epoch }) => {
          seen.push([epoch, t.learningRate]);
        },
      });
      return { history, seen };
    };
    const whole = made("numbers");
    const expected = await run(whole, wholeOf("numbers"), { shuffle: false });
    expect(expected.history.stopped).toBe("early");
    expect(new Set(expected.seen.map(([, rate]) => rate)).size).toBeGreaterThan(1);
    const t = made("numbers");
    const data = stream(() => blocks(numbers, [7, 3, 50]));
    expect(await run(t, data, {})).toEqual(expected);
    expect(bytes(t)).toEqual(bytes(whole));
    // Broken off in the midst of it, it goes on with what the rules remember.
    const options = { batchSize: 8, validation, earlyStopping: { patience: 3, minDelta: 1e-3 } };
    const plateau = { factor: 0.5, patience: 1, threshold: 1e-2 };
    const first = made("numbers");
    const middle = Math.ceil(expected.seen.length / 2);
    for await (const { epoch } of first.fit(data, { ...options, plateau, epochs: 60 })) {
      if (epoch === middle) break;
    }
    const second = made("numbers");
    second.fromBytes(bytes(first));
    const rest = await second.fit(data, { ...options, plateau, untilEpoch: 60 });
    expect(rest.stopped).toBe("early");
    expect(rest.epochs).toEqual(expected.history.epochs.slice(middle));
    expect(bytes(second)).toEqual(bytes(whole));
    const alone = { earlyStopping: { patience: 3 } };
    failure("bad-argument", () => made("numbers").fit(data, alone));
  });
  it("over several stretches, which are filled while others are trained on", async () => {
    const width = 40_000;
    const many = Float32Array.from({ length: 230 * width }, (_, i) => ((i * 7919) % 1000) / 1000);
    const wide = () =>
      trainer(linear(width, 1), { loss: meanSquaredError, optimizer: sgd({ learningRate: 1e-6 }) });
    const block = (from: number, to: number): Data => ({
      inputs: tensor(many.slice(from * width, to * width), { shape: [to - from, width] }),
      targets: Array.from({ length: to - from }, (_, i) => [(from + i) % 3]),
    });
    const whole = wide();
    const history = await whole.fit(block(0, 230), { batchSize: 20, shuffle: false });
    const t = wide();
    const source = async function* () {
      for (let at = 0; at < 230; at += 45) yield block(at, Math.min(230, at + 45));
    };
    expect(await t.fit(stream(source), { batchSize: 20 })).toEqual(history);
    expect(t.parameters.weight?.dataSync()).toEqual(whole.parameters.weight?.dataSync());
  });
  it("measures validation data and tells of each step", async () => {
    const options = { epochs: 2, batchSize: 10, validation: wholeOf("labels") };
    const whole = made("labels");
    const expected = await whole.fit(wholeOf("labels"), { ...options, shuffle: false });
    const t = made("labels");
    const steps: number[] = [];
    const data = stream(() => blocks(labels, [20]), { classes, size });
    const onStep = ({ step, steps: of }: { step: number; steps: number }) => steps.push(step, of);
    expect(await t.fit(data, { ...options, onStep })).toEqual(expected);
    expect(steps.slice(0, 4)).toEqual([1, 11, 2, 11]);
    expect(steps.length).toBe(44);
  });
});

describe("the order of a stream", () => {
  const seen = async (shuffle: number, seed: number, sizes = [10]) => {
    const t = made("numbers");
    const order: number[][] = [[], []];
    const data = stream(() => blocks(numbers, sizes), { shuffle, seed });
    for (const epoch of [0, 1]) {
      for await (const { inputs, size: n } of data.blocks(t, epoch)) {
        for (let i = 0; i < n; i++) order[epoch]?.push(inputs.data[3 * i] as number);
      }
    }
    return order;
  };
  it("is a function of seed and epoch, has every example once, and not of the blocks", async () => {
    const [first = [], second = []] = await seen(16, 1);
    const all = rows.map(([a = 0]) => Math.fround(a)).sort((a, b) => a - b);
    for (const order of [first, second]) {
      expect([...order].sort((a, b) => a - b)).toEqual(all);
    }
    expect(first).not.toEqual(second);
    expect(await seen(16, 1, [1, 30])).toEqual([first, second]);
    expect((await seen(16, 2))[0]).not.toEqual(first);
    expect((await seen(500, 1))[0]).not.toEqual(first);
  });
  it("goes on exactly from a checkpoint within an epoch", async () => {
    const make = () => stream(() => blocks(labels, [9]), { classes, shuffle: 30 });
    const options = { untilEpoch: 3, batchSize: 8 };
    const straight = made("labels");
    const history = await straight.fit(make(), options);
    for (const breaks of [1, 6, 13, 20]) {
      const t = made("labels");
      const signal = { aborted: false };
      let steps = 0;
      const onStep = () => {
        steps++;
        signal.aborted = steps === breaks;
      };
      expect((await t.fit(make(), { ...options, signal, onStep })).stopped).toBe("aborted");
      const resumed = made("labels");
      resumed.fromBytes(bytes(t));
      const rest = await resumed.fit(make(), options);
      expect(rest.epochs.at(-1)).toEqual(history.epochs.at(-1));
      expect(bytes(resumed)).toEqual(bytes(straight));
    }
  });
});

describe("a stream's source", () => {
  it("is closed when training ends, is stopped, or fails", async () => {
    let closed = 0;
    const endless = async function* () {
      try {
        for (;;) {
          yield* blocks(numbers, [20]);
          await new Promise((go) => setTimeout(go));
        }
      } finally {
        closed++;
      }
    };
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    const fit = made("numbers").fit(stream(endless), { signal: controller.signal });
    expect((await fit).stopped).toBe("aborted");
    await new Promise((go) => setTimeout(go, 20));
    expect(closed).toBe(1);
    const silent = async function* () {
      yield* blocks(numbers, [20]);
      await new Promise(() => {});
    };
    const waits = new AbortController();
    setTimeout(() => waits.abort(), 20);
    const stuck = made("numbers").fit(stream(silent), { signal: waits.signal });
    expect((await stuck).stopped).toBe("aborted");
  });
  it("reports what is wrong with its block", async () => {
    const fails = function* () {
      yield* blocks(numbers, [60]);
      throw new Error("the disk is gone");
    };
    const first = await rejection("data-invalid", made("numbers").fit(stream(fails)).then());
    expect(first.found).toBe("the disk is gone");
    expect(first.where).toBe("block 2 of the stream (counted from 0)");
    const wrong = async (block: Data, options = {}) => {
      const data = stream(() => [...blocks(numbers, [60]), block], options);
      return rejection("data-invalid", made("numbers").fit(data).then());
    };
    const nan = await wrong({ inputs: [[1, Number.NaN, 2]], targets: [[1]] });
    expect(nan.where).toContain("block 2 of the stream");
    const narrow = await wrong({ inputs: [[1, 2]], targets: [[1]] });
    expect(narrow.found).toBe("f32 [2] and f32 [1]");
    const long = await wrong({ inputs: [[1, 2, 3]], targets: [[1]] }, { size: 103 });
    expect(long.found).toBe("104");
    const named = stream(() => blocks([...labels.slice(1), "sideways"], [60]), { classes });
    const label = await rejection("data-invalid", made("labels").fit(named).then());
    expect(label.where).toContain("block 1 of the stream");
  });
  it("can be gone through once, empty, or nothing of the kind", async () => {
    const once = stream(blocks(numbers, [60]));
    const t = made("numbers");
    expect((await t.fit(once)).stopped).toBe("finished");
    const error = await rejection("bad-argument", t.fit(once).then());
    expect(error.fix).toContain("begins it again");
    await rejection("data-empty", made("numbers").fit(stream([])).then());
    failure("bad-argument", () => stream(5 as never));
    failure("bad-argument", () => stream([], { shuffle: 0 }));
    failure("bad-argument", () => stream([], { size: 1.5 }));
    failure("bad-argument", () => stream([], { shufle: 3 } as never));
    failure("bad-argument", () => t.fit(once, { validation: 0.2 } as never));
    failure("bad-argument", () => t.fit(once, { shuffle: true } as never));
    await rejection("bad-argument", t.fit(stream((() => 5) as never)).then());
  });
});
