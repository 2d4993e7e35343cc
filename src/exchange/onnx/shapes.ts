/** Rules of nodes that put the same numbers elsewhere. */

import { at } from "../../core/at.ts";
import {
  areAxes,
  fromFront,
  isFloatType,
  knownNumbers,
  listOf,
  reshaped,
  slicings,
} from "./constants.ts";
import { part, picked } from "./dense.ts";
import { flagOf } from "./nodes.ts";
import { regrouped, type View, viewSizes } from "./pieces.ts";
import { chosen, type GraphReader, type GraphValue, noLayer } from "./reader.ts";

/** A view in other sizes; where an axis would end within a factor, a layer makes them. */
function resized(r: GraphReader, x: View, sizes: readonly number[]): View {
  const axes = regrouped(x.axes, sizes);
  if (axes) return { ...x, axes };
  if (sizes[0] !== r.batch) return noLayer("it takes the axis of the examples apart");
  return r.after(x, [chosen("reshapeTo", { sizes: sizes.slice(1) })]);
}

function reshape(r: GraphReader): GraphValue {
  const x = r.view();
  const target = r.needed(1, "shape");
  const zero = flagOf(r.node.attributes, "allowzero", false);
  const sizes = reshaped(viewSizes(x), listOf(target), zero);
  if (sizes === undefined) return noLayer(`it makes [${listOf(target)}] of [${viewSizes(x)}]`);
  return resized(r, x, sizes);
}

function flatten(r: GraphReader): GraphValue {
  const x = r.view();
  const sizes = viewSizes(x);
  const axis = fromFront(r.node.attributes.int("axis", 1), sizes.length);
  const product = (list: readonly number[]) => list.reduce((a, b) => a * b, 1);
  return resized(r, x, [product(sizes.slice(0, axis)), product(sizes.slice(axis))]);
}

/** Axes as an input (from opset 13 on) or as an attribute. */
const axesOf = (r: GraphReader): readonly number[] | undefined => {
  const given = r.known(1, "axes");
  return given ? listOf(given) : r.node.attributes.ints("axes");
};

function squeeze(r: GraphReader): GraphValue {
  const x = r.view();
  const given = axesOf(r)?.map((axis) => fromFront(axis, x.axes.length));
  const sizes = viewSizes(x);
  if (given && !areAxes(given, x.axes.length)) return noLayer(`it has no such axes: [${given}]`);
  const gone = (i: number) => (given ? given.includes(i) : sizes[i] === 1);
  if (sizes.some((n, i) => gone(i) && n !== 1))
    return noLayer("it leaves out an axis that is not 1");
  return { ...x, axes: x.axes.filter((_, i) => !gone(i)) };
}

function unsqueeze(r: GraphReader): GraphValue {
  const x = r.view();
  const given = axesOf(r) ?? [];
  const rank = x.axes.length + given.length;
  const at1 = given.map((axis) => fromFront(axis, rank));
  if (!areAxes(at1, rank)) return noLayer(`it has no such axes: [${at1}]`);
  const rest = [...x.axes];
  return {
    ...x,
    axes: Array.from({ length: rank }, (_, i) => (at1.includes(i) ? [] : (rest.shift() ?? []))),
  };
}

function transpose(r: GraphReader): GraphValue {
  const x = r.view();
  const rank = x.axes.length;
  const perm = r.node.attributes.ints("perm") ?? x.axes.map((_, i) => rank - 1 - i);
  if (perm.length !== rank || !areAxes(perm, rank))
    return noLayer(`it has no such axes: [${perm}]`);
  return { ...x, axes: perm.map((axis) => at(x.axes, axis)) };
}

/** The sizes of a value, or some of them: the number of examples stands for itself. */
function shape(r: GraphReader): GraphValue {
  const given = r.input(0);
  const sizes = given?.kind === "constant" ? given.shape : viewSizes(r.view());
  const start = fromFront(r.node.attributes.int("start", 0), sizes.length);
  const end = fromFront(r.node.attributes.int("end", sizes.length), sizes.length);
  const own = sizes.slice(Math.max(start, 0), Math.max(end, 0));
  const counts = own.some((n) => n !== 0 && n % r.batch === 0);
  return { ...knownNumbers([own.length], own, true), counts };
}

function slice(r: GraphReader): GraphValue {
  const x = r.view();
  const sizes = viewSizes(x);
  const given = [1, 2, 3, 4].map((i) => r.known(i, "bounds"));
  const taken = slicings(sizes, given)?.filter(
    ({ axis, count, step }) => count !== sizes[axis] || step !== 1,
  );
  if (taken === undefined) return noLayer("its bounds are not known");
  const [own, another] = taken;
  if (own === undefined) return x;
  const { axis, start, step, count } = own;
  const size = at(sizes, axis);
  if (another || step !== 1) return noLayer("it takes a part of several axes");
  if (count === 1) return picked(x, axis, start, true);
  if (size % count === 0 && start % count === 0 && !x.pick)
    return part(x, axis, size / count, start / count);
  if (axis === 0) return noLayer("it takes some of the examples");
  const rank = x.axes.length;
  const cut = (n: number) => Array.from({ length: rank - axis }, (_, i) => (i === 0 ? -n : 0));
  return r.after(x, [chosen("border", { before: cut(start), after: cut(size - start - count) })]);
}

const modes: Readonly<Record<string, string>> = {
  constant: "constant",
  reflect: "reflect",
  edge: "replicate",
  wrap: "circular",
};

function pad(r: GraphReader): GraphValue {
  const x = r.view();
  const given = r.needed(1, "size");
  const value = r.known(2, "value")?.data[0] ?? 0;
  const mode = modes[r.node.attributes.text("mode", "constant")];
  if (mode === undefined) return noLayer("it has a border of another kind");
  const rank = x.axes.length;
  const sizes = listOf(given);
  const named = r.known(3, "axes");
  // From opset 18 on it may name the axes of which it gives sizes.
  const axes = named ? listOf(named).map((axis) => fromFront(axis, rank)) : x.axes.map((_, i) => i);
  const sideOf = (from: number) =>
    x.axes.map((_, axis) => {
      const place = axes.indexOf(axis);
      return place < 0 ? 0 : (sizes[from + place] ?? 0);
    });
  const [before, after] = [sideOf(0), sideOf(axes.length)];
  if (before[0] !== 0 || after[0] !== 0) return noLayer("it adds examples");
  const first = before.findIndex((n, i) => n !== 0 || after[i] !== 0);
  if (first < 0) return x;
  const own = { before: before.slice(first), after: after.slice(first), mode };
  return r.after(x, [chosen("border", { ...own, ...(value === 0 ? {} : { value }) })]);
}

/** Numbers of another type: whole ones are the same where the model is given such, as indices. */
function cast(r: GraphReader, float: boolean, truth: boolean): GraphValue {
  const x = r.view();
  if (float) return x;
  if (truth) return noLayer("it makes truth values of numbers");
  if (x.piece.from.length > 0 || x.piece.layers.length > 0 || x.scale !== 1)
    return noLayer("it leaves out what stands behind the point");
  r.remark(
    `${r.node.name} makes whole numbers of its input. Here these are whole as they are given.`,
  );
  return x;
}

export const shapes: Readonly<Record<string, (r: GraphReader) => GraphValue | GraphValue[]>> = {
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transpose,
  Shape: shape,
  Slice: slice,
  Pad: pad,
  Identity: (r) => r.input(0) ?? noLayer("it has no input"),
  Cast: (r) =>
    cast(r, isFloatType(r.node.attributes.int("to", 1)), r.node.attributes.int("to", 1) === 9),
  CastLike: (r) => cast(r, r.known(1, "type")?.whole !== true, false),
};
