/** What a model's parameters and buffers begin with, for loops of one's own. */
import { entryOf, mapEntries } from "../core/by-name.ts";
import { checkDType, type DType, type TypedArray } from "../core/dtype.ts";
import { checkKind, isRecord, object } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import type { Tensor } from "../core/tensor.ts";
import { constantTensor } from "../ops/leaf.ts";
import { firstValuesOf } from "./first-values.ts";
import type { Layer, NamedTensors, Ranks, Size } from "./layer.ts";

/** How first values are drawn. */
interface InitialOptions {
  /** Of the random numbers; the same seed gives a trainer the same values. Default 0. */
  readonly seed?: number;
  /** Default f32. */
  readonly dtype?: DType;
}

const model = /* @__PURE__ */ object("a layer", "linear(2, 1), or sequential(…)", (parts) =>
  [parts.parameters, parts.buffers].every(isRecord),
);

/**
 * The first values of a model's parameters and buffers, by name: what a trainer with this seed
 * begins with. `model.apply(x, { ...parameters, ...buffers })` takes them.
 *
 * ```ts
 * import { initialValues, linear, tensor } from "chainrule";
 *
 * const model = linear(2, 1, { weight: 0.5, bias: 1 });
 * const { parameters } = initialValues(model, { seed: 1 });
 * console.log(model.apply(tensor([[2, 4]]), parameters).arraySync());
 * ```
 *
 * ```text
 * [ [ 4 ] ]
 * ```
 */
export function initialValues<P extends Ranks>(
  layer: Layer<Size, Size, P>,
  options: InitialOptions = {},
): { parameters: NamedTensors<P>; buffers: Record<string, Tensor> } {
  checkKind("initialValues", layer, model);
  checkNames("initialValues", options, ["seed", "dtype"]);
  const { seed = 0, dtype = "f32" } = options;
  checkDType(dtype);
  const { parameters, buffers } = firstValuesOf(layer, dtype, seed);
  const specs: Layer["buffers"] = { ...layer.parameters, ...layer.buffers };
  const tensors = (values: Record<string, TypedArray>): Record<string, Tensor> =>
    mapEntries(values, (data, name) => constantTensor(data, entryOf(specs, name).shape));
  return { parameters: tensors(parameters) as NamedTensors<P>, buffers: tensors(buffers) };
}
