/** Random networks of all kinds of layers with random options, from lists of small numbers. */
import * as fc from "fast-check";
import type { Shape } from "../../src/core/shape.ts";
import * as nn from "../../src/nn/index.ts";

/** What one layer is chosen by: which, and its options. */
export type Choice = readonly [kind: number, ...options: number[]];

export interface NetworkChoice {
  readonly start: number;
  readonly batch: number;
  readonly layers: readonly Choice[];
  readonly seed: number;
}

const choice: fc.Arbitrary<Choice> = fc.array(fc.nat(999), {
  minLength: 7,
  maxLength: 7,
}) as never;

export const networkChoices: fc.Arbitrary<NetworkChoice> = fc.record({
  start: fc.nat(999),
  batch: fc.integer({ min: 1, max: 3 }),
  layers: fc.array(choice, { minLength: 1, maxLength: 6 }),
  seed: fc.nat(1000),
});

/** Numbers of a choice, one after another. */
class Draws {
  readonly #all: readonly number[];
  #at = 0;
  constructor(all: readonly number[]) {
    this.#all = all;
  }
  next(): number {
    const place = this.#at++;
    return (this.#all[place % this.#all.length]! + 7 * Math.floor(place / this.#all.length)) >>> 0;
  }
  whole(from: number, to: number): number {
    return from + (this.next() % (to - from + 1));
  }
  of<T>(...all: readonly T[]): T {
    return all[this.next() % all.length]!;
  }
  flag(): boolean {
    return this.next() % 2 === 1;
  }
}

type Make = (d: Draws, shape: Shape) => nn.Layer;
const exported = nn as unknown as Record<string, (...given: unknown[]) => nn.Layer>;
const make = (name: string, ...given: unknown[]): nn.Layer => exported[name]!(...given);

const divisor = (d: Draws, ...counts: number[]): number =>
  d.of(...[1, 2, 3, 4].filter((k) => counts.every((n) => n % k === 0)));
const features = (shape: Shape): number => shape.at(-1)!;

const smooth = ["tanh", "sigmoid", "gelu", "silu", "softplus", "mish", "softsign", "elu", "celu"];
const kinked = ["relu", "leakyRelu", "hardtanh", "hardswish", "softshrink", "relu6", "selu"];
const activation: Make = (d, shape) => {
  const name = d.of(...smooth, ...kinked, "prelu", "softmax", "logSoftmax", "softmin", "geluTanh");
  return name === "prelu" && d.flag() && shape.length > 1
    ? nn.prelu(shape[1])
    : (make(name) as nn.Layer);
};
const glu: Make = (d, shape) => {
  const axis = d.whole(1, shape.length - 1);
  return shape[axis]! % 2 === 0 ? nn.glu({ axis }) : nn.tanh();
};
const noise: Make = (d, shape) => {
  const rate = d.of(0, 0.25, 0.5, 1);
  const axes = shape.length - 2;
  const names = ["dropout", "alphaDropout", "featureAlphaDropout"];
  return make(d.of(...names, ...(axes > 0 && axes < 4 ? [`dropout${axes}d`] : [])), rate);
};
const linear: Make = (d, shape) =>
  nn.linear(features(shape), d.whole(1, 4), d.of({}, { bias: false }, { sharedBias: true }));
const layerNorm: Make = (d, shape) => {
  const sizes = shape.slice(d.whole(1, shape.length - 1));
  return make(d.of("layerNorm", "rmsNorm"), sizes, d.of({}, { affine: false }, { epsilon: 0.01 }));
};
const groupNorm: Make = (d, shape) => nn.groupNorm(divisor(d, shape[1]!), shape[1]!);
const norm: Make = (d, shape) => {
  const axes = Math.max(1, shape.length - 2);
  const instance = shape.length > 2 && d.flag();
  const options = d.of(
    {},
    { affine: false },
    { momentum: instance ? 0.3 : null },
    { momentum: 0.5, epsilon: 0.01 },
    { trackRunningStats: instance },
  );
  return make(`${instance ? "instance" : "batch"}Norm${axes}d`, shape[1], options);
};
const axesOf = (shape: Shape): number => shape.length - 2;
const each = (d: Draws, axes: number, from: number, to: number): number | number[] =>
  d.flag() ? d.whole(from, to) : Array.from({ length: axes }, () => d.whole(from, to));
const convolution: Make = (d, shape) => {
  const [channels, axes] = [shape[1]!, axesOf(shape)];
  const outputs = d.whole(1, 4);
  const groups = divisor(d, channels, outputs);
  const mode = d.of("zeros", "zeros", "reflect", "replicate", "circular");
  const same = d.flag() && d.flag();
  return make(`conv${axes}d`, channels, outputs, each(d, axes, 1, 3), {
    groups,
    ...(same ? { padding: "same" } : { padding: each(d, axes, 0, 2), stride: each(d, axes, 1, 2) }),
    dilation: each(d, axes, 1, 2),
    paddingMode: mode,
    ...d.of({}, { bias: false }),
  });
};
const transposed: Make = (d, shape) => {
  const [channels, axes] = [shape[1]!, axesOf(shape)];
  const outputs = d.whole(1, 4);
  const stride = d.whole(1, 2);
  return make(`convTranspose${axes}d`, channels, outputs, each(d, axes, 1, 3), {
    ...{ groups: divisor(d, channels, outputs), stride, padding: d.whole(0, 1) },
    ...{ outputPadding: stride > 1 ? d.whole(0, 1) : 0, dilation: d.whole(1, 2) },
  });
};
const pool: Make = (d, shape) => {
  const axes = axesOf(shape);
  const kind = d.of("max", "avg", "adaptiveMax", "adaptiveAvg");
  if (kind.startsWith("adaptive")) return make(`${kind}Pool${axes}d`, each(d, axes, 1, 4));
  const size = d.whole(1, 3);
  return make(`${kind}Pool${axes}d`, size, {
    ...{ stride: d.whole(1, 2), padding: d.whole(0, size >> 1), ceilMode: d.flag() },
    ...(kind === "max" ? { dilation: d.whole(1, 2) } : { countIncludePad: d.flag() }),
  });
};
const recurrence: Make = (d, shape) => {
  const name = d.of("rnn", "lstm", "gru");
  const hidden = d.whole(1, 3);
  return make(name, features(shape), hidden, {
    ...{ layers: d.whole(1, 2), bidirectional: d.flag(), output: d.of("all", "last") },
    ...d.of({}, { bias: false }, { dropout: 0.25, layers: 2 }),
    ...(name === "rnn" ? { nonlinearity: d.of("tanh", "relu") } : {}),
    ...(d.flag() ? { stateBias: false } : {}),
    ...(name !== "rnn" && d.flag() ? { gate: "hardsigmoid", nonlinearity: "sigmoid" } : {}),
    ...(name === "gru" && d.flag() ? { resetAfter: false } : {}),
    ...(name === "lstm" && hidden > 1 && d.flag() ? { projection: hidden - 1 } : {}),
  });
};
const attention: Make = (d, shape) => {
  const size = features(shape);
  const heads = divisor(d, size);
  const dropout = d.of(0, 0.25);
  const causal = d.flag();
  if (d.flag()) return nn.multiHeadAttention(size, heads, { causal, dropout, bias: d.flag() });
  const block = {
    ...{ hidden: d.whole(1, 4), dropout, causal, normFirst: d.flag(), bias: d.flag() },
    activation: d.of(nn.relu, nn.gelu, nn.silu),
  };
  return d.flag()
    ? nn.transformerEncoderLayer(size, heads, block)
    : nn.transformerEncoder(size, heads, d.whole(1, 2), { ...block, norm: d.flag() });
};
const decoder: Make = (d, shape) => {
  const size = features(shape);
  const heads = divisor(d, size);
  const block = { hidden: d.whole(1, 4), dropout: 0, causal: d.flag(), normFirst: d.flag() };
  const parts = {
    encoder: nn.transformerEncoderLayer(size, heads, { ...block, causal: false }),
    decoder: nn.transformerDecoder(size, heads, 1, block),
  };
  return nn.graph(parts, ({ encoder, decoder }, x) => decoder({ input: x, memory: encoder(x) }));
};
const encoding: Make = (d, shape) =>
  d.flag() ? nn.sinusoidalEncoding() : nn.learnedEncoding(shape.at(-2)!, features(shape));
const permuted: Make = (_, shape) =>
  nn.permute([0, ...shape.slice(1).map((_, i) => shape.length - 1 - i)]);
const folded: Make = (d, shape) => {
  const size = features(shape);
  const [k] = [2, 3].filter((n) => size % n === 0);
  return k === undefined
    ? nn.identity()
    : nn.unflatten(shape.length - 1, d.flag() ? [k, -1] : [-1, k]);
};
const flatten: Make = (d, shape) =>
  shape.length > 2 ? nn.flatten({ startAxis: d.whole(1, shape.length - 2) }) : nn.identity();

const bordered: Make = (d, shape) =>
  nn.border({
    before: shape.slice(2).map(() => d.whole(0, 1)),
    after: shape.slice(2).map(() => d.whole(0, 2)),
    mode: d.of("constant", "replicate"),
  });
const rescaled: Make = (d, shape) =>
  nn.rescale({ scale: Array.from({ length: features(shape) }, (_, i) => d.of(0.5, 1 - i / 4)) });

/** Layers beside each other, one that is used twice, and such that are added to their input. */
const branches: Make = (d, shape) => {
  const size = features(shape);
  const own = () => nn.linear(size, size);
  switch (d.whole(0, 4)) {
    case 0:
      return nn.residual(own(), activation(d, shape));
    case 1:
      return nn.parallel(
        { a: nn.linear(size, d.whole(1, 3)), b: activation(d, shape) },
        { join: "concatenate" },
      );
    case 2:
      return nn.parallel({ a: own(), b: activation(d, shape) }, { join: d.of("add", "multiply") });
    case 3:
      return nn.graph({ twice: own() }, ({ twice }, x) => twice(twice(x).tanh()));
    default:
      return nn.sequential(own() as never, activation(d, shape) as never) as nn.Layer;
  }
};

/** A layer whose weight is computed from others: by length and direction, or by its largest gain. */
const reparametrized: Make = (d, shape) => {
  const axes = axesOf(shape);
  const window = axes > 0 && axes < 4 && d.flag();
  const base = window
    ? d.of(convolution, transposed)(d, shape)
    : nn.linear(features(shape), d.whole(1, 4));
  return d.flag()
    ? nn.weightNorm(base, { axis: d.of(0, 1, -1, null) })
    : nn.spectralNorm(base, { axis: d.of(0, 1), iterations: d.whole(1, 2) });
};
const lowRank: Make = (d, shape) => {
  const axes = axesOf(shape);
  const window = axes > 0 && axes < 4 && d.flag();
  const base = window ? convolution(d, shape) : nn.linear(features(shape), d.whole(1, 4));
  return nn.lora(base, 1, { alpha: d.whole(1, 3), dropout: d.of(0, 0.25) });
};
const bilinear: Make = (d, shape) => {
  const [size, other] = [features(shape), d.whole(1, 4)];
  const options = d.of({}, { bias: false });
  if (d.flag()) return nn.bilinear(size, size, d.whole(1, 3), options);
  const parts = {
    pair: nn.bilinear(size, other, d.whole(1, 3), options),
    right: nn.linear(size, other),
  };
  return nn.graph(parts, ({ pair, right }, x) => pair({ left: x, right: right(x) }));
};
const drawnSlope: Make = (d) =>
  nn.rrelu(d.of({}, { lower: 0.1, upper: 0.5 }, { lower: 0.2, upper: 0.2 }));

const anywhere = [linear, activation, glu, noise, layerNorm, groupNorm, norm, branches, folded];
const bySpace = [convolution, convolution, transposed, pool, permuted, flatten, norm, bordered];
const bySequence = [recurrence, attention, decoder, encoding];
const computed = [reparametrized, lowRank, bilinear, drawnSlope, rescaled];
const makersFor = (axes: number): readonly Make[] => [
  ...(axes === 0 ? anywhere : [...anywhere.slice(0, 8), flatten]),
  ...(axes >= 1 && axes <= 3 ? [...bySpace, ...bySpace] : axes > 3 ? [flatten] : []),
  ...(axes === 1 ? [...bySequence, ...bySequence] : []),
  ...computed,
];

/** The most numbers of one example on the way. */
const most = 96;

/** What goes in, and a network for it; layers that do not fit there are left out. */
export function randomNetwork({ start, batch, layers }: NetworkChoice) {
  const starts = [[5], [2, 6], [6, 2], [4, 4], [2, 4, 3], [1, 5, 5], [2, 3, 2, 3], [3], [4, 2]];
  const words = start % 5 === 0;
  const input = [batch, ...(words ? [[3], [2, 2]][start % 2]! : starts[start % starts.length]!)];
  const made: nn.Layer[] = [];
  let shape: Shape = input;
  const put = (layer: nn.Layer): void => {
    shape = layer.outputShape(shape);
    made.push(layer);
  };
  if (words) {
    const bag = start % 3 === 0;
    const options = start % 4 === 0 ? { paddingIndex: 0 } : {};
    const mode = (["mean", "sum", "max"] as const)[(start % 7) % 3]!;
    put(
      bag
        ? nn.embeddingBag(6, 4, { ...options, mode })
        : nn.embedding(6, start % 2 ? 4 : 3, options),
    );
  }
  for (const [kind, ...options] of layers) {
    const makers = makersFor(axesOf(shape));
    const layer = makers[kind % makers.length]!(new Draws(options), shape);
    const behind = fits(layer, shape);
    if (behind === undefined) continue;
    shape = behind;
    made.push(layer);
  }
  put(nn.flatten());
  put(nn.linear(features(shape), 2));
  const model = nn.sequential(...(made as never[])) as nn.Layer;
  return { model, input, words };
}

/** The shape behind a layer, if it can stand there and does not make too much. */
function fits(layer: nn.Layer, shape: Shape): Shape | undefined {
  let behind: Shape;
  try {
    behind = layer.outputShape(shape);
  } catch {
    return undefined;
  }
  const size = behind.slice(1).reduce((n, k) => n * k, 1);
  const places = shape.slice(2).reduce((n, k) => n * k, 1);
  // A norm over one number is not trained.
  if (/batchNorm/.test(layer.name) && shape[0]! * places < 2) return undefined;
  if (/instanceNorm/.test(layer.name) && places < 2) return undefined;
  return size > 0 && size <= most && behind.length <= 5 ? behind : undefined;
}
