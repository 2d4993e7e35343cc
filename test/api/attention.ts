/** Right arguments of attention, of the blocks made of it and of encodings of positions. */
import * as chainrule from "../../src/index.ts";
import { type Probe, pairs, probe, read, type x } from "./samples.ts";
import { made as opaque } from "./wrong.ts";

const { initialValues, linear, sequential, sgd, tensor, trainer, unflatten } = chainrule;
/** Trains a layer on sequences of two places with two features. */
const trains = (layer: chainrule.Layer) => {
  const model: chainrule.Layer = sequential(
    linear(2, 4),
    unflatten(1, [2, 2]),
    opaque(layer) as never,
  );
  const loss = (y: typeof x) => y.square().sum();
  trainer(model, { loss, optimizer: sgd(), backend: "interpreter" }).step(pairs);
};
const looks = (layer: chainrule.LayerOf<chainrule.DecoderInputs>) => {
  const [input, memory] = [tensor([[[1, 2]]]), tensor([[[3, 4]]])];
  return read(layer.applyTo({ input, memory }, initialValues(layer).parameters));
};
const row = tensor([
  [1, 2],
  [3, 4],
]);
const block = {
  ...{ hidden: 3, dropout: 0.1, activation: chainrule.gelu, normFirst: true, epsilon: 1e-3 },
  ...{ bias: false, causal: true },
};
const seen = tensor([
  [true, false],
  [true, true],
]);
const key = tensor([1, 2], { dtype: "i32" });

export const attention: Record<string, Probe> = {
  scaledDotProductAttention: probe(
    chainrule.scaledDotProductAttention,
    [
      ...[row, row, row],
      { causal: true, mask: seen, dropout: 0.1, key, stream: 1, scale: 2, groups: 1 },
    ],
    read,
  ),
  multiHeadAttention: probe(
    chainrule.multiHeadAttention,
    [2, 2, { keyFeatures: 2, valueFeatures: 2, bias: true, causal: true, dropout: 0.1 }],
    trains as never,
  ),
  transformerEncoderLayer: probe(chainrule.transformerEncoderLayer, [2, 1, block], trains as never),
  transformerDecoderLayer: probe(chainrule.transformerDecoderLayer, [2, 1, block], looks as never),
  transformerEncoder: probe(
    chainrule.transformerEncoder,
    [2, 1, 2, { ...block, norm: true }],
    trains as never,
  ),
  transformerDecoder: probe(
    chainrule.transformerDecoder,
    [2, 1, 2, { ...block, norm: true }],
    looks as never,
  ),
  sinusoidalEncoding: probe(chainrule.sinusoidalEncoding, [{ base: 100 }], trains as never),
  learnedEncoding: probe(
    chainrule.learnedEncoding,
    [2, 2, { weight: chainrule.uniform(), frozen: true }],
    trains as never,
  ),
  residual: probe(chainrule.residual, [linear(2, 2), chainrule.relu], trains as never),
  parallel: probe(
    chainrule.parallel,
    [
      { a: linear(2, 2), b: chainrule.tanh },
      { join: "add", axis: -1 },
    ],
    trains as never,
  ),
  graph: probe(
    chainrule.graph,
    [
      { a: linear(2, 2) },
      ({ a }: { a: (given: typeof x) => typeof x }, given: typeof x) => a(given),
      { inputSize: 2, outputSize: 2 },
    ],
    trains as never,
  ),
  rotaryEmbedding: probe(
    chainrule.rotaryEmbedding,
    [row, { base: 100, interleaved: true, offset: 1, features: 2 }],
    read,
  ),
};
