export * from "./adaptive.ts";
export * from "./composed.ts";
export * from "./cycles.ts";
export * from "./groups.ts";
export * from "./lbfgs.ts";
export * from "./moments.ts";
export * from "./muon.ts";
export type { Optimizer, OwnOptimizer } from "./optimizer.ts";
export * from "./presets.ts";
export {
  constantStart,
  cosineDecay,
  exponentialDecay,
  linearRamp,
  multiStepDecay,
  polynomialDecay,
  type Schedule,
  stepDecay,
  toSchedule,
} from "./schedules.ts";
export * from "./sgd.ts";
export * from "./signs.ts";
export { clipGradients, gradientNorm, type Updater, type UpdaterState } from "./updater.ts";
