/**
 * What is timed. Data and first weights come from a small generator, so that any other library can
 * be given exactly the same: x ← 1664525x + 1013904223 mod 2³² (Knuth; Numerical Recipes), mixed,
 * as a fraction of 2³².
 */

import type { ArrayTensor } from "../../core/array-tensor.ts";
import { at, last } from "../../core/at.ts";
import { arrayOf, type TypedArray } from "../../core/dtype.ts";
import { sizeOf } from "../../core/shape.ts";
import { relu, sigmoid, tanh } from "../../nn/activations.ts";
import { conv2d } from "../../nn/convolution.ts";
import type { Layer } from "../../nn/layer.ts";
import { linear } from "../../nn/linear.ts";
import { crossEntropy, halfSquaredError, type Loss, meanSquaredError } from "../../nn/losses.ts";
import { maxPool2d } from "../../nn/pooling.ts";
import { flatten } from "../../nn/rearrangement.ts";
import { sequential } from "../../nn/sequential.ts";
import { adam } from "../../optim/adaptive.ts";
import type { Optimizer } from "../../optim/optimizer.ts";
import { sgd } from "../../optim/sgd.ts";
import { fractions, weighted } from "./fractions.ts";
import { languageModel } from "./transformer.ts";

export const workloadNames = ["W1", "W2", "W3", "W4", "W5", "W6"] as const;
export type WorkloadName = (typeof workloadNames)[number];

export interface Workload {
  readonly name: WorkloadName;
  readonly title: string;
  readonly dtype: "f32" | "f64";
  readonly model: Layer;
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  readonly batchSize: number;
  readonly inputs: ArrayTensor;
  readonly targets: ArrayTensor;
  /** Floating-point operations of one step: 2 for each multiplication of a matrix product. */
  readonly operations: number;
  /** Σ of all first weights and all data, element i of an array times 1 + i mod 7. */
  readonly checksum: number;
}

/** Windows of 5 × 5, then ReLU and the largest of each 2 × 2. */
interface Convolution {
  readonly from: number;
  readonly to: number;
  readonly padding: number;
  /** Rows and columns of what comes out of the windows. */
  readonly size: number;
}

interface Spec {
  readonly name: WorkloadName;
  readonly title: string;
  /** Before the dense layers: the shape of an input, and convolutions over it. */
  readonly image?: readonly number[];
  readonly convolutions?: readonly Convolution[];
  readonly sizes: readonly number[];
  readonly activation: () => Layer;
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  readonly batchSize: number;
  readonly batches: number;
  readonly seed: number;
  /** An input, and for regression a target, from fractions. */
  readonly input: (u: number) => number;
  readonly target: "class" | "sine" | ((u: number) => number);
}

function build(spec: Spec): Workload {
  const { sizes, batchSize, batches, seed, target } = spec;
  const n = batchSize * batches;
  let checksum = 0;
  const uniform = (size: number, from: number, bound: number): TypedArray => {
    const values = fractions(size, from).map((u) => (2 * u - 1) * bound);
    const data = arrayOf("f32", values);
    checksum += weighted(data);
    return data;
  };
  /** Weights and biases of layer l, which sees so many inputs for each output. */
  const drawn = (l: number, inputs: number, outputs: number) => {
    const bound = 1 / Math.sqrt(inputs);
    const weight = uniform(inputs * outputs, seed + 2 * l, bound);
    return { weight, bias: uniform(outputs, seed + 2 * l + 1, bound) };
  };
  const { convolutions = [], image = [at(sizes, 0)] } = spec;
  const windows = convolutions.flatMap(({ from, to, padding }, l): Layer[] => {
    const { weight, bias } = drawn(l, from * 25, to);
    return [conv2d(from, to, 5, { padding, weight, bias }), relu(), maxPool2d(2)];
  });
  if (windows.length > 0) windows.push(flatten());
  const dense = sizes.slice(1).flatMap((outputs, l): Layer[] => {
    const inputs = at(sizes, l);
    // Drawn row by row for inputs × outputs; a linear layer keeps outputs × inputs.
    const { weight: rows, bias } = drawn(convolutions.length + l, inputs, outputs);
    const weight = rows.map((_, i) => at(rows, (i % inputs) * outputs + Math.floor(i / inputs)));
    const layer = linear(inputs, outputs, { weight, bias });
    return l + 2 < sizes.length ? [layer, spec.activation()] : [layer];
  });
  const layers = [...windows, ...dense];
  const [width, outputs] = [sizeOf(image), last(sizes)];
  const inputs = arrayOf("f32", fractions(n * width, seed + 90).map(spec.input));
  let targets: ArrayTensor;
  if (target === "class") {
    const labels = fractions(n, seed + 91).map((u) => Math.floor(u * outputs));
    targets = { dtype: "i32", shape: [n], data: arrayOf("i32", labels) };
  } else {
    const values =
      target === "sine"
        ? Float64Array.from(inputs, Math.sin)
        : fractions(n * outputs, seed + 91).map(target);
    targets = { dtype: "f32", shape: [n, outputs], data: arrayOf("f32", values) };
  }
  const size = inputs.length / batches;
  for (let b = 0; b < batches; b++) {
    checksum += weighted(inputs.subarray(b * size, (b + 1) * size));
    const each = targets.data.length / batches;
    checksum += weighted(targets.data.subarray(b * each, (b + 1) * each));
  }
  // Forward, for the weights and, but in the first layer, for the inputs.
  const each = [
    ...convolutions.map(({ from, to, size }) => from * 25 * to * size * size),
    ...sizes.slice(1).map((m, l) => at(sizes, l) * m),
  ];
  const products = each.map((count, l) => count * (l === 0 ? 2 : 3));
  return {
    ...spec,
    dtype: "f32",
    model: sequential(...(layers as [Layer])) as Layer,
    inputs: { dtype: "f32", shape: [n, ...image], data: inputs },
    targets,
    operations: 2 * batchSize * products.reduce((a, b) => a + b, 0),
    checksum,
  };
}

/** The network of the worked example: two sigmoid layers of two, biases fixed, in f64. */
function example(): Workload {
  const layer = (weight: number[][], bias: number) =>
    linear(2, 2, { weight, bias, frozen: ["bias"] });
  const weights = [0.15, 0.25, 0.2, 0.3, 0.4, 0.5, 0.45, 0.55];
  return {
    name: "W1",
    title: "2-2-2 sigmoid, f64, one example",
    dtype: "f64",
    model: sequential(
      layer(
        [
          [0.15, 0.2],
          [0.25, 0.3],
        ],
        0.35,
      ),
      sigmoid(),
      layer(
        [
          [0.4, 0.45],
          [0.5, 0.55],
        ],
        0.6,
      ),
      sigmoid(),
    ) as Layer,
    loss: halfSquaredError,
    optimizer: sgd({ learningRate: 0.5 }),
    batchSize: 1,
    inputs: { dtype: "f64", shape: [1, 2], data: Float64Array.of(0.05, 0.1) },
    targets: { dtype: "f64", shape: [1, 2], data: Float64Array.of(0.01, 0.99) },
    operations: 2 * (2 * 4 + 3 * 4),
    checksum: weighted(weights.slice(0, 4)) + weighted(weights.slice(4)),
  };
}

const specs: Record<Exclude<WorkloadName, "W1" | "W5">, Spec> = {
  W2: {
    name: "W2",
    title: "784-128-64-10 ReLU, batch 64, momentum",
    sizes: [784, 128, 64, 10],
    activation: relu,
    loss: crossEntropy,
    optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }),
    batchSize: 64,
    batches: 16,
    seed: 200,
    input: (u) => (u > 0.8 ? (u - 0.8) * 5 : 0),
    target: "class",
  },
  W3: {
    name: "W3",
    title: "1024-2048-2048-1024 ReLU, batch 256, Adam",
    sizes: [1024, 2048, 2048, 1024],
    activation: relu,
    loss: meanSquaredError,
    optimizer: adam({ learningRate: 1e-3 }),
    batchSize: 256,
    batches: 4,
    seed: 300,
    input: (u) => 2 * u - 1,
    target: (u) => 2 * u - 1,
  },
  W4: {
    name: "W4",
    title: "LeNet-5 ReLU, cross-entropy, batch 64, Adam",
    image: [1, 28, 28],
    convolutions: [
      { from: 1, to: 6, padding: 2, size: 28 },
      { from: 6, to: 16, padding: 0, size: 10 },
    ],
    sizes: [400, 120, 84, 10],
    activation: relu,
    loss: crossEntropy,
    optimizer: adam({ learningRate: 1e-3 }),
    batchSize: 64,
    batches: 16,
    seed: 400,
    input: (u) => (u > 0.8 ? (u - 0.8) * 5 : 0),
    target: "class",
  },
  W6: {
    name: "W6",
    title: "1-16-16-1 tanh, batch 32, Adam",
    sizes: [1, 16, 16, 1],
    activation: tanh,
    loss: meanSquaredError,
    optimizer: adam({ learningRate: 1e-3 }),
    batchSize: 32,
    batches: 32,
    seed: 600,
    input: (u) => (2 * u - 1) * Math.PI,
    target: "sine",
  },
};

export const workload = (name: WorkloadName): Workload =>
  name === "W1" ? example() : name === "W5" ? languageModel() : build(specs[name]);
