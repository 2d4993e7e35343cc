/** chainrule/file: networks from files, without code. */

import "../backends/reading.ts";

// Network files.
export { buildLoss, buildModel, buildOptimizer } from "./build.ts";
export type { StoredNetwork } from "./checkpoint.ts";
export { restoreTrainer, storedNetwork, toMetadata } from "./checkpoint.ts";
export type { Chosen } from "./form.ts";
export type { ReadFile, WhileReading } from "./loading.ts";
export type { DataSection, NetworkFile, TrainingSection } from "./network.ts";
export type { ParseOptions } from "./parse.ts";
export { parseNetwork, withTraining } from "./parse.ts";
export type { Prediction } from "./prediction.ts";
export { reader } from "./prediction.ts";
export type { DataDescription, NetworkData, PreparedNetwork } from "./prepare.ts";
export { prepareNetwork, toDatasets } from "./prepare.ts";
export { networkSchema } from "./schema.ts";
export type { Path, Problem } from "./source.ts";
export { NetworkFileError } from "./source.ts";
