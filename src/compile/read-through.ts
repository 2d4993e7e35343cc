/** What a node computes in the loop of a kernel: its inputs read through views and absorbed nodes. */
import { only } from "../core/at.ts";
import {
  constant,
  type Expression,
  type Load,
  load,
  selectExpression,
} from "../core/expression.ts";
import type { Shape } from "../core/shape.ts";
import {
  composed,
  type Indices,
  indicesAt,
  isOwnPosition,
  type LoopPlace,
  linearForm,
  rewriter,
  writtenPlace,
} from "./affine.ts";
import { formIn, isUnconditional, type NodeKind, numbered } from "./kinds.ts";
import { numbersOfPairs } from "./pairs.ts";
import { elementOf, inputOf, type Vertex } from "./vertices.ts";

/** Where in a loop a node's elements are computed. */
export interface ElementsInLoop extends Indices {
  readonly extents: Shape;
  /** The element's number in row-major order, where all elements are computed. */
  readonly place?: LoopPlace;
}

/** The element of a node at a place. */
const elementAt = ({ n }: Vertex, place: LoopPlace, extents: Shape): ElementsInLoop => {
  const { forms, along } = indicesAt(place, n.shape, extents);
  return { extents, place, forms, along };
};

/** What a node computes in a loop over its own elements. */
export function valueInOwnLoop(v: Vertex, value: Expression, reads: Vertex[]): Expression {
  const { shape } = v.n;
  return resolve(value, v, reads, elementAt(v, v.kind.place, shape));
}

/** Where a load of a kind reads, in the loop in which the kind's elements are computed. */
function placed(
  kind: NodeKind,
  e: Load,
  { extents, forms, place }: ElementsInLoop,
  copied: () => Expression,
): LoopPlace {
  const form = formIn(kind, e);
  // An element at the node's own position needs no index arithmetic, whatever the shapes.
  if (place && form && isOwnPosition(form, kind.extents)) return place;
  const inLoop = form && composed(form, forms, extents.length);
  return inLoop ? { form: inLoop } : shortest(copied(), extents);
}

/**
 * A node's expression in terms of a new group's loop: its indices replaced, its loads read through
 * views and absorbed nodes.
 */
export function resolve(
  value: Expression,
  v: Vertex,
  reads: Vertex[],
  elements: ElementsInLoop,
): Expression {
  const { kind, n } = v;
  const { extents } = elements;
  return rewriter(elements.along, (original, copied) => {
    const x = inputOf(v, original);
    if (isUnconditional(original)) {
      const place = placed(kind, original, elements, () => copied().at);
      return element(x, place, extents, reads);
    }
    const e = copied();
    const { when, otherwise } = e;
    const bound = e.bound && { where: () => n.site.toString(), ...e.bound };
    const options = { ...(bound ? { bound } : {}), ...(when ? { when } : {}), otherwise };
    if (x.constant) return guarded(x.constant, options, x);
    const there = placed(kind, original, elements, () => e.at);
    if (x.kind.isView && isInline(x)) {
      const { value } = x.kind.meaning as { value: Expression };
      return guarded(resolve(value, x, reads, elementAt(x, there, extents)), options, x);
    }
    return load(numberOf(x, reads), x.n.dtype, writtenPlace(there), options);
  })(value);
}

/** A place that has no linear form as it is, another as its form says. */
function shortest(at: Expression, extents: Shape): LoopPlace {
  const form = linearForm(at, extents);
  return form ? { form } : { form, written: at };
}

/** The element of a tensor that lies at a place. */
function element(x: Vertex, place: LoopPlace, extents: Shape, reads: Vertex[]): Expression {
  const known = oneNumber(x);
  if (known) return known;
  const { kind } = x;
  if (kind.meaning.loop !== "map" || !isInline(x)) {
    return load(numberOf(x, reads), x.n.dtype, writtenPlace(place));
  }
  const elements = elementAt(x, place, extents);
  const shown = elementOf(kind);
  if (shown === undefined) return resolve(kind.meaning.value, x, reads, elements);
  const there = placed(kind, shown, elements, () => {
    const copy = rewriter(elements.along, (_, copied) => copied());
    return copy(shown.at);
  });
  return element(inputOf(x, shown), there, extents, reads);
}

/** The number that is all of a tensor's elements, where it is a constant seen through views. */
function oneNumber(x: Vertex): Expression | undefined {
  for (let base = x; ; ) {
    if (base.constant) return base.constant;
    const { kind, n } = base;
    const { meaning } = kind;
    if (meaning.loop === "leaf" && n.size === 1 && meaning.data && !base.isGiven) {
      return constant(only(meaning.data), n.dtype);
    }
    if (meaning.loop !== "map" || !kind.isView || !isInline(base)) return undefined;
    if (meaning.value.kind !== "load") return meaning.value;
    base = inputOf(base, meaning.value);
  }
}

/** Whether it is computed where it is read: a view that no kernel computes, or an absorbed node. */
const isInline = ({ kind, group, isAbsorbed }: Vertex): boolean =>
  (kind.isView && group === undefined) || isAbsorbed;

/** Whether what a kernel does follows from what x is computed from, where v loads it. */
const isInlineAt = (v: Vertex, x: Vertex, plain: boolean): boolean =>
  x === v.addsUp || ((x.kind.isView || (plain && x.kind.meaning.loop === "map")) && isInline(x));

/** The place of a tensor among those that a group reads, now one of them. */
export function numberOf<T>(x: T, reads: T[]): number {
  const known = reads.indexOf(x);
  return known < 0 ? reads.push(x) - 1 : known;
}

/** A guarded load of a view is a guarded load of what the view shows. */
function guarded(
  inner: Expression,
  options: { readonly when?: Expression; readonly otherwise: number },
  x: Vertex,
): Expression {
  if (inner.kind === "load") return { ...inner, ...options };
  const { when, otherwise } = options;
  return when === undefined ? inner : selectExpression(when, inner, constant(otherwise, x.n.dtype));
}

/** Numbers for recipes: the same for the same ones. */
export interface Recipes {
  readonly after: (recipe: number, part: number) => number;
  readonly constants: Map<string, number>;
}

export const recipes = (): Recipes => ({ after: numbersOfPairs(), constants: new Map() });

/** Parts of recipes. */
const end = -1;
const kindPart = (number: number): number => 3 * number;
const inputPart = (number: number): number => 3 * number + 1;
const constantPart = (number: number): number => 3 * number + 2;

/**
 * What the value of a node in a loop depends on, as a number: nodes that have the same compute the
 * same from what they read, the arrays in `found`. Undefined where a user's line is part of it.
 */
export function recipeOf(
  v: Vertex,
  found: Vertex[],
  known: Recipes,
  before = end,
): number | undefined {
  const { after, constants } = known;
  let recipe = after(before, kindPart(v.kind.number));
  for (const e of v.kind.loads) {
    if (e.bound) return undefined;
    const x = inputOf(v, e);
    const plain = isUnconditional(e);
    const number = plain ? oneNumber(x) : x.constant;
    if (number?.kind === "constant") {
      const text = `${Object.is(number.value, -0) ? "-0" : number.value}${number.dtype}`;
      recipe = after(recipe, constantPart(numbered(constants, text)));
    } else if (number) return undefined;
    else if (isInlineAt(v, x, plain)) {
      const inner = recipeOf(x, found, known, recipe);
      if (inner === undefined) return undefined;
      recipe = inner;
    } else recipe = after(recipe, inputPart(numberOf(x, found)));
  }
  return after(recipe, end);
}
