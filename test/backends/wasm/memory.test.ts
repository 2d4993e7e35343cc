/** What training takes: nothing more the longer it goes on, and a word where it is too much. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { wasm } from "../../../src/backends/wasm/index.ts";
import type { ArrayTensor } from "../../../src/core/array-tensor.ts";
import {
  argsort,
  halfSquaredError,
  input,
  linear,
  sequential,
  sgd,
  sigmoid,
  type Trainer,
  trainer,
} from "../../../src/index.ts";
import { trainingStep } from "../../../src/step/step.ts";
import { failure } from "../../support/failure.ts";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

const examples = 1000;
const inputs = Array.from({ length: examples }, (_, i) => [Math.sin(i), Math.cos(i)]);
const data = { inputs, targets: inputs.map(([x, y]) => [0.3 + 0.2 * x!, 0.5 + 0.4 * y!]) };
const small = () =>
  trainer(sequential(linear(2, 2), sigmoid(), linear(2, 2), sigmoid()), {
    ...{ loss: halfSquaredError, optimizer: sgd({ learningRate: 0.01, momentum: 0.9 }) },
    ...{ backend: "wasm", dtype: "f64" },
  });

/** Bytes that JavaScript holds on to. */
async function held(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    // What was waiting for its turn lets go of what it held.
    await new Promise((resolve) => setTimeout(resolve, 10));
    gc();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** By so much the heap varies by itself, between one collection and another. */
const noise = 1_000_000;

/** The memories of all modules that are made meanwhile. */
async function memories(work: () => Promise<unknown>) {
  const { Memory } = WebAssembly;
  const made: { readonly memory: WeakRef<WebAssembly.Memory>; readonly bytes: number }[] = [];
  WebAssembly.Memory = class extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      made.push({ memory: new WeakRef(this), bytes: this.buffer.byteLength });
    }
  };
  try {
    await work();
  } finally {
    WebAssembly.Memory = Memory;
  }
  return made;
}

describe("a small network", () => {
  test("a million steps take no more memory than a thousand", async () => {
    const t = small();
    const run = (epochs: number) => t.fit(data, { epochs, batchSize: 1 })[Symbol.asyncIterator]();
    const made = await memories(async () => {
      const epochs = run(1000);
      for (let i = 0; i < 20; i++) await epochs.next();
      const early = await held();
      for await (const _ of epochs);
      expect((await held()) - early).toBeLessThan(noise);
    });
    expect(t.progress.steps).toBe(1_000_000);
    expect(made).toHaveLength(1);
    // There is no instruction that would let it grow; it is as large as it was.
    const { memory, bytes } = made[0]!;
    expect(memory.deref()?.buffer.byteLength ?? bytes).toBe(bytes);
  });

  test.each<[string, number, (t: Trainer) => unknown]>([
    ["steps one by one", 50_000, (t) => t.step({ inputs: [[1, 2]], targets: [[0, 1]] })],
    ["steps that are watched", 40, (t) => t.fit(data, { batchSize: 1, onStep: () => {} }).then()],
    ["predictions", 40_000, (t) => t.predict([[1, 2]]).dataSync()],
  ])("%s leave nothing behind", async (_, count, act) => {
    const t = small();
    const some = async (n: number) => {
      for (let i = 0; i < n; i++) await act(t);
    };
    await some(count / 2);
    const early = await held();
    await some(count);
    expect((await held()) - early).toBeLessThan(noise);
  });

  test("trained again and again it has one module and its data once", async () => {
    const t = small();
    const made = await memories(async () => {
      for (let i = 0; i < 20; i++) await t.fit(data, { batchSize: 500 });
    });
    expect(made).toHaveLength(1);
  });

  test("a trainer that is gone lets go of its module and its data", async () => {
    const made = await memories(async () => {
      for (let i = 0; i < 20; i++) await small().fit(data, { batchSize: 500 });
    });
    await held();
    expect(made).toHaveLength(20);
    // The engine may still have the last ones at hand.
    expect(made.filter(({ memory }) => memory.deref() !== undefined).length).toBeLessThan(5);
  });
});

describe("too much", () => {
  const most = "at most 4 GiB";
  test("a graph that needs more than there can be: an error that says how much", () => {
    // 2^29 f64 in, as many out.
    const x = input("x", [2 ** 29], "f64");
    const error = failure("out-of-memory", () =>
      wasm.compile({ inputs: [x], outputs: [x.add(1)] }),
    );
    expect(error.expected).toContain(most);
    expect(error.found).toContain(`${2 * 4096} MiB`);
  });

  test("working memory counts: what a sort needs besides its input and its output", () => {
    const x = input("x", [2 ** 27], "f64");
    const error = failure("out-of-memory", () =>
      wasm.compile({ inputs: [x], outputs: [argsort(x)] }),
    );
    expect(error.found).toContain("working memory");
    // Numbers and positions are 1.5 GiB; two lists of pairs of them, and a pair.
    const needed = (2 ** 27 * (8 + 4 + 2 * 16)) / 2 ** 20;
    expect(Number.parseInt(error.found!, 10)).toBeGreaterThanOrEqual(needed);
    expect(Number.parseInt(error.found!, 10)).toBeLessThanOrEqual(needed + 2);
  });

  test("a data set that does not fit beside the program: how much both need", () => {
    const model = sequential(linear(2, 2));
    const batch = (width: number) => ({ dtype: "f32" as const, shape: [4, width] });
    const step = trainingStep(
      model,
      { inputs: batch(2), targets: batch(2) },
      {
        ...{ loss: halfSquaredError, optimizer: sgd(), dtype: "f32", update: "simultaneous" },
        health: false,
      },
    );
    // Nothing so large is made; it is refused before anybody looks at its elements.
    const rows = 2 ** 29;
    const huge = { dtype: "f32", shape: [rows, 2] } as const;
    const elements = { length: 2 * rows, byteLength: 8 * rows };
    const large = { ...huge, data: elements as unknown as Float32Array } satisfies ArrayTensor;
    const error = failure("out-of-memory", () =>
      wasm.session!(step, {
        examples: { inputs: large, targets: large },
        ...{ batchSize: 4, weight: 1, seed: 0 },
      }),
    );
    expect(error.expected).toContain(most);
    // Inputs, targets, and the order of the examples.
    const needed = (2 * 8 * rows + 4 * rows) / 2 ** 20;
    expect(Number.parseInt(error.found!, 10)).toBeGreaterThanOrEqual(needed);
    expect(Number.parseInt(error.found!, 10)).toBeLessThanOrEqual(needed + 2);
    expect(error.found).toContain(`of which ${needed.toFixed(0)} MiB are data`);
    expect(error.fix).toContain("a part of the examples at a time");
  });

  test("a model whose weights no array can hold: how many, and how much", () => {
    const model = sequential(linear(100_000, 500_000));
    const error = failure("out-of-memory", () =>
      trainer(model, { loss: halfSquaredError, optimizer: sgd() }),
    );
    expect(error.found).toBe("50000000000 elements, shape [500000, 100000]");
    expect(error.where).toContain("memory.test.ts");
  });

  test("memory that the machine does not give", () => {
    const { Memory } = WebAssembly;
    WebAssembly.Memory = class {
      constructor() {
        throw new RangeError("could not allocate memory");
      }
    } as unknown as typeof Memory;
    try {
      const x = input("x", [2 ** 20], "f64");
      const error = failure("out-of-memory", () =>
        wasm.compile({ inputs: [x], outputs: [x.add(1)] }),
      );
      expect(error.expected).toContain("what the machine has free");
      expect(error.found).toContain("16 MiB");
    } finally {
      WebAssembly.Memory = Memory;
    }
  });
});
