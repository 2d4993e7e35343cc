/**
 * Sums of products of two elements whose places follow from the loop's indices: matrix products in
 * every transposition, and whatever reads its factors in windows, backwards or behind a guard
 * (convolutions and their gradients). They are recognised here, for all backends.
 */
import { at } from "../core/at.ts";
import { isFloat } from "../core/dtype.ts";
import { type Expression, type Load, operands, subexpressions } from "../core/expression.ts";
import type { Combine } from "../core/op.ts";
import { type Shape, sizeOf } from "../core/shape.ts";
import { type Affine, linearForm } from "./affine.ts";
import { type Guard, guardOf } from "./guard.ts";
import { isNumbered, joinAxes, runsOn } from "./joined.ts";
import type { Kernel } from "./program.ts";

/** One factor: which input, and where its elements are in the outer and the summed indices. */
interface Factor {
  readonly value: Load;
  readonly input: number;
  readonly at: Expression;
  /** The place as a linear form, where it is one. */
  readonly form: Affine | undefined;
  readonly guard: Guard;
}

/** A loop that reduces: an operator's meaning, or a kernel. */
interface Reduction {
  readonly over: Shape;
  readonly combine: Combine;
  readonly value: Expression;
}

/** The two factors, in the order in which they are multiplied. */
export function contractionFactors(
  { combine, over, value }: Reduction,
  extents: Shape,
): readonly [Factor, Factor] | undefined {
  if (combine !== "sum" || value.kind !== "apply" || value.fn !== "mul") return undefined;
  const all = [...extents, ...over];
  const [p, q] = value.args.map((e) => factor(e, all));
  return p && q && [p, q];
}

function factor(e: Expression, extents: Shape): Factor | undefined {
  if (e.kind !== "load" || e.bound) return undefined;
  const { input, at, when, otherwise } = e;
  const isData = (x: Expression): boolean => x.kind === "load";
  if (operands(e).some((x) => subexpressions(x).some(isData))) return undefined;
  return {
    value: e,
    input,
    at,
    form: linearForm(at, extents),
    guard: guardOf(when, otherwise, extents),
  };
}

/** A factor that is read where it lies: its place is linear in the outer and the one summed index. */
interface Straight {
  readonly kind: "straight";
  readonly input: number;
  /** In the product's extents and, behind them, the summed index. */
  readonly form: Affine;
}

/**
 * A factor that is copied side by side before it is multiplied: its steps along the terms are not
 * one, or go backwards, or a guard says where it is read at all.
 */
export interface Packed extends Factor {
  readonly kind: "packed";
  /** The loop as this factor sees it: what it runs through in one stride is one axis. */
  readonly extents: Shape;
  readonly over: Shape;
}

export type Side = Straight | Packed;

/** y[…, m, n] = Σ_k a[…, m, k]·b[…, k, n], whatever the strides. */
export interface MatrixProduct {
  readonly dtype: "f32" | "f64";
  /**
   * The outer loop. Output axes that are columns together stand as one, the innermost of them; the
   * others have size 1, so that every axis keeps its number.
   */
  readonly extents: Shape;
  readonly a: Side;
  readonly b: Side;
  /** The output axes of rows (−1: one row) and columns. */
  readonly rows: number;
  readonly columns: number;
  /** Sizes: rows, columns, and terms of a sum (all summed axes, in row-major order). */
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

type ReduceKernel = Extract<Kernel, { loop: "reduce" }>;

/** Of fewer columns a product is summed like any other kernel; the same number on all machines. */
const leastColumns = 4;
/** Rows that fill register tiles; columns for which a factor is read where it lies. */
const manyRows = 8;
const manyColumns = 16;
/** Rows below which a factor whose terms lie side by side is summed along them, not copied. */
const fewRows = 3;

/** How the kernel is a matrix product. */
export function matrixProduct(kernel: ReduceKernel): MatrixProduct | undefined {
  const { extents, over, value } = kernel;
  const { dtype } = value;
  const k = sizeOf(over);
  if (over.length === 0 || k === 0 || !isFloat(dtype)) return undefined;
  const factors = contractionFactors(kernel, extents);
  if (factors === undefined) return undefined;
  const columns = extents.findLastIndex((size) => size > 1);
  if (columns < 0) return undefined;
  const [p, q] = factors;
  const inP = varies(p, columns);
  if (inP === varies(q, columns)) return undefined;
  const [a, b] = inP ? [q, p] : [p, q];
  const isColumn = (axis: number): boolean => varies(b, axis) && !varies(a, axis);
  const isRow = (axis: number): boolean => varies(a, axis) && !varies(b, axis);
  const cut = (first: number): MatrixProduct | undefined => {
    const joined = joinAxes(extents, first, columns + 1, () => true);
    const n = at(joined, columns);
    const rows = rowsOf(extents.slice(0, first), isRow, over.length > 1);
    const m = extents[rows] ?? 1;
    if (n < leastColumns) return undefined;
    const axes = { extents, over, joined, steps: [rows, columns] };
    const sides = { a: sideOf(a, axes), b: sideOf(b, axes) };
    return { dtype, extents: joined, ...sides, rows, columns, m, n, k };
  };
  const alone = cut(columns);
  const isPlain = alone?.a.kind === "straight" && alone.b.kind === "straight";
  if (isPlain && over.length === 1 && alone.n >= manyColumns) return alone;
  let [first, straight] = [columns, columns];
  while (first > 0 && (extents[first - 1] === 1 || isColumn(first - 1))) {
    first--;
  }
  const stores = kernel.stores.map((s) => s.value);
  while (first < columns && !isNumbered(stores, extents, first, columns + 1)) first++;
  while (straight > first && cut(straight - 1)?.b.kind === "straight") straight--;
  const lying = cut(straight);
  if (lying?.b.kind === "straight" && lying.n >= manyColumns) return lying;
  if (isPlain && over.length === 1) return alone;
  const most = cut(first);
  return most && most.m < fewRows && isAlong(most.b, columns) ? undefined : most;
}

/** Whether the terms of a factor that is to be packed lie side by side, but its columns do not. */
function isAlong(b: Side, columns: number): boolean {
  if (b.kind === "straight" || b.form === undefined || b.guard.axes.size > 0) return false;
  const terms = b.over.findLastIndex((size) => size > 1);
  const { coefficients } = b.form;
  return coefficients[b.extents.length + terms] === 1 && coefficients[columns] !== 1;
}

/** Whether the loop sums products, both of whose factors change along every one of these axes. */
export function sumsProductsAlong(loop: Reduction, extents: Shape, axes: readonly number[]) {
  const factors = contractionFactors(loop, extents);
  return factors?.every((x) => axes.every((axis) => varies(x, axis))) === true;
}

/** The axis of rows: the innermost that fills tiles, or else the largest; −1 if there is none. */
function rowsOf(extents: Shape, isRow: (axis: number) => boolean, chooses: boolean): number {
  const fits = (least: number) =>
    extents.findLastIndex((size, axis) => size >= least && isRow(axis));
  if (!chooses) return fits(2);
  const many = fits(manyRows);
  if (many >= 0) return many;
  const sizes = extents.map((size, axis) => (isRow(axis) ? size : 0));
  return fits(Math.max(2, ...sizes));
}

/** Whether the factor depends on the index of an axis. */
function varies({ at, form, guard }: Factor, axis: number): boolean {
  if (guard.axes.has(axis)) return true;
  if (form) return form.coefficients[axis] !== 0;
  return subexpressions(at).some((e) => e.kind === "index" && e.axis === axis);
}

interface Axes {
  readonly extents: Shape;
  readonly over: Shape;
  /** The extents with the axes of columns as one. */
  readonly joined: Shape;
  /** Axes along which neighbours are offsets of instructions, which cannot be negative. */
  readonly steps: readonly number[];
}

function sideOf(x: Factor, { extents, over, joined, steps }: Axes): Side {
  const rank = extents.length;
  const all = [...extents, ...over];
  const straight = (outer: number, inner: number, size: number): boolean =>
    x.form !== undefined &&
    runsOn(x.form, outer, inner, size) &&
    !x.guard.axes.has(outer) &&
    !x.guard.axes.has(inner);
  // Where the product has one axis of columns, the factor may still have several.
  const first = joined.findIndex((size, axis) => size !== extents[axis]);
  const end = joined.findLastIndex((size, axis) => size !== extents[axis]) + 1;
  const outer = first < 0 ? extents : joinAxes(extents, first, end, straight);
  const inner = joinAxes(all, rank, all.length, straight).slice(rank);
  const isOne = outer.every((size, axis) => size === joined[axis]);
  const [along, ...others] = inner.flatMap((size, axis) => (size === 1 ? [] : [rank + axis]));
  const form = x.form && isOne && others.length === 0 && linearForm(x.at, [...outer, ...inner]);
  if (form && !x.guard.conditions.length && !x.guard.ranges.length) {
    const coefficients = [...form.coefficients.slice(0, rank), form.coefficients[along ?? -1] ?? 0];
    if ([...steps, rank].every((axis) => (coefficients[axis] ?? 0) >= 0)) {
      return { kind: "straight", input: x.input, form: { base: form.base, coefficients } };
    }
  }
  return { ...x, kind: "packed", extents: outer, over: inner };
}

/** Distance of neighbours along an axis of the loop, in elements; 0 for the axis −1. */
export const stride = (side: Side, axis: number): number =>
  side.kind === "straight" ? (side.form.coefficients[axis] ?? 0) : 0;
