/**
 * What only moves elements is copied box by box: the loop's indices are cut where a choice changes,
 * and inside of a box every element comes from one input (or is one number) in even steps.
 */
import { at } from "../../core/at.ts";
import type { TypedArray } from "../../core/dtype.ts";
import type { Expression } from "../../core/expression.ts";
import { type Shape, stridesOf } from "../../core/shape.ts";
import { affine } from "./contract.ts";

type Fill = (inputs: readonly TypedArray[], y: TypedArray) => void;

/** from ≤ index < to, along each axis. */
interface Box {
  readonly from: Shape;
  readonly to: Shape;
}

/** Elements of one input, or copies of a number, in even steps along some axes. */
interface Copy {
  readonly input: number | undefined;
  readonly number: number;
  /** The first element, and the steps to the next along each axis, in input and output. */
  readonly x: number;
  readonly y: number;
  readonly axes: readonly Axis[];
}

interface Axis {
  readonly size: number;
  readonly x: number;
  readonly y: number;
}

/** It holds for indices from `at` on along the axis, or for those below. */
interface Threshold {
  readonly axis: number;
  readonly at: number;
  readonly isAbove: boolean;
}

/** More boxes than this are as well decided element by element. */
const mostBoxes = 1024;

/** What fills a tensor of this shape with the value; undefined where that does more than move. */
export function moves(value: Expression, shape: Shape): Fill | undefined {
  const copies: Copy[] = [];
  const whole = { from: shape.map(() => 0), to: shape };
  if (!cut(value, whole, shape, copies)) return undefined;
  return (inputs, y) => {
    for (const copy of copies) {
      const x = copy.input === undefined ? y : at(inputs, copy.input);
      run(copy, copy.axes, x, y, copy.x, copy.y);
    }
  };
}

/** Adds the copies that make the value in a box, and says whether there are such. */
function cut(e: Expression, box: Box, shape: Shape, copies: Copy[]): boolean {
  if (copies.length > mostBoxes) return false;
  if (box.from.some((first, axis) => first >= at(box.to, axis))) return true;
  switch (e.kind) {
    case "constant":
      copies.push(copyOf(undefined, e.value, { base: 0, coefficients: [] }, box, shape));
      return true;
    case "select":
      return decided(e.condition, box, (inside, holds) =>
        cut(holds ? e.then : e.otherwise, inside, shape, copies),
      );
    case "load": {
      if (e.bound) return false;
      const form = affine(e.at, shape.length);
      if (form === undefined) return false;
      const copy = (inside: Box, reads: boolean): boolean => {
        if (inside.from.every((first, axis) => first < at(inside.to, axis)))
          copies.push(copyOf(reads ? e.input : undefined, e.otherwise, form, inside, shape));
        return true;
      };
      return e.when ? decided(e.when, box, copy) : copy(box, true);
    }
    default:
      return false;
  }
}

/** Cuts a box where a condition changes; `each` gets the parts, and whether it holds in them. */
function decided(e: Expression, box: Box, each: (box: Box, holds: boolean) => boolean): boolean {
  if (e.kind === "apply" && e.fn === "and") {
    const [a, b] = [at(e.args, 0), at(e.args, 1)];
    return decided(a, box, (part, holds) => (holds ? decided(b, part, each) : each(part, false)));
  }
  const found = thresholdIn(e, box.from.length);
  if (found === undefined) return false;
  const { axis, isAbove } = found;
  const [from, to] = [at(box.from, axis), at(box.to, axis)];
  const middle = Math.max(from, Math.min(to, found.at));
  const below = { ...box, to: box.to.with(axis, middle) };
  const above = { ...box, from: box.from.with(axis, middle) };
  return (from === middle || each(below, !isAbove)) && (middle === to || each(above, isAbove));
}

function thresholdIn(e: Expression, rank: number): Threshold | undefined {
  if (e.kind !== "apply" || !(e.fn === "less" || e.fn === "lessEqual")) return undefined;
  const [a, b] = [affine(at(e.args, 0), rank), affine(at(e.args, 1), rank)];
  if (a === undefined || b === undefined) return undefined;
  const steps = b.coefficients.map((c, axis) => c - at(a.coefficients, axis));
  const axis = steps.findIndex((c) => c !== 0);
  const step = steps[axis];
  if (steps.some((c, k) => c !== 0 && k !== axis) || (step !== 1 && step !== -1)) return undefined;
  // 0 < base + step·index
  const base = b.base - a.base + (e.fn === "lessEqual" ? 1 : 0);
  return step === 1 ? { axis, at: 1 - base, isAbove: true } : { axis, at: base, isAbove: false };
}

function copyOf(
  input: number | undefined,
  number: number,
  { base, coefficients }: { readonly base: number; readonly coefficients: readonly number[] },
  { from, to }: Box,
  shape: Shape,
): Copy {
  const strides = stridesOf(shape);
  let [x, y] = [base, 0];
  const axes: Axis[] = [];
  for (const [axis, first] of from.entries()) {
    const own = { size: at(to, axis) - first, x: coefficients[axis] ?? 0, y: at(strides, axis) };
    x += first * own.x;
    y += first * own.y;
    if (own.size === 1) continue;
    const before = axes.at(-1);
    if (before && before.x === own.x * own.size && before.y === own.y * own.size)
      axes[axes.length - 1] = { ...own, size: before.size * own.size };
    else axes.push(own);
  }
  return { input, number, x, y, axes };
}

/** From so many on, neighbours are copied as one. */
const many = 32;

function run(
  copy: Copy,
  axes: readonly Axis[],
  x: TypedArray,
  y: TypedArray,
  xFirst: number,
  yFirst: number,
): void {
  const [axis, ...inner] = axes;
  const { size, x: xStep, y: yStep } = axis ?? { size: 1, x: 0, y: 0 };
  if (inner.length > 0) {
    for (let i = 0; i < size; i++) run(copy, inner, x, y, xFirst + i * xStep, yFirst + i * yStep);
  } else if (copy.input === undefined) {
    for (let i = 0, to = yFirst; i < size; i++, to += yStep) y[to] = copy.number;
  } else if (size >= many && xStep === 1 && yStep === 1) {
    y.set(x.subarray(xFirst, xFirst + size), yFirst);
  } else {
    // Places are inside by the operator's own rule: nothing is absent.
    for (let i = 0, from = xFirst, to = yFirst; i < size; i++, from += xStep, to += yStep)
      y[to] = x[from] ?? Number.NaN;
  }
}
