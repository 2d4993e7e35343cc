/** What a node computes in the loop of a kernel: its inputs read through views and absorbed nodes. */
import { at, only } from "../core/at.ts";
import {
  constant,
  type Expression,
  type Load,
  load,
  selectExpression,
} from "../core/expression.ts";
import type { Shape } from "../core/shape.ts";
import { isIdentity, rewriter, simplifyIndex, unravel } from "./affine.ts";
import { isUnconditional } from "./kinds.ts";
import { inputOf, type Vertex } from "./vertices.ts";

/** Where in a loop a node's elements are computed. */
interface Place {
  readonly extents: Shape;
  /** The node's index along each axis. */
  readonly along: readonly Expression[];
  /** The element's number in row-major order, where all elements are computed. */
  readonly position?: Expression;
}

/** The place of a node's element number `position`. */
const elementAt = ({ n }: Vertex, position: Expression, extents: Shape): Place => ({
  extents,
  position,
  along: unravel(position, n.shape, extents),
});

/** What a node computes in a loop over its own elements. */
export function valueInOwnLoop(v: Vertex, value: Expression, reads: Vertex[]): Expression {
  return resolve(value, v, reads, elementAt(v, v.kind.position, v.n.shape));
}

/**
 * A node's expression in terms of a new group's loop: its indices replaced, its loads read through
 * views and absorbed nodes.
 */
export function resolve(
  value: Expression,
  v: Vertex,
  reads: Vertex[],
  { extents, along, position }: Place,
): Expression {
  const { n } = v;
  return rewriter(
    (axis) => at(along, axis),
    (e, original) => {
      // An element at the node's own position needs no index arithmetic, whatever the shapes.
      const same = position !== undefined && isIdentity(original.at, n.shape);
      const place = same ? position : simplifyIndex(e.at, extents);
      const x = inputOf(v, e);
      if (isUnconditional(e)) return element(x, place, extents, reads);
      const { when, otherwise } = e;
      const bound = e.bound && { where: () => n.site.toString(), ...e.bound };
      const options = { ...(bound ? { bound } : {}), ...(when ? { when } : {}), otherwise };
      if (x.constant) return guarded(x.constant, options, x);
      if (x.kind.isView && isInline(x)) {
        const { value } = x.kind.meaning as { value: Expression };
        return guarded(resolve(value, x, reads, elementAt(x, place, extents)), options, x);
      }
      return load(numberOf(x, reads), x.n.dtype, place, options);
    },
  )(value);
}

/** The element of a tensor that lies at a place. */
function element(x: Vertex, place: Expression, extents: Shape, reads: Vertex[]): Expression {
  const known = oneNumber(x);
  if (known) return known;
  const { meaning } = x.kind;
  if (meaning.loop === "map" && isInline(x)) {
    return resolve(meaning.value, x, reads, elementAt(x, place, extents));
  }
  return load(numberOf(x, reads), x.n.dtype, place);
}

/** The number that is all of a tensor's elements, where it is a constant seen through views. */
function oneNumber(x: Vertex): Expression | undefined {
  for (let base = x; ; ) {
    if (base.constant) return base.constant;
    const { kind, n } = base;
    const { meaning } = kind;
    if (meaning.loop === "leaf" && n.size === 1 && meaning.data) {
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

/**
 * What the value of a node in a loop depends on, as text: nodes that have the same compute the same
 * from what they read, the arrays in `found`. Undefined where a user's line is part of it.
 */
export function recipeOf(v: Vertex, found: Vertex[]): string | undefined {
  let text = `${v.kind.number}(`;
  for (const e of v.kind.loads) {
    const part = e.bound ? undefined : recipeOfInput(inputOf(v, e), e, found);
    if (part === undefined) return undefined;
    text += `${part},`;
  }
  return `${text})`;
}

function recipeOfInput(x: Vertex, e: Load, found: Vertex[]): string | undefined {
  const plain = isUnconditional(e);
  const known = plain ? oneNumber(x) : x.constant;
  if (known?.kind === "constant") {
    return `${Object.is(known.value, -0) ? "-0" : known.value}${known.dtype}`;
  }
  if (known) return undefined;
  const { isView, meaning } = x.kind;
  if ((isView || (plain && meaning.loop === "map")) && isInline(x)) return recipeOf(x, found);
  return `x${numberOf(x, found)}`;
}
