/** Programs for batches, run on fewer rows: the bits of programs of their own. */
import "../../support/backend.ts";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { makeBackend } from "../../../src/backends/wasm/index.ts";
import { allocate, type TypedArray } from "../../../src/core/dtype.ts";
import type { Tensor } from "../../../src/core/tensor.ts";
import * as c from "../../../src/index.ts";
import type { Layer } from "../../../src/nn/layer.ts";
import { trainingStep } from "../../../src/step/step.ts";
import { networkChoices, randomNetwork } from "../../support/random-networks.ts";

const numbers = (count: number, seed: number) => {
  let state = seed * 2654435761 + 12345;
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) / 2 ** 24 - 0.5;
  });
};

function filled(t: Tensor, seed: number, classes: number): TypedArray {
  const data = allocate(t.dtype, t.size);
  const drawn = numbers(t.size, seed);
  for (const i of data.keys()) {
    data[i] = t.dtype === "i32" ? Math.floor((drawn[i]! + 0.5) * classes) : drawn[i]!;
  }
  return data;
}

interface Case {
  readonly model: Layer;
  readonly shape: readonly number[];
  readonly loss?: c.Loss;
  readonly classes?: number;
  readonly optimizer?: c.Optimizer;
  readonly dtype?: "f32" | "f64";
  readonly targets?: readonly number[];
}

const cases: Record<string, Case> = {
  "dense classes": {
    model: c.sequential(c.linear(20, 33), c.relu(), c.linear(33, 16), c.relu(), c.linear(16, 10)),
    shape: [20],
    classes: 10,
    optimizer: c.sgd({ learningRate: 0.1, momentum: 0.9 }),
  },
  "numbers, adam, f64": {
    model: c.sequential(c.linear(7, 12), c.tanh(), c.linear(12, 3)),
    shape: [7],
    targets: [3],
    loss: c.meanSquaredError,
    optimizer: c.adam({ learningRate: 0.01, clipNorm: 1 }),
    dtype: "f64",
  },
  "layer norm, dropout, sums": {
    model: c.sequential(
      c.linear(9, 64),
      c.layerNorm(64),
      c.gelu(),
      c.dropout(0.3),
      c.linear(64, 3),
    ),
    shape: [9],
    loss: c.crossEntropy,
    optimizer: c.adamW({ learningRate: 0.01 }),
  },
  "batch norm": {
    model: c.sequential(c.linear(9, 24), c.batchNorm1d(24), c.relu(), c.linear(24, 5)),
    shape: [9],
    classes: 5,
  },
  "labels of several": {
    model: c.sequential(c.linear(9, 24), c.elu(), c.linear(24, 20)),
    shape: [9],
    targets: [20],
    loss: c.binaryCrossEntropyWithLogits,
  },
  convolution: {
    model: c.sequential(c.conv2d(1, 4, 3), c.relu(), c.maxPool2d(2), c.flatten(), c.linear(36, 3)),
    shape: [1, 8, 8],
  },
};

const sizes = [
  [64, 48],
  [100, 99],
  [300, 131],
  [33, 20],
] as const;

/** Where a program has to do: others may get one of their own, but not in all sizes. */
const least: Record<string, number> = {
  "dense classes": 4,
  "numbers, adam, f64": 3,
  "layer norm, dropout, sums": 1,
  "batch norm": 4,
  "labels of several": 4,
  convolution: 0,
};

test.each(Object.entries(cases))("%s", (name, one) => {
  const { model, shape, loss = c.crossEntropy, classes = 3, targets = [] } = one;
  const { optimizer = c.sgd(), dtype = "f32" } = one;
  const backend = makeBackend({});
  const known: string[] = [];
  for (const [most, rows] of sizes) {
    const graphFor = (n: number) =>
      trainingStep(
        model,
        {
          inputs: { dtype, shape: [n, ...shape] },
          targets: { dtype: targets.length > 0 ? dtype : "i32", shape: [n, ...targets] },
        },
        { loss, optimizer, dtype, update: "simultaneous" },
      );
    const large = graphFor(most);
    const small = graphFor(rows);
    const program = backend.compile(large);
    const valuesFor = (graph: typeof large, seed: number) =>
      graph.inputs.map((t, i) => filled(t, seed + i, classes));
    const run = (p: typeof program, graph: typeof large) =>
      p.run(valuesFor(graph, rows)).map((data) => data.slice());
    const before = run(program, large);
    const fewer = program.fewer?.(small);
    if (fewer === undefined) continue;
    known.push(`${most} → ${rows}`);
    expect(run(fewer, small), `${most} → ${rows}`).toEqual(run(backend.compile(small), small));
    expect(run(program, large)).toEqual(before);
  }
  expect(known.length).toBeGreaterThanOrEqual(least[name]!);
});

/** A graph of batches, and what goes into it. */
type Made = (rows: number) => { readonly inputs: readonly Tensor[]; readonly outputs: Tensor[] };

/** What a program for the larger batch gives for the smaller one; undefined if it does not do for it. */
function byLarger(make: Made, [most, rows]: readonly [number, number], first = 0) {
  const graphFor = (n: number) => ({ ...make(n), rows: n });
  const values = (graph: ReturnType<Made>) =>
    graph.inputs.map((t, i) => filled(t, i, 3).map((x) => (t.dtype === "i32" ? x + first : x)));
  const backend = makeBackend({});
  const [large, small] = [graphFor(most), graphFor(rows)];
  const program = backend.compile(large);
  program.run(values(large));
  const fewer = program.fewer?.(small)?.run(values(small));
  return { fewer: fewer?.map((d) => d.slice()), own: backend.compile(small).run(values(small)) };
}

test("a sum over as many steps as rows, of products over the rows, keeps its steps", () => {
  const steps = 20;
  const make: Made = (n) => {
    const [x, g] = [c.input("x", [n, steps, 5]), c.input("g", [n, steps, 6])];
    const each = c.matmul(c.transpose(x, [1, 2, 0]), c.transpose(g, [1, 0, 2]));
    return { inputs: [x, g], outputs: [c.sum(each, { axis: 0 })] };
  };
  for (const rows of [16, 18]) {
    const { fewer = undefined, own } = byLarger(make, [steps, rows]);
    expect(fewer ?? own).toEqual(own);
  }
});

test("rows that are missing are not refused for their indices", () => {
  const picked =
    (of: (labels: Tensor) => Tensor): Made =>
    (n) => {
      const [x, labels] = [c.input("x", [n, 3]), c.input("labels", [n], "i32")];
      const at = c.expandDims(of(labels), -1);
      return { inputs: [x, labels], outputs: [c.gather(c.tanh(x), at, { axis: 1 })] };
    };
  const own = byLarger(
    picked((labels) => labels),
    [64, 48],
  );
  expect(own.fewer).toEqual(own.own);
  // As where a label says that a row is to be left out.
  const ignored = picked((labels) => c.where(c.equal(labels, 2), 0, labels));
  const some = byLarger(ignored, [64, 48]);
  expect(some.fewer).toEqual(some.own);
  // Labels from 1 on: a row of zeros would have the label −1.
  const counted = picked((labels) => c.sub(labels, 1));
  const others = byLarger(counted, [64, 48], 1);
  expect(others.fewer ?? others.own).toEqual(others.own);
});

const runs = Number(process.env.CHAINRULE_FUZZ_RUNS ?? 12);

test("random networks", () => {
  const backend = makeBackend({});
  let [known, all] = [0, 0];
  fc.assert(
    fc.property(networkChoices, fc.constantFrom(...sizes), (choice, [most, rows]) => {
      const { model, input, words } = randomNetwork({ ...choice, batch: most });
      const graphFor = (n: number) =>
        trainingStep(
          model,
          {
            inputs: { dtype: words ? "i32" : "f32", shape: [n, ...input.slice(1)] },
            targets: { dtype: "i32", shape: [n] },
          },
          { loss: c.crossEntropy, optimizer: c.sgd(), dtype: "f32", update: "simultaneous" },
        );
      const large = graphFor(most);
      const small = graphFor(rows);
      const program = backend.compile(large);
      const run = (p: typeof program, graph: typeof large) =>
        p.run(graph.inputs.map((t, i) => filled(t, choice.seed + i, 2))).map((d) => d.slice());
      run(program, large);
      const fewer = program.fewer?.(small);
      all++;
      if (fewer === undefined) return;
      known++;
      expect(run(fewer, small)).toEqual(run(backend.compile(small), small));
    }),
    {
      seed: Number(process.env.CHAINRULE_FUZZ_SEED ?? 1),
      numRuns: runs,
      endOnFailure: true,
    },
  );
  expect(known).toBeGreaterThan(0);
  expect(all).toBe(runs);
}, 600_000);
