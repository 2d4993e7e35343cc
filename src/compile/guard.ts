/** A load's guard in parts: ranges of linear forms, and whatever else must hold. */
import { at } from "../core/at.ts";
import { type Expression, subexpressions } from "../core/expression.ts";
import type { Shape } from "../core/shape.ts";
import { type Affine, linearForm, rangeOf } from "./affine.ts";

/** low ≤ Σ coefficients[axis]·index[axis] ≤ high */
export interface Range {
  readonly coefficients: readonly number[];
  readonly low: number;
  readonly high: number;
}

/** Where all ranges and all conditions hold the element is read; elsewhere it is `otherwise`. */
export interface Guard {
  readonly ranges: readonly Range[];
  readonly conditions: readonly Expression[];
  readonly otherwise: number;
  /** The axes whose indices it depends on. */
  readonly axes: ReadonlySet<number>;
}

/** What is left of the guard inside the loop: a range that always holds is no range. */
export function guardOf(when: Expression | undefined, otherwise: number, extents: Shape): Guard {
  const conditions: Expression[] = [];
  const ranges = new Map<string, Range>();
  for (const e of when ? conjuncts(when) : []) {
    const range = rangeIn(e, extents);
    if (range === undefined) {
      conditions.push(e);
      continue;
    }
    const key = range.coefficients.join();
    const { low, high } = ranges.get(key) ?? range;
    const both = { low: Math.max(low, range.low), high: Math.min(high, range.high) };
    ranges.set(key, { ...range, ...both });
  }
  const real = [...ranges.values()].filter(({ coefficients, low, high }) => {
    const [least, most] = rangeOf({ base: 0, coefficients }, extents);
    return low > least || high < most;
  });
  const linear = real.flatMap(({ coefficients }) =>
    coefficients.flatMap((c, axis) => (c === 0 ? [] : [axis])),
  );
  const other = conditions.flatMap((e) => axesIn(e, extents));
  return { ranges: real, conditions, otherwise, axes: new Set([...linear, ...other]) };
}

/** The axes whose indices an expression depends on. */
export const axesIn = (e: Expression, extents: Shape): number[] =>
  subexpressions(e).flatMap((x) => (x.kind === "index" && extents[x.axis] !== 1 ? [x.axis] : []));

function conjuncts(e: Expression): Expression[] {
  return e.kind === "apply" && e.fn === "and" ? e.args.flatMap(conjuncts) : [e];
}

/** A comparison of linear forms as a range of their difference. */
export function rangeIn(e: Expression, extents: Shape): Range | undefined {
  if (e.kind !== "apply" || !(e.fn === "less" || e.fn === "lessEqual" || e.fn === "equal")) {
    return undefined;
  }
  const [a, b] = [at(e.args, 0), at(e.args, 1)].map((x) => linearForm(x, extents));
  if (a === undefined || b === undefined) return undefined;
  const difference = b.coefficients.map((c, axis) => c - at(a.coefficients, axis));
  // Of a range and its mirror image one is written.
  const sign = (difference.find((c) => c !== 0) ?? 1) < 0 ? -1 : 1;
  const coefficients = difference.map((c) => c * sign);
  const base = a.base - b.base;
  // base ≤ difference, or base + 1 ≤ difference, or base = difference
  const [low, high] = [
    e.fn === "less" ? base + 1 : base,
    e.fn === "equal" ? base : Number.POSITIVE_INFINITY,
  ];
  const form: Affine = { base: 0, coefficients };
  const [least, most] = rangeOf(form, extents);
  const bounds = sign > 0 ? { low, high } : { low: -high, high: -low };
  return {
    coefficients,
    low: Math.max(bounds.low, least),
    high: Math.min(bounds.high, most),
  };
}
