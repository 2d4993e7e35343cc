/** chainrule/exchange: models and values of other libraries. */

import "../backends/reading.ts";

// Files of other libraries.
export type { BlobLike, ByteSource } from "../files/byte-source.ts";
export type { ForeignFile, ForeignModel, ForeignOptimizerState, ForeignTensor } from "./foreign.ts";
export type { ForeignSource, OpenOptions } from "./formats.ts";
export { openForeign } from "./formats.ts";
export type { ImportedNetwork } from "./imported.ts";
export { importNetwork } from "./imported.ts";
export type { OnnxExport, OnnxOptions } from "./onnx/export.ts";
export { encodeOnnx } from "./onnx/export.ts";
export type { OptimizerStateNames } from "./pytorch/optimizer.ts";
export { loadOptimizerState } from "./pytorch/optimizer.ts";
export type { StateDictNames, StateDictOptions } from "./state-dict.ts";
export { loadStateDict } from "./state-dict.ts";
