/** What an operator means place by place: its own loop with one more axis. */
import { at } from "../core/at.ts";
import {
  apply,
  applyTo,
  castExpression,
  type Expression,
  index,
  load,
  plus,
  selectExpression,
  times,
} from "../core/expression.ts";
import type { Meaning, TensorType } from "../core/op.ts";
import { type Shape, sameShape, sizeOf } from "../core/shape.ts";

/** A batch, as a loop sees it. */
interface Places {
  readonly size: number;
  /** Whether the results of all places are added up. */
  readonly isSummed: boolean;
  /** Which inputs have an element for each place. */
  readonly has: readonly boolean[];
}

/** What is a loop over elements. */
export type ElementLoop = Exclude<Meaning, { loop: "leaf" | "compose" | "repeat" }>;

export const isElementLoop = (meaning: Meaning): meaning is ElementLoop =>
  meaning.loop !== "leaf" && meaning.loop !== "compose" && meaning.loop !== "repeat";

/** The meaning for a batch of an operator with this meaning for these types. */
export function placesApart(
  meaning: ElementLoop,
  inputs: readonly TensorType[],
  output: TensorType,
  { size, isSummed, has }: Places,
): ElementLoop {
  const rank = output.shape.length;
  // The one place of a batch of 1 is 0, and expressions leave it out.
  const strides = inputs.map((x, k) => (has[k] && size !== 1 ? sizeOf(x.shape) : 0));
  /** The same expression where the place is the index of axis `b`, in front of those behind it. */
  const at = (b: number) => shifting(b, strides);
  switch (meaning.loop) {
    case "map": {
      const value = at(isSummed ? rank : 0)(meaning.value);
      return isSummed
        ? { loop: "reduce", over: [size], combine: "sum", value }
        : { ...meaning, value };
    }
    case "reduce":
      return {
        ...meaning,
        over: isSummed ? [size, ...meaning.over] : meaning.over,
        value: at(isSummed ? rank : 0)(meaning.value),
      };
    case "scan":
    case "order":
      return { ...meaning, axis: meaning.axis + 1, value: at(0)(meaning.value) };
    case "scatter": {
      const shift = at(0);
      const to = shift(meaning.at);
      const apart =
        isSummed || size === 1 ? to : inFront(to, times(index(0), sizeOf(output.shape)));
      return {
        ...meaning,
        over: [size, ...meaning.over],
        at: apart,
        bound: { ...meaning.bound, index: shift(meaning.bound.index) },
        value: shift(meaning.value),
      };
    }
  }
}

/** Whether the results of an operator's places can be added up in its own loop. */
export const addsPlaces = (meaning: Meaning): boolean =>
  (meaning.loop === "scatter" || meaning.loop === "reduce") && meaning.combine === "sum";

/**
 * Expressions with one more axis, b, in front of those that had its number: an input reads so many
 * elements further at each place.
 */
function shifting(b: number, strides: readonly number[]): (e: Expression) => Expression {
  const known = new Map<Expression, Expression>();
  const shift = (e: Expression): Expression => {
    const before = known.get(e);
    if (before) return before;
    const shifted = copied(e);
    known.set(e, shifted);
    return shifted;
  };
  const copied = (e: Expression): Expression => {
    switch (e.kind) {
      case "constant":
        return e;
      case "index":
        return index(e.axis < b ? e.axis : e.axis + 1);
      case "load": {
        const place = inFront(shift(e.at), times(index(b), at(strides, e.input)));
        const { bound, when, otherwise } = e;
        if (!bound && !when) return load(e.input, e.dtype, place);
        return load(e.input, e.dtype, place, {
          ...(bound ? { bound: { ...bound, index: shift(bound.index) } } : {}),
          ...(when ? { when: shift(when) } : {}),
          otherwise,
        });
      }
      case "apply":
        return applyTo(e.fn, e.args.map(shift));
      case "select":
        return selectExpression(shift(e.condition), shift(e.then), shift(e.otherwise));
      case "cast":
        return castExpression(shift(e.value), e.dtype);
    }
  };
  return shift;
}

/** A sum with another first term, as an operator would write it whose outermost axis that is. */
function inFront(e: Expression, term: Expression): Expression {
  if (e.kind !== "apply" || e.fn !== "add") return plus(term, e);
  return apply("add", inFront(at(e.args, 0), term), at(e.args, 1));
}

/** Whether two meanings are written alike. */
export function readsAlike(a: ElementLoop, b: Meaning): boolean {
  const same = samePairs();
  switch (a.loop) {
    case "map":
      return b.loop === "map" && same(a.value, b.value);
    case "reduce":
      return (
        b.loop === "reduce" &&
        a.combine === b.combine &&
        sameShape(a.over, b.over) &&
        same(a.value, b.value)
      );
    case "scan":
      return (
        b.loop === "scan" &&
        a.combine === b.combine &&
        a.axis === b.axis &&
        a.reverse === b.reverse &&
        same(a.value, b.value)
      );
    case "order":
      return (
        b.loop === "order" &&
        a.axis === b.axis &&
        a.descending === b.descending &&
        same(a.value, b.value)
      );
    case "scatter":
      return (
        b.loop === "scatter" &&
        a.combine === b.combine &&
        sameShape(a.over, b.over) &&
        a.bound.size === b.bound.size &&
        same(a.bound.index, b.bound.index) &&
        same(a.at, b.at) &&
        same(a.value, b.value)
      );
  }
}

/** Compares expressions; what they share is looked at once. */
function samePairs(): (a: Expression, b: Expression) => boolean {
  const equal = new Map<Expression, Expression>();
  const optional = (a: Expression | undefined, b: Expression | undefined): boolean =>
    a && b ? same(a, b) : a === b;
  const same = (a: Expression, b: Expression): boolean => {
    if (a === b || equal.get(a) === b) return true;
    const found = a.dtype === b.dtype && alike(a, b);
    if (found) equal.set(a, b);
    return found;
  };
  const alike = (a: Expression, b: Expression): boolean => {
    switch (a.kind) {
      case "constant":
        return b.kind === "constant" && Object.is(a.value, b.value);
      case "index":
        return b.kind === "index" && a.axis === b.axis;
      case "load":
        return (
          b.kind === "load" &&
          a.input === b.input &&
          a.otherwise === b.otherwise &&
          a.bound?.size === b.bound?.size &&
          same(a.at, b.at) &&
          optional(a.bound?.index, b.bound?.index) &&
          optional(a.when, b.when)
        );
      case "apply":
        return (
          b.kind === "apply" && a.fn === b.fn && a.args.every((arg, i) => same(arg, at(b.args, i)))
        );
      case "select":
        return (
          b.kind === "select" &&
          same(a.condition, b.condition) &&
          same(a.then, b.then) &&
          same(a.otherwise, b.otherwise)
        );
      case "cast":
        return b.kind === "cast" && same(a.value, b.value);
    }
  };
  return same;
}

/** Whether every input has an output element's own place. */
export const isPlaceByPlace = (meaning: Meaning, inputs: readonly TensorType[], output: Shape) =>
  meaning.loop === "map" && inputs.every((x) => sameShape(x.shape, output));
