/**
 * Activations: each is a function of a tensor and, called without one, a layer:
 * `relu(x)` computes, `sequential(linear(2, 3), relu())` builds.
 */

import { callSite } from "../core/call-site.ts";
import { fail } from "../core/errors.ts";
import { aFunction, checkKind, isNumber } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import type { SomeAxes } from "../core/shape.ts";
import { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { abs, add, div, mul, neg, sign, sub } from "../ops/arithmetic.ts";
import { greater, isNaN, less, lessEqual, where } from "../ops/compare.ts";
import { zerosLike } from "../ops/leaf.ts";
import { logsumexp } from "../ops/reduce.ts";
import * as ops from "../ops/transcendental.ts";
import { madeBy } from "./calls.ts";
import { anyNumber, type Extent, type OutputFacts, upFrom } from "./facts.ts";
import { type Layer, layer, type NoRanks, type Same, sizeKeepers } from "./layer.ts";

/** No options. */
type Empty = Record<string, never>;

/** Computes on a tensor, or makes a layer. */
export interface Activation<Options = Empty> {
  <R extends number>(x: Tensor<R>): Tensor<R>;
  <R extends number>(x: Tensor<R>, options?: Options): Tensor<R>;
  (options?: Options): Layer<Same, Same, NoRanks>;
}

/**
 * @param gives what is known of its outputs
 * @param names of its options
 */
function define<Options extends object = Empty>(
  name: string,
  f: (x: Tensor, options: Options) => Tensor,
  gives?: (options: Options) => OutputFacts,
  names: readonly (keyof Options & string)[] = [],
): Activation<Options> {
  const build = (first?: Tensor | Options, second?: Options): Tensor | Layer<Same, Same> => {
    const options = first instanceof Tensor ? second : first;
    // tensors.map(relu) passes further arguments, which are no options.
    if (typeof options === "object") checkNames(name, options, names);
    const given = options ?? ({} as Options);
    // What is no number is refused where it is used; nothing is known of such outputs.
    const settings: unknown[] = Object.values(given).flat();
    const known = settings.every((v) => v === undefined || typeof v === "number");
    const facts = known ? gives?.(given) : undefined;
    const computed = (x: Tensor) => {
      const y = f(x, given);
      return y === x || facts === undefined ? y : madeBy(y, { name, facts });
    };
    if (first instanceof Tensor) return computed(first);
    return activation(computed, name, { ...options }, facts);
  };
  sizeKeepers.add(build);
  // So that `sequential(linear(2, 3), relu)` names its layer as relu() does.
  return Object.defineProperty(build, "name", { value: name }) as Activation<Options>;
}

const share: Extent = [0, 1];
const signed: Extent = [-1, 1];
const positive: Extent = [0, Number.POSITIVE_INFINITY];

/**
 * Any function of a tensor as a layer. It keeps the size of the last axis.
 *
 * @param facts what is known of its outputs, for remarks
 */
export function activation(
  f: (x: Tensor) => Tensor,
  name = f?.name || "activation",
  settings: Readonly<Record<string, unknown>> = {},
  facts?: OutputFacts,
): Layer<Same, Same, NoRanks> {
  checkKind("activation", f, aFunction("a function of a tensor, such as (x) => x.mul(2)"));
  return layer({
    name,
    kind: "activation",
    inputSize: "same",
    outputSize: "same",
    parameters: {},
    settings,
    ...(facts === undefined ? {} : { facts }),
    site: callSite(),
    apply: (x) => f(x),
  });
}

/** y = x */
export const identity = /* @__PURE__ */ define("identity", (x) => x);
/** y = 1/(1 + e^−x) */
export const sigmoid = /* @__PURE__ */ define("sigmoid", ops.sigmoid, () => ({
  range: share,
  form: "probabilities",
}));
/** y = tanh x */
export const tanh = /* @__PURE__ */ define("tanh", ops.tanh, () => ({ range: signed }));
/** y = max(x, 0); slope 0 at 0. */
export const relu = /* @__PURE__ */ define("relu", ops.relu, () => ({ range: positive }));
/** y = x for x > 0, else slope·x, also at 0; `slope` is 0.01 by default. */
export const leakyRelu = /* @__PURE__ */ define<{ readonly slope?: number }>(
  "leakyRelu",
  (x, { slope = 0.01 }) => where(greater(x, 0), x, mul(x, slope)),
  ({ slope = 0.01 }) => ({ range: slope > 0 ? anyNumber : positive }),
  ["slope"],
);

/** α(e^x − 1) where x ≤ 0; positive x, whose e^x may overflow, are kept out of it. */
const exponentialBranch = (x: Tensor, alpha: number): Tensor =>
  mul(ops.expm1(where(greater(x, 0), zerosLike(x), x)), alpha);

/** y = x for x > 0, else α(e^x − 1); `alpha` α = 1 by default (Clevert et al. 2016). */
export const elu = /* @__PURE__ */ define<{ readonly alpha?: number }>(
  "elu",
  (x, { alpha = 1 }) => where(greater(x, 0), x, exponentialBranch(x, alpha)),
  ({ alpha = 1 }) => ({ range: upFrom(Math.min(0, -alpha)) }),
  ["alpha"],
);

/** y = x for x > 0, else α(e^(x/α) − 1); `alpha` α = 1 by default; 0 is an error (Barron 2017). */
export const celu = /* @__PURE__ */ define<{ readonly alpha?: number }>(
  "celu",
  (x, { alpha = 1 }) => {
    if (!isNumber(alpha, (a) => Number.isFinite(a) && a !== 0)) {
      fail("bad-argument", {
        message: "celu cannot use this alpha.",
        expected: "a finite number other than 0",
        found: shown(alpha),
      });
    }
    const scaled = div(where(greater(x, 0), zerosLike(x), x), alpha);
    return where(greater(x, 0), x, mul(ops.expm1(scaled), alpha));
  },
  ({ alpha = 1 }) => ({ range: alpha > 0 ? upFrom(-alpha) : anyNumber }),
  ["alpha"],
);

/** The constants that keep mean 0 and variance 1 (Klambauer et al. 2017). */
const seluScale = 1.0507009873554805;
const seluAlpha = 1.6732632423543772;
/** y = λx for x > 0, else λα(e^x − 1), λ ≈ 1.0507, α ≈ 1.6733 (Klambauer et al. 2017). */
export const selu = /* @__PURE__ */ define(
  "selu",
  (x) => where(greater(x, 0), mul(x, seluScale), exponentialBranch(x, seluScale * seluAlpha)),
  () => ({ range: upFrom(-1.7581) }),
);
/** y = x·Φ(x) = x/2·(1 + erf(x/√2)) (Hendrycks and Gimpel 2016). */
export const gelu = /* @__PURE__ */ define(
  "gelu",
  (x) => mul(mul(x, 0.5), add(ops.erf(mul(x, Math.SQRT1_2)), 1)),
  () => ({ range: upFrom(-0.17) }),
);
/** y = x/2·(1 + tanh(√(2/π)(x + 0.044715x³))), the usual approximation of gelu. */
export const geluTanh = /* @__PURE__ */ define(
  "geluTanh",
  (x) => {
    const cube = mul(mul(x, x), x);
    const inner = mul(add(x, mul(cube, 0.044715)), Math.sqrt(2 / Math.PI));
    return mul(mul(x, 0.5), add(ops.tanh(inner), 1));
  },
  () => ({ range: upFrom(-0.1701) }),
);
/** y = x·σ(x), also called swish (Elfwing et al. 2018). */
export const silu = /* @__PURE__ */ define(
  "silu",
  (x) => mul(x, ops.sigmoid(x)),
  () => ({ range: upFrom(-0.2785) }),
);
/** y = x·tanh(softplus x) (Misra 2019). */
export const mish = /* @__PURE__ */ define(
  "mish",
  (x) => mul(x, ops.tanh(ops.softplus(x))),
  () => ({ range: upFrom(-0.3089) }),
);
/** y = ln(1 + e^(βx))/β; `beta` β = 1 by default. */
export const softplus = /* @__PURE__ */ define<{ readonly beta?: number }>(
  "softplus",
  (x, { beta = 1 }) => (beta === 1 ? ops.softplus(x) : div(ops.softplus(mul(x, beta)), beta)),
  ({ beta = 1 }) => ({ range: beta > 0 ? positive : [Number.NEGATIVE_INFINITY, 0] }),
  ["beta"],
);
/** y = x/(1 + |x|) */
export const softsign = /* @__PURE__ */ define(
  "softsign",
  (x) => div(x, add(abs(x), 1)),
  () => ({ range: signed }),
);

/** y = ln σ(x) = −ln(1 + e^−x) */
export const logSigmoid = /* @__PURE__ */ define(
  "logSigmoid",
  (x) => neg(ops.softplus(neg(x))),
  () => ({ range: [Number.NEGATIVE_INFINITY, 0] }),
);
/** y = x − tanh x */
export const tanhshrink = /* @__PURE__ */ define(
  "tanhshrink",
  (x) => sub(x, ops.tanh(x)),
  () => ({ range: anyNumber }),
);

/** Where shrinking begins. */
interface Shrinkage {
  /** Numbers up to this size become 0. Default ½. */
  readonly lambda?: number;
}
/** Its size, at least 0. */
function lambdaOf(what: string, { lambda = 0.5 }: Shrinkage): number {
  if (isNumber(lambda, (n) => n >= 0)) return lambda;
  return fail("bad-argument", {
    message: `${what} cannot use this lambda.`,
    expected: "a number ≥ 0",
    found: shown(lambda),
  });
}
/** y = x − λ for x > λ, x + λ for x < −λ, else 0; `lambda` λ = ½ by default; slope 0 at ±λ. */
export const softshrink = /* @__PURE__ */ define<Shrinkage>(
  "softshrink",
  (x, options) => {
    const lambda = lambdaOf("softshrink", options);
    return where(lessEqual(abs(x), lambda), 0, sub(x, mul(sign(x), lambda)));
  },
  () => ({ range: anyNumber }),
  ["lambda"],
);
/** y = x for |x| > λ, else 0; `lambda` λ = ½ by default; slope 0 at ±λ. */
export const hardshrink = /* @__PURE__ */ define<Shrinkage>(
  "hardshrink",
  (x, options) => where(lessEqual(abs(x), lambdaOf("hardshrink", options)), 0, x),
  () => ({ range: anyNumber }),
  ["lambda"],
);
/** y = x for x > `above`, else `value`, both 0 by default; slope 0 at `above`. */
export const threshold = /* @__PURE__ */ define<{
  readonly above?: number;
  readonly value?: number;
}>(
  "threshold",
  (x, { above = 0, value = 0 }) => where(lessEqual(x, above), value, x),
  ({ above = 0, value = 0 }) => ({ range: upFrom(Math.min(above, value)) }),
  ["above", "value"],
);

/** What softmax and its logarithm run over. */
interface AxisOptions {
  /** One axis or several; default: the last. */
  readonly axis?: SomeAxes;
}
/** y_i = e^(x_i)/Σ_j e^(x_j) along an axis. */
export const softmax = /* @__PURE__ */ define<AxisOptions>(
  "softmax",
  (x, options) => ops.exp(logSoftmax(x, options)),
  ({ axis = -1 }) => ({
    range: share,
    form: "probabilities",
    normalizes: axis,
    logarithm: "logSoftmax",
  }),
  ["axis"],
);
/** y_i = e^(−x_i)/Σ_j e^(−x_j) along an axis: the smallest number has the largest share. */
export const softmin = /* @__PURE__ */ define<AxisOptions>(
  "softmin",
  (x, options) => softmax(neg(x), options),
  ({ axis = -1 }) => ({ range: share, form: "probabilities", normalizes: axis }),
  ["axis"],
);
/** y_i = x_i − ln Σ_j e^(x_j) along an axis. */
export const logSoftmax = /* @__PURE__ */ define<AxisOptions>(
  "logSoftmax",
  (x, { axis = -1 }) => sub(x, logsumexp(x, { axis, keepDims: true })),
  ({ axis = -1 }) => ({
    range: [Number.NEGATIVE_INFINITY, 0],
    form: "logarithms",
    normalizes: axis,
  }),
  ["axis"],
);

/** Where a cut-off activation stops: `min` below (default −1) and `max` above (default 1). */
interface Bounds {
  readonly min?: number;
  readonly max?: number;
}
function between(min: number, max: number): readonly [number, number] {
  if (min <= max) return [min, max];
  fail("bad-argument", {
    message: "The lower bound of hardtanh is above the upper one.",
    expected: "min <= max",
    found: `min ${min} and max ${max}`,
  });
}
/** y = min(max(x, min), max), −1 and 1 by default; slope 0 on the bounds (PyTorch's convention). */
export const hardtanh = /* @__PURE__ */ define<Bounds>(
  "hardtanh",
  (x, { min = -1, max = 1 }) => {
    // NaN fails every comparison; it is to pass through, not to become a bound.
    const y = where(greater(x, min), where(less(x, max), x, max), min);
    return where(isNaN(x), x, y);
  },
  ({ min = -1, max = 1 }) => ({ range: between(min, max) }),
  ["min", "max"],
);
/** y = min(max(x, 0), 6) */
export const relu6 = /* @__PURE__ */ define(
  "relu6",
  (x) => hardtanh(x, { min: 0, max: 6 }),
  () => ({ range: [0, 6] }),
);
/** y = min(max(x/6 + ½, 0), 1) */
export const hardsigmoid = /* @__PURE__ */ define(
  "hardsigmoid",
  (x) => div(hardtanh(add(x, 3), { min: 0, max: 6 }), 6),
  () => ({ range: share }),
);
/** y = x·hardsigmoid(x) (Howard et al. 2019). */
export const hardswish = /* @__PURE__ */ define(
  "hardswish",
  (x) => mul(x, hardsigmoid(x)),
  () => ({ range: upFrom(-0.375) }),
);
