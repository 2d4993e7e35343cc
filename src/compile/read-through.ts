/** What a node computes in the loop of a kernel: its inputs read through views and absorbed nodes. */
import { at, entry, only } from "../core/at.ts";
import {
  constant,
  type Expression,
  index,
  type Load,
  load,
  selectExpression,
  subexpressions,
} from "../core/expression.ts";
import type { Shape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { isIdentity, rewriter, simplifyIndex, unravel } from "./affine.ts";
import { isUnconditional, type NodeKind } from "./kinds.ts";

/** What is known of the graph, and of its kernels so far. */
export interface Reading {
  readonly kinds: ReadonlyMap<Tensor, NodeKind>;
  readonly absorbed: ReadonlySet<Tensor>;
  /** Nodes that are computed by a kernel. */
  readonly groupOf: { has(n: Tensor): boolean };
  /** Nodes that turned out to be one number everywhere. */
  readonly constants: ReadonlyMap<Tensor, Expression>;
  /** What nodes of a kind compute, by what they read. */
  readonly known: Map<NodeKind, Map<string, Value>>;
}

/** An expression, and how many sub-expressions it has. */
interface Value {
  readonly value: Expression;
  readonly size: number;
}

/** Where in a loop a node's elements are computed. */
interface Place {
  readonly extents: Shape;
  /** The node's index along each axis. */
  readonly along: readonly Expression[];
  /** The element's number in row-major order, where all elements are computed. */
  readonly position?: Expression;
}

export const inputOf = (n: Tensor, e: Load): Tensor => at(n.inputs, e.input);

/** The place of a node's element number `position`. */
const elementOf = (n: Tensor, position: Expression, extents: Shape): Place => ({
  extents,
  position,
  along: unravel(position, n.shape, extents),
});

/**
 * What a node computes in a loop over its own elements. Many nodes of one kind read at their own
 * position alone, and so compute the same: it is built once.
 */
export function valueInOwnLoop(n: Tensor, reads: Tensor[], reading: Reading): Value {
  const kind = entry(reading.kinds, n);
  const { value } = kind.meaning as { value: Expression };
  const { position } = kind;
  if (!kind.isAligned) {
    const made = resolve(value, n, reads, reading, elementOf(n, position, n.shape));
    return { value: made, size: subexpressions(made).length };
  }
  const operands = new Map(
    kind.loads.map((e) => [e, element(inputOf(n, e), position, n.shape, reads, reading)]),
  );
  const key = keyOf(operands.values(), position);
  let values = reading.known.get(kind);
  if (values === undefined) reading.known.set(kind, (values = new Map()));
  const known = key === undefined ? undefined : values.get(key);
  if (known) return known;
  const made = rewriter(index, (_, original) => entry(operands, original))(value);
  const result = { value: made, size: subexpressions(made).length };
  if (key !== undefined) values.set(key, result);
  return result;
}

/** Operands as text; undefined where one is neither a number nor read at the own position. */
function keyOf(operands: Iterable<Expression>, position: Expression): string | undefined {
  let key = "";
  for (const e of operands) {
    if (e.kind === "constant") key += `${Object.is(e.value, -0) ? "-0" : e.value}${e.dtype},`;
    else if (e.kind === "load" && e.at === position && isUnconditional(e)) key += `x${e.input},`;
    else return undefined;
  }
  return key;
}

/**
 * A node's expression in terms of a new group's loop: its indices replaced, its loads read through
 * views and absorbed nodes.
 */
export function resolve(
  value: Expression,
  n: Tensor,
  reads: Tensor[],
  reading: Reading,
  { extents, along, position }: Place,
): Expression {
  return rewriter(
    (axis) => at(along, axis),
    (e, original) => {
      // An element at the node's own position needs no index arithmetic, whatever the shapes.
      const same = position !== undefined && isIdentity(original.at, n.shape);
      const place = same ? position : simplifyIndex(e.at, extents);
      const x = inputOf(n, e);
      if (isUnconditional(e)) return element(x, place, extents, reads, reading);
      const { when, otherwise } = e;
      const bound = e.bound && { where: () => n.site.toString(), ...e.bound };
      const options = { ...(bound ? { bound } : {}), ...(when ? { when } : {}), otherwise };
      const known = reading.constants.get(x);
      if (known) return guarded(known, options, x);
      const kind = entry(reading.kinds, x);
      if (kind.isView && isInline(x, kind, reading)) {
        const { value } = kind.meaning as { value: Expression };
        const inner = resolve(value, x, reads, reading, elementOf(x, place, extents));
        return guarded(inner, options, x);
      }
      return load(numberOf(x, reads), x.dtype, place, options);
    },
  )(value);
}

/** The element of a tensor that lies at a place. */
function element(
  x: Tensor,
  place: Expression,
  extents: Shape,
  reads: Tensor[],
  reading: Reading,
): Expression {
  const known = oneNumber(x, reading);
  if (known) return known;
  const kind = entry(reading.kinds, x);
  const { meaning } = kind;
  if (meaning.loop === "map" && isInline(x, kind, reading)) {
    return resolve(meaning.value, x, reads, reading, elementOf(x, place, extents));
  }
  return load(numberOf(x, reads), x.dtype, place);
}

/** The number that is all of a tensor's elements, where it is a constant seen through views. */
function oneNumber(x: Tensor, reading: Reading): Expression | undefined {
  for (let base = x; ; ) {
    const known = reading.constants.get(base);
    if (known) return known;
    const kind = entry(reading.kinds, base);
    const { meaning } = kind;
    if (meaning.loop === "leaf" && base.size === 1 && meaning.data) {
      return constant(only(meaning.data), base.dtype);
    }
    if (meaning.loop !== "map" || !kind.isView || !isInline(base, kind, reading)) return undefined;
    if (meaning.value.kind !== "load") return meaning.value;
    base = inputOf(base, meaning.value);
  }
}

/** Whether it is computed where it is read: a view that no kernel computes, or an absorbed node. */
const isInline = (x: Tensor, kind: NodeKind, { groupOf, absorbed }: Reading): boolean =>
  (kind.isView && !groupOf.has(x)) || absorbed.has(x);

/** The place of a tensor among those that a group reads, now one of them. */
export function numberOf(x: Tensor, reads: Tensor[]): number {
  const known = reads.indexOf(x);
  return known < 0 ? reads.push(x) - 1 : known;
}

/** A guarded load of a view is a guarded load of what the view shows. */
function guarded(
  inner: Expression,
  options: { readonly when?: Expression; readonly otherwise: number },
  x: Tensor,
): Expression {
  if (inner.kind === "load") return { ...inner, ...options };
  const { when, otherwise } = options;
  return when === undefined ? inner : selectExpression(when, inner, constant(otherwise, x.dtype));
}
