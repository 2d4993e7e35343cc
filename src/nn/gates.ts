/** Activations that are more than a function of each number: with a trained slope, or a gate. */
import { callSite } from "../core/call-site.ts";
import { fail } from "../core/errors.ts";
import { isNumber } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { formatShape, normalizeAxis } from "../core/shape.ts";
import { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { greater, where } from "../ops/compare.ts";
import { reshape, slice } from "../ops/move.ts";
import { randomUniform } from "../ops/random.ts";
import { sigmoid } from "../ops/transcendental.ts";
import { streamOf } from "./dropout.ts";
import { anyNumber, upFrom } from "./facts.ts";
import type { InitialValues } from "./initializers.ts";
import { type Any, type Layer, layer, type NoRanks, type Same } from "./layer.ts";
import { atPath } from "./layer-checks.ts";
import { checkCounts, parameterOf } from "./weighted.ts";

/** How the slopes of a prelu begin, and whether they are trained. */
export interface PreluOptions {
  /** Initializer or values. Default ¼. */
  readonly weight?: InitialValues;
  /** Whether training leaves the slopes alone. Default false. */
  readonly frozen?: boolean;
  /** This layer's learning rate, in place of the optimizer's. */
  readonly learningRate?: number;
}

/**
 * y = x for x > 0, else w·x, also at 0, with a trained slope w (`weight`, default 0.25, shape
 * [channels]). With one channel, the default, all numbers share it; else each channel of x [batch,
 * channels, …] has its own, and another number of channels is an error. (He et al. 2015; names and
 * defaults as in PyTorch.)
 */
export function prelu(channels = 1, options: PreluOptions = {}): Layer<Same, Same, { weight: 1 }> {
  checkNames("prelu", options, ["weight", "frozen", "learningRate"]);
  checkCounts("prelu", { channels });
  const { weight = 0.25, ...rest } = options;
  return layer({
    name: "prelu",
    kind: "activation",
    inputSize: "same",
    outputSize: "same",
    parameters: { weight: parameterOf("prelu", [channels], weight, { ...rest, role: "slope" }) },
    settings: { channels },
    facts: { range: anyNumber },
    site: callSite(),
    apply(x, { weight }, { path }) {
      if (channels > 1 && x.shape[1] !== channels) {
        fail("shape-mismatch", {
          message: `${atPath("prelu", path)} got an input of another size.`,
          expected: `[batch, ${channels}, …sizes]`,
          found: formatShape(x.shape),
          fix: "Make the layer's number of channels equal to that of what comes before it.",
        });
      }
      const along = x.shape.map((_, axis) => (axis === 1 ? channels : 1));
      const slope = channels > 1 ? reshape(weight, along) : reshape(weight, []);
      return where(greater(x, 0), x, mul(x, slope));
    },
  });
}

/** Between which slopes an rrelu draws. */
export interface RreluOptions {
  /** The smallest slope. Default 1/8. */
  readonly lower?: number;
  /** The largest slope. Default 1/3. */
  readonly upper?: number;
}

/**
 * y = x for x > 0, else a·x, also at 0, with a slope a that is drawn for each number from U(lower,
 * upper) while training (1/8 and 1/3 by default), and (lower + upper)/2 otherwise. What is drawn follows
 * from the step's key and the layer's place. A `lower` above `upper` is an error. (Xu et al. 2015;
 * defaults as in PyTorch.)
 */
export function rrelu(options: RreluOptions = {}): Layer<Same, Same, NoRanks> {
  const name = "rrelu";
  checkNames(name, options, ["lower", "upper"]);
  const { lower = 1 / 8, upper = 1 / 3 } = options;
  const isFinite = [lower, upper].every((n) => isNumber(n, Number.isFinite));
  if (!isFinite || lower > upper) {
    fail("bad-argument", {
      message: `${name} cannot draw slopes between these numbers.`,
      expected: "finite numbers, lower ≤ upper",
      found: `lower ${shown(lower)}, upper ${shown(upper)}`,
    });
  }
  return layer({
    name,
    kind: "activation",
    inputSize: "same",
    outputSize: "same",
    parameters: {},
    settings: { ...options },
    facts: { range: upper > 0 ? anyNumber : upFrom(0) },
    site: callSite(),
    apply(x, _parameters, { training, key, path }) {
      const mean = (lower + upper) / 2;
      if (!training || key === undefined || lower === upper)
        return where(greater(x, 0), x, mul(x, mean));
      const u = randomUniform(key, x.shape, { dtype: x.dtype, stream: streamOf(path) });
      return where(greater(x, 0), x, mul(x, add(mul(u, upper - lower), lower)));
    },
  });
}

/** Which axis a gate divides. */
export interface GluOptions {
  /** The axis, whose size is even. Default −1. */
  readonly axis?: number;
}

/** Computes on a tensor, or makes a layer. */
interface Glu {
  <R extends number>(x: Tensor<R>, options?: GluOptions): Tensor<R>;
  (options?: GluOptions): Layer<Any, Any, NoRanks>;
}

function gated(x: Tensor, axis: number): Tensor {
  const at = normalizeAxis(axis, x.rank, "glu");
  const size = x.shape[at] ?? 0;
  if (size % 2 !== 0) {
    fail("shape-mismatch", {
      message: "glu needs an axis of which one half is the gate of the other.",
      expected: "an even size",
      found: `${size} on axis ${axis} of ${formatShape(x.shape)}`,
    });
  }
  const half = x.shape.map((n, k) => (k === at ? n / 2 : n));
  const start = x.shape.map((_, k) => (k === at ? size / 2 : 0));
  return mul(slice(x, { end: half }), sigmoid(slice(x, { start })));
}

/**
 * y = a ⊙ σ(b) for the halves a and b of x along an axis, by default the last, which becomes half as
 * long. An odd size is an error. As layer: glu(). (Dauphin et al. 2017.)
 *
 * @example glu(x) with x = [[1, 2, 0, 3]]
 */
export const glu: Glu = ((first?: Tensor | GluOptions, second?: GluOptions) => {
  const options = (first instanceof Tensor ? second : first) ?? {};
  if (typeof options === "object") checkNames("glu", options, ["axis"]);
  const { axis = -1 } = options;
  if (first instanceof Tensor) return gated(first, axis);
  if (!Number.isInteger(axis)) {
    fail("bad-argument", {
      message: "glu works along one axis.",
      expected: "a whole number; negative ones count from the last axis",
      found: shown(axis),
    });
  }
  return layer({
    name: "glu",
    kind: "activation",
    inputSize: "any",
    outputSize: "any",
    parameters: {},
    settings: { ...options },
    facts: { range: anyNumber },
    site: callSite(),
    apply: (x) => gated(x, axis),
  });
}) as Glu;
