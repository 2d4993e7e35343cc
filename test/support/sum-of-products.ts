/** Sums of products that no operator of ours means: any axes summed, windows, flips and guards. */
import { at } from "../../src/core/at.ts";
import type { DType } from "../../src/core/dtype.ts";
import {
  apply,
  constant,
  type Expression,
  index,
  load,
  offset,
  plus,
  times,
} from "../../src/core/expression.ts";
import type { Binary, Op } from "../../src/core/op.ts";
import type { Shape } from "../../src/core/shape.ts";
import { node, type Tensor } from "../../src/core/tensor.ts";

/** Where along one axis of a factor: base + Σ step·index, then ÷ gap where that leaves no rest. */
export interface Position {
  readonly base: number;
  readonly steps: readonly (readonly [axis: number, step: number])[];
  /** Distance of the elements; between them is `otherwise`. Default 1. */
  readonly gap?: number;
}

/** A factor: its place axis by axis, and what stands outside of it; without that nothing may. */
export interface Reading {
  readonly positions: readonly Position[];
  readonly otherwise?: number;
}

interface Product {
  readonly shape: Shape;
  readonly over: Shape;
  readonly readings: readonly [Reading, Reading];
}

const i32 = (n: number) => constant(n, "i32");
const placed = ({ base, steps }: Position): Expression =>
  plus(
    steps.reduce<Expression>((sum, [axis, step]) => plus(sum, times(index(axis), step)), i32(0)),
    base,
  );

function reading(k: number, dtype: DType, shape: Shape, { positions, otherwise }: Reading) {
  const conditions: Expression[] = [];
  const place = positions.map((position, axis) => {
    const along = placed(position);
    const gap = position.gap ?? 1;
    const size = at(shape, axis);
    if (otherwise !== undefined) {
      conditions.push(apply("lessEqual", i32(0), along), apply("less", along, i32(size * gap)));
    }
    if (gap === 1) return along;
    conditions.push(apply("equal", apply("mod", along, i32(gap)), i32(0)));
    return apply("floorDiv", along, i32(gap));
  });
  const [first, ...others] = conditions;
  const when = first && others.reduce((all, c) => apply("and", all, c), first);
  return load(k, dtype, offset(shape, place), when ? { when, otherwise: otherwise ?? 0 } : {});
}

export const sumOfProductsOp: Op<Binary, Product & Record<string, unknown>> = {
  name: "sumOfProducts",
  infer: ([a], { shape }) => ({ dtype: a.dtype, shape }),
  meaning: ([a, b], _y, { over, readings: [p, q] }) => ({
    loop: "reduce",
    over,
    combine: "sum",
    value: apply("mul", reading(0, a.dtype, a.shape, p), reading(1, b.dtype, b.shape, q)),
  }),
  derivative: { kind: "missing", reason: "it is for tests" },
  law: { en: "", zh: "" },
  notation: { text: "sumOfProducts(#*)", tex: "", precedence: 5 },
};

/** y[i] = Σ_r a[…]·b[…] */
export const sumOfProducts = (a: Tensor, b: Tensor, product: Product): Tensor =>
  node(sumOfProductsOp, [a, b], { ...product });

export interface Convolution {
  readonly batch: number;
  readonly groups?: number;
  /** Channels of a group that go in and come out. */
  readonly from: number;
  readonly to: number;
  /** Size of the images and of the kernel, axis by axis. */
  readonly size: Shape;
  readonly kernel: Shape;
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
}

/** What comes out, axis by axis. */
export const outSize = (c: Convolution): number[] =>
  c.size.map((n, k) => {
    const reach = (at(c.kernel, k) - 1) * (c.dilation ?? 1) + 1;
    return Math.floor((n + 2 * (c.padding ?? 0) - reach) / (c.stride ?? 1)) + 1;
  });

/** x [batch, groups, from, …] and w [groups, to, from, …] give y [batch, groups, to, …]. */
export function convolution(x: Tensor, w: Tensor, c: Convolution): Tensor {
  const { batch, groups = 1, from, to, kernel, stride = 1, padding = 0, dilation = 1 } = c;
  const out = outSize(c);
  const n = out.length;
  const [channels, first] = [3 + n, 4 + n];
  const own = (axis: number): Position => ({ base: 0, steps: [[axis, 1]] });
  const window = out.map(
    (_, k): Position => ({
      base: -padding,
      steps: [
        [3 + k, stride],
        [first + k, dilation],
      ],
    }),
  );
  const inside = out.map((_, k) => own(first + k));
  return sumOfProducts(x, w, {
    shape: [batch, groups, to, ...out],
    over: [from, ...kernel],
    readings: [
      { positions: [own(0), own(1), own(channels), ...window], otherwise: 0 },
      { positions: [own(1), own(2), own(channels), ...inside] },
    ],
  });
}

/** The same with channels last: x [batch, …, from], w […, from, to], y [batch, …, to]. */
export function channelsLast(x: Tensor, w: Tensor, c: Convolution): Tensor {
  const { batch, from, to, kernel, stride = 1, padding = 0, dilation = 1 } = c;
  const out = outSize(c);
  const n = out.length;
  const own = (axis: number): Position => ({ base: 0, steps: [[axis, 1]] });
  const first = 2 + n;
  const window = out.map(
    (_, k): Position => ({
      base: -padding,
      steps: [
        [1 + k, stride],
        [first + k, dilation],
      ],
    }),
  );
  return sumOfProducts(x, w, {
    shape: [batch, ...out, to],
    over: [...kernel, from],
    readings: [
      { positions: [own(0), ...window, own(first + n)], otherwise: 0 },
      { positions: [...out.map((_, k) => own(first + k)), own(first + n), own(1 + n)] },
    ],
  });
}

/** ∂E/∂w: sums over batch and positions. */
export function weightGradient(x: Tensor, g: Tensor, c: Convolution): Tensor {
  const { batch, groups = 1, from, to, kernel, stride = 1, padding = 0, dilation = 1 } = c;
  const out = outSize(c);
  const n = out.length;
  const own = (axis: number): Position => ({ base: 0, steps: [[axis, 1]] });
  const first = 3 + n;
  const window = out.map(
    (_, k): Position => ({
      base: -padding,
      steps: [
        [first + 1 + k, stride],
        [3 + k, dilation],
      ],
    }),
  );
  return sumOfProducts(g, x, {
    shape: [groups, to, from, ...kernel],
    over: [batch, ...out],
    readings: [
      { positions: [own(first), own(0), own(1), ...out.map((_, k) => own(first + 1 + k))] },
      { positions: [own(first), own(0), own(2), ...window], otherwise: 0 },
    ],
  });
}

/** ∂E/∂x: where the stride leaves gaps, and outside, g counts as 0. */
export function inputGradient(g: Tensor, w: Tensor, c: Convolution): Tensor {
  const { batch, groups = 1, from, to, kernel, stride = 1, padding = 0, dilation = 1 } = c;
  const n = kernel.length;
  const own = (axis: number): Position => ({ base: 0, steps: [[axis, 1]] });
  const first = 3 + n;
  const window = kernel.map(
    (_, k): Position => ({
      base: padding,
      steps: [
        [3 + k, 1],
        [first + 1 + k, -dilation],
      ],
      gap: stride,
    }),
  );
  return sumOfProducts(g, w, {
    shape: [batch, groups, from, ...c.size],
    over: [to, ...kernel],
    readings: [
      { positions: [own(0), own(1), own(first), ...window], otherwise: 0 },
      { positions: [own(1), own(first), own(2), ...kernel.map((_, k) => own(first + 1 + k))] },
    ],
  });
}
