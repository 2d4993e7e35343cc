/**
 * The chain rule for one weight, read off the graph: factors from the error to the weight, and
 * where the way forks, the paths that meet. Knows no layer: a fork is where a value has an effect
 * on more than one value of the next layer.
 */
import { pushForward } from "../autodiff/forward.ts";
import { gradient } from "../autodiff/gradient.ts";
import { at, only } from "../core/at.ts";
import { arrayOf } from "../core/dtype.ts";
import { readValues } from "../core/runtime.ts";
import type { Tensor } from "../core/tensor.ts";
import { constantTensor } from "../ops/leaf.ts";

/** One example's way through the network, as graph nodes. */
interface Trace {
  readonly parameters: readonly Parameter[];
  /** Every layer's output, first to last. */
  readonly layers: readonly { readonly path: string; readonly output: Tensor }[];
  readonly error: Tensor;
}

interface Parameter {
  /** "2.weight" */
  readonly name: string;
  readonly tensor: Tensor;
  /** The layer that it belongs to, by its place in `layers`. */
  readonly layer: number;
}

/** A value of a layer: its number, and which of its outputs. */
export interface Unit {
  readonly layer: number;
  readonly index: number;
}

/** ∂(of)/∂(by): of the error (undefined) or a unit, by a unit or the weight (undefined). */
interface Factor {
  readonly of: Unit | undefined;
  readonly by: Unit | undefined;
  readonly value: number;
}

/** One of the ways that meet in a unit: ∂E/∂(next unit) · ∂(next unit)/∂(unit). */
interface Path {
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
  return constantTensor(data, like.shape);
};

/** What x[index] has an effect on: the elements of y with ∂y/∂x[index] ≠ 0. */
function effectsOf(x: Tensor, index: number, y: Tensor) {
  const slopes = only(readValues(pushForward([y], [x], [oneHot(x, index)])));
  return Array.from(slopes, (value, index) => ({ index, value })).filter(
    ({ value }) => value !== 0,
  );
}

export function chainOf(
  { layers, error }: Trace,
  { name, tensor, layer }: Parameter,
  index: number,
): Chain {
  const byError = (x: Tensor) => only(readValues(gradient(error, [x])));
  const factors: Factor[] = [];
  let source = { of: undefined as Unit | undefined, tensor, index };
  let paths: readonly Path[] = [];
  // Along the layers for as long as the effect goes through a single value.
  for (const [i, { output }] of layers.entries()) {
    if (i < layer) continue;
    const [one, ...others] = effectsOf(source.tensor, source.index, output);
    if (!one || others.length > 0) {
      paths = (one ? [one, ...others] : []).map((e) => ({
        via: { layer: i, index: e.index },
        upstream: at(byError(output), e.index),
        local: e.value,
      }));
      break;
    }
    const of: Unit = { layer: i, index: one.index };
    factors.unshift({ of, by: source.of, value: one.value });
    source = { of, tensor: output, index: one.index };
  }
  const value = at(byError(tensor), index);
  const { of: by } = source;
  if (by === undefined) return { parameter: name, index, value, factors, paths: [] };
  factors.unshift({ of: undefined, by, value: at(byError(source.tensor), by.index) });
  return { parameter: name, index, value, factors, paths };
}
