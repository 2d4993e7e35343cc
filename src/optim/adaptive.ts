/** Optimizers that scale each entry's step by the size of its past gradients. */

import { checkRecord } from "../core/options.ts";
import type { Tensor } from "../core/tensor.ts";
import { add, div, maximum, mul, square, sub } from "../ops/arithmetic.ts";
import { cast } from "../ops/cast.ts";
import { sqrt } from "../ops/transcendental.ts";
import {
  average,
  type CommonOptions,
  checkDecays,
  checkMomentum,
  correction,
  descend,
  type OwnOptimizer,
  optimizer,
  settingIn,
  withDecay,
} from "./optimizer.ts";
import { type Schedule, settingAt } from "./schedules.ts";

/** The settings of `adam` and `adamW`. */
export interface AdamOptions extends CommonOptions {
  /** Decay of the mean gradient: a number, or a schedule, as `oneCycleMomentum`. Default 0.9. */
  readonly beta1?: number | Schedule;
  /** Decay of the mean squared gradient. Default 0.999. */
  readonly beta2?: number;
  /** Added to the root. Default 1e-8. */
  readonly epsilon?: number;
  /** adam: λ of an added ½λ‖θ‖², default 0. adamW: θ shrinks by ηλθ, default 0.01. */
  readonly weightDecay?: number;
  /** Use the largest mean square so far (Reddi et al. 2018). Default false. */
  readonly amsgrad?: boolean;
  /**
   * ε is added to √v, which is corrected afterwards, as in Keras and scikit-learn, not to √v̂, as in
   * PyTorch and optax: ε counts for less in the first steps. Default false.
   */
  readonly epsilonBeforeCorrection?: boolean;
  /** √(v̂ + ε) in the place of √v̂ + ε: optax's `eps_root`. Default false. */
  readonly epsilonInsideRoot?: boolean;
}

/** √x + ε, or √(x + ε). */
const rootWith = (x: Tensor, epsilon: number, inside: boolean): Tensor =>
  inside ? sqrt(add(x, epsilon)) : add(sqrt(x), epsilon);

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
  const { epsilonBeforeCorrection = false, epsilonInsideRoot = false } = options;
  const weightDecay = options.weightDecay ?? decay;
  checkDecays(name, { beta1, beta2 });
  return optimizer(name, options, 1e-3, {
    settings: {
      ...{ beta1, beta2, epsilon, weightDecay, amsgrad },
      ...{ epsilonBeforeCorrection, epsilonInsideRoot },
    },
    takenFor: () => {
      const same = (own: AdamOptions) =>
        adamLike({ name, decoupled, decay }, { ...options, ...own });
      const coupled = adamLike({ name, decoupled: !decoupled, decay }, options);
      return [
        {
          what: "epsilonPlace",
          optimizer: same({ epsilonBeforeCorrection: !epsilonBeforeCorrection }),
        },
        { what: "epsilonRoot", optimizer: same({ epsilonInsideRoot: !epsilonInsideRoot }) },
        ...(weightDecay === 0 ? [] : [{ what: "decayPlace" as const, optimizer: coupled }]),
      ];
    },
    slots: { mean: 0, square: 0, ...(amsgrad ? { largest: 0 } : {}) },
    update({ parameter, gradient, state, learningRate, step }) {
      const { dtype } = parameter;
      const g = decoupled ? gradient : withDecay(gradient, parameter, weightDecay);
      const shrink = sub(1, mul(learningRate, weightDecay));
      const start = decoupled && weightDecay !== 0 ? mul(parameter, shrink) : parameter;
      const mean = average(state.mean, g, settingIn(beta1, step, dtype));
      const squares = average(state.square, square(g), beta2);
      const largest = state.largest && maximum(state.largest, squares);
      const first = correction(step, settingAt(beta1, step));
      const second = correction(step, beta2);
      const spread = largest ?? squares;
      const scale = epsilonBeforeCorrection
        ? rootWith(spread, epsilon, epsilonInsideRoot)
        : epsilonInsideRoot
          ? sqrt(add(div(spread, cast(second, dtype)), epsilon))
          : add(div(sqrt(spread), cast(sqrt(second), dtype)), epsilon);
      const corrected = epsilonBeforeCorrection ? div(first, sqrt(second)) : first;
      const rate = div(learningRate, cast(corrected, dtype));
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
  /** A number, or a schedule of it. Default 0. */
  readonly momentum?: number | Schedule;
  /** Divide by the standard deviation instead of the root mean square. Default false. */
  readonly centered?: boolean;
  /** √(v + ε) in the place of √v + ε, as in Keras and optax. Default false. */
  readonly epsilonInsideRoot?: boolean;
  /** The mean square before the first step: optax's `initial_scale`. Default 0. */
  readonly initialAccumulator?: number;
  /** λ of an added ½λ‖θ‖². Default 0. */
  readonly weightDecay?: number;
}

/** v ← ρv + (1 − ρ)g²; θ ← θ − ηg/(√v + ε) (Tieleman and Hinton 2012). Default η = 0.01. */
export function rmsprop(options: RmspropOptions = {}): OwnOptimizer {
  checkRecord("rmsprop", options, "its options by name, such as { learningRate: 0.01 }");
  const { decay = 0.99, epsilon = 1e-8, momentum = 0, centered = false, weightDecay = 0 } = options;
  const { epsilonInsideRoot = false, initialAccumulator = 0 } = options;
  checkMomentum("rmsprop", momentum);
  checkDecays("rmsprop", { decay });
  return optimizer("rmsprop", options, 0.01, {
    settings: {
      ...{ decay, epsilon, momentum, centered, weightDecay },
      ...{ epsilonInsideRoot, initialAccumulator },
    },
    slots: {
      square: initialAccumulator,
      ...(centered ? { mean: 0 } : {}),
      ...(momentum === 0 ? {} : { velocity: 0 }),
    },
    update({ parameter, gradient, state, learningRate, step: k }) {
      const g = withDecay(gradient, parameter, weightDecay);
      const squares = average(state.square, square(g), decay);
      const mean = state.mean && average(state.mean, g, decay);
      // Rounding can take the variance of equal gradients below 0.
      const spread = mean ? maximum(sub(squares, square(mean)), 0) : squares;
      const step = div(g, rootWith(spread, epsilon, epsilonInsideRoot));
      const velocity =
        state.velocity && add(mul(state.velocity, settingIn(momentum, k, parameter.dtype)), step);
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
  /** √(s + ε) in the place of √s + ε, as in Keras and optax. Default false. */
  readonly epsilonInsideRoot?: boolean;
  /** λ of an added ½λ‖θ‖². Default 0. */
  readonly weightDecay?: number;
}

/** s ← s + g²; θ ← θ − ηg/(√s + ε) (Duchi et al. 2011). Default η = 0.01. */
export function adagrad(options: AdagradOptions = {}): OwnOptimizer {
  checkRecord("adagrad", options, "its options by name, such as { learningRate: 0.01 }");
  const { learningRateDecay = 0, initialAccumulator = 0, epsilon = 1e-10 } = options;
  const { weightDecay = 0, epsilonInsideRoot = false } = options;
  return optimizer("adagrad", options, 0.01, {
    settings: { learningRateDecay, initialAccumulator, epsilon, weightDecay, epsilonInsideRoot },
    slots: { sum: initialAccumulator },
    update({ parameter, gradient, state, learningRate, step }) {
      const g = withDecay(gradient, parameter, weightDecay);
      const sum = add(state.sum, square(g));
      const slowdown = cast(add(mul(step, learningRateDecay), 1), parameter.dtype);
      const rate = learningRateDecay === 0 ? learningRate : div(learningRate, slowdown);
      const direction = div(g, rootWith(sum, epsilon, epsilonInsideRoot));
      return { parameter: descend(parameter, rate, direction), state: { sum } };
    },
  });
}

/** The settings of `adadelta`. */
export interface AdadeltaOptions extends CommonOptions {
  /** ρ, the decay of both means. Default 0.9. */
  readonly decay?: number;
  /** ε, inside of both roots. Default 1e-6. */
  readonly epsilon?: number;
  /** λ of an added ½λ‖θ‖². Default 0. */
  readonly weightDecay?: number;
}

/**
 * v ← ρv + (1 − ρ)g²; d = g·√(a + ε)/√(v + ε); a ← ρa + (1 − ρ)d²; θ ← θ − ηd (Zeiler 2012). The
 * step has the parameter's unit, whatever the loss is scaled by. Default η = 1.
 */
export function adadelta(options: AdadeltaOptions = {}): OwnOptimizer {
  checkRecord("adadelta", options, "its options by name, such as { learningRate: 1 }");
  const { decay = 0.9, epsilon = 1e-6, weightDecay = 0 } = options;
  checkDecays("adadelta", { decay });
  return optimizer("adadelta", options, 1, {
    settings: { decay, epsilon, weightDecay },
    slots: { square: 0, change: 0 },
    update({ parameter, gradient, state, learningRate }) {
      const g = withDecay(gradient, parameter, weightDecay);
      const squares = average(state.square, square(g), decay);
      const ratio = div(sqrt(add(state.change, epsilon)), sqrt(add(squares, epsilon)));
      const direction = mul(ratio, g);
      const change = average(state.change, square(direction), decay);
      return {
        parameter: descend(parameter, learningRate, direction),
        state: { square: squares, change },
      };
    },
  });
}
