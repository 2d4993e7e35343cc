/** Builders of reductions: their records, and the functions that apply them. */
import { at } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import { type Expression, index, load, offset } from "../core/expression.ts";
import type { Combine, Op, Sampling, TensorType, Unary } from "../core/op.ts";
import { checkNames } from "../core/options.ts";
import type { Below } from "../core/rank.ts";
import { formatShape, type Shape, type SomeAxes, sizeOf } from "../core/shape.ts";
import { axesOf, node, type Tensor } from "../core/tensor.ts";
import { toNumber } from "./cast.ts";
import { reshape } from "./move.ts";

export type Axes = { readonly axes: readonly number[] };

export const kept = (shape: Shape, axes: readonly number[]): number[] =>
  shape.filter((_, axis) => !axes.includes(axis));
/** The shape with the reduced axes as 1, from which broadcasting restores the input's shape. */
export const keepDims = (shape: Shape, axes: readonly number[]): number[] =>
  shape.map((n, axis) => (axes.includes(axis) ? 1 : n));

export const f64Type = (...shape: number[]): TensorType => ({ dtype: "f64", shape });
export const cases: NonNullable<Sampling<Unary, Axes>["cases"]> = [
  { inputs: [f64Type(2, 3)], attributes: { axes: [0] } },
  { inputs: [f64Type(2, 3, 2)], attributes: { axes: [0, 2] } },
  { inputs: [f64Type(4)], attributes: { axes: [0] } },
  { inputs: [f64Type(2, 1)], attributes: { axes: [] } },
];

/** Index of the input element that the loop (output axes, then reduced axes) is at. */
function elementAt(x: TensorType, axes: readonly number[]): Expression {
  const rank = x.shape.length - axes.length;
  let [outer, inner] = [0, rank];
  const at = x.shape.map((_, axis) => index(axes.includes(axis) ? inner++ : outer++));
  return load(0, x.dtype, offset(x.shape, at));
}

/** The sizes of some axes. */
export const sizesOf = (shape: Shape, axes: readonly number[]): number[] =>
  axes.map((axis) => at(shape, axis));

type ReductionSpec = Pick<Op<Unary, Axes>, "name" | "derivative" | "law" | "notation"> & {
  readonly combine: Combine;
  /** Whether the reduction of nothing has a value. */
  readonly empty: boolean;
};

export const reduction = ({ combine, empty, ...rest }: ReductionSpec): Op<Unary, Axes> => ({
  ...rest,
  infer: ([x], { axes }) => {
    if (!empty && sizeOf(sizesOf(x.shape, axes)) === 0) {
      fail("bad-argument", {
        message: `${rest.name} of no elements has no value.`,
        expected: "at least one element along the reduced axes",
        found: formatShape(x.shape),
      });
    }
    const dtype = combine === "argmax" || combine === "argmin" ? "i32" : x.dtype;
    return { dtype, shape: kept(x.shape, axes) };
  },
  meaning: ([x], _y, { axes }) => ({
    loop: "reduce",
    combine,
    over: sizesOf(x.shape, axes),
    value: elementAt(x, axes),
  }),
  sampling: { cases },
});

export const sigma = (symbol: string, tex: string) => ({
  text: `${symbol} #0`,
  tex: `${tex} #0`,
  precedence: 2,
});

/** What a reduction runs over. */
export interface ReduceOptions {
  /** The axis to reduce over, or several; default all. */
  readonly axis?: SomeAxes;
  /** Keep the reduced axes with size 1. Default false. */
  readonly keepDims?: boolean;
  /** @deprecated The former spelling of `axis`. */
  readonly axes?: SomeAxes;
}

/** The axes that a call names, by either spelling. */
export function reduced(what: string, x: Tensor, { axis, axes }: ReduceOptions): number[] {
  if (axis !== undefined && axes !== undefined) {
    fail("bad-argument", {
      message: `${what} is given its axes twice.`,
      expected: "axis; axes is its former spelling",
      found: "axis and axes",
      fix: "Leave axes out.",
    });
  }
  return axesOf(what, x, axis === undefined ? axes : axis);
}

/** A reduction as a method. */
export interface Reduces {
  (): Tensor<0>;
  <R extends number>(
    this: Tensor<R>,
    options: ReduceOptions & { readonly keepDims: true },
  ): Tensor<R>;
  <R extends number>(this: Tensor<R>, options: OneAxis): Tensor<Below<R>>;
  (options?: ReduceOptions): Tensor;
}

/** The same as a function. */
export interface Reducer {
  (x: Tensor): Tensor<0>;
  <R extends number>(x: Tensor<R>, options: ReduceOptions & { readonly keepDims: true }): Tensor<R>;
  <R extends number>(x: Tensor<R>, options: OneAxis): Tensor<Below<R>>;
  (x: Tensor, options?: ReduceOptions): Tensor;
}

/** Reduces over one axis, which disappears. */
type OneAxis = ReduceOptions & { readonly axis: number; readonly keepDims?: false };

export const reducer =
  (op: Op<Unary, Axes>, element = toNumber): Reducer =>
  (x: Tensor, options: ReduceOptions = {}): Tensor => {
    checkNames(op.name, options, ["axis", "keepDims"], ["axes"]);
    const axes = reduced(op.name, x, options);
    const y = node(op, [element(x)], { axes });
    return options.keepDims ? reshape(y, keepDims(x.shape, axes)) : y;
  };
