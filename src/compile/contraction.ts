/**
 * Sums of products of two elements whose places are linear in the loop's indices: every matrix
 * product, in every transposition. They are recognised here, for all backends.
 */
import { type DType, isFloat } from "../core/dtype.ts";
import type { Expression } from "../core/expression.ts";
import type { Combine } from "../core/op.ts";
import type { Shape } from "../core/shape.ts";
import { type Affine, affine } from "./affine.ts";
import type { Kernel } from "./program.ts";

/** One factor: which input, and its place as a linear form in the outer and the summed indices. */
export interface Factor {
  readonly input: number;
  readonly form: Affine;
}

/** A loop that reduces: an operator's meaning, or a kernel. */
interface Reduction {
  readonly over: Shape;
  readonly combine: Combine;
  readonly value: Expression;
}

/** The two factors, in the order in which they are multiplied. */
export function contraction(
  { combine, over, value }: Reduction,
  extents: Shape,
): readonly [Factor, Factor] | undefined {
  if (combine !== "sum" || value.kind !== "apply" || value.fn !== "mul") return undefined;
  const all = [...extents, ...over];
  const [p, q] = value.args.map((e) => factor(e, all));
  return p && q && [p, q];
}

function factor(e: Expression, extents: Shape): Factor | undefined {
  if (e.kind !== "load" || e.when || e.bound) return undefined;
  const form = affine(e.at, extents);
  return form && { input: e.input, form };
}

/** y[…, m, n] = Σ_k a[…, m, k]·b[…, k, n], whatever the strides. */
export interface MatrixProduct {
  readonly dtype: "f32" | "f64";
  readonly a: Factor;
  readonly b: Factor;
  /** The output axes of rows (−1: one row) and columns. */
  readonly rows: number;
  readonly columns: number;
  /** Sizes: rows, columns, and terms of a sum. */
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

type ReduceKernel = Extract<Kernel, { loop: "reduce" }>;

/** How the kernel is a matrix product over one summed axis, of at least so many columns. */
export function matrixProduct(
  kernel: ReduceKernel,
  leastColumns: (dtype: DType) => number,
): MatrixProduct | undefined {
  const { extents, over, value } = kernel;
  const { dtype } = value;
  const [k = 0] = over;
  if (over.length !== 1 || k === 0 || !isFloat(dtype)) return undefined;
  const factors = contraction(kernel, extents);
  if (factors === undefined) return undefined;
  const columns = extents.findLastIndex((size) => size > 1);
  const n = extents[columns] ?? 1;
  if (columns < 0 || n < leastColumns(dtype)) return undefined;
  const [p, q] = factors;
  const inP = stride(p, columns) !== 0;
  if (inP === (stride(q, columns) !== 0)) return undefined;
  const [a, b] = inP ? [q, p] : [p, q];
  const rows = extents.findLastIndex(
    (size, axis) => size > 1 && axis < columns && stride(a, axis) !== 0 && stride(b, axis) === 0,
  );
  // Steps inside a tile are offsets of instructions, which cannot be negative (a flip's are).
  const steps = [a, b].flatMap((x) => [extents.length, rows, columns].map((i) => stride(x, i)));
  if (steps.some((step) => step < 0)) return undefined;
  return { dtype, a, b, rows, columns, m: extents[rows] ?? 1, n, k };
}

/** Distance of neighbours along an axis of the loop, in elements; 0 for the axis −1. */
export const stride = ({ form }: Factor, axis: number): number => form.coefficients[axis] ?? 0;
