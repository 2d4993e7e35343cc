export * from "./adaptive.ts";
export * from "./moments.ts";
export type { Optimizer, OwnOptimizer } from "./optimizer.ts";
export * from "./schedules.ts";
export * from "./sgd.ts";
export * from "./signs.ts";
export { clipGradients, type Updater, type UpdaterState } from "./updater.ts";
