/** Muon: steps along an orthogonal matrix. */

import { fail } from "../core/errors.ts";
import { aFlag, checkKind, isNumber } from "../core/kinds.ts";
import { checkRecord } from "../core/options.ts";
import { formatShape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { add, div, maximum, mul, square, sub } from "../ops/arithmetic.ts";
import { sum } from "../ops/broadcast.ts";
import { matmul } from "../ops/matmul.ts";
import { transpose } from "../ops/move.ts";
import { sqrt } from "../ops/transcendental.ts";
import {
  average,
  type CommonOptions,
  checkDecays,
  descend,
  type OwnOptimizer,
  optimizer,
} from "./optimizer.ts";

/** The settings of `muon`. */
export interface MuonOptions extends CommonOptions {
  /** μ, the decay of the mean gradient. Default 0.95. */
  readonly momentum?: number;
  /** Look ahead along the mean. Default true. */
  readonly nesterov?: boolean;
  /** θ shrinks by ηλθ. Default 0.1. */
  readonly weightDecay?: number;
  /** The least norm that a matrix is divided by. Default 1e-7. */
  readonly epsilon?: number;
  /** a, b, c of the Newton–Schulz polynomial. Default 3.4445, −4.775, 2.0315. */
  readonly coefficients?: readonly [number, number, number];
  /** How often it is applied, at most 99 times. Default 5. */
  readonly iterations?: number;
  /**
   * What η is multiplied by for a matrix of shape [n, m]: "original", √max(1, n/m), or "adamW",
   * 0.2·√max(n, m), with which η and λ of AdamW fit. Default "original".
   */
  readonly scale?: "original" | "adamW";
}

/**
 * m ← μm + (1 − μ)g; G = (1 − μ)g + μm (m without `nesterov`); X ← aX + (bA + cA²)X with A = XXᵀ, begun
 * with X = G/‖G‖ and repeated; θ ← (1 − ηλ)θ − η·scale·X (Jordan et al. 2024). X is nearly
 * orthogonal: G with singular values near 1. For matrices alone; the others have an optimizer of
 * their own in `parameterGroups`. Default η = 0.001.
 *
 * ```ts
 * import { adamW, linear, meanSquaredError, muon, parameterGroups, sequential, tanh, trainer } from "chainrule";
 *
 * const optimizer = parameterGroups([
 *   { rank: 2, optimizer: muon({ learningRate: 0.02 }) },
 *   { optimizer: adamW({ learningRate: 0.003 }) },
 * ]);
 * const model = sequential(linear(2, 8), tanh(), linear(8, 1));
 * const t = trainer(model, { loss: meanSquaredError, optimizer });
 * const data = { inputs: [[0, 1], [1, 0], [1, 1]], targets: [[1], [1], [0]] };
 * for (let k = 0; k < 200; k++) t.step(data);
 * console.log(t.evaluate(data).loss < 0.01);
 * ```
 *
 * ```text
 * true
 * ```
 *
 * @throws ChainruleError "bad-argument", at the first step, for a parameter that is no matrix.
 */
export function muon(options: MuonOptions = {}): OwnOptimizer {
  checkRecord("muon", options, "its options by name, such as { learningRate: 0.02 }");
  const { momentum = 0.95, nesterov = true, weightDecay = 0.1, epsilon = 1e-7 } = options;
  const { coefficients = [3.4445, -4.775, 2.0315], iterations = 5, scale = "original" } = options;
  checkDecays("muon", { momentum });
  checkKind("nesterov of muon", nesterov, aFlag);
  const three = Array.isArray(coefficients) && coefficients.length === 3;
  if (!three || !Array.from(coefficients).every((c) => isNumber(c, Number.isFinite))) {
    fail("bad-argument", {
      message: "muon cannot use these coefficients.",
      expected: "three finite numbers, such as [3.4445, -4.775, 2.0315]",
      found: shown(coefficients),
    });
  }
  if (!Number.isSafeInteger(iterations) || iterations < 1 || iterations > 99) {
    fail("bad-argument", {
      message: "muon cannot use this number of iterations.",
      expected: "a whole number from 1 to 99",
      found: shown(iterations),
    });
  }
  if (scale !== "original" && scale !== "adamW") {
    fail("bad-argument", {
      message: "muon does not know this scale.",
      expected: '"original" or "adamW"',
      found: shown(scale),
    });
  }
  return optimizer("muon", options, 1e-3, {
    settings: { momentum, nesterov, weightDecay, epsilon, coefficients, iterations, scale },
    slots: { mean: 0 },
    whole: true,
    update({ parameter, gradient, state, learningRate }) {
      const [n, m, ...more] = parameter.shape;
      if (n === undefined || m === undefined || more.length > 0) {
        return fail("bad-argument", {
          message: "muon changes matrices alone.",
          expected:
            "parameterGroups([{ rank: 2, optimizer: muon() }, { optimizer: adamW() }]) for others",
          found: `a parameter of shape ${formatShape(parameter.shape)}`,
        });
      }
      const mean = average(state.mean, gradient, momentum);
      const ahead = nesterov ? average(mean, gradient, momentum) : mean;
      const factor =
        scale === "adamW" ? 0.2 * Math.sqrt(Math.max(n, m)) : Math.sqrt(Math.max(1, n / m));
      const direction = orthogonal(ahead, { coefficients, iterations, epsilon });
      const shrink = sub(1, mul(learningRate, weightDecay));
      const start = weightDecay === 0 ? parameter : mul(parameter, shrink);
      return {
        parameter: descend(start, learningRate, factor === 1 ? direction : mul(direction, factor)),
        state: { mean },
      };
    },
  });
}

/** A matrix with its singular values brought near 1, by Newton's and Schulz's iteration. */
function orthogonal(
  g: Tensor,
  { coefficients: [a, b, c], iterations, epsilon }: Iteration,
): Tensor {
  const [n = 0, m = 0] = g.shape;
  if (n === 0 || m === 0) return g;
  // The product with itself is smaller the other way.
  const wide = n > m ? transpose(g) : g;
  let x = div(wide, maximum(sqrt(sum(square(wide))), epsilon));
  for (let i = 0; i < iterations; i++) {
    const gram = matmul(x, transpose(x));
    const polynomial = add(mul(gram, b), mul(matmul(gram, gram), c));
    x = add(mul(x, a), matmul(polynomial, x));
  }
  return n > m ? transpose(x) : x;
}

type Iteration = Required<Pick<MuonOptions, "coefficients" | "iterations" | "epsilon">>;
