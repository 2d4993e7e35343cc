export * from "./activations.ts";
export { type AttentionOptions, scaledDotProductAttention } from "./attention.ts";
export * from "./augmentation.ts";
export * from "./batch-norm.ts";
export * from "./bilinear.ts";
export { type BorderOptions, border } from "./border.ts";
export { type ParallelOptions, parallel, residual } from "./branches.ts";
export type { GateFunction, StateFunction } from "./cells.ts";
export * from "./convolution.ts";
export { dropout } from "./dropout.ts";
export { type EmbeddingOptions, embedding } from "./embedding.ts";
export * from "./embedding-bag.ts";
export type { AppliedActivation, LossFacts, OutputFacts } from "./facts.ts";
export { freeze, type NamePattern, unfreeze } from "./freeze.ts";
export * from "./gates.ts";
export { type GraphLayer, type GraphOptions, graph } from "./graph.ts";
export { initialValues } from "./initial-values.ts";
export * from "./initializers.ts";
export type {
  BufferSpec,
  Layer,
  LayerContext,
  LayerKind,
  ParameterRole,
  ParameterSpec,
} from "./layer.ts";
export { layer } from "./layer.ts";
export {
  type LastOutputOptions,
  type Lengths,
  lastOutput,
} from "./lengths.ts";
export * from "./linear.ts";
export { type LoraLayer, type LoraOptions, lora, mergeLora } from "./lora.ts";
export * from "./losses.ts";
export {
  type AttentionInputs,
  type MultiHeadAttentionOptions,
  multiHeadAttention,
} from "./multi-head-attention.ts";
export * from "./noise.ts";
export {
  groupNorm,
  type LayerNormOptions,
  layerNorm,
  type RmsNormOptions,
  rmsNorm,
} from "./normalization.ts";
export { type PenaltyFactors, type PenaltyOptions, penalized } from "./penalties.ts";
export * from "./pooling.ts";
export * from "./positions.ts";
export {
  type FlattenOptions,
  flatten,
  permute,
  reshapeTo,
  unflatten,
} from "./rearrangement.ts";
export type { PassOptions, Recurrence, RecurrenceOptions } from "./recurrence.ts";
export {
  type GateOptions,
  type GruOptions,
  gru,
  type LstmOptions,
  lstm,
  type RnnOptions,
  rnn,
} from "./recurrent.ts";
export * from "./recurrent-cells.ts";
export * from "./reparametrized.ts";
export { type RescaleOptions, rescale } from "./rescale.ts";
export { sequential } from "./sequential.ts";
export type { LayerOf } from "./several.ts";
export * from "./transformer.ts";
export type { WeightOptions } from "./weighted.ts";
