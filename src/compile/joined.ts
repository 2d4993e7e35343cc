/** Neighbouring axes of a loop that are run through as one. */
import { at } from "../core/at.ts";
import { type Expression, indices, subexpressions, valuesOf } from "../core/expression.ts";
import type { Shape } from "../core/shape.ts";
import { type Affine, linearForm, rewriter } from "./affine.ts";

/** Whether two axes are one stride: the outer's step is the whole of the inner. */
export const runsOn = ({ coefficients }: Affine, outer: number, inner: number, size: number) =>
  at(coefficients, outer) === at(coefficients, inner) * size;

/**
 * The sizes with the axes [from, to) joined where `straight` says so of neighbours: the innermost
 * stands for all, the others have size 1. Axes keep their numbers, and a linear form over the joined
 * sizes is the one with a single stride.
 */
export function joinAxes(
  sizes: Shape,
  from: number,
  to: number,
  straight: (outer: number, inner: number, size: number) => boolean,
): Shape {
  const joined = [...sizes];
  let before = -1;
  for (let axis = from; axis < to; axis++) {
    const size = at(sizes, axis);
    if (size === 1) continue;
    if (before >= 0 && straight(before, axis, size)) {
      joined[axis] = at(joined, before) * size;
      joined[before] = 1;
    }
    before = axis;
  }
  return joined;
}

/** Whether the values read everything in one stride along the axes [from, to), and no index. */
export function isNumbered(
  values: readonly Expression[],
  extents: Shape,
  from: number,
  to: number,
): boolean {
  const all = joinAxes(extents, from, to, () => true);
  if ([...valuesOf(values)].some((e) => e.kind === "index")) return false;
  return values.flatMap(subexpressions).every((e) => {
    if (e.kind !== "load") return true;
    const form = linearForm(e.at, extents);
    if (form === undefined || e.when || e.bound) return false;
    const joined = joinAxes(extents, from, to, (outer, inner, size) =>
      runsOn(form, outer, inner, size),
    );
    return joined.every((size, axis) => size === all[axis]);
  });
}

/** Whether what a reduction reads at linear places it reads so in another order of its outputs. */
export function staysLinear(
  { over, value }: { readonly over: Shape; readonly value: Expression },
  extents: Shape,
  along: readonly Expression[],
  order: Shape,
): boolean {
  const isLinear = (e: Expression, outer: Shape): boolean =>
    subexpressions(e).every((x) => x.kind !== "load" || linearForm(x.at, [...outer, ...over]));
  const all = [...along, ...indices(over.length, order.length)];
  const placed = rewriter(
    (axis) => at(all, axis),
    (_, copied) => copied(),
  )(value);
  return isLinear(placed, order) || !isLinear(value, extents);
}
