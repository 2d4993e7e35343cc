/** How many elements are not 0, and whether any or all are; the extreme with its place. */
import { checkNames } from "../core/options.ts";
import { asTensor, axisOf, type Tensor } from "../core/tensor.ts";
import { sum } from "./broadcast.ts";
import { cast } from "./cast.ts";
import { equal, logicalNot, notEqual } from "./compare.ts";
import { gather } from "./indexing.ts";
import { squeeze } from "./move.ts";
import { argmax, argmin } from "./reduce.ts";
import type { ReduceOptions } from "./reduction.ts";

/** What is counted over; default all axes. */
export type CountOptions = Omit<ReduceOptions, "axes">;

/**
 * How many elements are not 0 over the axes (default all), as i32; NaN counts.
 *
 * @example countNonzero(x) with x = [0, 2, 3]
 */
export function countNonzero(x: Tensor, options: CountOptions = {}): Tensor {
  checkNames("countNonzero", options, ["axis", "keepDims"]);
  return sum(cast(cast(asTensor("countNonzero", x), "bool"), "i32"), options);
}
/**
 * Whether an element is not 0 over the axes (default all); of nothing false.
 *
 * @example any(x, { axis: 1 }) with x = [[0, 2], [0, 0]]
 */
export function any(x: Tensor, options: CountOptions = {}): Tensor {
  checkNames("any", options, ["axis", "keepDims"]);
  return notEqual(countNonzero(asTensor("any", x), options), 0);
}
/**
 * Whether no element is 0 over the axes (default all); of nothing true.
 *
 * @example all(x, { axis: 1 }) with x = [[1, 2], [0, 3]]
 */
export function all(x: Tensor, options: CountOptions = {}): Tensor {
  checkNames("all", options, ["axis", "keepDims"]);
  return equal(countNonzero(logicalNot(asTensor("all", x)), options), 0);
}

/** An extreme value along an axis, and where it stands. */
export interface ValueWithIndex {
  readonly values: Tensor;
  /** i32 */
  readonly indices: Tensor;
}

/** Along which axis (default the last), and whether it is kept with size 1. */
export interface WithIndexOptions {
  /** The axis. Default −1, the last. */
  readonly axis?: number;
  /** Whether it is kept with size 1. Default false. */
  readonly keepDims?: boolean;
}

const withIndex =
  (what: string, place: typeof argmax) =>
  (x: Tensor, options: WithIndexOptions = {}): ValueWithIndex => {
    checkNames(what, options, ["axis", "keepDims"]);
    const axis = axisOf(what, x, options.axis ?? -1);
    const indices = place(x, { axis, keepDims: true });
    const values = gather(x, indices, { axis });
    if (options.keepDims) return { values, indices };
    return { values: squeeze(values, axis), indices: squeeze(indices, axis) };
  };

/**
 * The largest element along an axis and its place, the first of equals: all of the gradient goes
 * there (torch.max with a dim). NaN is the largest.
 *
 * @example maxWithIndex(x).values with x = [1, 3, 3]
 */
export const maxWithIndex = withIndex("maxWithIndex", argmax);
/**
 * The smallest element along an axis and its place, the first of equals, as `maxWithIndex`.
 *
 * @example minWithIndex(x).indices with x = [2, 1, 1]
 */
export const minWithIndex = withIndex("minWithIndex", argmin);
