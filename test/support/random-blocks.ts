/** What is made of several layers, or looks at more than one thing, with random options. */
import { scan } from "../../src/autodiff/loops/scan.ts";
import type { Shape } from "../../src/core/shape.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import * as nn from "../../src/nn/index.ts";
import { add, mul } from "../../src/ops/arithmetic.ts";
import { concatenate } from "../../src/ops/concatenate.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { expandDims, reshape, stretch, transpose } from "../../src/ops/move.ts";
import { tanh } from "../../src/ops/transcendental.ts";
import type { Draws } from "./draws.ts";
import {
  activation,
  axesOf,
  blockOptions,
  convolution,
  divisor,
  features,
  linear,
  type Make,
  recurrence,
  transposed,
} from "./random-layers.ts";

type Inputs = Readonly<Record<string, Tensor>>;
const sizeOf = (shape: Shape): number => shape.slice(1).reduce((n, k) => n * k, 1);

type Made = (shape: Shape, dtype?: "f32" | "f64") => Tensor;

/** Truth values that stay, whatever is trained: of any shape, as they are drawn here. */
const truths = (d: Draws): Made => {
  const [step, from] = [d.whole(1, 4), d.whole(0, 4)];
  return (shape) => {
    const size = shape.reduce((n, k) => n * k, 1);
    const all = Array.from({ length: size }, (_, i) => Number((i * step + from) % 5 !== 0));
    return tensor(all, { shape, dtype: "bool" });
  };
};
/** Such a mask, or what is added to scores; some places are not seen. */
const masks = (d: Draws): Made => {
  if (d.flag()) return truths(d);
  const [step, from] = [d.whole(1, 4), d.whole(0, 6)];
  return (shape, dtype = "f32") => {
    const size = shape.reduce((n, k) => n * k, 1);
    const all = Array.from({ length: size }, (_, i) => {
      const place = (i * step + from) % 7;
      return place === 0 ? Number.NEGATIVE_INFINITY : place / 4 - 1;
    });
    return tensor(all, { shape, dtype });
  };
};
const floats = (x: Tensor): "f32" | "f64" => (x.dtype === "f64" ? "f64" : "f32");

/** Attention to itself, to another sequence, with masks of every kind. */
export const masked: Make = (d, shape) => {
  const [size, length] = [features(shape), shape[1]!];
  const heads = divisor(d, size);
  const [keyFeatures, valueFeatures] = d.flag() ? [d.whole(1, 4), d.whole(1, 4)] : [size, size];
  const parts = {
    look: nn.multiHeadAttention(size, heads, {
      ...{ causal: d.flag(), bias: d.flag(), dropout: d.of(0, 0.25) },
      ...{ keyFeatures, valueFeatures },
    }),
    key: nn.linear(size, keyFeatures),
    value: nn.linear(size, valueFeatures),
  };
  const isOwn = keyFeatures === size && valueFeatures === size && d.flag();
  const [mask, padding] = [d.flag() ? masks(d) : undefined, d.flag() ? truths(d) : undefined];
  const form = d.whole(0, 2);
  return nn.graph(parts, ({ look, key, value }, query) => {
    const [batch = 1] = query.shape;
    const all = [
      [length, length],
      [batch, length, length],
      [batch, heads, length, length],
    ];
    return look({
      query,
      ...(isOwn ? {} : { key: key(query), value: value(query) }),
      ...(mask ? { mask: mask(all[form]!, floats(query)) } : {}),
      ...(padding ? { keyPadding: padding([batch, length]) } : {}),
    } as Inputs);
  });
};

export const decoder: Make = (d, shape) => {
  const [size, length] = [features(shape), shape[1]!];
  const heads = divisor(d, size);
  const options = blockOptions(d);
  const one = d.flag();
  const parts = {
    encoder: nn.transformerEncoderLayer(size, heads, { ...options, causal: false }),
    decoder: one
      ? nn.transformerDecoderLayer(size, heads, options)
      : nn.transformerDecoder(size, heads, 1, { ...options, norm: d.flag() }),
  };
  const maybe = (make: (d: Draws) => Made) => (d.flag() ? make(d) : undefined);
  const [mask, other, padding] = [maybe(masks), maybe(masks), maybe(truths)];
  return nn.graph(parts, ({ encoder, decoder }, x) => {
    const [batch = 1] = x.shape;
    const given = (all: Readonly<Record<string, Tensor | undefined>>) =>
      Object.fromEntries(Object.entries(all).filter(([, t]) => t !== undefined)) as Inputs;
    const places = padding?.([batch, length]);
    const square = mask?.([length, length], floats(x));
    const memory = encoder(given({ input: x, mask: square, keyPadding: places }));
    const seen = { memoryMask: other?.([batch, length, length], floats(x)) };
    const paddings = { keyPadding: places, memoryKeyPadding: places };
    return decoder(given({ input: x, memory, mask: square, ...seen, ...paddings }));
  });
};

/** Heads that share keys and values, and features that are turned by their places. */
export const heads: Make = (d, shape) => {
  const size = features(shape);
  const groups = shape.length > 3 ? divisor(d, shape[1]!) : 1;
  const options = { causal: d.flag(), ...d.of({}, { scale: 0.7 }), groups };
  const turn = {
    ...{ interleaved: d.flag(), offset: d.whole(0, 2), base: d.of(10, 10_000) },
    ...(size > 2 && d.flag() ? { features: 2 } : {}),
  };
  const turned = (x: Tensor) => (size % 2 === 0 ? nn.rotaryEmbedding(x, turn) : x);
  const parts = { q: nn.linear(size, size), k: nn.linear(size, size), v: nn.linear(size, size) };
  return nn.graph(parts, ({ q, k, v }, x) => {
    const seen = groups > 1 ? stretch(x, 1, 0, shape[1]! / groups) : x;
    return nn.scaledDotProductAttention(turned(q(x)), turned(k(seen)), v(seen), options);
  });
};

/** A recurrence whose state goes in and comes out, over sequences of different length. */
export const passed: Make = (d, shape) => {
  const base = recurrence(d, shape) as nn.Recurrence<number, number, unknown>;
  const steps = shape[1]!;
  const [hasLengths, isLast, more] = [d.flag(), d.flag(), d.whole(0, steps)];
  return nn.layer({
    ...{ name: `${base.name}Pass`, inputSize: base.inputSize, outputSize: "any" },
    ...{ parameters: base.parameters, settings: { ...base.settings, hasLengths, isLast, more } },
    apply(x, values, context) {
      const [batch = 1] = x.shape;
      const each = Array.from({ length: batch }, (_, n) => (n + more) % (steps + 1));
      const lengths = hasLengths ? { lengths: each } : {};
      const [, state] = base.pass(x, values, { ...lengths, context });
      const [outputs, end] = base.pass(x, values, { ...lengths, state, context });
      const flat = (t: Tensor) => reshape(transpose(t, [1, 0, 2]), [batch, -1]);
      const ends = (Array.isArray(end) ? end : [end]) as Tensor[];
      const seen = isLast ? nn.lastOutput(outputs, lengths) : reshape(outputs, [batch, -1]);
      return concatenate([seen, ...ends.map(flat)], -1);
    },
  });
};

/** One step of a recurrence, in a loop. */
export const cell: Make = (d, shape) => {
  const hidden = d.whole(1, 3);
  const own = d.of({}, { bias: false }, { recurrent: 0.3 });
  const base = d.of<unknown>(
    nn.rnnCell(features(shape), hidden, { ...own, nonlinearity: d.of("tanh", "relu") }),
    nn.gruCell(features(shape), hidden, own),
    nn.lstmCell(features(shape), hidden, own),
  ) as nn.CellLayer<number, number, never>;
  const isAll = d.flag();
  return nn.layer({
    ...{ name: `${base.name}Loop`, inputSize: base.inputSize, outputSize: hidden },
    ...{ parameters: base.parameters, settings: base.settings },
    apply(x, values) {
      const sequence = transpose(x, [1, 0, 2]);
      const first = base.step(stretchedTo(sequence, 0), undefined, values);
      const [last, all] = scan(
        (state, one) => {
          const next = base.step(one as Tensor, state as never, values) as never;
          return [next, Array.isArray(next) ? next[0] : next] as never;
        },
        first as never,
        sequence,
      ) as unknown as [Tensor | Tensor[], Tensor];
      const end = Array.isArray(last) ? last[0]! : last;
      return isAll ? transpose(all, [1, 0, 2]) : end;
    },
  }) as nn.Layer;
};
const stretchedTo = (x: Tensor, step: number): Tensor =>
  reshape(stretch(x, 0, step, step + 1), x.shape.slice(1));

/** A layer whose weight is computed from others: by length and direction, or by its largest gain. */
export const reparametrized: Make = (d, shape) => {
  const axes = axesOf(shape);
  const isSpace = axes > 0 && axes < 4;
  const size = features(shape);
  const [base, name] = d.of<() => [nn.Layer, string]>(
    () => [linear(d, shape), "weight"],
    () => [nn.bilinear(size, size, d.whole(1, 3)), "weight"],
    ...(isSpace
      ? [() => [d.of(convolution, transposed)(d, shape), "weight"] as [nn.Layer, string]]
      : []),
    ...(axes === 1
      ? [
          () => [recurrence(d, shape), d.of("weight_hh_l0", "weight_ih_l0")] as [nn.Layer, string],
          () =>
            [nn.multiHeadAttention(size, divisor(d, size)), "in_proj_weight"] as [nn.Layer, string],
        ]
      : []),
  )();
  return d.flag()
    ? nn.weightNorm(base, { name, axis: d.of(0, 1, -1, null) })
    : nn.spectralNorm(base, {
        ...{ name, iterations: d.whole(1, 2) },
        ...d.of({}, { axis: 0 }, { axis: 1 }, { epsilon: 1e-3 }),
      });
};
export const lowRank: Make = (d, shape) => {
  const axes = axesOf(shape);
  const window = axes > 0 && axes < 4 && d.flag();
  const base = window ? d.of(convolution, transposed)(d, shape) : linear(d, shape);
  return nn.lora(base, 1, { alpha: d.whole(1, 3), dropout: d.of(0, 0.25) });
};
export const bilinear: Make = (d, shape) => {
  const [size, other] = [features(shape), d.whole(1, 4)];
  const options = d.of({}, { bias: false });
  if (d.flag()) return nn.bilinear(size, size, d.whole(1, 3), options);
  const parts = {
    pair: nn.bilinear(size, other, d.whole(1, 3), options),
    right: nn.linear(size, other),
  };
  return nn.graph(parts, ({ pair, right }, x) => pair({ left: x, right: right(x) }));
};
/** What is made small along with the loss, and what training leaves alone. */
export const penalized: Make = (d, shape) => {
  const base = nn.linear(features(shape), d.whole(1, 3));
  const of = () => d.of({ l1: 0.1 }, { l2: 0.05 }, { l1: 0.02, l2: 0.1 });
  return d.flag()
    ? nn.freeze(base, /bias/)
    : nn.penalized(base, { ...of(), ...(d.flag() ? { outputs: of() } : {}) });
};

/** A layer of any kind that fits, beside or inside of another; `tanh` where none does. */
type Inside = (d: Draws, shape: Shape) => nn.Layer;

/** Layers beside each other, one that is used twice, and such that are added to their input. */
export const branches =
  (inside: Inside): Make =>
  (d, shape) => {
    const size = features(shape);
    const own = () => nn.linear(size, size);
    const list = (...all: nn.Layer[]) => nn.sequential(...(all as never[])) as nn.Layer;
    const inner = inside(d, shape);
    const isSame = String(inner.outputShape(shape)) === String(shape);
    const as = d.flag() && isSame ? inner : activation(d, shape);
    switch (d.whole(0, 7)) {
      case 0:
        return nn.residual(own(), as);
      case 1:
        return nn.residual(isSame ? inner : own());
      case 2:
        return nn.parallel({ a: nn.linear(size, d.whole(1, 3)), b: as }, { join: "concatenate" });
      case 3:
        return nn.parallel({ a: own(), b: as }, { join: d.of("add", "multiply") });
      case 4: {
        const axis = d.whole(1, shape.length - 1);
        return nn.parallel({ a: as, b: own() }, { axis });
      }
      case 5: {
        const both = { a: list(inner, nn.flatten()), b: list(as, nn.flatten()) };
        return nn.parallel(both, { join: "concatenate" });
      }
      case 6:
        return nn.graph({ twice: own() }, ({ twice }, x) => twice(tanh(twice(x))));
      default:
        return list(own(), inner);
    }
  };

/** Tables of rows, and what looks them up. */
export const tables = (d: Draws, entries: number, input: Shape): nn.Layer => {
  const length = input.reduce((n, k) => n * k, 1);
  const size = d.whole(2, 4);
  const padding = d.flag() ? { paddingIndex: d.whole(0, 1) } : {};
  const options = { ...padding, ...d.of({}, {}, { frozen: true }, { weight: 0.3 }) };
  const table = () => nn.embedding(entries, size, options);
  switch (d.whole(0, 6)) {
    case 0:
      return nn.embeddingBag(entries, size, { ...options, mode: d.of("mean", "sum", "max") });
    case 1: {
      // Bags of different size are one list.
      const mode = d.of("mean", "sum", "max");
      const ends = d.flag();
      const bag = nn.embeddingBag(entries, size, { ...options, mode, includeLastOffset: ends });
      return nn.graph({ bag }, ({ bag }, x) => {
        const [batch = 1] = x.shape;
        const count = sizeOf(x.shape) * batch;
        const starts = Array.from({ length: batch }, (_, n) => Math.max(0, n * length - (n % 2)));
        const offsets = tensor(ends ? [...starts, count] : starts, { dtype: "i32" });
        return bag({ indices: reshape(x, [count]), offsets });
      });
    }
    case 2:
      return nn.lora(table(), d.whole(1, 2), { alpha: d.whole(1, 3) });
    case 3:
      return d.flag() ? nn.weightNorm(table(), { axis: d.of(0, 1) }) : nn.spectralNorm(table());
    case 4:
      // An output layer that is tied to the table.
      return nn.graph({ table: table() }, ({ table }, x, values) => {
        const rows = values["table.weight"] as Tensor;
        return matmul(table(x), transpose(rows));
      });
    default:
      return table();
  }
};

/** Sums of a layer's own over what comes in, so that ranks change. */
export const own: Make = (d, shape) => {
  const size = features(shape);
  const parts = { scale: nn.linear(size, size) };
  return d.flag()
    ? nn.graph(parts, ({ scale }, x) => add(expandDims(scale(x), 1), expandDims(x, 1)))
    : nn.graph(parts, ({ scale }, x) => mul(scale(x), x));
};
