/** Whole training steps: forward pass, loss, backward pass and update in one program. */
import { arrayOf } from "../../../src/core/dtype.ts";
import { uniformAt } from "../../../src/core/random.ts";
import { sizeOf } from "../../../src/core/shape.ts";
import { relu, sigmoid, tanh } from "../../../src/nn/activations.ts";
import { dropout } from "../../../src/nn/dropout.ts";
import type { Layer } from "../../../src/nn/layer.ts";
import { linear } from "../../../src/nn/linear.ts";
import {
  crossEntropy,
  halfSquaredError,
  type Loss,
  meanSquaredError,
} from "../../../src/nn/losses.ts";
import { sequential } from "../../../src/nn/sequential.ts";
import { adam } from "../../../src/optim/adaptive.ts";
import type { Optimizer } from "../../../src/optim/optimizer.ts";
import { sgd } from "../../../src/optim/sgd.ts";
import { statePairs } from "../../../src/step/ports.ts";
import { trainingStep } from "../../../src/step/step.ts";
import { type Checked, graphWork } from "./works.ts";

const layers = (sizes: readonly number[], activation: () => Layer): Layer[] =>
  sizes.slice(1).flatMap((outputs, l) => {
    const dense = linear(sizes[l] ?? 0, outputs);
    return l + 2 < sizes.length ? [dense, activation()] : [dense];
  });

interface Training {
  readonly layers: readonly Layer[];
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  readonly batch: readonly [size: number, inputs: number, outputs: number];
  readonly classes?: boolean;
  readonly update?: "sequential";
}

/** Those of the bench, smaller, and others that bring more kinds of kernels. */
const trainings: Record<string, Training> = {
  "the worked example": {
    layers: [linear(2, 2), sigmoid(), linear(2, 2), sigmoid()],
    loss: halfSquaredError,
    optimizer: sgd({ learningRate: 0.5 }),
    batch: [1, 2, 2],
  },
  "the worked example, updated in turn": {
    layers: [linear(2, 2), sigmoid(), linear(2, 2), sigmoid()],
    loss: halfSquaredError,
    optimizer: sgd({ learningRate: 0.5 }),
    batch: [1, 2, 2],
    update: "sequential",
  },
  "a classifier with momentum": {
    layers: layers([20, 12, 8, 5], relu),
    loss: crossEntropy,
    optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
    batch: [6, 20, 5],
    classes: true,
  },
  "a classifier with dropout, clipped": {
    layers: [linear(9, 8), tanh(), dropout(0.3), linear(8, 4)],
    loss: crossEntropy,
    optimizer: sgd({ learningRate: 0.1, nesterov: true, momentum: 0.8, clipNorm: 0.5 }),
    batch: [5, 9, 4],
    classes: true,
  },
  "a curve with Adam": {
    layers: layers([1, 16, 16, 1], tanh),
    loss: meanSquaredError,
    optimizer: adam({ learningRate: 0.01 }),
    batch: [32, 1, 1],
  },
};

/** Whole training steps, three in a row, whose states are written in place. */
export const trainingWorks = (dtype: "f64" | "f32"): Checked[] =>
  Object.entries(trainings).map(
    ([
      name,
      {
        batch: [size, width, outputs],
        classes,
        ...rest
      },
    ]) => {
      const [first, ...others] = rest.layers;
      if (first === undefined) throw new Error(`${name}: no layers`);
      const { loss, optimizer, update = "simultaneous" } = rest;
      const batch = {
        inputs: { dtype, shape: [size, width] },
        targets: classes
          ? { dtype: "i32" as const, shape: [size] }
          : { dtype, shape: [size, outputs] },
      };
      const model = sequential(first, ...others) as Layer;
      const step = trainingStep(model, batch, { loss, optimizer, dtype, update });
      const memory = new Set(Object.values(step.ports.inputs.slots));
      const values = step.inputs.map((x, k) => {
        const value = (i: number): number => {
          if (x.dtype === "i32") return Math.floor(outputs * uniformAt(3, k, i));
          if (x.shape.length === 0) return 0.25;
          return memory.has(x) ? 0 : 2 * uniformAt(3, k, i) - 1;
        };
        return arrayOf(
          x.dtype,
          Array.from({ length: sizeOf(x.shape) }, (_, i) => value(i)),
        );
      });
      return graphWork(name, step, values, { state: statePairs(step), runs: 3 });
    },
  );
