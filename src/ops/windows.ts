/** Windows that move over the last axes of a tensor, and the sum that lays them back. */
import { at as item, zip } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import {
  apply,
  constant,
  type Expression,
  indices,
  load,
  offset,
  plus,
  times,
} from "../core/expression.ts";
import type { Op, TensorType, Unary } from "../core/op.ts";
import { checkNames } from "../core/options.ts";
import { formatShape, type Shape, sizeOf } from "../core/shape.ts";
import { asTensor, node, type Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { padOp, reshape, sliceOp, transpose } from "./move.ts";

const f64 = (...shape: number[]): TensorType => ({ dtype: "f64", shape });

/** A number for each axis that a window moves along, or one for all of them. */
export type PerAxis = number | readonly number[];

/** How a window moves: its size, the distance of windows, and the distance of its elements. */
export interface Windowing {
  readonly window: Shape;
  readonly stride: Shape;
  readonly dilation: Shape;
}

/** An option as a list, one whole number ≥ `least` for each axis. */
export function perAxis(
  what: string,
  name: string,
  given: PerAxis,
  axes: readonly unknown[],
  least: number,
): number[] {
  const list = typeof given === "number" ? axes.map(() => given) : given;
  const fits = Array.isArray(list) && list.length === axes.length;
  if (fits && list.every((n) => Number.isInteger(n) && n >= least)) return [...list];
  const isNumbers = Array.isArray(given) && given.every((n) => typeof n === "number");
  return fail("bad-argument", {
    message: `${what} cannot use this ${name}.`,
    expected: `a whole number ≥ ${least}, or a list of ${axes.length} of them`,
    found: isNumbers ? formatShape(given) : shown(given),
  });
}

/** From the first element of a window to the one behind its last. */
export const windowExtent = (size: number, dilation: number): number => (size - 1) * dilation + 1;

/** How many windows there are along each axis, or an error where not one fits. */
export function windowCount(
  sizes: Shape,
  { window, stride, dilation }: Windowing,
  /** The sizes before anything was put around them, for the message. */
  given: Shape = sizes,
): number[] {
  const extents = zip(window, dilation).map(([n, gap]) => windowExtent(n, gap));
  if (window.some((n) => n < 1) || zip(sizes, extents).some(([n, k]) => n < k)) {
    fail("shape-mismatch", {
      message: "A window does not fit into what it moves over.",
      expected: `sizes of at least ${formatShape(extents)}, the extent of the window ${formatShape(window)}${dilation.some((n) => n > 1) ? ` with dilation ${formatShape(dilation)}` : ""}`,
      found: `${formatShape(sizes)}${given.every((n, axis) => n === sizes[axis]) ? "" : `, padding included, of ${formatShape(given)}`}`,
    });
  }
  return zip(sizes, extents, stride).map(([n, k, by]) => Math.floor((n - k) / by) + 1);
}

/** The border that keeps sizes; where it cannot be even, the end has one more. */
export function samePadding(what: string, { window, stride, dilation }: Windowing) {
  if (stride.some((by) => by !== 1)) {
    fail("bad-argument", {
      message: `${what} can keep the size only where windows are next to each other.`,
      expected: 'stride 1 with padding "same"',
      found: `stride ${formatShape(stride)}`,
      fix: "Give the padding as a number.",
    });
  }
  const all = zip(window, dilation).map(([n, gap]) => windowExtent(n, gap) - 1);
  const before = all.map((n) => Math.floor(n / 2));
  return { before, after: zip(all, before).map(([n, b]) => n - b) };
}

/** What is put around and between elements, axis by axis; fewer than 0 are cut off. */
interface Border {
  readonly before: Shape;
  readonly after: Shape;
  readonly interior: Shape;
  readonly value?: number;
}

/** x with a border and gaps. */
export function widened(x: Tensor, { before, after, interior, value = 0 }: Border): Tensor {
  const [added, behind] = [before, after].map((list) => list.map((n) => Math.max(0, n)));
  const isWide = [...(added ?? []), ...(behind ?? []), ...interior].some((n) => n > 0);
  const wide = isWide
    ? node(padOp, [x], { before: added ?? [], after: behind ?? [], interior, value })
    : x;
  const start = before.map((n) => Math.max(0, -n));
  const size = zip(wide.shape, start, after).map(([n, s, a]) => n - s - Math.max(0, -a));
  if (size.every((n, axis) => n === wide.shape[axis])) return wide;
  return node(sliceOp, [wide], { start, size, step: size.map(() => 1) });
}

interface Moves extends Readonly<Record<string, unknown>>, Windowing {}

/** The axes of windows, and the others. */
const split = (rank: number, { window }: Windowing) => {
  const lead = rank - window.length;
  return { lead, outer: indices(lead) };
};

/** y[…, t, k] = x[…, t·stride + k·dilation]: the last axes become positions and windows. */
export const windowsOp: Op<Unary, Moves> = {
  name: "windows",
  infer: ([x], attributes) => {
    const { lead } = split(x.shape.length, attributes);
    const counts = windowCount(x.shape.slice(lead), attributes);
    return { dtype: x.dtype, shape: [...x.shape.slice(0, lead), ...counts, ...attributes.window] };
  },
  meaning: ([x], _y, attributes) => {
    const { lead, outer } = split(x.shape.length, attributes);
    const { window, stride, dilation } = attributes;
    const positions = indices(window.length, lead);
    const inside = indices(window.length, lead + window.length);
    const places = zip(positions, inside, stride, dilation).map(([t, k, by, gap]) =>
      plus(times(t, by), times(k, gap)),
    );
    return { loop: "map", value: load(0, x.dtype, offset(x.shape, [...outer, ...places])) };
  },
  derivative: {
    kind: "linear",
    transpose: (g, { x: [x], attributes }) => {
      const sizes = x.shape.slice(x.rank - attributes.window.length);
      return node(foldOp, [g], { ...attributes, sizes });
    },
  },
  law: {
    en: "Every element stands in all windows that reach it and collects the sum of their gradients.",
    zh: "每个元素出现在覆盖它的所有窗口中，其梯度等于这些窗口中梯度之和。",
  },
  notation: { text: "windows(#0)", tex: "\\operatorname{windows}(#0)", precedence: 5 },
  sampling: {
    cases: [
      { inputs: [f64(2, 5)], attributes: { window: [2], stride: [1], dilation: [1] } },
      { inputs: [f64(4, 6)], attributes: { window: [2, 2], stride: [2, 1], dilation: [1, 2] } },
    ],
  },
};

/** y[…, s] = Σ x[…, t, k] over all t, k with t·stride + k·dilation = s: what `windows` took apart. */
export const foldOp: Op<Unary, Moves & { readonly sizes: Shape }> = {
  name: "fold",
  infer: ([x], { window, stride, dilation, sizes }) => {
    const lead = x.shape.slice(0, x.shape.length - 2 * window.length);
    const counts = windowCount(sizes, { window, stride, dilation });
    const full = [...lead, ...counts, ...window];
    if (x.shape.length !== full.length || full.some((n, axis) => n !== x.shape[axis])) {
      fail("shape-mismatch", {
        message: "fold needs as many windows as fit into the sizes.",
        expected: formatShape(full),
        found: formatShape(x.shape),
      });
    }
    return { dtype: x.dtype, shape: [...lead, ...sizes] };
  },
  meaning: ([x], y, { window, stride, dilation }) => {
    const { lead, outer } = split(y.shape.length, { window, stride, dilation });
    const i32 = (n: number) => constant(n, "i32");
    const conditions: Expression[] = [];
    const inside = indices(window.length, y.shape.length);
    const places = zip(indices(window.length, lead), inside, stride, dilation).map(
      ([s, k, by, gap], axis) => {
        const start = plus(s, times(k, -gap));
        const count = item(x.shape, lead + axis);
        conditions.push(apply("lessEqual", i32(0), start));
        conditions.push(apply("less", start, i32((count - 1) * by + 1)));
        if (by === 1) return start;
        conditions.push(apply("equal", apply("mod", start, i32(by)), i32(0)));
        return apply("floorDiv", start, i32(by));
      },
    );
    const when = conditions.reduce((all, c) => apply("and", all, c));
    const at = offset(x.shape, [...outer, ...places, ...inside]);
    return {
      loop: "reduce",
      over: window,
      combine: "sum",
      value: load(0, x.dtype, at, { when }),
    };
  },
  derivative: {
    kind: "linear",
    transpose: (g, { attributes: { window, stride, dilation } }) =>
      node(windowsOp, [g], { window, stride, dilation }),
  },
  law: {
    en: "A sum of overlapping windows: each element of a window receives the gradient of its place.",
    zh: "窗口重叠相加：窗口中的每个元素得到其所在位置的梯度。",
  },
  notation: { text: "fold(#0)", tex: "\\operatorname{fold}(#0)", precedence: 5 },
  sampling: {
    cases: [
      {
        inputs: [f64(2, 4, 2)],
        attributes: { window: [2], stride: [1], dilation: [1], sizes: [5] },
      },
      {
        inputs: [f64(2, 3, 2, 2)],
        attributes: { window: [2, 2], stride: [2, 1], dilation: [1, 2], sizes: [5, 5] },
      },
    ],
  },
};

/** How windows move over the axes behind batch and channels. */
export interface UnfoldOptions {
  /** Elements of a window along each axis. */
  readonly kernelSize: PerAxis;
  /** Distance between neighbouring windows. Default 1. */
  readonly stride?: PerAxis;
  /** Zeros on both sides of each axis. Default 0. */
  readonly padding?: PerAxis;
  /** Distance between neighbouring elements of a window. Default 1. */
  readonly dilation?: PerAxis;
}

/** How windows are laid back. */
export interface FoldOptions extends UnfoldOptions {
  /** The sizes of the axes behind batch and channels. */
  readonly outputSize: readonly number[];
}

/** The options as lists, for so many axes. */
function windowing(what: string, count: number, options: UnfoldOptions) {
  const axes = Array.from({ length: count });
  const { kernelSize, stride = 1, padding = 0, dilation = 1 } = options;
  return {
    window: perAxis(what, "kernelSize", kernelSize, axes, 1),
    stride: perAxis(what, "stride", stride, axes, 1),
    dilation: perAxis(what, "dilation", dilation, axes, 1),
    pads: perAxis(what, "padding", padding, axes, 0),
  };
}

/**
 * y[n, (c, k), t] = x[n, c, t·stride + k·dilation − padding]: every window as a column. x of shape
 * [batch, channels, …sizes] gives [batch, channels · Π kernelSize, number of windows], as in PyTorch.
 *
 * @example unfold(x, { kernelSize: 2 }) with x = [[[1, 2, 3, 4]]]
 */
export function unfold(x: Tensor, options: UnfoldOptions): Tensor {
  checkNames("unfold", options, ["kernelSize", "stride", "padding", "dilation"]);
  const count = asTensor("unfold", x).rank - 2;
  if (count < 1) wrongRank("unfold", "[batch, channels, …sizes]", x);
  const { pads, ...moves } = windowing("unfold", count, options);
  const wide = around(x, pads, 0);
  const seen = node(windowsOp, [wide], moves);
  const [batch = 0, channels = 0] = x.shape;
  const positions = Array.from({ length: count }, (_, k) => k + 2);
  const order = [0, 1, ...positions.map((axis) => axis + count), ...positions];
  const columns = sizeOf(moves.window) * channels;
  const windows = sizeOf(seen.shape.slice(2, 2 + count));
  return reshape(transpose(seen, order), [batch, columns, windows]);
}

/**
 * y[n, c, s] = Σ x[n, (c, k), t] over all windows t and their elements k with
 * t·stride + k·dilation − padding = s: the windows of `unfold` added up where they lie. x has the
 * shape [batch, channels · Π kernelSize, number of windows], y [batch, channels, …outputSize]. Another
 * number of columns than such windows have is an error.
 *
 * @example fold(x, { outputSize: [3], kernelSize: 2 }) with x = [[[1, 2], [10, 20]]]
 */
export function fold(x: Tensor, options: FoldOptions): Tensor {
  checkNames("fold", options, ["outputSize", "kernelSize", "stride", "padding", "dilation"]);
  const given = options.outputSize;
  if (!Array.isArray(given) || given.length === 0) {
    fail("bad-argument", {
      message: "fold needs the sizes of what it puts together.",
      expected: "a list such as [28, 28]",
      found: shown(given),
    });
  }
  const sizes = perAxis("fold", "outputSize", given, given, 1);
  const { pads, ...moves } = windowing("fold", sizes.length, options);
  const wide = zip(sizes, pads).map(([n, p]) => n + 2 * p);
  const counts = windowCount(wide, moves, sizes);
  const { shape } = asTensor("fold", x);
  const [batch, columns, windows] = [shape[0] ?? 0, shape[1] ?? 0, shape[2] ?? 0];
  const inside = sizeOf(moves.window);
  if (x.rank !== 3 || columns % inside !== 0 || windows !== sizeOf(counts)) {
    fail("shape-mismatch", {
      message: "fold needs a column for each window.",
      expected: `[batch, channels · ${inside}, ${sizeOf(counts)}] for windows ${formatShape(moves.window)} over ${formatShape(sizes)}`,
      found: formatShape(x.shape),
    });
  }
  const channels = columns / inside;
  const apart = reshape(x, [batch, channels, ...moves.window, ...counts]);
  const places = sizes.map((_, k) => k + 2);
  const order = [0, 1, ...places.map((axis) => axis + sizes.length), ...places];
  const y = node(foldOp, [transpose(apart, order)], { ...moves, sizes: wide });
  return around(
    y,
    pads.map((n) => -n),
    0,
  );
}

/** x with a border around the axes behind batch and channels; fewer than 0 are cut off. */
function around(x: Tensor, pads: Shape, value: number): Tensor {
  const lead = x.shape.slice(0, x.rank - pads.length).map(() => 0);
  const both = [...lead, ...pads];
  return widened(x, { before: both, after: both, interior: x.shape.map(() => 0), value });
}

export const wrongRank = (what: string, expected: string, x: Tensor): never =>
  fail("shape-mismatch", {
    message: `${what} does not fit a tensor of this shape.`,
    expected,
    found: formatShape(x.shape),
  });
