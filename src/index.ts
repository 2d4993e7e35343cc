import "./ops/methods.ts";
import { evaluateTensors } from "./backends/interpreter/index.ts";
import { installEvaluator } from "./core/runtime.ts";

installEvaluator(evaluateTensors);

export * from "./autodiff/transforms.ts";
export { ChainruleError } from "./core/errors.ts";
export * from "./ops/arithmetic.ts";
export * from "./ops/einsum.ts";
export * from "./ops/leaf.ts";
export * from "./ops/matmul.ts";
export * from "./ops/reduce.ts";
export * from "./ops/transcendental.ts";
