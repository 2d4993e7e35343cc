/** Optimizers that scale each entry's step by the size of its past gradients. */

import { fail } from "../core/errors.ts";
import { isNumber } from "../core/kinds.ts";
import { checkRecord } from "../core/options.ts";
import type { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { add, div, maximum, mul, square, sub } from "../ops/arithmetic.ts";
import { cast } from "../ops/cast.ts";
import { pow } from "../ops/power.ts";
import { sqrt } from "../ops/transcendental.ts";
import {
  type CommonOptions,
  descend,
  type OwnOptimizer,
  optimizer,
  withDecay,
} from "./optimizer.ts";

/** The settings of `adam` and `adamW`. */
export interface AdamOptions extends CommonOptions {
  /** Decay of the mean gradient. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the mean squared gradient. Default 0.999. */
  readonly beta2?: number;
  /** Added to the root. Default 1e-8. */
  readonly epsilon?: number;
  /** adam: λ of an added ½λ‖θ‖², default 0. adamW: θ shrinks by ηλθ, default 0.01. */
  readonly weightDecay?: number;
  /** Use the largest mean square so far (Reddi et al. 2018). Default false. */
  readonly amsgrad?: boolean;
}

/** β·old + (1 − β)·value */
const average = (old: Tensor, value: Tensor, beta: number): Tensor =>
  add(mul(old, beta), mul(value, 1 - beta));

/** 1 − β^(k+1) at step k, in f64 where 1 − 0.999 keeps its digits. */
const correction = (step: Tensor, beta: number): Tensor => sub(1, pow(beta, add(step, 1)));

/** The name, and whether the parameters shrink by themselves, apart from the gradient. */
interface Kind {
  readonly name: string;
  readonly decoupled: boolean;
  /** λ where none is given. */
  readonly decay: number;
}

function adamLike({ name, decoupled, decay }: Kind, options: AdamOptions): OwnOptimizer {
  checkRecord(name, options, "its options by name, such as { learningRate: 0.01 }");
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, amsgrad = false } = options;
  const weightDecay = options.weightDecay ?? decay;
  for (const [what, beta] of Object.entries({ beta1, beta2 })) {
    // At 1 the correction 1 − βᵏ would be 0.
    if (!isNumber(beta, (n) => n < 1)) {
      fail("bad-argument", {
        message: `${name} cannot use this ${what}.`,
        expected: "a number ≥ 0 and < 1",
        found: shown(beta),
      });
    }
  }
  return optimizer(name, options, 1e-3, {
    settings: { beta1, beta2, epsilon, weightDecay, amsgrad },
    slots: { mean: 0, square: 0, ...(amsgrad ? { largest: 0 } : {}) },
    update({ parameter, gradient, state, learningRate, step }) {
      const { dtype } = parameter;
      const g = decoupled ? gradient : withDecay(gradient, parameter, weightDecay);
      const shrink = sub(1, mul(learningRate, weightDecay));
      const start = decoupled && weightDecay !== 0 ? mul(parameter, shrink) : parameter;
      const mean = average(state.mean, g, beta1);
      const squares = average(state.square, square(g), beta2);
      const largest = state.largest && maximum(state.largest, squares);
      const root = cast(sqrt(correction(step, beta2)), dtype);
      const scale = add(div(sqrt(largest ?? squares), root), epsilon);
      const rate = div(learningRate, cast(correction(step, beta1), dtype));
      return {
        parameter: descend(start, rate, div(mean, scale)),
        state: { mean, square: squares, ...(largest ? { largest } : {}) },
      };
    },
  });
}

/**
 * m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g²; θ ← θ − η·m̂/(√v̂ + ε), where m̂ = m/(1 − β₁ᵏ) and
 * v̂ = v/(1 − β₂ᵏ) at step k = 1, 2 … (Kingma and Ba 2015). Default η = 0.001.
 */
export const adam = (options: AdamOptions = {}): OwnOptimizer =>
  adamLike({ name: "adam", decoupled: false, decay: 0 }, options);

/** Adam with θ ← (1 − ηλ)θ in place of a gradient of ½λ‖θ‖² (Loshchilov and Hutter 2019). */
export const adamW = (options: AdamOptions = {}): OwnOptimizer =>
  adamLike({ name: "adamW", decoupled: true, decay: 0.01 }, options);

/** The settings of `rmsprop`. */
export interface RmspropOptions extends CommonOptions {
  /** ρ, the decay of the mean squared gradient. Default 0.99. */
  readonly decay?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** Default 0. */
  readonly momentum?: number;
  /** Divide by the standard deviation instead of the root mean square. Default false. */
  readonly centered?: boolean;
  /** λ of an added ½λ‖θ‖². Default 0. */
  readonly weightDecay?: number;
}

/** v ← ρv + (1 − ρ)g²; θ ← θ − ηg/(√v + ε) (Tieleman and Hinton 2012). Default η = 0.01. */
export function rmsprop(options: RmspropOptions = {}): OwnOptimizer {
  checkRecord("rmsprop", options, "its options by name, such as { learningRate: 0.01 }");
  const { decay = 0.99, epsilon = 1e-8, momentum = 0, centered = false, weightDecay = 0 } = options;
  return optimizer("rmsprop", options, 0.01, {
    settings: { decay, epsilon, momentum, centered, weightDecay },
    slots: {
      square: 0,
      ...(centered ? { mean: 0 } : {}),
      ...(momentum === 0 ? {} : { velocity: 0 }),
    },
    update({ parameter, gradient, state, learningRate }) {
      const g = withDecay(gradient, parameter, weightDecay);
      const squares = average(state.square, square(g), decay);
      const mean = state.mean && average(state.mean, g, decay);
      // Rounding can take the variance of equal gradients below 0.
      const spread = mean ? maximum(sub(squares, square(mean)), 0) : squares;
      const step = div(g, add(sqrt(spread), epsilon));
      const velocity = state.velocity && add(mul(state.velocity, momentum), step);
      return {
        parameter: descend(parameter, learningRate, velocity ?? step),
        state: {
          square: squares,
          ...(mean ? { mean } : {}),
          ...(velocity ? { velocity } : {}),
        },
      };
    },
  });
}

/** The settings of `adagrad`. */
export interface AdagradOptions extends CommonOptions {
  /** η at step k is η/(1 + k·learningRateDecay). Default 0. */
  readonly learningRateDecay?: number;
  /** The sum of squares before the first step. Default 0. */
  readonly initialAccumulator?: number;
  /** Default 1e-10. */
  readonly epsilon?: number;
  /** λ of an added ½λ‖θ‖². Default 0. */
  readonly weightDecay?: number;
}

/** s ← s + g²; θ ← θ − ηg/(√s + ε) (Duchi et al. 2011). Default η = 0.01. */
export function adagrad(options: AdagradOptions = {}): OwnOptimizer {
  checkRecord("adagrad", options, "its options by name, such as { learningRate: 0.01 }");
  const { learningRateDecay = 0, initialAccumulator = 0, epsilon = 1e-10 } = options;
  const { weightDecay = 0 } = options;
  return optimizer("adagrad", options, 0.01, {
    settings: { learningRateDecay, initialAccumulator, epsilon, weightDecay },
    slots: { sum: initialAccumulator },
    update({ parameter, gradient, state, learningRate, step }) {
      const g = withDecay(gradient, parameter, weightDecay);
      const sum = add(state.sum, square(g));
      const slowdown = cast(add(mul(step, learningRateDecay), 1), parameter.dtype);
      const rate = learningRateDecay === 0 ? learningRate : div(learningRate, slowdown);
      const direction = div(g, add(sqrt(sum), epsilon));
      return { parameter: descend(parameter, rate, direction), state: { sum } };
    },
  });
}
