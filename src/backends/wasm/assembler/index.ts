/** A WebAssembly assembler: typed expression trees in, the bytes of a module out. */
export * from "./expression.ts";
export { features } from "./features.ts";
export { FunctionBuilder } from "./function.ts";
export type { Instruction, NameIn, ValueType } from "./instructions.ts";
export { ModuleBuilder } from "./module.ts";
