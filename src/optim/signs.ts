/** Optimizers that look at the sign of a direction, and not at its size. */

import { fail } from "../core/errors.ts";
import { isNumber } from "../core/kinds.ts";
import { checkRecord } from "../core/options.ts";
import { shown } from "../core/wording.ts";
import { mul, sign, sub } from "../ops/arithmetic.ts";
import { broadcastTo } from "../ops/broadcast.ts";
import { clamp, equal, greater, less, where } from "../ops/compare.ts";
import { scalar } from "../ops/leaf.ts";
import {
  average,
  type CommonOptions,
  checkDecays,
  descend,
  type OwnOptimizer,
  optimizer,
} from "./optimizer.ts";

/** The settings of `rprop`. */
export interface RpropOptions extends CommonOptions {
  /** The factor where a gradient has turned. Default 0.5. */
  readonly decrease?: number;
  /** The factor where it has kept its sign. Default 1.2. */
  readonly increase?: number;
  /** Steps are not made smaller than this. Default 1e-6. */
  readonly smallestStep?: number;
  /** Nor larger than this. Default 50. */
  readonly largestStep?: number;
}

/**
 * Δ ← Δ·1.2 where g keeps its sign, Δ·0.5 where it has turned (there this step is left out), within
 * bounds; θ ← θ − Δ·sign(g) (Riedmiller and Braun 1993). For whole batches: every entry learns the
 * size Δ of its own step from the signs alone. Δ begins with η (default 0.01), which counts for
 * nothing later: a schedule is an error.
 */
export function rprop(options: RpropOptions = {}): OwnOptimizer {
  checkRecord("rprop", options, "its options by name, such as { learningRate: 0.01 }");
  const { decrease = 0.5, increase = 1.2, smallestStep = 1e-6, largestStep = 50 } = options;
  const { learningRate: first } = options;
  if (first !== undefined && typeof first !== "number") {
    fail("bad-argument", {
      message:
        "rprop takes no schedule: every entry has a step of its own, which begins with the rate.",
      expected: "learningRate: a number",
      found: shown(first),
    });
  }
  if (!isNumber(decrease, (n) => n < 1) || !isNumber(increase, (n) => n > 1)) {
    fail("bad-argument", {
      message: "rprop makes steps smaller by one factor and larger by the other.",
      expected: "decrease < 1 and increase > 1",
      found: `decrease ${shown(decrease)}, increase ${shown(increase)}`,
    });
  }
  if (!isNumber(smallestStep, (least) => isNumber(largestStep, (most) => least <= most))) {
    fail("bad-argument", {
      message: "rprop's steps have no room between their bounds.",
      expected: "smallestStep ≤ largestStep",
      found: `smallestStep ${shown(smallestStep)}, largestStep ${shown(largestStep)}`,
    });
  }
  return optimizer("rprop", options, 0.01, {
    settings: { decrease, increase, smallestStep, largestStep },
    slots: { previous: 0, size: 0 },
    update({ parameter, gradient, state, learningRate, step }) {
      // Of the signs: a product of small gradients could be 0.
      const agreement = mul(sign(gradient), sign(state.previous));
      const turned = less(agreement, 0);
      const number = (value: number) => scalar(value, parameter.dtype);
      const kept = where(turned, number(decrease), number(1));
      const factor = where(greater(agreement, 0), number(increase), kept);
      const before = where(equal(step, 0), broadcastTo(learningRate, parameter.shape), state.size);
      const size = clamp(mul(before, factor), { min: smallestStep, max: largestStep });
      const previous = where(turned, 0, gradient);
      return {
        parameter: sub(parameter, mul(sign(previous), size)),
        state: { previous, size },
      };
    },
  });
}

/** The settings of `lion`. */
export interface LionOptions extends CommonOptions {
  /** The share of the past in the direction. Default 0.9. */
  readonly beta1?: number;
  /** The share of the past in the memory. Default 0.99. */
  readonly beta2?: number;
  /** θ shrinks by ηλθ. Default 0. */
  readonly weightDecay?: number;
}

/**
 * θ ← (1 − ηλ)θ − η·sign(β₁m + (1 − β₁)g); m ← β₂m + (1 − β₂)g (Chen et al. 2023). Every entry
 * moves by η, so rates are three to ten times smaller than Adam's. Default η = 1e-4.
 */
export function lion(options: LionOptions = {}): OwnOptimizer {
  checkRecord("lion", options, "its options by name, such as { learningRate: 1e-4 }");
  const { beta1 = 0.9, beta2 = 0.99, weightDecay = 0 } = options;
  checkDecays("lion", { beta1, beta2 });
  return optimizer("lion", options, 1e-4, {
    settings: { beta1, beta2, weightDecay },
    slots: { mean: 0 },
    update({ parameter, gradient, state, learningRate }) {
      const direction = sign(average(state.mean, gradient, beta1));
      const shrink = sub(1, mul(learningRate, weightDecay));
      const start = weightDecay === 0 ? parameter : mul(parameter, shrink);
      return {
        parameter: descend(start, learningRate, direction),
        state: { mean: average(state.mean, gradient, beta2) },
      };
    },
  });
}
