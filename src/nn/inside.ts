/** Layers inside of layers: their names, their parameters, and what they are applied in. */
import { fail } from "../core/errors.ts";
import { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { activation } from "./activations.ts";
import type { BufferSpec, Layer, LayerContext, ParameterSpec } from "./layer.ts";
import { isLayer } from "./layer-checks.ts";
import type { LayerOf } from "./several.ts";

/** The layers that one is made of, by the names that stand before those of their parameters. */
export const layersInside = ({ layers, names }: Layer): (readonly [name: string, Layer])[] =>
  layers.map((layer, i) => [names?.[i] ?? `${i}`, layer]);

/** The paths of all of them, and of those inside of these. */
export const pathsIn = (model: Layer): string[] =>
  layersInside(model).flatMap(([name, inner]) => [
    name,
    ...pathsIn(inner).map((path) => pathUnder(name, path)),
  ]);

/** The layer at a path, "1.2", or the last that there is on the way to it. */
export function layerAt(model: Layer, path: string): Layer {
  if (path === "") return model;
  for (const [name, layer] of layersInside(model)) {
    if (path === name) return layer;
    if (path.startsWith(`${name}.`)) return layerAt(layer, path.slice(name.length + 1));
  }
  return model;
}

/** The entries under a name, without it. */
export function valuesUnder(
  all: Readonly<Record<string, Tensor>>,
  name: string,
): Record<string, Tensor> {
  const start = `${name}.`;
  return Object.fromEntries(
    Object.entries(all).flatMap(([key, value]) =>
      key.startsWith(start) ? [[key.slice(start.length), value] as const] : [],
    ),
  );
}

/** Parameters and buffers of layers by name, as those of one layer. */
export function specsOf(parts: readonly (readonly [name: string, Layer])[]): {
  readonly parameters: Record<string, ParameterSpec>;
  readonly buffers: Record<string, BufferSpec>;
} {
  const parameters: Record<string, ParameterSpec> = {};
  const buffers: Record<string, BufferSpec> = {};
  for (const [name, l] of parts) {
    for (const [key, spec] of Object.entries<ParameterSpec>(l.parameters))
      parameters[`${name}.${key}`] = under(name, spec);
    for (const [key, spec] of Object.entries(l.buffers))
      buffers[`${name}.${key}`] = under(name, spec);
  }
  return { parameters, buffers };
}

/** A tensor of a layer inside of another, whose first values may follow from others of its own. */
function under<S extends BufferSpec>(name: string, spec: S): S {
  const { initial } = spec;
  if (!initial.follows) return spec;
  const fill: typeof initial.fill = (shape, seed, stream, first) =>
    initial.fill(shape, seed, stream, first && ((key) => first(`${name}.${key}`)));
  return { ...spec, initial: { ...initial, fill } };
}

/** What a layer of this name inside of another is applied in. */
export function contextUnder(context: LayerContext, name: string): LayerContext {
  const { renew, path } = context;
  return {
    ...context,
    ...(renew ? { renew: (key: string, value: Tensor) => renew(`${name}.${key}`, value) } : {}),
    path: pathUnder(path, name),
  };
}

export const pathUnder = (path: string, name: string): string =>
  path === "" ? name : `${path}.${name}`;

/** The output of a layer inside of another, for one input or for several by name. */
export function applyInside(
  name: string,
  layer: Layer,
  x: Tensor | Readonly<Record<string, Tensor>>,
  values: Readonly<Record<string, Tensor>>,
  context: LayerContext,
): Tensor {
  const own = valuesUnder(values, name);
  const inside = contextUnder(context, name);
  const { applyTo } = layer as Partial<LayerOf<object>>;
  if (x instanceof Tensor || applyTo !== undefined) {
    const y = x instanceof Tensor ? layer.apply(x, own, inside) : applyTo?.(x, own, inside);
    if (y instanceof Tensor) return y;
    return fail("bad-argument", {
      message: `The layer ${name} (${layer.name}) makes no tensor.`,
      expected: "a tensor for what its apply returns",
      found: shown(y),
    });
  }
  return fail("bad-argument", {
    message: `The layer ${name} (${layer.name}) takes one input.`,
    expected: "a tensor",
    found: shown(x),
  });
}

/** A layer, or a function of a tensor as one. */
export function asLayer(what: string, name: string, item: unknown): Layer {
  if (typeof item === "function") return activation(item as (x: Tensor) => Tensor);
  if (isLayer(item)) return item as Layer;
  return fail("bad-argument", {
    message: `What stands at ${name} of ${what} is no layer.`,
    expected: "a layer, such as linear(2, 3) or relu(), or a function of a tensor",
    found: shown(item),
  });
}

/** Names stand before those of parameters, with a point between: without one themselves. */
export const isPartName = (name: string): boolean => /^[A-Za-z_][\w]*$/.test(name);

export function checkPartNames(what: string, names: readonly string[]): void {
  const wrong = names.find((name) => !isPartName(name));
  if (wrong === undefined) return;
  fail("bad-argument", {
    message: `${what} cannot name a part so.`,
    expected: "letters, digits and _, a letter first",
    found: shown(wrong),
  });
}
