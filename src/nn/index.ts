export * from "./activations.ts";
export * from "./dropout.ts";
export * from "./initializers.ts";
export type { Layer, LayerContext, ParameterSpec } from "./layer.ts";
export { layer } from "./layer.ts";
export * from "./linear.ts";
export * from "./losses.ts";
export { sequential } from "./sequential.ts";
