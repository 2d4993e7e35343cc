/** Functions that repeat, shift, cut and pick elements; each is put together of moves. */
import { at } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import { checkNames } from "../core/options.ts";
import { checkList, formatShape } from "../core/shape.ts";
import { asTensor, axisOf, type Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { sub } from "./arithmetic.ts";
import { broadcastTo } from "./broadcast.ts";
import { greaterEqual, lessEqual, where } from "./compare.ts";
import { concatenate } from "./concatenate.ts";
import { take } from "./indexing.ts";
import { range, tensor } from "./leaf.ts";
import { reshape, slice, stretch, transpose } from "./move.ts";

/** A whole number, not below `least`, or an error. */
function whole(what: string, n: number, least = Number.NEGATIVE_INFINITY): number {
  if (Number.isInteger(n) && n >= least) return n;
  return fail("bad-argument", {
    message: `${what} takes whole numbers.`,
    expected: Number.isFinite(least) ? `a whole number ≥ ${least}` : "a whole number",
    found: shown(n),
  });
}

/**
 * y[i] = x[i − shift] along the axis, what leaves at one end coming in at the other; along several
 * axes by one shift for each; without an axis, along all elements in row-major order.
 *
 * @example roll(x, 1) with x = [1, 2, 3, 4]
 */
export function roll(
  x: Tensor,
  shift: number | readonly number[],
  axis?: number | readonly number[],
): Tensor {
  asTensor("roll", x);
  if (axis === undefined || axis === null) {
    return reshape(roll(reshape(x, [x.size]), shift, 0), x.shape);
  }
  const shifts = typeof shift === "number" ? [shift] : checkList("The shifts", shift, "[1, 2]");
  const axes = typeof axis === "number" ? [axis] : checkList("The axes of roll", axis, "[0, 1]");
  if (shifts.length !== axes.length) {
    fail("bad-argument", {
      message: "roll takes one shift for each axis.",
      expected: `${axes.length} shifts`,
      found: `${shifts.length}`,
    });
  }
  return axes.reduce((y, one, k) => {
    const along = axisOf("roll", y, one);
    const n = at(y.shape, along);
    const by = whole("roll", at(shifts, k));
    if (n === 0 || by % n === 0) return y;
    const cut = ((-by % n) + n) % n;
    return concatenate([stretch(y, along, cut, n), stretch(y, along, 0, cut)], along);
  }, x);
}

/**
 * x set side by side with itself, so many times along each axis (PyTorch's Tensor.repeat): of
 * fewer numbers than axes the last axes, of more new axes in front. A number below 0 is an error.
 *
 * @example tile(x, [2]) with x = [1, 2]
 */
export function tile(x: Tensor, repeats: readonly number[]): Tensor {
  const counts = checkList("The repeats of tile", repeats, "tile(x, [2, 1])");
  for (const n of counts) whole("tile", n, 0);
  const { rank, shape } = asTensor("tile", x);
  const all = Math.max(rank, counts.length);
  const sizes = [...new Array<number>(all - rank).fill(1), ...shape];
  const times = [...new Array<number>(all - counts.length).fill(1), ...counts];
  const apart = sizes.flatMap((n) => [1, n]);
  const spread = sizes.flatMap((n, k) => [at(times, k), n]);
  const joined = sizes.map((n, k) => n * at(times, k));
  return reshape(broadcastTo(reshape(x, apart), spread), joined);
}

/** Along which axis elements are repeated. */
export interface RepeatOptions {
  /** The axis. Default none: x counts as one list. */
  readonly axis?: number;
}

/**
 * Each element so many times in a row along the axis, or each by a number of its own; without an
 * axis all elements in row-major order (NumPy's repeat).
 *
 * @example repeatInterleave(x, 2) with x = [1, 2]
 */
export function repeatInterleave(
  x: Tensor,
  repeats: number | readonly number[],
  options: RepeatOptions = {},
): Tensor {
  checkNames("repeatInterleave", options, ["axis"]);
  asTensor("repeatInterleave", x);
  if (options.axis === undefined) {
    return repeatInterleave(reshape(x, [x.size]), repeats, { axis: 0 });
  }
  const axis = axisOf("repeatInterleave", x, options.axis);
  const n = at(x.shape, axis);
  const counts =
    typeof repeats === "number"
      ? new Array<number>(n).fill(repeats)
      : checkList("The repeats", repeats, "[1, 2]");
  if (counts.length !== n) {
    fail("bad-argument", {
      message: "repeatInterleave takes one number, or one for each element along the axis.",
      expected: `${n} numbers`,
      found: `${counts.length}`,
    });
  }
  const from = counts.flatMap((count, i) =>
    new Array<number>(whole("repeatInterleave", count, 0)).fill(i),
  );
  return take(x, tensor(Int32Array.from(from)), { axis });
}

/** Which diagonal; 0 is the main one, above it they count up. */
export interface TriangleOptions {
  /** The diagonal. Default 0. */
  readonly diagonal?: number;
}

function triangle(name: "tril" | "triu", x: Tensor, options: TriangleOptions): Tensor {
  checkNames(name, options, ["diagonal"]);
  const k = whole(name, options.diagonal ?? 0);
  const [m, n] = matrix(name, x);
  const away = sub(range(n), reshape(range(m), [m, 1]));
  return where(name === "tril" ? lessEqual(away, k) : greaterEqual(away, k), x, 0);
}

/** The sizes of the last two axes. */
function matrix(name: string, x: Tensor): readonly [number, number] {
  const [n, m] = asTensor(name, x).shape.toReversed();
  if (m !== undefined && n !== undefined) return [m, n];
  return fail("shape-mismatch", {
    message: `${name} works on matrices.`,
    expected: "at least two axes",
    found: formatShape(x.shape),
  });
}

/**
 * y[i, j] = x[i, j] where j − i ≤ diagonal (default 0), else 0: the lower triangle of matrices.
 *
 * @example tril(x) with x = [[1, 2], [3, 4]]
 */
export const tril = (x: Tensor, options: TriangleOptions = {}): Tensor =>
  triangle("tril", x, options);
/**
 * y[i, j] = x[i, j] where j − i ≥ diagonal (default 0), else 0: the upper triangle of matrices.
 *
 * @example triu(x, { diagonal: 1 }) with x = [[1, 2], [3, 4]]
 */
export const triu = (x: Tensor, options: TriangleOptions = {}): Tensor =>
  triangle("triu", x, options);

/** Which diagonal of which two axes. */
export interface DiagonalOptions {
  /** How far above the main diagonal; below it negative. Default 0. */
  readonly offset?: number;
  /** The axes of rows and columns. Default the first two. */
  readonly axes?: readonly [number, number];
}

/**
 * y[…, i] = x[i, i + offset, …] for the two axes, which disappear; the diagonal is the last axis. Axes that are
 * not two are an error.
 *
 * @example diagonal(x, { offset: 1 }) with x = [[1, 2, 3], [4, 5, 6]]
 */
export function diagonal(x: Tensor, options: DiagonalOptions = {}): Tensor {
  checkNames("diagonal", options, ["offset", "axes"]);
  const { axes = [0, 1] } = options;
  const offset = whole("diagonal", options.offset ?? 0);
  const [first, second, ...more] = checkList("The axes of diagonal", axes, "[0, 1]").map((axis) =>
    axisOf("diagonal", x, axis),
  );
  if (first === undefined || second === undefined || more.length > 0 || first === second) {
    return fail("bad-argument", {
      message: "diagonal works along two axes.",
      expected: "two different axes",
      found: formatShape(axes),
    });
  }
  const others = x.shape.flatMap((_, k) => (k === first || k === second ? [] : [k]));
  const moved = transpose(x, [...others, first, second]);
  const [m, n] = matrix("diagonal", moved);
  const [row, column] = [Math.max(0, -offset), Math.max(0, offset)];
  const length = Math.max(0, Math.min(m - row, n - column));
  const outer = others.map((axis) => at(x.shape, axis));
  const start = [...outer.map(() => 0), Math.min(row, m), Math.min(column, n)];
  const end = [...outer, at(start, outer.length) + length, at(start, outer.length + 1) + length];
  const flat = reshape(slice(moved, { start, end }), [...outer, length * length]);
  return slice(flat, { step: [...outer.map(() => 1), length + 1] });
}

/**
 * The pieces of x along `axis` (default 0): each of this size, the last one perhaps smaller, or of
 * the sizes in a list; sizes that do not add up are an error.
 *
 * @example splitBy(x, 2)[1] with x = [1, 2, 3]
 */
export function splitBy(x: Tensor, size: number | readonly number[], axis = 0): Tensor[] {
  const along = axisOf("splitBy", x, axis);
  const n = at(x.shape, along);
  const sizes =
    typeof size === "number"
      ? pieces(n, whole("splitBy", size, 1))
      : checkList("The sizes of splitBy", size, "splitBy(x, [2, 1])").map((k) =>
          whole("splitBy", k, 0),
        );
  const total = sizes.reduce((a, b) => a + b, 0);
  if (total !== n) {
    fail("shape-mismatch", {
      message: "The pieces of splitBy are all of the axis.",
      expected: `sizes that add up to ${n}`,
      found: `${total}`,
    });
  }
  let start = 0;
  return sizes.map((k) => stretch(x, along, start, (start += k)));
}

/** n in pieces of a size; nothing is one piece. */
const pieces = (n: number, size: number): number[] =>
  Array.from({ length: Math.max(1, Math.ceil(n / size)) }, (_, k) => Math.min(size, n - k * size));

/**
 * x in so many pieces of equal size along `axis` (default 0); where that does not divide, the last
 * is smaller, and there may be fewer (PyTorch's rule).
 *
 * @example chunk(x, 2)[0] with x = [1, 2, 3]
 */
export function chunk(x: Tensor, count: number, axis = 0): Tensor[] {
  const along = axisOf("chunk", x, axis);
  return splitBy(x, Math.max(1, Math.ceil(at(x.shape, along) / whole("chunk", count, 1))), along);
}
