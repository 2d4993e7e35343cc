/** What the parameters and buffers of a model begin with, in arrays. */
import { entryOf, mapEntries } from "../core/by-name.ts";
import type { DType, TypedArray } from "../core/dtype.ts";
import { initialize } from "./initializers.ts";
import type { Layer } from "./layer.ts";

/** First values by name. */
interface FirstValues {
  readonly parameters: Record<string, TypedArray>;
  readonly buffers: Record<string, TypedArray>;
}

/** Each draws from a stream of its own, buffers after the parameters; some follow from others. */
export function firstValuesOf(
  { parameters, buffers }: Pick<Layer, "parameters" | "buffers">,
  dtype: DType,
  seed: number,
): FirstValues {
  const names = [...Object.keys(parameters), ...Object.keys(buffers)];
  const streams = new Map(names.map((name, stream) => [name, stream]));
  const specs = { ...parameters, ...buffers };
  const first = (name: string): TypedArray => {
    const { initial, shape } = entryOf(specs, name);
    return initialize(initial, shape, dtype, seed, streams.get(name) ?? 0, first);
  };
  const all = (of: Layer["parameters"] | Layer["buffers"]) =>
    mapEntries(of, (_, name) => first(name));
  return { parameters: all(parameters), buffers: all(buffers) };
}
