/** Images made larger and smaller: by neighbours, lines, cubics, means, and by channels laid out. */
import { at, zip } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import { isText } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { formatShape } from "../core/shape.ts";
import { asTensor, axisOf, type Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { add, mul } from "./arithmetic.ts";
import { broadcastTo } from "./broadcast.ts";
import { toFloat } from "./cast.ts";
import { take } from "./indexing.ts";
import { tensor } from "./leaf.ts";
import { reshape, slice, transpose } from "./move.ts";
import { adaptiveAvgPool } from "./pooling.ts";
import { type PerAxis, perAxis, wrongRank } from "./windows.ts";

/** How many axes behind batch and channels a mode takes; any number where it does not matter. */
const axesOfMode = {
  nearest: undefined,
  nearestExact: undefined,
  linear: 1,
  bilinear: 2,
  trilinear: 3,
  bicubic: 2,
  area: undefined,
} as const;

/** The modes for which the outermost elements may keep their places. */
const between = ["linear", "bilinear", "trilinear", "bicubic"] as const;

/** What an element between others becomes. */
export type InterpolationMode = keyof typeof axesOfMode;

/** To which size, or by which factor, and how. */
export interface InterpolateOptions {
  /** The sizes behind batch and channels, or one for all. */
  readonly size?: PerAxis;
  /** In their place, how many times as large. The sizes are rounded down. */
  readonly scaleFactor?: PerAxis;
  /**
   * The nearest element before (default), the one whose centre is nearest ("nearestExact"),
   * straight lines between neighbours, for one, two and three axes, cubics through four of them
   * ("bicubic"), or the mean of what an element covers ("area").
   */
  readonly mode?: InterpolationMode;
  /** With lines and cubics: whether the outermost elements keep their places. Default false. */
  readonly alignCorners?: boolean;
}

/** How far neighbours in the output lie apart in the input. */
interface Scale {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

/** y[t] = x[places[t]] along an axis. */
function read(x: Tensor, axis: number, places: readonly number[]): Tensor {
  const n = at(x.shape, axis);
  const [m, first, second] = [places.length, places[0] ?? 0, places[1] ?? 0];
  const every = m > 1 ? second - first : 1;
  if (every > 0 && places.every((p, t) => p === first + t * every)) {
    const along = (own: number, other: (size: number) => number): number[] =>
      x.shape.map((size, a) => (a === axis ? own : other(size)));
    const end = along(first + (m - 1) * every + 1, (size) => size);
    return slice(x, { start: along(first, () => 0), end, step: along(every, () => 1) });
  }
  const times = m / n;
  if (Number.isInteger(times) && places.every((p, t) => p === Math.floor(t / times))) {
    const [lead, rest] = [x.shape.slice(0, axis + 1), x.shape.slice(axis + 1)];
    const wide = broadcastTo(reshape(x, [...lead, 1, ...rest]), [...lead, times, ...rest]);
    return reshape(wide, [...x.shape.slice(0, axis), m, ...rest]);
  }
  return take(x, tensor(Int32Array.from(places)), { axis });
}

/** Positions in f32 are those of f32. */
const rounding = (x: Tensor) => (x.dtype === "f32" ? Math.fround : (n: number) => n);

function nearest(x: Tensor, axis: number, { from, to, step }: Scale, shift: number): Tensor {
  const round = rounding(x);
  const places = Array.from({ length: to }, (_, t) =>
    Math.min(Math.floor(round((t + shift) * round(step))), from - 1),
  );
  return read(x, axis, places);
}

function linear(x: Tensor, axis: number, { from, to, step }: Scale, isAligned: boolean): Tensor {
  const positions = Array.from({ length: to }, (_, t) =>
    isAligned ? t * step : Math.max(0, (t + 0.5) * step - 0.5),
  );
  const below = positions.map((p) => Math.min(Math.floor(p), from - 1));
  const above = below.map((p) => Math.min(p + 1, from - 1));
  const share = zip(positions, below).map(([p, low]) => Math.min(1, Math.max(0, p - low)));
  const shape = x.shape.map((_, a) => (a === axis ? to : 1));
  const weights = (w: number[]) => tensor(w, { dtype: x.dtype, shape });
  const first = mul(read(x, axis, below), weights(share.map((w) => 1 - w)));
  return add(first, mul(read(x, axis, above), weights(share)));
}

/** The steepness of Keys' cubic at a distance of one, as torch has it. */
const steepness = -0.75;

/** Keys' cubic for neighbours at a distance of up to 1, and of 1 to 2. */
const near = (d: number): number => ((steepness + 2) * d - (steepness + 3)) * d * d + 1;
const far = (d: number): number =>
  ((steepness * d - 5 * steepness) * d + 8 * steepness) * d - 4 * steepness;

/** Four neighbours of each place, those outside being the outermost element. */
function cubic(x: Tensor, axis: number, { from, to, step }: Scale, isAligned: boolean): Tensor {
  const positions = Array.from({ length: to }, (_, t) =>
    isAligned ? t * step : (t + 0.5) * step - 0.5,
  );
  const below = positions.map(Math.floor);
  const share = zip(positions, below).map(([p, low]) => p - low);
  const shape = x.shape.map((_, a) => (a === axis ? to : 1));
  const weights = [
    (d: number) => far(1 + d),
    near,
    (d: number) => near(1 - d),
    (d: number) => far(2 - d),
  ];
  const parts = weights.map((weight, k) => {
    const places = below.map((p) => Math.min(Math.max(p + k - 1, 0), from - 1));
    return mul(read(x, axis, places), tensor(share.map(weight), { dtype: x.dtype, shape }));
  });
  return parts.reduce((total, part) => add(total, part));
}

/** The scales along the axes behind batch and channels. */
function scales(x: Tensor, options: InterpolateOptions, isAligned: boolean): Scale[] {
  const sizes = x.shape.slice(2);
  const { size, scaleFactor } = options;
  if ((size === undefined) === (scaleFactor === undefined)) {
    fail("bad-argument", {
      message: "interpolate needs the new sizes or a factor.",
      expected: "size or scaleFactor",
      found: size === undefined ? "neither" : "both",
    });
  }
  if (sizes.some((n) => n < 1)) {
    wrongRank("interpolate", "at least one element along each axis", x);
  }
  const stepOf = (from: number, to: number, factor: number | undefined): number => {
    if (isAligned) return to > 1 ? (from - 1) / (to - 1) : 0;
    return factor === undefined ? from / to : 1 / factor;
  };
  if (size !== undefined) {
    const targets = perAxis("interpolate", "size", size, sizes, 1);
    return zip(sizes, targets).map(([from, to]) => ({
      from,
      to,
      step: stepOf(from, to, undefined),
    }));
  }
  const factors = typeof scaleFactor === "number" ? sizes.map(() => scaleFactor) : scaleFactor;
  const isFactor = (f: unknown): boolean => typeof f === "number" && f > 0 && Number.isFinite(f);
  const fits = Array.isArray(factors) && factors.length === sizes.length && factors.every(isFactor);
  const targets = fits ? zip(sizes, factors).map(([n, f]) => Math.floor(n * f)) : [];
  if (factors === undefined || !fits || targets.some((n) => n < 1)) {
    return fail("bad-argument", {
      message: "interpolate cannot use this scaleFactor.",
      expected: `a number > 0, or a list of ${sizes.length} of them, that leave an element`,
      found: fits ? formatShape(factors ?? []) : shown(scaleFactor),
    });
  }
  return zip(sizes, targets, factors).map(([from, to, f]) => ({
    from,
    to,
    step: stepOf(from, to, f),
  }));
}

/**
 * y[n, c, t] = x[n, c, s] at the place s = ⌊t·S/T⌋ ("nearest"), or between its neighbours, in straight
 * lines, at s = (t + ½)·S/T − ½; with `alignCorners` at s = t·(S − 1)/(T − 1). "bicubic" lays a cubic
 * through the four nearest on each axis (Keys 1981, a = −¾); "area" is the mean over the elements
 * ⌊t·S/T⌋ to ⌈(t + 1)·S/T⌉ − 1, as `adaptiveAvgPool`. S and T are sizes of the axes behind batch and
 * channels; of a factor S/T is 1/factor (torch's interpolate). A mode for another number of axes is
 * an error.
 *
 * @example interpolate(x, { size: 4, mode: "linear" }) with x = [[[1, 2]]]
 */
export function interpolate(x: Tensor, options: InterpolateOptions): Tensor {
  const what = "interpolate";
  checkNames(what, options, ["size", "scaleFactor", "mode", "alignCorners"]);
  const { mode = "nearest", alignCorners = false } = options;
  const isMode = isText(mode) && Object.hasOwn(axesOfMode, mode);
  const isBetween = (between as readonly string[]).includes(mode);
  if (!isMode || (alignCorners !== false && !isBetween)) {
    fail("bad-argument", {
      message: "interpolate has no such mode.",
      expected: `${Object.keys(axesOfMode).join(", ")}; alignCorners with ${between.join(", ")}`,
      found: `mode ${shown(mode)}, alignCorners ${shown(alignCorners)}`,
    });
  }
  if (typeof alignCorners !== "boolean") {
    fail("bad-argument", {
      message: "interpolate cannot use this alignCorners.",
      expected: "true or false",
      found: shown(alignCorners),
    });
  }
  const isNearest = mode.startsWith("nearest");
  const numbers = isNearest ? asTensor(what, x) : toFloat(asTensor(what, x));
  const count = axesOfMode[mode] ?? Math.max(1, x.rank - 2);
  if (x.rank !== count + 2) {
    wrongRank(what, `[batch, channels, and ${count} ${count === 1 ? "axis" : "axes"} more]`, x);
  }
  const all = scales(x, options, alignCorners);
  if (mode === "area") return adaptiveAvgPool(numbers, { outputSize: all.map(({ to }) => to) });
  const along = mode === "bicubic" ? cubic : linear;
  return all.reduce(
    (y, scale, k) =>
      isNearest
        ? nearest(y, k + 2, scale, mode === "nearest" ? 0 : 0.5)
        : along(y, k + 2, scale, alignCorners),
    numbers,
  );
}

/** Channels, height and width. */
const lastSizes = ({ shape }: Tensor): [number, number, number] => [
  at(shape, shape.length - 3),
  at(shape, shape.length - 2),
  at(shape, shape.length - 1),
];

/** Refuses channels or sizes that cannot be laid out so. */
function checkFactor(what: string, x: Tensor, factor: number, divides: (n: number) => number[]) {
  axisOf(what, x, -3);
  const fits = Number.isInteger(factor) && factor >= 1;
  if (fits && divides(factor).every(Number.isInteger)) return;
  fail(fits ? "shape-mismatch" : "bad-argument", {
    message: `${what} cannot lay out channels so.`,
    expected: fits ? `sizes that ${factor} divides` : "a whole number ≥ 1",
    found: fits ? formatShape(x.shape) : shown(factor),
  });
}

/**
 * y[…, c, h·r + i, w·r + j] = x[…, c·r² + i·r + j, h, w]: channels become places, r times as many
 * along height and width. Channels that r² does not divide are an error.
 *
 * @example pixelShuffle(x, 2) with x = [[[1]], [[2]], [[3]], [[4]]]
 */
export function pixelShuffle(x: Tensor, factor: number): Tensor {
  const what = "pixelShuffle";
  checkFactor(what, asTensor(what, x), factor, (r) => [at(x.shape, x.rank - 3) / (r * r)]);
  const lead = x.shape.slice(0, -3);
  const [channels, height, width] = lastSizes(x);
  const left = channels / (factor * factor);
  const apart = reshape(x, [...lead, left, factor, factor, height, width]);
  const order = [...lead.map((_, k) => k), ...[0, 3, 1, 4, 2].map((k) => lead.length + k)];
  return reshape(transpose(apart, order), [...lead, left, height * factor, width * factor]);
}

/**
 * y[…, c·r² + i·r + j, h, w] = x[…, c, h·r + i, w·r + j]: what `pixelShuffle` laid out becomes
 * channels again. Sizes that r does not divide are an error.
 *
 * @example pixelUnshuffle(x, 2) with x = [[[1, 2], [3, 4]]]
 */
export function pixelUnshuffle(x: Tensor, factor: number): Tensor {
  const what = "pixelUnshuffle";
  checkFactor(what, asTensor(what, x), factor, (r) => x.shape.slice(-2).map((n) => n / r));
  const lead = x.shape.slice(0, -3);
  const [channels, height, width] = lastSizes(x);
  const [rows, columns] = [height / factor, width / factor];
  const apart = reshape(x, [...lead, channels, rows, factor, columns, factor]);
  const order = [...lead.map((_, k) => k), ...[0, 2, 4, 1, 3].map((k) => lead.length + k)];
  return reshape(transpose(apart, order), [...lead, channels * factor * factor, rows, columns]);
}
