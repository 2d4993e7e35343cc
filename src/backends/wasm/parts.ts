/** What the rest of the library knows of the compiler. */
export { simplifyGraph } from "../../compile/1-simplify.ts";
export { features } from "./assembler/features.ts";
export { makeBackend, wasm } from "./index.ts";
