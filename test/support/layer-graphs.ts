/** The loss of a small network around a sample of a layer, with its gradient by every parameter. */
import { gradient } from "../../src/autodiff/gradient.ts";
import type { TypedArray } from "../../src/core/dtype.ts";
import type { Graph } from "../../src/core/graph.ts";
import { sizeOf } from "../../src/core/shape.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import * as nn from "../../src/nn/index.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { type LayerSample, layerSamples } from "./layer-samples.ts";

interface LayerGraph {
  readonly name: string;
  readonly model: nn.Layer;
  /** The layer's own parameters; where it has none, one of the layer before it. */
  readonly names: readonly string[];
  readonly examples: Tensor;
  /** The paths of the parameters, which are the graph's inputs, and their values. */
  readonly paths: readonly string[];
  readonly values: readonly TypedArray[];
  /** By the parameters: the loss, then its slopes. */
  readonly graph: Graph;
}

/** The layer between one that has weights and one that makes two numbers of all. */
function networkOf({ layer, shape, dtype }: LayerSample, real: "f64" | "f32") {
  const own = Object.keys(layer.parameters);
  const inFront = own.length === 0 && dtype !== "i32";
  const front = inFront ? [nn.linear(shape.at(-1)!, shape.at(-1)!)] : [];
  const behind = nn.sequential(...([...front, layer, nn.flatten()] as never[])) as nn.Layer;
  const size = behind.outputShape(shape).at(-1)!;
  const all = [...front, layer, nn.flatten(), nn.linear(size, 2)];
  const model = nn.sequential(...(all as never[])) as nn.Layer;
  const names = inFront ? ["0.weight"] : own.map((name) => `0.${name}`);
  const numbers = Array.from({ length: sizeOf(shape) }, (_, i) =>
    dtype === "i32" ? (i * i) % 3 : Math.sin(i * i + 1),
  );
  const examples = tensor(numbers, { shape, dtype: dtype === "i32" ? dtype : real });
  return { model, names, examples };
}

export function layerGraph(sample: LayerSample, real: "f64" | "f32" = "f64"): LayerGraph {
  const { model, names, examples } = networkOf(sample, real);
  const { parameters, buffers } = nn.initialValues(model, { dtype: real, seed: 3 });
  const paths = Object.keys(parameters);
  const inputs = Object.values<Tensor>(parameters);
  const key = tensor([1, 2], { dtype: "i32" });
  const context = { training: true, key, path: "", renew: () => {} };
  const y = model.apply(examples, { ...parameters, ...buffers }, context);
  const loss = nn.crossEntropy(y, tensor([0, 1], { dtype: "i32" }));
  const graph = { inputs, outputs: [loss, ...gradient(loss, inputs)] };
  const values = inputs.map((t) => t.dataSync());
  return { name: sample.name, model, names, examples, paths, values, graph };
}

/** That of every layer. */
export const layerGraphs = (real: "f64" | "f32"): LayerGraph[] =>
  layerSamples().map((sample) => layerGraph(sample, real));
