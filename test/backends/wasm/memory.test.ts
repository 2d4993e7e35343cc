/** What training takes: nothing more the longer it goes on, and a word where it is too much. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import type { TrainingGraph } from "../../../src/backends/backend.ts";
import { wasm } from "../../../src/backends/wasm/index.ts";
import type { ArrayTensor } from "../../../src/core/array-tensor.ts";
import {
  halfSquaredError,
  input,
  linear,
  sequential,
  sgd,
  sigmoid,
  type Trainer,
  trainer,
} from "../../../src/index.ts";
import { trainingStep } from "../../../src/train/step.ts";
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
  // What was waiting for its turn lets go of what it held.
  await new Promise((resolve) => setTimeout(resolve));
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** What the memories of all modules made meanwhile had when they were made, and have in the end. */
async function memories(work: () => Promise<void>): Promise<[before: number[], after: number[]]> {
  const { Memory } = WebAssembly;
  const made: WebAssembly.Memory[] = [];
  const sizes: number[] = [];
  WebAssembly.Memory = class extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      made.push(this);
      sizes.push(this.buffer.byteLength);
    }
  };
  try {
    await work();
  } finally {
    WebAssembly.Memory = Memory;
  }
  return [sizes, made.map(({ buffer }) => buffer.byteLength)];
}

describe("a small network", () => {
  test("a million steps take no more memory than a thousand", async () => {
    const t = small();
    const epochs = (count: number) => t.fit(data, { epochs: count, batchSize: 1 }).then(() => {});
    const [before, after] = await memories(async () => {
      await epochs(20);
      const early = await held();
      await epochs(980);
      // The 980 reports of the run are gone; those that the trainer remembers are in a file's
      // worth of numbers, far less than a byte for each step.
      expect((await held()) - early).toBeLessThan(400_000);
    });
    expect(t.progress.steps).toBe(1_000_000);
    expect(before).toHaveLength(2);
    expect(after).toEqual(before);
  });

  test.each<[string, number, (t: Trainer) => unknown]>([
    ["steps one by one", 20_000, (t) => t.step({ inputs: [[1, 2]], targets: [[0, 1]] })],
    ["steps that are watched", 20, (t) => t.fit(data, { batchSize: 1, onStep: () => {} }).then()],
    ["predictions", 2000, (t) => t.predict([[1, 2]]).dataSync()],
    ["sessions", 60, (t) => t.fit(data, { batchSize: 500 }).then()],
  ])("%s leave nothing behind", async (_, count, act) => {
    const t = small();
    const some = async (n: number) => {
      for (let i = 0; i < n; i++) await act(t);
    };
    await some(count / 4);
    const early = await held();
    await some(count);
    // Less than a page of a module's memory.
    expect((await held()) - early).toBeLessThan(65_536);
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
    const graph: TrainingGraph = { ...step, states: step.parameters.length };
    // Nothing so large is made; it is refused before anybody looks at its elements.
    const rows = 2 ** 29;
    const huge = { dtype: "f32", shape: [rows, 2] } as const;
    const elements = { length: 2 * rows, byteLength: 8 * rows };
    const large = { ...huge, data: elements as unknown as Float32Array } satisfies ArrayTensor;
    const error = failure("out-of-memory", () =>
      wasm.session!(graph, { inputs: large, targets: large, batchSize: 4, weight: 1, seed: 0 }),
    );
    expect(error.expected).toContain(most);
    // Inputs, targets, and the order of the examples.
    const needed = (2 * 8 * rows + 4 * rows) / 2 ** 20;
    expect(Number.parseInt(error.found!, 10)).toBeGreaterThanOrEqual(needed);
    expect(Number.parseInt(error.found!, 10)).toBeLessThanOrEqual(needed + 2);
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
