/** A sample of every layer: what it is made with, and what goes in. One list for tables and tests. */
import type { DType } from "../../src/core/dtype.ts";
import type { Shape } from "../../src/core/shape.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import type { LayerRow } from "../../src/network-file/layer-row.ts";
import { layers as rows } from "../../src/network-file/layers.ts";
import { complete } from "../../src/network-file/validate.ts";
import * as nn from "../../src/nn/index.ts";

export interface LayerSample {
  readonly name: string;
  readonly layer: nn.Layer;
  readonly shape: Shape;
  readonly dtype: DType;
  /** The row of a network file with the options of the sample, or why there is none. */
  readonly row: { readonly row: LayerRow; readonly options: object } | string;
}

const inner = [{ name: "linear", options: complete(rows.linear!.form as never, { outputs: 2 }) }];

/** What is needed, and what makes a sample small. */
const given: Readonly<Record<string, object>> = {
  linear: { outputs: 2 },
  bilinear: { inputs: [1, 1], outputs: 2 },
  threshold: { above: 0.1 },
  unflatten: { axis: 1, sizes: [1, 2] },
  reshapeTo: { sizes: [2, 1] },
  permute: { axes: [0, 2, 1] },
  border: { before: [0], after: [1] },
  rescale: { scale: [2, -0.5], offset: 0.25 },
  groupNorm: { groups: 2 },
  embedding: { entries: 3, features: 2 },
  embeddingBag: { entries: 3, features: 2 },
  multiHeadAttention: { heads: 1 },
  transformerEncoderLayer: { heads: 1, hidden: 1, dropout: 0, bias: false },
  transformerEncoder: { heads: 1, hidden: 1, dropout: 0, bias: false, layers: 1 },
  transformerDecoderLayer: { heads: 1, hidden: 1, dropout: 0, bias: false },
  transformerDecoder: { heads: 1, hidden: 1, dropout: 0, bias: false, layers: 1 },
  rnn: { hidden: 1 },
  lstm: { hidden: 1 },
  gru: { hidden: 1 },
  lora: { rank: 1, layers: inner },
  weightNorm: { layers: inner },
  spectralNorm: { layers: inner },
  parallel: { branches: { a: inner, b: [{ name: "tanh", options: {} }] } },
  graph: {
    layers: { f: inner },
    nodes: { a: { layer: "f", of: "input", axis: -1 }, b: { layer: "f", of: "a", axis: -1 } },
  },
};

/** Layers that wrap another one, or a function: no file names them. */
const others: Readonly<Record<string, [make: () => nn.Layer, why: string]>> = {
  activation: [
    () => nn.activation((x: Tensor) => x.mul(x)) as never,
    "it is made of a function of a program",
  ],
  layer: [
    () =>
      nn.layer({
        ...{ name: "own", inputSize: "same", outputSize: "same", parameters: {} },
        apply: (x) => x.sin(),
      }) as never,
    "it is made of a function of a program",
  ],
  weightNorm: [
    () => nn.weightNorm(nn.linear(2, 2)) as never,
    "it changes how another layer is written",
  ],
  spectralNorm: [
    () => nn.spectralNorm(nn.linear(2, 2)) as never,
    "it changes how another layer is written",
  ],
};

/** Two examples; as many axes as the layer's name says. */
function shapeFor(name: string): Shape {
  const [, axes] = /([123])d$/.exec(name) ?? [];
  if (/^(embedding|flatten$|permute)/.test(name) || /^(rnn|lstm|gru)$/.test(name)) return [2, 2, 1];
  if (/^multiHead|^transformer|Encoding$/.test(name)) return [2, 2, 2];
  return axes === undefined
    ? [2, 2]
    : [2, 2, ...Array.from({ length: Number(axes) }, () => (Number(axes) > 2 ? 2 : 3))];
}

/** Options of a row that names none of its own: what is needed is the smallest that fits. */
function optionsOf(name: string, { form }: LayerRow): object {
  if (form.kind !== "record") return inner;
  const small: Readonly<Record<string, unknown>> = {
    ...{ outputs: 2, kernelSize: 2, outputSize: 2, channels: 2, groups: 1 },
  };
  const needed = Object.entries(form.fields).flatMap(([field, { required }]) =>
    required ? [[field, small[field] ?? 2]] : [],
  );
  return complete(form, { ...Object.fromEntries(needed), ...given[name] }) as object;
}

function fromRow(name: string, row: LayerRow): LayerSample {
  const isTable = /^embedding/.test(name);
  const shape = isTable ? [2, 2] : shapeFor(name);
  const options = optionsOf(name, row);
  const make = (list: readonly { name: string; options: object }[], from: Shape): nn.Layer => {
    let at = from;
    const made = list.map((chosen) => {
      const own = rows[chosen.name]!;
      const place = { shape: at, inputs: at.at(-1)!, inner: make as never };
      const layer = own.build(chosen.options as never, place);
      at = layer.outputShape(at);
      return layer;
    });
    return nn.sequential(...(made as never[])) as nn.Layer;
  };
  const built = row.build(options as never, { shape, inputs: shape.at(-1)!, inner: make as never });
  return {
    name,
    layer: alone(built),
    shape,
    dtype: isTable ? "i32" : "f64",
    row: { row, options },
  };
}

/** A layer that looks at a second sequence looks at its own. */
function alone(layer: nn.Layer): nn.Layer {
  if (!/Decoder/.test(layer.name)) return layer;
  return nn.graph({ decoder: layer }, ({ decoder }, x) =>
    decoder({ input: x, memory: x }),
  ) as never;
}

/** Every layer: those of the network file's table, and those that no file can name. */
export const layerSamples = (): LayerSample[] => [
  ...Object.entries(rows).map(([name, row]) => fromRow(name, row)),
  ...Object.entries(others).map(
    ([name, [make, why]]): LayerSample => ({
      ...{ name, layer: make(), shape: [2, 2], dtype: "f64", row: why },
    }),
  ),
];
