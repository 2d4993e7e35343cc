/** Convolutions and pooling by hand, over plain arrays, whose backward pass does one thing wrong. */
import {
  avgPool2d,
  conv2d,
  flatten,
  linear,
  maxPool2d,
  sequential,
  sigmoid,
  tanh,
} from "../../src/nn/index.ts";
import type { Layer } from "../../src/nn/layer.ts";
import { type Case, loss, type Made, numbers, settings } from "./planted.ts";

/** [channel][row][column] */
type Image = number[][][];
/** [output][channel][row][column] */
type Kernel = number[][][][];

interface Conv {
  readonly w: Kernel;
  readonly b: number[];
  readonly stride: number;
  readonly padding: number;
}

/** What a convolution does wrong on the way back. */
interface WrongConv {
  readonly flipInput?: boolean;
  readonly flipWeight?: boolean;
  readonly only?: readonly [number, number];
  readonly mean?: boolean;
  readonly noStride?: boolean;
  readonly noPadding?: boolean;
  readonly exchange?: boolean;
  readonly ones?: boolean;
  readonly channel?: number;
}

const image = (c: number, h: number, w: number, f: (...at: number[]) => number): Image =>
  Array.from({ length: c }, (_, k) =>
    Array.from({ length: h }, (_, i) => Array.from({ length: w }, (_, j) => f(k, i, j))),
  );
const like = (x: Image, f: (...at: number[]) => number) =>
  image(x.length, x[0]!.length, x[0]![0]!.length, f);

function convolved(x: Image, { w, b, stride, padding }: Conv): Image {
  const [k, n] = [w[0]![0]!.length, x[0]!.length];
  const size = Math.floor((n + 2 * padding - k) / stride) + 1;
  return image(w.length, size, size, (o, p, q) => {
    let s = b[o]!;
    for (let c = 0; c < x.length; c++)
      for (let u = 0; u < k; u++)
        for (let v = 0; v < k; v++)
          s +=
            w[o!]![c]![u]![v]! *
            (x[c]![p! * stride + u - padding]?.[q! * stride + v - padding] ?? 0);
    return s;
  });
}

function convolvedBack(g: Image, x: Image, conv: Conv, wrong: WrongConv) {
  const { w } = conv;
  const stride = wrong.noStride ? 1 : conv.stride;
  const padding = wrong.noPadding ? 0 : conv.padding;
  const k = w[0]![0]!.length;
  const positions = g[0]!.length ** 2;
  const dx = like(x, () => 0);
  const dw: Kernel = w.map((of) => like(of, () => 0));
  const db = w.map(() => 0);
  for (let o = 0; o < w.length; o++)
    for (const [p, row] of g[o]!.entries())
      for (const [q, d] of row.entries()) {
        const counts = !wrong.only || (wrong.only[0] === p && wrong.only[1] === q);
        const share = counts ? d / (wrong.mean ? positions : 1) : 0;
        db[o]! += share;
        for (let c = 0; c < x.length; c++)
          for (let u = 0; u < k; u++)
            for (let v = 0; v < k; v++) {
              const [i, j] = [p * stride + u - padding, q * stride + v - padding];
              const value = x[c]![i]?.[j];
              if (value === undefined) continue;
              const own = wrong.flipWeight ? dw[o]![c]![k - 1 - u]! : dw[o]![c]![u]!;
              own[wrong.flipWeight ? k - 1 - v : v]! += share * value;
              if (wrong.channel !== undefined && wrong.channel !== o) continue;
              const [from, to] = wrong.exchange ? [c, o] : [o, c];
              const weight = wrong.flipInput
                ? w[from]![to]![k - 1 - u]![k - 1 - v]!
                : w[from]![to]![u]![v]!;
              dx[c]![i]![j]! += d * (wrong.ones ? 1 : weight);
            }
      }
  return { dx, dw, db };
}

/** Where the gradient of a window of 2 × 2 goes: a share for each of its elements. */
type Routed = (window: readonly number[]) => readonly number[];
const corners = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
] as const;
const toOne = (k: number) => corners.map((_, i) => Number(i === k));
const toLargest: Routed = (window) => toOne(window.indexOf(Math.max(...window)));
const shared: Routed = (window) => window.map(() => 1 / 4);

/** 1 × 4 × 4 → conv 3 × 3, tanh, pool 2 × 2, conv 2 × 2, sigmoid, dense. */
interface Net {
  readonly x: Image;
  readonly first: Conv;
  readonly second: Conv;
  readonly max: boolean;
  readonly dense: { readonly w: number[][]; readonly b: number[] };
  readonly target: number[];
  readonly softmax: boolean;
}

export function imageNet(seed: number, max: boolean, softmax: boolean): Net {
  const draw = numbers(seed + 300);
  const own = () => draw(-1, 1);
  const kernel = (o: number, c: number, k: number): Kernel =>
    Array.from({ length: o }, () => image(c, k, k, own));
  const stride = 1 + (seed % 2);
  const outputs = 2 * (stride === 1 ? 9 : 4);
  const classes = 3;
  return {
    x: image(1, 4, 4, own),
    first: { w: kernel(2, 1, 3), b: [own(), own()], stride: 1, padding: 1 },
    second: { w: kernel(2, 2, 2), b: [own(), own()], stride, padding: 1 },
    ...{ max, softmax },
    dense: {
      w: Array.from({ length: classes }, () => Array.from({ length: outputs }, own)),
      b: Array.from({ length: classes }, own),
    },
    target: Array.from({ length: classes }, (_, i) =>
      softmax ? Number(i === seed % classes) : draw(0.1, 0.9),
    ),
  };
}

interface WrongNet {
  readonly first?: WrongConv;
  readonly second?: WrongConv;
  readonly route?: Routed;
  readonly unstretched?: boolean;
  /** The slope of the activation behind a convolution, of its value. */
  readonly slopes?: readonly [(y: number) => number, (y: number) => number];
  /** Turns a kernel round on the way forwards. */
  readonly convolved?: boolean;
  /** Leaves the bias of the first convolution out on the way forwards. */
  readonly noBias?: boolean;
}

const tanhSlope = (y: number) => 1 - y * y;
const sigmoidSlope = (y: number) => y * (1 - y);

export function imageGradients(n: Net, wrong: WrongNet = {}) {
  const { dense, target } = n;
  const turned = (c: Conv): Conv => ({
    ...c,
    w: c.w.map((of) => of.map((rows) => rows.toReversed().map((row) => row.toReversed()))),
  });
  const kernel = wrong.convolved ? turned(n.first) : n.first;
  const first = wrong.noBias ? { ...kernel, b: kernel.b.map(() => 0) } : kernel;
  const a1 = ((z) => like(z, (c, i, j) => Math.tanh(z[c!]![i!]![j!]!)))(convolved(n.x, first));
  const half = a1[0]!.length / 2;
  const windowAt = (c: number, i: number, j: number) =>
    corners.map(([u, v]) => a1[c]![2 * i + u]![2 * j + v]!);
  const pooled = image(2, half, half, (c, i, j) => {
    const window = windowAt(c!, i!, j!);
    return n.max ? Math.max(...window) : window.reduce((s, v) => s + v) / 4;
  });
  const a2 = ((z) => like(z, (c, i, j) => 1 / (1 + Math.exp(-z[c!]![i!]![j!]!))))(
    convolved(pooled, n.second),
  );
  const flat = a2.flat(2);
  const out = dense.w.map((row, o) => row.reduce((s, v, k) => s + v * flat[k]!, dense.b[o]!));
  const total = out.reduce((s, z) => s + Math.exp(z), 0);
  const d = out.map((z, i) => (n.softmax ? Math.exp(z) / total : z) - target[i]!);
  const g = flat.map((_, k) => d.reduce((s, v, o) => s + v * dense.w[o]![k]!, 0));
  const size = a2[0]!.length;
  const [slope1, slope2] = wrong.slopes ?? [tanhSlope, sigmoidSlope];
  const d2 = like(a2, (c, i, j) => g[(c! * size + i!) * size + j!]! * slope2(a2[c!]![i!]![j!]!));
  const second = convolvedBack(d2, pooled, n.second, wrong.second ?? {});
  const gA = like(a1, () => 0);
  const route = wrong.route ?? (n.max ? toLargest : shared);
  for (const [c, rows] of second.dx.entries())
    for (const [i, row] of rows.entries())
      for (const [j, v] of row.entries()) {
        if (wrong.unstretched) gA[c]![i]![j]! += v;
        else
          route(windowAt(c, i, j)).forEach((share, k) => {
            const [u, w] = corners[k]!;
            gA[c]![2 * i + u]![2 * j + w]! += share * v;
          });
      }
  const d1 = like(a1, (c, i, j) => gA[c!]![i!]![j!]! * slope1(a1[c!]![i!]![j!]!));
  const back = convolvedBack(d1, n.x, first, wrong.first ?? {});
  if (wrong.convolved) back.dw = back.dw.map((of) => turned({ ...first, w: [of] }).w[0]!);
  // Of squared errors.
  return { first: back, second, loss: d.reduce((s, v) => s + (v * v) / 2, 0) };
}

/** The network, for other examples of which only inputs and targets are taken, too. */
export const imageMade = (n: Net, others: readonly Net[] = [], options = {}): Made => {
  const conv = ({ w, b, stride, padding }: Conv, from: number) =>
    conv2d(from, 2, w[0]![0]!.length, { weight: w, bias: b, stride, padding, ...options } as never);
  const { dense } = n;
  const layers = [
    ...[conv(n.first, 1), tanh(), n.max ? maxPool2d(2) : avgPool2d(2)],
    ...[conv(n.second, 2), sigmoid(), flatten()],
    linear(dense.w[0]!.length, dense.w.length, { weight: dense.w, bias: dense.b }),
  ];
  const model = sequential(...(layers as readonly Layer[] as [Layer]));
  return {
    family: "convolution",
    model,
    ...loss(
      n.softmax,
      [n, ...others].map(({ x }) => x),
      [n, ...others].map((of) => of.target),
    ),
    optimizer: settings,
  };
};

export function imageCases(seed: number): Case[] {
  const [m, a] = [imageNet(seed, true, true), imageNet(seed + 1, false, false)];
  const subjects = new Map([m, a].map((n) => [n, imageMade(n)]));
  const draw = numbers(seed + 400);
  const pick = (count: number) => Math.min(count - 1, Math.floor(draw(0, count)));
  const kernel = (key: string, n: Net, at: "first" | "second", wrong: WrongNet): Case => {
    const { dw } = imageGradients(n, wrong)[at];
    const place = [pick(2), pick(dw[0]!.length), pick(dw[0]![0]!.length), pick(dw[0]![0]!.length)];
    const [o, c, u, v] = place as [number, number, number, number];
    const name = `${at === "first" ? 0 : 3}.weight[${place.join(",")}]`;
    return [key, subjects.get(n)!, name, dw[o]![c]![u]![v]!];
  };
  const bias = (key: string, n: Net, at: "first" | "second", wrong: WrongNet): Case => {
    const o = pick(2);
    return [
      key,
      subjects.get(n)!,
      `${at === "first" ? 0 : 3}.bias[${o}]`,
      imageGradients(n, wrong)[at].db[o]!,
    ];
  };
  const one = () => 1;
  const [n1, n2] = seed % 2 ? [m, a] : [a, m];
  return [
    kernel("m_kernelNotFlipped", n1, "first", { second: { flipInput: true } }),
    kernel("m_kernelFlipped", n2, "second", { second: { flipWeight: true } }),
    kernel("m_kernelFlipped", n1, "first", { first: { flipWeight: true } }),
    kernel("m_convolved", n2, "first", { convolved: true }),
    kernel("m_onlyPosition", n1, "second", { second: { only: [0, 0] } }),
    kernel("m_onlyPosition", n2, "first", { first: { only: [3, 3] } }),
    kernel("m_positionMean", n1, "first", { first: { mean: true } }),
    bias("m_positionMean", n2, "second", { second: { mean: true } }),
    bias("m_onlyPosition", n1, "first", { first: { only: [1, 2] } }),
    // One of both has the stride 2.
    kernel("m_strideIgnored", seed % 2 ? m : a, "second", { second: { noStride: true } }),
    kernel("m_strideIgnored", seed % 2 ? m : a, "first", { second: { noStride: true } }),
    kernel("m_paddingIgnored", n1, "second", { second: { noPadding: true } }),
    kernel("m_paddingIgnored", n2, "first", { second: { noPadding: true } }),
    kernel("m_channelsNotExchanged", n1, "first", { second: { exchange: true } }),
    kernel("m_withoutWeights", n2, "first", { second: { ones: true } }),
    kernel("m_onlyChannel", n1, "first", { second: { channel: 1 } }),
    kernel("m_poolToAll", m, "first", { route: () => [1, 1, 1, 1] }),
    kernel("m_poolShared", m, "first", { route: shared }),
    kernel("m_poolToFirst", m, "first", { route: () => toOne(0) }),
    kernel("m_poolToLast", m, "first", { route: () => toOne(3) }),
    kernel("m_poolToSmallest", m, "first", {
      route: (window) => toOne(window.indexOf(Math.min(...window))),
    }),
    kernel("m_poolUnstretched", m, "first", { unstretched: true }),
    kernel("m_meanUndivided", a, "first", { route: () => [1, 1, 1, 1] }),
    kernel("m_meanToLargest", a, "first", { route: toLargest }),
    kernel("m_noSlopeHidden", n1, "first", { slopes: [one, sigmoidSlope] }),
    kernel("m_noSlopeHidden", n2, "second", { slopes: [tanhSlope, one] }),
    kernel("m_slopeOf", n2, "first", { slopes: [sigmoidSlope, sigmoidSlope] }),
    kernel("m_noSlopes", n1, "first", { slopes: [one, one] }),
  ];
}
