/** The layers of a model, one by one, with what comes out of each. */
import { graphOperations } from "../core/cost.ts";
import { sizeOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { layerAt } from "../nn/inside.ts";
import type { Layer } from "../nn/layer.ts";
import { input } from "../ops/leaf.ts";
import { valueInputs } from "../step/parameters.ts";

/** A layer with its share of the work for one example. */
export interface LayerLine {
  readonly path: string;
  readonly name: string;
  /** Of what comes out, for one example. */
  readonly shape: readonly number[];
  readonly parameters: number;
  readonly frozen: number;
  /** Floating-point operations. */
  readonly operations: number;
}

/** How many numbers a model's parameters are, and how many of them are not trained. */
export function parameterCounts(model: Layer): { total: number; frozen: number } {
  const specs = Object.values(model.parameters);
  const sum = (list: typeof specs) => list.reduce((n, { shape }) => n + sizeOf(shape), 0);
  return { total: sum(specs), frozen: sum(specs.filter(({ frozen }) => frozen)) };
}

/** Every layer, the first to the last, for one example of this shape. */
export function layerRows(
  model: Layer,
  dtype: "f32" | "f64",
  example: readonly number[],
): LayerLine[] {
  const x = input("inputs", [1, ...example], dtype);
  const values = valueInputs(model, dtype);
  const seen: { path: string; output: Tensor }[] = [];
  model.apply(x, values, {
    training: false,
    path: "",
    observe: (path, output) => seen.push({ path, output }),
  });
  const given: Tensor[] = [x, ...Object.values(values)];
  return seen
    .filter(({ path }) => path !== "" && !seen.some((s) => s.path.startsWith(`${path}.`)))
    .map(({ path, output }) => {
      const operations = graphOperations([output], given);
      given.push(output);
      const layer = layerAt(model, path);
      const { total, frozen } = parameterCounts(layer);
      const shape = output.shape.slice(1);
      return { path, name: layer.name, shape, parameters: total, frozen, operations };
    });
}
