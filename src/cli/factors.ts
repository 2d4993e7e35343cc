/**
 * The chain rule for one weight, read off the graph: factors from the error to the weight, and
 * where the way forks, the paths that meet. Knows no layer: a fork is where a value has an effect
 * on more than one value of the next layer.
 */
import { pushForward } from "../autodiff/forward.ts";
import { gradient } from "../autodiff/gradient.ts";
import { arrayOf } from "../core/dtype.ts";
import { evaluate } from "../core/runtime.ts";
import type { Tensor } from "../core/tensor.ts";
import { constant } from "../ops/leaf.ts";

/** One example's way through the network, as graph nodes. */
export interface Trace {
  readonly parameters: Readonly<Record<string, Tensor>>;
  /** Every layer's output, first to last. */
  readonly layers: readonly { readonly path: string; readonly output: Tensor }[];
  readonly error: Tensor;
}

/** A value of a layer: its number, and which of its outputs. */
export interface Unit {
  readonly layer: number;
  readonly index: number;
}

/** ∂(of)/∂(by): of the error (undefined) or a unit, by a unit or the weight (undefined). */
export interface Factor {
  readonly of: Unit | undefined;
  readonly by: Unit | undefined;
  readonly value: number;
}

/** One of the ways that meet in a unit: ∂E/∂(next unit) · ∂(next unit)/∂(unit). */
export interface Path {
  readonly via: Unit;
  readonly upstream: number;
  readonly local: number;
}

export interface Chain {
  readonly parameter: string;
  readonly index: number;
  /** ∂E/∂weight, from the gradient of the whole graph. */
  readonly value: number;
  /** Their product is the value. */
  readonly factors: readonly Factor[];
  /** Where the first factor is itself a sum: its terms. */
  readonly paths: readonly Path[];
}

const oneHot = (like: Tensor, index: number): Tensor => {
  const data = arrayOf(like.dtype, new Float64Array(like.size));
  data[index] = 1;
  return constant(data, like.shape);
};

/** ∂y/∂x[index] for every element of y. */
const column = (y: Tensor, x: Tensor, index: number): number[] => [
  ...evaluate(pushForward([y], [x], [oneHot(x, index)]))[0]!,
];

const nonZero = (values: readonly number[]): number[] =>
  values.flatMap((v, i) => (v === 0 ? [] : [i]));

export function chainOf(trace: Trace, parameter: string, index: number): Chain {
  const { layers, error, parameters } = trace;
  const weight = parameters[parameter]!;
  const value = evaluate(gradient(error, [weight]))[0]![index]!;
  const owner = parameter.slice(0, parameter.lastIndexOf("."));
  const first = layers.findIndex(({ path }) => path === owner);
  const factors: Factor[] = [];
  let by: Unit | undefined;
  let effects = column(layers[first]!.output, weight, index);
  // Along the layers for as long as the effect goes through a single value.
  let layer = first;
  for (;;) {
    const reached = nonZero(effects);
    if (reached.length !== 1) break;
    const of: Unit = { layer, index: reached[0]! };
    factors.unshift({ of, by, value: effects[of.index]! });
    by = of;
    if (++layer === layers.length) break;
    effects = column(layers[layer]!.output, layers[of.layer]!.output, of.index);
  }
  if (by === undefined) return { parameter, index, value, factors, paths: [] };
  const unit = by;
  const own = layers[unit.layer]!.output;
  factors.unshift({
    of: undefined,
    by: unit,
    value: evaluate(gradient(error, [own]))[0]![unit.index]!,
  });
  if (layer === layers.length) return { parameter, index, value, factors, paths: [] };
  const upstream = evaluate(gradient(error, [layers[layer]!.output]))[0]!;
  const paths = nonZero(effects).map((i) => ({
    via: { layer, index: i },
    upstream: upstream[i]!,
    local: effects[i]!,
  }));
  return { parameter, index, value, factors, paths };
}
