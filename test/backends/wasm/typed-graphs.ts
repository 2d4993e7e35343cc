/**
 * Random graphs over all element types whose values are exact: small multiples of a power of two,
 * so that every order of summation and every rounding gives the same bits, and what jumps (casts
 * to integers, comparisons, positions of extremes) jumps in the same place.
 */
import { arrayOf, type DType, isFloat, type TypedArray } from "../../../src/core/dtype.ts";
import { nodesOf } from "../../../src/core/graph.ts";
import { uniformAt } from "../../../src/core/random.ts";
import { type Shape, sizeOf } from "../../../src/core/shape.ts";
import { node, type Tensor } from "../../../src/core/tensor.ts";
import * as arithmetic from "../../../src/ops/arithmetic.ts";
import { sum } from "../../../src/ops/broadcast.ts";
import { cast } from "../../../src/ops/cast.ts";
import * as compare from "../../../src/ops/compare.ts";
import { concatenate } from "../../../src/ops/concatenate.ts";
import { gather, oneHot, scatterAdd, take } from "../../../src/ops/indexing.ts";
import { input, range, scalar, tensor, zeros } from "../../../src/ops/leaf.ts";
import { matmul } from "../../../src/ops/matmul.ts";
import * as move from "../../../src/ops/move.ts";
import { pad } from "../../../src/ops/padding.ts";
import * as reduce from "../../../src/ops/reduce.ts";

/** What a graph is made of: a stream of random numbers. */
class Draw {
  readonly #seed: number;
  readonly #stream: number;
  #next = 0;

  constructor(seed: number, stream: number) {
    this.#seed = seed;
    this.#stream = stream;
  }

  /** 0 … n − 1 */
  below(n: number): number {
    return Math.floor(n * uniformAt(this.#seed, this.#stream, this.#next++));
  }

  from<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}

/** Sizes that fill no vector, one, or several with a rest. */
const sizes = [1, 2, 3, 4, 5, 8, 9];
/** The same, with enough elements for programs that are not written out. */
const largeSizes = [1, 7, 16, 17, 33, 50];
const types: readonly DType[] = ["f64", "f32", "i32", "bool"];

/** An exact tensor: |x| ≤ largest, a multiple of 1/parts. */
interface Exact {
  readonly t: Tensor;
  readonly largest: number;
  readonly parts: number;
}

/** Numbers up to here with their parts fill an f32's mantissa without rounding. */
const room = 2 ** 22;

/** Cuts values back to a range in which the next operators stay exact. */
function tame({ t, largest, parts }: Exact): Exact {
  if (t.dtype === "bool") return { t, largest: 1, parts: 1 };
  if (t.dtype === "i32") {
    return largest <= room
      ? { t, largest, parts }
      : { t: compare.clamp(t, { min: -9, max: 9 }), largest: 9, parts: 1 };
  }
  if (largest * parts <= room) return { t, largest, parts };
  // To halves, then between ±8: a multiplication by 2 is exact, and so is rounding.
  const halves = arithmetic.mul(
    compare.round(arithmetic.mul(compare.clamp(t, { min: -8, max: 8 }), 2)),
    0.5,
  );
  return { t: halves, largest: 8, parts: 2 };
}

const exact = (t: Tensor, largest: number, parts = 1): Exact => tame({ t, largest, parts });

/** The tensor's elements, repeated or cut off, in another shape. */
function fitted(x: Exact, shape: Shape): Exact {
  const n = sizeOf(shape);
  if (n === 0 || x.t.size === 0) return { ...x, t: cast(zeros(shape), x.t.dtype) };
  const places = Int32Array.from({ length: n }, (_, i) => (i * 7) % x.t.size);
  return { ...x, t: move.reshape(take(move.reshape(x.t, [x.t.size]), tensor(places)), shape) };
}

/** To a type: floats are rounded where the type has fewer digits, which the ranges never need. */
const as = (x: Exact, dtype: DType): Exact =>
  dtype === "bool"
    ? exact(cast(x.t, dtype), 1)
    : { ...x, t: cast(x.t, dtype), parts: isFloat(dtype) ? x.parts : 1 };
const number = (x: Exact): Exact => (x.t.dtype === "bool" ? as(x, "i32") : x);
const float = (x: Exact): Exact => (isFloat(x.t.dtype) ? x : as(x, "f32"));

type Make = (d: Draw, pick: () => Exact) => Exact;

/** Two operands of one type whose shapes broadcasting combines. */
function pair(d: Draw, pick: () => Exact): [Exact, Exact] {
  const [a, b] = [number(pick()), number(pick())];
  const shape = a.t.shape.map((n) => (d.below(4) === 0 ? 1 : n)).slice(d.below(2) * d.below(2));
  return d.below(3) === 0 ? [fitted(b, shape), a] : [a, fitted(b, shape)];
}

const anyAxes = (d: Draw, x: Tensor): number[] =>
  x.shape.flatMap((_, axis) => (d.below(2) ? [axis] : []));
const anyAxis = (d: Draw, x: Tensor): number => d.below(x.rank);

const makers: readonly Make[] = [
  (d, pick) => {
    const [a, b] = pair(d, pick);
    const parts = Math.max(a.parts, b.parts);
    const f = d.from([arithmetic.add, arithmetic.sub]);
    return exact(f(a.t, b.t), a.largest + b.largest, parts);
  },
  (d, pick) => {
    const [a, b] = pair(d, pick);
    return exact(arithmetic.mul(a.t, b.t), a.largest * b.largest, a.parts * b.parts);
  },
  (d, pick) => {
    const [a, b] = pair(d, pick);
    const f = d.from([arithmetic.maximum, arithmetic.minimum]);
    return exact(f(a.t, b.t), Math.max(a.largest, b.largest), Math.max(a.parts, b.parts));
  },
  (d, pick) => {
    const [a, b] = pair(d, pick);
    const { equal, notEqual, less, lessEqual, greater, greaterEqual, logicalAnd, logicalOr } =
      compare;
    const relations = [
      equal,
      notEqual,
      less,
      lessEqual,
      greater,
      greaterEqual,
      logicalAnd,
      logicalOr,
    ];
    return exact(d.from(relations)(a.t, b.t), 1);
  },
  (d, pick) => {
    const [a, b] = pair(d, pick);
    const condition = fitted(pick(), d.below(2) ? a.t.shape : [1]);
    const t = compare.where(condition.t, a.t, b.t);
    return exact(t, Math.max(a.largest, b.largest), Math.max(a.parts, b.parts));
  },
  (d, pick) => {
    const x = number(pick());
    const { neg, abs, sign } = arithmetic;
    const { floor, ceil, round, trunc } = compare;
    const f = d.from([neg, abs, sign, floor, ceil, round, trunc]);
    return exact(f(x.t), x.largest + 1, x.parts);
  },
  (_, pick) => exact(compare.logicalNot(pick().t), 1),
  (d, pick) => {
    const x = number(pick());
    return exact(compare.clamp(x.t, { min: -d.below(3), max: d.below(4) }), x.largest, x.parts);
  },
  (d, pick) => as(pick(), d.from(types)),
  // A scalar of another width takes part without changing what the others are.
  (d, pick) => {
    const x = float(pick());
    const rate = d.from([0.5, 2, -1, 0.25]);
    const t = arithmetic.mul(x.t, cast(scalar(rate, "f64"), x.t.dtype));
    return exact(t, 2 * x.largest, 4 * x.parts);
  },
  (d, pick) => {
    const x = number(pick());
    const y = sum(x.t, { axis: anyAxes(d, x.t), keepDims: d.below(2) === 0 });
    return exact(y, x.largest * Math.max(1, x.t.size), x.parts);
  },
  (d, pick) => {
    const x = number(pick());
    if (x.t.size === 0) return x;
    const f = d.from([reduce.max, reduce.min]);
    return exact(f(x.t, { axis: anyAxes(d, x.t) }), x.largest, x.parts);
  },
  (d, pick) => {
    const x = number(pick());
    if (x.t.rank === 0 || x.t.size === 0) return x;
    const f = d.from([reduce.argmax, reduce.argmin]);
    return exact(f(x.t, { axis: anyAxis(d, x.t) }), x.t.size);
  },
  // Signs alone have products that stay exact.
  (d, pick) => {
    const x = number(pick());
    return exact(reduce.prod(arithmetic.sign(x.t), { axis: anyAxes(d, x.t) }), 1);
  },
  (d, pick) => {
    const x = number(pick());
    if (x.t.rank === 0) return x;
    const y = reduce.cumsum(x.t, { axis: anyAxis(d, x.t) });
    const backwards = d.below(2) ? move.flip(y, [anyAxis(d, x.t)]) : y;
    return exact(backwards, x.largest * Math.max(1, x.t.size), x.parts);
  },
  (d, pick) => {
    const [a, b] = [number(pick()), number(pick())];
    const [m, k, n] = [d.from(sizes), d.from([1, 2, 3, 8]), d.from(sizes)];
    const batch = d.from([[], [], [2], [1]]);
    const x = fitted(a, d.below(2) ? [...batch, m, k] : [k, m]);
    const y = fitted(b, d.below(2) ? [...batch, k, n] : [n, k]);
    const left = x.t.shape.at(-1) === k && x.t.shape.at(-2) === m ? x.t : move.transpose(x.t);
    const right = y.t.shape.at(-2) === k && y.t.shape.at(-1) === n ? y.t : move.transpose(y.t);
    return exact(matmul(left, right), k * a.largest * b.largest, a.parts * b.parts);
  },
  (d, pick) => {
    const x = pick();
    const order = x.t.shape.map((_, axis) => axis);
    for (let k = order.length - 1; k > 0; k--) {
      const j = d.below(k + 1);
      [order[k], order[j]] = [order[j]!, order[k]!];
    }
    return { ...x, t: move.transpose(x.t, order) };
  },
  (d, pick) => {
    const x = pick();
    return { ...x, t: move.reshape(x.t, d.from([[x.t.size], [1, x.t.size], [x.t.size, 1]])) };
  },
  (d, pick) => fitted(pick(), [1, d.from(sizes)]),
  (d, pick) => {
    const x = pick();
    const step = x.t.shape.map(() => 1 + d.below(2));
    const start = x.t.shape.map((n) => d.below(n + 1));
    return { ...x, t: move.slice(x.t, { start, step }) };
  },
  (d, pick) => {
    const x = pick();
    const [before, after] = [x.t.shape.map(() => d.below(3)), x.t.shape.map(() => d.below(3))];
    const padded = pad(x.t, { before, after, value: d.below(3) });
    return exact(padded, Math.max(x.largest, 2), x.parts);
  },
  (d, pick) => {
    const x = pick();
    return { ...x, t: move.flip(x.t, anyAxes(d, x.t)) };
  },
  (d, pick) => {
    const x = pick();
    if (x.t.rank === 0) return x;
    const axis = anyAxis(d, x.t);
    const other = fitted(as(pick(), x.t.dtype), x.t.shape.with(axis, d.below(4)));
    const t = concatenate(d.below(2) ? [x.t, other.t] : [other.t, x.t, other.t], axis);
    return exact(t, Math.max(x.largest, other.largest), Math.max(x.parts, other.parts));
  },
  (d, pick) => {
    const x = pick();
    if (x.t.size === 0 || x.t.rank === 0) return x;
    const axis = anyAxis(d, x.t);
    const at = positions(fitted(pick(), x.t.shape.with(axis, d.from(sizes))), x.t.shape[axis]!);
    return { ...x, t: gather(x.t, at, { axis }) };
  },
  (d, pick) => {
    const x = number(pick());
    if (x.t.size === 0 || x.t.rank === 0) return x;
    const axis = anyAxis(d, x.t);
    const updates = fitted(as(pick(), x.t.dtype), x.t.shape.with(axis, d.from(sizes)));
    const at = positions(fitted(pick(), updates.t.shape), x.t.shape[axis]!);
    const most = x.largest + updates.largest * updates.t.size;
    const t = scatterAdd(x.t, at, updates.t, { axis });
    return exact(t, most, Math.max(x.parts, updates.parts));
  },
  (d, pick) => exact(oneHot(as(number(pick()), "i32").t, 1 + d.below(5), d.from(types)), 1),
  (d) => {
    const n = d.from(sizes);
    return exact(range(n, d.from(["f64", "f32", "i32"] as const)), n);
  },
];

/** Any numbers as positions along an axis of n. */
function positions(x: Exact, n: number): Tensor {
  const whole = as(number(x), "i32").t;
  return compare.clamp(arithmetic.abs(whole), { min: 0, max: n - 1 });
}

export interface TypedGraph {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly values: readonly TypedArray[];
}

/**
 * Graph number `which` of a seed, with up to 24 operators, or so many of its first ones as are asked
 * for; every third result is an output, and the last.
 */
export function buildTyped(seed: number, which: number, most = 24): TypedGraph {
  const d = new Draw(seed, which);
  const scale = d.from([sizes, largeSizes]);
  const inputs = types.map((dtype, i) => {
    const shape = Array.from({ length: d.below(4) }, () => d.from(scale));
    return input(`x${i}`, d.below(12) === 0 ? [...shape, 0] : shape, dtype);
  });
  const values = inputs.map(({ dtype, size }, i) =>
    arrayOf(
      dtype,
      Array.from({ length: size }, (_, k) => element(dtype, (k + 1) * (2 * i + 3))),
    ),
  );
  const made: Exact[] = inputs.map((t) => exact(t, 8, isFloat(t.dtype) ? 2 : 1));
  const count = Math.min(most, 3 + d.below(22));
  for (let k = 0; k < count; k++) {
    // Recent results twice as often: chains are what is fused.
    const pick = () => made[Math.max(d.below(made.length), d.below(made.length))]!;
    const next = d.from(makers)(d, pick);
    if (next.t.size <= 5000) made.push(next);
  }
  const outputs = made.slice(inputs.length).filter((_, k) => k % 3 === 0 || k === count - 1);
  return { inputs, outputs: outputs.map(({ t }) => t), values };
}

/** Between −8 and 8, in halves for floats: irregular, with ties and zeros. */
function element(dtype: DType, k: number): number {
  const n = ((k * 2654435761) >>> 16) % 33;
  if (dtype === "bool") return n % 2;
  return dtype === "i32" ? (n % 17) - 8 : n / 2 - 8;
}

/** The same graph with f64 in place of every f32. */
export function widened({ inputs, outputs, values }: TypedGraph): TypedGraph {
  const wide = (x: unknown): unknown => {
    if (x === "f32") return "f64";
    return x instanceof Float32Array ? Float64Array.from(x) : x;
  };
  const made = new Map<Tensor, Tensor>();
  for (const n of nodesOf([...inputs, ...outputs])) {
    const attributes = Object.fromEntries(
      Object.entries(n.attributes).map(([name, value]) => [name, wide(value)]),
    );
    made.set(
      n,
      node(
        n.op,
        n.inputs.map((x) => made.get(x)!),
        attributes,
      ),
    );
  }
  return {
    inputs: inputs.map((x) => made.get(x)!),
    outputs: outputs.map((y) => made.get(y)!),
    values: values.map((v) => wide(v) as TypedArray),
  };
}
