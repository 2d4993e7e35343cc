export * from "./adaptive.ts";
export type { Optimizer, OwnOptimizer } from "./optimizer.ts";
export * from "./schedules.ts";
export * from "./sgd.ts";
export { clipGradients, type Updater, type UpdaterState } from "./updater.ts";
