/** A loss that does not fit since nothing has made rows of channels: it is the model's fault. */
import { at } from "../core/at.ts";
import { ChainruleError } from "../core/errors.ts";
import { formatShape, type Shape, sizeOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import type { Layer } from "./layer.ts";
import { atPath } from "./layer-checks.ts";

/** A layer proper on an input of some shape. */
interface Place {
  readonly layer: Layer;
  readonly path: string;
  readonly from: Shape;
}

/** The layers proper of a model with the shapes that go into them. */
function placesOf(model: Layer, from: Shape, path = ""): Place[] {
  if (model.layers.length === 0) return [{ layer: model, path, from }];
  let shape = from;
  return model.layers.flatMap((layer, i) => {
    const own = path === "" ? `${i}` : `${path}.${i}`;
    const found = placesOf(layer, shape, own);
    shape = layer.outputShape(shape, own);
    return found;
  });
}

/** What a model gives against a target with fewer axes, once the loss has refused them. */
interface Compared {
  readonly model: Layer;
  /** The shape of the model's input. */
  readonly from: Shape;
  readonly output: Tensor;
  readonly target: Tensor;
}

/** What `f` gives; where shapes do not fit, and a flatten would do, the error names its place. */
export function namingFlatten<T>(what: Compared, f: () => T): T {
  try {
    return f();
  } catch (error) {
    const isShape = error instanceof ChainruleError && error.code === "shape-mismatch";
    throw (isShape ? forgotten(what, error) : undefined) ?? error;
  }
}

function forgotten({ model, from, output, target }: Compared, cause: ChainruleError) {
  if (output.rank < 3 || target.rank >= output.rank) return undefined;
  const places = placesOf(model, from);
  const moving = places.findIndex(({ layer }) => layer.inputAxis < -1 || layer.outputAxis < -1);
  if (moving < 0) return undefined;
  const behind = places.slice(moving + 1);
  const rows = behind.find(({ layer, from }) => layer.kind === "dense" && from.length > 2);
  const end = at(places, places.length - 1);
  const { layer, path } = rows ?? end;
  const shape = rows?.from ?? output.shape;
  const flat = sizeOf(shape.slice(1));
  return new ChainruleError("shape-mismatch", {
    message: rows
      ? `${atPath(layer.name, path)} gets ${formatShape(shape)}, and not one row for each example.`
      : `${atPath(layer.name, path)} is the last and gives ${formatShape(shape)}, not one row for each example.`,
    expected: "[batch, features] before the loss: nothing has made rows of the channels",
    found: `outputs of shape ${formatShape(output.shape)}, targets of shape ${formatShape(target.shape)}`,
    where: layer.site.toString() || undefined,
    fix: rows
      ? `Put flatten() before it and make it ${layer.name}(${flat}, …).`
      : "Put flatten() behind it, or adaptiveAvgPool and flatten().",
    cause,
  });
}
