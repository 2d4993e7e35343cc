import { at, entry } from "../core/at.ts";
import { type Expression, index, subexpressions, valuesOf } from "../core/expression.ts";
import { type Affine, fromAffine, linearForm, rewriter } from "./affine.ts";
import type { Kernel } from "./program.ts";

/**
 * An elementwise kernel with neighbouring axes joined where every load runs through both in one
 * stride, and axes of size 1 dropped: fewer, longer loops. Kernels that use an index as a number
 * stay as they are.
 */
export function coalesce<K extends Extract<Kernel, { loop: "map" }>>(kernel: K): K {
  const { extents } = kernel;
  const loads = new Map<Expression, Affine>();
  for (const { value } of kernel.stores) {
    for (const e of subexpressions(value)) {
      if (e.kind !== "load") continue;
      const form = linearForm(e.at, extents);
      if (form === undefined || e.when || e.bound) return kernel;
      loads.set(e, form);
    }
    // An index outside of a load's place is a number in the result.
    if ([...valuesOf([value])].some((e) => e.kind === "index")) return kernel;
  }
  const forms = [...loads.values()];
  // Joined axes: the innermost of the original ones, and how many turns they take together.
  const joined: { axis: number; size: number }[] = [];
  extents.forEach((n, axis) => {
    if (n === 1) return;
    const before = joined.at(-1);
    const isStraight = ({ coefficients }: Affine): boolean =>
      before !== undefined && at(coefficients, before.axis) === at(coefficients, axis) * n;
    if (before && forms.every(isStraight)) {
      before.axis = axis;
      before.size *= n;
    } else joined.push({ axis, size: n });
  });
  const place = rewriter(index, (e, original) => {
    const { base, coefficients } = entry(loads, original);
    const form = { base, coefficients: joined.map(({ axis }) => at(coefficients, axis)) };
    return { ...e, at: fromAffine(form) };
  });
  const stores = kernel.stores.map((s) => ({ ...s, value: place(s.value) }));
  return { ...kernel, extents: joined.map(({ size }) => size), stores };
}
