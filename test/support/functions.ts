/** Every function of tensors by its name, whatever module it is in. */
export * from "../../src/ops/arithmetic.ts";
export * from "../../src/ops/broadcast.ts";
export * from "../../src/ops/compare.ts";
export * from "../../src/ops/concatenate.ts";
export * from "../../src/ops/einsum.ts";
export * from "../../src/ops/indexing.ts";
export * from "../../src/ops/matmul.ts";
export * from "../../src/ops/move.ts";
export * from "../../src/ops/padding.ts";
export * from "../../src/ops/power.ts";
export * from "../../src/ops/reduce.ts";
export * from "../../src/ops/transcendental.ts";
export * from "./further.ts";
