import { at, entry, only, zip } from "../core/at.ts";
import { constant, type Expression, index, subexpressions, valuesOf } from "../core/expression.ts";
import { type Shape, stridesOf } from "../core/shape.ts";
import { type Affine, fromAffine, linearForm, loadAt, rewriter } from "./affine.ts";
import type { Part } from "./pieces.ts";
import type { Kernel } from "./program.ts";
import { splitAxes } from "./split.ts";

interface Joined {
  readonly axes: Shape;
  readonly values: readonly Expression[];
  /** Where elements are stored, if that was not their own position. */
  readonly place: Affine | undefined;
}

/**
 * A loop whose axes from `first` on are joined where every load runs through neighbours in one
 * stride, and dropped where they are of size 1: fewer, longer loops. Loops that use an index as a
 * number, or check one, stay as they are.
 */
function joinAxes(
  values: readonly Expression[],
  extents: Shape,
  first: number,
  place?: Affine,
): Joined {
  const unjoined = { axes: extents.slice(first), values, place };
  const loads = new Map<Expression, Affine>();
  for (const e of subexpressions(values)) {
    if (e.kind !== "load") continue;
    const form = linearForm(e.at, extents);
    if (form === undefined || e.when || e.bound) return unjoined;
    loads.set(e, form);
  }
  // An index outside of a load's place is a number in the result.
  const numbers = [...valuesOf(values)].some((e) => e.kind === "index" && e.axis >= first);
  if (numbers) return unjoined;
  const forms = [...loads.values(), ...(place ? [place] : [])];
  // Joined axes: the innermost of the original ones, and how many turns they take together.
  const joined: { axis: number; size: number }[] = [];
  extents.forEach((n, axis) => {
    if (n === 1 || axis < first) return;
    const before = joined.at(-1);
    const isStraight = ({ coefficients }: Affine): boolean =>
      before !== undefined && at(coefficients, before.axis) === at(coefficients, axis) * n;
    if (before && forms.every(isStraight)) {
      before.axis = axis;
      before.size *= n;
    } else joined.push({ axis, size: n });
  });
  const formOver = ({ base, coefficients }: Affine): Affine => {
    const own = joined.map(({ axis }) => at(coefficients, axis));
    return { base, coefficients: [...coefficients.slice(0, first), ...own] };
  };
  const moved = rewriter(index, (e) => loadAt(e, e.input, fromAffine(formOver(entry(loads, e)))));
  return {
    axes: joined.map(({ size }) => size),
    values: values.map(moved),
    place: place && formOver(place),
  };
}

/** A part of an elementwise loop with fewer, longer axes from `first` on. */
export function coalescePart(part: Part, first: number): Part {
  const { extents } = part;
  const { axes, values, place = part.place } = joinAxes(part.values, extents, first, part.place);
  return { extents: [...extents.slice(0, first), ...axes], values, place };
}

/** An elementwise kernel with fewer, longer axes, but for those that are two now (split.ts). */
export function coalesce<K extends Extract<Kernel, { loop: "map" }>>(kernel: K): K {
  const place = { base: 0, coefficients: stridesOf(kernel.extents) };
  const roots = kernel.stores.map((s) => s.value);
  const part = splitAxes({ extents: kernel.extents, values: roots, place }, 0);
  const { axes, values } = joinAxes(part.values, part.extents, 0);
  const stores = zip(kernel.stores, values).map(([s, value]) => ({ ...s, value }));
  return { ...kernel, extents: axes, stores };
}

/** A kernel that reduces, with fewer, longer summed axes, but one at least. */
export function coalesceSummed<K extends Kernel>(kernel: K): K {
  if (kernel.loop !== "reduce" || kernel.over.length < 2) return kernel;
  const { extents, over } = kernel;
  const all = [...extents, ...over];
  const { axes, values } = joinAxes([kernel.value], all, extents.length);
  return { ...kernel, over: axes.length > 0 ? axes : [1], value: only(values) };
}

/** A kernel that reduces, without outer axes of size 1. */
export function withoutOnes<K extends Extract<Kernel, { loop: "reduce" }>>(kernel: K): K {
  const { extents } = kernel;
  if (!extents.includes(1)) return kernel;
  const places: number[] = [];
  let rank = 0;
  for (const size of extents) places.push(size === 1 ? -1 : rank++);
  const moved = rewriter(
    (axis) => {
      const place = places[axis] ?? axis - extents.length + rank;
      return place < 0 ? constant(0, "i32") : index(place);
    },
    (_, copied) => copied(),
  );
  const stores = kernel.stores.map((s) => ({ ...s, value: moved(s.value) }));
  const kept = extents.filter((size) => size !== 1);
  return { ...kernel, extents: kept, value: moved(kernel.value), stores };
}
