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
import type { Element, Origins } from "./origins.ts";

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
