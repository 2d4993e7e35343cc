/** A WebAssembly assembler: typed expression trees in, the bytes of a module out. */
export * from "./expression.ts";
export { type Features, features } from "./features.ts";
export { FunctionBuilder } from "./function.ts";
export type { Instruction, Type, ValueType } from "./instructions.ts";
export { type MemoryLimits, ModuleBuilder } from "./module.ts";
