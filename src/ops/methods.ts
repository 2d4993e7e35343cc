/**
 * The tensor's methods: one per operator, the tensor itself being the first operand. The same
 * operators exist as functions; a method only reads better in a chain.
 */
import { only } from "../core/at.ts";
import type { DType, TypedArray } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { evaluate, evaluateLater } from "../core/runtime.ts";
import { formatShape, type Shape } from "../core/shape.ts";
import { Tensor } from "../core/tensor.ts";
import * as arithmetic from "./arithmetic.ts";
import { broadcastTo, sum } from "./broadcast.ts";
import { cast } from "./cast.ts";
import * as compare from "./compare.ts";
import * as indexing from "./indexing.ts";
import { matmul } from "./matmul.ts";
import * as move from "./move.ts";
import { pow } from "./power.ts";
import * as reduce from "./reduce.ts";
import * as transcendental from "./transcendental.ts";

const functions = {
  add: arithmetic.add,
  sub: arithmetic.sub,
  mul: arithmetic.mul,
  div: arithmetic.div,
  pow,
  maximum: arithmetic.maximum,
  minimum: arithmetic.minimum,
  neg: arithmetic.neg,
  abs: arithmetic.abs,
  sign: arithmetic.sign,
  square: arithmetic.square,
  reciprocal: arithmetic.reciprocal,
  sqrt: transcendental.sqrt,
  rsqrt: transcendental.rsqrt,
  exp: transcendental.exp,
  expm1: transcendental.expm1,
  log: transcendental.log,
  log1p: transcendental.log1p,
  sin: transcendental.sin,
  cos: transcendental.cos,
  tan: transcendental.tan,
  asin: transcendental.asin,
  acos: transcendental.acos,
  atan: transcendental.atan,
  sinh: transcendental.sinh,
  cosh: transcendental.cosh,
  tanh: transcendental.tanh,
  asinh: transcendental.asinh,
  acosh: transcendental.acosh,
  atanh: transcendental.atanh,
  erf: transcendental.erf,
  sigmoid: transcendental.sigmoid,
  relu: transcendental.relu,
  softplus: transcendental.softplus,
  equal: compare.equal,
  notEqual: compare.notEqual,
  less: compare.less,
  lessEqual: compare.lessEqual,
  greater: compare.greater,
  greaterEqual: compare.greaterEqual,
  logicalAnd: compare.logicalAnd,
  logicalOr: compare.logicalOr,
  logicalNot: compare.logicalNot,
  isNaN: compare.isNaN,
  isFinite: arithmetic.isFinite,
  where: compare.where,
  clamp: compare.clamp,
  floor: compare.floor,
  ceil: compare.ceil,
  round: compare.round,
  trunc: compare.trunc,
  cast,
  sum,
  prod: reduce.prod,
  mean: reduce.mean,
  variance: reduce.variance,
  max: reduce.max,
  min: reduce.min,
  argmax: reduce.argmax,
  argmin: reduce.argmin,
  logsumexp: reduce.logsumexp,
  cumsum: reduce.cumsum,
  reshape: move.reshape,
  transpose: move.transpose,
  broadcastTo,
  slice: move.slice,
  at: move.at,
  pad: move.pad,
  flip: move.flip,
  expandDims: move.expandDims,
  squeeze: move.squeeze,
  gather: indexing.gather,
  scatterAdd: indexing.scatterAdd,
  take: indexing.take,
  matmul,
} as const;

/** The functions that are methods, too, by name. */
type Functions = typeof functions;
/** A function as a method: its first argument is the tensor itself. */
type Method<F> = F extends (x: never, ...rest: infer Rest) => infer Result
  ? (...rest: Rest) => Result
  : never;
/** Operators as methods of a tensor. */
type Operators = { readonly [Name in keyof Functions]: Method<Functions[Name]> };

/** Numbers nested as deeply as the tensor has axes; a scalar is a bare number. */
export type Nested = number | Nested[];

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
    return only(evaluate([this]));
  },
  async data() {
    return only(await evaluateLater([this]));
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
    return `Tensor(${this.dtype as DType}${formatShape(this.shape)}, ${this.op.name})`;
  },
};

const methods = Object.fromEntries(
  Object.entries(functions).map(([name, f]) => [
    name,
    function (this: Tensor, ...rest: unknown[]): Tensor {
      return (f as (...all: unknown[]) => Tensor)(this, ...rest);
    },
  ]),
);
Object.assign(Tensor.prototype, methods, reading);

export { Tensor };
