/** What goes wrong on the way back through convolutions and pooling. */
import { zip } from "../../core/at.ts";
import { fail } from "../../core/errors.ts";
import { sameShape, sizeOf } from "../../core/shape.ts";
import type { Tensor } from "../../core/tensor.ts";
import { add, div, mul, neg } from "../../ops/arithmetic.ts";
import { type ConvolutionOptions, convolution } from "../../ops/convolution.ts";
import { constantTensor, zerosLike } from "../../ops/leaf.ts";
import { flip, reshape, slice, transpose } from "../../ops/move.ts";
import { maxPool } from "../../ops/pooling.ts";
import { type PerAxis, perAxis, samePadding, widened } from "../../ops/windows.ts";
import type { Sentence } from "../derivation.ts";
import { placeAt } from "../engine/parameters.ts";
import type { MessageKey } from "../messages.ts";
import { say } from "../say.ts";
import { type Applied, flow, held, type Wrong } from "./wrong.ts";

/** A mistake by its cause, and what is done wrong. */
export interface NamedMistake {
  readonly cause: Sentence;
  readonly wrong: Wrong;
}

/** So many positions, channels or steps are gone through one by one. */
export const mostOneByOne = 16;

/** What a layer makes, taken apart by what the gradient flows to: its value is 0 but for `value`. */
interface Flows {
  readonly value: Tensor;
  readonly toInput: Tensor;
  readonly toWeight: Tensor;
  readonly toBias: Tensor | undefined;
}

/** A convolution: its flows, and what it makes without its bias of any input and kernel. */
interface Convolution extends Applied, Flows {
  readonly weight: Tensor;
  readonly linear: (a: Tensor, weight: Tensor) => Tensor;
}

/** The axes behind batch or outputs and channels. */
const windowAxes = ({ rank }: Tensor): number[] =>
  Array.from({ length: rank - 2 }, (_, k) => k + 2);

function convolutionOf(f: Applied): Convolution | undefined {
  const { weight, bias } = f.own;
  if (f.layer.kind !== "convolution" || !weight || f.y.rank !== weight.rank) return undefined;
  const linear = (a: Tensor, w: Tensor) =>
    f.applied(a, { weight: w, ...(bias ? { bias: zerosLike(bias) } : {}) });
  const along = (b: Tensor) => reshape(b, [...b.shape, ...windowAxes(weight).map(() => 1)]);
  return {
    ...{ ...f, weight, linear },
    value: held(f.y),
    toInput: linear(flow(f.a), held(weight)),
    toWeight: linear(held(f.a), flow(weight)),
    toBias: bias && add(zerosLike(f.y), along(flow(bias))),
  };
}

/** One convolution with other flows. */
const changed = (chosen: number, change: (c: Convolution) => Partial<Flows>): Wrong => ({
  layer(f) {
    const c = f.l === chosen ? convolutionOf(f) : undefined;
    if (!c) return undefined;
    const { value, toInput, toWeight, toBias } = { ...c, ...change(c) };
    const known = [toInput, toWeight, ...(toBias ? [toBias] : [])];
    return known.reduce((y, x) => add(y, fitting(x, y)), value);
  },
});

/** A flow of another shape would be broadcast. */
const fitting = (x: Tensor, { shape }: Tensor): Tensor =>
  sameShape(x.shape, shape)
    ? x
    : fail("shape-mismatch", {
        message: "This wrong procedure has no meaning here.",
        expected: `[${shape.join(", ")}]`,
        found: `[${x.shape.join(", ")}]`,
      });

const kernelFlipped = (w: Tensor): Tensor => flip(w, windowAxes(w));

/** 1 where `chosen` says so, for positions [1, 1, …sizes]. */
function positions({ shape }: Tensor, chosen: number): Tensor {
  const [, , ...sizes] = shape;
  const mask = Float64Array.from({ length: sizeOf(sizes) }, (_, i) => +(i === chosen));
  return constantTensor(mask, [1, 1, ...sizes]);
}

/** What goes back from every position is 0 but for one. */
const onlyPosition = (chosen: number): ((c: Convolution) => Partial<Flows>) => {
  return ({ y, toWeight, toBias }) => {
    const mask = positions(y, chosen);
    return { toWeight: mul(toWeight, mask), toBias: toBias && mul(toBias, mask) };
  };
};

interface Moves extends ConvolutionOptions {
  readonly paddingMode?: string;
}
const movesOf = ({ layer }: Applied): Moves => {
  const { stride, padding, dilation, groups, paddingMode } = layer.settings as Moves;
  const given = { stride, padding, dilation, groups, paddingMode };
  return Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined));
};
const isTransposed = ({ layer }: Applied): boolean => layer.name.startsWith("convTranspose");

/** The first positions of a map that is larger. */
const firstOf = (x: Tensor, { shape }: Tensor): Tensor =>
  slice(x, { end: zip(x.shape, shape).map(([n, m]) => Math.min(n, m)) });

/** Both flows of a convolution that moves in another way. */
const otherMoves =
  (make: (c: Convolution, a: Tensor, w: Tensor) => Tensor) =>
  (c: Convolution): Partial<Flows> => ({
    toInput: make(c, flow(c.a), held(c.weight)),
    toWeight: make(c, held(c.a), flow(c.weight)),
  });

const strideIgnored = otherMoves((c, a, w) => {
  const { padding = 0, dilation = 1, groups = 1 } = movesOf(c);
  return firstOf(convolution(a, w, { padding, dilation, groups }), c.y);
});

/** The border stands behind the input, not around it. */
const paddingIgnored = otherMoves((c, a, w) => {
  const { padding, paddingMode: _, ...moves } = movesOf(c);
  const pads = borderOf(c);
  const after = zip(pads.before, pads.after).map(([p, q]) => p + q);
  const none = a.shape.map(() => 0);
  const wide = widened(a, { before: none, after: [0, 0, ...after], interior: none });
  return convolution(wide, w, moves);
});

function borderOf(c: Convolution) {
  const { stride = 1, dilation = 1, padding = 0 } = movesOf(c);
  const axes = windowAxes(c.weight);
  const list = (name: string, of: PerAxis, least: number) =>
    perAxis(c.layer.name, name, of, axes, least);
  const window = c.weight.shape.slice(2);
  if (padding === "same") {
    const moves = { stride: list("stride", stride, 1), dilation: list("dilation", dilation, 1) };
    return samePadding(c.layer.name, { window, ...moves });
  }
  const pads = padding === "valid" ? axes.map(() => 0) : list("padding", padding, 0);
  return { before: pads, after: pads };
}

export function convolutionMistakes(f: Applied): NamedMistake[] {
  const c = convolutionOf(f);
  if (!c) return [];
  const { l, y, weight } = c;
  const put = (
    key: MessageKey,
    change: (c: Convolution) => Partial<Flows>,
    slots = {},
  ): NamedMistake => ({
    cause: say(key, { l, ...slots }),
    wrong: changed(l, change),
  });
  const [, outputs = 1, ...sizes] = y.shape;
  const count = sizeOf(sizes);
  const found: NamedMistake[] = [];
  if (sizeOf(weight.shape.slice(2)) > 1) {
    const turned = kernelFlipped;
    found.push(
      put("m_kernelNotFlipped", (of) => ({
        toInput: of.linear(flow(of.a), held(turned(of.weight))),
      })),
      put("m_kernelFlipped", (of) => ({
        toWeight: of.linear(held(of.a), flow(turned(of.weight))),
      })),
      { cause: say("m_convolved", { l }), wrong: kernelTurned(l) },
    );
  }
  if (count > 1) {
    found.push(
      put("m_positionMean", ({ toWeight, toBias }) => ({
        toWeight: div(toWeight, count),
        toBias: toBias && div(toBias, count),
      })),
    );
    for (let i = 0; i < count; i++)
      if (count <= mostOneByOne || i === 0 || i === count - 1)
        found.push(
          put("m_onlyPosition", onlyPosition(i), {
            at: placeAt(sizes, i)
              .map((n) => n + 1)
              .join(", "),
          }),
        );
  }
  const { stride = 1, padding = 0, paddingMode = "zeros" } = movesOf(c);
  const isSome = (n: unknown, usual: number) => [n].flat().some((k) => k !== usual);
  if (!isTransposed(c) && paddingMode === "zeros") {
    if (isSome(stride, 1)) found.push(put("m_strideIgnored", strideIgnored));
    if (padding !== "valid" && isSome(padding, 0))
      found.push(put("m_paddingIgnored", paddingIgnored));
  }
  const [first, second] = weight.shape;
  if (first === second && first !== 1)
    found.push(
      put("m_channelsNotExchanged", (of) => {
        const w = transpose(of.weight, [1, 0, ...windowAxes(of.weight)]);
        return { toInput: of.linear(flow(of.a), held(w)) };
      }),
    );
  found.push(
    put("m_withoutWeights", (of) => ({
      toInput: of.linear(flow(of.a), add(zerosLike(of.weight), 1)),
    })),
  );
  for (let j = 0; outputs > 1 && j < Math.min(outputs, mostOneByOne); j++)
    found.push(
      put(
        "m_onlyChannel",
        ({ y: { shape }, toInput }) => {
          const mask = Float64Array.from({ length: outputs }, (_, k) => +(k === j));
          const along = [1, outputs, ...shape.slice(2).map(() => 1)];
          return { toInput: mul(toInput, constantTensor(mask, along)) };
        },
        { j: j + 1 },
      ),
    );
  return found;
}

/** The layer with its kernel turned round: a convolution, as mathematics has it. */
export const kernelTurned = (l: number): Wrong => ({
  layer(f) {
    const c = f.l === l ? convolutionOf(f) : undefined;
    return c && f.applied(f.a, { ...f.own, weight: kernelFlipped(c.weight) });
  },
});

/** The layer without its bias, on the way forwards. */
export const withoutBias = (l: number): Wrong => ({
  layer(f) {
    const { bias } = f.own;
    return f.l === l && bias ? f.applied(f.a, { ...f.own, bias: zerosLike(bias) }) : undefined;
  },
});

/** The windows of a pool, as a convolution has them. */
function windowsOf({ layer, a, y }: Applied) {
  const axes = windowAxes(a);
  const given = layer.settings as Readonly<Record<string, PerAxis | undefined>>;
  const list = (name: string, usual: PerAxis, least: number) =>
    perAxis(layer.name, name, given[name] ?? usual, axes, least);
  if (given.outputSize !== undefined) {
    // Where sizes divide, these are windows side by side.
    const window = zip(a.shape.slice(2), y.shape.slice(2)).map(([n, m]) => n / m);
    return window.every(Number.isInteger) ? { window, stride: window } : undefined;
  }
  const window = list("kernelSize", 1, 1);
  const stride = list("stride", window, 1);
  return { window, stride, padding: list("padding", 0, 0), dilation: list("dilation", 1, 1) };
}

/** Σ over each window of what a mask of its shape lets through. */
function windowSums(x: Tensor, f: Applied, passes: (i: number, size: number) => boolean): Tensor {
  const moves = windowsOf(f);
  const [, channels = 1] = x.shape;
  if (!moves) return zerosLike(x);
  const { window, ...how } = moves;
  const size = sizeOf(window);
  const mask = Float64Array.from({ length: channels * size }, (_, i) => +passes(i % size, size));
  return convolution(x, constantTensor(mask, [channels, 1, ...window]), {
    ...how,
    groups: channels,
  });
}

export function poolingMistakes(f: Applied): NamedMistake[] {
  const { l, path, layer } = f;
  const moves = layer.kind === "pooling" ? windowsOf(f) : undefined;
  // Nothing is trained before it, or nothing is left out.
  if (l === 0 || !moves || sizeOf(moves.window) === 1) return [];
  const put = (key: MessageKey, back: (a: Tensor, of: Applied) => Tensor): NamedMistake => ({
    cause: say(key, { l }),
    wrong: {
      layer: (of) =>
        of.path === path ? add(held(of.y), fitting(back(of.a, of), of.y)) : undefined,
    },
  });
  const all = (a: Tensor, of: Applied) => windowSums(flow(a), of, () => true);
  const { window: kernelSize, ...how } = moves;
  const largest = (a: Tensor) => maxPool(a, { kernelSize, ...how });
  if (!/max/i.test(layer.name))
    return [put("m_meanUndivided", all), put("m_meanToLargest", (a) => flow(largest(a)))];
  return [
    put("m_poolToAll", all),
    put("m_poolShared", (a, of) => div(all(a, of), sizeOf(kernelSize))),
    put("m_poolToFirst", (a, of) => windowSums(flow(a), of, (i) => i === 0)),
    put("m_poolToLast", (a, of) => windowSums(flow(a), of, (i, n) => i === n - 1)),
    put("m_poolToSmallest", (a) => flow(neg(largest(neg(a))))),
    put("m_poolUnstretched", (a, of) => firstOf(flow(a), of.y)),
  ];
}
