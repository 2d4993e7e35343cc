/** Import this before anything is compiled: relaxed SIMD, which Node 20 hides behind a flag. */
import { setFlagsFromString } from "node:v8";
import { features } from "../../../src/backends/wasm/assembler/index.ts";

if (process.version.startsWith("v20.")) setFlagsFromString("--experimental-wasm-relaxed-simd");

/** With relaxed multiply-add and without, as far as the engine has it. */
export const relaxing: readonly boolean[] = features().relaxedSimd ? [false, true] : [false];
