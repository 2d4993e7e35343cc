/** Clipping, and the rate at a step: what an update needs before its rule. */
import type { Tensor } from "../core/tensor.ts";
import { abs, add, div, maximum, minimum, mul, reciprocal, square } from "../ops/arithmetic.ts";
import { sum } from "../ops/broadcast.ts";
import { cast } from "../ops/cast.ts";
import { clamp } from "../ops/compare.ts";
import { max } from "../ops/reduce.ts";
import { sqrt } from "../ops/transcendental.ts";
import type { CommonOptions, Optimizer } from "./optimizer.ts";

/** What is asked for by way of clipping. */
type Clipping = Pick<CommonOptions, "clipValue" | "clipNorm">;

/** η at a step (f64): what was set times the schedule's factor. */
export const rateAt = (
  { learningRate: { factor } }: Optimizer,
  at: { readonly learningRate: Tensor; readonly step: Tensor },
): Tensor => mul(at.learningRate, factor(at.step));

/** Σ g² stays finite below these for any number of entries that fits into memory. */
const largest = { f32: 1e14, f64: 1e140 } as const;

/**
 * Gradients cut entry by entry, then scaled together: g·min(1, c/(‖g‖ + 1e-6)), as in PyTorch. Where
 * squares would overflow they are taken of h = s·g: g is h/s, and ‖g‖ = ‖h‖/s. Else s is exactly 1.
 */
export function clip(gradients: readonly Tensor[], optimizer: Clipping): Tensor[] {
  const { clipNorm } = optimizer;
  const cut = gradients.map((g) => clipEntries(g, optimizer));
  const filled = cut.filter((g) => g.size > 0);
  if (clipNorm === undefined || filled.length === 0) return cut;
  const most = filled.map((g) => max(abs(g))).reduce((a, b) => maximum(a, b));
  const s = minimum(div(largest[most.dtype as "f32" | "f64"], most), 1);
  const scaled = (g: Tensor) => mul(g, cast(s, g.dtype));
  const squares = filled.map((g) => sum(square(scaled(g)))).reduce((a, b) => add(a, b));
  const factor = minimum(div(clipNorm, add(sqrt(squares), 1e-6)), reciprocal(s));
  return cut.map((g) => mul(scaled(g), cast(factor, g.dtype)));
}

/** A gradient cut entry by entry. */
export const clipEntries = (g: Tensor, { clipValue }: Clipping): Tensor =>
  clipValue === undefined ? g : clamp(g, { min: -clipValue, max: clipValue });
