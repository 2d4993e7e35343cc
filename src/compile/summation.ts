/**
 * In what order the terms of a reduction are joined: it follows from the kernel alone, from its
 * sizes, its type and how its loads run, never from a machine's vectors, tiles or threads. So a
 * program gives the same bits wherever it is rendered.
 *
 * A sum starts from `beginning` (core/meaning.ts), which joined to a term gives that term: whether a
 * renderer joins it or leaves it out makes no difference.
 */
import { at } from "../core/at.ts";
import { isFloat } from "../core/dtype.ts";
import { type Expression, subexpressions } from "../core/expression.ts";
import { isPosition } from "../core/meaning.ts";
import { type Shape, sizeOf } from "../core/shape.ts";
import { linearForm } from "./affine.ts";
import { matrixProduct } from "./contraction.ts";
import type { Kernel } from "./program.ts";

type ReduceKernel = Extract<Kernel, { loop: "reduce" }>;

/** So many running sums has a row whose neighbouring terms lie side by side. */
export const runningSums = 8;
/** So many things at most are joined one after the other before their result is joined to others'. */
const longest = 128;
/** Terms of a block of a matrix product: both factors stay in the nearest cache. */
const longestOfProduct = 512;
/** So many neighbours are worth doing side by side. */
const fewest = 4;

/**
 * How one element is summed. `over` are sizes along the summed axes, each from some index on.
 *
 * - "terms": one after the other in row-major order.
 * - "row": terms along the last axis, all other sizes being 1: term i goes to running sum i mod 8,
 *   where it follows term i − 8; then sums 4 to 7 are joined to sums 0 to 3, sums 2 and 3 of these
 *   to 0 and 1, and sum 1 to 0.
 * - "parts": `count` parts one after the other, each `step` further along `axis`, then the rest.
 */
export type Sum =
  | { readonly kind: "terms"; readonly over: Shape }
  | { readonly kind: "row"; readonly over: Shape }
  | {
      readonly kind: "parts";
      readonly axis: number;
      readonly step: number;
      readonly count: number;
      readonly each: Sum;
      readonly rest: Sum | undefined;
    };

/**
 * A matrix product multiplies, then adds, its terms in row-major order, so many at a time; the sums
 * of these blocks are added one after the other. Everything else is a tree.
 */
export type Summation =
  | { readonly kind: "product"; readonly block: number }
  | { readonly kind: "tree"; readonly sum: Sum };

export function summation(kernel: ReduceKernel): Summation {
  const { over } = kernel;
  if (matrixProduct(kernel)) return { kind: "product", block: productBlock(sizeOf(over)) };
  return { kind: "tree", sum: tree(over, 0, isRow(kernel) ? "row" : "terms") };
}

/** Blocks of one size, but for the last, which may be a little shorter. */
export const productBlock = (terms: number): number =>
  Math.ceil(terms / Math.ceil(terms / longestOfProduct));

/**
 * The axes from `axis` on, those before being of size 1: in one sequence if they are few; else
 * along the axis, in parts of a power of `longest`, so that no sequence is longer.
 */
function tree(over: Shape, axis: number, leaf: "terms" | "row"): Sum {
  const isLast = axis >= over.length - 1;
  const few = leaf === "row" ? longest * runningSums : longest;
  if (sizeOf(over) <= few && (leaf === "terms" || isLast)) return { kind: leaf, over };
  const n = at(over, axis);
  let step = isLast ? few : 1;
  while (step * longest < n) step *= longest;
  const part = (size: number): Sum =>
    tree(over.with(axis, size), size === 1 && !isLast ? axis + 1 : axis, leaf);
  if (step >= n) return part(n);
  const count = Math.floor(n / step);
  const rest = n % step;
  return {
    kind: "parts",
    axis,
    step,
    count,
    each: part(step),
    rest: rest > 0 ? part(rest) : undefined,
  };
}

/** Whether terms of floating-point numbers lie side by side, while outputs do not. */
function isRow({ extents, over, combine, value }: ReduceKernel): boolean {
  if (!isFloat(value.dtype) || isPosition(combine) || over.length === 0) return false;
  const all = [...extents, ...over];
  const isSide = (axis: number): boolean =>
    (all[axis] ?? 0) >= fewest && neighbours(value, all, axis);
  return isSide(all.length - 1) && !isSide(extents.length - 1);
}

/** Whether neighbours along the axis are neighbours in memory, or in part the same element. */
export function neighbours(value: Expression, extents: Shape, axis: number): boolean {
  let found = false;
  for (const e of subexpressions([value])) {
    if (e.kind !== "load") continue;
    if (e.when || e.bound) return false;
    const step = linearForm(e.at, extents)?.coefficients[axis];
    if (step !== 0 && step !== 1) return false;
    found ||= step === 1;
  }
  return found;
}
