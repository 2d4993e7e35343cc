/** Operators that are functions alone, each in a page that uses it. */
export * from "../../src/ops/cumulative.ts";
export * from "../../src/ops/error-function.ts";
export * from "../../src/ops/gamma.ts";
export * from "../../src/ops/interpolate.ts";
export * from "../../src/ops/lerp.ts";
export * from "../../src/ops/logarithms.ts";
export * from "../../src/ops/norms.ts";
export * from "../../src/ops/order.ts";
export * from "../../src/ops/plane.ts";
export * from "../../src/ops/products.ts";
export * from "../../src/ops/rearrange.ts";
export * from "../../src/ops/remainder.ts";
export * from "../../src/ops/selecting.ts";
export * from "../../src/ops/sinc.ts";
export * from "../../src/ops/tallies.ts";
