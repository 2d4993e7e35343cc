/** Right arguments of optimizers and schedules. */
import * as chainrule from "../../src/index.ts";
import {
  model,
  optimizes,
  type Probe,
  pairs,
  probe,
  read,
  schedules,
  shallow,
  v,
  x,
} from "./samples.ts";

const { adam, sgd, trainer } = chainrule;
const rate = {
  ...{ learningRate: 0.1, clipValue: 1, clipNorm: 1, clipNormOrder: 3, maximize: true },
  ...{ accumulate: 2, averageDecay: 0.9 },
};
const cycle = { steps: 10, riseShare: 0.3, shape: "linear", threePhases: true };
const falling = chainrule.exponentialDecay(0.1, { rate: 0.5 });

export const optimization: Record<string, Probe> = {
  adagrad: probe(
    chainrule.adagrad,
    [
      {
        ...{ ...rate, learningRateDecay: 0, initialAccumulator: 0, epsilon: 1, weightDecay: 0 },
        epsilonInsideRoot: true,
      },
    ],
    optimizes as never,
  ),
  adam: probe(
    adam,
    [
      {
        ...{ ...rate, beta1: 0.9, beta2: 0.9, epsilon: 1, weightDecay: 0, amsgrad: true },
        ...{ epsilonBeforeCorrection: true, epsilonInsideRoot: true },
      },
    ],
    optimizes as never,
  ),
  adadelta: probe(
    chainrule.adadelta,
    [{ ...rate, decay: 0.9, epsilon: 1, weightDecay: 0 }],
    optimizes as never,
  ),
  adamax: probe(
    chainrule.adamax,
    [
      {
        ...{ ...rate, beta1: 0.9, beta2: 0.9, epsilon: 1, weightDecay: 0 },
        epsilonOutsideMaximum: true,
      },
    ],
    optimizes as never,
  ),
  nadam: probe(
    chainrule.nadam,
    [
      {
        ...{ ...rate, beta1: 0.9, beta2: 0.9, epsilon: 1, weightDecay: 0, momentumDecay: 1 },
        ...{ constantMomentum: false, decoupledWeightDecay: true },
      },
    ],
    optimizes as never,
  ),
  radam: probe(
    chainrule.radam,
    [
      {
        ...{ ...rate, beta1: 0.9, beta2: 0.9, epsilon: 1, weightDecay: 0 },
        ...{ decoupledWeightDecay: true, epsilonBeforeCorrection: true },
      },
    ],
    optimizes as never,
  ),
  asgd: probe(
    chainrule.asgd,
    [{ ...rate, decay: 0.1, power: 1, averageFrom: 1, weightDecay: 0 }],
    optimizes as never,
  ),
  rprop: probe(
    chainrule.rprop,
    [{ ...rate, decrease: 0.5, increase: 1.5, smallestStep: 0.1, largestStep: 1 }],
    optimizes as never,
  ),
  lion: probe(
    chainrule.lion,
    [{ ...rate, beta1: 0.9, beta2: 0.9, weightDecay: 0 }],
    optimizes as never,
  ),
  adamW: probe(chainrule.adamW, [{ ...rate, weightDecay: 0.1 }], optimizes as never),
  rmsprop: probe(
    chainrule.rmsprop,
    [
      {
        ...{ ...rate, decay: 0.9, epsilon: 1, momentum: 0.9, centered: true, weightDecay: 0 },
        ...{ epsilonInsideRoot: true, initialAccumulator: 1 },
      },
    ],
    optimizes as never,
  ),
  sgd: probe(
    sgd,
    [{ ...rate, momentum: 0.9, dampening: 0, nesterov: true, weightDecay: 0 }],
    optimizes as never,
  ),
  cosineDecay: probe(chainrule.cosineDecay, [0.1, { steps: 10, minimum: 0.1 }], schedules as never),
  exponentialDecay: probe(
    chainrule.exponentialDecay,
    [0.1, { rate: 0.9, steps: 1 }],
    schedules as never,
  ),
  stepDecay: probe(chainrule.stepDecay, [0.1, { rate: 0.1, steps: 10 }], schedules as never),
  warmup: probe(chainrule.warmup, [0.1, { steps: 10 }], schedules as never),
  multiStepDecay: probe(
    chainrule.multiStepDecay,
    [0.1, { steps: [2, 5], rate: 0.1 }],
    schedules as never,
  ),
  linearRamp: probe(
    chainrule.linearRamp,
    [0.1, { steps: 10, from: 0.5, to: 1 }],
    schedules as never,
  ),
  constantStart: probe(
    chainrule.constantStart,
    [0.1, { steps: 10, share: 0.5 }],
    schedules as never,
  ),
  polynomialDecay: probe(
    chainrule.polynomialDecay,
    [0.1, { steps: 10, power: 2, minimum: 0.1 }],
    schedules as never,
  ),
  cosineRestarts: probe(
    chainrule.cosineRestarts,
    [0.1, { steps: 10, growth: 2, minimum: 0.1 }],
    schedules as never,
  ),
  cyclic: probe(
    chainrule.cyclic,
    [0.1, { peak: 0.2, rise: 3, fall: 2, shape: "exponential", rate: 0.9 }],
    schedules as never,
  ),
  oneCycle: probe(
    chainrule.oneCycle,
    [0.1, { ...cycle, divisor: 25, finalDivisor: 1e4 }],
    schedules as never,
  ),
  oneCycleMomentum: probe(chainrule.oneCycleMomentum, [{ ...cycle, high: 0.95, low: 0.85 }], ((
    momentum: never,
  ) => optimizes(sgd({ momentum }))) as never),
  sequentialSchedule: probe(
    chainrule.sequentialSchedule,
    [[0.1, falling], { at: [3] }],
    schedules as never,
  ),
  chainedSchedule: probe(chainrule.chainedSchedule, [[0.1, falling]], schedules as never),
  perEpoch: probe(chainrule.perEpoch, [falling, { steps: 3 }], schedules as never),
  muon: probe(
    chainrule.muon,
    [
      {
        ...{ ...rate, momentum: 0.9, nesterov: true, weightDecay: 0.1, epsilon: 1e-7 },
        ...{ coefficients: [3, -4, 2], iterations: 2, scale: "adamW" },
      },
    ],
    ((optimizer: chainrule.OwnOptimizer) =>
      optimizes(
        chainrule.parameterGroups([{ rank: 2, optimizer }, { optimizer: adam() }]),
      )) as never,
  ),
  parameterGroups: probe(
    chainrule.parameterGroups,
    [
      [
        { names: "0.*", rank: 2, optimizer: sgd() },
        { names: "0.*", frozen: true },
        { optimizer: adam() },
      ],
      { clipValue: 1, clipNorm: 1, clipNormOrder: 3 },
    ],
    optimizes as never,
  ),
  gradientNorm: probe(chainrule.gradientNorm, [{ a: v, b: [x] }, { order: 3 }], read),
  averaged: shallow(chainrule.averaged, [
    trainer(model, { loss: chainrule.meanSquaredError, optimizer: adam({ averageDecay: 0.9 }) }),
  ]),
  reduceOnPlateau: probe(chainrule.reduceOnPlateau, [
    {
      ...{ factor: 0.5, patience: 1, threshold: 0.1, thresholdMode: "absolute", cooldown: 1 },
      ...{ minimum: 0.1, mode: "highest" },
    },
  ]),
  "reduceOnPlateau().after": probe(chainrule.reduceOnPlateau().after, [1, 0.1]),
  learningRateFinder: shallow(chainrule.learningRateFinder, [
    trainer(model, { loss: chainrule.meanSquaredError, optimizer: sgd() }),
    pairs,
    { from: 1e-3, to: 1e-2, steps: 2, batchSize: 1, smoothing: 0.5, stopAt: 2 },
  ]),
  lbfgs: probe(chainrule.lbfgs, [
    {
      ...{ learningRate: 1, iterations: 2, evaluations: 5, history: 2, lineSearch: "none" },
      ...{ gradientTolerance: 1e-7, changeTolerance: 1e-9 },
    },
  ]),
  "lbfgs().for": probe(chainrule.lbfgs().for, [{ a: v, b: [x] }]),
  "lbfgs().for().step": probe(
    (loss: (p: { a: typeof v }) => chainrule.Tensor) => chainrule.lbfgs().for({ a: v }).step(loss),
    [(p: { a: typeof v }) => p.a.square().sum()],
  ),
  "lbfgs().for().restore": probe(
    (stored: Record<string, chainrule.Tensor>) => chainrule.lbfgs().for({ a: v }).restore(stored),
    [chainrule.lbfgs().for({ a: v }).stored()],
  ),
};
