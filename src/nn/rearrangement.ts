/** Layers that put the same numbers into another shape. */
import { callSite } from "../core/call-site.ts";
import { fail } from "../core/errors.ts";
import { checkNames } from "../core/options.ts";
import { formatShape, normalizeAxis, sizeOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { reshape, transpose } from "../ops/move.ts";
import { type Any, type Layer, layer, type NoRanks } from "./layer.ts";

/** A layer that puts the numbers of any input into other places. */
export const rearranging = (
  name: string,
  settings: Readonly<Record<string, unknown>>,
  apply: (x: Tensor) => Tensor,
): Layer<Any, Any, NoRanks> =>
  layer({
    name,
    kind: "rearrangement",
    inputSize: "any",
    outputSize: "any",
    parameters: {},
    settings,
    site: callSite(),
    apply,
  });

/** Which axes become one. */
export interface FlattenOptions {
  /** The first of them. Default 1: all but the batch's. */
  readonly startAxis?: number;
  /** The last of them. Default −1. */
  readonly endAxis?: number;
}

/**
 * y = x with the axes from `startAxis` to `endAxis` as one, in row-major order: [batch, channels,
 * height, width] becomes [batch, channels·height·width]. A last axis before the first is an error.
 */
export function flatten(options: FlattenOptions = {}): Layer<Any, Any> {
  checkNames("flatten", options, ["startAxis", "endAxis"]);
  const { startAxis = 1, endAxis = -1 } = options;
  for (const axis of [startAxis, endAxis]) {
    if (Number.isInteger(axis)) continue;
    fail("bad-argument", {
      message: "flatten needs axes.",
      expected: "whole numbers; negative ones count from the last axis",
      found: shown(axis),
    });
  }
  return rearranging("flatten", { ...options }, (x) => {
    const first = normalizeAxis(startAxis, x.rank, "flatten");
    const last = normalizeAxis(endAxis, x.rank, "flatten");
    if (first > last) {
      fail("bad-argument", {
        message: `flatten joins axes ${startAxis} to ${endAxis} of an input with ${x.rank}.`,
        expected: "a first axis that is not behind the last",
        found: `${first} and ${last}`,
      });
    }
    const size = x.shape.slice(first, last + 1).reduce((n, k) => n * k, 1);
    return reshape(x, [...x.shape.slice(0, first), size, ...x.shape.slice(last + 1)]);
  });
}

/**
 * y = x with one axis in the place of which several stand, in row-major order: unflatten(1, [1, 28,
 * 28]) makes images of one channel of rows of 784 numbers. Sizes whose product is not the axis's are
 * an error; one of them may be −1 and follows from the others.
 */
export function unflatten(axis: number, sizes: readonly number[]): Layer<Any, Any> {
  const fits = (n: unknown) => Number.isInteger(n) && (n === -1 || Number(n) >= 1);
  if (!Number.isInteger(axis) || !Array.isArray(sizes) || !sizes.every(fits)) {
    fail("bad-argument", {
      message: "unflatten needs an axis and the sizes that stand in its place.",
      expected: "a whole number and a list, as in unflatten(1, [1, 28, 28])",
      found: `${shown(axis)} and ${shown(sizes)}`,
    });
  }
  return rearranging("unflatten", { axis, sizes: [...sizes] }, (x) => {
    const at = normalizeAxis(axis, x.rank, "unflatten");
    const size = x.shape[at] ?? 0;
    const known = sizes.filter((n) => n !== -1).reduce((n, k) => n * k, 1);
    const full = sizes.map((n) => (n === -1 ? size / known : n));
    const isFull = full.every(Number.isInteger) && full.reduce((n, k) => n * k, 1) === size;
    if (!isFull || sizes.filter((n) => n === -1).length > 1) {
      fail("shape-mismatch", {
        message: `unflatten cannot put ${size} elements into these sizes.`,
        expected: `sizes whose product is ${size}, with at most one −1`,
        found: formatShape(sizes),
      });
    }
    return reshape(x, [...x.shape.slice(0, at), ...full, ...x.shape.slice(at + 1)]);
  });
}

/**
 * y = x with its axes in another order, that of the batch, 0, included: permute([0, 2, 1]) makes
 * [batch, channels, length] of [batch, length, channels]. A list that is no order of x's axes is an
 * error.
 */
export function permute(axes: readonly number[]): Layer<Any, Any> {
  const isOrder = Array.isArray(axes) && Array.from(axes).every((_, axis) => axes.includes(axis));
  if (!isOrder) {
    fail("bad-argument", {
      message: "permute needs an order of all axes, that of the batch included.",
      expected: "each whole number from 0 on once, as in permute([0, 2, 1])",
      found: shown(axes),
    });
  }
  return rearranging("permute", { axes: [...axes] }, (x) => {
    if (x.rank !== axes.length) {
      fail("shape-mismatch", {
        message: "permute got an input with another number of axes.",
        expected: `${axes.length} axes, as many as the order names`,
        found: formatShape(x.shape),
      });
    }
    return transpose(x, axes);
  });
}

/**
 * y = x in row-major order with other sizes behind the batch's axis: reshapeTo([4, 4]) makes [batch,
 * 4, 4] of [batch, 16]. Sizes whose product is another are an error; one may be −1 and follows.
 */
export function reshapeTo(sizes: readonly number[]): Layer<Any, Any> {
  const fits = (n: unknown) => Number.isInteger(n) && (n === -1 || Number(n) >= 1);
  if (!Array.isArray(sizes) || !sizes.every(fits) || sizes.filter((n) => n === -1).length > 1) {
    fail("bad-argument", {
      message: "reshapeTo needs the sizes behind the batch's axis.",
      expected: "a list of whole numbers ≥ 1, one of which may be −1",
      found: shown(sizes),
    });
  }
  return rearranging("reshapeTo", { sizes: [...sizes] }, (x) => {
    const [batch = 1, ...own] = x.shape;
    const size = sizeOf(own);
    const known = sizeOf(sizes.filter((n) => n !== -1));
    const full = sizes.map((n) => (n === -1 ? size / known : n));
    if (x.rank === 0 || !full.every(Number.isInteger) || sizeOf(full) !== size) {
      fail("shape-mismatch", {
        message: `reshapeTo cannot put ${size} elements of each example into these sizes.`,
        expected: `sizes whose product is ${size}`,
        found: formatShape(sizes),
      });
    }
    return reshape(x, [batch, ...full]);
  });
}
