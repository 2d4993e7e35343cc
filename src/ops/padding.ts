/** A border around the elements, of a constant or of the elements themselves; less than none is cut. */
import { at, zip } from "../core/at.ts";
import { convert } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { checkNames } from "../core/options.ts";
import { checkList, formatShape } from "../core/shape.ts";
import { asTensor, node, type Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { broadcastTo } from "./broadcast.ts";
import { concatenate } from "./concatenate.ts";
import { flip, padOp, slice, stretch } from "./move.ts";

const modes = ["constant", "reflect", "replicate", "circular"] as const;

/** What stands in a border. */
export type PaddingMode = (typeof modes)[number];

/** The border that `pad` puts around a tensor: how many elements per axis, and what they are. */
export interface PadOptions {
  /** Elements before the first of each axis; below 0 so many are cut off. */
  readonly before: readonly number[];
  /** The same behind the last. */
  readonly after: readonly number[];
  /** What stands in a border of constants. Default 0. */
  readonly value?: number;
  /**
   * A constant (default); the elements mirrored at the first and last, which are not repeated
   * ("reflect"); the first and last themselves ("replicate"); those of the other end ("circular").
   */
  readonly mode?: PaddingMode;
}

/** The most elements that a border can take from an axis of so many. */
export const mostAround: Readonly<Record<PaddingMode, (n: number) => number>> = {
  constant: () => Number.POSITIVE_INFINITY,
  reflect: (n) => n - 1,
  replicate: (n) => (n > 0 ? Number.POSITIVE_INFINITY : 0),
  circular: (n) => n,
};

/** So many elements in front of an axis, and behind it, if there are any. */
function around(x: Tensor, axis: number, mode: PaddingMode, before: number, after: number) {
  const n = at(x.shape, axis);
  const from = (start: number, end: number): Tensor[] =>
    end > start ? [stretch(x, axis, start, end)] : [];
  const mirrored = (parts: Tensor[]): Tensor[] => parts.map((part) => flip(part, axis));
  const repeated = (count: number, place: number): Tensor[] => {
    const shape = x.shape.map((m, k) => (k === axis ? count : m));
    return count > 0 ? [broadcastTo(stretch(x, axis, place, place + 1), shape)] : [];
  };
  switch (mode) {
    case "reflect":
      return [mirrored(from(1, before + 1)), mirrored(from(n - 1 - after, n - 1))];
    case "circular":
      return [from(n - before, n), from(0, after)];
    default:
      return [repeated(before, 0), repeated(after, n - 1)];
  }
}

/**
 * x with a border around it: `before` and `after` elements per axis, of a constant or, by `mode`, of
 * elements of x; of fewer than 0 so many are cut off, before x is put around itself in a circle. A
 * border that has to reach further than the axis is an error.
 *
 * @example pad(x, { before: [1], after: [2] }) with x = [1, 2]
 */
export function pad<R extends number>(x: Tensor<R>, options: PadOptions): Tensor<R> {
  checkNames("pad", options, ["before", "after", "value", "mode"]);
  const { before, after, value = 0, mode = "constant" } = options;
  const example = "{ before: [0, 1], after: [0, 1] }";
  const sizes = [before, after].flatMap((list) => checkList("What pad adds", list, example));
  const { rank, shape } = asTensor("pad", x);
  const fits = before.length === rank && after.length === rank && typeof value === "number";
  if (!fits || !sizes.every(Number.isInteger)) {
    fail("bad-argument", {
      message: "pad needs a number as value, and whole ones before and after each axis.",
      expected: `${rank} of each`,
      found: `before ${formatShape(before)}, after ${formatShape(after)}`,
    });
  }
  if (!modes.includes(mode) || (mode !== "constant" && options.value !== undefined)) {
    fail("bad-argument", {
      message: "pad has no such border.",
      expected: `the mode ${modes.map((m) => `"${m}"`).join(", ")}; a value with constants alone`,
      found: modes.includes(mode) ? `a value for "${mode}"` : shown(mode),
    });
  }
  for (const [axis, [n, start, end]] of zip(shape, before, after).entries()) {
    const left = n + Math.min(0, start) + Math.min(0, end);
    const largest = Math.max(0, mostAround[mode](mode === "circular" ? left : n));
    if (Math.max(start, end) <= largest && n + start + end >= 0) continue;
    const each = Number.isFinite(largest) ? `, at most ${largest} on a side` : "";
    fail("bad-argument", {
      message: "pad takes or cuts off more than there is.",
      expected: `${-n} elements or more in all on axis ${axis}${each}`,
      found: `${start} before and ${end} after, mode "${mode}"`,
    });
  }
  const [added, behind] = [before, after].map((list) => list.map((n) => Math.max(0, n))) as [
    number[],
    number[],
  ];
  const isMirror = mode === "reflect" || mode === "replicate";
  // What is mirrored is mirrored where it stands; all else is put around what is left.
  let wide: Tensor = isMirror ? x : cut(x, before, after);
  if (mode === "constant") {
    const interior = before.map(() => 0);
    const border = { before: added, after: behind, interior, value: convert[x.dtype](value) };
    if (sizes.some((n) => n > 0)) wide = node(padOp, [wide], border);
  } else {
    for (const axis of shape.keys()) {
      const [first, last] = around(wide, axis, mode, at(added, axis), at(behind, axis));
      const parts = [...(first ?? []), wide, ...(last ?? [])];
      if (parts.length > 1) wide = concatenate(parts, axis);
    }
  }
  return isMirror ? cut(wide, before, after) : wide;
}

/** x without so many elements on both sides of each axis as the numbers are below 0. */
function cut(x: Tensor, before: readonly number[], after: readonly number[]): Tensor {
  const start = before.map((n) => Math.max(0, -n));
  const end = zip(x.shape, after).map(([n, by]) => Math.max(0, n + Math.min(0, by)));
  return slice(x, { start, end });
}
