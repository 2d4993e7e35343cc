import { fail } from "../core/errors.ts";
import { checkRecord } from "../core/options.ts";
import { shown } from "../core/wording.ts";
import { add, div, maximum, mul, sub } from "../ops/arithmetic.ts";
import { cast } from "../ops/cast.ts";
import { equal, where } from "../ops/compare.ts";
import { pow } from "../ops/power.ts";
import {
  type CommonOptions,
  checkMomentum,
  descend,
  type OwnOptimizer,
  optimizer,
  settingIn,
  withDecay,
} from "./optimizer.ts";
import type { Schedule } from "./schedules.ts";

/** The settings of `sgd`. */
export interface SgdOptions extends CommonOptions {
  /** μ: a number, or a schedule of it, such as `oneCycleMomentum`. Default 0. */
  readonly momentum?: number | Schedule;
  /** The share of the gradient that does not enter the momentum. Default 0. */
  readonly dampening?: number;
  /** Look ahead along the momentum (Nesterov 1983). Default false. */
  readonly nesterov?: boolean;
  /** λ of an added ½λ‖θ‖². Default 0. */
  readonly weightDecay?: number;
}

/**
 * Gradient descent: θ ← θ − ηg. With momentum: v ← μv + (1 − τ)g (at the first step v = g), then
 * θ ← θ − ηv, or θ ← θ − η(g + μv) with `nesterov`, which needs momentum and no dampening: anything
 * else is an error. Default η = 0.01.
 */
export function sgd(options: SgdOptions = {}): OwnOptimizer {
  checkRecord("sgd", options, "its options by name, such as { learningRate: 0.01 }");
  const { momentum = 0, dampening = 0, nesterov = false, weightDecay = 0 } = options;
  checkMomentum("sgd", momentum);
  if (nesterov && (momentum === 0 || dampening !== 0)) {
    fail("bad-argument", {
      message: "Nesterov's method needs momentum and no dampening.",
      expected: "momentum > 0 and dampening 0",
      found: `momentum ${shown(momentum)}, dampening ${shown(dampening)}`,
    });
  }
  return optimizer("sgd", options, 0.01, {
    settings: { momentum, dampening, nesterov, weightDecay },
    takenFor: () => {
      const other = (own: SgdOptions) => sgd({ ...options, ...own });
      if (typeof momentum !== "number" || momentum === 0) return [];
      const damped = { nesterov: false, dampening: momentum };
      return [
        { what: "nesterov", optimizer: other({ nesterov: !nesterov, dampening: 0 }) },
        { what: "dampening", optimizer: other(damped) },
      ];
    },
    slots: momentum === 0 ? {} : { velocity: 0 },
    update({ parameter, gradient, state, learningRate, step }) {
      const g = withDecay(gradient, parameter, weightDecay);
      if (!state.velocity) return { parameter: descend(parameter, learningRate, g), state };
      const mu = settingIn(momentum, step, parameter.dtype);
      const kept = mul(state.velocity, mu);
      const entering = dampening === 0 ? g : where(equal(step, 0), g, mul(g, 1 - dampening));
      const velocity = add(kept, entering);
      const direction = nesterov ? add(g, mul(velocity, mu)) : velocity;
      return { parameter: descend(parameter, learningRate, direction), state: { velocity } };
    },
  });
}

/** The settings of `asgd`. */
export interface AsgdOptions extends CommonOptions {
  /** λ: θ shrinks by ηλθ, and η falls with ληk. Default 1e-4. */
  readonly decay?: number;
  /** α, the power by which η falls. Default 0.75. */
  readonly power?: number;
  /** The step from which θ is averaged. Default 1e6. */
  readonly averageFrom?: number;
  /** λ of an added ½λ‖θ‖². Default 0. */
  readonly weightDecay?: number;
}

/**
 * η_k = η/(1 + ληk)^α; θ ← (1 − η_kλ)θ − η_k·g at step k = 0, 1 …; the slot "average" is the mean of
 * θ since `averageFrom` (Polyak and Juditsky 1992). Default η = 0.01.
 */
export function asgd(options: AsgdOptions = {}): OwnOptimizer {
  checkRecord("asgd", options, "its options by name, such as { learningRate: 0.01 }");
  const { decay = 1e-4, power = 0.75, averageFrom = 1e6, weightDecay = 0 } = options;
  return optimizer("asgd", options, 0.01, {
    settings: { decay, power, averageFrom, weightDecay },
    slots: { average: 0 },
    update({ parameter, gradient, state, learningRate, step }) {
      const { dtype } = parameter;
      const g = withDecay(gradient, parameter, weightDecay);
      const slowdown = pow(add(mul(mul(cast(learningRate, "f64"), decay), step), 1), power);
      const rate = div(learningRate, cast(slowdown, dtype));
      const next = descend(mul(parameter, sub(1, mul(rate, decay))), rate, g);
      const share = cast(div(1, maximum(sub(step, averageFrom), 1)), dtype);
      const kept = add(state.average, mul(sub(next, state.average), share));
      return {
        parameter: next,
        state: { average: where(equal(share, 1), next, kept) },
      };
    },
  });
}
