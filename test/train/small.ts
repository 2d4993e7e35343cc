/** Small models and data of which it is plain what training makes of them. */
import { moons } from "../../src/data/index.ts";
import {
  crossEntropy,
  linear,
  meanSquaredError,
  relu,
  sequential,
  sgd,
  type Trainer,
  type TrainerOptions,
  trainer,
} from "../../src/index.ts";
import type { FitOptions } from "../../src/train/fit.ts";

export const points = moons({ size: 50, noise: 0.1, seed: 3 });
type Backend = NonNullable<TrainerOptions["backend"]>;
export const classifier = (seed = 0, learningRate = 0.1, backend: Backend = "auto") =>
  trainer(sequential(linear(2, 8), relu(), linear(8, 2)), {
    loss: crossEntropy,
    optimizer: sgd({ learningRate, momentum: 0.9 }),
    seed,
    backend,
  });
/** y = w·x with w = 0 at first. */
export const line = (
  learningRate = 0.1,
  loss: typeof meanSquaredError = meanSquaredError,
  backend: Backend = "auto",
) =>
  trainer(sequential(linear(1, 1, { weight: 0, bias: false })), {
    loss,
    optimizer: sgd({ learningRate }),
    dtype: "f64",
    backend,
  });
/** … one step at a time: other backends may take several before they report. */
export const stepwise = (learningRate = 0.1) => line(learningRate, meanSquaredError, "interpreter");
export const weight = (t: Trainer) => t.parameters["0.weight"]!.item();
export const state = (t: Trainer) => [...t.snapshot().values()];
/** Examples y = 2x at x = 1 … n, whose losses all differ. */
export const numbers = (n: number) => ({
  inputs: Array.from({ length: n }, (_, i) => [i + 1]),
  targets: Array.from({ length: n }, (_, i) => [2 * (i + 1)]),
});
export async function losses(t: Trainer, n: number, options: FitOptions = {}): Promise<number[]> {
  const seen: number[] = [];
  await t.fit(numbers(n), { ...options, onStep: ({ loss }) => void seen.push(loss) });
  return seen;
}
