/**
 * Random graphs in which views stand between reductions and elementwise nodes: what a compiler that
 * reads through views can get wrong. Values are small whole numbers, so that the order of a sum does
 * not matter; a case is numbers alone, so that one that fails can be shrunk.
 */
import * as fc from "fast-check";
import { gradient } from "../../src/autodiff/gradient.ts";
import type { DType } from "../../src/core/dtype.ts";
import { isFloat } from "../../src/core/dtype.ts";
import { type Shape, sizeOf } from "../../src/core/shape.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { abs, add, maximum, minimum, mul, neg, square, sub } from "../../src/ops/arithmetic.ts";
import { broadcastTo, sum } from "../../src/ops/broadcast.ts";
import { cast } from "../../src/ops/cast.ts";
import { less, where } from "../../src/ops/compare.ts";
import { concatenate } from "../../src/ops/concatenate.ts";
import { gather, scatterAdd, take } from "../../src/ops/indexing.ts";
import { input, tensor, zeros } from "../../src/ops/leaf.ts";
import { matmul } from "../../src/ops/matmul.ts";
import * as move from "../../src/ops/move.ts";
import { pad } from "../../src/ops/padding.ts";
import { cumsum, max, min } from "../../src/ops/reduce.ts";

/** One operator: which, of which earlier tensors, and numbers that its settings are read from. */
interface Step {
  readonly kind: number;
  readonly of: number;
  readonly other: number;
  readonly settings: number;
}

export interface ViewCase {
  readonly dtype: number;
  /** What the first axis of every input is multiplied by. */
  readonly scale: number;
  readonly shapes: readonly Shape[];
  readonly steps: readonly Step[];
  /** 0: values; 1: and gradients; 2: and gradients of these. */
  readonly order: number;
  /** Which results are outputs beside the last one. */
  readonly outputs: number;
  /** 0: also with outputs that become inputs; 1: also read like any tensor; else compiled alone. */
  readonly how: number;
}

export interface ViewGraph {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

/** Cases of up to so many steps; one in `large` is beyond what is interpreted when it is read. */
export const viewCases = (steps: number, large = 1000): fc.Arbitrary<ViewCase> =>
  fc.record({
    dtype: fc.nat(7),
    scale: fc.oneof({ weight: large, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: big }),
    shapes: fc.array(fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }), {
      minLength: 1,
      maxLength: 3,
    }),
    steps: fc.array(
      fc.record({
        kind: fc.nat(makers.length - 1),
        of: fc.nat(99),
        other: fc.nat(99),
        settings: fc.nat(2 ** 30),
      }),
      { minLength: 1, maxLength: steps },
    ),
    order: fc.nat(2),
    outputs: fc.nat(7),
    how: fc.nat(3),
  });

const big = fc.constant(2000);

/** Larger results are left out. */
const mostElements = (scale: number): number => (scale === 1 ? 200 : 60_000);

/** Reads numbers below n from one number, digit by digit: 0 is the simplest of all settings. */
type Digits = (n: number) => number;

function digitsOf(settings: number): Digits {
  let rest = settings;
  return (n) => {
    const digit = rest % n;
    rest = Math.floor(rest / n);
    return digit;
  };
}

/** A tensor of whole numbers, none of them larger. */
interface Whole {
  readonly t: Tensor;
  readonly largest: number;
}

type Make = (x: Whole, other: Whole, d: Digits) => Whole;

const some = (d: Digits, x: Tensor): number[] =>
  x.shape.flatMap((_, axis) => (d(2) === 0 ? [axis] : []));

/** A shape with so many elements. */
function factored(d: Digits, size: number): number[] {
  const shape: number[] = [];
  let rest = size;
  for (let axes = d(3); axes > 0 && rest > 1; axes--) {
    const divisors = [2, 3, 4, 5, 6, 1].filter((n) => rest % n === 0);
    const n = divisors[d(divisors.length)]!;
    shape.push(n);
    rest /= n;
  }
  return [...shape, rest];
}

/** The elements in another shape, repeated or cut off where they are not as many. */
function fitted(x: Tensor, shape: Shape): Tensor {
  const size = sizeOf(shape);
  if (x.size === size) return move.reshape(x, shape);
  if (x.size === 1) return broadcastTo(move.reshape(x, []), shape);
  const flat = move.reshape(x, [x.size]);
  const part = size < x.size ? move.slice(flat, { end: [size] }) : repeated(flat, size);
  return move.reshape(part, shape);
}

function repeated(flat: Tensor, size: number): Tensor {
  const times = Math.ceil(size / flat.size);
  const rows = broadcastTo(flat, [times, flat.size]);
  return move.slice(move.reshape(rows, [times * flat.size]), { end: [size] });
}

/** Whole numbers as positions along an axis of n. */
const positions = (x: Tensor, n: number): Tensor => cast(minimum(abs(x), n - 1), "i32");

const view =
  (f: (x: Tensor, d: Digits, other: Tensor) => Tensor): Make =>
  (x, other, d) => ({ t: f(x.t, d, other.t), largest: x.largest });

const transposed = view((x, d) => {
  if (x.rank < 2) return x;
  const order = x.shape.map((_, axis) => x.rank - 1 - axis);
  for (let k = order.length - 1; k > 0; k--) {
    const j = k - d(k + 1);
    [order[k], order[j]] = [order[j]!, order[k]!];
  }
  return move.transpose(x, order);
});

const reshaped = view((x, d) => move.reshape(x, factored(d, x.size)));

/** The identity in disguise, in another shape: what two moves do to each other. */
const thereAndBack = view((x, d) => {
  const y = move.reshape(x, factored(d, x.size));
  if (d(3) === 2) return move.flip(move.flip(y, [0]), [0]);
  const order = y.shape.map((_, axis) => y.rank - 1 - axis);
  const back = order.map((_, axis) => order.indexOf(axis));
  return move.transpose(move.transpose(y, order), back);
});

const makers: readonly Make[] = [
  transposed,
  thereAndBack,
  reshaped,
  (x, other, d) => transposed(reshaped(x, other, d), other, d),
  (x, other, d) => transposed(reshaped(transposed(x, other, d), other, d), other, d),
  view((x, d) => move.flip(x, some(d, x))),
  view((x, d) => {
    const step = x.shape.map(() => 1 + d(2));
    const start = x.shape.map((n) => d(Math.min(n, 2)));
    return move.slice(x, { start, step });
  }),
  view((x, d) => {
    const [before, after] = [x.shape.map(() => d(2)), x.shape.map(() => d(2))];
    return pad(x, { before, after, value: d(2) });
  }),
  view((x, d) => broadcastTo(x, [2 + d(2), ...x.shape])),
  view((x, d) => {
    const shape = x.shape.map((n) => (n === 1 ? 1 + d(3) : n));
    return broadcastTo(x, shape);
  }),
  view((x, d, other) => {
    if (x.rank === 0) return x;
    const axis = d(x.rank);
    const piece = fitted(other, x.shape.with(axis, 1 + d(3)));
    return concatenate(d(2) === 0 ? [x, piece] : [piece, x, x], axis);
  }),
  view((x, d, other) => {
    if (x.rank === 0) return x;
    const axis = d(x.rank);
    const at = fitted(other, x.shape.with(axis, 1 + d(4)));
    return gather(x, positions(at, x.shape[axis]!), { axis });
  }),
  view((x, d) => {
    if (x.rank === 0) return x;
    const axis = d(x.rank);
    const n = x.shape[axis]!;
    return take(x, tensor(Int32Array.from([n - 1, 0, d(n), d(n)])), { axis });
  }),
  (x, other, d) => {
    if (x.t.rank === 0) return x;
    const axis = d(x.t.rank);
    const updates = fitted(other.t, x.t.shape.with(axis, 1 + d(3)));
    const at = positions(fitted(x.t, updates.shape), x.t.shape[axis]!);
    const t = scatterAdd(x.t, at, updates, { axis });
    return { t, largest: x.largest + updates.size * other.largest };
  },
  ({ t, largest }, _, d) => {
    const f = [neg, abs, (x: Tensor) => mul(x, 2), (x: Tensor) => sub(x, 1), square][d(5)]!;
    return { t: f(t), largest: Math.max(2 * largest + 1, largest * largest) };
  },
  (x, other, d) => {
    const y = fitted(other.t, x.t.shape);
    const f = [add, sub, mul, maximum, minimum][d(5)]!;
    const [a, b] = [x.largest, other.largest];
    return { t: d(2) === 0 ? f(x.t, y) : f(y, x.t), largest: Math.max(a + b, a * b) };
  },
  (x, other) => {
    const y = fitted(other.t, x.t.shape);
    return { t: where(less(x.t, y), x.t, mul(y, 2)), largest: x.largest + 2 * other.largest };
  },
  // Smaller operands take part by broadcasting.
  (x, other, d) => {
    const y = fitted(other.t, x.t.shape.map((n) => (d(2) === 0 ? 1 : n)).slice(d(2)));
    return { t: add(x.t, y), largest: x.largest + other.largest };
  },
  (x, _, d) => {
    const t = sum(x.t, { axes: some(d, x.t), keepDims: d(2) === 1 });
    return { t, largest: x.largest * x.t.size };
  },
  (x, _, d) => {
    const f = [max, min][d(2)]!;
    return { t: f(x.t, { axes: some(d, x.t), keepDims: d(2) === 1 }), largest: x.largest };
  },
  (x, _, d) =>
    x.t.rank === 0 ? x : { t: cumsum(x.t, { axis: d(x.t.rank) }), largest: x.largest * x.t.size },
  (x, other, d) => {
    const divisors = [1, 2, 3, 4].filter((k) => x.t.size % k === 0);
    const k = divisors[d(divisors.length)]!;
    const rows = move.reshape(x.t, [x.t.size / k, k]);
    const columns = move.transpose(fitted(other.t, [1 + d(3), k]));
    return { t: matmul(rows, columns), largest: k * x.largest * other.largest };
  },
];

/** Numbers that are too large for the next product are cut back. */
function tame({ t, largest }: Whole): Whole {
  if (largest <= 200) return { t, largest };
  return { t: maximum(minimum(t, 9), -9), largest: 9 };
}

const types: readonly DType[] = ["f64", "f64", "f64", "f64", "f64", "f64", "f32", "i32"];

/** Makes input number i. */
type Leaf = (i: number, shape: Shape, dtype: DType) => Tensor;

const placeholder: Leaf = (i, shape, dtype) => input(`x${i}`, shape, dtype);

export function buildViews(c: ViewCase, leaf: Leaf = placeholder): ViewGraph {
  const dtype = types[c.dtype]!;
  const inputs = c.shapes.map((shape, i) => {
    const [first = 1, ...others] = shape;
    return leaf(i, c.scale === 1 ? shape : [first * c.scale, ...others], dtype);
  });
  const made: Whole[] = inputs.map((t) => ({ t, largest: 3 }));
  for (const { kind, of, other, settings } of c.steps) {
    // Mostly the last one: chains are what is fused.
    const x = made[of % 3 === 0 ? of % made.length : made.length - 1]!;
    const next = tame(makers[kind]!(x, made[other % made.length]!, digitsOf(settings)));
    if (next.t.size > 0 && next.t.size <= mostElements(c.scale)) made.push(next);
  }
  const values = made.slice(inputs.length).filter((_, k) => (k & c.outputs) === 0);
  const results = [...new Set([...values, made.at(-1)!].map(({ t }) => t))];
  if (!isFloat(dtype) || c.order === 0) return { inputs, outputs: results };
  const loss = results.map((y) => sum(mul(y, pattern(y.shape, dtype)))).reduce((a, b) => add(a, b));
  const slopes = gradient(loss, inputs);
  if (c.order === 1) return { inputs, outputs: [...results, ...slopes] };
  const total = slopes.map((g) => sum(square(g))).reduce((a, b) => add(a, b));
  return { inputs, outputs: [...results, ...slopes, ...gradient(total, inputs)] };
}

/** 1, 2, −1, 1, 2, −1 …: every element of a gradient has its own part. */
function pattern(shape: Shape, dtype: DType): Tensor {
  const size = sizeOf(shape);
  if (size === 0) return zeros(shape, dtype);
  const data = Float64Array.from({ length: size }, (_, i) => [1, 2, -1][i % 3]!);
  return tensor(data, { shape, dtype });
}
