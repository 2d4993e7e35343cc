/** What other libraries take where nothing is said, and where they put ε. */
import type { AdadeltaOptions, AdagradOptions, AdamOptions, RmspropOptions } from "./adaptive.ts";
import type { AdamaxOptions, NadamOptions } from "./moments.ts";
import type { SgdOptions } from "./sgd.ts";
import type { LionOptions } from "./signs.ts";

/** Options by the optimizer that they are for. */
interface Presets {
  readonly sgd: SgdOptions;
  readonly adam: AdamOptions;
  readonly adamW: AdamOptions;
  readonly adamax: AdamaxOptions;
  readonly nadam: NadamOptions;
  readonly rmsprop: RmspropOptions;
  readonly adagrad: AdagradOptions;
  readonly adadelta: AdadeltaOptions;
  readonly lion: LionOptions;
}

/**
 * Options with which our optimizers take the steps of Keras 3, and its defaults: ε = 1e-7, which adam
 * adds before the correction and rmsprop inside the root. Keras's momentum of sgd holds η: with a
 * schedule it differs from any here.
 *
 * ```ts
 * import { kerasPresets, rmsprop, tensor } from "chainrule";
 *
 * const o = rmsprop({ ...kerasPresets.rmsprop, learningRate: 1 }).for(tensor(0, { dtype: "f64" }));
 * console.log(o.step(tensor(1e-7, { dtype: "f64" })).item().toFixed(6));
 * ```
 *
 * ```text
 * -0.000316
 * ```
 */
export const kerasPresets: Presets = {
  sgd: { learningRate: 0.01 },
  adam: { learningRate: 1e-3, epsilon: 1e-7, epsilonBeforeCorrection: true },
  adamW: {
    ...{ learningRate: 1e-3, epsilon: 1e-7, epsilonBeforeCorrection: true },
    weightDecay: 0.004,
  },
  adamax: { learningRate: 1e-3, epsilon: 1e-7, epsilonOutsideMaximum: true },
  nadam: { learningRate: 1e-3, epsilon: 1e-7, momentumDecay: 1 },
  rmsprop: { learningRate: 1e-3, decay: 0.9, epsilon: 1e-7, epsilonInsideRoot: true },
  adagrad: {
    ...{ learningRate: 1e-3, initialAccumulator: 0.1 },
    ...{ epsilon: 1e-7, epsilonInsideRoot: true },
  },
  adadelta: { learningRate: 1e-3, decay: 0.95, epsilon: 1e-7 },
  lion: { learningRate: 1e-3 },
};

/**
 * Options with which our optimizers take the steps of optax, whose learning rates have no default.
 *
 * ```ts
 * import { nadam, optaxPresets, tensor } from "chainrule";
 *
 * const o = nadam({ ...optaxPresets.nadam, learningRate: 1 }).for(tensor(0, { dtype: "f64" }));
 * console.log(o.step(tensor(1, { dtype: "f64" })).item().toFixed(3));
 * ```
 *
 * ```text
 * -1.474
 * ```
 */
export const optaxPresets: Presets = {
  sgd: {},
  adam: {},
  adamW: { weightDecay: 1e-4 },
  adamax: {},
  nadam: { constantMomentum: true },
  rmsprop: { decay: 0.9, epsilon: 1e-8, epsilonInsideRoot: true },
  adagrad: { initialAccumulator: 0.1, epsilon: 1e-7, epsilonInsideRoot: true },
  adadelta: { decay: 0.9, epsilon: 1e-6 },
  lion: { weightDecay: 1e-3 },
};
