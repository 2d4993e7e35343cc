/**
 * The tensor's methods: operators, the tensor itself being the first operand, and reading. The same
 * operators exist as functions; a method only reads better in a chain.
 */
import { only } from "../core/at.ts";
import { asMethod } from "../core/call-site.ts";
import { display } from "../core/display.ts";
import type { DType, TypedArray } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import type { Below, Joint, Nested, Product, Ranked, RankOf } from "../core/rank.ts";
import { readValues, readValuesLater } from "../core/runtime.ts";
import { formatShape, type Shape } from "../core/shape.ts";
import { Tensor } from "../core/tensor.ts";
import {
  abs,
  add,
  div,
  isFinite,
  maximum,
  minimum,
  mul,
  neg,
  reciprocal,
  sign,
  square,
  sub,
} from "./arithmetic.ts";
import { broadcastTo, sum } from "./broadcast.ts";
import { cast } from "./cast.ts";
import {
  ceil,
  clamp,
  equal,
  floor,
  greater,
  greaterEqual,
  isNaN,
  less,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  notEqual,
  round,
  trunc,
  where,
} from "./compare.ts";
import { gather, scatterAdd, take } from "./indexing.ts";
import { matmul } from "./matmul.ts";
import { expandDims, flip, reshape, slice, sliceAt, squeeze, transpose } from "./move.ts";
import { pad } from "./padding.ts";
import { pow } from "./power.ts";
import { argmax, argmin, cumsum, logsumexp, max, mean, min, prod, variance } from "./reduce.ts";
import type { Reduces } from "./reduction.ts";
import {
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atanh,
  cos,
  cosh,
  erf,
  exp,
  expm1,
  log,
  log1p,
  relu,
  rsqrt,
  sigmoid,
  sin,
  sinh,
  softplus,
  sqrt,
  tan,
  tanh,
} from "./transcendental.ts";

/*
 * The operators that are methods: what is written in chains every day. The lists stay as they are, so
 * that a page does not grow with the library: other operators are functions, of which a bundler keeps
 * what is used. The names stand apart from the functions, since these take tensors themselves.
 */

/** y has the shape of x. */
type Elementwise =
  | ("abs" | "isFinite" | "neg" | "reciprocal" | "sign" | "square")
  | ("ceil" | "floor" | "isNaN" | "logicalNot" | "round" | "trunc")
  | ("acos" | "acosh" | "asin" | "asinh" | "atan" | "atanh")
  | ("cos" | "cosh" | "sin" | "sinh" | "tan" | "tanh")
  | (
      | "erf"
      | "exp"
      | "expm1"
      | "log"
      | "log1p"
      | "relu"
      | "rsqrt"
      | "sigmoid"
      | "softplus"
      | "sqrt"
    );
const elementwise: Record<Elementwise, unknown> = {
  ...{ abs, isFinite, neg, reciprocal, sign, square },
  ...{ ceil, floor, isNaN, logicalNot, round, trunc },
  ...{ acos, acosh, asin, asinh, atan, atanh, cos, cosh, sin, sinh, tan, tanh },
  ...{ erf, exp, expm1, log, log1p, relu, rsqrt, sigmoid, softplus, sqrt },
};

/** Two operands are broadcast to one shape. */
type Broadcasting =
  | ("add" | "div" | "maximum" | "minimum" | "mul" | "pow" | "sub")
  | ("equal" | "greater" | "greaterEqual" | "less" | "lessEqual" | "notEqual")
  | ("logicalAnd" | "logicalOr");
const broadcasting: Record<Broadcasting, unknown> = {
  ...{ add, div, maximum, minimum, mul, pow, sub },
  ...{ equal, greater, greaterEqual, less, lessEqual, notEqual, logicalAnd, logicalOr },
};

/** Axes disappear, by default all. */
type Reducing = "logsumexp" | "max" | "mean" | "min" | "prod" | "sum";
const reducing: Record<Reducing, unknown> = { logsumexp, max, mean, min, prod, sum };

/** The others, each with parameters of its own. */
interface Others {
  readonly argmax: Method<typeof argmax>;
  readonly argmin: Method<typeof argmin>;
  at<R extends number>(this: Tensor<R>, axis: number, position: number): Tensor<Below<R>>;
  broadcastTo<S extends Shape | []>(shape: S): Tensor<RankOf<S>>;
  cast<R extends number>(this: Tensor<R>, dtype: DType): Tensor<R>;
  clamp<R extends number>(this: Tensor<R>, ...bounds: Rest<typeof clamp>): Tensor<R>;
  cumsum<R extends number>(this: Tensor<R>, ...options: Rest<typeof cumsum>): Tensor<R>;
  readonly expandDims: Method<typeof expandDims>;
  flip<R extends number>(this: Tensor<R>, ...axis: Rest<typeof flip>): Tensor<R>;
  readonly gather: Method<typeof gather>;
  matmul<A extends number, B extends number>(this: Tensor<A>, b: Tensor<B>): Tensor<Product<A, B>>;
  pad<R extends number>(this: Tensor<R>, ...options: Rest<typeof pad>): Tensor<R>;
  reshape<S extends Shape | []>(shape: S): Tensor<RankOf<S>>;
  readonly scatterAdd: Method<typeof scatterAdd>;
  slice<R extends number>(this: Tensor<R>, ...options: Rest<typeof slice>): Tensor<R>;
  readonly squeeze: Method<typeof squeeze>;
  readonly take: Method<typeof take>;
  transpose<R extends number>(this: Tensor<R>, axes?: readonly number[]): Tensor<R>;
  readonly variance: Method<typeof variance>;
  readonly where: Method<typeof where>;
}
const others: Record<keyof Others, unknown> = {
  ...{ argmax, argmin, at: sliceAt, broadcastTo, cast, clamp, cumsum, expandDims, flip, gather },
  ...{ matmul, pad, reshape, scatterAdd, slice, squeeze, take, transpose, variance, where },
};

/** What a function takes behind its first argument. */
type Rest<F> = F extends (x: never, ...rest: infer Rest) => unknown ? Rest : never;
/** A function as a method: its first argument is the tensor itself. */
type Method<F> = F extends (...all: never[]) => infer Result ? (...rest: Rest<F>) => Result : never;

/**
 * Operators as methods of a tensor. They say of which rank the tensor is that they are called on, and
 * are the same for all, so that those of a union can be called.
 */
type Operators = {
  readonly [_ in Elementwise]: <R extends number>(this: Tensor<R>) => Tensor<R>;
} & {
  readonly [_ in Broadcasting]: <A extends number, B extends number = 0>(
    this: Tensor<A>,
    b: Tensor<B> | number,
  ) => Tensor<Joint<A, B>>;
} & {
  readonly [_ in Reducing]: Reduces;
} & Others;

/** Reading the values of a tensor. */
interface Reading {
  /** The elements in row-major order, computed now; the array is yours. */
  dataSync(): TypedArray;
  /** The same, also of what an asynchronous backend computes. */
  data(): Promise<TypedArray>;
  /** The elements as nested arrays, computed now: numbers, nested as deeply as there are axes. */
  arraySync<R extends number>(this: Tensor<R>): Nested<R>;
  /** The same, also of what an asynchronous backend computes. */
  array<R extends number>(this: Tensor<R>): Promise<Nested<R>>;
  /** The one element of a tensor of size 1. */
  item(): number;
  /**
   * Values, element type and shape, as in `tensor([1, 2.5], f32[2])`; rounded to four digits, and
   * shortened where there are more than a thousand elements. What is not computed yet is computed if
   * that is quick; else, and inside of a function that is being differentiated or compiled, "…"
   * stands for the values. `console.log` shows the same.
   */
  toString(): string;
}

declare module "../core/tensor.ts" {
  interface Tensor<R extends number> extends Ranked<R>, Operators, Reading {}
}

function nest(data: TypedArray, shape: Shape): Nested<number> {
  const [n, ...inner] = shape;
  if (n === undefined) return only(data);
  const step = n === 0 ? 0 : data.length / n;
  return Array.from({ length: n }, (_, i) => nest(data.subarray(i * step, (i + 1) * step), inner));
}

const reading: Omit<Reading, "array" | "arraySync"> &
  Record<"array" | "arraySync", () => unknown> &
  ThisType<Tensor> = {
  dataSync() {
    return only(readValues([this]));
  },
  async data() {
    return only(await readValuesLater([this]));
  },
  arraySync() {
    return nest(this.dataSync(), this.shape);
  },
  async array() {
    return nest(await this.data(), this.shape);
  },
  item() {
    if (this.size !== 1) {
      fail("shape-mismatch", {
        message: "item() reads the one element of a tensor.",
        expected: "a tensor of size 1",
        found: `shape ${formatShape(this.shape)}`,
        fix: "Use arraySync() or await array() to read all elements.",
      });
    }
    return only(this.dataSync());
  },
  toString() {
    return display(this);
  },
};

/**
 * How `console.log` asks in Node, Bun and Deno: by a symbol that anybody may name. It says how many
 * levels it still goes down.
 */
const inspection = {
  [Symbol.for("nodejs.util.inspect.custom")](this: Tensor, depth?: number): string {
    return display(this, !(Number(depth) < 0));
  },
};

/** The functions as methods: the tensor becomes their first operand. */
const methodsOf = (functions: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(functions).map(([name, f]) => [name, asMethod<Tensor>(f)]));
const operators = { ...elementwise, ...broadcasting, ...reducing, ...others };
Object.assign(Tensor.prototype, methodsOf(operators), reading, inspection);

export { Tensor };
