/**
 * The tensor's methods: operators, the tensor itself being the first operand, and reading. The same
 * operators exist as functions; a method only reads better in a chain.
 */
import { only } from "../core/at.ts";
import { display } from "../core/display.ts";
import type { TypedArray } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
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
import { expandDims, flip, pad, reshape, slice, sliceAt, squeeze, transpose } from "./move.ts";
import { pow } from "./power.ts";
import { argmax, argmin, cumsum, logsumexp, max, mean, min, prod, variance } from "./reduce.ts";
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

/**
 * The operators that are methods: what is written in chains every day. The list stays as it is, so
 * that a page does not grow with the library: other operators are functions, of which a bundler keeps
 * what is used.
 */
const operators = {
  ...{ abs, add, div, isFinite, maximum, minimum, mul, neg, reciprocal, sign, square, sub },
  ...{ broadcastTo, sum },
  ...{ cast },
  ...{
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
  },
  ...{ gather, scatterAdd, take },
  ...{ matmul },
  ...{ expandDims, flip, pad, reshape, slice, at: sliceAt, squeeze, transpose },
  ...{ pow },
  ...{ argmax, argmin, cumsum, logsumexp, max, mean, min, prod, variance },
  ...{
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
  },
};

/** A function as a method: its first argument is the tensor itself. */
type Method<F> = F extends (x: never, ...rest: infer Rest) => infer Result
  ? (...rest: Rest) => Result
  : never;
/** Operators as methods of a tensor. */
type Operators = {
  readonly [Name in keyof typeof operators]: Method<(typeof operators)[Name]>;
};

/** Numbers nested as deeply as the tensor has axes; a scalar is a bare number. */
type Nested = number | Nested[];

/** Reading the values of a tensor. */
interface Reading {
  /** The elements in row-major order, computed now; the array is yours. */
  dataSync(): TypedArray;
  /** The same, also of what an asynchronous backend computes. */
  data(): Promise<TypedArray>;
  /** The elements as nested arrays, computed now. */
  arraySync(): Nested;
  /** The same, also of what an asynchronous backend computes. */
  array(): Promise<Nested>;
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
  interface Tensor extends Operators, Reading {}
}

function nest(data: TypedArray, shape: Shape): Nested {
  const [n, ...inner] = shape;
  if (n === undefined) return only(data);
  const step = n === 0 ? 0 : data.length / n;
  return Array.from({ length: n }, (_, i) => nest(data.subarray(i * step, (i + 1) * step), inner));
}

const reading: Reading & ThisType<Tensor> = {
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
  Object.fromEntries(
    Object.entries(functions).map(([name, f]) => [
      name,
      function (this: Tensor, ...rest: readonly unknown[]): Tensor {
        return f(this, ...rest);
      },
    ]),
  );
Object.assign(Tensor.prototype, methodsOf(operators), reading, inspection);

export { Tensor };
