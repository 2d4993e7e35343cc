/** Random losses with targets that suit them, and random optimizers. */
import type { Shape } from "../../src/core/shape.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import * as nn from "../../src/nn/index.ts";
import { cast } from "../../src/ops/cast.ts";
import { reshape, stretch } from "../../src/ops/move.ts";
import * as optim from "../../src/optim/index.ts";
import type { CommonOptions, OwnOptimizer } from "../../src/optim/optimizer.ts";
import type { Draws } from "./draws.ts";

/** What a network is trained for: so many outputs, a loss, and targets of an example each. */
export interface Task {
  readonly name: string;
  readonly loss: nn.Loss;
  readonly outputs: number;
  readonly targets: {
    readonly dtype: "i32" | "f64";
    readonly shape: Shape;
    /** The i-th number of all. */
    readonly value: (i: number) => number;
  };
}

const labels = (classes: number, from = 0): Task["targets"] => ({
  ...{ dtype: "i32", shape: [] },
  value: (i) => from + ((i * i + i) % (classes - from)),
});
const numbers = (shape: Shape, value: (i: number) => number): Task["targets"] => ({
  ...{ dtype: "f64", shape, value },
});
const shares = (n: number) => numbers([n], (i) => ((i * 5) % 7) / 6);
/** Shares of all classes, which make 1 together. */
const mixed = (n: number) =>
  numbers([n], (i) => (2 * (((i % n) + Math.floor(i / n)) % n) + 2) / (n * (n + 1)));
const bits = (n: number) => numbers([n], (i) => Number((i * 5) % 3 > 0));
const signs = (shape: Shape) => numbers(shape, (i) => ((i * 5) % 3 > 0 ? 1 : -1));
const real = (n: number) => numbers([n], (i) => Math.sin(3 * i + 1));

const logits = nn.logSoftmax();
const sigmoid = nn.sigmoid();
/** A loss with options. */
const using =
  <O extends nn.LossOptions>(loss: nn.LossFunction<O>, options: NoInfer<O>): nn.Loss =>
  (output, target) =>
    loss(output, target, options);
/** The loss of what comes out of an activation. */
const behind =
  (layer: nn.Layer, loss: nn.Loss): nn.Loss =>
  (output, target) =>
    loss(layer.apply(output, {}), target);
const columns = (x: Tensor, from: number, to: number): Tensor => stretch(x, 1, from, to);

type MakeTask = (d: Draws) => Omit<Task, "name">;
const reduced = (d: Draws): nn.LossOptions =>
  d.of<nn.LossOptions>({}, {}, { reduction: "sum" }, { reduction: "batchMean" });
/** Also with weights of single examples, or of outputs. */
const weighted = (d: Draws, n: number): nn.LossOptions => ({
  ...reduced(d),
  ...d.of<nn.LossOptions>(
    {},
    {},
    { weights: 0.5 },
    { weights: Array.from({ length: n }, (_, i) => i / 2) },
  ),
});

/** A task for each loss that there is. */
export const tasks: Readonly<Record<string, MakeTask>> = {
  crossEntropy(d) {
    const n = d.whole(2, 4);
    const options = d.of(...[{}, { labelSmoothing: 0.1 }, { ignoreIndex: 0 }], {
      classWeights: Array.from({ length: n }, (_, i) => 0.5 + i),
    });
    const targets = d.flag() || "ignoreIndex" in options ? labels(n) : mixed(n);
    return { loss: using(nn.crossEntropy, { ...options, ...reduced(d) }), outputs: n, targets };
  },
  negativeLogLikelihood(d) {
    const n = d.whole(2, 4);
    const options = d.of({}, { classWeights: Array.from({ length: n }, (_, i) => 0.5 + i) });
    const loss = behind(logits, using(nn.negativeLogLikelihood, { ...options, ...reduced(d) }));
    return { loss, outputs: n, targets: labels(n) };
  },
  multiMargin(d) {
    const n = d.whole(2, 4);
    const options = { margin: d.of(1, 0.4), p: d.whole(1, 2), ...reduced(d) };
    return { loss: using(nn.multiMargin, options), outputs: n, targets: labels(n) };
  },
  halfSquaredError: (d) => ({ loss: nn.halfSquaredError, outputs: 2, targets: real(d.of(2)) }),
  meanSquaredError(d) {
    const n = d.whole(1, 3);
    return { loss: using(nn.meanSquaredError, weighted(d, n)), outputs: n, targets: real(n) };
  },
  meanAbsoluteError(d) {
    const n = d.whole(1, 3);
    return { loss: using(nn.meanAbsoluteError, weighted(d, n)), outputs: n, targets: real(n) };
  },
  huber(d) {
    const n = d.whole(1, 3);
    const options = { delta: d.of(1, 0.3), ...weighted(d, n) };
    return { loss: using(nn.huber, options), outputs: n, targets: real(n) };
  },
  smoothL1(d) {
    const n = d.whole(1, 3);
    const options = { beta: d.of(1, 0.3, 0), ...reduced(d) };
    return { loss: using(nn.smoothL1, options), outputs: n, targets: real(n) };
  },
  poissonNegativeLogLikelihood(d) {
    const options = { full: d.flag(), ...reduced(d) };
    const targets = numbers([2], (i) => (i * 3) % 5);
    const { poissonNegativeLogLikelihood: loss } = nn;
    return d.flag()
      ? { loss: using(loss, options), outputs: 2, targets }
      : {
          loss: behind(nn.softplus(), using(loss, { ...options, logInput: false })),
          outputs: 2,
          targets,
        };
  },
  gaussianNegativeLogLikelihood(d) {
    const options = { full: d.flag(), ...d.of({}, { epsilon: 0.1 }), ...reduced(d) };
    const loss = nn.gaussianNegativeLogLikelihood;
    return d.flag()
      ? { loss: using(loss, options), outputs: 4, targets: real(2) }
      : { loss: using(loss, { ...options, variance: 0.5 }), outputs: 2, targets: real(2) };
  },
  binaryCrossEntropy: (d) => ({
    loss: behind(sigmoid, using(nn.binaryCrossEntropy, weighted(d, 2))),
    ...{ outputs: 2, targets: shares(2) },
  }),
  binaryCrossEntropyWithLogits(d) {
    const options = {
      ...d.of({}, { positiveWeight: 2 }, { positiveWeight: [0.5, 2] }),
      ...weighted(d, 2),
    };
    const loss = using(nn.binaryCrossEntropyWithLogits, options);
    return { loss, outputs: 2, targets: shares(2) };
  },
  focal(d) {
    const options = {
      gamma: d.of(2, 0, 1.5),
      alpha: d.of<number | false>(0.25, false),
      ...reduced(d),
    };
    return { loss: using(nn.focal, options), outputs: 2, targets: bits(2) };
  },
  klDivergence(d) {
    const n = d.whole(2, 4);
    const logTarget = d.flag();
    const targets = logTarget ? real(n) : mixed(n);
    return { loss: behind(logits, using(nn.klDivergence, { logTarget })), outputs: n, targets };
  },
  hinge: (d) => ({ loss: using(nn.hinge, reduced(d)), outputs: 2, targets: signs([2]) }),
  softMargin: (d) => ({ loss: using(nn.softMargin, reduced(d)), outputs: 2, targets: signs([2]) }),
  hingeEmbedding(d) {
    const loss = using(nn.hingeEmbedding, { margin: d.of(1, 0.4), ...reduced(d) });
    return { loss, outputs: 2, targets: signs([2]) };
  },
  multiLabelSoftMargin(d) {
    const loss = using(nn.multiLabelSoftMargin, d.of({}, { classWeights: [0.5, 1, 2] }));
    return { loss, outputs: 3, targets: bits(3) };
  },
  multiLabelMargin: (d) => ({
    loss: using(nn.multiLabelMargin, reduced(d)),
    ...{ outputs: 3, targets: bits(3) },
  }),
  marginRanking(d) {
    const margin = d.of(0, 0.5);
    const loss: nn.Loss = (o, t) => {
      const [a, b] = [columns(o, 0, 1), columns(o, 1, 2)];
      return nn.marginRanking(a, b, reshape(t, [-1, 1]), { margin });
    };
    return { loss, outputs: 2, targets: signs([]) };
  },
  cosineEmbedding(d) {
    const margin = d.of(0, 0.5, -0.3);
    const loss: nn.Loss = (o, t) =>
      nn.cosineEmbedding(columns(o, 0, 2), columns(o, 2, 4), reshape(t, [-1]), { margin });
    return { loss, outputs: 4, targets: signs([]) };
  },
  tripletMargin(d) {
    const options = {
      margin: d.of(1, 0.5),
      p: d.of(2, 1, 3, Number.POSITIVE_INFINITY),
      swap: d.flag(),
    };
    const loss: nn.Loss = (o) =>
      nn.tripletMargin(columns(o, 0, 2), columns(o, 2, 4), columns(o, 4, 6), options);
    return { loss, outputs: 6, targets: signs([]) };
  },
  ctc(d) {
    const [steps, classes] = [d.whole(3, 4), d.whole(2, 3)];
    const loss: nn.Loss = (o, t) =>
      nn.ctc(logits.apply(reshape(o, [-1, steps, classes]), {}), cast(t, "i32"), {
        zeroInfinity: true,
      });
    const targets = {
      dtype: "i32",
      shape: [2],
      value: (i: number) => (i % 3 === 1 ? -1 : 1),
    } as const;
    return { loss, outputs: steps * classes, targets };
  },
  combinedLoss(d) {
    const loss = nn.combinedLoss([
      { loss: nn.meanSquaredError, outputs: [0, 2], targets: [0, 2], weight: d.of(1, 0.5) },
      { loss: nn.huber, outputs: [2, 3], targets: [2, 3] },
    ]);
    return { loss, outputs: 3, targets: real(3) };
  },
};

const { sgd, asgd, adam, adamW, rmsprop, adagrad, adadelta, adamax, nadam, radam } = optim;
const { rprop, lion, muon, parameterGroups } = optim;
type MakeOptimizer = (d: Draws, common: CommonOptions) => OwnOptimizer;
const decays = (d: Draws) => d.of({}, { weightDecay: 0.1 });

/** Every optimizer, by name. */
export const optimizers: Readonly<Record<string, MakeOptimizer>> = {
  sgd: (d, common) =>
    sgd({
      ...{ ...common, ...decays(d) },
      ...d.of<object>(
        ...[{}, { momentum: 0.9 }, { momentum: 0.9, nesterov: true }],
        ...[{ momentum: 0.5, dampening: 0.3 }, { momentum: optim.cosineDecay(0.9, { steps: 9 }) }],
      ),
    }),
  asgd: (d, common) => asgd({ ...common, ...decays(d), averageFrom: d.of(0, 1e6) }),
  adam: (d, common) =>
    adam({
      ...{ ...common, ...decays(d), amsgrad: d.flag(), epsilon: d.of(1e-8, 1e-2) },
      ...{ epsilonBeforeCorrection: d.flag() },
    }),
  adamW: (d, common) =>
    adamW({ ...common, epsilon: d.of(1e-8, 1e-2), epsilonInsideRoot: d.flag() }),
  rmsprop: (d, common) =>
    rmsprop({
      ...{ ...common, ...decays(d), centered: d.flag(), momentum: d.of(0, 0.9) },
      ...{ epsilonInsideRoot: d.flag(), initialAccumulator: d.of(0, 0.1) },
    }),
  adagrad: (d, common) =>
    adagrad({
      ...common,
      ...decays(d),
      learningRateDecay: d.of(0, 0.1),
      epsilonInsideRoot: d.flag(),
    }),
  adadelta: (d, common) => adadelta({ ...common, ...decays(d), decay: d.of(0.9, 0.5) }),
  adamax: (d, common) => adamax({ ...common, ...decays(d), epsilonOutsideMaximum: d.flag() }),
  nadam: (d, common) =>
    nadam({ ...common, ...decays(d), decoupledWeightDecay: d.flag(), constantMomentum: d.flag() }),
  radam: (d, common) => radam({ ...common, ...decays(d), epsilonBeforeCorrection: d.flag() }),
  rprop: (d, common) => rprop({ ...common, learningRate: d.of(0.01, 0.1) }),
  lion: (d, common) => lion({ ...common, ...decays(d) }),
  muon: (d, common) =>
    parameterGroups([
      { rank: 2, optimizer: muon({ nesterov: d.flag(), scale: d.of("original", "adamW") }) },
      { optimizer: sgd(common) },
    ]),
  parameterGroups: (d, common) =>
    parameterGroups([
      { names: "*.bias", ...(d.flag() ? { frozen: true } : { optimizer: sgd(common) }) },
      { optimizer: adam({ epsilon: 1e-2 }) },
    ]),
};

/** What all optimizers take. */
export const commonOptions = (d: Draws): CommonOptions => ({
  ...d.of<CommonOptions>(
    ...[{}, { learningRate: 0.1 }, { learningRate: optim.cosineDecay(0.1, { steps: 7 }) }],
    { learningRate: optim.warmup(0.1, { steps: 3 }) },
  ),
  ...d.of<CommonOptions>(
    ...[{}, {}, { clipValue: 0.05 }, { clipNorm: 0.1 }, { clipNorm: 0.1, clipNormOrder: 1 }],
    ...[{ clipNorm: 0.1, clipNormOrder: Number.POSITIVE_INFINITY }, { maximize: true }],
  ),
  ...d.of<CommonOptions>({}, {}, { averageDecay: 0.9 }, { accumulate: 2 }),
});

/** Two classes. */
export const plain: Task = {
  ...{ name: "crossEntropy", loss: nn.crossEntropy, outputs: 2, targets: labels(2) },
};

/** Some task, and some optimizer. */
export function randomTask(d: Draws): Task {
  const name = d.of(...Object.keys(tasks));
  return { name, ...tasks[name]!(d) };
}
export function randomOptimizer(d: Draws): { readonly name: string; readonly made: OwnOptimizer } {
  const name = d.of(...Object.keys(optimizers));
  return { name, made: optimizers[name]!(d, commonOptions(d)) };
}
