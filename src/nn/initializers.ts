/** Where a parameter's first value comes from. */

import { at } from "../core/at.ts";
import { allocate, arrayOf, checkDType, type DType, type TypedArray } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { type ArgumentKind, checkKind, isFunction, object } from "../core/kinds.ts";
import { normalsOf, uniformsOf } from "../core/random.ts";
import { checkShape, formatShape, type Shape, sameShape, sizeOf } from "../core/shape.ts";
import { shown } from "../core/wording.ts";
import type { NestedArray } from "../ops/leaf.ts";

/** Values for a shape; element i depends on (seed, stream, i) alone. */
export interface Initializer {
  readonly name: string;
  /** Whether it has values of its own, which fit one shape; it is asked for them at once then. */
  readonly isGiven?: boolean;
  /** Whether its values follow from other parameters' of its layer. Default false. */
  readonly follows?: boolean;
  /**
   * @param first first values of other parameters of the same layer, by the layer's own names, for
   *   values that follow from them; absent where nobody knows any
   */
  readonly fill: (
    shape: Shape,
    seed: number,
    stream: number,
    first?: (name: string) => ArrayLike<number>,
  ) => Float64Array;
}

function fill(shape: Shape, f: (i: number) => number): Float64Array {
  const data = allocate("f64", sizeOf(shape)) as Float64Array;
  for (let i = 0; i < data.length; i++) data[i] = f(i);
  return data;
}

/** How many inputs and outputs a weight of shape [out, in, …kernel] connects. */
function fans(shape: Shape): { fanIn: number; fanOut: number } {
  const kernel = sizeOf(shape.slice(2));
  const [out = 1, inner = out] = shape;
  return { fanIn: inner * kernel, fanOut: out * kernel };
}

/** Where an initializer draws; the seed is looked at by what draws. */
function checkDraw(shape: Shape, stream: number): void {
  checkShape(shape);
  if (Number.isSafeInteger(stream)) return;
  fail("bad-argument", {
    message: "An initializer draws from a stream of random numbers.",
    expected: "its number, a whole number",
    found: shown(stream),
  });
}

const uniformBy = (name: string, bound: (shape: Shape) => number): Initializer => ({
  name,
  fill: (shape, seed, stream) => {
    checkDraw(shape, stream);
    const b = bound(shape);
    const u = uniformsOf(seed, stream);
    return fill(shape, (i) => (2 * u(i) - 1) * b);
  },
});

const normalBy = (name: string, deviation: (shape: Shape) => number): Initializer => ({
  name,
  fill: (shape, seed, stream) => {
    checkDraw(shape, stream);
    const d = deviation(shape);
    const z = normalsOf(seed, stream);
    return fill(shape, (i) => z(i) * d);
  },
});

const ratio = (a: number, b: number): number => (b === 0 ? 0 : Math.sqrt(a / b));

/** U(−b, b), b = √(6/(fan_in + fan_out)): keeps variances for tanh and sigmoid (Glorot 2010). */
export const xavierUniform = (): Initializer =>
  uniformBy("xavierUniform", (shape) => ratio(6, fans(shape).fanIn + fans(shape).fanOut));
/** N(0, σ²), σ = √(2/(fan_in + fan_out)) (Glorot and Bengio 2010). */
export const xavierNormal = (): Initializer =>
  normalBy("xavierNormal", (shape) => ratio(2, fans(shape).fanIn + fans(shape).fanOut));
/** U(−b, b), b = √(6/fan_in): keeps variances for ReLU (He et al. 2015). */
export const heUniform = (): Initializer =>
  uniformBy("heUniform", (shape) => ratio(6, fans(shape).fanIn));
/** N(0, σ²), σ = √(2/fan_in) (He et al. 2015). */
export const heNormal = (): Initializer =>
  normalBy("heNormal", (shape) => ratio(2, fans(shape).fanIn));
/** U(−b, b), b = √(3/fan_in): for SELU (LeCun 1998; Klambauer 2017). */
export const lecunUniform = (): Initializer =>
  uniformBy("lecunUniform", (shape) => ratio(3, fans(shape).fanIn));
/** N(0, σ²), σ = √(1/fan_in) (LeCun 1998). */
export const lecunNormal = (): Initializer =>
  normalBy("lecunNormal", (shape) => ratio(1, fans(shape).fanIn));
/** An initializer with settings, each of them a finite number. */
function withSettings(
  name: string,
  settings: Readonly<Record<string, number>>,
  fill: Initializer["fill"],
): Initializer {
  for (const [what, value] of Object.entries(settings)) {
    if (Number.isFinite(value)) continue;
    fail("bad-argument", {
      message: `The initializer ${name} cannot use this ${what}.`,
      expected: "a finite number",
      found: typeof value === "number" ? String(value) : `a value of type ${typeof value}`,
    });
  }
  return {
    name,
    fill(shape, seed, stream) {
      checkDraw(shape, stream);
      return fill(shape, seed, stream);
    },
  };
}

/** U(low, high), from −1 to 1 by default. */
export const uniform = (low = -1, high = 1): Initializer =>
  withSettings("uniform", { low, high }, (shape, seed, stream) => {
    const u = uniformsOf(seed, stream);
    return fill(shape, (i) => low + (high - low) * u(i));
  });
/** N(mean, deviation²); defaults 0 and 1. */
export const normal = (mean = 0, deviation = 1): Initializer =>
  withSettings("normal", { mean, deviation }, (shape, seed, stream) => {
    const z = normalsOf(seed, stream);
    return fill(shape, (i) => mean + deviation * z(i));
  });
/** The same value everywhere. */
export const constantValue = (value: number): Initializer =>
  withSettings("constant", { value }, (shape) => fill(shape, () => value));

/**
 * A matrix with orthonormal rows (or columns, if there are fewer), times `gain`, default 1:
 * Gram and Schmidt's method, done twice, on rows of normal numbers (Saxe et al. 2014).
 */
export const orthogonal = (gain = 1): Initializer =>
  withSettings("orthogonal", { gain }, (shape, seed, stream) => {
    const rows = shape[0] ?? 1;
    const columns = rows === 0 ? 0 : sizeOf(shape) / rows;
    const wide = rows <= columns;
    const [m, n] = wide ? [rows, columns] : [columns, rows];
    const z = normalsOf(seed, stream);
    const q = Array.from({ length: m }, (_, r) => fill([n], (c) => z(r * n + c)));
    q.forEach((row, r) => {
      for (let pass = 0; pass < 2; pass++) {
        for (const before of q.slice(0, r)) addTo(row, -dot(row, before), before);
      }
      const length = Math.sqrt(dot(row, row));
      for (const [c, x] of row.entries()) row[c] = x / length;
    });
    return fill(shape, (i) => {
      const [r, c] = [Math.floor(i / columns), i % columns];
      return gain * (wide ? at(at(q, r), c) : at(at(q, c), r));
    });
  });

// Rows of one length: a large orthogonal matrix spends all its time in these two loops (!).

function dot(a: Float64Array, b: Float64Array): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
}

function addTo(a: Float64Array, factor: number, b: Float64Array): void {
  for (let i = 0; i < a.length; i++) a[i] = a[i]! + factor * b[i]!;
}

/**
 * The values themselves: nested as deeply as the parameter has axes, or flat row by row. Others
 * than the parameter takes, or what is not finite, are an error.
 */
export const values = (given: NestedArray | TypedArray): Initializer => ({
  name: "values",
  isGiven: true,
  fill: (shape) => {
    checkShape(shape);
    const view = ArrayBuffer.isView(given);
    const numbers: ArrayLike<unknown> = view ? given : flatten(given);
    const found = view ? [given.length] : extent(given);
    const wrong = Array.prototype.findIndex.call(numbers, (v) => !Number.isFinite(v));
    // A flat list is taken row by row; rows must be the parameter's rows.
    const fits = found !== undefined && (found.length < 2 || sameShape(found, shape));
    if (numbers.length !== sizeOf(shape) || !fits || wrong >= 0) {
      const rows = found ? `of shape ${formatShape(found)}` : "in uneven rows";
      fail("shape-mismatch", {
        message: "The initial values do not fill the parameter.",
        expected: `${sizeOf(shape)} finite numbers of shape ${formatShape(shape)}`,
        found: wrong < 0 ? `${numbers.length} ${rows}` : shown(numbers[wrong]),
        fix: "Give weights as one row per output, with one number per input in each.",
      });
    }
    return Float64Array.from(numbers as ArrayLike<number>);
  },
});

/** The lengths of nested arrays, level by level; undefined where they are not nested evenly. */
function extent(given: NestedArray): number[] | undefined {
  const lengths: number[] = [];
  let level: readonly NestedArray[] = [given];
  while (level.some((v) => Array.isArray(v))) {
    const first = (level[0] as NestedArray[]).length;
    if (level.some((v) => !Array.isArray(v) || v.length !== first)) return undefined;
    lengths.push(first);
    level = (level as NestedArray[][]).flat();
  }
  return lengths;
}

const flatten = (given: NestedArray): unknown[] =>
  Array.isArray(given) ? (given as NestedArray[]).flatMap(flatten) : [given];

/** What stands for an initializer: the initializer, one number for all, or the values. */
export type InitialValues = Initializer | NestedArray | TypedArray;

/** The initializer for what is given: itself; one number for all entries; values for the shape. */
export function toInitializer(given: InitialValues): Initializer {
  if (typeof given === "number") return constantValue(given);
  if (Array.isArray(given) || ArrayBuffer.isView(given) || typeof given === "boolean")
    return values(given as NestedArray);
  checkKind("A parameter", given, initializer);
  return given as Initializer;
}

const initializer = /* @__PURE__ */ object(
  "an initializer or values",
  "such as xavierUniform(), or numbers of the parameter's shape",
  ({ fill }) => isFunction(fill),
);

/** First values of a parameter, rounded to its element type; the same for the same seed and stream. */
export const initialize = (
  initial: Initializer,
  shape: Shape,
  dtype: DType,
  seed: number,
  stream: number,
  first?: (name: string) => TypedArray,
): TypedArray => {
  checkKind("initialize", initial, initializer);
  const numbers: unknown = initial.fill(checkShape(shape), seed, stream, first);
  checkKind("A parameter", numbers, filled);
  return arrayOf(checkDType(dtype), numbers as Float64Array);
};

const filled: ArgumentKind = {
  name: "the values that its initializer gives",
  example: "fill: (shape, seed, stream) => a Float64Array",
  fits: (given) => ArrayBuffer.isView(given) || Array.isArray(given),
};
