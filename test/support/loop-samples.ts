/** Loops over graphs: samples of the record that scan, whileLoop and the others share. */
import { scan } from "../../src/autodiff/loops/scan.ts";
import { whileLoop } from "../../src/autodiff/loops/while-loop.ts";
import { isFloat } from "../../src/core/dtype.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { add, maximum, mul } from "../../src/ops/arithmetic.ts";
import { less, logicalNot, logicalOr } from "../../src/ops/compare.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { sliceAt } from "../../src/ops/move.ts";
import { sin } from "../../src/ops/transcendental.ts";

/** A step that mixes what it is given, within the element type. */
function mixed(c: Tensor, x: Tensor, w: Tensor): Tensor {
  if (c.dtype === "bool") return logicalOr(logicalNot(c), x);
  return isFloat(c.dtype) ? sin(add(mul(c, w), x)) : maximum(add(c, x), w);
}

/** A loop as a function of its rows, of what is the same at every step, and of its first carry. */
export type Loop = (rows: Tensor, w: Tensor, first: Tensor) => Tensor;

const scanned =
  (reverse: boolean, part: 0 | 1): Loop =>
  (rows, w, first) => {
    const step = (c: Tensor, x: Tensor) => [mixed(c, x, w), mixed(x, c, w)] as const;
    return (scan(step as never, first, rows, { reverse }) as Tensor[])[part]!;
  };

/** Last carries and stacked outputs, forwards and in reverse, of a scan; and a while loop. */
export const loops: readonly Loop[] = [
  scanned(false, 0),
  scanned(true, 1),
  (rows, w, first) => {
    const limit = tensor(2, { dtype: "i32" });
    const counted = whileLoop(
      ({ t }: { t: Tensor; c: Tensor }) => less(t, limit),
      ({ t, c }) => ({ t: add(t, 1), c: mixed(c, sliceAt(rows, 0, 2), w) }),
      { t: tensor(0, { dtype: "i32" }), c: first },
      { bound: 4 },
    );
    return counted.c;
  },
];
