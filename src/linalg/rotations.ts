/**
 * Jacobi's rotations of pairs of columns, half of all columns at once: in n − 1 rounds, as of a tournament,
 * each pair has met. Sweeps of rounds are repeated until nothing is left to rotate.
 */
import { scan } from "../autodiff/loops/scan.ts";
import { whileLoop } from "../autodiff/loops/while-loop.ts";
import type { Tensor } from "../core/tensor.ts";
import {
  abs,
  add,
  div,
  maximum,
  minimum,
  mul,
  reciprocal,
  square,
  sub,
} from "../ops/arithmetic.ts";
import { equal, greater, less, logicalOr, where } from "../ops/compare.ts";
import { take } from "../ops/indexing.ts";
import { range, scalar } from "../ops/leaf.ts";
import { remainder } from "../ops/remainder.ts";
import { sqrt } from "../ops/transcendental.ts";
import { asRow } from "./matrices.ts";

/** Whom everyone meets in a round: the player itself where it has a rest. */
export interface Round {
  readonly partner: Tensor;
  /** The smaller and the larger number of each pair. */
  readonly low: Tensor;
  readonly high: Tensor;
}

/** Those of n players that meet in round r: all meet once in so many rounds. */
function pairsOf(n: number, r: Tensor): Round {
  const even = n + (n % 2);
  const i = range(n);
  // Of n − 1 players in a circle those meet whose numbers add up to r; the last one meets who is left.
  const opposite = remainder(sub(r, i), even - 1);
  const left = remainder(mul(r, even / 2), even - 1);
  const met = where(equal(opposite, i), even - 1, opposite);
  const all = where(equal(i, even - 1), left, met);
  const partner = where(equal(all, n), i, all);
  return { partner, low: minimum(i, partner), high: maximum(i, partner) };
}

/** Cosine and sine of each column's rotation: y[j] = cos[j] x[j] − sin[j] x[partner[j]]. */
interface Rotation {
  readonly cosine: Tensor;
  readonly sine: Tensor;
  readonly tangent: Tensor;
}

/**
 * The smaller rotation that makes [[own, off], [off, other]] diagonal: `own` and `other` of [batch, n] stand
 * on the diagonal, `off` beside it, the same for both of a pair.
 */
export function rotationOf(own: Tensor, other: Tensor, off: Tensor, { partner }: Round): Rotation {
  const i = range(partner.size);
  const rests = logicalOr(equal(off, 0), equal(partner, i));
  const ratio = div(sub(other, own), where(rests, 1, mul(off, 2)));
  const size = reciprocal(add(abs(ratio), sqrt(add(square(ratio), 1))));
  // Of equal ones, the second turns against the first.
  const isBack = where(equal(ratio, 0), greater(i, partner), less(ratio, 0));
  const tangent = where(rests, 0, where(isBack, sub(0, size), size));
  const cosine = reciprocal(sqrt(add(square(tangent), 1)));
  return { cosine, sine: mul(tangent, cosine), tangent };
}

/** So many sweeps are enough for any matrix (LAPACK's bound); most need six to ten. */
const mostSweeps = 30;

/** What is rotated, and the product of all rotations: [batch, m, n] and [batch, n, n]. */
export interface Turned {
  readonly x: Tensor;
  readonly v: Tensor;
}

/**
 * Sweeps of rounds, until none of a sweep's rounds has found more than `least` to rotate. `turn` gives what
 * a round makes, and the most that it has found.
 */
export function swept(
  n: number,
  first: Turned,
  least: number,
  turn: (now: Turned, round: Round) => readonly [next: Turned, found: Tensor],
): Turned {
  if (n < 2 || first.x.size === 0) return first;
  const { dtype } = first.x;
  const { x, v } = whileLoop(
    ({ found }) => greater(found, least),
    ({ x, v }) => {
      const [after] = scan(
        (now, _, r) => {
          const [next, found] = turn(now, pairsOf(n, r));
          return [{ ...next, found: maximum(now.found, found) }, undefined];
        },
        { x, v, found: scalar(0, dtype) },
        undefined,
        { length: n + (n % 2) - 1 },
      );
      return after;
    },
    { ...first, found: scalar(1, dtype) },
    { bound: mostSweeps },
  );
  return { x, v };
}

/** Pairs of columns turned: y[j] = cos[j] x[j] − sin[j] x[partner[j]]. */
export const turnedColumns = (x: Tensor, { cosine, sine }: Rotation, { partner }: Round): Tensor =>
  sub(mul(asRow(cosine), x), mul(asRow(sine), take(x, partner, { axis: 2 })));
