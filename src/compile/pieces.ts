/**
 * Loops in pieces: where the index along one axis decides what a choice takes, or whether a load
 * reads at all, each stretch of the axis is a loop of its own in which that is decided. So tensors
 * one after another are a copy for each, and the inside of a border is read without asking.
 */
import { at } from "../core/at.ts";
import {
  apply,
  constant,
  type Expression,
  type Load,
  plus,
  selectExpression,
  subexpressions,
} from "../core/expression.ts";
import { type Shape, stridesOf } from "../core/shape.ts";
import { type Affine, simplify, simplifyIndex } from "./affine.ts";
import { rangeIn } from "./guard.ts";
import type { Kernel } from "./program.ts";
import { splitAxes } from "./split.ts";

type MapKernel = Extract<Kernel, { loop: "map" }>;

/** A box of a loop: what is stored there, and where. */
export interface Part {
  readonly extents: Shape;
  readonly values: readonly Expression[];
  /** The place of the element in what the whole loop stores. */
  readonly place: Affine;
}

/** How a loop is run through, from some axis on. */
export type Pieces =
  /** Without a choice that could be decided beforehand; some of its axes may have become two. */
  | { readonly kind: "plain"; readonly part: Part; readonly axis: number }
  /** Index by index along the axis, since choices follow. */
  | { readonly kind: "loop"; readonly part: Part; readonly axis: number; readonly each: Pieces }
  /** One stretch of the axis after the other. */
  | { readonly kind: "stretches"; readonly each: readonly Pieces[] };

/** More sub-expressions than this in all pieces together are not worth their code. */
const mostCode = 20_000;

/** from ≤ index < to along an axis, which is what a condition says. */
interface Stretch {
  readonly axis: number;
  readonly from: number;
  readonly to: number;
}

/** The pieces of a loop; undefined where it has none, or too many. */
export function piecesOf({ extents, stores }: MapKernel): Pieces | undefined {
  if (extents.includes(0)) return undefined;
  const place = { base: 0, coefficients: stridesOf(extents) };
  const pieces = cut({ extents, values: stores.map((s) => s.value), place }, 0, { left: mostCode });
  return pieces?.kind === "plain" ? undefined : pieces;
}

function cut(part: Part, axis: number, budget: { left: number }): Pieces | undefined {
  const conditions = conditionsOf(part, axis);
  if (conditions.size === 0) {
    budget.left -= subexpressions(part.values).length;
    return budget.left < 0 ? undefined : { kind: "plain", part: splitAxes(part, axis), axis };
  }
  const here = [...conditions.values()].filter((s) => s.axis === axis);
  if (here.length === 0) {
    const each = cut(part, axis + 1, budget);
    return each && { kind: "loop", part, axis, each };
  }
  const size = at(part.extents, axis);
  const ends = new Set(here.flatMap(({ from, to }) => [from, to]));
  const inside = [...ends].filter((end) => end > 0 && end < size).sort((a, b) => a - b);
  const each: Pieces[] = [];
  let from = 0;
  for (const to of [...inside, size]) {
    const piece = cut(stretch(part, { axis, from, to }, conditions), axis, budget);
    if (piece === undefined) return undefined;
    each.push(piece);
    from = to;
  }
  return { kind: "stretches", each };
}

/** The conditions that the index along one axis decides, from `first` on, and which indices fulfil them. */
function conditionsOf({ extents, values }: Part, first: number): Map<Expression, Stretch> {
  const found = new Map<Expression, Stretch>();
  for (const e of subexpressions(values)) {
    const range = rangeIn(e, extents);
    if (range === undefined) continue;
    const { coefficients, low, high } = range;
    const axis = coefficients.findIndex((c) => c !== 0);
    if (axis < first || coefficients.some((c, k) => c !== 0 && k !== axis)) continue;
    // A range is written with a positive first coefficient.
    const by = at(coefficients, axis);
    const [from, to] = [Math.ceil(low / by), Math.floor(high / by) + 1];
    found.set(e, { axis, from, to });
  }
  return found;
}

/** A part of a part, where conditions on its axis are known to hold or to fail. */
function stretch(
  { extents, values, place }: Part,
  { axis, from, to }: Stretch,
  conditions: ReadonlyMap<Expression, Stretch>,
): Part {
  const sizes = extents.with(axis, to - from);
  const done = new Map<Expression, Expression>();
  const visit = (e: Expression): Expression => {
    const known = done.get(e);
    if (known) return known;
    const made = build(e);
    done.set(e, made);
    return made;
  };
  const build = (e: Expression): Expression => {
    switch (e.kind) {
      case "constant":
        return e;
      case "index":
        return e.axis === axis ? plus(e, from) : e;
      case "load":
        return loaded(e);
      case "apply": {
        const holds = conditions.get(e);
        if (holds?.axis === axis) return truth(holds.from <= from && to <= holds.to);
        if (e.fn === "and") return conjunction(e.args.map(visit));
        return simplify(apply(e.fn, ...e.args.map(visit)));
      }
      case "select": {
        const condition = visit(e.condition);
        // Of a choice that is made the other branch is not looked at: there may be many.
        if (condition.kind === "constant") return visit(condition.value ? e.then : e.otherwise);
        return simplify(selectExpression(condition, visit(e.then), visit(e.otherwise)));
      }
      case "cast":
        return simplify({ ...e, value: visit(e.value) });
    }
  };
  const loaded = ({ when, ...e }: Load): Expression => {
    const reads = when && visit(when);
    if (reads?.kind === "constant" && reads.value === 0) return constant(e.otherwise, e.dtype);
    const bound = e.bound && { bound: { ...e.bound, index: visit(e.bound.index) } };
    const whole = { ...e, at: simplifyIndex(visit(e.at), sizes), ...bound };
    return reads && reads.kind !== "constant" ? { ...whole, when: reads } : whole;
  };
  const { base, coefficients } = place;
  return {
    extents: sizes,
    values: values.map(visit),
    place: { base: base + from * at(coefficients, axis), coefficients },
  };
}

const truth = (holds: boolean): Expression => constant(Number(holds), "bool");

function conjunction(parts: readonly Expression[]): Expression {
  if (parts.some((e) => e.kind === "constant" && e.value === 0)) return truth(false);
  const [first = truth(true), ...others] = parts.filter((e) => e.kind !== "constant");
  return others.reduce((all, e) => apply("and", all, e), first);
}
