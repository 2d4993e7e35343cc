/**
 * How a loop over positions is cut into units that threads share: pieces of its outermost axis. Each
 * position is computed for itself, so the bits do not depend on it; neither does it depend on the
 * number of threads.
 */
import { at } from "../core/at.ts";
import { subexpressions, valuesOf } from "../core/expression.ts";
import { sizeOf } from "../core/shape.ts";
import type { Kernel } from "./program.ts";

interface Units {
  readonly axis: number;
  /** Indices of a unit along the axis; the last may have fewer. */
  readonly size: number;
  readonly count: number;
}

/** More units than this share the work no better. */
const most = 64;
/** Along the axis of vectors and cache lines, units begin at multiples of this many elements. */
const aligned = 64;

/** The units of a loop, each with work of `least` operations or more; none for less work than two. */
export function unitsOf(
  kernel: Extract<Kernel, { loop: "map" | "reduce" | "scatter" }>,
  least: number,
): Units | undefined {
  const { extents, stores } = kernel;
  const axis = extents.findIndex((size) => size > 1);
  if (axis < 0) return undefined;
  const n = at(extents, axis);
  const work = operationsOf(kernel) / n;
  const even = Math.max(1, Math.ceil(least / work), Math.ceil(n / most));
  const size = axis < extents.length - 1 ? even : Math.ceil(even / aligned) * aligned;
  const count = Math.ceil(n / size);
  return count > 1 && stores.length > 0 ? { axis, size, count } : undefined;
}

/** About how many elements a kernel reads and computes. */
export function operationsOf(kernel: Kernel): number {
  const each = [...valuesOf(kernel.stores.map((s) => s.value))].length;
  if (kernel.loop === "repeat") {
    const { length, kernels } = kernel.repeat;
    return length * kernels.reduce((sum, k) => sum + operationsOf(k), 0);
  }
  if (kernel.loop === "map") return sizeOf(kernel.extents) * each;
  const inner = subexpressions(kernel.value).length;
  const over =
    kernel.loop === "reduce"
      ? sizeOf(kernel.over)
      : kernel.loop === "order"
        ? 8 * (32 - Math.clz32(at(kernel.extents, kernel.axis)))
        : 1;
  return sizeOf(kernel.extents) * (each + inner * over);
}
