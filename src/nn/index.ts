export * from "./activations.ts";
export * from "./batch-norm.ts";
export * from "./convolution.ts";
export * from "./dropout.ts";
export * from "./embedding.ts";
export type { AppliedActivation, LossFacts, OutputFacts } from "./facts.ts";
export { freeze, type NamePattern, unfreeze } from "./freeze.ts";
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
export * from "./linear.ts";
export * from "./losses.ts";
export {
  groupNorm,
  type LayerNormOptions,
  layerNorm,
  type RmsNormOptions,
  rmsNorm,
} from "./normalization.ts";
export * from "./pooling.ts";
export * from "./rearrangement.ts";
export { sequential } from "./sequential.ts";
export type { WeightOptions } from "./weighted.ts";
