/** The networks that the tests of derivations share. */
import "../support/backend.ts";
import {
  halfSquaredError,
  linear,
  meanSquaredError,
  sequential,
  sigmoid,
} from "../../src/nn/index.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { type Trainer, type TrainerOptions, trainer } from "../../src/train/trainer.ts";

export const seedData = { inputs: [[0.05, 0.1]], targets: [[0.01, 0.99]] };

/** The page's network: 2-2-2, sigmoid, one given bias for each layer. */
export function seedNetwork(): Trainer {
  const bias = { frozen: ["bias"], sharedBias: true } as const;
  const model = sequential(
    linear(2, 2, {
      weight: [
        [0.15, 0.2],
        [0.25, 0.3],
      ],
      bias: 0.35,
      ...bias,
    }),
    sigmoid(),
    linear(2, 2, {
      weight: [
        [0.4, 0.45],
        [0.5, 0.55],
      ],
      bias: 0.6,
      ...bias,
    }),
    sigmoid(),
  );
  const optimizer = sgd({ learningRate: 0.5 });
  return trainer(model, { loss: halfSquaredError, optimizer, dtype: "f64" });
}

export const f64 = { dtype: "f64", backend: "interpreter", seed: 1 } as const;

export const threeData = {
  inputs: [
    [1, 0.5],
    [0.2, -0.3],
    [-1, 2],
  ],
  targets: [
    [0, 1],
    [1, 0],
    [0.5, 0.25],
  ],
};

/** 2-3-2 with a sigmoid between, for three examples, with random first values. */
export const threeNetwork = (options: Partial<TrainerOptions> = {}): Trainer =>
  trainer(sequential(linear(2, 3), sigmoid(), linear(3, 2)), {
    loss: meanSquaredError,
    optimizer: sgd({ learningRate: 0.5 }),
    ...f64,
    ...options,
  });

/** The names of the page's weights, in order, as parameters. */
export const weights = [0, 2].flatMap((layer) =>
  [0, 1].flatMap((j) => [0, 1].map((k) => `${layer}.weight[${j},${k}]`)),
);
