/** Random graphs over all differentiable operators, generated from their records. */
import * as fc from "fast-check";
import { isFloat } from "../../src/core/dtype.ts";
import { type Shape, sizeOf } from "../../src/core/shape.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { node } from "../../src/core/tensor.ts";
import { told } from "../../src/explain/engine/told.ts";
import { add, mul } from "../../src/ops/arithmetic.ts";
import { sum } from "../../src/ops/broadcast.ts";
import { operators } from "../../src/ops/index.ts";
import { take } from "../../src/ops/indexing.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { reshape } from "../../src/ops/move.ts";
import { sin } from "../../src/ops/transcendental.ts";
import { irregular } from "./naive.ts";
import { differentiable, type Sample, samples } from "./samples.ts";

/** Operators whose output may have a gradient, with samples to imitate. */
const pool = operators().flatMap((op) => {
  const own = op.derivative.kind === "zero" ? [] : samples(op);
  const smooth = own.filter(differentiable);
  return smooth.length === 0 ? [] : [{ op, samples: smooth }];
});

/** One operator, which of its samples to imitate, and which of the earlier tensors to take. */
interface Choice {
  readonly op: number;
  readonly sample: number;
  readonly inputs: readonly number[];
}

export const choices: fc.Arbitrary<Choice[]> = fc.array(
  fc.record({
    op: fc.nat(pool.length - 1),
    sample: fc.nat(3),
    inputs: fc.array(fc.nat(), { minLength: 3, maxLength: 3 }),
  }),
  { minLength: 5, maxLength: 40 },
);

/** Any tensor as one of the given shape, with values inside the interval. */
function adapted(x: Tensor, shape: Shape, [low, high]: readonly [number, number]): Tensor {
  const positions = Int32Array.from({ length: sizeOf(shape) }, (_, i) => i % x.size);
  const elements = reshape(take(reshape(x, [x.size]), tensor(positions)), shape);
  return add(mul(sin(elements), (high - low) / 2.01), (high + low) / 2);
}

/** Leaves, and a scalar that depends on all that was chosen. */
export function build(chosen: readonly Choice[]): { leaves: Tensor[]; loss: Tensor } {
  const leaves = [irregular([2, 3]), irregular([4], 1), irregular([], 2)];
  const made = [...leaves];
  for (const choice of chosen) {
    const { op, samples: own } = pool[choice.op]!;
    const { inputs, attributes }: Sample = own[choice.sample % own.length]!;
    const domains = told(op.sampling)?.domain;
    const xs = inputs.map((x, k) => {
      const domain = domains?.[k] ?? domains?.at(-1) ?? [-2, 2];
      const earlier = made[choice.inputs[k % 3]! % made.length]!;
      return isFloat(x.dtype) ? adapted(earlier, x.shape, domain as [number, number]) : x;
    });
    const y = node(op, xs, attributes);
    if (y.size > 0) made.push(y);
  }
  const parts = made.map((y, i) => sum(mul(y, irregular(y.shape, i))));
  return { leaves, loss: parts.reduce((a, b) => add(a, b)) };
}
