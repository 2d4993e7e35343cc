import { type Expression, index, subexpressions, valuesOf } from "../core/expression.ts";
import type { Shape } from "../core/shape.ts";
import { affine, fromAffine, rewriter } from "./affine.ts";
import type { Kernel } from "./program.ts";

/**
 * An elementwise kernel with neighbouring axes joined where every load runs through both in one
 * stride, and axes of size 1 dropped: fewer, longer loops. Kernels that use an index as a number
 * stay as they are.
 */
export function coalesce<K extends Extract<Kernel, { loop: "map" }>>(kernel: K): K {
  const { extents } = kernel;
  const loads = new Map<Expression, readonly number[]>();
  for (const { value } of kernel.stores) {
    for (const e of subexpressions(value)) {
      if (e.kind !== "load") continue;
      const form = affine(e.at, extents);
      if (form === undefined || e.when || e.bound) return kernel;
      loads.set(e, [form.base, ...form.coefficients]);
    }
    // An index outside of a load's place is a number in the result.
    if ([...valuesOf([value])].some((e) => e.kind === "index")) return kernel;
  }
  const forms = [...loads.values()];
  // Joined axes, innermost last, as lists of the original ones.
  const joined: number[][] = [];
  extents.forEach((n, axis) => {
    if (n === 1) return;
    const before = joined.at(-1);
    const last = before?.at(-1);
    const straight =
      last !== undefined && forms.every((form) => form[last + 1] === form[axis + 1]! * n);
    if (straight) before!.push(axis);
    else joined.push([axis]);
  });
  const shape: Shape = joined.map((axes) => axes.reduce((n, axis) => n * extents[axis]!, 1));
  const place = rewriter(index, (e) => {
    const form = affine(e.at, extents)!;
    const coefficients = joined.map((axes) => form.coefficients[axes.at(-1)!]!);
    return { ...e, at: fromAffine({ base: form.base, coefficients }) };
  });
  const stores = kernel.stores.map((s) => ({ ...s, value: place(s.value) }));
  return { ...kernel, extents: shape, stores };
}
