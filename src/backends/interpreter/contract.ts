/**
 * A shape of loop that deserves its own: the sum, over any axes, of products of two elements whose
 * offsets are linear in the loop indices (every matrix product, in every transposition).
 */
import { at, zip } from "../../core/at.ts";
import { isFloat, type TypedArray } from "../../core/dtype.ts";
import type { Expression } from "../../core/expression.ts";
import type { Meaning } from "../../core/op.ts";
import { type Shape, sizeOf } from "../../core/shape.ts";

/** offset = base + Σ coefficients[axis]·index[axis] */
interface Affine {
  readonly base: number;
  readonly coefficients: readonly number[];
}

/** An offset expression as a linear form in the loop's indices, if it is one. */
export function affine(e: Expression, rank: number): Affine | undefined {
  const constant = (base: number): Affine => ({ base, coefficients: new Array(rank).fill(0) });
  if (e.kind === "constant") return constant(e.value);
  if (e.kind === "index") {
    return { base: 0, coefficients: Array.from({ length: rank }, (_, k) => +(k === e.axis)) };
  }
  if (e.kind !== "apply" || (e.fn !== "add" && e.fn !== "mul")) return undefined;
  const [a, b] = e.args.map((arg) => affine(arg, rank));
  if (a === undefined || b === undefined) return undefined;
  const combine = (f: (x: number, y: number) => number): Affine => ({
    base: f(a.base, b.base),
    coefficients: zip(a.coefficients, b.coefficients).map(([x, y]) => f(x, y)),
  });
  if (e.fn === "add") return combine((x, y) => x + y);
  if (b.coefficients.every((c) => c === 0)) {
    return { base: a.base * b.base, coefficients: a.coefficients.map((c) => c * b.base) };
  }
  return undefined;
}

type Run = (inputs: readonly TypedArray[], y: Float64Array) => void;

/**
 * The loop for a meaning of that shape: y[o] = Σ_k a[o, k]·b[o, k], rows of outputs at a time, k
 * running through all summed axes in row-major order.
 */
export function contraction(meaning: Meaning, shape: Shape): Run | undefined {
  if (meaning.loop !== "reduce" || meaning.combine !== "sum" || meaning.over.length === 0) return;
  const { over, value } = meaning;
  if (value.kind !== "apply" || value.fn !== "mul" || shape.length === 0) return;
  if (!isFloat(value.dtype)) return; // products of integers wrap around, one by one
  const [p, q] = value.args;
  if (p?.kind !== "load" || q?.kind !== "load" || p.when || q.when || p.bound || q.bound) return;
  const rank = shape.length;
  const [a, b] = [p, q].map(({ at }) => affine(at, rank + over.length));
  if (a === undefined || b === undefined) return;
  const columns = at(shape, rank - 1);
  const outer = shape.slice(0, -1);
  const rows = sizeOf(outer);
  const inner = sizeOf(over);
  const [aColumn, bColumn] = [at(a.coefficients, rank - 1), at(b.coefficients, rank - 1)];
  const [aTerms, bTerms] = [a, b].map(({ coefficients }) => {
    const along = { base: 0, coefficients: coefficients.slice(rank) };
    return Int32Array.from({ length: inner }, (_, k) => placeOf(along, over, k));
  }) as [Int32Array, Int32Array];
  return (inputs, y) => {
    const [x, w] = [at(inputs, p.input), at(inputs, q.input)];
    y.fill(0);
    for (let row = 0; row < rows; row++) {
      const [a0, b0] = [placeOf(a, outer, row), placeOf(b, outer, row)];
      const y0 = row * columns;
      for (let k = 0; k < inner; k++) {
        let aPlace = a0 + at(aTerms, k);
        let bPlace = b0 + at(bTerms, k);
        // The innermost loop, whose places are inside by the operator's own rule (!).
        for (let j = 0; j < columns; j++, aPlace += aColumn, bPlace += bColumn) {
          y[y0 + j]! += x[aPlace]! * w[bPlace]!;
        }
      }
    }
  };
}

/** Where the form's first indices, of these extents, are at a row-major position; the others are 0. */
function placeOf({ base, coefficients }: Affine, extents: Shape, position: number): number {
  let place = base;
  for (let axis = extents.length - 1; axis >= 0; axis--) {
    const size = at(extents, axis);
    place += at(coefficients, axis) * (position % size);
    position = Math.floor(position / size);
  }
  return place;
}
