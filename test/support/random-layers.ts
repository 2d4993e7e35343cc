/** One layer with random options for an input of this shape, for every kind that there is. */
import type { Shape } from "../../src/core/shape.ts";
import * as nn from "../../src/nn/index.ts";
import type { Draws } from "./draws.ts";

export type Make = (d: Draws, shape: Shape) => nn.Layer;

const exported = nn as unknown as Record<string, (...given: unknown[]) => nn.Layer>;
export const make = (name: string, ...given: unknown[]): nn.Layer => exported[name]!(...given);

export const divisor = (d: Draws, ...counts: number[]): number =>
  d.of(...[1, 2, 3, 4].filter((k) => counts.every((n) => n % k === 0)));
export const features = (shape: Shape): number => shape.at(-1)!;
export const axesOf = (shape: Shape): number => shape.length - 2;
/** An axis behind the batch's, counted from either end. */
const someAxis = (d: Draws, { length }: Shape): number =>
  d.whole(1, length - 1) - (d.flag() ? length : 0);

/** Those without options. */
const plain = ["identity", "tanh", "sigmoid", "gelu", "geluTanh", "silu", "mish", "softsign"];
const others = ["logSigmoid", "tanhshrink", "relu", "relu6", "selu", "hardsigmoid", "hardswish"];
/** Those with options; where one jumps, no noise around 0 comes near it. */
const withOptions: Readonly<Record<string, (d: Draws, shape: Shape) => object>> = {
  leakyRelu: (d) => d.of({}, { slope: 0.3 }, { slope: -0.2 }),
  elu: (d) => d.of({}, { alpha: 0.5 }),
  celu: (d) => d.of({}, { alpha: 0.5 }),
  softplus: (d) => d.of({}, { beta: 2.5 }),
  softshrink: (d) => d.of({}, { lambda: 0.2 }, { lambda: 0 }),
  hardshrink: (d) => d.of({}, { lambda: 0.2 }),
  threshold: (d) => d.of({ above: 0.11 }, { above: -0.37, value: 0.5 }),
  hardtanh: (d) => d.of({}, { min: -0.3, max: 0.7 }),
  softmax: (d, shape) => d.of({}, { axis: someAxis(d, shape) }),
  logSoftmax: (d, shape) => d.of({}, { axis: someAxis(d, shape) }),
  softmin: (d, shape) => d.of({}, { axis: someAxis(d, shape) }),
};
export const activation: Make = (d, shape) => {
  const name = d.of(...plain, ...others, ...Object.keys(withOptions), "prelu");
  if (name === "prelu") {
    const weight = d.of({}, { weight: 0.1 });
    return d.flag() && shape.length > 1 ? nn.prelu(shape[1], weight) : nn.prelu(1, weight);
  }
  return make(name, ...(withOptions[name] ? [withOptions[name](d, shape)] : []));
};
export const glu: Make = (d, shape) => {
  const axis = someAxis(d, shape);
  return shape.at(axis)! % 2 === 0 ? nn.glu({ axis }) : activation(d, shape);
};
export const drawnSlope: Make = (d) =>
  nn.rrelu(d.of({}, { lower: 0.1, upper: 0.5 }, { lower: 0.2, upper: 0.2 }));
export const noise: Make = (d, shape) => {
  const rate = d.of(0, 0.25, 0.5, 1);
  const axes = axesOf(shape);
  if (axes === 2 && d.flag()) {
    const most = Math.min(...shape.slice(-2)) - 1;
    return d.flag() ? nn.randomFlip2d(rate) : nn.randomShift2d(Math.min(1, most));
  }
  const names = ["dropout", "alphaDropout", "featureAlphaDropout"];
  return make(d.of(...names, ...(axes > 0 && axes < 4 ? [`dropout${axes}d`] : [])), rate);
};

/** What all layers with a weight and a bias take. */
const weighted = (d: Draws): object =>
  d.of(
    ...[{}, {}, { bias: false }, { bias: 0.1 }, { weight: 0.2 }],
    ...[{ frozen: true }, { frozen: ["bias"] }, { learningRate: 0.5 }],
  );
export const linear: Make = (d, shape) =>
  nn.linear(features(shape), d.whole(1, 4), d.flag() ? weighted(d) : { sharedBias: d.flag() });
export const layerNorm: Make = (d, shape) => {
  const sizes = shape.slice(d.whole(1, shape.length - 1));
  const options = d.of({}, { affine: false }, { epsilon: 0.01 });
  return d.flag()
    ? nn.rmsNorm(sizes, options)
    : nn.layerNorm(sizes, { ...options, ...d.of({}, { bias: false }) });
};
export const groupNorm: Make = (d, shape) =>
  nn.groupNorm(divisor(d, shape[1]!), shape[1]!, d.of({}, { affine: false }, { epsilon: 0.01 }));
export const norm: Make = (d, shape) => {
  const axes = Math.max(1, axesOf(shape));
  const instance = shape.length > 2 && d.flag();
  const options = d.of(
    {},
    { affine: false },
    { momentum: instance ? 0.3 : null },
    { momentum: 0.5, epsilon: 0.01 },
    { trackRunningStats: instance },
    { runningVariance: "biased" },
  );
  return make(`${instance ? "instance" : "batch"}Norm${axes}d`, shape[1], options);
};
export const rescaled: Make = (d, shape) =>
  nn.rescale({
    scale: d.of<number | number[]>(
      2,
      Array.from({ length: features(shape) }, (_, i) => d.of(0.5, 1 - i / 4)),
    ),
    ...(d.flag() ? { offset: d.of(0.25, -1) } : {}),
  });

const each = (d: Draws, axes: number, from: number, to: number): number | number[] =>
  d.flag() ? d.whole(from, to) : Array.from({ length: axes }, () => d.whole(from, to));
export const convolution: Make = (d, shape) => {
  const [channels, axes] = [shape[1]!, axesOf(shape)];
  const outputs = d.whole(1, 4);
  const groups = divisor(d, channels, outputs);
  const mode = d.of("zeros", "zeros", "reflect", "replicate", "circular");
  const padding = d.of<"same" | "valid" | number | number[]>(
    ...(["same", "valid"] as const),
    ...[each(d, axes, 0, 2), each(d, axes, 0, 2), each(d, axes, 0, 2)],
  );
  return make(`conv${axes}d`, channels, outputs, each(d, axes, 1, 3), {
    ...{ groups, padding, dilation: each(d, axes, 1, 2), paddingMode: mode },
    ...(padding === "same" ? {} : { stride: each(d, axes, 1, 2) }),
    ...weighted(d),
  });
};
export const transposed: Make = (d, shape) => {
  const [channels, axes] = [shape[1]!, axesOf(shape)];
  const outputs = d.whole(1, 4);
  const stride = d.whole(1, 2);
  return make(`convTranspose${axes}d`, channels, outputs, each(d, axes, 1, 3), {
    ...{ groups: divisor(d, channels, outputs), stride, padding: d.whole(0, 1) },
    ...{ outputPadding: stride > 1 ? d.whole(0, 1) : 0, dilation: d.whole(1, 2) },
    ...weighted(d),
  });
};
export const pool: Make = (d, shape) => {
  const axes = axesOf(shape);
  const kind = d.of("max", "avg", "adaptiveMax", "adaptiveAvg");
  if (kind.startsWith("adaptive")) return make(`${kind}Pool${axes}d`, each(d, axes, 1, 4));
  const size = d.whole(1, 3);
  return make(`${kind}Pool${axes}d`, size, {
    ...{ padding: d.whole(0, size >> 1), ceilMode: d.flag() },
    ...(d.flag() ? { stride: d.whole(1, 2) } : {}),
    ...(kind === "max" ? { dilation: d.whole(1, 2) } : { countIncludePad: d.flag() }),
  });
};

export const recurrence: Make = (d, shape) => {
  const name = d.of("rnn", "lstm", "gru");
  const hidden = d.whole(1, 3);
  return make(name, features(shape), hidden, {
    ...{ layers: d.whole(1, 2), bidirectional: d.flag(), output: d.of("all", "last") },
    ...d.of({}, { bias: false }, { dropout: 0.25, layers: 2 }, { frozen: ["recurrent"] }),
    ...d.of({}, {}, { recurrent: 0.3 }),
    ...(name === "rnn" ? { nonlinearity: d.of("tanh", "relu") } : {}),
    ...(d.flag() ? { stateBias: false } : {}),
    ...(name !== "rnn" && d.flag()
      ? { gate: d.of("hardsigmoid", "hardsigmoidFifth"), nonlinearity: d.of("sigmoid", "relu") }
      : {}),
    ...(name === "gru" && d.flag() ? { resetAfter: false } : {}),
    ...(name === "lstm" && hidden > 1 && d.flag() ? { projection: hidden - 1 } : {}),
  });
};
export const blockOptions = (d: Draws): nn.TransformerLayerOptions => ({
  ...{ hidden: d.whole(1, 4), dropout: d.of(0, 0.25), causal: d.flag(), normFirst: d.flag() },
  ...{ bias: d.flag(), activation: d.of(nn.relu, nn.gelu, nn.silu) },
  ...d.of({}, { epsilon: 0.01 }),
});
export const attention: Make = (d, shape) => {
  const size = features(shape);
  const heads = divisor(d, size);
  const options = blockOptions(d);
  switch (d.whole(0, 2)) {
    case 0: {
      const { causal, dropout, bias } = options;
      return nn.multiHeadAttention(size, heads, { causal, dropout, bias } as object);
    }
    case 1:
      return nn.transformerEncoderLayer(size, heads, options);
    default:
      return nn.transformerEncoder(size, heads, d.whole(1, 2), { ...options, norm: d.flag() });
  }
};
export const encoding: Make = (d, shape) =>
  d.flag()
    ? nn.sinusoidalEncoding(d.of({}, { base: 100 }))
    : nn.learnedEncoding(
        shape.at(-2)! + d.whole(0, 1),
        features(shape),
        d.of({}, { frozen: true }),
      );

/** An order of all axes but the batch's. */
export const permuted: Make = (d, shape) => {
  const left = shape.slice(1).map((_, i) => i + 1);
  return nn.permute([0, ...shape.slice(1).map(() => left.splice(d.next() % left.length, 1)[0]!)]);
};
export const folded: Make = (d, shape) => {
  const axis = someAxis(d, shape);
  const size = shape.at(axis)!;
  const [k] = [2, 3].filter((n) => size % n === 0);
  return k === undefined ? nn.identity() : nn.unflatten(axis, d.flag() ? [k, -1] : [-1, k]);
};
export const flatten: Make = (d, shape) => {
  if (shape.length < 3) return nn.identity();
  const startAxis = d.whole(1, shape.length - 2);
  return nn.flatten({
    startAxis,
    ...(d.flag() ? { endAxis: d.whole(startAxis, axesOf(shape)) } : {}),
  });
};
export const reshaped: Make = (d, shape) => {
  const sizes = shape.slice(1);
  const turned = d.flag() ? sizes.toReversed() : [...sizes.slice(1), sizes[0]!];
  const open = d.whole(0, sizes.length);
  return nn.reshapeTo(turned.map((n, i) => (i === open ? -1 : n)));
};
export const bordered: Make = (d, shape) => {
  const mode = d.of("constant", "replicate", "reflect", "circular");
  const sides = (from: number, to: number) => shape.slice(2).map(() => d.whole(from, to));
  return nn.border({
    ...{
      before: sides(mode === "reflect" ? 0 : -1, 1),
      after: sides(0, mode === "constant" ? 2 : 1),
    },
    ...(mode === "constant" ? d.of({}, { value: 0.5 }) : { mode }),
  });
};
