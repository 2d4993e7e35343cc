/** The functions and constants that a typed expression may name. */
import type { Tensor } from "../../core/tensor.ts";
import {
  elu,
  gelu,
  hardtanh,
  leakyRelu,
  logSigmoid,
  logSoftmax,
  mish,
  relu6,
  selu,
  silu,
  softmax,
  softsign,
} from "../../nn/activations.ts";
import { abs, maximum, minimum, reciprocal, sign, square } from "../../ops/arithmetic.ts";
import { sum } from "../../ops/broadcast.ts";
import { ceil, floor, round, trunc } from "../../ops/compare.ts";
import { erfc } from "../../ops/error-function.ts";
import { lgamma } from "../../ops/gamma.ts";
import { log2, log10, logAddExp } from "../../ops/logarithms.ts";
import { matmul } from "../../ops/matmul.ts";
import { transpose } from "../../ops/move.ts";
import { norm, std } from "../../ops/norms.ts";
import { atan2, hypot } from "../../ops/plane.ts";
import { pow } from "../../ops/power.ts";
import { outer } from "../../ops/products.ts";
import { logsumexp, max, mean, min, prod, variance } from "../../ops/reduce.ts";
import * as elementary from "../../ops/transcendental.ts";

/** Over which axis, and whether it is kept with size 1. */
interface Over {
  readonly axis?: number;
  readonly keepDims?: boolean;
}

/** A function by name: how many arguments it takes by place, and which by name. */
export interface NamedFunction {
  readonly least: number;
  readonly most: number;
  /** The second argument by place may be the axis, as in NumPy. */
  readonly places?: number;
  readonly named: readonly ("axis" | "keepdims")[];
  readonly apply: (args: readonly Tensor[], over: Over) => Tensor;
}

const of = (apply: (x: Tensor) => Tensor): NamedFunction => ({
  ...{ least: 1, most: 1, named: [] },
  apply: ([x]) => apply(x as Tensor),
});
const ofTwo = (apply: (a: Tensor, b: Tensor) => Tensor): NamedFunction => ({
  ...{ least: 2, most: 2, named: [] },
  apply: ([a, b]) => apply(a as Tensor, b as Tensor),
});
/** sum(x), sum(x, 0) and sum(x, axis=0, keepdims=true). */
const over = (apply: (x: Tensor, over: Over) => Tensor): NamedFunction => ({
  ...{ least: 1, most: 1, places: 1, named: ["axis", "keepdims"] },
  apply: ([x], axes) => apply(x as Tensor, axes),
});
/** max(x) is the largest element, max(x, axis=0) that of each column, max(a, b) the larger one. */
const extreme = (
  all: (x: Tensor, over: Over) => Tensor,
  two: (a: Tensor, b: Tensor) => Tensor,
): NamedFunction => ({
  ...{ least: 1, most: 8, named: ["axis", "keepdims"] },
  apply: ([x, ...more], axes) =>
    more.length === 0 ? all(x as Tensor, axes) : more.reduce(two, x as Tensor),
});
/** softmax(x) is taken over the last axis. */
const alongOne = (apply: (x: Tensor, axis: { axis?: number }) => Tensor): NamedFunction => ({
  ...{ least: 1, most: 1, places: 1, named: ["axis"] },
  apply: ([x], { axis }) => apply(x as Tensor, axis === undefined ? {} : { axis }),
});

const { acos, acosh, asin, asinh, atan, atanh, log } = elementary;

/** By the names of mathematics, of NumPy and of this library. */
export const namedFunctions: Readonly<Record<string, NamedFunction>> = {
  ...elementwise(),
  sigmoid: of(elementary.sigmoid),
  logistic: of(elementary.sigmoid),
  relu: of(elementary.relu),
  softplus: of(elementary.softplus),
  leakyRelu: of((x) => leakyRelu(x)),
  elu: of((x) => elu(x)),
  selu: of((x) => selu(x)),
  gelu: of((x) => gelu(x)),
  silu: of((x) => silu(x)),
  swish: of((x) => silu(x)),
  mish: of((x) => mish(x)),
  softsign: of((x) => softsign(x)),
  logSigmoid: of((x) => logSigmoid(x)),
  hardtanh: of((x) => hardtanh(x)),
  relu6: of((x) => relu6(x)),
  softmax: alongOne(softmax),
  logSoftmax: alongOne(logSoftmax),
  log_softmax: alongOne(logSoftmax),
  maximum: ofTwo(maximum),
  minimum: ofTwo(minimum),
  pow: ofTwo(pow),
  power: ofTwo(pow),
  atan2: ofTwo(atan2),
  arctan2: ofTwo(atan2),
  hypot: ofTwo(hypot),
  logaddexp: ofTwo(logAddExp),
  dot: ofTwo(matmul),
  matmul: ofTwo(matmul),
  outer: ofTwo(outer),
  sum: over(sum),
  mean: over(mean),
  average: over(mean),
  prod: over(prod),
  var: over(variance),
  variance: over(variance),
  std: over(std),
  logsumexp: over(logsumexp),
  norm: over(norm),
  max: extreme(max, maximum),
  min: extreme(min, minimum),
  transpose: of((x) => transpose(x)),
};

function elementwise(): Record<string, NamedFunction> {
  const { cos, cosh, erf, exp, expm1, log1p, rsqrt, sin, sinh, sqrt, tan, tanh } = elementary;
  const own = {
    ...{ abs, acos, acosh, asin, asinh, atan, atanh, ceil, cos, cosh, erf, erfc, exp, expm1 },
    ...{ floor, lgamma, log, log10, log1p, log2, reciprocal, round, rsqrt, sign, sin, sinh },
    ...{ sqrt, square, tan, tanh, trunc },
    ...{ ln: log, lg: log10, absolute: abs, fabs: abs, arccos: acos, arccosh: acosh },
    ...{ arcsin: asin, arcsinh: asinh, arctan: atan, arctanh: atanh },
  };
  return Object.fromEntries(Object.entries(own).map(([name, f]) => [name, of(f)]));
}

export const constants: Readonly<Record<string, number>> = {
  pi: Math.PI,
  π: Math.PI,
  e: Math.E,
  true: 1,
  True: 1,
  false: 0,
  False: 0,
};

/** np.exp is exp: what may stand before a function's name. */
export const modules: ReadonlySet<string> = new Set(["np", "numpy", "math", "torch"]);
