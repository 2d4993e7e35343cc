/** Batches by the computer's own hand: where no backend has them in its memory. */
import { type ArrayTensor, arraysOf } from "../core/array-tensor.ts";
import { at } from "../core/at.ts";
import { allocate, type DType, isFloat } from "../core/dtype.ts";
import type { Dataset } from "../data/dataset.ts";

/** Inputs and targets of some examples. */
export type Examples = Readonly<Record<"inputs" | "targets", ArrayTensor>>;

/** Those of a data set, not copied. */
export const examplesOf = ({ inputs, targets }: Dataset): Examples => ({
  inputs: arraysOf(inputs),
  targets: arraysOf(targets),
});

/** The element type that a trainer gives to such numbers: class labels stay whole. */
export const typeIn = (dtype: DType, { dtype: own }: ArrayTensor): DType =>
  isFloat(own) ? dtype : own;

/** Gathers batches into buffers that are used again for every batch of the same size. */
export class Batches {
  readonly #examples: Examples;
  readonly #dtype: DType;
  readonly #buffers = new Map<number, { inputs: ArrayTensor; targets: ArrayTensor }>();

  constructor(data: Dataset, dtype: DType) {
    this.#examples = examplesOf(data);
    this.#dtype = dtype;
  }

  /** Examples in an order, or as they stand, rounded to the element type. */
  take(order: Int32Array | undefined, start: number, size: number) {
    let batch = this.#buffers.get(size);
    if (batch === undefined) {
      const buffer = (t: ArrayTensor): ArrayTensor => {
        const width = t.data.length / at(t.shape, 0);
        const shape = [size, ...t.shape.slice(1)];
        const dtype = typeIn(this.#dtype, t);
        return { dtype, shape, data: allocate(dtype, size * width) };
      };
      batch = { inputs: buffer(this.#examples.inputs), targets: buffer(this.#examples.targets) };
      this.#buffers.set(size, batch);
    }
    for (const part of ["inputs", "targets"] as const) {
      const from = this.#examples[part];
      const width = from.data.length / at(from.shape, 0);
      for (let i = 0; i < size; i++) {
        // The order has a row for each example, and a batch ends within it (!).
        const row = order ? order[start + i]! : start + i;
        batch[part].data.set(from.data.subarray(row * width, (row + 1) * width), i * width);
      }
    }
    return batch;
  }
}
