import { at } from "./at.ts";
import { fail } from "./errors.ts";
import { shown } from "./wording.ts";

/** Sizes of the axes, outermost first; [] is a scalar. Elements are stored in row-major order. */
export type Shape = readonly number[];

/** The number of elements: the product of the sizes. */
export function sizeOf(shape: Shape): number {
  let product = 1;
  for (const n of shape) product *= n;
  return product;
}

/** Row-major strides: how far apart, in elements, neighbours along each axis lie. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= at(shape, axis);
  }
  return strides;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false;
  return true;
}

export const formatShape = (shape: Shape): string => `[${shape.join(", ")}]`;

/** The largest tensor that can be indexed by a 32-bit integer. */
const maximumSize = 2 ** 31 - 1;

const isNoNumber = (n: unknown): boolean => typeof n !== "number";

/** Refuses what is no array of numbers: sizes or axes that are passed one after another. */
export function checkList(
  what: string,
  list: readonly number[],
  example: string,
): readonly number[] {
  const wrong = Array.isArray(list) ? list.findIndex(isNoNumber) : undefined;
  if (wrong === -1) return list;
  return fail("bad-argument", {
    message: `${what} must be one array of numbers.`,
    expected: "numbers in one array",
    found: wrong === undefined ? shown(list) : `${shown(list[wrong])} in the array`,
    fix: `Pass one array of numbers: ${example}.`,
  });
}

/** The sizes as one array of numbers, whatever they are. */
export const checkSizes = (shape: Shape): Shape =>
  checkList("A shape", shape, "x.reshape([2, 2]), zeros([3])");

/** Checks that every size is a whole number ≥ 0 and that the tensor can be indexed. */
export function checkShape(shape: Shape): Shape {
  let size = 1;
  for (const n of checkSizes(shape)) {
    if (!Number.isInteger(n) || n < 0) {
      fail("shape-mismatch", {
        message: "This is not a shape.",
        expected: "whole numbers ≥ 0",
        found: formatShape(shape),
      });
    }
    size *= n;
  }
  if (size <= maximumSize) return shape;
  return fail("out-of-memory", {
    message: "No tensor holds so many elements.",
    expected: `at most ${maximumSize} elements`,
    found: `${size} elements, shape ${formatShape(shape)}`,
    fix: "Take fewer numbers at once.",
  });
}

/**
 * The shape that two tensors share after broadcasting: aligned at the last axis, sizes must be
 * equal or one of them 1 (NumPy's rule).
 */
export function broadcastShapes(a: Shape, b: Shape, what: string): Shape {
  const rank = Math.max(a.length, b.length);
  const result = new Array<number>(rank);
  for (let axis = 1; axis <= rank; axis++) {
    const m = a[a.length - axis] ?? 1;
    const n = b[b.length - axis] ?? 1;
    if (m !== n && m !== 1 && n !== 1) {
      fail("shape-mismatch", {
        message: `${what} cannot combine shapes ${formatShape(a)} and ${formatShape(b)}.`,
        expected: "equal sizes, or size 1, on every axis, counted from the last",
        found: `sizes ${m} and ${n} on axis ${-axis}`,
      });
    }
    result[rank - axis] = m === 1 ? n : m;
  }
  return result;
}

/** An axis in 0 … rank−1; negative ones count from the end. */
export function normalizeAxis(axis: number, rank: number, what: string): number {
  const range = rank === 0 ? "no axis: the tensor is a scalar" : `−${rank} … ${rank - 1}`;
  if (typeof axis !== "number") {
    fail("bad-argument", {
      message: `${what} works along one axis, given by its number.`,
      expected: range,
      found: shown(axis),
    });
  }
  const whole = Number.isInteger(axis);
  const normal = whole && axis < 0 ? axis + rank : axis;
  if (!whole || normal < 0 || normal >= rank) {
    fail("bad-argument", {
      message: `${what} names an axis that the tensor does not have.`,
      expected: range,
      found: shown(axis),
    });
  }
  return normal;
}

/** What `axis` takes where several make sense: one axis, some, or null for all. */
export type SomeAxes = number | readonly number[] | null;

/** Several axes, normalized, in increasing order, each once; `undefined` or null means all. */
export function normalizeAxes(axes: SomeAxes | undefined, rank: number, what: string): number[] {
  if (axes === undefined || axes === null) return Array.from({ length: rank }, (_, axis) => axis);
  const list = typeof axes === "number" ? [axes] : checkList(`The axes of ${what}`, axes, "[0, 1]");
  const normal = list.map((axis) => normalizeAxis(axis, rank, what));
  if (new Set(normal).size !== normal.length) {
    fail("bad-argument", {
      message: `${what} names an axis twice.`,
      expected: "each axis at most once",
      found: formatShape(list),
    });
  }
  return normal.sort((a, b) => a - b);
}

/** The index along each axis of the element at a row-major position. */
export function indicesOf(position: number, shape: Shape): number[] {
  let rest = position;
  const fromLast = shape.toReversed().map((size) => {
    const index = rest % size;
    rest = Math.floor(rest / size);
    return index;
  });
  return fromLast.reverse();
}
