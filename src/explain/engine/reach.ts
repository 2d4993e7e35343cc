/**
 * Which elements may be computed from some others: never fewer than those that are. Found for whole
 * tensors at once, so that only these have to be looked at one by one.
 */
import { compileLoop } from "../../backends/interpreter/loops.ts";
import { at, zip } from "../../core/at.ts";
import { type Expression, subexpressions } from "../../core/expression.ts";
import type { Meaning } from "../../core/op.ts";
import { type Shape, sizeOf, stridesOf } from "../../core/shape.ts";
import type { Tensor } from "../../core/tensor.ts";
import { input } from "../../ops/leaf.ts";
import { type Element, linearIn, type Origins } from "./origins.ts";

/** 1 at the elements that are reached; none where it is absent. */
type Marks = ArrayLike<number> & Float64Array;
const nothing = new Float64Array(0);

export class Reach {
  readonly #elements: Origins;
  readonly #marks: Map<Tensor, Marks | undefined>;

  /** What is marked from the start is looked behind no further. */
  constructor(elements: Origins, marked: ReadonlyMap<Tensor, Marks | undefined>) {
    this.#elements = elements;
    this.#marks = new Map(marked);
  }

  has({ node, index }: Element): boolean {
    return (this.of(node)?.[index] ?? 0) !== 0;
  }

  /** Call it for what a node is computed from before the node itself, if that is deep. */
  of(node: Tensor): Marks | undefined {
    if (this.#marks.has(node)) return this.#marks.get(node);
    const found = this.#found(node);
    this.#marks.set(node, found);
    return found;
  }

  #found(node: Tensor): Marks | undefined {
    const inputs = node.inputs.map((x) => this.of(x));
    if (inputs.every((x) => x === undefined)) return undefined;
    const built = this.#elements.built(node);
    if (built !== node) return this.of(built);
    const meaning = this.#elements.meaning(node);
    const marking = markingOf(meaning, inputs);
    if (marking === "all") return new Float64Array(node.size).fill(1);
    if (!marking) return undefined;
    const few = spread(node.shape, marking, inputs);
    if (few) return few;
    const given = inputs.map((x) => x ?? nothing);
    if (marking.loop === "reduce") return reduced(node.shape, marking, given);
    const kernel = compileLoop(node, marking);
    if (typeof kernel === "number") return at(inputs, kernel);
    const marks = new Float64Array(node.size);
    kernel(given, marks);
    return marks;
  }
}

type Reduction = Extract<Meaning, { loop: "reduce" }>;

/** The loop runs along the axes alone on which what is marked depends: it is the same along others. */
function reduced(shape: Shape, marking: Reduction, inputs: readonly Marks[]): Marks {
  const used = new Set(
    subexpressions(marking.value).flatMap((e) => (e.kind === "index" ? [e.axis] : [])),
  );
  const kept = (n: number, axis: number) => (used.has(axis) ? n : 1);
  const over = marking.over.map((n, k) => kept(n, shape.length + k));
  const small = input("marks", shape.map(kept), "f64");
  const kernel = compileLoop(small, { ...marking, over });
  const marks = new Float64Array(small.size);
  if (typeof kernel !== "number") kernel(inputs, marks);
  if (small.size === sizeOf(shape)) return marks;
  const strides = zip(shape, stridesOf(shape));
  const own = stridesOf(small.shape);
  return Float64Array.from({ length: sizeOf(shape) }, (_, i) => {
    const places = strides.map(([n, stride]) => Math.floor(i / stride) % n);
    return at(
      marks,
      places.reduce((s, k, axis) => s + (used.has(axis) ? k * at(own, axis) : 0), 0),
    );
  });
}

/** More marks than this are found by running the loop over all elements. */
const mostSpread = 64;

/**
 * From each mark to what reads it, where its place says that: one number of a matrix is
 * read by few others. Undefined where it cannot, or where there are many marks.
 */
function spread(
  shape: Shape,
  marking: Reduction | Extract<Meaning, { loop: "map" }>,
  inputs: readonly (Marks | undefined)[],
): Marks | undefined {
  const extents = marking.loop === "reduce" ? [...shape, ...marking.over] : shape;
  const own = stridesOf(shape);
  const marks = new Float64Array(sizeOf(shape));
  for (const e of subexpressions(marking.value)) {
    if (e.kind !== "load") continue;
    const form = e.when ? undefined : linearIn(e.at, extents.length);
    const places = form && placesOf(form.coefficients, extents);
    if (!places) return undefined;
    const free = extents.flatMap((n, axis) =>
      form.coefficients[axis] === 0 && axis < shape.length ? [{ n, step: at(own, axis) }] : [],
    );
    let from = -1;
    const x = at(inputs, e.input) ?? nothing;
    for (let count = 0; (from = x.indexOf(1, from + 1)) >= 0; count++) {
      if (count === mostSpread) return undefined;
      const place = places(from - form.base);
      if (!place) continue;
      const first = place.reduce(
        (s, i, axis) => s + (axis < shape.length ? i * at(own, axis) : 0),
        0,
      );
      fill(marks, first, free);
    }
  }
  return marks;
}

/**
 * Where a loop stands when it reads a place, on the axes on which that depends; undefined where it
 * is never read. Itself undefined where the loop may read a place at several of their positions.
 */
function placesOf(
  coefficients: readonly number[],
  extents: Shape,
): ((place: number) => readonly number[] | undefined) | undefined {
  const axes = coefficients.flatMap((step, axis) => (step === 0 ? [] : [{ step, axis }]));
  axes.sort((a, b) => b.step - a.step);
  let rest = 0;
  for (const { step, axis } of axes.toReversed()) {
    if (step <= rest) return undefined;
    rest += step * (at(extents, axis) - 1);
  }
  return (place) => {
    const found = extents.map(() => 0);
    let left = place;
    for (const { step, axis } of axes) {
      const i = Math.floor(left / step);
      if (i < 0 || i >= at(extents, axis)) return undefined;
      found[axis] = i;
      left -= i * step;
    }
    return left === 0 ? found : undefined;
  };
}

/** Marks a place, and those that lie beside it along these axes. */
function fill(
  marks: Float64Array,
  first: number,
  [axis, ...others]: readonly { readonly n: number; readonly step: number }[],
): void {
  if (!axis) marks[first] = 1;
  else for (let i = 0; i < axis.n; i++) fill(marks, first + i * axis.step, others);
}

/** The loop that marks what reads something marked; "all" where places depend on data. */
function markingOf(
  meaning: Meaning,
  inputs: readonly (Marks | undefined)[],
): Reduction | Extract<Meaning, { loop: "map" }> | "all" | undefined {
  if (meaning.loop !== "map" && meaning.loop !== "reduce") return "all";
  const parts = subexpressions(meaning.value);
  const loads = parts.flatMap((e) => (e.kind === "load" ? [e] : []));
  if (loads.some((e) => e.bound || placed(e.at) || (e.when && placed(e.when)))) return "all";
  const value = either(
    loads
      .filter((e) => inputs[e.input] !== undefined)
      .map((e): Expression => ({ ...e, dtype: "f64", otherwise: 0 })),
  );
  return (
    value &&
    (meaning.loop === "map" ? { ...meaning, value } : { ...meaning, value, combine: "max" })
  );
}

/** Whether a place depends on data. */
const placed = (e: Expression): boolean => subexpressions(e).some(({ kind }) => kind === "load");

/** 1 where one of them is. */
const either = (all: readonly Expression[]): Expression | undefined =>
  all.length === 0
    ? undefined
    : all.reduce((a, b) => ({ kind: "apply", dtype: "f64", fn: "max", args: [a, b] }));
