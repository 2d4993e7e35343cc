/** Losses E(output, target): one number. Rows are examples; the last axis is classes or outputs. */
export * from "./losses/classes.ts";
export * from "./losses/combined.ts";
export * from "./losses/ctc.ts";
export type { Loss, LossFunction, LossOptions, Reduction } from "./losses/definition.ts";
export * from "./losses/numbers.ts";
export * from "./losses/pairs.ts";
export * from "./losses/signs.ts";
