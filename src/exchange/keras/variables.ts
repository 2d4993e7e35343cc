/** The values of a layer's variables, wherever a file keeps them. */
import type { ArrayTensor } from "../../core/array-tensor.ts";
import { fail } from "../../core/errors.ts";
import { formatShape, type Shape, sameShape } from "../../core/shape.ts";
import { shown } from "../../core/wording.ts";
import type { ForeignTensor } from "../foreign.ts";

/** Finds the tensors of a layer's variables; undefined where there is none. */
export interface VariableSource {
  /**
   * @param layer the layer's name
   * @param scope the part of the layer that has them, such as ["forward_layer", "cell"]
   * @param names all variables of this part, in Keras's order
   */
  find(
    layer: string,
    scope: readonly string[],
    names: readonly string[],
  ): readonly (ForeignTensor | undefined)[];
  /** The source of a model that is a layer of this one. */
  inside(layer: string): VariableSource;
}

/** A tensor's elements, which must be floating point here. */
async function elementsOfVariable(tensor: ForeignTensor): Promise<ArrayTensor> {
  const read = await tensor.read();
  if (read.dtype === "f32" || read.dtype === "f64" || read.dtype === "i32") return read;
  return fail("unsupported", {
    message: `The values of ${shown(tensor.name)} are no numbers that can be trained.`,
    expected: "float16, bfloat16, float32 or float64",
    found: tensor.dtype,
  });
}

/** The variables of a part of a layer, of these shapes, each to be read later. */
export function variables<const N extends string>(
  source: VariableSource,
  layer: string,
  scope: readonly string[],
  shapes: Readonly<Partial<Record<N, Shape>>>,
): Readonly<Record<N, () => Promise<ArrayTensor>>> {
  const names = Object.keys(shapes) as N[];
  const found = source.find(layer, scope, names);
  const entries = names.map((name, i) => {
    const tensor = found[i];
    const shape = shapes[name] ?? [];
    const where = [layer, ...scope, name].join("/");
    if (tensor === undefined) {
      return fail("file-corrupt", {
        message: `The values of ${shown(where)} are missing.`,
        expected: formatShape(shape),
      });
    }
    if (!sameShape(tensor.shape, shape)) {
      fail("file-corrupt", {
        message: `The values of ${shown(where)} have another shape than their layer says.`,
        expected: formatShape(shape),
        found: formatShape(tensor.shape),
      });
    }
    return [name, () => elementsOfVariable(tensor)] as const;
  });
  return Object.fromEntries(entries) as Record<N, () => Promise<ArrayTensor>>;
}
