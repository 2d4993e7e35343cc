/** Relatives of Adam: another norm of past gradients, Nesterov's momentum, a rectified start. */

import { checkRecord } from "../core/options.ts";
import type { Tensor } from "../core/tensor.ts";
import { abs, add, div, maximum, mul, square, sub } from "../ops/arithmetic.ts";
import { cast } from "../ops/cast.ts";
import { greater, where } from "../ops/compare.ts";
import { pow } from "../ops/power.ts";
import { sqrt } from "../ops/transcendental.ts";
import {
  average,
  type CommonOptions,
  checkDecays,
  correction,
  descend,
  type OwnOptimizer,
  optimizer,
  withDecay,
} from "./optimizer.ts";

/** What `adamax`, `nadam` and `radam` have in common. */
interface Moments extends CommonOptions {
  /** Decay of the mean gradient. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the mean squared gradient, or of their largest size. Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** λ of an added ½λ‖θ‖². Default 0. */
  readonly weightDecay?: number;
}

const byName = "its options by name, such as { learningRate: 0.01 }";

/** The settings of `adamax`. */
export interface AdamaxOptions extends Moments {
  /** u ← max(β₂u, |g|), and ε is added to u, as in Keras: not inside the maximum. Default false. */
  readonly epsilonOutsideMaximum?: boolean;
}

/**
 * m ← β₁m + (1 − β₁)g, u ← max(β₂u, |g| + ε); θ ← θ − η·m/(u(1 − β₁ᵏ)) at step k = 1, 2 … (Kingma
 * and Ba 2015). Default η = 0.002, `beta1` 0.9, `beta2` 0.999,
 * `epsilon` 1e-8, `weightDecay` 0.
 */
export function adamax(options: AdamaxOptions = {}): OwnOptimizer {
  checkRecord("adamax", options, byName);
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
  const { epsilonOutsideMaximum = false } = options;
  checkDecays("adamax", { beta1, beta2 });
  return optimizer("adamax", options, 2e-3, {
    settings: { beta1, beta2, epsilon, weightDecay, epsilonOutsideMaximum },
    slots: { mean: 0, largest: 0 },
    update({ parameter, gradient, state, learningRate, step }) {
      const g = withDecay(gradient, parameter, weightDecay);
      const mean = average(state.mean, g, beta1);
      const size = epsilonOutsideMaximum ? abs(g) : add(abs(g), epsilon);
      const largest = maximum(mul(state.largest, beta2), size);
      const rate = div(learningRate, cast(correction(step, beta1), parameter.dtype));
      const scale = epsilonOutsideMaximum ? add(largest, epsilon) : largest;
      return {
        parameter: descend(parameter, rate, div(mean, scale)),
        state: { mean, largest },
      };
    },
  });
}

/** The settings of `nadam`. */
export interface NadamOptions extends Moments {
  /** ψ: how slowly the momentum rises from β₁/2 to β₁. Default 0.004; Keras has 1. */
  readonly momentumDecay?: number;
  /** The momentum is β₁ from the first step on, as in optax. Default false. */
  readonly constantMomentum?: boolean;
  /** θ shrinks by ηλθ in place of the added ½λ‖θ‖². Default false. */
  readonly decoupledWeightDecay?: boolean;
}

/**
 * μ_k = β₁(1 − ½·0.96^(ψk)); m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g²;
 * θ ← θ − η·(μ_{k+1}m/(1 − μ₁…μ_{k+1}) + (1 − μ_k)g/(1 − μ₁…μ_k))/(√v̂ + ε) at step k = 1, 2 …
 * (Dozat 2016). Default η = 0.002, `beta1` 0.9, `beta2` 0.999,
 * `epsilon` 1e-8, `weightDecay` 0, `momentumDecay` 0.004.
 */
export function nadam(options: NadamOptions = {}): OwnOptimizer {
  checkRecord("nadam", options, byName);
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
  const { momentumDecay = 0.004, constantMomentum = false, decoupledWeightDecay = false } = options;
  checkDecays("nadam", { beta1, beta2 });
  /** μ at the step that many after this one, which counts from 0 (f64). */
  const momentum = (step: Tensor, after: number): Tensor | number =>
    constantMomentum
      ? beta1
      : mul(sub(1, mul(pow(0.96, mul(add(step, after + 1), momentumDecay)), 0.5)), beta1);
  return optimizer("nadam", options, 2e-3, {
    settings: {
      ...{ beta1, beta2, epsilon, weightDecay, momentumDecay },
      ...{ constantMomentum, decoupledWeightDecay },
    },
    slots: { mean: 0, square: 0, product: 1 },
    update({ parameter, gradient, state, learningRate, step }) {
      const { dtype } = parameter;
      const g = decoupledWeightDecay ? gradient : withDecay(gradient, parameter, weightDecay);
      const start = decoupledWeightDecay ? shrunk(parameter, learningRate, weightDecay) : parameter;
      const [now, next] = [0, 1].map((after) => {
        const mu = momentum(step, after);
        return typeof mu === "number" ? mu : cast(mu, dtype);
      }) as [Tensor | number, Tensor | number];
      const mean = average(state.mean, g, beta1);
      const squares = average(state.square, square(g), beta2);
      const product = mul(state.product, now);
      const ahead = div(mul(mean, next), sub(1, mul(product, next)));
      const here = div(mul(g, sub(1, now)), sub(1, product));
      const root = cast(sqrt(correction(step, beta2)), dtype);
      const direction = div(add(ahead, here), add(div(sqrt(squares), root), epsilon));
      return {
        parameter: descend(start, learningRate, direction),
        state: { mean, square: squares, product },
      };
    },
  });
}

/** (1 − ηλ)θ */
const shrunk = (parameter: Tensor, learningRate: Tensor, weightDecay: number): Tensor =>
  weightDecay === 0 ? parameter : mul(parameter, sub(1, mul(learningRate, weightDecay)));

/** The settings of `radam`. */
export interface RadamOptions extends Moments {
  /** θ shrinks by ηλθ in place of the added ½λ‖θ‖². Default false. */
  readonly decoupledWeightDecay?: boolean;
  /** ε is added to √v before it is corrected, as in PyTorch; false as in optax. Default true. */
  readonly epsilonBeforeCorrection?: boolean;
}

/**
 * Adam without the unreliable steps at the start: ρ_k = ρ − 2kβ₂ᵏ/(1 − β₂ᵏ) with ρ = 2/(1 − β₂) − 1.
 * Where ρ_k > 5, θ ← θ − η·r·m̂·√(1 − β₂ᵏ)/(√v + ε) with
 * r = √((ρ_k − 4)(ρ_k − 2)ρ/((ρ − 4)(ρ − 2)ρ_k)), and before that θ ← θ − η·m̂ (Liu et al. 2020).
 * Default η = 0.001, `beta1` 0.9, `beta2` 0.999, `epsilon` 1e-8, `weightDecay` 0.
 */
export function radam(options: RadamOptions = {}): OwnOptimizer {
  checkRecord("radam", options, byName);
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
  const { decoupledWeightDecay = false, epsilonBeforeCorrection = true } = options;
  checkDecays("radam", { beta1, beta2 });
  const longest = 2 / (1 - beta2) - 1;
  return optimizer("radam", options, 1e-3, {
    settings: {
      ...{ beta1, beta2, epsilon, weightDecay },
      ...{ decoupledWeightDecay, epsilonBeforeCorrection },
    },
    slots: { mean: 0, square: 0 },
    update({ parameter, gradient, state, learningRate, step }) {
      const { dtype } = parameter;
      const g = decoupledWeightDecay ? gradient : withDecay(gradient, parameter, weightDecay);
      const start = decoupledWeightDecay ? shrunk(parameter, learningRate, weightDecay) : parameter;
      const mean = average(state.mean, g, beta1);
      const squares = average(state.square, square(g), beta2);
      const corrected = correction(step, beta2);
      const count = add(step, 1);
      const length = sub(longest, div(mul(mul(count, 2), pow(beta2, count)), corrected));
      const rate = div(learningRate, cast(correction(step, beta1), dtype));
      const memory = { mean, square: squares };
      // ρ_k never reaches 5: every step is a plain one.
      if (longest <= 5) return { parameter: descend(start, rate, mean), state: memory };
      const share = div(
        mul(mul(sub(length, 4), sub(length, 2)), longest / ((longest - 4) * (longest - 2))),
        length,
      );
      // Negative only where it is not used.
      const rectified = sqrt(maximum(share, 0));
      const root = sqrt(corrected);
      const scaled = epsilonBeforeCorrection
        ? div(cast(mul(root, rectified), dtype), add(sqrt(squares), epsilon))
        : div(cast(rectified, dtype), add(div(sqrt(squares), cast(root, dtype)), epsilon));
      const factor = where(greater(length, 5), scaled, 1);
      return { parameter: descend(start, rate, mul(mean, factor)), state: memory };
    },
  });
}
