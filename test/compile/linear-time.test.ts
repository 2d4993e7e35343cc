/**
 * What is eight times as large takes eight times as long: tracing, the passes, and writing the
 * module. Cost that grows with the square would be 64 times as much; a factor of three is left for
 * caches and the collection of garbage. Time is that of the processor, so that waiting costs none.
 */
import "../support/backend.ts";
import { expect, test } from "vitest";
import { wasm } from "../../src/backends/wasm/index.ts";
import { buildModule } from "../../src/backends/wasm/module.ts";
import { compileProgram } from "../../src/compile/index.ts";
import type { Graph } from "../../src/core/graph.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { tanh } from "../../src/nn/activations.ts";
import { linear } from "../../src/nn/linear.ts";
import { halfSquaredError } from "../../src/nn/losses.ts";
import { sequential } from "../../src/nn/sequential.ts";
import { input } from "../../src/ops/leaf.ts";
import { adam } from "../../src/optim/adaptive.ts";
import { trainingStep } from "../../src/step/step.ts";

function processorTime(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

const builds: Record<string, [size: number, build: (n: number) => Graph]> = {
  "a training step of 200 layers": [
    200,
    (n) => {
      const layers = Array.from({ length: n / 2 }, () => sequential(linear(8, 8), tanh()));
      const [first, ...rest] = [...layers, ...layers];
      const model = sequential(first!, ...rest);
      const batch = { dtype: "f32", shape: [4, 8] } as const;
      const options = { loss: halfSquaredError, optimizer: adam(), dtype: "f32" } as const;
      return trainingStep(
        model,
        { inputs: batch, targets: batch },
        { ...options, update: "simultaneous", health: false },
      );
    },
  ],
  "a chain of 100,000 nodes": [
    100_000,
    (n) => {
      const [x, y] = [input("x", [64]), input("y", [64])];
      let z: Tensor = x;
      for (let i = 0; i < n / 4; i++) z = z.mul(0.999).add(y);
      return { inputs: [x, y], outputs: [z] };
    },
  ],
  "one value with 4,000 readers": [
    4000,
    (n) => {
      const x = input("x", [5]);
      const total = x.sum();
      const parts = Array.from({ length: n }, (_, i) => x.mul(total.add(i)).max());
      return { inputs: [x], outputs: parts };
    },
  ],
};

test.each(Object.entries(builds))("%s", (_, [size, build]) => {
  const time = (n: number): number =>
    processorTime(() => {
      const program = compileProgram(build(n));
      expect(program.kernels.length).toBeGreaterThan(1);
      buildModule(program, { relaxed: false });
    });
  // Code that is run for the first time is slow.
  time(size / 16);
  const [small, large] = [time(size / 8), time(size)];
  expect(large / small).toBeLessThan(3 * 8);
});

test("such programs run", () => {
  const [, build] = builds["a chain of 100,000 nodes"]!;
  const { run } = wasm.compile(build(20_000));
  const [y] = run([new Float32Array(64).fill(1), new Float32Array(64)]);
  // A power of the f32 nearest to 0.999, rounded 5000 times.
  expect(y![63]! / Math.fround(0.999) ** 5000).toBeCloseTo(1, 3);
});
