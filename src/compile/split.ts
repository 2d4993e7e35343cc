/**
 * An axis that a load runs through in stretches becomes two, so that its place is linear in both: the
 * features of all heads side by side, say, are read from where each head has its own.
 */
import { at } from "../core/at.ts";
import {
  apply,
  constant,
  type Expression,
  index,
  type Load,
  subexpressions,
} from "../core/expression.ts";
import type { Shape } from "../core/shape.ts";
import { linearForm, loadAt, rewriter, simplifyIndex } from "./affine.ts";
import type { Part } from "./pieces.ts";

/** More axes than this are not added. */
const mostSplits = 4;

/** The part with axes from `first` on in two where that makes places linear. */
export function splitAxes(part: Part, first: number): Part {
  let found = part;
  let crooked = crookedIn(part);
  for (let turn = 0; turn < mostSplits && crooked.length > 0; turn++) {
    const better = splitsOf(crooked, found.extents, first)
      .map(([axis, size]) => split(found, axis, size))
      .map((made) => ({ made, left: crookedIn(made) }))
      .find(({ left }) => left.length < crooked.length);
    if (better === undefined) return found;
    found = better.made;
    crooked = better.left;
  }
  return found;
}

/** Loads at places that are not linear. */
const crookedIn = ({ extents, values }: Part): Load[] =>
  subexpressions(values).filter(
    (e): e is Load => e.kind === "load" && linearForm(e.at, extents) === undefined,
  );

/** Axes and the sizes of stretches in which a quotient or a remainder would be linear. */
function splitsOf(loads: readonly Load[], extents: Shape, first: number) {
  const found = new Map<string, readonly [axis: number, size: number]>();
  for (const e of subexpressions(loads.map((load) => load.at))) {
    if (e.kind !== "apply" || (e.fn !== "floorDiv" && e.fn !== "mod")) continue;
    const [divided, by] = e.args;
    if (divided === undefined || by?.kind !== "constant") continue;
    const form = linearForm(divided, extents);
    for (const [axis, step] of form?.coefficients.entries() ?? []) {
      const size = by.value / step;
      const n = at(extents, axis);
      if (axis < first || step < 1 || !Number.isInteger(size)) continue;
      if (size > 1 && size < n && n % size === 0) found.set(`${axis} ${size}`, [axis, size]);
    }
  }
  return [...found.values()];
}

/** index[axis] = size·index[axis] + index[axis + 1], the axes behind it being one further. */
function split({ extents, values, place }: Part, axis: number, size: number): Part {
  const outer = at(extents, axis) / size;
  const sizes = [...extents.slice(0, axis), outer, size, ...extents.slice(axis + 1)];
  const whole = apply("add", apply("mul", index(axis), constant(size, "i32")), index(axis + 1));
  const replaced = (k: number): Expression => (k === axis ? whole : index(k < axis ? k : k + 1));
  const moved = rewriter(replaced, (_, copied) => {
    const e = copied();
    return loadAt(e, e.input, simplifyIndex(e.at, sizes));
  });
  const { base, coefficients } = place;
  const step = at(coefficients, axis);
  const steps = [...coefficients.slice(0, axis), size * step, ...coefficients.slice(axis)];
  return { extents: sizes, values: values.map(moved), place: { base, coefficients: steps } };
}
