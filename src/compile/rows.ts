/**
 * Batches of several sizes by one program. It is made for so many rows; for fewer it does the same
 * work, in which rows without meaning are computed and never read, but that sums over the batch take
 * fewer terms, and that the numbers that follow from its size (1/n) are others. Which program does for
 * which graph is seen in resized.ts; here it is said which kernels and numbers are kept open for that.
 */
import { isFloat } from "../core/dtype.ts";
import { leafData } from "../core/graph.ts";
import { isPosition } from "../core/meaning.ts";
import { sizeOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import type { Kernel } from "./program.ts";
import { summation } from "./summation.ts";

/**
 * Rows of programs that do for fewer, and the least that one does for: from there on how a loop is
 * written, and so the order of its sums, does not depend on them.
 */
export const rowLimits = { least: 16, most: 512 } as const;

/** The rows for which a program is kept open, if it is one of those. */
export const openRows = (rows: number | undefined): number | undefined =>
  rows !== undefined && rows > rowLimits.least && rows <= rowLimits.most ? rows : undefined;

/** Whether a number looks as if it followed from a multiple m of the rows: m, 1/m or m/(m − 1). */
export function followsRows(n: Tensor, rows: number): boolean {
  if (n.inputs.length > 0 || n.size !== 1 || !isFloat(n.dtype)) return false;
  const value = Math.abs(leafData(n)?.[0] ?? 0);
  if (value === 0) return false;
  return [value, 1 / value, 1 / (value - 1) + 1].some((m) => isWhole(m / rows));
}

const isWhole = (x: number): boolean => {
  const whole = Math.round(x);
  return whole > 0 && Math.abs(x - whole) < 1e-4 * whole;
};

/** A kernel, kept open where its first summed axis, `first`, is as long as a batch. */
export function opened(kernel: Kernel, first: number | undefined, rows: number): Kernel {
  if (first !== rows) return kernel;
  if (kernel.loop === "scatter") return { ...kernel, isCounted: true };
  if (kernel.loop !== "reduce" || isPosition(kernel.combine)) return kernel;
  return isInSequence(kernel) ? { ...kernel, isCounted: true } : kernel;
}

/** Whether fewer terms are joined as the first of these are. */
function isInSequence(kernel: Extract<Kernel, { loop: "reduce" }>): boolean {
  const order = summation(kernel);
  if (order.kind === "product") return order.block === sizeOf(kernel.over);
  const { sum } = order;
  if (sum.kind !== "parts") return true;
  return kernel.over.length === 1 && sum.each.kind !== "parts";
}

/** The axis of a batch in what a kernel sums or scatters, if it is the first. */
export const firstSize = (kernel: Kernel): number | undefined =>
  kernel.loop === "reduce"
    ? kernel.over[0]
    : kernel.loop === "scatter"
      ? kernel.extents[0]
      : undefined;

/** Whether a kernel is open: how long its first summed axis is is given when it runs. */
export const isCounted = (kernel: Kernel): boolean =>
  (kernel.loop === "reduce" || kernel.loop === "scatter") && kernel.isCounted === true;

type Counted = Extract<Kernel, { loop: "reduce" | "scatter" }>;

/** The kernels that are open, in order. */
export const countedKernels = (kernels: readonly Kernel[]): Counted[] =>
  kernels.filter((kernel): kernel is Counted => isCounted(kernel));

/** The length of their first axes for all rows. */
export const fullCounts = (kernels: readonly Kernel[]): number[] =>
  countedKernels(kernels).map((kernel) => firstSize(kernel) ?? 0);
