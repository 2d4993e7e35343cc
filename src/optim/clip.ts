/** Clipping, and the norm that it goes by. */
import type { Tensor } from "../core/tensor.ts";
import { abs, add, div, maximum, minimum, mul, reciprocal, square } from "../ops/arithmetic.ts";
import { sum } from "../ops/broadcast.ts";
import { cast } from "../ops/cast.ts";
import { clamp } from "../ops/compare.ts";
import { pow } from "../ops/power.ts";
import { max } from "../ops/reduce.ts";
import { sqrt } from "../ops/transcendental.ts";
import type { CommonOptions } from "./optimizer.ts";

/** What is asked for by way of clipping. */
type Clipping = Pick<CommonOptions, "clipValue" | "clipNorm" | "clipNormOrder">;

/** Σ g² stays finite below these for any number of entries that fits into memory. */
const largest = { f32: 1e14, f64: 1e140 } as const;

/**
 * Gradients cut entry by entry, then scaled together: g·min(1, c/(‖g‖ + 1e-6)), as in PyTorch. Where
 * squares would overflow they are taken of h = s·g: g is h/s, and ‖g‖ = ‖h‖/s. Else s is exactly 1.
 * With another order p, ‖g‖ is (Σ |g|^p)^(1/p).
 */
export function clip(gradients: readonly Tensor[], optimizer: Clipping): Tensor[] {
  const { clipNorm, clipNormOrder = 2 } = optimizer;
  const cut = gradients.map((g) => clipEntries(g, optimizer));
  const filled = cut.filter((g) => g.size > 0);
  if (clipNorm === undefined || filled.length === 0) return cut;
  if (clipNormOrder !== 2) {
    const factor = minimum(div(clipNorm, add(globalNorm(filled, clipNormOrder), 1e-6)), 1);
    return cut.map((g) => mul(g, cast(factor, g.dtype)));
  }
  const { s, scaled, squares } = scaledSquares(filled);
  const factor = minimum(div(clipNorm, add(sqrt(squares), 1e-6)), reciprocal(s));
  return cut.map((g) => mul(scaled(g), cast(factor, g.dtype)));
}

/** Σ h² of h = s·g, with s and how to scale by it. */
function scaledSquares(filled: readonly Tensor[]) {
  const most = largestOf(filled);
  const s = minimum(div(largest[most.dtype as "f32" | "f64"], most), 1);
  const scaled = (g: Tensor) => mul(g, cast(s, g.dtype));
  const squares = filled.map((g) => sum(square(scaled(g)))).reduce((a, b) => add(a, b));
  return { s, scaled, squares };
}

const largestOf = (filled: readonly Tensor[]): Tensor =>
  filled.map((g) => max(abs(g))).reduce((a, b) => maximum(a, b));

/** (Σ |g|^p)^(1/p) of all entries of gradients that have some; the largest |g| for p = ∞. */
export function globalNorm(filled: readonly Tensor[], order: number): Tensor {
  if (order === 2) {
    const { s, squares } = scaledSquares(filled);
    return div(sqrt(squares), s);
  }
  const most = largestOf(filled);
  if (order === Number.POSITIVE_INFINITY) return most;
  // Powers of shares of the largest do not overflow; where all are 0, so is the norm.
  const unit = maximum(most, tiny[most.dtype as "f32" | "f64"]);
  const shares = filled.map((g) => sum(pow(div(abs(g), cast(unit, g.dtype)), order)));
  const total = shares.reduce((a, b) => add(a, b));
  return mul(unit, pow(total, 1 / order));
}
const tiny = { f32: 2 ** -126, f64: 2 ** -1022 } as const;

/** A gradient cut entry by entry. */
export const clipEntries = (g: Tensor, { clipValue }: Clipping): Tensor =>
  clipValue === undefined ? g : clamp(g, { min: -clipValue, max: clipValue });
