/** Where a parameter's first value comes from. */
import { arrayOf, type DType, type TypedArray } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { normalAt, uniformAt } from "../core/random.ts";
import { formatShape, type Shape, sizeOf } from "../core/shape.ts";
import type { NestedArray } from "../ops/leaf.ts";

/** Values for a shape; element i depends on (seed, stream, i) alone. */
export interface Initializer {
  readonly name: string;
  readonly fill: (shape: Shape, seed: number, stream: number) => Float64Array;
}

const fill = (shape: Shape, f: (i: number) => number): Float64Array =>
  Float64Array.from({ length: sizeOf(shape) }, (_, i) => f(i));

/** How many inputs and outputs a weight of shape [out, in, …kernel] connects. */
function fans(shape: Shape): { fanIn: number; fanOut: number } {
  const kernel = sizeOf(shape.slice(2));
  const [out = 1, inner = out] = shape;
  return { fanIn: inner * kernel, fanOut: out * kernel };
}

const uniformBy = (name: string, bound: (shape: Shape) => number): Initializer => ({
  name,
  fill: (shape, seed, stream) => {
    const b = bound(shape);
    return fill(shape, (i) => (2 * uniformAt(seed, stream, i) - 1) * b);
  },
});

const normalBy = (name: string, deviation: (shape: Shape) => number): Initializer => ({
  name,
  fill: (shape, seed, stream) => {
    const d = deviation(shape);
    return fill(shape, (i) => normalAt(seed, stream, i) * d);
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
/** U(low, high) */
export const uniform = (low = -1, high = 1): Initializer => ({
  name: "uniform",
  fill: (shape, seed, stream) =>
    fill(shape, (i) => low + (high - low) * uniformAt(seed, stream, i)),
});
/** N(mean, deviation²) */
export const normal = (mean = 0, deviation = 1): Initializer => ({
  name: "normal",
  fill: (shape, seed, stream) => fill(shape, (i) => mean + deviation * normalAt(seed, stream, i)),
});
/** The same value everywhere. */
export const constantValue = (value: number): Initializer => ({
  name: "constant",
  fill: (shape) => fill(shape, () => value),
});

/**
 * A matrix with orthonormal rows (or columns, if there are fewer), times `gain` (Saxe et al. 2014):
 * Gram and Schmidt's method, done twice, on rows of normal numbers.
 */
export const orthogonal = (gain = 1): Initializer => ({
  name: "orthogonal",
  fill: (shape, seed, stream) => {
    const rows = shape[0] ?? 1;
    const columns = rows === 0 ? 0 : sizeOf(shape) / rows;
    const wide = rows <= columns;
    const [m, n] = wide ? [rows, columns] : [columns, rows];
    const q = Array.from({ length: m }, (_, r) =>
      Float64Array.from({ length: n }, (_, c) => normalAt(seed, stream, r * n + c)),
    );
    q.forEach((row, r) => {
      for (let pass = 0; pass < 2; pass++) {
        for (const other of q.slice(0, r)) {
          const along = dot(row, other);
          row.forEach((v, c) => {
            row[c] = v - along * other[c]!;
          });
        }
      }
      const length = Math.sqrt(dot(row, row));
      row.forEach((v, c) => {
        row[c] = v / length;
      });
    });
    return fill(shape, (i) => {
      const [r, c] = [Math.floor(i / columns), i % columns];
      return gain * (wide ? q[r]![c]! : q[c]![r]!);
    });
  },
});

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((s, v, i) => s + v * b[i]!, 0);

/** The values themselves, as nested arrays or flat in row-major order. */
export const values = (given: NestedArray | TypedArray): Initializer => ({
  name: "values",
  fill: (shape) => {
    const numbers = ArrayBuffer.isView(given) ? [...given] : flatten(given);
    const wrong = numbers.find((v) => typeof v !== "number" || !Number.isFinite(v));
    if (numbers.length !== sizeOf(shape) || wrong !== undefined) {
      fail("shape-mismatch", {
        message: "The initial values do not fill the parameter.",
        expected: `${sizeOf(shape)} finite numbers for ${formatShape(shape)}`,
        found: wrong === undefined ? `${numbers.length} numbers` : String(wrong),
      });
    }
    return fill(shape, (i) => numbers[i] as number);
  },
});

const flatten = (given: NestedArray): unknown[] =>
  Array.isArray(given) ? (given as NestedArray[]).flatMap(flatten) : [given];

/** What stands for an initializer: the initializer, one number for all, or the values. */
export type InitialValues = Initializer | NestedArray | TypedArray;

export function toInitializer(given: InitialValues): Initializer {
  if (typeof given === "number") return constantValue(given);
  return Array.isArray(given) || ArrayBuffer.isView(given) || typeof given === "boolean"
    ? values(given as NestedArray)
    : (given as Initializer);
}

/** First values of a parameter in its own element type. */
export const initialize = (
  initial: Initializer,
  shape: Shape,
  dtype: DType,
  seed: number,
  stream: number,
): TypedArray => arrayOf(dtype, initial.fill(shape, seed, stream));
