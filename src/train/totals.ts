/**
 * How the losses of batches become the loss of all their examples: a sum is added up, a mean counts
 * by the number of rows, and a quotient by its divisor: Σ numerators/Σ denominators.
 */

import { interpreter } from "../backends/interpreter/index.ts";
import { type ArrayTensor, elementsOf } from "../core/array-tensor.ts";
import { at, only } from "../core/at.ts";
import { allocate, isFloat } from "../core/dtype.ts";
import type { TensorType } from "../core/op.ts";
import { sizeOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import type { Loss } from "../nn/losses.ts";
import { input } from "../ops/leaf.ts";

/**
 * Whether the loss of a batch is the sum of its examples' losses. A loss that does not say so is
 * asked: for the first example twice, a sum is twice what it is for it once.
 *
 * @param output the type of the model's output for one example, if there can be one
 */
export function addsUp(
  loss: Loss,
  output: TensorType | undefined,
  targets: Tensor | ArrayTensor,
): boolean {
  if (output === undefined) return false;
  const { dtype } = output;
  const shape = output.shape.slice(1);
  const size = sizeOf(shape);
  const row = sizeOf(targets.shape.slice(1));
  const elements = elementsOf(targets);
  const lossOf = (rows: number): number => {
    const o = input("output", [rows, ...shape], dtype);
    const type = isFloat(targets.dtype) ? dtype : targets.dtype;
    const t = input("target", [rows, ...targets.shape.slice(1)], type);
    // Numbers between 0 and 1, which have logarithms and may be logits, too.
    const outputs = allocate(dtype, rows * size).map((_, i) => ((i % size) * 0.618 + 0.3) % 1);
    const given = allocate(type, rows * row).map((_, i) => at(elements, i % row));
    const [value] = interpreter
      .compile({ inputs: [o, t], outputs: [loss(o, t)] })
      .run([outputs, given]);
    return value?.length === 1 ? only(value) : Number.NaN;
  };
  try {
    const [once, twice] = [lossOf(1), lossOf(2)];
    return once !== 0 && Math.abs(twice - 2 * once) <= 1e-5 * Math.abs(once);
  } catch {
    // What is wrong with it is said where it is used.
    return false;
  }
}
